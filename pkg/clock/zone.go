package clock

import (
	"fmt"
	"math"
	"time"
	_ "time/tzdata" // zones are there on machines without a database of them
)

const (
	minute = 60 * second
	hour   = 60 * minute
	day    = 24 * hour
	week   = 7 * day
)

// LoadZone returns the time zone of an IANA name like Europe/Berlin, or that of
// the machine for local. It is nil for UTC, and everywhere here nil is UTC.
func LoadZone(name string) (*time.Location, error) {
	switch name {
	case "UTC":
		return nil, nil
	case "local":
		return time.Local, nil
	case "", "Local":
		return nil, fmt.Errorf("no time zone: %q", name)
	}
	return time.LoadLocation(name)
}

// Offsets tells how far the clock of a zone is ahead of UTC. It remembers the
// stretch between two changes of the clock that was asked for last: an answer
// from there takes 1 ns, another 200. The zero value is for UTC.
type Offsets struct {
	zone        *time.Location
	from, until int64 // east is right for from ≤ t < until
	east        int64
}

// NewOffsets returns the offsets of a zone.
func NewOffsets(zone *time.Location) Offsets { return Offsets{zone: zone} }

// East is how far the zone is ahead of UTC at time t, in ns.
func (o *Offsets) East(t int64) int64 {
	if t < o.from || t >= o.until {
		o.find(t)
	}
	return o.east
}

// find remembers the stretch in which t lies.
func (o *Offsets) find(t int64) {
	if o.zone == nil {
		o.from, o.until = math.MinInt64, math.MaxInt64
		return
	}
	at := time.Unix(0, t).In(o.zone)
	_, east := at.Zone()
	o.east = int64(east) * second
	from, until := at.ZoneBounds()
	o.from, o.until = math.MinInt64, math.MaxInt64
	if !from.IsZero() && from.Unix() > minSecond {
		o.from = from.UnixNano()
	}
	if !until.IsZero() && until.Unix() < endSecond {
		o.until = until.UnixNano()
	}
}

// reach is more than any zone was ever ahead of or behind UTC.
const reach = 16 * hour

// Instants returns when the zone's clock showed a local time, written in ns as
// if it were UTC. In the hour that comes twice first and second differ. A time
// that the clock skips is read with the offset from before.
func (o *Offsets) Instants(local int64) (first, second int64) {
	if t := local - o.east; t >= o.from+reach && t < o.until-reach {
		return t, t
	}
	before, after := o.East(local-reach), o.East(local+reach)
	first, second = local-before, local-after
	wasFirst, wasSecond := o.East(first) == before, o.East(second) == after
	switch {
	case wasFirst && wasSecond:
		return min(first, second), max(first, second)
	case wasSecond:
		return second, second
	}
	return first, first
}

// Hour is the hour of the day at time t, from 0 to less than 24, with its
// fraction.
func (o *Offsets) Hour(t int64) float64 {
	_, rest := floorDiv(t+o.East(t), day)
	return float64(rest) / float64(hour)
}

// Weekday is the day of the week at time t, from 1 for Monday to 7.
func (o *Offsets) Weekday(t int64) int {
	n, _ := floorDiv(t+o.East(t), day)
	return int(weekday(n))
}

// Day is the stretch of time around t, from ≤ t < until, in which Weekday is the
// same and Hour grows by 1 with each hour that passes: it began at 0 at the time
// from, or would have if the clock had not been changed since.
func (o *Offsets) Day(t int64) (from, until int64) {
	_, rest := floorDiv(t+o.East(t), day)
	return t - rest, min(t+(day-rest), o.until)
}

// weekday is the day of the week of a day since 1970-01-01, a Thursday, from 1
// for Monday to 7.
func weekday(days int64) int64 {
	_, n := floorDiv(days+3, 7)
	return n + 1
}

// A Calendar knows the boundaries of a duration: its multiples since the Unix
// epoch, but whole days begin at midnight in a zone. Those of one day and of one
// week, which begins on Monday, are as long as the zone's clock makes them; others
// are multiples of 24 hours since the midnight with which 1970 began there.
type Calendar struct {
	offsets Offsets
	length  int64
	days    int64 // 1 or 7 where boundaries are midnights of the zone, else 0
	anchor  int64 // a boundary, where they are not
}

// NewCalendar returns the calendar of a duration, which is more than 0.
func NewCalendar(d int64, zone *time.Location) *Calendar {
	c := &Calendar{offsets: NewOffsets(zone), length: d}
	switch {
	case d == day || d == week:
		c.days = d / day
	case d%day == 0:
		c.anchor, _ = c.offsets.Instants(0)
	}
	return c
}

// Varies reports whether not all periods are equally long.
func (c *Calendar) Varies() bool { return c.days > 0 && c.offsets.zone != nil }

// Ceil is the first boundary at or after t, math.MaxInt64 if there is none.
func (c *Calendar) Ceil(t int64) int64 {
	if c.days == 0 {
		up := Ceil(t-c.anchor, c.length)
		if c.anchor > 0 && up > math.MaxInt64-c.anchor {
			return math.MaxInt64
		}
		return up + c.anchor
	}
	for n := c.first(t); ; n += c.days {
		if n > endSecond/86400 {
			return math.MaxInt64
		}
		if b := c.midnight(n); b >= t {
			return b
		}
	}
}

// Next is the first boundary after t.
func (c *Calendar) Next(t int64) int64 {
	if t == math.MaxInt64 {
		return t
	}
	return c.Ceil(t + 1)
}

// Floor is the last boundary at or before t.
func (c *Calendar) Floor(t int64) int64 {
	if c.days == 0 {
		_, rest := floorDiv(t-c.anchor, c.length)
		return t - rest
	}
	return c.midnight(c.first(t))
}

// Back is the time one period before t, by the clock of the zone: the boundary
// before, where t is one, else the same time of the day one day or week earlier.
func (c *Calendar) Back(t int64) int64 {
	if c.days == 0 {
		return t - c.length
	}
	begin := c.Floor(t)
	if begin == t {
		return c.Floor(t - 1)
	}
	back, _ := c.offsets.Instants(t + c.offsets.East(t) - c.length)
	return min(back, begin) // later than begin where the day before is skipped
}

// first is the day with which the period of t begins.
func (c *Calendar) first(t int64) int64 {
	n, _ := floorDiv(t+c.offsets.East(t), day)
	if c.days == 7 {
		n -= weekday(n) - 1
	}
	return n
}

// midnight is when a day since 1970-01-01 begins in the zone. Where the clock
// skips midnight, that is the moment at which it does.
func (c *Calendar) midnight(n int64) int64 {
	t, _ := c.offsets.Instants(n * day)
	return t
}
