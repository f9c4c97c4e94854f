package stream

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"rtda/pkg/agg"
	"rtda/pkg/detect"
	"rtda/pkg/parse"
)

// withDetectors adds a detector with all its columns to each field of cfg.
func withDetectors(cfg Config) Config {
	for f := range cfg.Fields {
		plan := detect.NewPlan(detect.Table, cfg.Clock != NoClock, nil)
		for j := range detect.Table {
			cfg.Columns = append(cfg.Columns, Read{Window: len(cfg.Windows), Agg: j})
		}
		cfg.Windows = append(cfg.Windows, Window{
			Field: f, Aggs: len(detect.Table), Need: 1, Weight: detect.Samples, Timed: plan.NeedsTime(),
			New: func() Accumulator { return plan.New() },
		})
	}
	return cfg
}

// TestDetectors holds what rows show of detectors to detectors that were given
// each field's values of each key: with keys and without, with values missing,
// taken together and one by one.
func TestDetectors(t *testing.T) {
	for seed := range uint64(12) {
		for _, clock := range []Clock{NoClock, DataClock} {
			for _, keyed := range []bool{false, true} {
				t.Run(fmt.Sprintf("seed=%d/clock=%d/keyed=%v", seed, clock, keyed), func(t *testing.T) {
					checkDetectors(t, seed, clock, keyed)
				})
			}
		}
	}
}

func checkDetectors(t *testing.T, seed uint64, clock Clock, keyed bool) {
	r := rand.New(rand.NewPCG(seed, 4))
	cfg := configOf(2, []agg.Width{{Kind: agg.Count, N: 3}}, 1)
	cfg.Columns = nil
	cfg.Clock, cfg.Keyed, cfg.Every.N = clock, keyed, 1
	if clock == DataClock && seed%2 == 0 {
		cfg.Gap = 1 // a pause changes nothing
	}
	cfg = withDetectors(cfg)

	plan := detect.NewPlan(detect.Table, clock != NoClock, nil)
	all := map[string]*detect.Detector{}
	var xs []sample
	var want []string
	for i := range 900 {
		x := sample{t: int64(i) * 600 * second, vals: []float64{r.NormFloat64(), float64(r.IntN(9))}}
		if keyed {
			x.key = string('a' + rune(r.IntN(3)))
		}
		if seed > 3 && r.IntN(4) == 0 {
			x.vals[r.IntN(2)] = math.NaN()
		}
		var row []float64
		for f, v := range x.vals {
			id := fmt.Sprint(x.key, f)
			d := all[id]
			if v == v && d == nil {
				d = plan.New()
				all[id] = d
			}
			if v == v {
				d.Push(x.t, v)
			}
			for j := range detect.Table {
				if d == nil {
					row = append(row, math.NaN())
				} else {
					row = append(row, d.Value(j))
				}
			}
		}
		xs = append(xs, x)
		want = append(want, rowText(clock != NoClock, x.t, x.key, row))
	}
	for name, change := range map[string]func(*Stream){"together": func(*Stream) {}, "one by one": alone} {
		if got := alertLog(cfg, xs, change); !slices.Equal(got, want) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, firstDifference(got, want), firstDifference(want, got))
		}
	}

	s := New(cfg)
	s.Setup(cfg)
	var res Result
	b, batch := batchOf(&cfg, xs, &parse.Origin{})
	s.Take(b, batch, &res, func(*Result) bool { return true })
	if st := s.Stats(); st.Detectors != len(all) || st.Held < len(all)*detect.Samples {
		t.Errorf("%d detectors and %d samples held, want %d and %d or more", st.Detectors, st.Held, len(all), len(all)*detect.Samples)
	}
	for _, se := range slices.Clone(s.order()) {
		s.drop(se)
	}
	if st := s.Stats(); st.Detectors != 0 || st.Held != 0 {
		t.Errorf("%d detectors and %d samples are held when all keys are forgotten", st.Detectors, st.Held)
	}
}

// A stream with detectors that is saved and restored in the middle goes on as if it
// never had been, with the same detectors or with fewer; what it has in addition is
// told to begin anew.
func TestDetectorsAreSaved(t *testing.T) {
	stats := func(clock Clock, names ...string) Config {
		cfg := configOf(1, []agg.Width{{Kind: agg.Count, N: 3}}, 1)
		cfg.Columns, cfg.Clock, cfg.Every.N = nil, clock, 1
		var all []detect.Stat
		for i, name := range names {
			s, _ := detect.Lookup(name)
			all = append(all, s)
			cfg.Columns = append(cfg.Columns, Read{Window: len(cfg.Windows), Agg: i})
		}
		plan := detect.NewPlan(all, clock != NoClock, nil)
		cfg.Windows = append(cfg.Windows, Window{
			Aggs: len(all), Need: 1, Weight: detect.Samples, Timed: plan.NeedsTime(),
			New: func() Accumulator { return plan.New() },
		})
		cfg = withNames(cfg)
		cfg.Former = func(string) (func() Accumulator, int) { return nil, 1 }
		cfg.Windows[1].ID = fmt.Sprint(names)
		return cfg
	}
	for _, c := range []struct {
		before, after []string
		anew          bool
	}{
		{[]string{"anomaly", "upper"}, []string{"anomaly", "upper"}, false},
		{[]string{"anomaly", "upper"}, []string{"surprise"}, false},
		{[]string{"anomaly"}, []string{"anomaly", "upper"}, true},
		{[]string{"forecast"}, []string{"anomaly"}, true},
	} {
		for _, clock := range []Clock{NoClock, DataClock} {
			r := rand.New(rand.NewPCG(1, 5))
			var xs []sample
			for i := range 900 {
				xs = append(xs, sample{t: int64(i) * 600 * second, vals: []float64{r.NormFloat64()}})
			}
			first, whole := newHalf(stats(clock, c.before...)), newHalf(stats(clock, c.after...))
			first.take(xs[:500])
			whole.take(xs[:500])
			whole.log = nil
			sn, err := ReadSnapshot(first.saved(t), schemaOf(t, 1))
			if err != nil {
				t.Fatal(err)
			}
			then := newHalf(stats(clock, c.after...))
			told, err := then.s.Restore(sn)
			if err != nil || (len(told.Anew) > 0) != c.anew {
				t.Errorf("%v to %v: %v begins anew, error %v", c.before, c.after, told.Anew, err)
				continue
			}
			then.take(xs[500:])
			whole.take(xs[500:])
			if same := slices.Equal(then.log, whole.log); same == c.anew {
				t.Errorf("%v to %v: goes on as if never saved: %v", c.before, c.after, same)
			}
			if then.s.stats.Detectors != 1 {
				t.Errorf("%v to %v: %d detectors", c.before, c.after, then.s.stats.Detectors)
			}
		}
	}
}
