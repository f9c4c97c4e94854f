package detect

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// noise is n samples of seeded white noise.
func noise(n int) []float64 {
	r := rand.New(rand.NewPCG(1, 2))
	xs := make([]float64, n)
	for i := range xs {
		xs[i] = r.NormFloat64()
	}
	return xs
}

func BenchmarkPush(b *testing.B) {
	for _, c := range []struct {
		stat  string
		clock bool
	}{{"anomaly", false}, {"anomaly", true}, {"forecast", false}, {"forecast", true}} {
		b.Run(fmt.Sprintf("stat=%s/clock=%v", c.stat, c.clock), func(b *testing.B) {
			s, _ := Lookup(c.stat)
			d := NewPlan([]Stat{s}, c.clock, nil).New()
			xs, at, sum := noise(1<<15), int64(0), 0.0
			push := func(i int) {
				at += 60e9
				d.Push(at, xs[i%len(xs)])
				sum += d.Value(0)
			}
			for i := range 20000 {
				push(i)
			}
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				push(i)
			}
		})
	}
}
