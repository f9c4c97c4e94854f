package parse

import (
	"math"
	"unicode/utf8"

	"rtda/pkg/clock"
	"rtda/pkg/num"
	"rtda/pkg/text"
)

// A decoder reads the lines of one format into records. Each Parser has its
// own, so a decoder may keep buffers; it is made when the fields are known.
type decoder interface {
	// decode reads a line that is not blank, without its end, into r. It says
	// what it finds by r's methods, in any order; what it does not set is
	// absent. It may stop at the first r.fail.
	decode(r *record, line []byte)
	// numbers is the names of the top-level numbers of the line in the order
	// they stand there, nil if the line is not a record.
	numbers(line []byte) []string
}

// A headed decoder takes its names from the first line of each Origin.
type headed interface {
	decoder
	// enterHeader reads the header line of an Origin and returns what useHeader
	// wants: something that never changes, for other decoders use it too. The
	// error says which of the names the schema uses is missing or there twice.
	// The fields may not be known yet.
	enterHeader(line []byte) (any, error)
	// useHeader makes h the header of the lines decoded from now on. It is
	// called before each block, most often with the same h as before.
	useHeader(h any)
}

// maxKey is how many bytes the text of one key field may have.
const maxKey = 1 << 10

// maxTexts is how many texts a batch keeps for each reason. More are never
// shown, and a block of bad lines would hold one each.
const maxTexts = 5

// A record gathers what one line says and puts it into the batch when it
// ends: a row of the columns, or a bad line with the first reason that holds.
type record struct {
	batch  *Batch
	block  []byte // the lines being read: texts that point into it are not copied
	timed  bool   // records must have a time
	time   *clock.Reader
	open   bool // its times are less than moments
	line   int  // in the block, from 1
	mark   int  // length of the batch's arena when the line began
	reason Reason
	text   []byte
	ns     int64
	east   int32
	hasNS  bool
	keys   [][]byte // nil: absent
	vals   []float64
	bad    []badField // in the order of the fields
	blank  bool       // the line says nothing
	every  bool       // blank lines are given too
	sign   byte       // of decimals in texts
	coerce bool       // strings with a number in them are numbers
}

// A kind says what a value is by its format.
type kind uint8

const (
	untyped   kind = iota // a text of a format without types: a number if it reads as one, absent if there is nothing in it
	numeral               // a number of JSON
	str                   // a string's content
	boolean               // true or false
	container             // an array or object
	broken                // what is neither text nor number, as a string with a lone surrogate
)

// put says that a slot has a value, which is what it is for: a part of the key,
// the time or measured.
func (r *record) put(p *slot, b []byte, k kind) {
	if k == untyped && len(b) == 0 {
		return
	}
	for _, i := range p.keys {
		if k >= container {
			r.badKey(i, b)
		} else {
			r.key(i, b)
		}
	}
	if p.time {
		r.putTime(b, k)
	}
	if len(p.fields) > 0 {
		r.putFields(p.fields, b, k)
	}
}

// putTime is put for the time: a string's content or a number's digits.
func (r *record) putTime(b []byte, k kind) {
	sign := byte('.')
	if k == untyped {
		sign = r.sign
	}
	if k < boolean {
		if ns, east, ok := r.time.Parse(b, sign); ok {
			r.setTime(ns, east)
			return
		}
	}
	if k != untyped || !isBlank(b) {
		r.fail(BadTime, b)
	}
}

// putFields is put for the measured fields.
func (r *record) putFields(fields []int, b []byte, k kind) {
	x, ok := 0.0, false
	switch {
	case k == numeral:
		x, ok = num.ParseJSON(b)
	case k == untyped || k == str && r.coerce:
		x, ok = num.Parse(b, r.sign)
	}
	if !ok && k == untyped && isBlank(b) {
		return
	}
	for _, i := range fields {
		if ok {
			r.value(i, x)
		} else {
			r.badValue(i, b)
		}
	}
}

// A badField is a value that is there and is not a number.
type badField struct {
	field int
	text  []byte
}

// newRecord makes a record for lines of the schema. The decoder of a format
// gets it from the Parser.
func newRecord(s *Schema) *record {
	r := &record{
		timed: s.timed(),
		keys:  make([][]byte, len(s.cfg.Keys)),
		vals:  make([]float64, len(s.Fields)),
		every: s.cfg.EveryLine, sign: s.cfg.Decimal, coerce: s.cfg.Coerce,
	}
	if s.format.point {
		r.sign = '.'
	}
	if r.timed {
		r.time, r.open = s.time, s.time.Open()
	}
	return r
}

// enter makes dst the batch that is filled and block the lines that are read.
func (r *record) enter(dst *Batch, block []byte) { r.batch, r.block = dst, block }

// begin forgets the line before and begins the given one.
func (r *record) begin(line int) {
	r.line, r.mark = line, len(r.batch.arena)
	r.reason, r.text, r.hasNS, r.blank = numReasons, nil, false, false
	r.bad = r.bad[:0]
	clear(r.keys)
	for i := range r.vals {
		r.vals[i] = math.NaN()
	}
}

// forget takes back what was said of a line that is not to end.
func (r *record) forget() { r.batch.arena = r.batch.arena[:r.mark] }

// value says that a measured field is x.
func (r *record) value(field int, x float64) { r.vals[field] = x }

// badValue says that a measured field is there and is not a number. The text
// is quoted.
func (r *record) badValue(field int, text []byte) {
	i := len(r.bad)
	for i > 0 && r.bad[i-1].field > field {
		i--
	}
	r.bad = append(r.bad, badField{})
	copy(r.bad[i+1:], r.bad[i:])
	r.bad[i] = badField{field, r.quote(NotNumber, text)}
}

// key says what the text of the i-th key field is. It is a bad key if it is
// not valid UTF-8 or too long.
func (r *record) key(i int, text []byte) {
	if len(text) > maxKey || !utf8.Valid(text) {
		r.badKey(i, text)
		return
	}
	r.keys[i] = r.keep(text)
}

// badKey says that the i-th key field is there and cannot be a key.
func (r *record) badKey(i int, text []byte) {
	r.keys[i] = emptyText
	r.fail(BadKey, text)
}

// setTime says what the time is, as clock.Reader.Parse returns it.
func (r *record) setTime(ns int64, east int32) { r.ns, r.east, r.hasNS = ns, east, true }

// ignore says that the line is a comment, which is as good as blank.
func (r *record) ignore() { r.blank = true }

// fail says that the line cannot be used. Of several reasons the first in the
// order of reasons counts; the text is quoted and may be nil.
func (r *record) fail(reason Reason, text []byte) {
	if reason < r.reason {
		r.reason, r.text = reason, r.quote(reason, text)
	}
}

// end puts what was said since begin into the batch.
func (r *record) end() {
	b := r.batch
	if r.blank {
		if r.every {
			b.addBad(Bad{At: b.Len(), Line: r.line, Reason: Blank})
		}
		return
	}
	r.judge()
	if r.reason != numReasons {
		b.addBad(Bad{At: b.Len(), Line: r.line, Reason: r.reason, Text: r.text})
		if r.text == nil {
			b.arena = b.arena[:r.mark]
		}
		return
	}
	for _, v := range r.bad {
		b.addBad(Bad{At: b.Len(), Line: r.line, Reason: NotNumber, Value: true, Text: v.text})
	}
	b.Line = append(b.Line, r.line)
	if r.timed {
		b.Time = append(b.Time, r.ns)
		if r.open {
			b.East = append(b.East, r.east)
		}
	}
	if len(r.keys) > 0 {
		b.Key = append(b.Key, r.joinKeys())
	}
	for i, x := range r.vals {
		b.Col[i] = append(b.Col[i], x)
	}
}

// judge finds the reasons that follow from what was not said.
func (r *record) judge() {
	for i := range r.keys {
		if r.keys[i] == nil {
			r.fail(MissingKey, nil)
		}
	}
	if r.timed && !r.hasNS {
		r.fail(BadTime, nil)
	}
	for _, x := range r.vals {
		if x == x {
			return
		}
	}
	if len(r.bad) == 0 {
		r.fail(MissingField, nil)
	} else if NotNumber < r.reason {
		r.reason, r.text = NotNumber, r.bad[0].text
	}
}

// joinKeys is the key of the record: the text of its one field, or all of
// them with KeySep between.
func (r *record) joinKeys() []byte {
	if len(r.keys) == 1 {
		return r.keys[0]
	}
	b := r.batch
	n := len(b.arena)
	for i, k := range r.keys {
		if i > 0 {
			b.arena = append(b.arena, KeySep)
		}
		b.arena = append(b.arena, k...)
	}
	return b.arena[n:len(b.arena):len(b.arena)]
}

// quote is what a complaint quotes of text: its beginning, or nil if the batch
// has texts enough for the reason.
func (r *record) quote(reason Reason, text []byte) []byte {
	if text == nil || r.batch.texts[reason] >= maxTexts {
		return nil
	}
	return r.keep(cutQuote(text))
}

// keep is text, valid as long as the batch.
func (r *record) keep(text []byte) []byte {
	if text == nil || within(r.block, text) {
		return text
	}
	if len(text) == 0 {
		return emptyText
	}
	b := r.batch
	n := len(b.arena)
	b.arena = append(b.arena, text...)
	return b.arena[n:len(b.arena):len(b.arena)]
}

// emptyText is a text that is there and empty; nil is absent.
var emptyText = []byte{}

// cutQuote is the beginning of a text that a complaint quotes.
func cutQuote(b []byte) []byte { return text.Cut(b, text.MaxQuote) }

// within reports whether s is a part of block that may grow up to the block's
// end, as every slice of it with two indexes is. It is safe and costs two
// compares; a part it does not know is only copied without need.
func within(block, s []byte) bool {
	if cap(s) == 0 || cap(block) == 0 {
		return false
	}
	return &s[:cap(s)][cap(s)-1] == &block[:cap(block)][cap(block)-1]
}

// A slot is a name that the schema uses and what it is used for: the same
// field may be measured, be a key and be the time.
type slot struct {
	name   string
	fields []int // indexes of the measured fields
	keys   []int // indexes of the key's fields
	time   bool
}

// slots is the slots of a schema, one a name, for formats whose records are
// flat: names stand for themselves there, dots in them too.
type slots struct {
	all   []slot
	index map[string]int
	seen  []bool // which were found in the line
}

// maxLinear is how many names are compared one by one before the map is asked.
const maxLinear = 8

// newSlots is the slots of the schema, without fields if they are not known.
func newSlots(s *Schema) *slots {
	t := &slots{index: map[string]int{}}
	for i, name := range s.Fields {
		p := t.add(name)
		p.fields = append(p.fields, i)
	}
	for i, name := range s.cfg.Keys {
		p := t.add(name)
		p.keys = append(p.keys, i)
	}
	if s.cfg.Time != "" && !s.cfg.NoTime {
		t.add(s.cfg.Time).time = true
	}
	t.seen = make([]bool, len(t.all))
	return t
}

// add is the slot of the name, a new one if there is none.
func (t *slots) add(name string) *slot {
	i, ok := t.index[name]
	if !ok {
		i = len(t.all)
		t.index[name] = i
		t.all = append(t.all, slot{name: name})
	}
	return &t.all[i]
}

// find is the index of the slot of the name, -1 if it is not used.
func (t *slots) find(name []byte) int {
	if len(t.all) > maxLinear {
		if i, ok := t.index[string(name)]; ok {
			return i
		}
		return -1
	}
	for i := range t.all {
		if t.all[i].name == string(name) {
			return i
		}
	}
	return -1
}

// begin forgets what was seen in the line before.
func (t *slots) begin() { clear(t.seen) }

// take is the slot of a name that stands in the line, nil if it is not used. A
// used name that stands there again is a duplicate field.
func (t *slots) take(r *record, name []byte) *slot {
	i := t.find(name)
	if i < 0 {
		return nil
	}
	if t.seen[i] {
		r.fail(DuplicateField, name)
	}
	t.seen[i] = true
	return &t.all[i]
}
