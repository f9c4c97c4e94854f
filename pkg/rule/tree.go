package rule

import "strconv"

type nodeKind uint8

const (
	numberNode  nodeKind = iota // a number or a duration
	textNode                    // "web1"
	nameNode                    // a metric or a key
	signNode                    // -x, +x
	notNode                     // !x
	mathNode                    // x+y, x-y, x*y, x/y
	compareNode                 // x < y and its like
	logicNode                   // x && y, x || y
	callNode                    // abs(x)
)

// A node is an expression: text[pos:end] of the rule, brackets around it
// included.
type node struct {
	kind     nodeKind
	pos, end int
	at       int    // where the operator stands
	op       string // the operator, && for and; the function; a number as written; a text, decoded
	val      float64
	x, y     *node
	name     *name
}

// isCondition tells whether n is true or false rather than a number.
func (n *node) isCondition() bool {
	return n.kind == notNode || n.kind == compareNode || n.kind == logicNode
}

// comparesKey tells whether n is KEY == "text" or KEY != "text".
func (n *node) comparesKey() bool { return n.kind == compareNode && n.y.kind == textNode }

type nameForm uint8

const (
	bareName   nameForm = iota // temp, mean, host
	quotedName                 // `cpu-usage`
	aggName                    // mean(temp, 1m)
)

// A name is a metric or a key as it stands in a rule, and what it was
// understood to be.
type name struct {
	form   nameForm
	pos    int
	word   string // as written, without backquotes
	field  string // within AGG(…)
	window Window // within AGG(…)
	width  string // the window as written
	isKey  bool   // stands in KEY == "text"
	judged bool   // an error was already found in its use

	index int // into Scope.Keys or Set.Metrics once understood, else -1
}

// text is the name as alerts show it, without blanks.
func (n *name) text() string {
	switch {
	case n.form == bareName || n.form == quotedName:
		return fieldText(n.word)
	case n.field == "":
		return n.word + "(" + n.width + ")"
	case n.width == "":
		return n.word + "(" + n.argText() + ")"
	}
	return n.word + "(" + n.argText() + "," + n.width + ")"
}

// argText is the field within AGG(…), in backquotes where it would be read as
// something else.
func (n *name) argText() string {
	if n.field == "all" {
		return "`all`"
	}
	return fieldText(n.field)
}

// fieldText is a field's name as it is written in a rule.
func fieldText(field string) string {
	if isPlainWord(field) {
		return field
	}
	return "`" + field + "`"
}

// show appends n, every operation in brackets.
func (n *node) show(dst []byte) []byte {
	switch n.kind {
	case numberNode:
		return append(dst, n.op...)
	case textNode:
		return strconv.AppendQuote(dst, n.op)
	case nameNode:
		return append(dst, n.name.shown()...)
	case callNode:
		dst = append(append(dst, n.op...), '(')
		return append(n.x.show(dst), ')')
	case signNode, notNode:
		dst = append(append(dst, '('), n.op...)
		return append(n.x.show(dst), ')')
	}
	dst = n.x.show(append(dst, '('))
	dst = append(append(append(dst, ' '), n.op...), ' ')
	return append(n.y.show(dst), ')')
}

// shown is the name as it parses again to the same: one in backquotes keeps
// them, because without them it could be an aggregate.
func (n *name) shown() string {
	if n.form == quotedName {
		return "`" + n.word + "`"
	}
	return n.text()
}
