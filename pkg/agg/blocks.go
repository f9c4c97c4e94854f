package agg

import "math/bits"

// parts are the summaries of a window with a whole block between its oldest and
// its newest. Samples go by their numbers, counted from the first ever pushed.
type parts struct {
	mid     int64 // first sample of the whole blocks between
	last    int64 // first sample of the newest block
	end     int64 // first sample behind it
	size, k int   // of the ring, and into how many blocks it is cut
	unknown int64 // blocks before this sample are in no tree
	newest  int   // index of the newest block

	syncedFrom, syncedTo int64 // the window up to which the summaries go

	all []summary
}

// A summary is what a window keeps of its parts for some aggregates. Every one
// has a tree with what its blocks come to, makes of the blocks between and each
// rest of the oldest block what they come to when a new block begins, and adds
// the samples of the newest block as they come.
type summary interface {
	leaf(j int, b *block)            // block j is whole
	middle(i, j int)                 // the blocks from i up to but not j are those between
	sync(c *content)                 // makes what is missing; the moments first, whose center others take
	push(x float64, head int64) bool // is sync for one more sample, or false, having done nothing
	fill(b *batch)                   // takes the samples of b in and leaves in b what the window is at each
	look(b *batch)                   // leaves in b what the window is now
}

// A progress is how far a summary has gone.
type progress struct {
	i, j int32 // the blocks between: from i up to but not j
	done int32 // samples of the newest block that are in it; −1 where the blocks between have changed
	old  int32 // samples of the oldest block when its rests were made,
	oldN int64 // and the number of the first of them
	curN int64 // number of the first sample of the newest block
}

func (p *progress) middle(i, j int) { p.i, p.j, p.done = int32(i), int32(j), -1 }

// stale tells whether the blocks between have changed.
func (p *progress) stale() bool { return p.done < 0 }

// push is that of summaries which leave it to sync.
func (p *progress) push(float64, int64) bool { return false }

// begin notes that the rests are those of c and that none of its newest block is
// in yet.
func (p *progress) begin(c *content) {
	p.old, p.oldN, p.curN, p.done = int32(len(c.old.xs)), c.old.number, c.cur.number, 0
}

// has tells whether b is the newest block, and all of it is in.
func (p *progress) has(b *block) bool {
	return p.curN == b.number && int(p.done) == len(b.xs)
}

// restAt returns which rest of the oldest block the sample of the number head
// begins; false where the blocks between are all that is left.
func (p *progress) restAt(head int64) (i int, ok bool) {
	i = int(head - p.oldN)
	return i, i < int(p.old)
}

// newParts returns what the plan of w asks for, for a ring of k blocks.
func (w *Window) newParts(k int) *parts {
	p, m := &parts{size: w.size, k: k}, (*moments)(nil)
	n := (w.size + k - 1) / k // samples of the longest block
	needs := w.plan.needs
	p.all = make([]summary, 0, bits.OnesCount16(uint16(needs&needSummary)))
	if needs&needMoments != 0 {
		m = newMoments(k, n, needs&needPowers != 0)
		p.all = append(p.all, m)
	}
	if needs&needMin != 0 {
		p.all = append(p.all, newExtreme(k, n, 1))
	}
	if needs&needMax != 0 {
		p.all = append(p.all, newExtreme(k, n, -1))
	}
	if needs&needTrend != 0 {
		p.all = append(p.all, newTrend(k, n, m))
	}
	if needs&needDecay != 0 {
		p.all = append(p.all, newJoined(k, n, &w.plan.decay))
	}
	if needs&needHeld != 0 {
		p.all = append(p.all, newJoined(k, n, &w.plan.held))
	}
	if needs&needResets != 0 {
		p.all = append(p.all, newJoined(k, n, &w.plan.resets))
	}
	return p
}

// start returns where in the ring block j begins.
func (p *parts) start(j int) int { return j * p.size / p.k }

// A block is neighbouring samples.
type block struct {
	xs     []float64
	ts     []int64 // their times, if they have any
	number int64   // of the first
}

// time returns that of sample i, which without a clock is its number.
func (b *block) time(i int) int64 {
	if len(b.ts) == 0 {
		return b.number + int64(i)
	}
	return b.ts[i]
}

// sample returns sample i.
func (b *block) sample(i int) sample { return sample{b.xs[i], b.time(i), true} }

// A content is the samples of a window.
type content struct {
	old block // rest of the oldest block
	cur block // newest block

	mid, more []float64 // samples of the blocks between, in two pieces
	known     bool      // these blocks are in the trees
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
	case size <= shortest:
		return 1
	case kind == Duration && size <= 128:
		return 4
	case kind == Duration && size <= 1024:
		return 8
	case size <= shortRing:
		return 3
	case size <= 1<<14:
		return size / 128
	}
	return size / 256
}

// blockAt returns in which block a place in the ring is.
func (p *parts) blockAt(at int) int { return ((at+1)*p.k - 1) / p.size }

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
	start := p.start(newest)
	last, mid := number-int64(at-start), head
	if from != p.start(oldest) {
		oldest++
		mid += int64(p.start(oldest) - from)
	}
	if mid >= last {
		return nil
	}
	known := p.last // the blocks before it are in the trees
	p.syncedTo, p.newest = 0, newest
	p.mid, p.last, p.end = mid, last, last+int64(p.start(newest+1)-start)
	p.learn(w, max(known, mid))
	for _, s := range p.all {
		s.middle(oldest%p.k, newest)
	}
	return p
}

// learn puts the whole blocks from a sample on into the trees. Of a small ring that is
// seldom read it does not: to look at all samples between, once, is as fast.
func (p *parts) learn(w *Window, number int64) {
	all := p.all
	if len(all) > 0 {
		if m, ok := all[0].(*moments); ok && m.tree == nil { // it keeps none
			all = all[1:]
		}
	}
	if number >= p.last || len(all) == 0 {
		return
	}
	const eager = needTrend | needDecay | needPrevious
	if p.size <= shortRing && w.plan.needs&eager == 0 && p.last-number > int64(p.size/p.k+1) {
		p.unknown = p.last
		return
	}
	b := &w.plan.pieces[0]
	at := w.place(number)
	for j := p.blockAt(at); number < p.last; j++ {
		if j == p.k {
			j, at = 0, 0
		}
		end := p.start(j + 1)
		w.block(b, at, end-at, number)
		for _, s := range all {
			s.leaf(j, b)
		}
		number += int64(end - at)
		at = end
	}
}

// push is sync for one more sample x, when the oldest is that of the number
// head. It returns false where that was not all.
func (p *parts) push(x float64, head int64) bool {
	done := true
	for _, s := range p.all {
		done = s.push(x, head) && done
	}
	return done
}

// sync returns the parts of the window as it is, or nil.
func (w *Window) sync() *parts {
	if w.all != nil {
		return nil
	}
	head := w.seen - int64(w.n)
	p := w.partsFor(w.seen-1, head)
	if p == nil || p.syncedTo == w.seen && p.syncedFrom == head {
		return p
	}
	if p.syncedTo != w.seen-1 || !p.push(w.last(), head) {
		w.syncFrom(p, head)
	}
	p.syncedTo, p.syncedFrom = w.seen, head
	return p
}

// syncFrom makes the summaries of p those of the samples from the number head on.
func (w *Window) syncFrom(p *parts, head int64) {
	c := &w.plan.content
	w.content(c, p, head)
	for _, s := range p.all {
		s.sync(c)
	}
}

// content makes c the samples from the number head on. It writes in place, as
// copies of what has just been written are slow.
func (w *Window) content(c *content, p *parts, head int64) {
	w.block(&c.old, w.place(head), int(p.mid-head), head)
	w.block(&c.cur, p.start(p.newest), int(w.seen-p.last), p.last)
	c.known = p.mid >= p.unknown
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

// blocks makes a and b the window in two pieces, of which the second may be
// empty.
func (w *Window) blocks(a, b *block) {
	n := min(w.n, w.size-w.head)
	head := w.seen - int64(w.n)
	w.block(a, w.head, n, head)
	w.block(b, 0, w.n-n, head+int64(n))
}

// A joining says how summaries of neighbouring segments become one. The zero
// value of each is that of no samples.
type joining[T any] struct {
	join   func(a, b T) T              // b lies behind a
	behind func(x *T, b *block, i int) // adds the i-th sample of b behind x
	before func(b *block, i int, x *T) // or before it
	rows   func(b *batch) *[]T         // where it is read from
	x      T
	older  []T // of as many samples before the cut of a short window
}

// of returns the summary of the samples of a and of b behind it.
func (j *joining[T]) of(a, b *block) T {
	var none T
	j.x = none
	j.add(&j.x, a, 0)
	j.add(&j.x, b, 0)
	return j.x
}

// add adds the samples of b from the i-th on behind x.
func (j *joining[T]) add(x *T, b *block, i int) {
	for ; i < len(b.xs); i++ {
		j.behind(x, b, i)
	}
}

// joined keeps a summary that is made by nothing but joining.
type joined[T any] struct {
	*joining[T]
	progress
	tree *tree[T]
	base T   // the blocks between
	rest []T // each rest of the oldest block with them
	cur  T   // the newest block
}

func newJoined[T any](k, n int, how *joining[T]) *joined[T] {
	var none T
	return &joined[T]{joining: how, tree: newTree(k, none), rest: make([]T, 0, n)}
}

func (s *joined[T]) leaf(j int, b *block) {
	x := s.cur
	if !s.has(b) {
		x = s.of(b, &block{})
	}
	s.tree.set(j, x, s.join)
}

func (s *joined[T]) sync(c *content) {
	if s.stale() {
		var none T
		s.base = s.tree.between(int(s.i), int(s.j), s.join)
		s.cur = none
		s.begin(c)
		s.rest = s.rest[:len(c.old.xs)]
		from := s.base
		for i := len(s.rest) - 1; i >= 0; i-- {
			s.rest[i] = from
			s.before(&c.old, i, &s.rest[i])
			from = s.rest[i]
		}
	}
	s.add(&s.cur, &c.cur, int(s.done))
	s.done = int32(len(c.cur.xs))
}

// window returns the summary of the window whose oldest sample has the number
// head.
func (s *joined[T]) window(head int64) T {
	if i, ok := s.restAt(head); ok {
		return s.join(s.rest[i], s.cur)
	}
	return s.join(s.base, s.cur)
}

func (s *joined[T]) fill(b *batch) {
	rows := sized(*s.rows(b), len(b.xs))
	for i := range rows {
		s.behind(&s.cur, &b.block, i)
		rows[i] = s.window(b.headAt(i))
	}
	*s.rows(b) = rows
	s.done += int32(len(rows))
}

func (s *joined[T]) look(b *batch) { *s.rows(b) = append((*s.rows(b))[:0], s.window(b.head)) }

// A tree holds one summary for each block of a ring and joins those of any
// neighbouring blocks, in order, in O(log k). It is the usual tree in an array,
// with the leaves behind their parents, and without the root, which no window
// asks for: the newest block is never among the whole ones.
//
// A second pair of stacks would take one join fewer, but joins k blocks at
// once when it flips, and its result hangs on when it last flipped. With a
// tree, a window's value is a function of its samples and their places alone.
type tree[T any] struct {
	node []T // 2..2k−1
	none T   // summary of no samples
}

func newTree[T any](k int, none T) *tree[T] {
	t := &tree[T]{node: make([]T, 2*k-2), none: none}
	for i := range t.node {
		t.node[i] = none
	}
	return t
}

// blocks returns how many there are.
func (t *tree[T]) blocks() int { return len(t.node)/2 + 1 }

// set puts the summary of block j in.
func (t *tree[T]) set(j int, x T, join func(a, b T) T) {
	i := t.blocks() + j
	t.node[i-2] = x
	for i >>= 1; i > 1; i >>= 1 {
		t.node[i-2] = join(t.node[2*i-2], t.node[2*i-1])
	}
}

// between returns the summary of the blocks from i up to but not j, around the
// end of the ring if i > j.
func (t *tree[T]) between(i, j int, join func(a, b T) T) T {
	if i < j {
		return t.span(i, j, join)
	}
	x := t.span(i, t.blocks(), join)
	if j > 0 {
		x = join(x, t.span(0, j, join))
	}
	return x
}

// span returns the summary of the blocks from i up to but not j > i.
func (t *tree[T]) span(i, j int, join func(a, b T) T) T {
	if j-i == 1 {
		return t.node[t.blocks()+i-2]
	}
	left, right := t.none, t.none
	for i, j = i+t.blocks(), j+t.blocks(); i < j; i, j = i>>1, j>>1 {
		if i&1 != 0 {
			left = join(left, t.node[i-2])
			i++
		}
		if j&1 != 0 {
			j--
			right = join(t.node[j-2], right)
		}
	}
	return join(left, right)
}
