package rule

import (
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"rtda/pkg/clock"
)

type tokenKind uint8

const (
	endTok      tokenKind = iota // the end of the rule
	badTok                       // cannot be read; the lexer says why
	numberTok                    // 80, 1.5e3
	durationTok                  // 30s
	wordTok                      // mean, and, env.temp
	fieldTok                     // `cpu-usage`, text without the quotes
	textTok                      // "web1", text decoded
	opTok                        // an operator, a bracket, a comma
)

// A token is text[pos:end] of the rule.
type token struct {
	kind     tokenKind
	pos, end int
	text     string  // as written; decoded in fieldTok and textTok
	val      float64 // of a number, of a duration in seconds
	ns       int64   // of a duration
}

// is tells whether t is this operator or bracket.
func (t token) is(op string) bool { return t.kind == opTok && t.text == op }

func (t token) isWord(w string) bool { return t.kind == wordTok && t.text == w }

// A lexer cuts a rule into tokens.
type lexer struct {
	text string
	pos  int
	why  complaint // of the last badTok
}

func (l *lexer) next() token {
	rest := strings.TrimLeft(l.text[l.pos:], " \t\r\n")
	if rest == "" {
		end := len(strings.TrimRight(l.text, " \t\r\n"))
		return token{kind: endTok, pos: end, end: end}
	}
	l.pos = len(l.text) - len(rest)
	r, size := utf8.DecodeRuneInString(rest)
	var t token
	switch {
	case r == '"':
		t = l.quoted()
	case r == '`':
		t = l.field()
	case isDigit(r), r == '.' && len(rest) > 1 && isDigit(rune(rest[1])):
		t = l.number()
	case startsWord(r):
		t = token{kind: wordTok, end: l.pos + wordEnd(rest)}
		t.text = l.text[l.pos:t.end]
	default:
		t = l.op(r, size)
	}
	t.pos, l.pos = l.pos, t.end
	return t
}

// bad is a token of n bytes that cannot be read.
func (l *lexer) bad(n int, msg, cure string) token {
	l.why = complaint{l.pos, msg, cure}
	return token{kind: badTok, end: l.pos + n, text: l.text[l.pos : l.pos+n]}
}

// quoted reads a text in double quotes with Go's escapes.
func (l *lexer) quoted() token {
	q, err := strconv.QuotedPrefix(l.text[l.pos:])
	if err != nil {
		return l.badText()
	}
	s, err := strconv.Unquote(q)
	if err != nil || !utf8.ValidString(s) {
		return l.bad(len(q), "bad text "+quote(q), "a text is UTF-8 with Go's escapes")
	}
	return token{kind: textTok, end: l.pos + len(q), text: s}
}

// badText says what is wrong with a text that strconv refuses: it has no end,
// or it has an end and a bad escape before it.
func (l *lexer) badText() token {
	if end := quoteEnd(l.text, l.pos); end < len(l.text) && !strings.Contains(l.text[l.pos:end], "\n") {
		q := l.text[l.pos : end+1]
		return l.bad(len(q), "bad text "+quote(q), `a text has Go's escapes: \" \\ \t \u00e9`)
	}
	return l.bad(1, "a text without its closing quote", `write "text"`)
}

// quoteEnd is where the quoted stretch that begins at text[pos] has its
// closing quote, or len(text). A backslash escapes in double quotes only.
func quoteEnd(text string, pos int) int {
	for i := pos + 1; i < len(text); i++ {
		switch {
		case text[i] == text[pos]:
			return i
		case text[i] == '\\' && text[pos] == '"':
			i++
		}
	}
	return len(text)
}

// field reads a name in backquotes.
func (l *lexer) field() token {
	end := quoteEnd(l.text, l.pos)
	if end == len(l.text) {
		return l.bad(1, "a field without its closing backquote", "write `cpu-usage`")
	}
	name := l.text[l.pos+1 : end]
	if name == "" || !utf8.ValidString(name) {
		return l.bad(end+1-l.pos, "bad field "+quote(name), "a field has a name in UTF-8")
	}
	return token{kind: fieldTok, end: end + 1, text: name}
}

// number reads a number or, where letters follow the digits, a duration.
func (l *lexer) number() token {
	s := l.text[l.pos:]
	n := len(s) - len(strings.TrimLeft(s, "0123456789."))
	n += exponent(s[n:])
	if tail := wordEnd(s[n:]); tail > 0 {
		return l.duration(s[:n+tail])
	}
	x, err := strconv.ParseFloat(s[:n], 64)
	if math.IsInf(x, 0) {
		return l.bad(n, "the number "+quote(s[:n])+" is too large", "")
	}
	if err != nil {
		return l.bad(n, "bad number "+quote(s[:n]), "numbers are like 80, 1.5 or 2e3")
	}
	return token{kind: numberTok, end: l.pos + n, text: s[:n], val: x}
}

// exponent is the length of the exponent that s begins with, or 0.
func exponent(s string) int {
	if s == "" || s[0]|0x20 != 'e' {
		return 0
	}
	n := 1
	if len(s) > 1 && (s[1] == '+' || s[1] == '-') {
		n = 2
	}
	digits := len(s[n:]) - len(strings.TrimLeft(s[n:], "0123456789"))
	if digits == 0 {
		return 0
	}
	return n + digits
}

func (l *lexer) duration(s string) token {
	d, ok := clock.ParseDuration(s)
	if !ok {
		cure := "durations are like 250ms, 30s, 1h30m or 2d, numbers like 80, 1.5 or 2e3"
		number := strings.TrimRightFunc(s, unicode.IsLetter)
		if unit := unitsMeant[strings.ToLower(s[len(number):])]; unit != "" && number != "" {
			cure = "write " + number + unit
		}
		return l.bad(len(s), "bad duration "+quote(s), cure)
	}
	return token{kind: durationTok, end: l.pos + len(s), text: s, val: d.Seconds(), ns: int64(d)}
}

// ops are the operators and brackets, and what is often written for them;
// longer ones before those that begin them.
var ops = []string{
	"===", "!==", "||", "&&", "==", "!=", "<=", ">=", "=>", "=<", "<>",
	"<", ">", "+", "-", "*", "/", "(", ")", ",", "!", ":", "=", "&", "|",
}

// meant is what is to be written for operators that are none.
var meant = map[string]string{
	"=": "==", "===": "==", "!==": "!=", "=>": ">=", "=<": "<=", "<>": "!=", "&": "&&", "|": "||",
	"≥": ">=", "≤": "<=", "≠": "!=", "−": "-", "–": "-", "×": "*", "·": "*", "÷": "/", "∧": "&&", "∨": "||", "¬": "!",
	"“": `"`, "”": `"`, "„": `"`, "'": `"`, "‘": `"`, "’": `"`,
}

// unitsMeant are the units of durations that are written in another way.
var unitsMeant = map[string]string{
	"s": "s", "sec": "s", "secs": "s", "second": "s", "seconds": "s",
	"m": "m", "min": "m", "mins": "m", "minute": "m", "minutes": "m",
	"h": "h", "hr": "h", "hrs": "h", "hour": "h", "hours": "h",
	"d": "d", "day": "d", "days": "d", "w": "w", "week": "w", "weeks": "w",
	"ms": "ms", "msec": "ms", "milliseconds": "ms", "us": "us", "ns": "ns",
}

// op reads an operator, or says why r is none.
func (l *lexer) op(r rune, size int) token {
	for _, op := range ops {
		if strings.HasPrefix(l.text[l.pos:], op) {
			return token{kind: opTok, end: l.pos + len(op), text: op}
		}
	}
	char := l.text[l.pos : l.pos+size]
	switch sign := meant[char]; {
	case sign != "":
		return l.bad(size, "unexpected "+quote(char), "write "+sign)
	case r == utf8.RuneError && size == 1:
		return l.bad(size, "invalid UTF-8", "")
	case unicode.IsSpace(r), unicode.IsControl(r):
		return l.bad(size, "unexpected "+quote(char), "write a plain blank")
	}
	return l.bad(size, "unexpected "+quote(char), "a field with such signs in its name stands in backquotes: `cpu-usage`")
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

func startsWord(r rune) bool { return r == '_' || unicode.IsLetter(r) }

func inWord(r rune) bool {
	return startsWord(r) || r == '.' || unicode.IsDigit(r) || unicode.IsMark(r)
}

// wordEnd is the length of the word that s begins with.
func wordEnd(s string) int { return len(s) - len(strings.TrimLeftFunc(s, inWord)) }

// isPlainWord tells whether s can stand as a field without backquotes.
func isPlainWord(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return s != "" && startsWord(r) && wordEnd(s) == len(s)
}
