package detect

import (
	"math"

	"rtda/pkg/num"
)

// Append appends all that later values depend on, in at most 44 KB (TestSize).
// What the plan does not compute is not in it.
func (d *Detector) Append(dst []byte) []byte {
	dst = num.AppendBool(dst, d.hours != nil)
	dst = num.AppendBool(dst, d.anomaly != nil)
	dst = num.AppendBool(dst, d.forecast != nil)
	if d.hours != nil {
		dst = d.hours.append(dst)
	}
	if d.anomaly != nil {
		dst = d.anomaly.append(dst)
	}
	if d.forecast != nil {
		dst = d.forecast.append(dst)
	}
	return dst
}

// Restore makes the detector, which must be new, go on with the same bits as the
// one that was appended. Parts that its plan does not compute are read and left
// out, parts that it has in addition begin anew: Anew tells. What no detector can
// have written, and one with a clock where this has none or the other way round,
// makes the Decoder fail.
func (d *Detector) Restore(dec *num.Decoder) {
	clock, hasAnomaly, hasForecast := dec.Bool(), dec.Bool(), dec.Bool()
	if clock != (d.hours != nil) {
		dec.Fail()
	}
	if clock {
		read := &hours{}
		read.read(dec)
		if d.hours != nil {
			d.hours = read
		}
	}
	if hasAnomaly {
		read := newAnomaly(clock)
		read.read(dec)
		if d.anomaly != nil {
			d.anomaly = read
		}
	}
	if hasForecast {
		read := newForecast(clock)
		read.read(dec)
		if d.forecast != nil {
			d.forecast = read
		}
	}
	d.anew = d.anomaly != nil && !hasAnomaly || d.forecast != nil && !hasForecast
}

// Anew reports whether Restore has left a part as new.
func (d *Detector) Anew() bool { return d.anew }

// A check reads numbers that must lie in a range, and makes its Decoder fail
// where one does not: hostile numbers could become infinite later, and never go
// away again.
type check struct{ *num.Decoder }

// float reads a number of lo to hi.
func (c check) float(lo, hi float64) float64 {
	x := c.Float()
	if !(x >= lo && x <= hi) {
		c.Fail()
		return 0
	}
	return x
}

// within reads numbers of −most to most.
func (c check) within(most float64, dst ...*float64) {
	for _, p := range dst {
		*p = c.float(-most, most)
	}
}

// count reads a whole number of 0 to most.
func (c check) count(most uint64) uint64 {
	n := c.Uint()
	if n > most {
		c.Fail()
		return 0
	}
	return n
}

// What numbers of a state can be at most.
const (
	maxN      = 1 << 53   // samples
	maxDist   = 8 * limit // values, their averages and distances
	maxSquare = maxDist * maxDist
	maxWeight = 1 << 23 // sum of the counts of a histogram
	maxLog    = 1 << 20 // whatever is a logarithm, or a few of them
)

func (h *hours) append(dst []byte) []byte {
	dst = num.AppendUint(dst, uint64(h.last))
	for b, x := range h.usual {
		dst = num.AppendFloat(dst, x)
		for _, n := range []uint32{h.seen[b], h.today[b], h.full[b]} {
			dst = num.AppendUint(dst, uint64(n))
		}
	}
	return dst
}

func (h *hours) read(dec *num.Decoder) {
	c := check{dec}
	h.last = c.Index(len(h.usual))
	for b := range h.usual {
		c.within(limit, &h.usual[b])
		for _, n := range []*uint32{&h.seen[b], &h.today[b], &h.full[b]} {
			*n = uint32(c.count(maxSeen))
		}
	}
}

func (a *anomaly) append(dst []byte) []byte {
	dst = num.AppendUint(dst, a.n)
	for _, x := range []float64{a.level, a.short, a.variance, a.wide, a.pressure, a.evidence, a.peak} {
		dst = num.AppendFloat(dst, x)
	}
	dst = num.AppendUint(dst, uint64(a.calm))
	for _, x := range a.spreads {
		dst = num.AppendFloat(dst, x)
	}
	for i := range a.memos {
		dst = a.memos[i].append(dst, uint32(a.n))
		dst = a.gaps[i].append(dst)
	}
	return dst
}

func (a *anomaly) read(dec *num.Decoder) {
	c := check{dec}
	a.n = c.count(maxN)
	c.within(maxDist, &a.level, &a.short)
	a.variance, a.wide = c.float(0, maxSquare), c.float(0, maxSquare)
	c.within(maxLog, &a.pressure, &a.evidence)
	a.peak = c.float(0, 1)
	a.calm = c.Index(maxCalm + 1)
	for i := range a.spreads {
		c.within(maxLog, &a.spreads[i])
	}
	for i := range a.memos {
		a.memos[i].read(dec, uint32(a.n))
		a.gaps[i].read(dec)
	}
}

// append writes stamps as ages at n, which are short.
func (m *memo) append(dst []byte, n uint32) []byte {
	dst = num.AppendFloats(num.AppendFloat(dst, m.merge), m.centres)
	for _, stamp := range m.stamps {
		dst = num.AppendUint(dst, uint64(n-stamp))
	}
	return dst
}

func (m *memo) read(dec *num.Decoder, n uint32) {
	c := check{dec}
	m.merge = c.float(0, maxDist)
	size := c.Count(8)
	if size > maxCentres {
		c.Fail()
		return
	}
	room := minCentres
	for room < size {
		room *= 2
	}
	m.centres, m.stamps = make([]float64, size, room), make([]uint32, size, room)
	below := math.Inf(-1)
	for i := range m.centres {
		c.within(maxDist, &m.centres[i])
		if m.centres[i] <= below {
			c.Fail()
		}
		below = m.centres[i]
	}
	for i := range m.stamps {
		m.stamps[i] = n - uint32(c.count(math.MaxUint32))
	}
}

func (h *histogram) append(dst []byte) []byte {
	dst = num.AppendUint(dst, uint64(h.k))
	for _, n := range h.counts {
		dst = num.AppendUint(dst, uint64(n))
	}
	return dst
}

func (h *histogram) read(dec *num.Decoder) {
	c := check{dec}
	h.k = int16(c.Index(halfAt))
	sum := uint64(0)
	for i := range h.counts {
		n := c.count(maxWeight)
		h.counts[i] = uint32(n)
		sum += n
	}
	if sum > maxWeight {
		c.Fail()
	}
	h.sum()
}

// signed are the numbers of a forecast that may be below 0.
func (f *forecast) signed() []*float64 {
	all := []*float64{&f.last, &f.trend, &f.expected, &f.lower, &f.upper}
	for i := range f.levels {
		all = append(all, &f.levels[i], &f.rests[i])
	}
	return all
}

// unsigned are those that may not.
func (f *forecast) unsigned() []*float64 {
	all := []*float64{&f.scale, &f.up, &f.down}
	for i := range f.errors {
		all = append(all, &f.errors[i])
	}
	return all
}

func (f *forecast) append(dst []byte) []byte {
	dst = num.AppendUint(dst, f.n)
	for _, x := range append(f.signed(), f.unsigned()...) {
		dst = num.AppendFloat(dst, *x)
	}
	return dst
}

func (f *forecast) read(dec *num.Decoder) {
	c := check{dec}
	f.n = c.count(maxN)
	c.within(maxSquare, f.signed()...)
	for _, x := range f.unsigned() {
		*x = c.float(0, maxSquare)
	}
}
