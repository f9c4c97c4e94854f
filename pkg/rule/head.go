package rule

import (
	"fmt"
	"strings"
	"unicode"
)

var severities = map[string]Severity{"info": Info, "warn": Warn, "crit": Crit}

// parseHead reads [SEVERITY] [NAME] ":", if the rule begins so: with nothing
// but words before its first colon.
func (p *parser) parseHead() {
	text := p.text
	p.severity, p.head = Warn, "warn: "
	colon := strings.IndexFunc(text, func(r rune) bool { return r == ':' || !inName(r) && !isBlank(r) })
	if colon < 0 || text[colon] != ':' {
		return
	}
	words := p.headWords(text[:colon])
	if len(words) == 0 {
		p.fail(colon, `unexpected ":"`, "a colon stands behind a severity or a name: crit hot: mean > 80")
		return
	}
	if sev, ok := severities[words[0].text]; ok {
		p.severity, words = sev, words[1:]
	} else if len(words) > 1 {
		p.fail(words[0].pos, "unknown severity "+quote(words[0].text), p.meantSeverity(words[0].text))
		return
	}
	if len(words) > 1 {
		p.fail(words[1].pos, "unexpected "+quote(words[1].text), "a name is one word, as in low-disk")
		return
	}
	if p.head = p.severity.String() + ": "; len(words) == 1 {
		p.name, p.namePos = words[0].text, words[0].pos
		p.head = p.severity.String() + " " + p.name + ": "
	}
	p.pos = colon + 1
	p.tok = token{kind: opTok, pos: colon, end: colon + 1, text: ":"}
}

// headWords are the words of head.
func (p *parser) headWords(head string) (words []token) {
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

func (p *parser) meantSeverity(word string) string {
	if cure := didYouMean(word, []string{"info", "warn", "crit"}); cure != "" {
		return cure
	}
	return "they are info, warn and crit; a name is one word"
}

// checkColon refuses a severity that has no colon behind it.
func (p *parser) checkColon() {
	if _, ok := severities[p.tok.text]; !ok || p.tok.kind != wordTok || p.prev.is(":") {
		return
	}
	ahead, word := p.lexer, p.tok.text
	if next := ahead.next(); next.beginsOperand() {
		p.fail(next.pos, fmt.Sprintf(`missing ":" behind %q`, word), fmt.Sprintf("write %s: mean > 80 or %s NAME: mean > 80", word, word))
	}
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

func inName(r rune) bool {
	return r == '_' || r == '-' || r == '.' || unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
}

func isBlank(r rune) bool { return r == ' ' || r == '\t' || r == '\r' || r == '\n' }
