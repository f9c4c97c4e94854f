package parse

import "slices"

// learn makes the line that was walked last the skeleton, if it is time for
// another and the line can be one.
func (d *jsonDecoder) learn(line []byte) {
	k := &d.skel
	if k.misses++; k.misses <= k.patience {
		return
	}
	k.misses, k.patience = 0, min(2*k.patience+1, maxPatience)
	if k.fitted {
		k.patience = 1
	}
	k.fitted, k.parts = false, k.parts[:0]
	if len(line) > maxLearned {
		k.line = nil
		return
	}
	k.line = append(k.line[:0], line...)
	if !d.split(k.line) || !d.assign(line) {
		k.line = nil
	}
}

// split cuts a line that is JSON into the skeleton's parts. It is false if
// there are too many.
func (d *jsonDecoder) split(line []byte) bool {
	k := &d.skel
	d.b = line
	from := 0
	for i := 0; i < len(line); {
		switch c := line[i]; {
		case c == '"':
			end := d.text(i)
			if j := d.space(end); d.is(j, ':') {
				i = end
				continue
			}
			k.parts = append(k.parts, part{before: line[from : i+1], at: i, isText: true, field: -1, key: -1})
			from, i = end-1, end
		case c == '-' || c-'0' <= 9:
			k.parts = append(k.parts, part{before: line[from:i], at: i, field: -1, key: -1})
			i += scanJSONNumber(line[i:])
			from = i
		default:
			i++
		}
	}
	k.tail = line[from:]
	return len(k.parts) <= maxParts
}

// assign notes in the parts who asked for them. It is false if somebody gets
// something else than a number or string, or the same as another.
func (d *jsonDecoder) assign(line []byte) bool {
	for i, slot := range d.keys {
		if p, ok := d.partOf(line, slot); !ok || p != nil && p.key >= 0 {
			return false
		} else if p != nil {
			p.key = i
		}
	}
	for i, slot := range d.fields {
		if p, ok := d.partOf(line, slot); !ok || p != nil && p.field >= 0 {
			return false
		} else if p != nil {
			p.field = i
		}
	}
	if d.time < 0 {
		return true
	}
	p, ok := d.partOf(line, d.time)
	if p != nil {
		p.time = true
	}
	return ok
}

// partOf is the part that is the value of a slot, nil if it has none. ok is
// false if the value is no part.
func (d *jsonDecoder) partOf(line []byte, slot int) (p *part, ok bool) {
	raw := d.found(slot)
	if raw == nil {
		return nil, true
	}
	at := cap(line) - cap(raw) // both go on to the end of the same array
	parts := d.skel.parts
	i, ok := slices.BinarySearchFunc(parts, at, func(p part, at int) int { return p.at - at })
	if !ok {
		return nil, false
	}
	return &parts[i], true
}
