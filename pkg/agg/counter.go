package agg

import "math"

// oldest is the first value of the window.
func (b *batch) oldest(i int) float64 {
	if b.w.all != nil {
		return b.w.all.first
	}
	return b.value(b.headAt(i))
}

// newest is the last value of the window.
func (b *batch) newest(i int) float64 { return b.xs[i] }

// delta is last−first; none where that is beyond float64.
func (b *batch) delta(i int) float64 { return finite(b.xs[i] - b.oldest(i)) }

// previous returns the sample before the window, if there is one, else its first.
// There is none before all samples and none after Reset.
func (b *batch) previous(i int) (from sample, before bool) {
	w := b.w
	if w.all != nil {
		return sample{w.all.first, w.all.firstT, true}, false
	}
	head := b.headAt(i)
	if head > w.seen-int64(w.n) { // it has left in this batch
		return b.sample(head - 1), true
	}
	if w.beyond.previous.ok {
		return w.beyond.previous, true
	}
	return w.sample(head), false
}

// increase is how much a counter has counted from the sample before the window,
// or where there is none from its first, to its last. A drop is a restart from 0,
// so that what was counted before it is added: last − from + Σ(value before a
// drop). There is none where that is beyond float64. Windows side by side lose no
// step (TestIncreaseLosesNoStep).
func (b *batch) increase(i int) float64 {
	x, _, unit := b.counted(i)
	return finite(x * unit)
}

// rate is increase per second passed, per sample without a clock. There is none
// where no time passes.
func (b *batch) rate(i int) float64 {
	x, ns, unit := b.counted(i)
	switch {
	case ns == 0:
		return math.NaN()
	case unit == 1 && math.Abs(x) < 0x1p900:
		return x * 1e9 / ns // exact where both are, as 4 in 9 ns is not in seconds
	}
	return finite(x / (ns / 1e9) * unit)
}

// counted returns the increase in a unit in which it does not overflow, and the
// nanoseconds in which it came about; without a clock a sample is a second.
func (b *batch) counted(i int) (x, ns, unit float64) {
	from, before := b.previous(i)
	r := b.resets[i]
	if before && r.first < from.x { // a restart: all of the first sample was counted since
		from.x = 0
	}
	if b.w.plan.clock {
		ns = elapsed(from.t, b.timeOf(i))
	} else if before {
		ns = float64(b.count(i)) * 1e9
	} else {
		ns = float64(b.count(i)-1) * 1e9
	}
	if x = (r.last - from.x) + r.small; r.large == 0 && !math.IsInf(x, 0) {
		return x, ns, 1
	}
	x = float64(r.last*0x1p-64) - float64(from.x*0x1p-64) + float64(r.small*0x1p-64) + r.large
	return x, ns, 0x1p64
}

// timeOf returns the time of the newest sample.
func (b *batch) timeOf(i int) int64 {
	if b.w.all != nil {
		return b.w.all.lastT
	}
	return b.ts[i]
}

// counterResets are the values before the drops of a counter over a segment of
// samples, added up: small ones, and large ones times 2^-64, so that neither
// sum overflows.
type counterResets struct {
	small, large float64
	first, last  float64 // sample
	n            int
}

// restart adds the value before a drop.
func (r *counterResets) restart(x float64) {
	if math.Abs(x) < 0x1p900 {
		r.small += x
	} else {
		r.large += float64(x * 0x1p-64)
	}
}

// behind adds the i-th sample of b behind r.
func (r *counterResets) behind(b *block, i int) { r.add(b.xs[i]) }

func (r *counterResets) add(x float64) {
	if r.n == 0 {
		r.first = x
	} else if x < r.last {
		r.restart(r.last)
	}
	r.last = x
	r.n++
}

// countBefore adds the i-th sample of b before r, which is not empty.
func (b *block) countBefore(i int, r *counterResets) {
	x := b.xs[i]
	if r.first < x {
		r.restart(x)
	}
	r.first = x
	r.n++
}

func joinResets(a, b counterResets) counterResets {
	if a.n == 0 {
		return b
	}
	if b.n == 0 {
		return a
	}
	if b.first < a.last {
		a.restart(a.last)
	}
	return counterResets{a.small + b.small, a.large + b.large, a.first, b.last, a.n + b.n}
}
