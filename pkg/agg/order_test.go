package agg

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"
)

// orderHistories are sequences of values as they slide through a window.
var orderHistories = []struct {
	name string
	next func(r *rand.Rand, i int) float64
}{
	{"uniform", func(r *rand.Rand, i int) float64 { return r.Float64() }},
	{"normal far from 0", func(r *rand.Rand, i int) float64 { return 1e9 + r.NormFloat64() }},
	{"few values", func(r *rand.Rand, i int) float64 { return float64(r.IntN(5)) }},
	{"constant", func(r *rand.Rand, i int) float64 { return 7 }},
	{"counter", func(r *rand.Rand, i int) float64 { return float64(i) }},
	{"falling", func(r *rand.Rand, i int) float64 { return -float64(i) }},
	{"sawtooth", func(r *rand.Rand, i int) float64 { return float64(i % 1777) }},
	{"slow trend", func(r *rand.Rand, i int) float64 { return float64(i) + 1000*r.NormFloat64() }},
	{"zeros of both signs", func(r *rand.Rand, i int) float64 { return math.Copysign(0, float64(i%3)-1) }},
	{"largest", func(r *rand.Rand, i int) float64 { return math.MaxFloat64 * (2*r.Float64() - 1) }},
	{"smallest", func(r *rand.Rand, i int) float64 { return 5e-324 * float64(r.IntN(9)-4) }},
}

func TestOrderSlides(t *testing.T) {
	for _, h := range orderHistories {
		for _, size := range []int{1, 2, 3, 4, 15, 64, 2047, 2048, 2049, 6000} {
			t.Run(fmt.Sprintf("%s/%d", h.name, size), func(t *testing.T) {
				slideOrder(t, size, h.next)
			})
		}
	}
}

// slideOrder lets three windows' worth of values pass and compares now and then.
func slideOrder(t *testing.T, size int, next func(r *rand.Rand, i int) float64) {
	r := rand.New(rand.NewPCG(1, uint64(size)))
	var o order
	var s slowOrder
	compareOrder(t, &o, s)
	for i := range 3*size + 10 {
		x := next(r, i)
		if len(s) < size {
			o.insert(x)
		} else {
			o.replace(s[0], x)
			s = s[1:]
		}
		s = append(s, x)
		if size < 64 || i%(size/2) == 0 {
			checkChunks(t, &o)
			compareOrder(t, &o, s)
		}
	}
	for len(s) > 0 {
		o.remove(s[0])
		s = s[1:]
		if size < 64 || len(s)%(size/3) < 2 {
			checkChunks(t, &o)
			compareOrder(t, &o, s)
		}
	}
}

// Storage follows the size both ways, and a set that slides stays within 11
// bytes a value, whatever passes through it.
func TestOrderStorage(t *testing.T) {
	const size = 50_000
	for _, h := range orderHistories {
		t.Run(h.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(2, 3))
			var o order
			var ring []float64
			for i := range 4 * size {
				x := h.next(r, i)
				if i < size {
					o.insert(x)
					ring = append(ring, x)
					continue
				}
				o.replace(ring[i%size], x)
				ring[i%size] = x
			}
			checkChunks(t, &o)
			if got := 8 * chunkCap * (len(o.large.data) + len(o.large.spare)); got > 11*size {
				t.Errorf("%d values take %d bytes in %d chunks", size, got, len(o.large.data))
			}
			for _, x := range ring[:size-orderMin] {
				o.remove(x)
			}
			if got := len(o.large.data) + len(o.large.spare); got > 8 {
				t.Errorf("%d values left in %d chunks", orderMin, got)
			}
			o.remove(ring[size-orderMin])
			if o.large != nil || len(o.small) != orderMin-1 {
				t.Errorf("%d values left, still in chunks", o.len())
			}
		})
	}
}

// There may be 100,000 windows of a few values.
func TestOrderOfFewIsSmall(t *testing.T) {
	var o order
	for _, x := range []float64{3, 1, 2} {
		o.insert(x)
	}
	if got := int(unsafe.Sizeof(o)) + 8*cap(o.small); got > 64 {
		t.Errorf("3 values take %d bytes, want 64 at most", got)
	}
}

func TestLowerBound(t *testing.T) {
	for n := range 100 {
		a := make([]float64, n)
		for i := range a {
			a[i] = float64(i / 3)
		}
		for x := -1.0; x < 40; x += 0.5 {
			want, _ := slices.BinarySearch(a, x)
			if got := lowerBound(a, x); got != want {
				t.Errorf("lowerBound of %v in %v = %d, want %d", x, a, got, want)
			}
			if i, j := lowerBounds(a, x, 5); i != want || j != lowerBound(a, 5) {
				t.Errorf("lowerBounds of %v and 5 in %v = %d, %d, want %d, %d", x, a, i, j, want, lowerBound(a, 5))
			}
		}
	}
}

func TestOrderRemovesOnlyWhatIsThere(t *testing.T) {
	for _, n := range []int{0, 3, 5000} {
		var o order
		for i := range n {
			o.insert(float64(i))
		}
		for name, f := range map[string]func(){
			"remove":  func() { o.remove(0.5) },
			"replace": func() { o.replace(1e9, 1) },
		} {
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("%s of a value that %d values do not have: no panic", name, n)
					}
				}()
				f()
			}()
		}
	}
}

func TestOrderAllocs(t *testing.T) {
	for _, size := range []int{3, 1000, 20_000} {
		r := rand.New(rand.NewPCG(7, 8))
		var o order
		ring := make([]float64, size)
		for i := range ring {
			ring[i] = r.NormFloat64()
			o.insert(ring[i])
		}
		i := 0
		allocs := testing.AllocsPerRun(3*size+1000, func() {
			x := r.NormFloat64()
			o.replace(ring[i], x)
			ring[i] = x
			i = (i + 1) % size
			o.without(x)
			o.mad()
			o.iqr()
		})
		if allocs != 0 {
			t.Errorf("window of %d: %v allocations a sample", size, allocs)
		}
	}
}
