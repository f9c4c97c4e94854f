package detect

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"
)

// TestPushAllocs: nothing is allocated for a sample, once memos are full.
func TestPushAllocs(t *testing.T) {
	for _, clock := range []bool{false, true} {
		d := lived(clock, 20000)
		i, sum := 20000, 0.0
		allocs := testing.AllocsPerRun(2000, func() {
			at, x := int64(i)*300e9, float64(i*i%1009)
			d.Push(at, x)
			for j := range Table {
				sum += d.Value(j)
			}
			i++
		})
		if allocs != 0 {
			t.Errorf("clock=%v: %v allocations a sample", clock, allocs)
		}
	}
}

// TestSize holds what a detector takes in memory and as a state, at first and
// when each view has seen more than 512 values that all differ.
func TestSize(t *testing.T) {
	for _, c := range []struct {
		stats       []Stat
		clock       bool
		first, full int // bytes
	}{
		{Table, true, 13 << 10, 44 << 10},
		{Table[:2], true, 13 << 10, 44 << 10},
		{Table[:2], false, 10 << 10, 36 << 10},
		{Table[2:], true, 768, 768},
		{Table[2:], false, 256, 256},
	} {
		plan := NewPlan(c.stats, c.clock, nil)
		if c.full > plan.Bytes() {
			t.Errorf("%v clock=%v: %d bytes allowed, and %d promised", names(c.stats), c.clock, c.full, plan.Bytes())
		}
		var all []*Detector
		size := func(n int) int {
			r := rand.New(rand.NewPCG(7, 8))
			const many = 40
			least := math.MaxInt
			for range 3 { // the runtime's own goroutines allocate too, now and then
				before := allocated()
				for range many {
					d := plan.New()
					for i := range n {
						d.Push(int64(i)*300e9, r.NormFloat64())
					}
					all = append(all, d)
				}
				least = min(least, int(allocated()-before)/many)
			}
			return least
		}
		first, full := size(0), size(5000)
		if first > c.first || full > c.full {
			t.Errorf("%v clock=%v: %d bytes, full %d, want at most %d and %d", names(c.stats), c.clock, first, full, c.first, c.full)
		}
		if n := len(all[len(all)-1].Append(nil)); n > c.full {
			t.Errorf("%v clock=%v: a state of %d bytes, want at most %d", names(c.stats), c.clock, n, c.full)
		}
		for _, d := range all {
			if a := d.anomaly; a != nil {
				for _, m := range a.memos {
					if cap(m.centres) > maxCentres || cap(m.stamps) > maxCentres {
						t.Fatalf("room for %d centres and %d stamps", cap(m.centres), cap(m.stamps))
					}
				}
			}
		}
	}
}

// allocated is how many bytes are in use.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestLog2(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for range 100000 {
		x := math.Ldexp(1+r.Float64(), r.IntN(2000)-1000)
		if got, want := log2(x), math.Log2(x); math.Abs(got-want) > 1e-12*max(1, math.Abs(want)) {
			t.Fatalf("log2(%v) = %v, want %v", x, got, want)
		}
	}
	for _, c := range [][2]float64{{1, 0}, {2, 1}, {0x1p-1022, -1022}, {math.Sqrt2, 0.5}} {
		if got := log2(c[0]); math.Abs(got-c[1]) > 1e-12 {
			t.Errorf("log2(%v) = %v, want %v", c[0], got, c[1])
		}
	}
}

func TestExp2(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	for range 100000 {
		x := 2000*r.Float64() - 1000
		if got, want := exp2(x), math.Exp2(x); math.Abs(got-want) > 1e-12*want {
			t.Fatalf("exp2(%v) = %v, want %v", x, got, want)
		}
	}
	for _, c := range [][2]float64{{0, 1}, {1, 2}, {-1e9, 0x1p-1000}, {1e9, 0x1p1000}} {
		if got := exp2(c[0]); got != c[1] {
			t.Errorf("exp2(%v) = %v, want %v", c[0], got, c[1])
		}
	}
}

// TestSlide: many samples at once are the same as one by one.
func TestSlide(t *testing.T) {
	for _, clock := range []bool{false, true} {
		a, b := NewPlan(Table, clock, nil).New(), NewPlan(Table, clock, nil).New()
		xs, ts := noise(700), []int64(nil)
		for i := range xs {
			if clock {
				ts = append(ts, int64(i)*300e9)
			}
		}
		dst := [][]float64{make([]float64, 450), nil, make([]float64, 450), nil, nil}
		if clock {
			a.Slide(ts[:250], xs[:250], nil)
			a.Slide(ts[250:], xs[250:], dst)
		} else {
			a.Slide(nil, xs[:250], nil)
			a.Slide(nil, xs[250:], dst)
		}
		for i, x := range xs {
			b.Push(int64(i)*300e9, x)
			for j, column := range dst {
				if column != nil && i >= 250 && math.Float64bits(column[i-250]) != math.Float64bits(b.Value(j)) {
					t.Fatalf("clock=%v, sample %d: %s = %v, want %v", clock, i+1, Table[j].Name, column[i-250], b.Value(j))
				}
			}
		}
	}
}

// TestPauseChangesNothing: what is usual does not change because time passes.
func TestPauseChangesNothing(t *testing.T) {
	a, b := lived(true, 3000), lived(true, 3000)
	b.Advance(1e18)
	b.Reset()
	if b.Stale(1e18) != 0 || b.Len() != 3000 || b.Held() != Samples {
		t.Errorf("stale %d, len %d, held %d", b.Stale(1e18), b.Len(), b.Held())
	}
	live(a, 3000, 3100)
	live(b, 3000, 3100)
	for j, s := range Table {
		if a.Value(j) != b.Value(j) {
			t.Errorf("%s = %v after a pause, without it %v", s.Name, b.Value(j), a.Value(j))
		}
	}
}

// TestFirstValues: from which sample on there is a value.
func TestFirstValues(t *testing.T) {
	d := NewPlan(Table, false, nil).New()
	want := map[string]int{"anomaly": 201, "surprise": 201, "forecast": 2, "lower": 11, "upper": 11}
	for i := range 250 {
		d.Push(0, float64(i%7))
		for j, s := range Table {
			if got := !math.IsNaN(d.Value(j)); got != (i+1 >= want[s.Name]) {
				t.Fatalf("%s at sample %d: there is a value: %v", s.Name, i+1, got)
			}
		}
	}
}

// TestPartsAlone: a stat is the same whatever else is asked for.
func TestPartsAlone(t *testing.T) {
	whole := lived(true, 2500)
	for j, s := range Table {
		d := NewPlan([]Stat{s}, true, nil).New()
		live(d, 0, 2500)
		if d.Value(0) != whole.Value(j) {
			t.Errorf("%s alone = %v, with others %v", s.Name, d.Value(0), whole.Value(j))
		}
		if (d.anomaly != nil) == (d.forecast != nil) {
			t.Errorf("%s keeps what it does not need", s.Name)
		}
	}
}

// TestFaults puts faults into noise and looks for the alert.
func TestFaults(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault func(i int, x float64) float64 // from sample 3000 on
		want  float64                        // the score that is reached within 200 samples
	}{
		{"none", func(_ int, x float64) float64 { return x }, 0},
		{"spike", func(i int, x float64) float64 {
			if i == 0 {
				return 15
			}
			return x
		}, 0.9},
		{"shift", func(_ int, x float64) float64 { return x + 4 }, 0.9},
		{"drift", func(i int, x float64) float64 { return x + float64(i)/20 }, 0.9},
		{"noise x 4", func(_ int, x float64) float64 { return 4 * x }, 0.9},
		{"stuck", func(int, float64) float64 { return 0.5 }, 0.5},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := NewPlan(Table[:1], false, nil).New()
			best := 0.0
			for i, x := range noise(3200) {
				if i >= 3000 {
					x = c.fault(i-3000, x)
				}
				d.Push(0, x)
				if i >= 3000 {
					best = max(best, d.Value(0))
				}
			}
			if best < c.want || c.want == 0 && best > 0.5 {
				t.Errorf("highest score %v, want %v", best, c.want)
			}
		})
	}
}

// ExampleDetector learns from a wave and tells of the one value that is new.
func ExampleDetector() {
	anomaly, _ := Lookup("anomaly")
	upper, _ := Lookup("upper")
	d := NewPlan([]Stat{anomaly, upper}, false, nil).New()
	for i := range 1000 {
		d.Push(0, float64(i*i%37))
	}
	fmt.Printf("usual: %.2f\n", d.Value(0))
	d.Push(0, 90)
	fmt.Printf("new: %.2f, more than %.0f\n", d.Value(0), d.Value(1))
	// Output:
	// usual: 0.01
	// new: 0.99, more than 29
}
