package stream

import (
	"math"

	"rtda/pkg/agg"
	"rtda/pkg/clock"
	"rtda/pkg/parse"
)

// goesAlone reports whether any record of a key goes alone.
func (se *series) goesAlone() bool { return se.freed != math.MinInt64 || se.behind || se.held != nil }

// earliest is the earliest time at which a record need not go alone: one that is
// behind the clock does where that matters, and so does one up to Config.Since.
func (s *Stream) earliest() int64 {
	t := int64(math.MinInt64)
	if s.cfg.Every.D > 0 {
		t = s.clock
	}
	if s.byClock() {
		t = max(t, s.ticked)
	}
	if s.cfg.Since != 0 {
		t = max(t, s.cfg.Since+1)
	}
	return t
}

// gather finds the series and the place of each of up to n records from i on, up
// to one that has to go alone: of a new key, of one that gives no rows yet, one
// with the first value of a field, one that is late or far ahead, that comes after a
// pause, that is behind the clock or moves it beyond until.
func (s *Stream) gather(batch *parse.Batch, i, n int, until int64) int {
	m := &s.many
	m.groups, m.ends = m.groups[:0], m.ends[:0]
	if !s.cfg.Keyed {
		return s.gatherOne(batch, i, n, until)
	}
	m.round++
	now, earliest := s.clock, s.earliest()
	for k := range n {
		se := s.find(batch.Key[i+k])
		if se == nil || se.index != nil && s.lacks(se, batch, i+k) || !se.ready && !s.becomesReady(se) && m.filled(batch, i+k, 1) == 0 || se.goesAlone() {
			n = k
			break
		}
		fresh := se.round != m.round
		if m.clocked {
			t, last := m.at[k], se.last
			if !fresh {
				last = se.coming
			}
			if t < last || t < earliest || t > until || since(last, t) > m.pause && (s.cfg.Gap > 0 || clock.Elapsed(now, t) > m.jump) {
				n = k
				break
			}
			se.coming = t
			if now = max(now, t); s.cfg.Every.D > 0 {
				earliest = now
			}
		}
		if fresh {
			se.round, se.group = m.round, int32(len(m.groups))
			m.groups = append(m.groups, group{se: se, since: se.since})
		}
		g := &m.groups[se.group]
		g.to++
		g.since++
		g.heard = now
		if g.since == m.every {
			m.addEnd(k)
			g.since = 0
		}
		m.group[k] = se.group
	}
	m.newest = now
	from := 0
	for k := range m.groups {
		g := &m.groups[k]
		g.from, g.to, from = from, from, from+g.to
	}
	for k, at := range m.group[:n] {
		g := &m.groups[at]
		m.place[k], m.order[g.to] = int32(g.to), int32(k)
		g.to++
	}
	if s.cfg.LastOnly {
		m.ends = m.ends[:0]
	}
	return n
}

// since is the time from a to b, which is not before it.
func since(a, b int64) uint64 { return uint64(b) - uint64(a) }

// gatherOne is gather without keys.
func (s *Stream) gatherOne(batch *parse.Batch, i, n int, until int64) int {
	m, se := &s.many, s.only
	if se == nil || se.goesAlone() {
		return 0
	}
	if m.clocked {
		last, earliest := se.last, max(se.last, s.earliest())
		look := n
		if m.steady { // if the first one need not go alone, none does
			look = min(1, n)
		}
		for k, t := range m.at[:look] {
			if t < earliest || t > until || since(last, t) > m.pause {
				n = k
				break
			}
			last, earliest = t, t
		}
		if n > 0 {
			m.newest = max(s.clock, m.at[n-1])
		}
	}
	if !se.ready && !s.becomesReady(se) {
		n = m.filled(batch, i, n)
	}
	for k := 0; k < n && se.index != nil; k++ {
		if s.lacks(se, batch, i+k) {
			n = k
		}
	}
	samples := se.since + n
	switch {
	case m.each:
		m.ends, samples = m.order[:n], 0
	case m.every > 0:
		for k := m.every - se.since - 1; k < n && !s.cfg.LastOnly; k += m.every {
			m.addEnd(k)
		}
		samples %= m.every
	}
	m.groups = append(m.groups, group{se: se, to: n, since: samples})
	return n
}

// addEnd notes that the k-th record brings a row.
func (m *many) addEnd(k int) {
	m.row[k] = int32(len(m.ends))
	m.ends = append(m.ends, int32(k))
}

// becomesReady reports whether a key may give rows from now on, whatever comes:
// a first window that time does not empty holds what it needs.
func (s *Stream) becomesReady(se *series) bool {
	se.ready = s.cfg.EveryLine || s.many.every == 0
	first := false // one that may hold too few later; holdEnough looks at it
	for _, i := range s.cfg.First {
		switch w, win := se.window(i), &s.cfg.Windows[i]; {
		case w == nil:
		case win.mayLack():
			first = true
		case win.Width.Kind != agg.Duration:
			se.ready = se.ready || w.Len() >= win.Need
		}
	}
	return se.ready || first
}

// holdEnough reports whether the windows that may come to hold less than they need
// hold enough at every record that is gathered: those samples are enough already that
// are not too old at the last record of their key.
func (s *Stream) holdEnough() bool {
	m := &s.many
	for _, g := range m.groups {
		last := m.order[g.to-1]
		for _, i := range m.wary {
			if w := g.se.window(i); w != nil && w.Len()-w.Stale(m.at[last]) < s.cfg.Windows[i].Need {
				return false
			}
		}
	}
	return true
}

// lacks reports whether a record has a value of a field of which its key has no
// window yet.
func (s *Stream) lacks(se *series, batch *parse.Batch, i int) bool {
	for w := range s.cfg.Windows {
		if x := batch.Col[s.cfg.Windows[w].Field][i]; x == x && se.window(w) == nil {
			return true
		}
	}
	return false
}

// filled is how many of n records from i on have each a value for a first window of a
// duration, which holds what it needs then.
func (m *many) filled(batch *parse.Batch, i, n int) int {
	if len(m.fills) == 1 {
		for k, x := range batch.Col[m.fills[0]][i : i+n] {
			if x != x {
				return k
			}
		}
		return n
	}
	for k := range n {
		some := false
		for _, f := range m.fills {
			x := batch.Col[f][i+k]
			some = some || x == x
		}
		if !some {
			return k
		}
	}
	return n
}

// fitsMany reports whether the samples of n records from i on, and their texts that
// are kept, may be held too.
func (s *Stream) fitsMany(batch *parse.Batch, i, n int) bool {
	room := s.cfg.MaxSamples - s.stats.Held - s.late.cost
	for _, col := range batch.Text[:s.cfg.Keep] {
		room -= keptCost(col[i : i+n])
	}
	if s.cfg.Clock == DataClock && s.stats.Held+n*len(s.cfg.Windows) > s.sweepsAt() && s.maySweep(s.many.newest) {
		return false // one by one there would be a sweep between them
	}
	if room >= n*len(s.cfg.Windows) {
		return true
	}
	for _, g := range s.many.groups {
		for k, w := range g.se.wins {
			switch win := &s.cfg.Windows[g.se.number(k)]; {
			case !win.Stores || win.Weight > 0:
			case win.Width.Kind == agg.Count:
				room -= min(g.to-g.from, win.Width.N-w.Len())
			default:
				room -= g.to - g.from
			}
		}
	}
	return room >= 0
}
