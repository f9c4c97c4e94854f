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
	slots       *slots
	measurement int  // slot of the name measurement, -1 if it is not used
	stamped     bool // the line's timestamp is the time
	line        lineReader
	dec         *lineprotocol.Decoder // nil: a new one is needed
	fed         int                   // bytes that dec has read
	name        []byte                // the line's measurement
}

func newInflux(s *Schema) decoder {
	d := &influxDecoder{slots: newSlots(s)}
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
		return
	}
	if d.measurement >= 0 && !d.slots.seen[d.measurement] {
		r.put(&d.slots.all[d.measurement], d.name, str)
	}
	if d.stamped && len(stamp) > 0 {
		if ns, ok := clock.ParseUnix(stamp, clock.Auto, '.'); ok {
			r.setTime(ns, clock.Moment)
		} else {
			r.fail(BadTime, stamp)
		}
	}
}

func (d *influxDecoder) numbers(line []byte) (names []string) {
	_, ok := d.walk(line, func(name []byte, kind lineprotocol.ValueKind, value []byte) {
		if kindOf(kind, value) == untyped {
			names = append(names, string(name))
		}
	})
	if !ok {
		return nil
	}
	return names
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
// Invalid UTF-8 is looked for first, as the Decoder's errors quote what it
// stands in, at 32 times its size; and so is a CR at the end, which is no part
// of the line's end any more but would be for a Decoder of the line alone.
func (d *influxDecoder) walk(line []byte, f visitor) (stamp []byte, ok bool) {
	if !utf8.Valid(line) || bytes.HasSuffix(line, []byte{'\r'}) {
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
