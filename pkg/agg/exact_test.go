package agg

import (
	"math"
	"math/rand/v2"
	"testing"
)

// pairwise is numpy's sum: halves down to 128, eight threads below.
func pairwise(xs []float64) float64 {
	if n := len(xs); n > 128 {
		half := n / 2 / 8 * 8
		return pairwise(xs[:half]) + pairwise(xs[half:])
	}
	var r [8]float64
	for ; len(xs) >= 8; xs = xs[8:] {
		for i := range r {
			r[i] += xs[i]
		}
	}
	s := ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]))
	for _, x := range xs {
		s += x
	}
	return s
}

// twoPass is numpy's std.
func twoPass(xs []float64) float64 {
	mean := pairwise(xs) / float64(len(xs))
	dev := make([]float64, len(xs))
	for i, x := range xs {
		dev[i] = (x - mean) * (x - mean)
	}
	return math.Sqrt(pairwise(dev) / float64(len(xs)))
}

// off is the relative error of got.
func off(got float64, s slow, a Agg) float64 {
	want := s.value(a)
	if got == want {
		return 0
	}
	if want == 0 {
		return math.Inf(1)
	}
	return math.Abs(got-want) / math.Abs(want)
}

// std is right to 1e-12, and 1e-13 where it is not stated, wherever two passes
// over the window's samples alone are.
func TestStdIsAsGoodAsTwoPasses(t *testing.T) {
	std := pick("std")[0]
	for _, width := range []Width{{Kind: Count, N: 7}, {Kind: Count, N: 100}, {Kind: Count, N: 1000}, {Kind: Count, N: 20000}, {Kind: All}} {
		worst, by := 0.0, ""
		for _, sh := range shapes {
			p := NewPlan(width, []Agg{std}, Options{})
			w := p.New()
			r := rand.New(rand.NewPCG(9, 9))
			var xs []float64
			for i := range 3*min(width.N, 1000) + width.N + 1000 {
				xs = append(xs, sh.next(r, i))
				w.Push(0, xs[i])
				if i%max(97, (width.N+1000)/8) != 0 {
					continue
				}
				s := reach(width, xs, nil)
				s.plan = p
				got, two := off(w.Value(0), s, std), off(twoPass(s.xs), s, std)
				if !(got <= 1e-12) && two <= 1e-12 {
					t.Errorf("%v, %s, sample %d: std is off by %.2g, two passes by %.2g", width, sh.name, i, got, two)
				}
				if got > worst {
					worst, by = got, sh.name
				}
			}
		}
		t.Logf("%v: std is off by %.2g at most, on %s", width, worst, by)
		if worst > 1e-13 {
			t.Errorf("%v: std is off by %.2g on %s, want 1e-13", width, worst, by)
		}
	}
}

func TestOutlierLeavesNoTrace(t *testing.T) {
	for _, size := range []int{3, 20, 100, 1000, 20000} {
		for _, outlier := range []float64{1e12, 1e16, 1e300, -1e308, 5e-324} {
			p := NewPlan(Width{Kind: Count, N: size}, everyAgg(), Options{})
			dirty, clean := p.New(), p.New()
			r := rand.New(rand.NewPCG(1, 1))
			for range 2*size + 300 {
				dirty.Push(0, outlier*r.Float64())
				clean.Push(0, 7)
			}
			for range size + 1 { // what is counted begins at the sample before the window
				x := r.NormFloat64()
				dirty.Push(0, x)
				clean.Push(0, x)
			}
			for j, a := range p.aggs {
				if got, want := dirty.Value(j), clean.Value(j); !equalStat(got, want) {
					t.Errorf("%s of the last %d, %g having left, = %v, want %v", a.Name, size, outlier, got, want)
				}
			}
		}
	}
}

func TestConstantHasNoSpread(t *testing.T) {
	for _, x := range []float64{0.1, 1e9 + 0.1, -1e308, math.MaxFloat64, 3e-310, 0, 20.3} {
		for _, width := range []Width{{Kind: Count, N: 5}, {Kind: Count, N: 100}, {Kind: Count, N: 3000}, {Kind: Duration, D: 500}} {
			w := NewPlan(width, pick("std", "mean", "range", "ewma", "skew"), Options{}).New()
			r := rand.New(rand.NewPCG(1, 1))
			for i := range 4000 {
				y := x + 3*r.NormFloat64()
				if i >= 700 {
					y = x
				}
				w.Push(int64(i), y)
				if i-700+1 < w.Len() {
					continue
				}
				if std, mean := w.Value(0), w.Value(1); std != 0 || mean != x || w.Value(2) != 0 || w.Value(3) != x || !math.IsNaN(w.Value(4)) {
					t.Fatalf("%v, sample %d: %v has std %v, mean %v, range %v, ewma %v, skew %v", width, i, x, std, mean, w.Value(2), w.Value(3), w.Value(4))
				}
			}
		}
	}
}

// Of 1e16 1 2 3 1 2 3, a window of 3 that subtracts has mean 1.667 and std 0.
func TestSpikePasses(t *testing.T) {
	w := NewPlan(Width{Kind: Count, N: 3}, pick("mean", "std"), Options{}).New()
	for _, x := range []float64{1e16, 1, 2, 3, 1, 2, 3} {
		w.Push(0, x)
	}
	const std = 0.816496580927726 // python3: statistics.pstdev([1, 2, 3])
	if mean := w.Value(0); mean != 2 || math.Abs(w.Value(1)-std) > 1e-15 {
		t.Errorf("mean %v, std %v, want 2, %v", mean, w.Value(1), std)
	}
}

// Samples that fall have slopes whose mean time lies before the time it is
// counted from, and a quantile at a whole rank is a sample itself: a negative
// number as an unsigned one and a fused product made them -1.005 and -8.9e-16
// on some CPUs.
func TestSameOnEveryCPU(t *testing.T) {
	w := NewPlan(Width{Kind: Count, N: 300}, pick("slope"), Options{}).New()
	for i := range 1000 {
		w.Push(0, float64(1000-i))
		if got := w.Value(0); i > 0 && math.Abs(got+1) > 1e-12 {
			t.Fatalf("slope after sample %d = %v, want -1", i, got)
		}
	}
	w = NewPlan(Width{Kind: Count, N: 21}, pick("p95"), Options{}).New()
	for i := range 21 {
		w.Push(0, float64(i/20))
	}
	if got := w.Value(0); got != 0 {
		t.Errorf("p95 of twenty zeros and a one = %v, want 0", got)
	}
	for _, c := range []struct {
		t    int64
		ns   float64
		want int64
	}{{5, -7, -2}, {math.MinInt64, 0x1p63, 0}, {math.MaxInt64, -0x1p63, -1}, {0, 3, 3}, {9, -1, 8}} {
		if got := later(c.t, c.ns); got != c.want {
			t.Errorf("later(%d, %v) = %d, want %d", c.t, c.ns, got, c.want)
		}
	}
}
