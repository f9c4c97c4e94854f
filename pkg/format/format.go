// Package format turns rows and alerts into the bytes of an output format. It is
// a pure function of what it is given, so blocks can be formatted side by
// side; it never opens, writes or closes anything.
package format

import "rtda/pkg/stream"

// A Column is a column of the output.
type Column struct {
	Name string // unique, letters, digits and _
	// what it was made from, for help texts and units
	Agg, Field, Window string
	Count              bool // a whole number, never rounded
}

// A Layout is what every row of a run has in common.
type Layout struct {
	Keys    []string // names of the key fields
	Columns []Column
	Clock   bool // rows have a time
}

// A Formatter appends the rows of a Result to dst in its format. It keeps
// buffers, so each worker has its own.
type Formatter interface {
	Append(dst []byte, r *stream.Result) []byte
}
