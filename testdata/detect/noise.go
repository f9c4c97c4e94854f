package main

import (
	"math"
	"math/rand/v2"
)

// A next returns sample i of a series; state is its own to keep.
type next func(r *rand.Rand, i int, state *[2]float64) float64

// step is the time between samples: 288 a day.
const step = 300e9

// made makes n samples from a seed.
func made(f next, seed uint64, n int) []sample {
	r := rand.New(rand.NewPCG(seed, 1))
	var state [2]float64
	all := make([]sample, n)
	for i := range all {
		all[i] = sample{i + 1, int64(i) * step, f(r, i, &state)}
	}
	return all
}

// noises are series in which there is nothing to be found.
var noises = []struct {
	name string
	next next
}{
	{"white (Gauss)", func(r *rand.Rand, _ int, _ *[2]float64) float64 { return r.NormFloat64() }},
	{"uniform", func(r *rand.Rand, _ int, _ *[2]float64) float64 { return r.Float64() }},
	{"Student, 3 degrees", func(r *rand.Rand, _ int, _ *[2]float64) float64 {
		a, b, c := r.NormFloat64(), r.NormFloat64(), r.NormFloat64()
		return r.NormFloat64() / math.Sqrt((a*a+b*b+c*c)/3)
	}},
	{"Pareto, 1.5", func(r *rand.Rand, _ int, _ *[2]float64) float64 { return math.Pow(1-r.Float64(), -1/1.5) }},
	{"AR(0.9)", autoregressive(0.9)},
	{"AR(0.99)", autoregressive(0.99)},
	{"random walk", autoregressive(1)},
	{"daily wave", func(r *rand.Rand, i int, _ *[2]float64) float64 { return wave(10, 288, i) + r.NormFloat64() }},
	{"whole numbers", func(r *rand.Rand, _ int, _ *[2]float64) float64 { return math.Round(3 * r.NormFloat64()) }},
	{"Poisson, 3", func(r *rand.Rand, _ int, _ *[2]float64) float64 { return poisson(r, 3) }},
	{"rare ones", func(r *rand.Rand, _ int, _ *[2]float64) float64 { return math.Floor(r.Float64() + 0.01) }},
	{"GARCH", func(r *rand.Rand, _ int, s *[2]float64) float64 {
		s[1] = 0.05 + 0.1*s[0]*s[0] + 0.85*s[1]
		s[0] = math.Sqrt(s[1]) * r.NormFloat64()
		return s[0]
	}},
	{"constant", func(*rand.Rand, int, *[2]float64) float64 { return 20 }},
}

func autoregressive(keep float64) next {
	return func(r *rand.Rand, _ int, s *[2]float64) float64 {
		s[0] = keep*s[0] + r.NormFloat64()
		return s[0]
	}
}

func wave(height float64, period, i int) float64 {
	return height * math.Sin(2*math.Pi*float64(i)/float64(period))
}

// poisson counts events by their gaps.
func poisson(r *rand.Rand, mean float64) float64 {
	n, product := 0.0, r.Float64()
	for limit := math.Exp(-mean); product > limit; n++ {
		product *= r.Float64()
	}
	return n
}
