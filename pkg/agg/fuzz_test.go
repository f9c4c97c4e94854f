package agg

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"
)

// FuzzWindow holds every aggregate of windows of all kinds to the slow twin, and
// batches to pushes. Of data, two bytes are a sample and the time that passes
// before it: samples of few digits, which meet and cancel out, in scales that
// change.
func FuzzWindow(f *testing.F) {
	for i, sh := range shapes {
		r := rand.New(rand.NewPCG(1, uint64(i)))
		var data []byte
		for j := range 150 {
			_, exp := math.Frexp(sh.next(r, j))
			data = append(data, byte(r.Uint32()), byte(exp))
		}
		f.Add(data, uint8(i), uint8(17*i), i&1 == 0)
	}
	f.Fuzz(func(t *testing.T, data []byte, kind, size uint8, clock bool) {
		data = data[:min(len(data), 400)]
		width := Width{Kind: Kind(kind % 3)}
		switch width.Kind {
		case Count:
			width.N = 1 + int(size)
		case Duration:
			width.D = 1e8 * (1 + int64(size))
		}
		aggs := everyAgg()
		p := NewPlan(width, aggs, Options{DDof: int(kind) / 3 % 2, Clock: clock})
		xs := samplesOf(data)
		ts := times(len(xs), func(i int) int64 { return int64(data[2*i]&7) * 1e8 })
		checkWindow(t, p, len(xs), func(i int) float64 { return xs[i] }, func(i int) int64 { return ts[i] })
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
