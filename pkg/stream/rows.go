package stream

import (
	"rtda/pkg/parse"
	"rtda/pkg/rule"
)

// A Key is one value of the key fields.
type Key struct {
	Parts []string // a text a key field, decoded
	Label []byte   // the parts as the output format writes them in a row
}

// Rows are rows of the output in columns. NaN is a value that does not exist;
// infinities never occur.
type Rows struct {
	N     int         // rows
	Time  []int64     // ns since the Unix epoch; empty without a clock
	Key   []*Key      // empty without keys
	Col   [][]float64 // a column a column of the output
	First bool        // holds the first row ever written (csv writes its header before it)
}

// A Note is something to tell beside the rows: a line or value that was
// skipped, or a change of an alert.
type Note struct {
	Row    int           // rows of the Result that were written before it
	Origin *parse.Origin // of the line; nil where the clock alone did it
	Line   int           // in the Origin, from 1; 0 where the clock alone did it
	Alert  *Alert        // nil: a complaint
	Reason parse.Reason
	Value  bool   // of a complaint: only one value was skipped
	Text   []byte // of a complaint: quoted from the data, may be nil
}

// An Alert is a change of a rule's state with what was seen at it.
type Alert struct {
	rule.Change
	Key    *Key      // nil without keys
	Time   int64     // ns since the Unix epoch, where there is a clock
	Values []float64 // of the rule's metrics, in the order of rule.Rule.Metrics; NaN is none
}

// A Result is what one block, tick or end of the input brings. Its slices are
// reused by the next call that fills it.
type Result struct {
	Rows  Rows
	Notes []Note
}

// reset empties r for rows of the given number of columns and keeps its room.
func (r *Result) reset(columns int) {
	r.Notes = r.Notes[:0]
	rows := &r.Rows
	rows.N, rows.First = 0, false
	rows.Time, rows.Key = rows.Time[:0], rows.Key[:0]
	if len(rows.Col) != columns {
		rows.Col = make([][]float64, columns)
	}
	for c := range rows.Col {
		rows.Col[c] = rows.Col[c][:0]
	}
}
