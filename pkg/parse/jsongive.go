package parse

// tell tells the record what was found, or why nothing was.
func (d *jsonDecoder) tell(r *record, line []byte, found bool) {
	switch {
	case found:
		d.give(r)
	case d.tooDeep:
		r.fail(TooDeep, nil)
	default:
		r.fail(NotJSON, line)
	}
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
		if text, ok := d.plain(raw); ok {
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
		if text, ok := d.plain(raw); ok {
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
		if text, ok := d.plain(raw); ok {
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
