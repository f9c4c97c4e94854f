package stream

import (
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
	judged  bool    // rules are evaluated at every record,
	atRows  bool    // or only at those that bring a row
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
	m.atRows = cfg.EvalRow && m.every > 1
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
	m.xs, m.out, m.ever = make([][]float64, cfg.Fields), slices.Clone(m.room[cfg.Fields:][:len(m.reads)]), make([][]float64, asked)
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
			m.metric = append(m.metric, index(r, !m.atRows))
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
// are evaluated at rows of which but the last is kept.
func goTogether(cfg *Config) bool { return !(cfg.EvalRow && cfg.Every.N > 1 && cfg.LastOnly) }

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
