package rule

import "slices"

// A checker looks for numbers where conditions must stand, and the other way
// round, and for texts that stand beside anything but a key.
type checker struct {
	*draft
	*names
}

// condition checks n, which must be true or false. A number can only go on to
// one, so what cannot stand there is what comes behind it.
func (c checker) condition(n *node) {
	switch n.kind {
	case notNode:
		c.condition(n.x)
	case logicNode:
		c.condition(n.x)
		c.condition(n.y)
	case compareNode:
		c.comparison(n)
	default:
		c.number(n)
		if n.kind == nameNode && n.name.form != aggName && c.isOnlyKey(n.name.word) {
			n.name.judged = true
			c.fail(n.end, "a key is no condition", "compare it with a text: "+n.name.text()+` == "text"`)
			return
		}
		c.fail(n.end, "a number is no condition", "compare it with something: mean > 80")
	}
}

// number checks n, which must be a number.
func (c checker) number(n *node) {
	switch {
	case n.isCondition():
		c.condition(n)
		c.fail(n.pos, "a condition is no number", "conditions are joined with and, or and not")
	case n.kind == textNode:
		c.fail(n.pos, "unexpected text "+quote(n.op), `texts stand only in KEY == "text" and KEY != "text"`)
	case n.kind == mathNode:
		c.operand(n.x, n.at)
		c.number(n.y)
	case n.x != nil:
		c.number(n.x)
	}
}

// operand checks what stands to the left of the operator at. A condition can
// stand at its place, so what cannot is the operator.
func (c checker) operand(n *node, at int) {
	if !n.isCondition() {
		c.number(n)
		return
	}
	c.condition(n)
	c.fail(at, "a condition is no number", "conditions are joined with and, or and not")
}

// comparison checks x == y and its like: two numbers, or a key and a text.
func (c checker) comparison(n *node) {
	if n.y.kind == textNode {
		c.textComparison(n)
		return
	}
	if x := n.x; x.kind == nameNode && x.name.form == bareName && c.isOnlyKey(x.name.word) {
		x.name.judged = true
		c.keyWithNumber(n)
	} else {
		c.operand(n.x, n.at)
	}
	c.number(n.y)
}

// keyWithNumber refuses host == 5 and host > x.
func (c checker) keyWithNumber(n *node) {
	key := n.x.name.text()
	at, cure := n.y.pos, "write "+key+" "+n.op+` "text"`
	switch {
	case n.op != "==" && n.op != "!=":
		at, cure = n.at, "keys are compared with == and != only"
	case n.y.kind == numberNode:
		cure = "write " + key + " " + n.op + " " + quote(n.y.op)
	case n.y.kind == nameNode && n.y.name.form == bareName && c.isOnlyKey(n.y.name.word):
		n.y.name.judged = true
		cure = "a key is compared with a text: write " + key + " " + n.op + " " + quote(n.y.name.word)
	}
	c.fail(at, "the key "+quote(n.x.name.word)+" is a text, not a number", cure)
}

// textComparison checks x == "text".
func (c checker) textComparison(n *node) {
	x, text := n.x, n.y
	switch {
	case x.kind != nameNode || x.name.form == aggName:
		c.operand(x, n.at)
		c.numberWithText(text)
	case x.name.isKey:
		if n.op != "==" && n.op != "!=" {
			c.fail(n.at, "a text cannot be ordered", "keys are compared with == and != only")
		}
	case c.IsAgg(x.name.word), c.measured(x.name.word):
		c.numberWithText(text)
	default:
		x.name.judged = true
		c.fail(x.pos, "unknown key "+quote(x.name.word), c.meantKey(x.name.word))
	}
}

func (c checker) numberWithText(text *node) {
	cure := `only a key is compared with a text: KEY == "text"`
	if isNumber(text.op) {
		cure = "write " + text.op + " without quotes"
	}
	c.fail(text.pos, "a text compared with a number: "+quote(text.op), cure)
}

// meantKey is the cure for an unknown key.
func (c checker) meantKey(word string) string {
	if cure := didYouMean(word, c.Keys); cure != "" {
		return cure
	}
	if len(c.Keys) == 0 {
		return "keys are named with --key"
	}
	return "the keys are " + joinWords(c.Keys)
}

// joinWords is a list for a message, cut where it grows long.
func joinWords(words []string) string {
	list := ""
	for i, w := range words {
		if i > 0 {
			list += ", "
		}
		if i == 8 {
			return list + "…"
		}
		list += fieldText(w)
	}
	return list
}

// understand gives every name of d its index: into Scope.Keys or into the
// metrics of s. What is not yet known keeps -1.
func (s *Set) understand(d *draft, ns *names, r *Rule) {
	for _, n := range d.names {
		switch {
		case n.isKey:
			n.index = slices.Index(ns.Keys, n.word)
		case n.form == bareName && ns.IsAgg(n.word):
			n.index = s.metric(r, Metric{Moved: d.moved && n.word != "age", Agg: n.word, Text: n.text()})
			r.UsesAge = r.UsesAge || n.word == "age"
		case n.form == aggName:
			n.index = s.metric(r, Metric{Moved: d.moved, Agg: n.word, Field: n.field, Window: n.window, Text: n.text()})
		case n.form == quotedName && ns.IsAgg(n.word):
			n.index = s.metric(r, Metric{Field: n.word, Text: n.shown()}) // `mean` beside mean
		case n.form == quotedName, ns.measured(n.word):
			n.index = s.metric(r, Metric{Field: n.word, Text: n.text()})
		}
	}
}

// metric is the index of m in s.Metrics. Within a rule a number has one index
// even where it is written in two ways, so that it is shown once.
func (s *Set) metric(r *Rule, m Metric) int {
	for _, i := range r.Metrics {
		if s.Metrics[i].same(m) {
			return i
		}
	}
	i := slices.Index(s.Metrics, m)
	if i < 0 {
		i = len(s.Metrics)
		s.Metrics = append(s.Metrics, m)
	}
	r.Metrics = append(r.Metrics, i)
	return i
}
