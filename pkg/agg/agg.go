// Package agg keeps running statistics over the last n numbers or the last d
// of time. It knows float64 and nothing else: no names, no parsing, no output.
package agg

import (
	"math"
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
	q      float64                             // 0..1, of a quantile
	moment func(s *sums, ddof float64) float64 // read-out of the moments,
	read   func(w *Window, q float64) float64  // or of anything else
	column func(b *batch, dst []float64)       // read of many samples at once, where there is one
}

// Table holds all aggregates in the order in which help shows them. The row
// pNN stands for p0 to p100.
var Table = []Agg{
	{Name: "count", Doc: "how many samples the window holds", Unit: UnitCount, read: (*Window).count, column: (*batch).counts},
	{Name: "sum", Doc: "sum", needs: needMoments, moment: (*sums).sum},
	{Name: "mean", Doc: "arithmetic mean", needs: needMoments, moment: (*sums).mean},
	{Name: "min", Doc: "smallest value", needs: needMin, read: (*Window).min, column: (*batch).min},
	{Name: "max", Doc: "largest value", needs: needMax, read: (*Window).max, column: (*batch).max},
	{Name: "range", Doc: "largest less smallest value", needs: needMin | needMax, read: (*Window).extent, column: (*batch).extent},
	{Name: "first", Doc: "oldest value", needs: needEnds, read: (*Window).first, column: (*batch).first},
	{Name: "last", Doc: "newest value", needs: needEnds, read: (*Window).latest, column: (*batch).latest},
	{Name: "var", Doc: "variance, of the population unless --ddof 1", Unit: UnitSquared, needs: needMoments, moment: (*sums).variance},
	{Name: "std", Doc: "standard deviation, of the population unless --ddof 1", needs: needMoments, moment: (*sums).std},
	{Name: "cv", Doc: "coefficient of variation: std/mean", Unit: UnitOne, needs: needMoments, moment: (*sums).cv},
	{Name: "rms", Doc: "quadratic mean", needs: needMoments, moment: (*sums).rms},
	{Name: "skew", Doc: "moment skewness", Unit: UnitOne, needs: needMoments | needPowers, moment: (*sums).skew},
	{Name: "kurt", Doc: "excess kurtosis", Unit: UnitOne, needs: needMoments | needPowers, moment: (*sums).kurt},
	{Name: "median", Doc: "exact median", needs: needOrder, read: (*Window).median},
	{Name: "pNN", Doc: "exact NN-th percentile, linear between neighbours: p50, p99.9", needs: needOrder, read: (*Window).quantile},
	{Name: "iqr", Doc: "interquartile range: p75 less p25", needs: needOrder, read: (*Window).iqr},
	{Name: "mad", Doc: "median absolute deviation from the median, not scaled", needs: needOrder, read: (*Window).mad},
	{Name: "z", Doc: "(last−mean)/std, by mean and std of the samples before the last", Unit: UnitOne, needs: needMoments | needBefore | needEnds, read: (*Window).z, column: (*batch).z},
	{Name: "rz", Doc: "(last−median)/(1.4826·mad), by median and mad of the samples before the last", Unit: UnitOne, needs: needOrder | needEnds, read: (*Window).rz},
	{Name: "delta", Doc: "last less first value", needs: needEnds, read: (*Window).delta, column: (*batch).delta},
	{Name: "rate", Doc: "increase from first to last, a drop being a counter's restart from 0", Unit: UnitPerSecond, needs: needEnds | needRestarts, read: (*Window).rate},
	{Name: "slope", Doc: "slope of the least-squares line", Unit: UnitPerSecond, needs: needMoments | needTrend, read: (*Window).slope},
	{Name: "ewma", Doc: "exponentially weighted moving average", needs: needDecay, read: (*Window).ewma},
	{Name: "age", Doc: "time since the key's last sample", Unit: UnitSeconds, OfKey: true, read: (*Window).none},
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

// none is the read-out of what a window does not know.
func (w *Window) none(float64) float64 { return math.NaN() }
