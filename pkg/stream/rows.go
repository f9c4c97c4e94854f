package stream

import (
	"rtda/pkg/parse"
	"rtda/pkg/rule"
)

// A Key is one value of the key fields. Keys held at the same time have
// different IDs, as small as can be; that of a key which has been forgotten is
// given to another, which is another *Key.
type Key struct {
	ID    uint32
	Parts []string // a text a key field, decoded
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

// A Result is what a block, a tick or the end of the input brings, or a part of
// it. Its slices are used again when the stream has more, and by the next call
// that fills it.
type Result struct {
	Rows  Rows
	Notes []Note
}

// A Result is full with so many rows, cells or notes, and a little more.
const (
	maxRows  = 4096
	maxCells = 64 << 10
	maxNotes = 1024
)

func (r *Result) isFull() bool {
	return r.Rows.N >= maxRows || r.Rows.N*len(r.Rows.Col) >= maxCells || len(r.Notes) >= maxNotes
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
