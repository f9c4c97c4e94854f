package stream

import (
	"slices"

	"rtda/pkg/parse"
)

// together is records of one batch on their way through the windows.
type together struct {
	*Stream
	m      *many
	b      *parse.Block
	batch  *parse.Batch
	first  int // the first of them in the batch
	n      int
	before int // records taken before them
	base   int // rows of the result before theirs
}

// layOut sorts the values by key and says where the numbers of the windows go.
func (t *together) layOut() {
	m, rows, n := t.m, &t.res.Rows, t.n
	if len(m.ends) > 0 {
		for c := range rows.Col {
			rows.Col[c] = slices.Grow(rows.Col[c], len(m.ends))[:t.base+len(m.ends)]
		}
	}
	one := len(m.groups) == 1
	for f, col := range t.batch.Col {
		col = col[t.first : t.first+n]
		m.gaps[f] = hasGaps(col)
		if m.xs[f] = col; !one {
			m.xs[f] = m.room[f][:n]
			for k, x := range col {
				m.xs[f][m.place[k]] = x
			}
		}
	}
	room := m.room[len(t.batch.Col):]
	if m.each { // else they stay where newMany has put them
		copy(m.out, room)
	}
	for c, r := range m.column {
		if one && m.each && &m.out[r][0] == &room[r][0] {
			m.out[r] = rows.Col[c][t.base:]
		}
	}
	room = room[len(m.reads):]
	for a := range m.ever {
		if m.ever[a] = m.xs[t.asked[a]]; m.gaps[t.asked[a]] {
			m.ever[a] = room[a][:n]
		}
	}
}

// layOutTimes sorts the times by key, if windows or rules ask for them.
func (t *together) layOutTimes() {
	m := t.m
	switch {
	case !m.timed || m.at == nil:
		m.ts = nil
	case len(m.groups) == 1:
		m.ts = m.at[:t.n]
	default:
		m.ts = m.times[1][:t.n]
		for k, at := range m.at[:t.n] {
			m.ts[m.place[k]] = at
		}
	}
}

// layOutOthers fills the columns of what is read from no window. The age of a key is
// 0 at its samples.
func (t *together) layOutOthers() {
	for _, r := range t.m.others {
		out := t.m.out[r][:t.n]
		switch from := t.m.reads[r].From; {
		case from == FromHour:
			for k, at := range t.m.ts {
				out[k] = t.offsets.Hour(at)
			}
		case from == FromWeekday:
			for k, at := range t.m.ts {
				out[k] = float64(t.offsets.Weekday(at))
			}
		case from == FromAge && t.cfg.Clock != NoClock:
			clear(out)
		default:
			fill(out, nan)
		}
	}
}

// timesOf are those from one place to another, if they are asked for.
func (m *many) timesOf(at, to int) []int64 {
	if m.ts == nil {
		return nil
	}
	return m.ts[at:to]
}

// hasGaps reports whether a value is missing: NaN, which every sum with it is. Sums of
// other finite values are none.
func hasGaps(xs []float64) bool {
	var a, b, c, d float64
	i := 0
	for ; i+4 <= len(xs); i += 4 {
		q := xs[i : i+4 : i+4]
		a, b, c, d = a+q[0], b+q[1], c+q[2], d+q[3]
	}
	for ; i < len(xs); i++ {
		a += xs[i]
	}
	return a != a || b != b || c != c || d != d
}

// slide puts the values of a key into its windows, as many at a time as lie
// between two rows where not every record brings one.
func (t *together) slide(g *group) {
	m, se := t.m, g.se
	for a, col := range m.ever {
		if f := t.asked[a]; m.gaps[f] {
			carry(col[g.from:g.to], m.xs[f][g.from:g.to], se.ever[a])
		}
		se.ever[a] = col[g.to-1]
	}
	since := se.since
	for at := g.from; at < g.to; {
		to := t.nextRow(at, g.to, since)
		for w := range t.cfg.Windows {
			t.slideWindow(se, w, at, to)
		}
		since += to - at
		if at = to; m.every > 0 && !m.each && since%m.every == 0 {
			t.fillRow(se, to-1)
			since = 0
		}
	}
}

// nextRow returns the place behind the next record of a key that brings a row to be
// filled from its windows, if it is before to, when it has had so many since the last.
func (t *together) nextRow(at, to, since int) int {
	switch every := t.m.every; {
	case every == 0 || t.m.each:
		return to
	case !t.cfg.LastOnly:
		return min(to, at+every-since)
	case since+to-at < every:
		return to
	default: // the last one is the one that counts
		return to - (since+to-at)%every
	}
}

// fillRow fills the row of the record at a place from the windows as they are.
func (t *together) fillRow(se *series, place int) {
	m, k := t.m, int(t.m.order[place])
	if t.cfg.LastOnly {
		t.ownShown(se)
		se.row, se.rowAt = se.row[:0], t.time(k)
	}
	for c := range t.cfg.Columns {
		x := 0.0
		if read := &t.cfg.Columns[c]; read.From == FromWindow {
			x = t.read(se, read, 0)
		} else {
			x = m.out[m.column[c]][place]
		}
		if t.cfg.LastOnly {
			se.row = append(se.row, x)
		} else {
			t.res.Rows.Col[c][t.base+int(m.row[k])] = x
		}
	}
	for _, r := range m.metric {
		if m.atRows && r >= 0 && m.reads[r].From == FromWindow {
			m.out[r][place] = t.read(se, &m.reads[r], 0)
		}
	}
}

// carry fills dst with xs and, where there is none, the one before it.
func carry(dst, xs []float64, last float64) {
	for k, x := range xs {
		if x == x {
			last = x
		}
		dst[k] = last
	}
}

// slideWindow puts the values from one place to another into a window and what
// it gives at each where it is asked for.
func (t *together) slideWindow(se *series, window, at, to int) {
	m, win := t.m, &t.cfg.Windows[window]
	if m.gaps[win.Field] {
		t.slideGaps(se, window, at, to)
		return
	}
	var dst [][]float64
	asking := m.asking[window]
	if len(asking) > 0 {
		dst = m.dst[:win.Aggs]
		clear(dst)
	}
	for _, r := range asking {
		dst[m.reads[r].Agg] = m.out[r][at:to]
	}
	t.push(se.window(window), win, m.timesOf(at, to), m.xs[win.Field][at:to], dst, asking)
}

// push has a window take values and tell what it gives at each: nothing, but for
// the count, until it holds what it needs.
func (t *together) push(w Accumulator, win *Window, ts []int64, xs []float64, dst [][]float64, asking []int) {
	held, missing := w.Held(), win.Need-1
	if missing > 0 {
		missing = min(max(0, missing-w.Len()), len(xs))
	}
	w.Slide(ts, xs, dst)
	t.stats.Held += w.Held() - held
	if missing == 0 && (win.Need <= 1 || w.Len() >= win.Need) {
		return
	}
	if w.Len() < win.Need {
		missing = len(xs)
	}
	for _, r := range asking {
		if read := &t.m.reads[r]; !read.Count {
			fill(dst[read.Agg][:missing], nan)
		}
	}
}

// slideGaps is slideWindow for a field that is missing in some records: the
// window takes the others, and each number stays as it was.
func (t *together) slideGaps(se *series, window, at, to int) {
	m, win, w := t.m, &t.cfg.Windows[window], se.window(window)
	if w != nil && win.asksTime() && m.ts != nil {
		t.slideAlone(se, window, at, to)
		return
	}
	all, asking := m.xs[win.Field][at:to], m.asking[window]
	xs := slices.DeleteFunc(append(m.packed[:0], all...), func(x float64) bool { return x != x })
	dst, before := m.dst[:win.Aggs], m.before[:0]
	clear(dst)
	for _, r := range asking {
		j := m.reads[r].Agg
		dst[j] = m.spread[j][:len(xs)]
		before = append(before, t.read(se, &m.reads[r], 0))
	}
	if len(xs) > 0 {
		t.push(w, win, nil, xs, dst, asking)
	}
	for i, r := range asking {
		spread(m.out[r][at:to], all, dst[m.reads[r].Agg], before[i])
	}
}

// slideAlone is slideGaps for a window in which time passes where there is no
// value.
func (t *together) slideAlone(se *series, window, at, to int) {
	m, w := t.m, se.window(window)
	held := w.Held()
	for k := at; k < to; k++ {
		if x := m.xs[t.cfg.Windows[window].Field][k]; x == x {
			w.Push(m.ts[k], x)
		} else {
			w.Advance(m.ts[k])
		}
		for _, r := range m.asking[window] {
			m.out[r][k] = t.read(se, &m.reads[r], 0)
		}
	}
	t.stats.Held += w.Held() - held
}

func fill[T any](dst []T, x T) {
	for i := range dst {
		dst[i] = x
	}
}

// spread fills dst with the next of ys where there is an x, else with what was
// before it.
func spread(dst, xs, ys []float64, y float64) {
	for k, x := range xs {
		if x == x {
			y, ys = ys[0], ys[1:]
		}
		dst[k] = y
	}
}

// writeRows completes the rows that the records bring.
func (t *together) writeRows() {
	m, rows := t.m, &t.res.Rows
	if len(m.ends) == 0 {
		return
	}
	for c, r := range m.column {
		col := rows.Col[c][t.base:]
		switch {
		case !m.each || &col[0] == &m.out[r][0]:
		case len(m.groups) == 1:
			copy(col, m.out[r])
		default:
			for k := range col {
				col[k] = m.out[r][m.place[k]]
			}
		}
	}
	if t.cfg.ByKey && m.each {
		t.listByKey()
	}
	if !t.cfg.Keyed && t.cfg.Clock == NoClock && t.cfg.Keep == 0 {
		return
	}
	for _, k := range m.ends {
		if t.cfg.Keyed {
			rows.Key = append(rows.Key, m.groups[m.group[k]].se.key)
		}
		if t.cfg.Clock != NoClock {
			rows.Time = append(rows.Time, t.time(int(k)))
		}
		for c := range rows.Kept {
			text := t.batch.Text[c][t.first+int(k)]
			rows.Kept[c] = append(rows.Kept[c], text)
			t.res.text += len(text.B)
		}
	}
}

// listByKey lists the rows of each key. There is one for each record.
func (t *together) listByKey() {
	rows, first, from := &t.res.Rows, len(t.res.Rows.groups), len(t.res.Rows.order)
	rows.order = append(rows.order, t.m.order[:t.n]...)
	order := rows.order[from:]
	for g := range t.m.groups {
		group := &t.m.groups[g]
		rows.groups = append(rows.groups, Group{group.se.key, order[group.from:group.to]})
	}
	rows.ByKey = append(rows.ByKey, ByKey{t.base, t.base + t.n, rows.groups[first:]})
}

// time is when the k-th record stands.
func (t *together) time(k int) int64 {
	if t.m.at != nil {
		return t.m.at[k]
	}
	return t.timeOf(t.b, t.batch, t.first+k, t.before+k+1)
}

// evaluate steps the rules of each record's key, in the order of the records and
// passing over those at which no rule has anything to do.
func (t *together) evaluate() {
	m := t.m
	rows := 0 // of the records before the k-th
	for k := 0; k < t.n && m.judged; {
		g := &m.groups[m.group[k]]
		j := int(m.place[k]) - g.from
		for rows < len(m.ends) && int(m.ends[rows]) < k {
			rows++
		}
		for i, c := range t.cfg.Texts { // a rule that compares texts always has something to do
			t.note(g.se, i, cutText(t.batch.Text[c][t.first+k].B))
		}
		if m.atRows && (rows == len(m.ends) || int(m.ends[rows]) > k) {
			k++
			continue
		}
		if j >= g.idle && len(t.cfg.Texts) == 0 && !m.atRows {
			t.idle(g, j)
		}
		if j < g.idle {
			if k++; len(m.groups) == 1 {
				k = g.idle
			}
			continue
		}
		t.measureAt(g, j)
		t.res.Rows.N = t.base + rows
		m.cause.origin, m.cause.line = t.origin, t.origin.Lines+t.batch.Line[t.first+k]
		t.step(g.se, t.time(k), &m.cause)
		k++
	}
	t.res.Rows.N = t.base
	t.addRows(len(m.ends))
}

// tick notes when the last new second began, in which no rule had anything to do.
func (t *together) tick() {
	next := nextSecond(t.clock)
	for _, at := range t.m.at[:t.n] {
		if at >= next {
			t.ticked, next = at, nextSecond(at)
		}
	}
}

// measureAt reads the metrics of the rules at the j-th record of a group.
func (t *together) measureAt(g *group, j int) {
	for i, r := range t.m.metric {
		if r < 0 {
			t.seen[i] = t.m.ever[-1-r][g.from+j]
		} else {
			t.seen[i] = t.m.out[r][g.from+j]
		}
	}
}

// leave makes a key, and the clock, what they are after the records of a group.
func (t *together) leave(g *group) {
	m, se := t.m, g.se
	last := t.time(int(m.order[g.to-1]))
	t.clock = max(t.clock, last)
	se.last, se.heard, se.since, se.taken = last, max(g.heard, last), g.since, true
	for c := range t.cfg.Keep {
		t.keep(se, c, t.lastText(g, c))
	}
	for i, c := range t.cfg.Texts {
		t.note(se, i, cutText(t.lastText(g, c).B))
	}
	if t.byClock() {
		t.measureAt(g, g.to-g.from-1)
		t.schedule(se, last)
	}
	if t.longest > 0 {
		t.holding.add(se)
	}
	t.enliven(se)
}

// lastText is the last text of a column that the records of a group have.
func (t *together) lastText(g *group, column int) (last parse.Text) {
	for at := g.to - 1; at >= g.from && last.B == nil; at-- {
		last = t.batch.Text[column][t.first+int(t.m.order[at])]
	}
	return last
}

// idle makes the metrics' columns those of a group and finds out from which of
// its records on, from j, any rule may have something to do.
func (t *together) idle(g *group, j int) {
	for i, r := range t.m.metric {
		if r < 0 {
			t.m.cols[i] = t.m.ever[-1-r][g.from:g.to]
		} else {
			t.m.cols[i] = t.m.out[r][g.from:g.to]
		}
	}
	g.idle = t.cfg.Rules.Idle(g.se.state, t.m.cols, j, min(j+idleRun, g.to-g.from))
}
