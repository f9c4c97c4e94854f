package clock

import (
	"math"
	"testing"
)

func TestElapsed(t *testing.T) {
	for _, c := range []struct{ from, to, want int64 }{
		{1, 5, 4}, {5, 1, -4}, {-5, 5, 10}, {math.MinInt64, math.MaxInt64, math.MaxInt64}, {math.MaxInt64, math.MinInt64, math.MinInt64},
		{math.MinInt64, -1, math.MaxInt64}, {-9e18, 9e18, math.MaxInt64},
	} {
		if got := Elapsed(c.from, c.to); got != c.want {
			t.Errorf("Elapsed(%d, %d) = %d, want %d", c.from, c.to, got, c.want)
		}
	}
}

func TestCeil(t *testing.T) {
	for _, c := range []struct{ t, d, want int64 }{
		{0, 10, 0}, {1, 10, 10}, {10, 10, 10}, {-1, 10, 0}, {-10, 10, -10}, {-11, 10, -10}, {math.MaxInt64 - 1, 1e18, math.MaxInt64}, {math.MinInt64, 3, math.MinInt64 + 2},
	} {
		if got := Ceil(c.t, c.d); got != c.want {
			t.Errorf("Ceil(%d, %d) = %d, want %d", c.t, c.d, got, c.want)
		}
	}
}

func TestFloorSecond(t *testing.T) {
	for in, want := range map[int64]int64{0: 0, 1: 0, -1: -1, second: 1, -second: -1, -second - 1: -2} {
		if got := FloorSecond(in); got != want {
			t.Errorf("FloorSecond(%d) = %d, want %d", in, got, want)
		}
	}
}
