package format

import (
	"strings"
	"unicode/utf8"
)

// An escaper says how a format writes the characters that cannot stand as they
// are. Control characters (C0, DEL, C1), the line separators and the marks
// that turn the direction of writing never do, in no format: they could move
// a terminal's cursor, split a line or make a reader see another text.
type escaper struct {
	ascii   [utf8.RuneSelf]string // what stands for a character that has a text of its own
	unicode string                // begins the four digits of a character above
	invalid string                // stands for a byte that is not UTF-8; "" for \xNN
}

// newEscaper escapes control characters by slash and a letter or four digits,
// and the characters of own as it says.
func newEscaper(slash string, own map[byte]string) *escaper {
	e := &escaper{unicode: slash + "u", invalid: slash + "ufffd"}
	e.ascii['\n'], e.ascii['\t'], e.ascii['\r'] = slash+"n", slash+"t", slash+"r"
	for c, text := range own {
		e.ascii[c] = text
	}
	return e
}

// isUnsafe reports whether a character is escaped in every format.
func isUnsafe(r rune) bool {
	return r < ' ' || 0x7f <= r && r <= 0x9f || 0x2028 <= r && r <= 0x202e || 0x2066 <= r && r <= 0x2069
}

// append appends s with all that cannot stand as it is escaped.
func (e *escaper) append(dst []byte, s string) []byte {
	from := 0 // what comes before it is appended
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if text := e.ascii[c]; text != "" {
				dst = append(append(dst, s[from:i]...), text...)
				from = i + 1
			} else if isUnsafe(rune(c)) {
				dst = appendHex(append(append(dst, s[from:i]...), e.unicode...), rune(c))
				from = i + 1
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if broken := r == utf8.RuneError && n == 1; broken || isUnsafe(r) {
			dst = append(dst, s[from:i]...)
			dst = e.appendRune(dst, r, s[i], broken)
			from = i + n
		}
		i += n
	}
	return append(dst, s[from:]...)
}

func (e *escaper) appendRune(dst []byte, r rune, b byte, broken bool) []byte {
	switch {
	case !broken:
		return appendHex(append(dst, e.unicode...), r)
	case e.invalid != "":
		return append(dst, e.invalid...)
	}
	return append(dst, '\\', 'x', hexDigits[b>>4], hexDigits[b&15])
}

const hexDigits = "0123456789abcdef"

// appendHex appends the four hexadecimal digits of r < 0x10000.
func appendHex(dst []byte, r rune) []byte {
	return append(dst, hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
}

var (
	jsonEscapes = newEscaper(`\`, map[byte]string{'"': `\"`, '\\': `\\`})
	// what complaints quote may be no text at all: its bytes are shown
	quoteEscapes = func() *escaper {
		e := newEscaper(`\`, map[byte]string{'"': `\"`, '\\': `\\`})
		e.invalid = ""
		return e
	}()
	// names of files and rules that stand unquoted
	plainEscapes = newEscaper(`\`, nil)
)

// appendJSON appends s as a JSON string.
func appendJSON(dst []byte, s string) []byte {
	dst = jsonEscapes.append(append(dst, '"'), s)
	return append(dst, '"')
}

// appendText appends s as logfmt wants a value, quoted with JSON's escapes if
// it needs them.
func appendText(dst []byte, s string) []byte {
	if needsQuotes(s) {
		return appendJSON(dst, s)
	}
	return append(dst, s...)
}

// needsQuotes reports whether s cannot stand alone among pairs name=value:
// it is empty, or has a blank, a quote, an equals sign or a character that is
// to be escaped.
func needsQuotes(s string) bool {
	for i, r := range s {
		if r == ' ' || r == '"' || r == '=' || isUnsafe(r) {
			return true
		}
		if r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD") {
			return true // not UTF-8
		}
	}
	return s == ""
}

// cutText is at most max bytes of b, cut between characters.
func cutText(b []byte, max int) []byte {
	if len(b) <= max {
		return b
	}
	for end := max; end > max-utf8.UTFMax && end > 0; end-- {
		if utf8.RuneStart(b[end]) {
			return b[:end]
		}
	}
	return b[:max]
}
