package agg

import "math"

// sums are the moments of a window around a value c near its mean: the sums of
// the deviations x−c and of their powers. c and the deviations are scaled by
// 1/unit, a power of two.
type sums struct {
	n, c, unit     float64
	s1, s2, s3, s4 float64
}

// gather makes s the sums of the samples of xs, of which there must be one, and ys
// together, with third and fourth powers if asked, and returns the class of
// the largest. That is mostly the class of the first.
func (s *sums) gather(xs, ys []float64, powers bool) int {
	class := classOf(math.Abs(xs[0]))
	s.begin(xs[0], len(xs)+len(ys), class)
	s.add(xs)
	s.add(ys)
	if s.isLow() {
		s.settle(xs, ys, powers)
	} else {
		class = max(classIn(xs), classIn(ys))
		s.gatherIn(class, xs, ys, powers)
	}
	return class
}

// isLow reports whether it is certain that no sample which was added is of a higher
// class than that of s: scaled, it would be 2^64 or more.
func (s *sums) isLow() bool { return math.Abs(s.c) < 0x1p60 && s.s2 < 0x1p120 }

// gatherIn is gather in a class not lower than that of the largest; xs must not
// be empty.
func (s *sums) gatherIn(class int, xs, ys []float64, powers bool) {
	s.begin(xs[0], len(xs)+len(ys), class)
	s.add(xs)
	s.add(ys)
	s.settle(xs, ys, powers)
}

// begin makes s sums of n samples around x to which none has been added.
func (s *sums) begin(x float64, n, class int) {
	s.n, s.c, s.unit = float64(n), x*scaleOf(class), unscale(class)
	s.s1, s.s2, s.s3, s.s4 = 0, 0, 0, 0
}

// settle makes s, the sums of xs and ys around the first sample, sums around a
// better value where the first lies away from the mean, and adds the third and
// fourth powers if asked. A constant has sums of exactly 0.
func (s *sums) settle(xs, ys []float64, powers bool) {
	if m2 := s.squares(); s.s2 > 4*m2 {
		s.c = near(s.c+s.s1/s.n, math.Sqrt(max(m2, 0)/s.n))
		s.s1, s.s2 = 0, 0
		s.add(xs)
		s.add(ys)
	}
	if powers {
		s.addPowers(xs)
		s.addPowers(ys)
	}
}

// add adds the deviations of xs and their squares, in four threads: rounding
// errors that all go one way, as in a column of equal squares, are a quarter
// then.
func (s *sums) add(xs []float64) {
	k, c := 1/s.unit, s.c
	var a1, a2, a3, a4, b1, b2, b3, b4 float64
	i := 0
	for ; i+4 <= len(xs); i += 4 {
		q := xs[i : i+4 : i+4]
		x, y, z, w := float64(q[0]*k)-c, float64(q[1]*k)-c, float64(q[2]*k)-c, float64(q[3]*k)-c
		a1 += x
		a2 += y
		a3 += z
		a4 += w
		b1 += float64(x * x)
		b2 += float64(y * y)
		b3 += float64(z * z)
		b4 += float64(w * w)
	}
	for ; i < len(xs); i++ {
		d := float64(xs[i]*k) - c
		a1 += d
		b1 += float64(d * d)
	}
	s.s1 += (a1 + a2) + (a3 + a4)
	s.s2 += (b1 + b2) + (b3 + b4)
}

func (s *sums) addPowers(xs []float64) {
	k, c := 1/s.unit, s.c
	for _, x := range xs {
		d := float64(x*k) - c
		dd := float64(d * d)
		s.s3 += float64(dd * d)
		s.s4 += float64(dd * dd)
	}
}

// segment returns s as a segment with the sample one in it.
func (s *sums) segment(one float64, class int) segment {
	p, pe := twoMul(s.n, s.c)
	t := segment{n: s.n, one: one, class: class, m2: s.squares()}
	if s.s4 != 0 {
		m := s.s1 / s.n
		t.m3, t.m4 = s.cubes(m), s.fourths(m)
	}
	t.hi, t.lo = twoSum(p, s.s1)
	t.hi, t.lo = twoSum(t.hi, t.lo+pe)
	return t
}

// summarize returns the moments of xs, which must not be empty.
func summarize(xs []float64, powers bool) segment {
	var s sums
	class := s.gather(xs, nil, powers)
	return s.segment(xs[0], class)
}

// spread returns n·Σ(x−mean)². The difference loses a digit at the most, c being
// near the mean, and is exact for whole numbers.
func (s *sums) spread() float64 { return float64(s.n*s.s2) - float64(s.s1*s.s1) }

// squares returns Σ(x−mean)².
func (s *sums) squares() float64 { return s.spread() / s.n }

// cubes returns Σ(x−mean)³ and fourths Σ(x−mean)⁴, with m = s1/n.
func (s *sums) cubes(m float64) float64 {
	return s.s3 - float64(3*m*s.s2) + float64(2*m*m*s.s1)
}

func (s *sums) fourths(m float64) float64 {
	return s.s4 - float64(4*m*s.s3) + float64(6*m*m*s.s2) - float64(3*m*m*m*s.s1)
}

// sum is the sum of the window, in the unit of x; none where it is beyond
// float64.
func (s *sums) sum(float64) float64 { return finite(math.FMA(s.n, s.c, s.s1) * s.unit) }

// mean is the arithmetic mean of the window, Σx/n, in the unit of x. Its error
// is half an ulp of itself and some of the samples' spread.
func (s *sums) mean(float64) float64 { return (s.c + s.s1/s.n) * s.unit }

// variance is Σ(x−mean)²/(n−ddof), in the unit of x squared. There is none for
// ddof samples or fewer, or where it is beyond float64.
func (s *sums) variance(ddof float64) float64 {
	if s.n <= ddof {
		return math.NaN()
	}
	return finite(s.spread() / (s.n * (s.n - ddof)) * s.unit * s.unit)
}

// std is the standard deviation of the window, math.Sqrt(Σ(x−mean)²/(n−ddof)), in
// the unit of x. There is none for ddof samples or fewer; it is exactly 0 for
// a constant.
//
// Segments are joined, never subtracted, so an outlier that has left leaves
// no trace (TestOutlierLeavesNoTrace).
func (s *sums) std(ddof float64) float64 {
	if s.n <= ddof {
		return math.NaN()
	}
	return finite(s.deviation(ddof) * s.unit)
}

// deviation is std, scaled. Its one division is by what is the same for every
// sample of a full window.
func (s *sums) deviation(ddof float64) float64 {
	return math.Sqrt(s.spread() * (1 / (s.n * (s.n - ddof))))
}

// cv is std/mean. There is none where the mean is 0.
func (s *sums) cv(ddof float64) float64 {
	mean := s.c + s.s1/s.n
	if s.n <= ddof || mean*s.unit == 0 {
		return math.NaN()
	}
	return finite(s.deviation(ddof) / mean)
}

// rms is the quadratic mean math.Sqrt(Σx²/n), in the unit of x.
func (s *sums) rms(float64) float64 {
	mean := s.c + s.s1/s.n
	return math.Sqrt(float64(mean*mean)+s.spread()/(s.n*s.n)) * s.unit
}

// skew is Σ(x−mean)³/n divided by the cube of the population's std. There is
// none where that is 0.
func (s *sums) skew(float64) float64 {
	v := s.spread() / (s.n * s.n)
	return finite(s.cubes(s.s1/s.n) / s.n / (v * math.Sqrt(v)))
}

// kurt is Σ(x−mean)⁴/n divided by the population's variance squared, less 3.
// There is none where the variance is 0.
func (s *sums) kurt(float64) float64 {
	v := s.spread() / (s.n * s.n)
	return finite(s.fourths(s.s1/s.n)/s.n/(v*v)) - 3
}

// z is (x−mean)/std of a sample x that is not among the sums. There is none
// where std is 0 or does not exist.
func (s *sums) z(x, ddof float64) float64 {
	dev := s.deviation(ddof)
	if s.n <= ddof || s.n == 0 || dev == 0 {
		return math.NaN()
	}
	d := (x/s.unit - s.c) - s.s1/s.n
	if math.IsInf(d, 0) { // x is so large that the mean does not matter
		return finite(x * 0x1p-256 / s.unit / dev * 0x1p256)
	}
	return finite(d / dev)
}

// A segment is the moments of neighbouring samples. Its numbers but one are
// scaled to the class of the largest sample: the sum as two floats hi+lo whose
// sum is exact to some 100 bits, and the sums of the squares, cubes and fourth
// powers of the deviations from the mean.
type segment struct {
	n          float64
	hi, lo     float64
	m2, m3, m4 float64
	one        float64 // one of the samples
	class      int
}

// joinSegments returns the moments of a and b together, without third and fourth powers.
//
// Means are compared in twice the precision, so that a difference of 1 in 1e9
// is as exact as the samples are; with means in float64, std would be off by
// 4e-7 there. Nothing is ever taken out of a segment again.
// Source: Chan, Golub and LeVeque (1979).
func joinSegments(a, b segment) segment {
	switch {
	case a.n == 0:
		return b
	case b.n == 0:
		return a
	case a.class != b.class:
		a.raise(b.class)
		b.raise(a.class)
	}
	d := apart(&a, &b)
	a.m2 += b.m2 + float64(d*d*(a.n*(b.n/(a.n+b.n))))
	hi, lo := twoSum(a.hi, b.hi)
	a.hi, a.lo = twoSum(hi, lo+(a.lo+b.lo))
	a.n += b.n
	return a
}

// joinPowers is joinSegments with third and fourth powers.
// Source: Pébay (2008).
func joinPowers(a, b segment) segment {
	j := joinSegments(a, b)
	if a.n == 0 || b.n == 0 {
		return j
	}
	a.raise(j.class)
	b.raise(j.class)
	d := apart(&a, &b)
	p, q := a.n/j.n, b.n/j.n
	dd := float64(d * d)
	w := a.n * q
	j.m4 = a.m4 + b.m4 + float64(dd*dd*w*(float64(p*p)-float64(p*q)+float64(q*q))) +
		float64(6*dd*(float64(p*p*b.m2)+float64(q*q*a.m2))) +
		float64(4*d*(float64(p*b.m3)-float64(q*a.m3)))
	j.m3 = a.m3 + b.m3 + float64(dd*d*w*(p-q)) +
		float64(3*d*(float64(p*b.m2)-float64(q*a.m2)))
	return j
}

// apart returns the mean of b less that of a, exactly 0 for two segments of
// one and the same constant.
func apart(a, b *segment) float64 {
	if a.m2 == 0 && b.m2 == 0 && a.one == b.one {
		return 0
	}
	p, pe := twoMul(b.hi, a.n)
	q, qe := twoMul(a.hi, b.n)
	d, de := twoSum(p, -q)
	de += (pe - qe) + (float64(b.lo*a.n) - float64(a.lo*b.n))
	return (d + de) / (a.n * b.n)
}

// raise brings s to a class, if that is higher than its own.
func (s *segment) raise(class int) {
	if class <= s.class {
		return
	}
	f := scaleOf(class) * unscale(s.class)
	s.hi *= f
	s.lo *= f
	s.m2 = s.m2 * f * f
	s.m3 = s.m3 * f * f * f
	s.m4 = s.m4 * f * f * f * f
	s.class = class
}

// around returns the sums of s, not empty, around a value near its mean, all
// in a class not lower than its own.
func (s segment) around(class int) sums {
	s.raise(class)
	c := s.center()
	p, pe := twoMul(s.n, c)
	s1 := (s.hi - p) + (s.lo - pe)
	m := s1 / s.n
	mm := float64(m * m)
	return sums{
		n: s.n, c: c, unit: unscale(class),
		s1: s1,
		s2: s.m2 + float64(s1*m),
		s3: s.m3 + float64(3*m*s.m2) + float64(s1*mm),
		s4: s.m4 + float64(4*m*s.m3) + float64(6*mm*s.m2) + float64(float64(s1*m)*mm),
	}
}

// center returns a value near the mean of s, scaled: a round one, and for a
// constant the constant itself.
func (s *segment) center() float64 {
	if s.m2 == 0 {
		return s.one * scaleOf(s.class)
	}
	return near((s.hi+s.lo)/s.n, math.Sqrt(s.m2/s.n))
}

// Squares and fourth powers of float64 overflow and underflow long before the
// moments made of them do. So deviations are summed in a scale, 2 to the minus
// some multiple, that fits the magnitude of the largest sample: a scale is one
// of eight classes of magnitude, and samples of 1e-39 to 1e38 are all of class
// 0, whose scale is 1.
//
// Scaled, a largest sample lies in 2^-192..2^192. Deviations from a value of
// the same order are 0 or at least 2^-53 of the largest sample, so neither
// their fourth powers nor 2^50 of these leave float64's normal range; what
// underflows beside them is less than their rounding.
const (
	lowestClass  = -4
	highestClass = 3
)

var (
	down = [8]float64{0x1p960, 0x1p768, 0x1p512, 0x1p256, 1, 0x1p-256, 0x1p-512, 0x1p-832}
	up   = [8]float64{0x1p-960, 0x1p-768, 0x1p-512, 0x1p-256, 1, 0x1p256, 0x1p512, 0x1p832}
)

// scaleOf is what samples of a class are multiplied with, unscale what undoes it.
func scaleOf(class int) float64 { return down[class-lowestClass] }
func unscale(class int) float64 { return up[class-lowestClass] }

// limitOf is the magnitude from which on a sample is of a higher class.
func limitOf(class int) float64 {
	if class == highestClass {
		return math.Inf(1)
	}
	return math.Float64frombits(uint64(class*256+128+1023) << 52)
}

// classOf returns the class of a magnitude.
func classOf(a float64) int {
	exp := int(math.Float64bits(a)>>52)&0x7ff - 1023
	return min(max((exp+128)>>8, lowestClass), highestClass)
}

// classIn returns the class of the largest magnitude among xs, the lowest if
// there is none.
func classIn(xs []float64) int { return classOf(largest(xs)) }

// largest returns the largest magnitude among xs, 0 if there is none.
func largest(xs []float64) float64 {
	const noSign = 1<<63 - 1
	var a, b int64 // float64s without sign are ordered as their bits are
	for ; len(xs) > 1; xs = xs[2:] {
		a = max(a, int64(math.Float64bits(xs[0])&noSign))
		b = max(b, int64(math.Float64bits(xs[1])&noSign))
	}
	if len(xs) == 1 {
		a = max(a, int64(math.Float64bits(xs[0])&noSign))
	}
	return math.Float64frombits(uint64(max(a, b)))
}

// twoSum returns a+b and its rounding error (Knuth).
func twoSum(a, b float64) (s, e float64) {
	s = a + b
	v := s - a
	return s, (a - (s - v)) + (b - v)
}

// twoMul returns a·b and its rounding error.
func twoMul(a, b float64) (p, e float64) {
	p = float64(a * b) // not fused with a sum that p goes into
	return p, math.FMA(a, b, -p)
}

// near returns x rounded to a multiple of a power of two of about step/8, so
// that differences from it are exact for samples of few digits. With step 0 it
// is x.
func near(x, step float64) float64 {
	exp := int(math.Float64bits(step)>>52) & 0x7ff
	if exp <= 4 || exp >= 2046 {
		return x
	}
	grid := math.Float64frombits(uint64(exp-3) << 52)
	y := x * math.Float64frombits(uint64(2046+3-exp)<<52) // x/grid
	if math.Abs(y) >= 1<<52 {
		return x
	}
	return math.RoundToEven(y) * grid
}
