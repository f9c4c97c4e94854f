package parse

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"rtda/pkg/num"
)

// A header is the names of the columns of an Origin. It never changes.
type header struct {
	names []string       // nil: columns go by number alone
	col   map[string]int // the first column of the name
	above [][]byte       // lines of cols above it, which are nothing when they come again
}

// newHeader makes a header of the names.
func newHeader(names []string) *header {
	h := &header{names: names, col: map[string]int{}}
	for i, name := range slices.Backward(names) {
		h.col[name] = i
	}
	return h
}

// column is the column of the name, -1 if there is none: `$1` is the first, if
// none is named so.
func (h *header) column(name string) int {
	if i, ok := h.col[name]; ok {
		return i
	}
	if i, ok := columnNumber(name); ok {
		return i
	}
	return -1
}

// columnNumber is the column that a name like `$1` stands for.
func columnNumber(name string) (i int, ok bool) {
	digits, ok := strings.CutPrefix(name, "$")
	if n, err := strconv.Atoi(digits); ok && err == nil && n > 0 && n <= maxColumns && digits[0]-'1' <= 8 {
		return n - 1, true
	}
	return 0, false
}

// maxColumns is how many columns a header may have. What a hostile one costs
// is some MiB then.
const maxColumns = 1 << 16

// maxKept is how long a line may be for the buffers that it needed to be kept.
const maxKept = 64 << 10

// A table reads rows of cells under a header: what csv, tsv and cols have in
// common. How rows of csv and tsv are read stands in rows.go.
type table struct {
	s     *Schema
	slots *slots
	style cellStyle
	sep   byte
	head  *header
	at    []*slot // by column, up to the last that is used; nil where it is not
	most  int     // cells that a row may have with something in them

	scan    scanner
	size    int      // bytes that are read at once
	streak  int      // rows that are tried column by column
	planned bool     // what follows is that of the header
	direct  bool     // rows can be read column by column
	wanted  []wanted // the columns that are
	absent  []int    // fields that the header does not have
	buf     []byte   // a cell without its doubled quotes or backslashes
}

// A cellStyle says what is a cell.
type cellStyle uint8

const (
	csvCells  cellStyle = iota // between separators, maybe in quotes
	tsvCells                   // between tabs, with backslashes
	colsCells                  // between runs of blanks
)

func newCSV(s *Schema) decoder  { return newTable(s, csvCells, s.cfg.Sep) }
func newTSV(s *Schema) decoder  { return newTable(s, tsvCells, '\t') }
func newCols(s *Schema) decoder { return newTable(s, colsCells, ' ') }

func newTable(s *Schema, style cellStyle, sep byte) *table {
	return &table{s: s, slots: newSlots(s), style: style, sep: sep, scan: newScanner(style, sep, s.end), size: minPiece, streak: 1}
}

// useHeader makes h the header of the rows that come.
func (t *table) useHeader(h *header) {
	if t.head == h {
		return
	}
	t.head, t.at, t.planned = h, t.at[:0], false
	for i := range t.slots.all {
		p := &t.slots.all[i]
		p.next = nil
		if col := h.column(p.name); col >= 0 {
			for len(t.at) <= col {
				t.at = append(t.at, nil)
			}
			p.next, t.at[col] = t.at[col], p
		}
	}
	if t.most = len(h.names); t.most == 0 {
		t.most = math.MaxInt
	}
}

// words reads a row of cols. The last name of the header takes the rest of the line.
func (t *table) words(r *record, line []byte) {
	names, n, uneven := len(t.head.names), 0, false
	for i := wordStart(line, 0); i < len(line); i = wordStart(line, i) {
		end := wordEnd(line, i)
		if n == names-1 {
			uneven = len(num.Trim(line[end:])) > 0
			end = len(line)
		}
		if n < len(t.at) && t.at[n] != nil {
			r.put(t.at[n], num.Trim(line[i:end]), untyped)
		}
		i = end
		n++
	}
	switch {
	case n == 0:
		r.fail(NotRecord, line)
	case names == 0 || n == names && !uneven:
	case slices.ContainsFunc(t.head.above, func(above []byte) bool { return string(num.Trim(line)) == string(above) }):
		r.ignore()
	case !r.batch.told[Uneven]:
		cells, _ := t.split(line)
		t.tellUneven(r, len(cells))
	}
}

// wordStart is the index of the first byte from b[i] on that is neither a blank
// nor a control character, or of the end.
func wordStart(b []byte, i int) int {
	for i < len(b) && b[i] <= ' ' {
		i++
	}
	return i
}

// tellUneven tells of a row that has not as many cells as the header.
func (t *table) tellUneven(r *record, cells int) {
	used := max(0, slices.IndexFunc(t.at, func(p *slot) bool { return p != nil }))
	text := fmt.Sprintf("%d cells under %d names (name them by number: $%d)", cells, len(t.head.names), used+1)
	r.batch.tellOnce(Uneven, r.line, []byte(text))
}

// split is the cells of a line; ok is false if it is none, or has too many.
func (t *table) split(line []byte) (cells []string, ok bool) {
	if t.style == colsCells {
		for i := wordStart(line, 0); i < len(line); i = wordStart(line, i) {
			end := wordEnd(line, i)
			cells, i = append(cells, string(line[i:end])), end
		}
		return cells, len(cells) > 0 && len(cells) <= maxColumns
	}
	p := t.pieceOf(line, true)
	n, ok := p.row(0)
	if !ok || n > maxColumns {
		return nil, false
	}
	for j := range n {
		cells = append(cells, string(num.Trim(t.text(&p, j+1))))
	}
	return cells, true
}

func (t *table) fields(line []byte, f func(name []byte, isNumber bool)) {
	cells, ok := t.split(line)
	if !ok {
		return
	}
	for i, name := range t.head.names {
		if name != "" && i < len(cells) && cells[i] != "" {
			f([]byte(name), t.s.isNumber([]byte(cells[i]), untyped))
		}
	}
}

// all is the names that the user named, each once.
func (s *Schema) all() (names []string) {
	for _, f := range slices.Concat(s.cfg.Fields, s.cfg.Extra) {
		names = append(names, s.cfg.path(f))
	}
	names = slices.Concat(names, s.cfg.Keys, s.cfg.Texts)
	if !s.cfg.NoTime {
		names = append(names, s.cfg.Time, s.cfg.Time2)
	}
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(name string) bool { return name == "" })
}

// named is all but those that stand for a column by its number: a header must
// have them.
func (s *Schema) named() []string {
	return slices.DeleteFunc(s.all(), func(name string) bool {
		_, ok := columnNumber(name)
		return ok
	})
}

// checkNames says which of the names that the user named Config.Names does not
// have, or has twice.
func (s *Schema) checkNames() error {
	used := s.named()
	if len(s.cfg.Fields) == 0 && !s.cfg.Count {
		used = append(used, s.cfg.Names...) // any may come to be measured
	}
	for _, name := range used {
		i := slices.Index(s.cfg.Names, name)
		switch {
		case i < 0:
			return fmt.Errorf("--names has no column %s", quoteName(name))
		case slices.Contains(s.cfg.Names[i+1:], name):
			return fmt.Errorf("--names has two columns %s", quoteName(name))
		}
	}
	return nil
}

// numbered reports whether all that the user names are columns by number, so
// that there is no header.
func (s *Schema) numbered() bool {
	return len(s.named()) == 0 && len(s.all()) > 0
}

// readHeader makes a header of a line, which is the first of its Origin. It is
// nil where the line is not it yet, which above then holds.
//
// It is an error if a name that the user named is missing, or if one that is
// used is there twice; as long as the fields are not known all are used. A
// field that an earlier Origin had and nobody named may be missing.
func (t *table) readHeader(line []byte, above [][]byte) (*header, error) {
	cells, ok := t.split(line)
	named := t.s.named()
	switch {
	case !ok && t.style == colsCells && len(cells) == 0:
		return nil, nil
	case !ok:
		return nil, fmt.Errorf("the header cannot be read: a quote is out of place or there are more than %d columns", maxColumns)
	case t.style == colsCells && len(named) > 0 && !holds(cells, named):
		return nil, nil
	}
	if t.style == colsCells && cells[0] == "#" {
		cells = cells[1:]
	}
	h := newHeader(cells)
	h.above = above
	for _, name := range named {
		if h.column(name) < 0 {
			return nil, h.missing(name)
		}
	}
	for i, name := range cells {
		if h.col[name] != i && t.uses(name, named) {
			return nil, fmt.Errorf("two columns of the header are named %s (rename one, or do without them)", quoteName(name))
		}
	}
	if name, ok := t.isRow(cells, named); ok {
		return nil, fmt.Errorf("the header has a number, %s, so it is a row (name the columns with --names, or use them by number: $1)", quoteName(name))
	}
	return h, nil
}

// isRow reports whether a line is a row and no header: there are numbers among
// its cells, of which name is the first, and none of them is used as a name.
func (t *table) isRow(cells, used []string) (name string, ok bool) {
	for _, c := range cells {
		_, isNumber := num.Parse([]byte(c), t.s.cfg.Decimal)
		switch {
		case isNumber && slices.Contains(used, c):
			return "", false
		case isNumber && !ok:
			name, ok = c, true
		}
	}
	return name, ok
}

// uses reports whether the column of the name is used, or may come to be.
func (t *table) uses(name string, named []string) bool {
	return !t.s.known && name != "" || t.slots.find([]byte(name)) >= 0 || slices.Contains(named, name)
}

// again is the header that a later line is: one that has every used name in a
// cell of its own, and no numbers. It is nil if the line is none, and h itself if nothing has
// changed.
func (t *table) again(line []byte, used []string, h *header) *header {
	cells, ok := t.split(line)
	if _, isRow := t.isRow(cells, used); !ok || isRow || !holds(cells, used) {
		return nil
	}
	if t.style == colsCells && cells[0] == "#" {
		cells = cells[1:]
	}
	if slices.Equal(cells, h.names) {
		return h
	}
	new := newHeader(cells)
	new.above = h.above
	return new
}

// holds reports whether each of the names is in one cell, and in one only.
func holds(cells, names []string) bool {
	for _, name := range names {
		i := slices.Index(cells, name)
		if i < 0 || slices.Contains(cells[i+1:], name) {
			return false
		}
	}
	return true
}

// missing is the error for a name that the header does not have.
func (h *header) missing(name string) error {
	if len(h.names) == 1 {
		return fmt.Errorf("no column %s in the header, which has only %s (is the separator another one?)", quoteName(name), quoteName(h.names[0]))
	}
	var list []string
	for _, n := range h.names[:min(len(h.names), maxNamesShown)] {
		list = append(list, quoteName(n))
	}
	if len(h.names) > maxNamesShown {
		list = append(list, "…")
	}
	return fmt.Errorf("no column %s in the header (it has %s)", quoteName(name), strings.Join(list, ", "))
}

// quoteName is a name for a message, which it cannot break.
func quoteName(name string) string { return strconv.Quote(string(cutQuote([]byte(name)))) }
