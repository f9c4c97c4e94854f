package simulate

import (
	"math"
	"math/bits"
)

// A Rate is Num/Den ticks a second, each from 1 to 1e10. Times of ticks are
// whole numbers' work and the same on every machine.
type Rate struct{ Num, Den uint64 }

const (
	second  = 1_000_000_000
	maxRate = 1e10
)

func (r Rate) ok() bool {
	return r.Num >= 1 && r.Den >= 1 && r.Num <= maxRate && r.Den <= maxRate/2
}

// at is the time of a tick, from 0, to the nearest ns, counted from the first.
// The time must fit in an int64 (ticksUntil says which do).
func (r Rate) at(tick int64) int64 {
	hi, lo := bits.Mul64(uint64(tick), r.Den*second)
	lo, carry := bits.Add64(lo, r.Num/2, 0)
	q, _ := bits.Div64(hi+carry, lo, r.Num)
	return int64(q)
}

// ticksUntil is how many ticks have a time of ns or less: the i for which
// at(i-1) <= ns < at(i). It is 0 for a time before the first tick.
func (r Rate) ticksUntil(ns int64) int64 {
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
