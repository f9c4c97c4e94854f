package parse

import (
	"math"
	"unicode/utf8"

	"rtda/pkg/clock"
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
	line   int // in the block, from 1
	mark   int // length of the batch's arena when the line began
	reason Reason
	text   []byte
	ns     int64
	hasNS  bool
	keys   [][]byte // nil: absent
	vals   []float64
	bad    []badField // in the order of the fields
	blank  bool       // the line says nothing
	every  bool       // blank lines are given too
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
		every: s.cfg.EveryLine,
	}
	if r.timed {
		r.time = s.time
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

// timeText says that the time stands in the text: a string's content or a
// number's digits. It is a bad time if it cannot be read.
func (r *record) timeText(text []byte) {
	ns, ok := r.time.Parse(text)
	if !ok {
		r.fail(BadTime, text)
		return
	}
	r.setTime(ns)
}

// setTime says what the time is, ns since the Unix epoch.
func (r *record) setTime(ns int64) { r.ns, r.hasNS = ns, true }

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
