package parse

import (
	"bytes"
	"fmt"
)

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
