package parse

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"rtda/pkg/clock"
	"rtda/pkg/num"
)

// A Schema is what is fixed before blocks can be parsed side by side: the
// format, the names of the fields and, for tables, where each Origin has them.
// NewSchema fixes what the Config already says; Enter, called for each block in
// input order, fixes the rest from the data.
type Schema struct {
	cfg    Config
	Fields []string // measured fields, those for rules only last; one "" for plain numbers; nil until known
	Shown  int      // how many of Fields are columns of the output; the rest are for rules only

	end      byte    // of a line
	maxLine  int     // bytes
	format   *Format // nil: auto, and not decided yet
	known    bool
	chosen   bool // the data has chosen the fields
	time     *clock.Reader
	probe    decoder  // reads headers and, until the fields are known, their names
	fixed    *header  // of all Origins, which have none then
	headless *Origin  // the last of which lines above its header were passed over
	used     []string // names that a line must have to be a header
	trial    *trial   // the last line that did not decide the fields
	watched  int      // lines, from the one that chose the fields on, that were looked at for other numbers

	kinds     []unitKind // of the units of each field, as far as they are known
	units     *Parser    // reads lines until they are
	unitBatch Batch
}

// NewSchema checks the Config and returns the Schema that it makes.
func NewSchema(c Config) (*Schema, error) {
	c.Decimal = cmp.Or(c.Decimal, '.')
	c.Sep = cmp.Or(c.Sep, ',')
	c.MaxLine = cmp.Or(c.MaxLine, defaultMaxLine)
	s := &Schema{cfg: c, end: LineEnd(c.NUL), maxLine: c.MaxLine}
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
	named := len(s.cfg.Fields)+len(s.cfg.Keys)+len(s.cfg.Texts) > 0 || s.cfg.Time != ""
	switch {
	case f == nil:
		return fmt.Errorf("unknown format %q (want one of %s)", name, formatNames())
	case f.plain && named:
		return errors.New("plain numbers have no names: fields, keys and times need records")
	case f.decoder == nil && named:
		f = formatNamed("json")
	case f.decoder == nil:
		return nil
	case f.Name == "match" && s.cfg.Match == nil:
		return errors.New("format match needs --match REGEXP")
	case f.table && len(s.cfg.Names) > 0:
		if err := s.checkNames(); err != nil {
			return err
		}
	case f.Name == "match":
		if err := s.checkMatch(); err != nil {
			return err
		}
	}
	s.decide(f)
	return nil
}

// decide fixes the format, and the fields if they are known with it.
func (s *Schema) decide(f *Format) {
	s.format = f
	switch {
	case f.plain, s.cfg.Count:
		s.Fields, s.Shown, s.known = []string{""}, 1, true
	case len(s.cfg.Fields) > 0:
		s.setFields(s.cfg.Fields)
		s.known = true
	}
	switch {
	case !f.table:
	case len(s.cfg.Names) > 0:
		s.fixed = newHeader(s.cfg.Names)
	case s.numbered():
		s.fixed = newHeader(nil)
	}
	s.prepare()
}

// prepare makes what depends on the fields.
func (s *Schema) prepare() {
	s.probe = s.format.decoder(s)
	if s.used = s.named(); s.known && !s.Counts() {
		for _, name := range s.Fields {
			if path := s.cfg.path(name); !slices.Contains(s.used, path) {
				if _, ok := columnNumber(path); !ok {
					s.used = append(s.used, path)
				}
			}
		}
	}
	s.kinds = make([]unitKind, len(s.Fields))
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

// Counts reports whether records are only counted.
func (s *Schema) Counts() bool { return s.cfg.Count && !s.format.plain }

// sign is what stands before decimals in texts.
func (s *Schema) sign() byte {
	if s.format.point {
		return '.'
	}
	return s.cfg.Decimal
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
// decides the format, reads headers, and chooses the fields at the first good
// record; until then it reads all lines, after that only those of tables that
// may be a header. It may give the last lines of a block back to the Reader.
//
// The error says what is wrong with an Origin's header. Parse then gives the
// lines up to the header.
func (s *Schema) Enter(b *Block) error {
	err := s.enter(b)
	if err != nil && b.Origin.Alone {
		b.early.Lines = max(0, b.early.Lines-1) // the last line read is the header
		b.early.addEarly(Bad{Reason: BadHeader, Cure: Cure(err.Error())})
		b.early.Lines++
		b.Origin.Refused, b.ready = true, false
		err = nil
	}
	b.after = s.place(b)
	return err
}

func (s *Schema) enter(b *Block) error {
	b.early.clear()
	if b.ready = false; b.Origin.Refused {
		return nil
	}
	b.skip, b.heads, b.other = 0, b.heads[:0], Bad{}
	if b.TooLong {
		return s.enterTooLong(b, b.Data)
	}
	for b.skip < len(b.Data) && !s.settled(b.Origin) {
		line, rest := nextLine(b.Data[b.skip:], s.end)
		used, err := s.enterLine(b, line)
		if err != nil {
			return err
		}
		if used {
			b.skip = len(b.Data) - len(rest)
		}
	}
	b.format, b.ready, b.header = s.format, s.settled(b.Origin), b.Origin.header
	if b.ready {
		s.bound(b)
		s.findHeaders(b)
		s.learnUnits(b)
		s.watch(b)
	}
	return nil
}

// maxWatched is how many lines are looked at for numbers that the first good record
// did not have.
const maxWatched = 1000

// watch looks for a number that is not measured in the first lines from the one on
// that has chosen the fields: one that was null or empty there, or a text. Later ones
// are told only where a decoder meets a name that is new to it.
func (s *Schema) watch(b *Block) {
	if !s.chosen || s.watched >= maxWatched {
		return
	}
	line, from := b.early.Lines, b.skip
	look := func(data []byte, h *header) {
		useHeader(s.probe, h)
		for len(data) > 0 && s.watched < maxWatched {
			var text []byte
			text, data = nextLine(data, s.end)
			line++
			if s.watched++; len(text) > s.maxLine || isBlank(text) {
				continue
			}
			s.probe.fields(text, func(name []byte, isNumber bool) {
				if isNumber && b.other.Line == 0 && !s.uses(string(name)) {
					b.other = Bad{Line: line, Reason: Unmeasured, Text: bytes.Clone(cutQuote(name))}
					s.watched = maxWatched
				}
			})
		}
	}
	h := b.header
	for _, next := range b.heads {
		look(b.Data[from:next.start], h)
		line, h, from = line+1, next.header, next.end
	}
	look(b.Data[from:], h)
}

// uses reports whether a field is measured, shown or a key, or the time.
func (s *Schema) uses(name string) bool {
	c := &s.cfg
	return slices.Contains(s.Fields, name) || slices.Contains(c.Keys, name) || slices.Contains(c.Texts, name) ||
		name != "" && (name == c.Time || name == c.Time2)
}

// settled reports whether the lines of an Origin that come can be left to
// Parsers.
func (s *Schema) settled(o *Origin) bool {
	return s.known && (!s.format.table || o.header != nil)
}

// enterLine reads a line while the Schema is not ready. It is not used if it
// is one for Parsers, or to be read again.
func (s *Schema) enterLine(b *Block, line []byte) (used bool, err error) {
	if s.format == nil {
		s.detect(line)
	}
	t, _ := s.probe.(*table)
	switch o := b.Origin; {
	case len(line) > s.maxLine:
		err = s.enterTooLong(b, line)
		b.early.addEarly(Bad{Reason: TooLong})
	case isBlank(line):
		s.enterOther(b, Blank)
	case s.format == nil && string(num.Trim(line)) == "[":
		s.enterOther(b, Blank) // an array with a record a line
	case s.format == nil:
		cure := guess(line, false)
		if _, kind := quantity(num.Trim(line), s.cfg.Decimal); kind != noUnit {
			cure = CureUnits
		}
		b.early.addEarly(Bad{Reason: NotNumber, Text: line, Cure: cure})
	case t != nil && o.header == nil:
		if used, err = s.enterHeader(t, o, line); !used {
			return false, err
		}
		s.enterOther(b, Header)
	case t != nil && !s.known && t.again(line, o.header.names, o.header) != nil:
		s.enterOther(b, Header)
	case s.known || s.choose(b, line):
		return false, nil
	}
	b.early.Lines++
	return true, err
}

// enterHeader gives an Origin its header, which may be the line, and reports
// whether it is, or one above it. Where columns have their names or numbers from
// the command line the first line can be a header all the same.
func (s *Schema) enterHeader(t *table, o *Origin, line []byte) (used bool, err error) {
	if s.fixed == nil {
		if o.header, err = t.readHeader(line, o.above); o.header == nil && err == nil {
			if o.above = append(o.above, bytes.Clone(num.Trim(line))); len(o.above) > maxAbove {
				o.above = o.above[1:]
			}
			if s.headless, o.passed = o, o.passed+1; o.passed > maxPassed {
				err = s.noHeader()
			}
		}
		return true, err
	}
	o.header = s.fixed
	cells, ok := t.split(line)
	if !ok || len(s.cfg.Names) > 0 {
		return ok && slices.Equal(cells, s.cfg.Names), nil
	}
	measured := false
	for _, p := range t.slots.all {
		i, _ := columnNumber(p.name)
		if len(p.fields) == 0 || i >= len(cells) {
			continue
		}
		if measured = true; s.isNumber([]byte(cells[i]), untyped) {
			return false, nil
		}
	}
	return measured, nil
}

// maxPassed is how many lines of an Origin are passed over until it is an error
// that none of them is the header.
const maxPassed = 1000

// Unfinished is the error that the input has ended, or some part of it, before the
// header came, nil if it has not. origin is the input.
func (s *Schema) Unfinished() (origin *Origin, err error) {
	if s.headless == nil || s.headless.header != nil {
		return nil, nil
	}
	return s.headless, s.noHeader()
}

func (s *Schema) noHeader() error {
	var names []string
	for _, name := range s.named() {
		names = append(names, quoteName(name))
	}
	return fmt.Errorf("no line has the columns %s, so there is no header (name columns by number: $1)", strings.Join(names, ", "))
}

// maxAbove is how many lines above a header are known when they come again.
const maxAbove = 8

// enterOther notes a line that is neither good nor bad, if that is asked for.
func (s *Schema) enterOther(b *Block, r Reason) {
	if s.cfg.EveryLine {
		b.early.addEarly(Bad{Reason: r})
	}
}

// addEarly appends a bad line that comes before all records.
func (b *Batch) addEarly(v Bad) {
	v.Line, v.Text = b.Lines+1, bytes.Clone(cutQuote(v.Text))
	b.addBad(v)
}

// detect decides for json or num if the line says which. Of one that is too
// long only what all blocks have of it counts.
func (s *Schema) detect(line []byte) {
	if bytes.HasPrefix(num.Trim(line[:min(len(line), s.maxLine+1)]), []byte("{")) {
		s.decide(formatNamed("json"))
	} else if len(line) <= s.maxLine {
		_, ok := num.Parse(line, s.cfg.Decimal)
		if !ok && s.cfg.Units {
			_, kind := quantity(num.Trim(line), s.cfg.Decimal)
			ok = kind != noUnit
		}
		if ok {
			s.decide(formatNamed("num"))
		}
	}
}

// enterTooLong takes notice of a line of which the beginning may be all that
// is there.
func (s *Schema) enterTooLong(b *Block, line []byte) error {
	if s.format == nil {
		s.detect(line)
	}
	if s.format != nil && s.format.table && b.Origin.header == nil && s.fixed == nil {
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
	t := s.try(s.offered(b.Origin, line))
	useHeader(t.dec, b.Origin.header)
	t.batch.clear()
	t.batch.columns(t.rec)
	t.rec.enter(&t.batch, nil)
	t.rec.begin(1, line)
	t.dec.decode(t.rec, line)
	t.rec.end()
	if t.batch.Len() > 0 && len(t.fields) > 0 {
		s.setFields(t.fields)
		s.known, s.chosen, s.trial = true, true, nil
		s.prepare()
		return true
	}
	for _, v := range t.batch.Bad {
		if v.Cure == CureHas && len(b.early.Names) > 0 {
			v.Cure = ""
		}
		b.early.addEarly(v)
	}
	if len(b.early.Names) == 0 {
		b.early.Names = t.batch.Names
	}
	b.early.Passed += t.batch.Passed
	return false
}

// offered is the names of the line's numbers but for the time and the key.
func (s *Schema) offered(o *Origin, line []byte) (names []string) {
	useHeader(s.probe, o.header)
	s.probe.fields(line, func(name []byte, isNumber bool) {
		n := string(name)
		taken := n == s.cfg.Time || n == s.cfg.Time2
		if isNumber && len(names) < maxFields && !(taken && n != "") && !slices.Contains(s.cfg.Keys, n) && !slices.Contains(names, n) {
			names = append(names, n)
		}
	})
	return names
}

// try is what reads records with the fields.
func (s *Schema) try(fields []string) *trial {
	if s.trial == nil || !slices.Equal(s.trial.fields, fields) {
		c := *s
		c.setFields(fields)
		if len(fields) == 0 {
			c.Fields, c.Shown = []string{}, 0
		}
		dec := s.format.decoder(&c)
		s.trial = &trial{fields: fields, dec: dec, rec: newRecord(&c, dec)}
	}
	return s.trial
}

// useHeader gives a decoder its header, if it has one.
func useHeader(d decoder, h *header) {
	if t, ok := d.(*table); ok && h != nil {
		t.useHeader(h)
	}
}

// bound gives lines of the block back to the Reader if they might bring too
// many values, and has it read less from now on.
func (s *Schema) bound(b *Block) {
	if b.reader == nil {
		return
	}
	limit := max(maxCells*8/max(len(s.Fields)+4*len(s.cfg.Texts), 1), minBlock) // a text takes as much as four numbers
	b.reader.limit = min(b.reader.c.Size, limit)
	if len(b.Data)-b.skip <= limit {
		return
	}
	n := b.reader.wholeLines(b.Data[b.skip:], 0)
	if n > 0 && b.skip+n < len(b.Data) {
		b.reader.giveBack(b, b.skip+n)
	}
}

// findHeaders finds the lines of a table that are headers: those with every
// used name in a cell of its own, as loggers write at each start. Only lines
// that hold one of the names are looked at.
func (s *Schema) findHeaders(b *Block) {
	t, ok := s.probe.(*table)
	if !ok || len(s.used) == 0 || b.skip == len(b.Data) {
		return
	}
	name, k := rarest(s.used, b.Data[b.skip:])
	h := b.Origin.header
	for at := b.skip; at < len(b.Data); {
		i := bytes.IndexByte(b.Data[at:], name[k])
		if i < 0 {
			break
		}
		at += i + 1
		if i = at - 1 - k; i < b.skip || !t.holdsAt(b.Data, i, name) {
			continue
		}
		start := 1 + bytes.LastIndexByte(b.Data[:i], s.end)
		line, rest := nextLine(b.Data[start:], s.end)
		if new := t.again(line, s.used, h); len(line) <= s.maxLine && new != nil {
			h = new
			b.heads = append(b.heads, head{start, len(b.Data) - len(rest), h})
		}
		at = len(b.Data) - len(rest)
	}
	b.Origin.header = h
}

// rarest is one of the names, and the index of a byte in it, that data has
// seldom, as far as its beginning shows.
func rarest(names []string, data []byte) (name string, at int) {
	var count [256]int
	for _, c := range data[:min(len(data), 1<<10)] {
		count[c]++
	}
	name = names[0]
	for _, n := range names {
		for i := range len(n) {
			if count[n[i]] < count[name[at]] {
				name, at = n, i
			}
		}
	}
	return name, at
}

// holdsAt reports whether the name stands at b[i] in a cell of its own.
func (t *table) holdsAt(b []byte, i int, name string) bool {
	end := i + len(name)
	return end <= len(b) && string(b[i:end]) == name &&
		(i == 0 || t.bounds(b[i-1])) && (end == len(b) || t.bounds(b[end]))
}

// bounds reports whether the character may stand beside a name in a header.
func (t *table) bounds(c byte) bool { return c <= ' ' || c == t.sep || c == '"' }

// learnUnits notes which kind the units of each field have before the block, and
// finds those that it shows first: as long as there are fields without a unit,
// all is parsed twice.
func (s *Schema) learnUnits(b *Block) {
	if !s.cfg.Units {
		return
	}
	b.kinds = append(b.kinds[:0], s.kinds...)
	if !slices.Contains(s.kinds, noUnit) {
		return
	}
	if s.units == nil {
		s.units = NewParser(s)
	}
	early := b.early
	b.early = Batch{}
	s.units.Parse(b, &s.unitBatch)
	b.early = early
	copy(s.kinds, s.units.rec.kinds)
}
