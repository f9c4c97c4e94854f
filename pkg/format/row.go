package format

import (
	"encoding/binary"
	"math"
	"slices"

	"rtda/pkg/clock"
	"rtda/pkg/num"
	"rtda/pkg/parse"
	"rtda/pkg/stream"
)

// A rowWriter appends the values of rows, each with what its format has before
// and behind it. A value that is the same as in the row before, which a
// maximum often is, is copied from there.
type rowWriter struct {
	columns []columnWriter
	digits
	end  byte // stands behind each value
	room int  // what a row touches at most
}

type columnWriter struct {
	lead       []byte    // stands before a value
	word       [2]uint64 // the first 16 bytes of it, which are quicker to write
	none       []byte    // stands for a value that does not exist
	count      bool
	six        *num.SixWriter // for up to six digits; nil for others
	bits       uint64         // the value written last
	from, size int            // where that is in dst; size is 0 where it is not
}

// newRowWriter writes values as lead, number, end; where there is none, it
// writes none between them, or nothing at all if that is nil.
func newRowWriter(l *Layout, number digits, lead func(name string) string, none []byte, end byte) rowWriter {
	w := rowWriter{digits: number, end: end, room: pieceSize}
	for _, c := range l.Columns {
		cw := columnWriter{lead: []byte(lead(c.Name)), count: c.Count}
		if number.six > 0 && !c.Count {
			cw.six = num.NewSixWriter(number.six)
		}
		if none != nil {
			cw.none = append(slices.Concat(cw.lead, none), end)
		}
		w.room += len(cw.lead) + len(none) + num.Room + 1
		first := append(slices.Clone(cw.lead), make([]byte, 16)...)
		cw.word = [2]uint64{binary.LittleEndian.Uint64(first), binary.LittleEndian.Uint64(first[8:])}
		w.columns = append(w.columns, cw)
	}
	return w
}

// forget forgets the values written last: dst is another than then.
func (w *rowWriter) forget() {
	for c := range w.columns {
		w.columns[c].size = 0
	}
}

// append appends row i of the columns.
func (w *rowWriter) append(dst []byte, columns [][]float64, i int) []byte {
	dst = slices.Grow(dst, w.room)
	b, n := dst[:cap(dst)], len(dst)
	for c := range w.columns {
		col, x := &w.columns[c], columns[c][i]
		bits := math.Float64bits(x)
		if bits == col.bits && col.size > 0 {
			copyPiece(b[n:], b[col.from:])
			if col.size > pieceSize {
				copy(b[n+pieceSize:], b[col.from+pieceSize:col.from+col.size])
			}
			n += col.size
			b[n-1] = w.end // where it ended its row, something else stands behind it
			continue
		}
		if x != x {
			n += copy(b[n:], col.none)
			continue
		}
		col.bits, col.from = bits, n
		word := b[n : n+16]
		binary.LittleEndian.PutUint64(word, col.word[0])
		binary.LittleEndian.PutUint64(word[8:], col.word[1])
		if len(col.lead) > 16 {
			copy(b[n:], col.lead)
		}
		n += len(col.lead)
		size := 0
		if col.six != nil {
			size = col.six.Put((*[num.Room]byte)(b[n:]), x)
		} else if w.shortest {
			size = num.PutShortest((*[num.Room]byte)(b[n:]), x)
		}
		if size == 0 {
			if col.count {
				size = len(num.AppendCount(b[n:n], x))
			} else {
				size = len(w.digits.append(b[n:n], x))
			}
		}
		n += size
		b[n] = w.end
		n++
		col.size = n - col.from
	}
	return dst[:n]
}

// pieceSize is how many bytes are copied at once, which is quicker than by
// their length; what is too much is overwritten.
const pieceSize = 32

// copyPiece copies pieceSize bytes. Of an array as a whole the compiler makes a
// call that minds whether the two overlap.
func copyPiece(dst, src []byte) {
	dst, src = dst[:pieceSize], src[:pieceSize]
	le := binary.LittleEndian
	x, y, z, w := le.Uint64(src), le.Uint64(src[8:]), le.Uint64(src[16:]), le.Uint64(src[24:])
	le.PutUint64(dst, x)
	le.PutUint64(dst[8:], y)
	le.PutUint64(dst[16:], z)
	le.PutUint64(dst[24:], w)
}

// digits is how the values of a format are written.
type digits struct {
	append   func(dst []byte, x float64) []byte
	six      int  // most are written by a SixWriter of so many digits; 0: by none
	shortest bool // append is num.AppendShortest
}

// roundedDigits are for people: 6 digits, or as many as precision says.
func roundedDigits(precision int) digits {
	if precision == 0 {
		return digits{append: num.AppendSix, six: 6}
	}
	return someDigits(precision, num.AppendSig)
}

// allDigits are for programs: all that tell a number from its neighbours, or
// as many as precision says.
func allDigits(precision int) digits {
	if precision == 0 {
		return digits{append: num.AppendShortest, shortest: true}
	}
	return someDigits(precision, num.AppendRounded)
}

func someDigits(n int, write func(dst []byte, x float64, n int) []byte) digits {
	d := digits{append: func(dst []byte, x float64) []byte { return write(dst, x, n) }}
	if n <= 6 {
		d.six = n
	}
	return d
}

// A head is what rows begin with: the time, if there is a clock, between lead
// and tail, the key and what is kept of other fields.
type head struct {
	any, clock, keyed bool
	lead, tail        string
	time              clock.Writer
	labels            labels
	kept              kept
}

func newHead(l *Layout, lead, tail string, key labeler, kept kept) head {
	h := head{clock: l.Clock, keyed: len(l.Keys) > 0, time: clock.NewWriter(l.Zone), lead: lead, tail: tail, labels: labels{write: key}, kept: kept}
	h.any = h.clock || h.keyed || len(l.Keep) > 0
	return h
}

func (h *head) append(dst []byte, rows *stream.Rows, i int) []byte {
	if h.any { // a call less for plain rows
		return h.appendParts(dst, rows, i)
	}
	return dst
}

func (h *head) appendParts(dst []byte, rows *stream.Rows, i int) []byte {
	if h.clock {
		dst = append(dst, h.lead...)
		dst = h.time.Append(dst, rows.Time[i])
		dst = append(dst, h.tail...)
	}
	if h.keyed {
		dst = h.labels.append(dst, rows.Key[i])
	}
	for k := range rows.Kept {
		dst = h.kept.append(dst, k, rows.Kept[k][i])
	}
	return dst
}

// A kept says how a format writes fields as they stood: name, text and end, or
// none for one that is absent, with name and end if none is not nil.
type kept struct {
	names []string
	text  func(dst []byte, t parse.Text) []byte
	none  []byte
	end   string
}

func newKept(l *Layout, name func(field string) string, text func(dst []byte, t parse.Text) []byte, none []byte, end string) kept {
	k := kept{text: text, none: none, end: end}
	for _, field := range l.Keep {
		k.names = append(k.names, name(field))
	}
	return k
}

func (k *kept) append(dst []byte, i int, t parse.Text) []byte {
	switch {
	case t.B != nil:
		dst = k.text(append(dst, k.names[i]...), t)
	case k.none != nil:
		dst = append(append(dst, k.names[i]...), k.none...)
	default:
		return dst
	}
	return append(dst, k.end...)
}

// asText is for formats in which all that is kept is a text.
func asText(write func(dst []byte, s string) []byte) func([]byte, parse.Text) []byte {
	return func(dst []byte, t parse.Text) []byte { return write(dst, string(t.B)) }
}

// A labeler appends a key as a format writes it in its rows.
type labeler = func(dst []byte, parts []string) []byte

// keyParts is a labeler that appends name, text and end for each part.
func keyParts(keys []string, name func(key string) string, text func(dst []byte, s string) []byte, end string) labeler {
	names := make([]string, len(keys))
	for i, key := range keys {
		names[i] = name(key)
	}
	return func(dst []byte, parts []string) []byte {
		for i, part := range parts {
			dst = text(append(dst, names[i]...), part)
			dst = append(dst, end...)
		}
		return dst
	}
}

// labels writes keys, and remembers what it wrote: a short label of each of the
// first 4096 keys, or of the last one of those that share a place.
type labels struct {
	write labeler
	kept  []label // by the key's ID
}

type label struct {
	key  *stream.Key
	text []byte
}

const (
	maxLabels = 4096 // a power of two
	maxLabel  = 128  // bytes
)

func (l *labels) append(dst []byte, key *stream.Key) []byte {
	at := int(key.ID) & (maxLabels - 1)
	if at >= len(l.kept) {
		l.kept = append(l.kept, make([]label, max(at+1, min(2*at, maxLabels))-len(l.kept))...)
	}
	kept := &l.kept[at]
	if kept.key == key {
		return append(dst, kept.text...)
	}
	start := len(dst)
	dst = l.write(dst, key.Parts)
	if len(dst)-start <= maxLabel {
		kept.key, kept.text = key, append(kept.text[:0], dst[start:]...)
	}
	return dst
}
