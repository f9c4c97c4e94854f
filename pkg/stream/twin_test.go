package stream

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"testing"

	"rtda/pkg/agg"
	"rtda/pkg/parse"
)

// A sample is a record of the tests: one key, one value a field, NaN for none.
type sample struct {
	t    int64
	key  string
	vals []float64
}

// A twin does what a Stream does in the plainest way: it keeps every sample
// and looks through all of them for every number.
type twin struct {
	cfg     Config
	keys    map[string]*twinKey
	waits   []sample
	newest  int64
	clock   int64
	next    int64
	started bool
	taken   int
	log     []string
}

type twinKey struct {
	name   string
	kept   []sample // since the last pause
	last   int64
	heard  int64       // what the clock was at the last sample
	gone   map[int]int // by window: how many of kept have left it for a row
	shown  int64       // last boundary of which it has a row
	behind bool
	since  int
}

func (w *twin) sorted() []*twinKey {
	var all []*twinKey
	for _, k := range w.keys {
		all = append(all, k)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].name < all[j].name })
	return all
}

func (w *twin) arrive(x sample) {
	if w.cfg.Clock == DataClock {
		if k := w.keys[x.key]; k != nil && x.t < k.last {
			w.log = append(w.log, "late")
			return
		}
		w.newest = max(w.newest, x.t)
		if len(w.waits) == 0 && !w.started {
			w.newest = x.t
		}
		w.waits = append(w.waits, x)
		sort.SliceStable(w.waits, func(i, j int) bool { return w.waits[i].t < w.waits[j].t })
		w.release(w.cfg.Late)
		return
	}
	w.take(x)
}

func (w *twin) release(late int64) {
	for len(w.waits) > 0 && w.newest-w.waits[0].t >= late {
		x := w.waits[0]
		w.waits = slices.Clone(w.waits[1:])
		w.take(x)
	}
}

func (w *twin) take(x sample) {
	if w.cfg.Clock == HzClock {
		x.t = w.cfg.Hz.At(int64(w.taken + 1))
	}
	k := w.keys[x.key]
	if k == nil && w.cfg.Keyed && len(w.keys)-w.silentAt(max(x.t, w.clock)) >= w.cfg.MaxKeys {
		w.log = append(w.log, "too-many-keys")
		return
	}
	w.taken++
	if w.cfg.Clock != NoClock {
		w.advance(x.t)
	}
	k = w.keys[x.key]
	if k == nil {
		k = &twinKey{name: x.key, last: x.t, gone: map[int]int{}, shown: math.MinInt64}
		w.keys[x.key] = k
	}
	if k.behind {
		w.ownBoundaries(k, x.t)
	}
	k.behind, k.heard = x.t < w.clock, w.clock
	if w.cfg.Gap > 0 && x.t-k.last >= w.cfg.Gap {
		k.kept, k.gone = nil, map[int]int{}
	}
	if w.cfg.Every.D > 0 && k.shown > math.MinInt64 && !w.passed(k.shown, x.t) {
		w.log = append(w.log, "after its row")
	}
	k.kept = append(k.kept, x)
	k.last = x.t
	k.since++
	if w.cfg.Every.N > 0 && k.since >= w.cfg.Every.N {
		w.row(k, x.t, false)
	}
}

func (w *twin) silentAt(t int64) int {
	n := 0
	for _, k := range w.keys {
		if w.cfg.TTL > 0 && t-k.heard >= w.cfg.TTL {
			n++
		}
	}
	return n
}

func (w *twin) advance(t int64) {
	if !w.started {
		w.started, w.clock = true, t
		for w.cfg.Every.D > 0 && w.passed(w.next, t) {
			w.next += w.cfg.Every.D
		}
		return
	}
	if t <= w.clock {
		return
	}
	for ; w.cfg.Every.D > 0 && w.passed(w.next, t); w.next += w.cfg.Every.D {
		for _, k := range w.sorted() {
			if !k.behind {
				w.boundary(k, w.next)
			}
		}
	}
	w.clock = t
	for _, k := range w.sorted() {
		if w.cfg.TTL > 0 && t-k.heard >= w.cfg.TTL {
			w.finish(k, false)
			delete(w.keys, k.name)
		}
	}
}

// passed reports whether a sample at time t belongs to a boundary after b.
func (w *twin) passed(b, t int64) bool { return b < t || b == t && w.cfg.ClosedLeft }

// boundary writes the row of boundary b of a key, if one is due.
func (w *twin) boundary(k *twinKey, b int64) {
	first := w.cfg.Windows[w.cfg.First[0]].Width
	lasting := false
	for _, i := range w.cfg.First {
		lasting = lasting || len(w.window(k, i, b, w.cfg.ClosedLeft)) > 0
	}
	silent := w.cfg.TTL > 0 && b-k.heard >= w.cfg.TTL
	if b > k.shown && (k.since > 0 || (first.Kind == agg.Duration && lasting || w.cfg.Fill) && !silent) {
		w.boundaryRow(k, b)
	}
}

// oldest is the least time that belongs to a window of d at time t.
func oldest(t, d int64, closedLeft bool) int64 {
	if closedLeft {
		return t - d
	}
	return t - d + 1
}

func (w *twin) boundaryRow(k *twinKey, b int64) {
	if k.since = 0; !w.ready(k, b, w.cfg.ClosedLeft) {
		return
	}
	for i := range w.cfg.Windows { // what leaves a window of a duration never comes back
		if width := w.cfg.Windows[i].Width; width.Kind == agg.Duration {
			for k.gone[i] < len(k.kept) && k.kept[k.gone[i]].t < oldest(b, width.D, w.cfg.ClosedLeft) {
				k.gone[i]++
			}
		}
	}
	w.row(k, b, w.cfg.ClosedLeft)
	k.shown = b
}

// ownBoundaries are the rows of the boundaries before t of a key that is behind
// the clock.
func (w *twin) ownBoundaries(k *twinKey, t int64) {
	for b := int64(0); w.cfg.Every.D > 0 && w.passed(b, t); b += w.cfg.Every.D {
		if !w.passed(b, k.last) {
			w.boundary(k, b)
		}
	}
}

func (w *twin) finish(k *twinKey, fill bool) {
	switch {
	case w.cfg.Every.D > 0:
		if k.behind {
			for b := int64(0); b < w.next; b += w.cfg.Every.D {
				if !w.passed(b, k.last) {
					w.boundary(k, b)
				}
			}
		}
		if silent := w.cfg.TTL > 0 && w.next-k.heard >= w.cfg.TTL; (k.since > 0 || fill && !silent) && k.shown < w.next {
			w.boundaryRow(k, w.next)
		}
	case k.since > 0:
		w.row(k, k.last, false)
	}
}

func (w *twin) end() {
	w.release(math.MinInt64)
	for _, k := range w.sorted() {
		w.finish(k, w.cfg.Fill)
	}
}

// window is the values of window i of a key at time t.
func (w *twin) window(k *twinKey, i int, t int64, closedLeft bool) (xs []float64) {
	win := w.cfg.Windows[i]
	for n, x := range k.kept {
		v := x.vals[win.Field]
		if v == v && n >= k.gone[i] && (win.Width.Kind != agg.Duration || x.t >= oldest(t, win.Width.D, closedLeft)) {
			xs = append(xs, v)
		}
	}
	if n := win.Width.N; win.Width.Kind == agg.Count && len(xs) > n {
		xs = xs[len(xs)-n:]
	}
	return xs
}

func (w *twin) ready(k *twinKey, t int64, closedLeft bool) bool {
	for _, i := range w.cfg.First {
		if len(w.window(k, i, t, closedLeft)) >= w.cfg.Windows[i].Need {
			return true
		}
	}
	return w.cfg.Fill
}

func (w *twin) row(k *twinKey, t int64, closedLeft bool) {
	k.since = 0
	if !w.ready(k, t, closedLeft) {
		return
	}
	var vals []float64
	for i := range w.cfg.Windows {
		xs := w.window(k, i, t, closedLeft)
		sum, last := nan, nan
		if len(xs) >= w.cfg.Windows[i].Need {
			sum = 0
			for _, x := range xs {
				sum += x
				last = x
			}
		}
		vals = append(vals, float64(len(xs)), sum, last)
	}
	if w.cfg.LabelStart && w.cfg.Every.D > 0 {
		t -= w.cfg.Every.D
	}
	w.log = append(w.log, rowText(w.cfg.Clock != NoClock, t, k.name, vals))
}

func rowText(timed bool, t int64, key string, vals []float64) string {
	if !timed {
		t = 0
	}
	return fmt.Sprintf("%d %s %v", t, key, vals)
}

// configOf makes a Config of three aggregates over the given windows of the
// given number of fields.
func configOf(fields int, widths []agg.Width, need int) Config {
	cfg := Config{Fields: fields, MaxKeys: 1 << 30, MaxSamples: 1 << 30, Show: 1 << 30}
	var aggs []agg.Agg
	for _, name := range []string{"count", "sum", "last"} {
		a, _ := agg.Lookup(name)
		aggs = append(aggs, a)
	}
	for f := range fields {
		for i, width := range widths {
			if i == 0 {
				cfg.First = append(cfg.First, len(cfg.Windows))
			}
			for a := range aggs {
				cfg.Columns = append(cfg.Columns, Read{Window: len(cfg.Windows), Agg: a, Count: a == 0})
			}
			plan := agg.NewPlan(width, aggs, agg.Options{})
			cfg.Windows = append(cfg.Windows, Window{
				Field: f, Width: width, Aggs: len(aggs), Need: need,
				New: func() Accumulator { return plan.New() }, Timed: plan.NeedsTime(), Stores: plan.Stores(),
			})
		}
	}
	return cfg
}

// randomConfig draws what a stream does.
func randomConfig(r *rand.Rand) Config {
	widths := []agg.Width{{Kind: agg.Count, N: 1 + r.IntN(6)}, {Kind: agg.All}}
	clock := Clock(r.IntN(3))
	if clock != NoClock && r.IntN(3) > 0 {
		widths = append(widths, agg.Width{Kind: agg.Duration, D: 1 + r.Int64N(40)})
	}
	r.Shuffle(len(widths), func(i, j int) { widths[i], widths[j] = widths[j], widths[i] })
	cfg := configOf(1+r.IntN(2), widths[:1+r.IntN(len(widths))], 1+r.IntN(3))
	cfg.Clock, cfg.Keyed = clock, r.IntN(3) > 0
	cfg.Hz.Num, cfg.Hz.Den = 1e9, uint64(1+r.IntN(20))
	switch r.IntN(4) {
	case 0:
		cfg.Every.N = 1
	case 1:
		cfg.Every.N = 1 + r.IntN(9)
	case 2:
		if clock != NoClock {
			cfg.Every.D = 1 + r.Int64N(30)
			cfg.ClosedLeft, cfg.LabelStart, cfg.Fill = r.IntN(3) == 0, r.IntN(3) == 0, r.IntN(3) == 0
		}
	}
	if clock == NoClock {
		return cfg
	}
	if r.IntN(3) == 0 {
		cfg.Gap = 1 + r.Int64N(30)
	}
	if r.IntN(3) == 0 {
		cfg.TTL = 1 + r.Int64N(60)
	}
	if cfg.Keyed && r.IntN(3) == 0 {
		cfg.MaxKeys = 1 + r.IntN(4)
	}
	if clock == DataClock && r.IntN(2) == 0 {
		cfg.Late = 1 + r.Int64N(20)
	}
	return cfg
}

// randomSamples draws records whose disorder, of at most late, is put right.
func randomSamples(r *rand.Rand, cfg *Config) (all []sample) {
	t := r.Int64N(100)
	slow := map[string]int64{} // how far the clocks of keys are behind
	for range r.IntN(120) {
		t += r.Int64N(4)
		if r.IntN(20) == 0 {
			t += r.Int64N(90)
		}
		x := sample{t: t, key: ""}
		if cfg.Late > 0 {
			x.t = max(0, t-r.Int64N(cfg.Late))
		}
		if cfg.Keyed {
			x.key = string('a' + rune(r.IntN(6)))
			if _, ok := slow[x.key]; !ok {
				slow[x.key] = max(0, r.Int64N(100)-50)
			}
			x.t = max(0, x.t-slow[x.key])
		}
		for range cfg.Fields {
			v := float64(r.IntN(1000))
			if cfg.Fields > 1 && r.IntN(4) == 0 {
				v = nan
			}
			x.vals = append(x.vals, v)
		}
		if !slices.ContainsFunc(x.vals, func(v float64) bool { return v == v }) {
			x.vals[0] = 1
		}
		all = append(all, x)
	}
	return all
}

// batchOf puts samples into a block and a batch.
func batchOf(cfg *Config, xs []sample, origin *parse.Origin) (*parse.Block, *parse.Batch) {
	batch := &parse.Batch{Lines: len(xs), Col: make([][]float64, cfg.Fields)}
	for i, x := range xs {
		batch.Line = append(batch.Line, i+1)
		if cfg.Clock == DataClock {
			batch.Time = append(batch.Time, x.t)
		}
		if cfg.Keyed {
			batch.Key = append(batch.Key, []byte(x.key))
		}
		for f, v := range x.vals {
			batch.Col[f] = append(batch.Col[f], v)
		}
		for c := range cfg.Keep + len(cfg.Texts) {
			if len(batch.Text) <= c {
				batch.Text = append(batch.Text, nil)
			}
			t := parse.Text{Bare: i%3 == 0}
			if v := int(x.vals[0]); v%3 > 0 {
				t.B = []byte("abc"[v/8%3:])
			}
			batch.Text[c] = append(batch.Text[c], t)
		}
	}
	return &parse.Block{Origin: origin}, batch
}

// logOf is what a result says, in the words of the twin.
func logOf(cfg *Config, r *Result) (log []string) {
	notes := r.Notes
	for i := range r.Rows.N + 1 {
		for len(notes) > 0 && notes[0].Row == i {
			if notes[0].Told == AfterRow {
				log = append(log, "after its row")
			} else {
				log = append(log, notes[0].Reason.String())
			}
			notes = notes[1:]
		}
		if i == r.Rows.N {
			break
		}
		var t int64
		key := ""
		if cfg.Clock != NoClock {
			t = r.Rows.Time[i]
		}
		if cfg.Keyed {
			key = strings.Join(r.Rows.Key[i].Parts, ",")
		}
		var vals []float64
		for _, col := range r.Rows.Col {
			vals = append(vals, col[i])
		}
		for _, col := range r.Rows.Kept {
			key += fmt.Sprintf(" %s %v", col[i].B, col[i].Bare)
		}
		log = append(log, rowText(cfg.Clock != NoClock, t, key, vals))
	}
	return log
}

// runStream sends the samples through a Stream in batches cut by cut.
func runStream(cfg Config, xs []sample, cut func(left int) int) []string {
	s := New(cfg)
	s.Setup(cfg)
	var r Result
	var log []string
	origin := &parse.Origin{}
	full := func(r *Result) bool {
		if over := len(cfg.Columns) + len(s.table) + 1; r.Rows.N > maxRows+over || r.Rows.N*len(r.Rows.Col) > maxCells+over || len(r.Notes) > maxNotes+over {
			log = append(log, fmt.Sprintf("a result of %d rows and %d notes", r.Rows.N, len(r.Notes)))
		}
		log = append(log, logOf(&cfg, r)...)
		return true
	}
	for i := 0; i < len(xs); {
		n := cut(len(xs) - i)
		b, batch := batchOf(&cfg, xs[i:i+n], origin)
		s.Take(b, batch, &r, full)
		full(&r)
		i += n
	}
	s.End(&r, full)
	full(&r)
	held := s.stats.Held
	s.recount()
	if held != s.stats.Held {
		log = append(log, fmt.Sprintf("held %d, counted %d", held, s.stats.Held))
	}
	return log
}

// recount sums anew what all windows hold.
func (s *Stream) recount() {
	s.stats.Held = 0
	for _, se := range s.order() {
		for _, w := range se.wins {
			s.stats.Held += w.Held()
		}
	}
}

func checkTwin(t *testing.T, r *rand.Rand) {
	cfg := randomConfig(r)
	xs := randomSamples(r, &cfg)
	w := &twin{cfg: cfg, keys: map[string]*twinKey{}}
	for _, x := range xs {
		w.arrive(x)
	}
	w.end()
	all := runStream(cfg, xs, func(left int) int { return left })
	if !slices.Equal(all, w.log) {
		t.Errorf("%+v:\n got %s\nwant %s", cfg, firstDifference(all, w.log), firstDifference(w.log, all))
	}
	pieces := runStream(cfg, xs, func(left int) int { return 1 + r.IntN(min(left, 20)) })
	if !slices.Equal(all, pieces) {
		t.Error("what comes out depends on how the input is cut")
	}
}

func firstDifference(a, b []string) string {
	for i := range a {
		if i >= len(b) || a[i] != b[i] {
			return fmt.Sprintf("%d: %s", i, a[i])
		}
	}
	return fmt.Sprintf("%d lines", len(a))
}

// TestTwin holds the stream against its twin on random configurations.
func TestTwin(t *testing.T) {
	for seed := range uint64(3000) {
		checkTwin(t, rand.New(rand.NewPCG(seed, 1)))
		if t.Failed() {
			return
		}
	}
}

func FuzzTwin(f *testing.F) {
	f.Add([]byte("the first bytes say what the stream does, the others are records"))
	f.Fuzz(func(t *testing.T, data []byte) { checkTwin(t, fuzzed(data)) })
}
