package agg

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// compareSlide pushes xs into two windows, one by one and in pieces, and fails
// where a value differs in a bit. Two plain windows of the plan take turns, so
// that what one leaves in the plan's buffers would be seen in the other.
func compareSlide(t *testing.T, r *rand.Rand, p *Plan, xs []float64) {
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
		many.Slide(xs[i:i+n], dst)
		for k := range n {
			one.Push(0, xs[i+k])
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
		other.Slide(xs[len(xs)-i-n:len(xs)-i], dst)
		i += n
		if r.IntN(40) == 0 {
			one.Reset()
			many.Reset()
		}
	}
}

func TestSlide(t *testing.T) {
	swift := slices.DeleteFunc(everyAgg(), func(a Agg) bool { return a.moment == nil && a.column == nil })
	for _, aggs := range [][]Agg{swift, pick("mean", "std", "max"), pick("min", "z"), everyAgg()} {
		for _, width := range []Width{{Kind: Count, N: 1}, {Kind: Count, N: 20}, {Kind: Count, N: 33}, {Kind: Count, N: 100}, {Kind: Count, N: 301}, {Kind: All}} {
			for _, sh := range shapes {
				t.Run(fmt.Sprintf("%d/%v/%s", len(aggs), width, sh.name), func(t *testing.T) {
					r := rand.New(rand.NewPCG(3, uint64(width.N)))
					xs := make([]float64, 1500)
					for i := range xs {
						xs[i] = sh.next(r, i)
					}
					compareSlide(t, r, NewPlan(width, aggs, Options{DDof: width.N & 1}), xs)
				})
			}
		}
	}
}
