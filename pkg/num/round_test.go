package num

import (
	"math"
	"testing"
)

func TestRoundOut(t *testing.T) {
	for _, c := range []struct{ lo, hi, from, to, step float64 }{
		{0, 100, 0, 100, 50},
		{16, 81, 0, 100, 20},
		{-3, 7, -5, 10, 5},
		{20, 20.5, 20, 20.6, 0.2},
		{4, 4, 3.7, 4.2, 0.1},
		{0, 0, -1, 1, 0.5},
		{1e-12, 1e-12, 9.5e-13, 1.05e-12, 5e-14},
	} {
		from, to, step := RoundOut(c.lo, c.hi)
		if from != c.from || to != c.to || step != c.step {
			t.Errorf("RoundOut(%v, %v) = %v, %v, %v, want %v, %v, %v", c.lo, c.hi, from, to, step, c.from, c.to, c.step)
		}
	}
}

// TestRoundOutAnywhere: an axis holds its values, has length, and is finite.
func TestRoundOutAnywhere(t *testing.T) {
	all := []float64{-math.MaxFloat64, -1e300, -7, 0, 1e-12, 0.3, 1e300, math.MaxFloat64}
	for i, lo := range append(all, 5e-324) {
		for _, hi := range append(all[min(i, len(all)):], lo) {
			from, to, step := RoundOut(lo, hi)
			if !(from <= lo && hi <= to && from < to && step > 0) || math.IsInf(from, 0) || math.IsInf(to, 0) || math.IsInf(step, 0) {
				t.Errorf("RoundOut(%v, %v) = %v, %v, %v", lo, hi, from, to, step)
			}
		}
	}
}
