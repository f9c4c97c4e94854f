package rule

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"rtda/pkg/text"
)

// timeWords are numbers that are of no field, and whose they are.
var timeWords = map[string]string{"age": "the key's", "hour": "the time's", "weekday": "the time's"}

// isNumber tells whether word is a number whatever the fields are.
func (sc *Scope) isNumber(word string) bool { return timeWords[word] != "" || sc.IsAgg(word) }

// words is what the words of the rules can mean.
type words struct {
	*Scope
	keys     map[string]int // index into Scope.Keys
	measured map[string]bool
	named    []string       // fields that rules name outright, which are measured for it
	texts    []string       // fields whose texts are compared
	textAt   map[string]int // index into texts
}

func newWords(sc *Scope, drafts []*draft) *words {
	w := &words{Scope: sc, keys: map[string]int{}, measured: map[string]bool{}, textAt: map[string]int{}}
	for i, k := range sc.Keys {
		w.keys[k] = i
	}
	for _, f := range sc.Fields {
		w.measured[f] = true
	}
	seen := map[string]bool{}
	for _, d := range drafts {
		for _, n := range d.names {
			f := n.field
			if n.form == quotedName && !n.beside {
				f = n.word
			}
			if f != "" && !seen[f] {
				seen[f], w.measured[f] = true, true
				w.named = append(w.named, f)
			}
		}
	}
	return w
}

// isText tells whether n is a key that cannot be a number.
func (w *words) isText(n *node) bool {
	noNumber, isKey := w.bare(n)
	return noNumber && isKey
}

// isUnknown tells whether n is a bare name that means nothing by itself.
func (w *words) isUnknown(n *node) bool {
	noNumber, isKey := w.bare(n)
	return noNumber && !isKey && w.Known
}

// bare tells whether n is a bare name that is no number, and whether it is a key.
func (w *words) bare(n *node) (noNumber, isKey bool) {
	if n.kind != nameNode || n.name.form != bareName {
		return false, false
	}
	_, isKey = w.keys[n.name.word]
	return !w.isNumber(n.name.word) && !w.measured[n.name.word], isKey
}

// plain tells whether the records are plain numbers, which have no fields.
func (w *words) plain() bool { return w.Known && len(w.Fields) == 1 && w.Fields[0] == "" }

// A resolver goes over the tree of a rule once, in the order of its text. It
// finds out what each name means, works constants out, and notes what cannot
// stand at its place: a number where a condition must stand or the other way
// round, a text beside anything but a key or a field. All that was read well is looked at,
// also in a rule that could not be read to its end: what is wrong in it may
// stand before the place where reading ended.
type resolver struct {
	*draft
	*words
}

// resolve resolves d. It is an *Error about the first place that is wrong.
func (d *draft) resolve(w *words) error {
	r := resolver{d, w}
	if d.expr != nil {
		r.condition(d.expr)
	}
	if d.until != nil {
		r.condition(d.until)
	}
	if d.wrong != nil {
		return d.error(*d.wrong)
	}
	return nil
}

// after is where the first thing behind n stands.
func (r resolver) after(n *node) int {
	if r.broken >= 0 && n.end >= r.read {
		return r.broken
	}
	rest := r.src.Text[n.end:]
	blanks := len(rest) - len(strings.TrimLeft(rest, " \t\r\n"))
	if blanks == len(rest) {
		return len(strings.TrimRight(r.src.Text, " \t\r\n"))
	}
	return n.end + blanks
}

// condition resolves n, which must be true or false. A number can only go on
// to one, so what cannot stand there is what comes behind it.
func (r resolver) condition(n *node) {
	switch {
	case n.kind == badNode:
	case n.kind == notNode:
		r.condition(n.x)
	case n.kind == logicNode:
		r.condition(n.x)
		r.condition(n.y)
	case n.chains():
		r.chain(n)
	case n.kind == compareNode:
		r.comparison(n)
	case r.isText(n):
		r.fail(r.after(n), "a key is no condition", "compare it with a text: "+n.name.text()+` == "text"`)
	default:
		r.number(n, r.after(n))
		r.fail(r.after(n), "a number is no condition", "compare it with something: mean > 80")
	}
}

const (
	notANumber  = "a condition is no number"
	joinClauses = "conditions are joined with and, or and not"
)

// number resolves n, which must be a number. Where a condition or a text could
// stand at its place, what cannot is the operator behind it, at next; elsewhere
// next is inside.
func (r resolver) number(n *node, next int) {
	switch {
	case n.kind == badNode:
	case n.isCondition() && next != inside:
		r.condition(n)
		r.fail(next, notANumber, joinClauses)
	case n.isCondition():
		// what makes it one is its first operator
		if n.kind != notNode {
			r.number(n.x, inside)
		}
		r.fail(n.at, notANumber, joinClauses)
	case n.kind == textNode:
		r.fail(n.pos, "unexpected text "+quote(n.op), `texts stand only in NAME == "text" and NAME != "text"`)
	case n.kind == nameNode && r.isText(n):
		at := n.pos
		if next != inside {
			at = next
		}
		r.fail(at, "the key "+quote(n.name.word)+" is a text, not a number", "write "+n.name.text()+` == "text"`)
	case n.kind == nameNode:
		r.metric(n)
	case n.kind == mathNode:
		if next != inside {
			next = n.at
		}
		r.number(n.x, next)
		r.number(n.y, inside)
		r.fold(n)
	case n.x != nil:
		r.number(n.x, inside)
		r.fold(n)
	}
}

// inside says of a number that nothing else can stand at its place.
const inside = -1

// fold works n out where its operands are constant. A constant that does not
// exist is refused, for it would silence the rule.
func (r resolver) fold(n *node) {
	if !n.x.constant || n.y != nil && !n.y.constant {
		return
	}
	n.constant, n.val = true, compiler{}.operation(n)(nil)
	if n.val != n.val && n.x.val == n.x.val && (n.y == nil || n.y.val == n.y.val) {
		r.fail(n.at, "the value of "+quote(r.src.Text[n.pos:n.end])+" does not exist", "it would leave the rule silent")
	}
}

// comparison resolves x == y and its like: two numbers, or a key and a text.
func (r resolver) comparison(n *node) {
	x, y := n.x, n.y
	switch {
	case y.kind == textNode:
		r.textComparison(n)
		return
	case (n.op == "==" || n.op == "!=") && r.isUnknown(x) && (y.kind == badNode || r.isUnknown(y)):
		// a text might have come
		if y.kind == nameNode {
			r.fail(y.pos, "unknown metric "+quote(y.name.word), "a text stands in quotes: "+x.name.text()+" "+n.op+" "+quote(y.name.word))
		}
		return
	case !r.isText(x):
		r.number(x, n.at)
	case y.kind == mathNode && y.leftmost().kind == textNode:
		for y.x.kind == mathNode {
			y = y.x
		}
		r.fail(y.at, "unexpected "+quote(y.op), "a text is no number")
		return
	case y.kind != badNode || n.op != "==" && n.op != "!=":
		r.keyWithNumber(n)
	}
	r.number(y, inside)
}

// keyWithNumber refuses host == 5 and host > x.
func (r resolver) keyWithNumber(n *node) {
	key := n.x.name.text()
	at, cure := n.y.pos, "write "+key+" "+n.op+` "text"`
	switch {
	case n.op != "==" && n.op != "!=":
		at, cure = n.at, "texts are compared with == and != only"
	case n.y.kind == numberNode:
		cure = "write " + key + " " + n.op + " " + quote(n.y.op)
	case n.y.kind == nameNode && n.y.name.form == bareName:
		cure = "a key is compared with a text: write " + key + " " + n.op + " " + quote(n.y.name.word)
	}
	r.fail(at, "the key "+quote(n.x.name.word)+" is a text, not a number", cure)
}

// textComparison resolves x == "text".
func (r resolver) textComparison(n *node) {
	x, text := n.x, n.y
	named := x.kind == nameNode && (x.name.form == quotedName || x.name.form == bareName && !r.isNumber(x.name.word))
	key, isKey := 0, false
	if x.kind == nameNode && x.name.form != aggName {
		key, isKey = r.keys[x.name.word]
	}
	measured := named && r.measured[x.name.word]
	ordered := n.op != "==" && n.op != "!="
	switch {
	case len(text.op) > MaxText:
		r.fail(text.pos, fmt.Sprintf("a text of more than %d bytes", MaxText), "")
	case isKey && ordered, named && !measured && ordered:
		r.fail(n.at, "a text cannot be ordered", "texts are compared with == and != only")
	case isKey:
		x.name.index, x.name.isKey = key, true
	case named && r.plain() && !r.Records:
		cure := didYouMean(x.name.word, r.Keys)
		if cure == "" {
			cure = "plain numbers have no fields"
		}
		r.fail(x.pos, "unknown field "+quote(x.name.word), cure)
	case named && !(measured && (ordered || isNumber(text.op))):
		r.textField(x.name)
	default:
		r.number(x, n.at)
		cure := `only keys and fields are compared with a text: NAME == "text"`
		if isNumber(text.op) {
			cure = "write " + text.op + " without quotes"
		}
		r.fail(text.pos, "a text compared with a number: "+quote(text.op), cure)
	}
}

// textField resolves a field whose text is compared.
func (r resolver) textField(n *name) {
	if _, ok := r.textAt[n.word]; !ok {
		r.textAt[n.word] = len(r.texts)
		r.texts = append(r.texts, n.word)
	}
	n.isText = true
	n.index = r.textAt[n.word]
	r.add(Metric{Field: n.word, IsText: true, Text: n.text()})
}

// chain refuses a < b < c and says how to write it, where that would help.
func (r resolver) chain(n *node) {
	var links []*node // from the last to the first
	for l := n; ; l = l.x {
		if links = append(links, l); !l.chains() {
			break
		}
	}
	slices.Reverse(links)
	r.comparison(links[0])
	cure, last := "", links[0].x
	for _, l := range links {
		if last.kind == textNode || l.y.kind == textNode || r.isText(last) || r.isText(l.y) {
			cure = joinClauses
			break
		}
		if l.y.kind == badNode || len(cure) > text.MaxQuote {
			cure = "write a < b and b < c"
			break
		}
		if cure == "" {
			cure = "write " + r.span(l)
		} else {
			cure += " and " + r.span(last) + " " + l.op + " " + r.span(l.y)
		}
		last = l.y
	}
	r.fail(links[1].at, "comparisons do not chain", cure)
}

// span is what n was written as, on one line and harmless.
func (r resolver) span(n *node) string {
	return strings.Map(harmless, r.src.Text[n.pos:max(n.pos, n.end)])
}

// metric resolves a name that must be a number.
func (r resolver) metric(n *node) {
	name := n.name
	m := Metric{Text: name.text()}
	switch {
	case name.form == bareName && timeWords[name.word] != "":
		m.Agg = name.word
		r.byClock = true
	case name.form == aggName, name.form == bareName && r.IsAgg(name.word):
		r.fieldOf(name)
		r.windowOf(name)
		m.Agg, m.Field, m.Window, m.Ago = name.word, name.field, name.window, name.ago
	case name.form == quotedName:
		m.Field = name.word
		if r.plain() {
			r.fail(n.pos, "unknown field "+quote(name.word), "plain numbers have no fields: write last")
		}
		if r.isNumber(name.word) {
			m.Text = name.shown() // `mean` beside mean
		}
	case r.measured[name.word]:
		m.Field = name.word
	case r.Known:
		// where reading ended right behind it, a text might have come
		ended := r.broken == r.after(n)
		if cure, sure := r.metricMeant(name.word); !ended || sure && !strings.HasPrefix(r.src.Text[r.broken:], "=") {
			r.fail(n.pos, "unknown metric "+quote(name.word), cure)
		}
		return
	default:
		return // a field, perhaps
	}
	name.index = r.add(m)
}

// add is the index of m in the metrics of the rule.
func (r resolver) add(m Metric) int {
	i := slices.IndexFunc(r.metrics, m.same)
	if i < 0 {
		i = len(r.metrics)
		r.metrics = append(r.metrics, m)
	}
	return i
}

// fieldOf refuses the field of an aggregate where there are none, and an
// aggregate without one where there are several.
func (r resolver) fieldOf(n *name) {
	width := ""
	if n.width != "" {
		width = ", " + n.width
	}
	switch {
	case n.field != "" && r.plain():
		cure := "write " + n.word
		if n.width != "" {
			cure += "(" + n.width + ")"
		}
		r.fail(n.pos, "unknown field "+quote(n.field), "plain numbers have no fields: "+cure)
	case n.field != "" || !r.Known || len(r.Fields) == 1:
	case len(r.Fields) > 1:
		r.fail(n.pos, fmt.Sprintf("%s needs a field: there are %d", n.word, len(r.Fields)), "write "+n.word+"("+fieldText(r.Fields[0])+width+")")
	default:
		r.fail(n.pos, n.word+" needs a field: there are 0", "write "+n.word+"(FIELD"+width+")")
	}
}

// windowOf refuses a window that can never hold the samples without which it has no value, and finds out whether the clock alone
// changes what is read from it. The count has a value whatever it holds.
func (r resolver) windowOf(n *name) {
	w := n.window
	if w == (Window{}) {
		w = r.First
	}
	if r.OfNoWindow(n.word) {
		return
	}
	switch {
	case n.word == "count":
		r.byClock = r.byClock || w.D > 0
	case w.N > 0 && w.N < r.Warmup:
		r.fail(n.pos, fmt.Sprintf("%s has no value: a window of %d never holds the %d samples of --warmup", n.text(), w.N, r.Warmup), "")
	}
}

// metricMeant is the cure for an unknown metric; sure tells that it names one.
func (r resolver) metricMeant(word string) (cure string, sure bool) {
	if _, ok := functions[word]; ok {
		return "write " + word + "(x)", true
	}
	if len(word) > 1 && word[0] == 'p' && strings.Trim(word[1:], "0123456789.") == "" {
		return "quantiles are p0 to p100", true
	}
	if _, ok := severities[word]; ok {
		return "a severity stands before the whole rule: " + word + ": mean > 80", true
	}
	if cure := didYouMean(word, slices.Concat(r.Fields, r.named, r.Keys, []string{"and", "or", "not"})); cure != "" {
		return cure, true
	}
	if near := r.Guess(word); near != "" {
		return "did you mean " + near + "?", true
	}
	return "it is no key or measured field, and none of the aggregates " + strings.Join(r.Aggs(), ", "), false
}

// isNumber tells whether text is written like a number in a rule.
func isNumber(text string) bool {
	_, err := strconv.ParseFloat(text, 64)
	return err == nil && strings.Trim(text, "0123456789.eE+-") == ""
}
