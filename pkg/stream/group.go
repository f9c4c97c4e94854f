package stream

import (
	"encoding/binary"
	"slices"

	"rtda/pkg/parse"
)

// Records of many keys that follow each other go through the windows key by
// key: they are sorted by key, each key's values slide through its windows with
// one call, and what comes out is put back into the order of the records. The
// result is the same as record by record (TestGroupIsTake, FuzzGroup).

// maxGroup is how many records go together at most.
const maxGroup = 1024

// A grouper is the room for that.
type grouper struct {
	able   bool
	groups []group
	group  []int32     // of each record
	place  []int32     // of each record among those sorted by key
	xs     [][]float64 // by field: the values, sorted by key
	sorted [][]float64 // by read: what the windows give, sorted by key
	reads  []Read      // of columns and metrics, each once
	column []int       // by column: index into reads
	metric []int       // by metric: index into reads, -1 for a field's last value
	near   [256]*series
}

// A group is the records of one key.
type group struct {
	se   *series
	n    int // records
	from int // place of the first
}

func newGrouper(cfg *Config) grouper {
	g := grouper{able: runs(cfg) && cfg.Keyed && cfg.Every.N == 1}
	index := func(r Read) int {
		if i := slices.Index(g.reads, r); i >= 0 {
			return i
		}
		g.reads = append(g.reads, r)
		g.sorted = append(g.sorted, make([]float64, maxGroup))
		return len(g.reads) - 1
	}
	if !g.able {
		return g
	}
	for _, c := range cfg.Columns {
		g.column = append(g.column, index(c))
	}
	for _, m := range cfg.Metrics {
		if m.From == FromField {
			g.metric = append(g.metric, -1)
		} else {
			g.metric = append(g.metric, index(m))
		}
	}
	g.group, g.place = make([]int32, maxGroup), make([]int32, maxGroup)
	for range cfg.Fields {
		g.xs = append(g.xs, make([]float64, maxGroup))
	}
	return g
}

// nearby is find, with a look at the series found last for a key that ends
// alike; that is right most times and spares a hash.
func (s *Stream) nearby(key []byte) *series {
	h := uint64(len(key))
	if len(key) >= 8 {
		h += binary.LittleEndian.Uint64(key[len(key)-8:])
	} else {
		for _, c := range key {
			h = h<<8 | uint64(c)
		}
	}
	slot := &s.grp.near[h*0x9E3779B97F4A7C15>>56]
	if se := *slot; se != nil && !se.gone && se.name == string(key) {
		return se
	}
	se := s.find(key)
	*slot = se
	return se
}

// takeGroups takes as many of the records from i to end as can go together, and
// returns how many; 0 where record i has to go alone.
func (s *Stream) takeGroups(b *parse.Block, batch *parse.Batch, i, end int) int {
	if !s.grp.able || end-i < minRun {
		return 0
	}
	end = i + stretchOf(batch.Col, i, min(end, i+maxGroup))
	n := s.sortByKey(batch, i, end)
	if n < minRun || s.stats.Held+n*len(s.cfg.Windows) > s.cfg.MaxSamples {
		return 0
	}
	st := stretch{s: s, b: b, batch: batch, first: i, before: s.stats.Records}
	st.slideGroups(n)
	st.addRows(n)
	st.evaluateGroups(n)
	s.stats.Records += n
	return n
}

// sortByKey finds the series and the place of each record from i on, up to one
// that has to go alone: of a new key, of one whose windows do not yet hold what
// they need, or one that is late.
func (s *Stream) sortByKey(batch *parse.Batch, i, end int) int {
	g := &s.grp
	g.groups = g.groups[:0]
	s.round++
	n := 0
	for ; i+n < end; n++ {
		se := s.nearby(batch.Key[i+n])
		if se == nil || !s.isWarm(se) {
			break
		}
		if s.cfg.Clock == DataClock {
			t := batch.Time[i+n]
			if t < se.newest(s.round) {
				break
			}
			se.coming = t
		}
		if se.round != s.round {
			se.round, se.group = s.round, int32(len(g.groups))
			g.groups = append(g.groups, group{se: se})
		}
		g.group[n] = se.group
		g.groups[se.group].n++
	}
	from := 0
	for k := range g.groups {
		g.groups[k].from = from
		from += g.groups[k].n
		g.groups[k].n = 0
	}
	for k, of := range g.group[:n] {
		gr := &g.groups[of]
		g.place[k] = int32(gr.from + gr.n)
		gr.n++
	}
	return n
}

// newest is the time of the key's last record, among those of the round too.
func (se *series) newest(round uint64) int64 {
	if se.round == round {
		return se.coming
	}
	return se.last
}

// isWarm reports whether every window of a key holds what it needs. Without
// --gap, which never goes with stretches or groups, it stays so.
func (s *Stream) isWarm(se *series) bool {
	if se.warm {
		return true
	}
	for i, w := range se.wins {
		if w.Len() < s.cfg.Windows[i].Need {
			return false
		}
	}
	se.warm = true
	return true
}

// slideGroups puts the values of each key into its windows.
func (st *stretch) slideGroups(n int) {
	s, g := st.s, &st.s.grp
	for f, col := range st.batch.Col {
		xs := g.xs[f]
		for k, x := range col[st.first : st.first+n] {
			xs[g.place[k]] = x
		}
	}
	for _, gr := range g.groups {
		to := gr.from + gr.n
		for r, read := range g.reads {
			s.run.dst[read.Window][read.Agg] = g.sorted[r][gr.from:to]
		}
		for w, win := range gr.se.wins {
			before := win.Held()
			win.Slide(nil, g.xs[s.cfg.Windows[w].Field][gr.from:to], s.run.dst[w])
			s.stats.Held += win.Held() - before
		}
	}
}

// addRows adds a row for each of n records.
func (st *stretch) addRows(n int) {
	s, g, rows := st.s, &st.s.grp, &st.s.res.Rows
	base := rows.N
	for c, r := range g.column {
		rows.Col[c] = slices.Grow(rows.Col[c], n)[:base+n]
		col, sorted := rows.Col[c][base:], g.sorted[r]
		for k := range col {
			col[k] = sorted[g.place[k]]
		}
	}
	for k := range n {
		rows.Key = append(rows.Key, g.groups[g.group[k]].se.key)
	}
	for k := 0; k < n && s.cfg.Clock != NoClock; k++ {
		rows.Time = append(rows.Time, st.time(st.first+k))
	}
	rows.First = rows.First || s.stats.Rows == 0
	rows.N = base + n
	s.stats.Rows += n
}

// evaluateGroups steps the rules of each record's key, in the order of the
// records, and moves the clock.
func (st *stretch) evaluateGroups(n int) {
	s, g := st.s, &st.s.grp
	rows := s.res.Rows.N
	for k := range n {
		se, t := g.groups[g.group[k]].se, st.time(st.first+k)
		for f := range se.ever {
			se.ever[f] = st.batch.Col[f][st.first+k]
		}
		if s.cfg.Rules != nil {
			st.measure(se, k)
			s.res.Rows.N = rows - n + k
			rec := record{origin: s.origin, line: s.origin.Lines + st.batch.Line[st.first+k]}
			s.step(se, t, &rec)
		}
		se.last, se.since = t, 0
		s.clock = max(s.clock, t)
	}
	s.res.Rows.N = rows
}

// measure sets the rules' metrics at the k-th record.
func (st *stretch) measure(se *series, k int) {
	g := &st.s.grp
	for m, r := range g.metric {
		if r < 0 {
			st.s.vals[m] = se.ever[st.s.cfg.Metrics[m].Field]
		} else {
			st.s.vals[m] = g.sorted[r][g.place[k]]
		}
	}
}
