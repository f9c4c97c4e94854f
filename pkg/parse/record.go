package parse

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
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
	// fields calls f for the top-level fields of the line in the order they
	// stand there, if the line is a record. A name is valid until the next call.
	fields(line []byte, f func(name []byte, isNumber bool))
}

// maxKey is how many bytes the text of one key field may have.
const maxKey = 1 << 10

// A record gathers what one line says and puts it into the batch when it
// ends: a row of the columns, or a bad line with the first reason that holds.
type record struct {
	cfg      *Config
	names    []string // of the measured fields
	batch    *Batch
	block    []byte  // the lines being read: texts that point into it are not copied
	dec      decoder // what reads them
	timed    bool    // records must have a time
	time     clock.Recent
	open     bool      // its times are less than moments
	sign     byte      // of decimals in texts
	point    bool      // decimals have a point in this format
	booleans bool      // true and false are numbers in this format
	none     []float64 // vals of a record that says nothing
	kinds    []unitKind
	lf       byte   // that ends a line
	line     int    // in the block, from 1
	src      []byte // begins with it
	mark     int    // length of the batch's arena when the line began
	reason   Reason
	text     []byte
	cure     Cure
	ns       int64
	east     int32
	hasNS    bool
	parts    [2][]byte // of a time in two fields
	keys     [][]byte  // nil: absent
	texts    []Text
	vals     []float64
	bad      []badField // in the order of the fields
	marked   bool       // a value is marked as missing
	blank    bool       // the line says nothing
	passed   bool       // and is counted for it
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

// A badField is a value that is there and is not a number.
type badField struct {
	field int
	text  []byte
	cure  Cure
}

// newRecord makes a record for lines of the schema, which dec reads.
func newRecord(s *Schema, dec decoder) *record {
	r := &record{
		cfg: &s.cfg, names: s.Fields, dec: dec, lf: s.end, timed: s.timed(), sign: s.sign(), booleans: s.format.booleans, point: s.format.point,
		keys: make([][]byte, len(s.cfg.Keys)), texts: make([]Text, len(s.cfg.Texts)),
		none: make([]float64, len(s.Fields)), vals: make([]float64, len(s.Fields)),
		kinds: make([]unitKind, len(s.Fields)),
	}
	for i := range r.none {
		r.none[i] = math.NaN()
	}
	if s.Counts() {
		r.none[0] = 1
	}
	if r.timed {
		r.time.Reader, r.open = s.time, s.time.Open()
	}
	return r
}

// enter makes dst the batch that is filled and block the lines that are read.
func (r *record) enter(dst *Batch, block []byte) { r.batch, r.block = dst, block }

// begin forgets the line before and begins the given one. src begins with it.
func (r *record) begin(line int, src []byte) {
	r.line, r.src, r.mark = line, src, len(r.batch.arena)
	if r.hasNS = false; r.reason != numReasons || r.blank || r.marked || len(r.bad) > 0 {
		r.reason, r.text, r.cure = numReasons, nil, ""
		r.blank, r.passed, r.marked = false, false, false
		r.bad = r.bad[:0]
	}
	if len(r.keys) == 1 {
		r.keys[0] = nil // at a tenth of what clear takes
	} else {
		clear(r.keys)
	}
	if len(r.texts) > 0 {
		clear(r.texts)
	}
	if r.cfg.Time2 != "" {
		r.parts = [2][]byte{}
	}
	copy(r.vals, r.none)
}

// forget takes back what was said of a line that is not to end.
func (r *record) forget() { r.batch.arena = r.batch.arena[:r.mark] }

// put says that a slot has a value, which is what it is for: a part of the key,
// the time, measured or shown. What an untyped text does not say is not there.
func (r *record) put(p *slot, b []byte, k kind) {
	if k == untyped && len(b) == 0 {
		return
	}
	if p.next != nil {
		r.put(p.next, b, k)
	}
	if p.sole >= 0 && k < container {
		r.key(p.sole, b)
		return
	}
	for _, i := range p.keys {
		if k >= container {
			r.badKey(i, b)
		} else {
			r.key(i, b)
		}
	}
	for _, i := range p.texts {
		r.texts[i] = Text{r.keep(b), k == numeral || k == boolean}
	}
	if p.time != noTime {
		r.putTime(p.time, b, k)
	}
	if len(p.fields) > 0 {
		r.measure(p.fields, b, k)
	}
}

// putEmpty is put for an empty text that is there, for keys and texts: as a
// number or time it is none.
func (r *record) putEmpty(p *slot) {
	for _, i := range p.keys {
		r.keys[i] = emptyText
	}
	for _, i := range p.texts {
		r.texts[i] = Text{B: emptyText}
	}
}

// putTime is put for the time: a string's content or a number's digits.
func (r *record) putTime(part timePart, b []byte, k kind) {
	sign := byte('.')
	if k == untyped {
		sign = r.sign
	}
	switch {
	case k >= boolean:
		r.fail(BadTime, b)
	case part != wholeTime:
		r.parts[part-firstTime] = r.keep(b)
	default:
		r.readTime(b, sign)
	}
}

// readTime reads the time; blanks alone are none.
func (r *record) readTime(b []byte, sign byte) {
	if ns, east, ok := r.time.Parse(b, sign); ok {
		r.setTime(ns, east)
	} else if !isBlank(b) {
		if r.fail(BadTime, b); r.cfg.TimeFormat == "" {
			r.advise(BadTime, CureFormat)
		}
	}
}

// measure is put for the measured fields.
func (r *record) measure(fields []int, b []byte, k kind) {
	x, ok := 0.0, false
	switch {
	case k == numeral:
		x, ok = num.ParseJSON(b)
	case k == untyped || k == str && r.cfg.Coerce:
		if x, ok = num.Parse(b, r.sign); !ok && k == untyped && isBlank(b) {
			return
		}
	}
	if r.cfg.Missing.has(b, x, ok, k) {
		r.marked = true
		return
	}
	if !ok && (r.cfg.Coerce && k <= boolean || r.booleans && k == boolean) {
		x, ok = truth(b)
	}
	for _, i := range fields {
		switch {
		case ok:
			r.vals[i] = x
		case r.cfg.Units && (k == untyped || k == str) && r.withUnit(i, b):
		default:
			r.badValue(i, b, k)
		}
	}
}

// badValue says that a measured field is there and is not a number. The text
// is quoted.
func (r *record) badValue(field int, b []byte, k kind) {
	r.batch.had[field] = true
	i := len(r.bad)
	for i > 0 && r.bad[i-1].field > field {
		i--
	}
	r.bad = slices.Insert(r.bad, i, badField{field, r.quote(b), r.cureOf(b, k)})
}

// key says what the text of the i-th key field is. It is a bad key if it is
// not valid UTF-8 or too long.
func (r *record) key(i int, text []byte) {
	if len(text) > maxKey || !isText(text) {
		r.badKey(i, text)
		return
	}
	r.keys[i] = r.keep(text)
}

// isText is utf8.Valid, which for the few letters of most keys takes longer than
// to see that they are ASCII.
func isText(b []byte) bool {
	if n := len(b); n <= 8 && cap(b) >= 8 { // what stands behind them is shifted away
		return n == 0 || binary.LittleEndian.Uint64(b[:8])<<((64-8*n)&63)&highs8 == 0 || utf8.Valid(b)
	}
	return utf8.Valid(b)
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

// pass says that the line is passed over, which is counted.
func (r *record) pass() { r.blank, r.passed = true, true }

// fail says that the line cannot be used. Of several reasons the first in the
// order of reasons counts; the text is quoted and may be nil.
func (r *record) fail(reason Reason, text []byte) {
	if reason < r.reason {
		r.reason, r.text, r.cure = reason, r.quote(text), ""
	}
}

// advise says what helps against a reason, if it is the one that counts.
func (r *record) advise(reason Reason, cure Cure) {
	if r.reason == reason {
		r.cure = cure
	}
}

// end puts what was said since begin into the batch.
func (r *record) end() {
	b := r.batch
	if !r.blank {
		r.judge()
	}
	switch {
	case r.blank:
		b.arena = b.arena[:r.mark]
		if r.passed {
			b.Passed++
		}
		if r.cfg.EveryLine {
			b.addBad(Bad{At: b.Len(), Line: r.line, Reason: Blank})
		}
		return
	case r.reason != numReasons:
		bad := Bad{At: b.Len(), Line: r.line, Reason: r.reason, Text: r.text, Cure: r.cure}
		if r.cure == CureHas {
			if len(b.Names) > 0 {
				bad.Cure = "" // once a batch is enough, as a cure is told once
			} else if b.Names = r.fieldNames(); len(b.Names) == 0 {
				bad.Cure = ""
			}
		}
		if b.addBad(bad); r.text == nil {
			b.arena = b.arena[:r.mark]
		}
		return
	}
	for _, v := range r.bad {
		b.addBad(Bad{At: b.Len(), Line: r.line, Reason: NotNumber, Value: true, Text: v.text, Cure: v.cure})
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
	for i, x := range r.texts {
		b.Text[i] = append(b.Text[i], x)
	}
}

// judge finds the reasons that follow from what was not said.
func (r *record) judge() {
	for i := range r.keys {
		if r.keys[i] == nil {
			r.missing(MissingKey, r.cfg.Keys[i])
		}
	}
	if r.timed && len(r.parts[0]) > 0 && len(r.parts[1]) > 0 {
		r.readTime(bytes.Join(r.parts[:], []byte{' '}), r.sign)
	}
	if r.timed && !r.hasNS && BadTime < r.reason {
		r.fail(BadTime, nil)
		if r.advise(BadTime, CureHas); r.cfg.Time == "" {
			r.advise(BadTime, CureStamp)
		}
	}
	for _, x := range r.vals {
		if x == x {
			return
		}
	}
	switch {
	case len(r.vals) == 0:
		r.fail(MissingField, nil)
		r.advise(MissingField, CureNone)
	case len(r.bad) == 0 && r.marked:
		r.blank = r.reason == numReasons
	case len(r.bad) == 0:
		r.missing(MissingField, r.names[0])
	case NotNumber < r.reason:
		r.reason, r.text, r.cure = NotNumber, r.bad[0].text, r.bad[0].cure
	}
}

// unmeasured tells that the line has a number in a field that the first good record
// did not have.
func (r *record) unmeasured(name []byte) {
	r.batch.tellOnce(Unmeasured, r.line, bytes.Clone(cutQuote(name)))
}

// missing fails for a field that the line does not have. Its complaint tells
// which it has.
func (r *record) missing(reason Reason, name string) {
	if reason < r.reason {
		r.fail(reason, []byte(name))
		r.advise(reason, CureHas)
	}
}

// maxNamesShown is how many names a complaint lists.
const maxNamesShown = 12

// fieldNames is a list of the names that the line has, as long as the batch.
func (r *record) fieldNames() []byte {
	line, _ := nextLine(r.src, r.lf)
	var list []byte
	n := 0
	r.dec.fields(line, func(name []byte, _ bool) {
		if n++; n > maxNamesShown {
			return
		}
		if n > 1 {
			list = append(list, ", "...)
		}
		list = append(list, cutQuote(name)...)
	})
	if n > maxNamesShown {
		list = append(list, ", …"...)
	}
	return list
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

// quote is what a complaint quotes of text: its beginning.
func (r *record) quote(text []byte) []byte { return r.keep(cutQuote(text)) }

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
// field may be measured, shown, be a key and be the time.
type slot struct {
	name   string
	fields []int // indexes of the measured fields
	keys   []int // indexes of the key's fields
	texts  []int // indexes of the texts
	time   timePart
	only   int   // the measured field, if the name is used for nothing else; -1
	sole   int   // the part of the key, likewise; -1
	clock  bool  // it is used for the time and nothing else
	next   *slot // of another name for the same place, `$1` beside the name of the first column
}

// A timePart says what a field tells of the time.
type timePart uint8

const (
	noTime timePart = iota
	wholeTime
	firstTime // of two fields
	secondTime
)

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
	if !s.Counts() {
		for i, name := range s.Fields {
			p := t.add(s.cfg.path(name))
			p.fields = append(p.fields, i)
		}
	}
	for i, name := range s.cfg.Keys {
		p := t.add(name)
		p.keys = append(p.keys, i)
	}
	for i, name := range s.cfg.Texts {
		p := t.add(name)
		p.texts = append(p.texts, i)
	}
	if s.cfg.Time != "" && !s.cfg.NoTime {
		t.add(s.cfg.Time).time = wholeTime
		if s.cfg.Time2 != "" {
			t.add(s.cfg.Time).time = firstTime
			t.add(s.cfg.Time2).time = secondTime
		}
	}
	for i := range t.all {
		p := &t.all[i]
		p.only, p.sole = -1, -1
		p.clock = len(p.fields)+len(p.keys)+len(p.texts) == 0 && p.time == wholeTime
		switch {
		case len(p.fields)+len(p.keys) != 1 || len(p.texts) > 0 || p.time != noTime:
		case len(p.keys) == 0:
			p.only = p.fields[0]
		default:
			p.sole = p.keys[0]
		}
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
	return t.takeAt(r, i)
}

// takeAt is take for a slot that is known.
func (t *slots) takeAt(r *record, i int) *slot {
	if t.seen[i] {
		r.fail(DuplicateField, []byte(t.all[i].name))
	}
	t.seen[i] = true
	return &t.all[i]
}
