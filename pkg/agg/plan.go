package agg

import "math"

// A need is a set of what a window must keep for an aggregate.
type need uint16

const (
	needEnds     need = 1 << iota // first and last
	needMoments                   // sums of deviations and of their squares
	needPowers                    // and of their third and fourth powers
	needBefore                    // the moments without the last sample
	needMin                       // smallest
	needMax                       // largest
	needOrder                     // all values, sorted
	needTrend                     // products with time
	needRestarts                  // drops of a counter
	needDecay                     // weighted mean
)

// Options are what the aggregates of a plan have in common.
type Options struct {
	DDof  int  // var, std, cv and z divide by n−DDof
	Clock bool // samples have times; else a window counts its samples
}

// A Plan is what windows of one width keep for some aggregates. Its windows
// share its buffers, so that at any moment only one of them may be in use.
type Plan struct {
	width  Width
	aggs   []Agg
	needs  need
	ddof   float64
	clock  bool // times are given and not counted
	timed  bool // windows store the times of samples
	swift  bool // every aggregate can be read in batches
	pair   bool // mean, at meanAt, and std, at stdAt, are all that is made of moments
	meanAt int
	stdAt  int
	keep   float64
	batch  batch
	latest latest
	starts map[int][]int // of the blocks of rings, by their size
}

// NewPlan compiles a plan. Value(j) of its windows is that of aggs[j].
func NewPlan(w Width, aggs []Agg, o Options) *Plan {
	p := &Plan{width: w, aggs: aggs, ddof: float64(o.DDof), swift: true}
	for i := range aggs {
		p.needs |= aggs[i].needs
		p.swift = p.swift && (aggs[i].moment != nil || aggs[i].column != nil)
	}
	p.findPair()
	if w.Kind == All && p.needs&needDecay != 0 {
		p.needs |= needMoments // all samples weigh the same
	}
	p.clock = o.Clock || w.Kind == Duration
	p.timed = w.Kind == Duration || p.clock && p.needs&(needTrend|needRestarts) != 0
	if w.Kind == Count {
		p.keep = 1 - 2/(float64(w.N)+1)
	}
	return p
}

// startsOf returns the starts of k blocks in a ring and its end, which windows
// share.
func (p *Plan) startsOf(k, size int) []int {
	if at := p.starts[size]; at != nil {
		return at
	}
	at := make([]int, k+1)
	for j := range at {
		at[j] = j * size / k
	}
	if p.starts == nil {
		p.starts = map[int][]int{}
	}
	p.starts[size] = at
	return at
}

// findPair looks for mean and std.
func (p *Plan) findPair() {
	moments := 0
	means, stds := 0, 0
	for i, a := range p.aggs {
		if a.needs&needMoments != 0 {
			moments++
		}
		switch a.Name {
		case "mean":
			p.meanAt, means = i, means+1
		case "std":
			p.stdAt, stds = i, stds+1
		}
	}
	p.pair = moments == 2 && means == 1 && stds == 1
}

// New returns an empty window, which takes a few hundred bytes.
func (p *Plan) New() *Window {
	w := &Window{plan: p}
	if p.width.Kind == All {
		w.all = &total{}
	}
	if p.needs&needOrder != 0 {
		w.ord = &order{}
	}
	return w
}

// Summaries returns the names of the summaries that windows of this plan keep.
func (p *Plan) Summaries() []string {
	var names []string
	for _, s := range []struct {
		name  string
		needs need
	}{
		{"ends", needEnds | needRestarts},
		{"moments", needMoments},
		{"extremes", needMin | needMax},
		{"order", needOrder},
		{"trend", needTrend},
		{"decay", needDecay},
	} {
		if p.needs&s.needs != 0 {
			names = append(names, s.name)
		}
	}
	return names
}

// NeedsTime tells whether the times given to Push matter.
func (p *Plan) NeedsTime() bool { return p.timed }

// Stores tells whether windows of this plan store their samples.
func (p *Plan) Stores() bool { return p.width.Kind != All || p.needs&needOrder != 0 }

// fade returns by what factor a weight has fallen over n samples, of ns
// nanoseconds from first to last: (1−α)^n with α = 2/(W+1) for a window of W
// samples, e^(−2t/W) for one of a duration.
func (p *Plan) fade(n int64, ns float64) float64 {
	if p.width.Kind == Duration {
		return expNeg(-2 * ns / float64(p.width.D))
	}
	return power(p.keep, n)
}

// power returns x to the n-th, by squaring.
func power(x float64, n int64) float64 {
	y := 1.0
	for ; n > 0; n >>= 1 {
		if n&1 != 0 {
			y *= x
		}
		x *= x
	}
	return y
}

// expNeg returns e^x for x ≤ 0, within 2 ulp. Unlike math.Exp, which is
// assembly on some CPUs, it is the same to the last bit on all.
func expNeg(x float64) float64 {
	const ln2Hi, ln2Lo = 6.93147180369123816490e-01, 1.90821492927058770002e-10
	if x < -745 {
		return 0
	}
	k := math.Floor(x/math.Ln2 + 0.5)
	r := (x - float64(k*ln2Hi)) - float64(k*ln2Lo)
	y := 1.0
	for i := 14.0; i > 0; i-- { // Taylor's series, |r| ≤ 0.35
		y = 1 + float64(y*r)/i
	}
	return math.Ldexp(y, int(k))
}

// elapsed returns the nanoseconds from a to b ≥ a, which may be more than an
// int64 holds.
func elapsed(a, b int64) float64 { return float64(uint64(b) - uint64(a)) }

// later returns t and a whole number of nanoseconds, less than 2^64 either way,
// together. What a float64 becomes that the integer cannot hold, such as a
// negative one as unsigned, differs from CPU to CPU; a quarter fits.
func later(t int64, ns float64) int64 {
	quarter := math.Floor(ns / 4)
	return t + 4*int64(quarter) + int64(ns-float64(4*quarter))
}
