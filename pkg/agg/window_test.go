package agg

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

func everyAgg() []Agg {
	var aggs []Agg
	for _, a := range Table {
		if a.Name != "pNN" && !a.OfKey {
			aggs = append(aggs, a)
		}
	}
	for _, name := range []string{"p0", "p90", "p100"} {
		a, _ := Lookup(name)
		aggs = append(aggs, a)
	}
	return aggs
}

func pick(names ...string) []Agg {
	var aggs []Agg
	for _, name := range names {
		a, ok := Lookup(name)
		if !ok {
			panic("no aggregate " + name)
		}
		aggs = append(aggs, a)
	}
	return aggs
}

func TestWindow(t *testing.T) {
	aggs := everyAgg()
	for _, width := range []Width{{Kind: Count, N: 1}, {Kind: Count, N: 2}, {Kind: Count, N: 5}, {Kind: Count, N: 17}, {Kind: Count, N: 100},
		{Kind: Count, N: 300}, {Kind: All}, {Kind: Duration, D: 30e9}, {Kind: Duration, D: 140e9}} {
		for _, sh := range shapes {
			t.Run(fmt.Sprintf("%v/%s", width, sh.name), func(t *testing.T) {
				r := rand.New(rand.NewPCG(1, 2))
				p := NewPlan(width, aggs, Options{DDof: 1, Clock: width.N == 17})
				checkWindow(t, p, 450, func(i int) float64 { return sh.next(r, i) }, func(i int) int64 { return int64(1e9 * float64(i) * (1 + 0.2*r.Float64())) })
			})
		}
	}
}

func checkWindow(t *testing.T, p *Plan, n int, next func(i int) float64, when func(i int) int64) {
	t.Helper()
	w := p.New()
	var xs []float64
	var ts []int64
	bad := 0
	for i := range n {
		at := when(i)
		if i > 0 {
			at = max(at, ts[i-1])
		}
		xs, ts = append(xs, next(i)), append(ts, at)
		w.Push(at, xs[i])
		if i%29 != 0 && i > 12 {
			continue
		}
		s := reach(p.width, xs, ts)
		s.plan = p
		for j, a := range p.aggs {
			got, want := w.Value(j), s.value(a)
			if a.Name == "cv" && s.meanLost() {
				continue
			}
			if math.IsNaN(want) != math.IsNaN(got) || math.Abs(got-want) > s.tolerance(a, want) {
				if bad++; bad < 6 {
					t.Errorf("%s of %d samples after sample %d = %v, want %v (off by %.2g)", a.Name, len(s.xs), i, got, want, math.Abs(got-want)/math.Abs(want))
				}
			}
		}
	}
}
