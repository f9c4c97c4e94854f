package parse

import "bytes"

// maxFields is how many fields are measured when none is named.
const maxFields = 1000

// A jsonDecoder reads JSON objects. Each line is checked from end to end and
// the values asked for are found on the way, in one pass without a tree and
// without allocations. Lines that look like the one before take a shorter way
// (skeleton.go), which FuzzJSON holds against this one.
type jsonDecoder struct {
	jsonScanner
	coerce bool
	root   jsonNode
	keys   []int // slots of the key fields
	time   int   // slot of the time, -1 if there is none
	fields []int // slots of the measured fields
	flat   [][]byte
	deep   [][]byte // by slot: the raw value at the flat name and along the path, nil if absent
	record uint64   // records read, marks the steps met in this one
	twice  *jsonStep
	buf    []byte // an unescaped text

	known   skeletons
	end     byte // of a line
	maxLine int
}

func newJSON(s *Schema) decoder { return newJSONDecoder(s) }

func newJSONDecoder(s *Schema) *jsonDecoder {
	d := &jsonDecoder{coerce: s.cfg.Coerce, time: -1, end: s.end, maxLine: s.maxLine}
	slots := map[string]int{}
	slot := func(path string) int {
		i, ok := slots[path]
		if !ok {
			i = len(slots)
			slots[path] = i
			d.root.add(path, i)
		}
		return i
	}
	for _, k := range s.cfg.Keys {
		d.keys = append(d.keys, slot(k))
	}
	if s.timed() {
		d.time = slot(s.cfg.Time)
	}
	for _, f := range s.Fields {
		d.fields = append(d.fields, slot(f))
	}
	d.flat, d.deep = make([][]byte, len(slots)), make([][]byte, len(slots))
	d.root.index()
	return d
}

func (d *jsonDecoder) decode(r *record, line []byte) {
	if d.walk(line) {
		d.give(r)
		if r.reason == numReasons {
			d.learn(line)
		}
		return
	}
	switch {
	case d.tooDeep:
		r.fail(TooDeep, nil)
	default:
		r.fail(NotJSON, line)
	}
}

// walk finds the values asked for in line. It is false if the line is not an
// object or too deep.
func (d *jsonDecoder) walk(line []byte) bool {
	d.b, d.tooDeep, d.twice = line, false, nil
	d.record++
	clear(d.flat)
	clear(d.deep)
	i := d.space(0)
	if !d.is(i, '{') {
		d.value(i, 0) // it may be too deep
		return false
	}
	i = d.members(i, 1, &d.root)
	return i >= 0 && d.space(i) == len(line)
}

// members walks over an object in which some members are asked for.
func (d *jsonDecoder) members(i, depth int, n *jsonNode) int {
	i, more := d.open(i, depth, '}')
	for more {
		if !d.is(i, '"') {
			return -1
		}
		end := d.text(i)
		if end < 0 {
			return -1
		}
		step := n.find(d.plain(d.b[i+1 : end-1]))
		if i = d.colon(end); i < 0 {
			return -1
		}
		if i = d.wanted(i, depth, step); i < 0 {
			return -1
		}
		i, more = d.next(i, '}')
	}
	return i
}

// elements walks over an array in which some elements are asked for.
func (d *jsonDecoder) elements(i, depth int, n *jsonNode) int {
	i, more := d.open(i, depth, ']')
	for k := 0; more; k++ {
		if i = d.wanted(i, depth, n.element(k)); i < 0 {
			return -1
		}
		i, more = d.next(i, ']')
	}
	return i
}

// wanted walks over a value that stands at a step, nil if nobody asks for it,
// and notes where it is.
func (d *jsonDecoder) wanted(i, depth int, step *jsonStep) int {
	if step == nil {
		return d.value(i, depth)
	}
	if step.seen == d.record && d.twice == nil {
		d.twice = step
	}
	step.seen = d.record
	start := i
	switch {
	case step.sub != nil && d.is(i, '{'):
		i = d.members(i, depth+1, step.sub)
	case step.sub != nil && step.sub.byIndex != nil && d.is(i, '['):
		i = d.elements(i, depth+1, step.sub)
	default:
		i = d.value(i, depth)
	}
	if i < 0 {
		return -1
	}
	if step.flat >= 0 {
		d.flat[step.flat] = d.b[start:i]
	}
	if step.slot >= 0 {
		d.deep[step.slot] = d.b[start:i]
	}
	return i
}

// plain is what a string stands for whose content is raw; nil, which is no
// name, if there is a lone surrogate in it. It is valid until the next call.
func (d *jsonDecoder) plain(raw []byte) []byte {
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw
	}
	text, ok := unescape(d.buf[:0], raw)
	d.buf = text
	if !ok {
		return nil
	}
	return text
}

// give tells the record what was found.
func (d *jsonDecoder) give(r *record) {
	if d.twice != nil {
		r.fail(DuplicateField, []byte(d.twice.name))
	}
	for i, slot := range d.keys {
		d.giveKey(r, i, d.found(slot))
	}
	if d.time >= 0 {
		d.giveTime(r, d.found(d.time))
	}
	for i, slot := range d.fields {
		d.giveField(r, i, d.found(slot))
	}
}

// found is the raw value in a slot: at the flat name if the record has it,
// else along the path; nil if it is absent or null.
func (d *jsonDecoder) found(slot int) []byte {
	raw := d.flat[slot]
	if raw == nil {
		raw = d.deep[slot]
	}
	if raw == nil || raw[0] == 'n' {
		return nil
	}
	return raw
}

func (d *jsonDecoder) giveKey(r *record, i int, raw []byte) {
	if raw == nil {
		return
	}
	switch raw[0] {
	case '{', '[':
		r.badKey(i, raw)
	case '"':
		raw = raw[1 : len(raw)-1]
		if text := d.plain(raw); text != nil {
			r.key(i, text)
		} else {
			r.badKey(i, raw)
		}
	default:
		r.key(i, raw)
	}
}

func (d *jsonDecoder) giveTime(r *record, raw []byte) {
	if raw == nil {
		return
	}
	switch raw[0] {
	case '{', '[', 't', 'f':
		r.fail(BadTime, raw)
	case '"':
		raw = raw[1 : len(raw)-1]
		if text := d.plain(raw); text != nil {
			r.timeText(text)
		} else {
			r.fail(BadTime, raw)
		}
	default:
		r.timeText(raw)
	}
}

func (d *jsonDecoder) giveField(r *record, i int, raw []byte) {
	if raw == nil {
		return
	}
	switch raw[0] {
	case '{', '[', 't', 'f':
		r.badValue(i, raw)
	case '"':
		raw = raw[1 : len(raw)-1]
		if text := d.plain(raw); text != nil {
			raw = text
		}
		d.textField(r, i, raw)
	default:
		if x, ok := parseJSONNumber(raw); ok {
			r.value(i, x)
		} else {
			r.badValue(i, raw)
		}
	}
}

// textField gives a field that is a string.
func (d *jsonDecoder) textField(r *record, i int, text []byte) {
	if d.coerce {
		if x, ok := parseNumber(text); ok {
			r.value(i, x)
			return
		}
	}
	r.badValue(i, text)
}

// numbers is the names of the members that are numbers, each once.
func (d *jsonDecoder) numbers(line []byte) (names []string) {
	d.b = line
	i := d.space(0)
	if !d.is(i, '{') {
		return nil
	}
	seen := map[string]bool{}
	i, more := d.open(i, 1, '}')
	for more {
		end := d.name(i)
		if end < 0 {
			return nil
		}
		name := d.memberName(i)
		if i = d.value(end, 1); i < 0 {
			return nil
		}
		if _, ok := parseJSONNumber(d.b[end:i]); ok && name != nil && !seen[string(name)] {
			seen[string(name)] = true
			names = append(names, string(name))
		}
		i, more = d.next(i, '}')
	}
	if i < 0 || d.space(i) != len(line) {
		return nil
	}
	return names
}

// memberName is the name whose opening quote is at i.
func (d *jsonDecoder) memberName(i int) []byte {
	return d.plain(d.b[i+1 : d.text(i)-1])
}
