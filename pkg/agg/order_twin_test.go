package agg

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// slowOrder is the twin of order: it keeps the values as they come and sorts a
// copy to answer.
type slowOrder []float64

func (s *slowOrder) insert(x float64) { *s = append(*s, x) }

func (s slowOrder) sorted() sortedValues { return slices.Sorted(slices.Values(s)) }

// sortedValues answers by the plain formulas.
type sortedValues []float64

func (a sortedValues) without(x float64) sortedValues {
	i := slices.Index(a, x)
	return slices.Concat(a[:i], a[i+1:])
}

func (a sortedValues) quantile(q float64) float64 {
	if len(a) == 0 {
		return math.NaN()
	}
	h := float64(q * float64(len(a)-1))
	i := int(math.Floor(h))
	return between(a[i], a[min(i+1, len(a)-1)], h-math.Floor(h))
}

func (a sortedValues) median() float64 {
	if len(a) == 0 {
		return math.NaN()
	}
	return middle(a[(len(a)-1)/2], a[len(a)/2])
}

func (a sortedValues) mad() float64 {
	m := a.median()
	var dev slowOrder
	for _, x := range a {
		dev.insert(math.Abs(x - m))
	}
	return dev.sorted().median()
}

// equalStat says whether got is want to the last bit, 0 and -0 being one.
func equalStat(got, want float64) bool {
	return got == want || math.IsNaN(got) && math.IsNaN(want)
}

// compareOrder holds every answer of o to the twin's.
func compareOrder(t *testing.T, o *order, s slowOrder) {
	t.Helper()
	if o.len() != len(s) {
		t.Fatalf("len = %d, want %d", o.len(), len(s))
	}
	check := func(what string, got, want float64) {
		t.Helper()
		if !equalStat(got, want) {
			t.Fatalf("%s of %d values = %v, want %v", what, len(s), got, want)
		}
	}
	a := s.sorted()
	for _, q := range []float64{0, 0.001, 0.25, 1. / 3, 0.5, 0.75, 0.99, 0.999, 1} {
		check(fmt.Sprint("quantile ", q), o.quantile(q), a.quantile(q))
	}
	check("median", o.median(), a.median())
	check("mad", o.mad(), a.mad())
	check("iqr", o.iqr(), finite(a.quantile(0.75)-a.quantile(0.25)))
	if len(s) == 0 {
		return
	}
	for _, x := range []float64{s[0], s[len(s)/2], s[len(s)-1]} {
		rest := a.without(x)
		median, mad := o.without(x)
		check(fmt.Sprint("median without ", x), median, rest.median())
		check(fmt.Sprint("mad without ", x), mad, rest.mad())
	}
}

// checkChunks fails where the inner books of a large order do not agree.
func checkChunks(t *testing.T, o *order) {
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
		for i := 0; i+1 < len(history) && i < 24; i += 2 {
			changeOrder(&o, &s, history[i], history[i+1])
			checkChunks(t, &o)
			if len(s) < 100 || i+3 >= len(history) {
				compareOrder(t, &o, s)
			}
		}
	})
}

// changeOrder makes one or many changes to an order and its twin.
func changeOrder(o *order, s *slowOrder, op, arg byte) {
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
			(*s)[i] = (*s)[0]
			*s = (*s)[1:]
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
