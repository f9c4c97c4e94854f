package agg

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
)

// slowOrder is the twin of order: it keeps the values as they come and sorts a
// copy for every answer.
type slowOrder []float64

func (s *slowOrder) insert(x float64) { *s = append(*s, x) }

func (s *slowOrder) remove(x float64) {
	i := slices.Index(*s, x)
	*s = slices.Delete(*s, i, i+1)
}

func (s slowOrder) quantile(q float64) float64 {
	if len(s) == 0 {
		return math.NaN()
	}
	a := slices.Sorted(slices.Values(s))
	h := q * float64(len(a)-1)
	i := int(math.Floor(h))
	return between(a[i], a[min(i+1, len(a)-1)], h-math.Floor(h))
}

func (s slowOrder) median() float64 {
	if len(s) == 0 {
		return math.NaN()
	}
	a := slices.Sorted(slices.Values(s))
	return middle(a[(len(a)-1)/2], a[len(a)/2])
}

func (s slowOrder) mad() float64 {
	m := s.median()
	var dev slowOrder
	for _, x := range s {
		dev.insert(math.Abs(x - m))
	}
	return dev.median()
}

// same says whether got is want to the last bit, 0 and -0 being one.
func same(got, want float64) bool {
	return got == want || math.IsNaN(got) && math.IsNaN(want)
}

// compare holds every answer of o to the twin's.
func compare(t *testing.T, o *order, s slowOrder) {
	t.Helper()
	if o.len() != len(s) {
		t.Fatalf("len = %d, want %d", o.len(), len(s))
	}
	check := func(what string, got, want float64) {
		t.Helper()
		if !same(got, want) {
			t.Fatalf("%s of %d values = %v, want %v", what, len(s), got, want)
		}
	}
	for _, q := range []float64{0, 0.001, 0.25, 1. / 3, 0.5, 0.75, 0.99, 0.999, 1} {
		check(fmt.Sprint("quantile ", q), o.quantile(q), s.quantile(q))
	}
	check("median", o.median(), s.median())
	check("mad", o.mad(), s.mad())
	check("iqr", o.iqr(), finite(s.quantile(0.75)-s.quantile(0.25)))
	if len(s) == 0 {
		return
	}
	for _, x := range []float64{s[0], s[len(s)/2], s[len(s)-1]} {
		rest := slices.Clone(s)
		rest.remove(x)
		median, mad := o.without(x)
		check(fmt.Sprint("median without ", x), median, rest.median())
		check(fmt.Sprint("mad without ", x), mad, rest.mad())
	}
}

// valid fails where the inner books of a large order do not agree.
func valid(t *testing.T, o *order) {
	t.Helper()
	c := o.large
	if c == nil {
		return
	}
	if n := len(c.data); len(c.used) != n || len(c.last) != n || len(c.tree) != n+1 {
		t.Fatalf("%d chunks, %d lengths, %d last, %d in the tree", n, len(c.used), len(c.last), len(c.tree)-1)
	}
	n := 0
	for k := range c.data {
		a := c.values(k)
		if len(a) == 0 || a[len(a)-1] != c.last[k] {
			t.Fatalf("chunk %d of %d values has last %v", k, len(a), c.last[k])
		}
		if _, from := c.run(n); from != n {
			t.Fatalf("chunk %d begins at rank %d, the tree says %d", k, n, from)
		}
		n += len(a)
	}
	if all := c.appendTo(nil); n != c.n || !slices.IsSorted(all) {
		t.Fatalf("%d values in chunks, n = %d, sorted = %v", n, c.n, slices.IsSorted(all))
	}
}

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
				slide(t, size, h.next)
			})
		}
	}
}

// slide lets three windows' worth of values pass and compares now and then.
func slide(t *testing.T, size int, next func(r *rand.Rand, i int) float64) {
	r := rand.New(rand.NewPCG(1, uint64(size)))
	var o order
	var s slowOrder
	compare(t, &o, s)
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
			valid(t, &o)
			compare(t, &o, s)
		}
	}
	for len(s) > 0 {
		o.remove(s[0])
		s = s[1:]
		if size < 64 || len(s)%(size/3) < 2 {
			valid(t, &o)
			compare(t, &o, s)
		}
	}
}

// Storage follows the size both ways, and a set that slides stays within 13
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
			valid(t, &o)
			if got := 8 * chunkCap * (len(o.large.data) + len(o.large.spare)); got > 13*size {
				t.Errorf("%d values take %d bytes in %d chunks", size, got, len(o.large.data))
			}
			for _, x := range ring[:size-orderMin+1] {
				o.remove(x)
			}
			if o.large != nil || len(o.small) != orderMin-1 {
				t.Errorf("%d values left, still in chunks", o.len())
			}
		})
	}
}

func TestOrderReset(t *testing.T) {
	for _, n := range []int{0, 3, 5000} {
		var o order
		for i := range n {
			o.insert(float64(i))
		}
		o.reset()
		compare(t, &o, nil)
		o.insert(4)
		o.insert(6)
		compare(t, &o, slowOrder{4, 6})
	}
}

func TestOrderStats(t *testing.T) {
	big := math.MaxFloat64
	nan := math.NaN()
	for _, c := range []struct {
		name             string
		in               []float64
		median, mad, iqr float64
		p90              float64 // plain R-7 formula in python3, as numpy.percentile(in, 90)
	}{
		{"empty", nil, nan, nan, nan, nan},
		{"one", []float64{7}, 7, 0, 0, 7},
		{"two", []float64{1, 2}, 1.5, 0.5, 0.5, 1.9},
		{"three", []float64{3, 1, 2}, 2, 1, 1, 2.8},
		{"four", []float64{4, 1, 3, 2}, 2.5, 1, 1.5, 3.7},
		{"ten", []float64{10, 20, 30, 40, 50, 60, 70, 80, 90, 100}, 55, 25, 45, 91},
		{"outlier", []float64{1, 1, 2, 2, 4, 6, 9}, 2, 1, 3.5, 7.200000000000001}, // mad: the example of Wikipedia
		{"constant", []float64{0.1, 0.1, 0.1}, 0.1, 0, 0, 0.1},
		{"both zeros", []float64{math.Copysign(0, -1), 0}, 0, 0, 0, 0},
		{"widest two", []float64{-big, big}, 0, big, big, 1.4381545078898526e+308},
		{"iqr beyond float64", []float64{-big, -big, big, big}, 0, big, nan, big},
		{"largest two", []float64{big, big}, big, 0, 0, big},
		{"smallest two", []float64{0, 5e-324}, 0, 0, 5e-324, 5e-324},
	} {
		t.Run(c.name, func(t *testing.T) {
			var o order
			for _, x := range c.in {
				o.insert(x)
			}
			for _, s := range []struct {
				name      string
				got, want float64
			}{
				{"median", o.median(), c.median},
				{"mad", o.mad(), c.mad},
				{"iqr", o.iqr(), c.iqr},
				{"p90", o.quantile(0.9), c.p90},
			} {
				if !same(s.got, s.want) || math.Signbit(s.got) && s.got == 0 {
					t.Errorf("%s of %v = %v, want %v", s.name, c.in, s.got, s.want)
				}
			}
		})
	}
}

func TestOrderWithout(t *testing.T) {
	for _, c := range []struct {
		in          []float64
		x           float64
		median, mad float64
	}{
		{[]float64{5}, 5, math.NaN(), math.NaN()},
		{[]float64{5, 9}, 9, 5, 0},
		{[]float64{1, 2, 3, 100}, 100, 2, 1},
		{[]float64{1, 2, 3, 100}, 1, 3, 1},
		{[]float64{2, 2, 2, 8, 9}, 2, 5, 3},
		{[]float64{0, 1, 3}, math.Copysign(0, -1), 2, 1},
	} {
		var o order
		for _, x := range c.in {
			o.insert(x)
		}
		median, mad := o.without(c.x)
		if !same(median, c.median) || !same(mad, c.mad) {
			t.Errorf("%v without %v: median %v, mad %v, want %v, %v", c.in, c.x, median, mad, c.median, c.mad)
		}
		if o.len() != len(c.in) {
			t.Errorf("%v without %v: %d values left", c.in, c.x, o.len())
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

// between lies between its neighbours, never falls, and is within an ulp and a
// half of their distance, or of the result, of the exact value.
func TestBetween(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	pairs := [][2]float64{
		{-math.MaxFloat64, math.MaxFloat64}, {1e308, math.MaxFloat64}, {-1e308, 1e308}, {0, 5e-324},
		{-1, 1 + 3*0x1p-52}, {-1, math.Nextafter(1, 2)}, {1, math.Nextafter(1, 2)}, {7, 7}, {-5e-324, 1e308}, {0.1, 0.7},
	}
	for range 2000 {
		a, b := math.Ldexp(r.NormFloat64(), r.IntN(60)-30), math.Ldexp(r.NormFloat64(), r.IntN(60)-30)
		pairs = append(pairs, [2]float64{min(a, b), max(a, b)})
	}
	for _, p := range pairs {
		a, b := p[0], p[1]
		ts := []float64{0, 5e-324, 0.25, math.Nextafter(0.5, 0), 0.5, math.Nextafter(0.5, 1), 0.75, math.Nextafter(1, 0)}
		for range 20 {
			ts = append(ts, r.Float64())
		}
		slices.Sort(ts)
		prev := a
		for _, x := range ts {
			got := between(a, b, x)
			if got < prev || got > b || x == 0 && got != a || x == 0.5 && got != middle(a, b) {
				t.Fatalf("between(%v, %v, %v) = %v, before it %v", a, b, x, got, prev)
			}
			prev = got
			want := exactBetween(a, b, x)
			err := math.Abs(got - want)
			if bound := 1.5 * (ulp(max(math.Abs(a), math.Abs(b)))); err > bound {
				t.Fatalf("between(%v, %v, %v) = %v, exactly %v", a, b, x, got, want)
			}
		}
	}
}

func exactBetween(a, b, t float64) float64 {
	f := func(x float64) *big.Float { return new(big.Float).SetPrec(4000).SetFloat64(x) }
	d := f(b)
	d.Sub(d, f(a)).Mul(d, f(t)).Add(d, f(a))
	x, _ := d.Float64()
	return x
}

func ulp(x float64) float64 { return math.Nextafter(x, math.Inf(1)) - x }

// Each byte pair of a history is one change: what to do, and the value. Runs
// carry the set across the switch between array and chunks and back.
func FuzzOrder(f *testing.F) {
	f.Add([]byte{0, 1, 0, 2, 1, 0, 2, 9})
	f.Add([]byte{3, 1, 3, 200, 4, 7, 4, 3, 0, 1, 5, 8, 5, 9})
	f.Add([]byte{3, 255, 3, 255, 5, 255, 5, 255, 3, 0})
	f.Add([]byte{6, 255, 6, 254, 7, 255, 7, 255, 5, 3, 4, 9})
	f.Fuzz(func(t *testing.T, history []byte) {
		var o order
		var s slowOrder
		for i := 0; i+1 < len(history) && i < 40; i += 2 {
			change(&o, &s, history[i], history[i+1])
			valid(t, &o)
			compare(t, &o, s)
		}
	})
}

// change makes one or many changes to an order and its twin.
func change(o *order, s *slowOrder, op, arg byte) {
	r := rand.New(rand.NewPCG(uint64(op), uint64(arg)))
	value := func() float64 { return fuzzValues[(int(arg)+r.IntN(int(arg)+1))%len(fuzzValues)] }
	times := 1 + int(op/8)%2*int(arg)
	if op%8 >= 3 {
		times = 16 * int(arg)
		value = func() float64 { return math.Ldexp(r.NormFloat64(), int(op/8)) }
	}
	for range times {
		x := value()
		switch n := len(*s); {
		case n < 6000 && (n == 0 || op%8 == 0 || op%8 == 3 || op%8 == 6):
			o.insert(x)
			s.insert(x)
		case op%8 == 1 || op%8 == 5 || op%8 == 7:
			i := r.IntN(n)
			if op%8 == 7 { // from the front: one end of the values after sorted growth
				i = 0
			}
			o.remove((*s)[i])
			*s = slices.Delete(*s, i, i+1)
		default:
			i := r.IntN(n)
			o.replace((*s)[i], x)
			(*s)[i] = x
		}
	}
}

var fuzzValues = []float64{
	0, math.Copysign(0, -1), 1, -1, 0.1, 0.7, 2, 3, 1e16, -1e16, 1e308, -1e308, math.MaxFloat64, -math.MaxFloat64,
	5e-324, -5e-324, 1e-310, 0x1p-1022, 1 + 0x1p-52, 1 - 0x1p-53, 1e9, 1e9 + 1e-7, math.Pi, -math.E,
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
