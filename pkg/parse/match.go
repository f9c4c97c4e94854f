package parse

import (
	"fmt"
	"strconv"
)

// A matchDecoder reads the groups of the first match in a line: by their names,
// and all by number, `$1` is the first. A line without a match is nothing.
type matchDecoder struct {
	s     *Schema
	slots *slots
	at    []*slot // by group; nil where it is not used
}

func newMatch(s *Schema) decoder {
	d := &matchDecoder{s: s, slots: newSlots(s)}
	names := s.cfg.Match.SubexpNames()
	d.at = make([]*slot, len(names))
	for i := range d.slots.all {
		p := &d.slots.all[i]
		if g := s.cfg.Match.SubexpIndex(p.name); g >= 0 {
			p.next, d.at[g] = d.at[g], p
		} else if c, ok := columnNumber(p.name); ok && c+1 < len(names) {
			p.next, d.at[c+1] = d.at[c+1], p
		}
	}
	return d
}

// checkMatch says which of the names that the user named no group has.
func (s *Schema) checkMatch() error {
	groups := s.cfg.Match.NumSubexp()
	for _, name := range s.all() {
		if g, ok := columnNumber(name); s.cfg.Match.SubexpIndex(name) < 0 && (!ok || g >= groups) {
			return fmt.Errorf("--match has no group %s (write it (?P<name>…), or name groups by number: $1)", quoteName(name))
		}
	}
	return nil
}

func (d *matchDecoder) decode(r *record, line []byte) {
	m := d.s.cfg.Match.FindSubmatchIndex(line)
	if m == nil {
		r.pass()
		return
	}
	for g, p := range d.at {
		if p != nil && m[2*g] >= 0 {
			r.put(p, line[m[2*g]:m[2*g+1]], untyped)
		}
	}
}

func (d *matchDecoder) fields(line []byte, f func(name []byte, isNumber bool)) {
	m := d.s.cfg.Match.FindSubmatchIndex(line)
	for g, name := range d.s.cfg.Match.SubexpNames() {
		if m == nil || g == 0 || m[2*g] < 0 {
			continue
		}
		isNumber := d.s.isNumber(line[m[2*g]:m[2*g+1]], untyped)
		if name == "" {
			name, isNumber = "$"+strconv.Itoa(g), false
		}
		f([]byte(name), isNumber)
	}
}

// A linesDecoder takes any line for a record without fields.
type linesDecoder struct{}

func newLines(*Schema) decoder { return linesDecoder{} }

func (linesDecoder) decode(*record, []byte) {}

func (linesDecoder) fields([]byte, func([]byte, bool)) {}
