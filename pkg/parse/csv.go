package parse

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
)

// A csvDecoder reads lines of comma-separated values as encoding/csv does, but
// that a quoted cell ends on its line. The lines of a file that it can split by
// itself, those without a quote, cost it no allocation.
type csvDecoder struct {
	table
	sep    byte
	cells  [][]byte
	quoted *quotedReader // nil until it is needed
}

func newCSV(s *Schema) decoder { return &csvDecoder{table: newTable(s), sep: s.cfg.Sep} }

func (d *csvDecoder) decode(r *record, line []byte) {
	if !d.split(line, len(d.head.names)) || !d.fits(d.cells) {
		r.fail(NotRecord, line)
		return
	}
	d.row(r, d.cells)
}

func (d *csvDecoder) numbers(line []byte) []string {
	if !d.split(line, len(d.head.names)) || !d.fits(d.cells) {
		return nil
	}
	return d.numberNames(d.cells)
}

func (d *csvDecoder) enterHeader(line []byte) (any, error) {
	if !d.split(line, maxColumns) {
		return nil, fmt.Errorf("the header cannot be read: a quote is out of place or there are more than %d columns", maxColumns)
	}
	return d.enter(d.cells)
}

// split cuts a line into d.cells, which are valid until the next call. It is
// false for what is not a line of csv, or has more than max cells.
func (d *csvDecoder) split(line []byte, max int) (ok bool) {
	if bytes.IndexByte(line, '"') < 0 {
		d.cells, ok = splitCells(d.cells[:0], line, d.sep, max)
		return ok
	}
	if len(line) > max && countCells(line, d.sep) > max {
		return false
	}
	if d.quoted == nil {
		d.quoted = newQuotedReader(d.sep)
	}
	d.cells, ok = d.quoted.split(d.cells[:0], line)
	if len(line) > maxKept {
		d.quoted = nil
	}
	return ok
}

// splitCells appends the stretches between the separators to cells, as long as
// they are at most max, and reports whether that was all of them.
func splitCells(cells [][]byte, line []byte, sep byte, max int) ([][]byte, bool) {
	for len(cells) < max {
		i := bytes.IndexByte(line, sep)
		if i < 0 {
			return append(cells, line), true
		}
		cells = append(cells, line[:i])
		line = line[i+1:]
	}
	return cells, false
}

// countCells is the number of cells of a line with quotes, if it is one: it is
// what keeps encoding/csv from making millions of them.
func countCells(line []byte, sep byte) int {
	n, quoted := 1, false
	for _, c := range line {
		switch c {
		case '"':
			quoted = !quoted
		case sep:
			if !quoted {
				n++
			}
		}
	}
	return n
}

// maxKept is how long a line may be for the buffers that it needed to be kept.
const maxKept = 64 << 10

// A quotedReader splits single lines by encoding/csv.
type quotedReader struct {
	line lineReader
	csv  *csv.Reader
	buf  []byte // the cells, one behind the other
}

func newQuotedReader(sep byte) *quotedReader {
	q := &quotedReader{}
	q.csv = csv.NewReader(&q.line)
	q.csv.Comma = rune(sep)
	q.csv.FieldsPerRecord = -1
	q.csv.ReuseRecord = true
	return q
}

// split appends the cells of the line to cells. It is false if the line is
// none, or, where records end in NUL, more than one.
func (q *quotedReader) split(cells [][]byte, line []byte) ([][]byte, bool) {
	q.line.set(line)
	record, err := q.csv.Read()
	if err != nil || bytes.IndexByte(line, '\n') >= 0 && !q.drain() {
		q.drain()
		return cells, false
	}
	q.buf = q.buf[:0]
	for _, s := range record {
		q.buf = append(q.buf, s...)
	}
	rest := q.buf
	for _, s := range record {
		cells = append(cells, rest[:len(s)])
		rest = rest[len(s):]
	}
	return cells, true
}

// drain reads up to the end of the line, so that the reader is as good as new,
// and reports whether it was there already.
func (q *quotedReader) drain() bool {
	for n := 0; ; n++ {
		_, err := q.csv.Read()
		if _, bad := err.(*csv.ParseError); err != nil && !bad {
			return n == 0
		}
	}
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

// A tsvDecoder reads lines of tab-separated values. A backslash with n, t, r
// or another backslash behind it is the character that it names; before others
// it is itself, as quotes are.
type tsvDecoder struct {
	table
	cells [][]byte
	buf   []byte // cells without their backslashes
}

func newTSV(s *Schema) decoder { return &tsvDecoder{table: newTable(s)} }

func (d *tsvDecoder) decode(r *record, line []byte) {
	if !d.split(line, len(d.head.names)) || !d.fits(d.cells) {
		r.fail(NotRecord, line)
		return
	}
	d.row(r, d.cells)
}

func (d *tsvDecoder) numbers(line []byte) []string {
	if !d.split(line, len(d.head.names)) || !d.fits(d.cells) {
		return nil
	}
	return d.numberNames(d.cells)
}

func (d *tsvDecoder) enterHeader(line []byte) (any, error) {
	if !d.split(line, maxColumns) {
		return nil, fmt.Errorf("the header cannot be read: there are more than %d columns", maxColumns)
	}
	return d.enter(d.cells)
}

// split cuts a line into d.cells, which are valid until the next call. It is
// false if there are more than max.
func (d *tsvDecoder) split(line []byte, max int) (ok bool) {
	d.cells, ok = splitCells(d.cells[:0], line, '\t', max)
	if !ok || bytes.IndexByte(line, '\\') < 0 {
		return ok
	}
	if cap(d.buf) > maxKept {
		d.buf = nil
	}
	d.buf = append(d.buf[:0], line...)
	d.cells, _ = splitCells(d.cells[:0], d.buf, '\t', max)
	for i, c := range d.cells {
		d.cells[i] = unescapeTSV(c)
	}
	return true
}

// unescapeTSV puts what they mean in the place of a cell's backslashes, and
// returns the cell, which has become shorter.
func unescapeTSV(cell []byte) []byte {
	n := 0
	for i := 0; i < len(cell); i++ {
		c := cell[i]
		if c == '\\' && i+1 < len(cell) {
			if e := tsvEscapes[cell[i+1]]; e != 0 {
				c = e
				i++
			}
		}
		cell[n] = c
		n++
	}
	return cell[:n]
}

var tsvEscapes = [256]byte{'n': '\n', 't': '\t', 'r': '\r', '\\': '\\'}
