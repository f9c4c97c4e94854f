package parse

import "strings"

// A Format is an input format: a row of the table.
type Format struct {
	Name, Doc string
	decoder   func(s *Schema) decoder // nil: the data says which format it is
	plain     bool                    // lines have one value without a name
	timed     bool                    // lines have a timestamp of their own
	point     bool                    // decimals have a point whatever Config.Decimal says
	table     bool                    // lines are rows of cells under a header
	booleans  bool                    // true and false are 1 and 0
}

// Formats is the table of the input formats. Help, man page and completion
// are made from it.
var Formats = []Format{
	{Name: "auto", Doc: "json or num, by the first line that begins with { or is a number"},
	{Name: "num", Doc: "plain numbers, one a line", decoder: newNum, plain: true},
	{Name: "json", Doc: "JSON objects, one a line (NDJSON, JSON Lines)", decoder: newJSON},
	{Name: "csv", Doc: "comma-separated values with a header", decoder: newCSV, table: true},
	{Name: "tsv", Doc: "tab-separated values with a header, \\t, \\n and \\\\ for quotes", decoder: newTSV, table: true},
	{Name: "cols", Doc: "columns between blanks under a header, as vmstat and ps write them", decoder: newCols, table: true},
	{Name: "logfmt", Doc: "key=value pairs", decoder: newLogfmt, point: true},
	{Name: "influx", Doc: "InfluxDB line protocol, its timestamp is the clock", decoder: newInflux, timed: true, point: true, booleans: true},
	{Name: "match", Doc: "the named groups of --match REGEXP", decoder: newMatch},
	{Name: "lines", Doc: "lines to count, without fields", decoder: newLines},
}

// formatNamed is the row of the table with the name, nil if there is none.
func formatNamed(name string) *Format {
	for i := range Formats {
		if Formats[i].Name == name {
			return &Formats[i]
		}
	}
	return nil
}

// formatNames is the names of all formats, for messages.
func formatNames() string {
	var names []string
	for _, f := range Formats {
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}
