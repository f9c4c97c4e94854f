package view

import "unicode/utf8"

// A key is a character that was typed, or one of those below.
type key rune

const (
	keyUp key = -1 - iota
	keyDown
	keyLeft
	keyRight
	keyPgUp
	keyPgDn
	keyHome
	keyEnd
	keyEnter
	keyEscape
	keyBackspace
)

// sequences are what terminals send for keys behind "\x1b[" or "\x1bO".
var sequences = map[string]key{
	"A": keyUp, "B": keyDown, "C": keyRight, "D": keyLeft, "H": keyHome, "F": keyEnd,
	"1~": keyHome, "4~": keyEnd, "5~": keyPgUp, "6~": keyPgDn, "7~": keyHome, "8~": keyEnd,
}

// readKey reads the first key of what was typed and returns the rest. ok is false
// where b does not hold all of a key: more is to come, or at the end nothing. A
// sequence of no meaning here is key 0.
func readKey(b string, end bool) (k key, rest string, ok bool) {
	switch {
	case b == "":
		return 0, "", false
	case b[0] == '\r', b[0] == '\n':
		return keyEnter, b[1:], true
	case b[0] == 0x7f, b[0] == '\b':
		return keyBackspace, b[1:], true
	case b[0] == 0x1b:
		return readSequence(b, end)
	case b[0] < ' ':
		return 0, b[1:], true
	case !utf8.FullRuneInString(b) && !end:
		return 0, b, false
	}
	r, n := utf8.DecodeRuneInString(b)
	if r == utf8.RuneError {
		r = 0
	}
	return key(r), b[n:], true
}

// readSequence reads what begins with Escape: that key alone where no more comes,
// or two characters, or a sequence of ECMA-48 with its parameters.
func readSequence(b string, end bool) (k key, rest string, ok bool) {
	if len(b) == 1 && !end {
		return 0, b, false
	}
	if len(b) == 1 || b[1] != '[' && b[1] != 'O' {
		return keyEscape, b[1:], true
	}
	n := 2
	for n < len(b) && b[n] >= ' ' && b[n] <= '?' { // parameters
		n++
	}
	switch {
	case n < len(b):
		return sequences[b[2:n+1]], b[n+1:], true
	case end:
		return 0, "", true
	}
	return 0, b, false
}
