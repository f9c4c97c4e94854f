package num

import (
	"math"
	"strconv"
	"strings"
)

// RoundOut widens lo and hi to round numbers for the ends of an axis, and
// returns how far its ticks are apart: 1, 2 or 5 times a power of ten. They are
// never equal, nor beyond float64.
func RoundOut(lo, hi float64) (from, to, step float64) {
	if d := max(math.Abs(lo), math.Abs(hi)) * 1e-9; hi-lo <= d {
		d = max(math.Abs(lo)/20, 1e-300)
		if lo == 0 {
			d = 1
		}
		lo, hi = bounded(lo-d), bounded(hi+d)
	}
	step = RoundStep(float64(hi/4) - float64(lo/4))
	return bounded(math.Floor(lo/step) * step), bounded(math.Ceil(hi/step) * step), step
}

// bounded is x, or the greatest number of its sign if x is beyond it.
func bounded(x float64) float64 { return max(-math.MaxFloat64, min(math.MaxFloat64, x)) }

// RoundStep is the first of 1, 2, 5, 10, … times a power of ten that is x, finite, or more.
// The power comes from the digits of x: a logarithm would not be the same on
// every CPU.
func RoundStep(x float64) float64 {
	_, exponent, _ := strings.Cut(strconv.FormatFloat(x, 'e', -1, 64), "e")
	for _, m := range []string{"1", "2", "5"} {
		if step, _ := strconv.ParseFloat(m+"e"+exponent, 64); step >= x*(1-1e-9) {
			return step
		}
	}
	e, _ := strconv.Atoi(exponent)
	step, _ := strconv.ParseFloat("1e"+strconv.Itoa(e+1), 64)
	return bounded(step)
}
