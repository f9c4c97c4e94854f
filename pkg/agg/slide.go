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
	spare  [6][]float64

	mean, std []float64 // columns to be filled without sums, if not nil
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
		w.full()
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
	if w.full() {
		step = 1
	}
	p := w.partsFor(w.seen, head+step)
	if p == nil {
		return 0
	}
	b := &w.plan.batch
	b.w, b.head, b.step, b.n = w, head+step, step, w.n+1-int(step)
	b.aim(dst, at)
	n := p.fill(b, xs)
	if n == 0 {
		return 0
	}
	b.xs = xs[:n]
	for j, d := range dst {
		if d == nil || b.mean != nil && (j == w.plan.meanAt || j == w.plan.stdAt) {
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
	p.syncedTo, p.syncedFrom = w.seen, w.seen-int64(w.n)
	return n
}

// aim gives b the columns of mean and std, if these two are wanted and nothing
// else that is made of moments: the most common case by far is worth a loop of
// its own, which computes them without storing any sums.
func (b *batch) aim(dst [][]float64, at int) {
	p := b.w.plan
	b.mean, b.std = nil, nil
	if p.pair && b.step == 1 && float64(b.n) > p.ddof && dst[p.meanAt] != nil && dst[p.stdAt] != nil {
		b.mean, b.std = dst[p.meanAt][at:], dst[p.stdAt][at:]
	}
}

// fill takes xs into the parts and leaves in b what the window is at each, and
// returns how many it took.
func (p *parts) fill(b *batch, xs []float64) int {
	n := min(len(xs), int(p.end-b.w.seen))
	var c content
	b.w.content(&c, p, b.head)
	if p.moments != nil {
		p.moments.sync(&c)
		n = p.moments.fill(b, xs[:n])
	}
	if p.extremes != nil && n > 0 {
		p.extremes.sync(&c)
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
	n := 0
	if b.mean != nil {
		n = m.fillMeanStd(b, xs)
	} else {
		n = m.fillSums(b, xs)
	}
	m.done += int32(n)
	m.single = m.single || n > 0
	return n
}

// fillSums leaves the joined sums of the window at each of xs in b, as far as
// the class allows, and returns how far that is.
func (m *moments) fillSums(b *batch, xs []float64) int {
	b.s = m.base
	for r := range m.rows() {
		b.sum[r] = m.rests(b, r, len(xs))
	}
	if b.w.plan.needs&needBefore != 0 {
		m.fillBefore(b, xs)
	}
	n := m.fillSquares(b.sum[0], b.sum[1], xs)
	if m.powers {
		m.fillPowers(b.sum[2], b.sum[3], xs[:n])
	}
	return n
}

// fillMeanStd fills the columns of mean and std as far as the class allows, and
// returns how far that is. It does what fillSums, batch.means and batch.stds do.
func (m *moments) fillMeanStd(b *batch, xs []float64) int {
	k, c, unit, limit := 1/m.base.unit, m.base.c, m.base.unit, m.limit
	base1, base2, n := m.base.s1, m.base.s2, float64(b.n)
	per := 1 / (n * (n - b.w.plan.ddof))
	r1, r2 := m.rests(b, 0, len(xs))[1:][:len(xs)], m.rests(b, 1, len(xs))[1:][:len(xs)]
	mean, std := b.mean[:len(xs)], b.std[:len(xs)]
	s1, s2 := m.cur[0], m.cur[1]
	for i, x := range xs {
		if !(math.Abs(x) < limit) {
			xs = xs[:i]
			break
		}
		d := float64(x*k) - c
		s1 += d
		s2 += float64(d * d)
		w1, w2 := base1+(r1[i]+s1), base2+(r2[i]+s2)
		mean[i] = (c + w1/n) * unit
		std[i] = math.Sqrt((float64(n*w2)-float64(w1*w1))*per) * unit
	}
	m.cur[0], m.cur[1] = s1, s2
	if unit > 1 {
		notFinite(std[:len(xs)])
	}
	return len(xs)
}

// rests returns batch.rests of the sums of the (r+1)-th powers.
func (m *moments) rests(b *batch, r, n int) []float64 {
	var row []float64
	if m.old > 0 {
		row = m.row(r)[:m.old+2]
	}
	return b.rests(row, m.oldN, 0, &b.spare[r], n)
}

// rests returns n+1 places, of which the last n are what row, made when the
// sample oldN was the oldest, is at each sample of b. Where there is no row,
// they are all base, in spare.
func (b *batch) rests(row []float64, oldN int64, base float64, spare *[]float64, n int) []float64 {
	if b.step == 1 && len(row) > 0 {
		return row[b.head-oldN:][:n+1]
	}
	*spare = room(*spare, n+1)
	for i := range *spare {
		(*spare)[i] = base
	}
	return *spare
}

// fillBefore leaves the sums without the newest sample in b, and fillSquares
// those with it where there were those of the rests.
func (m *moments) fillBefore(b *batch, xs []float64) {
	k, c := 1/m.base.unit, m.base.c
	s1, s2 := m.cur[0], m.cur[1]
	b.before = [2][]float64{room(b.before[0], len(xs)), room(b.before[1], len(xs))}
	for i, x := range xs {
		if !(math.Abs(x) < m.limit) {
			break
		}
		b.before[0][i] = m.base.s1 + (b.sum[0][i+1] + s1)
		b.before[1][i] = m.base.s2 + (b.sum[1][i+1] + s2)
		m.last = [2]float64{s1, s2}
		d := float64(x*k) - c
		s1 += d
		s2 += float64(d * d)
	}
}

func (m *moments) fillSquares(sum1, sum2, xs []float64) int {
	k, c, limit := 1/m.base.unit, m.base.c, m.limit
	s1, s2 := m.cur[0], m.cur[1]
	base1, base2 := m.base.s1, m.base.s2
	from1, from2 := sum1[1:][:len(xs)], sum2[1:][:len(xs)]
	n := len(xs)
	for i, x := range xs {
		if !(math.Abs(x) < limit) {
			n = i
			break
		}
		d := float64(x*k) - c
		s1 += d
		s2 += float64(d * d)
		sum1[i] = base1 + (from1[i] + s1)
		sum2[i] = base2 + (from2[i] + s2)
	}
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
		sum3[i] = m.base.s3 + (sum3[i+1] + s3)
		sum4[i] = m.base.s4 + (sum4[i+1] + s4)
	}
	m.cur[2], m.cur[3] = s3, s4
}

// fill leaves the extremes of the window at each of xs in b.
func (e *extremes) fill(b *batch, xs []float64) {
	if e.min {
		b.lo = b.rests(e.los(), e.oldN, e.base.lo, &b.spare[4], len(xs))
		e.cur.lo = fillLows(b.lo, xs, e.cur.lo)
	}
	if e.max {
		b.hi = b.rests(e.his(), e.oldN, e.base.hi, &b.spare[5], len(xs))
		e.cur.hi = fillHighs(b.hi, xs, e.cur.hi)
	}
	e.done += int32(len(xs))
}

// fillLows joins the rests in dst, from its second place on, with what xs have
// come to, lo before them, and returns what they come to at last. As xs go on,
// rests rise and xs fall: once xs are lower, they stay so.
func fillLows(dst, xs []float64, lo float64) float64 {
	rest := dst[1:][:len(xs)]
	i := 0
	for ; i < len(xs); i++ {
		if x := xs[i]; x < lo {
			lo = x
		}
		if rest[i] >= lo {
			break
		}
		dst[i] = rest[i]
	}
	dst = dst[:len(xs)]
	for ; i < len(xs); i++ {
		if x := xs[i]; x < lo {
			lo = x
		}
		dst[i] = lo
	}
	return lo
}

func fillHighs(dst, xs []float64, hi float64) float64 {
	rest := dst[1:][:len(xs)]
	i := 0
	for ; i < len(xs); i++ {
		if x := xs[i]; x > hi {
			hi = x
		}
		if rest[i] <= hi {
			break
		}
		dst[i] = rest[i]
	}
	dst = dst[:len(xs)]
	for ; i < len(xs); i++ {
		if x := xs[i]; x > hi {
			hi = x
		}
		dst[i] = hi
	}
	return hi
}
