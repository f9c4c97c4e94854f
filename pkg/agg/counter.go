package agg

import "math"

// oldest is the first value of the window.
func (b *batch) oldest(i int) float64 {
	if b.w.all != nil {
		return b.w.all.first
	}
	return b.w.xs[b.w.place(b.headAt(i))]
}

// newest is the last value of the window.
func (b *batch) newest(i int) float64 { return b.xs[i] }

// delta is last−first; none where that is beyond float64.
func (b *batch) delta(i int) float64 { return finite(b.xs[i] - b.oldest(i)) }

// rate is the increase per second from the first to the last sample of a
// counter, per sample without a clock. A drop is a restart from 0, so that what
// was counted before it is added: last − first + Σ(value before a drop). There
// is none where no time passes or where it is beyond float64.
func (b *batch) rate(i int) float64 {
	ns := b.passed(i)
	if ns == 0 {
		return math.NaN()
	}
	return finite(b.resets[i].over(b.oldest(i), b.xs[i], ns))
}

// passed returns the time from the first to the last sample of the window, in
// nanoseconds; without a clock a sample is a second.
func (b *batch) passed(i int) float64 {
	w := b.w
	switch {
	case !w.plan.clock:
		return float64(b.count(i)-1) * 1e9
	case w.all != nil:
		return elapsed(w.all.firstT, w.all.lastT)
	}
	return elapsed(w.ts[w.place(b.headAt(i))], b.ts[i])
}

// counterResets are the values before the drops of a counter over a segment of
// samples, added up: small ones, and large ones times 2^-64, so that neither
// sum overflows.
type counterResets struct {
	small, large float64
	first, last  float64 // sample
	n            int
}

// step goes on from sample a to sample b.
func (r *counterResets) step(a, b float64) {
	switch {
	case b >= a:
	case math.Abs(a) < 0x1p900:
		r.small += a
	default:
		r.large += float64(a * 0x1p-64)
	}
}

func joinResets(a, b counterResets) counterResets {
	if a.n == 0 {
		return b
	}
	if b.n == 0 {
		return a
	}
	a.step(a.last, b.first)
	return counterResets{a.small + b.small, a.large + b.large, a.first, b.last, a.n + b.n}
}

func counterSample(b *block, i int) counterResets {
	return counterResets{first: b.xs[i], last: b.xs[i], n: 1}
}

// over returns (last − first + what was counted before drops) per second.
func (r *counterResets) over(first, last, ns float64) float64 {
	seconds := ns / 1e9
	if x := (last - first) + r.small; r.large == 0 && !math.IsInf(x, 0) {
		if math.Abs(x) < 0x1p900 {
			return x * 1e9 / ns // exact where both are, as 4 in 9 ns is not in seconds
		}
		return x / seconds
	}
	x := float64(last*0x1p-64) - float64(first*0x1p-64) + float64(r.small*0x1p-64) + r.large
	return x / seconds * 0x1p64
}
