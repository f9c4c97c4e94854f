package simulate

import (
	"math"
	"math/bits"
)

// A Rate is how many ticks there are in a second, in millionths: the times of
// ticks are then whole numbers' work and the same on every machine.
type Rate uint64

// MinHz and MaxHz are the slowest and the fastest rate.
const (
	MinHz = 1e-6
	MaxHz = 1e9
)

// NewRate is the rate of hz ticks a second, to the nearest millionth. It is
// not ok for a rate outside MinHz to MaxHz.
func NewRate(hz float64) (r Rate, ok bool) {
	if !(hz >= MinHz && hz <= MaxHz) {
		return 0, false
	}
	return Rate(math.Round(hz * 1e6)), true
}

// nsMicro is a second in ns times the unit of a Rate.
const nsMicro = 1e15

// at is the time of a tick, from 0, to the nearest ns, counted from the first.
// The time must fit in an int64 (ticksUntil says which do).
func (r Rate) at(tick int64) int64 {
	hi, lo := bits.Mul64(uint64(tick), nsMicro)
	lo, carry := bits.Add64(lo, uint64(r)/2, 0)
	q, _ := bits.Div64(hi+carry, lo, uint64(r))
	return int64(q)
}

// ticksUntil is how many ticks have a time of ns or less: the i for which
// at(i-1) <= ns < at(i). It is 0 for a time before the first tick.
func (r Rate) ticksUntil(ns int64) int64 {
	if ns < 0 {
		return 0
	}
	// round(i·P) <= ns  ⇔  i·P < ns+½  ⇔  i < (2·ns+1)·r / 2·nsMicro
	hi, lo := bits.Mul64(2*uint64(ns)+1, uint64(r))
	if hi >= 2*nsMicro {
		return math.MaxInt64
	}
	q, rest := bits.Div64(hi, lo, 2*nsMicro)
	if rest > 0 {
		q++
	}
	return int64(min(q, math.MaxInt64))
}
