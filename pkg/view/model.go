package view

import (
	"math"
	"slices"
	"strings"

	"rtda/pkg/board"
	"rtda/pkg/rule"
	"rtda/pkg/text"
)

// A model is what a picture is drawn from: copied while the board stands still,
// so that drawing holds up nobody.
type model struct {
	counts board.Counts
	total  int // keys that the filter lets through
	hidden int
	rows   []tableRow // those that are seen
	past   []board.Alert

	name         string // of the chosen key
	level        rule.Severity
	value        float64
	last         curve
	lower, upper curve
}

// A tableRow is a key as the table shows it.
type tableRow struct {
	name   string
	level  rule.Severity
	values []float64
	past   []float64 // of the chosen column
	chosen bool
}

// resortKeys is how many keys are sorted anew for every picture, where they are
// sorted by something that changes.
const resortKeys = 5000

// read copies from the board what is to be drawn.
func (v *View) read() {
	v.c.Board.Look(func(l board.Look) {
		v.m.counts = l.Counts()
		v.m.hidden = l.Hidden()
		v.order(l)
		v.m.total = len(v.sorted)
		v.readRows()
		v.readChart()
		n := min(len(l.Alerts()), 40)
		v.m.past = append(v.m.past[:0], l.Alerts()[len(l.Alerts())-n:]...)
	})
	v.lines.update(v.m.counts.Lines, v.c.Now())
}

// order sorts the keys, if that may have changed.
func (v *View) order(l board.Look) {
	again := v.sort != byName && len(v.sorted) <= resortKeys
	if version := l.Version(); v.version != version || again {
		v.version = version
		v.sorted = v.sorted[:0]
		l.Entries(func(e *board.Entry) bool {
			if e.Rows > 0 && (v.filter == "" || strings.Contains(strings.ToLower(v.nameOf(e)), strings.ToLower(v.filter))) {
				v.sorted = append(v.sorted, e)
			}
			return true
		})
		slices.SortFunc(v.sorted, v.compare)
	}
	if !slices.Contains(v.sorted, v.chosen) {
		v.chosen = nil
		if len(v.sorted) > 0 {
			v.chosen = v.sorted[0]
		}
	}
}

func (v *View) compare(a, b *board.Entry) int {
	switch v.sort {
	case byValue:
		if x, y := v.valueOf(a), v.valueOf(b); x != y {
			if x > y || y != y {
				return -1
			}
			return 1
		}
	case byAlert:
		if a.Level != b.Level {
			return int(b.Level) - int(a.Level)
		}
	}
	return board.Compare(a, b)
}

// valueOf is the chosen column of a key's last row; what has none is below all.
func (v *View) valueOf(e *board.Entry) float64 {
	if v.column >= len(e.Row) || math.IsNaN(e.Row[v.column]) {
		return math.Inf(-1)
	}
	return e.Row[v.column]
}

// nameOf is a key as it is shown.
func (v *View) nameOf(e *board.Entry) string {
	if e.Key == nil {
		return ""
	}
	return v.safeWords(e.Key.Parts)
}

// safeWords are texts of the data with a blank between them.
func (v *View) safeWords(words []string) string { return v.safe(strings.Join(words, " ")) }

// safe is a text of the data without anything that could do something to a
// terminal, and of ASCII alone where nothing else may be drawn.
func (v *View) safe(s string) string {
	s = text.Plain(s)
	if !v.c.ASCII {
		return s
	}
	return text.ASCII(s)
}

// readRows copies the rows of the table that are seen, with the chosen one among
// them.
func (v *View) readRows() {
	n := v.tableRows()
	i := max(0, slices.Index(v.sorted, v.chosen))
	v.top = min(max(v.top, i-n+1), i)
	v.top = max(0, min(v.top, len(v.sorted)-n))
	v.m.rows = v.m.rows[:0]
	for _, e := range v.sorted[v.top:min(len(v.sorted), v.top+n)] {
		row := tableRow{name: v.nameOf(e), level: e.Level, values: slices.Clone(e.Row), chosen: e == v.chosen}
		if v.column < len(e.Row) {
			row.past = lasts(e.Past, v.column)
		}
		v.m.rows = append(v.m.rows, row)
	}
}

// lasts are the last values of a column at each point of a past.
func lasts(p *board.Past, column int) []float64 {
	xs := make([]float64, p.Len())
	for i := range xs {
		xs[i] = p.At(i, column).Last
	}
	return xs
}

// readChart copies what the chart shows.
func (v *View) readChart() {
	m := &v.m
	m.last, m.lower, m.upper = curve{}, curve{}, curve{}
	m.name, m.level, m.value = "", rule.None, math.NaN()
	e := v.chosen
	if e == nil || v.column >= len(e.Row) {
		return
	}
	m.name, m.level, m.value = v.nameOf(e), e.Level, e.Row[v.column]
	var places []int64
	for i := range e.Past.Len() {
		places = append(places, e.Past.Place(i))
	}
	copyOf := func(c int) curve {
		if c < 0 {
			return curve{}
		}
		x := lasts(e.Past, c)
		for i := range x {
			x[i] = min(max(x[i], -1e300), 1e300) // so that a difference is a number
		}
		return curve{places, x}
	}
	m.last = copyOf(v.column)
	m.lower, m.upper = copyOf(v.c.Columns[v.column].Lower), copyOf(v.c.Columns[v.column].Upper)
}
