package parse

import "bytes"

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
	d.split(line)
	if len(d.cells) != len(d.head.names) {
		r.fail(NotRecord, line)
		return
	}
	d.row(r, d.cells)
}

func (d *tsvDecoder) numbers(line []byte) []string {
	d.split(line)
	if len(d.cells) != len(d.head.names) {
		return nil
	}
	return d.numberNames(d.cells)
}

func (d *tsvDecoder) enterHeader(line []byte) (any, error) {
	d.split(line)
	return d.enter(d.cells)
}

// split cuts a line into d.cells, which are valid until the next call.
func (d *tsvDecoder) split(line []byte) {
	d.cells = splitCells(d.cells[:0], line, '\t')
	if bytes.IndexByte(line, '\\') < 0 {
		return
	}
	if cap(d.buf) > maxKept {
		d.buf = nil
	}
	d.buf = append(d.buf[:0], line...)
	d.cells = splitCells(d.cells[:0], d.buf, '\t')
	for i, c := range d.cells {
		d.cells[i] = unescapeTSV(c)
	}
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
