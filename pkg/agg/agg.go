// Package agg keeps running statistics over the last n numbers or the last d
// of time. It knows float64 and nothing else: no names, no parsing, no output.
package agg

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// Kind says what bounds a window.
type Kind uint8

const (
	Count    Kind = iota // the last N samples
	Duration             // the samples in (t−D, t]
	All                  // every sample
)

// A Width is how far back a window reaches.
type Width struct {
	Kind Kind
	N    int   // samples, for Count
	D    int64 // nanoseconds, for Duration
}

// A Unit says what an aggregate is measured in.
type Unit uint8

const (
	UnitField     Unit = iota // that of the field
	UnitSquared               // that of the field, squared
	UnitOne                   // none: a ratio
	UnitPerSecond             // that of the field, per second; per sample without a clock
	UnitSeconds               // seconds
	UnitCount                 // samples
)

// String returns the unit in words.
func (u Unit) String() string {
	return [...]string{"of the field", "of the field, squared", "1", "of the field, per second", "seconds", "samples"}[u]
}

// An Agg is an aggregate: a number read out of the summaries of a window.
type Agg struct {
	Name  string
	Doc   string
	Unit  Unit
	OfKey bool // the key's and not the window's: whoever keeps the keys computes it

	needs  need
	q      float64                                   // 0..1, of a quantile
	moment func(s *sums, ddof float64) float64       // read-out of the moments,
	rank   func(o *order, newest, q float64) float64 // of the order,
	read   func(b *batch, i int) float64             // or of anything else
	column func(b *batch, dst []float64)             // moment or read of a whole batch, where that is faster
}

// Table holds all aggregates in the order in which help shows them. The row
// pNN stands for p0 to p100.
var Table = []Agg{
	{Name: "count", Doc: "how many samples the window holds", Unit: UnitCount, read: (*batch).samples},
	{Name: "sum", Doc: "sum", needs: needMoments, moment: (*sums).sum},
	{Name: "mean", Doc: "arithmetic mean", needs: needMoments, moment: (*sums).mean, column: (*batch).means},
	{Name: "min", Doc: "smallest value", needs: needMin, read: (*batch).min, column: (*batch).mins},
	{Name: "max", Doc: "largest value", needs: needMax, read: (*batch).max, column: (*batch).maxes},
	{Name: "range", Doc: "largest less smallest value", needs: needMin | needMax, read: (*batch).extent},
	{Name: "first", Doc: "oldest value", needs: needEnds, read: (*batch).oldest},
	{Name: "last", Doc: "newest value", needs: needEnds, read: (*batch).newest},
	{Name: "var", Doc: "variance, of the population unless --ddof 1", Unit: UnitSquared, needs: needMoments, moment: (*sums).variance},
	{Name: "std", Doc: "standard deviation, of the population unless --ddof 1", needs: needMoments, moment: (*sums).std, column: (*batch).stds},
	{Name: "cv", Doc: "coefficient of variation: std/mean", Unit: UnitOne, needs: needMoments, moment: (*sums).cv},
	{Name: "rms", Doc: "quadratic mean", needs: needMoments, moment: (*sums).rms},
	{Name: "skew", Doc: "moment skewness", Unit: UnitOne, needs: needMoments | needPowers, moment: (*sums).skew},
	{Name: "kurt", Doc: "excess kurtosis", Unit: UnitOne, needs: needMoments | needPowers, moment: (*sums).kurt},
	{Name: "median", Doc: "exact median", needs: needOrder, q: 0.5, rank: func(o *order, _, q float64) float64 { return o.quantile(q) }},
	{Name: "pNN", Doc: "exact NN-th percentile, linear between neighbours: p50, p99.9", needs: needOrder, rank: func(o *order, _, q float64) float64 { return o.quantile(q) }},
	{Name: "iqr", Doc: "interquartile range: p75 less p25", needs: needOrder, rank: func(o *order, _, _ float64) float64 { return o.iqr() }},
	{Name: "mad", Doc: "median absolute deviation from the median, not scaled", needs: needOrder, rank: func(o *order, _, _ float64) float64 { return o.mad() }},
	{Name: "z", Doc: "(last−mean)/std, by mean and std of the samples before the last", Unit: UnitOne, needs: needMoments | needBefore | needEnds, read: (*batch).z},
	{Name: "rz", Doc: "(last−median)/(1.4826·mad), by median and mad of the samples before the last", Unit: UnitOne, needs: needOrder | needEnds, rank: func(o *order, x, _ float64) float64 { return o.rz(x) }},
	{Name: "delta", Doc: "last less first value", needs: needEnds, read: (*batch).delta},
	{Name: "slope", Doc: "slope of the least-squares line", Unit: UnitPerSecond, needs: needMoments | needTrend, read: (*batch).slope},
	{Name: "increase", Doc: "of a counter, from the sample before the window to the last, a drop being a restart from 0", needs: needEnds | needResets, read: (*batch).increase},
	{Name: "rate", Doc: "increase per second passed", Unit: UnitPerSecond, needs: needEnds | needResets, read: (*batch).rate},
	{Name: "twa", Doc: "time-weighted average: each value holds until the next", needs: needEnds | needHeld, read: (*batch).twa},
	{Name: "ewma", Doc: "exponentially weighted moving average", needs: needDecay, read: (*batch).ewma, column: (*batch).ewmas},
	{Name: "age", Doc: "time since the key's last sample", Unit: UnitSeconds, OfKey: true, read: (*batch).none},
}

// Lookup returns the aggregate of that name, and whether there is one. It
// knows p0 to p100, with decimals, where Table has pNN.
func Lookup(name string) (Agg, bool) {
	if q, ok := percent(name); ok {
		a, _ := row("pNN")
		a.Name, a.q = name, q
		return a, true
	}
	if name == "pNN" {
		return Agg{}, false
	}
	return row(name)
}

func row(name string) (Agg, bool) {
	for _, a := range Table {
		if a.Name == name {
			return a, true
		}
	}
	return Agg{}, false
}

// percent returns the NN/100 of a name pNN: digits, with decimals or without, up
// to 100.
func percent(name string) (float64, bool) {
	digits, ok := strings.CutPrefix(name, "p")
	whole, decimals, dot := strings.Cut(digits, ".")
	if !ok || len(name) > 20 || !allDigits(whole) || dot && !allDigits(decimals) {
		return 0, false
	}
	q, err := strconv.ParseFloat(digits+"e-2", 64) // rounded once
	return q, err == nil && q <= 1
}

func allDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// A need is a set of what a window must keep for an aggregate.
type need uint16

const (
	needEnds    need = 1 << iota // first and last
	needMoments                  // sums of deviations and of their squares
	needPowers                   // and of their third and fourth powers
	needBefore                   // the moments without the last sample
	needMin                      // smallest
	needMax                      // largest
	needOrder                    // all values, sorted
	needTrend                    // products with time
	needResets                   // drops of a counter
	needDecay                    // mean of fading weights
	needHeld                     // mean of values held from sample to sample

	needPrevious = needResets | needHeld                                                           // the sample before the window
	needSummary  = needMoments | needMin | needMax | needTrend | needDecay | needHeld | needResets // each is one
)

// Options are what the aggregates of a plan have in common.
type Options struct {
	DDof  int  // var, std, cv and z divide by n−DDof
	Clock bool // samples have times; else a window counts its samples
	// Back returns the time one Width.D before t, where that is a day or week of
	// a calendar and not always as long.
	Back func(t int64) int64
	// Ago is by how much a window of a duration D lags behind: at t it holds the
	// samples in (t−D−Ago, t−Ago].
	Ago int64
}

// A Plan is what windows of one width keep for some aggregates. Its windows
// share its buffers, so that at any moment only one of them may be in use.
type Plan struct {
	width   Width
	aggs    []Agg
	needs   need
	ddof    float64
	clock   bool // times are given and not counted
	ago     int64
	timed   bool // windows store the times of samples
	back    func(t int64) int64
	pair    bool // mean, at meanAt, and std, at stdAt, are all that is made of moments
	meanAt  int
	stdAt   int
	fading  fading
	decay   joining[weightedMean]
	held    joining[heldMean]
	resets  joining[counterResets]
	slab    []Window
	orders  []order
	beyonds []beyond
	batch   batch
	content content
	pieces  [2]block
}

// NewPlan compiles a plan. Value(j) of its windows is that of aggs[j].
func NewPlan(w Width, aggs []Agg, o Options) *Plan {
	p := &Plan{width: w, aggs: slices.Clone(aggs), ddof: float64(o.DDof), ago: o.Ago, back: o.Back, clock: o.Clock || w.Kind == Duration}
	for i := range p.aggs {
		a := &p.aggs[i]
		if a.needs == needDecay && w.Kind == All || a.needs&needHeld != 0 && !p.clock { // all samples weigh the same
			a.needs, a.moment, a.column = needMoments, (*sums).mean, (*batch).means
		}
		p.needs |= a.needs
	}
	p.findPair()
	p.timed = w.Kind == Duration || p.clock && p.needs&(needTrend|needPrevious) != 0
	p.fading.init(w)
	p.decay = joining[weightedMean]{join: p.fading.join, behind: p.fading.behind, before: p.fading.before, rows: func(b *batch) *[]weightedMean { return &b.decay }}
	p.held = joining[heldMean]{join: joinHeld, behind: (*heldMean).behind, before: (*block).holdBefore, rows: func(b *batch) *[]heldMean { return &b.held }}
	p.resets = joining[counterResets]{join: joinResets, behind: (*counterResets).behind, before: (*block).countBefore, rows: func(b *batch) *[]counterResets { return &b.resets }}
	return p
}

// cut returns the time at and before which samples are too old at t.
func (p *Plan) cut(t int64) int64 {
	if p.back != nil {
		return p.back(t)
	}
	if cut := t - p.width.D; cut <= t {
		return cut
	}
	return math.MinInt64
}

// findPair looks for mean and std.
func (p *Plan) findPair() {
	at := func(name string) int { return slices.IndexFunc(p.aggs, func(a Agg) bool { return a.Name == name }) }
	p.meanAt, p.stdAt = at("mean"), at("std")
	moments := 0
	for i := range p.aggs {
		if a := &p.aggs[i]; a.moment != nil || a.needs&needMoments != 0 {
			moments++
		}
	}
	p.pair = moments == 2 && p.meanAt >= 0 && p.stdAt >= 0
}

// New returns an empty window, which takes some 200 bytes. Windows come out of
// slabs, so that a new key costs few objects.
func (p *Plan) New() *Window {
	w := one(&p.slab)
	w.plan = p
	if p.width.Kind == All {
		w.all = &total{}
	}
	if p.needs&needOrder != 0 {
		w.ord = one(&p.orders)
	}
	if p.needs&needPrevious != 0 || p.ago > 0 {
		w.beyond = one(&p.beyonds)
	}
	return w
}

// slabSize is how many windows are made at once, after the first, which is alone
// for runs of a few keys. One that is still in use keeps the others of its slab.
const slabSize = 32

// one returns an element of a slab, which it makes anew where it is used up.
func one[T any](slab *[]T) *T {
	if len(*slab) == 0 {
		n := slabSize
		if *slab == nil {
			n = 1
		}
		*slab = make([]T, n)
	}
	x := &(*slab)[0]
	*slab = (*slab)[1:]
	return x
}

// summaryNames are the summaries that the bits of a need, from the lowest, ask for.
var summaryNames = [...]string{"ends", "moments", "moments", "moments", "extremes", "extremes", "order", "trend", "ends", "decay", "held"}

// Summaries returns the names of the summaries that windows of this plan keep.
func (p *Plan) Summaries() (names []string) {
	for i, name := range summaryNames {
		if p.needs>>i&1 != 0 && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// NeedsTime tells whether the times given to Push matter.
func (p *Plan) NeedsTime() bool { return p.timed }

// Fluid reports whether what a window tells changes with every moment, not only
// when a sample comes or goes.
func (p *Plan) Fluid() bool { return p.needs&needHeld != 0 }

// Stores tells whether windows of this plan store their samples.
func (p *Plan) Stores() bool { return p.width.Kind != All || p.needs&needOrder != 0 }
