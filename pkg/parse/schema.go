package parse

import (
	"cmp"
	"errors"
	"fmt"

	"rtda/pkg/clock"
)

// A Schema is what is fixed before blocks can be parsed side by side: the
// format, the names of the fields and, for csv and tsv, where each FILE has
// them. NewSchema fixes what the Config already says; Enter, called for each
// block in input order, fixes the rest from the data.
type Schema struct {
	cfg    Config
	Fields []string // measured fields, those for rules only last; one "" for plain numbers; nil until known
	Shown  int      // how many of Fields are columns of the output; the rest are for rules only

	end     byte    // of a line
	maxLine int     // bytes
	format  *Format // nil: auto, and not decided yet
	known   bool
	time    *clock.Reader
	probe   decoder // reads headers and, until the fields are known, the names of numbers
	header  any     // of the Origin of the block that enters; nil: it has not come yet
	trial   *trial  // the last line that did not decide the fields
}

// NewSchema checks the Config and returns the Schema that it makes.
func NewSchema(c Config) (*Schema, error) {
	c.Decimal = cmp.Or(c.Decimal, '.')
	c.Sep = cmp.Or(c.Sep, ',')
	c.MaxLine = cmp.Or(c.MaxLine, defaultMaxLine)
	s := &Schema{cfg: c, end: '\n', maxLine: c.MaxLine}
	if c.NUL {
		s.end = 0
	}
	var err error
	if s.time, err = clock.NewReader(c.TimeFormat); err != nil {
		return nil, err
	}
	if err := s.setFormat(cmp.Or(c.Format, "auto")); err != nil {
		return nil, err
	}
	return s, nil
}

// setFormat fixes the format as far as the Config says it.
func (s *Schema) setFormat(name string) error {
	f := formatNamed(name)
	named := len(s.cfg.Fields) > 0 || len(s.cfg.Keys) > 0 || s.cfg.Time != ""
	switch {
	case f == nil:
		return fmt.Errorf("unknown format %q (want one of %s)", name, formatNames())
	case f.plain && named:
		return errors.New("plain numbers have no names: fields, keys and times need records")
	case f.decoder == nil && named:
		f = formatNamed("json")
	case f.decoder == nil:
		return nil
	}
	s.decide(f)
	return nil
}

// decide fixes the format, and the fields if they are known with it.
func (s *Schema) decide(f *Format) {
	s.format = f
	switch {
	case f.plain:
		s.Fields, s.Shown, s.known = []string{""}, 1, true
	case len(s.cfg.Fields) > 0:
		s.setFields(s.cfg.Fields)
		s.known = true
	}
	s.probe = f.decoder(s)
}

// setFields makes the names the measured fields, with those for rules only
// behind them.
func (s *Schema) setFields(names []string) {
	s.Fields = []string{}
	seen := map[string]bool{}
	add := func(names []string) {
		for _, n := range names {
			if !seen[n] {
				seen[n] = true
				s.Fields = append(s.Fields, n)
			}
		}
	}
	add(names)
	s.Shown = len(s.Fields)
	add(s.cfg.Extra)
}

// Known reports whether the fields are fixed.
func (s *Schema) Known() bool { return s.known }

// timed reports whether records must have a time of their own: in a field, or
// in influx the line's timestamp.
func (s *Schema) timed() bool {
	return !s.cfg.NoTime && (s.cfg.Time != "" || s.format.timed)
}
