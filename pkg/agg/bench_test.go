package agg

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

func uniforms(n int) []float64 {
	r := rand.New(rand.NewPCG(7, 7))
	xs := make([]float64, n)
	for i := range xs {
		xs[i] = r.Float64() * 100
	}
	return xs
}

// BenchmarkSlide is the time a sample takes in a batch of 4,096, all read, one a
// second.
func BenchmarkSlide(b *testing.B) {
	for _, aggs := range []string{"mean,std,max", "mean", "std", "max", "mean,std", "min,max", "z", "skew,kurt", "median", "ewma", "slope", "rate", "twa", "none"} {
		for _, width := range []Width{{Kind: Count, N: 10}, {Kind: Count, N: 100}, {Kind: Count, N: 1000}, {Kind: Count, N: 1000000}, {Kind: Duration, D: 100e9}, {Kind: Duration, D: 1000e9}} {
			if aggs != "mean,std,max" && width.N != 100 && width.D != 100e9 {
				continue
			}
			b.Run(fmt.Sprintf("agg=%s/kind=%d/n=%d", aggs, width.Kind, int64(width.N)+width.D/1e9), func(b *testing.B) { benchmarkSlide(b, aggs, width) })
		}
	}
}

func benchmarkSlide(b *testing.B, aggs string, width Width) {
	picked, read := pick("mean", "std", "max"), aggs != "none"
	if read {
		picked = pick(strings.Split(aggs, ",")...)
	}
	w := NewPlan(width, picked, Options{Clock: width.Kind == Duration}).New()
	xs, ts := uniforms(4096), times(4096, func(int) int64 { return 1e9 })
	var dst [][]float64
	for range picked {
		dst = append(dst, make([]float64, len(xs)))
	}
	if !read {
		dst = nil
	}
	slide := func(dst [][]float64) {
		w.Slide(ts, xs, dst)
		for i := range ts {
			ts[i] += 4096e9
		}
	}
	for range 2 * width.N / len(xs) {
		slide(nil)
	}
	slide(dst)
	b.ResetTimer()
	for i := 0; i < b.N; i += len(xs) {
		slide(dst)
	}
}

// BenchmarkPush is the time a sample takes that comes alone and is read.
func BenchmarkPush(b *testing.B) {
	xs := uniforms(4096)
	for _, width := range []Width{{Kind: Count, N: 10}, {Kind: Count, N: 100}, {Kind: Count, N: 1000}, {Kind: Count, N: 1000000}, {Kind: Duration, D: 100e9}, {Kind: Duration, D: 1000e9}, {Kind: All}} {
		for _, aggs := range []string{"mean,std,max", "rate", "slope", "ewma"} {
			b.Run(fmt.Sprintf("agg=%s/kind=%d/n=%d", aggs, width.Kind, int64(width.N)+width.D/1e9), func(b *testing.B) {
				p := NewPlan(width, pick(strings.Split(aggs, ",")...), Options{Clock: true})
				w := p.New()
				var sum float64
				for i := range 2*width.N + b.N {
					if i == 2*width.N {
						b.ResetTimer()
					}
					w.Push(int64(i)*1e9, xs[i&4095])
					if i >= 2*width.N {
						for j := range p.aggs {
							sum += w.Value(j)
						}
					}
				}
			})
		}
	}
}
