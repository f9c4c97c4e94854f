// Package format turns rows and alerts into the bytes of an output format. It is
// a pure function of what it is given, so blocks can be formatted side by
// side; it never opens, writes or closes anything.
package format

import (
	"fmt"
	"strings"
	"time"

	"rtda/pkg/stream"
)

// A Column is a column of the output.
type Column struct {
	Name string // unique, letters, digits and _
	// what it was made from, for help texts and units
	Agg, Field, Window string
	Count              bool // a whole number, never rounded
}

// A Layout is what every row of a run has in common.
type Layout struct {
	Measurement string   // the first word of influx and prom
	Keys        []string // names of the key fields
	Keep        []string // names of the fields that are shown as they stood
	Columns     []Column
	Clock       bool           // rows have a time
	Zone        *time.Location // of times; nil is UTC
}

// A Formatter appends the rows of a Result to dst in its format. It keeps
// buffers, so each worker has its own.
type Formatter interface {
	Append(dst []byte, r *stream.Result) []byte
}

// A Format is a format of the output.
type Format struct {
	Name, Doc string
	new       func(l *Layout, precision int) Formatter
}

// Formats are the formats of the output.
var Formats = []Format{
	{"text", "logfmt, rounded to 6 digits", newText},
	{"table", "text in aligned columns", newTable},
	{"json", "an object a line", newJSON},
	{"csv", "comma-separated, a header first", newCSV},
	{"tsv", "tab-separated, a header first", newTSV},
	{"influx", "line protocol", newInflux},
	{"prom", "Prometheus text, the last rows at the end", newProm},
	{"svg", "a picture of the run at the end", newNone},
	{"png", "the same, in dots, with letters of Latin, Greek and Cyrillic alone", newNone},
	{"none", "nothing, for alerts alone", newNone},
}

// maxPrecision is as many digits as a float64 can need.
const maxPrecision = 17

// New is a Formatter of a format. It rounds to precision significant digits;
// 0 is the format's own way.
func New(format string, l Layout, precision int) (Formatter, error) {
	if precision < 0 || precision > maxPrecision {
		return nil, fmt.Errorf("precision: must be 1 to %d digits: got %d", maxPrecision, precision)
	}
	if l.Measurement == "" {
		l.Measurement = "rtda"
	}
	names := make([]string, len(Formats))
	for i := range Formats {
		if names[i] = Formats[i].Name; names[i] == format {
			return Formats[i].new(&l, precision), nil
		}
	}
	return nil, fmt.Errorf("output format: must be one of %s: got %q", strings.Join(names, ", "), format)
}

// none writes nothing.
type none struct{}

func newNone(*Layout, int) Formatter { return none{} }

func (none) Append(dst []byte, _ *stream.Result) []byte { return dst }
