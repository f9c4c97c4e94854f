package agg

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// compareSlide pushes xs into two windows, one by one and in pieces, and fails
// where a value differs in a bit. Two plain windows of the plan take turns, so
// that what one leaves in the plan's buffers would be seen in the other.
func compareSlide(t *testing.T, r *rand.Rand, p *Plan, ts []int64, xs []float64) {
	t.Helper()
	one, many, other := p.New(), p.New(), p.New()
	dst := make([][]float64, len(p.aggs))
	for i := 0; i < len(xs); {
		n := min(len(xs)-i, 1+r.IntN(1<<r.IntN(9)))
		read := r.IntN(6) != 0
		for j := range dst {
			if dst[j] = make([]float64, n); !read || r.IntN(9) == 0 {
				dst[j] = nil
			}
		}
		many.Slide(timesIn(ts, i, i+n), xs[i:i+n], dst)
		for k := range n {
			one.Push(timeAt(ts, i+k), xs[i+k])
			for j, d := range dst {
				if d == nil && r.IntN(2) == 0 {
					continue
				}
				want := one.Value(j)
				if d != nil && !equalStat(d[k], want) {
					t.Fatalf("%s at sample %d, %d-th of a batch of %d = %v, want %v as pushed", p.aggs[j].Name, i+k, k, n, d[k], want)
				}
			}
		}
		for j := range dst {
			if got, want := many.Value(j), one.Value(j); !equalStat(got, want) {
				t.Fatalf("%s after a batch to sample %d = %v, want %v as pushed", p.aggs[j].Name, i+n-1, got, want)
			}
		}
		other.Slide(timesIn(ts, i, i+n), xs[len(xs)-i-n:len(xs)-i], dst)
		i += n
		if r.IntN(40) == 0 {
			one.Reset()
			many.Reset()
		}
	}
}

// timesIn returns ts[i:end], or nil where there are no times.
func timesIn(ts []int64, i, end int) []int64 {
	if ts == nil {
		return nil
	}
	return ts[i:end]
}

func TestSlide(t *testing.T) {
	for _, aggs := range [][]Agg{everyAgg(), pick("mean", "std", "max"), pick("min", "z"), pick("median", "mean", "rz"), pick("increase", "twa")} {
		for _, width := range []Width{{Kind: Count, N: 1}, {Kind: Count, N: 20}, {Kind: Count, N: 33}, {Kind: Count, N: 100}, {Kind: Count, N: 301}, {Kind: All},
			{Kind: Duration, D: 20e9}, {Kind: Duration, D: 64e9}, {Kind: Duration, D: 100e9}, {Kind: Duration, D: 3000e9}} {
			for i, sh := range shapes {
				t.Run(fmt.Sprintf("%d/%v/%s", len(aggs), width, sh.name), func(t *testing.T) {
					r := rand.New(rand.NewPCG(3, uint64(width.N)))
					xs, ts := make([]float64, 1500), paces[i%len(paces)](r, 1500)
					for i := range xs {
						xs[i] = sh.next(r, i)
					}
					clock := width.N != 33 && width.N != 301
					if !clock {
						ts = nil
					}
					compareSlide(t, r, NewPlan(width, aggs, Options{DDof: width.N & 1, Clock: clock}), ts, xs)
				})
			}
		}
	}
}

// paces make the times of n samples: steady ones, irregular ones, bursts with
// long pauses, and many at once.
var paces = []func(r *rand.Rand, n int) []int64{
	func(r *rand.Rand, n int) []int64 { return times(n, func(int) int64 { return 1e9 }) },
	func(r *rand.Rand, n int) []int64 { return times(n, func(int) int64 { return r.Int64N(2e9) }) },
	func(r *rand.Rand, n int) []int64 {
		return times(n, func(i int) int64 { return []int64{1e8, 70e9}[i%200/199] })
	},
	func(r *rand.Rand, n int) []int64 { return times(n, func(i int) int64 { return int64(i%7/6) * 9e9 }) },
}

func times(n int, step func(i int) int64) []int64 {
	ts := make([]int64, n)
	for i := 1; i < n; i++ {
		ts[i] = ts[i-1] + step(i)
	}
	return ts
}
