package agg

import "math"

// quantile returns the q-quantile for 0 ≤ q ≤ 1, linear between neighbours
// (R-7, numpy's default), in the unit of the values. There is none (NaN) for
// an empty set. It never falls as q rises, is exactly a where both neighbours
// are a, and quantile(0.5) is the median to the last bit. O(log n) above
// orderMax values, else O(1).
// Source: Hyndman and Fan, Sample quantiles in statistical packages (1996).
func (o *order) quantile(q float64) float64 {
	n := o.len()
	if n == 0 {
		return math.NaN()
	}
	h := float64(q * float64(n-1))
	i := int(h)
	if i >= n-1 {
		a, from := o.run(n - 1)
		return a[n-1-from]
	}
	a, b := o.pair(i)
	return between(a, b, h-float64(i))
}

// pair returns the values of ranks i and i+1.
func (o *order) pair(i int) (a, b float64) {
	run, from := o.run(i)
	if i -= from; i+1 < len(run) {
		return run[i], run[i+1]
	}
	next, _ := o.run(from + len(run))
	return run[i], next[0]
}

// median returns the middle value, or the mean of the middle two rounded once;
// NaN for an empty set.
func (o *order) median() float64 { return o.quantile(0.5) }

// mad returns the median of the absolute deviations from the median, not
// scaled; NaN for an empty set. It looks at O(log n) values.
func (o *order) mad() float64 {
	v := o.all()
	return v.mad(o.median())
}

// iqr returns the 0.75-quantile less the 0.25-quantile; NaN for an empty set
// and where the difference is beyond float64.
func (o *order) iqr() float64 {
	return finite(o.quantile(0.75) - o.quantile(0.25))
}

// without returns median and mad of the set less one x, which must be in it;
// NaN where x is all there is, or nothing. The set itself stays as it is.
func (o *order) without(x float64) (median, mad float64) {
	v := o.all()
	v.n, v.skip = max(0, v.n-1), o.rank(x)
	median = v.median()
	return median, v.mad(median)
}

// all is the view of the whole set.
func (o *order) all() view {
	n := o.len()
	return view{n: n, skip: n, low: cursor{o: o}, high: cursor{o: o}}
}

// A view is an order seen without the value of rank skip, if there is one. It
// reads at two places, low and high, and serves until the order changes.
type view struct {
	n, skip   int
	low, high cursor
}

// A cursor reads the i-th smallest value and remembers the chunk it was in.
type cursor struct {
	o    *order
	a    []float64
	from int // rank of a[0]
}

// at returns the i-th smallest value, from 0, of an order without the value of
// rank skip.
func (c *cursor) at(i, skip int) float64 {
	if i >= skip {
		i++
	}
	if uint(i-c.from) >= uint(len(c.a)) {
		c.a, c.from = c.o.run(i)
	}
	return c.a[i-c.from]
}

func (v *view) median() float64 {
	if v.n == 0 {
		return math.NaN()
	}
	hi := v.low.at(v.n/2, v.skip)
	if v.n%2 == 1 {
		return hi
	}
	return middle(v.low.at(v.n/2-1, v.skip), hi)
}

// mad returns the median of |x−m|. The k values nearest to m stand side by
// side, and the farthest of them is the first or the last.
func (v *view) mad(m float64) float64 {
	if v.n == 0 {
		return math.NaN()
	}
	k := (v.n + 1) / 2
	lo := v.nearest(m, k)
	d := max(m-v.low.at(lo, v.skip), v.high.at(lo+k-1, v.skip)-m)
	if v.n%2 == 0 {
		d = middle(d, v.next(m, lo, lo+k))
	}
	return finite(d)
}

// nearest returns the rank at which the k values nearest to m begin: the first
// lo whose value is no farther from m than the one k ranks on.
func (v *view) nearest(m float64, k int) (lo int) {
	for n := v.n - k; n > 0; {
		half := (n + 1) / 2
		i := lo + half - 1
		lo += half & -less(v.high.at(i+k, v.skip)-m, m-v.low.at(i, v.skip))
		n -= half
	}
	return lo
}

// next returns the least |x−m| of the values outside of the ranks lo to hi-1,
// which hold those nearest to m.
func (v *view) next(m float64, lo, hi int) float64 {
	d := math.Inf(1)
	if lo > 0 {
		d = m - v.low.at(lo-1, v.skip)
	}
	if hi < v.n {
		d = min(d, v.high.at(hi, v.skip)-m)
	}
	return d
}

// between returns the point t of the way from a to b, for a ≤ b and 0 ≤ t < 1.
// It is numpy's formula, taken from the nearer end, and held on its own side
// of the middle, so that rounding cannot make it fall as t rises.
func between(a, b, t float64) float64 {
	mid := middle(a, b)
	switch {
	case t < 0.5:
		return min(toward(a, b, t), mid)
	case t > 0.5:
		return max(toward(b, a, 1-t), mid)
	}
	return mid
}

// toward returns a+(b-a)t, by way of the halves where b-a is beyond float64.
func toward(a, b, t float64) float64 {
	d := b - a
	if math.IsInf(d, 0) {
		return 2 * toward(a/2, b/2, t)
	}
	return a + float64(d*t)
}

// middle returns (a+b)/2, rounded once.
func middle(a, b float64) float64 {
	if s := a + b; !math.IsInf(s, 0) {
		return s / 2
	}
	return float64(a/2) + float64(b/2)
}

// finite returns x, or NaN where x is infinite.
func finite(x float64) float64 {
	if math.IsInf(x, 0) {
		return math.NaN()
	}
	return x
}

// rz is (x−median)/(1.4826·mad) of the newest value x, by median and mad of the
// set without it. There is none where there are no others, where their mad is 0
// or where it is beyond float64.
func (o *order) rz(x float64) float64 {
	median, mad := o.without(x)
	if mad == 0 {
		return math.NaN()
	}
	const normal = 1.4826 // mad of a normal distribution's samples to their std
	if d := x - median; !math.IsInf(d, 0) {
		return finite(d / mad / normal)
	}
	return finite((float64(x/2) - float64(median/2)) / (mad / 2) / normal)
}
