// Package detect says how new a number is for the series that it belongs to, and
// what was to be expected of it. A detector learns from each number once, in one
// pass; it needs no window, no training and no setting. It knows float64 and the
// hour of the day and nothing else: no fields, no keys, no rules.
//
// Results are the same to the last bit on every CPU: a product that meets a sum
// is rounded on its own, and logarithms and powers are those of math.go.
package detect

import (
	"math"
	"time"

	"rtda/pkg/clock"
)

// A Stat is a number that a detector gives of each sample.
type Stat struct {
	Name string
	Doc  string
	Unit string // in the words that aggregates have for theirs

	part part
	from uint64 // the first sample that has a value
	read func(d *Detector) float64
}

// A part is what several stats are read from, and is kept where one of them is
// asked for.
type part uint8

const (
	novelty part = 1 << iota
	expectation
)

// Table holds all stats in the order in which help shows them.
var Table = []Stat{
	{"anomaly", "how new this stretch is for its series: 0.5 is the bar; keeps an episode's highest value", "0 to 1", novelty, 201,
		func(d *Detector) float64 { return d.anomaly.value() }},
	{"surprise", "how new this sample alone is, in decades over the bar", "1", novelty, 201,
		func(d *Detector) float64 { return d.anomaly.evidence }},
	{"forecast", "what was expected of this sample before it was seen", "of the field", expectation, 2,
		func(d *Detector) float64 { return d.forecast.expected }},
	{"lower", "lower end of the interval around forecast that holds 95 % of samples", "of the field", expectation, 11,
		func(d *Detector) float64 { return d.forecast.lower }},
	{"upper", "upper end of the interval around forecast that holds 95 % of samples", "of the field", expectation, 11,
		func(d *Detector) float64 { return d.forecast.upper }},
}

// Lookup returns the stat of that name, and whether there is one.
func Lookup(name string) (Stat, bool) {
	for _, s := range Table {
		if s.Name == name {
			return s, true
		}
	}
	return Stat{}, false
}

// A Plan is what the detectors of a field compute. Only one of its detectors may
// be in use at any moment.
type Plan struct {
	stats   []Stat
	parts   part
	clock   bool // samples have times
	offsets clock.Offsets
}

// NewPlan compiles a plan. Value(j) of its detectors is that of stats[j]. Where
// samples have times, what is usual depends on the hour of the day in zone, of
// which nil is UTC.
func NewPlan(stats []Stat, clocked bool, zone *time.Location) *Plan {
	p := &Plan{stats: stats, clock: clocked, offsets: clock.NewOffsets(zone)}
	for _, s := range stats {
		p.parts |= s.part
	}
	return p
}

// NeedsTime tells whether the times given to Push matter.
func (p *Plan) NeedsTime() bool { return p.clock }

// Bytes is what a detector takes in memory at most, and its state in a file.
func (p *Plan) Bytes() int {
	if p.parts&novelty != 0 {
		return 44 << 10
	}
	return 768
}

// Samples is what a detector counts for where samples in memory are limited.
// That is 8 bytes a sample for the 44 KB that one takes at most, less what most
// do not need.
const Samples = 4000

// A Detector knows what is usual in one series. Its methods are those of a
// window of package agg, so that whoever holds a list of windows can hold
// detectors in it.
//
// With anomaly or surprise it takes 9 KB without a clock and 12 KB with one, and
// grows to 35 and 44 KB as distinct values come (TestSize); a forecast alone
// takes 0.2 and 0.7 KB.
type Detector struct {
	plan     *Plan
	hours    *hours
	anomaly  *anomaly
	forecast *forecast
	anew     bool // see Restore
}

// New returns a detector that has seen nothing.
func (p *Plan) New() *Detector {
	d := &Detector{plan: p}
	if p.clock {
		d.hours = &hours{}
	}
	if p.parts&novelty != 0 {
		d.anomaly = newAnomaly(p.clock)
	}
	if p.parts&expectation != 0 {
		d.forecast = newForecast(p.clock)
	}
	return d
}

// limit is what samples are clamped to, so that no square overflows.
const limit = 1e150

// Push learns from the sample x at the time t, in nanoseconds. It takes about
// 0.5 µs for anomaly and 0.1 µs for forecast, and allocates nothing once a few
// thousand samples have come (TestPushAllocs).
func (d *Detector) Push(t int64, x float64) {
	x = min(max(x, -limit), limit)
	usual, known := 0.0, false // of its hour
	if d.hours != nil {
		usual, known = d.hours.ask(int(d.plan.offsets.Hour(t)))
		d.hours.learn(x)
	}
	if d.anomaly != nil {
		d.anomaly.push(x, usual, known)
	}
	if d.forecast != nil {
		d.forecast.push(x, usual, known)
	}
}

// Slide does the same as Push(ts[i], x) for each x of xs, followed by dst[j][i] =
// Value(j) for each j for which dst has a column; dst may be nil, and ts too
// where times do not matter.
func (d *Detector) Slide(ts []int64, xs []float64, dst [][]float64) {
	for i, x := range xs {
		t := int64(0)
		if ts != nil {
			t = ts[i]
		}
		d.Push(t, x)
		for j, column := range dst {
			if column != nil {
				column[i] = d.Value(j)
			}
		}
	}
}

// Value returns stats[j] of the plan at the last sample pushed, NaN where there
// is none.
func (d *Detector) Value(j int) float64 {
	s := &d.plan.stats[j]
	if d.seen(s.part) < s.from {
		return math.NaN()
	}
	return s.read(d)
}

// seen returns from how many samples a part has learned.
func (d *Detector) seen(p part) uint64 {
	if p == novelty {
		return d.anomaly.n
	}
	return d.forecast.n
}

// Advance does nothing: what is usual does not change because time passes.
func (d *Detector) Advance(int64) {}

// AdvanceLeft does nothing, likewise.
func (d *Detector) AdvanceLeft(int64) {}

// Stale returns 0: no sample leaves a detector.
func (d *Detector) Stale(int64) int { return 0 }

// Until returns math.MaxInt64: time alone never changes a detector.
func (d *Detector) Until() int64 { return math.MaxInt64 }

// Reset does nothing: after a pause the same is usual as before.
func (d *Detector) Reset() {}

// Len returns how many samples the detector has learned from.
func (d *Detector) Len() int {
	n := uint64(0)
	if d.anomaly != nil {
		n = d.anomaly.n
	}
	if d.forecast != nil {
		n = max(n, d.forecast.n)
	}
	return int(n)
}

// Held returns how many samples the detector counts for.
func (d *Detector) Held() int { return Samples }
