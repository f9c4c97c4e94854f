package simulate

import (
	"math"
	"math/bits"
	"math/rand/v2"

	"rtda/pkg/clock"
)

// micro is one: values with decimals are whole millionths, so that the same
// digits come out everywhere and writing them needs no floating point.
const micro = 1_000_000

// top is where the range of the shapes ends; it begins at 0.
const top = 100 * micro

// A Shape makes the values of a sensor before faults are put in.
type Shape struct {
	Name  string                                 // as --shape knows it
	Doc   string                                 // what it looks like
	whole bool                                   // whole numbers, not millionths
	start func(k, n int) int64                   // state of the k-th of n sensors before its first value
	step  func(r clock.Rate) uint64              // what a tick adds to a phase, or 0
	next  func(s *sensor, step uint64) (x int64) // the next value
}

// Row is what help shows of a shape.
func (s Shape) Row() (name, doc string) { return s.Name, s.Doc }

// Shapes is the table of shapes.
var Shapes = []Shape{
	{"uniform", "every value from 0 to 100 as likely as any other", false, zero, still, uniform},
	{"sine", "a wave from 0 to 100, once a minute; the sensors follow each other", false, spread, perMinute, sine},
	{"walk", "a random walk from 50 with steps up to 1, turned back at 0 and 100", false, middle, still, walk},
	{"counter", "1, 2, 3, …", true, zero, still, count},
}

func zero(k, n int) int64   { return 0 }
func middle(k, n int) int64 { return top / 2 }

// spread is the phase of the k-th of n sensors, with 2^64 for a full turn.
func spread(k, n int) int64 {
	q, _ := bits.Div64(uint64(k), 0, uint64(n))
	return int64(q)
}

func still(clock.Rate) uint64 { return 0 }

// perMinute is what a tick adds to a phase of 2^64 that turns once in 60 s. At
// rates at which a tick is a minute or more the wave stands still or seems to.
func perMinute(r clock.Rate) uint64 {
	q, _ := bits.Div64(r.Den%(60*r.Num), 0, 60*r.Num)
	return q
}

func uniform(s *sensor, _ uint64) int64 { return s.rng.below(top) }

func walk(s *sensor, _ uint64) int64 {
	x := s.state + s.rng.below(2*micro+1) - micro
	if x < 0 {
		x = -x
	} else if x > top {
		x = 2*top - x
	}
	s.state = x
	return x
}

func count(s *sensor, _ uint64) int64 {
	s.state++
	return s.state
}

func sine(s *sensor, step uint64) int64 {
	phase := uint64(s.state)
	s.state = int64(phase + step)
	return top/2 + int64(math.Round(top/2*sinTurn(phase)))
}

// sinTurn is the sine of phase/2^64 of a full turn, within 1e-12. It is made
// of single, rounded operations only, for math.Sin may differ in its last bit
// from one CPU to another. Method: Taylor's series on a quarter turn.
func sinTurn(phase uint64) float64 {
	quarter, rest := phase>>62, phase<<2
	if quarter&1 == 1 {
		rest = -rest // the second and the fourth quarter run backwards
	}
	x := float64(float64(rest) * (math.Pi / 2 / (1 << 64)))
	if quarter&1 == 1 && rest == 0 {
		x = math.Pi / 2
	}
	xx, term, sum := float64(x*x), x, x
	for n := 2.0; n < 18; n += 2 {
		term = float64(-term*xx) / (n * (n + 1))
		sum += term
	}
	if quarter >= 2 {
		return -sum
	}
	return sum
}

// A source is a stream of random numbers.
type source struct{ pcg rand.PCG }

// newSource is the n-th stream of the seed. The words are mixed so that
// neighbouring seeds and streams have nothing to do with each other.
func newSource(seed, n uint64) source {
	a := mix(seed)
	return source{*rand.NewPCG(a, mix(a^mix(n)))}
}

// mix spreads the bits of x over all of the result, one to one.
// Source: the finalizer of SplitMix64 (Steele, Lea and Flood 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// below is a random number from 0 up to n, n left out. Its bias, below n/2^64,
// cannot be seen.
func (s *source) below(n uint64) int64 {
	hi, _ := bits.Mul64(s.pcg.Uint64(), n)
	return int64(hi)
}

// between is a random number from a to b, both of them included.
func (s *source) between(a, b int64) int64 { return a + s.below(uint64(b-a)+1) }
