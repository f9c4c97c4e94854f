package parse

import "bytes"

// walk finds the values asked for in line. It is false if the line is not an
// object or too deep.
func (d *jsonDecoder) walk(line []byte) bool {
	d.b, d.tooDeep = line, false
	d.begin()
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
		step := d.step(n, d.b[i+1:end-1])
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
	d.meet(step)
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
	d.put(step, d.b[start:i])
	return i
}

// step is the step for the member whose raw name is given, nil if it is not
// asked for. A name with a lone surrogate in it cannot be.
func (d *jsonDecoder) step(n *jsonNode, raw []byte) *jsonStep {
	name, ok := d.plain(raw)
	if !ok {
		return nil
	}
	return n.find(name)
}

// plain is what a string stands for whose content is raw; ok is false if there
// is a lone surrogate in it. It is valid until the next call.
func (d *jsonDecoder) plain(raw []byte) (text []byte, ok bool) {
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw, true
	}
	d.buf, ok = unescape(d.buf[:0], raw)
	return d.buf, ok
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
		name, ok := d.memberName(i)
		if i = d.value(end, 1); i < 0 {
			return nil
		}
		if _, isNumber := parseJSONNumber(d.b[end:i]); isNumber && ok && !seen[string(name)] {
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
func (d *jsonDecoder) memberName(i int) (name []byte, ok bool) {
	return d.plain(d.b[i+1 : d.text(i)-1])
}
