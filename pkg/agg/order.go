package agg

import "math"

// An order keeps a multiset of numbers sorted, so that any quantile of it is a
// look-up. The zero value is an empty set. NaN must not be put in; -0 is kept
// as 0. It stores 8 bytes a value and grows on demand.
type order struct {
	small []float64 // the values, ascending
}

// len returns how many values the set holds, equal ones counted each.
func (o *order) len() int { return len(o.small) }

// reset forgets all values and keeps the storage of a small set.
func (o *order) reset() { o.small = o.small[:0] }

// insert adds x. It allocates only while the set grows beyond its largest size
// so far.
func (o *order) insert(x float64) {
	x += 0 // -0 becomes 0
	i := lowerBound(o.small, x)
	o.small = append(o.small, 0)
	copy(o.small[i+1:], o.small[i:])
	o.small[i] = x
}

// remove takes one x out, which must be in the set.
func (o *order) remove(x float64) {
	i := lowerBound(o.small, x)
	mustHold(o.small, i, x)
	o.small = append(o.small[:i], o.small[i+1:]...)
}

// replace takes old out, which must be in the set, and puts x in: remove and
// insert in one shift of the values between the two.
func (o *order) replace(old, x float64) {
	x += 0
	i, j := lowerBound(o.small, old), lowerBound(o.small, x)
	mustHold(o.small, i, old)
	shift(o.small, i, j, x)
}

// at returns the i-th smallest value, from 0.
func (o *order) at(i int) float64 { return o.small[i] }

// rank returns how many values are less than x.
func (o *order) rank(x float64) int { return lowerBound(o.small, x) }

// quantile returns the q-quantile for 0 ≤ q ≤ 1, linear between neighbours
// (R-7, numpy's default), in the unit of the values. There is none (NaN) for
// an empty set. It never falls as q rises, is exactly a where both neighbours
// are a, and quantile(0.5) is the median to the last bit.
func (o *order) quantile(q float64) float64 { return o.all().quantile(q) }

// median returns the middle value, or the mean of the middle two; NaN for an
// empty set.
func (o *order) median() float64 { return o.all().median() }

// mad returns the median of the absolute deviations from the median, not
// scaled; NaN for an empty set. It looks at O(log n) values.
func (o *order) mad() float64 {
	v := o.all()
	return v.mad(v.median())
}

// iqr returns the 0.75-quantile less the 0.25-quantile; NaN for an empty set
// and where that is beyond float64.
func (o *order) iqr() float64 {
	return finite(o.quantile(0.75) - o.quantile(0.25))
}

// without returns median and mad of the set less one x, which must be in it;
// NaN where x is all there is. The set itself stays as it is.
func (o *order) without(x float64) (median, mad float64) {
	v := view{o, o.len() - 1, o.rank(x)}
	median = v.median()
	return median, v.mad(median)
}

// all is the view of the whole set.
func (o *order) all() view { return view{o, o.len(), o.len()} }

// A view is an order seen without the value of rank skip (none where skip ≥ n).
type view struct {
	o    *order
	n    int // how many values are seen
	skip int
}

// at returns the i-th smallest value seen, from 0.
func (v view) at(i int) float64 {
	if i >= v.skip {
		i++
	}
	return v.o.at(i)
}

func (v view) quantile(q float64) float64 {
	if v.n == 0 {
		return math.NaN()
	}
	h := q * float64(v.n-1)
	i := int(h)
	if i >= v.n-1 {
		return v.at(v.n - 1)
	}
	return between(v.at(i), v.at(i+1), h-float64(i))
}

func (v view) median() float64 {
	if v.n == 0 {
		return math.NaN()
	}
	hi := v.at(v.n / 2)
	if v.n%2 == 1 {
		return hi
	}
	return middle(v.at(v.n/2-1), hi)
}

// mad returns the median of |x−m|. The k values nearest to m stand side by
// side in the set; a binary search finds where they begin.
func (v view) mad(m float64) float64 {
	if v.n == 0 {
		return math.NaN()
	}
	k := (v.n + 1) / 2
	lo, hi := 0, v.n-k
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		if m-v.at(mid) > v.at(mid+k)-m {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	d := max(m-v.at(lo), v.at(lo+k-1)-m)
	if v.n%2 == 1 {
		return finite(d)
	}
	return finite(middle(d, v.nextDeviation(m, lo, k)))
}

// nextDeviation returns the least |x−m| outside of the k nearest values, which
// begin at lo.
func (v view) nextDeviation(m float64, lo, k int) float64 {
	d := math.Inf(1)
	if lo > 0 {
		d = m - v.at(lo-1)
	}
	if lo+k < v.n {
		d = min(d, v.at(lo+k)-m)
	}
	return d
}

// between returns the point t of the way from a to b, for a ≤ b and 0 ≤ t < 1.
// It is numpy's formula, from the nearer end, held on its own side of the
// middle, so that rounding cannot make it fall as t rises.
func between(a, b, t float64) float64 {
	mid := middle(a, b)
	if t < 0.5 {
		return min(toward(a, b, t), mid)
	}
	return max(toward(b, a, 1-t), mid)
}

// toward returns a+(b-a)*t. Where b-a is beyond float64 the two differ in sign,
// and a(1-t)+bt is not.
func toward(a, b, t float64) float64 {
	if d := b - a; !math.IsInf(d, 0) {
		return a + float64(d*t)
	}
	return float64(a*(1-t)) + float64(b*t)
}

// middle returns (a+b)/2, rounded once.
func middle(a, b float64) float64 {
	if s := a + b; !math.IsInf(s, 0) {
		return s / 2
	}
	return a/2 + b/2
}

// finite returns x, or NaN where x is infinite.
func finite(x float64) float64 {
	if math.IsInf(x, 0) {
		return math.NaN()
	}
	return x
}

// lowerBound returns how many values of the ascending a are less than x.
func lowerBound(a []float64, x float64) int {
	lo, hi := 0, len(a)
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		if a[mid] < x {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// mustHold panics where x does not stand at a[i]: the caller has lost count.
func mustHold(a []float64, i int, x float64) {
	if i == len(a) || a[i] != x {
		panic("agg: order: a value that is not in the set was taken out")
	}
}

// shift takes a[i] out and puts x in where j values are less than it.
func shift(a []float64, i, j int, x float64) {
	if j > i {
		j--
		copy(a[i:j], a[i+1:j+1])
	} else {
		copy(a[j+1:i+1], a[j:i])
	}
	a[j] = x
}
