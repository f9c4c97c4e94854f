package parse

// A slot is a name that the schema uses and what it is used for: the same
// field may be measured, be a key and be the time.
type slot struct {
	name   string
	fields []int // indexes of the measured fields
	keys   []int // indexes of the key's fields
	time   bool
}

// slots is the slots of a schema, one a name, for formats whose records are
// flat: names stand for themselves there, dots in them too.
type slots struct {
	all   []slot
	index map[string]int
	seen  []bool // which were found in the line
}

// maxLinear is how many names are compared one by one before the map is asked.
const maxLinear = 8

// newSlots is the slots of the schema, without fields if they are not known.
func newSlots(s *Schema) *slots {
	t := &slots{index: map[string]int{}}
	for i, name := range s.Fields {
		p := t.add(name)
		p.fields = append(p.fields, i)
	}
	for i, name := range s.cfg.Keys {
		p := t.add(name)
		p.keys = append(p.keys, i)
	}
	if s.cfg.Time != "" && !s.cfg.NoTime {
		t.add(s.cfg.Time).time = true
	}
	t.seen = make([]bool, len(t.all))
	return t
}

// add is the slot of the name, a new one if there is none.
func (t *slots) add(name string) *slot {
	i, ok := t.index[name]
	if !ok {
		i = len(t.all)
		t.index[name] = i
		t.all = append(t.all, slot{name: name})
	}
	return &t.all[i]
}

// find is the index of the slot of the name, -1 if it is not used.
func (t *slots) find(name []byte) int {
	if len(t.all) > maxLinear {
		if i, ok := t.index[string(name)]; ok {
			return i
		}
		return -1
	}
	for i := range t.all {
		if t.all[i].name == string(name) {
			return i
		}
	}
	return -1
}

// begin forgets what was seen in the line before.
func (t *slots) begin() { clear(t.seen) }

// take is the slot of a name that stands in the line, nil if it is not used. A
// used name that stands there again is a duplicate field.
func (t *slots) take(r *record, name []byte) *slot {
	i := t.find(name)
	if i < 0 {
		return nil
	}
	if t.seen[i] {
		r.fail(DuplicateField, name)
	}
	t.seen[i] = true
	return &t.all[i]
}

// untyped puts a text into the record that is a number if it reads as one, as
// in formats without types. Without any text the field is not there.
func (p *slot) untyped(r *record, text []byte, sign byte) {
	if len(text) == 0 {
		return
	}
	for _, i := range p.keys {
		r.key(i, text)
	}
	if p.time {
		p.setTime(r, text, sign)
	}
	if len(p.fields) > 0 {
		p.number(r, text, sign)
	}
}

// setTime puts a time into the record; blanks alone are none.
func (p *slot) setTime(r *record, text []byte, sign byte) {
	if ns, ok := r.time.ParseDecimal(text, sign); ok {
		r.setTime(ns)
	} else if !isBlank(text) {
		r.fail(BadTime, text)
	}
}

// number puts a value into the record; blanks alone are none.
func (p *slot) number(r *record, text []byte, sign byte) {
	x, ok := parseNumberDecimal(text, sign)
	if !ok && isBlank(text) {
		return
	}
	for _, i := range p.fields {
		if ok {
			r.value(i, x)
		} else {
			r.badValue(i, text)
		}
	}
}
