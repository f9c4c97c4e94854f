package rule

import "math"

// A verdict is the outcome of a condition. One that compares a value that does
// not exist is unknown.
type verdict uint8

const (
	unknown verdict = iota
	no
	yes
)

// verdictOf is yes or no.
func verdictOf(b bool) verdict {
	if b {
		return yes
	}
	return no
}

// not swaps yes and no.
func (v verdict) not() verdict {
	switch v {
	case yes:
		return no
	case no:
		return yes
	}
	return unknown
}

// A number gives the value of an expression; NaN where there is none.
type number func(vals []float64) float64

// A function of rules, from numbers to numbers.
type function struct {
	name, doc string
	f         func(float64) float64
}

// functionTable is every function that rules know.
var functionTable = []function{
	{"abs", "absolute value", math.Abs},
	{"sqrt", "square root", math.Sqrt},
	{"log", "natural logarithm", math.Log},
	{"exp", "e to the power of", math.Exp},
}

var functions = func() map[string]function {
	m := map[string]function{}
	for _, f := range functionTable {
		m[f.name] = f
	}
	return m
}()

// functionNames are the names of the functions, in the order of the table.
func functionNames() (names []string) {
	for _, f := range functionTable {
		names = append(names, f.name)
	}
	return names
}

// finite is x, or NaN where x is infinite: a result beyond float64 does not
// exist.
func finite(x float64) float64 {
	if math.Abs(x) <= math.MaxFloat64 { // x-x == 0 would be fused with the product that x is
		return x
	}
	return math.NaN()
}

// compare is x op y, unknown where x or y is NaN.
func compare(op comparison, x, y float64) verdict {
	if x != x || y != y {
		return unknown
	}
	switch op {
	case less:
		return verdictOf(x < y)
	case lessEqual:
		return verdictOf(x <= y)
	case greater:
		return verdictOf(x > y)
	case greaterEqual:
		return verdictOf(x >= y)
	case equal:
		return verdictOf(x == y)
	}
	return verdictOf(x != y)
}

type comparison uint8

const (
	equal comparison = iota
	unequal
	less
	lessEqual
	greater
	greaterEqual
)

var comparisons = map[string]comparison{
	"==": equal, "!=": unequal, "<": less, "<=": lessEqual, ">": greater, ">=": greaterEqual,
}

// A condition is a compiled EXPR. Most rules compare a metric with a constant;
// those are a range of values and looked up in place, without calling a
// closure (BenchmarkStep).
type condition struct {
	f         func(vals []float64, keys []string) verdict // nil: vals[metric] in a range
	metric    int
	low, high float64 // both belong to the range
	outside   bool    // or not in the range
}

// judge is the verdict on the values and keys of one evaluation.
func (c *condition) judge(vals []float64, keys []string) verdict {
	if c.f != nil {
		return c.f(vals, keys)
	}
	switch x := vals[c.metric]; {
	case x != x:
		return unknown
	case c.inRange(x) != c.outside:
		return yes
	}
	return no
}

func (c *condition) inRange(x float64) bool { return c.low <= x && x <= c.high }

// plainlyNot tells, without a call, of most verdicts that are not yes that
// they are not.
func (c *condition) plainlyNot(vals []float64) bool {
	return c.f == nil && c.inRange(vals[c.metric]) == c.outside
}

// threshold is the condition that the metric i is op k.
func threshold(i int, op comparison, k float64) condition {
	c := condition{metric: i, low: math.Inf(-1), high: math.Inf(1), outside: op == unequal}
	switch op {
	case less:
		c.high = math.Nextafter(k, math.Inf(-1))
	case lessEqual:
		c.high = k
	case greater:
		c.low = math.Nextafter(k, math.Inf(1))
	case greaterEqual:
		c.low = k
	default:
		c.low, c.high = k, k
	}
	return c
}

// compile makes a condition of a checked tree.
func (d *draft) compile(n *node) condition {
	if n.kind == compareNode && !n.comparesKey() {
		return d.compileComparison(n)
	}
	return condition{f: d.compileCondition(n)}
}

func (d *draft) compileComparison(n *node) condition {
	op := comparisons[n.op]
	x, y := d.compileNumber(n.x), d.compileNumber(n.y)
	if n.x.kind == nameNode && n.x.name.index >= 0 && y.constant {
		return threshold(n.x.name.index, op, y.k)
	}
	f, g := x.f, y.f
	return condition{f: func(vals []float64, _ []string) verdict { return compare(op, f(vals), g(vals)) }}
}

func (d *draft) compileCondition(n *node) func(vals []float64, keys []string) verdict {
	switch {
	case n.kind == notNode:
		x := d.compile(n.x)
		return func(vals []float64, keys []string) verdict { return x.judge(vals, keys).not() }
	case n.kind == logicNode:
		return d.compileLogic(n)
	}
	key, text, hit := n.x.name.index, n.y.op, verdictOf(n.op == "==")
	return func(_ []float64, keys []string) verdict {
		if keys[key] == text {
			return hit
		}
		return hit.not()
	}
}

// compileLogic makes && and || of Kleene's three-valued logic: a no decides
// &&, a yes decides ||, whatever stands on the other side.
func (d *draft) compileLogic(n *node) func(vals []float64, keys []string) verdict {
	x, y := d.compile(n.x), d.compile(n.y)
	decides := verdictOf(n.op == "||")
	return func(vals []float64, keys []string) verdict {
		v := x.judge(vals, keys)
		if v == decides {
			return v
		}
		w := y.judge(vals, keys)
		if w == decides || v == decides.not() {
			return w
		}
		return unknown
	}
}

// A value is a compiled number; k is what it always is where it is constant.
type value struct {
	f        number
	constant bool
	k        float64
}

func constant(k float64) value {
	return value{f: func([]float64) float64 { return k }, constant: true, k: k}
}

// compileNumber makes a number of a checked tree. Constants are worked out
// once; one that does not exist is refused, for it would silence the rule.
func (d *draft) compileNumber(n *node) value {
	switch n.kind {
	case numberNode:
		return constant(n.val)
	case nameNode:
		return metricValue(n.name.index)
	}
	v := d.compileOperation(n)
	if !v.constant {
		return v
	}
	if v.k = v.f(nil); v.k != v.k && len(d.errs) == 0 {
		d.fail(n.at, "the value of "+quote(d.src.Text[n.pos:n.end])+" does not exist", "it would leave the rule silent")
	}
	return constant(v.k)
}

// metricValue reads the metric i; one that is not yet known has no value.
func metricValue(i int) value {
	if i < 0 {
		return value{f: func([]float64) float64 { return math.NaN() }}
	}
	return value{f: func(vals []float64) float64 { return vals[i] }}
}

func (d *draft) compileOperation(n *node) value {
	x := d.compileNumber(n.x)
	f := x.f
	if n.kind == mathNode {
		y := d.compileNumber(n.y)
		return value{f: arithmetic(n.op, f, y.f), constant: x.constant && y.constant}
	}
	if n.kind == callNode {
		g := functions[n.op].f
		return value{f: func(vals []float64) float64 { return finite(g(f(vals))) }, constant: x.constant}
	}
	if n.op == "-" {
		return value{f: func(vals []float64) float64 { return -f(vals) }, constant: x.constant}
	}
	return x
}

// arithmetic is x op y; NaN where the result is not finite.
func arithmetic(op string, x, y number) number {
	switch op {
	case "+":
		return func(vals []float64) float64 { return finite(x(vals) + y(vals)) }
	case "-":
		return func(vals []float64) float64 { return finite(x(vals) - y(vals)) }
	case "*":
		return func(vals []float64) float64 { return finite(x(vals) * y(vals)) }
	}
	return func(vals []float64) float64 { return finite(x(vals) / y(vals)) }
}
