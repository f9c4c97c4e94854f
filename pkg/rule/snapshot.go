package rule

import (
	"math"
	"math/bits"
	"slices"
	"strings"

	"rtda/pkg/clock"
	"rtda/pkg/num"
)

// Append appends which rules the States of s are of; it goes before them.
func (s *Set) Append(dst []byte) []byte {
	dst = num.AppendUint(dst, uint64(len(s.alerts)))
	for _, a := range s.alerts {
		dst = num.AppendUint(dst, uint64(len(a.rules)))
		for _, i := range a.rules {
			dst = s.Rules[i].append(dst)
		}
	}
	return dst
}

// append appends what a RESOLVED of the rule shows, and Full, by which it is
// found again.
func (r *Rule) append(dst []byte) []byte {
	dst = num.AppendUint(dst, uint64(r.Severity))
	for _, s := range []string{r.Name, r.Expr, r.Text, r.Full} {
		dst = num.AppendText(dst, s)
	}
	return num.AppendBool(dst, r.Named)
}

// readRule reads what append wrote.
func readRule(d *num.Decoder) Rule {
	r := Rule{Severity: readLevel(d)}
	r.Name, r.Expr, r.Text, r.Full = d.Text(), d.Text(), d.Text(), d.Text()
	r.Named = d.Bool()
	return r
}

// readLevel reads a severity other than None.
func readLevel(d *num.Decoder) Severity {
	l := Severity(d.Index(int(Crit) + 1))
	if l == None {
		d.Fail()
	}
	return l
}

// Saved is the rules of a saved state, and what has become of them: one whose
// text is the same, whatever blanks and brackets it has, goes on. A ladder goes on
// as a whole.
type Saved struct {
	set    *Set
	alerts []savedAlert
	rules  int
}

// A savedAlert is an alert of the rules first … first+len(rules)−1 of a saved
// state.
type savedAlert struct {
	rules []int // for each, the index into Set.Rules, or what Set.Rule knows it by
	now   *alert
	by    [4]int // the rule of each severity, as in alert
}

// Restore reads what Append wrote. Rules that are no longer there are known to
// s.Rule from then on, so that the end of their alerts can be told. It is for a
// Set that nobody shares yet.
func (s *Set) Restore(d *num.Decoder) *Saved {
	free := map[string][]*alert{} // alerts that no saved one has taken
	for j := range s.alerts {
		a := &s.alerts[j]
		var texts []string
		for _, i := range a.rules {
			texts = append(texts, s.Rules[i].Full)
		}
		id := alertID(texts)
		free[id] = append(free[id], a)
	}
	v := &Saved{set: s}
	for range d.Count(7) {
		var rules []Rule
		var texts []string
		for range d.Count(6) {
			r := readRule(d)
			rules, texts = append(rules, r), append(texts, r.Full)
		}
		if len(rules) == 0 || len(rules) > 1 && !isLadder(rules) {
			d.Fail()
			return v
		}
		sa := savedAlert{}
		if id := alertID(texts); len(free[id]) > 0 {
			sa.now, free[id] = free[id][0], free[id][1:]
		}
		for _, r := range rules {
			i := len(s.Rules) + len(s.gone)
			if sa.now == nil {
				s.gone = append(s.gone, r)
			} else {
				i = sa.now.rules[slices.IndexFunc(sa.now.rules, func(i int) bool { return s.Rules[i].Full == r.Full })]
			}
			sa.rules = append(sa.rules, i)
			sa.by[r.Severity] = i
		}
		v.alerts = append(v.alerts, sa)
		v.rules += len(rules)
	}
	return v
}

// alertID is the same for the same rules in any order.
func alertID(texts []string) string {
	slices.Sort(texts)
	return strings.Join(texts, "\n")
}

// isLadder tells whether no two rules have one severity.
func isLadder(rules []Rule) bool {
	seen := [4]bool{}
	for _, r := range rules {
		if seen[r.Severity] {
			return false
		}
		seen[r.Severity] = true
	}
	return true
}

// Rule is the rule that a Change tells of: one of Rules, or one that was left out
// since the state was saved.
func (s *Set) Rule(i int) *Rule {
	if i < len(s.Rules) {
		return &s.Rules[i]
	}
	return &s.gone[i-len(s.Rules)]
}

// What a saved cell has, beside its phase.
const (
	hasRun = 4 << iota
	hasRing
	hasAlert
)

// Append appends the state, alert by alert in the order of Set.Append. Rules of
// which nothing is held take no place.
func (st *State) Append(s *Set, dst []byte) []byte {
	at, last := 0, -1 // in the order of Set.Append
	for _, a := range s.alerts {
		for _, i := range a.rules {
			if c := &st.cells[i]; c.phase != quiet || c.run != 0 || c.ring.holds() || c.alertState != (alertState{}) {
				dst = c.append(num.AppendUint(dst, uint64(at-last)))
				last = at
			}
			at++
		}
	}
	return num.AppendUint(dst, 0)
}

func (c *cell) append(dst []byte) []byte {
	flags := uint64(c.phase)
	for _, f := range []struct {
		has  bool
		flag uint64
	}{{c.run != 0, hasRun}, {c.ring.holds(), hasRing}, {c.alertState != (alertState{}), hasAlert}} {
		if f.has {
			flags |= f.flag
		}
	}
	dst = num.AppendUint(dst, flags)
	if flags&hasRun != 0 {
		dst = num.AppendInt(dst, c.run)
	}
	if flags&hasRing != 0 {
		dst = num.AppendUint(dst, uint64(c.ring.at))
		dst = num.AppendUint(dst, uint64(len(c.ring.bits)))
		for _, w := range c.ring.bits {
			dst = num.AppendUint(dst, w)
		}
	}
	if flags&hasAlert != 0 {
		dst = num.AppendUint(dst, uint64(c.level))
		dst = num.AppendInt(dst, c.since)
		dst = num.AppendInt(dst, c.told)
		dst = num.AppendUint(dst, uint64(c.again))
	}
	return dst
}

// holds tells whether a ring has anything in it.
func (r *ring) holds() bool { return r != nil && (r.at != 0 || r.trues != 0) }

// State reads what State.Append wrote for rules as they then were, and gives
// what goes on of it. To dst it appends the end of the alerts that do not go on.
// Rules that go by the clock must be evaluated as soon as it moves on.
func (v *Saved) State(d *num.Decoder, now int64, dst []Change) (*State, []Change) {
	st := v.set.NewState()
	at := -1
	next := func() bool {
		gap := d.Index(v.rules - at)
		at += gap
		return gap > 0
	}
	more, first := next(), 0
	for k := range v.alerts {
		sa := &v.alerts[k]
		var told alertState
		for n, i := range sa.rules {
			if !more || at != first+n {
				continue
			}
			c := readCell(d)
			more = next()
			if c.alertState != (alertState{}) {
				told = c.alertState
			}
			c.alertState = alertState{}
			if sa.now != nil && !v.set.Rules[i].fits(&c) {
				d.Fail()
			} else if sa.now != nil {
				st.cells[i] = c
			}
		}
		first += len(sa.rules)
		switch {
		case told.level == None:
		case !sa.hasLevel(v.set, told.level):
			d.Fail()
		case sa.now != nil:
			*st.of(sa.now) = told
		default:
			dst = append(dst, Change{
				Rule: sa.by[told.level], Resolved: true, Level: told.level, By: "rules",
				Since: told.since, After: max(0, clock.Elapsed(told.since, now)),
			})
		}
	}
	return st, dst
}

// hasLevel tells whether a rule of the alert has this severity.
func (sa *savedAlert) hasLevel(s *Set, level Severity) bool {
	return slices.ContainsFunc(sa.rules, func(i int) bool { return s.Rule(i).Severity == level })
}

// readCell reads what cell.append wrote.
func readCell(d *num.Decoder) (c cell) {
	flags := d.Index(hasAlert << 1)
	c.phase = phase(flags % hasRun)
	if flags&hasRun != 0 {
		c.run = d.Int()
	}
	if flags&hasRing != 0 {
		c.ring = &ring{at: d.Index(maxShare)}
		for range d.Count(1) {
			w := d.Uint()
			c.ring.bits = append(c.ring.bits, w)
			c.ring.trues += bits.OnesCount64(w)
		}
	}
	if flags&hasAlert != 0 {
		c.level = readLevel(d)
		c.since, c.told, c.again = d.Int(), d.Int(), int32(d.Index(math.MaxInt32))
	}
	return c
}

// fits tells whether c is a state that m can be in.
func (m *machine) fits(c *cell) bool {
	h := &m.hold
	switch {
	case c.phase == clearing && m.until == nil:
		return false
	case c.fires() && m.until != nil:
		h = &m.clear
	}
	switch long := h.kind == holdShare && h.n > 64; {
	case c.ring != nil:
		return long && c.run == 0 && c.ring.at < h.n && len(c.ring.bits) == m.ringWords && c.ring.within(h.n)
	case h.kind == holdRun:
		return c.run >= 0 && c.run <= int64(h.n)
	case h.kind == holdShare && !long:
		return uint64(c.run)>>(h.n-1)>>1 == 0
	}
	return h.kind == holdTime || c.run == 0
}

// within tells whether nothing is behind the first n verdicts.
func (r *ring) within(n int) bool {
	for i := n; i < 64*len(r.bits); i++ {
		if r.bits[i/64]>>(i%64)&1 != 0 {
			return false
		}
	}
	return true
}
