package parse

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A header is the names of the columns of one Source. It never changes.
type header struct{ names []string }

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

var errHeader = errors.New("the header cannot be read: a quote stands where none can be, or does not end")

// enter makes a header of the cells of a line. Blanks around a name are not
// part of it.
//
// It is an error if a name that the user named is missing, or if one that is
// used is there twice. As long as the fields are not known all are used. A
// field that an earlier Source had and nobody named may be missing.
func (t *table) enter(cells [][]byte) (any, error) {
	h := &header{}
	count := map[string]int{}
	for _, c := range cells {
		name := string(trimBlanks(c))
		h.names = append(h.names, name)
		count[name]++
	}
	for _, name := range t.named {
		if count[name] == 0 {
			return nil, h.missing(name)
		}
	}
	for _, name := range h.names {
		used := t.open && name != "" || t.slots.find([]byte(name)) >= 0 || slices.Contains(t.named, name)
		if used && count[name] > 1 {
			return nil, fmt.Errorf("two columns of the header are named %s (rename one, or name other fields with -f)", quoteName(name))
		}
	}
	return h, nil
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
		t.cols[i] = slices.Index(t.head.names, t.slots.all[i].name)
	}
}

// row puts the cells that are used into the record.
func (t *table) row(r *record, cells [][]byte) {
	for i, col := range t.cols {
		if col >= 0 {
			t.slots.all[i].untyped(r, cells[col], t.sign)
		}
	}
}

// numberNames is the names of the cells that are numbers. A column without a
// name is none.
func (t *table) numberNames(cells [][]byte) (names []string) {
	for i, name := range t.head.names {
		if _, ok := parseNumberDecimal(cells[i], t.sign); ok && name != "" {
			names = append(names, name)
		}
	}
	return names
}
