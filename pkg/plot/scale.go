package plot

import (
	"math"
	"strconv"
	"time"

	"rtda/pkg/num"
)

// A scale is an axis of values between round numbers.
type scale struct{ lo, hi, step float64 }

// newScale is a scale that holds all from lo to hi.
func newScale(lo, hi float64) (s scale) {
	s.lo, s.hi, s.step = num.RoundOut(lo, hi)
	return s
}

// part is how far up x stands, from 0 to 1.
func (s *scale) part(x float64) float64 {
	bottom := float64(s.lo / 2)
	return (float64(x/2) - bottom) / (float64(s.hi/2) - bottom)
}

// ticks are the round numbers that are written at the axis.
func (s *scale) ticks() []float64 {
	var all []float64
	n := math.Round(s.lo / s.step)
	for i := range 12 {
		x := float64((n + float64(i)) * s.step)
		if x > s.hi+float64(s.step/2) {
			break
		}
		if !math.IsInf(x, 0) {
			all = append(all, x)
		}
	}
	return all
}

// A tick is a place on the axis of times or rows.
type tick struct {
	at   int64
	text string
}

// steps are the distances of ticks in time, in seconds.
var steps = []int64{
	1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 2 * 3600, 3 * 3600, 6 * 3600, 12 * 3600,
	86400, 2 * 86400, 7 * 86400, 14 * 86400, 30 * 86400, 91 * 86400, 365 * 86400, 5 * 365 * 86400, 20 * 365 * 86400, 100 * 365 * 86400,
}

// placeTicks are up to n round places between the ends.
func (p *picture) placeTicks(n int) []tick {
	span := uint64(p.to) - uint64(p.from)
	if !p.Clock {
		return p.rowTicks(span, n)
	}
	step := time.Second.Nanoseconds()
	if span < uint64(2*step) { // less than seconds: the ends
		return []tick{{p.from, p.moment(p.from, 0)}, {p.to, p.moment(p.to, 0)}}[:min(2, 1+int(span))]
	}
	for _, s := range steps {
		if step = s * time.Second.Nanoseconds(); span/uint64(step) < uint64(n) {
			break
		}
	}
	_, east := time.Unix(0, p.from).In(p.zone()).Zone()
	offset := int64(east) * time.Second.Nanoseconds()
	first := p.from - ((p.from+offset)%step+step)%step
	var all []tick
	for t := first; t <= p.to && t >= first; t += step {
		if t >= p.from {
			all = append(all, tick{t, p.moment(t, step)})
		}
	}
	if len(all) > 0 && step < 86400e9 { // the first has the date as well
		all[0].text = time.Unix(0, all[0].at).In(p.zone()).Format("2006-01-02 ") + all[0].text
	}
	return all
}

// rowTicks are round numbers of rows.
func (p *picture) rowTicks(span uint64, n int) []tick {
	step := max(1, int64(num.RoundStep(float64(span)/float64(n))))
	var all []tick
	for t := (p.from + step - 1) / step * step; t <= p.to && len(all) <= 2*n; t += step {
		all = append(all, tick{t, "row " + strconv.FormatInt(t, 10)})
	}
	return all
}

// moment is a time as ticks a step apart have it.
func (p *picture) moment(t, step int64) string {
	layout := "15:04:05.999"
	switch {
	case step >= 86400e9:
		layout = "2006-01-02"
	case step >= 60e9:
		layout = "15:04"
	case step > 0:
		layout = "15:04:05"
	}
	return time.Unix(0, t).In(p.zone()).Format(layout)
}

func (p *picture) zone() *time.Location {
	if p.Zone == nil {
		return time.UTC
	}
	return p.Zone
}
