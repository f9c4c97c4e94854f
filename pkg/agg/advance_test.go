package agg

import (
	"math/rand/v2"
	"testing"
)

// Time that passes does nothing to windows that are no durations, however few
// samples there are in however large a ring.
func TestAdvanceOtherWindows(t *testing.T) {
	for _, width := range []Width{{Kind: Count, N: 300}, {Kind: All}} {
		for _, clock := range []bool{false, true} {
			w := NewPlan(width, pick("mean", "max"), Options{Clock: clock}).New()
			for i := range 40 {
				w.Push(int64(i)*1e9, 1)
				w.Advance(int64(i) * 2e9)
			}
			if w.Len() != 40 {
				t.Errorf("%v: %d samples, want 40", width, w.Len())
			}
		}
	}
}

// A window whose length changes from day to day holds the samples of its day,
// taken one by one or together.
func TestBack(t *testing.T) {
	const hour = 3600e9
	days := []int64{0, 24 * hour, 48 * hour, 71 * hour, 95 * hour, 120 * hour, 145 * hour} // of 24, 24, 23, 24, 25 and 25 hours
	back := func(t int64) int64 {
		for i, begin := range days[1:] {
			if t <= begin {
				return t - (begin - days[i])
			}
		}
		return t - 24*hour
	}
	p := NewPlan(Width{Kind: Duration, D: 24 * hour}, pick("count", "sum", "min"), Options{Back: back})
	r := rand.New(rand.NewPCG(1, 2))
	var ts []int64
	var xs []float64
	for at := int64(0); at < days[6]; at += r.Int64N(hour / 2) {
		ts, xs = append(ts, at), append(xs, float64(r.IntN(1000)))
	}
	compareSlide(t, r, p, ts, xs)
	w, cut := p.New(), back(0)
	for i, at := range ts {
		w.Push(at, xs[i])
		count := 0
		cut = max(cut, back(at)) // what has left stays away
		for _, old := range ts[:i+1] {
			if old > cut {
				count++
			}
		}
		if got := w.Value(0); got != float64(count) {
			t.Fatalf("count at %d = %v, want %d", at, got, count)
		}
	}
}
