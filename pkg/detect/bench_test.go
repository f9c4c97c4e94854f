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

// BenchmarkPush is a sample of one series of white noise, and of many by turns,
// whose detectors are in no cache.
func BenchmarkPush(b *testing.B) {
	for _, c := range []struct {
		stat   string
		clock  bool
		series int
	}{
		{"anomaly", false, 1}, {"anomaly", true, 1}, {"anomaly", true, 1000},
		{"forecast", false, 1}, {"forecast", true, 1}, {"forecast", true, 1000},
	} {
		b.Run(fmt.Sprintf("stat=%s/clock=%v/series=%d", c.stat, c.clock, c.series), func(b *testing.B) {
			s, _ := Lookup(c.stat)
			plan := NewPlan([]Stat{s}, c.clock, nil)
			all := make([]*Detector, c.series)
			xs, sum, n := noise(1<<15), 0.0, 0
			push := func(d *Detector) {
				n++
				d.Push(int64(n)*60e9, xs[n%len(xs)])
				sum += d.Value(0)
			}
			for i := range all {
				all[i] = plan.New()
				for range 3000 {
					push(all[i])
				}
			}
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				push(all[i%c.series])
			}
		})
	}
}
