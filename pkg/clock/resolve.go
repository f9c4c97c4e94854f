package clock

import (
	"math"
	"time"

	"rtda/pkg/num"
)

// A Resolver makes moments of the times that a Reader leaves open, in the order
// of the input. It knows the newest time that it has seen.
type Resolver struct {
	lacks   lack
	late    int64 // how far behind the newest time a time may be
	ahead   int64 // how far ahead of the newest time one record alone may be, 0 for any
	offsets Offsets

	newest int64
	seen   bool  // newest is of the data, not the one that a Resolver begins with
	far    int64 // a time too far ahead of the newest, with held
	held   bool  // the last time was too far ahead

	begins, ends int64 // local times of the year of the newest time
	leap         bool  // it has a 29 February
}

// Resolver returns a resolver of the reader's times. A time without its year or
// date is the one nearest to the newest time, at first to near. Of an hour that
// comes twice it takes the first, unless that is more than late behind the newest
// time. A time that is more than ahead after the newest is not the newest, unless
// the next one is, too.
func (r *Reader) Resolver(near, late, ahead int64) *Resolver {
	s := &Resolver{newest: near, late: late, ahead: ahead, offsets: NewOffsets(r.zone)}
	if r.pattern != nil {
		s.lacks = r.pattern.lacks
	}
	return s
}

// Resolve makes moments of what Parse has returned for one record after the
// other. They are at most a day outside of the years that can be read.
func (r *Resolver) Resolve(ts []int64, east []int32) {
	for i, e := range east {
		if e != Moment {
			ts[i] = r.moment(ts[i], e)
		}
		r.see(ts[i])
	}
}

// see makes t the newest time, if it is.
func (r *Resolver) see(t int64) {
	if r.ahead > 0 && r.seen && Elapsed(r.newest, t) > r.ahead && !(r.held && Elapsed(t, r.far) <= r.ahead) {
		r.far, r.held = t, true
		return
	}
	if r.held = false; t > r.newest || !r.seen {
		r.newest, r.seen = t, true
	}
}

// Append appends what the resolver has seen, for Restore.
func (r *Resolver) Append(dst []byte) []byte {
	dst = num.AppendInt(num.AppendBool(dst, r.seen), r.newest)
	return num.AppendInt(num.AppendBool(dst, r.held), r.far)
}

// Restore makes the resolver one that has seen what Append wrote.
func (r *Resolver) Restore(d *num.Decoder) {
	seen, newest := d.Bool(), d.Int()
	held, far := d.Bool(), d.Int()
	if seen {
		r.seen, r.newest, r.held, r.far = true, newest, held, far
	}
}

// moment returns when it was, of what Parse has returned.
func (r *Resolver) moment(t int64, east int32) int64 {
	if r.lacks == nothing {
		return r.local(t)
	}
	off := int64(east) * second
	if east == Local {
		off = r.offsets.East(r.newest)
	}
	here := r.newest + off // the newest time, as the zone's clock showed it
	if r.lacks == theDate {
		return r.nearestDay(t, east, here)
	}
	return r.nearestYear(t, east, here)
}

// local returns when the clock of the zone showed a local time.
func (r *Resolver) local(t int64) int64 {
	first, second := r.offsets.Instants(t)
	if first != second && r.seen && Elapsed(first, r.newest) > r.late {
		return second
	}
	return first
}

// at is when a clock that is so far east showed a local time.
func (r *Resolver) at(local int64, east int32) int64 {
	if east == Local {
		return r.local(local)
	}
	return local - int64(east)*second
}

// nearestDay is the time of day t on the day on which it is nearest to the newest
// time.
func (r *Resolver) nearestDay(t int64, east int32, here int64) int64 {
	today, _ := floorDiv(here, day)
	best := r.at(today*day+t, east)
	for _, n := range [...]int64{today - 1, today + 1} {
		if m := r.at(n*day+t, east); distance(m, r.newest) < distance(best, r.newest) {
			best = m
		}
	}
	return best
}

// distance is how far two times lie apart.
func distance(a, b int64) int64 {
	d := Elapsed(a, b)
	if d < 0 {
		return -max(d, -1<<63+1)
	}
	return d
}

const (
	day2000   = 10957                     // 2000-01-01, in days since the Unix epoch
	march2000 = (day2000 + 31 + 29) * day // 2000-03-01
	halfYear  = 182 * day                 // and a bit less than half of one
	farYears  = 8                         // between two leap years, over 1800, 1900, 2100 and 2200
)

// nearestYear is t, a time in 2000, in the year in which it is nearest to the
// newest time. 29 February looks for a year that has one.
func (r *Resolver) nearestYear(t int64, east int32, here int64) int64 {
	if here < r.begins || here >= r.ends {
		y := yearOf(here)
		r.leap, r.begins, r.ends = leapDays(y) == 1, firstDay(y)*day, firstDay(y+1)*day
	}
	if local, ok := inYear(t, r.begins, r.leap); ok {
		if m := r.at(local, east); distance(m, r.newest) < halfYear {
			return m
		}
	}
	year, best := yearOf(here), int64(math.MaxInt64)
	for y := max(year-farYears, 1678); y <= min(year+farYears, 2261); y++ {
		if local, ok := inYear(t, firstDay(y)*day, leapDays(y) == 1); ok {
			if m := r.at(local, east); distance(m, r.newest) < distance(best, r.newest) {
				best = m
			}
		}
	}
	return best
}

// yearOf is the year of a local time.
func yearOf(local int64) uint { return uint(time.Unix(0, local).UTC().Year()) }

// inYear is t, a time in 2000, in the year that begins at the given time; ok is
// false for 29 February in a common year.
func inYear(t, begins int64, leap bool) (local int64, ok bool) {
	local = begins + t - day2000*day
	if !leap && t >= march2000-day {
		return local - day, t >= march2000
	}
	return local, true
}
