package agg

import "math"

// sums are the moments of a window around a value c near its mean: the sums of
// the deviations x−c and of their powers. c and the deviations are scaled by
// 1/unit, a power of two.
type sums struct {
	n, c, unit     float64
	s1, s2, s3, s4 float64
}

// gather makes s the sums of the samples of xs and ys together, of which there
// must be one, with third and fourth powers if asked, and returns the class of
// the largest. That is mostly the class of the first.
func (s *sums) gather(xs, ys []float64, powers bool) int {
	if len(xs) == 0 {
		xs, ys = ys, nil
	}
	class := classOf(math.Abs(xs[0]))
	s.begin(xs[0], len(xs)+len(ys), class)
	if limit := limitOf(class); s.add(xs, limit) && s.add(ys, limit) {
		s.settle(xs, ys, powers)
		return class
	}
	class = max(classIn(xs), classIn(ys))
	s.gatherIn(class, xs, ys, powers)
	return class
}

// gatherIn is gather in a class not lower than that of the largest; xs must not
// be empty.
func (s *sums) gatherIn(class int, xs, ys []float64, powers bool) {
	s.begin(xs[0], len(xs)+len(ys), class)
	s.add(xs, math.Inf(1))
	s.add(ys, math.Inf(1))
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
		s.add(xs, math.Inf(1))
		s.add(ys, math.Inf(1))
	}
	if powers {
		s.addPowers(xs)
		s.addPowers(ys)
	}
}

// add adds the deviations of xs and their squares, in four threads: rounding
// errors that all go one way, as in a column of equal squares, are a quarter
// then. It returns false if it meets a sample of a magnitude of limit or more.
func (s *sums) add(xs []float64, limit float64) bool {
	k, c := 1/s.unit, s.c
	var a1, a2, a3, a4, b1, b2, b3, b4 float64
	for ; len(xs) >= 4; xs = xs[4:] {
		x, y, z, w := xs[0], xs[1], xs[2], xs[3]
		if !(math.Abs(x) < limit && math.Abs(y) < limit && math.Abs(z) < limit && math.Abs(w) < limit) {
			return false
		}
		x, y, z, w = float64(x*k)-c, float64(y*k)-c, float64(z*k)-c, float64(w*k)-c
		a1 += x
		a2 += y
		a3 += z
		a4 += w
		b1 += float64(x * x)
		b2 += float64(y * y)
		b3 += float64(z * z)
		b4 += float64(w * w)
	}
	for _, x := range xs {
		if !(math.Abs(x) < limit) {
			return false
		}
		d := float64(x*k) - c
		a1 += d
		b1 += float64(d * d)
	}
	s.s1 += (a1 + a2) + (a3 + a4)
	s.s2 += (b1 + b2) + (b3 + b4)
	return true
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

// stretch returns s as a stretch with the sample one in it.
func (s *sums) stretch(one float64, class int) stretch {
	p, pe := twoMul(s.n, s.c)
	t := stretch{n: s.n, one: one, class: class, m2: s.squares()}
	if s.s4 != 0 {
		m := s.s1 / s.n
		t.m3, t.m4 = s.cubes(m), s.fourths(m)
	}
	t.hi, t.lo = twoSum(p, s.s1)
	t.hi, t.lo = twoSum(t.hi, t.lo+pe)
	return t
}

// summarize returns the moments of xs, which must not be empty.
func summarize(xs []float64, powers bool) stretch {
	var s sums
	class := s.gather(xs, nil, powers)
	return s.stretch(xs[0], class)
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
// Stretches are joined, never subtracted, so an outlier that has left leaves
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
