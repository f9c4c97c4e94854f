package clock

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// atSlow is the slow twin of Rate.At: the time to the nearest ns, halves up.
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
	{Rate{MaxRate, 1}, math.MaxInt64}, {Rate{1, MaxRate / 2}, 1}, {Rate{2e9, 1}, 1}, {Rate{2e9, 1}, 3}, {Rate{999_999_937, 7}, 1e15},
	{Rate{1, 1}, math.MaxInt64}, {Rate{8e9, 3}, 777},
}

func checkRate(t *testing.T, r Rate, tick int64) {
	t.Helper()
	want := atSlow(r, tick)
	if !want.IsInt64() {
		return
	}
	ns := r.At(tick)
	if ns != want.Int64() {
		t.Errorf("tick %d of %v is at %d, want %d", tick, r, ns, want)
	}
	// Until is the number of ticks not behind that moment.
	n := r.Until(ns)
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
	if n := (Rate{10, 1}).Until(-1); n != 0 {
		t.Errorf("%d ticks before the first", n)
	}
}

func FuzzRate(f *testing.F) {
	for _, c := range rates {
		f.Add(c.r.Num, c.r.Den, c.tick)
	}
	f.Fuzz(func(t *testing.T, num, den uint64, tick int64) {
		if r := (Rate{num, den}); r.Ok() && tick >= 0 {
			checkRate(t, r, tick)
		}
	})
}

// TestRateFill holds times that are added up to times that are worked out one by one.
func TestRateFill(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for range 3000 {
		rate := Rate{Num: 1 + r.Uint64N(1<<r.IntN(30)), Den: 1 + r.Uint64N(1<<r.IntN(30))}
		if r.IntN(2) == 0 {
			rate = Rate{Num: []uint64{1, 2, 10, 1000, 1e9}[r.IntN(5)], Den: 1}
		}
		i, dst := 1+r.Int64N(1e6), make([]int64, 1+r.IntN(100))
		until := int64(math.MaxInt64)
		if first := rate.At(i); r.IntN(2) == 0 && first < math.MaxInt64/2 {
			until = first + r.Int64N(100)*int64(1e9*rate.Den/rate.Num/2+1) - 2
		}
		n := rate.Fill(dst, i, until)
		for k, got := range dst[:n] {
			if want := rate.At(i + int64(k)); got != want || got > until {
				t.Fatalf("%+v: record %d is at %d, want %d, until %d", rate, i+int64(k), got, want, until)
			}
		}
		if n < len(dst) && rate.At(i+int64(len(dst))) < math.MaxInt64/4 && rate.At(i+int64(n)) <= until {
			t.Fatalf("%+v: %d times from %d until %d", rate, n, i, until)
		}
	}
}
