package rule

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// names is what the words of the rules can mean.
type names struct {
	*Scope
	named []string // fields that rules name outright
}

// measured tells whether field is measured, for the output or for a rule.
func (ns *names) measured(field string) bool {
	return slices.Contains(ns.Fields, field) || slices.Contains(ns.named, field)
}

// isOnlyKey tells whether w is a key and cannot be a number.
func (ns *names) isOnlyKey(w string) bool {
	return slices.Contains(ns.Keys, w) && !ns.IsAgg(w) && !ns.measured(w)
}

// plain tells whether the records are plain numbers, which have no fields.
func (ns *names) plain() bool { return ns.Known && len(ns.Fields) == 1 && ns.Fields[0] == "" }

// collect adds the fields that d names outright.
func (ns *names) collect(d *draft) {
	for _, n := range d.names {
		f := n.field
		if n.form == quotedName && !n.isKey {
			f = n.word
		}
		if f != "" && !slices.Contains(ns.named, f) {
			ns.named = append(ns.named, f)
		}
	}
}

// markKeys finds the names that stand in KEY == "text".
func (ns *names) markKeys(n *node) {
	if n == nil {
		return
	}
	if n.comparesKey() && n.x.kind == nameNode && n.x.name.form != aggName {
		n.x.name.isKey = slices.Contains(ns.Keys, n.x.name.word)
	}
	ns.markKeys(n.x)
	ns.markKeys(n.y)
}

// judge notes what is wrong with the name n on its own.
func (ns *names) judge(d *draft, n *name) {
	switch {
	case n.judged, n.isKey:
	case n.form != bareName:
		ns.judgeField(d, n)
	case ns.IsAgg(n.word):
		ns.judgeAgg(d, n)
	case ns.measured(n.word):
	case slices.Contains(ns.Keys, n.word):
		if d.broken {
			return // what it is compared with may not have been read
		}
		d.fail(n.pos, fmt.Sprintf("the key %s is a text, not a number", quote(n.word)), "write "+n.word+` == "text"`)
	case ns.Known:
		d.fail(n.pos, "unknown metric "+quote(n.word), ns.meantMetric(n.word))
	}
}

// judgeField refuses a field where there are none, and a window of AGG(…)
// without a field where there are several.
func (ns *names) judgeField(d *draft, n *name) {
	field := n.field
	if n.form == quotedName {
		field = n.word
	}
	switch {
	case field == "":
		ns.judgeAgg(d, n)
	case ns.plain() && n.form == quotedName:
		d.fail(n.pos, "unknown field "+quote(field), "plain numbers have no fields: write last")
	case ns.plain():
		cure := n.word
		if n.width != "" {
			cure += "(" + n.width + ")"
		}
		d.fail(n.pos, "unknown field "+quote(field), "plain numbers have no fields: write "+cure)
	}
}

// judgeAgg refuses an aggregate without a field where there are several.
func (ns *names) judgeAgg(d *draft, n *name) {
	if n.word == "age" || !ns.Known || len(ns.Fields) == 1 {
		return
	}
	width := ""
	if n.width != "" {
		width = ", " + n.width
	}
	cure := "write " + n.word + "(FIELD" + width + ")"
	if len(ns.Fields) > 1 {
		cure = "write " + n.word + "(" + fieldText(ns.Fields[0]) + width + ")"
	}
	d.fail(n.pos, fmt.Sprintf("%s needs a field: there are %d", n.word, len(ns.Fields)), cure)
}

// meantMetric is the cure for an unknown metric.
func (ns *names) meantMetric(word string) string {
	if _, ok := functions[word]; ok {
		return "write " + word + "(x)"
	}
	if len(word) > 1 && word[0] == 'p' && strings.Trim(word[1:], "0123456789.") == "" {
		return "quantiles are p0 to p100"
	}
	if _, ok := severities[word]; ok {
		return "a severity has a colon behind it"
	}
	known := slices.Concat(ns.Aggs, ns.Fields, ns.named, ns.Keys, []string{"and", "or", "not"})
	if cure := didYouMean(word, known); cure != "" {
		return cure
	}
	return "it is no aggregate, key or measured field"
}

// meantFunction is the cure for an unknown function.
func (p *parser) meantFunction(word string) string {
	if _, ok := severities[word]; ok {
		return "a severity has a colon behind it"
	}
	known := slices.Concat(functionNames(), p.scope.Aggs)
	if cure := didYouMean(word, known); cure != "" {
		return cure
	}
	return "the functions are " + strings.Join(functionNames(), ", ")
}

// fail notes what is wrong at pos.
func (d *draft) fail(pos int, msg, cure string) {
	d.errs = append(d.errs, complaint{pos, msg, cure})
}

// first is the complaint about the earliest place of the rule.
func (d *draft) first() (c complaint, ok bool) {
	for i, e := range d.errs {
		if i == 0 || e.pos < c.pos {
			c = e
		}
	}
	return c, len(d.errs) > 0
}

// isNumber tells whether text is written like a number in a rule.
func isNumber(text string) bool {
	_, err := strconv.ParseFloat(text, 64)
	return err == nil && strings.Trim(text, "0123456789.eE+-") == ""
}
