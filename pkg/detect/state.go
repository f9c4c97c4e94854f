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
	c := codec{dst: dst}
	d.code(&c)
	return c.dst
}

// Restore makes the detector, which must be new, go on with the same bits as the
// one that was appended. Parts that its plan does not compute are read and left
// out, parts that it has in addition begin anew: Anew tells. What no detector can
// have written, and one with a clock where this has none or the other way round,
// makes the Decoder fail.
func (d *Detector) Restore(dec *num.Decoder) {
	plan := Plan{clock: dec.Bool()}
	for _, p := range []part{novelty, expectation} {
		if dec.Bool() {
			plan.parts |= p
		}
	}
	was := plan.New()
	was.code(&codec{dec: dec})
	if plan.clock != d.plan.clock {
		dec.Fail()
		return
	}
	d.hours = was.hours
	if d.anomaly != nil && was.anomaly != nil {
		d.anomaly = was.anomaly
	}
	if d.forecast != nil && was.forecast != nil {
		d.forecast = was.forecast
	}
	d.anew = d.plan.parts&^plan.parts != 0
}

// Anew reports whether Restore has left a part as new.
func (d *Detector) Anew() bool { return d.anew }

// A codec goes over the numbers of a detector, always in the same order. It
// appends them to dst or, where it has a Decoder, reads them and makes it fail
// where one is not in its range: hostile numbers could become infinite later, and
// never go away again.
type codec struct {
	dst []byte
	dec *num.Decoder
}

// floats are numbers of lo to hi.
func (c *codec) floats(lo, hi float64, all ...*float64) {
	for _, p := range all {
		if c.dec == nil {
			c.dst = num.AppendFloat(c.dst, *p)
		} else if *p = c.dec.Float(); !(*p >= lo && *p <= hi) {
			c.dec.Fail()
			*p = 0
		}
	}
}

// within are numbers of −most to most.
func (c *codec) within(most float64, all ...*float64) { c.floats(-most, most, all...) }

// counts are whole numbers of 0 to most.
func counts[T int | int16 | uint32 | uint64](c *codec, most uint64, all ...*T) {
	for _, p := range all {
		if c.dec == nil {
			c.dst = num.AppendUint(c.dst, uint64(*p))
			continue
		}
		n := c.dec.Uint()
		if n > most {
			c.dec.Fail()
			n = 0
		}
		*p = T(n)
	}
}

// What numbers of a state can be at most.
const (
	maxN      = 1 << 53   // samples
	maxDist   = 8 * limit // values, their averages and distances
	maxSquare = maxDist * maxDist
	maxWeight = 1 << 23 // sum of the counts of a histogram
	maxLog    = 1 << 20 // whatever is a logarithm, or a few of them
)

func (d *Detector) code(c *codec) {
	if d.hours != nil {
		d.hours.code(c)
	}
	if d.anomaly != nil {
		d.anomaly.code(c)
	}
	if d.forecast != nil {
		d.forecast.code(c)
	}
}

func (h *hours) code(c *codec) {
	counts(c, uint64(len(h.usual)-1), &h.last)
	for b := range h.usual {
		c.within(limit, &h.usual[b])
		counts(c, maxSeen, &h.seen[b], &h.today[b], &h.full[b])
	}
}

func (a *anomaly) code(c *codec) {
	counts(c, maxN, &a.n)
	c.within(maxDist, &a.level, &a.short)
	c.floats(0, maxSquare, &a.variance, &a.wide)
	c.within(maxLog, &a.pressure, &a.evidence)
	c.floats(0, 1, &a.peak)
	counts(c, maxCalm, &a.calm)
	for i := range a.spreads {
		c.within(maxLog, &a.spreads[i])
	}
	for i := range a.memos {
		a.memos[i].code(c, uint32(a.n))
		a.gaps[i].code(c)
	}
}

// code writes stamps as ages at n, which are short.
func (m *memo) code(c *codec, n uint32) {
	c.floats(0, maxDist, &m.merge)
	size := len(m.centres)
	if c.dec == nil {
		c.dst = num.AppendUint(c.dst, uint64(size))
	} else {
		if size = c.dec.Count(8); size > maxCentres {
			c.dec.Fail()
			return
		}
		m.makeRoom(size)
		m.cut(size)
	}
	below := math.Inf(-1)
	for i := range m.centres {
		c.within(maxDist, &m.centres[i])
		if c.dec != nil && m.centres[i] <= below {
			c.dec.Fail()
		}
		below = m.centres[i]
	}
	for i := range m.stamps {
		age := n - m.stamps[i]
		counts(c, math.MaxUint32, &age)
		m.stamps[i] = n - age
	}
}

func (h *histogram) code(c *codec) {
	counts(c, halfAt-1, &h.k)
	sum := uint64(0)
	for i := range h.counts {
		counts(c, maxWeight, &h.counts[i])
		sum += uint64(h.counts[i])
	}
	if c.dec != nil {
		if sum > maxWeight {
			c.dec.Fail()
		}
		h.sum()
	}
}

func (f *forecast) code(c *codec) {
	counts(c, maxN, &f.n)
	c.within(maxSquare, &f.last, &f.trend, &f.expected, &f.lower, &f.upper)
	for i := range f.levels {
		c.within(maxSquare, &f.levels[i], &f.rests[i])
	}
	c.floats(0, maxSquare, &f.scale, &f.up, &f.down)
	for i := range f.errors {
		c.floats(0, maxSquare, &f.errors[i])
	}
}
