package agg

import (
	"math"
	"sync"
)

// A weightedMean is the mean of a segment of samples, each with a weight.
type weightedMean struct {
	mean, weight float64
	at           int64 // time, or number, at which the weight of a sample is 1
}

// mix returns a, with the given weight, and b together.
func (a weightedMean) mix(weight float64, b weightedMean) weightedMean {
	sum := weight + b.weight
	share := b.weight / sum
	mean := a.mean + float64((b.mean-a.mean)*share)
	if math.IsInf(b.mean-a.mean, 0) {
		mean = float64(a.mean*(1-share)) + float64(b.mean*share)
	}
	return weightedMean{mean, sum, b.at}
}

// A fading says how weights fall as samples grow old: to (1−α)^n after n samples,
// α = 2/(W+1), in a window of W samples, and to e^(−2t/W) after a time t in one
// of a duration W.
type fading struct {
	perNS  float64 // −2/W, if it is a duration
	keep   float64 // 1−α, if it is a count
	powers []float64
	passed int64   // between the samples added last
	faded  float64 // what is left of a weight then
}

func (f *fading) init(w Width) {
	switch w.Kind {
	case Duration:
		makeExpTable()
		f.perNS = -2 / float64(w.D)
	case Count:
		f.keep = 1 - 2/(float64(w.N)+1)
	}
	f.faded = 1
}

// after returns by what factor a weight falls from a to b.
func (f *fading) after(a, b int64) float64 {
	if f.perNS < 0 {
		return expNeg(elapsed(a, b) * f.perNS)
	}
	n := b - a
	if uint64(n) >= 512 { // negative for nodes of the tree that go around the end of the ring, which nobody reads
		return power(f.keep, n)
	}
	for int(n) >= len(f.powers) { // few more are asked for than a block has samples
		f.powers = append(f.powers, power(f.keep, int64(len(f.powers))))
	}
	return f.powers[n]
}

// join returns a and b, which lies behind a, together: all of a weighs less by
// what passes to the end of b.
func (f *fading) join(a, b weightedMean) weightedMean {
	switch {
	case a.weight == 0:
		return b
	case b.weight == 0:
		return a
	}
	return a.mix(a.weight*f.after(a.at, b.at), b)
}

// behind adds the i-th sample of b behind a.
func (f *fading) behind(a *weightedMean, b *block, i int) {
	x := f.sample(b, i)
	if a.weight == 0 {
		*a = x
		return
	}
	if passed := x.at - a.at; passed != f.passed { // mostly the same again and again
		f.passed, f.faded = passed, f.after(a.at, x.at)
	}
	*a = a.mix(a.weight*f.faded, x)
}

// before adds the i-th sample of b before a.
func (f *fading) before(b *block, i int, a *weightedMean) { *a = f.join(f.sample(b, i), *a) }

// sample returns the weighted mean of the i-th sample of b alone.
func (f *fading) sample(b *block, i int) weightedMean {
	at := b.number + int64(i)
	if f.perNS < 0 {
		at = b.ts[i]
	}
	return weightedMean{b.xs[i], 1, at}
}

// power returns x to the n-th, by squaring.
func power(x float64, n int64) float64 {
	y := 1.0
	for ; n > 0; n >>= 1 {
		if n&1 != 0 {
			y *= x
		}
		x *= x
	}
	return y
}

// expNeg returns e^x for x ≤ 0, within 2 ulp. Unlike math.Exp, which is
// assembly on some CPUs, it is the same to the last bit on all. Weights of
// samples in a window are e^−2 and more, for which there is a table.
func expNeg(x float64) float64 {
	k := math.Floor(0.5 - float64(x*expSteps))
	if !(k < float64(len(expTable))) {
		return expSlow(x)
	}
	r := x + float64(k/expSteps) // exact, |r| ≤ 1/256
	y := float64(r * (1. / 120))
	y = float64(r * (1./24 + y))
	y = float64(r * (1./6 + y))
	y = r + float64(float64(r*r)*(0.5+y))
	e := expTable[int(k)]
	return e + float64(e*y)
}

const expSteps = 128 // of the table, for each 1

// expTable has e^−(k/expSteps), a little beyond e^−2, once makeExpTable was called.
var expTable [2*expSteps + 8]float64

var makeExpTable = sync.OnceFunc(func() {
	for k := range expTable {
		expTable[k] = expSlow(-float64(k) / expSteps)
	}
})

func expSlow(x float64) float64 {
	const ln2Hi, ln2Lo = 6.93147180369123816490e-01, 1.90821492927058770002e-10
	if x < -745 {
		return 0
	}
	k := math.Floor(x/math.Ln2 + 0.5)
	r := (x - float64(k*ln2Hi)) - float64(k*ln2Lo)
	y := 1.0
	for i := 14.0; i > 0; i-- { // Taylor's series, |r| ≤ 0.35
		y = 1 + float64(y*r)/i
	}
	return math.Ldexp(y, int(k))
}

// ewma is the weighted mean Σwx/Σw of the window's samples, in the unit of x.
// The weight falls by 1−α a sample, α = 2/(W+1), for a window of W samples; by
// e^(−2Δt/W) for one of a duration; all samples of a window of all weigh the
// same.
func (b *batch) ewma(i int) float64 { return b.decay[i].mean }

func (b *batch) ewmas(dst []float64) {
	for i := range dst {
		dst[i] = b.decay[i].mean
	}
}

// A heldMean is the mean of values that hold from each sample to the next, from
// the first to the last of a segment.
type heldMean struct {
	mean, ns    float64 // and how long that is
	x           float64 // last sample
	first, last int64   // times
	ok          bool    // there is a sample
}

// behind adds the i-th sample of b behind h.
func (h *heldMean) behind(b *block, i int) { h.add(b.ts[i], b.xs[i]) }

func (h *heldMean) add(t int64, x float64) {
	if h.ok {
		h.hold(h.x, elapsed(h.last, t))
	} else {
		h.first, h.ok = t, true
	}
	h.x, h.last = x, t
}

// holdBefore adds the i-th sample of b before h, which is not empty.
func (b *block) holdBefore(i int, h *heldMean) {
	h.hold(b.xs[i], elapsed(b.ts[i], h.first))
	h.first = b.ts[i]
}

func joinHeld(a, b heldMean) heldMean {
	if !a.ok {
		return b
	}
	if !b.ok {
		return a
	}
	a.hold(a.x, elapsed(a.last, b.first))
	a.hold(b.mean, b.ns)
	a.x, a.last = b.x, b.last
	return a
}

// hold makes h the mean with a value that is held for a time.
func (h *heldMean) hold(x, ns float64) {
	switch large := max(math.Abs(h.mean), math.Abs(x)); {
	case ns == 0:
		return
	case h.ns == 0 || x == h.mean:
		h.mean = x
	case large > 1e-280 && large < 1e280:
		h.mean = (float64(h.mean*h.ns) + float64(x*ns)) / (h.ns + ns) // of few digits, where x and ns have few
	default:
		h.mean = weightedMean{mean: h.mean}.mix(h.ns, weightedMean{mean: x, weight: ns}).mean
	}
	h.ns += ns
}

// twa is the time-weighted average of the window: each value holds until the
// next sample or the window's end, the one before it from the window's beginning
// up to its first sample; where there is none before, from the first sample on. A
// window that counts begins at the sample before it. Where no time passes it is
// the newest value. Its error is that of ewma.
func (b *batch) twa(i int) float64 {
	w, h := b.w, b.held[i]
	now := w.beyond.now
	if b.seen < 0 {
		now = b.ts[i]
	}
	h.hold(h.x, elapsed(h.last, now))
	if from, before := b.previous(i); before {
		if w.plan.width.Kind == Duration {
			from.t = w.plan.cut(now)
		}
		h.hold(from.x, elapsed(from.t, h.first))
	}
	if h.ns == 0 {
		return h.x
	}
	return h.mean
}
