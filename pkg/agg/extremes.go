package agg

import "math"

// A span is the smallest and the largest of some samples.
type span struct{ lo, hi float64 }

// noSpan is that of no samples.
var noSpan = span{math.Inf(1), math.Inf(-1)}

func joinSpans(a, b span) span {
	if b.lo < a.lo {
		a.lo = b.lo
	}
	if b.hi > a.hi {
		a.hi = b.hi
	}
	return a
}

// spanOf returns the span of xs.
func spanOf(xs []float64) span {
	s := noSpan
	for _, x := range xs {
		s.add(x)
	}
	return s
}

// add is branches on purpose: after some samples a new extreme is rare and
// well predicted, while the builtins must think of NaN and -0 every time.
func (s *span) add(x float64) {
	if x < s.lo {
		s.lo = x
	}
	if x > s.hi {
		s.hi = x
	}
}

// extremes keeps the extremes of the parts of a window: los and his are those of
// each rest of the oldest block and the blocks between, cur of the newest block.
// The joining beats a monotone queue, whose loops mispredict on random samples.
type extremes struct {
	tree     *tree[span]
	i, j     int32
	done     int32
	old      int32
	oldN     int64
	curN     int64 // number of the first sample of the newest block
	stride   int32
	min, max bool // which of the two are asked for
	fresh    bool
	base     span
	cur      span
	rest     []float64 // smallest of the rests, if asked for, then largest
}

func newExtremes(k, n int, lo, hi bool) *extremes {
	return &extremes{fresh: true, tree: newTree(k, noSpan), stride: int32(n), min: lo, max: hi}
}

func (e *extremes) leaf(j int, b *block) {
	s := e.cur
	if e.curN != b.number || int(e.done) != len(b.xs) || e.fresh {
		s = spanOf(b.xs)
	}
	e.tree.set(j, s, joinSpans)
}

func (e *extremes) join(i, j int) { e.i, e.j, e.fresh = int32(i), int32(j), true }

func (e *extremes) sync(c *content) {
	if e.fresh {
		e.base = e.tree.between(int(e.i), int(e.j), joinSpans)
		e.cur = noSpan
		e.old, e.oldN, e.done, e.fresh = int32(len(c.old.xs)), c.old.number, 0, false
		e.curN = c.cur.number
		if e.min {
			lows(e.los(), c.old.xs, e.base.lo)
		}
		if e.max {
			highs(e.his(), c.old.xs, e.base.hi)
		}
	}
	for _, x := range c.cur.xs[e.done:] {
		e.cur.add(x)
	}
	e.done = int32(len(c.cur.xs))
}

// los and his return a place for each rest of the oldest block, with one before
// and one behind, as in moments.row; nil for no rest.
func (e *extremes) los() []float64 { return e.row(0) }

func (e *extremes) his() []float64 {
	if e.min {
		return e.row(1)
	}
	return e.row(0)
}

func (e *extremes) row(r int) []float64 {
	if e.old == 0 {
		return nil
	}
	n := int(e.stride) + 2
	if e.rest == nil && e.min && e.max {
		e.rest = make([]float64, 2*n)
	} else if e.rest == nil {
		e.rest = make([]float64, n)
	}
	return e.rest[r*n:][:e.old+2]
}

// lows fills dst with the smallest of each rest of xs and of lo.
func lows(dst, xs []float64, lo float64) {
	if len(dst) == 0 {
		return
	}
	dst[len(xs)+1] = lo
	d := dst[1:][:len(xs)]
	for i := len(d) - 1; i >= 0; i-- {
		if x := xs[i]; x < lo {
			lo = x
		}
		d[i] = lo
	}
}

// highs fills dst with the largest of each rest of xs and of hi.
func highs(dst, xs []float64, hi float64) {
	if len(dst) == 0 {
		return
	}
	dst[len(xs)+1] = hi
	d := dst[1:][:len(xs)]
	for i := len(d) - 1; i >= 0; i-- {
		if x := xs[i]; x > hi {
			hi = x
		}
		d[i] = hi
	}
}

// lowest and highest return the extremes of the window whose oldest sample has
// the number head.
func (e *extremes) lowest(head int64) float64 {
	lo := e.base.lo
	if i := int(head - e.oldN); i < int(e.old) {
		lo = e.los()[i+1]
	}
	return min(lo, e.cur.lo)
}

func (e *extremes) highest(head int64) float64 {
	hi := e.base.hi
	if i := int(head - e.oldN); i < int(e.old) {
		hi = e.his()[i+1]
	}
	return max(hi, e.cur.hi)
}

// min is the smallest value of the window.
func (w *Window) min(float64) float64 {
	if w.all != nil {
		return w.all.span.lo
	}
	if p := w.sync(); p != nil {
		return p.extremes.lowest(w.seen - int64(w.n))
	}
	lo := int64(math.MaxInt64)
	xs, ys := w.halves(0)
	for _, x := range xs {
		lo = min(lo, rank(x))
	}
	for _, x := range ys {
		lo = min(lo, rank(x))
	}
	return unrank(lo)
}

// max is the largest value of the window.
func (w *Window) max(float64) float64 {
	if w.all != nil {
		return w.all.span.hi
	}
	if p := w.sync(); p != nil {
		return p.extremes.highest(w.seen - int64(w.n))
	}
	hi := int64(math.MinInt64)
	xs, ys := w.halves(0)
	for _, x := range xs {
		hi = max(hi, rank(x))
	}
	for _, x := range ys {
		hi = max(hi, rank(x))
	}
	return unrank(hi)
}

// rank maps float64s to integers of the same order. Of a few samples every
// third is a new extreme, so that branches mispredict; integers need none.
func rank(x float64) int64 {
	b := int64(math.Float64bits(x))
	return b ^ int64(uint64(b>>63)>>1)
}

// unrank undoes rank.
func unrank(r int64) float64 {
	return math.Float64frombits(uint64(r ^ int64(uint64(r>>63)>>1)))
}

// extent is the largest less the smallest value of the window; none where that
// is beyond float64.
func (w *Window) extent(float64) float64 { return finite(w.max(0) - w.min(0)) }
