package agg

import "math"

// A faded is a weighted mean of a stretch of samples, where the newest has the
// weight 1 and older ones less.
type faded struct {
	mean, weight float64
	n            int64
	t            int64 // of the newest
}

// join returns a and b, which lies behind a, together: all of a weighs less by
// what passes to the end of b.
func (p *Plan) join(a, b faded) faded {
	if a.n == 0 {
		return b
	}
	if b.n == 0 {
		return a
	}
	return a.mix(a.weight*p.fade(b.n, elapsed(a.t, b.t)), b)
}

// mix returns a with the given weight and b together.
func (a faded) mix(weight float64, b faded) faded {
	sum := weight + b.weight
	share := b.weight / sum
	mean := a.mean + float64((b.mean-a.mean)*share)
	if math.IsInf(b.mean-a.mean, 0) {
		mean = float64(a.mean*(1-share)) + float64(b.mean*share)
	}
	return faded{mean, sum, a.n + b.n, b.t}
}

// decay keeps the weighted means of the parts of a window.
type decay struct {
	plan  *Plan
	tree  *tree[faded]
	i, j  int32
	fresh bool
	oldN  int64
	base  faded   // the blocks between
	rest  []faded // each rest of the oldest block with them
	cur   faded   // the newest block
}

func newDecay(k, n int, p *Plan) *decay {
	return &decay{plan: p, tree: newTree(k, faded{}), rest: make([]faded, 0, n)}
}

func (d *decay) leaf(j int, b *block) {
	d.tree.set(j, d.plan.faded(faded{}, *b), d.plan.join)
}

func (d *decay) join(i, j int) { d.i, d.j, d.fresh = int32(i), int32(j), true }

func (d *decay) sync(c *content) {
	if d.fresh {
		d.base = d.tree.between(int(d.i), int(d.j), d.plan.join)
		d.cur, d.oldN, d.fresh = faded{}, c.old.number, false
		d.rest = d.rest[:len(c.old.xs)]
		f := d.base
		for i := len(d.rest) - 1; i >= 0; i-- {
			x := faded{c.old.xs[i], 1, 1, c.old.time(i)}
			f = x.mix(d.plan.fade(f.n, elapsed(x.t, f.t)), f)
			d.rest[i] = f
		}
	}
	d.cur = d.plan.faded(d.cur, c.cur.after(int(d.cur.n)))
}

// after returns b without its first n samples.
func (b block) after(n int) block {
	b.xs, b.number = b.xs[n:], b.number+int64(n)
	if b.ts != nil {
		b.ts = b.ts[n:]
	}
	return b
}

// faded returns f with the samples of b behind it.
func (p *Plan) faded(f faded, b block) faded {
	for i, x := range b.xs {
		t := b.time(i)
		next := faded{x, 1, 1, t}
		switch {
		case f.n == 0:
			f = next
		case p.width.Kind == Duration:
			f = f.mix(f.weight*p.fade(1, elapsed(f.t, t)), next)
		default:
			f = f.mix(f.weight*p.keep, next)
		}
	}
	return f
}

// ewma is the weighted mean Σwx/Σw of the window's samples, in the unit of x.
// The weight falls by 1−α a sample, α = 2/(W+1), for a window of W samples; by
// e^(−2Δt/W) for one of a duration; all samples of a window of all weigh the
// same.
func (w *Window) ewma(float64) float64 {
	if w.all != nil {
		return w.plan.latest.of(w).mean(0)
	}
	if p := w.sync(); p != nil {
		d := p.decay
		f := d.base
		if i := int(w.seen - int64(w.n) - d.oldN); i < len(d.rest) {
			f = d.rest[i]
		}
		return w.plan.join(f, d.cur).mean
	}
	a, b := w.blocks()
	return w.plan.faded(w.plan.faded(faded{}, a), b).mean
}
