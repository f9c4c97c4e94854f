package rule

import (
	"fmt"
	"slices"
)

// Compile understands rules in the order given. It gives every rule's first
// error, each an *Error, and a Set only where there is none.
//
// It is called twice: before any input is read, when the fields may not yet be
// known (Scope.Known is false: a bare word that could be a field is let pass,
// and the Set serves only to learn what it asks for), and with the fields.
func Compile(src []Source, sc Scope) (*Set, []error) {
	ns := &names{Scope: &sc}
	drafts := make([]*draft, len(src))
	for i := range src {
		drafts[i] = parse(src[i], &sc)
		ns.markKeys(drafts[i].expr)
		ns.markKeys(drafts[i].until)
		ns.collect(drafts[i])
	}
	markMoved(drafts)
	s := &Set{Rules: make([]Rule, len(src)), Fields: ns.named}
	var errs []error
	for i, d := range drafts {
		if err := s.add(&s.Rules[i], d, ns); err != nil {
			errs = append(errs, err)
		}
	}
	errs = append(errs, twins(drafts)...)
	if len(errs) > 0 {
		return nil, errs
	}
	s.alerts = alerts(s.Rules)
	return s, nil
}

// markMoved finds the rules that the clock evaluates, and the other rungs of
// their ladders.
func markMoved(drafts []*draft) {
	ladders := map[string]bool{}
	for _, d := range drafts {
		d.moved = slices.ContainsFunc(d.names, func(n *name) bool { return n.form == bareName && n.word == "age" })
		ladders[d.name] = ladders[d.name] || d.moved && d.name != ""
	}
	for _, d := range drafts {
		d.moved = d.moved || ladders[d.name]
	}
}

// add makes the rule r of d.
func (s *Set) add(r *Rule, d *draft, ns *names) error {
	if len(d.errs) == 0 {
		c := checker{d, ns}
		c.condition(d.expr)
		if d.until != nil {
			c.condition(d.until)
		}
	}
	for _, n := range d.names {
		ns.judge(d, n)
	}
	if len(d.errs) == 0 {
		s.build(r, d, ns)
	}
	if first, bad := d.first(); bad {
		return d.error(first)
	}
	return nil
}

// build makes the rule r of a draft without errors. It may find that a number
// in it never exists.
func (s *Set) build(r *Rule, d *draft, ns *names) {
	*r = Rule{
		Name: d.name, Named: d.name != "", Severity: d.severity,
		Expr: d.exprText, Text: d.ruleText, Full: d.show(),
	}
	if !r.Named {
		r.Name = r.Expr
	}
	s.understand(d, ns, r)
	r.machine = machine{expr: d.compile(d.expr), hold: d.hold, clear: d.clear}
	if d.until != nil {
		until := d.compile(d.until)
		r.until = &until
	}
	s.aged = s.aged || r.UsesAge
	if s.clock == "" {
		s.clock = s.clockFor(r, d)
	}
}

// clockFor says what in d needs a clock, or "".
func (s *Set) clockFor(r *Rule, d *draft) string {
	what := ""
	switch {
	case d.hold.kind == holdTime:
		what = "for " + d.holdTxt
	case d.clear.kind == holdTime:
		what = "for " + d.clearTxt
	case r.UsesAge:
		what = "age"
	}
	for _, i := range r.Metrics {
		if m := s.Metrics[i]; what == "" && m.Window.D > 0 {
			what = m.Text
		}
	}
	if what == "" {
		return ""
	}
	return what + " in " + d.src.Name
}

// error is c with what it is about.
func (d *draft) error(c complaint) *Error {
	column := 1 + len([]rune(d.src.Text[:c.pos]))
	return &Error{Source: d.src.Name, Text: d.src.Text, Column: column, Msg: c.msg, Cure: c.cure}
}

// twins refuses a rule whose name and severity an earlier one has.
func twins(drafts []*draft) (errs []error) {
	type id struct {
		name     string
		severity Severity
	}
	seen := map[id]*draft{}
	for _, d := range drafts {
		k := id{d.name, d.severity}
		first := seen[k]
		switch {
		case d.name == "":
		case first == nil:
			seen[k] = d
		default:
			msg := fmt.Sprintf("%s is %s %s already", first.src.Name, d.severity, quote(d.name))
			errs = append(errs, d.error(complaint{d.namePos, msg, "give it another name, or another severity to make a ladder"}))
		}
	}
	return errs
}

// show is d fully parenthesised, with its holds.
func (d *draft) show() string {
	dst := d.expr.show([]byte(d.head))
	if d.holdTxt != "" {
		dst = append(append(dst, " for "...), d.holdTxt...)
	}
	if d.until != nil {
		dst = d.until.show(append(dst, " until "...))
	}
	if d.clearTxt != "" {
		dst = append(append(dst, " for "...), d.clearTxt...)
	}
	return string(dst)
}
