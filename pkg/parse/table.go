package parse

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"rtda/pkg/num"
)

// A header is the names of the columns of one Origin. It never changes.
type header struct {
	names []string
	col   map[string]int // the first column of the name
}

// A table reads rows of cells under a header: what csv and tsv have in common.
type table struct {
	slots *slots
	named []string // what a header must have
	open  bool     // any column may come to be measured
	sign  byte     // of decimals
	head  *header
	cols  []int // the column of each slot, -1 if the header does not have it
}

func newTable(s *Schema) table {
	t := table{slots: newSlots(s), open: !s.known, sign: s.cfg.Decimal}
	t.named = slices.Concat(s.cfg.Fields, s.cfg.Extra, s.cfg.Keys)
	if s.cfg.Time != "" && !s.cfg.NoTime {
		t.named = append(t.named, s.cfg.Time)
	}
	t.cols = make([]int, len(t.slots.all))
	return t
}

// maxColumns is how many columns a header may have. What a hostile one costs
// is some MiB then, and the cells of a line a worker 1.5.
const maxColumns = 1 << 16

// enter makes a header of the cells of a line. Blanks around a name are not
// part of it.
//
// It is an error if a name that the user named is missing, or if one that is
// used is there twice. As long as the fields are not known all are used. A
// field that an earlier Origin had and nobody named may be missing.
func (t *table) enter(cells [][]byte) (any, error) {
	h := &header{col: map[string]int{}}
	twice := map[string]bool{}
	for i, c := range cells {
		name := string(num.Trim(c))
		h.names = append(h.names, name)
		if _, ok := h.col[name]; ok {
			twice[name] = true
		} else {
			h.col[name] = i
		}
	}
	for _, name := range t.named {
		if _, ok := h.col[name]; !ok {
			return nil, h.missing(name)
		}
	}
	for _, name := range h.names {
		if twice[name] && t.uses(name) {
			return nil, fmt.Errorf("two columns of the header are named %s (rename one, or do without them)", quoteName(name))
		}
	}
	return h, nil
}

// uses reports whether the column of the name is used, or may come to be.
func (t *table) uses(name string) bool {
	return t.open && name != "" || t.slots.find([]byte(name)) >= 0 || slices.Contains(t.named, name)
}

// maxNamesShown is how many names of a header a message lists.
const maxNamesShown = 12

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

// useHeader makes h the header of the rows that come.
func (t *table) useHeader(h any) {
	if t.head == h.(*header) {
		return
	}
	t.head = h.(*header)
	for i := range t.slots.all {
		col, ok := t.head.col[t.slots.all[i].name]
		if !ok {
			col = -1
		}
		t.cols[i] = col
	}
}

// fits reports whether a row has a cell for each column.
func (t *table) fits(cells [][]byte) bool { return len(cells) == len(t.head.names) }

// row puts the cells that are used into the record.
func (t *table) row(r *record, cells [][]byte) {
	for i, col := range t.cols {
		if col >= 0 {
			r.put(&t.slots.all[i], cells[col], untyped)
		}
	}
}

// numberNames is the names of the cells that are numbers. A column without a
// name is none.
func (t *table) numberNames(cells [][]byte) (names []string) {
	for i, name := range t.head.names {
		if _, ok := num.Parse(cells[i], t.sign); ok && name != "" {
			names = append(names, name)
		}
	}
	return names
}
