// Package clock reads and writes times and durations. A time is an int64 of
// nanoseconds since the Unix epoch, from 1678 to 2261; a duration is one of
// nanoseconds. It knows texts and numbers, and no field, record or stream.
package clock

import "math"

const second = 1_000_000_000 // in ns

// Times are in the whole years that int64 nanoseconds can hold: Min ≤ t < End.
const (
	Min = minSecond * second
	End = endSecond * second

	minSecond = -9214560000 // 1678-01-01T00:00:00Z
	endSecond = 9214646400  // 2262-01-01T00:00:00Z, the first that is too late
)

// Elapsed is how long it is from one time to another; a difference beyond 292
// years is as long as can be.
func Elapsed(from, to int64) int64 {
	d := to - from
	if (to >= from) == (d >= 0) {
		return d
	}
	if to > from {
		return math.MaxInt64
	}
	return math.MinInt64
}

// Later is t+d for a d of 0 or more, at most math.MaxInt64.
func Later(t, d int64) int64 {
	if t > math.MaxInt64-d {
		return math.MaxInt64
	}
	return t + d
}

// Ceil is the first multiple of d at or after t, math.MaxInt64 if there is none.
func Ceil(t, d int64) int64 {
	_, rest := floorDiv(t, d)
	return Later(t, (d-rest)%d)
}

// floorDiv is a/b rounded down, and the rest, 0 or more, for b > 0.
func floorDiv(a, b int64) (q, rest int64) {
	q, rest = a/b, a%b
	if rest < 0 {
		return q - 1, rest + b
	}
	return q, rest
}

// FloorSecond is the whole second in which t lies, in seconds.
func FloorSecond(t int64) int64 {
	sec, _ := floorDiv(t, second)
	return sec
}
