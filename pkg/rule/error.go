package rule

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"rtda/pkg/text"
)

// An Error says what cannot stand in a rule, where, and how to put it right.
type Error struct {
	Source string // what the rule is called: "rule 2", "rules.txt:3"
	Text   string // the rule as given
	Column int    // of the first character that cannot stand there, from 1
	Msg    string
	Cure   string // how to put it right, or ""
}

// Error is three lines without a final newline: what is wrong, the rule, and a
// caret under the place.
//
//	rule 1, column 1: unknown metric "maen" (did you mean mean?)
//	  maen > 80
//	  ^
func (e *Error) Error() string {
	cure := ""
	if e.Cure != "" {
		cure = " (" + brief(e.Cure) + ")"
	}
	line, at := excerpt(e.Text, e.Column-1)
	return fmt.Sprintf("%s, column %d: %s%s\n  %s\n  %s^",
		e.Source, e.Column, brief(e.Msg), cure, line, strings.Repeat(" ", at))
}

// A rule longer than maxLine characters is not shown whole: excerpt leaves
// before characters in front of the caret and about maxLine in all.
const (
	maxLine = 200
	before  = 80
)

// excerpt is the part of a rule around its character at, on one line, and the
// caret's place in it. Every character that would move the caret or the
// terminal is replaced by one that does not.
func excerpt(text string, at int) (line string, caret int) {
	rs := []rune(text)
	for i, r := range rs {
		rs[i] = harmless(r)
	}
	if len(rs) <= maxLine {
		return string(rs), at
	}
	from := max(0, min(at-before, len(rs)-maxLine))
	to := min(from+maxLine, len(rs))
	line, caret = string(rs[from:to]), at-from
	if from > 0 {
		line, caret = "…"+line, caret+1
	}
	if to < len(rs) {
		line += "…"
	}
	return line, caret
}

// maxMessage is how many characters of a message are shown at most; the list of
// all aggregates has room in it.
const maxMessage = 400

// brief is what a message says, on one line and without harm, cut at maxMessage
// characters: names of fields may be in it, which may be anything.
func brief(s string) string {
	rs := []rune(strings.Map(harmless, s))
	if len(rs) <= maxMessage {
		return string(rs)
	}
	return string(rs[:maxMessage]) + "…"
}

// harmless is r, or what stands for it where it is shown: a blank for a tab or
// the end of a line, U+FFFD for other control and direction characters.
func harmless(r rune) rune {
	switch {
	case r == '\t' || r == '\n' || r == '\r':
		return ' '
	case text.Unsafe(r):
		return utf8.RuneError
	}
	return r
}

// error is c as a complaint about the rule d.
func (d *draft) error(c complaint) *Error {
	column := 1 + utf8.RuneCountInString(d.src.Text[:c.pos])
	return &Error{Source: d.src.Name, Text: d.src.Text, Column: column, Msg: c.msg, Cure: c.cure}
}

// quote is s in double quotes, cut at text.MaxQuote bytes (never inside a
// character) and with what is not printable escaped.
func quote(s string) string {
	return strconv.Quote(text.Cut(s, text.MaxQuote))
}

// didYouMean is a cure: "did you mean mean?", or "".
func didYouMean(word string, known []string) string {
	if near := text.Suggest(word, known); near != "" {
		return "did you mean " + near + "?"
	}
	return ""
}
