package format

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"rtda/pkg/stream"
	"rtda/pkg/text"
)

// A row of the table is made in two steps. What can be done side by side, its
// cells, is done by a Formatter: they stand behind a mark, each with its end,
// none of which is ever part of a text. How wide columns are and when their
// names are due depends on what was written before, so an Aligner does that, in
// the order of the output.
const (
	markNames = 0x1d
	markRow   = 0x1e
	cellEnd   = 0x1f
)

// tableRows is the cells of aligned columns: those of text, with - where a value
// does not exist. A row without any value is no line.
type tableRows struct {
	names  []byte // how many cells are no values, and the names of all
	head   head
	values rowWriter
}

func newTable(l *Layout, precision int) Formatter {
	nothing, end := func(string) string { return "" }, string(rune(cellEnd))
	left := len(l.Keys) + len(l.Keep)
	if l.Clock {
		left++
	}
	return &tableRows{
		names:  []byte(string(rune(markNames)) + strconv.Itoa(left) + end + strings.Join(columnNames(l), end) + end + "\n"),
		head:   newHead(l, "", end, keyParts(l.Keys, nothing, text.AppendLogfmt, end), newKept(l, nothing, asText(text.AppendLogfmt), []byte("-"), end)),
		values: newRowWriter(l, roundedDigits(precision), nothing, []byte("-"), cellEnd),
	}
}

func (f *tableRows) Append(dst []byte, r *stream.Result) []byte {
	if r.Rows.N > 0 {
		dst = append(dst, f.names...)
	}
	f.values.forget()
	for i := range r.Rows.N {
		if !slices.ContainsFunc(r.Rows.Col, func(col []float64) bool { return !math.IsNaN(col[i]) }) {
			continue
		}
		dst = f.head.append(append(dst, markRow), &r.Rows, i)
		dst = append(f.values.append(dst, r.Rows.Col, i), '\n')
	}
	return dst
}

// An Aligner puts the cells of a table into columns. All else passes as it is.
//
// A column is as wide as the widest cell so far, so that what is written depends
// on the rows before alone and not on when they come. What does not fit into
// the width is left out from the right, column by column, and … stands for it.
type Aligner struct {
	size          func() (width, height int)
	left          int // columns of time and key, which begin at the left
	names         []tableCell
	widths        []int
	lines         int // from the names on, those that pass too
	named         bool
	out           []byte
	width, height int
	cells         []tableCell
}

type tableCell struct {
	text  string
	width int
}

// NewAligner is an Aligner for the room that size tells, in characters, with
// each call of Align; 0 is any.
func NewAligner(size func() (width, height int)) *Aligner { return &Aligner{size: size} }

// Align is the whole lines of b, aligned; valid until the next call.
func (a *Aligner) Align(b []byte) []byte {
	a.width, a.height = a.size()
	a.out = a.out[:0]
	for rest := string(b); rest != ""; {
		line := rest
		if end := strings.IndexByte(rest, '\n') + 1; end > 0 {
			line = rest[:end]
		}
		rest = rest[len(line):]
		switch line[0] {
		case markNames:
			if a.names == nil {
				a.begin(a.split(line))
			}
		case markRow:
			a.row(a.split(line))
		default:
			a.out = append(a.out, line...)
			a.lines++
		}
	}
	return a.out
}

func (a *Aligner) begin(cells []tableCell) {
	a.left, _ = strconv.Atoi(cells[0].text)
	for _, cell := range cells[1:] {
		a.names = append(a.names, tableCell{strings.Clone(cell.text), cell.width})
	}
	for i, name := range a.names {
		width := name.width
		if i >= a.left {
			width = max(width, numberWidth)
		}
		a.widths = append(a.widths, width)
	}
}

// numberWidth is how wide columns of numbers are at least: most have six digits,
// a point and perhaps a sign.
const numberWidth = 8

// split is the cells of a line, valid until the next.
func (a *Aligner) split(line string) []tableCell {
	a.cells = a.cells[:0]
	for rest := line[1 : len(line)-1]; rest != ""; {
		end := strings.IndexByte(rest, cellEnd)
		a.cells = append(a.cells, tableCell{rest[:end], text.Width(rest[:end])})
		rest = rest[end+1:]
	}
	return a.cells
}

// row appends a row, and before it the names where they are due.
func (a *Aligner) row(cells []tableCell) {
	for i := range cells {
		a.widths[i] = max(a.widths[i], cells[i].width)
	}
	if !a.named || a.height > 2 && a.lines >= a.height-1 {
		a.named, a.lines = true, 0
		a.line(a.names)
	}
	a.line(cells)
}

func (a *Aligner) line(cells []tableCell) {
	a.lines++
	room := a.width
	for i := range cells {
		cell := &cells[i]
		between, width := 0, a.widths[i]
		if i > 0 {
			between = 2
		}
		rest := 0 // what must be left for …
		if i < len(cells)-1 {
			rest = 2
		}
		if a.width > 0 && between+width+rest > room {
			a.tail(cell.text, room, i)
			break
		}
		room -= between + width
		a.out = append(a.out, "  "[:between]...)
		pad := width - cell.width
		if i >= a.left {
			a.pad(pad)
		}
		a.out = append(a.out, cell.text...)
		if i < a.left && i < len(cells)-1 {
			a.pad(pad)
		}
	}
	a.out = append(a.out, '\n')
}

// tail ends a line before a cell that does not fit. Of time and key, without
// which a row says nothing, the beginning stays.
func (a *Aligner) tail(cell string, room, i int) {
	if i > 0 {
		a.out, room = append(a.out, ' '), room-1
	}
	if i < a.left && room > 2 {
		if i > 0 {
			a.out, room = append(a.out, ' '), room-1
		}
		a.out = append(a.out, text.CutWidth(cell, room-1)...)
	}
	if room > 0 {
		a.out = append(a.out, "…"...)
	}
}

const blanks = "                                "

func (a *Aligner) pad(n int) {
	for ; n > len(blanks); n -= len(blanks) {
		a.out = append(a.out, blanks...)
	}
	a.out = append(a.out, blanks[:n]...)
}
