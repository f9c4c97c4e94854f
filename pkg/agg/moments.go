package agg

import "math"

// moments keeps the moments of the parts of a window.
//
// All sums are around one value c, near the mean of the whole blocks between,
// which are part of every window until the next block begins. So c is never far
// from the mean, and Σ(x−c)² − (Σ(x−c))²/n loses nothing that counts: the ratio
// of the first to the difference is at most 1 + (samples beside the blocks
// between)/(samples in them). The sample of least |x|, another c that does no
// harm after a burst, may lie far from the mean and makes that ratio n.
//
// In rest are the sums of each rest of the oldest block and the blocks between,
// power by power; in cur those of the newest block.
type moments struct {
	tree   tree[stretch]
	i, j   int32 // the blocks between
	done   int32 // samples of the newest block that are in cur
	old    int32 // samples of the oldest block when rest was made,
	until  int32 // from which of them on the class may be lower,
	oldN   int64 // and the number of the first of them
	rest   []float64
	stride int32
	powers bool
	builds int32
	fresh  bool // nothing is summed up yet
	single bool // the class is that without the newest sample
	class  int8 // of the largest sample
	limit  float64
	base   sums       // the blocks between, around c
	cur    [4]float64 // the newest block
	last   [2]float64 // and without its newest sample
}

// newMoments returns moments for k blocks of at most n samples.
func newMoments(k, n int, powers bool) *moments {
	return &moments{tree: tree[stretch]{make([]stretch, 2*k-2), k}, stride: int32(n), powers: powers}
}

func (m *moments) leaf(j int, b block) {
	m.tree.set(j, summarize(b.xs, m.powers), join)
}

func (m *moments) join(i, j int) { m.i, m.j, m.fresh = int32(i), int32(j), true }

func (m *moments) sync(c content) {
	if m.fresh || c.old.number-m.oldN >= int64(m.until) {
		m.build(c, int(m.done))
	}
	for int(m.done) < len(c.cur.xs) {
		if m.take(c.cur.xs[m.done:]); int(m.done) < len(c.cur.xs) {
			m.build(c, int(m.done)+1)
		}
	}
}

// take sums up samples of the newest block, up to one of a higher class.
func (m *moments) take(xs []float64) {
	k, c, cur, last := 1/m.base.unit, m.base.c, m.cur, m.last
	n := 0
	for _, x := range xs {
		if !(math.Abs(x) < m.limit) {
			break
		}
		d := float64(x*k) - c
		last = [2]float64{cur[0], cur[1]}
		cur[0] += d
		dd := float64(d * d)
		cur[1] += dd
		if m.powers {
			cur[2] += float64(dd * d)
			cur[3] += float64(dd * dd)
		}
		n++
	}
	m.cur, m.last, m.done = cur, last, m.done+int32(n)
	m.single = m.single || n > 0
}

// build sums up all rests of the oldest block and n samples of the newest, in
// the class of the largest sample. It is called for every block, and as often
// again as the class changes, at most 14 times.
func (m *moments) build(c content, n int) {
	if m.fresh {
		n = 0
	}
	m.builds++
	mid := m.tree.between(int(m.i), int(m.j), join)
	class := max(mid.class, classIn(c.old.xs), classIn(c.cur.xs[:n]))
	m.class, m.limit = int8(class), limitOf(class)
	m.base = mid.around(class)
	m.old, m.oldN, m.fresh = int32(len(c.old.xs)), c.old.number, false
	m.until = math.MaxInt32
	if class > mid.class && class > classIn(c.cur.xs[:n]) {
		for i, x := range c.old.xs {
			if classOf(math.Abs(x)) == class {
				m.until = int32(i + 1)
			}
		}
	}
	m.sumRests(c.old.xs)
	m.cur, m.done, m.single = [4]float64{}, 0, false
	m.take(c.cur.xs[:n])
	if n > 0 {
		m.single = class == max(mid.class, classIn(c.old.xs), classIn(c.cur.xs[:n-1]))
	}
}

// sumRests sums up from the newest to the oldest sample of the oldest block.
func (m *moments) sumRests(old []float64) {
	if len(old) == 0 {
		return
	}
	if m.rest == nil {
		m.rest = make([]float64, m.rows()*int(m.stride))
	}
	k, c, s1, s2 := 1/m.base.unit, m.base.c, m.base.s1, m.base.s2
	r1 := m.row(0)[:len(old)]
	r2 := m.row(1)[:len(old)]
	for i := len(old) - 1; i >= 0; i-- {
		d := float64(old[i]*k) - c
		s1 += d
		s2 += float64(d * d)
		r1[i], r2[i] = s1, s2
	}
	if !m.powers {
		return
	}
	r3, r4, s3, s4 := m.row(2), m.row(3), m.base.s3, m.base.s4
	for i := len(old) - 1; i >= 0; i-- {
		d := float64(old[i]*k) - c
		dd := float64(d * d)
		s3 += float64(dd * d)
		s4 += float64(dd * dd)
		r3[i], r4[i] = s3, s4
	}
}

func (m *moments) rows() int {
	if m.powers {
		return 4
	}
	return 2
}

// row returns the rests' sums of the (i+1)-th powers.
func (m *moments) row(i int) []float64 {
	return m.rest[i*int(m.stride) : (i+1)*int(m.stride)]
}

// joined returns the sums of the window whose oldest sample has the number
// head, with cur as the sums of n samples of the newest block.
func (m *moments) joined(head int64, cur []float64, n int) sums {
	s := m.base
	sum := [4]*float64{&s.s1, &s.s2, &s.s3, &s.s4}
	if i := int(head - m.oldN); i < int(m.old) {
		s.n += float64(int(m.old) - i)
		for r := range m.rows() {
			*sum[r] = m.row(r)[i]
		}
	}
	s.n += float64(n)
	for r, x := range cur {
		*sum[r] += x
	}
	return s
}

// window returns the sums of the window c.
func (m *moments) window(c content) sums {
	return m.joined(c.old.number, m.cur[:m.rows()], int(m.done))
}

// without returns the sums of the window c without its newest sample.
func (m *moments) without(c content) sums {
	n := len(c.cur.xs) - 1
	if m.single {
		return m.joined(c.old.number, m.last[:], n)
	}
	// The newest sample alone made the class, in which the others may have
	// vanished. This is so only until the next sample.
	other := *m
	other.rest, other.fresh = nil, true
	c.cur.xs = c.cur.xs[:n]
	other.sync(c)
	return other.joined(c.old.number, other.cur[:2], n)
}

// sums returns the sums of the window.
func (w *Window) sums() sums {
	if w.all != nil {
		return w.all.sums()
	}
	if p := w.sync(); p != nil {
		return p.moments.window(w.content(p, w.seen-int64(w.n)))
	}
	xs, ys := w.halves(0)
	return w.plan.direct(xs, ys)
}

// direct returns the sums of xs and ys, not both empty.
func (p *Plan) direct(xs, ys []float64) sums {
	return gather(xs, ys, max(classIn(xs), classIn(ys)), p.needs&needPowers != 0)
}

// z is (last−mean)/std with mean and std of the window's samples before the
// last. There is none where there are no such samples or their std is 0.
func (w *Window) z(float64) float64 {
	if w.Len() < 2 {
		return math.NaN()
	}
	s := w.before()
	return s.z(w.last(), w.plan.ddof)
}

// before returns the sums of the window of two samples or more without the
// newest.
func (w *Window) before() sums {
	if w.all != nil {
		return w.all.before()
	}
	if p := w.sync(); p != nil {
		return p.moments.without(w.content(p, w.seen-int64(w.n)))
	}
	xs, ys := w.halves(1)
	return w.plan.direct(xs, ys)
}
