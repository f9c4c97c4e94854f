package detect

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"unsafe"

	"rtda/pkg/num"
)

// lived returns a detector that has seen n samples of a daily wave with noise,
// spikes and a pause in it.
func lived(clock bool, n int) *Detector {
	d := NewPlan(Table, clock, nil).New()
	live(d, 0, n)
	return d
}

// live pushes the samples from number i to n.
func live(d *Detector, i, n int) {
	for ; i < n; i++ {
		at, x := wave(i)
		d.Push(at, x)
	}
}

// wave is sample i.
func wave(i int) (int64, float64) {
	r := rand.New(rand.NewPCG(uint64(i), 6))
	x := math.Abs(float64(i%288-144)) + 5*r.NormFloat64()
	if r.IntN(300) == 0 {
		x *= 3
	}
	return int64(i) * 300e9, x
}

// TestState saves and restores a detector anywhere in its life; the values that
// follow, and the states, are the same to the last bit.
func TestState(t *testing.T) {
	for _, clock := range []bool{false, true} {
		for _, n := range []int{0, 1, 2, 10, 20, 21, 31, 200, 201, 1999, 2000, 5000} {
			t.Run(fmt.Sprintf("clock=%v/n=%d", clock, n), func(t *testing.T) {
				a := lived(clock, n)
				saved := a.Append(nil)
				b := NewPlan(Table, clock, nil).New()
				dec := num.NewDecoder(saved)
				if b.Restore(dec); b.Anew() || dec.Finish() != nil {
					t.Fatalf("anew = %v, error %v", b.Anew(), dec.Err())
				}
				if !bytes.Equal(b.Append(nil), saved) {
					t.Fatal("what was read is written otherwise")
				}
				for i := n; i <= n+600; i++ {
					for j, s := range Table {
						if x, y := a.Value(j), b.Value(j); math.Float64bits(x) != math.Float64bits(y) {
							t.Fatalf("%s after %d samples is %v, restored %v", s.Name, i, x, y)
						}
					}
					live(a, i, i+1)
					live(b, i, i+1)
				}
				if !bytes.Equal(a.Append(nil), b.Append(nil)) {
					t.Error("states differ after 600 samples more")
				}
			})
		}
	}
}

// TestStateHasEveryField changes each number of a detector in turn: the state
// must change with it. A new field that is not saved fails here.
func TestStateHasEveryField(t *testing.T) {
	derived := []string{"plan", "anew", "forecast.experts", "anomaly.gaps.blocks", "anomaly.gaps.total", "anomaly.gaps.top"}
	d := lived(true, 5000)
	want := d.Append(nil)
	seen := 0
	var walk func(path string, v reflect.Value)
	walk = func(path string, v reflect.Value) {
		if slices.Contains(derived, path) {
			return
		}
		v = reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr())).Elem()
		old := reflect.New(v.Type()).Elem()
		old.Set(v)
		switch v.Kind() {
		case reflect.Pointer:
			walk(path, v.Elem())
			return
		case reflect.Struct:
			for i := range v.NumField() {
				walk(joined(path, v.Type().Field(i).Name), v.Field(i))
			}
			return
		case reflect.Slice, reflect.Array:
			for _, i := range []int{0, v.Len() / 2, v.Len() - 1} {
				walk(path, v.Index(i))
			}
			return
		case reflect.Float64:
			v.SetFloat(v.Float() + 1)
		case reflect.Int, reflect.Int16:
			v.SetInt(v.Int() + 1)
		case reflect.Uint32, reflect.Uint64:
			v.SetUint(v.Uint() + 1)
		default:
			t.Fatalf("%s: teach this test a %s", path, v.Kind())
		}
		if seen++; bytes.Equal(d.Append(nil), want) {
			t.Errorf("%s is not in the state", path)
		}
		v.Set(old)
	}
	walk("", reflect.ValueOf(d).Elem())
	if seen < 60 || !bytes.Equal(d.Append(nil), want) {
		t.Errorf("%d numbers were changed and put back", seen)
	}
}

func joined(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// TestStateOtherPlan reads a state with other stats than those it was saved
// with: what is in both goes on, what is new begins anew.
func TestStateOtherPlan(t *testing.T) {
	for _, c := range []struct {
		saved, read []Stat
		anew        bool
	}{
		{Table, Table[:1], false},
		{Table, Table[2:], false},
		{Table[:1], Table[1:2], false}, // surprise is read from what anomaly is
		{Table[:1], Table, true},
		{Table[2:3], Table[:3], true},
	} {
		a := NewPlan(c.saved, true, nil).New()
		live(a, 0, 500)
		b := NewPlan(c.read, true, nil).New()
		dec := num.NewDecoder(a.Append(nil))
		if b.Restore(dec); b.Anew() != c.anew || dec.Finish() != nil {
			t.Errorf("%s read as %s: anew = %v, want %v; error %v", names(c.saved), names(c.read), b.Anew(), c.anew, dec.Err())
		}
		live(a, 500, 510)
		live(b, 500, 510)
		for i, s := range c.saved {
			for j, other := range c.read {
				if x, y := a.Value(i), b.Value(j); s.Name == other.Name && x != y {
					t.Errorf("%s read as %s: %s is %v, was %v", names(c.saved), names(c.read), s.Name, y, x)
				}
			}
		}
	}
}

func names(stats []Stat) (all []string) {
	for _, s := range stats {
		all = append(all, s.Name)
	}
	return all
}

// TestStateRefused changes one thing of a good state so that no detector can
// have written it.
func TestStateRefused(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(d *Detector)
	}{
		{"hour 24", func(d *Detector) { d.hours.last = 24 }},
		{"usual NaN", func(d *Detector) { d.hours.usual[3] = math.NaN() }},
		{"usual beyond the limit", func(d *Detector) { d.hours.usual[3] = 1e151 }},
		{"seen too often", func(d *Detector) { d.hours.seen[3] = maxSeen + 1 }},
		{"level infinite", func(d *Detector) { d.anomaly.level = math.Inf(1) }},
		{"variance below 0", func(d *Detector) { d.anomaly.variance = -1 }},
		{"peak over 1", func(d *Detector) { d.anomaly.peak = 1.1 }},
		{"calm too long", func(d *Detector) { d.anomaly.calm = maxCalm + 1 }},
		{"too many samples", func(d *Detector) { d.anomaly.n = maxN + 1 }},
		{"centres equal", func(d *Detector) { c := d.anomaly.memos[0].centres; c[5] = c[6] }},
		{"centre NaN", func(d *Detector) { d.anomaly.memos[0].centres[5] = math.NaN() }},
		{"centre infinite", func(d *Detector) { c := d.anomaly.memos[1].centres; c[len(c)-1] = math.Inf(1) }},
		{"513 centres", func(d *Detector) {
			m := &d.anomaly.memos[0]
			m.centres, m.stamps = make([]float64, 513), make([]uint32, 513)
			for i := range m.centres {
				m.centres[i] = float64(i)
			}
		}},
		{"merge below 0", func(d *Detector) { d.anomaly.memos[0].merge = -1 }},
		{"a count too large", func(d *Detector) { d.anomaly.gaps[0].counts[9] = maxWeight + 1 }},
		{"counts too large together", func(d *Detector) { d.anomaly.gaps[0].counts[9] = maxWeight }},
		{"halved too late", func(d *Detector) { d.anomaly.gaps[0].k = halfAt }},
		{"an error below 0", func(d *Detector) { d.forecast.errors[2] = -1 }},
		{"scale NaN", func(d *Detector) { d.forecast.scale = math.NaN() }},
	} {
		d := lived(true, 1000)
		c.damage(d)
		dec := num.NewDecoder(d.Append(nil))
		NewPlan(Table, true, nil).New().Restore(dec)
		if dec.Finish() == nil {
			t.Errorf("%s: read as if it were whole", c.name)
		}
	}
	dec := num.NewDecoder(lived(false, 300).Append(nil))
	if NewPlan(Table, true, nil).New().Restore(dec); dec.Err() == nil {
		t.Error("a state without a clock is read by a detector with one")
	}
}

// restored reads a state and reports whether a part of it is missing.
func restored(d *Detector, dec *num.Decoder) bool {
	d.Restore(dec)
	return d.Anew()
}

// FuzzState reads hostile bytes: what is taken for a state must be finite, be
// written again as it was read, and stay finite.
func FuzzState(f *testing.F) {
	for _, n := range []int{0, 50, 1000} {
		f.Add(lived(false, n).Append(nil), 0, uint64(0))
		f.Add(lived(true, n).Append(nil), 7*n, ^uint64(0))
	}
	f.Fuzz(func(t *testing.T, b []byte, at int, bits uint64) {
		b = slices.Clone(b)
		if at >= 0 && at+8 <= len(b) { // eight bytes in the middle of a good state
			for i := range 8 {
				b[at+i] ^= byte(bits >> (8 * i))
			}
		}
		for _, clock := range []bool{false, true} {
			d := NewPlan(Table, clock, nil).New()
			dec := num.NewDecoder(b)
			if d.Restore(dec); dec.Finish() != nil {
				continue
			}
			again := d.Append(nil)
			twice := NewPlan(Table, clock, nil).New()
			if dec := num.NewDecoder(again); restored(twice, dec) || dec.Finish() != nil || !bytes.Equal(twice.Append(nil), again) {
				t.Fatal("what was read is not written so that it can be read")
			}
			for i := range 100 {
				d.Push(int64(i)*1800e9, math.Ldexp(float64(1-i%3), i*10))
			}
			for j, s := range Table {
				if x := d.Value(j); math.IsInf(x, 0) || math.IsNaN(x) && d.seen(s.part) >= s.from {
					t.Fatalf("%s = %v", s.Name, x)
				}
			}
		}
	})
}
