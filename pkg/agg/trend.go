package agg

import "math"

// A trendSegment is a segment and how it goes with time.
type trendSegment struct {
	segment
	t0     int64   // a time, in nanoseconds or in samples
	st     float64 // Σ(t−t0)
	tt, tx float64 // Σ(t−t̄)² and Σ(t−t̄)(x−x̄), the latter scaled as x
}

// joinTrends returns a and b, which lies behind a, together.
// Source: Pébay (2008).
func joinTrends(a, b trendSegment) trendSegment {
	if a.n == 0 {
		return b
	}
	if b.n == 0 {
		return a
	}
	a.lift(b.class)
	b.lift(a.class)
	gap := elapsed(a.t0, b.t0)
	dt := gap + (b.st/b.n - a.st/a.n)
	dx := apart(&a.segment, &b.segment)
	w := a.n * (b.n / (a.n + b.n))
	return trendSegment{
		segment: joinPowers(a.segment, b.segment),
		t0:      a.t0,
		st:      a.st + b.st + float64(b.n*gap),
		tt:      a.tt + b.tt + float64(dt*dt*w),
		tx:      a.tx + b.tx + float64(dt*dx*w),
	}
}

// lift brings c to a class, if that is higher than its own.
func (c *trendSegment) lift(class int) {
	if class > c.class {
		c.tx *= scaleOf(class) * unscale(c.class)
		c.raise(class)
	}
}

// trendSums are the sums over a window for its least-squares line, around a time
// ct and the value c of sums: Σ(t−ct), Σ(t−ct)², Σ(t−ct)(x−c).
type trendSums struct {
	ct         int64
	t1, t2, tx float64
}

// sumsAround returns the sums of c around a time near its mean, where s are
// those of its values, of the same class.
func (c *trendSegment) sumsAround(s *sums) trendSums {
	mean := c.st / c.n
	whole := math.Round(mean)
	m := mean - whole
	t1 := float64(c.n * m)
	return trendSums{
		ct: later(c.t0, whole),
		t1: t1,
		t2: c.tt + float64(t1*m),
		tx: c.tx + float64(m*s.s1),
	}
}

// add adds a sample at t with the scaled deviation d from c.
func (l *trendSums) add(t int64, d float64) {
	dt := since(l.ct, t)
	l.t1 += dt
	l.t2 += float64(dt * dt)
	l.tx += float64(dt * d)
}

// plus returns the sums of l and m, around the same time, together.
func (l trendSums) plus(m *trendSums) trendSums {
	return trendSums{l.ct, l.t1 + m.t1, l.t2 + m.t2, l.tx + m.tx}
}

// since returns t−ct.
func since(ct, t int64) float64 {
	if ns := t - ct; t < ct == (ns < 0) {
		return float64(ns)
	}
	if t < ct {
		return -elapsed(t, ct)
	}
	return elapsed(ct, t)
}

// segment returns what l and the sums s of the same samples are the sums of.
func (l *trendSums) segment(s *sums, one float64, class int) trendSegment {
	return trendSegment{
		segment: s.segment(one, class),
		t0:      l.ct,
		st:      l.t1,
		tt:      l.t2 - float64(l.t1*(l.t1/s.n)),
		tx:      l.tx - float64(l.t1*(s.s1/s.n)),
	}
}

// slope returns that of the least-squares line, in x per unit of t; none where
// no time passes or where it is beyond float64.
func (l *trendSums) slope(s *sums) float64 {
	tt := l.t2 - float64(l.t1*(l.t1/s.n))
	if !(tt > 0) {
		return math.NaN()
	}
	return (l.tx - float64(l.t1*(s.s1/s.n))) / tt
}

// trend keeps the trends of the parts of a window, around the same value and
// in the same scale as its moments.
type trend struct {
	progress
	tree   *tree[trendSegment]
	m      *moments
	builds int32       // of m, when rest was made
	base   trendSums   // the blocks between
	rest   []trendSums // each rest of the oldest block with them
	cur    trendSums   // the newest block
}

func newTrend(k, n int, m *moments) *trend {
	return &trend{tree: newTree(k, trendSegment{}), rest: make([]trendSums, 0, n), m: m}
}

func (t *trend) leaf(j int, b *block) {
	var s sums
	class := s.gather(b.xs, nil, false)
	l := b.trendSums(&s, &block{})
	t.tree.set(j, l.segment(&s, b.xs[0], class), joinTrends)
}

func (t *trend) sync(c *content) {
	s, k := &t.m.base, 1/t.m.base.unit
	if t.stale() || t.builds != t.m.builds {
		mid := t.tree.between(int(t.i), int(t.j), joinTrends)
		mid.lift(int(t.m.class))
		t.base = mid.sumsAround(s)
		t.begin(c)
		t.builds = t.m.builds
		t.cur = trendSums{ct: t.base.ct}
		t.rest = t.rest[:len(c.old.xs)]
		l := t.base
		for i := len(t.rest) - 1; i >= 0; i-- {
			l.add(c.old.time(i), float64(c.old.xs[i]*k)-s.c)
			t.rest[i] = l
		}
	}
	for i := int(t.done); i < len(c.cur.xs); i++ {
		t.cur.add(c.cur.time(i), float64(c.cur.xs[i]*k)-s.c)
	}
	t.done = int32(len(c.cur.xs))
}

// window returns the sums of the window whose oldest sample has the number
// head.
func (t *trend) window(head int64) trendSums {
	l := t.base
	if i, ok := t.restAt(head); ok {
		l = t.rest[i]
	}
	return l.plus(&t.cur)
}

// trendSums returns the sums of b and of more behind it, around their mean time and
// the value c of s.
func (b *block) trendSums(s *sums, more *block) trendSums {
	t0, st := b.time(0), 0.0
	for _, b := range [2]*block{b, more} {
		for i := range b.xs {
			st += elapsed(t0, b.time(i))
		}
	}
	k := 1 / s.unit
	l := trendSums{ct: later(t0, math.Round(st/s.n))}
	for _, b := range [2]*block{b, more} {
		for i, x := range b.xs {
			l.add(b.time(i), float64(x*k)-s.c)
		}
	}
	return l
}

func (t *trend) fill(b *batch) {
	s, k := &t.m.base, 1/t.m.base.unit
	b.trend = sized(b.trend, len(b.xs))
	for i, x := range b.xs {
		t.cur.add(b.block.time(i), float64(x*k)-s.c)
		b.trend[i] = t.window(b.headAt(i))
	}
	t.done += int32(len(b.xs))
}

func (t *trend) look(b *batch) { b.trend = append(b.trend[:0], t.window(b.head)) }

// slope is the slope of the least-squares line through the window's samples,
// Σ(t−t̄)(x−x̄)/Σ(t−t̄)², per second, or per sample without a clock. There is none
// where no time passes.
func (b *batch) slope(i int) float64 {
	s := b.sumsAt(i)
	per := 1.0
	if b.w.plan.clock {
		per = 1e9
	}
	return finite(b.trend[i].slope(&s) * per * s.unit)
}
