package stream

import (
	"slices"

	"rtda/pkg/agg"
	"rtda/pkg/parse"
)

// A stretch of records of a stream without keys can go through the windows
// column by column, with one call a window for all of them. The result is the
// same as record by record (TestRunIsTake, FuzzRun), at a fifth of the cost.

// maxRun is how many records go together at most: their columns of numbers
// stay in the fastest cache.
const maxRun = 512

// minRun is how many records are worth it.
const minRun = 8

// A runner is what taking stretches needs to know of the Config, and its room.
type runner struct {
	able   bool
	vals   []float64     // the values of the record in progress
	dst    [][][]float64 // by window and aggregate: where Slide writes, nil where nothing is asked
	column []copyOf      // by column of the row
	metric [][]float64   // by metric of the rules: its values over the stretch
	spare  map[Read]int  // reads that are metrics only → index into room
	room   [][]float64   // their columns
	rows   bool          // a row a record
}

// copyOf says that a column is the same read as an earlier one, -1 for none.
type copyOf int

func newRunner(cfg *Config) runner {
	r := runner{able: runs(cfg) && !cfg.Keyed, rows: cfg.Every.N == 1, spare: map[Read]int{}}
	for _, w := range cfg.Windows {
		r.dst = append(r.dst, make([][]float64, w.Aggs))
	}
	if !r.able {
		return r
	}
	r.metric = make([][]float64, len(cfg.Metrics))
	shown := map[Read]int{}
	for i, c := range cfg.Columns {
		same := copyOf(-1)
		if first, ok := shown[c]; ok {
			same = copyOf(first)
		} else {
			shown[c] = i
		}
		r.column = append(r.column, same)
	}
	for _, m := range cfg.Metrics {
		_, known := r.spare[m]
		if _, ok := shown[m]; m.From == FromWindow && !known && !(ok && r.rows) {
			r.spare[m] = len(r.room)
			r.room = append(r.room, make([]float64, maxRun))
		}
	}
	return r
}

// runs reports whether records can be taken in stretches at all: where rows,
// rules and windows do not ask for the time between samples.
func runs(cfg *Config) bool {
	if cfg.Every.N == 0 || cfg.LastOnly || cfg.Late > 0 || cfg.Gap > 0 || cfg.TTL > 0 {
		return false
	}
	for _, w := range cfg.Windows {
		if w.Width.Kind == agg.Duration || w.Plan.NeedsTime() {
			return false
		}
	}
	for _, r := range cfg.Columns {
		if r.From != FromWindow {
			return false
		}
	}
	for _, r := range cfg.Metrics {
		if r.From == FromAge {
			return false
		}
	}
	return true
}

// takeRun takes as many of the records from i to end as can go together, and
// returns how many; 0 where record i has to go alone.
func (s *Stream) takeRun(b *parse.Block, batch *parse.Batch, i, end int) int {
	if !s.run.able || end-i < minRun || s.only == nil || !s.isWarm(s.only) {
		return 0
	}
	n := s.stretch(batch, i, min(end, i+maxRun))
	if n < minRun || s.stats.Held+n*len(s.cfg.Windows) > s.cfg.MaxSamples {
		return 0
	}
	st := stretch{s: s, se: s.only, b: b, batch: batch, first: i, before: s.stats.Records}
	if s.run.rows {
		st.slideRows(i, i+n)
	} else {
		st.slideFew(i, i+n)
	}
	s.stats.Records += n
	s.only.last = st.time(i + n - 1)
	s.clock = s.only.last
	return n
}

// stretch is how many records from i on have all their values and, on the
// data's clock, times that do not fall.
func (s *Stream) stretch(batch *parse.Batch, i, end int) int {
	end = i + stretchOf(batch.Col, i, end)
	if s.cfg.Clock == DataClock {
		last := s.only.last
		for k, t := range batch.Time[i:end] {
			if t < last {
				return k
			}
			last = t
		}
	}
	return end - i
}

// stretchOf is how many rows of the columns from i on have all their values.
func stretchOf(cols [][]float64, i, end int) int {
	for _, col := range cols {
		for k, x := range col[i:end] {
			if x != x {
				end = i + k
				break
			}
		}
	}
	return end - i
}

// A stretch is a run of records of one batch on its way through the windows.
type stretch struct {
	s      *Stream
	se     *series
	b      *parse.Block
	batch  *parse.Batch
	first  int // its first record
	before int // records taken before it
}

// time is when record k stands.
func (st *stretch) time(k int) int64 {
	switch st.s.cfg.Clock {
	case DataClock:
		return st.batch.Time[k]
	case HzClock:
		return st.s.cfg.Hz.time(st.before + k - st.first + 1)
	case WallClock:
		return max(st.b.Read, st.s.clock)
	}
	return 0
}

// slideRows takes the records from i to end, each with its row.
func (st *stretch) slideRows(i, end int) {
	s, rows, n := st.s, &st.s.res.Rows, end-i
	base := rows.N
	for c, same := range s.run.column {
		rows.Col[c] = slices.Grow(rows.Col[c], n)[:base+n]
		if r := s.cfg.Columns[c]; same < 0 {
			s.run.dst[r.Window][r.Agg] = rows.Col[c][base:]
		}
	}
	st.push(i, end)
	for c, same := range s.run.column {
		if same >= 0 {
			copy(rows.Col[c][base:], rows.Col[same][base:])
		}
	}
	for k := i; k < end && s.cfg.Clock != NoClock; k++ {
		rows.Time = append(rows.Time, st.time(k))
	}
	rows.First = rows.First || s.stats.Rows == 0
	st.evaluate(i, end)
	rows.N = base + n
	s.stats.Rows += n
	st.se.since = 0
}

// slideFew takes the records from i to end, a row after every few.
func (st *stretch) slideFew(i, end int) {
	every := st.s.cfg.Every.N
	for i < end {
		to := min(end, i+every-st.se.since)
		st.push(i, to)
		st.evaluate(i, to)
		st.se.since += to - i
		if st.se.since >= every {
			st.s.writeRow(st.se, st.time(to-1))
		}
		i = to
	}
}

// push puts the values of the records into the windows and their read-outs
// where the rows and rules want them.
func (st *stretch) push(i, end int) {
	s := st.s
	for m, r := range s.cfg.Metrics {
		if at, spare := s.run.spare[r]; spare {
			s.run.dst[r.Window][r.Agg] = s.run.room[at]
		}
		if r.From == FromField {
			s.run.metric[m] = st.batch.Col[r.Field][i:end]
		} else {
			s.run.metric[m] = s.run.dst[r.Window][r.Agg]
		}
	}
	for w, win := range st.se.wins {
		before := win.Held()
		win.Slide(nil, st.batch.Col[s.cfg.Windows[w].Field][i:end], s.run.dst[w])
		s.stats.Held += win.Held() - before
	}
	for f := range st.se.ever {
		st.se.ever[f] = st.batch.Col[f][end-1]
	}
}

// idleRun is how many records are looked at together for whether any rule has
// something to do; it bounds what looking in vain costs.
const idleRun = 32

// evaluate steps the rules at each of the records, passing over those at which
// no rule has anything to do.
func (st *stretch) evaluate(i, end int) {
	s := st.s
	if s.cfg.Rules == nil {
		return
	}
	base := s.res.Rows.N
	for k := i; k < end; {
		to := min(end, k+idleRun)
		if next := i + s.cfg.Rules.Idle(st.se.state, s.run.metric, k-i, to-i); next > k {
			k = next
			continue
		}
		for m, col := range s.run.metric {
			s.vals[m] = col[k-i]
		}
		if s.run.rows {
			s.res.Rows.N = base + k - i
		}
		rec := record{origin: s.origin, line: s.origin.Lines + st.batch.Line[k]}
		s.step(st.se, st.time(k), &rec)
		k++
	}
	s.res.Rows.N = base
}
