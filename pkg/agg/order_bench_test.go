package agg

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

var orderSink float64

func BenchmarkOrder(b *testing.B) {
	for _, stat := range []struct {
		name string
		read func(o *order, x float64) float64
	}{
		{"none", func(o *order, x float64) float64 { return 0 }},
		{"median", func(o *order, x float64) float64 { return o.median() }},
		{"p99", func(o *order, x float64) float64 { return o.quantile(0.99) }},
		{"mad", func(o *order, x float64) float64 { return o.mad() }},
		{"rz", func(o *order, x float64) float64 { _, mad := o.without(x); return mad }},
	} {
		for _, n := range []int{3, 100, 1000, 2000, 10_000, 100_000, 1_000_000} {
			b.Run(fmt.Sprintf("stat=%s/n=%d", stat.name, n), func(b *testing.B) {
				benchmarkOrder(b, n, stat.read)
			})
		}
	}
}

func benchmarkOrder(b *testing.B, n int, read func(o *order, x float64) float64) {
	r := rand.New(rand.NewPCG(9, 10))
	var o order
	ring := make([]float64, n)
	for i := range ring {
		ring[i] = r.Float64()
		o.insert(ring[i])
	}
	fresh := make([]float64, 1<<16)
	for i := range fresh {
		fresh[i] = r.Float64()
	}
	k := 0
	b.ResetTimer()
	for i := range b.N {
		x := fresh[i&(1<<16-1)]
		o.replace(ring[k], x)
		ring[k] = x
		if k++; k == n {
			k = 0
		}
		orderSink = read(&o, x)
	}
}

// BenchmarkOrderGrow is a window of `all`: every value stays.
func BenchmarkOrderGrow(b *testing.B) {
	for _, h := range orderHistories {
		b.Run("data="+h.name, func(b *testing.B) {
			r := rand.New(rand.NewPCG(9, 10))
			var o order
			for i := range b.N {
				o.insert(h.next(r, i))
			}
		})
	}
}
