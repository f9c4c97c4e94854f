package parse

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"math/bits"
	"unicode/utf8"

	"github.com/go-logfmt/logfmt"

	"rtda/pkg/num"
)

// A logfmtDecoder reads lines of name=value pairs in one pass. A name ends at
// its first = and a value without quotes at the next blank. A name without a
// value is not there, one with "" has the empty text.
//
// What it reads is what go-logfmt reads (FuzzLogfmt), which decodes the values
// with escapes, and more: that refuses a = or a quote in a value without quotes.
type logfmtDecoder struct {
	s     *Schema
	slots *slots
	line  lineReader
	dec   *logfmt.Decoder // nil: a new one is needed
	size  int             // of its buffer
	pair  []byte
	names []knownName // by the place of the pair
}

func newLogfmt(s *Schema) decoder { return &logfmtDecoder{s: s, slots: newSlots(s)} }

func (d *logfmtDecoder) decode(r *record, line []byte) {
	d.slots.begin()
	if d.pairs(r, line, nil) < 0 {
		r.fail(NotRecord, line)
		r.advise(NotRecord, otherThan(CureLogfmt, guess(line, false)))
	}
}

func (d *logfmtDecoder) fields(line []byte, f func(name []byte, isNumber bool)) {
	d.pairs(nil, line, f)
}

// run reads lines without looking for their end first.
func (d *logfmtDecoder) run(r *record, data []byte, line int) (n, lines int) {
	for n < len(data) && data[n] > ' ' {
		r.begin(line+lines, data[n:])
		d.slots.begin()
		size := d.pairs(r, data[n:], nil)
		if size < 0 || n+size == len(data) || size > d.s.maxLine {
			r.forget()
			break
		}
		r.end()
		n += size + 1
		lines++
	}
	return n, lines
}

// pairs reads the line that b begins with and returns its length without its
// end, -1 if it is none: nothing of what r was told counts then. Where records
// end in NUL, line feeds are blanks.
func (d *logfmtDecoder) pairs(r *record, b []byte, f func(name []byte, isNumber bool)) int {
	i, n := 0, 0
	for ; ; n++ {
		from, slot := i, -1
		var name []byte
		if n < len(d.names) && f == nil && d.names[n].follows(b[i:]) {
			slot = d.names[n].slot
			i += d.names[n].size
		} else {
			for i < len(b) && b[i] <= ' ' && b[i] != d.s.end {
				i++
			}
			if i == len(b) || b[i] == d.s.end {
				break
			}
			start := i
			if i = nameEnd(b, i); i < 0 {
				return -1
			}
			name = b[start:i]
			slot = d.slots.find(name)
			if i == len(b) || b[i] != '=' {
				if slot >= 0 && f == nil {
					d.slots.takeAt(r, slot)
				}
				continue
			}
			i++
			d.names = remember(d.names, n, b[from:i], slot)
			if slot < 0 && f == nil && d.s.chosen {
				if _, size := num.Prefix(b[i:], r.sign); size > 0 && (i+size == len(b) || b[i+size] <= ' ') {
					r.unmeasured(name)
				}
			}
		}
		var value []byte
		k := untyped
		switch {
		case i < len(b) && b[i] == '"':
			end := closingQuote(b, i+1, d.s.end)
			if end < 0 {
				return -1
			}
			if value, k = d.unquoted(b[i : end+1]); k == container {
				return -1
			}
			i = end + 1
		default:
			if slot >= 0 && f == nil && d.slots.all[slot].only >= 0 && d.s.cfg.Missing.texts == nil {
				if x, size := num.Prefix(b[i:], r.sign); size > 0 && (i+size == len(b) || b[i+size] <= ' ') {
					r.vals[d.slots.takeAt(r, slot).only] = x
					i += size
					continue
				}
			}
			end := wordEnd(b, i)
			value, i = b[i:end], end
		}
		if f != nil && len(value) > 0 {
			f(name, d.s.isNumber(value, k))
		}
		if f != nil {
			continue
		}
		if slot >= 0 {
			p := d.slots.takeAt(r, slot)
			if len(value) == 0 && b[i-1] == '"' {
				r.putEmpty(p)
			} else {
				r.put(p, value, k)
			}
		}
	}
	if n == 0 {
		return -1
	}
	return i
}

// nameEnd is the index after the name that begins at b[i], -1 if there is none:
// go-logfmt takes neither invalid UTF-8 nor U+FFFD.
func nameEnd(b []byte, i int) int {
	start, ascii := i, true
	for i < len(b) && b[i] > ' ' && b[i] != '=' && b[i] != '"' {
		ascii = ascii && b[i] < utf8.RuneSelf
		i++
	}
	if i == start || i < len(b) && b[i] == '"' || !ascii && bytes.ContainsRune(b[start:i], utf8.RuneError) {
		return -1
	}
	return i
}

// A knownName is what stood before a value in the line before, at the same place:
// blanks or commas, the name and its =. The next line mostly has it too.
type knownName struct {
	prefix
	slot int // -1 if it is not used
}

// remember notes what stands before the n-th value of a line.
func remember(names []knownName, n int, text []byte, slot int) []knownName {
	if n >= maxMembers || len(text) > maxText {
		return names
	}
	for n >= len(names) {
		names = append(names, knownName{prefix{size: math.MaxInt}, -1}) // so long is no line
	}
	names[n] = knownName{newPrefix(append(names[n].text[:0], text...)), slot}
	return names
}

// A prefix is a text that is looked for at the beginning of another.
type prefix struct {
	words [2]uint64 // the first sixteen bytes of text,
	masks [2]uint64 // as many as there are
	size  int       // of text
	text  []byte
}

// newPrefix is a prefix of the text, which is not copied.
func newPrefix(text []byte) prefix {
	p := prefix{text: text, size: len(text)}
	var start [16]byte
	n := copy(start[:], text)
	for k := range p.words {
		p.words[k] = binary.LittleEndian.Uint64(start[8*k:])
		if here := n - 8*k; here >= 8 {
			p.masks[k] = ^uint64(0)
		} else if here > 0 {
			p.masks[k] = 1<<(8*here) - 1
		}
	}
	return p
}

// follows reports whether b begins with the prefix. If b has fewer than sixteen
// bytes, it may be overlooked.
func (p *prefix) follows(b []byte) bool {
	if len(b) < 16 {
		return false
	}
	other := (binary.LittleEndian.Uint64(b)^p.words[0])&p.masks[0] | (binary.LittleEndian.Uint64(b[8:])^p.words[1])&p.masks[1]
	return other == 0 && (p.size <= 16 || p.goesOn(b))
}

// goesOn reports whether b has what the prefix has behind the first sixteen
// bytes.
func (p *prefix) goesOn(b []byte) bool {
	return p.size <= len(b) && string(b[16:p.size]) == string(p.text[16:])
}

// closingQuote is the index of the quote that ends the value which begins at
// b[i], -1 if the line ends before.
func closingQuote(b []byte, i int, end byte) int {
	for ; i < len(b) && b[i] != end; i++ {
		switch b[i] {
		case '"':
			return i
		case '\\':
			i++
		}
	}
	return -1
}

// wordEnd is the index of the first blank or control character from b[i] on.
func wordEnd(b []byte, i int) int {
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		if m := (w - '!'*ones8) &^ w & highs8; m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
	}
	for i < len(b) && b[i] > ' ' {
		i++
	}
	return i
}

// unquoted is what a value in quotes stands for, valid until the next call:
// untyped, broken if it has what no text can hold, or container if it is none.
func (d *logfmtDecoder) unquoted(quoted []byte) (value []byte, k kind) {
	value = quoted[1 : len(quoted)-1]
	if bytes.IndexByte(value, '\\') < 0 {
		return value, untyped
	}
	d.pair = append(append(d.pair[:0], 'v', '='), quoted...)
	if d.dec == nil || d.size < len(d.pair)+2 {
		d.size = max(2*len(d.pair), 512)
		d.dec = logfmt.NewDecoderSize(&d.line, d.size)
	}
	d.line.set(d.pair)
	if !d.dec.ScanRecord() || !d.dec.ScanKeyval() {
		d.dec = nil
		return nil, container
	}
	value = d.dec.Value()
	for d.dec.ScanKeyval() {
		value = nil // cannot be: the pair is one
	}
	if bytes.Contains(value, []byte("\uFFFD")) && (!utf8.Valid(quoted) || bytes.Contains(quoted, []byte(`\ud`)) || bytes.Contains(quoted, []byte(`\uD`))) {
		return value, broken // what was no text has become U+FFFD
	}
	if len(d.pair) > maxKept {
		d.dec, d.pair = nil, nil
	}
	return value, untyped
}

// A lineReader is a Reader of one line with its end, and of the next when it
// is set to that. The end is CR LF, so that a CR in the line is none.
type lineReader struct {
	line []byte
	end  string
}

func (l *lineReader) set(line []byte) { l.line, l.end = line, "\r\n" }

func (l *lineReader) Read(p []byte) (n int, err error) {
	n = copy(p, l.line)
	l.line = l.line[n:]
	if len(l.line) == 0 {
		k := copy(p[n:], l.end)
		l.end = l.end[k:]
		n += k
	}
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}
