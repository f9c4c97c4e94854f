// Package text prepares text for people and machines to read: it quotes,
// escapes and cuts what comes from outside, and guesses which word was meant.
// It knows nothing of records, rules or formats.
package text

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Unsafe reports whether r is never written as it is: control characters (C0,
// DEL, C1), the line separators and the marks that turn the direction of
// writing could move a terminal's cursor, split a line or make a reader see
// another text.
func Unsafe(r rune) bool {
	return r < ' ' || 0x7f <= r && r <= 0x9f || 0x2028 <= r && r <= 0x202e || 0x2066 <= r && r <= 0x2069
}

// An Escaper says how a format writes the characters that cannot stand as they
// are: those that are Unsafe and its own.
type Escaper struct {
	ascii     [utf8.RuneSelf]uint8 // which of texts stands for a character; 0: none
	texts     []string
	unicode   string // begins the four digits of a character above
	invalid   string // stands for a byte that is not UTF-8; "" for \xNN
	ambiguous string // see NewEscaper
}

// NewEscaper escapes unsafe characters by slash and a letter or u and four
// digits, and the characters of own as it says. A backslash before a
// character of ambiguous, in which \x00 stands for the end of the text, is
// written as slash and u005c: else it would look like the beginning of an
// escape, and two texts would be written alike.
func NewEscaper(slash string, own map[byte]string, ambiguous string) *Escaper {
	e := &Escaper{unicode: slash + "u", invalid: slash + "ufffd", ambiguous: ambiguous, texts: make([]string, 1, 8)}
	set := func(c byte, text string) {
		e.ascii[c] = uint8(len(e.texts))
		e.texts = append(e.texts, text)
	}
	set('\\', `\`)
	set('\n', slash+"n")
	set('\t', slash+"t")
	set('\r', slash+"r")
	for c, text := range own {
		set(c, text)
	}
	return e
}

// Append appends s with all that cannot stand as it is escaped.
func (e *Escaper) Append(dst []byte, s string) []byte {
	from := 0 // what comes before it is appended
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if text := e.texts[e.ascii[c]]; text != "" && !(c == '\\' && e.isAmbiguous(s[i+1:])) {
				dst = append(append(dst, s[from:i]...), text...)
				from = i + 1
			} else if text != "" || Unsafe(rune(c)) {
				dst = appendHex(append(append(dst, s[from:i]...), e.unicode...), rune(c))
				from = i + 1
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if invalid := r == utf8.RuneError && n == 1; invalid || Unsafe(r) {
			dst = append(dst, s[from:i]...)
			switch {
			case !invalid:
				dst = appendHex(append(dst, e.unicode...), r)
			case e.invalid != "":
				dst = append(dst, e.invalid...)
			default:
				dst = append(dst, '\\', 'x', hexDigits[s[i]>>4], hexDigits[s[i]&15])
			}
			from = i + n
		}
		i += n
	}
	return append(dst, s[from:]...)
}

// isAmbiguous reports whether a backslash before rest could be mistaken for
// the beginning of an escape.
func (e *Escaper) isAmbiguous(rest string) bool {
	next := byte(0)
	if rest != "" {
		next = rest[0]
	}
	return strings.IndexByte(e.ambiguous, next) >= 0
}

const hexDigits = "0123456789abcdef"

// appendHex appends the four hexadecimal digits of r < 0x10000.
func appendHex(dst []byte, r rune) []byte {
	return append(dst, hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
}

var (
	jsonEscapes  = NewEscaper(`\`, map[byte]string{'"': `\"`, '\\': `\\`}, "")
	quoteEscapes = func() *Escaper {
		e := *jsonEscapes
		e.invalid = ""
		return &e
	}()
	plainEscapes = NewEscaper(`\`, nil, "")
)

// AppendJSON appends s as a JSON string.
func AppendJSON(dst []byte, s string) []byte {
	return append(jsonEscapes.Append(append(dst, '"'), s), '"')
}

// AppendQuoted appends s in quotes as complaints quote the data, which may be
// no text at all: like JSON, but bytes that are not UTF-8 are shown as \xNN.
func AppendQuoted(dst []byte, s string) []byte {
	return append(quoteEscapes.Append(append(dst, '"'), s), '"')
}

// AppendPlain appends s without quotes, unsafe characters escaped: names of
// files, say.
func AppendPlain(dst []byte, s string) []byte { return plainEscapes.Append(dst, s) }

// AppendLogfmt appends s as logfmt wants a value, as a JSON string if it
// cannot stand alone among pairs name=value.
func AppendLogfmt(dst []byte, s string) []byte {
	if needsQuotes(s) {
		return AppendJSON(dst, s)
	}
	return append(dst, s...)
}

// needsQuotes reports whether s cannot stand alone among pairs name=value: it
// is empty, or has a blank, a quote, an equals sign or a character that is to
// be escaped, or is not UTF-8.
func needsQuotes(s string) bool {
	special := func(r rune) bool { return r == ' ' || r == '"' || r == '=' || Unsafe(r) }
	return s == "" || !utf8.ValidString(s) || strings.ContainsFunc(s, special)
}

// Quote returns s as complaints show an argument: in double quotes, on one
// line, cut at MaxQuote bytes and harmless to terminals.
func Quote(s string) string {
	if len(s) > MaxQuote {
		s = strings.ToValidUTF8(Cut(s, MaxQuote), "") + "…"
	}
	return strconv.Quote(s)
}

// Plain is s without quotes, unsafe characters escaped.
func Plain(s string) string { return string(AppendPlain(nil, s)) }

// ASCII returns s with every character beyond ASCII as its escape: "\u6e29".
func ASCII(s string) string {
	quoted := []byte(nil)
	for _, r := range s {
		if r < 0x80 {
			quoted = append(quoted, byte(r))
			continue
		}
		e := strconv.AppendQuoteRuneToASCII(nil, r)
		quoted = append(quoted, e[1:len(e)-1]...)
	}
	return string(quoted)
}

// FileName returns the name of a file as complaints show it: as it is, or
// quoted if it is empty or holds something that must not reach a terminal.
func FileName(name string) string {
	if quoted := strconv.Quote(name); quoted != `"`+name+`"` || name == "" {
		return quoted
	}
	return name
}

// MaxQuote is how many bytes of the data, or of a rule, a message quotes at
// most.
const MaxQuote = 80

// Cut is at most max bytes of s, cut between characters. A text that is not
// UTF-8 may be cut anywhere.
func Cut[T string | []byte](s T, max int) T {
	if len(s) <= max {
		return s
	}
	for end := max; end > max-utf8.UTFMax && end > 0; end-- {
		if utf8.RuneStart(s[end]) {
			return s[:end]
		}
	}
	return s[:max]
}
