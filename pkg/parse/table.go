package parse

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"rtda/pkg/clock"
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
// common. A row is read in one pass, from the block itself, as long as it is
// good; the searches for the end of a line, of each cell and of a number in it
// took twice the time.
type table struct {
	s     *Schema
	slots *slots
	style cellStyle
	sep   byte
	quote byte   // that a cell may be in; the separator where none may
	above uint64 // eight times what is just above separator, line end and quote; 0 if digits are not
	quick bool   // a separator or line end stands after a number in a cell, whatever comes then
	head  *header
	at    []*slot // by column, up to the last that is used; nil where it is not
	used  []usedCell
	after int    // cells under the header behind those; without a header as many as there are
	buf   []byte // a cell without its quotes or escapes
}

// A usedCell is a cell of csv or tsv that has to be looked at.
type usedCell struct {
	gap  int   // cells before it that nobody wants
	slot *slot // nil: it stands beyond the header and must be empty
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
	t := &table{s: s, slots: newSlots(s), style: style, sep: sep, quote: '"'}
	if style == tsvCells {
		t.quote = sep
	}
	if most := max(sep, s.end, t.quote); most < '-' {
		t.above = uint64(most+1) * ones8
	}
	t.quick = bytes.IndexByte([]byte("0123456789+-.eE"), sep) < 0 && sep != s.cfg.Decimal && s.cfg.Missing.texts == nil
	return t
}

// useHeader makes h the header of the rows that come.
func (t *table) useHeader(h *header) {
	if t.head == h {
		return
	}
	t.head, t.at = h, t.at[:0]
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
	t.used = t.used[:0]
	gap := 0
	for col, p := range t.at {
		if p == nil && (col < len(h.names) || len(h.names) == 0) {
			gap++
			continue
		}
		t.used, gap = append(t.used, usedCell{gap, p}), 0
	}
	if t.after = len(h.names) - len(t.at); len(h.names) == 0 {
		t.after = math.MaxInt
	}
}

func (t *table) decode(r *record, line []byte) {
	if t.row(r, line) != len(line) {
		r.fail(NotRecord, line)
	}
}

// run reads rows without looking for their end first.
func (t *table) run(r *record, data []byte, line int) (n, lines int) {
	for n < len(data) && (data[n] > ' ' || t.style == colsCells && data[n] == ' ') {
		r.begin(line+lines, data[n:])
		size := t.row(r, data[n:])
		if size < 0 || n+size == len(data) || size > t.s.maxLine {
			r.forget()
			break
		}
		r.end()
		n += size + 1
		lines++
	}
	return n, lines
}

// row reads the row that b begins with and returns the length of its line
// without its end, -1 if it is none: nothing of what r was told counts then.
// Cells that are missing at the end are empty, those beyond the header must be.
func (t *table) row(r *record, b []byte) int {
	if t.style == colsCells {
		return t.columns(r, b)
	}
	i := 0
	for k := range t.used {
		u := &t.used[k]
		if u.gap > 0 {
			if i = t.pass(b, i, u.gap); i < 0 || t.ends(b, i) {
				return i
			}
			i++
		}
		if i = t.take(r, u.slot, b, i); i < 0 || t.ends(b, i) {
			return i
		}
		i++
	}
	if t.after > 0 {
		if i = t.pass(b, i, t.after); i < 0 || t.ends(b, i) {
			return i
		}
		i++
	}
	for {
		if i = t.take(r, nil, b, i); i < 0 || t.ends(b, i) {
			return i
		}
		i++
	}
}

// ends reports whether the line ends at b[i].
func (t *table) ends(b []byte, i int) bool { return i == len(b) || b[i] == t.s.end }

// take reads the cell at b[i] and returns the index of the separator or line
// end after it, -1 if it is none. One without a slot must be empty.
func (t *table) take(r *record, p *slot, b []byte, i int) (end int) {
	switch {
	case p == nil || p.next != nil || !t.quick:
	case p.only >= 0:
		x, n := num.Prefix(b[i:], t.s.cfg.Decimal)
		if end = t.endOf(b, i, n); end >= 0 {
			r.vals[p.only] = x
			return end
		}
	case p.sole >= 0:
		if end = t.plain(b, i); end >= 0 {
			r.key(p.sole, b[i:end])
			return end
		}
	case p.clock:
		if i+4 < len(b) && b[i+4] != '-' { // no date
			if end = t.clock(r, b, i); end >= 0 {
				return end
			}
		}
		if end = t.plain(b, i); end >= 0 {
			r.readTime(b[i:end], r.sign)
			return end
		}
	}
	cell, end := t.cell(b, i)
	switch {
	case end < 0:
	case p != nil:
		r.put(p, cell, untyped)
	case len(cell) > 0:
		return -1
	}
	return end
}

// plain is the index of the separator or line end after a cell of csv that is what
// stands there: not empty, not in quotes, without blanks around it or a CR behind
// it; else -1.
func (t *table) plain(b []byte, i int) (end int) {
	if t.style != csvCells || i == len(b) || b[i] <= ' ' || b[i] == '"' {
		return -1
	}
	if end = t.find(b, i); end == i || b[end-1] <= ' ' || end < len(b) && b[end] == '"' {
		return -1
	}
	return end
}

// fewCells are so few that they are read one by one to the end of a row.
const fewCells = 8

// pass is the index of the separator or line end after n cells from b[i] on that
// nobody wants, or after fewer if the line ends; -1 if one of them is none.
func (t *table) pass(b []byte, i, n int) (end int) {
	if n > fewCells {
		if end = t.rest(b, i, n); end >= 0 {
			return end
		}
	}
	for {
	words:
		for at := i; t.above > 0 && at+8 <= len(b); at += 8 {
			w := binary.LittleEndian.Uint64(b[at : at+8])
			for m := (w - t.above) &^ w & highs8; m != 0; m &= m - 1 {
				end = at + bits.TrailingZeros64(m)/8
				switch b[end] {
				case t.sep:
					if n--; n == 0 {
						return end
					}
					i = end + 1
				case t.s.end:
					return end
				case t.quote:
					break words
				}
			}
		}
		if end = i; end < len(b) && b[end] == '"' && t.quote == '"' {
			_, end = t.quoted(b, i+1)
		} else if end = t.find(b, i); end < len(b) && b[end] != t.sep && b[end] == t.quote {
			end = -1
		}
		if end < 0 {
			return -1
		}
		if n--; n == 0 || t.ends(b, end) {
			return end
		}
		i = end + 1
	}
}

// rest is the index of the end of the row, if what is left of it from b[i] on is
// no more than max cells without quotes; else -1.
func (t *table) rest(b []byte, i, max int) (end int) {
	end = bytes.IndexByte(b[i:], t.s.end)
	if end < 0 {
		end = len(b) - i
	}
	cells := b[i : i+end]
	if bytes.Count(cells, []byte{t.sep}) >= max || t.style == csvCells && bytes.IndexByte(cells, '"') >= 0 {
		return -1
	}
	return i + end
}

// clock reads a cell with nothing but a time in digits and returns the index
// after it, -1 if it is none.
func (t *table) clock(r *record, b []byte, i int) (end int) {
	d, n := num.PrefixDecimal(b[i:], t.s.cfg.Decimal)
	if end = t.endOf(b, i, n); end < 0 {
		return -1
	}
	ns, ok := r.time.Unix(d)
	if !ok {
		return -1
	}
	r.setTime(ns, clock.Moment)
	return end
}

// endOf is the index of the separator or line end after the n bytes of a cell at
// b[i], -1 if there are none or something else follows.
func (t *table) endOf(b []byte, i, n int) (end int) {
	end = i + n
	switch {
	case n == 0:
		return -1
	case end == len(b) || b[end] == t.sep || b[end] == t.s.end:
		return end
	case b[end] == '\r' && t.s.end == '\n' && (end+1 == len(b) || b[end+1] == '\n'):
		return end + 1
	}
	return -1
}

// find is the index of the first separator, line end or quote from b[i] on,
// len(b) if there is none. A comma, a tab, a quote and a line end are below all
// digits and letters, so one comparison finds them all in most cells.
func (t *table) find(b []byte, i int) (end int) {
	for above := t.above; above > 0 && i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i : i+8])
		if m := (w - above) &^ w & highs8; m != 0 {
			i += bits.TrailingZeros64(m) / 8
			if c := b[i]; c == t.sep || c == t.s.end || c == t.quote {
				return i
			}
			break
		}
	}
	return indexAny(b, i, t.sep, t.s.end, t.quote)
}

// cell is the cell of csv or tsv that begins at b[i], valid until the next call,
// and the index of the separator or line end after it, -1 if it is none.
func (t *table) cell(b []byte, i int) (cell []byte, end int) {
	if t.style == tsvCells {
		end = t.find(b, i)
		cell = b[i:end]
		if n := len(cell); n > 0 && cell[n-1] == '\r' && t.s.end == '\n' && end < len(b) && b[end] == '\n' {
			cell = cell[:n-1] // a line that comes without its end has lost this before
		}
		if bytes.IndexByte(cell, '\\') >= 0 {
			cell = t.unescaped(cell)
		}
		return cell, end
	}
	if i < len(b) && b[i] == '"' {
		return t.quoted(b, i+1)
	}
	if end = t.find(b, i); end < len(b) && b[end] == '"' {
		return nil, -1
	}
	return num.Trim(b[i:end]), end
}

// quoted is cell for one that begins behind a quote.
func (t *table) quoted(b []byte, i int) (cell []byte, end int) {
	start, doubled := i, false
	for {
		i = quoteOr(b, i, t.s.end)
		if i == len(b) || b[i] != '"' {
			return nil, -1
		}
		if i+1 == len(b) || b[i+1] != '"' {
			break
		}
		doubled = true
		i += 2
	}
	cell, end = b[start:i], i+1
	if end < len(b) && b[end] == '\r' && t.s.end == '\n' && (end+1 == len(b) || b[end+1] == '\n') {
		end++
	} else if end < len(b) && b[end] != t.sep && b[end] != t.s.end {
		return nil, -1
	}
	if doubled {
		t.buf = append(t.room(), bytes.ReplaceAll(cell, []byte(`""`), []byte(`"`))...)
		cell = t.buf
	}
	return cell, end
}

// quoteOr is the index of the first quote or line end from b[i] on, len(b) if
// there is none. Both are below digits and letters.
func quoteOr(b []byte, i int, end byte) int {
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i : i+8])
		for m := (w - ('"'+1)*ones8) &^ w & highs8; m != 0; m &= m - 1 {
			at := i + bits.TrailingZeros64(m)/8
			if c := b[at]; c == '"' || c == end {
				return at
			}
		}
	}
	for i < len(b) && b[i] != '"' && b[i] != end {
		i++
	}
	return i
}

// room is the empty buffer, which does not stay large.
func (t *table) room() []byte {
	if cap(t.buf) > maxKept {
		t.buf = nil
	}
	return t.buf[:0]
}

// unescaped puts what they mean in the place of a cell's backslashes: one with
// n, t, r or another backslash behind it is the character that it names; before
// others it is itself.
func (t *table) unescaped(cell []byte) []byte {
	t.buf = t.room()
	for i := 0; i < len(cell); i++ {
		c := cell[i]
		if c == '\\' && i+1 < len(cell) {
			if e := tsvEscapes[cell[i+1]]; e != 0 {
				c = e
				i++
			}
		}
		t.buf = append(t.buf, c)
	}
	return t.buf
}

var tsvEscapes = [256]byte{'n': '\n', 't': '\t', 'r': '\r', '\\': '\\'}

// indexAny is the index of the first of three characters from b[i] on, len(b)
// if there is none.
func indexAny(b []byte, i int, c1, c2, c3 byte) int {
	w1, w2, w3 := uint64(c1)*ones8, uint64(c2)*ones8, uint64(c3)*ones8
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		a, b, c := w^w1, w^w2, w^w3
		if m := ((a-ones8)&^a | (b-ones8)&^b | (c-ones8)&^c) & highs8; m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
	}
	for i < len(b) && b[i] != c1 && b[i] != c2 && b[i] != c3 {
		i++
	}
	return i
}

// columns is row for cells between blanks. The last name of the header takes
// the rest of the line.
func (t *table) columns(r *record, b []byte) int {
	names, i, n := len(t.head.names), 0, 0
	uneven := false
	for {
		if i = t.wordStart(b, i); i == len(b) || b[i] == t.s.end {
			break
		}
		end := wordEnd(b, i)
		if n == names-1 {
			word := end
			end = indexAny(b, i, t.s.end, t.s.end, t.s.end)
			uneven = len(num.Trim(b[word:end])) > 0
		}
		if n < len(t.at) && t.at[n] != nil {
			r.put(t.at[n], num.Trim(b[i:end]), untyped)
		}
		i = end
		n++
	}
	if n == 0 {
		return -1
	}
	if names > 0 && (n != names || uneven) {
		if slices.ContainsFunc(t.head.above, func(line []byte) bool { return string(num.Trim(b[:i])) == string(line) }) {
			r.ignore()
			return i
		}
		if !r.batch.told[Uneven] {
			cells, _ := t.split(b[:i])
			t.tellUneven(r, len(cells))
		}
	}
	return i
}

// wordStart is the index of the first byte from b[i] on that is neither a blank
// nor a control character, or of the end of the line.
func (t *table) wordStart(b []byte, i int) int {
	for i < len(b) && b[i] <= ' ' && b[i] != t.s.end {
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
		for i := t.wordStart(line, 0); i < len(line); i = t.wordStart(line, i) {
			end := wordEnd(line, i)
			cells, i = append(cells, string(line[i:end])), end
		}
		return cells, len(cells) > 0 && len(cells) <= maxColumns
	}
	for i := 0; ; i++ {
		cell, end := t.cell(line, i)
		if end < 0 || len(cells) == maxColumns {
			return nil, false
		}
		cells = append(cells, string(num.Trim(cell)))
		if i = end; i == len(line) {
			return cells, true
		}
	}
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
