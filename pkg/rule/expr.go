package rule

import (
	"math"
	"slices"
)

// A verdict is the outcome of a condition. One that compares a value that does
// not exist is unknown.
type verdict uint8

const (
	unknown verdict = iota
	no
	yes
)

func verdictOf(b bool) verdict {
	if b {
		return yes
	}
	return no
}

func (v verdict) not() verdict { return [...]verdict{unknown, no: yes, yes: no}[v] }

// A number gives the value of an expression; NaN where there is none.
type number func(vals []float64) float64

// functionTable is every function that rules know, from numbers to numbers.
var functionTable = []struct {
	name string
	f    func(float64) float64
}{
	{"abs", math.Abs},
	{"sqrt", math.Sqrt},
	{"log", math.Log}, // the natural logarithm
	{"exp", math.Exp},
}

var functions = func() map[string]func(float64) float64 {
	m := map[string]func(float64) float64{}
	for _, f := range functionTable {
		m[f.name] = f.f
	}
	return m
}()

func functionNames() (names []string) {
	for _, f := range functionTable {
		names = append(names, f.name)
	}
	return names
}

// finite is x, or NaN where x is infinite: a result beyond float64 does not
// exist.
func finite(x float64) float64 {
	if math.Abs(x) <= math.MaxFloat64 {
		return x
	}
	return math.NaN()
}

// A comparison is an operator between two numbers that exist.
type comparison struct {
	holds    func(x, y float64) bool
	mirrored string // the operator with its sides changed
}

var comparisons = map[string]comparison{
	"==": {func(x, y float64) bool { return x == y }, "=="},
	"!=": {func(x, y float64) bool { return x != y }, "!="},
	"<":  {func(x, y float64) bool { return x < y }, ">"},
	"<=": {func(x, y float64) bool { return x <= y }, ">="},
	">":  {func(x, y float64) bool { return x > y }, "<"},
	">=": {func(x, y float64) bool { return x >= y }, "<="},
}

// A judge gives the verdict on the values, keys and texts of an Env.
type judge func(vals []float64, keys []string, texts [][]byte) verdict

// A condition is a compiled EXPR. Most rules compare a metric with a constant;
// those are looked up in place, without calling a closure (BenchmarkStep).
type condition struct {
	f     judge // nil: the test decides
	test  threshold
	reads []threshold // where f is not nil: all that it depends on
}

// A threshold is a metric that must be in a range, or outside of it. In
// condition.reads it may be one that has no such range: it is free.
type threshold struct {
	metric    int
	low, high float64 // both belong to the range
	outside   bool
	free      bool
}

// holds tells whether x is where it must be.
func (t *threshold) holds(x float64) bool { return (t.low <= x && x <= t.high) != t.outside }

// judge is the verdict on the values, keys and texts of one evaluation.
func (c *condition) judge(vals []float64, keys []string, texts [][]byte) verdict {
	if c.f != nil {
		return c.f(vals, keys, texts)
	}
	x := vals[c.test.metric]
	if x != x {
		return unknown
	}
	return verdictOf(c.test.holds(x))
}

// plainlyNot tells, without a call, of most verdicts that are not yes that
// they are not.
func (c *condition) plainlyNot(vals []float64) bool {
	return c.f == nil && !c.test.holds(vals[c.test.metric])
}

// dependsOn is all that the verdict depends on but for keys and texts.
func (c *condition) dependsOn() []threshold {
	if c.f == nil {
		return []threshold{c.test}
	}
	return c.reads
}

// thresholdAt is that the metric i is op k.
func thresholdAt(i int, op string, k float64) threshold {
	t := threshold{metric: i, low: math.Inf(-1), high: math.Inf(1), outside: op == "!="}
	switch op {
	case "<":
		t.high = math.Nextafter(k, math.Inf(-1))
	case "<=":
		t.high = k
	case ">":
		t.low = math.Nextafter(k, math.Inf(1))
	case ">=":
		t.low = k
	default:
		t.low, t.high = k, k
	}
	return t
}

// A compiler makes closures of the tree of a resolved rule, whose metrics it
// has as indexes into Set.Metrics.
type compiler struct{ metrics []int }

// index is the place of a name in Set.Metrics, -1 where it is no name or none
// that is known.
func (c compiler) index(n *node) int {
	if n.kind != nameNode || n.name.index < 0 || n.name.isKey {
		return -1
	}
	return c.metrics[n.name.index]
}

// levels appends the numbers that n compares a metric with.
func (c compiler) levels(n *node, dst []Level) []Level {
	switch n.kind {
	case notNode:
		return c.levels(n.x, dst)
	case logicNode:
		return c.levels(n.y, c.levels(n.x, dst))
	case compareNode:
		if n.y.constant && c.index(n.x) >= 0 {
			return append(dst, Level{c.index(n.x), n.y.val})
		}
		if n.x.constant && c.index(n.y) >= 0 {
			return append(dst, Level{c.index(n.y), n.x.val})
		}
	}
	return dst
}

func (c compiler) condition(n *node) condition {
	switch {
	case n.kind == notNode:
		x := c.condition(n.x)
		f := func(vals []float64, keys []string, texts [][]byte) verdict { return x.judge(vals, keys, texts).not() }
		return condition{f: f, reads: x.dependsOn()}
	case n.kind == logicNode:
		return c.logic(n)
	case n.y.kind == textNode:
		return c.textComparison(n)
	}
	return c.comparison(n)
}

func (c compiler) comparison(n *node) condition {
	op := comparisons[n.op]
	if i := c.index(n.x); i >= 0 && n.y.constant {
		return condition{test: thresholdAt(i, n.op, n.y.val)}
	}
	if i := c.index(n.y); i >= 0 && n.x.constant {
		return condition{test: thresholdAt(i, op.mirrored, n.x.val)}
	}
	f, g := c.number(n.x), c.number(n.y)
	judge := func(vals []float64, _ []string, _ [][]byte) verdict {
		x, y := f(vals), g(vals)
		if x != x || y != y {
			return unknown
		}
		return verdictOf(op.holds(x, y))
	}
	return condition{f: judge, reads: c.reads(n.y, c.reads(n.x, nil))}
}

// reads appends the metrics in a number.
func (c compiler) reads(n *node, dst []threshold) []threshold {
	if n == nil {
		return dst
	}
	if i := c.index(n); i >= 0 {
		dst = append(dst, threshold{metric: i, free: true})
	}
	return c.reads(n.y, c.reads(n.x, dst))
}

func (c compiler) textComparison(n *node) condition {
	i, text, equal := n.x.name.index, n.y.op, n.op == "=="
	if n.x.name.isKey {
		return condition{f: func(_ []float64, keys []string, _ [][]byte) verdict {
			return verdictOf((keys[i] == text) == equal)
		}}
	}
	return condition{f: func(_ []float64, _ []string, texts [][]byte) verdict {
		if texts[i] == nil {
			return unknown
		}
		return verdictOf((string(texts[i]) == text) == equal)
	}}
}

// logic makes && and || of Kleene's three-valued logic: a no decides &&, a yes
// decides ||, whatever stands on the other side.
func (c compiler) logic(n *node) condition {
	x, y := c.condition(n.x), c.condition(n.y)
	decides := verdictOf(n.op == "||")
	f := func(vals []float64, keys []string, texts [][]byte) verdict {
		v := x.judge(vals, keys, texts)
		if v == decides {
			return v
		}
		w := y.judge(vals, keys, texts)
		if w == decides || v == decides.not() {
			return w
		}
		return unknown
	}
	return condition{f: f, reads: slices.Concat(x.dependsOn(), y.dependsOn())}
}

// number makes a closure of a number; a metric that is not yet known has no
// value.
func (c compiler) number(n *node) number {
	if n.constant {
		k := n.val
		return func([]float64) float64 { return k }
	}
	if n.kind != nameNode {
		return c.operation(n)
	}
	i := c.index(n)
	if i < 0 {
		return func([]float64) float64 { return math.NaN() }
	}
	return func(vals []float64) float64 { return vals[i] }
}

// operations are the operators between numbers.
var operations = map[string]func(x, y float64) float64{
	"+": func(x, y float64) float64 { return x + y },
	"-": func(x, y float64) float64 { return x - y },
	"*": func(x, y float64) float64 { return x * y },
	"/": func(x, y float64) float64 { return x / y },
}

// operation makes a closure of a number that is worked out of others; NaN where
// the result is not finite.
func (c compiler) operation(n *node) number {
	f := c.number(n.x)
	switch {
	case n.kind == callNode:
		g := functions[n.op]
		return func(vals []float64) float64 { return finite(g(f(vals))) }
	case n.kind == signNode && n.op == "-":
		return func(vals []float64) float64 { return -f(vals) }
	case n.kind == signNode:
		return f
	}
	g, op := c.number(n.y), operations[n.op]
	return func(vals []float64) float64 { return finite(op(f(vals), g(vals))) }
}
