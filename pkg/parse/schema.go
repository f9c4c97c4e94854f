package parse

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"

	"rtda/pkg/clock"
	"rtda/pkg/num"
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
	if s.time, err = clock.NewReader(c.TimeFormat, c.Zone); err != nil {
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

// Resolver returns what makes moments of a batch's times, nil if they are
// moments; see clock.Reader.Resolver.
func (s *Schema) Resolver(near, late, ahead int64) *clock.Resolver {
	if !s.time.Open() {
		return nil
	}
	return s.time.Resolver(near, late, ahead)
}

// timed reports whether records must have a time of their own: in a field, or
// in influx the line's timestamp.
func (s *Schema) timed() bool {
	return !s.cfg.NoTime && (s.cfg.Time != "" || s.format.timed)
}

// maxCells is how many values a block may bring, roughly: it bounds the
// memory of batches with many fields and short lines.
const maxCells = 1 << 19

// minBlock is the least number of bytes of a block that is cut for it.
const minBlock = 4 << 10

// Enter takes notice of a block, each in input order, before it is parsed. It
// decides the format, reads the headers of csv and tsv, and chooses the fields
// at the first good record; until then it reads all lines, after that none. It
// may give the last lines of a block back to the Reader.
//
// The error says what is wrong with an Origin's header. Parse then gives the
// lines up to the header.
func (s *Schema) Enter(b *Block) error {
	s.header = b.Origin.header
	defer func() { b.Origin.header = s.header }()
	b.early.clear()
	b.skip = 0
	if b.TooLong {
		return s.enterTooLong(b.Data)
	}
	for b.skip < len(b.Data) && !s.ready() {
		line, rest := nextLine(b.Data[b.skip:], s.end)
		used, err := s.enterLine(b, line)
		if err != nil {
			return err
		}
		if used {
			b.skip = len(b.Data) - len(rest)
		}
	}
	b.format, b.ready, b.header = s.format, s.ready(), s.header
	s.bound(b)
	return nil
}

// ready reports whether the lines that come can be left to Parsers.
func (s *Schema) ready() bool {
	_, h := s.probe.(headed)
	return s.known && !(h && s.header == nil)
}

// enterLine reads a line while the Schema is not ready. It is not used if it
// is one for Parsers.
func (s *Schema) enterLine(b *Block, line []byte) (used bool, err error) {
	if s.format == nil {
		s.detect(line)
	}
	switch h, ok := s.probe.(headed); {
	case len(line) > s.maxLine:
		err = s.enterTooLong(line)
		b.early.addEarly(TooLong, nil)
	case isBlank(line):
		s.enterOther(b, Blank)
	case s.format == nil:
		b.early.addEarly(NotNumber, line)
	case ok && s.header == nil:
		s.enterOther(b, Header)
		s.header, err = h.enterHeader(line)
	case s.known || s.choose(b, line):
		return false, nil
	}
	b.early.Lines++
	return true, err
}

// enterOther notes a line that is neither good nor bad, if that is asked for.
func (s *Schema) enterOther(b *Block, r Reason) {
	if s.cfg.EveryLine {
		b.early.addEarly(r, nil)
	}
}

// addEarly appends a bad line that comes before all records.
func (b *Batch) addEarly(r Reason, text []byte) {
	if text != nil && b.texts[r] < maxTexts {
		text = bytes.Clone(cutQuote(text))
	} else {
		text = nil
	}
	b.addBad(Bad{Line: b.Lines + 1, Reason: r, Text: text})
}

// detect decides for json or num if the line says which. Of one that is too
// long only what all blocks have of it counts.
func (s *Schema) detect(line []byte) {
	if bytes.HasPrefix(num.Trim(line[:min(len(line), s.maxLine+1)]), []byte("{")) {
		s.decide(formatNamed("json"))
	} else if len(line) <= s.maxLine {
		if _, ok := num.Parse(line, s.cfg.Decimal); ok {
			s.decide(formatNamed("num"))
		}
	}
}

// enterTooLong takes notice of a line of which the beginning may be all that
// is there.
func (s *Schema) enterTooLong(line []byte) error {
	if s.format == nil {
		s.detect(line)
	}
	if _, ok := s.probe.(headed); ok && s.header == nil {
		return errors.New("the header is longer than a line may be")
	}
	return nil
}

// A trial is a set of fields that a record offered, and what reads it.
type trial struct {
	fields []string
	dec    decoder
	rec    *record
	batch  Batch
}

// choose makes the numbers of the line the fields if it is a good record then,
// else it adds the line to the block's bad ones.
func (s *Schema) choose(b *Block, line []byte) bool {
	t := s.try(s.offered(line))
	if h, ok := t.dec.(headed); ok {
		h.useHeader(s.header)
	}
	t.batch.clear()
	t.batch.columns(t.rec)
	t.rec.enter(&t.batch, nil)
	t.rec.begin(1)
	t.dec.decode(t.rec, line)
	t.rec.end()
	if t.batch.Len() > 0 && len(t.fields) > 0 {
		s.setFields(t.fields)
		s.known, s.trial = true, nil
		s.probe = s.format.decoder(s)
		return true
	}
	for _, v := range t.batch.Bad {
		b.early.addEarly(v.Reason, v.Text)
	}
	return false
}

// offered is the names of the line's numbers but for the time and the key.
func (s *Schema) offered(line []byte) []string {
	if h, ok := s.probe.(headed); ok {
		h.useHeader(s.header)
	}
	names := s.probe.numbers(line)
	names = slices.DeleteFunc(names, func(n string) bool {
		return n == s.cfg.Time && s.cfg.Time != "" || slices.Contains(s.cfg.Keys, n)
	})
	return names[:min(len(names), maxFields)]
}

// try is what reads records with the fields.
func (s *Schema) try(fields []string) *trial {
	if s.trial == nil || !slices.Equal(s.trial.fields, fields) {
		c := *s
		c.setFields(fields)
		if len(fields) == 0 {
			c.Fields, c.Shown = []string{}, 0
		}
		s.trial = &trial{fields: fields, dec: s.format.decoder(&c), rec: newRecord(&c)}
	}
	return s.trial
}

// bound gives lines of the block back to the Reader if they might bring too
// many values, and has it read less from now on.
func (s *Schema) bound(b *Block) {
	if b.reader == nil || !s.known {
		return
	}
	limit := max(maxCells*8/max(len(s.Fields), 1), minBlock)
	b.reader.limit = min(b.reader.c.Size, limit)
	if len(b.Data)-b.skip <= limit {
		return
	}
	n := b.reader.wholeLines(b.Data[b.skip:], 0)
	if n > 0 && b.skip+n < len(b.Data) {
		b.reader.giveBack(b, b.skip+n)
	}
}
