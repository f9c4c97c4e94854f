package stream

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"rtda/pkg/agg"
	"rtda/pkg/clock"
	"rtda/pkg/parse"
)

// feed sends samples to a stream in batches of their order.
func feed(s *Stream, n int, at func(i int) sample) {
	origin := &parse.Origin{}
	var r Result
	var xs []sample
	for i := range n {
		if xs = append(xs, at(i)); len(xs) == 1000 || i == n-1 {
			b, batch := batchOf(&s.cfg, xs, origin)
			s.Take(b, batch, &r, more)
			xs = xs[:0]
		}
	}
}

func more(*Result) bool { return true }

// heapOf is how many bytes what f returns keeps alive.
func heapOf(f func() *Stream) (bytes int64, s *Stream) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	s = f()
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(s)
	return int64(after.HeapAlloc) - int64(before.HeapAlloc), s
}

func durations(clock Clock, d int64) Config {
	cfg := configOf(1, []agg.Width{{Kind: agg.Duration, D: d}}, 1)
	cfg.Clock, cfg.Keyed, cfg.Every.N = clock, true, 1
	return cfg
}

// TestSilentKeysLetGo counts what keys hold that have been silent for longer
// than their windows reach: nothing, or on the data's clock not more than roomy,
// for samples of theirs that may be behind it.
func TestSilentKeysLetGo(t *testing.T) {
	const keys, each = 100, 15_000
	for _, c := range []struct {
		clock  Clock
		bounds [2]int
	}{
		{HzClock, [2]int{2 * each, 4 << 20}},
		{DataClock, [2]int{roomy + 2*each, 64 << 20}},
	} {
		bytes, s := heapOf(func() *Stream {
			cfg := durations(c.clock, 10*second)
			cfg.Hz = clock.Rate{Num: each, Den: 10}
			s := New(cfg)
			s.Setup(cfg)
			feed(s, keys*each, func(i int) sample {
				return sample{t: int64(i) * 10 * second / each, key: fmt.Sprint(i / each), vals: []float64{1}}
			})
			return s
		})
		if held := s.stats.Held; held > c.bounds[0] || bytes > int64(c.bounds[1]) {
			t.Errorf("clock %d: %d samples held in %d bytes, want at most %d in %d", c.clock, held, bytes, c.bounds[0], c.bounds[1])
		}
		s.recount()
		if held := s.stats.Held; held > c.bounds[0] {
			t.Errorf("clock %d: %d samples are in windows", c.clock, held)
		}
	}
}

// TestForgottenKeysTakeNothing lets very many keys come and go.
func TestForgottenKeysTakeNothing(t *testing.T) {
	const keys, live = 300_000, 1000
	bytes, s := heapOf(func() *Stream {
		cfg := durations(DataClock, second)
		cfg.TTL, cfg.Every = live*second, Every{D: 86400 * second}
		s := New(cfg)
		s.Setup(cfg)
		feed(s, keys, func(i int) sample { return sample{t: int64(i) * second, key: fmt.Sprint(i), vals: []float64{1}} })
		return s
	})
	if n := len(s.ordered) + len(s.fresh) + len(s.live); n > 8*live {
		t.Errorf("lists of %d keys, of which %d live", n, live)
	}
	if most := s.ids; len(most) > 2*live || bytes > 8<<20 {
		t.Errorf("%d bytes, %d free IDs", bytes, len(most))
	}
}

// TestWindowsComeWithValues has many keys of which each has one of many fields.
func TestWindowsComeWithValues(t *testing.T) {
	const keys, fields = 5000, 1000
	bytes, _ := heapOf(func() *Stream {
		cfg := configOf(fields, []agg.Width{{Kind: agg.Count, N: 100}}, 1)
		cfg.Keyed, cfg.Every.N, cfg.Columns = true, 100, nil
		s := New(cfg)
		s.Setup(cfg)
		all := make([]float64, fields)
		one := make([]float64, fields)
		fill(one, nan)
		one[7] = 1
		feed(s, keys, func(i int) sample {
			if i == 0 {
				return sample{key: "all", vals: all}
			}
			return sample{key: fmt.Sprint(i), vals: one}
		})
		return s
	})
	if bytes > 12<<20 {
		t.Errorf("%d bytes for %d windows", bytes, keys+fields)
	}
}

// TestWaitingCountsWhatItTakes holds the memory of records that wait, with long
// keys and short ones, to 16 bytes for each sample that they count as.
func TestWaitingCountsWhatItTakes(t *testing.T) {
	for _, key := range []string{"k", strings.Repeat("k", 500)} {
		const limit = 500_000
		bytes, s := heapOf(func() *Stream {
			cfg := durations(DataClock, second)
			cfg.Late, cfg.MaxSamples = 1000*second, limit
			s := New(cfg)
			s.Setup(cfg)
			feed(s, 100_000, func(i int) sample { return sample{t: int64(i), key: key + fmt.Sprint(i), vals: []float64{1}} })
			return s
		})
		if refused := s.stats.Skipped[parse.TooManySamples]; s.late.cost > limit || refused < 20_000 {
			t.Errorf("waiting records count as %d, %d were refused", s.late.cost, refused)
		}
		if per := float64(bytes) / float64(s.late.cost); per > 20 {
			t.Errorf("keys of %d bytes: %.1f bytes for each sample that waiting records count as", len(key), per)
		}
	}
}

// TestHeldBackIsBounded has a record held back for each of many keys, and one that
// is far ahead, up to --max-samples.
func TestHeldBackIsBounded(t *testing.T) {
	cfg := durations(DataClock, second)
	cfg.Back, cfg.Ahead, cfg.MaxSamples = 10*second, 1000*second, 1000
	s := New(cfg)
	s.Setup(cfg)
	feed(s, 600, func(i int) sample {
		return sample{t: int64(600-i/300*500) * second, key: strings.Repeat("k", 100) + fmt.Sprint(i%300), vals: []float64{1}}
	})
	feed(s, 1, func(int) sample { return sample{t: 9000 * second, key: "k", vals: []float64{1}} })
	if s.late.cost > cfg.MaxSamples || s.late.cost < 600 || s.stats.Skipped[parse.TooManySamples] < 200 {
		t.Errorf("records held back count as %d of %d, %d refused", s.late.cost, cfg.MaxSamples, s.stats.Skipped[parse.TooManySamples])
	}
}

// TestFullIsNoDeadEnd has --max-samples reached: a record is refused only as
// long as its time moves nothing out of reach and --ttl forgets nothing by then.
func TestFullIsNoDeadEnd(t *testing.T) {
	at := func(t int64, key string) sample { return sample{t: t * second, key: key, vals: []float64{1}} }
	for _, c := range []struct {
		name   string
		change func(*Config)
		in     []sample
		want   string // refused as !
	}{
		{"windows", func(*Config) {}, []sample{at(1, "a"), at(1, "b"), at(100, "b"), at(9000, "b"), at(9000, "a")}, ".!..!"},
		{"a row to come", func(c *Config) { c.Every = Every{} }, []sample{at(1, "a"), at(100, "b"), at(9000, "b")}, ".!!"},
		{"a boundary between", func(c *Config) { c.Every = Every{D: 50 * second} }, []sample{at(1, "a"), at(100, "b"), at(9000, "b")}, "..."},
		{"ttl", func(c *Config) {
			c.Windows = configOf(1, []agg.Width{{Kind: agg.Count, N: 5}}, 1).Windows
			c.TTL = 10 * second
		}, []sample{at(1, "a"), at(2, "a"), at(5, "b"), at(11, "b"), at(12, "b"), at(30, "b")}, ".!!.!."},
		{"late", func(c *Config) { c.Late, c.MaxSamples = 5*second, 20 }, []sample{at(1, "a"), at(2, "a"), at(3, "a"), at(4, "b"), at(40, "b")}, "..!!."},
	} {
		cfg := durations(DataClock, second)
		cfg.MaxSamples = 1
		c.change(&cfg)
		s := New(cfg)
		s.Setup(cfg)
		got := ""
		for _, x := range c.in {
			before := s.stats.Skipped[parse.TooManySamples]
			feed(s, 1, func(int) sample { return x })
			got += map[bool]string{true: "!", false: "."}[s.stats.Skipped[parse.TooManySamples] > before]
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// TestAgenda holds an agenda to a look at every series: times become earlier and
// later, and never.
func TestAgenda(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 6))
		a := agenda{time: func(se *series) int64 { return se.due }, slot: 2}
		all := make([]*series, 1+r.IntN(5))
		for i := range all {
			all[i] = &series{queued: [agendas]int64{never, never, never}}
			all[i].due = never
		}
		added := map[*series]bool{}
		for range 300 {
			se := all[r.IntN(len(all))]
			if se.due = r.Int64N(40); r.IntN(3) == 0 {
				se.due = never
			}
			a.add(se)
			added[se] = true
			for now := r.Int64N(50); r.IntN(2) == 0; now = r.Int64N(50) {
				var want []int64
				for se := range added {
					if se.due <= now {
						want = append(want, se.due)
						delete(added, se)
					}
				}
				slices.Sort(want)
				var got []int64
				for se := a.first(); se != nil && se.due <= now; se = a.first() {
					a.pop()
					got = append(got, se.due)
				}
				if !slices.Equal(got, want) {
					t.Fatalf("seed %d: up to %d come %d, want %d", seed, now, got, want)
				}
			}
		}
	}
}
