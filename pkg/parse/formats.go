package parse

// A format is a row of the table of input formats.
type format struct {
	Format
	decoder func(s *Schema) decoder // nil: not read line by line by a decoder
	timed   bool                    // lines have a timestamp of their own
}

// A Format is a name of an input format with one line that says what it is.
type Format struct{ Name, Doc string }
