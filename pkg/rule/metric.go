package rule

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"rtda/pkg/text"
)

func (p *parser) quotedField() *node {
	t := p.tok
	p.advance()
	if p.tok.is("(") {
		p.fail(p.tok.pos, quote(t.text)+" in backquotes is a field, not an aggregate", "write it without backquotes")
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
	case p.scope.IsAgg(t.text):
		return p.aggregate(t)
	}
	p.fail(t.pos, "unknown function "+quote(t.text), p.meantFunction(t.text))
	return &node{kind: numberNode, pos: t.pos, end: t.end}
}

// call reads the operand of a function in brackets.
func (p *parser) call(f token) *node {
	open := p.tok
	p.advance()
	x := p.expression(0)
	if p.tok.is(",") {
		p.fail(p.tok.pos, f.text+" takes one operand", "")
	}
	p.closing(open)
	return &node{kind: callNode, op: f.text, at: f.pos, pos: f.pos, end: p.prev.end, x: x}
}

// aggregate reads what stands in the brackets of agg: FIELD, WINDOW or both.
// Every word there but all is a field.
func (p *parser) aggregate(agg token) *node {
	open := p.tok
	n := &name{form: aggName, pos: agg.pos, word: agg.text}
	if agg.text == "age" {
		p.fail(open.pos, "age is the key's and takes no field or window", "write age > 30s")
	}
	p.advance()
	switch {
	case p.tok.kind == fieldTok, p.tok.kind == wordTok && p.tok.text != "all":
		n.field = p.tok.text
		p.advance()
		p.secondArg(n)
	case p.tok.is(")"):
		p.fail(p.tok.pos, "missing field or window", fmt.Sprintf("write %s, %s(temp), %s(1m) or %s(temp, 1m)", n.word, n.word, n.word, n.word))
	default:
		p.window(n)
		p.noMoreArgs(n)
	}
	p.closing(open)
	return p.addName(n)
}

// secondArg reads ["," WINDOW] behind a field.
func (p *parser) secondArg(n *name) {
	switch {
	case p.tok.is(","):
		p.advance()
		if p.tok.kind == wordTok && p.tok.text != "all" || p.tok.kind == fieldTok {
			p.fail(p.tok.pos, fmt.Sprintf("%s takes one field, and then a window", n.word), fmt.Sprintf("write %s(%s, 1m)", n.word, n.argText()))
		}
		p.window(n)
	case p.tok.kind == durationTok, p.tok.kind == numberTok:
		p.fail(p.tok.pos, "unexpected "+quote(p.tok.text), fmt.Sprintf("write %s(%s, %s)", n.word, n.argText(), p.tok.text))
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
	p.fail(p.tok.pos, "unexpected "+quote(p.tok.text),
		fmt.Sprintf("a field with such signs in its name stands in backquotes: %s(`%s`)", n.word, strings.Map(harmless, whole)))
}

// window reads WINDOW: samples, a duration or all.
func (p *parser) window(n *name) {
	t := p.tok
	switch {
	case t.isWord("all"):
		n.window = Window{All: true}
	case t.kind == durationTok && t.ns > 0:
		n.window = Window{D: t.ns}
	case t.kind == numberTok && t.count() > 0:
		n.window = Window{N: t.count()}
		t.text = fmt.Sprint(n.window.N)
	case t.kind == textTok:
		p.fail(t.pos, "a field stands without double quotes", "write "+n.word+"("+fieldText(t.text)+")")
		return
	case t.kind == endTok && len(p.errs) == 0:
		p.missingOperand()
		return
	case t.kind == badTok:
		p.unexpected()
		return
	default:
		p.fail(t.pos, "bad window "+quote(t.text), "a window is a count of 1 or more, a duration like 5m, or all")
		return
	}
	n.width = t.text
	p.advance()
}

// noMoreArgs refuses what stands behind a window.
func (p *parser) noMoreArgs(n *name) {
	if !p.tok.is(",") {
		return
	}
	comma := p.tok
	p.advance()
	if p.tok.kind == fieldTok || p.tok.kind == wordTok && p.tok.text != "all" {
		p.fail(p.tok.pos, "the field stands before the window", fmt.Sprintf("write %s(%s, %s)", n.word, fieldText(p.tok.text), n.width))
		return
	}
	p.fail(comma.pos, n.word+" takes one window", fmt.Sprintf("write %s(%s)", n.word, n.width))
}

// count is the window of so many samples that t writes; 0 where it is none.
func (t token) count() int {
	n, err := strconv.Atoi(t.text)
	if err != nil || n > math.MaxInt32 {
		return 0
	}
	return n
}
