package agg

import "math"

// A batch is buffers for samples that a window takes in at one go, all within
// one block, and what it is at each of them. The plan owns it.
type batch struct {
	w      *Window
	xs     []float64
	head   int64 // number of the oldest sample when xs[0] is in
	step   int64 // how many samples leave for each but the first: 0 or 1
	n      int   // samples in the window when xs[0] is in
	s      sums  // c and unit
	sum    [4][]float64
	before [2][]float64
	lo, hi []float64
}

// Slide does the same as Push(0, x) for each x of xs, followed by dst[j][i] =
// Value(j) for each j for which dst has a column, to the last bit; dst may be
// nil. It is for windows of a count or of all without times.
func (w *Window) Slide(xs []float64, dst [][]float64) {
	wanted := false
	for _, d := range dst {
		wanted = wanted || d != nil
	}
	if !wanted {
		w.pushMany(xs)
		return
	}
	for i := 0; i < len(xs); {
		n := 0
		if w.plan.swift && w.all == nil {
			n = w.slideBlock(xs[i:], dst, i)
		}
		if n == 0 {
			w.Push(0, xs[i])
			for j, d := range dst {
				if d != nil {
					d[i] = w.Value(j)
				}
			}
			n = 1
		}
		i += n
	}
}

// pushMany pushes xs.
func (w *Window) pushMany(xs []float64) {
	if w.all != nil || w.ord != nil || w.ts != nil || w.plan.timed {
		for _, x := range xs {
			w.Push(0, x)
		}
		return
	}
	for len(xs) > 0 {
		at := w.place(w.seen)
		n := min(len(xs), w.size-at)
		w.storeMany(at, xs[:n])
		xs = xs[n:]
	}
}

// storeMany stores xs from the place behind the newest sample on, at most up to
// the end of the ring.
func (w *Window) storeMany(at int, xs []float64) {
	if at+len(xs) > len(w.xs) {
		w.grow(at + len(xs))
	}
	copy(w.xs[at:], xs)
	w.seen += int64(len(xs))
	w.n += len(xs)
	if over := w.n - w.size; over > 0 {
		w.n = w.size
		w.head += over
		if w.head >= w.size {
			w.head -= w.size
		}
	}
}

// slideBlock takes in as many of xs as one block and one class allow, writes
// what it is at each into dst from the row at on, and returns how many these
// were. It returns 0 where only Push will do.
func (w *Window) slideBlock(xs []float64, dst [][]float64, at int) int {
	head := w.seen - int64(w.n)
	step := int64(0)
	if w.n == w.size {
		step = 1
	}
	p := w.partsFor(w.seen, head+step)
	if p == nil {
		return 0
	}
	b := &w.plan.batch
	b.w, b.head, b.step, b.n = w, head+step, step, w.n+1-int(step)
	n := p.fill(b, xs)
	if n == 0 {
		return 0
	}
	b.xs = xs[:n]
	for j, d := range dst {
		if d == nil {
			continue
		}
		a := &w.plan.aggs[j]
		if a.moment != nil {
			b.moment(a, d[at:at+n])
		} else {
			a.column(b, d[at:at+n])
		}
	}
	w.storeMany(w.place(w.seen), b.xs)
	return n
}

// fill takes xs into the parts and leaves in b what the window is at each, and
// returns how many it took.
func (p *parts) fill(b *batch, xs []float64) int {
	n := min(len(xs), int(p.end-b.w.seen))
	c := b.w.content(p, b.head)
	if p.moments != nil {
		p.moments.sync(c)
		n = p.moments.fill(b, xs[:n])
	}
	if p.extremes != nil && n > 0 {
		p.extremes.sync(c)
		p.extremes.fill(b, xs[:n])
	}
	return n
}

// room returns buf with n places.
func room(buf []float64, n int) []float64 {
	if n > cap(buf) {
		return make([]float64, n, 2*n)
	}
	return buf[:n]
}

// fill sums up xs as take does, as far as the class allows, and leaves the
// joined sums of the window at each in b.
func (m *moments) fill(b *batch, xs []float64) int {
	if b.step == 1 && m.until != math.MaxInt32 {
		xs = xs[:min(len(xs), int(int64(m.until)-(b.head-m.oldN)))]
	}
	b.s = m.base
	for r := range m.rows() {
		b.sum[r] = room(b.sum[r], len(xs))
		m.rests(b.sum[r], r, b)
	}
	if b.w.plan.needs&needBefore != 0 {
		m.fillBefore(b, xs)
	}
	n := m.fillSquares(b.sum[0], b.sum[1], xs)
	if m.powers {
		m.fillPowers(b.sum[2], b.sum[3], xs[:n])
	}
	m.done += int32(n)
	m.single = m.single || n > 0
	return n
}

// rests fills dst with the sums of the (r+1)-th powers of the rests that are
// left at each sample of b.
func (m *moments) rests(dst []float64, r int, b *batch) {
	base := [4]float64{m.base.s1, m.base.s2, m.base.s3, m.base.s4}[r]
	i := 0
	if b.step == 1 && b.head-m.oldN < int64(m.old) {
		i = copy(dst, m.row(r)[b.head-m.oldN:m.old])
	}
	for ; i < len(dst); i++ {
		dst[i] = base
	}
}

func (m *moments) fillBefore(b *batch, xs []float64) {
	k, c := 1/m.base.unit, m.base.c
	s1, s2 := m.cur[0], m.cur[1]
	b.before = [2][]float64{room(b.before[0], len(xs)), room(b.before[1], len(xs))}
	for i, x := range xs {
		b.before[0][i] = b.sum[0][i] + s1
		b.before[1][i] = b.sum[1][i] + s2
		d := float64(x*k) - c
		s1 += d
		s2 += float64(d * d)
	}
}

func (m *moments) fillSquares(sum1, sum2, xs []float64) int {
	k, c, limit := 1/m.base.unit, m.base.c, m.limit
	s1, s2 := m.cur[0], m.cur[1]
	last1, last2 := m.last[0], m.last[1]
	sum1, sum2 = sum1[:len(xs)], sum2[:len(xs)]
	n := len(xs)
	for i, x := range xs {
		if !(math.Abs(x) < limit) {
			n = i
			break
		}
		last1, last2 = s1, s2
		d := float64(x*k) - c
		s1 += d
		s2 += float64(d * d)
		sum1[i] += s1
		sum2[i] += s2
	}
	m.last = [2]float64{last1, last2}
	m.cur[0], m.cur[1] = s1, s2
	return n
}

func (m *moments) fillPowers(sum3, sum4, xs []float64) {
	k, c := 1/m.base.unit, m.base.c
	s3, s4 := m.cur[2], m.cur[3]
	for i, x := range xs {
		d := float64(x*k) - c
		dd := float64(d * d)
		s3 += float64(dd * d)
		s4 += float64(dd * dd)
		sum3[i] += s3
		sum4[i] += s4
	}
	m.cur[2], m.cur[3] = s3, s4
}

// fill leaves the extremes of the window at each of xs in b.
func (e *extremes) fill(b *batch, xs []float64) {
	if e.min {
		b.lo = room(b.lo, len(xs))
		rests(b.lo, e.los, e.base.lo, b, e.oldN)
		e.cur.lo = fillLows(b.lo, xs, e.cur.lo)
	}
	if e.max {
		b.hi = room(b.hi, len(xs))
		rests(b.hi, e.his, e.base.hi, b, e.oldN)
		e.cur.hi = fillHighs(b.hi, xs, e.cur.hi)
	}
	e.done += int32(len(xs))
}

// rests fills dst with what rest, which begins at the sample oldN, is at each
// sample of b, and with base where no rest is left.
func rests(dst, rest []float64, base float64, b *batch, oldN int64) {
	i := 0
	if from := b.head - oldN; b.step == 1 && from < int64(len(rest)) {
		i = copy(dst, rest[from:])
	}
	for ; i < len(dst); i++ {
		dst[i] = base
	}
}

func fillLows(dst, xs []float64, lo float64) float64 {
	dst = dst[:len(xs)]
	for i, x := range xs {
		if x < lo {
			lo = x
		}
		if lo < dst[i] {
			dst[i] = lo
		}
	}
	return lo
}

func fillHighs(dst, xs []float64, hi float64) float64 {
	dst = dst[:len(xs)]
	for i, x := range xs {
		if x > hi {
			hi = x
		}
		if hi > dst[i] {
			dst[i] = hi
		}
	}
	return hi
}
