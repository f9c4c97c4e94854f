package agg

import "math"

// totalBatch is how many samples a total sums up before they join the rest. It
// is short enough for plain sums to stay exact to some ulps.
const totalBatch = 64

// A total is the summaries of a window of all samples, which stores none.
//
// Samples are summed up around a value near the mean of those before, and join
// these when there are as many of them, but at least every totalBatch; so that
// value follows the mean, and the sums around it lose nothing that counts.
type total struct {
	n           int
	low         [2]float64 // smallest, and largest negated
	held        heldMean
	resets      counterResets
	first, last float64
	firstT      int64
	lastT       int64

	past  trendSegment // the samples that have joined
	below float64      // what rounding took from past.m2
	base  sums         // past, around a value
	cur   sums         // the samples since, around the same value
	prev  [2]float64   // sums of cur without its newest
	one   float64      // the newest of cur
	baseT trendSums    // past, around a time
	curT  trendSums    // the samples since, around the same time
	limit float64      // magnitude of the next class
	other sums         // without the newest sample, if that raised the class
}

// pushAll adds a sample to a window of all.
func (w *Window) pushAll(t int64, x float64) {
	a, needs := w.all, w.plan.needs
	if w.ord != nil {
		w.ord.insert(x)
	}
	if !w.plan.clock {
		t = w.seen
	}
	w.seen++
	if a.n == 0 {
		a.first, a.firstT, a.low = x, t, [2]float64{x, -x}
	}
	a.n++
	a.last, a.lastT = x, t
	a.low[0], a.low[1] = lower(a.low[0], x), lower(a.low[1], -x)
	if needs&needResets != 0 {
		a.resets.add(x)
	}
	if needs&needHeld != 0 {
		a.held.add(t, x)
	}
	if needs&needMoments != 0 {
		a.add(t, x)
	}
}

// add takes x into the moments and the line.
func (a *total) add(t int64, x float64) {
	a.other.n = 0
	switch {
	case a.past.n == 0:
		class := classOf(math.Abs(x))
		s := sums{n: 1, c: x * scaleOf(class), unit: unscale(class)}
		a.past = trendSegment{segment: s.segment(x, class), t0: t}
		a.recenter()
		return
	case !(math.Abs(x) < a.limit):
		a.sum(&a.other)
		a.settle()
		a.past.lift(classOf(math.Abs(x)))
		a.below = 0
		a.recenter()
	case a.cur.n >= min(totalBatch, a.past.n):
		a.settle()
		a.recenter()
	}
	s := &a.cur
	a.prev = [2]float64{s.s1, s.s2}
	d := float64(x/s.unit) - s.c
	dd := float64(d * d)
	s.n++
	s.s1 += d
	s.s2 += dd
	s.s3 += float64(dd * d)
	s.s4 += float64(dd * dd)
	a.curT.add(t, d)
	a.one = x
}

// settle joins the samples since with the past.
func (a *total) settle() {
	if a.cur.n == 0 {
		return
	}
	next := a.curT.segment(&a.cur, a.one, a.past.class)
	next.m2 = max(next.m2, 0)
	gap := apart(&a.past.segment, &next.segment)
	grown := next.m2 + float64(gap*gap*(a.past.n*(next.n/(a.past.n+next.n))))
	m2, below := twoSum(a.past.m2, grown)
	a.past = joinTrends(a.past, next)
	a.past.m2, a.below = twoSum(m2, a.below+below)
}

// recenter begins the samples since anew, around where the past now is.
func (a *total) recenter() {
	a.limit = limitOf(a.past.class)
	a.base = a.past.around(a.past.class)
	a.baseT = a.past.sumsAround(&a.base)
	a.cur = sums{c: a.base.c, unit: a.base.unit}
	a.curT = trendSums{ct: a.baseT.ct}
	a.prev = [2]float64{}
}

// look leaves in b what all samples come to.
func (a *total) look(b *batch) {
	needs := b.w.plan.needs
	b.setLow(0, a.low[0])
	b.setLow(1, a.low[1])
	if needs&needMoments != 0 {
		a.sum(&b.s)
	}
	if needs&needBefore != 0 && b.size > 1 {
		b.other = a.before()
	}
	if needs&needTrend != 0 {
		b.trend = append(b.trend[:0], a.baseT.plus(&a.curT))
	}
	if needs&needPrevious != 0 {
		b.held, b.resets = append(b.held[:0], a.held), append(b.resets[:0], a.resets)
	}
}

// sum makes s the sums of all samples.
func (a *total) sum(s *sums) {
	s.n, s.c, s.unit = a.base.n+a.cur.n, a.base.c, a.base.unit
	s.s1 = a.base.s1 + a.cur.s1
	s.s2 = a.base.s2 + a.cur.s2
	s.s3 = a.base.s3 + a.cur.s3
	s.s4 = a.base.s4 + a.cur.s4
}

// before returns the sums of all samples but the newest, if there are two or
// more; without third and fourth powers.
func (a *total) before() sums {
	if a.other.n > 0 {
		return a.other
	}
	s := a.base
	s.n += a.cur.n - 1
	s.s1 += a.prev[0]
	s.s2 += a.prev[1]
	return s
}
