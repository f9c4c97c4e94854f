package simulate

import (
	"io"
	"testing"
)

// BenchmarkFlatOut is the cost of a line.
func BenchmarkFlatOut(b *testing.B) {
	faults := []string{"spike", "drift", "stuck", "noise", "gap"}
	for _, c := range []Config{
		{Shape: "uniform", Format: "num"},
		{Shape: "sine", Format: "num"},
		{Shape: "walk", Format: "num"},
		{Shape: "counter", Format: "num"},
		{Shape: "uniform", Format: "num", Faults: faults},
		{Shape: "uniform", Format: "json"},
		{Shape: "uniform", Format: "influx"},
	} {
		name := "shape=" + c.Shape + "/format=" + c.Format
		if c.Faults != nil {
			name += "/faults=all"
		}
		b.Run(name, func(b *testing.B) {
			c.Sensors, c.Rate, c.Count = 1, hz(10), int64(b.N)
			g, err := New(c)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			if err := g.FlatOut(&Sink{Lines: io.Discard}, nil); err != nil {
				b.Fatal(err)
			}
		})
	}
}
