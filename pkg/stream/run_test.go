package stream

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"rtda/pkg/agg"
	"rtda/pkg/parse"
	"rtda/pkg/rule"
)

// ruled is a Config of plain numbers with rules over its columns and over
// windows of their own.
func ruled(t testing.TB, r *rand.Rand, texts ...string) Config {
	widths := []agg.Width{{Kind: agg.Count, N: 1 + r.IntN(40)}, {Kind: agg.All}}
	cfg := configOf(1, widths[:1+r.IntN(2)], 1+r.IntN(3))
	cfg.Every.N = 1 + r.IntN(2)*r.IntN(30)
	if r.IntN(2) == 0 {
		cfg.Clock, cfg.Hz = HzClock, Rate{Num: 10, Den: 1}
	}
	var src []rule.Source
	for _, text := range texts {
		src = append(src, rule.Source{Text: text, Name: "rule"})
	}
	names := []string{"count", "sum", "last"}
	set, errs := rule.Compile(src, rule.Scope{
		IsAgg: func(name string) bool { return slices.Contains(names, name) },
		Aggs:  names, Fields: []string{""}, Known: true,
	})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	cfg.Rules = set
	for _, m := range set.Metrics {
		a := slices.Index(names, m.Agg)
		cfg.Metrics = append(cfg.Metrics, Read{Window: len(cfg.Windows) * min(m.Window.N, 1), Agg: a, Count: a == 0})
	}
	own := configOf(1, []agg.Width{{Kind: agg.Count, N: 5}}, 1).Windows
	cfg.Windows = append(cfg.Windows, own...)
	return cfg
}

// alertLog is what a stream says of rows and alerts; plain takes the records
// one by one.
func alertLog(cfg Config, xs []sample, plain bool) (log []string) {
	s := New(cfg)
	s.Setup(cfg)
	if plain {
		s.many.able = false
	}
	var res Result
	origin := &parse.Origin{}
	rows := 0
	full := func(*Result) bool {
		for _, note := range res.Notes {
			if note.Alert == nil {
				log = append(log, fmt.Sprintf("row %d line %d %v", rows+note.Row, note.Line, note.Reason))
				continue
			}
			log = append(log, fmt.Sprintf("row %d line %d %+v %v", rows+note.Row, note.Line, note.Alert.Change, note.Alert.Values))
		}
		res.Notes = nil
		log = append(log, logOf(&cfg, &res)...)
		rows += res.Rows.N
		return true
	}
	for len(xs) > 0 {
		n := min(len(xs), 700)
		b, batch := batchOf(&cfg, xs[:n], origin)
		s.Take(b, batch, &res, full)
		full(&res)
		xs = xs[n:]
	}
	return log
}

// TestRunIsTake holds records that go through the windows and rules in
// stretches to the same records one by one.
func TestRunIsTake(t *testing.T) {
	for seed := range uint64(60) {
		checkRun(t, seed)
	}
}

func checkRun(t *testing.T, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 2))
	cfg := ruled(t, r, "last > 900", "sum(5) > 3200 for 3", "flap: last(5) < 300 for 2/4 until last > 500", "info up: last > 500", "crit up: last > 800", "count == 77")
	var xs []sample
	for range 1500 + r.IntN(1000) {
		xs = append(xs, sample{vals: []float64{float64(r.IntN(1000))}})
	}
	if n := r.IntN(len(xs)); n > 100 && cfg.Fields == 1 {
		xs[n].vals[0] = 901
	}
	got, want := alertLog(cfg, xs, false), alertLog(cfg, xs, true)
	if !slices.Equal(got, want) {
		t.Errorf("seed %d: in stretches\n%s, one by one\n%s", seed, firstDifference(got, want), firstDifference(want, got))
	}
}

func FuzzRun(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(checkRun)
}

// TestGroupIsTake holds records of many keys that go through the windows key by
// key to the same records one by one.
func TestGroupIsTake(t *testing.T) {
	for seed := range uint64(60) {
		checkGroup(t, seed)
	}
}

func checkGroup(t *testing.T, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 3))
	cfg := ruled(t, r, "last > 900", "sum(5) > 3200 for 3", "flap: last(5) < 300 for 2/4 until last > 500", "info up: last > 500", "crit up: last > 800")
	cfg.Keyed, cfg.Every.N = true, 1
	if r.IntN(2) == 0 {
		cfg.Clock = DataClock
	}
	var xs []sample
	var now int64
	for range 1500 + r.IntN(1000) {
		now += r.Int64N(3)
		x := sample{t: now, key: fmt.Sprintf("sensor-%d", r.IntN(40)), vals: []float64{float64(r.IntN(1000))}}
		switch r.IntN(200) {
		case 0:
			x.t -= 20 // behind the clock, and late for some keys
		case 1:
			x.key = fmt.Sprint(r.IntN(1000))
		}
		xs = append(xs, x)
	}
	got, want := alertLog(cfg, xs, false), alertLog(cfg, xs, true)
	if !slices.Equal(got, want) {
		t.Errorf("seed %d: in groups\n%s, one by one\n%s", seed, firstDifference(got, want), firstDifference(want, got))
	}
}

func FuzzGroup(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(checkGroup)
}

// TestResultsAreBounded counts what a stream gives at once where few records
// bring many rows.
func TestResultsAreBounded(t *testing.T) {
	cfg := configOf(1, []agg.Width{{Kind: agg.Duration, D: 86400 * second}}, 1)
	cfg.Clock, cfg.Keyed, cfg.Every.D = DataClock, true, second
	var xs []sample
	for k := range 50 {
		xs = append(xs, sample{t: 0, key: fmt.Sprint(k), vals: []float64{1}})
	}
	xs = append(xs, sample{t: 3000 * second, key: "0", vals: []float64{1}})
	s := New(cfg)
	s.Setup(cfg)
	b, batch := batchOf(&cfg, xs, &parse.Origin{})
	rows, parts := 0, 0
	var res Result
	stop := s.Take(b, batch, &res, func(r *Result) bool {
		if r.Rows.N > maxRows {
			t.Errorf("%d rows at once", r.Rows.N)
		}
		rows += r.Rows.N
		parts++
		return parts < 30
	})
	if want := 30 * maxRows; !stop || rows != want || s.next > 3000*second {
		t.Errorf("%d rows in %d parts, stopped %v: want %d rows", rows, parts, stop, want)
	}
	if n := cap(res.Rows.Time); n > 4*maxRows {
		t.Errorf("room for %d rows", n)
	}
}
