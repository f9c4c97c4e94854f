package parse

// A Schema is what is fixed before blocks can be parsed side by side: the
// format, the names of the fields and, for csv and tsv, where each FILE has
// them. NewSchema fixes what the Config already says; Enter, called for each
// block in input order, fixes the rest from the data.
type Schema struct {
	cfg    Config
	Fields []string // measured fields, those for rules only last; one "" for plain numbers; nil until known
	Shown  int      // how many of Fields are columns of the output; the rest are for rules only
	time   *timeReader
	format *format
}

// timed reports whether records must have a time of their own: in a field, or
// in influx the line's timestamp.
func (s *Schema) timed() bool {
	return !s.cfg.NoTime && (s.cfg.Time != "" || s.format != nil && s.format.timed)
}
