package agg

import "math"

// A stretch is the moments of neighbouring samples. Its numbers but one are
// scaled to the class of the largest sample: the sum as two floats hi+lo whose
// sum is exact to some 100 bits, and the sums of the squares, cubes and fourth
// powers of the deviations from the mean.
type stretch struct {
	n          float64
	hi, lo     float64
	m2, m3, m4 float64
	one        float64 // one of the samples
	class      int
}

// join returns the moments of a and b together, without third and fourth powers.
//
// Means are compared in twice the precision, so that a difference of 1 in 1e9
// is as exact as the samples are; with means in float64, std would be off by
// 4e-7 there. Nothing is ever taken out of a stretch again.
// Source: Chan, Golub and LeVeque (1979).
func join(a, b stretch) stretch {
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

// joinPowers is join with third and fourth powers.
// Source: Pébay (2008).
func joinPowers(a, b stretch) stretch {
	j := join(a, b)
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

// apart returns the mean of b less that of a, exactly 0 for two stretches of
// one and the same constant.
func apart(a, b *stretch) float64 {
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
func (s *stretch) raise(class int) {
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
func (s stretch) around(class int) sums {
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
func (s *stretch) center() float64 {
	if s.m2 == 0 {
		return s.one * scaleOf(s.class)
	}
	return near((s.hi+s.lo)/s.n, math.Sqrt(s.m2/s.n))
}
