package stream

import (
	"container/heap"
	"math"

	"rtda/pkg/agg"
	"rtda/pkg/clock"
	"rtda/pkg/parse"
	"rtda/pkg/rule"
)

// arrive receives a record from the input: it is taken at once, or waits for
// its time where records may be late, or is refused.
func (s *Stream) arrive(rec *record) {
	if why, bad := s.refusal(rec); bad {
		s.refuse(rec, why)
		return
	}
	s.admit(rec)
}

// refusal says why a record from the input cannot be used, if so.
func (s *Stream) refusal(rec *record) (why parse.Reason, bad bool) {
	se := s.find(rec.key)
	switch {
	case s.cfg.Clock == DataClock && se != nil && rec.t < se.last:
		return parse.Late, true
	case s.cfg.Clock == DataClock && s.cfg.Late > 0:
		return parse.TooManySamples, s.stats.Held+s.late.held+len(rec.vals) > s.cfg.MaxSamples
	}
	return s.refusalNow(se, rec)
}

// refusalNow says why a record cannot be taken now.
func (s *Stream) refusalNow(se *series, rec *record) (why parse.Reason, bad bool) {
	if se == nil && !s.roomForKey(rec.t) {
		return parse.TooManyKeys, true
	}
	return parse.TooManySamples, !s.fits(se, rec)
}

// admit takes a record that was not refused, or has it wait.
func (s *Stream) admit(rec *record) {
	if s.cfg.Clock == DataClock && s.cfg.Late > 0 {
		s.wait(rec)
	} else {
		s.take(s.find(rec.key), rec)
	}
}

// take moves the clock to the record, puts it into the windows of its key,
// evaluates the rules and writes the row, if it is time for one.
func (s *Stream) take(se *series, rec *record) {
	if s.cfg.Clock != NoClock {
		s.advance(rec.t)
		if se != nil && se.gone {
			se = nil
		}
	}
	s.stats.Records++
	if se == nil {
		se = s.create(rec.key)
		se.last = rec.t
		if s.cfg.TTL > 0 {
			heap.Push(&s.silent, entry{rec.t, se})
		}
	} else if s.cfg.Gap > 0 && clock.Elapsed(se.last, rec.t) >= s.cfg.Gap {
		s.empty(se)
	}
	s.push(se, rec)
	s.evaluate(se, rec)
	if n := s.cfg.Every.N; n > 0 && se.since >= n {
		s.writeRow(se, rec.t)
	}
}

// roomForKey reports whether one more key may be held at time t, when those
// silent for too long will have been forgotten.
func (s *Stream) roomForKey(t int64) bool {
	return !s.cfg.Keyed || len(s.table) < s.cfg.MaxKeys || s.expired(max(t, s.clock)) != nil
}

// fits reports whether the windows of all keys may hold the record's samples
// too, once what is too old has left.
func (s *Stream) fits(se *series, rec *record) bool {
	room := s.cfg.MaxSamples - s.stats.Held - s.late.held
	if room >= len(s.cfg.Windows) {
		return true
	}
	need := s.growth(se, rec)
	if need <= room {
		return true
	}
	// Looking at every key is paid for by as many records refused before.
	if s.swept--; s.swept < 0 {
		s.sweep()
		s.swept = len(s.ordered)
		room = s.cfg.MaxSamples - s.stats.Held - s.late.held
	}
	return need <= room
}

// growth is how many more samples the windows of se will hold after rec.
func (s *Stream) growth(se *series, rec *record) int {
	n := 0
	pause := se != nil && s.cfg.Gap > 0 && clock.Elapsed(se.last, rec.t) >= s.cfg.Gap
	for i := range s.cfg.Windows {
		w := &s.cfg.Windows[i]
		if !math.IsNaN(rec.vals[w.Field]) && !(w.Width.Kind == agg.All && !w.Plan.Stores()) {
			n++
		}
		if se == nil {
			continue
		}
		win := se.wins[i]
		switch {
		case pause:
			n -= win.Held()
		case w.Width.Kind == agg.Duration:
			n -= win.Stale(rec.t)
		case w.Width.Kind == agg.Count && win.Len() == w.Width.N:
			n--
		}
	}
	return n
}

// sweep lets what is too old at the clock leave the windows of every key that
// has shown all its samples.
func (s *Stream) sweep() {
	if s.cfg.Clock == NoClock {
		return
	}
	for _, se := range s.order() {
		s.pass(se, s.clock, true)
		if se.since == 0 {
			s.pass(se, s.clock, false)
		}
	}
}

// empty forgets the samples of a key, after a pause.
func (s *Stream) empty(se *series) {
	for _, w := range se.wins {
		s.stats.Held -= w.Held()
		w.Reset()
	}
}

// push puts the record's values into the windows of its key; where a value is
// missing, only time passes.
func (s *Stream) push(se *series, rec *record) {
	for i, w := range se.wins {
		before := w.Held()
		if x := rec.vals[s.cfg.Windows[i].Field]; x == x {
			w.Push(rec.t, x)
		} else {
			w.Advance(rec.t)
		}
		s.stats.Held += w.Held() - before
	}
	for f := range se.ever {
		if x := rec.vals[f]; x == x {
			se.ever[f] = x
		}
	}
	se.last = rec.t
	se.since++
	s.enliven(se)
}

// evaluate steps every rule of the key of a record just taken.
func (s *Stream) evaluate(se *series, rec *record) {
	if s.cfg.Rules == nil {
		return
	}
	s.measure(se, rec.t)
	s.step(se, rec.t, rec)
}

// step steps every rule over what was measured.
func (s *Stream) step(se *series, t int64, rec *record) {
	s.changes = s.cfg.Rules.Step(se.state, s.env(se, t), s.changes[:0])
	if len(s.changes) > 0 {
		s.noteChanges(se, t, rec)
	}
}

func (s *Stream) env(se *series, t int64) rule.Env {
	return rule.Env{Vals: s.vals, Keys: se.parts(), Now: t, Repeat: s.cfg.Repeat}
}

// measure reads the metrics of the rules.
func (s *Stream) measure(se *series, t int64) {
	for i := range s.cfg.Metrics {
		s.vals[i] = s.read(se, &s.cfg.Metrics[i], t)
	}
}

// read is one number of a key at time t.
func (s *Stream) read(se *series, r *Read, t int64) float64 {
	switch r.From {
	case FromAge:
		if s.cfg.Clock == NoClock {
			return nan
		}
		return float64(max(0, clock.Elapsed(se.last, t))) / second
	case FromField:
		return se.ever[r.Field]
	}
	w := se.wins[r.Window]
	if !r.Count && w.Len() < s.cfg.Windows[r.Window].Need {
		return nan
	}
	return w.Value(r.Agg)
}

// noteChanges notes what the rules did, with the values they saw. rec is the
// record at which they did it, nil where it was the clock.
func (s *Stream) noteChanges(se *series, t int64, rec *record) {
	for _, c := range s.changes {
		if !c.Resolved && c.Was == rule.None && c.Again == 0 {
			s.stats.Fired++
		}
		a := &Alert{Change: c, Key: se.key, Time: t}
		for _, m := range s.cfg.Rules.Rule(c.Rule).Metrics {
			a.Values = append(a.Values, s.vals[m])
		}
		n := Note{Row: s.res.Rows.N, Alert: a}
		if rec != nil {
			n.Origin, n.Line = rec.origin, rec.line
		}
		s.res.Notes = append(s.res.Notes, n)
	}
}
