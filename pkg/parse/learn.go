package parse

import "slices"

const (
	maxPatience = 64      // so that records without a common skeleton pay little for it
	maxParts    = 256     // values of a record that is learned
	maxLearned  = 4 << 10 // bytes of it
)

// learn makes a line that is good a skeleton, if it is time for another and the
// line can be one.
func (d *jsonDecoder) learn(line []byte) {
	k := &d.known
	if k.misses++; k.misses <= k.patience || len(line) > maxLearned {
		return
	}
	d.walk(line) // for where the values stand in it
	s := k.oldest()
	s.line = append(s.line[:0], line...)
	if !d.split(s) || !d.assign(s, line) {
		s.line = nil
	}
}

// oldest is the skeleton to be replaced: none yet, or one that has not fitted
// for a while. The less the newest was of use, the longer it is until the next.
func (k *skeletons) oldest() *skeleton {
	k.misses, k.patience = 0, min(2*k.patience+1, maxPatience)
	if k.all[k.newest].fitted {
		k.patience = 0
	}
	for {
		k.newest = (k.newest + 1) % len(k.all)
		s := &k.all[k.newest]
		if s.line == nil || !s.fitted {
			s.fitted = false
			return s
		}
		s.fitted = false
	}
}

// split cuts the skeleton's line, which is JSON, into parts. It is false if
// there are too many.
func (d *jsonDecoder) split(s *skeleton) bool {
	d.b, s.parts = s.line, s.parts[:0]
	from := 0
	for i := 0; i < len(s.line); {
		switch c := s.line[i]; {
		case c == '"':
			end := d.text(i)
			if j := d.space(end); d.is(j, ':') {
				i = end
				continue
			}
			s.parts = append(s.parts, part{before: s.line[from : i+1], at: i, isText: true, field: -1, key: -1})
			from, i = end-1, end
		case c == '-' || c-'0' <= 9:
			s.parts = append(s.parts, part{before: s.line[from:i], at: i, field: -1, key: -1})
			i += scanJSONNumber(s.line[i:])
			from = i
		default:
			i++
		}
	}
	s.tail = s.line[from:]
	return len(s.parts) <= maxParts
}

// assign notes in the parts who asked for them. It is false if somebody gets
// something else than a number or string, or the same as another.
func (d *jsonDecoder) assign(s *skeleton, line []byte) bool {
	for i, slot := range d.keys {
		if p, ok := d.partOf(s, line, slot); !ok || p != nil && p.key >= 0 {
			return false
		} else if p != nil {
			p.key = i
		}
	}
	for i, slot := range d.fields {
		if p, ok := d.partOf(s, line, slot); !ok || p != nil && p.field >= 0 {
			return false
		} else if p != nil {
			p.field = i
		}
	}
	if d.time < 0 {
		return true
	}
	p, ok := d.partOf(s, line, d.time)
	if p != nil {
		p.time = true
	}
	return ok
}

// partOf is the part that is the value of a slot, nil if it has none. ok is
// false if the value is no part.
func (d *jsonDecoder) partOf(s *skeleton, line []byte, slot int) (p *part, ok bool) {
	raw := d.found(slot)
	if raw == nil {
		return nil, true
	}
	at := cap(line) - cap(raw) // both go on to the end of the same array
	i, ok := slices.BinarySearchFunc(s.parts, at, func(p part, at int) int { return p.at - at })
	if !ok {
		return nil, false
	}
	return &s.parts[i], true
}
