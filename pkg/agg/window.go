package agg

import (
	"math"
	"runtime"

	"rtda/pkg/clock"
)

// A Window holds the samples that its width reaches and reads aggregates out
// of them.
//
// The samples lie in a ring that is cut into blocks. Three parts make up a
// window: what is left of its oldest block, the whole blocks between, and the
// newest block as far as it has come. There is a summary of every rest of the
// first, computed from behind when the window moves into a new block, and one of
// the blocks between; the last is summed up as it grows; a value is these joined
// (two stacks, of Tangwongsan, Hirzel and Schneider, DEBS 2017). Nothing is ever
// subtracted. A push costs O(1), one that begins a block some 256 samples more
// and O(log W) joins.
//
// Everything is worked out when it is first asked for: pushing alone is storing.
// A window too small to have a whole block between is computed from its samples.
type Window struct {
	plan *Plan
	xs   []float64 // the ring, grown on demand up to size
	ts   []int64   // times of the samples, if the plan is timed
	size int       // of the ring: what it has grown to, for a count at most W
	head int       // where in the ring the oldest sample is
	n    int
	seen int64 // samples pushed; the oldest of the window has the number seen−n

	parts  *parts
	ord    *order
	all    *total  // instead of the ring, for Kind All
	beyond *beyond // if the plan needs it
}

// beyond is what lies before and behind a window.
type beyond struct {
	previous sample // the last that has left
	now      int64  // time up to which the newest sample is held
	waiting  queue  // samples that are not in the window yet, if it lags behind
}

// Push adds the sample x at the time t, in nanoseconds, not before the last
// one's; what the window does not reach any more is forgotten. It is O(1)
// amortised and allocates nothing once a window is full (TestPushAllocs).
func (w *Window) Push(t int64, x float64) {
	if w.plan.ago > 0 {
		w.beyond.waiting.add(t, x)
		w.Advance(t)
	} else {
		w.push(t, x)
	}
}

func (w *Window) push(t int64, x float64) {
	if w.beyond != nil {
		w.beyond.now = t
	}
	switch {
	case w.all != nil:
		w.pushAll(t, x)
		return
	case w.plan.width.Kind == Duration:
		w.drop(w.stale(t))
		if w.n == w.size {
			w.resize(max(2*w.size, 4))
		}
	case w.full():
		if w.ord != nil {
			w.ord.replace(w.xs[w.head], x)
		}
		w.forget(1)
		w.store(t, x)
		return
	}
	if w.ord != nil {
		w.ord.insert(x)
	}
	w.store(t, x)
}

// full tells whether a sample leaves for each that comes, which is so from the
// W-th of a count W on. Until then it lets the ring grow, so that what is kept
// of its blocks goes with the samples there are and not with W.
func (w *Window) full() bool {
	if w.n < w.size || w.size == w.plan.width.N {
		return w.n == w.size
	}
	w.size = min(max(2*w.size, 256), w.plan.width.N)
	w.parts = nil
	return false
}

// A sample is a value and when it came.
type sample struct {
	x  float64
	t  int64 // its number, where windows store no times
	ok bool  // there is one
}

// forget moves the window past its oldest k samples.
func (w *Window) forget(k int) {
	if k > 0 && w.plan.needs&needPrevious != 0 {
		w.beyond.previous = w.sample(w.seen - int64(w.n-k+1))
	}
	w.n -= k
	if w.head += k; w.head >= w.size && w.size > 0 {
		w.head -= w.size
	}
}

// sample returns the sample of a number, which is in the ring.
func (w *Window) sample(number int64) sample {
	at := w.place(number)
	if w.ts == nil {
		return sample{w.xs[at], number, true}
	}
	return sample{w.xs[at], w.ts[at], true}
}

// store puts a sample behind the newest.
func (w *Window) store(t int64, x float64) {
	at := w.head + w.n
	if at >= w.size {
		at -= w.size
	}
	if at == len(w.xs) {
		w.grow(at + 1)
	}
	w.xs[at] = x
	if w.ts != nil {
		w.ts[at] = t
	}
	w.n++
	w.seen++
}

// grow makes room for n samples, at most the ring's size.
func (w *Window) grow(n int) {
	if n > cap(w.xs) {
		room := min(max(n, 2*cap(w.xs), 4), w.size)
		w.xs = moved(w.xs, room)
		if w.plan.timed {
			w.ts = moved(w.ts, room)
		}
	}
	w.xs = w.xs[:n]
	if w.plan.timed {
		w.ts = w.ts[:n]
	}
}

// moved returns a copy of s with the given capacity. A long copy into memory that
// is not there yet can take 50 ms, in which the garbage collector would wait for
// it busily; so it copies in pieces and yields between them.
func moved[T any](s []T, room int) []T {
	to := make([]T, 0, room)
	for len(s) > movedPiece {
		to = append(to, s[:movedPiece]...)
		s = s[movedPiece:]
		runtime.Gosched()
	}
	return append(to, s...)
}

const movedPiece = 8192

// resize lays the samples out anew in a ring of the given size.
func (w *Window) resize(size int) {
	xs, ts := make([]float64, size), make([]int64, size)
	for i := range w.n {
		at := w.place(w.seen - int64(w.n-i))
		xs[i], ts[i] = w.xs[at], w.ts[at]
	}
	w.xs, w.ts, w.size, w.head, w.parts = xs, ts, size, 0, nil
}

// Advance makes the window that at the time t: of a duration D, the samples in
// (t−D, t]. Others are the same at any time, but values in them are held until t.
func (w *Window) Advance(t int64) { w.advance(t, t) }

// AdvanceLeft makes a window of a duration D that in [t−D, t), for which no
// sample at t or later may have been pushed. It may be pushed then.
func (w *Window) AdvanceLeft(t int64) { w.advance(t, t-1) }

// advance makes the window that at the time t, which reaches up to last.
func (w *Window) advance(t, last int64) {
	if ago := w.plan.ago; ago > 0 {
		if t-ago > t {
			return
		}
		t, last = t-ago, last-ago
		for x, ok := w.beyond.waiting.next(last); ok; x, ok = w.beyond.waiting.next(last) {
			w.push(x.t, x.x)
		}
	}
	if b := w.beyond; b != nil && (t > b.now || w.Len() == 0) {
		b.now = t
		w.plan.batch.w = nil
	}
	w.drop(w.stale(last))
}

// drop forgets the oldest samples, which are stale, and gives back what room they
// leave.
func (w *Window) drop(stale int) {
	if stale == 0 {
		return
	}
	for i := 0; w.ord != nil && i < stale; i++ {
		w.ord.remove(w.xs[w.place(w.seen-int64(w.n-i))])
	}
	w.forget(stale)
	if w.n == 0 {
		w.empty()
		return
	}
	size := w.size
	for sparse(size, w.n) {
		size /= 4
	}
	if size < w.size {
		w.resize(size)
	}
}

// sparse tells whether n samples need so little of the ring of a duration that
// it is to shrink.
func sparse(size, n int) bool { return size > keptRing && n < size/16 }

// Stale returns how many samples Advance(t) would forget, in O(log n).
func (w *Window) Stale(t int64) int {
	ago := w.plan.ago
	if ago == 0 {
		return w.stale(t)
	}
	if t-ago > t {
		return 0
	}
	return w.stale(t-ago) + w.beyond.waiting.before(w.plan.cut(t-ago))
}

func (w *Window) stale(t int64) int {
	if w.plan.width.Kind != Duration || w.n == 0 {
		return 0
	}
	cut, end := w.plan.cut(t), w.head+w.n
	if w.ts[w.head] > cut {
		return 0
	}
	n := notAfter(w.ts[w.head:min(end, w.size)], cut)
	if end > w.size && w.head+n == w.size {
		n += notAfter(w.ts[:end-w.size], cut)
	}
	return n
}

// notAfter returns how many of ts, which rise, are at t or before. Most often these
// are few.
func notAfter(ts []int64, t int64) int {
	n, step := 0, 1
	for ; n+step <= len(ts) && ts[n+step-1] <= t; step *= 2 {
		n += step
	}
	for step /= 2; step > 0; step /= 2 { // not with the next step, but perhaps with half of it
		if n+step <= len(ts) && ts[n+step-1] <= t {
			n += step
		}
	}
	return n
}

// Until returns a time before which Advance changes nothing, if nobody asks how
// long a value has been held; math.MaxInt64 where it never does. It is the first at
// which it does, but for days and weeks of a zone, which may be some hours shorter
// than others.
func (w *Window) Until() int64 {
	until := int64(math.MaxInt64)
	if w.plan.width.Kind == Duration && w.n > 0 {
		until = clock.Later(w.ts[w.head], w.plan.width.D)
		if w.plan.back != nil {
			until -= 6 * 3600e9
		}
	}
	if w.plan.ago > 0 {
		if q := &w.beyond.waiting; q.len() > 0 {
			until = min(until, q.ts[q.from])
		}
		until = clock.Later(until, w.plan.ago)
	}
	return until
}

// place returns where in the ring the sample of a number is, or would be.
func (w *Window) place(number int64) int {
	at := w.head + int(number-(w.seen-int64(w.n)))
	if at >= w.size {
		at -= w.size
	}
	return at
}

// Reset forgets all samples and the one before them.
func (w *Window) Reset() {
	w.plan.batch.w = nil
	w.n = 0 // numbers go on
	w.empty()
	if w.beyond != nil {
		*w.beyond = beyond{}
	}
	if w.all != nil {
		*w.all = total{}
	}
}

// keptRing is up to how many samples a ring keeps its room while it has none.
const keptRing = 16

// empty gives back the room of a window that has no samples any more.
func (w *Window) empty() {
	w.head = 0
	if w.ord != nil {
		*w.ord = order{}
	}
	if w.parts = nil; w.size > keptRing {
		w.xs, w.ts, w.size = nil, nil, 0
	} else if w.plan.width.Kind == Count {
		w.xs, w.ts = w.xs[:0], w.ts[:0]
	}
}

// Len returns how many samples are in the window.
func (w *Window) Len() int {
	if w.all != nil {
		return w.all.n
	}
	return w.n
}

// Held returns how many samples the window stores: all of them, but none for
// Kind All without an aggregate of order.
func (w *Window) Held() int {
	if w.plan.ago > 0 {
		return w.n + w.beyond.waiting.len()
	}
	if w.all == nil {
		return w.n
	}
	if w.ord != nil {
		return w.ord.len()
	}
	return 0
}

// Value returns aggs[j] of the plan over the window, NaN where there is none.
func (w *Window) Value(j int) float64 {
	a := &w.plan.aggs[j]
	switch {
	case w.Len() == 0:
		if a.Name == "count" {
			return 0
		}
		return math.NaN()
	case a.rank != nil:
		return a.rank(w.ord, w.last(), a.q)
	}
	b := w.look(a.needs)
	if a.moment != nil {
		return a.moment(&b.s, w.plan.ddof)
	}
	return a.read(b, 0)
}

// look returns the plan's batch, which is the window as it is, with what is
// needed. Several aggregates are most often read in turn.
func (w *Window) look(needs need) *batch {
	b := &w.plan.batch
	if b.w != w || b.seen != w.seen || b.size != w.Len() {
		b.w, b.seen, b.size, b.have = w, w.seen, w.Len(), 0
		b.next, b.head, b.step, b.heads, b.around = w.seen, w.seen-int64(w.Len()), 0, b.heads[:0], b.around[:0]
		b.without = b.without[:0]
		b.one.xs[0] = w.last()
		b.xs = b.one.xs[:]
		if w.ts != nil {
			b.one.ts[0] = w.ts[w.place(w.seen-1)]
			b.ts = b.one.ts[:]
		}
	}
	if missing := needs &^ (b.have | needEnds); missing != 0 {
		b.have |= missing
		switch p := w.sync(); {
		case w.all != nil:
			b.have = ^need(0)
			w.all.look(b)
		case p != nil:
			b.have = ^need(0)
			for _, s := range p.all {
				s.look(b)
			}
		default:
			w.lookAtSamples(b, missing)
		}
	}
	return b
}

// setLow makes x the smallest or, negated, the largest at the only sample.
func (b *batch) setLow(i int, x float64) {
	b.one.low[i][0] = x
	b.low[i] = b.one.low[i][:]
}

// lookAtSamples leaves in b what is needed of all samples, which are few.
func (w *Window) lookAtSamples(b *batch, needs need) {
	if w.isShort() {
		b.have = ^need(0)
		w.lookShort(b)
		return
	}
	xs, ys := w.halves(0)
	if needs&needMoments != 0 {
		b.s.gather(xs, ys, w.plan.needs&needPowers != 0)
	}
	if needs&needBefore != 0 && b.size > 1 {
		xs, ys := w.halves(1)
		b.other.gather(xs, ys, false)
	}
	if needs&needMin != 0 {
		b.setLow(0, min(lowestOf(xs, 1), lowestOf(ys, 1)))
	}
	if needs&needMax != 0 {
		b.setLow(1, min(lowestOf(xs, -1), lowestOf(ys, -1)))
	}
	if needs&(needTrend|needDecay|needPrevious) == 0 {
		return
	}
	first, second := &w.plan.pieces[0], &w.plan.pieces[1]
	w.blocks(first, second)
	if needs&needTrend != 0 {
		b.trend = append(b.trend[:0], first.trendSums(&b.s, second))
	}
	if needs&needDecay != 0 {
		b.decay = append(b.decay[:0], w.plan.decay.of(first, second))
	}
	if needs&needHeld != 0 {
		b.held = append(b.held[:0], w.plan.held.of(first, second))
	}
	if needs&needResets != 0 {
		b.resets = append(b.resets[:0], w.plan.resets.of(first, second))
	}
}

// last returns the newest sample.
func (w *Window) last() float64 {
	if w.all != nil {
		return w.all.last
	}
	return w.xs[w.place(w.seen-1)]
}

// halves returns the samples in order, in two pieces, without the newest skip.
func (w *Window) halves(skip int) (xs, ys []float64) {
	n := w.n - skip
	if over := w.head + n - w.size; over > 0 {
		return w.xs[w.head:], w.xs[:over]
	}
	return w.xs[w.head : w.head+n], nil
}

// elapsed returns the nanoseconds from a to b ≥ a, which may be more than an
// int64 holds.
func elapsed(a, b int64) float64 { return float64(uint64(b) - uint64(a)) }

// later returns t and a whole number of nanoseconds, less than 2^64 either way,
// together. What a float64 becomes that the integer cannot hold, such as a
// negative one as unsigned, differs from CPU to CPU; a quarter fits.
func later(t int64, ns float64) int64 {
	quarter := math.Floor(ns / 4)
	return t + 4*int64(quarter) + int64(ns-float64(4*quarter))
}

// A queue is samples in the order of their times.
type queue struct {
	xs   []float64
	ts   []int64
	from int // the first that is still there
}

func (q *queue) len() int { return len(q.xs) - q.from }

// add puts a sample behind the others. The room that next has left is used again
// before there is more of it, once it is half.
func (q *queue) add(t int64, x float64) {
	if len(q.xs) == cap(q.xs) && 2*q.from >= len(q.xs) {
		q.xs, q.ts = q.xs[:copy(q.xs, q.xs[q.from:])], q.ts[:copy(q.ts, q.ts[q.from:])]
		q.from = 0
	}
	q.xs, q.ts = append(q.xs, x), append(q.ts, t)
}

// next takes the first sample out, if it is at t or before.
func (q *queue) next(t int64) (sample, bool) {
	if q.len() == 0 || q.ts[q.from] > t {
		return sample{}, false
	}
	x := sample{q.xs[q.from], q.ts[q.from], true}
	if q.from++; q.from == len(q.xs) {
		*q = queue{}
	}
	return x, true
}

// before returns how many samples are at t or before.
func (q *queue) before(t int64) int { return notAfter(q.ts[q.from:], t) }
