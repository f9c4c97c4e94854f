package rule

import (
	"fmt"
	"math"
	"testing"
	"unsafe"
)

var shapes = []struct{ name, rule string }{
	{"threshold", "mean(a) > 80"},
	{"run", "mean(a) > 80 for 3"},
	{"until", "crit hot: mean(a) > 80 for 30s until mean(a) < 75 for 10s"},
	{"share", "abs(z(a)) > 4 for 3/5"},
	{"drift", "mean(a, 1m) > 1.2 * mean(a, 1h)"},
	{"key", `host == "web1" and mean(a) > 80`},
	{"two", "std(a) == 0 and count(a) >= 50"},
}

// values are what n evaluations of a set see; most of them make no rule fire.
func values(s *Set, i int) []float64 {
	vals := make([]float64, len(s.Metrics))
	for j := range vals {
		vals[j] = 50 + 29*math.Sin(float64(i*7+j))
	}
	return vals
}

func TestStepAllocs(t *testing.T) {
	for _, c := range append(shapes, struct{ name, rule string }{"long share", "mean(a) > 60 for 20/100 until mean(a) < 40 for 3/70"}) {
		s := mustCompile(t, testScope("a", "host"), c.rule)
		st, dst, i := s.NewState(), make([]Change, 0, 8), 0
		var envs []Env
		for i := range 64 {
			envs = append(envs, Env{Vals: values(s, i), Keys: []string{"web1"}, Repeat: second})
		}
		if c.name == "long share" { // its ring is made when first needed
			s.Step(st, Env{Vals: []float64{70}}, nil)
		}
		if n := testing.AllocsPerRun(1000, func() {
			i++
			e := envs[i%64]
			e.Now = int64(i) * second
			dst = s.Step(st, e, dst[:0])
		}); n != 0 {
			t.Errorf("%s: %v allocations an evaluation, want none", c.name, n)
		}
	}
}

func TestStateIsSmall(t *testing.T) {
	s := mustCompile(t, testScope("a", ""), "a > 1", "a > 2 for 3/5", "a > 3 for 5s")
	if n := testing.AllocsPerRun(100, func() { s.NewState() }); n != 1 {
		t.Errorf("a state is %v allocations, want 1", n)
	}
	if n := unsafe.Sizeof(cell{}); n > 48 {
		t.Errorf("a cell is %d bytes, NewState says 48 at most", n)
	}
}

func BenchmarkStep(b *testing.B) {
	for _, c := range shapes {
		b.Run("rule="+c.name, func(b *testing.B) { benchmarkStep(b, c.rule) })
	}
	for _, n := range []int{0, 10, 100} {
		b.Run(fmt.Sprintf("rules=%d", n), func(b *testing.B) {
			var rules []string
			for i := range n {
				rules = append(rules, fmt.Sprintf("mean(a) > %d", 100+i))
			}
			benchmarkStep(b, rules...)
		})
	}
}

func benchmarkStep(b *testing.B, rules ...string) {
	s := mustCompile(b, testScope("a", "host"), rules...)
	st, dst := s.NewState(), []Change(nil)
	var vals [1024][]float64
	for i := range vals {
		vals[i] = values(s, i)
	}
	e := Env{Keys: []string{"web1"}}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		e.Vals, e.Now = vals[i%1024], int64(i)*second
		dst = s.Step(st, e, dst[:0])
	}
}
