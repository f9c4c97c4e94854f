package simulate

import (
	"math"
	"math/big"
	"testing"
)

// microSlow is the slow twin of appendMicro.
func microSlow(x int64) string { return big.NewRat(x, micro).FloatString(6) }

var micros = []int64{
	0, 1, -1, 999_999, micro, -micro, 9_999_999, 10 * micro, 99_999_999, top, 123_456_789, 999_999_999, 1000 * micro,
	-1_234_567_890, 12_345_678_901, math.MaxInt64, math.MinInt64,
}

func TestAppendMicro(t *testing.T) {
	makeDigits()
	for _, x := range micros {
		if got, want := string(appendMicro(nil, x)), microSlow(x); got != want {
			t.Errorf("%d millionths are written %s, want %s", x, got, want)
		}
	}
}

func FuzzAppendMicro(f *testing.F) {
	makeDigits()
	for _, x := range micros {
		f.Add(x)
	}
	f.Fuzz(func(t *testing.T, x int64) {
		if got, want := string(appendMicro(nil, x)), microSlow(x); got != want {
			t.Errorf("%d millionths are written %s, want %s", x, got, want)
		}
	})
}
