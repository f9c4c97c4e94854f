package cmd

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
)

// BenchmarkWalk takes lines from bytes to bytes through the whole filter.
func BenchmarkWalk(b *testing.B) {
	for _, c := range []struct {
		name  string
		input []byte
		args  string
	}{
		{"in=num/every=1", numbersInput(1 << 17), "-w 100 -j 1"},
		{"in=num/every=1000", numbersInput(1 << 17), "-w 100 -j 1 -n 1000"},
		{"in=num/out=json", numbersInput(1 << 17), "-w 100 -j 1 -o json"},
		{"in=num/rule=threshold", numbersInput(1 << 17), "-w 100 -j 1 -r mean>1e9"},
		{"in=json/keys=100", recordsInput(1 << 15), "-w 100 -j 1 -k sensor -f temp"},
		{"in=csv/keys=100", csvInput(1 << 15), "-i csv -w 100 -j 1 -k sensor -f temp"},
	} {
		b.Run(c.name, func(b *testing.B) {
			lines := bytes.Count(c.input, []byte{'\n'})
			b.SetBytes(int64(len(c.input)))
			for b.Loop() {
				if status := Main(strings.Fields(c.args), bytes.NewReader(c.input), io.Discard, io.Discard); status != 0 {
					b.Fatalf("status %d", status)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*lines), "ns/line")
		})
	}
}

// numbersInput is n lines of uniform numbers with six decimals.
func numbersInput(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	var b []byte
	for range n {
		b = fmt.Appendf(b, "%.6f\n", r.Float64()*100)
	}
	return b
}

// recordsInput is n flat records of 100 sensors.
func recordsInput(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	var b []byte
	for i := range n {
		b = fmt.Appendf(b, `{"ts":%.3f,"sensor":"s%03d","temp":%.3f,"hum":%.2f,"ok":true,"site":"north-1"}`+"\n",
			1.7e9+float64(i)/1000, r.IntN(100), r.Float64()*100, r.Float64()*100)
	}
	return b
}

func csvInput(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	b := []byte("ts,sensor,temp,hum\n")
	for i := range n {
		b = fmt.Appendf(b, "%.3f,s%03d,%.3f,%.2f\n", 1.7e9+float64(i)/1000, r.IntN(100), r.Float64()*100, r.Float64()*100)
	}
	return b
}

// TestWalkAllocs holds the whole walk to no allocation a line once it has
// begun: twice the lines cost no more than a few allocations.
func TestWalkAllocs(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(int) []byte
		args string
	}{
		{"num", numbersInput, "-w 100 -j 1"},
		{"json", recordsInput, "-w 100 -j 1 -k sensor -f temp"},
		{"csv", csvInput, "-i csv -w 100 -j 1 -k sensor -f temp"},
	} {
		t.Run(c.name, func(t *testing.T) {
			allocs := func(n int) float64 {
				input := c.make(n)
				return testing.AllocsPerRun(3, func() {
					Main(strings.Fields(c.args), bytes.NewReader(input), io.Discard, io.Discard)
				})
			}
			few, many := allocs(50_000), allocs(100_000)
			if many-few > 500 {
				t.Errorf("50,000 more lines cost %.0f allocations, want one a hundred lines at most", many-few)
			}
		})
	}
}
