package agg

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// addSeeds gives a fuzz target samples of every shape, in every kind of window.
func addSeeds(f *testing.F) {
	for i, sh := range shapes {
		r := rand.New(rand.NewPCG(1, uint64(i)))
		var data []byte
		for j := range 150 {
			_, exp := math.Frexp(sh.next(r, j))
			data = append(data, byte(r.Uint32()), byte(exp))
		}
		f.Add(data, uint8(i), uint8(17*i), i&1 == 0)
	}
}

// fuzzed returns the plan, times and samples that bytes stand for. Of data, two
// bytes are a sample and the time that passes before it: samples of few digits,
// which meet and cancel out, in scales that change.
func fuzzed(data []byte, kind, size uint8, clock bool) (*Plan, []int64, []float64) {
	width, xs := Width{Kind: Kind(kind % 3)}, samplesOf(data[:min(len(data), 400)])
	switch width.Kind {
	case Count:
		width.N = 1 + int(size)
	case Duration:
		width.D = 1e8 * (1 + int64(size))
	}
	ts := times(len(xs), func(i int) int64 { return int64(data[2*i]&7) * 1e8 })
	return NewPlan(width, everyAgg(), Options{DDof: int(kind) / 3 % 2, Clock: clock}), ts, xs
}

// FuzzWindow holds eight aggregates of windows of all kinds to the slow twin.
func FuzzWindow(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, data []byte, kind, size uint8, clock bool) {
		p, ts, xs := fuzzed(data, kind, size, clock)
		from := int(size) % (len(p.aggs) - 7)
		w := NewPlan(p.width, p.aggs[from:from+8], Options{DDof: int(p.ddof), Clock: clock}).New()
		for i, x := range xs {
			w.Push(ts[i], x)
			if i > 2 && i+1 < len(xs) && i != len(xs)/2 {
				w.Value(i % 8)
			} else if compareToTwin(t, w, reach(p.width, xs[:i+1], ts[:i+1]), fmt.Sprint("sample ", i)) > 0 {
				return
			}
		}
	})
}

// FuzzSlide holds batches of four aggregates to pushes.
func FuzzSlide(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, data []byte, kind, size uint8, clock bool) {
		p, ts, xs := fuzzed(data, kind, size, clock)
		from := int(kind) % (len(p.aggs) - 3)
		p = NewPlan(p.width, p.aggs[from:from+4], Options{Clock: clock})
		compareSlide(t, rand.New(rand.NewPCG(uint64(size), 1)), p, ts, xs)
	})
}

// samplesOf makes a sample of each two bytes.
func samplesOf(data []byte) []float64 {
	var xs []float64
	scale := 0
	for ; len(data) >= 2; data = data[2:] {
		v := int16(binary.LittleEndian.Uint16(data))
		if v&0xf00 == 0x100 {
			scale = int(int8(v)) * 8
		}
		xs = append(xs, math.Ldexp(float64(v>>5), max(-1070, min(1000, scale))))
	}
	return xs
}
