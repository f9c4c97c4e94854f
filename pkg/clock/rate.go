package clock

import (
	"math"
	"math/bits"
)

// A Rate is Num/Den events a second, each from 1 to MaxRate. When they are is
// worked out in whole numbers, the same on every machine.
type Rate struct{ Num, Den uint64 }

// MaxRate is the greatest numerator of a Rate, and twice its greatest denominator.
const MaxRate = 1e10

// Ok reports whether Num and Den are in their range.
func (r Rate) Ok() bool {
	return r.Num >= 1 && r.Den >= 1 && r.Num <= MaxRate && r.Den <= MaxRate/2
}

// At is when event i is, from 0, to the nearest ns after event 0; math.MaxInt64
// where it does not fit.
func (r Rate) At(i int64) int64 {
	hi, lo := bits.Mul64(uint64(i), second*r.Den)
	lo, carry := bits.Add64(lo, r.Num/2, 0)
	hi += carry
	if hi >= r.Num {
		return math.MaxInt64
	}
	t, _ := bits.Div64(hi, lo, r.Num)
	return int64(min(t, math.MaxInt64))
}

// Until is how many events are at the time ns or before: the i for which
// At(i-1) <= ns < At(i). It is 0 for a time before the first.
func (r Rate) Until(ns int64) int64 {
	if ns < 0 {
		return 0
	}
	// round(i·P) <= ns  ⇔  i·P < ns+½  ⇔  i < (2·ns+1) / 2P, with P = Den·second/Num
	hi, lo := bits.Mul64(2*uint64(ns)+1, r.Num)
	if hi >= 2*second*r.Den {
		return math.MaxInt64
	}
	q, rest := bits.Div64(hi, lo, 2*second*r.Den)
	if rest > 0 {
		q++
	}
	return int64(min(q, math.MaxInt64))
}

// Fill fills dst with the times of events from the i-th on, as far as these are
// not later than until, and returns how many these are: 0 also where they are so
// far apart that they might not fit.
func (r Rate) Fill(dst []int64, i int64, until int64) int {
	t, step := r.At(i), second*r.Den/r.Num
	if t > until || len(dst) == 0 || step >= (math.MaxInt64-uint64(t))/uint64(len(dst)) {
		return 0
	}
	more := second * r.Den % r.Num
	if more == 0 {
		n := len(dst)
		if left := uint64(until-t) / step; left < uint64(n) {
			n = int(left) + 1
		}
		for k := range dst[:n] {
			dst[k] = t
			t += int64(step)
		}
		return n
	}
	_, lo := bits.Mul64(uint64(i), second*r.Den)
	rest := (lo + r.Num/2) - uint64(t)*r.Num // what is left of the division
	for k := range dst {
		if t > until {
			return k
		}
		dst[k] = t
		t += int64(step)
		if rest += more; rest >= r.Num {
			rest -= r.Num
			t++
		}
	}
	return len(dst)
}
