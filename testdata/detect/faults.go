package main

import (
	"fmt"
	"math"
	"math/rand/v2"

	"rtda/pkg/agg"
)

// A background is what faults are put into: a wave and noise apart, because
// some faults change the noise alone.
type background struct {
	name string
	wave func(i int) float64
	next next    // the noise
	std  float64 // of the noise
}

var backgrounds = []background{
	{"white noise", func(int) float64 { return 0 }, noises[0].next, 1},
	{"AR(0.7) on a daily wave", func(i int) float64 { return wave(10, 288, i) }, autoregressive(0.7), 1.4},
	{"half-daily wave", func(i int) float64 { return wave(5, 144, i) }, func(r *rand.Rand, _ int, _ *[2]float64) float64 { return 0.3 * r.NormFloat64() }, 0.3},
}

// A fault changes samples from its first one on. k counts from there, std is
// that of the noise, held the last value before.
type fault struct {
	name string
	n    int // samples that it changes
	do   func(k int, wave, noise, std, held float64) float64
}

var faults = []fault{
	{"spike beyond the range", 1, func(_ int, wave, noise, std, _ float64) float64 { return 10 + 8*std + noise }},
	{"spike inside the range", 1, func(_ int, wave, noise, std, _ float64) float64 {
		if wave > 0 {
			std = -std // towards the middle
		}
		return wave + noise + 8*std
	}},
	{"shift by 3 std", 200, func(_ int, wave, noise, std, _ float64) float64 { return wave + noise + 3*std }},
	{"drift to 6 std", 300, func(k int, wave, noise, std, _ float64) float64 { return wave + noise + 6*std*float64(k)/300 }},
	{"stuck", 200, func(_ int, _, _, _, held float64) float64 { return held }},
	{"noise × 3", 200, func(_ int, wave, noise, _, _ float64) float64 { return wave + 3*noise }},
	{"noise ÷ 5", 200, func(_ int, wave, noise, _, _ float64) float64 { return wave + noise/5 }},
}

// Each fault is put into faultSeeds series of each background, which begin with
// two weeks without one.
const (
	faultSeeds  = 40
	faultLength = 6000
	faultFrom   = 4032
)

// with makes a series with a fault in it and returns where that begins. A fault
// without samples is none.
func (b *background) with(f *fault, seed uint64) (series []sample, from int) {
	noise := made(b.next, seed, faultLength)
	from = faultFrom + rand.New(rand.NewPCG(seed, 2)).IntN(1000)
	held := 0.0
	for i := range noise {
		s := &noise[i]
		w := b.wave(i)
		if k := i - from; k >= 0 && k < f.n {
			s.x = f.do(k, w, s.x, b.std, held)
		} else {
			s.x += w
			held = s.x
		}
	}
	return noise, from
}

// A method gives a score to each sample of a series.
type method struct {
	name  string
	score func(series []sample) []float64
}

var methods = []method{
	{"anomaly", func(series []sample) []float64 { return detectors(series).anomaly }},
	{"EWMA chart", rule([]string{"mean", "std"}, func(long, short *agg.Window) float64 {
		return math.Abs(short.Value(0)-long.Value(0)) / long.Value(1)
	})},
	{"abs(z)", rule([]string{"z"}, func(long, _ *agg.Window) float64 { return math.Abs(long.Value(0)) })},
	{"abs(rz)", rule([]string{"rz"}, func(long, _ *agg.Window) float64 { return math.Abs(long.Value(0)) })},
	{"Holt residual", holt},
}

// rule is a rule over a window of 1000 samples and an ewma over 20, as
// `abs(ewma(20) - mean(1000)) / std(1000) > k`.
func rule(names []string, read func(long, short *agg.Window) float64) func([]sample) []float64 {
	return func(series []sample) []float64 {
		long, short := window(1000, names...), window(20, "ewma")
		score := make([]float64, len(series))
		for i, s := range series {
			long.Push(0, s.x)
			short.Push(0, s.x)
			score[i] = read(long, short)
		}
		return score
	}
}

func window(n int, names ...string) *agg.Window {
	var aggs []agg.Agg
	for _, name := range names {
		a, ok := agg.Lookup(name)
		if !ok {
			panic("no such aggregate: " + name)
		}
		aggs = append(aggs, a)
	}
	return agg.NewPlan(agg.Width{Kind: agg.Count, N: n}, aggs, agg.Options{}).New()
}

// holt is the distance from Holt's forecast (level 0.3, trend 0.05), in mean
// distances of late.
func holt(series []sample) []float64 {
	score := make([]float64, len(series))
	level, trend, usual := series[0].x, 0.0, 0.0
	for i, s := range series {
		dist := math.Abs(s.x - level - trend)
		if usual > 0 {
			score[i] = dist / usual
		}
		usual += max(0.01, 1/float64(i+1)) * (dist - usual)
		before := level
		level += 0.3*(s.x-level) + 0.7*trend
		trend += 0.05 * (level - before - trend)
	}
	return score
}

// scoreFaults counts which faults are found, at thresholds at which every method
// has as many false alarms on a background as anomaly has at 0.5.
func scoreFaults() {
	total := faultSeeds * len(faults) * len(backgrounds)
	fmt.Printf("Faults found, of %d each, %d in all; `anomaly > 0.5`, the others at thresholds that give them as many false alarms on the same background\n\n", faultSeeds, total)
	header("| background | fault |", "| --- | --- |")
	sums := make([][]int, len(faults)+1) // by fault, and of all
	for i := range sums {
		sums[i] = make([]int, len(methods))
	}
	for _, b := range backgrounds {
		bars, rate := b.thresholds()
		for i := range faults {
			found := b.found(&faults[i], bars)
			for m, n := range found {
				sums[i][m] += n
				sums[len(faults)][m] += n
			}
			numbers("| "+b.name+" | "+faults[i].name+" |", found)
		}
		fmt.Printf("| %s | *threshold, at %.2f false alarms per 10,000* |", b.name, rate)
		for _, bar := range bars {
			fmt.Printf(" *%.3g* |", bar)
		}
		fmt.Println()
	}
	fmt.Printf("\nThe same on all backgrounds together, of %d each\n\n", faultSeeds*len(backgrounds))
	header("| fault |", "| --- |")
	for i, f := range append(faults, fault{name: "all"}) {
		numbers("| "+f.name+" |", sums[i])
	}
	fmt.Println()
}

// header begins a table with a column for each method.
func header(names, rule string) {
	for _, m := range methods {
		names += " " + m.name + " |"
		rule += " --- |"
	}
	fmt.Println(names + "\n" + rule)
}

// numbers is a row of such a table.
func numbers(row string, all []int) {
	for _, n := range all {
		row += fmt.Sprintf(" %d |", n)
	}
	fmt.Println(row)
}

// An alarm of any method ends after calm samples under its threshold.
const calm = 50

// thresholds finds those at which each method gives as many false alarms as
// anomaly does at 0.5.
func (b *background) thresholds() (bars []float64, rate float64) {
	const warm, seeds = 1100, faultSeeds
	alarms := func(scores [][]float64, bar float64) (n int) {
		for _, score := range scores {
			n += len(rises(score, bar, calm))
		}
		return n
	}
	want := 0
	for i, m := range methods {
		scores := make([][]float64, seeds)
		for seed := range scores {
			clean, _ := b.with(&fault{}, uint64(1000+seed))
			scores[seed] = m.score(clean)[warm:]
		}
		if i == 0 {
			bars, want = append(bars, 0.5), alarms(scores, 0.5)
			continue
		}
		// From above, because under a low threshold an alarm never ends.
		bar := most(scores)
		for alarms(scores, bar/1.02) <= want {
			bar /= 1.02
		}
		bars = append(bars, bar)
	}
	return bars, float64(want) / float64(seeds*(faultLength-warm)) * 10000
}

// most is the highest score of all.
func most(scores [][]float64) (x float64) {
	for _, score := range scores {
		for _, s := range score {
			x = max(x, s)
		}
	}
	return x
}

// found counts the series in which each method gives an alarm while the fault
// lasts, or within 20 samples. One that comes when the fault ends does not count:
// it is the return of what was usual.
func (b *background) found(f *fault, bars []float64) []int {
	found := make([]int, len(methods))
	for seed := range faultSeeds {
		series, from := b.with(f, uint64(seed))
		for m := range methods {
			for _, i := range rises(methods[m].score(series), bars[m], calm) {
				if i >= from && i < from+max(f.n, 20) {
					found[m]++
					break
				}
			}
		}
	}
	return found
}
