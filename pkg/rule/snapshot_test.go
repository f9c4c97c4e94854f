package rule

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"rtda/pkg/num"
)

// restore brings the saved state of a key into a new Set of the rules.
func restore(t testing.TB, saved []byte, rules ...string) (*Set, *State, []Change) {
	t.Helper()
	s := mustCompile(t, testScope(fields(60), ""), rules...)
	d := num.NewDecoder(saved)
	st, ends := s.Restore(d).State(d, 100*second, nil)
	if err := d.Finish(); err != nil {
		t.Fatalf("Restore: %v", err)
	}
	return s, st, ends
}

// A state that was saved and restored goes on as if it never had been, also
// where the rules stand in another order.
func TestSnapshotGoesOn(t *testing.T) {
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 9))
		var rules []string
		for i := range 1 + rnd.IntN(8) {
			r := &modelRule{severity: Severity(1 + i%3)}
			rules = append(rules, r.invent(rnd, i, i/3))
		}
		s := mustCompile(t, testScope(fields(60), ""), rules...)
		st, now := s.NewState(), int64(0)
		step := func() ([]Change, Env) {
			now += int64(rnd.IntN(3)) * second
			vals, _ := invent(rnd, s, len(rules), now, 2)
			e := Env{Vals: vals, Now: now, Repeat: 2 * second}
			return s.Step(st, e, nil), e
		}
		for range rnd.IntN(150) {
			step()
		}
		order := rnd.Perm(len(rules))
		var moved []string
		for _, i := range order {
			moved = append(moved, rules[i])
		}
		s2, st2, ends := restore(t, st.Append(s, s.Append(nil)), moved...)
		if len(ends) > 0 {
			t.Fatalf("seed %d: ends %v of rules that are all there", seed, ends)
		}
		for range 50 {
			want, e := step()
			vals := make([]float64, len(s2.Metrics))
			for k, m := range s2.Metrics {
				vals[k] = e.Vals[slices.IndexFunc(s.Metrics, func(o Metric) bool { return o.Field == m.Field && o.Agg == m.Agg })]
			}
			e.Vals = vals
			got := s2.Step(st2, e, nil)
			for k := range got {
				got[k].Rule = order[got[k].Rule]
			}
			byRule := func(a, b Change) int { return a.Rule - b.Rule }
			slices.SortFunc(got, byRule)
			slices.SortFunc(want, byRule)
			if len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
				t.Fatalf("seed %d at %d: got %+v, want %+v\nrules %q", seed, now, got, want, rules)
			}
		}
	}
}

func TestSnapshotOfChangedRules(t *testing.T) {
	old := []string{"hot: f0 > 0 for 3", "warn l: f0 > 0", "crit l: f1 > 0", "f0 > 0", "f0 > 0", "gone: f0 > 0", "warn m: f0 > 0"}
	s := mustCompile(t, testScope(fields(60), ""), old...)
	st := s.NewState()
	for i := range int64(2) {
		s.Step(st, Env{Vals: []float64{1, 1}, Now: i * second}, nil)
	}
	saved := st.Append(s, s.Append(nil))
	// hot goes on with two of three; a rung of l is another; one of the two
	// without a name is left out; m is the same, differently written
	s2, st2, ends := restore(t, saved, "warn m :  (f0>0)", "f0 > 0", "hot: f0 > 0 for 3", "warn l: f0 > 0", "crit l: f1 > 2")
	got := ""
	for _, c := range ends {
		got += fmt.Sprintf("%s %v %v %s after %d; ", s2.Rule(c.Rule).Name, c.Level, c.Resolved, c.By, c.After/second)
	}
	if want := "l crit true rules after 100; f0 > 0 warn true rules after 100; gone warn true rules after 100; "; got != want {
		t.Errorf("ends %s, want %s", got, want)
	}
	got = ""
	for _, c := range s2.Step(st2, Env{Vals: []float64{1, 1}, Now: 3 * second}, nil) {
		got += fmt.Sprintf("%s %v; ", s2.Rule(c.Rule).Name, c.Level)
	}
	if want := "hot warn; l warn; "; got != want {
		t.Errorf("after a sample: %s, want %s", got, want)
	}
}

// Every field of a state is saved: a new one has to be written by cell.append,
// read by readCell, and set here if it is of a new type.
func TestSnapshotHasEveryField(t *testing.T) {
	c := cell{ring: &ring{}}
	n := fill(t, reflect.ValueOf(&c).Elem(), 0)
	n = fill(t, reflect.ValueOf(c.ring).Elem(), n)
	c.ring.trues = 2 // worked out anew from the bits
	d := num.NewDecoder(c.append(nil))
	if got := readCell(d); d.Finish() != nil || !reflect.DeepEqual(got, c) {
		t.Errorf("%d fields: got %+v %+v, want %+v %+v", n, got, got.ring, c, c.ring)
	}
	var r Rule
	fill(t, reflect.ValueOf(&r).Elem(), 0, "Metrics", "Levels", "ByClock", "inClocked", "machine")
	d = num.NewDecoder(r.append(nil))
	if got := readRule(d); d.Finish() != nil || !reflect.DeepEqual(got, r) {
		t.Errorf("got %+v, want %+v", got, r)
	}
}

// fill sets every field of a struct to something that is not its zero value,
// without those of which a saved state needs nothing.
func fill(t *testing.T, v reflect.Value, n int, without ...string) int {
	for i := range v.NumField() {
		f := reflect.NewAt(v.Field(i).Type(), v.Field(i).Addr().UnsafePointer()).Elem()
		if slices.Contains(without, v.Type().Field(i).Name) {
			continue
		}
		n++
		switch f.Kind() {
		case reflect.Struct:
			n = fill(t, f, n)
		case reflect.Int, reflect.Int32, reflect.Int64:
			f.SetInt(int64(10 + n))
		case reflect.Uint8:
			f.SetUint(3)
		case reflect.String:
			f.SetString(fmt.Sprint("text ", n))
		case reflect.Bool:
			f.SetBool(true)
		case reflect.Slice:
			f.Set(reflect.ValueOf([]uint64{5}))
		case reflect.Pointer:
		default:
			t.Fatalf("fill: teach it %s %s", v.Type(), v.Type().Field(i).Name)
		}
	}
	return n
}

// FuzzRestore: no bytes bring a state that rules cannot go on from.
func FuzzRestore(f *testing.F) {
	rules := []string{"crit l: f0 > 0 for 3/5 until f1 > 0 for 2", "warn l: f0 > 0 for 5s", "f0 > 1 for 3/70", "f0 > 2 until f1 > 2 for 3/100", "f1 > 0 for 4"}
	s := mustCompile(f, testScope(fields(60), ""), rules...)
	st := s.NewState()
	for i := range 40 {
		f.Add(st.Append(s, s.Append(nil)), uint16(i))
		s.Step(st, Env{Vals: []float64{float64(i % 4), float64(i % 3)}, Now: int64(i) * second}, nil)
	}
	f.Fuzz(func(t *testing.T, saved []byte, n uint16) {
		s := mustCompile(t, testScope(fields(60), ""), rules...)
		d := num.NewDecoder(saved)
		st, ends := s.Restore(d).State(d, 0, nil)
		if d.Err() != nil {
			return
		}
		for _, c := range ends {
			_ = s.Rule(c.Rule).Name
		}
		again := st.Append(s, s.Append(nil))
		if _, st2, ends := restore(t, again, rules...); len(ends) > 0 || string(st2.Append(s, s.Append(nil))) != string(again) {
			t.Fatalf("a restored state is saved as another one")
		}
		for i := range 80 {
			s.Step(st, Env{Vals: []float64{float64(n % 5), float64(i % 4)}, Now: int64(i) * second}, nil)
		}
	})
}
