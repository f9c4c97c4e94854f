package rule

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"rtda/pkg/text"
)

// MaxText is how many bytes a text has at most that a rule compares: of longer
// ones it is enough to know that they are.
const MaxText = 1 << 10

const (
	maxText  = 64 << 10 // bytes of a rule
	maxNest  = 200      // brackets, functions and signs within each other
	maxRun   = 1e9      // evaluations running that a hold can ask for
	maxShare = 100_000  // evaluations that M of the last N can look back on
)

// A draft is a rule that was parsed, and then resolved.
type draft struct {
	src         Source
	severity    Severity
	name        string // "" where it has none
	namePos     int
	expr, until *node // nil where the rule is broken, until also where there is none
	hold, clear hold
	names       []*name // in the order in which they stand there
	exprText    string  // EXPR as written
	ruleText    string  // EXPR and its for, as written

	wrong  *complaint // about the first place that is wrong; nil where none is
	broken int        // the place at which reading had to end, -1 where it did not
	read   int        // the end of the last token before it

	// once resolved
	metrics []Metric // each number once, in the order of first standing
	byClock bool     // one of them changes with time alone
}

// A complaint is what is wrong at a place of the rule.
type complaint struct {
	pos       int
	msg, cure string
}

// fail notes what is wrong at pos. Of several complaints the one about the
// first place counts, of those about one place the first.
func (d *draft) fail(pos int, msg, cure string) {
	if d.wrong == nil || pos < d.wrong.pos {
		d.wrong = &complaint{pos, msg, cure}
	}
}

// A parser reads one rule by precedence climbing (Pratt 1973). After the first
// error it sees nothing but the end of the text, so that it winds down.
type parser struct {
	lexer
	draft
	scope *Scope
	tok   token
	prev  token // the one before tok
	nest  int
}

// parse reads a rule. Where it cannot be read to its end, what was read is
// there all the same, with a badNode for what was not.
func parse(src Source, sc *Scope) *draft {
	p := &parser{lexer: lexer{text: src.Text}, draft: draft{src: src, severity: Warn, broken: -1}, scope: sc}
	if len(src.Text) > maxText {
		p.stop(len(text.Cut(src.Text, maxText)), "a rule of more than 64 KiB", "")
		return &p.draft
	}
	if p.head(); p.wrong == nil {
		p.body()
	}
	return &p.draft
}

// stop notes what is wrong at pos and ends the parse.
func (p *parser) stop(pos int, msg, cure string) {
	if p.broken < 0 {
		p.fail(pos, msg, cure)
		p.broken, p.read = pos, p.prev.end
	}
	p.pos = len(p.text)
	p.tok = token{kind: endTok, pos: p.pos, end: p.pos}
}

func (p *parser) advance() {
	p.prev = p.tok
	if p.broken < 0 {
		p.tok = p.lexer.next()
	}
}

// ahead is the token behind tok.
func (p *parser) ahead() token {
	l := p.lexer
	return l.next()
}

var severities = map[string]Severity{"info": Info, "warn": Warn, "crit": Crit}

// otherSeverities are other tools' words for ours.
var otherSeverities = map[string]string{
	"critical": "crit", "error": "crit", "err": "crit", "fatal": "crit", "warning": "warn", "information": "info",
}

// head reads [SEVERITY] [NAME] [":"] and the first token behind it. Where the
// rule has nothing but words before its first colon, they are its head.
func (p *parser) head() {
	colon := strings.IndexFunc(p.text, func(r rune) bool { return r == ':' || !inName(r) && !isBlank(r) })
	if colon < 0 || p.text[colon] != ':' {
		p.advance()
		p.openHead()
		return
	}
	words := headWords(p.text[:colon])
	if len(words) == 0 {
		p.stop(colon, `unexpected ":"`, "a colon stands behind a severity or a name: crit hot: mean > 80")
		return
	}
	first := words[0]
	sev, ok := severities[first.text]
	if ok {
		p.severity, words = sev, words[1:]
	}
	switch {
	case !ok && (len(words) > 1 || ourSeverity(first.text) != ""):
		p.stop(first.pos, "unknown severity "+quote(first.text), severityMeant(first.text))
	case len(words) > 1:
		p.stop(words[1].pos, "unexpected "+quote(words[1].text), "a name is one word, as in low-disk")
	case len(words) == 1:
		p.name, p.namePos = words[0].text, words[0].pos
	}
	if p.broken < 0 {
		p.pos = colon + 1
		p.prev = token{kind: opTok, pos: colon, end: colon + 1, text: ":"}
		p.tok = p.lexer.next()
	}
}

func headWords(head string) (words []token) {
	for pos := 0; ; {
		pos += len(head[pos:]) - len(strings.TrimLeftFunc(head[pos:], isBlank))
		if pos == len(head) {
			return words
		}
		end := pos + strings.IndexFunc(head[pos:]+" ", isBlank)
		words = append(words, token{kind: wordTok, pos: pos, end: end, text: head[pos:end]})
		pos = end
	}
}

// openHead reads a head without a colon: a severity, and a name that cannot be
// a part of EXPR.
func (p *parser) openHead() {
	if sev, ok := severities[p.tok.text]; ok && p.tok.kind == wordTok && p.ahead().beginsOperand() {
		p.severity = sev
		p.advance()
	}
	word, next := p.tok, p.ahead()
	if word.kind != wordTok || isKeyword(word.text) || next.kind != fieldTok && (next.kind != wordTok || !next.beginsOperand()) {
		return
	}
	known := slices.Concat(p.scope.Aggs(), p.scope.Fields, p.scope.Keys)
	_, isFunc := functions[word.text]
	switch {
	case ourSeverity(word.text) != "":
		p.stop(word.pos, "unknown severity "+quote(word.text), severityMeant(word.text))
	case isFunc, p.scope.isNumber(word.text), p.scope.Guess(word.text) != "", slices.Contains(known, word.text), text.Suggest(word.text, known) != "":
	default:
		p.name, p.namePos = word.text, word.pos
		p.advance()
	}
}

// ourSeverity is what stands for another tool's severity, or "".
func ourSeverity(word string) string {
	low := strings.ToLower(word)
	if _, ok := severities[low]; ok && low != word {
		return low
	}
	return otherSeverities[low]
}

// severityMeant is the cure for a word that was meant as a severity.
func severityMeant(word string) string {
	if ours := ourSeverity(word); ours != "" {
		return "write " + ours
	}
	if cure := didYouMean(word, []string{"info", "warn", "crit"}); cure != "" {
		return cure
	}
	return "they are info, warn and crit; a name is one word"
}

// beginsOperand tells whether t begins an operand and cannot go on one.
func (t token) beginsOperand() bool {
	switch t.kind {
	case numberTok, durationTok, textTok, fieldTok:
		return true
	case wordTok:
		return t.text == "not" || !isKeyword(t.text)
	}
	return t.is("(") || t.is("!")
}

// inName tells whether r can stand in the name of a rule that has a colon.
func inName(r rune) bool { return inWord(r) || r == '-' }

func isBlank(r rune) bool { return r == ' ' || r == '\t' || r == '\r' || r == '\n' }

// body reads EXPR ["for" HOLD] ["until" EXPR ["for" HOLD]].
func (p *parser) body() {
	start := p.tok.pos
	p.expr = p.expression(0)
	p.exprText = p.since(start)
	p.hold = p.optionalHold()
	p.ruleText = p.since(start)
	if p.tok.isWord("until") {
		p.advance()
		p.until = p.expression(0)
		p.clear = p.optionalHold()
	}
	if p.tok.kind != endTok {
		p.unexpected()
	}
}

// since is what was read from pos on, without the blanks at its end.
func (p *parser) since(pos int) string { return p.text[pos:max(pos, p.prev.end)] }

// optionalHold reads ["for" HOLD].
func (p *parser) optionalHold() (h hold) {
	if !p.tok.isWord("for") {
		return h
	}
	p.advance()
	switch p.tok.kind {
	case durationTok:
		h = hold{kind: holdTime, d: p.tok.ns, text: p.tok.text}
		if p.advance(); p.tok.is("/") {
			p.stop(p.tok.pos, "M of the last N counts evaluations, not time", "write for 3/5")
		}
	case numberTok:
		h = p.countHold()
	case badTok:
		p.unexpected()
	default:
		p.stop(p.tok.pos, `missing hold behind "for"`, "write for 30s, for 3 or for 3/5")
	}
	return h
}

// countHold reads N or M/N.
func (p *parser) countHold() hold {
	at := p.tok.pos
	m := p.evaluations(maxRun)
	if !p.tok.is("/") {
		return hold{kind: holdRun, n: m, text: strconv.Itoa(m)}
	}
	p.advance()
	if p.tok.kind != numberTok {
		p.stop(p.tok.pos, `missing N of M/N`, "write for 3/5")
		return hold{}
	}
	n := p.evaluations(maxShare)
	if m > n && p.broken < 0 {
		p.fail(at, fmt.Sprintf("%d of the last %d can never be true", m, n), fmt.Sprintf("write for %d/%d", n, m))
	}
	return hold{kind: holdShare, m: m, n: n, text: fmt.Sprintf("%d/%d", m, n)}
}

// evaluations reads a whole number from 1 to limit.
func (p *parser) evaluations(limit float64) int {
	t := p.tok
	whole := strings.Trim(t.text, "0123456789") == ""
	if !whole || t.val < 1 {
		p.stop(t.pos, "a number of evaluations is a whole number from 1: "+quote(t.text), "a duration has a unit: 30s")
		return 0
	}
	if t.val > limit {
		p.stop(t.pos, fmt.Sprintf("more than %.0f evaluations: %s", limit, quote(t.text)), "write a duration: for 1h")
		return 0
	}
	p.advance()
	return int(t.val)
}

// How tightly operators bind; not and signs stand before their operand.
const (
	bindOr = 1 + iota
	bindAnd
	bindNot
	bindCompare
	bindAdd
	bindMultiply
	bindSign
)

var binding = map[string]int{
	"||": bindOr, "&&": bindAnd,
	"==": bindCompare, "!=": bindCompare, "<": bindCompare, "<=": bindCompare, ">": bindCompare, ">=": bindCompare,
	"+": bindAdd, "-": bindAdd, "*": bindMultiply, "/": bindMultiply,
}

// infix is the operator that tok is between two operands, by its sign, and
// how tightly it binds; 0 where it is none.
func (p *parser) infix() (op string, bind int) {
	switch {
	case p.tok.isWord("or"):
		op = "||"
	case p.tok.isWord("and"):
		op = "&&"
	case p.tok.kind == opTok:
		op = p.tok.text
	}
	return op, binding[op]
}

// expression reads operands and operators that bind more tightly than least.
func (p *parser) expression(least int) *node {
	left := p.operand(least)
	for {
		op, bind := p.infix()
		if bind == 0 || bind <= least {
			return left
		}
		at := p.tok.pos
		p.advance()
		right := p.expression(bind)
		kind := mathNode
		switch bind {
		case bindOr, bindAnd:
			kind = logicNode
		case bindCompare:
			kind = compareNode
			if left.kind == nameNode && right.kind == textNode {
				left.name.beside = true
			}
		}
		left = &node{kind: kind, op: op, at: at, pos: left.pos, end: p.prev.end, x: left, y: right}
	}
}

// operand reads what can stand before an operator that binds as tightly as
// bind: a number, a text, a name, a function, brackets, or a sign and its
// operand.
func (p *parser) operand(bind int) *node {
	t := p.tok
	if p.nest++; p.nest > maxNest {
		p.stop(t.pos, fmt.Sprintf("more than %d brackets and signs within each other", maxNest), "")
	}
	defer func() { p.nest-- }()
	switch {
	case t.kind == numberTok, t.kind == durationTok:
		p.advance()
		return &node{kind: numberNode, op: t.text, constant: true, val: t.val, pos: t.pos, end: t.end}
	case t.kind == textTok:
		p.advance()
		return &node{kind: textNode, op: t.text, pos: t.pos, end: t.end}
	case t.kind == fieldTok:
		return p.quotedField()
	case t.is("("):
		return p.inBrackets()
	case t.is("-"), t.is("+"):
		return p.prefix(signNode, t.text, bindSign)
	case t.is("!"), t.isWord("not"):
		return p.negation(bind)
	case t.kind == wordTok && !isKeyword(t.text):
		return p.word()
	}
	p.missingOperand()
	return &node{kind: badNode, pos: t.pos, end: t.pos}
}

// isKeyword tells whether w cannot be a name outside of AGG(…).
func isKeyword(w string) bool {
	return w == "and" || w == "or" || w == "not" || w == "for" || w == "until"
}

// prefix reads a sign or a negation and its operand.
func (p *parser) prefix(kind nodeKind, op string, bind int) *node {
	at := p.tok.pos
	p.advance()
	x := p.expression(bind)
	return &node{kind: kind, op: op, at: at, pos: at, end: p.prev.end, x: x}
}

// negation reads not and !, which stand before a whole comparison.
func (p *parser) negation(bind int) *node {
	if bind > bindNot {
		p.stop(p.tok.pos, quote(p.tok.text)+" stands before a whole condition", "put it and its condition in brackets")
	}
	return p.prefix(notNode, "!", bindNot)
}

// inBrackets reads (EXPR).
func (p *parser) inBrackets() *node {
	open := p.tok
	p.advance()
	n := *p.expression(0)
	p.closing(open)
	n.brackets, n.pos, n.end = true, open.pos, p.prev.end
	return &n
}

// closing reads the bracket that belongs to open.
func (p *parser) closing(open token) {
	switch {
	case p.tok.is(")"):
		p.advance()
	case p.tok.isWord("for"), p.tok.isWord("until"):
		p.stop(p.tok.pos, `missing ")" before `+quote(p.tok.text), "for and until stand behind the whole condition, not in brackets")
	case p.tok.kind == endTok:
		p.stop(p.tok.pos, fmt.Sprintf(`missing ")" for the "(" in column %d`, 1+utf8.RuneCountInString(p.text[:open.pos])), "")
	default:
		p.unexpected()
	}
}

// addName makes a node of a name that begins at pos and ends before tok.
func (p *parser) addName(n *name) *node {
	n.index = -1
	p.names = append(p.names, n)
	return &node{kind: nameNode, pos: n.pos, end: p.prev.end, name: n}
}

func (p *parser) quotedField() *node {
	t := p.tok
	p.advance()
	if p.tok.is("(") {
		p.stop(p.tok.pos, quote(t.text)+" in backquotes is a field, not an aggregate", "write it without backquotes")
	}
	return p.addName(&name{form: quotedName, pos: t.pos, word: t.text})
}

// word reads a bare name, AGG(…) or a function.
func (p *parser) word() *node {
	t := p.tok
	p.advance()
	_, isFunc := functions[t.text]
	switch {
	case !p.tok.is("("):
		return p.addName(&name{form: bareName, pos: t.pos, word: t.text})
	case isFunc:
		return p.call(t)
	case p.scope.isNumber(t.text):
		return p.aggregate(t)
	}
	p.stop(t.pos, "unknown function "+quote(t.text), p.functionMeant(t.text))
	return &node{kind: badNode, pos: t.pos, end: t.end}
}

// functionMeant is the cure for an unknown function.
func (p *parser) functionMeant(word string) string {
	if near := p.scope.Guess(word); near != "" {
		return "did you mean " + near + "?"
	}
	if cure := didYouMean(word, functionNames()); cure != "" {
		return cure
	}
	return "the functions are " + strings.Join(functionNames(), ", ") + ", the aggregates " + strings.Join(p.scope.Aggs(), ", ")
}

// call reads the operand of a function in brackets.
func (p *parser) call(f token) *node {
	open := p.tok
	p.advance()
	x := p.expression(0)
	if p.tok.is(",") {
		p.stop(p.tok.pos, f.text+" takes one operand", "")
	}
	p.closing(open)
	return &node{kind: callNode, op: f.text, at: f.pos, pos: f.pos, end: p.prev.end, x: x}
}

// aggregate reads what stands in the brackets of agg: FIELD, WINDOW or both.
// Every word there but all is a field.
func (p *parser) aggregate(agg token) *node {
	open := p.tok
	n := &name{form: aggName, pos: agg.pos, word: agg.text}
	if whose := timeWords[agg.text]; whose != "" {
		p.stop(open.pos, agg.text+" is "+whose+" and takes no field or window", "write "+agg.text+" > "+map[bool]string{true: "30s", false: "5"}[agg.text == "age"])
	}
	p.advance()
	switch {
	case p.tok.namesField():
		n.field = p.tok.text
		p.advance()
		p.secondArg(n)
	case p.tok.is(")"):
		if p.scope.OfNoWindow(n.word) {
			p.stop(p.tok.pos, "missing field", fmt.Sprintf("write %s or %s(temp)", n.word, n.word))
		} else {
			p.stop(p.tok.pos, "missing field or window", fmt.Sprintf("write %s, %s(temp), %s(1m) or %s(temp, 1m)", n.word, n.word, n.word, n.word))
		}
	default:
		p.window(n)
		p.ago(n)
	}
	p.closing(open)
	return p.addName(n)
}

// namesField tells whether t is a field where FIELD or WINDOW can stand.
func (t token) namesField() bool { return t.kind == fieldTok || t.kind == wordTok && t.text != "all" }

// secondArg reads ["," WINDOW] behind a field.
func (p *parser) secondArg(n *name) {
	switch {
	case p.scope.OfNoWindow(n.word) && (p.tok.is(",") || p.tok.kind == durationTok || p.tok.kind == numberTok):
		p.noWindow(n, "write "+n.word+"("+n.argText()+")")
	case p.tok.is(","):
		p.advance()
		if p.tok.namesField() {
			p.stop(p.tok.pos, fmt.Sprintf("%s takes one field, and then a window", n.word), fmt.Sprintf("write %s(%s, 1m)", n.word, n.argText()))
		}
		p.window(n)
		p.ago(n)
	case p.tok.kind == durationTok, p.tok.kind == numberTok:
		p.stop(p.tok.pos, "unexpected "+quote(p.tok.text), fmt.Sprintf("write %s(%s, %s)", n.word, n.argText(), p.tok.text))
	case p.tok.kind == opTok && !p.tok.is(")"), p.tok.kind == badTok, p.tok.kind == wordTok:
		p.oddField(n)
	}
}

// oddField refuses cpu-usage as a field and says how to write it.
func (p *parser) oddField(n *name) {
	from := p.prev.pos
	end := strings.IndexAny(p.text[from:], ",)`")
	if end < 0 || p.prev.kind == fieldTok || end > text.MaxQuote {
		p.unexpected()
		return
	}
	whole := strings.TrimSpace(p.text[from : from+end])
	p.stop(p.tok.pos, "unexpected "+quote(p.tok.text),
		fmt.Sprintf("a field with such signs in its name stands in backquotes: %s(`%s`)", n.word, strings.Map(harmless, whole)))
}

// window reads WINDOW: samples, a duration or all.
func (p *parser) window(n *name) {
	t := p.tok
	switch {
	case p.scope.OfNoWindow(n.word) && (t.isWord("all") || t.kind == durationTok || t.kind == numberTok):
		p.noWindow(n, "write "+n.word)
		return
	case t.isWord("all"):
		n.window = Window{All: true}
	case t.kind == durationTok && t.ns > 0:
		n.window = Window{D: t.ns}
	case t.kind == numberTok && t.count() > 0:
		n.window = Window{N: t.count()}
		t.text = fmt.Sprint(n.window.N)
	case t.kind == textTok:
		p.stop(t.pos, "a field stands without double quotes", "write "+n.word+"("+fieldText(t.text)+")")
		return
	case t.kind == endTok:
		p.missingOperand()
		return
	case t.kind == badTok:
		p.unexpected()
		return
	default:
		p.stop(t.pos, "bad window "+quote(t.text), "a window is a count of 1 or more, a duration like 5m, or all")
		return
	}
	n.width = t.text
	p.advance()
}

// noWindow refuses the window of an aggregate that has none.
func (p *parser) noWindow(n *name, cure string) {
	p.stop(p.tok.pos, n.word+" has no window: it learns from all samples of its field", cure)
}

// ago reads ["," DURATION "ago"] behind a window, and refuses what else is there.
func (p *parser) ago(n *name) {
	comma := p.tok
	if comma.isWord("ago") {
		p.stop(comma.pos, `unexpected "ago"`, fmt.Sprintf("the window stands before it: %s(%s, %s ago)", n.word, n.args(" ", " "), n.width))
	}
	if !comma.is(",") {
		return
	}
	p.advance()
	t := p.tok
	switch ago := p.ahead().isWord("ago"); {
	case t.namesField() && n.field == "":
		p.stop(t.pos, "the field stands before the window", fmt.Sprintf("write %s(%s, %s)", n.word, fieldText(t.text), n.width))
	case t.kind == durationTok && ago && n.window.D == 0:
		was := *n
		was.width, was.agoBy = "2h", t.text
		p.stop(comma.pos, "a window as it was some time ago is a duration: "+quote(n.width), "write "+n.word+"("+was.args(" ", " ")+")")
	case t.kind == durationTok && ago && t.ns > 0:
		n.ago, n.agoBy = t.ns, t.text
		p.advance()
		p.advance()
	default:
		at := comma.pos
		if n.window.D > 0 {
			if at = t.pos; t.kind == durationTok {
				at = p.ahead().pos
			}
		}
		p.stop(at, n.word+" takes one window", fmt.Sprintf("write %s(%s)", n.word, n.args(" ", " ")))
	}
}

// count is the window of so many samples that t writes; 0 where it is none.
func (t token) count() int {
	n, err := strconv.Atoi(t.text)
	if err != nil || n > math.MaxInt32 {
		return 0
	}
	return n
}

// missingOperand says that tok stands where an operand should.
func (p *parser) missingOperand() {
	switch {
	case p.tok.kind == badTok:
		p.unexpected()
	case p.tok.kind != endTok:
		p.stop(p.tok.pos, "missing operand before "+quote(p.tok.text), "")
	case p.prev.end == 0:
		p.stop(p.tok.pos, "the rule is empty", "write one like mean > 80")
	default:
		p.stop(p.tok.pos, "missing operand behind "+quote(p.prev.text), "")
	}
}

// unexpected says that tok cannot stand where it does.
func (p *parser) unexpected() {
	t := p.tok
	msg, cure := "unexpected "+quote(t.text), ""
	switch {
	case t.kind == badTok:
		if msg, cure = p.why.msg, p.why.cure; t.text == "%" && p.prev.kind == numberTok {
			cure = "a number has no unit: write " + p.prev.text
		}
	case t.is(")"):
		cure = `there is no "(" for it`
	case t.is(":"):
		cure = "a colon stands only behind a severity and a name, which is a word of letters, digits, _ - and ."
	case t.kind == opTok && meant[t.text] != "":
		cure = "write " + meant[t.text]
	case p.prev.kind == numberTok && t.kind == wordTok && unitsMeant[strings.ToLower(t.text)] != "":
		cure = "write " + p.prev.text + unitsMeant[strings.ToLower(t.text)]
	case p.prev.kind == wordTok && t.namesField() && !isKeyword(t.text) && p.scope.IsAgg(p.prev.text):
		cure = "write " + p.prev.text + "(" + fieldText(t.text) + ")"
	case t.kind == wordTok && !isKeyword(t.text):
		cure = didYouMean(t.text, []string{"and", "or", "for", "until"})
	case t.kind == numberTok, t.kind == durationTok:
		cure = "an operator is missing before it"
	}
	p.stop(t.pos, msg, cure)
}
