package stream

import (
	"bytes"
	"cmp"
	"slices"

	"rtda/pkg/clock"
	"rtda/pkg/parse"
)

// waiting holds the records that may still be overtaken by earlier ones: in a line
// those that came in the order of their times, which are most, and in a heap those
// that came behind a later one.
type waiting struct {
	line   []*waiter
	first  int // in the line; those before it have left
	heap   []*waiter
	free   []*waiter // taken: they lend their room to later ones
	due    []*waiter // that are being taken
	batch  parse.Batch
	newest int64 // newest time seen
	seen   bool
	count  uint64
	cost   int // of all of them
}

type waiter struct {
	record
	order uint64
}

// cost is what a waiting record counts against Config.MaxSamples: one for each
// 16 bytes that it takes.
func (r *record) cost() int {
	n := 144 + len(r.key) + 8*len(r.vals)
	for _, b := range r.texts {
		n += 24 + len(b)
	}
	return n/16 + keptCost(r.kept)
}

// keptCost is what texts that are kept count as samples.
func keptCost(kept []parse.Text) int {
	n := 0
	for i := range kept {
		n += (len(kept[i].B) + 31) / 16
	}
	return n
}

// cloneKept is kept with texts of its own.
func cloneKept(kept []parse.Text) []parse.Text {
	kept = slices.Clone(kept)
	for i := range kept {
		kept[i].B = bytes.Clone(kept[i].B)
	}
	return kept
}

// compareWaiters orders records by time and, at equal times, by arrival.
func compareWaiters(a, b *waiter) int {
	return cmp.Or(cmp.Compare(a.t, b.t), cmp.Compare(a.order, b.order))
}

func (x *waiter) before(y *waiter) bool { return x.t < y.t || x.t == y.t && x.order < y.order }

func (w *waiting) len() int { return len(w.line) - w.first + len(w.heap) }

// all is those that wait, in the order in which they will be taken.
func (w *waiting) all() []*waiter {
	return slices.SortedFunc(slices.Values(slices.Concat(w.line[w.first:], w.heap)), compareWaiters)
}

// add has one more record wait.
func (w *waiting) add(x *waiter) {
	if n := len(w.line); n == w.first || !x.before(w.line[n-1]) {
		if n == cap(w.line) && 2*w.first >= n {
			w.line, w.first = append(w.line[:0], w.line[w.first:]...), 0
			clear(w.line[len(w.line):n])
		}
		w.line = append(w.line, x)
		return
	}
	w.heap = append(w.heap, x)
	h := w.heap
	for i := len(h) - 1; i > 0 && h[i].before(h[(i-1)/2]); i = (i - 1) / 2 {
		h[i], h[(i-1)/2] = h[(i-1)/2], h[i]
	}
}

// next is the one that is taken next, or nil.
func (w *waiting) next() *waiter {
	switch inLine := w.first < len(w.line); {
	case inLine && (len(w.heap) == 0 || w.line[w.first].before(w.heap[0])):
		return w.line[w.first]
	case len(w.heap) > 0:
		return w.heap[0]
	}
	return nil
}

// remove takes the one out that next has returned.
func (w *waiting) remove(x *waiter) {
	if w.first < len(w.line) && x == w.line[w.first] {
		w.line[w.first] = nil
		if w.first++; w.first == len(w.line) {
			w.line, w.first = w.line[:0], 0
		}
		return
	}
	h, n := w.heap, len(w.heap)-1
	h[0], h[n] = h[n], nil
	h = h[:n]
	w.heap = h
	for i, least := 0, 0; ; i = least {
		for c := 2*i + 1; c <= 2*i+2 && c < n; c++ {
			if h[c].before(h[least]) {
				least = c
			}
		}
		if least == i {
			return
		}
		h[i], h[least] = h[least], h[i]
	}
}

// wait puts a record among the waiting ones.
func (s *Stream) wait(rec *record) {
	w := &s.late
	var x *waiter
	if n := len(w.free); n > 0 {
		x, w.free = w.free[n-1], w.free[:n-1]
	} else {
		x = &waiter{}
	}
	key, vals, texts := append(x.key[:0], rec.key...), append(x.vals[:0], rec.vals...), x.texts[:0]
	for _, b := range rec.texts {
		texts = append(texts, bytes.Clone(b))
	}
	x.record, x.order = *rec, w.count
	x.key, x.vals, x.texts, x.kept = key, vals, texts, cloneKept(rec.kept)
	w.count++
	w.cost += rec.cost()
	w.add(x)
	if !w.seen || rec.t > w.newest {
		w.seen, w.newest = true, rec.t
	}
}

// waitMany has the records from i to end wait, as far as it is certain that none of
// them is refused, and takes those whose time has come. It returns how many it was
// certain of. One that is at most Config.Late behind the newest time is not behind any
// that was taken; and if there is room for all that wait and for these in the windows
// as well, there is room whichever of them are in the windows.
func (s *Stream) waitMany(b *parse.Block, batch *parse.Batch, i, end int) int {
	w := &s.late
	if !s.many.able || s.cfg.Late == 0 || s.cfg.EveryLine || s.cfg.Back > 0 || s.ahead != nil || !w.seen {
		return 0
	}
	n, newest := 0, w.newest
	for n < min(end-i, s.many.limit) {
		t := batch.Time[i+n]
		if clock.Elapsed(t, newest) > s.cfg.Late || clock.Elapsed(newest, t) > s.many.jump {
			break
		}
		newest = max(newest, t)
		n++
	}
	room := s.cfg.MaxSamples - s.stats.Held
	if s.maySweep(newest) {
		room = min(room, roomy-s.stats.Held) // one by one, too, there is no sweep then
	}
	for k := range n {
		rec := s.record(b, batch, i+k)
		if w.cost+rec.cost()+(w.len()+2)*s.most > room {
			n = k
			break
		}
		s.wait(rec)
	}
	if n > 0 {
		s.release(false)
	}
	return n
}

// fitsWaiting reports whether one more record may wait, once those have left
// whose time it brings.
func (s *Stream) fitsWaiting(rec *record) bool {
	room := s.cfg.MaxSamples - s.stats.Held - s.late.cost - rec.cost()
	return room >= 0 || room+s.leaving(rec.t, -room) >= 0
}

// leaving is what the records count that leave when the newest time is t, or a part of
// it that is enough.
func (s *Stream) leaving(t int64, enough int) (cost int) {
	for _, x := range s.late.line[s.late.first:] {
		if cost >= enough || clock.Elapsed(x.t, t) < s.cfg.Late {
			break
		}
		cost += x.cost()
	}
	var walk func(i int)
	walk = func(i int) {
		if i < len(s.late.heap) && cost < enough && clock.Elapsed(s.late.heap[i].t, t) >= s.cfg.Late {
			cost += s.late.heap[i].cost()
			walk(2*i + 1)
			walk(2*i + 2)
		}
	}
	walk(0)
	return cost
}

// keptFree is how many records that have left lend their room beside as many as
// wait.
const keptFree = 1024

// release takes the waiting records whose time has come, or all of them: together
// those of one input.
func (s *Stream) release(all bool) {
	w := &s.late
	for !s.stopped {
		w.due = w.due[:0]
		for len(w.due) < maxMany {
			x := w.next()
			if x == nil || !all && clock.Elapsed(x.t, w.newest) < s.cfg.Late || len(w.due) > 0 && x.origin != w.due[0].origin {
				break
			}
			w.remove(x)
			w.due = append(w.due, x)
		}
		if len(w.due) == 0 {
			return
		}
		s.takeDue(w.due)
	}
}

// takeDue takes records of one input that have waited.
func (s *Stream) takeDue(due []*waiter) {
	w, origin := &s.late, s.origin
	if s.many.able && len(due) >= minMany {
		s.layOutDue(due)
		s.origin = due[0].origin
	}
	i := 0
	for i < len(due) && !s.stopped {
		n := 0
		if s.origin == due[i].origin && len(due) >= minMany {
			n = s.takeMany(nil, &w.batch, i, len(due))
		}
		for _, x := range due[i:max(i+1, i+n)] {
			w.cost -= x.cost()
		}
		if n == 0 {
			s.takeAlone(due[i])
			n = 1
		}
		i += n
		s.handOnWithin()
	}
	s.origin = origin
	for _, x := range due[:i] {
		if len(w.free) < w.len()+keptFree && len(x.key) < 64 {
			w.free = append(w.free, x)
		}
	}
	for _, x := range due[i:] {
		w.add(x)
	}
}

// takeAlone takes a record that has waited.
func (s *Stream) takeAlone(x *waiter) {
	se := s.find(x.key)
	if why, bad := s.refusalNow(se, &x.record); bad {
		s.refuse(&x.record, why)
	} else {
		s.take(se, &x.record)
	}
}

// layOutDue makes a batch of records that have waited.
func (s *Stream) layOutDue(due []*waiter) {
	batch := &s.late.batch
	if batch.Col == nil {
		batch.Col = make([][]float64, s.cfg.Fields)
		batch.Text = make([][]parse.Text, max(s.cfg.Keep, 1+slices.Max(append([]int{-1}, s.cfg.Texts...))))
	}
	batch.Line, batch.Time, batch.Key = batch.Line[:0], batch.Time[:0], batch.Key[:0]
	for f := range batch.Col {
		batch.Col[f] = batch.Col[f][:0]
	}
	for c := range batch.Text {
		batch.Text[c] = sized(batch.Text[c], len(due))
		clear(batch.Text[c])
	}
	for k, x := range due {
		batch.Line, batch.Time = append(batch.Line, x.line-x.origin.Lines), append(batch.Time, x.t)
		if s.cfg.Keyed {
			batch.Key = append(batch.Key, x.key)
		}
		for f, v := range x.vals {
			batch.Col[f] = append(batch.Col[f], v)
		}
		for i, c := range s.cfg.Texts {
			batch.Text[c][k] = parse.Text{B: x.texts[i]}
		}
		for c, t := range x.kept {
			batch.Text[c][k] = t
		}
	}
}

// sized returns buf with n places.
func sized[T any](buf []T, n int) []T { return slices.Grow(buf[:0], n)[:n] }
