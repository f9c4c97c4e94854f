package agg

// parts are the summaries of a window with a whole block between its oldest and
// its newest. Samples go by their numbers, counted from the first ever pushed.
type parts struct {
	mid   int64 // first sample of the whole blocks between
	last  int64 // first sample of the newest block
	end   int64 // first sample behind it
	known int64 // the blocks before this sample are in the trees
	k     int   // blocks in the ring

	syncedFrom, syncedTo int64 // the window up to which the summaries go

	moments  *moments
	extremes *extremes
	restarts *restarts
	trend    *trend
	decay    *decay
	each     []part // those of the above that there are
}

// A part keeps one summary of all parts of a window.
type part interface {
	// leaf takes in block j, which is whole.
	leaf(j int, b block)
	// join takes the blocks from i up to but not j as those between.
	join(i, j int)
	// sync makes the summaries of all rests of the oldest block, unless they
	// are there, and takes in what is new in the newest.
	sync(c *content)
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

// A content is a window without the whole blocks between.
type content struct {
	old block // rest of the oldest block
	cur block // newest block
}

// cuts returns into how many blocks a ring is cut: two while that keeps them
// short, else blocks of about √size; one, and thus no parts, where going over
// all samples is as fast. The ring of a duration is seldom full, so that it
// needs more blocks for one to be whole.
func cuts(size int, kind Kind) int {
	switch {
	case size <= 16 || kind == Duration && size <= 64:
		return 1
	case kind == Duration && size <= 1024:
		return 8
	case size <= 256:
		return 2
	case size <= 1<<14:
		return size / 128
	}
	return max(128, size/512)
}

// start returns where block j of k begins in a ring, blockAt in which block a
// place is.
func start(j, k, size int) int    { return j * size / k }
func blockAt(at, k, size int) int { return ((at+1)*k - 1) / size }

// partsFor returns the parts of the window, ready for the block in which the
// sample of a number is, when the oldest sample is that of the number head. It
// is nil where no whole block lies between.
func (w *Window) partsFor(number, head int64) *parts {
	p := w.parts
	if p != nil && number >= p.last && number < p.end && head <= p.mid {
		return p
	}
	k := cuts(w.size, w.plan.width.Kind)
	if k == 1 || number-head < int64(w.size/k) {
		return nil
	}
	at, from := w.place(number), w.place(head)
	newest, oldest := blockAt(at, k, w.size), blockAt(from, k, w.size)
	last := number - int64(at-start(newest, k, w.size))
	mid := head
	if s := start(oldest, k, w.size); s != from {
		oldest++
		mid += int64(start(oldest, k, w.size) - from)
	}
	if mid >= last {
		return nil
	}
	if p == nil {
		p = w.newParts(k)
		w.parts = p
	}
	p.syncedTo = 0
	p.mid, p.last, p.end = mid, last, last+int64(start(newest+1, k, w.size)-start(newest, k, w.size))
	p.learn(w)
	p.know(oldest%k, newest)
	return p
}

// learn puts the whole blocks between into the trees, as far as they are new.
func (p *parts) learn(w *Window) {
	for number := max(p.known, p.mid); number < p.last; {
		at := w.place(number)
		j := blockAt(at, p.k, w.size)
		end := start(j+1, p.k, w.size)
		b := w.block(at, end-at, number)
		for _, s := range p.each {
			s.leaf(j, b)
		}
		number += int64(end - at)
	}
	p.known = p.last
}

// know joins the whole blocks from i up to but not j.
func (p *parts) know(i, j int) {
	for _, s := range p.each {
		s.join(i, j)
	}
}

// forget makes the parts those of no block.
func (p *parts) forget() { p.mid, p.last, p.end = 0, 0, 0 }

// newParts returns what the plan of w asks for, for a ring of k blocks.
func (w *Window) newParts(k int) *parts {
	p := &parts{k: k}
	n := (w.size + k - 1) / k // samples of the longest block
	needs := w.plan.needs
	if needs&needMoments != 0 {
		p.moments = newMoments(k, n, needs&needPowers != 0)
		p.each = append(p.each, p.moments)
	}
	if needs&(needMin|needMax) != 0 {
		p.extremes = newExtremes(k, n, needs&needMin != 0, needs&needMax != 0)
		p.each = append(p.each, p.extremes)
	}
	if needs&needRestarts != 0 {
		p.restarts = newRestarts(k, n)
		p.each = append(p.each, p.restarts)
	}
	if needs&needTrend != 0 {
		p.trend = newTrend(k, n, p.moments)
		p.each = append(p.each, p.trend)
	}
	if needs&needDecay != 0 {
		p.decay = newDecay(k, n, w.plan)
		p.each = append(p.each, p.decay)
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
	c := w.content(p, head)
	for _, s := range p.each {
		s.sync(c)
	}
	p.syncedTo, p.syncedFrom = w.seen, head
	return p
}

// content returns the samples beside the whole blocks, from the number head on,
// until it is called again.
func (w *Window) content(p *parts, head int64) *content {
	c := &w.plan.content
	c.old = w.block(w.place(head), int(p.mid-head), head)
	c.cur = w.block(w.place(p.last), int(w.seen-p.last), p.last)
	return c
}

// block returns n samples from a place in the ring on, the first of which has
// a number.
func (w *Window) block(at, n int, number int64) block {
	b := block{number: number}
	if n > 0 {
		b.xs = w.xs[at : at+n]
		if w.ts != nil {
			b.ts = w.ts[at : at+n]
		}
	}
	return b
}

// blocks returns the window in two pieces, of which the second may be empty.
func (w *Window) blocks() (a, b block) {
	n := min(w.n, w.size-w.head)
	head := w.seen - int64(w.n)
	return w.block(w.head, n, head), w.block(0, w.n-n, head+int64(n))
}
