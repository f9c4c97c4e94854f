package rule

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"rtda/pkg/text"
)

const (
	maxText  = 64 << 10 // bytes of a rule
	maxNest  = 200      // brackets, functions and signs within each other
	maxRun   = 1e9      // evaluations running that a hold can ask for
	maxShare = 100_000  // evaluations that M of the last N can look back on
)

// A draft is a rule that was parsed but whose names are not yet understood.
type draft struct {
	src           Source
	severity      Severity
	name          string // "" where it has none
	namePos       int
	expr, until   *node // nil where the rule is broken, until also where there is none
	hold, clear   hold
	names         []*name     // in the order in which they stand there
	exprText      string      // EXPR as written
	ruleText      string      // EXPR and its for, as written
	head, holdTxt string      // for show
	clearTxt      string      // for show
	errs          []complaint // what cannot stand there
	broken        bool        // it could not be read to its end
	moved         bool        // the clock evaluates it, or another rung of its ladder
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

// parse reads a rule. The draft's errs hold one complaint at most.
func parse(src Source, sc *Scope) *draft {
	p := &parser{lexer: lexer{text: src.Text}, draft: draft{src: src}, scope: sc}
	if len(src.Text) > maxText {
		p.fail(len(text.Cut(src.Text, maxText)), "a rule of more than 64 KiB", "")
		p.broken = true
		return &p.draft
	}
	if p.parseHead(); len(p.errs) == 0 {
		p.parseBody()
	}
	p.broken = len(p.errs) > 0
	return &p.draft
}

// fail notes what is wrong at pos and ends the parse.
func (p *parser) fail(pos int, msg, cure string) {
	if len(p.errs) == 0 {
		p.errs = append(p.errs, complaint{pos, msg, cure})
	}
	p.pos = len(p.text)
	p.tok = token{kind: endTok, pos: p.pos, end: p.pos}
}

// advance goes on to the next token.
func (p *parser) advance() {
	p.prev = p.tok
	if len(p.errs) == 0 {
		p.tok = p.lexer.next()
	}
}

// parseBody reads EXPR ["for" HOLD] ["until" EXPR ["for" HOLD]].
func (p *parser) parseBody() {
	p.advance()
	start := p.tok.pos
	p.checkColon()
	p.expr = p.expression(0)
	p.exprText = p.since(start)
	p.hold, p.holdTxt = p.parseFor()
	p.ruleText = p.since(start)
	if p.tok.isWord("until") {
		p.advance()
		p.until = p.expression(0)
		p.clear, p.clearTxt = p.parseFor()
	}
	if p.tok.kind != endTok {
		p.unexpected()
	}
}

// since is what was read from pos on, without the blanks at its end.
func (p *parser) since(pos int) string { return p.text[pos:max(pos, p.prev.end)] }

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
		}
		left = &node{kind: kind, op: op, at: at, pos: left.pos, end: p.prev.end, x: left, y: right}
		if _, next := p.infix(); bind == bindCompare && next == bindCompare {
			p.chained(left)
		}
	}
}

// chained refuses a < b < c, of which first is a < b, and says how to write it.
func (p *parser) chained(first *node) {
	at := p.tok.pos
	cure := p.span(first)
	for last := first.y; ; {
		op, bind := p.infix()
		if bind != bindCompare {
			break
		}
		p.advance()
		next := p.expression(bindCompare)
		if len(cure) <= text.MaxQuote {
			cure += " and " + p.span(last) + " " + op + " " + p.span(next)
		}
		last = next
	}
	if len(p.errs) > 0 || len(cure) > text.MaxQuote {
		cure = "a < b and b < c"
	}
	p.errs = nil
	p.fail(at, "comparisons do not chain", "write "+cure)
}

// span is what n was written as, on one line and harmless.
func (p *parser) span(n *node) string {
	return strings.Map(harmless, p.text[n.pos:max(n.pos, n.end)])
}

// operand reads what can stand before an operator that binds as tightly as
// bind: a number, a text, a name, a function, brackets, or a sign and its
// operand.
func (p *parser) operand(bind int) *node {
	t := p.tok
	if p.nest++; p.nest > maxNest {
		p.fail(t.pos, fmt.Sprintf("more than %d brackets and signs within each other", maxNest), "")
	}
	defer func() { p.nest-- }()
	switch {
	case t.kind == numberTok, t.kind == durationTok:
		p.advance()
		return &node{kind: numberNode, op: t.text, val: t.val, pos: t.pos, end: t.end}
	case t.kind == textTok:
		p.advance()
		return &node{kind: textNode, op: t.text, pos: t.pos, end: t.end}
	case t.kind == fieldTok:
		return p.quotedField()
	case t.is("("):
		return p.brackets()
	case t.is("-"), t.is("+"):
		return p.prefix(signNode, t.text, bindSign)
	case t.is("!"), t.isWord("not"):
		return p.negation(bind)
	case t.kind == wordTok && !isKeyword(t.text):
		return p.word()
	}
	p.missingOperand()
	return &node{kind: numberNode, pos: t.pos, end: t.pos}
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
		p.fail(p.tok.pos, quote(p.tok.text)+" stands before a whole condition", "put it and its condition in brackets")
	}
	return p.prefix(notNode, "!", bindNot)
}

// brackets reads (EXPR).
func (p *parser) brackets() *node {
	open := p.tok
	p.advance()
	n := *p.expression(0)
	p.closing(open)
	n.pos, n.end = open.pos, p.prev.end
	return &n
}

// closing reads the bracket that belongs to open.
func (p *parser) closing(open token) {
	switch {
	case p.tok.is(")"):
		p.advance()
	case p.tok.isWord("for"), p.tok.isWord("until"):
		p.fail(p.tok.pos, `missing ")" before `+quote(p.tok.text), "for and until stand behind the whole condition, not in brackets")
	case p.tok.kind == endTok:
		p.fail(p.tok.pos, fmt.Sprintf(`missing ")" for the "(" in column %d`, p.column(open.pos)), "")
	default:
		p.unexpected()
	}
}

// column is the place pos in characters, from 1.
func (p *parser) column(pos int) int { return utf8.RuneCountInString(p.text[:pos]) + 1 }

// addName makes a node of a name that begins at pos and ends before tok.
func (p *parser) addName(n *name) *node {
	n.index = -1
	p.names = append(p.names, n)
	return &node{kind: nameNode, pos: n.pos, end: p.prev.end, name: n}
}

// missingOperand says that tok stands where an operand should.
func (p *parser) missingOperand() {
	switch {
	case p.tok.kind == badTok:
		p.unexpected()
	case p.tok.kind != endTok:
		p.fail(p.tok.pos, "missing operand before "+quote(p.tok.text), "")
	case p.prev.end == 0:
		p.fail(p.tok.pos, "the rule is empty", "write one like mean > 80")
	default:
		p.fail(p.tok.pos, "missing operand behind "+quote(p.prev.text), "")
	}
}

// unexpected says that tok cannot stand where it does.
func (p *parser) unexpected() {
	t := p.tok
	msg, cure := "unexpected "+quote(t.text), ""
	switch {
	case t.kind == badTok:
		p.fail(p.err.pos, p.err.msg, p.err.cure)
		return
	case t.is(")"):
		cure = `there is no "(" for it`
	case t.is(":"):
		cure = "a colon stands only behind a severity and a name, which is a word of letters, digits, _ - and ."
	case t.kind == opTok && meant[t.text] != "":
		cure = "write " + meant[t.text]
	case t.kind == wordTok && !isKeyword(t.text):
		cure = didYouMean(t.text, []string{"and", "or", "for", "until"})
	case t.kind == numberTok, t.kind == durationTok:
		cure = "an operator is missing before it"
	}
	p.fail(t.pos, msg, cure)
}
