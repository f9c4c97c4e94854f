package detect

import "math"

// anomaly finds what is new in a series: a value, a level, a residual, a spread
// or a jump that is far from all that the series showed in its last 4000
// samples, by a distance that is rare among all such distances. Nothing is
// assumed about how values are distributed.
//
// Each of these five views of a sample has a memo of where its values lay and a
// histogram of how far each was from the nearest before it. The evidence is the
// greatest of their surprises, −log10 of how rare such a distance is, less a bar
// that grows as n^0.77: a longer history demands a rarer event. Without that
// growth 6 points of the Numenta benchmark are lost.
//
// It does not find what is not new: a fault that comes again within 4000 samples
// is found the first times only, and so is a changed shape made of usual values,
// or a missing beat. Counters and ramps are new at every sample.
// Source: own work; nearest neighbours as in Knorr and Ng (1998), ranks of
// distances as in conformal anomaly detection (Laxhammar and Falkman 2011).
type anomaly struct {
	n        uint64
	level    float64       // slow average of r
	short    float64       // fast average of r
	variance float64       // fast average of dev²
	wide     float64       // slow average of dev²
	pressure float64       // average of the surprise of the residual or value
	spreads  [late]float64 // of the last samples, by n % late

	evidence float64
	calm     int     // samples until the episode ends
	peak     float64 // highest score of the episode

	memos []memo
	gaps  []*histogram // apart: together their size would be rounded up by 0.8 KB
}

// The views, in the order of anomaly.memos and gaps.
const (
	ofValue = iota
	ofLevel
	ofJump
	ofSpread
	ofResidual // with a clock
	views
)

// late is by how many samples the view of the spread learns later than it asks:
// without that a creeping change is never far from its own yesterday. Sensors
// stuck on white noise, found 9 of 40 times, are found 39 of 40 times. Learning
// late in the other views costs 1 to 4 points.
const late = 20

// maxCalm is the most samples without evidence that an episode goes on for.
const maxCalm = 400

// quiet is how many samples give no score.
const quiet = 200

func newAnomaly(clock bool) *anomaly {
	n := views
	if !clock {
		n--
	}
	a := &anomaly{memos: make([]memo, n), gaps: make([]*histogram, n)}
	for i := range a.gaps {
		a.gaps[i] = &histogram{}
	}
	return a
}

// push learns from x. usual is what is usual in the hour of x, if that is known.
func (a *anomaly) push(x, usual float64, known bool) {
	a.n++
	var v [views]float64
	v[ofValue] = x
	r := x
	if len(a.memos) == views {
		r = 0
		if known {
			r = x - usual
		}
		v[ofResidual] = r
	}
	n := float64(a.n)
	rate := max(2.0/41, 1/n)
	a.average(r, rate, &v)

	var s [views]float64
	a.surprises(&v, &s)
	p := s[ofValue]
	if len(a.memos) == views {
		p = s[ofResidual]
	}
	a.pressure += float64(rate * (p - a.pressure))
	if a.n > quiet {
		most := max(s[ofValue], s[ofLevel], 0.8*s[ofJump], 0.9*s[ofSpread])
		a.weigh(most, n)
	}
}

// average takes r into the averages, and fills in the views that are made of them.
func (a *anomaly) average(r, rate float64, v *[views]float64) {
	if a.n == 1 {
		a.level, a.short = r, r
	}
	n := float64(a.n)
	dev, jump := r-a.level, r-a.short
	square := float64(dev * dev)
	a.level += float64(rate * dev)
	a.variance = float64((1 - rate) * (a.variance + float64(rate*square)))
	a.wide += float64(max(1.0/4000, 1/n) * (square - a.wide))
	a.short += float64(max(0.5, 1/n) * jump)
	v[ofLevel], v[ofJump] = a.level, jump
	// The second term is a floor of a millionth of the usual deviation: a stuck
	// sensor is far below all else, but not infinitely far.
	if a.wide >= 0x1p-900 {
		v[ofSpread] = log2(a.variance+float64(a.wide*0x1p-40)) / 2
	}
}

// surprises fills s with the surprise of each view.
func (a *anomaly) surprises(v, s *[views]float64) {
	n := uint32(a.n)
	var gaps [views]float64
	for i := range a.memos {
		m := &a.memos[i]
		p := m.ask(v[i], n)
		gaps[i] = p.gap
		learned := v[i]
		if i == ofSpread {
			slot := &a.spreads[a.n%late]
			learned, *slot = *slot, learned
			if a.n <= late {
				continue
			}
			p = m.ask(learned, n)
		}
		m.learn(learned, p, n)
		if a.n%500 == 0 && m.merge > 0 {
			m.review(n)
		}
	}
	for i, h := range a.gaps {
		if a.n <= 11 || i == ofSpread && a.n <= 11+late {
			gaps[i] = 0 // the first samples are near to nothing
		}
		s[i] = h.add(gaps[i])
	}
}

// weigh makes evidence of the greatest surprise and keeps the episode.
func (a *anomaly) weigh(most, n float64) {
	bar := float64(0.77*log10of2) * log2(min(max(n, 300), 20000))
	a.evidence = most + float64(0.5*(a.pressure-0.4343)) - float64(bar)
	switch {
	case a.evidence >= 0:
		a.calm = int(min(max(math.Floor(0.03*n), 20), maxCalm))
		a.peak = max(a.peak, score(a.evidence))
	case a.calm > 0:
		a.calm--
	}
	if a.calm == 0 {
		a.peak = 0
	}
}

// value is the score of the last sample, or the highest of the episode.
func (a *anomaly) value() float64 {
	if a.calm > 0 {
		return a.peak
	}
	return score(a.evidence)
}

// score is 1/(1 + 10^−evidence).
func score(evidence float64) float64 { return 1 / (1 + exp2(-evidence/log10of2)) }
