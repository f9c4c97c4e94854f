package agg

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"rtda/pkg/num"
)

// restored returns a window built again from what w appends, in a plan of its own.
func restored(t *testing.T, w *Window, p *Plan) *Window {
	t.Helper()
	saved := w.Append([]byte("x"))[1:]
	again, d := p.New(), num.NewDecoder(saved)
	again.Restore(d)
	if err := d.Finish(); err != nil {
		t.Fatalf("restored from %d bytes of %d samples: %v", len(saved), w.Len(), err)
	}
	if got := again.Append(nil); string(got) != string(saved) {
		t.Fatalf("appended again: %d bytes, want the same %d", len(got), len(saved))
	}
	return again
}

// A window that was saved and restored, at any moment and any number of times,
// goes on to the last bit, and so do pauses, batches and boundaries.
func TestSnapshot(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		width := []Width{{Kind: Count, N: 1 + r.IntN(20)}, {Kind: Count, N: 20 + r.IntN(400)}, {Kind: Duration, D: 1 + r.Int64N(90e9)}, {Kind: Duration, D: 1000e9}, {Kind: All}}[seed%5]
		o := Options{DDof: r.IntN(2), Clock: r.IntN(2) == 0}
		if width.Kind == Duration && r.IntN(3) == 0 {
			o.Ago = 1 + r.Int64N(50e9)
		}
		aggs := everyAgg()
		if r.IntN(3) == 0 {
			aggs = []Agg{aggs[r.IntN(len(aggs))], aggs[r.IntN(len(aggs))]}
		}
		p, q := NewPlan(width, aggs, o), NewPlan(width, aggs, o)
		w, again := p.New(), q.New()
		sh, ts := shapes[r.IntN(len(shapes))], paces[r.IntN(len(paces))](r, 900)
		dst, dst2 := make([][]float64, len(aggs)), make([][]float64, len(aggs))
		xs := make([]float64, len(ts))
		for i := range xs {
			xs[i] = sh.next(r, i)
		}
		for i := 0; i < len(xs); {
			if r.IntN(4) == 0 {
				again = restored(t, again, q)
			}
			n := min(len(xs)-i, 1+r.IntN(1<<r.IntN(7)))
			for j := range dst {
				dst[j], dst2[j] = make([]float64, n), make([]float64, n)
			}
			w.Slide(ts[i:i+n], xs[i:i+n], dst)
			again.Slide(ts[i:i+n], xs[i:i+n], dst2)
			i += n
			if r.IntN(5) == 0 && i < len(xs) {
				w.Advance(ts[i])
				again.Advance(ts[i])
			}
			for j := range aggs {
				dst[j], dst2[j] = append(dst[j], w.Value(j)), append(dst2[j], again.Value(j))
				if !slices.EqualFunc(dst[j], dst2[j], equalStat) {
					t.Fatalf("seed %d, %v, %s up to sample %d, restored: %v, want %v", seed, width, aggs[j].Name, i, dst2[j], dst[j])
				}
			}
			if r.IntN(60) == 0 {
				w.Reset()
				again.Reset()
			}
		}
	}
}

// A window that takes the samples of one for other aggregates tells what it would
// have told if it had been there from the start, but for what it says begins anew.
func TestTake(t *testing.T) {
	all := everyAgg()
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 2))
		width := []Width{{Kind: Count, N: 1 + r.IntN(20)}, {Kind: Duration, D: 1 + r.Int64N(90e9)}, {Kind: All}}[seed%3]
		o := Options{Clock: r.IntN(3) > 0}
		if width.Kind == Duration && r.IntN(3) == 0 {
			o.Ago = 1 + r.Int64N(50e9)
		}
		before := []Agg{all[r.IntN(len(all))], all[r.IntN(len(all))]}
		after := []Agg{all[r.IntN(len(all))], all[r.IntN(len(all))]}
		old, whole := NewPlan(width, before, o).New(), NewPlan(width, after, o).New()
		ts := paces[r.IntN(len(paces))](r, 300)
		push := func(i int, all ...*Window) {
			x := float64(r.IntN(100))
			for _, w := range all {
				if i > 0 && i%7 == 0 {
					w.Advance(ts[i])
				}
				w.Push(ts[i], x)
			}
		}
		n := r.IntN(150)
		for i := range n {
			push(i, old, whole)
		}
		w := NewPlan(width, after, o).New()
		anew := w.Take(restored(t, old, NewPlan(width, before, o)))
		if width.Kind != All && (old.plan.timed || !w.plan.timed) {
			for _, j := range anew {
				if after[j].needs&needPrevious == 0 || old.plan.needs&needPrevious != 0 {
					t.Errorf("seed %d, %v: %s begins anew after %s, %s", seed, width, after[j].Name, before[0].Name, before[1].Name)
				}
			}
		}
		for i := n; i < len(ts); i++ {
			push(i, w, whole)
			for j := range after {
				got, want := w.Value(j), whole.Value(j)
				if !slices.Contains(anew, j) && !alike(got, want) {
					t.Fatalf("seed %d, %v, %s after %s, %s: %v at sample %d, want %v", seed, width, after[j].Name, before[0].Name, before[1].Name, got, i, want)
				}
			}
		}
	}
}

// alike compares what rings of different sizes come to.
func alike(got, want float64) bool {
	return equalStat(got, want) || math.Abs(got-want) <= 1e-9*(1+math.Abs(want))
}

// What a window and all it is made of consists of is either saved or made again
// from what is: whoever adds a field decides which, in snapshot.go, and here.
func TestSnapshotKnowsEveryField(t *testing.T) {
	for _, c := range []struct {
		of          any
		saved, made string
	}{
		{Window{}, "xs ts size head n seen ord all beyond", "plan parts"},
		{beyond{}, "previous now waiting", ""},
		{sample{}, "x t ok", ""},
		{queue{}, "xs ts", "from"},
		{total{}, "n low held resets first last firstT lastT past below cur prev one curT other", "base baseT limit"},
		{heldMean{}, "mean ns x first last", "ok"},
		{counterResets{}, "small large first last", "n"},
		{trendSegment{}, "segment t0 st tt tx", ""},
		{segment{}, "n hi lo m2 m3 m4 one class", ""},
		{sums{}, "n s1 s2 s3 s4", "c unit"},
		{trendSums{}, "t1 t2 tx", "ct"},
		{order{}, "small large", ""},
		{chunks{}, "data", "n used last tree spare"},
	} {
		of := reflect.TypeOf(c.of)
		known := strings.Fields(c.saved + " " + c.made)
		for i := range of.NumField() {
			if name := of.Field(i).Name; !slices.Contains(known, name) {
				t.Errorf("%s.%s is not known: save it in snapshot.go, or make it again from what is saved", of.Name(), name)
			}
		}
		if len(known) != of.NumField() {
			t.Errorf("%s has %d fields, known are %v", of.Name(), of.NumField(), known)
		}
	}
}

// The bytes of a saved window: 9 a sample where times are steady.
func TestSnapshotIsSmall(t *testing.T) {
	for _, c := range []struct {
		width         Width
		aggs          string
		samples, most int
	}{
		{Width{Kind: Count, N: 100}, "mean", 100, 8*100 + 20},
		{Width{Kind: Duration, D: 100e9}, "mean", 100, 9*100 + 30},
		{Width{Kind: All}, "mean", 1000, 300},
		{Width{Kind: Count, N: 100}, "mean", 0, 8},
	} {
		w := NewPlan(c.width, pick(c.aggs), Options{}).New()
		for i := range c.samples {
			w.Push(int64(i)*1e9, float64(i))
		}
		if n := len(w.Append(nil)); n > c.most {
			t.Errorf("%v of %d samples is saved in %d bytes, want %d at most", c.width, c.samples, n, c.most)
		}
	}
}

// Whatever bytes a window is restored from, it takes little memory, is what it
// appends, and can be pushed into.
func FuzzRestore(f *testing.F) {
	widths := []Width{{Kind: Count, N: 30}, {Kind: Count, N: 1 << 30}, {Kind: Duration, D: 50}, {Kind: All}}
	plan := func(kind uint8) *Plan {
		o := Options{Clock: true}
		if kind&4 != 0 && widths[kind%4].Kind == Duration {
			o.Ago = 10
		}
		return NewPlan(widths[kind%4], everyAgg(), o)
	}
	for kind := range uint8(8) {
		w := plan(kind).New()
		for i := range 100 {
			f.Add(w.Append(nil), kind)
			w.Push(int64(i), float64(i*i%17))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, kind uint8) {
		p := plan(kind)
		w, d := p.New(), num.NewDecoder(data)
		w.Restore(d)
		room := 16 * (cap(w.xs) + cap(w.ts))
		if most := 60*len(data) + 1024; room > most {
			t.Fatalf("room of %d bytes from %d", room, len(data))
		}
		if d.Err() != nil && (w.Len() > 0 || w.Held() > 0) {
			t.Fatalf("%d samples after %v", w.Len(), d.Err())
		}
		if d.Err() == nil {
			restored(t, w, p)
		}
		at := int64(1 << 40)
		if w.Len() > 0 && p.width.Kind != All {
			at = max(at, w.ts[w.place(w.seen-1)])
		}
		for i := range int64(40) {
			w.Push(max(at, at+i), float64(i))
			for j := range p.aggs {
				w.Value(j)
			}
		}
	})
}

func ExampleWindow_Append() {
	p := NewPlan(Width{Kind: Count, N: 3}, pick("mean"), Options{})
	w := p.New()
	for _, x := range []float64{1, 2, 3, 4} {
		w.Push(0, x)
	}
	again := p.New()
	again.Restore(num.NewDecoder(w.Append(nil)))
	again.Push(0, 5)
	fmt.Println(again.Value(0))
	// Output: 4
}
