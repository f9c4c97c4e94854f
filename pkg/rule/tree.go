package rule

import (
	"strconv"
	"strings"
)

type nodeKind uint8

const (
	badNode     nodeKind = iota // could not be read
	numberNode                  // a number or a duration
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
	brackets bool   // it stands in brackets of its own
	constant bool   // a number that is always val; known of operations once resolved
	val      float64
	x, y     *node
	name     *name
}

// isCondition tells whether n is true or false rather than a number.
func (n *node) isCondition() bool {
	return n.kind == notNode || n.kind == compareNode || n.kind == logicNode
}

// chains tells whether n is a comparison of a comparison: a < b < c.
func (n *node) chains() bool {
	return n.kind == compareNode && n.x.kind == compareNode && !n.x.brackets
}

// leftmost is what n begins with.
func (n *node) leftmost() *node {
	for n.kind == mathNode {
		n = n.x
	}
	return n
}

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
	ago    int64  // within AGG(…), ns
	agoBy  string // as written
	beside bool   // stands beside a text, as in host == "web1"

	// Once resolved: an index into Scope.Keys where isKey is true, into Set.Texts
	// where isText is, else into draft.metrics; -1 where it is not yet known what
	// it means.
	index         int
	isKey, isText bool
}

// args is what stands in the brackets of AGG(…), sep behind each comma and blank
// before ago.
func (n *name) args(sep, blank string) string {
	var list []string
	if n.field != "" {
		list = append(list, n.argText())
	}
	if n.width != "" {
		list = append(list, n.width)
	}
	if n.agoBy != "" {
		list = append(list, n.agoBy+blank+"ago")
	}
	return strings.Join(list, ","+sep)
}

// text is the name as alerts show it, without blanks.
func (n *name) text() string {
	if n.form != aggName {
		return fieldText(n.word)
	}
	return n.word + "(" + n.args("", "_") + ")"
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
	switch {
	case n.form == quotedName:
		return "`" + n.word + "`"
	case n.agoBy != "":
		return n.word + "(" + n.args("", " ") + ")"
	}
	return n.text()
}

// show is d fully parenthesised, with its holds.
func (d *draft) show() string {
	head := strings.TrimSpace(d.severity.String() + " " + d.name)
	dst := d.expr.show([]byte(head + ": "))
	dst = d.hold.show(dst)
	if d.until != nil {
		dst = d.until.show(append(dst, " until "...))
	}
	return string(d.clear.show(dst))
}

// show appends the hold, if it is one.
func (h *hold) show(dst []byte) []byte {
	if h.kind == holdNone {
		return dst
	}
	return append(append(dst, " for "...), h.text...)
}
