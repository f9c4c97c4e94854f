package agg

import (
	"math"
	"runtime"
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

	parts *parts
	ord   *order
	all   *total // instead of the ring, for Kind All
}

// Push adds the sample x at the time t, in nanoseconds, not before the last
// one's; what the window does not reach any more is forgotten. It is O(1)
// amortised and allocates nothing once a window is full (TestPushAllocs).
func (w *Window) Push(t int64, x float64) {
	switch {
	case w.all != nil:
		w.pushAll(t, x)
		return
	case w.plan.width.Kind == Duration:
		w.Advance(t)
		if w.n == w.size {
			w.resize(max(2*w.size, 4))
		}
	case w.full():
		w.slip(x)
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

// slip forgets the oldest sample because x comes.
func (w *Window) slip(x float64) {
	if w.ord != nil {
		w.ord.replace(w.xs[w.head], x)
	}
	w.drop()
}

// drop moves the window past its oldest sample.
func (w *Window) drop() {
	w.n--
	if w.head++; w.head == w.size {
		w.head = 0
	}
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

// Advance forgets the samples at or before t−D of a window of a duration D.
// For other windows it does nothing.
func (w *Window) Advance(t int64) {
	for stale := w.Stale(t); stale > 0; stale-- {
		if w.ord != nil {
			w.ord.remove(w.xs[w.head])
		}
		w.drop()
	}
	if w.plan.width.Kind == Duration && w.size > 64 && w.n < w.size/16 {
		w.resize(w.size / 4)
	}
}

// Stale returns how many samples Advance(t) would forget, in O(log n).
func (w *Window) Stale(t int64) int {
	cut := t - w.plan.width.D
	if w.plan.width.Kind != Duration || w.n == 0 || cut > t || w.ts[w.head] > cut {
		return 0
	}
	lo, hi := 1, w.n // the samples before lo are stale, those from hi on are not
	for lo < hi {
		mid := (lo + hi) / 2
		if w.ts[w.place(w.seen-int64(w.n-mid))] <= cut {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// place returns where in the ring the sample of a number is, or would be.
func (w *Window) place(number int64) int {
	at := w.head + int(number-(w.seen-int64(w.n)))
	if at >= w.size {
		at -= w.size
	}
	return at
}

// Reset forgets all samples. Storage is kept.
func (w *Window) Reset() {
	w.plan.latest.w = nil
	w.head, w.n = 0, 0 // numbers go on
	w.xs = w.xs[:0]
	if w.plan.width.Kind == Duration {
		w.xs = w.xs[:w.size]
	} else if w.ts != nil {
		w.ts = w.ts[:0]
	}
	if w.parts != nil {
		w.parts.forget()
	}
	if w.ord != nil {
		w.ord.reset()
	}
	if w.all != nil {
		*w.all = total{}
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
	if w.Len() == 0 && a.Name != "count" {
		return math.NaN()
	}
	if a.moment != nil {
		return a.moment(w.plan.latest.of(w), w.plan.ddof)
	}
	return a.read(w, a.q)
}

// latest are the sums of the window read last, which several aggregates are
// most often read from in turn.
type latest struct {
	w    *Window
	seen int64
	n    int
	sums sums
}

// of returns the sums of w, valid until those of another window are asked for.
func (l *latest) of(w *Window) *sums {
	if n := w.Len(); l.w != w || l.seen != w.seen || l.n != n {
		l.w, l.seen, l.n = w, w.seen, n
		w.sum(&l.sums)
	}
	return &l.sums
}

func (w *Window) count(float64) float64 { return float64(w.Len()) }

// halves returns the samples in order, in two pieces, without the newest skip.
func (w *Window) halves(skip int) (xs, ys []float64) {
	n := w.n - skip
	if over := w.head + n - w.size; over > 0 {
		return w.xs[w.head:], w.xs[:over]
	}
	return w.xs[w.head : w.head+n], nil
}
