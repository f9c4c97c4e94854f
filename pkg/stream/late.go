package stream

import (
	"container/heap"

	"rtda/pkg/clock"
)

// waiting holds the records that may still be overtaken by earlier ones, a
// heap by time and, at equal times, by arrival. Records taken from it lend
// their room to later ones.
type waiting struct {
	heap   []*waiter
	free   []*waiter
	newest int64 // newest time seen
	seen   bool
	count  uint64
	held   int // values in the heap
}

type waiter struct {
	record
	order uint64
}

func (w *waiting) Len() int { return len(w.heap) }
func (w *waiting) Less(i, j int) bool {
	a, b := w.heap[i], w.heap[j]
	return a.t < b.t || a.t == b.t && a.order < b.order
}
func (w *waiting) Swap(i, j int) { w.heap[i], w.heap[j] = w.heap[j], w.heap[i] }
func (w *waiting) Push(x any)    { w.heap = append(w.heap, x.(*waiter)) }
func (w *waiting) Pop() any {
	last := w.heap[len(w.heap)-1]
	w.heap[len(w.heap)-1] = nil
	w.heap = w.heap[:len(w.heap)-1]
	return last
}

// wait puts a record among the waiting ones and takes those whose time has
// come.
func (s *Stream) wait(rec *record) {
	w := &s.late
	var x *waiter
	if n := len(w.free); n > 0 {
		x, w.free = w.free[n-1], w.free[:n-1]
	} else {
		x = &waiter{}
	}
	key, vals := append(x.key[:0], rec.key...), append(x.vals[:0], rec.vals...)
	x.record, x.order = *rec, w.count
	x.key, x.vals = key, vals
	w.count++
	w.held += len(vals)
	heap.Push(w, x)
	if !w.seen || rec.t > w.newest {
		w.seen, w.newest = true, rec.t
	}
	s.release(false)
}

// release takes the waiting records whose time has come, or all of them.
func (s *Stream) release(all bool) {
	w := &s.late
	for len(w.heap) > 0 && !s.stopped && (all || clock.Elapsed(w.heap[0].t, w.newest) >= s.cfg.Late) {
		x := heap.Pop(w).(*waiter)
		w.held -= len(x.vals)
		se := s.find(x.key)
		if why, bad := s.refusalNow(se, &x.record); bad {
			s.refuse(&x.record, why)
		} else {
			s.take(se, &x.record)
		}
		s.handOnWithin()
		w.free = append(w.free, x)
	}
}
