package parse

import (
	"bytes"
	"unicode/utf8"

	"rtda/pkg/clock"

	"github.com/influxdata/line-protocol/v2/lineprotocol"

	"rtda/pkg/num"
)

// An influxDecoder reads lines of the InfluxDB line protocol. Tags and fields go
// by their bare names, and the measurement by the name measurement if neither
// a tag nor a field has it. A line that begins with # is a comment.
type influxDecoder struct {
	s           *Schema
	slots       *slots
	measurement int         // slot of the name measurement, -1 if it is not used
	stamped     bool        // the line's timestamp is the time
	names       []knownName // by the place of the tag or field
	line        lineReader
	dec         *lineprotocol.Decoder // nil: a new one is needed
	fed         int                   // bytes that dec has read
	name        []byte                // the line's measurement
}

func newInflux(s *Schema) decoder {
	d := &influxDecoder{s: s, slots: newSlots(s)}
	d.stamped = s.cfg.Time == "" && !s.cfg.NoTime
	d.measurement = d.slots.find([]byte("measurement"))
	return d
}

func (d *influxDecoder) decode(r *record, line []byte) {
	if c := num.Trim(line); len(c) > 0 && c[0] == '#' {
		r.ignore()
		return
	}
	d.slots.begin()
	stamp, ok := d.walk(line, func(name []byte, kind lineprotocol.ValueKind, value []byte) {
		if p := d.slots.take(r, name); p != nil {
			r.put(p, value, kindOf(kind, value))
		}
	})
	if !ok {
		r.fail(NotRecord, line)
		r.advise(NotRecord, otherThan(CureInflux, guess(line, false)))
		return
	}
	d.finish(r, d.name, stamp)
}

// finish tells the record what is left of a line.
func (d *influxDecoder) finish(r *record, name, stamp []byte) {
	if d.measurement >= 0 && !d.slots.seen[d.measurement] {
		r.put(&d.slots.all[d.measurement], name, str)
	}
	if d.stamped && len(stamp) > 0 {
		if ns, ok := clock.ParseUnix(stamp, clock.Auto, '.'); ok {
			r.setTime(ns, clock.Moment)
		} else {
			r.fail(BadTime, stamp)
		}
	}
}

func (d *influxDecoder) fields(line []byte, f func(name []byte, isNumber bool)) {
	d.walk(line, func(name []byte, kind lineprotocol.ValueKind, value []byte) {
		f(name, d.s.isNumber(value, kindOf(kind, value)))
	})
}

// run reads plain lines: those of ASCII, without a backslash and with numbers in
// their usual forms. The library decides about all others.
func (d *influxDecoder) run(r *record, data []byte, line int) (n, lines int) {
	for n < len(data) {
		r.begin(line+lines, data[n:])
		d.slots.begin()
		size := d.plain(r, data[n:])
		if size < 0 || size > d.s.maxLine {
			r.forget()
			break
		}
		r.end()
		n += size
		lines++
	}
	return n, lines
}

// plain reads the plain line that b begins with and returns its length with its
// end, -1 if it is none.
func (d *influxDecoder) plain(r *record, b []byte) int {
	i := influxWord(b, 0)
	name := b[:i]
	if i == 0 || b[0] == '#' {
		return -1
	}
	tags := true
	for n := 0; ; n++ {
		c := at(b, i)
		if c != ',' && (c != ' ' || !tags) {
			break
		}
		tags = tags && c == ','
		known := -1
		if n < len(d.names) && d.names[n].follows(b[i:]) {
			known = d.names[n].slot
			i += d.names[n].size
		} else {
			eq := influxWord(b, i+1)
			if eq == i+1 || at(b, eq) != '=' {
				return -1
			}
			known = d.slots.find(b[i+1 : eq])
			d.names = remember(d.names, n, b[i:eq+1], known)
			if known < 0 && !tags && d.s.chosen && num.SkipJSON(b, eq+1) > eq+1 {
				r.unmeasured(b[i+1 : eq])
			}
			i = eq + 1
		}
		var p *slot
		if known >= 0 {
			p = d.slots.takeAt(r, known)
		}
		start := i
		switch {
		case tags:
			if i = influxWord(b, i); i == start {
				return -1
			}
			if p != nil {
				r.put(p, b[start:i], str)
			}
			continue
		case i < len(b) && b[i] != '"' && p == nil:
			if end := num.SkipJSON(b, i); end > i && !influxPlain[at(b, end)] {
				i = end
				continue
			}
		case p != nil && p.only >= 0 && d.s.cfg.Missing.texts == nil:
			if x, size := num.PrefixJSON(b[i:]); size > 0 && !influxPlain[at(b, i+size)] {
				r.vals[p.only] = x
				i += size
				continue
			}
		}
		var value []byte
		var k kind
		if value, k, i = influxValue(b, start); i < 0 {
			return -1
		}
		if p != nil {
			r.put(p, value, k)
		}
	}
	if tags {
		return -1
	}
	var stamp []byte
	if at(b, i) == ' ' {
		start := i + 1
		i = num.SkipDigits(b, start)
		if stamp = b[start:i]; len(stamp) == 0 || len(stamp) > num.MaxDigits {
			return -1
		}
	}
	if at(b, i) == '\r' && d.s.end == '\n' {
		i++
	}
	if i >= len(b) || b[i] != d.s.end {
		return -1
	}
	d.finish(r, name, stamp)
	return i + 1
}

// at is the byte at b[i], 0 behind the end.
func at(b []byte, i int) byte {
	if i < len(b) {
		return b[i]
	}
	return 0
}

// influxWord is the index of the first byte from b[i] on that cannot stand in a
// plain name.
func influxWord(b []byte, i int) int {
	for i < len(b) && influxPlain[b[i]] {
		i++
	}
	return i
}

var influxPlain = func() (t [256]bool) {
	for c := byte('!'); c < 0x7f; c++ {
		t[c] = c != ',' && c != '=' && c != '\\' && c != '"'
	}
	return t
}()

// influxValue is the plain value of a field that begins at b[i], and the index
// after it, -1 if it is none.
func influxValue(b []byte, i int) (value []byte, k kind, end int) {
	if at(b, i) == '"' {
		for end = i + 1; influxPlain[at(b, end)] || at(b, end) == ' ' || at(b, end) == ',' || at(b, end) == '='; end++ {
		}
		if at(b, end) != '"' {
			return nil, 0, -1
		}
		return b[i+1 : end], str, end + 1
	}
	end = influxWord(b, i)
	value = b[i:end]
	if c := at(b, i); c == 't' || c == 'T' || c == 'f' || c == 'F' {
		if _, ok := truth(value); !ok {
			return nil, 0, -1
		}
		return value, boolean, end
	}
	n := num.SkipJSON(value, 0)
	switch {
	case n == 0:
		return nil, 0, -1
	case n == len(value):
		if _, ok := num.Parse(value, '.'); !ok {
			return nil, 0, -1 // beyond float64
		}
		return value, untyped, end
	case n == len(value)-1 && n < num.MaxDigits && (value[n] == 'i' || value[n] == 'u' && value[0] != '-') && isWhole(value[:n]):
		return value[:n], untyped, end
	}
	return nil, 0, -1
}

// isWhole reports whether a number has nothing but digits behind its sign.
func isWhole(b []byte) bool {
	if b[0] == '-' {
		b = b[1:]
	}
	return num.SkipDigits(b, 0) == len(b)
}

// kindOf is what the record shall take a tag, which is a string, or a field
// for. An integer that its type does not hold is no number, and the Decoder
// takes tomato for a boolean.
func kindOf(k lineprotocol.ValueKind, value []byte) kind {
	switch k {
	case lineprotocol.String:
		return str
	case lineprotocol.Float:
		if _, ok := num.Parse(value, '.'); !ok {
			return broken
		}
		return untyped
	}
	if _, err := lineprotocol.NewValueFromBytes(k, value); err != nil {
		return broken
	}
	if k == lineprotocol.Bool {
		return boolean
	}
	return untyped
}

// A visitor is called for a tag, whose kind is String, or a field.
type visitor func(name []byte, kind lineprotocol.ValueKind, value []byte)

// walk calls f for the tags and fields of the line as long as they can be read,
// and reports whether it is one line of the protocol to its end. stamp is its
// timestamp, empty if there is none, and valid until the next call.
//
// A line without a field is refused first, for an error of the Decoder takes 6 µs.
// Invalid UTF-8 is looked for, as the Decoder's errors quote what it
// stands in, at 32 times its size; and so is a CR at the end, which is no part
// of the line's end any more but would be for a Decoder of the line alone.
func (d *influxDecoder) walk(line []byte, f visitor) (stamp []byte, ok bool) {
	if bytes.IndexByte(line, '=') < 0 || !utf8.Valid(line) || bytes.HasSuffix(line, []byte{'\r'}) {
		return nil, false
	}
	alone := len(line) > maxFed/2 || bytes.IndexByte(line, '\n') >= 0
	d.open(line, alone)
	stamp, ok = d.entry(f)
	if alone {
		ok = ok && !d.dec.Next()
	}
	if alone || !ok {
		d.dec = nil
	}
	return stamp, ok
}

// maxFed is how many bytes a Decoder reads before there is a new one: its
// buffer doubles whenever it has read as much as it holds, and never shrinks.
const maxFed = 64 << 10

// open makes the decoder ready to read the line; a line that stands alone has a
// decoder of its own.
func (d *influxDecoder) open(line []byte, alone bool) {
	if alone {
		d.dec = lineprotocol.NewDecoderWithBytes(line)
		return
	}
	d.fed += len(line)
	if d.dec == nil || d.fed > maxFed {
		d.dec, d.fed = lineprotocol.NewDecoder(&d.line), len(line)
	}
	d.line.set(line)
}

// entry reads the one entry that the decoder has before it.
func (d *influxDecoder) entry(f visitor) (stamp []byte, ok bool) {
	if !d.dec.Next() {
		return nil, false
	}
	name, err := d.dec.Measurement()
	if err != nil {
		return nil, false
	}
	d.name = append(d.name[:0], name...)
	for {
		name, value, err := d.dec.NextTag()
		if err != nil {
			return nil, false
		}
		if name == nil {
			break
		}
		f(name, lineprotocol.String, value)
	}
	for {
		name, kind, value, err := d.dec.NextFieldBytes()
		if err != nil {
			return nil, false
		}
		if name == nil {
			break
		}
		f(name, kind, value)
	}
	stamp, err = d.dec.TimeBytes()
	return stamp, err == nil
}
