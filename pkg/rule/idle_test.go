package rule

import (
	"math/rand/v2"
	"testing"
)

// TestIdleIsStep holds Idle to its twin: a row that it passes over is one at
// which Step changes nothing, with any state that came before.
func TestIdleIsStep(t *testing.T) {
	sets := [][]string{
		{"mean > 80"}, {"mean != 3"}, {"mean > 5 for 3", "max < 2 until max > 4"},
		{"mean >= 5 for 2/3", "mean == 4"}, {"info a: mean > 3", "crit a: mean > 6"}, {"mean > max"},
	}
	scope := Scope{
		IsAgg: func(name string) bool { return name == "mean" || name == "max" },
		Aggs:  func() []string { return []string{"mean", "max"} }, Fields: []string{""}, Known: true,
		OfNoWindow: func(string) bool { return false },
	}
	r := rand.New(rand.NewPCG(7, 7))
	for _, texts := range sets {
		var src []Source
		for _, text := range texts {
			src = append(src, Source{Text: text, Name: "rule"})
		}
		set, errs := Compile(src, scope)
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		cols := make([][]float64, len(set.Metrics))
		for m := range cols {
			for range 2000 {
				cols[m] = append(cols[m], float64(r.IntN(9)))
			}
		}
		checkIdle(t, set, cols, texts)
	}
}

func checkIdle(t *testing.T, set *Set, cols [][]float64, texts []string) {
	t.Helper()
	st := set.NewState()
	idle := 0
	vals := make([]float64, len(cols))
	for k := range cols[0] {
		passes := set.Idle(st, cols, k, k+1) > k
		for m := range cols {
			vals[m] = cols[m][k]
		}
		before := append([]cell(nil), st.cells...)
		changes := set.Step(st, Env{Vals: vals}, nil)
		if !passes {
			continue
		}
		idle++
		for i := range before {
			if before[i] != st.cells[i] || len(changes) > 0 {
				t.Fatalf("%q: row %d is said to be idle, but it changes something", texts, k)
			}
		}
	}
	if idle == 0 && texts[0] != "mean > max" && len(texts) == 1 {
		t.Errorf("%q: no row is idle", texts)
	}
}
