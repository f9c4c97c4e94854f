package stream

import (
	"math"
	"slices"

	"rtda/pkg/agg"
	"rtda/pkg/clock"
	"rtda/pkg/parse"
)

// Records that follow each other go through the windows together, up to the first at
// which the clock does more than move on: a boundary is written, a second begins in
// which rules with age are evaluated, a key is forgotten. They are sorted by key, each
// key's values slide through its windows with one call, and what comes out is put back
// into the order of the records. Without keys there is one group, which is not sorted.
// The result is the same as record by record (TestRunIsTake, TestGroupIsTake, FuzzRun,
// FuzzGroup), at a fifth of the cost.

const (
	maxMany = 1024 // records that go together at most
	maxRun  = 512  // without keys: their columns stay in the fastest cache
	minMany = 8    // that are worth it
	idleRun = 32   // that are looked at together for whether any rule has something to do
)

// A many is the room for that.
type many struct {
	able    bool
	timed   bool    // windows or rules ask for times
	newest  int64   // what the clock is after those that go together
	clocked bool    // records may have to go alone because of their times
	steady  bool    // the times of records that follow each other rise and are no pause apart
	jump    int64   // how far ahead of the others a record may be
	delay   int64   // rule.Set.Delay
	pause   uint64  // the longest time between two records of a key that is no pause
	limit   int     // records at once
	alone   int     // records that go alone before it is tried again, as there was no room
	every   int     // Config.Every.N
	each    bool    // every record has a row in the result
	judged  bool    // rules are evaluated at every record
	wary    []int   // windows of a duration that may come to hold less than they need
	span    int     // records at once after which these were found to hold enough
	fills   []int   // fields of the first windows of a duration
	reads   []Read  // what is asked for, each once
	column  []int   // by column: index into reads
	metric  []int   // by metric: index into reads, or of Stream.asked as −1−index
	always  []bool  // by read: asked for at every record, not only where there is a row
	asking  [][]int // by window: the reads of it that are always asked for
	others  []int   // the reads of no window

	cause  record // where one came from that moves the clock or of which alerts tell
	groups []group
	group  []int32 // of each record
	place  []int32 // of each record among those sorted by key
	order  []int32 // the record at each place
	row    []int32 // of each record that brings a row: which
	ends   []int32 // these records

	// sorted by key; in a stretch of one key these are columns of the batch and the result themselves
	xs     [][]float64 // by field
	out    [][]float64 // by read
	ever   [][]float64 // by Stream.asked
	room   [][]float64 // by field, then by read, then by asked: where the above may lie
	at     []int64     // times in the order of the records, if they are asked for
	ts     []int64     // times by key, if windows ask for them
	times  [2][]int64  // where these may lie
	gaps   []bool      // by field: a value is missing
	dst    [][]float64 // by number of a window: where Slide writes
	packed []float64   // the values of a field with gaps
	spread [][]float64 // by number of a window: what it gives for them
	before []float64   // what it gave before them, by those asked for
	cols   [][]float64 // by metric: its values for one key

	round uint64
}

// A group is the records of one key.
type group struct {
	se       *series
	from, to int   // places
	since    int   // samples since the last row
	idle     int   // records before this one have nothing for the rules
	heard    int64 // what the clock is at its last record
}

func newMany(cfg *Config) many {
	m := many{able: goTogether(cfg), limit: maxMany, every: cfg.Every.N}
	if !m.able {
		return m
	}
	if !cfg.Keyed {
		m.limit = maxRun
	}
	m.each = m.every == 1 && !cfg.LastOnly
	m.judged = cfg.Rules != nil && !(cfg.EvalRow && m.every == 0)
	m.clocked = cfg.Clock == DataClock || cfg.Every.D > 0 || cfg.Gap > 0 || cfg.TTL > 0 || cfg.Since != 0 || m.judged && cfg.Rules.ByClock()
	if m.judged {
		m.delay = cfg.Rules.Delay()
	}
	if m.jump = year; cfg.Ahead > 0 {
		m.jump = min(year, cfg.Ahead)
	}
	if m.pause = uint64(m.jump); cfg.Gap > 0 {
		m.pause = min(m.pause, uint64(cfg.Gap-1))
	}
	m.steady = cfg.Clock == HzClock && second*cfg.Hz.Den/cfg.Hz.Num < m.pause
	m.limit = max(minMany, min(m.limit, maxCells/max(1, cfg.Fields, len(cfg.Columns), len(cfg.Metrics))))
	for i := range cfg.Windows {
		if cfg.Windows[i].mayLack() {
			m.wary = append(m.wary, i)
		}
	}
	m.span = m.limit
	for _, i := range cfg.First {
		if w := &cfg.Windows[i]; w.Width.Kind == agg.Duration && !w.mayLack() {
			m.fills = append(m.fills, cfg.Windows[i].Field)
		}
	}
	asked := m.ask(cfg)
	m.timed = slices.ContainsFunc(cfg.Windows, func(w Window) bool { return w.asksTime() }) ||
		slices.ContainsFunc(m.reads, func(r Read) bool { return r.From == FromHour || r.From == FromWeekday })
	numbers := 0
	for _, w := range cfg.Windows {
		numbers = max(numbers, w.Aggs)
	}
	columns := func(n int) [][]float64 {
		cols := make([][]float64, n)
		for i := range cols {
			cols[i] = make([]float64, m.limit)
		}
		return cols
	}
	m.room = columns(cfg.Fields + len(m.reads) + asked)
	m.xs, m.out, m.ever = make([][]float64, cfg.Fields), make([][]float64, len(m.reads)), make([][]float64, asked)
	m.gaps, m.cols = make([]bool, cfg.Fields), make([][]float64, len(m.metric))
	m.dst, m.spread, m.packed = make([][]float64, numbers), columns(numbers), make([]float64, m.limit)
	m.times = [2][]int64{make([]int64, m.limit), make([]int64, m.limit)}
	m.before = make([]float64, len(m.reads))
	numbered := func() []int32 { return make([]int32, m.limit) }
	m.group, m.place, m.order, m.row = numbered(), numbered(), numbered(), numbered()
	for i := range m.place {
		m.place[i], m.order[i] = int32(i), int32(i)
	}
	return m
}

// ask lists what is asked for, and returns of how many fields the last value ever.
func (m *many) ask(cfg *Config) (asked int) {
	at := map[Read]int{}
	index := func(r Read, always bool) int {
		i, ok := at[r]
		if !ok {
			i = len(m.reads)
			at[r] = i
			m.reads, m.always = append(m.reads, r), append(m.always, false)
			if r.From != FromWindow {
				m.others = append(m.others, i)
			}
		}
		m.always[i] = m.always[i] || always
		return i
	}
	for _, c := range cfg.Columns {
		m.column = append(m.column, index(c, m.each))
	}
	for _, r := range cfg.Metrics {
		switch {
		case r.From == FromField:
			asked = max(asked, r.Field+1)
			m.metric = append(m.metric, -1-r.Field)
		case m.judged:
			m.metric = append(m.metric, index(r, true))
		}
	}
	m.asking = make([][]int, len(cfg.Windows))
	for r, read := range m.reads {
		if read.From == FromWindow && m.always[r] {
			m.asking[read.Window] = append(m.asking[read.Window], r)
		}
	}
	return asked
}

// goTogether reports whether records can be taken together at all: not where rules
// are evaluated at some rows alone.
func goTogether(cfg *Config) bool { return !(cfg.EvalRow && cfg.Every.N > 1) }

// mayLack reports whether a window may hold less than it needs again because time
// passes.
func (w *Window) mayLack() bool { return w.Width.D > 0 && w.Need > 1 }

// asksTime reports whether what a window tells depends on the times of samples.
func (w *Window) asksTime() bool { return w.Timed || w.Fluid || w.Width.Kind == agg.Duration }

// takeMany takes as many of the records from i to end as can go together, and
// returns how many; 0 where record i has to go alone.
func (s *Stream) takeMany(b *parse.Block, batch *parse.Batch, i, end int) int {
	m := &s.many
	if m.alone > 0 { // else each of them would be looked at again with all that follow
		m.alone--
		return 0
	}
	if !m.able || end-i < minMany || s.ahead != nil {
		return 0
	}
	n := min(end-i, m.span)
	until := s.quietUntil()
	if m.clocked && s.started {
		if t := s.timeOf(b, batch, i, s.stats.Records+1); t > until && s.isTaken(batch, i, t) {
			m.cause.origin, m.cause.line = s.origin, s.origin.Lines+batch.Line[i]
			s.taking = &m.cause
			s.advance(t)
			s.taking = nil
			until = s.quietUntil()
		}
	}
	if m.at = s.timesFrom(b, batch, i, n, until); m.at != nil {
		n = len(m.at)
	}
	if n = s.gather(batch, i, n, until); n < minMany {
		return 0
	}
	if !s.fitsMany(batch, i, n) {
		m.alone = n - 1
		return 0
	}
	if !s.holdEnough() {
		m.span = max(minMany, n/2)
		return 0
	}
	m.span = min(2*m.span, m.limit)
	t := together{Stream: s, m: m, b: b, batch: batch, first: i, n: n, before: s.stats.Records, base: s.res.Rows.N}
	t.layOut()
	t.layOutTimes()
	t.layOutOthers()
	for g := range m.groups {
		t.slide(&m.groups[g])
	}
	t.writeRows()
	t.evaluate()
	if s.byClock() {
		t.tick()
	}
	s.stats.Records += n
	for k := range m.groups {
		t.leave(&m.groups[k])
	}
	if s.longest > 0 {
		s.sweep()
	}
	return n
}

// quietUntil is the latest time at which the clock does nothing but move on: no
// boundary is written, no second begins in which rules are evaluated, and no key is
// forgotten.
func (s *Stream) quietUntil() int64 {
	until := int64(never)
	if s.cfg.Every.D > 0 {
		until = s.next - s.left
	}
	if s.byClock() {
		due := s.ticked + s.many.delay // of keys with a sample from now on
		if se := s.dues.first(); se != nil {
			due = min(due, s.dues.time(se))
		}
		until = min(until, max(nextSecond(s.clock), due)-1)
	}
	if s.cfg.TTL > 0 {
		if se := s.silent.first(); se != nil {
			until = min(until, clock.Later(se.heard, s.cfg.TTL)-1)
		}
	}
	return until
}

// nextSecond is the beginning of the second after that of t.
func nextSecond(t int64) int64 { return (clock.FloorSecond(t) + 1) * second }

// isTaken reports whether it is certain that record i, at time t, is taken, so that
// the clock may move to it.
func (s *Stream) isTaken(batch *parse.Batch, i int, t int64) bool {
	se := s.only
	if s.cfg.Keyed {
		se = s.find(batch.Key[i])
	}
	return se != nil && !se.goesAlone() && t >= max(se.last, s.clock) && clock.Elapsed(s.clock, t) <= s.many.jump &&
		s.cfg.MaxSamples-s.stats.Held-s.late.cost >= s.most
}

// timesFrom are the times of n records from i on, or fewer if it is known that the
// next is later than until. There are none if nobody asks for them.
func (s *Stream) timesFrom(b *parse.Block, batch *parse.Batch, i, n int, until int64) []int64 {
	m := &s.many
	if !m.clocked && !m.timed {
		return nil
	}
	at := m.times[0][:n]
	switch s.cfg.Clock {
	case DataClock:
		return batch.Time[i : i+n]
	case HzClock:
		return at[:s.cfg.Hz.Fill(at, int64(s.stats.Records+1), until)]
	case WallClock:
		fill(at, s.timeOf(b, batch, i, 0))
	default:
		return nil
	}
	return at
}

// goesAlone reports whether any record of a key goes alone.
func (se *series) goesAlone() bool { return se.freed != math.MinInt64 || se.behind || se.held != nil }

// earliest is the earliest time at which a record need not go alone: one that is
// behind the clock does where that matters, and so does one up to Config.Since.
func (s *Stream) earliest() int64 {
	t := int64(math.MinInt64)
	if s.cfg.Every.D > 0 {
		t = s.clock
	}
	if s.byClock() {
		t = max(t, s.ticked)
	}
	if s.cfg.Since != 0 {
		t = max(t, s.cfg.Since+1)
	}
	return t
}

// gather finds the series and the place of each of up to n records from i on, up
// to one that has to go alone: of a new key, of one that gives no rows yet, one
// with the first value of a field, one that is late or far ahead, that comes after a
// pause, that is behind the clock or moves it beyond until.
func (s *Stream) gather(batch *parse.Batch, i, n int, until int64) int {
	m := &s.many
	m.groups, m.ends = m.groups[:0], m.ends[:0]
	if !s.cfg.Keyed {
		return s.gatherOne(batch, i, n, until)
	}
	m.round++
	now, earliest := s.clock, s.earliest()
	for k := range n {
		se := s.find(batch.Key[i+k])
		if se == nil || se.index != nil && s.lacks(se, batch, i+k) || !se.ready && !s.becomesReady(se) && m.filled(batch, i+k, 1) == 0 || se.goesAlone() {
			n = k
			break
		}
		fresh := se.round != m.round
		if m.clocked {
			t, last := m.at[k], se.last
			if !fresh {
				last = se.coming
			}
			if t < last || t < earliest || t > until || since(last, t) > m.pause && (s.cfg.Gap > 0 || clock.Elapsed(now, t) > m.jump) {
				n = k
				break
			}
			se.coming = t
			if now = max(now, t); s.cfg.Every.D > 0 {
				earliest = now
			}
		}
		if fresh {
			se.round, se.group = m.round, int32(len(m.groups))
			m.groups = append(m.groups, group{se: se, since: se.since})
		}
		g := &m.groups[se.group]
		g.to++
		g.since++
		g.heard = now
		if g.since == m.every {
			m.addEnd(k)
			g.since = 0
		}
		m.group[k] = se.group
	}
	m.newest = now
	from := 0
	for k := range m.groups {
		g := &m.groups[k]
		g.from, g.to, from = from, from, from+g.to
	}
	for k, at := range m.group[:n] {
		g := &m.groups[at]
		m.place[k], m.order[g.to] = int32(g.to), int32(k)
		g.to++
	}
	if s.cfg.LastOnly {
		m.ends = m.ends[:0]
	}
	return n
}

// since is the time from a to b, which is not before it.
func since(a, b int64) uint64 { return uint64(b) - uint64(a) }

// gatherOne is gather without keys.
func (s *Stream) gatherOne(batch *parse.Batch, i, n int, until int64) int {
	m, se := &s.many, s.only
	if se == nil || se.goesAlone() {
		return 0
	}
	if m.clocked {
		last, earliest := se.last, max(se.last, s.earliest())
		look := n
		if m.steady { // if the first one need not go alone, none does
			look = min(1, n)
		}
		for k, t := range m.at[:look] {
			if t < earliest || t > until || since(last, t) > m.pause {
				n = k
				break
			}
			last, earliest = t, t
		}
		if n > 0 {
			m.newest = max(s.clock, m.at[n-1])
		}
	}
	if !se.ready && !s.becomesReady(se) {
		n = m.filled(batch, i, n)
	}
	for k := 0; k < n && se.index != nil; k++ {
		if s.lacks(se, batch, i+k) {
			n = k
		}
	}
	samples := se.since + n
	switch {
	case m.each:
		m.ends, samples = m.order[:n], 0
	case m.every > 0:
		for k := m.every - se.since - 1; k < n && !s.cfg.LastOnly; k += m.every {
			m.addEnd(k)
		}
		samples %= m.every
	}
	m.groups = append(m.groups, group{se: se, to: n, since: samples})
	return n
}

// addEnd notes that the k-th record brings a row.
func (m *many) addEnd(k int) {
	m.row[k] = int32(len(m.ends))
	m.ends = append(m.ends, int32(k))
}

// becomesReady reports whether a key may give rows from now on, whatever comes:
// a first window that time does not empty holds what it needs.
func (s *Stream) becomesReady(se *series) bool {
	se.ready = s.cfg.EveryLine || s.many.every == 0
	first := false // one that may hold too few later; holdEnough looks at it
	for _, i := range s.cfg.First {
		switch w, win := se.window(i), &s.cfg.Windows[i]; {
		case w == nil:
		case win.mayLack():
			first = true
		case win.Width.Kind != agg.Duration:
			se.ready = se.ready || w.Len() >= win.Need
		}
	}
	return se.ready || first
}

// holdEnough reports whether the windows that may come to hold less than they need
// hold enough at every record that is gathered: those samples are enough already that
// are not too old at the last record of their key.
func (s *Stream) holdEnough() bool {
	m := &s.many
	for _, g := range m.groups {
		last := m.order[g.to-1]
		for _, i := range m.wary {
			if w := g.se.window(i); w != nil && w.Len()-w.Stale(m.at[last]) < s.cfg.Windows[i].Need {
				return false
			}
		}
	}
	return true
}

// lacks reports whether a record has a value of a field of which its key has no
// window yet.
func (s *Stream) lacks(se *series, batch *parse.Batch, i int) bool {
	for w := range s.cfg.Windows {
		if x := batch.Col[s.cfg.Windows[w].Field][i]; x == x && se.window(w) == nil {
			return true
		}
	}
	return false
}

// filled is how many of n records from i on have each a value for a first window of a
// duration, which holds what it needs then.
func (m *many) filled(batch *parse.Batch, i, n int) int {
	if len(m.fills) == 1 {
		for k, x := range batch.Col[m.fills[0]][i : i+n] {
			if x != x {
				return k
			}
		}
		return n
	}
	for k := range n {
		some := false
		for _, f := range m.fills {
			x := batch.Col[f][i+k]
			some = some || x == x
		}
		if !some {
			return k
		}
	}
	return n
}

// fitsMany reports whether the samples of n records from i on, and their texts that
// are kept, may be held too.
func (s *Stream) fitsMany(batch *parse.Batch, i, n int) bool {
	room := s.cfg.MaxSamples - s.stats.Held - s.late.cost
	for _, col := range batch.Text[:s.cfg.Keep] {
		room -= keptCost(col[i : i+n])
	}
	if s.cfg.Clock == DataClock && s.stats.Held+n*len(s.cfg.Windows) > s.sweepsAt() && s.maySweep(s.many.newest) {
		return false // one by one there would be a sweep between them
	}
	if room >= n*len(s.cfg.Windows) {
		return true
	}
	for _, g := range s.many.groups {
		for k, w := range g.se.wins {
			switch win := &s.cfg.Windows[g.se.number(k)]; {
			case !win.Stores || win.Weight > 0:
			case win.Width.Kind == agg.Count:
				room -= min(g.to-g.from, win.Width.N-w.Len())
			default:
				room -= g.to - g.from
			}
		}
	}
	return room >= 0
}

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
	for r := range m.reads {
		m.out[r] = room[r][:n]
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
		out := t.m.out[r]
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
	dst := m.dst[:win.Aggs]
	clear(dst)
	for _, r := range m.asking[window] {
		dst[m.reads[r].Agg] = m.out[r][at:to]
	}
	t.push(se.window(window), win, m.timesOf(at, to), m.xs[win.Field][at:to], dst, m.asking[window])
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
		for i, c := range t.cfg.Texts { // a rule that compares texts always has something to do
			t.note(g.se, i, cutText(t.batch.Text[c][t.first+k].B))
		}
		if j >= g.idle && len(t.cfg.Texts) == 0 {
			t.idle(g, j)
		}
		if j < g.idle {
			if k++; len(m.groups) == 1 {
				k = g.idle
			}
			continue
		}
		t.measureAt(g, j)
		for rows < len(m.ends) && int(m.ends[rows]) < k {
			rows++
		}
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

var nan = math.NaN()
