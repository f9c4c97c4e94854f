package agg

import "math"

// first is the oldest value of the window.
func (w *Window) first(float64) float64 {
	if w.all != nil {
		return w.all.first
	}
	return w.xs[w.head]
}

// latest is the newest value of the window.
func (w *Window) latest(float64) float64 { return w.last() }

func (w *Window) last() float64 {
	if w.all != nil {
		return w.all.last
	}
	return w.xs[w.place(w.seen-1)]
}

// delta is last−first; none where that is beyond float64.
func (w *Window) delta(float64) float64 { return finite(w.last() - w.first(0)) }

// passed returns the time from the first to the last sample of the window, in
// nanoseconds; without a clock a sample is a second.
func (w *Window) passed() float64 {
	switch {
	case !w.plan.clock:
		return float64(w.Len()-1) * 1e9
	case w.all != nil:
		return elapsed(w.all.firstT, w.all.lastT)
	}
	return elapsed(w.ts[w.head], w.ts[w.place(w.seen-1)])
}

// rate is the increase per second from the first to the last sample of a
// counter, per sample without a clock. A drop is a restart from 0, so that what
// was counted before it is added: last − first + Σ(value before a drop). There
// is none where no time passes or where it is beyond float64.
func (w *Window) rate(float64) float64 {
	ns := w.passed()
	if ns == 0 {
		return math.NaN()
	}
	d := w.dropped()
	return finite(d.over(w.first(0), w.last(), ns))
}

// A drops is the values before the drops of a counter over a stretch of
// samples, added up: small ones, and large ones times 2^-64, so that neither
// sum overflows.
type drops struct {
	small, large float64
	first, last  float64 // sample
	n            int
}

// step goes on from sample a to sample b.
func (d *drops) step(a, b float64) {
	switch {
	case b >= a:
	case math.Abs(a) < 0x1p900:
		d.small += a
	default:
		d.large += float64(a * 0x1p-64)
	}
}

// add puts x behind the stretch, which may be empty.
func (d *drops) add(x float64) {
	if d.n == 0 {
		d.first = x
	} else {
		d.step(d.last, x)
	}
	d.last = x
	d.n++
}

func joinDrops(a, b drops) drops {
	if a.n == 0 {
		return b
	}
	if b.n == 0 {
		return a
	}
	a.step(a.last, b.first)
	return drops{a.small + b.small, a.large + b.large, a.first, b.last, a.n + b.n}
}

// over returns (last − first + drops) per second.
func (d *drops) over(first, last, ns float64) float64 {
	seconds := ns / 1e9
	if x := (last - first) + d.small; d.large == 0 && !math.IsInf(x, 0) {
		if math.Abs(x) < 0x1p900 {
			return x * 1e9 / ns // exact where both are, as 4 in 9 ns is not in seconds
		}
		return x / seconds
	}
	x := float64(last*0x1p-64) - float64(first*0x1p-64) + float64(d.small*0x1p-64) + d.large
	return x / seconds * 0x1p64
}

// restarts keeps the drops of the parts of a window.
type restarts struct {
	tree  *tree[drops]
	i, j  int32
	fresh bool
	oldN  int64
	base  drops   // the blocks between
	rest  []drops // each rest of the oldest block with them
	cur   drops   // the newest block
}

func newRestarts(k, n int) *restarts {
	return &restarts{tree: newTree(k, drops{}), rest: make([]drops, 0, n)}
}

func (r *restarts) leaf(j int, b *block) {
	var d drops
	for _, x := range b.xs {
		d.add(x)
	}
	r.tree.set(j, d, joinDrops)
}

func (r *restarts) join(i, j int) { r.i, r.j, r.fresh = int32(i), int32(j), true }

func (r *restarts) sync(c *content) {
	if r.fresh {
		r.base = r.tree.between(int(r.i), int(r.j), joinDrops)
		r.cur, r.oldN, r.fresh = drops{}, c.old.number, false
		r.rest = r.rest[:len(c.old.xs)]
		d := r.base
		for i := len(c.old.xs) - 1; i >= 0; i-- {
			d = joinDrops(drops{first: c.old.xs[i], last: c.old.xs[i], n: 1}, d)
			r.rest[i] = d
		}
	}
	for _, x := range c.cur.xs[r.cur.n:] {
		r.cur.add(x)
	}
}

// dropped returns the drops of the window.
func (w *Window) dropped() drops {
	if w.all != nil {
		return w.all.drops
	}
	if p := w.sync(); p != nil {
		r := p.restarts
		d := r.base
		if i := int(w.seen - int64(w.n) - r.oldN); i < len(r.rest) {
			d = r.rest[i]
		}
		return joinDrops(d, r.cur)
	}
	var d drops
	xs, ys := w.halves(0)
	for _, xs := range [2][]float64{xs, ys} {
		for _, x := range xs {
			d.add(x)
		}
	}
	return d
}
