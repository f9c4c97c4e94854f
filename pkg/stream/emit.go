package stream

// ready reports whether a key may give a row: one of its first windows holds
// what it needs.
func (s *Stream) ready(se *series) bool {
	if s.cfg.EveryLine {
		return true
	}
	for _, w := range s.cfg.First {
		if se.wins[w].Len() >= s.cfg.Windows[w].Need {
			return true
		}
	}
	return false
}

// writeRow appends the row of a key at time t, if it may give one.
func (s *Stream) writeRow(se *series, t int64) {
	se.since = 0
	if !s.ready(se) {
		return
	}
	if s.cfg.LastOnly {
		se.row, se.rowAt = se.row[:0], t
		for i := range s.cfg.Columns {
			se.row = append(se.row, s.read(se, &s.cfg.Columns[i], t))
		}
		return
	}
	rows := s.addRow(se, t)
	for i := range s.cfg.Columns {
		rows.Col[i] = append(rows.Col[i], s.read(se, &s.cfg.Columns[i], t))
	}
}

// addRow begins a row of the result; its columns are the caller's to fill.
func (s *Stream) addRow(se *series, t int64) *Rows {
	rows := &s.res.Rows
	if s.stats.Rows == 0 {
		rows.First = true
	}
	rows.N++
	s.stats.Rows++
	if s.cfg.Clock != NoClock {
		rows.Time = append(rows.Time, t)
	}
	if s.cfg.Keyed {
		rows.Key = append(rows.Key, se.key)
	}
	return rows
}

// finish writes what a key has not yet shown, when no more of it will come.
func (s *Stream) finish(se *series) {
	if se.since == 0 {
		return
	}
	t := se.last
	if s.cfg.Every.D > 0 {
		t = s.next
		s.pass(se, t, false)
	}
	s.writeRow(se, t)
}

// End fills r with what the end of the input brings: the records that still
// wait, and a row of each key with samples since its last one, at the next
// boundary or, without boundaries, at the time of its own last sample. The last
// rows of Config.LastOnly stay in one Result, which they overfill.
func (s *Stream) End(r *Result, full Full) {
	s.begin(r, full)
	s.release(true)
	for _, se := range s.order() {
		s.finish(se)
		s.handOnWithin()
	}
	if !s.cfg.LastOnly {
		return
	}
	for _, se := range s.order() {
		if se.row == nil {
			continue
		}
		rows := s.addRow(se, se.rowAt)
		for c, x := range se.row {
			rows.Col[c] = append(rows.Col[c], x)
		}
	}
}
