package agg

import "math"

// An extreme keeps the smallest of the parts of a window or, with the sign −1,
// the largest: the smallest of the negated samples. rest are those of each rest
// of the oldest block and the blocks between, cur is that of the newest block.
// The joining beats a monotone queue, whose loops mispredict on random samples.
type extreme struct {
	progress
	sign   float64
	tree   *tree[float64]
	stride int32
	base   float64
	cur    float64
	rest   []float64 // with a place before and one behind, as in moments.row
}

func newExtreme(k, n int, sign float64) *extreme {
	return &extreme{tree: newTree(k, math.Inf(1)), stride: int32(n), sign: sign}
}

// lower is branches on purpose: after some samples a new extreme is rare and
// well predicted, while the builtin must think of NaN and -0 every time.
func lower(a, b float64) float64 {
	if b < a {
		return b
	}
	return a
}

func (e *extreme) leaf(j int, b *block) {
	x := e.cur
	if !e.has(b) {
		x = lowestOf(b.xs, e.sign)
	}
	e.tree.set(j, x, lower)
}

func (e *extreme) sync(c *content) {
	if e.stale() {
		if c.known {
			e.base = e.tree.between(int(e.i), int(e.j), lower)
		} else {
			e.base = min(lowestOf(c.mid, e.sign), lowestOf(c.more, e.sign))
		}
		e.cur = math.Inf(1)
		e.begin(c)
		e.sumRests(c.old.xs)
	}
	e.cur = lower(e.cur, lowestOf(c.cur.xs[e.done:], e.sign))
	e.done = int32(len(c.cur.xs))
}

func (e *extreme) push(x float64, _ int64) bool {
	e.cur = lower(e.cur, float64(x*e.sign))
	e.done++
	return true
}

// sumRests makes the smallest of each rest of xs and the blocks between.
func (e *extreme) sumRests(xs []float64) {
	if len(xs) == 0 {
		return
	}
	if e.rest == nil {
		e.rest = make([]float64, e.stride+2)
	}
	lo, sign := e.base, e.sign
	e.rest[len(xs)+1] = lo
	d := e.rest[1:][:len(xs)]
	for i := len(d) - 1; i >= 0; i-- {
		lo = lower(lo, float64(xs[i]*sign))
		d[i] = lo
	}
}

// window returns the extreme, with its sign, of the window whose oldest sample
// has the number head.
func (e *extreme) window(head int64) float64 {
	lo := e.base
	if i, ok := e.restAt(head); ok {
		lo = e.rest[i+1]
	}
	return min(lo, e.cur)
}

func (e *extreme) fill(b *batch) {
	var row []float64
	if e.old > 0 {
		row = e.rest[:e.old+2]
	}
	i := e.row()
	b.low[i] = b.rests(row, e.oldN, e.base, &b.spare[4+i])
	e.cur = fillLows(b.low[i], b.xs, e.sign, e.cur)
	e.done += int32(len(b.xs))
}

func (e *extreme) look(b *batch) { b.setLow(e.row(), e.window(b.head)) }

// row returns which of batch.low this is.
func (e *extreme) row() int {
	if e.sign < 0 {
		return 1
	}
	return 0
}

// fillLows joins the rests in dst, from its second place on, with what xs have
// come to, lo before them, and returns what they come to at last.
func fillLows(dst, xs []float64, sign, lo float64) float64 {
	rest := dst[1:][:len(xs)]
	i := 0
	for ; i < len(xs); i++ { // as xs go on, rests rise and xs fall: once xs are lower, they stay so
		lo = lower(lo, float64(xs[i]*sign))
		if rest[i] >= lo {
			break
		}
		dst[i] = rest[i]
	}
	dst = dst[:len(xs)]
	for ; i < len(xs); i++ {
		lo = lower(lo, float64(xs[i]*sign))
		dst[i] = lo
	}
	return lo
}

// lowestOf returns the extreme, with its sign, of samples; +Inf of none. Many of the
// first samples are a new extreme, so that branches mispredict: the builtin has none,
// and four of it do not wait for each other.
func lowestOf(xs []float64, sign float64) float64 {
	a, b, c, d := math.Inf(1), math.Inf(1), math.Inf(1), math.Inf(1)
	i := 0
	for ; i+4 <= len(xs); i += 4 {
		q := xs[i : i+4 : i+4]
		a, b, c, d = min(a, float64(q[0]*sign)), min(b, float64(q[1]*sign)), min(c, float64(q[2]*sign)), min(d, float64(q[3]*sign))
	}
	for ; i < len(xs); i++ {
		a = min(a, float64(xs[i]*sign))
	}
	return min(a, b, c, d)
}

// rank maps float64s to integers of the same order.
func rank(x float64) int64 {
	b := int64(math.Float64bits(x))
	return b ^ int64(uint64(b>>63)>>1)
}

// unrank undoes rank.
func unrank(r int64) float64 {
	return math.Float64frombits(uint64(r ^ int64(uint64(r>>63)>>1)))
}

// min is the smallest value of the window.
func (b *batch) min(i int) float64 { return b.low[0][i] }

// max is the largest value of the window.
func (b *batch) max(i int) float64 { return -b.low[1][i] }

// extent is the largest less the smallest value of the window; none where that
// is beyond float64.
func (b *batch) extent(i int) float64 { return finite(b.max(i) - b.min(i)) }

func (b *batch) mins(dst []float64) { copy(dst, b.low[0]) }

func (b *batch) maxes(dst []float64) {
	for i, x := range b.low[1][:len(dst)] {
		dst[i] = -x
	}
}
