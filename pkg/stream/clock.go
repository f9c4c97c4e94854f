package stream

import (
	"math"
	"math/bits"
	"slices"

	"rtda/pkg/clock"
)

const second = 1e9

// time is when the i-th record stands, i/Hz seconds after the Unix epoch, to
// the nearest nanosecond; math.MaxInt64 where it does not fit.
func (r Rate) time(i int) int64 {
	hi, lo := bits.Mul64(uint64(i), second*r.Den)
	lo, carry := bits.Add64(lo, r.Num/2, 0)
	hi += carry
	if hi >= r.Num {
		return math.MaxInt64
	}
	t, _ := bits.Div64(hi, lo, r.Num)
	return int64(min(t, math.MaxInt64))
}

// advance moves the clock on to t, before the sample that moves it is taken:
// boundaries that have passed are written, rules with age are evaluated once
// in a new second, and keys silent for too long are forgotten.
func (s *Stream) advance(t int64) {
	if !s.started {
		s.started, s.clock = true, t
		if s.cfg.Every.D > 0 {
			s.next = clock.Ceil(t, s.cfg.Every.D)
		}
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
	if s.cfg.Rules != nil && s.cfg.Rules.ByClock() && clock.FloorSecond(t) > clock.FloorSecond(before) {
		s.evaluateAge(t)
	}
	if s.cfg.TTL > 0 {
		s.forget(t)
	}
}

// writeBoundaries writes the rows of the boundaries before t. Where no key can
// give a row any more, it goes straight to the first boundary not before t.
func (s *Stream) writeBoundaries(t int64) {
	d := s.cfg.Every.D
	for s.next < t && len(s.live) > 0 && !s.stopped {
		s.writeBoundary(s.next)
		if s.next > math.MaxInt64-d {
			s.next = math.MaxInt64
			return
		}
		s.next += d
	}
	if s.next < t {
		s.next = clock.Ceil(t, d)
	}
}

// writeBoundary writes the rows of boundary b: of each key that has samples
// since its last row, or whose first window is a duration and not empty. A key
// that has been silent for Config.TTL at b is about to be forgotten, and has
// only a row for samples not yet shown.
func (s *Stream) writeBoundary(b int64) {
	if !s.sorted {
		slices.SortFunc(s.live, compare)
		s.sorted = true
	}
	kept := s.live[:0]
	for _, se := range s.live {
		if se.gone {
			continue
		}
		filled := s.lasting(se, b) && !s.silentAt(se, b)
		if se.since > 0 || filled {
			s.pass(se, b, false)
			s.writeRow(se, b)
			s.handOnWithin()
		}
		if se.live = filled; filled {
			kept = append(kept, se)
		}
	}
	clear(s.live[len(kept):])
	s.live = kept
}

// lasting reports whether a key gives a row at time t without new samples: its
// first window is a duration and holds some.
func (s *Stream) lasting(se *series, t int64) bool {
	for _, w := range s.cfg.First {
		if s.cfg.Windows[w].Width.D > 0 && se.wins[w].Len() > se.wins[w].Stale(t) {
			return true
		}
	}
	return false
}

// silentAt reports whether a key has been silent for Config.TTL at time t.
func (s *Stream) silentAt(se *series, t int64) bool {
	return s.cfg.TTL > 0 && clock.Elapsed(se.last, t) >= s.cfg.TTL
}

// enliven makes a key with a new sample one that the next boundary writes.
func (s *Stream) enliven(se *series) {
	if !se.live && s.cfg.Every.D > 0 {
		se.live = true
		s.live = append(s.live, se)
		s.sorted = len(s.live) == 1
	}
}

// pass lets time pass in the windows of a key, in those that the clock moves on
// or in the others: what is too old at t leaves. The others it moves on only for
// a row of theirs, so that rows and rules are the same whatever rules there are.
func (s *Stream) pass(se *series, t int64, moved bool) {
	for i, w := range se.wins {
		if s.cfg.Windows[i].Width.D > 0 && s.cfg.Windows[i].Moved == moved {
			before := w.Held()
			w.Advance(t)
			s.stats.Held += w.Held() - before
		}
	}
}

// evaluateAge evaluates the rules with age for every key at time t.
func (s *Stream) evaluateAge(t int64) {
	for _, se := range s.order() {
		s.pass(se, t, true)
		s.measure(se, t)
		s.changes = s.cfg.Rules.StepClock(se.state, s.env(se, t), s.changes[:0])
		s.noteChanges(se, t, nil)
		s.handOnWithin()
	}
}

// Tick tells a stream on the wall clock that it is now, and fills r with what
// that alone brings. Input read before now must have been taken.
//
// With Config.EveryLine nothing can be told between lines: what a Tick brings
// is told with the next Take.
func (s *Stream) Tick(now int64, r *Result, full Full) {
	s.begin(r, full)
	if s.started {
		s.advance(now)
	}
	if s.cfg.EveryLine {
		s.untold = append(s.untold, r.Notes...)
		r.Notes = r.Notes[:0]
	}
}

// Wake returns the first time at which a Tick would bring something, if any.
func (s *Stream) Wake() (t int64, ok bool) {
	if s.cfg.Clock != WallClock || !s.started {
		return 0, false
	}
	t = math.MaxInt64
	if s.cfg.Every.D > 0 && len(s.live) > 0 {
		t = s.next + 1
	}
	if s.cfg.Rules != nil && s.cfg.Rules.ByClock() {
		t = min(t, (clock.FloorSecond(s.clock)+1)*second)
	}
	if s.cfg.TTL > 0 {
		if se := s.silent.longest(); se != nil {
			t = min(t, se.last+s.cfg.TTL)
		}
	}
	return t, t < math.MaxInt64
}
