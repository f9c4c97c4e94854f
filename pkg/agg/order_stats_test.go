package agg

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestOrderStats(t *testing.T) {
	big := math.MaxFloat64
	nan := math.NaN()
	for _, c := range []struct {
		name             string
		in               []float64
		median, mad, iqr float64
		p90              float64 // plain R-7 formula in python3, as numpy.percentile(in, 90)
	}{
		{"empty", nil, nan, nan, nan, nan},
		{"one", []float64{7}, 7, 0, 0, 7},
		{"two", []float64{1, 2}, 1.5, 0.5, 0.5, 1.9},
		{"three", []float64{3, 1, 2}, 2, 1, 1, 2.8},
		{"four", []float64{4, 1, 3, 2}, 2.5, 1, 1.5, 3.7},
		{"ten", []float64{10, 20, 30, 40, 50, 60, 70, 80, 90, 100}, 55, 25, 45, 91},
		{"outlier", []float64{1, 1, 2, 2, 4, 6, 9}, 2, 1, 3.5, 7.200000000000001}, // mad: the example of Wikipedia
		{"constant", []float64{0.1, 0.1, 0.1}, 0.1, 0, 0, 0.1},
		{"both zeros", []float64{math.Copysign(0, -1), 0}, 0, 0, 0, 0},
		{"widest two", []float64{-big, big}, 0, big, big, 1.4381545078898526e+308},
		{"iqr beyond float64", []float64{-big, -big, big, big}, 0, big, nan, big},
		{"largest two", []float64{big, big}, big, 0, 0, big},
		{"smallest two", []float64{0, 5e-324}, 0, 0, 5e-324, 5e-324},
	} {
		t.Run(c.name, func(t *testing.T) {
			var o order
			for _, x := range c.in {
				o.insert(x)
			}
			for _, s := range []struct {
				name      string
				got, want float64
			}{
				{"median", o.median(), c.median},
				{"mad", o.mad(), c.mad},
				{"iqr", o.iqr(), c.iqr},
				{"p90", o.quantile(0.9), c.p90},
			} {
				if !equalStat(s.got, s.want) || math.Signbit(s.got) && s.got == 0 {
					t.Errorf("%s of %v = %v, want %v", s.name, c.in, s.got, s.want)
				}
			}
		})
	}
}

func TestOrderWithout(t *testing.T) {
	for _, c := range []struct {
		in          []float64
		x           float64
		median, mad float64
	}{
		{nil, 5, math.NaN(), math.NaN()},
		{[]float64{5}, 5, math.NaN(), math.NaN()},
		{[]float64{5, 9}, 9, 5, 0},
		{[]float64{1, 2, 3, 100}, 100, 2, 1},
		{[]float64{1, 2, 3, 100}, 1, 3, 1},
		{[]float64{2, 2, 2, 8, 9}, 2, 5, 3},
		{[]float64{0, 1, 3}, math.Copysign(0, -1), 2, 1},
	} {
		var o order
		for _, x := range c.in {
			o.insert(x)
		}
		median, mad := o.without(c.x)
		if !equalStat(median, c.median) || !equalStat(mad, c.mad) {
			t.Errorf("%v without %v: median %v, mad %v, want %v, %v", c.in, c.x, median, mad, c.median, c.mad)
		}
		if o.len() != len(c.in) {
			t.Errorf("%v without %v: %d values left", c.in, c.x, o.len())
		}
	}
}

// The result lies between its neighbours, never falls as t rises, and is
// within an ulp and a half of the larger neighbour from the exact value.
func TestBetween(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	pairs := [][2]float64{
		{-math.MaxFloat64, math.MaxFloat64}, {1e308, math.MaxFloat64}, {-1e308, 1e308}, {0, 5e-324},
		{-1, 1 + 3*0x1p-52}, {-1, math.Nextafter(1, 2)}, {1, math.Nextafter(1, 2)}, {7, 7}, {-5e-324, 1e308}, {0.1, 0.7},
	}
	for range 2000 {
		a, b := math.Ldexp(r.NormFloat64(), r.IntN(60)-30), math.Ldexp(r.NormFloat64(), r.IntN(60)-30)
		pairs = append(pairs, [2]float64{min(a, b), max(a, b)})
	}
	for _, p := range pairs {
		a, b := p[0], p[1]
		ts := []float64{0, 5e-324, 0.25, math.Nextafter(0.5, 0), 0.5, math.Nextafter(0.5, 1), 0.75, math.Nextafter(1, 0)}
		for range 20 {
			ts = append(ts, r.Float64())
		}
		slices.Sort(ts)
		prev := a
		for _, x := range ts {
			got := between(a, b, x)
			if got < prev || got > b || x == 0 && got != a || x == 0.5 && got != middle(a, b) {
				t.Fatalf("between(%v, %v, %v) = %v, before it %v", a, b, x, got, prev)
			}
			prev = got
			want := exactBetween(a, b, x)
			err := math.Abs(got - want)
			largest := max(math.Abs(a), math.Abs(b))
			if bound := 1.5 * (math.Nextafter(largest, math.Inf(1)) - largest); err > bound {
				t.Fatalf("between(%v, %v, %v) = %v, exactly %v", a, b, x, got, want)
			}
		}
	}
}

func exactBetween(a, b, t float64) float64 {
	f := func(x float64) *big.Float { return new(big.Float).SetPrec(4000).SetFloat64(x) }
	d := f(b)
	d.Sub(d, f(a)).Mul(d, f(t)).Add(d, f(a))
	x, _ := d.Float64()
	return x
}
