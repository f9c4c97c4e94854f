package rule

import (
	"math"

	"rtda/pkg/clock"
)

// A Course says how a metric goes on as long as its key has no new sample.
type Course struct {
	Until int64 // from this time on it may be anything; math.MaxInt64: never

	// Before that it stays as it is or, where Unit is not 0, is (t−From)/Unit at
	// time t, 0 before From.
	From int64
	Unit float64
}

const never = math.MaxInt64

// Next returns the first time after e.Now at which StepClock may do anything,
// math.MaxInt64 where there is none: as long as the key has no new sample,
// evaluations before it would tell of nothing, and those at it or behind it come
// out as if they had been made. e is what the evaluation saw that was the last
// so far; course tells how a metric goes on.
func (s *Set) Next(st *State, e Env, course func(metric int) Course) int64 {
	next := int64(never)
	for _, j := range s.clocked {
		a := &s.alerts[j]
		for _, i := range a.rules {
			r := &s.Rules[i]
			if !r.ByClock {
				continue
			}
			c := &st.cells[i]
			if c.phase == quiet && r.expr.plainlyNot(e.Vals) {
				next = min(next, r.expr.test.changes(&e, course))
			} else {
				next = min(next, s.nextOf(a, st, i, &e, course))
			}
			if next <= e.Now+1 {
				return e.Now + 1
			}
		}
	}
	return next
}

// Delay returns for how many ns after a sample of a key no StepClock can do anything
// for it, whatever the sample was; 0 where that is not known. It is known of rules
// like `age > 30s`, which are not true before and end where they are not true.
func (s *Set) Delay() int64 {
	delay := float64(never)
	for _, j := range s.clocked {
		for _, i := range s.alerts[j].rules {
			r := &s.Rules[i]
			test := &r.expr.test
			if r.expr.f != nil || r.until != nil || r.hold.kind == holdShare || test.outside || s.Metrics[test.metric].Agg != "age" {
				return 0
			}
			delay = min(delay, float64(test.low*1e9)-1000) // an age is rounded
		}
	}
	if !(delay > 0) || delay >= never {
		return 0
	}
	return int64(delay)
}

// nextOf is Next for the rule i of the alert a.
func (s *Set) nextOf(a *alert, st *State, i int, e *Env, course func(int) Course) int64 {
	r, c := &s.Rules[i], &st.cells[i]
	expr, until := r.expr.judge(e.Vals, e.Keys, e.Texts), unknown
	next := r.expr.changes(e, course)
	if r.until != nil {
		until = r.until.judge(e.Vals, e.Keys, e.Texts)
		next = min(next, r.until.changes(e, course))
	}
	next = min(next, r.settles(c, expr, until, e.Now))
	as := st.of(a)
	if e.Repeat > 0 && as.level == r.Severity && (expr != unknown || until != unknown) {
		next = min(next, clock.Later(as.told, e.Repeat))
	}
	return max(next, e.Now+1)
}

// settles is the first time after now at which one more evaluation with the
// same verdicts would do anything, never where it would change nothing at all.
func (m *machine) settles(c *cell, expr, until verdict, now int64) int64 {
	h, v := &m.hold, expr
	if c.fires() && m.until != nil {
		h, v = &m.clear, until
	}
	begun := c.phase == pending || c.phase == clearing
	switch {
	case v == unknown:
		return never
	case h.kind == holdShare:
		// verdicts move through the last N until all of them are the same
		if trues := h.trues(c); trues == 0 && v == no || trues == h.n && v == yes {
			return never
		}
	case v == no, h.kind == holdNone, c.fires() && m.until == nil:
		return never
	case begun && h.kind == holdTime:
		if full := clock.Later(c.run, h.d); full > now {
			return full
		}
		return never // full, but held back by until
	case begun && c.run == int64(h.n):
		return never
	}
	return now + 1
}

// changes is the first time after e.Now at which the verdict may be another.
func (c *condition) changes(e *Env, course func(int) Course) int64 {
	if c.f == nil {
		return c.test.changes(e, course)
	}
	next := int64(never)
	for i := range c.reads {
		next = min(next, c.reads[i].changes(e, course))
	}
	return next
}

// changes is the first time after e.Now at which the metric may be on the other
// side of one of its bounds, or anything else where it is free.
func (t *threshold) changes(e *Env, course func(int) Course) int64 {
	c := course(t.metric)
	next := c.Until
	switch x := e.Vals[t.metric]; {
	case c.Unit == 0:
	case t.free:
		return e.Now + 1
	case x < t.low:
		next = min(next, c.reaches(t.low))
	case x <= t.high:
		next = min(next, c.reaches(t.high))
	}
	return max(next, e.Now+1)
}

// reaches is a time at which (t−From)/Unit is not yet more than x, near the last
// such.
func (c *Course) reaches(x float64) int64 {
	ns := float64(x * c.Unit)
	if ns = max(0, ns-(2+float64(ns*0x1p-50))); ns >= math.MaxInt64 {
		return never
	}
	return clock.Later(c.From, int64(ns))
}
