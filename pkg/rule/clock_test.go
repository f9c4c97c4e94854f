package rule

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// A fakeKey is a key whose metrics go on with time: age; a, a field; w, which
// is another number in every stretch of time between two of its steps.
type fakeKey struct {
	last  int64
	a     float64
	steps []int64
	w     []float64
}

func (k *fakeKey) step(t int64) (i int) {
	for i < len(k.steps) && k.steps[i] <= t {
		i++
	}
	return i
}

func (k *fakeKey) vals(s *Set, t int64) (vals []float64) {
	for _, m := range s.Metrics {
		x := map[string]float64{"a": k.a, "w": k.w[k.step(t)]}[m.Field]
		if m.Agg == "age" {
			x = float64(max(0, t-k.last)) / 1e9
		}
		vals = append(vals, x)
	}
	return vals
}

func (k *fakeKey) course(s *Set, t int64) func(int) Course {
	return func(metric int) Course {
		switch m := s.Metrics[metric]; {
		case m.Agg == "age":
			return Course{Until: never, From: k.last, Unit: 1e9}
		case m.Field == "a" || k.step(t) == len(k.steps):
			return Course{Until: never}
		}
		return Course{Until: k.steps[k.step(t)]}
	}
}

// inventClockRule makes a rule up of choices, each of which a byte of the data
// decides.
func inventClockRule(d *bytes.Reader) string {
	pick := func(s ...string) string {
		b, _ := d.ReadByte()
		return s[int(b)%len(s)]
	}
	hold := func() string {
		return pick("", "", " for 3s", " for 7500ms", " for 2", " for 4", " for 2/3", " for 2/5", " for 1/4", " for 3/70")
	}
	clause := func() string {
		return pick("age > 5", "age >= 7", "age < 3", "12 < age", "age == 6", "age != 6", "age / 2 > 4", "age > a", "w > 0 and age > 2",
			"a > 0 or age > 9", "not age > 4", "log(a) > age", "w < 1 and age >= 0", "age > 10 and age < 14", "w > 0", "a > 0")
	}
	text := pick("", "warn l: ", "crit l: ", "info l: ") + clause() + hold()
	if pick("", "until") != "" {
		text += " until " + clause() + hold()
	}
	return text
}

// FuzzNext holds rules that are evaluated only when Next says so against their
// twin, which is evaluated whenever the clock is in a new second.
func FuzzNext(f *testing.F) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 40 {
		data := make([]byte, 200)
		for i := range data {
			data[i] = byte(rnd.Uint32())
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) { runNext(t, data) })
}

func TestNextAgainstTwin(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	spared, made := 0, 0
	for range 3000 {
		data := make([]byte, 20+rnd.IntN(200))
		for i := range data {
			data[i] = byte(rnd.Uint32())
		}
		n, m := runNext(t, data)
		spared, made = spared+n, made+m
	}
	if spared < made/4 {
		t.Errorf("Next spares %d evaluations of %d", spared, spared+made)
	}
}

func runNext(t *testing.T, data []byte) (spared, made int) {
	d := bytes.NewReader(data)
	next := func(n int) int {
		b, _ := d.ReadByte()
		return int(b) % n
	}
	var rules []string
	seen := map[string]bool{}
	for range 1 + next(3) {
		r := inventClockRule(d)
		if head, _, named := strings.Cut(r, ":"); named && seen[head] {
			continue
		} else {
			seen[head] = named
		}
		rules = append(rules, r)
	}
	s := mustCompile(t, testScope("a w", ""), rules...)
	k := fakeKey{w: []float64{0}}
	now, due, repeat := int64(0), int64(0), int64(next(3))*3*second
	for range next(5) {
		now += int64(1+next(40)) * second / 4
		k.steps = append(k.steps, now)
		k.w = append(k.w, []float64{0, 1, math.NaN()}[next(3)])
	}
	now = 0
	twin, st := s.NewState(), s.NewState()
	log := ""
	for d.Len() > 0 {
		before := now
		now += int64(next(250)+1) * second / 100 * int64(1+next(12)/11*8)
		sample := next(8) == 0
		if sample {
			k.last, k.a = now, []float64{0, 1, 20, math.NaN()}[next(4)]
		} else if now/second == before/second {
			continue
		}
		e := Env{Vals: k.vals(s, now), Now: now, Repeat: repeat}
		var want, got []Change
		switch {
		case sample:
			want, got = s.Step(twin, e, nil), s.Step(st, e, nil)
			due = s.Next(st, e, k.course(s, now))
		case now < due:
			want = s.StepClock(twin, e, nil)
			spared++
		default:
			want, got = s.StepClock(twin, e, nil), s.StepClock(st, e, nil)
			due = s.Next(st, e, k.course(s, now))
			made++
		}
		log += fmt.Sprintf("%v sample %v a %v due %v\n", now, sample, k.a, due)
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("rules %q at %d: got %+v, want %+v\n%s", rules, now, got, want, log)
		}
	}
	return spared, made
}

// TestDelay lists for how long after a sample nothing comes of rules by the clock.
func TestDelay(t *testing.T) {
	for src, want := range map[string]int64{
		"age > 30s":                             30e9 - 1000,
		"age >= 2.5 for 10s":                    25e8 - 1000,
		"age == 4 for 3":                        4e9 - 1000,
		"age > 0":                               0,
		"age < 5":                               0,
		"age != 5":                              0,
		"age > 30s until age < 2":               0,
		"age > 30s for 2/3":                     0,
		"age > 30s or a > 1":                    0,
		"hour > 12":                             0,
		"warn x: age > 30s; crit x: age > 1m":   30e9 - 1000,
		"warn x: age > 30s; crit x: a > 1":      0,
		"age > 30s; a > 1 for 2/3 until a < 0":  30e9 - 1000,
		"age > 30s; age > 5s; count(a, 9s) < 2": 0,
	} {
		var rules []Source
		for _, text := range strings.Split(src, "; ") {
			rules = append(rules, Source{Text: text, Name: "rule"})
		}
		set, errs := Compile(rules, Scope{
			IsAgg: func(name string) bool { return name == "age" || name == "count" }, Aggs: func() []string { return []string{"age", "count"} }, Fields: []string{"a"}, Known: true,
			OfNoWindow: func(string) bool { return false },
		})
		if len(errs) > 0 {
			t.Errorf("%s: %v", src, errs)
		} else if got := set.Delay(); got != want && !(want > 0 && got < want && got > want-2) {
			t.Errorf("%s: %d, want %d", src, got, want)
		}
	}
}
