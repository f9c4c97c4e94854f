package rule

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// judgeSlowly is the verdict of a tree, worked out node by node by the truth
// tables: the slow twin of the compiled closures.
func judgeSlowly(n *node, vals []float64, keys []string) verdict {
	switch n.kind {
	case notNode:
		return map[verdict]verdict{yes: no, no: yes, unknown: unknown}[judgeSlowly(n.x, vals, keys)]
	case logicNode:
		x, y := judgeSlowly(n.x, vals, keys), judgeSlowly(n.y, vals, keys)
		and := map[[2]verdict]verdict{{yes, yes}: yes, {no, no}: no, {yes, no}: no, {no, yes}: no, {no, unknown}: no, {unknown, no}: no}
		or := map[[2]verdict]verdict{{yes, yes}: yes, {no, no}: no, {yes, no}: yes, {no, yes}: yes, {yes, unknown}: yes, {unknown, yes}: yes}
		if n.op == "&&" {
			return and[[2]verdict{x, y}]
		}
		return or[[2]verdict{x, y}]
	}
	if n.y.kind == textNode {
		return verdictOf((keys[n.x.name.index] == n.y.op) == (n.op == "=="))
	}
	x, y := valueSlowly(n.x, vals), valueSlowly(n.y, vals)
	if math.IsNaN(x) || math.IsNaN(y) {
		return unknown
	}
	return verdictOf(map[string]bool{"==": x == y, "!=": x != y, "<": x < y, "<=": x <= y, ">": x > y, ">=": x >= y}[n.op])
}

func valueSlowly(n *node, vals []float64) float64 {
	x := math.NaN()
	switch n.kind {
	case numberNode:
		x = n.val
	case nameNode:
		x = vals[n.name.index]
	case signNode:
		x = map[string]float64{"-": -1, "+": 1}[n.op] * valueSlowly(n.x, vals)
	case callNode:
		f := map[string]func(float64) float64{"abs": math.Abs, "sqrt": math.Sqrt, "log": math.Log, "exp": math.Exp}
		x = f[n.op](valueSlowly(n.x, vals))
	case mathNode:
		a, b := valueSlowly(n.x, vals), valueSlowly(n.y, vals)
		x = map[string]float64{"+": a + b, "-": a - b, "*": a * b, "/": a / b}[n.op]
	}
	if math.IsInf(x, 0) {
		return math.NaN()
	}
	return x
}

func TestThreeValues(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		rule string
		a, b float64
		want verdict
	}{
		{"a > 1", 2, 0, yes}, {"a > 1", 1, 0, no}, {"a > 1", nan, 0, unknown}, {"1 < a", nan, 0, unknown},
		{"a >= 1", 1, 0, yes}, {"a < 1", 1, 0, no}, {"a <= 1", 1, 0, yes}, {"a == 1", 1, 0, yes}, {"a != 1", 1, 0, no},
		{"a != 1", nan, 0, unknown}, {"a == a", nan, 0, unknown}, {"not a > 1", nan, 0, unknown}, {"not a > 1", 1, 0, yes},
		{"a > 1 and b > 1", nan, 0, no}, {"a > 1 and b > 1", 0, nan, no}, {"a > 1 and b > 1", nan, 2, unknown}, {"a > 1 and b > 1", 2, nan, unknown},
		{"a > 1 or b > 1", nan, 2, yes}, {"a > 1 or b > 1", 2, nan, yes}, {"a > 1 or b > 1", nan, 0, unknown}, {"a > 1 or b > 1", 0, nan, unknown},
		{"a > 1 or b > 1", nan, nan, unknown}, {"a / b > 1", 1, 0, unknown}, {"a / b > 1", 0, 0, unknown}, {"1 / (a / b) == 0", 1, 0, unknown},
		{"a * 1e300 > 1", 1e300, 0, unknown}, {"log(a) < 1", 0, 0, unknown}, {"sqrt(a) < 1", -1, 0, unknown}, {"exp(a) > 1", 1000, 0, unknown},
		{"a * 0 == b", nan, 0, unknown}, {"abs(a) == 3", -3, 0, yes}, {"-a * 2 == 6", -3, 0, yes}, {"a > 1m", 61, 0, yes}, {"a == 1.5d", 129600, 0, yes},
		{`h == "x" and a > 1`, nan, 0, unknown}, {`h != "x" and a > 1`, nan, 0, no}, {`h == "y" or a > 1`, 2, 0, yes}, {`not h == "x"`, 0, 0, no},
		{"a - b - 1 == 2", 5, 2, yes}, {"a / b / 2 == 2", 8, 2, yes}, {"a + b * 2 == 9", 5, 2, yes},
	} {
		s := mustCompile(t, testScope("a b", "h"), c.rule)
		vals := map[string]float64{"a": c.a, "b": c.b}
		var in []float64
		for _, m := range s.Metrics {
			in = append(in, vals[m.Field])
		}
		if got := s.Rules[0].expr.judge(in, []string{"x"}, nil); got != c.want {
			t.Errorf("%s with a = %v, b = %v: %d, want %d", c.rule, c.a, c.b, got, c.want)
		}
	}
}

// FuzzEval holds compiled conditions against their slow twin.
func FuzzEval(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) { runEval(t, seed) })
}

func runEval(t *testing.T, seed uint64) {
	rnd := rand.New(rand.NewPCG(seed, 2))
	rule := inventCondition(rnd, 4)
	s, errs := Compile(sources(rule), testScope("a b c", "h k"))
	if s == nil {
		if !strings.Contains(errs[0].Error(), "does not exist") {
			t.Errorf("%s: %v", rule, errs)
		}
		return
	}
	sc := testScope("a b c", "h k")
	d := parse(sources(rule)[0], &sc)
	if err := d.resolve(newWords(&sc, []*draft{d})); err != nil {
		t.Fatal(err)
	}
	values := []float64{math.NaN(), 0, 1, -1, 2, 1e308, -1e308, 1e-320, 0.5}
	for range 20 {
		vals := make([]float64, len(s.Metrics))
		for i := range vals {
			vals[i] = values[rnd.IntN(len(values))]
		}
		keys := []string{"x", string(rune('x' + rnd.IntN(2)))}
		got, want := s.Rules[0].expr.judge(vals, keys, nil), judgeSlowly(d.expr, vals, keys)
		if got != want {
			t.Fatalf("%s with %v, %q: %d, want %d", rule, vals, keys, got, want)
		}
	}
}

func TestEvalAgainstTwin(t *testing.T) {
	for seed := range uint64(1000) {
		runEval(t, seed)
	}
}

func inventCondition(rnd *rand.Rand, depth int) string {
	pick := func(s ...string) string { return s[rnd.IntN(len(s))] }
	if depth > 0 {
		switch rnd.IntN(5) {
		case 0:
			return "(" + inventCondition(rnd, depth-1) + pick(" and ", " && ") + inventCondition(rnd, depth-1) + ")"
		case 1:
			return "(" + inventCondition(rnd, depth-1) + pick(" or ", " || ") + inventCondition(rnd, depth-1) + ")"
		case 2:
			return "(" + pick("not ", "!") + inventCondition(rnd, depth-1) + ")"
		}
	}
	if rnd.IntN(5) == 0 {
		return pick("h", "k") + pick(" == ", " != ") + pick(`"x"`, `"y"`)
	}
	return inventNumber(rnd, depth) + pick(" == ", " != ", " < ", " <= ", " > ", " >= ") + inventNumber(rnd, depth)
}

func inventNumber(rnd *rand.Rand, depth int) string {
	pick := func(s ...string) string { return s[rnd.IntN(len(s))] }
	if depth > 0 && rnd.IntN(2) == 0 {
		switch rnd.IntN(3) {
		case 0:
			return pick("abs", "sqrt", "log", "exp") + "(" + inventNumber(rnd, depth-1) + ")"
		case 1:
			return pick("-", "+") + "(" + inventNumber(rnd, depth-1) + ")"
		}
		return "(" + inventNumber(rnd, depth-1) + pick(" + ", " - ", " * ", " / ") + inventNumber(rnd, depth-1) + ")"
	}
	return pick("a", "b", "c", "max(a)", "0", "1", "2.5", "1m", "age")
}
