package parse

import (
	"bytes"
	"unicode/utf8"

	"rtda/pkg/num"
)

// Markers are the texts and numbers that stand for a missing value. The zero
// value has none.
type Markers struct {
	texts   map[string]bool
	numbers []float64
}

// NewMarkers makes Markers of the words: each as a text and, where it is one,
// as a number of any form.
func NewMarkers(words []string) Markers {
	var m Markers
	for _, w := range words {
		if m.texts == nil {
			m.texts = map[string]bool{}
		}
		m.texts[w] = true
		if x, ok := num.Parse([]byte(w), '.'); ok {
			m.numbers = append(m.numbers, x)
		}
	}
	return m
}

// has reports whether a value is missing; x is its number, if isNumber.
func (m *Markers) has(b []byte, x float64, isNumber bool, k kind) bool {
	if m.texts == nil || k >= container {
		return false
	}
	if isNumber {
		for _, y := range m.numbers {
			if x == y {
				return true
			}
		}
	}
	return m.texts[string(b)] || k == untyped && m.texts[string(num.Trim(b))]
}

// truth is 1 for true and 0 for false.
func truth(b []byte) (x float64, ok bool) {
	switch string(num.Trim(b)) {
	case "true", "True", "TRUE", "t", "T":
		return 1, true
	case "false", "False", "FALSE", "f", "F":
		return 0, true
	}
	return 0, false
}

// A unitKind is what a unit measures. Numbers of one field have one kind.
type unitKind uint8

const (
	noUnit unitKind = iota // any kind fits
	timeUnit
	sizeUnit
	otherUnit
	kindsOfUnits
)

// withUnit puts a number that has its unit after it into the record. It is
// false if it is none, or of another kind than those before.
func (r *record) withUnit(field int, b []byte) bool {
	x, k := quantity(num.Trim(b), r.sign)
	if k == noUnit || r.kinds[field] != noUnit && r.kinds[field] != k {
		return false
	}
	r.kinds[field], r.vals[field] = k, x
	return true
}

// quantity is a number with its unit after it, with blanks between or not: a
// time in seconds, which may have several parts as in 1m30s, a size in bytes,
// or any other number. The kind is noUnit if it is none of these.
func quantity(b []byte, sign byte) (x float64, k unitKind) {
	x, n := num.Prefix(b, sign)
	if n == 0 {
		return 0, noUnit
	}
	unit := num.Trim(b[n:])
	if by := timeUnits[string(unit)]; by != 0 {
		return scaled(x, by), timeUnit
	}
	if by := sizeOf(unit); by != 0 {
		return float64(x * by), sizeUnit
	}
	if x, ok := spans(b, sign); ok {
		return x, timeUnit
	}
	if isUnit(unit) {
		return x, otherUnit
	}
	return 0, noUnit
}

// timeUnits are seconds where they are 1 or more, else how many of them make a
// second, less than 0: so each is exact.
var timeUnits = map[string]float64{
	"ns": -1e9, "us": -1e6, "µs": -1e6, "μs": -1e6, "ms": -1e3, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400,
}

func scaled(x, by float64) float64 {
	if by < 0 {
		return -x / by
	}
	return float64(x * by)
}

// spans is the seconds of a time in several parts.
func spans(b []byte, sign byte) (sum float64, ok bool) {
	negative := len(b) > 0 && b[0] == '-'
	for len(b) > 0 {
		x, n := num.Prefix(b, sign)
		m := n
		for m < len(b) && b[m]-'0' > 9 && b[m] != sign {
			m++
		}
		by := timeUnits[string(b[n:m])]
		if n == 0 || by == 0 || b[0] == '+' || sum != 0 && b[0] == '-' {
			return 0, false
		}
		if x = scaled(x, by); negative && x > 0 {
			x = -x
		}
		sum += x
		b = b[m:]
	}
	return sum, true
}

// sizeOf is how many bytes a unit of size has, 0 if it is none.
func sizeOf(unit []byte) float64 {
	if string(unit) == "B" {
		return 1
	}
	prefix, _ := bytes.CutSuffix(unit, []byte("B"))
	base := 1000.0
	if p, binary := bytes.CutSuffix(prefix, []byte("i")); binary {
		prefix, base = p, 1024
	}
	if len(prefix) != 1 {
		return 0
	}
	i := bytes.IndexByte([]byte("KMGTP"), prefix[0])
	if prefix[0] == 'k' && base == 1000 {
		i = 0
	}
	if i < 0 {
		return 0
	}
	by := base
	for range i {
		by = float64(by * base)
	}
	return by
}

// maxUnit is how many bytes a unit may have.
const maxUnit = 16

// isUnit reports whether something that stands after a number may be its unit:
// a word, not a further part of what is no number, as of a date.
func isUnit(b []byte) bool {
	if len(b) == 0 || len(b) > maxUnit || !utf8.Valid(b) {
		return false
	}
	if c := b[0]; c < utf8.RuneSelf && c != '%' && c != '/' && c|0x20-'a' >= 26 {
		return false
	}
	for i, c := range b {
		if c <= ' ' || c == ':' || c == ',' || c-'0' <= 9 && bytes.IndexByte(b[:i], '/') < 0 {
			return false
		}
	}
	return true
}

// cureOf is what helps against a value that is no number.
func (r *record) cureOf(b []byte, k kind) Cure {
	if k == boolean {
		return CureTruth
	}
	if k != str && k != untyped {
		return ""
	}
	if _, ok := num.Parse(b, r.sign); ok && k == str {
		return CureCoerce
	}
	if _, ok := truth(b); ok && !r.cfg.Coerce && len(b) > 1 {
		return CureTruth
	}
	if _, kind := quantity(num.Trim(b), r.sign); kind != noUnit && !r.cfg.Units {
		return CureUnits
	}
	if _, ok := num.Parse(b, ','); ok && r.sign == '.' && !r.point {
		return CureDecimal
	}
	return ""
}

// isNumber reports whether a value would be one of a field that nobody named.
func (s *Schema) isNumber(b []byte, k kind) bool {
	ok := false
	switch k {
	case numeral:
		_, ok = num.ParseJSON(b)
	case untyped:
		if _, ok = num.Parse(b, s.sign()); !ok && s.cfg.Units {
			_, kind := quantity(num.Trim(b), s.sign())
			ok = kind != noUnit
		}
	case boolean:
		ok = s.format.booleans
	}
	return ok
}

// guess is what helps where a line is not of the format that was taken for it.
func guess(line []byte, json bool) Cure {
	b := num.Trim(line)
	if len(b) == 0 {
		return ""
	}
	if _, ok := num.Parse(b, ','); ok && !json {
		return CureDecimal
	}
	first, last := b[0], b[len(b)-1]
	words := bytes.Fields(b[:min(len(b), 1<<10)])
	switch {
	case json && first == '{' && last != '}', json && first == '}', json && first == '"' && bytes.Contains(b, []byte(`":`)):
		return CureLines
	case first == '[' && bytes.IndexByte(b, '{') >= 0:
		return CureArray
	case !json && string(b) == "[":
		return CureJSON
	case first == '{' || first == '[':
		return ""
	case !json && bytes.IndexByte(b, '{') >= 0 && last == '}':
		return CureJSON
	case bytes.IndexByte(b, '\t') >= 0:
		return CureTSV
	case isInflux(words):
		return CureInflux
	case pairs(words):
		return CureLogfmt
	case bytes.Count(b, []byte{';'}) > bytes.Count(b, []byte{','}):
		return CureSemi
	case bytes.IndexByte(b, ',') >= 0:
		return CureCSV
	case len(words) > 1 && numbers(words):
		return CureCols
	}
	return ""
}

// otherThan is the cure, unless it names the format that the line is read in.
func otherThan(own, cure Cure) Cure {
	if cure == own {
		return ""
	}
	return cure
}

// isInflux reports whether words are a measurement, with tags or with a timestamp
// at the end, and fields.
func isInflux(words [][]byte) bool {
	if len(words) < 2 || len(words) > 3 || bytes.IndexByte(words[1], '=') <= 0 {
		return false
	}
	name, _, tagged := bytes.Cut(words[0], []byte{','})
	if bytes.IndexByte(name, '=') >= 0 {
		return false
	}
	if len(words) == 3 {
		_, ok := num.Parse(words[2], '.')
		return ok
	}
	return tagged
}

// pairs reports whether most words are a name and a value.
func pairs(words [][]byte) bool {
	n := 0
	for _, w := range words {
		if i := bytes.IndexByte(w, '='); i > 0 {
			n++
		}
	}
	return 2*n > len(words)
}

// numbers reports whether half of the words or more are numbers.
func numbers(words [][]byte) bool {
	n := 0
	for _, w := range words {
		if _, ok := num.Parse(w, '.'); ok {
			n++
		}
	}
	return 2*n >= len(words)
}
