package agg

import (
	"math"

	"rtda/pkg/clock"
)

// A batch is samples that a window takes in at one go, all within one block,
// and what the window is at each of them; aggregates are read from it. For Value
// it is the window as it is, at its newest sample alone. The plan owns it.
type batch struct {
	w     *Window
	seen  int64   // how many samples the window had taken in when it was looked at,
	size  int     // and how many of them it held; seen is −1 after Slide
	have  need    // what of all below is there
	next  int64   // number behind the first sample
	head  int64   // number of the oldest sample of the window at the first,
	step  int64   // and how many leave for each further one: 0 or 1
	heads []int64 // or, if there are any, the oldest at each

	xs      []float64
	ts      []int64 // if windows store times
	s       sums    // at the only sample; c and unit at all
	around  []sums  // or, if there are any, at each,
	without []sums  // and without the newest sample
	at      sums    // at one of them
	other   sums    // at the only sample, without it
	sum     [4][]float64
	before  [2][]float64 // sum without the newest sample
	low     [2][]float64 // smallest, and largest negated
	trend   []trendSums
	decay   []weightedMean
	held    []heldMean
	resets  []counterResets
	block   block // xs and ts
	line    line  // of short windows
	spare   [6][]float64
	one     struct { // places for a batch of one
		xs  [1]float64
		ts  [1]int64
		low [2][1]float64
	}

	mean, std []float64 // columns to be filled without sums, if not nil
}

// Slide does the same as Push(ts[i], xs[i]) for each i, followed by dst[j][i] =
// Value(j) for each j for which dst has a column, to the last bit. dst may be
// nil, and so may ts where times do not matter.
func (w *Window) Slide(ts []int64, xs []float64, dst [][]float64) {
	wanted := false
	for _, d := range dst {
		wanted = wanted || d != nil
	}
	if !w.plan.timed {
		ts = nil
	}
	if !wanted {
		w.pushMany(ts, xs)
		return
	}
	for i := 0; i < len(xs); {
		n := 0
		if w.all == nil && w.plan.ago == 0 {
			n = w.slideBlock(ts[min(i, len(ts)):], xs[i:], dst, i)
		}
		if n == 0 {
			w.Push(timeAt(ts, i), xs[i])
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

// timeAt returns ts[i], or 0 where there are no times.
func timeAt(ts []int64, i int) int64 {
	if ts == nil {
		return 0
	}
	return ts[i]
}

// pushMany pushes xs.
func (w *Window) pushMany(ts []int64, xs []float64) {
	switch {
	case w.plan.width.Kind == Duration && w.ord == nil && w.beyond == nil:
		for len(xs) > 0 {
			n := w.pushTimes(ts, xs)
			if n == 0 {
				w.Push(ts[0], xs[0])
				n = 1
			}
			ts, xs = ts[n:], xs[n:]
		}
		return
	case w.plan.width.Kind != Count || w.ord != nil || w.plan.timed:
		for i, x := range xs {
			w.Push(timeAt(ts, i), x)
		}
		return
	}
	for len(xs) > 0 {
		w.full()
		at := w.place(w.seen)
		n := min(len(xs), w.size-at)
		w.storeMany(at, nil, xs[:n])
		xs = xs[n:]
	}
}

// pushTimes pushes samples into a window of a duration as long as its ring need not
// be made anew, and returns how many.
func (w *Window) pushTimes(ts []int64, xs []float64) int {
	size, d, least := w.size, w.plan.width.D, 1 // samples with which the ring stays as it is
	if size > keptRing {
		least = size / 16
	}
	if w.n < least || w.plan.back != nil || ts[0]-d > ts[0] {
		return 0
	}
	until := clock.Later(w.ts[w.place(w.seen-int64(least))], d) // so many stay as long as this one does
	if ts[min(least, len(ts))-1] < until {                      // and then as long as the first that comes
		until = max(until, clock.Later(ts[0], d))
	}
	n, all := 0, len(ts)
	if ts[all-1] >= until {
		all = notAfter(ts, until-1)
	}
	for n < all {
		at := w.place(w.seen)
		m := min(all-n, size-at)
		if w.n < size {
			m = min(m, size-w.n)
			w.n += m
		} else if m = leaving(w.ts[at:size], ts[n:n+m], d); m == 0 {
			break
		} else if w.head += m; w.head == size {
			w.head = 0
		}
		copy(w.ts[at:size], ts[n:n+m])
		copy(w.xs[at:size], xs[n:n+m])
		w.seen += int64(m)
		n += m
	}
	if n > 0 {
		w.forget(w.stale(ts[n-1]))
	}
	return n
}

// leaving returns how many of ts come when the sample at the same place of old is d
// older or more. Inlined it would take half as much again, as registers run out.
//
//go:noinline
func leaving(old, ts []int64, d int64) int {
	n := min(len(old), len(ts))
	for i := range n {
		if old[i] > ts[i]-d {
			return i
		}
	}
	return n
}

// storeMany stores samples from the place behind the newest on, at most up to
// the end of the ring, and forgets those that its size no longer reaches.
func (w *Window) storeMany(at int, ts []int64, xs []float64) {
	if at+len(xs) > len(w.xs) {
		w.grow(at + len(xs))
	}
	w.forget(max(0, w.n+len(xs)-w.size))
	copy(w.xs[at:], xs)
	if w.ts != nil {
		copy(w.ts[at:], ts)
	}
	w.seen += int64(len(xs))
	w.n += len(xs)
}

// slideBlock takes in as many samples as one block and one class allow, writes
// what the window is at each into dst from the row at on, and returns how many
// these were. It returns 0 where only Push will do.
func (w *Window) slideBlock(ts []int64, xs []float64, dst [][]float64, at int) int {
	b := &w.plan.batch
	b.w, b.seen, b.next, b.heads, b.around, b.without = w, -1, w.seen+1, b.heads[:0], b.around[:0], b.without[:0]
	b.mean, b.std = nil, nil
	if n := w.slideShort(ts, xs, dst, at); n > 0 {
		return n
	}
	p := w.begin(b, ts, xs)
	if p == nil || len(b.xs) == 0 {
		return 0
	}
	b.aim(dst, at)
	if w.fill(b, p); len(b.xs) == 0 {
		return 0
	}
	n := len(b.xs)
	w.fillRanks(b, dst, at)
	b.fillColumns(dst, at)
	head := b.headAt(n - 1)
	w.forget(int(head - (w.seen - int64(w.n)))) // before the newest take their places
	w.storeMany(w.place(w.seen), b.ts, b.xs)
	if w.beyond != nil {
		w.beyond.now = timeAt(b.ts, n-1)
	}
	p.syncedTo, p.syncedFrom = w.seen, head
	return n
}

// fillColumns writes what the window is at each sample into dst from the row at on.
func (b *batch) fillColumns(dst [][]float64, at int) {
	p := b.w.plan
	for j, d := range dst {
		a := &p.aggs[j]
		if d == nil || a.rank != nil || b.mean != nil && (j == p.meanAt || j == p.stdAt) {
			continue
		}
		switch d = d[at : at+len(b.xs)]; {
		case a.column != nil:
			a.column(b, d)
		case a.moment != nil:
			b.each(a.moment, d)
		default:
			for i := range d {
				d[i] = a.read(b, i)
			}
		}
	}
}

// begin makes b as many samples as can go together, and says which is the
// oldest of the window at each. It returns the parts for them, or nil.
func (w *Window) begin(b *batch, ts []int64, xs []float64) *parts {
	head := w.seen - int64(w.n)
	if w.plan.width.Kind == Duration {
		return w.beginTimes(b, ts, xs, head+int64(w.Stale(ts[0])))
	}
	b.step = 0
	if w.full() {
		b.step = 1
	}
	b.head = head + b.step
	p := w.partsFor(w.seen, b.head)
	if p != nil {
		b.xs = xs[:min(len(xs), int(p.end-w.seen))]
		b.ts = ts[:min(len(b.xs), len(ts))]
	}
	return p
}

// beginTimes is begin for a window of a duration whose oldest sample at the
// first of xs has the number head. The samples go together as long as the oldest
// one stays in its block and the ring need not be made anew.
func (w *Window) beginTimes(b *batch, ts []int64, xs []float64, head int64) *parts {
	p := w.partsFor(w.seen, head)
	if p == nil {
		return nil
	}
	n := min(len(xs), int(p.end-w.seen))
	b.head, b.heads = head, sized(b.heads, n)
	still, steady, at := true, true, w.place(head)
	for i, t := range ts[:n] {
		for cut := w.plan.cut(t); head <= p.mid && w.ts[at] <= cut; head++ {
			if at++; at == w.size {
				at = 0
			}
		}
		if held := int(w.seen + int64(i) - head); head > p.mid || held == w.size || sparse(w.size, held) {
			n = i
			break
		}
		b.heads[i] = head
		still, steady = still && head == b.head, steady && head == b.head+int64(i)
	}
	b.step, b.xs, b.ts = 0, xs[:n], ts[:n]
	if still {
		b.heads = b.heads[:0]
	} else if steady {
		b.step, b.heads = 1, b.heads[:0]
	}
	return p
}

// headAt returns the number of the oldest sample of the window at the i-th.
func (b *batch) headAt(i int) int64 {
	if len(b.heads) > 0 {
		return b.heads[i]
	}
	return b.head + int64(i)*b.step
}

// count returns the samples in the window at the i-th.
func (b *batch) count(i int) int { return int(b.next + int64(i) - b.headAt(i)) }

// aim gives b the columns of mean and std, if these two are wanted and nothing
// else that is made of moments: the most common case by far is worth a loop of
// its own, which computes them without storing any sums.
func (b *batch) aim(dst [][]float64, at int) {
	p := b.w.plan
	if p.pair && b.step == 1 && float64(b.count(0)) > p.ddof && dst[p.meanAt] != nil && dst[p.stdAt] != nil {
		b.mean, b.std = dst[p.meanAt][at:], dst[p.stdAt][at:]
	}
}

// fill takes the samples of b into the parts, as far as the class of the moments
// allows, and leaves in b what the window is at each.
func (w *Window) fill(b *batch, p *parts) {
	w.syncFrom(p, b.head)
	b.block = block{xs: b.xs, ts: b.ts, number: w.seen}
	for _, s := range p.all {
		if s.fill(b); len(b.xs) == 0 {
			return
		}
	}
}

// cut leaves the first n samples in b.
func (b *batch) cut(n int) { b.xs, b.ts = b.xs[:n], b.ts[:min(n, len(b.ts))] }

// fillRanks takes the samples of b into the order and reads its aggregates.
func (w *Window) fillRanks(b *batch, dst [][]float64, at int) {
	if w.ord == nil {
		return
	}
	from := w.seen - int64(w.n)
	for i, x := range b.xs {
		head := b.headAt(i)
		if head == from+1 {
			w.ord.replace(b.value(from), x)
		} else {
			for ; from < head; from++ {
				w.ord.remove(b.value(from))
			}
			w.ord.insert(x)
		}
		from = head
		for j, d := range dst {
			if a := &w.plan.aggs[j]; d != nil && a.rank != nil {
				d[at+i] = a.rank(w.ord, x, a.q)
			}
		}
	}
}

// value returns the sample of a number, which is of the window before the batch
// or of the batch.
func (b *batch) value(number int64) float64 {
	if i := int(number - b.w.seen); i >= 0 {
		return b.xs[i]
	}
	return b.w.xs[b.w.place(number)]
}

// sample returns that of a number, likewise.
func (b *batch) sample(number int64) sample {
	i := int(number - b.w.seen)
	switch {
	case i < 0:
		return b.w.sample(number)
	case len(b.ts) == 0:
		return sample{b.xs[i], number, true}
	}
	return sample{b.xs[i], b.ts[i], true}
}

// sized returns buf with n places.
func sized[T any](buf []T, n int) []T {
	if n > cap(buf) {
		return make([]T, n, 2*n)
	}
	return buf[:n]
}

// rests returns len(b.xs)+1 places, of which all but the first are what row, made
// when the sample oldN was the oldest, is at each sample. Where there is no row,
// they are all base, in spare.
func (b *batch) rests(row []float64, oldN int64, base float64, spare *[]float64) []float64 {
	n := len(b.xs)
	if b.step == 1 && len(row) > 0 {
		return row[b.head-oldN:][:n+1]
	}
	*spare = sized(*spare, n+1)
	for i := range n {
		x := base
		if len(row) > 0 {
			x = row[b.headAt(i)-oldN+1]
		}
		(*spare)[i+1] = x
	}
	return *spare
}

// each fills dst with a read-out of the moments.
func (b *batch) each(read func(*sums, float64) float64, dst []float64) {
	ddof, powers := b.w.plan.ddof, b.w.plan.needs&needPowers != 0
	for i := range b.around {
		dst[i] = read(&b.around[i], ddof)
	}
	if len(b.around) > 0 {
		return
	}
	b.at = b.s // in a place of b: what a function value is given would be allocated
	for i := range dst {
		b.at.n, b.at.s1, b.at.s2 = float64(b.count(i)), b.sum[0][i], b.sum[1][i]
		if powers {
			b.at.s3, b.at.s4 = b.sum[2][i], b.sum[3][i]
		}
		dst[i] = read(&b.at, ddof)
	}
}

// sumsAt returns the sums of the window at the i-th sample.
func (b *batch) sumsAt(i int) sums {
	if len(b.around) > 0 {
		return b.around[i]
	}
	s := b.s
	if b.seen < 0 {
		s.n, s.s1, s.s2 = float64(b.count(i)), b.sum[0][i], b.sum[1][i]
		if b.w.plan.needs&needPowers != 0 {
			s.s3, s.s4 = b.sum[2][i], b.sum[3][i]
		}
	}
	return s
}

// means and stds are sums.mean and sums.std written out, which is twice as fast.
func (b *batch) means(dst []float64) {
	for i := range b.around {
		dst[i] = b.around[i].mean(0)
	}
	if len(b.around) > 0 {
		return
	}
	c, unit, s1 := b.s.c, b.s.unit, b.sum[0][:len(dst)]
	for i := range dst {
		dst[i] = (c + s1[i]/float64(b.count(i))) * unit
	}
}

func (b *batch) stds(dst []float64) {
	unit, n, ddof := b.s.unit, float64(b.count(0)), b.w.plan.ddof
	if b.step != 1 || n <= ddof {
		b.each((*sums).std, dst)
		return
	}
	per := 1 / (n * (n - ddof))
	if len(b.around) > 0 {
		for i := range dst {
			s := &b.around[i]
			dst[i] = finite(math.Sqrt(s.spread()*per) * s.unit)
		}
		return
	}
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

// samples is how many samples the window holds.
func (b *batch) samples(i int) float64 { return float64(b.count(i)) }

// none is the read-out of what a window does not know.
func (b *batch) none(int) float64 { return math.NaN() }

// z is (last−mean)/std with mean and std of the window's samples before the
// last. There is none where there are no such samples or their std is 0.
func (b *batch) z(i int) float64 {
	s := b.other
	switch {
	case b.count(i) < 2:
		return math.NaN()
	case len(b.without) > 0:
		s = b.without[i]
	case b.seen < 0:
		s = b.s
		s.n, s.s1, s.s2 = float64(b.count(i)-1), b.before[0][i], b.before[1][i]
	}
	return s.z(b.xs[i], b.w.plan.ddof)
}
