package rule

import "rtda/pkg/clock"

// An alert is what one rule, or a ladder of rules of one name, tells of.
type alert struct {
	rules   []int      // indexes into Set.Rules, in the order given
	first   int        // the first of them
	expr    *condition // of the only one, nil for a ladder
	by      [4]int     // the rule of each severity
	byClock bool       // one of the rules goes by the clock
}

// group makes the alerts of the rules, in the order of the first rule of each.
func (s *Set) group() {
	at := map[string]int{}
	for i := range s.Rules {
		r := &s.Rules[i]
		j, ok := at[r.Name]
		if !ok || !r.Named {
			j = len(s.alerts)
			s.alerts = append(s.alerts, alert{first: i, expr: &r.expr})
		} else {
			s.alerts[j].expr = nil
		}
		if r.Named {
			at[r.Name] = j
		}
		a := &s.alerts[j]
		a.rules = append(a.rules, i)
		a.by[r.Severity] = i
		a.byClock = a.byClock || r.ByClock
	}
	for j, a := range s.alerts {
		if a.byClock {
			s.clocked = append(s.clocked, j)
		}
		for _, i := range a.rules {
			s.Rules[i].inClocked = a.byClock
		}
	}
}

// alertState is the state of one alert for one key.
type alertState struct {
	since int64    // time of the first ALERT
	told  int64    // time of the last line
	again int32    // repetitions since the last change
	level Severity // None: the alert is off
}

// A State is the state of all alerts for one key: 48 bytes a rule.
type State struct {
	cells []cell // one a rule
}

// NewState is the state of a new key: everything is quiet. It is one
// allocation for sets of up to eight rules.
func (s *Set) NewState() *State {
	switch n := len(s.Rules); {
	case n <= 1:
		return newState(n, func(a *[1]cell) []cell { return a[:] })
	case n <= 3:
		return newState(n, func(a *[3]cell) []cell { return a[:] })
	case n <= 8:
		return newState(n, func(a *[8]cell) []cell { return a[:] })
	default:
		return &State{make([]cell, n)}
	}
}

// newState is a state of n cells that lie behind it, in an array A.
func newState[A any](n int, slice func(*A) []cell) *State {
	b := new(struct {
		State
		all A
	})
	b.cells = slice(&b.all)[:n]
	return &b.State
}

// Step evaluates every rule at a sample of the key and appends what changed to
// dst, in the order of the rules (a ladder at the place of its first). It
// allocates only what dst and the first M of the last N, N > 64, need.
func (s *Set) Step(st *State, e Env, dst []Change) []Change {
	for i := range s.alerts {
		a := &s.alerts[i]
		c := &st.cells[a.first]
		switch {
		case a.expr == nil:
			dst = s.ladder(a, st, &e, false, dst)
		case c.phase == quiet && a.expr.plainlyNot(e.Vals):
		default:
			dst = s.single(a, c, &e, dst)
		}
	}
	return dst
}

// StepClock evaluates the rules that go by the clock because it has moved, and
// appends what changed to dst. Of e.Vals only the metrics of their alerts are read.
// Other rules are not evaluated, those of the same ladder neither.
func (s *Set) StepClock(st *State, e Env, dst []Change) []Change {
	for _, j := range s.clocked {
		dst = s.ladder(&s.alerts[j], st, &e, true, dst)
	}
	return dst
}

// Pause ends what the rules hold for a key, for firing and for clearing: its
// samples have paused.
func (s *Set) Pause(st *State) {
	for i := range s.Rules {
		s.Rules[i].pause(&st.cells[i])
	}
}

// Expire resolves every alert of a key that is being forgotten.
func (s *Set) Expire(st *State, now int64, dst []Change) []Change {
	for i := range s.alerts {
		a := &s.alerts[i]
		if as := st.of(a); as.level != None {
			c := as.change(a, None, now)
			c.By = "ttl"
			dst = append(dst, c)
		}
	}
	clear(st.cells)
	return dst
}

// of is the state of a.
func (st *State) of(a *alert) *alertState { return &st.cells[a.first].alertState }

// single evaluates an alert of one rule.
func (s *Set) single(a *alert, c *cell, e *Env, dst []Change) []Change {
	expr := a.expr.judge(e.Vals, e.Keys, e.Texts)
	if c.phase == quiet && expr != yes {
		return dst
	}
	r, level := &s.Rules[a.first], None
	known := r.evaluate(c, expr, e)
	if c.fires() {
		level = r.Severity
	}
	return c.tell(a, level, known, e, dst)
}

// ladder evaluates the rules of an alert, with byClock those that go by the
// clock.
func (s *Set) ladder(a *alert, st *State, e *Env, byClock bool, dst []Change) []Change {
	level, known := None, false
	for _, i := range a.rules {
		r, c := &s.Rules[i], &st.cells[i]
		seen := false
		if r.ByClock || !byClock {
			seen = r.evaluate(c, r.expr.judge(e.Vals, e.Keys, e.Texts), e)
		}
		if c.fires() && r.Severity > level {
			level, known = r.Severity, seen
		}
	}
	return st.of(a).tell(a, level, known, e, dst)
}

// evaluate steps the machine, given the verdict on EXPR. It tells whether the
// evaluation was a known one: whether EXPR or until was.
func (m *machine) evaluate(c *cell, expr verdict, e *Env) (known bool) {
	until := unknown
	if m.until != nil && (expr == yes || c.fires()) {
		until = m.until.judge(e.Vals, e.Keys, e.Texts)
	}
	m.step(c, expr, until, e.Now)
	return expr != unknown || until != unknown
}

// tell appends to dst what there is to tell of an alert that is now at level:
// a change, or that it fires still, when the last line is long enough ago.
func (as *alertState) tell(a *alert, level Severity, known bool, e *Env, dst []Change) []Change {
	switch {
	case level != as.level:
		return append(dst, as.change(a, level, e.Now))
	case level != None && known && e.Repeat > 0 && clock.Elapsed(as.told, e.Now) >= e.Repeat:
		as.told = e.Now
		as.again++
		return append(dst, Change{Rule: a.by[level], Level: level, Again: int(as.again), Since: as.since})
	}
	return dst
}

// change takes the alert to another level.
func (as *alertState) change(a *alert, level Severity, now int64) Change {
	was := as.level
	if was == None {
		as.since = now
	}
	since := as.since
	as.level, as.told, as.again = level, now, 0
	if level == None {
		*as = alertState{}
		return Change{Rule: a.by[was], Resolved: true, Level: was, Since: since, After: max(0, clock.Elapsed(since, now))}
	}
	return Change{Rule: a.by[level], Level: level, Was: was, Since: since}
}

// Idle returns the first of the evaluations from … to−1, over the rows of cols
// with a column for each metric, that may do anything at all, or to. Those
// before it would, by Step, change neither the state nor tell of a change: every
// rule is quiet and compares a metric with a number, and it is plainly not so.
// It costs about a nanosecond a row and looks at to−from rows at most.
func (s *Set) Idle(st *State, cols [][]float64, from, to int) int {
	for i := range s.alerts {
		a := &s.alerts[i]
		if a.expr == nil || a.expr.f != nil || st.cells[a.first].phase != quiet {
			return from
		}
		test := &a.expr.test
		for k, x := range cols[test.metric][from:to] {
			if test.holds(x) {
				to = from + k
				break
			}
		}
	}
	return to
}
