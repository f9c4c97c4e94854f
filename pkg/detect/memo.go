package detect

import (
	"math"
	"slices"
)

// A memo remembers where the values of the last 4000 samples lay, as at most 512
// sorted centres: a value within merge of a centre only renews it. All 4000
// values scored the same in the Numenta benchmark, 256 centres 0.8 points less.
//
// It takes up to 6 KB. To ask is O(log n) but for old centres that it removes;
// to learn is O(n), as a new centre moves those above it.
type memo struct {
	merge   float64 // 0 until there are too many values
	centres []float64
	stamps  []uint32 // the number of the sample at which each was last met
}

const (
	minCentres = 8 // for which there is room at first
	maxCentres = 512
	horizon    = 4000 // samples after which a centre is old
)

// old tells whether centre i is old at the sample numbered n. Numbers go round
// at 2^32.
func (m *memo) old(i int, n uint32) bool { return n-m.stamps[i] > horizon }

// A place is where in a memo a value would stand.
type place struct {
	gap     float64 // distance to the nearest centre, +Inf where there is none
	at      int     // of the first centre that is not below the value
	nearest int
}

// ask returns the place of v at the sample numbered n, and removes old centres
// beside it.
func (m *memo) ask(v float64, n uint32) place {
	p := place{gap: math.Inf(1), at: search(m.centres, v)}
	for p.at < len(m.centres) && m.old(p.at, n) {
		m.remove(p.at)
	}
	for p.at > 0 && m.old(p.at-1, n) {
		p.at--
		m.remove(p.at)
	}
	if p.at < len(m.centres) {
		p.gap, p.nearest = m.centres[p.at]-v, p.at
	}
	if p.at > 0 {
		if gap := v - m.centres[p.at-1]; gap < p.gap {
			p.gap, p.nearest = gap, p.at-1
		}
	}
	return p
}

// learn takes in v, for which ask has just returned p.
func (m *memo) learn(v float64, p place, n uint32) {
	if p.gap <= m.merge {
		m.stamps[p.nearest] = n
		return
	}
	if len(m.centres) == maxCentres {
		m.thin(n)
		p.at = search(m.centres, v)
	}
	m.insert(p.at, v, n)
}

// review halves merge where few centres are left, now and then.
func (m *memo) review(n uint32) {
	m.removeOld(n)
	if len(m.centres) < maxCentres/4 {
		m.merge /= 2
	}
}

// thin makes room: old centres go, and then merge grows until a quarter of the
// room is free. It begins at the smallest distance and not at a share of the
// range, because a single outlier of 1e12 would otherwise blind the series for
// hours.
func (m *memo) thin(n uint32) {
	m.removeOld(n)
	for len(m.centres) > maxCentres*3/4 {
		if m.merge == 0 {
			m.merge = math.Inf(1)
			for i, c := range m.centres[1:] {
				m.merge = min(m.merge, c-m.centres[i])
			}
		}
		m.merge = max(1.5*m.merge, 0x1p-1000)
		m.unite(n)
	}
}

// unite drops each centre that is within merge of the last one kept below it.
func (m *memo) unite(n uint32) {
	kept := 0
	for i, c := range m.centres {
		switch {
		case i == 0:
		case c-m.centres[kept] > m.merge:
			kept++
			m.centres[kept], m.stamps[kept] = c, m.stamps[i]
		case n-m.stamps[i] < n-m.stamps[kept]:
			m.stamps[kept] = m.stamps[i]
		}
	}
	m.cut(kept + 1)
}

func (m *memo) removeOld(n uint32) {
	kept := 0
	for i, c := range m.centres {
		if !m.old(i, n) {
			m.centres[kept], m.stamps[kept] = c, m.stamps[i]
			kept++
		}
	}
	m.cut(kept)
}

func (m *memo) cut(n int) { m.centres, m.stamps = m.centres[:n], m.stamps[:n] }

func (m *memo) remove(i int) {
	m.centres, m.stamps = slices.Delete(m.centres, i, i+1), slices.Delete(m.stamps, i, i+1)
}

// insert makes v a centre, before the one at i.
func (m *memo) insert(i int, v float64, n uint32) {
	m.makeRoom(len(m.centres) + 1)
	m.centres, m.stamps = slices.Insert(m.centres, i, v), slices.Insert(m.stamps, i, n)
}

// makeRoom makes room for n centres. It grows by doubling, up to exactly
// maxCentres.
func (m *memo) makeRoom(n int) {
	room := max(cap(m.centres), minCentres)
	for room < n {
		room *= 2
	}
	if room > cap(m.centres) {
		m.centres = append(make([]float64, 0, room), m.centres...)
		m.stamps = append(make([]uint32, 0, room), m.stamps...)
	}
}

// search returns the index of the first of the ascending xs that is not below v.
// It has no branch that depends on a comparison: the CPU would guess half of
// them wrong, which makes a sample a quarter slower.
func search(xs []float64, v float64) int {
	lo, n := 0, len(xs)
	for n > 0 {
		half := (n + 1) / 2
		below := 0
		if xs[lo+half-1] < v {
			below = 1
		}
		lo += half & -below
		n -= half
	}
	return lo
}
