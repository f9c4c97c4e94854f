package agg

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"
)

func TestPushAllocs(t *testing.T) {
	for _, width := range []Width{{Kind: Count, N: 1}, {Kind: Count, N: 100}, {Kind: Count, N: 2000}, {Kind: Duration, D: 100}, {Kind: Duration, D: 2000}, {Kind: All}} {
		aggs := everyAgg()
		if width.Kind == All {
			aggs = pick("mean", "std", "max", "skew", "z", "rate", "slope", "ewma", "first")
		}
		p := NewPlan(width, aggs, Options{})
		w := p.New()
		xs := uniforms(4096)
		t0 := int64(0)
		push := func() {
			for _, x := range xs[:500] {
				t0++
				w.Push(t0, x)
				for j := range p.aggs {
					w.Value(j)
				}
			}
		}
		for range 20 {
			push()
		}
		if n := testing.AllocsPerRun(20, push); n != 0 {
			t.Errorf("%v: %v allocations in 500 pushes, want 0", width, n)
		}
	}
}

func TestSlideAllocs(t *testing.T) {
	xs, ts := uniforms(4096), times(4096, func(int) int64 { return 1e9 })
	for _, width := range []Width{{Kind: Count, N: 10}, {Kind: Count, N: 100}, {Kind: Duration, D: 100e9}} {
		for _, aggs := range [][]Agg{pick("mean", "std", "max"), everyAgg()} {
			w := NewPlan(width, aggs, Options{}).New()
			dst := make([][]float64, len(aggs))
			for j := range dst {
				dst[j] = make([]float64, len(xs))
			}
			slide := func() {
				w.Slide(ts, xs, dst)
				for i := range ts {
					ts[i] += 4096e9
				}
			}
			slide()
			if n := testing.AllocsPerRun(5, slide); n != 0 {
				t.Errorf("%v of %d aggregates: %v allocations in a batch, want 0", width, len(aggs), n)
			}
		}
	}
}

// heldBytes returns the bytes of each of many windows made by fill.
func heldBytes(p *Plan, windows int, fill func(w *Window)) float64 {
	var before, after runtime.MemStats
	all := make([]*Window, windows)
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range all {
		all[i] = p.New()
		fill(all[i])
	}
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(all)
	return float64(after.HeapAlloc-before.HeapAlloc) / float64(windows)
}

func TestBytesHeld(t *testing.T) {
	xs := uniforms(4096)
	aggs := pick("mean", "std", "max")
	for _, c := range []struct {
		width         Width
		samples       int
		windows, most int // bytes a window
	}{
		{Width{Kind: Count, N: 100}, 250, 4000, 100 * 24},
		{Width{Kind: Count, N: 100}, 3, 10000, 256},
		{Width{Kind: Count, N: 1000000}, 3, 10000, 256},
		{Width{Kind: Count, N: 1 << 30}, 3000, 40, 3000 * 24},
		{Width{Kind: Count, N: 10000}, 22000, 30, 10000 * 12},
		{Width{Kind: Duration, D: 1e12}, 3, 10000, 320},
		{Width{Kind: All}, 5000, 1000, 1024},
	} {
		t.Run(fmt.Sprintf("%v/%d", c.width, c.samples), func(t *testing.T) {
			p := NewPlan(c.width, aggs, Options{})
			got := math.Inf(1)
			for range 3 { // other goroutines allocate too
				got = min(got, heldBytes(p, c.windows, func(w *Window) {
					for i := range c.samples {
						w.Push(int64(i), xs[i&4095])
						for j := range aggs {
							w.Value(j)
						}
					}
				}))
			}
			t.Logf("%.0f bytes a window", got)
			if got > float64(c.most) {
				t.Errorf("%.0f bytes a window of %d samples, want at most %d", got, c.samples, c.most)
			}
		})
	}
}

// A window of a duration that was once full of samples gives their room back, and
// all of it when none is in reach any more.
func TestDurationShrinks(t *testing.T) {
	w := NewPlan(Width{Kind: Duration, D: 1000}, pick("mean", "median"), Options{}).New()
	for i := range 100000 {
		w.Push(int64(i/100), float64(i))
	}
	w.Value(0)
	for i := range 1000 {
		w.Push(int64(2000+500*i), 1)
	}
	if w.Len() != 2 || cap(w.xs) > 64 {
		t.Errorf("%d samples in room for %d, want 2 in 64 at most", w.Len(), cap(w.xs))
	}
	for i := range 5000 {
		w.Push(600000, float64(i))
	}
	w.Value(0)
	if w.Advance(700000); w.xs != nil || w.ts != nil || w.parts != nil || w.ord.small != nil || w.ord.large != nil {
		t.Errorf("an empty window has room for %d samples, want none", cap(w.xs))
	}
}

// A key costs as few objects as can be: windows come in slabs, and the first
// sample takes one object, or two with its time.
func TestNewAllocs(t *testing.T) {
	for _, c := range []struct {
		width Width
		aggs  string
		most  float64
	}{
		{Width{Kind: Count, N: 100}, "mean", 1},
		{Width{Kind: Duration, D: 100}, "mean", 2},
		{Width{Kind: Count, N: 100}, "median", 2},
		{Width{Kind: Duration, D: 100}, "rate", 2},
		{Width{Kind: All}, "mean", 1},
	} {
		p := NewPlan(c.width, pick(c.aggs), Options{})
		p.New()
		n := testing.AllocsPerRun(3200, func() {
			w := p.New()
			w.Push(1, 2)
			w.Value(0)
		})
		if n > c.most {
			t.Errorf("a new window of %s over %v is %v objects, want %v at most", c.aggs, c.width, n, c.most)
		}
	}
}

func TestDuration(t *testing.T) {
	p := NewPlan(Width{Kind: Duration, D: 10}, pick("count", "sum", "rate", "slope", "delta", "median"), Options{})
	w := p.New()
	check := func(held, stale int, want ...float64) {
		t.Helper()
		if w.Len() != held || w.Held() != held || w.Stale(25) != stale {
			t.Errorf("len %d, held %d, stale at 25 %d, want %d, %d, %d", w.Len(), w.Held(), w.Stale(25), held, held, stale)
		}
		for j, x := range want {
			if got := w.Value(j); !equalStat(got, x) {
				t.Errorf("%s = %v, want %v", p.aggs[j].Name, got, x)
			}
		}
	}
	nan := math.NaN()
	check(0, 0, 0, nan, nan, nan, nan, nan)
	w.Push(5, 1)
	check(1, 1, 1, 1, nan, nan, 0, 1)
	w.Push(5, 2)
	check(2, 2, 2, 3, nan, nan, 1, 1.5)
	w.Push(14, 5)
	check(3, 3, 3, 8, 4e9/9, 3.5e9/9, 4, 2)
	w.Push(15, 4)
	check(2, 2, 2, 9, 7e8, -1e9, -1, 4.5)
	w.Advance(24)
	check(1, 1, 1, 4, 4e9, nan, 0, 4)
	w.Advance(30)
	check(0, 0, 0, nan, nan, nan, nan, nan)
	w.Push(math.MaxInt64-1, 4)
	w.Reset()
	w.Push(math.MinInt64, 4)
	w.Push(math.MaxInt64, 5)
	check(1, 0, 1, 5, 0x1p-64*1e9, nan, 0, 5)
}

func TestHeld(t *testing.T) {
	for _, c := range []struct {
		width Width
		agg   string
		held  int
	}{
		{Width{Kind: Count, N: 3}, "mean", 3},
		{Width{Kind: Count, N: 30}, "mean", 5},
		{Width{Kind: All}, "mean", 0},
		{Width{Kind: All}, "median", 5},
	} {
		p := NewPlan(c.width, pick(c.agg), Options{})
		w := p.New()
		for i := range 5 {
			w.Push(0, float64(i))
		}
		if w.Held() != c.held || p.Stores() != (c.held > 0) || w.Stale(1<<62) != 0 {
			t.Errorf("%v of %v holds %d, stores %v", c.width, c.agg, w.Held(), p.Stores())
		}
		w.Reset()
		if w.Held() != 0 || w.Len() != 0 || !math.IsNaN(w.Value(0)) {
			t.Errorf("%v of %v holds %d after Reset", c.width, c.agg, w.Held())
		}
	}
}

func TestLookup(t *testing.T) {
	for _, c := range []struct {
		name string
		ok   bool
		q    float64
	}{
		{"mean", true, 0}, {"age", true, 0}, {"p0", true, 0}, {"p50", true, 0.5}, {"p99.9", true, 0.999}, {"p100", true, 1},
		{"p100.1", false, 0}, {"p", false, 0}, {"pNN", false, 0}, {"p.5", false, 0}, {"p5.", false, 0}, {"p1e1", false, 0}, {"p-1", false, 0}, {"", false, 0}, {"Mean", false, 0},
	} {
		if a, ok := Lookup(c.name); ok != c.ok || a.q != c.q || ok && a.Name != c.name {
			t.Errorf("Lookup(%q) = %v with q %v, %v", c.name, a.Name, a.q, ok)
		}
	}
}

func TestPlan(t *testing.T) {
	for _, c := range []struct {
		width Width
		aggs  []string
		clock bool
		keeps string
		times bool
	}{
		{Width{Kind: Count, N: 9}, []string{"mean", "max", "count"}, true, "[moments extremes]", false},
		{Width{Kind: Count, N: 9}, []string{"rate", "p90"}, true, "[ends order]", true},
		{Width{Kind: Count, N: 9}, []string{"slope"}, false, "[moments trend]", false},
		{Width{Kind: Duration, D: 9}, []string{"count"}, true, "[]", true},
		{Width{Kind: All}, []string{"ewma"}, true, "[moments]", false},
	} {
		p := NewPlan(c.width, pick(c.aggs...), Options{Clock: c.clock})
		if got := fmt.Sprint(p.Summaries()); got != c.keeps || p.NeedsTime() != c.times {
			t.Errorf("%v of %v keeps %v, needs time %v; want %v, %v", c.width, c.aggs, got, p.NeedsTime(), c.keeps, c.times)
		}
	}
}

func TestExpNeg(t *testing.T) {
	makeExpTable()
	r := rand.New(rand.NewPCG(1, 1))
	for range 10000 {
		x := -750 * r.Float64() * r.Float64() * r.Float64() * r.Float64()
		got, want := expNeg(x), math.Exp(x)
		if math.Abs(got-want) > 5e-16*want+5e-324 {
			t.Errorf("expNeg(%v) = %v, want %v", x, got, want)
		}
	}
	if expNeg(0) != 1 || expNeg(-1e300) != 0 {
		t.Errorf("expNeg(0) = %v, expNeg(-1e300) = %v", expNeg(0), expNeg(-1e300))
	}
}
