package parse

// A numDecoder reads plain numbers: a line is one nameless value.
type numDecoder struct{ sign byte }

func newNum(s *Schema) decoder { return &numDecoder{s.cfg.Decimal} }

func (d *numDecoder) decode(r *record, line []byte) {
	if x, ok := parseNumberDecimal(line, d.sign); ok {
		r.value(0, x)
	} else {
		r.badValue(0, line)
	}
}

func (d *numDecoder) numbers(line []byte) []string {
	if _, ok := parseNumberDecimal(line, d.sign); !ok {
		return nil
	}
	return []string{""}
}
