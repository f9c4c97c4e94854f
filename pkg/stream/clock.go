package stream

import (
	"rtda/pkg/clock"
	"rtda/pkg/rule"
	"slices"
)

const second = 1e9

// boundary is the boundary to which a sample at time t belongs: the first at or
// after it or, where windows are closed on the left, after it. So a boundary b is
// due when the clock has passed b−left.
func (s *Stream) boundary(t int64) int64 { return s.calendar.Ceil(clock.Later(t, s.left)) }

// advance moves the clock on to t, before the sample that moves it is taken:
// boundaries that have passed are written, rules with age are evaluated once
// in a new second, and keys silent for too long are forgotten.
func (s *Stream) advance(t int64) {
	if !s.started {
		s.started, s.clock, s.ticked = true, t, t
		if s.cfg.Every.D > 0 {
			s.next = s.boundary(t)
		}
		s.expect()
		return
	}
	if t <= s.clock {
		return
	}
	if s.cfg.Every.D > 0 {
		s.writeBoundaries(t)
	}
	before := s.clock
	s.clock = t
	if s.byClock() && clock.FloorSecond(t) > clock.FloorSecond(before) {
		s.evaluateByClock(t)
	}
	if s.cfg.TTL > 0 {
		s.forget(t)
	}
}

// maxFill is how many boundaries in a row get rows of empty windows at most.
const maxFill = 10_000

// writeBoundaries writes the rows of the boundaries before the clock comes to t.
// Where no key can give a row any more, it goes straight to the first that t does
// not pass.
func (s *Stream) writeBoundaries(t int64) {
	until, unfilled := clock.Later(t, s.left), int64(0)
	for n := 0; s.next < until && len(s.live) > 0 && !s.stopped; n++ {
		live := len(s.live)
		s.writeBoundary(s.next, s.cfg.Fill && n < maxFill)
		if n >= maxFill && (unfilled > 0 || len(s.live) < live) {
			unfilled++
		}
		s.next = s.calendar.Next(s.next)
	}
	if unfilled > 0 && s.cfg.Fill {
		s.tell(Unfilled, s.taking, unfilled+s.boundariesBetween(s.next, until))
		for _, se := range s.order() {
			s.enliven(se)
		}
	}
	if s.next < until {
		s.next = s.boundary(t)
	}
}

// boundariesBetween is the number of boundaries from b, which is one, to before t.
func (s *Stream) boundariesBetween(b, t int64) int64 {
	if b >= t {
		return 0
	}
	return 1 + (t-1-b)/s.cfg.Every.D
}

// writeBoundary writes the rows of boundary b of all keys but those that are
// behind the clock.
func (s *Stream) writeBoundary(b int64, fill bool) {
	if s.ranked == 0 {
		sortByKey(s.live)
	} else if s.ranked < len(s.live) {
		s.live = merge(s.live[:s.ranked], slices.Clone(s.live[s.ranked:]))
	}
	kept := s.live[:0]
	for _, se := range s.live {
		if se.live = !se.gone && !se.behind && s.boundaryRow(se, b, fill); se.live {
			kept = append(kept, se)
		}
		s.handOnWithin()
	}
	clear(s.live[len(kept):])
	s.live, s.ranked = kept, len(kept)
}

// boundaryRow writes the row of boundary b of a key, if it has samples since its
// last row, or its first window is a duration and not empty, or in any case with
// fill. Without samples there may be more rows only if it reports so. A key that
// has been silent for Config.TTL at b is about to be forgotten, and has only a row
// for samples not yet shown.
func (s *Stream) boundaryRow(se *series, b int64, fill bool) (lasting bool) {
	lasting = (fill || s.lasting(se, b-s.left)) && !s.silentAt(se, b)
	if se.since == 0 && !lasting {
		return false
	}
	if se.since = 0; s.isReady(se, b-s.left) {
		s.passLeft(se, b)
		label := b
		if s.cfg.LabelStart {
			label = s.calendar.Floor(b - 1)
		}
		s.writeRow(se, b, label)
		se.boundary = b
	}
	return lasting
}

// lasting reports whether a key gives a row at time t without new samples: its
// first window is a duration and holds some.
func (s *Stream) lasting(se *series, t int64) bool {
	for _, i := range s.cfg.First {
		if w := se.window(i); w != nil && s.cfg.Windows[i].Width.D > 0 && w.Len() > w.Stale(t) {
			return true
		}
	}
	return false
}

// catchUp writes the rows of the boundaries of a key whose last sample was behind
// the clock, before its own time comes to t, with the record rec or, at the end,
// with none.
func (s *Stream) catchUp(se *series, t int64, rec *record) {
	b := s.boundary(se.last)
	if b <= se.boundary {
		b = s.calendar.Next(se.boundary)
	}
	n, until := 0, clock.Later(t, s.left)
	for more := true; more && b < until && !s.stopped; b = s.calendar.Next(b) {
		more = s.boundaryRow(se, b, s.cfg.Fill && n < maxFill)
		n++
		s.handOnWithin()
		if !more && n > maxFill && s.cfg.Fill {
			s.tell(Unfilled, rec, s.boundariesBetween(b, until))
		}
	}
}

// enliven makes a key with a new sample one that the next boundary writes.
func (s *Stream) enliven(se *series) {
	if !se.live && !se.behind && s.cfg.Every.D > 0 {
		se.live = true
		s.live = append(s.live, se)
	}
}

// byClock reports whether rules are to be evaluated because the clock moves.
func (s *Stream) byClock() bool {
	return s.cfg.Rules != nil && s.cfg.Rules.ByClock() && !s.cfg.EvalRow
}

// evaluateByClock evaluates at time t the rules that go by the clock, for each
// key for which that may do anything.
func (s *Stream) evaluateByClock(t int64) {
	s.ticked = t
	var due []*series
	for se := s.dues.first(); se != nil && s.dues.time(se) <= t; se = s.dues.first() {
		s.dues.pop()
		due = append(due, se)
	}
	sortByKey(due)
	for _, se := range due {
		s.pass(se, t, true)
		s.measure(se, t)
		s.changes = s.cfg.Rules.StepClock(se.state, s.env(se, t), s.changes[:0])
		s.noteChanges(se, t, nil)
		s.schedule(se, t)
		s.handOnWithin()
	}
}

// schedule says when the clock evaluates the rules of a key next, after an
// evaluation at time t.
func (s *Stream) schedule(se *series, t int64) {
	se.due = s.cfg.Rules.Next(se.state, s.env(se, t), func(metric int) rule.Course { return s.course(se, metric, t) })
	s.dues.add(se) // not, if it is never
}

// course is how a metric of a key goes on after time t without a new sample.
func (s *Stream) course(se *series, metric int, t int64) rule.Course {
	r := &s.cfg.Metrics[metric]
	switch {
	case r.From == FromAge:
		return rule.Course{Until: never, From: se.last, Unit: second}
	case r.From == FromHour:
		from, until := s.offsets.Day(t)
		return rule.Course{Until: until, From: from, Unit: 3600 * second}
	case r.From == FromWeekday:
		_, until := s.offsets.Day(t)
		return rule.Course{Until: until}
	case r.From != FromWindow || !s.cfg.Windows[r.Window].Moved:
		return rule.Course{Until: never}
	}
	w := se.window(r.Window)
	switch {
	case w == nil:
		return rule.Course{Until: never}
	case r.Count || w.Len() == 0 || !s.cfg.Windows[r.Window].Fluid:
		return rule.Course{Until: w.Until()}
	}
	return rule.Course{Until: t + 1}
}

// Tick tells a stream on the wall clock that it is now, and fills r with what
// that alone brings. Input read before now must have been taken.
//
// With Config.EveryLine nothing can be told between lines: what a Tick brings
// is told with the next Take.
func (s *Stream) Tick(now int64, r *Result, full Full) {
	s.begin(r, full)
	if s.started || s.awaits() {
		s.advance(now)
		s.sweep()
	}
	if s.cfg.EveryLine {
		s.untold = append(s.untold, r.Notes...)
		r.Notes = r.Notes[:0]
	}
}

// Wake returns the first time at which a Tick would bring something, if any.
func (s *Stream) Wake() (t int64, ok bool) {
	if s.cfg.Clock != WallClock || !s.started {
		return 1, s.cfg.Clock == WallClock && s.awaits() // at once
	}
	t = never
	if s.cfg.Every.D > 0 && len(s.live) > 0 {
		t = s.next + 1
	}
	if se := s.dues.first(); se != nil {
		t = min(t, max(clock.FloorSecond(s.clock)+1, clock.FloorSecond(se.due-1)+1)*second)
	}
	if s.cfg.TTL > 0 {
		if se := s.silent.first(); se != nil {
			t = min(t, clock.Later(se.heard, s.cfg.TTL))
		}
	}
	return t, t < never
}
