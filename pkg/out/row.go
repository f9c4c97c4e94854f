package out

import (
	"math"
	"slices"

	"rtda/pkg/stream"
)

// A rowWriter appends the values of rows, each with what its format has before
// and behind it. A value that is the same as in the row before, which a
// maximum often is, is copied from there.
type rowWriter struct {
	columns []columnWriter
	style   numberStyle
	end     byte // stands behind each value
	room    int  // what a row takes at most
}

type columnWriter struct {
	lead     []byte   // stands before a value
	short    bool     // lead is in word: copying a fixed size is quicker
	word     [16]byte // what lead begins with
	none     []byte   // stands for a value that does not exist
	count    bool
	six      bool   // six digits, which has a way of its own
	bits     uint64 // the value written last
	from, to int    // where that is in dst; to is 0 where it is not
}

// newRowWriter writes values as lead, number, end; where there is none, it
// writes none between them, or nothing at all if that is nil.
func newRowWriter(l *Layout, style numberStyle, lead func(name string) string, none []byte, end byte) rowWriter {
	w := rowWriter{style: style, end: end}
	for _, c := range l.Columns {
		cw := columnWriter{lead: []byte(lead(c.Name)), count: c.Count}
		cw.six = style.prec == 6 && !style.plain && !c.Count
		if none != nil {
			cw.none = append(slices.Concat(cw.lead, none), end)
		}
		cw.short = copy(cw.word[:], cw.lead) == len(cw.lead)
		w.columns = append(w.columns, cw)
		w.room += len(cw.lead) + len(none) + numberRoom + 1
	}
	return w
}

// forget forgets the values written last: dst is another than then.
func (w *rowWriter) forget() {
	for c := range w.columns {
		w.columns[c].to = 0
	}
}

// append appends row i of the columns.
func (w *rowWriter) append(dst []byte, columns [][]float64, i int) []byte {
	dst = slices.Grow(dst, w.room)
	for c := range w.columns {
		col, x := &w.columns[c], columns[c][i]
		switch b := math.Float64bits(x); {
		case b == col.bits && col.to > 0:
			dst = again(dst, col.from, col.to)
			dst[len(dst)-1] = w.end // where it ended its row, something else stands behind it
		case x != x:
			dst = append(dst, col.none...)
		default:
			from := len(dst)
			if dst = col.appendLead(dst); col.six {
				dst = appendSix(dst, x)
			} else {
				dst = w.number(dst, x, col.count)
			}
			dst = append(dst, w.end)
			col.bits, col.from, col.to = b, from, len(dst)
		}
	}
	return dst
}

// again appends what stands in dst from … to−1 once more. Copying a fixed size
// is quicker; what is too much of it is overwritten.
func again(dst []byte, from, to int) []byte {
	n := len(dst)
	if to-from > 32 || cap(dst)-n < 32 {
		return append(dst, dst[from:to]...)
	}
	*(*[32]byte)(dst[n : n+32]) = *(*[32]byte)(dst[from : from+32])
	return dst[:n+to-from]
}

// appendLead appends lead to dst, which has numberRoom to spare behind it.
func (c *columnWriter) appendLead(dst []byte) []byte {
	if !c.short {
		return append(dst, c.lead...)
	}
	n := len(dst)
	*(*[16]byte)(dst[n : n+16]) = c.word
	return dst[:n+len(c.lead)]
}

func (w *rowWriter) number(dst []byte, x float64, count bool) []byte {
	if count {
		return appendCount(dst, x)
	}
	return w.style.append(dst, x)
}

// A head is what rows begin with: the time, if there is a clock, between lead
// and tail, and the key's label.
type head struct {
	clock, keyed bool
	lead, tail   string
	time         timeWriter
}

func newHead(l *Layout, lead, tail string) head {
	return head{clock: l.Clock, keyed: len(l.Keys) > 0, lead: lead, tail: tail}
}

func (h *head) append(dst []byte, rows *stream.Rows, i int) []byte {
	if h.clock {
		dst = append(dst, h.lead...)
		dst = h.time.append(dst, rows.Time[i])
		dst = append(dst, h.tail...)
	}
	if h.keyed {
		dst = append(dst, rows.Key[i].Label...)
	}
	return dst
}

// A labeler appends a key as a format writes it in its rows.
type labeler = func(dst []byte, parts []string) []byte

// labelParts is a labeler that appends name, text and end for each part.
func labelParts(keys []string, name func(key string) string, text func(dst []byte, s string) []byte, end string) labeler {
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
