package format

import (
	"strconv"

	"rtda/pkg/stream"
	"rtda/pkg/text"
)

// OneToOneNames are names that rows of NewOneToOne have for themselves; they
// are to be taken in Name.
var OneToOneNames = []string{"error", "errors", "alerts"}

// oneToOne is a line out for every line in: a record's row as an object, with
// the alerts of its evaluation and the values of it that could not be used
// inside, and {"error":{"reason":"not-json","line":3}} for a line that is no
// record.
type oneToOne struct {
	rows  *jsonLines
	notes *Context
}

// NewOneToOne is the Formatter for hosts that want a line for each line. It
// has the whole of the Result's notes in what it writes, so ctx's AppendNote
// is not to be called with them. An alert belongs to the next row; one that no
// row follows has no line to be in.
func NewOneToOne(l Layout, ctx *Context, precision int) Formatter {
	return &oneToOne{newJSONLines(&l, precision), ctx}
}

func (f *oneToOne) Append(dst []byte, r *stream.Result) []byte {
	f.rows.values.forget()
	from := 0 // notes before it are told
	for i := range r.Rows.N {
		to := from
		for to < len(r.Notes) && r.Notes[to].Row <= i {
			to++
		}
		notes := r.Notes[from:to]
		from = to
		dst = f.lines(dst, notes)
		dst = f.rows.row(dst, &r.Rows, i)
		dst = f.list(dst, `"errors":[`, notes, isValue, f.failure)
		dst = f.list(dst, `"alerts":[`, notes, isAlert, f.notes.alertJSON)
		dst = append(dst, '}', '\n')
	}
	return f.lines(dst, r.Notes[from:])
}

func isAlert(n *stream.Note) bool { return n.Alert != nil }
func isValue(n *stream.Note) bool { return n.Alert == nil && n.Value }
func isLine(n *stream.Note) bool  { return n.Alert == nil && !n.Value }

// lines appends a line for each note of a line that gave no row.
func (f *oneToOne) lines(dst []byte, notes []stream.Note) []byte {
	for i := range notes {
		if isLine(&notes[i]) {
			dst = f.failure(append(dst, `{"error":`...), &notes[i])
			dst = append(dst, '}', '\n')
		}
	}
	return dst
}

// failure appends {"reason":"not-json","line":3}, with file where there are
// several.
func (f *oneToOne) failure(dst []byte, n *stream.Note) []byte {
	dst = append(append(dst, `{"reason":"`...), n.Reason.String()...)
	dst = append(dst, '"')
	if name := f.notes.file(n); name != "" {
		dst = text.AppendJSON(append(dst, `,"file":`...), name)
	}
	return append(strconv.AppendInt(append(dst, `,"line":`...), int64(n.Line), 10), '}')
}

// list appends to a row the notes of one kind as a list, if there are any.
func (f *oneToOne) list(dst []byte, name string, notes []stream.Note,
	is func(*stream.Note) bool, write func([]byte, *stream.Note) []byte) []byte {
	first := true
	for i := range notes {
		switch {
		case !is(&notes[i]):
			continue
		case !first:
			dst = append(dst, ',')
		default:
			if dst[len(dst)-1] != '{' {
				dst = append(dst, ',')
			}
			dst, first = append(dst, name...), false
		}
		dst = write(dst, &notes[i])
	}
	if first {
		return dst
	}
	return append(dst, ']')
}
