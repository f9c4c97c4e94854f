package agg

// parts are the summaries of a window with a whole block between its oldest and
// its newest. Samples go by their numbers, counted from the first ever pushed.
type parts struct {
	mid    int64 // first sample of the whole blocks between
	last   int64 // first sample of the newest block
	end    int64 // first sample behind it
	start  []int // of each block in the ring, and the ring's end
	newest int   // index of the newest block

	syncedFrom, syncedTo int64 // the window up to which the summaries go

	moments  *moments
	extremes *extremes
	restarts *restarts
	trend    *trend
	decay    *decay
}

// A block is neighbouring samples.
type block struct {
	xs     []float64
	ts     []int64 // their times, if they have any
	number int64   // of the first
}

// time returns that of sample i, which without a clock is its number.
func (b *block) time(i int) int64 {
	if b.ts == nil {
		return b.number + int64(i)
	}
	return b.ts[i]
}

// A content is the samples of a window.
type content struct {
	old block // rest of the oldest block
	cur block // newest block

	mid, more []float64 // samples of the blocks between, in two pieces
}

// shortRing is up to how many samples a ring is cut into three blocks, which
// makes 24 bytes a sample of 100 with mean, std and max. Two blocks would be
// 3 ns a sample faster in batches, but have 28 bytes.
const shortRing = 256

// cuts returns into how many blocks a ring is cut: blocks of 128 or 256 samples,
// so that the update that begins one takes 3 µs at the most, with the joins of a
// window of 1M; one block, and thus no parts, where going over all samples is as
// fast. The ring of a duration is seldom full, so that it needs more blocks for
// one to be whole.
func cuts(size int, kind Kind) int {
	switch {
	case size <= 16 || kind == Duration && size <= 64:
		return 1
	case kind == Duration && size <= 1024:
		return 8
	case size <= shortRing:
		return 3
	case size <= 1<<14:
		return size / 128
	}
	return size / 256
}

// blockAt returns in which block a place in the ring is. It is mostly the newest
// or the next, and divides otherwise.
func (p *parts) blockAt(at int) int {
	k := len(p.start) - 1
	for j := p.newest; j < min(p.newest+2, k); j++ {
		if at >= p.start[j] && at < p.start[j+1] {
			return j
		}
	}
	return ((at+1)*k - 1) / p.start[k]
}

// partsFor returns the parts of the window, ready for the block in which the
// sample of a number is, when the oldest sample is that of the number head. It
// is nil where no whole block lies between.
func (w *Window) partsFor(number, head int64) *parts {
	p := w.parts
	if p != nil && number >= p.last && number < p.end && head <= p.mid {
		return p
	}
	if k := cuts(w.size, w.plan.width.Kind); p == nil && (k == 1 || number-head < int64(w.size/k)) {
		return nil
	} else if p == nil {
		p = w.newParts(k)
		w.parts = p
	}
	at, from := w.place(number), w.place(head)
	newest, oldest := p.blockAt(at), p.blockAt(from)
	last, mid := number-int64(at-p.start[newest]), head
	if p.start[oldest] != from {
		oldest++
		mid += int64(p.start[oldest] - from)
	}
	if mid >= last {
		return nil
	}
	known := p.last // the blocks before it are in the trees
	p.syncedTo, p.newest = 0, newest
	p.mid, p.last, p.end = mid, last, last+int64(p.start[newest+1]-p.start[newest])
	p.learn(w, max(known, mid))
	p.join(oldest%(len(p.start)-1), newest)
	return p
}

// learn puts the whole blocks from a sample on into the trees.
func (p *parts) learn(w *Window, number int64) {
	var b block
	for number < p.last {
		at := w.place(number)
		j := p.blockAt(at)
		w.block(&b, at, p.start[j+1]-at, number)
		p.leaf(j, &b)
		number += int64(len(b.xs))
	}
}

// leaf puts block j, which is whole, into the trees.
func (p *parts) leaf(j int, b *block) {
	if p.moments != nil {
		p.moments.leaf(j, b)
	}
	if p.extremes != nil {
		p.extremes.leaf(j, b)
	}
	if p.restarts != nil {
		p.restarts.leaf(j, b)
	}
	if p.trend != nil {
		p.trend.leaf(j, b)
	}
	if p.decay != nil {
		p.decay.leaf(j, b)
	}
}

// join makes the blocks from i up to but not j those between.
func (p *parts) join(i, j int) {
	if p.moments != nil {
		p.moments.join(i, j)
	}
	if p.extremes != nil {
		p.extremes.join(i, j)
	}
	if p.restarts != nil {
		p.restarts.join(i, j)
	}
	if p.trend != nil {
		p.trend.join(i, j)
	}
	if p.decay != nil {
		p.decay.join(i, j)
	}
}

// sync makes the summaries of all rests of the oldest block, unless they are
// there, and takes in what is new in the newest.
func (p *parts) sync(c *content) {
	if p.moments != nil {
		p.moments.sync(c)
	}
	if p.extremes != nil {
		p.extremes.sync(c)
	}
	if p.restarts != nil {
		p.restarts.sync(c)
	}
	if p.trend != nil { // behind the moments, whose center it takes
		p.trend.sync(c)
	}
	if p.decay != nil {
		p.decay.sync(c)
	}
}

// push is sync for one more sample x, when the oldest is that of the number
// head. It returns false, having done nothing, where it takes more than adding.
func (p *parts) push(x float64, head int64) bool {
	if p.moments == nil && p.extremes == nil || p.restarts != nil || p.trend != nil || p.decay != nil {
		return false
	}
	if p.moments != nil && !p.moments.push(x, head) {
		return false
	}
	if p.extremes != nil {
		p.extremes.cur.add(x)
		p.extremes.done++
	}
	return true
}

// forget makes the parts those of no block.
func (p *parts) forget() { p.mid, p.last, p.end = 0, 0, 0 }

// newParts returns what the plan of w asks for, for a ring of k blocks.
func (w *Window) newParts(k int) *parts {
	p := &parts{start: w.plan.startsOf(k, w.size)}
	n := (w.size + k - 1) / k // samples of the longest block
	needs := w.plan.needs
	if needs&needMoments != 0 {
		p.moments = newMoments(k, n, needs&needPowers != 0)
	}
	if needs&(needMin|needMax) != 0 {
		p.extremes = newExtremes(k, n, needs&needMin != 0, needs&needMax != 0)
	}
	if needs&needRestarts != 0 {
		p.restarts = newRestarts(k, n)
	}
	if needs&needTrend != 0 {
		p.trend = newTrend(k, n, p.moments)
	}
	if needs&needDecay != 0 {
		p.decay = newDecay(k, n, w.plan)
	}
	return p
}

// sync returns the parts of the window as it is, or nil.
func (w *Window) sync() *parts {
	head := w.seen - int64(w.n)
	p := w.partsFor(w.seen-1, head)
	if p == nil || p.syncedTo == w.seen && p.syncedFrom == head {
		return p
	}
	if p.syncedTo != w.seen-1 || !p.push(w.last(), head) {
		var c content
		w.content(&c, p, head)
		p.sync(&c)
	}
	p.syncedTo, p.syncedFrom = w.seen, head
	return p
}

// content makes c the samples from the number head on. It writes in place, as
// copies of what has just been written are slow.
func (w *Window) content(c *content, p *parts, head int64) {
	w.block(&c.old, w.place(head), int(p.mid-head), head)
	w.block(&c.cur, p.start[p.newest], int(w.seen-p.last), p.last)
	at, n := w.place(p.mid), int(p.last-p.mid)
	if over := at + n - w.size; over > 0 {
		c.mid, c.more = w.xs[at:w.size], w.xs[:over]
	} else {
		c.mid, c.more = w.xs[at:at+n], nil
	}
}

// block makes b n samples from a place in the ring on, the first of which has a
// number.
func (w *Window) block(b *block, at, n int, number int64) {
	b.number, b.xs, b.ts = number, nil, nil
	if n > 0 {
		b.xs = w.xs[at : at+n]
		if w.ts != nil {
			b.ts = w.ts[at : at+n]
		}
	}
}

// blocks returns the window in two pieces, of which the second may be empty.
func (w *Window) blocks() (a, b block) {
	n := min(w.n, w.size-w.head)
	head := w.seen - int64(w.n)
	w.block(&a, w.head, n, head)
	w.block(&b, 0, w.n-n, head+int64(n))
	return a, b
}
