package agg

import (
	"math"
	"slices"
)

// A short window, whose ring has room for shortest samples or fewer, is too small for
// blocks. It is cut in two instead, before a sample whose number is a multiple of the
// ring's size or, where the window is seldom full, of half of it: what lies before the
// cut is summed up backwards, once for all windows with that cut, and what lies behind
// it as samples come. So it is all the same whether these come alone or together.
const (
	shortest  = 23
	shortRows = 512 // samples that go together
)

// isShort tells whether the window is short. One that counts must be full.
func (w *Window) isShort() bool {
	if w.plan.width.Kind == Duration {
		return w.size <= keptRing && w.n > 0
	}
	return w.plan.width.Kind == Count && w.plan.width.N <= shortest && w.n == w.plan.width.N
}

// A line is the samples of short windows that follow each other.
type line struct {
	block
	first     int   // place of the newest sample of the first window
	from, cut []int // by window: the places of its oldest sample and of the first behind the cut
	every     int   // samples from one cut to the next
	latest    int   // place behind the latest cut

	// of as many samples before a cut
	sums   [shortest + 1][2]float64
	trends [shortest + 1]trendSums
	lows   [shortest + 1]int64
}

// begin makes l the samples of a window, and none that is behind them. The newest
// sample of the first of its windows will be at a place.
func (l *line) begin(w *Window, first int) {
	a, b := &w.plan.pieces[0], &w.plan.pieces[1]
	w.blocks(a, b)
	l.xs, l.ts = append(append(l.xs[:0], a.xs...), b.xs...), append(append(l.ts[:0], a.ts...), b.ts...)
	if l.every = w.size; w.plan.width.Kind == Duration {
		l.every = max(1, w.size/2)
	}
	l.number, l.first, l.latest = a.number, first, first-int((a.number+int64(first))%int64(l.every))
	l.from, l.cut = l.from[:0], l.cut[:0]
}

// add adds a window, from one place to another.
func (l *line) add(from, newest int) {
	if newest == l.latest+l.every {
		l.latest = newest
	}
	l.from, l.cut = append(l.from, from), append(l.cut, max(from, l.latest))
}

// window returns the samples of window i.
func (l *line) window(i int) block {
	from, to := l.from[i], l.first+i+1
	w := block{xs: l.xs[from:to], number: l.number + int64(from)}
	if len(l.ts) > 0 {
		w.ts = l.ts[from:to]
	}
	return w
}

// slideShort is slideBlock for short windows.
func (w *Window) slideShort(ts []int64, xs []float64, dst [][]float64, at int) int {
	if !w.isShort() {
		return 0
	}
	b := &w.plan.batch
	l := &b.line
	l.begin(w, w.n)
	n, head := 0, 0
	for ; n < min(len(xs), shortRows); n++ {
		if newest := l.first + n; w.plan.width.Kind == Count {
			head++
		} else {
			l.ts = append(l.ts, ts[n])
			for cut := w.plan.cut(ts[n]); head < newest && l.ts[head] <= cut; head++ {
			}
			if newest-head == w.size { // it has to grow
				break
			}
		}
		l.add(head, l.first+n)
	}
	if n == 0 {
		return 0
	}
	b.xs, b.ts = xs[:n], ts[:min(n, len(ts))]
	l.xs = append(l.xs, b.xs...)
	l.ts = append(l.ts[:min(len(l.ts), l.first)], b.ts...)
	if b.head, b.step = l.number+1, 1; w.plan.width.Kind == Duration {
		b.step, b.heads = 0, sized(b.heads, n)
		for i, from := range l.from {
			b.heads[i] = l.number + int64(from)
		}
	}
	b.fillShort()
	w.fillRanks(b, dst, at)
	b.fillColumns(dst, at)
	w.n, w.head, w.seen = copy(w.xs, l.xs[head:]), 0, w.seen+int64(n)
	copy(w.ts, l.ts[min(head, len(l.ts)):])
	if w.beyond != nil {
		if w.beyond.now = timeAt(ts, n-1); head > 0 {
			w.beyond.previous = l.sample(head - 1)
		}
	}
	return n
}

// lookShort leaves in b all that is kept of a short window as it is.
func (w *Window) lookShort(b *batch) {
	l := &b.line
	l.begin(w, w.n-1)
	l.add(0, l.first)
	if b.fillShort(); w.plan.needs&needMoments != 0 {
		b.s = b.around[0]
	}
}

// fillShort leaves in b what is needed of the windows of its line.
func (b *batch) fillShort() {
	l, p := &b.line, b.w.plan
	n := len(l.from)
	if p.needs&needMoments != 0 {
		b.around = sized(b.around, n)
		l.sum(b.around, 0, p.needs&needPowers != 0)
	}
	if p.needs&needBefore != 0 {
		b.without = sized(b.without, n)
		l.sum(b.without, 1, false)
	}
	if p.needs&needTrend != 0 {
		b.trend = sized(b.trend, n)
		l.sumTrends(b.trend, b.around)
	}
	for i, which := range [2]need{needMin, needMax} {
		if p.needs&which != 0 {
			b.spare[4+i] = sized(b.spare[4+i], n)
			b.low[i] = b.spare[4+i]
			l.lowest(b.low[i], float64(1-2*i))
		}
	}
	if p.needs&needDecay != 0 {
		p.decay.fillShort(b)
	}
	if p.needs&needHeld != 0 {
		p.held.fillShort(b)
	}
	if p.needs&needResets != 0 {
		p.resets.fillShort(b)
	}
}

// sum makes rows the sums of the windows, without the newest skip of each, around the
// first sample behind the cut. A window is summed up for itself that has a sample of a
// higher class than that one, or whose mean lies away from it.
func (l *line) sum(rows []sums, skip int, powers bool) {
	var around sums
	k, c, s1, s2, limit := 0.0, 0.0, 0.0, 0.0, 0.0
	cut, at, below, together := -1, 0, 0, false
	for i := range rows {
		newest, from := l.first+i-skip, l.from[i]
		if l.cut[i] != cut {
			cut, together = l.cut[i], true
			x := l.xs[cut]
			class := classOf(math.Abs(x))
			around.begin(x, 0, class)
			k, c, limit = 1/around.unit, around.c, limitOf(class)
			s1, s2, below = 0, 0, 0
			for j := 1; j <= cut-from && math.Abs(l.xs[cut-j]) < limit; j++ {
				d := float64(l.xs[cut-j]*k) - c
				s1 += d
				s2 += float64(d * d)
				l.sums[j], below = [2]float64{s1, s2}, j
			}
			s1, s2, at = 0, 0, cut
		}
		for ; at <= newest; at++ {
			together = together && math.Abs(l.xs[at]) < limit
			d := float64(l.xs[at]*k) - c
			s1 += d
			s2 += float64(d * d)
		}
		s, j := &rows[i], cut-from
		s.n, s.c, s.unit = float64(newest-from+1), c, around.unit
		s.s1, s.s2 = l.sums[j][0]+s1, l.sums[j][1]+s2
		if (!together || newest < cut || j > below || !(float64(s.n*s.s2) <= 4*s.spread())) && from <= newest {
			s.gatherShort(l.xs[from : newest+1])
		}
		if powers {
			s.s3, s.s4 = 0, 0
			s.addPowers(l.xs[from : newest+1])
		}
	}
}

// gatherShort is gather of a few samples, around the middle one, which is nearer
// to the mean of what rises or falls than the first.
func (s *sums) gatherShort(xs []float64) {
	middle := xs[len(xs)/2]
	class := classOf(math.Abs(middle))
	limit := limitOf(class)
	for i := 0; i < len(xs); i++ {
		if !(math.Abs(xs[i]) < limit) {
			class, i = classIn(xs), len(xs)
		}
	}
	s.begin(middle, len(xs), class)
	k, c, s1, s2 := 1/s.unit, s.c, 0.0, 0.0
	for _, x := range xs {
		d := float64(x*k) - c
		s1 += d
		s2 += float64(d * d)
	}
	s.s1, s.s2 = s1, s2
	if float64(s.n*s2) > 4*s.spread() {
		s.settle(xs, nil, false)
	}
}

// sumTrends makes rows the sums of the windows for their lines, around the values of
// their sums and the time of the first sample behind the cut. A window is summed up for
// itself that has another value than that sample, or whose mean time lies away.
func (l *line) sumTrends(rows []trendSums, around []sums) {
	var none block
	var cur trendSums
	var own sums
	cut, at := -1, 0
	for i := range rows {
		newest, from, s := l.first+i, l.from[i], &around[i]
		if l.cut[i] != cut {
			cut = l.cut[i]
			own.begin(l.xs[cut], 0, classOf(math.Abs(l.xs[cut])))
			cur = trendSums{ct: l.time(cut)}
			l.trends[0] = cur
			for j := 1; j <= cut-from; j++ {
				cur.add(l.time(cut-j), float64(l.xs[cut-j]*(1/own.unit))-own.c)
				l.trends[j] = cur
			}
			cur, at = l.trends[0], cut
		}
		for ; at <= newest; at++ {
			cur.add(l.time(at), float64(l.xs[at]*(1/own.unit))-own.c)
		}
		t := l.trends[cut-from].plus(&cur)
		if s.c != own.c || s.unit != own.unit || !(t.t2 <= 8*(t.t2-float64(t.t1*(t.t1/s.n)))) {
			w := l.window(i)
			t = w.trendSums(s, &none)
		}
		rows[i] = t
	}
}

// lowest makes rows the smallest or, with the sign −1, the largest negated.
func (l *line) lowest(rows []float64, sign float64) {
	lo, cut, at := int64(0), -1, 0
	l.lows[0] = math.MaxInt64
	for i := range rows {
		newest, from := l.first+i, l.from[i]
		if l.cut[i] != cut {
			cut, at, lo = l.cut[i], l.cut[i], math.MaxInt64
			for j := 1; j <= cut-from; j++ {
				l.lows[j] = min(l.lows[j-1], rank(float64(l.xs[cut-j]*sign)))
			}
		}
		for ; at <= newest; at++ {
			lo = min(lo, rank(float64(l.xs[at]*sign)))
		}
		rows[i] = unrank(min(lo, l.lows[cut-from]))
	}
}

// fillShort leaves in b the summaries of the windows of its line.
func (s *joining[T]) fillShort(b *batch) {
	l := &b.line
	rows := sized(*s.rows(b), len(l.from))
	cut, at := -1, 0
	var none T
	for i := range rows {
		from := l.from[i]
		if l.cut[i] != cut {
			cut, at, s.x = l.cut[i], l.cut[i], none
			s.older = slices.Grow(s.older[:0], shortest+1)[:shortest+1]
			s.older[0] = none
			for j := 1; j <= cut-from; j++ {
				if s.older[j] = s.older[j-1]; j == 1 {
					s.behind(&s.older[1], &l.block, cut-1) // of none, it is all the same
				} else {
					s.before(&l.block, cut-j, &s.older[j])
				}
			}
		}
		for ; at <= l.first+i; at++ {
			s.behind(&s.x, &l.block, at)
		}
		rows[i] = s.join(s.older[cut-from], s.x)
	}
	*s.rows(b) = rows
}
