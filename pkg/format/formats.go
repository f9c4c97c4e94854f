package format

import (
	"fmt"
	"strings"

	"rtda/pkg/stream"
)

// A Format is a format of the output.
type Format struct {
	Name, Doc string
	new       func(l Layout, precision int) Formatter
	label     func(l Layout) labeler
}

// Formats are the formats of the output.
var Formats = []Format{
	{"text", "logfmt, rounded to 6 digits", newText, textLabel},
	{"json", "an object a line", newJSON, jsonLabel},
	{"csv", "comma-separated, a header first", newCSV, csvLabel},
	{"tsv", "tab-separated, a header first", newTSV, tsvLabel},
	{"influx", "line protocol, measurement rtda", newInflux, influxLabel},
	{"prom", "Prometheus text, the last rows at the end", newProm, promLabel},
	{"none", "nothing, for alerts alone", newNone, noLabel},
}

// maxPrecision is as many digits as a float64 can need.
const maxPrecision = 17

// New is a Formatter of a format. It rounds to precision significant digits;
// 0 is the format's own way.
func New(format string, l Layout, precision int) (Formatter, error) {
	if precision < 0 || precision > maxPrecision {
		return nil, fmt.Errorf("precision: must be 1 to %d digits: got %d", maxPrecision, precision)
	}
	f, err := lookup(format)
	if err != nil {
		return nil, err
	}
	return f.new(l, precision), nil
}

// KeyLabel is what fills stream.Key.Label for a format: it appends a key as
// its rows have it. For a format that is unknown it is nil.
func KeyLabel(format string, l Layout) func(dst []byte, parts []string) []byte {
	f, err := lookup(format)
	if err != nil {
		return nil
	}
	return f.label(l)
}

func lookup(name string) (*Format, error) {
	names := make([]string, len(Formats))
	for i := range Formats {
		if Formats[i].Name == name {
			return &Formats[i], nil
		}
		names[i] = Formats[i].Name
	}
	return nil, fmt.Errorf("output format: must be one of %s: got %q", strings.Join(names, ", "), name)
}

// none writes nothing.
type none struct{}

func newNone(Layout, int) Formatter { return none{} }

func noLabel(Layout) labeler { return func(dst []byte, _ []string) []byte { return dst } }

func (none) Append(dst []byte, _ *stream.Result) []byte { return dst }
