package stream

import (
	"bytes"
	"math"
	"slices"
	"unicode/utf8"

	"rtda/pkg/agg"
	"rtda/pkg/clock"
	"rtda/pkg/parse"
	"rtda/pkg/rule"
	"rtda/pkg/text"
)

// year is how far the clock may jump without a word.
const year = 365 * 86400 * second

var nan = math.NaN()

// arrive receives a record from the input: it is taken at once, or waits for
// its time where records may be late, or is refused.
func (s *Stream) arrive(rec *record) {
	if s.holdBack(rec) || s.stopped {
		return
	}
	if why, bad := s.refusal(rec); bad {
		s.refuse(rec, why)
		return
	}
	s.admit(rec)
}

// newest is the newest time that any record had, and whether there was one.
func (s *Stream) newest() (t int64, ok bool) {
	if s.cfg.Late > 0 {
		return s.late.newest, s.late.seen
	}
	return s.clock, s.started
}

// holdBack decides about records that are far ahead of all others, or far behind
// those of their key: the first is held until the next shows whether it is a
// fault or the clock has changed. It reports whether rec is held.
func (s *Stream) holdBack(rec *record) bool {
	if s.cfg.Clock != DataClock {
		return false
	}
	if h := s.ahead; h != nil {
		s.ahead = nil
		if clock.Elapsed(rec.t, h.t) <= s.cfg.Ahead {
			s.admitHeld(h)
		} else {
			s.late.cost -= h.cost()
			s.refuse(&h.record, parse.Early)
		}
	}
	newest, ok := s.newest()
	if by := clock.Elapsed(newest, rec.t); ok && s.cfg.Ahead > 0 && by > s.cfg.Ahead {
		s.hold(&s.ahead, rec)
		return true
	} else if ok && by > year && s.stats.Told[Jumped] == 0 {
		s.tell(Jumped, rec, by)
	}
	if s.cfg.Back == 0 {
		return false
	}
	se := s.find(rec.key)
	if se == nil {
		return false
	}
	older := se.taken && clock.Elapsed(rec.t, se.last) > s.cfg.Back
	if older && se.held == nil {
		s.hold(&se.held, rec)
		return true
	}
	if older {
		s.setBack(se)
	} else {
		s.refuseHeld(se)
	}
	return false
}

// hold keeps a record for the time being, if there is room.
func (s *Stream) hold(place **waiter, rec *record) {
	if s.stats.Held+s.late.cost+rec.cost() > s.cfg.MaxSamples {
		s.refuse(rec, parse.TooManySamples)
		return
	}
	h := &waiter{record: *rec}
	h.key, h.vals, h.texts, h.kept = slices.Clone(rec.key), slices.Clone(rec.vals), slices.Clone(rec.texts), cloneKept(rec.kept)
	for i := range h.texts {
		h.texts[i] = bytes.Clone(h.texts[i])
	}
	s.late.cost += h.cost()
	*place = h
}

// admitHeld takes a record that was far ahead of the others.
func (s *Stream) admitHeld(h *waiter) {
	s.late.cost -= h.cost()
	newest, _ := s.newest()
	s.tell(Ahead, &h.record, clock.Elapsed(newest, h.t))
	if why, bad := s.refusal(&h.record); bad {
		s.refuse(&h.record, why)
	} else {
		s.admit(&h.record)
	}
}

// setBack begins a key anew whose last two records are far older than those
// before, and takes the first of them.
func (s *Stream) setBack(se *series) {
	h := se.held
	se.held = nil
	s.late.cost -= h.cost()
	if s.cfg.Every.D > 0 {
		s.finish(se, false)
	}
	s.empty(se)
	s.tell(SetBack, &h.record, clock.Elapsed(h.t, se.last))
	se.last, se.boundary, se.freed, se.since = h.t, math.MinInt64, math.MinInt64, 0
	if why, bad := s.refusal(&h.record); bad {
		s.refuse(&h.record, why)
	} else {
		s.admit(&h.record)
	}
}

// refuseHeld skips the record of a key that is held because it is far too old.
func (s *Stream) refuseHeld(se *series) {
	if h := se.held; h != nil {
		se.held = nil
		s.late.cost -= h.cost()
		s.refuse(&h.record, parse.Late)
	}
}

// refusal says why a record from the input cannot be used, if so.
func (s *Stream) refusal(rec *record) (why parse.Reason, bad bool) {
	se := s.find(rec.key)
	switch {
	case s.countsBeyond(1):
		return parse.BadTime, true
	case s.cfg.Clock == DataClock && se != nil && se.taken && rec.t < se.last:
		return parse.Late, true
	case s.cfg.Late > 0:
		return parse.TooManySamples, !s.fitsWaiting(rec)
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
	if s.cfg.Late > 0 {
		s.wait(rec)
		s.release(false)
	} else {
		s.take(s.find(rec.key), rec)
	}
}

// take moves the clock to the record, puts it into the windows of its key,
// evaluates the rules and writes the row, if it is time for one.
func (s *Stream) take(se *series, rec *record) {
	if s.cfg.Clock != NoClock {
		s.taking = rec
		s.advance(rec.t)
		s.taking = nil
		if se == nil || se.gone {
			se = s.find(rec.key) // it may be one known from the start
		}
	}
	s.stats.Records++
	behind := rec.t < s.clock && s.cfg.Every.D > 0
	switch {
	case se == nil:
		se = s.create(rec.key)
		se.last, se.heard = rec.t, s.clock
	case se.behind:
		s.catchUp(se, rec.t, rec)
	}
	if s.cfg.TTL > 0 && !(se.known && s.cfg.Keyed) {
		s.silent.add(se)
	}
	if s.cfg.Gap > 0 && se.taken && clock.Elapsed(se.last, rec.t) >= s.cfg.Gap {
		s.empty(se)
	}
	if s.cfg.Every.D > 0 && s.boundary(rec.t) <= se.boundary {
		newest, _ := s.newest()
		s.tell(AfterRow, rec, clock.Elapsed(rec.t, newest))
	}
	if rec.t-s.longest < se.freed {
		s.tell(Emptied, rec, clock.Elapsed(rec.t, s.clock))
		se.freed = math.MinInt64
	}
	se.taken = true
	se.last, se.heard, se.behind = rec.t, s.clock, behind
	if s.longest > 0 {
		s.sweep()
		s.holding.add(se)
	}
	s.push(se, rec)
	if !s.cfg.EvalRow {
		s.evaluate(se, rec.t, rec)
	}
	if n := s.cfg.Every.N; n > 0 && se.since >= n {
		s.cause = rec
		s.writeIfReady(se, rec.t)
		s.cause = nil
	}
}

// roomForKey reports whether one more key may be held at time t, when those
// silent for too long will have been forgotten.
func (s *Stream) roomForKey(t int64) bool {
	return !s.cfg.Keyed || len(s.table) < s.cfg.MaxKeys || s.expired(max(t, s.clock)) != nil
}

// fits reports whether the windows of all keys may hold the record's samples
// too, once what its time moves out of reach has left.
func (s *Stream) fits(se *series, rec *record) bool {
	room := s.cfg.MaxSamples - s.stats.Held - s.late.cost
	if room >= s.most {
		return true
	}
	t := max(rec.t, s.clock)
	if se != nil && s.silentAt(se, t) {
		se = nil // it is forgotten first
	}
	if room -= s.growth(se, rec); room >= 0 || s.cfg.Clock == NoClock {
		return room >= 0
	}
	if s.cfg.TTL > 0 {
		s.silent.each(t, s.cfg.TTL, func(other *series) bool {
			if other != se {
				room += other.holds()
			}
			return room < 0
		})
	}
	if s.longest > 0 && room < 0 {
		s.holding.each(t, s.longest, func(other *series) bool {
			if other != se && !s.silentAt(other, t) && s.sweepable(other) {
				for _, w := range other.wins {
					room += w.Stale(t)
				}
			}
			return room < 0
		})
	}
	return room >= 0
}

// growth is how many more samples the windows of se will hold after rec.
func (s *Stream) growth(se *series, rec *record) int {
	n := 0
	pause := se != nil && s.cfg.Gap > 0 && clock.Elapsed(se.last, rec.t) >= s.cfg.Gap
	for i := range s.cfg.Windows {
		var w Accumulator
		if se != nil {
			w = se.window(i)
		}
		win, one := &s.cfg.Windows[i], 0
		if x := rec.vals[win.Field]; x == x && win.Stores {
			one = 1
		}
		switch {
		case win.Weight > 0 && w == nil && rec.vals[win.Field] == rec.vals[win.Field]:
			n += win.Weight
		case win.Weight > 0:
		case w == nil:
			n += one
		case pause:
			n += one - w.Held()
		case win.Width.Kind == agg.Count && w.Len() == win.Width.N:
		default:
			n += one - w.Stale(rec.t)
		}
	}
	return n
}

// empty forgets the samples of a key, after a pause, and what its rules hold.
func (s *Stream) empty(se *series) {
	if s.cfg.Rules != nil {
		s.cfg.Rules.Pause(se.state)
	}
	se.ready = false
	for _, w := range se.wins {
		before := w.Held()
		w.Reset()
		s.stats.Held += w.Held() - before
	}
}

// push puts the record's values into the windows of its key; where a value is
// missing, only time passes.
func (s *Stream) push(se *series, rec *record) {
	if se.index != nil {
		s.makeWindows(se, func(field int) float64 { return rec.vals[field] })
	}
	for k, w := range se.wins {
		win := &s.cfg.Windows[se.number(k)]
		before := w.Held()
		if win.Moved && rec.t < s.ticked {
			w.Advance(s.ticked)
		}
		if x := rec.vals[win.Field]; x == x {
			w.Push(rec.t, x)
		} else {
			w.Advance(rec.t)
		}
		s.stats.Held += w.Held() - before
	}
	for i := range se.ever {
		if x := rec.vals[s.asked[i]]; x == x {
			se.ever[i] = x
		}
	}
	for i := range se.texts {
		s.note(se, i, rec.texts[i])
	}
	for i, t := range rec.kept {
		s.keep(se, i, t)
	}
	se.since++
	s.enliven(se)
}

// note notes the text of a field that rules compare; nil where there is none.
func (s *Stream) note(se *series, i int, b []byte) {
	if b != nil && !bytes.Equal(b, se.texts[i]) || se.texts[i] == nil {
		se.texts[i] = bytes.Clone(b)
	}
}

// cutText is as much of a text as rules compare.
func cutText(b []byte) []byte { return text.Cut(b, rule.MaxText+utf8.UTFMax) }

// keep notes how a text stands that rows show, if it is there.
func (s *Stream) keep(se *series, i int, t parse.Text) {
	if se.kept == nil {
		s.ownShown(se)
		se.kept = make([]parse.Text, s.cfg.Keep)
		s.stats.Held += keptCost(se.kept)
	}
	if k := &se.kept[i]; t.B != nil && (k.Bare != t.Bare || k.B == nil || !bytes.Equal(k.B, t.B)) {
		s.stats.Held -= keptCost(se.kept[i : i+1])
		*k = parse.Text{B: bytes.Clone(t.B), Bare: t.Bare} // rows may still have the text before
		s.stats.Held += keptCost(se.kept[i : i+1])
	}
}

// evaluate steps every rule of a key at time t. rec is the record that brings it
// about, nil where it is the clock.
func (s *Stream) evaluate(se *series, t int64, rec *record) {
	if s.cfg.Rules == nil {
		return
	}
	s.measure(se, t)
	s.step(se, t, rec)
	if s.byClock() {
		s.schedule(se, t)
	}
}

// step steps every rule over what was measured.
func (s *Stream) step(se *series, t int64, rec *record) {
	s.changes = s.cfg.Rules.Step(se.state, s.env(se, t), s.changes[:0])
	if len(s.changes) > 0 {
		s.noteChanges(se, t, rec)
	}
}

func (s *Stream) env(se *series, t int64) rule.Env {
	return rule.Env{Vals: s.seen, Keys: se.parts(), Texts: se.texts, Now: t, Repeat: s.cfg.Repeat}
}

// measure reads the metrics of the rules.
func (s *Stream) measure(se *series, t int64) {
	for i := range s.cfg.Metrics {
		s.seen[i] = s.read(se, &s.cfg.Metrics[i], t)
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
	case FromText:
		return nan
	case FromHour:
		return s.offsets.Hour(t)
	case FromWeekday:
		return float64(s.offsets.Weekday(t))
	}
	w := se.window(r.Window)
	switch {
	case w == nil && r.Count:
		return 0
	case w == nil:
		return nan
	case r.Count:
	case s.cfg.Windows[r.Window].Need > 1 && w.Len() < s.cfg.Windows[r.Window].Need:
		return nan
	}
	return w.Value(r.Agg)
}

// textsOf are the texts that a rule has compared, in the places of its metrics; nil
// where it compares none.
func (s *Stream) textsOf(se *series, i int) (texts [][]byte) {
	set := s.cfg.Rules
	for k, m := range set.Rule(i).Metrics {
		if !set.Metrics[m].IsText {
			continue
		}
		if texts == nil {
			texts = make([][]byte, len(set.Rule(i).Metrics))
		}
		texts[k] = bytes.Clone(se.texts[slices.Index(set.Texts, set.Metrics[m].Field)])
	}
	return texts
}

// noteChanges notes what the rules did, with the values they saw. rec is the
// record at which they did it, nil where it was the clock.
func (s *Stream) noteChanges(se *series, t int64, rec *record) {
	if s.silentUpTo(t) {
		return
	}
	for _, c := range s.changes {
		switch {
		case c.Resolved:
			s.stats.Firing--
		case c.Was == rule.None && c.Again == 0:
			s.stats.Fired++
			s.stats.Firing++
		}
		s.stats.Alerts++
		a := &Alert{Change: c, Key: se.key, Time: t, Seq: s.stats.Alerts}
		for _, m := range s.cfg.Rules.Rule(c.Rule).Metrics {
			a.Values = append(a.Values, s.seen[m])
		}
		a.Texts = s.textsOf(se, c.Rule)
		n := Note{Row: s.res.Rows.N, Alert: a}
		if rec != nil {
			n.Origin, n.Line = rec.origin, rec.line
		}
		s.res.Notes = append(s.res.Notes, n)
	}
}
