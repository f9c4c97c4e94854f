package rule

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
)

// The model is the alert machine a second time, as SPEC's sentences have it:
// it keeps every evaluation there ever was and reads its holds anew from all
// of them each time.

// An evaluation is what one rule saw.
type evaluation struct {
	expr, until verdict
	now         int64
}

type modelRule struct {
	severity    Severity
	hold, clear hold
	until       bool
	byClock     bool
	history     []evaluation // all there were
	changed     int          // evaluations up to the last change
	before      int          // and up to the one before it
	firing      bool
}

// evaluate is one more evaluation.
func (r *modelRule) evaluate(e evaluation) {
	r.history = append(r.history, e)
	was := r.firing
	if r.firing {
		r.firing = !r.clears()
	} else {
		r.firing = r.fires(e)
	}
	if r.firing != was {
		r.before, r.changed = r.changed, len(r.history)
	}
}

// fires: at an evaluation at which EXPR is true, not while until is.
func (r *modelRule) fires(e evaluation) bool {
	exprs := r.known(r.history[r.changed:], false)
	return e.expr == yes && !(r.until && e.until == yes) && full(r.hold, exprs)
}

// clears: by until and its hold, else by EXPR.
func (r *modelRule) clears() bool {
	last := r.history[len(r.history)-1]
	switch {
	case r.until:
		return last.until == yes && full(r.clear, r.known(r.history[r.changed:], true))
	case r.hold.kind == holdShare:
		// The N go on counting across the change at which it fired, so they
		// begin after the change before that one.
		return last.expr != unknown && !full(r.hold, r.known(r.history[r.before:], false))
	}
	return last.expr == no
}

type sample struct {
	ok  bool
	now int64
}

// known are the evaluations of EXPR, or of until, that were not unknown.
func (r *modelRule) known(es []evaluation, until bool) (out []sample) {
	for _, e := range es {
		v := e.expr
		if until {
			v = e.until
		}
		if v != unknown {
			out = append(out, sample{v == yes, e.now})
		}
	}
	return out
}

// full tells whether the hold is fulfilled at the last of es.
func full(h hold, es []sample) bool {
	run := 0 // of true ones at the end
	for i := len(es) - 1; i >= 0 && es[i].ok; i-- {
		run++
	}
	switch h.kind {
	case holdTime:
		return run > 0 && es[len(es)-1].now-es[len(es)-run].now >= h.d
	case holdRun:
		return run >= h.n
	case holdShare:
		trues := 0
		for _, s := range es[max(0, len(es)-h.n):] {
			if s.ok {
				trues++
			}
		}
		return trues >= h.m
	}
	return run > 0
}

// modelAlert is a ladder, or one rule.
type modelAlert struct {
	rules   []*modelRule
	first   int // index of the first rule
	level   Severity
	since   int64
	told    int64
	repeats int
}

// top is the highest rule that holds.
func (a *modelAlert) top() (index int, top *modelRule) {
	for i, r := range a.rules {
		if r.firing && (top == nil || r.severity > top.severity) {
			index, top = a.first+i, r
		}
	}
	return index, top
}

// step evaluates those of the rules whose turn it is.
func (a *modelAlert) step(es []evaluation, onlyClock bool, repeat int64) (out []Change) {
	var now int64
	wasIndex, _ := a.top()
	known := map[*modelRule]bool{}
	for i, r := range a.rules {
		now = es[i].now
		if r.byClock || !onlyClock {
			r.evaluate(es[i])
			known[r] = es[i].expr != unknown || r.until && es[i].until != unknown
		}
	}
	index, top := a.top()
	switch {
	case top == nil && a.level != None:
		out = []Change{{Rule: wasIndex, Resolved: true, Level: a.level, Since: a.since, After: max(0, now-a.since)}}
		a.level = None
	case top != nil && a.level == None:
		a.level, a.since, a.told, a.repeats = top.severity, now, now, 0
		out = []Change{{Rule: index, Level: a.level, Since: now}}
	case top != nil && a.level != top.severity:
		out = []Change{{Rule: index, Level: top.severity, Was: a.level, Since: a.since}}
		a.level, a.told, a.repeats = top.severity, now, 0
	case top != nil && repeat > 0 && known[top] && now-a.told >= repeat:
		a.told = now
		a.repeats++
		out = []Change{{Rule: index, Level: a.level, Again: a.repeats, Since: a.since}}
	}
	return out
}

// FuzzMachine holds Step and StepClock against the model: rules with every kind
// of hold, alone and in ladders, over histories of every kind of verdict.
func FuzzMachine(f *testing.F) {
	for seed := range uint64(40) {
		f.Add(seed, uint8(60))
	}
	f.Fuzz(func(t *testing.T, seed uint64, n uint8) { runModel(t, seed, int(n)) })
}

// runModel makes up rules and n evaluations from seed.
func runModel(t *testing.T, seed uint64, n int) {
	rnd := rand.New(rand.NewPCG(seed, 1))
	var model []*modelAlert
	var rules []string
	for len(rules) < 1+rnd.IntN(5) {
		a := &modelAlert{first: len(rules)}
		for i := range 1 + rnd.IntN(2)*rnd.IntN(3) {
			r := &modelRule{severity: Severity(1 + (i+int(seed%3))%3)}
			rules = append(rules, r.invent(rnd, len(rules), a.first))
			a.rules = append(a.rules, r)
		}
		model = append(model, a)
	}
	s := mustCompile(t, testScope(fields(2*len(rules)), ""), rules...)
	st, now, likely := s.NewState(), int64(0), rnd.IntN(4)
	repeat := int64(rnd.IntN(3)) * second
	for i := range n {
		now += int64(rnd.IntN(4)-rnd.IntN(2)*rnd.IntN(2)) * second / 2
		onlyClock := rnd.IntN(4) == 0
		vals, es := invent(rnd, s, len(rules), now, likely)
		e := Env{Vals: vals, Now: now, Repeat: repeat}
		var got, want []Change
		if onlyClock {
			got = s.StepClock(st, e, nil)
		} else {
			got = s.Step(st, e, nil)
		}
		for _, a := range model {
			if !onlyClock || a.byClock() {
				want = append(want, a.step(es[a.first:], onlyClock, repeat)...)
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("seed %d, evaluation %d: got %+v, want %+v\nrules %q\nmachines %+v", seed, i, got, want, rules, st.cells)
		}
	}
}

func (a *modelAlert) byClock() bool {
	for _, r := range a.rules {
		if r.byClock {
			return true
		}
	}
	return false
}

// invent makes r up and writes it: rule i compares the fields f2i (EXPR) and
// f2i+1 (until), and rules of one ladder have its first rule in their name.
func (r *modelRule) invent(rnd *rand.Rand, i, ladder int) string {
	text := fmt.Sprintf("%v l%d: f%d > 0", r.severity, ladder, 2*i)
	if r.byClock = rnd.IntN(3) == 0; r.byClock {
		text += " and age > -1"
	}
	hold, forText := inventHold(rnd)
	r.hold, text = hold, text+forText
	if r.until = rnd.IntN(2) == 0; r.until {
		clear, forText := inventHold(rnd)
		r.clear, text = clear, text+fmt.Sprintf(" until f%d > 0", 2*i+1)+forText
	}
	return text
}

func inventHold(rnd *rand.Rand) (hold, string) {
	n := 1 + rnd.IntN(4)
	switch rnd.IntN(5) {
	case 0:
		return hold{kind: holdTime, d: int64(n-1) * second}, fmt.Sprintf(" for %ds", n-1)
	case 1:
		return hold{kind: holdRun, n: n}, fmt.Sprintf(" for %d", n)
	case 2:
		n := n + rnd.IntN(4)
		m := 1 + rnd.IntN(n)
		return hold{kind: holdShare, m: m, n: n}, fmt.Sprintf(" for %d/%d", m, n)
	case 3:
		n := 62 + rnd.IntN(70)
		m := 1 + rnd.IntN(20)
		return hold{kind: holdShare, m: m, n: n}, fmt.Sprintf(" for %d/%d", m, n)
	}
	return hold{}, ""
}

// fields are n names of fields.
func fields(n int) (s string) {
	for i := range n {
		s += fmt.Sprintf(" f%d", i)
	}
	return s
}

// invent makes up the verdicts of one evaluation and the values that bring
// them about. The greater likely, the more of them are true.
func invent(rnd *rand.Rand, s *Set, rules int, now int64, likely int) ([]float64, []evaluation) {
	vals, es := make([]float64, len(s.Metrics)), make([]evaluation, rules)
	draw := func() verdict { return min(yes, verdict(rnd.IntN(3+likely))) }
	at := map[string]verdict{}
	for i := range es {
		es[i] = evaluation{draw(), draw(), now}
		at[fmt.Sprintf("f%d", 2*i)], at[fmt.Sprintf("f%d", 2*i+1)] = es[i].expr, es[i].until
	}
	for i, m := range s.Metrics {
		switch v := at[m.Field]; {
		case m.Agg == "age" || v == yes:
			vals[i] = 1
		case v == unknown:
			vals[i] = math.NaN()
		}
	}
	return vals, es
}

func TestMachineAgainstModel(t *testing.T) {
	for seed := range uint64(600) {
		runModel(t, seed, 50)
	}
	for seed := range uint64(15) {
		runModel(t, seed, 400)
	}
}
