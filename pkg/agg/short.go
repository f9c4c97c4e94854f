package agg

import "math"

// A short window, of shortest samples or fewer, is too small for blocks. Windows
// whose newest samples are of one group have most of their samples, the core, in
// common: what it comes to is worked out once for all of them, and in each what
// lies before and behind it is added. Groups go by the numbers of samples, so that
// it is all the same whether these come alone or together.
const (
	shortest  = 23
	shortRows = 512 // samples that go together
)

// isShort tells whether the window is full and short.
func (w *Window) isShort() bool {
	return w.plan.width.Kind == Count && w.plan.width.N <= shortest && w.n == w.plan.width.N
}

// slideShort is slideBlock for short windows.
func (w *Window) slideShort(xs []float64, dst [][]float64, at int) int {
	const known = needEnds | needMoments | needPowers | needMin | needMax | needOrder
	if w.plan.needs&^known != 0 || !w.isShort() {
		return 0
	}
	b := &w.plan.batch
	b.xs = xs[:min(len(xs), shortRows)]
	b.head, b.step = w.seen-int64(w.n)+1, 1
	old, behind := w.halves(0)
	b.line = append(append(append(b.line[:0], old...), behind...), b.xs...)
	b.fillShort(b.line, w.seen, w.plan.needs)
	w.fillRanks(b, dst, at)
	b.fillColumns(dst, at)
	copy(w.xs, b.line[len(b.xs):])
	w.head, w.seen = 0, w.seen+int64(len(b.xs))
	return len(b.xs)
}

// lookShort leaves in b all that is kept of a short window as it is.
func (w *Window) lookShort(b *batch) {
	old, behind := w.halves(0)
	b.line = append(append(append(b.line[:0], 0), old...), behind...)
	b.fillShort(b.line, w.seen-1, w.plan.needs)
	if b.have |= needMoments | needPowers | needMin | needMax; w.plan.needs&needMoments != 0 {
		b.s = b.around[0]
	}
}

// fillShort leaves in b what is needed of the windows whose newest samples are
// those of line from the n-th on, n being how many a window has. The first of
// them has a number.
func (b *batch) fillShort(line []float64, number int64, needs need) {
	n := b.w.n
	size := max(1, 2*n/3) // of a group
	b.around = sized(b.around, len(line)-n)
	for i, which := range [2]need{needMin, needMax} {
		if needs&which != 0 {
			b.spare[4+i] = sized(b.spare[4+i], len(line)-n)
			b.low[i] = b.spare[4+i]
		}
	}
	for at := n; at < len(line); {
		first := at - int((number+int64(at-n))%int64(size))
		g := group{b, line, n, at, min(len(line), first+size), first + size - n, first + 1}
		if needs&needMoments != 0 {
			g.sum(b.around[at-n:], needs&needPowers != 0)
		}
		if needs&needMin != 0 {
			g.lowest(b.low[0][at-n:], 1)
		}
		if needs&needMax != 0 {
			g.lowest(b.low[1][at-n:], -1)
		}
		at = g.end
	}
}

// A group is some windows of n samples with a core in common.
type group struct {
	b            *batch
	line         []float64
	n            int
	newest, end  int // place in line of the newest sample of the first window, and behind that of the last
	core, behind int // where the core begins and ends; the first window of a whole group ends with it
}

// window returns the samples of the window whose newest is at a place.
func (g *group) window(newest int) []float64 { return g.line[newest-g.n+1 : newest+1] }

// before returns how many samples that window has before the core.
func (g *group) before(newest int) int { return g.core - (newest - g.n + 1) }

// sum makes rows the sums of the windows. One with a sample of a higher class
// than the core's is summed up for itself, and so is every one whose higher powers
// are asked for.
func (g *group) sum(rows []sums, powers bool) {
	var core sums
	before := &g.b.sumsBefore
	limit := limitOf(core.gatherShort(g.line[g.core:g.behind]))
	k, c, s1, s2, below := 1/core.unit, core.c, 0.0, 0.0, 0
	for j := 1; j <= g.before(g.newest) && math.Abs(g.line[g.core-j]) < limit; j++ {
		d := float64(g.line[g.core-j]*k) - c
		s1 += d
		s2 += float64(d * d)
		before[j], below = [2]float64{s1, s2}, j
	}
	s1, s2 = 0, 0
	at, together := g.behind, !powers
	for newest := g.newest; newest < g.end; newest++ {
		for ; at <= newest; at++ {
			together = together && math.Abs(g.line[at]) < limit
			d := float64(g.line[at]*k) - c
			s1 += d
			s2 += float64(d * d)
		}
		s := &rows[newest-g.newest]
		if j := g.before(newest); together && j <= below {
			s.n, s.c, s.unit = float64(g.n), c, core.unit
			s.s1, s.s2 = core.s1+(before[j][0]+s1), core.s2+(before[j][1]+s2)
		} else if s.gatherShort(g.window(newest)); powers {
			s.addPowers(g.window(newest))
		}
	}
}

// gatherShort is gather of a few samples, around the middle one, which is nearer
// to the mean of what rises or falls than the first.
func (s *sums) gatherShort(xs []float64) int {
	middle := xs[len(xs)/2]
	class := classOf(math.Abs(middle))
	limit := limitOf(class)
	for i := 0; i < len(xs); i++ {
		if !(math.Abs(xs[i]) < limit) {
			class, i = classIn(xs), len(xs)
		}
	}
	s.begin(middle, len(xs), class)
	k, c, s1, s2 := 1/s.unit, s.c, 0.0, 0.0
	for _, x := range xs {
		d := float64(x*k) - c
		s1 += d
		s2 += float64(d * d)
	}
	s.s1, s.s2 = s1, s2
	if float64(s.n*s2) > 4*s.spread() {
		s.settle(xs, nil, false)
	}
	return class
}

// lowest makes rows the smallest or, with the sign −1, the largest negated.
func (g *group) lowest(rows []float64, sign float64) {
	core, before := int64(math.MaxInt64), &g.b.lowsBefore
	before[0] = core
	for _, x := range g.line[g.core:g.behind] {
		core = min(core, rank(float64(x*sign)))
	}
	for j := 1; j <= g.before(g.newest); j++ {
		before[j] = min(before[j-1], rank(float64(g.line[g.core-j]*sign)))
	}
	at := g.behind
	for newest := g.newest; newest < g.end; newest++ {
		for ; at <= newest; at++ {
			core = min(core, rank(float64(g.line[at]*sign)))
		}
		rows[newest-g.newest] = unrank(min(core, before[g.before(newest)]))
	}
}
