package parse

import (
	"bytes"
	"unicode/utf8"

	"github.com/go-logfmt/logfmt"

	"rtda/pkg/num"
)

// A logfmtDecoder reads lines of name=value pairs as go-logfmt does. A name
// without a value, and one with an empty value, is not there.
//
// Lines without a quote are split here: that takes 70 % of the time and leaves
// keys where they stand.
type logfmtDecoder struct {
	slots  *slots
	quoted quotedPairs
}

func newLogfmt(s *Schema) decoder { return &logfmtDecoder{slots: newSlots(s)} }

func (d *logfmtDecoder) decode(r *record, line []byte) {
	d.slots.begin()
	ok := d.pairs(line, func(name, value []byte) {
		p := d.slots.take(r, name)
		if p == nil {
			return
		}
		if len(p.keys) > 0 && wasBroken(value, line) {
			r.fail(BadKey, value)
		}
		r.put(p, value, untyped)
	})
	if !ok {
		r.fail(NotRecord, line)
	}
}

func (d *logfmtDecoder) numbers(line []byte) (names []string) {
	ok := d.pairs(line, func(name, value []byte) {
		if _, ok := num.Parse(value, '.'); ok {
			names = append(names, string(name))
		}
	})
	if !ok {
		return nil
	}
	return names
}

// pairs calls f for the pairs of the line as long as they can be read, and
// reports whether all could. A line without any is not one.
func (d *logfmtDecoder) pairs(line []byte, f func(name, value []byte)) bool {
	if bytes.IndexByte(line, '"') < 0 {
		return plainPairs(line, f)
	}
	return d.quoted.pairs(line, f)
}

// plainPairs is pairs for a line without a quote.
func plainPairs(line []byte, f func(name, value []byte)) bool {
	for i, n := 0, 0; ; n++ {
		for i < len(line) && line[i] <= ' ' {
			i++
		}
		if i == len(line) {
			return n > 0
		}
		end, ascii := wordEnd(line, i)
		name := line[i:end]
		if i == end || !ascii && bytes.ContainsRune(name, utf8.RuneError) {
			return false // go-logfmt takes neither invalid UTF-8 nor U+FFFD
		}
		if i = end; i == len(line) || line[i] != '=' {
			f(name, nil)
			continue
		}
		end, _ = wordEnd(line, i+1)
		f(name, line[i+1:end])
		if i = end; i < len(line) && line[i] == '=' {
			return false
		}
	}
}

// wordEnd is the index of the first blank, control character or = from i on,
// and whether all before it is ASCII.
func wordEnd(line []byte, i int) (end int, ascii bool) {
	var all byte
	for ; i < len(line) && line[i] > ' ' && line[i] != '='; i++ {
		all |= line[i]
	}
	return i, all < utf8.RuneSelf
}

// wasBroken reports whether the text may have been invalid in the line: where
// a quoted value has an escape, invalid UTF-8 and lone surrogates have become
// U+FFFD. A text with a U+FFFD of its own is taken for broken only if the line
// has something that is.
func wasBroken(text, line []byte) bool {
	if bytes.IndexByte(text, 0xEF) < 0 || !bytes.Contains(text, []byte("\uFFFD")) {
		return false
	}
	return !utf8.Valid(line) || bytes.Contains(line, []byte(`\ud`)) || bytes.Contains(line, []byte(`\uD`))
}

// quotedPairs reads lines by go-logfmt. Its Decoder reads a stream and is of no
// more use after an error.
type quotedPairs struct {
	line lineReader
	dec  *logfmt.Decoder // nil: a new one is needed
	size int             // of its buffer
}

// pairs is pairs for a line of any kind. Where records end in NUL, line feeds
// are blanks.
func (q *quotedPairs) pairs(line []byte, f func(name, value []byte)) bool {
	if q.dec == nil || q.size < len(line)+2 {
		q.size = max(2*len(line), 512)
		q.dec = logfmt.NewDecoderSize(&q.line, q.size)
	}
	if len(line) > maxKept {
		defer func() { q.dec = nil }()
	}
	q.line.set(line)
	n := 0
	for range 1 + bytes.Count(line, newline) {
		q.dec.ScanRecord()
		for q.dec.ScanKeyval() {
			f(q.dec.Key(), q.dec.Value())
			n++
		}
		if q.dec.Err() != nil {
			q.dec = nil
			return false
		}
	}
	return n > 0
}

var newline = []byte{'\n'}
