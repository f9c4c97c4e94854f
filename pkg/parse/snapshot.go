package parse

import (
	"bytes"
	"slices"
	"unicode/utf8"

	"rtda/pkg/num"
)

// A Place is how far an Origin has been taken and what its lines up to there have
// fixed. The Schema may know more already: blocks that were read later.
type Place struct {
	End int64 // bytes, as Block.End

	long   bool // in a line that is too long
	format *Format
	known  bool // the fields
	header *header
	above  [][]byte
	kinds  []unitKind
}

// Take tells the Origin of b that all its lines have been taken, of which there
// are so many. It is for whoever has the stream's turn.
func (b *Block) Take(lines int) {
	b.Origin.Lines += lines
	b.Origin.Place = b.after
}

// place is where b ends, once the Schema has taken notice of it.
func (s *Schema) place(b *Block) Place {
	p := Place{End: b.End, long: b.TooLong, format: s.format, known: s.known, header: b.Origin.header, above: b.Origin.above}
	if s.cfg.Units {
		p.kinds = slices.Clone(s.kinds)
	}
	return p
}

// Append appends what is fixed at a place: the format, and the names and units of
// the fields.
func (s *Schema) Append(dst []byte, at *Place) []byte {
	if dst = num.AppendBool(dst, at.format != nil); at.format == nil {
		return dst
	}
	dst = num.AppendText(dst, at.format.Name)
	if dst = num.AppendBool(dst, at.known); !at.known {
		return dst
	}
	dst = num.AppendUint(dst, uint64(s.Shown))
	dst = num.AppendUint(dst, uint64(len(s.Fields)))
	for i, name := range s.Fields {
		dst = num.AppendText(dst, name)
		kind := noUnit
		if i < len(at.kinds) {
			kind = at.kinds[i]
		}
		dst = num.AppendUint(dst, uint64(kind))
	}
	return dst
}

// Restore makes a Schema that NewSchema has made know what Append wrote. What does
// not go with its Config makes the decoder fail. It returns the place of which that is
// known, for an input that has not been read.
func (s *Schema) Restore(d *num.Decoder) (at Place) {
	if !d.Bool() {
		return at
	}
	f := formatNamed(d.Text())
	if f == nil || f.decoder == nil || s.format != nil && s.format != f {
		d.Fail()
		return at
	}
	if s.format == nil {
		s.decide(f)
	}
	if at.format = f; !d.Bool() {
		return at
	}
	shown := int(d.Uint())
	var names []string
	kinds := map[string]unitKind{}
	for range d.Count(2) {
		name := d.Text()
		names = append(names, name)
		kinds[name] = unitKind(d.Index(int(kindsOfUnits)))
	}
	if shown > len(names) || s.known && !slices.Equal(names[:shown], s.Fields[:s.Shown]) {
		d.Fail()
	}
	if d.Err() != nil {
		return at
	}
	if !s.known {
		s.setFields(names[:shown])
		s.known, s.chosen = true, true
		s.prepare()
	}
	for i, name := range s.Fields {
		s.kinds[i] = kinds[name]
	}
	at.known = true
	if s.cfg.Units {
		at.kinds = slices.Clone(s.kinds)
	}
	return at
}

// IsKey reports whether a record may have the key: the parts are as many as the key's
// fields, and text.
func (s *Schema) IsKey(key []byte) bool {
	parts := bytes.Split(key, []byte{KeySep})
	return len(parts) == max(1, len(s.cfg.Keys)) && !slices.ContainsFunc(parts, func(p []byte) bool { return !utf8.Valid(p) })
}

// Append appends how far the Origin has been taken, and its header there.
func (o *Origin) Append(dst []byte) []byte {
	dst = num.AppendText(dst, o.Name)
	dst = num.AppendUint(dst, uint64(o.Lines))
	dst = num.AppendBool(num.AppendInt(dst, o.Place.End), o.Place.long)
	h := o.Place.header
	if dst = num.AppendBool(dst, h != nil); h != nil {
		dst = appendLines(num.AppendBool(dst, h.names != nil), h.names)
		dst = appendLines(dst, h.above)
	}
	return appendLines(dst, o.Place.above)
}

// Restore makes an Origin that has not been read be where Append found it. Who reads
// it has to begin there: Open and Within have to see to that.
func (o *Origin) Restore(d *num.Decoder) {
	o.Name = d.Text()
	o.Lines = int(d.Uint())
	o.Place = Place{End: d.Int(), long: d.Bool()}
	if d.Bool() {
		named := d.Bool()
		names := decodeLines[string](d)
		if len(names) > maxColumns || !named && len(names) > 0 {
			d.Fail()
			return
		}
		if !named {
			names = nil
		}
		o.Place.header = newHeader(names)
		o.Place.header.above = decodeLines[[]byte](d)
	}
	o.Place.above = decodeLines[[]byte](d)
	if o.Lines < 0 || o.Place.End < 0 || len(o.Place.above) > maxAbove {
		d.Fail()
	}
	o.header, o.above = o.Place.header, o.Place.above
}

func appendLines[T string | []byte](dst []byte, lines []T) []byte {
	dst = num.AppendUint(dst, uint64(len(lines)))
	for _, line := range lines {
		dst = num.AppendText(dst, line)
	}
	return dst
}

func decodeLines[T string | []byte](d *num.Decoder) (lines []T) {
	for range d.Count(1) {
		lines = append(lines, T(d.Text()))
	}
	return lines
}
