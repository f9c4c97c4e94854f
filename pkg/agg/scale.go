package agg

import "math"

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
