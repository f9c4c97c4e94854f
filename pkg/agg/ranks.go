package agg

import "math"

// median is the middle value of the window, or the mean of the middle two.
func (w *Window) median(float64) float64 { return w.ord.median() }

// quantile is the q-quantile of the window, linear between neighbours.
func (w *Window) quantile(q float64) float64 { return w.ord.quantile(q) }

// iqr is the 0.75-quantile less the 0.25-quantile.
func (w *Window) iqr(float64) float64 { return w.ord.iqr() }

// mad is the median absolute deviation from the median, not scaled.
func (w *Window) mad(float64) float64 { return finite(w.ord.mad()) }

// rz is (last−median)/(1.4826·mad), by median and mad of the window's samples
// before the last. There is none where there are no such samples, where their
// mad is 0 or where it is beyond float64.
func (w *Window) rz(float64) float64 {
	x := w.last()
	median, mad := w.ord.without(x)
	if mad == 0 {
		return math.NaN()
	}
	const normal = 1.4826 // mad of a normal distribution's samples to their std
	if d := x - median; !math.IsInf(d, 0) {
		return finite(d / mad / normal)
	}
	return finite((float64(x/2) - float64(median/2)) / (mad / 2) / normal)
}
