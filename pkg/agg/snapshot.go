package agg

import (
	"math"
	"slices"

	"rtda/pkg/num"
)

// A window that is built again from its samples, their times, the size of its
// ring, where in it the oldest is and how many samples there have been goes on
// to the last bit: a value is a function of these alone. A window of all is its
// totals, and the sorted values if its plan needs them.

// Append appends what Restore makes the window again from: 9 bytes a sample where
// times are steady or not stored, 17 at most where they are not, and some 20.
func (w *Window) Append(dst []byte) []byte {
	dst = num.AppendUint(dst, uint64(w.seen))
	if w.all != nil {
		dst = w.all.append(dst, w.plan.needs)
		if w.ord != nil {
			dst = num.AppendFloats(dst, w.ord.appendTo(nil))
		}
	} else {
		dst = num.AppendUint(dst, uint64(w.size))
		dst = num.AppendUint(dst, uint64(w.head))
		a, b := &w.plan.pieces[0], &w.plan.pieces[1]
		w.blocks(a, b)
		dst = num.AppendFloats(dst, a.xs, b.xs)
		if w.plan.timed {
			dst = num.AppendTimes(dst, a.ts, b.ts)
		}
	}
	if b := w.beyond; b != nil {
		dst = num.AppendInt(dst, b.now)
		if dst = num.AppendBool(dst, b.previous.ok); b.previous.ok {
			dst = num.AppendInt(num.AppendFloat(dst, b.previous.x), b.previous.t)
		}
		dst = num.AppendFloats(dst, b.waiting.xs[b.waiting.from:])
		dst = num.AppendTimes(dst, b.waiting.ts[b.waiting.from:])
	}
	return dst
}

// Take makes w, an empty window, that of the samples that old holds, a window of
// the same width for other aggregates. Those whose indices it returns begin anew:
// all where old stores no samples, or not the times that w needs, else those that
// look at the sample before the window, where old has let one go.
func (w *Window) Take(old *Window) (anew []int) {
	if old.Len() > 0 && (old.all != nil || w.plan.timed && !old.plan.timed) {
		return w.plan.asking(^need(0))
	}
	w.seen = old.seen - int64(old.n)
	a, b := &old.plan.pieces[0], &old.plan.pieces[1]
	old.blocks(a, b)
	for _, piece := range []*block{a, b} {
		for i, x := range piece.xs {
			w.push(timeAt(piece.ts, i), x)
		}
	}
	if w.beyond != nil && old.beyond != nil {
		*w.beyond = *old.beyond // old is not used any more
	}
	if old.seen == int64(old.n) || old.plan.needs&needPrevious != 0 {
		return nil
	}
	return w.plan.asking(needPrevious)
}

// asking returns the indices of the aggregates that need any of some parts.
func (p *Plan) asking(parts need) (at []int) {
	for i, a := range p.aggs {
		if a.needs&parts != 0 || parts == ^need(0) {
			at = append(at, i)
		}
	}
	return at
}

// Restore makes w, an empty window of the plan of the one that was appended, that
// one. What no window can have been makes the decoder fail and leaves w empty; no
// input takes more memory than 60 times its length and 1 KB (FuzzRestore).
func (w *Window) Restore(d *num.Decoder) {
	w.seen = int64(d.Uint())
	if w.all != nil {
		w.all.restore(d, w.plan.needs)
		if w.ord != nil {
			w.ord.fill(samplesFrom(d))
		}
	} else {
		w.restoreRing(d)
	}
	if b := w.beyond; b != nil {
		b.now = d.Int()
		if b.previous.ok = d.Bool(); b.previous.ok {
			b.previous.x, b.previous.t = d.Float(), d.Int()
		}
		b.waiting.xs, b.waiting.ts = samplesFrom(d), d.Times(nil)
		if len(b.waiting.ts) != len(b.waiting.xs) || !slices.IsSorted(b.waiting.ts) || !isFinite(b.previous.x) {
			d.Fail()
		}
	}
	if w.seen < int64(w.Len()) || w.seen > math.MaxInt64/2 {
		d.Fail()
	}
	if d.Err() != nil {
		*w = *w.plan.New()
	}
}

// restoreRing makes the ring that of what is read.
func (w *Window) restoreRing(d *num.Decoder) {
	size := d.Index(math.MaxInt32)
	head := d.Index(size + 1)
	xs := samplesFrom(d)
	n := len(xs)
	var ts []int64
	if w.plan.timed {
		ts = d.Times(nil)
	}
	if n > size || !w.mayBe(size, head, n) || w.plan.timed && len(ts) != n || !slices.IsSorted(ts) {
		d.Fail()
		return
	}
	w.size, w.head, w.n = size, head, n
	if w.ord != nil {
		w.ord.fill(slices.Clone(xs))
	}
	w.xs = inRing(xs, size, head, w.plan.width.Kind == Duration)
	if w.plan.timed {
		w.ts = inRing(ts, size, head, w.plan.width.Kind == Duration)
	}
}

// mayBe tells whether a window can have n samples in a ring of that size from the
// place head on.
func (w *Window) mayBe(size, head, n int) bool {
	if n == 0 {
		return head == 0 && size <= keptRing
	}
	if w.plan.width.Kind == Duration {
		return head < size && size&(size-1) == 0 && !sparse(size, n)
	}
	return size <= w.plan.width.N && (size <= 256 || n >= size/2) && (head == 0 || head < size && n == size && size == w.plan.width.N)
}

// inRing returns s as it lies in a ring of a size from the place head on; whole if
// so asked, else as far as there are samples.
func inRing[T any](s []T, size, head int, whole bool) []T {
	if head == 0 && !whole {
		return s
	}
	ring := make([]T, size)
	n := copy(ring[head:], s)
	copy(ring, s[n:])
	return ring
}

// samplesFrom reads samples, of which none may be NaN or infinite.
func samplesFrom(d *num.Decoder) []float64 {
	xs := d.Floats(nil)
	if !slices.ContainsFunc(xs, func(x float64) bool { return !isFinite(x) }) {
		return xs
	}
	d.Fail()
	return nil
}

func isFinite(x float64) bool { return math.Abs(x) <= math.MaxFloat64 }

// fill makes the set that of xs, which it sorts and may keep.
func (o *order) fill(xs []float64) {
	for i := range xs {
		xs[i] += 0 // -0 becomes 0
	}
	slices.Sort(xs)
	*o = order{small: xs}
	if len(xs) > orderMax {
		*o = order{large: newChunks(xs)}
	}
}

// appendTo appends all values, ascending.
func (o *order) appendTo(dst []float64) []float64 {
	if o.large != nil {
		return o.large.appendTo(dst)
	}
	return append(dst, o.small...)
}

// append appends the totals that the needs of a plan ask for.
func (a *total) append(dst []byte, needs need) []byte {
	if dst = num.AppendUint(dst, uint64(a.n)); a.n == 0 {
		return dst
	}
	dst = num.AppendUint(dst, uint64(a.past.class-lowestClass))
	for _, x := range a.numbers(needs) {
		dst = num.AppendFloat(dst, *x)
	}
	for _, t := range a.times() {
		dst = num.AppendInt(dst, *t)
	}
	return dst
}

func (a *total) restore(d *num.Decoder, needs need) {
	if a.n = d.Index(math.MaxInt); a.n == 0 {
		return
	}
	a.past.class = d.Index(highestClass-lowestClass+1) + lowestClass
	a.resets.n, a.held.ok = a.n, true
	for _, x := range a.numbers(needs) {
		if *x = d.Float(); !isFinite(*x) {
			d.Fail()
		}
	}
	for _, t := range a.times() {
		*t = d.Int()
	}
	if needs&needMoments != 0 {
		since, line, before := a.cur, a.curT, a.prev
		a.recenter()
		since.c, since.unit, line.ct = a.cur.c, a.cur.unit, a.curT.ct
		a.cur, a.curT, a.prev = since, line, before
	}
}

// numbers returns what is saved of a: not what recenter makes of it.
func (a *total) numbers(needs need) []*float64 {
	list := []*float64{&a.first, &a.last, &a.low[0], &a.low[1]}
	if needs&needHeld != 0 {
		list = append(list, &a.held.mean, &a.held.ns, &a.held.x)
	}
	if r := &a.resets; needs&needResets != 0 {
		list = append(list, &r.small, &r.large, &r.first, &r.last)
	}
	if needs&needMoments != 0 {
		p, c, o := &a.past, &a.cur, &a.other
		list = append(list, &p.n, &p.hi, &p.lo, &p.m2, &p.m3, &p.m4, &p.one, &p.st, &p.tt, &p.tx,
			&a.below, &a.one, &a.prev[0], &a.prev[1], &c.n, &c.s1, &c.s2, &c.s3, &c.s4, &a.curT.t1, &a.curT.t2, &a.curT.tx,
			&o.n, &o.c, &o.unit, &o.s1, &o.s2, &o.s3, &o.s4)
	}
	return list
}

func (a *total) times() []*int64 {
	return []*int64{&a.firstT, &a.lastT, &a.past.t0, &a.held.first, &a.held.last}
}
