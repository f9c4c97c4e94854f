// Package parse turns blocks of input bytes into batches of columns: line
// numbers, times, keys and one column of float64 for each measured field, and
// the lines that cannot be used, each with its reason. After the first good
// record has fixed the schema it is a pure function of the block, so blocks
// can be parsed side by side. It knows nothing of windows, rules or output.
package parse

import (
	"cmp"
	"regexp"
	"slices"
	"time"
)

// Reason says why a line or a value cannot be used. The reasons are ordered:
// where several apply to one line, the first is the one that counts.
type Reason uint8

const (
	TooLong Reason = iota
	TooDeep
	NotJSON
	NotRecord
	DuplicateField
	BadHeader // of an Origin that is Alone
	MissingKey
	BadKey
	BadTime
	NotNumber
	MissingField
	Late           // found by the stream
	Early          // found by the stream
	TooManyKeys    // found by the stream
	TooManySamples // found by the stream
	Uneven         // not bad: told once, where a row of cols has not as many cells as the header
	Unmeasured     // not bad: told once, where a record has a number that the first good one did not have
	Blank          // not bad; given only with Config.EveryLine
	Header         // not bad; given only with Config.EveryLine
	numReasons
)

// Reasons is the number of reasons that make a line bad.
const Reasons = int(Uneven)

var reasonNames = [numReasons]string{
	"too-long", "too-deep", "not-json", "not-a-record", "duplicate-field",
	"bad-header", "missing-key", "bad-key", "bad-time", "not-a-number", "missing-field",
	"late", "early", "too-many-keys", "too-many-samples", "uneven", "unmeasured", "blank", "header",
}

// String is the reason as it is written in complaints.
func (r Reason) String() string { return reasonNames[r] }

// KeySep joins the parts of a key of several fields. It cannot stand in one,
// because keys are valid UTF-8.
const KeySep = 0xFF

// A Bad is a line, or one value of a line, that cannot be used.
type Bad struct {
	At     int    // records of the batch that come before it; for a value, the record's own index
	Line   int    // line in the block, from 1
	Reason Reason // why
	Value  bool   // one value of a record whose others are used
	Text   []byte // what is quoted from the data, cut at text.MaxQuote bytes, or nil; valid as long as the batch
	Cure   Cure   // what helps, "" where nothing is known to
}

// A Cure is what a complaint advises, the first time that it does. Of some, %s
// stands for what the line has.
type Cure string

const (
	CureCoerce  Cure = "--coerce takes strings"
	CureTruth   Cure = "--coerce takes true and false as 1 and 0"
	CureUnits   Cure = "--units"
	CureDecimal Cure = "--decimal ,"
	CureHas     Cure = "it has %s"
	CureNone    Cure = "no number to measure: -f names a field, -a count counts records"
	CureFormat  Cure = "-t FIELD:FORMAT reads other forms"
	CureStamp   Cure = "no timestamp: -t now or --hz is a clock"
	CureLines   Cure = "a record over several lines: jq -c . puts it into one"
	CureArray   Cure = "looks like an array: jq -c '.[]' gives its records"
	CureCSV     Cure = "looks like csv: -i csv"
	CureSemi    Cure = "looks like csv: -i csv --sep ';'"
	CureTSV     Cure = "looks like tsv: -i tsv"
	CureCols    Cure = "looks like columns: -i cols"
	CureInflux  Cure = "looks like influx: -i influx"
	CureLogfmt  Cure = "looks like logfmt: -i logfmt"
	CureJSON    Cure = "looks like json: -i json"
)

// A Text is a field's text: a string's content, or the digits, word or array as
// it stood. B is nil where the record does not have the field.
type Text struct {
	B    []byte
	Bare bool // a number or boolean of JSON, which is written without quotes
}

// A Batch is what a block of lines says, in columns. Its slices are reused by
// the next Parse into it, and its keys and texts may point into the block.
type Batch struct {
	Lines  int         // lines in the block, blank, bad and header lines too
	Passed int         // lines that say nothing, as those without a match
	Line   []int       // line of each record in the block, from 1
	Time   []int64     // ns since the Unix epoch; empty unless the data has the time
	East   []int32     // empty, or what a clock.Resolver needs to make moments of the times
	Key    [][]byte    // parts joined by KeySep; empty without keys
	Col    [][]float64 // a column a field of the schema; NaN where a record has no value
	Text   [][]Text    // a column a field of Config.Texts
	Bad    []Bad       // in the order of the lines
	Names  []byte      // what stands for %s in the first Cure that has it

	arena []byte           // keys and texts that do not stand in the block
	told  [numReasons]bool // there is a Bad of that reason, of those that are told once
	had   []bool           // fields that had a bad value
}

// reset empties the batch and puts in what the Schema found out about b.
func (b *Batch) reset(from *Block) {
	b.clear()
	b.Lines, b.Passed = from.early.Lines, from.early.Passed
	b.Names = from.early.Names
	if len(from.early.Bad) > 0 {
		b.Bad, from.early.Bad = from.early.Bad, b.Bad
	}
}

// clear empties the batch.
func (b *Batch) clear() {
	b.Line, b.Time, b.East, b.Key, b.Col = b.Line[:0], b.Time[:0], b.East[:0], b.Key[:0], b.Col[:0]
	b.Lines, b.Bad, b.arena = 0, b.Bad[:0], b.arena[:0]
	b.told = [numReasons]bool{}
	clear(b.had)
	b.Names, b.Passed = nil, 0
}

// columns makes an empty column for each value and text of r.
func (b *Batch) columns(r *record) {
	b.Col, b.Text = emptied(b.Col, len(r.vals)), emptied(b.Text, len(r.texts))
	if len(b.had) != len(r.vals) {
		b.had = make([]bool, len(r.vals))
	}
}

// emptied is n empty columns with the room of those before.
func emptied[T any](cols [][]T, n int) [][]T {
	if cap(cols) < n {
		cols = append(cols[:cap(cols)], make([][]T, n-cap(cols))...)
	}
	cols = cols[:n]
	for i := range cols {
		cols[i] = cols[i][:0]
	}
	return cols
}

// addBad appends a bad line or value.
func (b *Batch) addBad(v Bad) { b.Bad = append(b.Bad, v) }

// tellOnce appends something to tell that is not bad, if there is none such yet.
func (b *Batch) tellOnce(why Reason, line int, text []byte) {
	if !b.told[why] {
		b.told[why] = true
		b.addBad(Bad{At: len(b.Line), Line: line, Reason: why, Text: text})
	}
}

// insertBad puts v, which is told once, into its place, instead of later ones of its
// kind.
func (b *Batch) insertBad(v Bad) {
	b.Bad = slices.DeleteFunc(b.Bad, func(old Bad) bool { return old.Reason == v.Reason && old.Line >= v.Line })
	v.At, _ = slices.BinarySearch(b.Line, v.Line)
	i, _ := slices.BinarySearchFunc(b.Bad, v.Line, func(old Bad, line int) int { return cmp.Compare(old.Line, line) })
	b.Bad = slices.Insert(b.Bad, i, v)
}

// Has reports whether one of the first n records has something in the field, be
// it a bad value.
func (b *Batch) Has(field, n int) bool {
	if field >= len(b.Col) || field >= len(b.had) {
		return false // a block without records
	}
	if b.had[field] {
		return true
	}
	for _, x := range b.Col[field][:n] {
		if x == x {
			return true
		}
	}
	return false
}

// HasText reports whether one of the first n records has the field, a column of
// Text.
func (b *Batch) HasText(field, n int) bool {
	return field < len(b.Text) && slices.ContainsFunc(b.Text[field][:n], func(t Text) bool { return t.B != nil })
}

// Len is the number of records in the batch.
func (b *Batch) Len() int { return len(b.Line) }

// A Config says how lines are to be read. The zero value reads plain numbers.
type Config struct {
	Format     string            // auto, or a name of the Formats table ("" is auto)
	Fields     []string          // the fields to measure; none: all top-level numbers of the first good record
	Extra      []string          // fields measured beside them, for rules only
	Paths      map[string]string // where measured fields stand that go by another name
	Count      bool              // nothing is measured but that there is a record: the one field is "" and its value 1
	Keys       []string          // the key's fields
	Texts      []string          // the fields of which the texts are wanted
	Names      []string          // of the columns of csv, tsv and cols, which have no header then
	Match      *regexp.Regexp    // of format match
	Time       string            // the field with the time, or "" (influx: "" is the line's own timestamp, unless NoTime)
	Time2      string            // the field with the second part of the time, or ""
	TimeFormat string            // "", unix, ms, us, ns or a strftime pattern
	Zone       *time.Location    // of times that name none; nil is UTC
	NoTime     bool              // the clock does not come from the data
	Coerce     bool              // a string with a number in it is one (JSON, influx), true and false are 1 and 0
	Missing    Markers           // of values that are none
	Units      bool              // a number may have its unit after it
	Sep        byte              // separator of csv (0 is a comma)
	Decimal    byte              // decimal sign of num, csv, tsv, cols, match and of strings (0 is a point)
	NUL        bool              // records end in NUL instead of LF
	MaxLine    int               // bytes of a line without its end (0 is 1 MiB)
	EveryLine  bool              // give blank and header lines as Bad too
}

// path is where the field of the name stands in a record.
func (c *Config) path(name string) string {
	if p, ok := c.Paths[name]; ok {
		return p
	}
	return name
}
