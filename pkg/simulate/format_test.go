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
	for _, x := range micros {
		if got, want := string(appendMicro(nil, x)), microSlow(x); got != want {
			t.Errorf("%d millionths are written %s, want %s", x, got, want)
		}
	}
}

func FuzzAppendMicro(f *testing.F) {
	for _, x := range micros {
		f.Add(x)
	}
	f.Fuzz(func(t *testing.T, x int64) {
		if got, want := string(appendMicro(nil, x)), microSlow(x); got != want {
			t.Errorf("%d millionths are written %s, want %s", x, got, want)
		}
	})
}

// atSlow is the slow twin of Rate.at: the time to the nearest ns, halves up.
func atSlow(r Rate, tick int64) *big.Int {
	t := new(big.Int).Mul(big.NewInt(tick), new(big.Int).SetUint64(2*second*r.Den))
	n := new(big.Int).SetUint64(r.Num)
	t.Add(t, n)
	return t.Div(t, n.Lsh(n, 1))
}

var rates = []struct {
	r    Rate
	tick int64
}{
	{Rate{10, 1}, 0}, {Rate{10, 1}, 1}, {Rate{3, 1}, 2}, {Rate{1, 60}, 1 << 27}, {Rate{44100, 1}, 1e12},
	{Rate{maxRate, 1}, math.MaxInt64}, {Rate{1, maxRate / 2}, 1}, {Rate{2e9, 1}, 1}, {Rate{2e9, 1}, 3}, {Rate{999_999_937, 7}, 1e15},
	{Rate{1, 1}, math.MaxInt64}, {Rate{8e9, 3}, 777},
}

func checkRate(t *testing.T, r Rate, tick int64) {
	t.Helper()
	want := atSlow(r, tick)
	if !want.IsInt64() {
		return
	}
	ns := r.at(tick)
	if ns != want.Int64() {
		t.Errorf("tick %d of %v is at %d, want %d", tick, r, ns, want)
	}
	// ticksUntil is the number of ticks not behind that moment.
	n := r.ticksUntil(ns)
	if n <= tick && n != math.MaxInt64 {
		t.Errorf("%v has %d ticks until tick %d", r, n, tick)
	}
	if last := atSlow(r, n-1); last.Cmp(big.NewInt(ns)) > 0 {
		t.Errorf("%v has %d ticks until %d, and the last is at %d", r, n, ns, last)
	}
	if n < math.MaxInt64 && atSlow(r, n).Cmp(big.NewInt(ns)) <= 0 {
		t.Errorf("%v has %d ticks until %d, and one more", r, n, ns)
	}
}

func TestRate(t *testing.T) {
	for _, c := range rates {
		checkRate(t, c.r, c.tick)
	}
	if n := (Rate{10, 1}).ticksUntil(-1); n != 0 {
		t.Errorf("%d ticks before the first", n)
	}
}

func FuzzRate(f *testing.F) {
	for _, c := range rates {
		f.Add(c.r.Num, c.r.Den, c.tick)
	}
	f.Fuzz(func(t *testing.T, num, den uint64, tick int64) {
		if r := (Rate{num, den}); r.ok() && tick >= 0 {
			checkRate(t, r, tick)
		}
	})
}
