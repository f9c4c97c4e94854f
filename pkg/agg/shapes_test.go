package agg

import (
	"math"
	"math/rand/v2"
)

// A shape makes the i-th sample of a stream that is hard on windows.
var shapes = []struct {
	name string
	next func(r *rand.Rand, i int) float64
}{
	{"uniform", func(r *rand.Rand, i int) float64 { return r.Float64() * 100 }},
	{"normal", func(r *rand.Rand, i int) float64 { return r.NormFloat64() }},
	{"1e9 + 1e-3 noise", func(r *rand.Rand, i int) float64 { return 1e9 + 1e-3*r.Float64() }},
	{"1e9 + uniform", func(r *rand.Rand, i int) float64 { return 1e9 + r.Float64() }},
	{"1e16 spike", spike(1e16)},
	{"1e300 spike", spike(1e300)},
	{"1e-300 between spikes of 1", func(r *rand.Rand, i int) float64 {
		if i%90 == 5 {
			return 1
		}
		return 1e-300 * r.Float64()
	}},
	{"near 1e308", func(r *rand.Rand, i int) float64 { return 1.7e308 * (2*r.Float64() - 1) }},
	{"near +1e308", func(r *rand.Rand, i int) float64 { return 1.7e308 - 1e300*r.Float64() }},
	{"1e-200", func(r *rand.Rand, i int) float64 { return 1e-200 * r.NormFloat64() }},
	{"subnormal", func(r *rand.Rand, i int) float64 { return 5e-324 * float64(r.IntN(1000)-300) }},
	{"constant", func(r *rand.Rand, i int) float64 { return 0.1 }},
	{"constant 1e308", func(r *rand.Rand, i int) float64 { return 1e308 }},
	{"noise, then constant", func(r *rand.Rand, i int) float64 {
		if i/150%2 == 0 {
			return 20 + r.NormFloat64()
		}
		return 20.3
	}},
	{"zeros and ones", func(r *rand.Rand, i int) float64 { return float64(r.IntN(2)) }},
	{"seldom not zero", func(r *rand.Rand, i int) float64 {
		if r.IntN(70) == 0 {
			return r.NormFloat64()
		}
		return 0
	}},
	{"mixed scales", func(r *rand.Rand, i int) float64 {
		return math.Ldexp(r.NormFloat64(), r.IntN(2000)-1000)
	}},
	{"growing scales", func(r *rand.Rand, i int) float64 { return math.Ldexp(1+r.Float64(), i%2000-1000) }},
	{"shrinking scales", func(r *rand.Rand, i int) float64 { return math.Ldexp(1+r.Float64(), 1000-i*3%2000) }},
	{"zero among 1e9", func(r *rand.Rand, i int) float64 {
		if i%130 == 60 {
			return 0
		}
		return 1e9 + 1e-3*r.Float64()
	}},
	{"counter", func(r *rand.Rand, i int) float64 { return float64(i * 7 % 1000) }},
	{"falling", func(r *rand.Rand, i int) float64 { return 1e6 - float64(i) }},
	{"levels", func(r *rand.Rand, i int) float64 { return float64(i/37%5)*1e6 + r.Float64() }},
}

func spike(height float64) func(*rand.Rand, int) float64 {
	return func(r *rand.Rand, i int) float64 {
		if i%170 == 33 {
			return height
		}
		return 1 + r.Float64()
	}
}
