package agg

import "math"

// moment fills dst with an aggregate of the moments.
func (b *batch) moment(a *Agg, dst []float64) {
	switch a.Name {
	case "mean":
		b.means(dst)
		return
	case "std":
		b.stds(dst)
		return
	}
	b.each(a.moment, dst)
}

// each fills dst with a read-out of the moments.
func (b *batch) each(read func(*sums, float64) float64, dst []float64) {
	s, ddof := b.s, b.w.plan.ddof
	for i := range dst {
		s.n = float64(b.count(i))
		s.s1, s.s2 = b.sum[0][i], b.sum[1][i]
		if b.w.plan.needs&needPowers != 0 {
			s.s3, s.s4 = b.sum[2][i], b.sum[3][i]
		}
		dst[i] = read(&s, ddof)
	}
}

// means and stds are sums.mean and sums.std written out, which is twice as fast.
func (b *batch) means(dst []float64) {
	c, unit, n, grow := b.s.c, b.s.unit, float64(b.n), float64(1-b.step)
	s1 := b.sum[0][:len(dst)]
	for i := range dst {
		dst[i] = (c + s1[i]/n) * unit
		n += grow
	}
}

func (b *batch) stds(dst []float64) {
	unit, n, grow, ddof := b.s.unit, float64(b.n), float64(1-b.step), b.w.plan.ddof
	if grow != 0 || n <= ddof {
		b.each((*sums).std, dst)
		return
	}
	per := 1 / (n * (n - ddof))
	s1, s2 := b.sum[0][:len(dst)], b.sum[1][:len(dst)]
	for i := range dst {
		spread := float64(n*s2[i]) - float64(s1[i]*s1[i])
		dst[i] = math.Sqrt(spread*per) * unit
	}
	if unit > 1 {
		notFinite(dst)
	}
}

// notFinite makes NaN of what is infinite.
func notFinite(xs []float64) {
	for i, x := range xs {
		xs[i] = finite(x)
	}
}

// count returns the samples in the window at the i-th of the batch.
func (b *batch) count(i int) int { return b.n + i*int(1-b.step) }

func (b *batch) counts(dst []float64) {
	for i := range dst {
		dst[i] = float64(b.count(i))
	}
}

func (b *batch) min(dst []float64) { copy(dst, b.lo) }

func (b *batch) max(dst []float64) { copy(dst, b.hi) }

func (b *batch) extent(dst []float64) {
	for i := range dst {
		dst[i] = finite(b.hi[i] - b.lo[i])
	}
}

// oldest returns the oldest sample of the window at the i-th of the batch.
func (b *batch) oldest(i int) float64 {
	return b.w.xs[b.w.place(b.head+int64(i)*b.step)]
}

func (b *batch) first(dst []float64) {
	for i := range dst {
		dst[i] = b.oldest(i)
	}
}

func (b *batch) latest(dst []float64) { copy(dst, b.xs) }

func (b *batch) delta(dst []float64) {
	for i := range dst {
		dst[i] = finite(b.xs[i] - b.oldest(i))
	}
}

func (b *batch) z(dst []float64) {
	s := b.s
	for i := range dst {
		s.n = float64(b.count(i) - 1)
		s.s1, s.s2 = b.before[0][i], b.before[1][i]
		dst[i] = s.z(b.xs[i], b.w.plan.ddof)
	}
}
