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
// In rest are the sums of each rest of the oldest block, power by power; in cur
// those of the newest block. Both are added before those of the blocks between,
// which are much larger in a long window: small sums have small errors.
type moments struct {
	progress
	tree   *tree[segment]
	until  int32 // from which sample of the oldest block on the class may be lower
	rest   []float64
	stride int32
	powers bool
	builds int32
	single bool       // the class is that without the newest sample
	class  int8       // of the largest sample
	limit  float64    // magnitude of the next class
	base   sums       // the blocks between, around c
	cur    [4]float64 // the newest block
	last   [2]float64 // and without its newest sample
}

// newMoments returns moments for k blocks of at most n samples. Of few samples,
// the blocks between are summed up anew each time: that is as fast as joining
// and needs no tree.
func newMoments(k, n int, powers bool) *moments {
	m := &moments{stride: int32(n), powers: powers}
	if k*n > shortRing+k {
		m.tree = newTree(k, segment{})
	}
	return m
}

func (m *moments) leaf(j int, b *block) {
	m.tree.set(j, summarize(b.xs, m.powers), m.joiner())
}

// joiner returns how segments are joined.
func (m *moments) joiner() func(a, b segment) segment {
	if m.powers {
		return joinPowers
	}
	return joinSegments
}

func (m *moments) sync(c *content) {
	if m.stale() || c.old.number-m.oldN >= int64(m.until) {
		m.build(c, int(m.done))
	}
	for int(m.done) < len(c.cur.xs) {
		if m.add(c.cur.xs[m.done:]); int(m.done) < len(c.cur.xs) {
			m.build(c, int(m.done)+1)
		}
	}
}

// add sums up samples of the newest block, up to one of a higher class.
func (m *moments) add(xs []float64) {
	k, c, s1, s2 := 1/m.base.unit, m.base.c, m.cur[0], m.cur[1]
	n, last1, last2 := 0, m.last[0], m.last[1]
	for _, x := range xs {
		if !(math.Abs(x) < m.limit) {
			break
		}
		last1, last2 = s1, s2
		d := float64(x*k) - c
		s1 += d
		s2 += float64(d * d)
		n++
	}
	m.last = [2]float64{last1, last2}
	m.cur[0], m.cur[1] = s1, s2
	if m.powers {
		m.addPowers(xs[:n])
	}
	m.done += int32(n)
	m.single = m.single || n > 0
}

func (m *moments) addPowers(xs []float64) {
	k, c := 1/m.base.unit, m.base.c
	for _, x := range xs {
		d := float64(x*k) - c
		dd := float64(d * d)
		m.cur[2] += float64(dd * d)
		m.cur[3] += float64(dd * dd)
	}
}

// build sums up all rests of the oldest block and n samples of the newest, in
// the class of the largest sample. It is called for every block, and as often
// again as the class changes, at most 14 times.
func (m *moments) build(c *content, n int) {
	n = max(n, 0)
	floor := m.center(c, classIn(c.cur.xs[:n]))
	m.builds++
	m.begin(c)
	m.until = math.MaxInt32
	if !m.sumRests(c.old.xs) {
		m.center(c, classIn(c.old.xs))
		m.until = int32(lastOf(int(m.class), c.old.xs) + 1)
		m.sumRests(c.old.xs)
	}
	if m.powers {
		m.sumPowers(c.old.xs)
	}
	m.cur, m.single = [4]float64{}, false
	m.add(c.cur.xs[:n])
	if n > 0 {
		m.single = int(m.class) == max(floor, classIn(c.old.xs), classIn(c.cur.xs[:n-1]))
	}
}

// center sums up the blocks between around a value near their mean, in their
// class, which it returns, or in the given one if that is higher.
func (m *moments) center(c *content, class int) int {
	var own int
	if m.tree == nil {
		if own = m.base.gather(c.mid, c.more, m.powers); class > own {
			m.base.gatherIn(class, c.mid, c.more, m.powers)
		}
	} else {
		mid := m.tree.between(int(m.i), int(m.j), m.joiner())
		own = mid.class
		m.base = mid.around(max(own, class))
	}
	m.class = int8(max(own, class))
	m.limit = limitOf(int(m.class))
	return own
}

// lastOf returns the index of the last of xs that is of a class.
func lastOf(class int, xs []float64) int {
	i := len(xs) - 1
	for classOf(math.Abs(xs[i])) != class {
		i--
	}
	return i
}

// sumRests sums up from the newest to the oldest sample of the oldest block,
// and returns false if it meets one of a higher class.
func (m *moments) sumRests(old []float64) bool {
	if len(old) == 0 {
		return true
	}
	if m.rest == nil {
		m.rest = make([]float64, m.rows()*int(m.stride+2))
	}
	k, c, limit := 1/m.base.unit, m.base.c, m.limit
	s1, s2 := 0.0, 0.0
	r1, r2 := m.row(0)[1:], m.row(1)[1:]
	r1[len(old)], r2[len(old)] = 0, 0
	r1, r2 = r1[:len(old)], r2[:len(old)]
	i := len(old) - 1
	for ; i > 0; i -= 2 { // two at a time: half as many additions wait for another
		x, y := old[i], old[i-1]
		if !(math.Abs(x) < limit) || !(math.Abs(y) < limit) {
			return false
		}
		d, e := float64(x*k)-c, float64(y*k)-c
		dd, ee := float64(d*d), float64(e*e)
		r1[i], r2[i] = s1+d, s2+dd
		s1 += d + e
		s2 += dd + ee
		r1[i-1], r2[i-1] = s1, s2
	}
	if i == 0 {
		d := float64(old[0]*k) - c
		r1[0], r2[0] = s1+d, s2+float64(d*d)
		return math.Abs(old[0]) < limit
	}
	return true
}

func (m *moments) sumPowers(old []float64) {
	if len(old) == 0 {
		return
	}
	k, c, s3, s4 := 1/m.base.unit, m.base.c, 0.0, 0.0
	r3, r4 := m.row(2)[1:], m.row(3)[1:]
	r3[len(old)], r4[len(old)] = 0, 0
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

// row returns the sums of the (r+1)-th powers: of the rest from sample i on at
// i+1, behind them 0. A batch writes what it makes of a rest one place before
// it, so that no other buffer is needed and the last one stays.
func (m *moments) row(r int) []float64 {
	n := int(m.stride + 2)
	return m.rest[r*n : (r+1)*n]
}

// window makes s the sums of the window whose oldest sample has the number
// head. It writes in place: a copy of fields written just before has to wait
// for them.
func (m *moments) window(s *sums, head int64) {
	m.joined(s, head, int(m.done), m.cur[0], m.cur[1])
	if m.powers {
		s.s3 = m.base.s3 + m.cur[2]
		s.s4 = m.base.s4 + m.cur[3]
		if i, ok := m.restAt(head); ok {
			s.s3 = m.base.s3 + (m.row(2)[i+1] + m.cur[2])
			s.s4 = m.base.s4 + (m.row(3)[i+1] + m.cur[3])
		}
	}
}

// joined makes s the sums of the window whose oldest sample has the number
// head, with those of n samples of the newest block, without third and fourth
// powers.
func (m *moments) joined(s *sums, head int64, n int, s1, s2 float64) {
	s.n, s.c, s.unit = m.base.n+float64(n), m.base.c, m.base.unit
	if i, ok := m.restAt(head); ok {
		s.n += float64(int(m.old) - i)
		s1 += m.row(0)[i+1]
		s2 += m.row(1)[i+1]
	}
	s.s1, s.s2 = m.base.s1+s1, m.base.s2+s2
}

func (m *moments) push(x float64, head int64) bool {
	if m.powers || head-m.oldN >= int64(m.until) || !(math.Abs(x) < m.limit) {
		return false
	}
	m.last = [2]float64{m.cur[0], m.cur[1]}
	d := float64(x*(1/m.base.unit)) - m.base.c
	m.cur[0] += d
	m.cur[1] += float64(d * d)
	m.done++
	m.single = true
	return true
}

// without returns the sums of the window c without its newest sample and
// without third and fourth powers.
func (m *moments) without(c *content) (s sums) {
	if !m.single {
		return m.alone(*c)
	}
	m.joined(&s, c.old.number, int(m.done)-1, m.last[0], m.last[1])
	return s
}

// alone is without for a newest sample that alone made the class, in which the
// others may have vanished. It is so only until the next sample.
func (m *moments) alone(c content) (s sums) {
	other := *m
	other.rest, other.done = nil, -1
	c.cur.xs = c.cur.xs[:len(c.cur.xs)-1]
	other.sync(&c)
	other.window(&s, c.old.number)
	return s
}

// fill sums up the samples of b as add does, as far as the class allows, to which
// it cuts b, and leaves the sums of the window at each in b.
func (m *moments) fill(b *batch) {
	n := len(b.xs)
	for i := 0; m.until != math.MaxInt32 && i < n; i++ {
		if b.headAt(i)-m.oldN >= int64(m.until) {
			n = i
		}
	}
	b.cut(n)
	if b.mean != nil {
		n = m.fillMeanStd(b, b.xs)
	} else {
		n = m.fillSums(b, b.xs)
	}
	b.cut(n)
	m.done += int32(n)
	m.single = m.single || n > 0
}

func (m *moments) look(b *batch) {
	m.window(&b.s, b.head)
	if w := b.w; w.plan.needs&needBefore != 0 && b.size > 1 {
		w.content(&w.plan.content, w.parts, b.head)
		b.other = m.without(&w.plan.content)
	}
}

// fillSums leaves the joined sums of the window at each of xs in b, as far as
// the class allows, and returns how far that is.
func (m *moments) fillSums(b *batch, xs []float64) int {
	b.s = m.base
	for r := range m.rows() {
		b.sum[r] = m.rests(b, r)
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
	base1, base2, n := m.base.s1, m.base.s2, float64(b.count(0))
	per := 1 / (n * (n - b.w.plan.ddof))
	r1, r2 := m.rests(b, 0)[1:][:len(xs)], m.rests(b, 1)[1:][:len(xs)]
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
func (m *moments) rests(b *batch, r int) []float64 {
	var row []float64
	if m.old > 0 {
		row = m.row(r)[:m.old+2]
	}
	return b.rests(row, m.oldN, 0, &b.spare[r])
}

// fillBefore leaves the sums without the newest sample in b, and fillSquares
// those with it where there were those of the rests.
func (m *moments) fillBefore(b *batch, xs []float64) {
	k, c := 1/m.base.unit, m.base.c
	s1, s2 := m.cur[0], m.cur[1]
	b.before = [2][]float64{sized(b.before[0], len(xs)), sized(b.before[1], len(xs))}
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
