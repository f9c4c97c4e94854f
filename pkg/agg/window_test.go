package agg

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func everyAgg() []Agg {
	var aggs []Agg
	for _, a := range Table {
		if a.Name != "pNN" && !a.OfKey {
			aggs = append(aggs, a)
		}
	}
	for _, name := range []string{"p0", "p90", "p100"} {
		a, _ := Lookup(name)
		aggs = append(aggs, a)
	}
	return aggs
}

func pick(names ...string) []Agg {
	var aggs []Agg
	for _, name := range names {
		a, ok := Lookup(name)
		if !ok {
			panic("no aggregate " + name)
		}
		aggs = append(aggs, a)
	}
	return aggs
}

func TestWindow(t *testing.T) {
	aggs := everyAgg()
	for _, width := range []Width{{Kind: Count, N: 1}, {Kind: Count, N: 2}, {Kind: Count, N: 5}, {Kind: Count, N: 17}, {Kind: Count, N: 100},
		{Kind: Count, N: 300}, {Kind: All}, {Kind: Duration, D: 30e9}, {Kind: Duration, D: 140e9}} {
		for _, sh := range shapes {
			t.Run(fmt.Sprintf("%v/%s", width, sh.name), func(t *testing.T) {
				r := rand.New(rand.NewPCG(1, 2))
				p := NewPlan(width, aggs, Options{DDof: 1, Clock: width.N == 17})
				checkWindow(t, p, 450, func(i int) float64 { return sh.next(r, i) }, func(i int) int64 { return int64(1e9 * float64(i) * (1 + 0.2*r.Float64())) })
			})
		}
	}
}

func checkWindow(t *testing.T, p *Plan, n int, next func(i int) float64, when func(i int) int64) {
	t.Helper()
	w := p.New()
	var xs []float64
	var ts []int64
	bad := 0
	for i := range n {
		at := when(i)
		if i > 0 {
			at = max(at, ts[i-1])
		}
		xs, ts = append(xs, next(i)), append(ts, at)
		w.Push(at, xs[i])
		if i%29 != 0 && i > 12 {
			continue
		}
		if bad += compareToTwin(t, w, reach(p.width, xs, ts), fmt.Sprint("sample ", i)); bad > 5 {
			return
		}
	}
}

// compareToTwin holds every aggregate of w to the twin's and returns how many are
// too far off.
func compareToTwin(t *testing.T, w *Window, s slow, after string) (bad int) {
	t.Helper()
	s.plan = w.plan
	for j, a := range w.plan.aggs {
		got, want := w.Value(j), s.value(a)
		if equalStat(got, want) || a.Name == "cv" && s.meanLost() {
			continue
		}
		if math.IsNaN(want) != math.IsNaN(got) || math.Abs(got-want) > s.tolerance(a, want) {
			bad++
			t.Errorf("%s of %d samples after %s = %v, want %v (off by %.2g)", a.Name, len(s.xs), after, got, want, math.Abs(got-want)/math.Abs(want))
		}
	}
	return bad
}

// Time passes between samples: windows of a duration as they are at boundaries,
// closed on the right and on the left, and as they were some time ago.
func TestAdvance(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		width := []Width{{Kind: Duration, D: 1 + r.Int64N(60e9)}, {Kind: Duration, D: 10e9}, {Kind: Count, N: 1 + r.IntN(60)}, {Kind: All}}[seed%4]
		ago := int64(0)
		if width.Kind == Duration && seed%8 > 3 {
			ago = 1 + r.Int64N(30e9)
		}
		p := NewPlan(width, everyAgg(), Options{Clock: true, Ago: ago})
		w, pace, sh := p.New(), paces[r.IntN(len(paces))](r, 200), shapes[r.IntN(len(shapes))]
		var xs []float64
		for i := range pace {
			xs = append(xs, sh.next(r, i))
			w.Push(pace[i], xs[i])
			if i+1 == len(pace) || pace[i+1] == pace[i] || r.IntN(3) > 0 {
				continue
			}
			now := pace[i] + 1 + r.Int64N(pace[i+1]-pace[i])
			last := now
			if left := r.IntN(2) == 0; left && width.Kind == Duration {
				last--
				if stale, n := w.Stale(last), w.Held(); w.Stale(now) < stale {
					t.Fatalf("stale at %d: %d, before: %d of %d", now, w.Stale(now), stale, n)
				}
				w.AdvanceLeft(now)
			} else {
				stale, n := w.Stale(now), w.Held()
				if w.Advance(now); w.Held() != n-stale && width.Kind == Duration {
					t.Fatalf("%d held, %d stale, then %d held", n, stale, w.Held())
				}
			}
			s := reachAt(width, xs, pace[:i+1], now-ago, last-ago)
			if bad := compareToTwin(t, w, s, fmt.Sprintf("%v, seed %d, sample %d, ago %d, time %d", width, seed, i, ago, now)); bad > 0 {
				return
			}
		}
	}
}

// Windows side by side count every step of a counter, and those of a count too.
func TestIncreaseLosesNoStep(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, width := range []Width{{Kind: Duration, D: 60e9}, {Kind: Count, N: 7}} {
		p := NewPlan(width, pick("increase"), Options{Clock: true})
		w := p.New()
		counted, sum, x := 0.0, 0.0, 0.0
		for i := range 1400 {
			step := float64(r.IntN(100))
			if x += step; r.IntN(20) == 0 && step < x-step {
				x = step // a restart, which shows
			}
			if i > 0 {
				counted += step
			}
			now := int64(i) * 7e9
			w.Push(now, x)
			if boundary := (now + 7e9 - 1) / 60e9 * 60e9; width.Kind == Duration && boundary >= now {
				w.Advance(boundary)
			} else if width.Kind == Duration || i%7 != 6 {
				continue
			}
			if sum += w.Value(0); sum != counted {
				t.Fatalf("%v: windows up to sample %d add up to %v, the counter counted %v", width, i, sum, counted)
			}
		}
	}
}

// Until the time that Until tells, no aggregate changes with time alone, but for
// those of a plan that is fluid.
func TestUntil(t *testing.T) {
	var aggs []Agg
	fluid := ""
	for _, a := range append(slices.Clone(Table), Agg{Name: "p99"}) {
		if a, ok := Lookup(a.Name); !ok || a.OfKey {
		} else if NewPlan(Width{Kind: Duration, D: 1}, []Agg{a}, Options{Clock: true}).Fluid() {
			fluid += a.Name
		} else {
			aggs = append(aggs, a)
		}
	}
	if fluid != "twa" {
		t.Errorf("fluid are %s", fluid)
	}
	const d = 250
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, ago := range []int64{0, 700} {
		w, now := NewPlan(Width{Kind: Duration, D: d}, aggs, Options{Clock: true, Ago: ago}).New(), int64(0)
		for range 2000 {
			now += rnd.Int64N(60)
			w.Push(now, rnd.NormFloat64())
			if rnd.IntN(3) > 0 {
				continue
			}
			var before []float64
			for j := range aggs {
				before = append(before, w.Value(j))
			}
			now = max(now, min(w.Until(), now+5*d)-1)
			w.Advance(now)
			for j, a := range aggs {
				if x := w.Value(j); x != before[j] && (x == x || before[j] == before[j]) {
					t.Fatalf("%s at %d: %v, it was %v", a.Name, now, x, before[j])
				}
			}
		}
	}
}
