package parse

import (
	"encoding/binary"
	"math/bits"
)

// maxDepth is how deep a record may be nested; the record itself is 1.
const maxDepth = 64

// A jsonScanner walks over JSON text and checks it: what it accepts is what
// RFC 8259 and encoding/json.Valid accept, not deeper than maxDepth. It builds
// nothing, so its memory does not grow with the line.
//
// The methods take the index of the first byte of what they skip, return that
// of the first byte behind it, and -1 at an error, for which tooDeep says
// which. Each byte is looked at once.
type jsonScanner struct {
	b       []byte
	tooDeep bool
}

// space skips white space.
func (s *jsonScanner) space(i int) int {
	for i < len(s.b) && (s.b[i] == ' ' || s.b[i] == '\t' || s.b[i] == '\n' || s.b[i] == '\r') {
		i++
	}
	return i
}

// is reports whether the byte at i is c.
func (s *jsonScanner) is(i int, c byte) bool { return i < len(s.b) && s.b[i] == c }

// isObject reports whether line is an object and nothing else.
func (s *jsonScanner) isObject(line []byte) bool {
	s.b, s.tooDeep = line, false
	i := s.space(0)
	if !s.is(i, '{') {
		return false
	}
	i = s.object(i, 1)
	return i >= 0 && s.space(i) == len(line)
}

// value skips a value that is nested in depth others.
func (s *jsonScanner) value(i, depth int) int {
	if i >= len(s.b) {
		return -1
	}
	switch s.b[i] {
	case '{':
		return s.object(i, depth+1)
	case '[':
		return s.array(i, depth+1)
	case '"':
		return s.text(i)
	case 't':
		return s.word(i, "true")
	case 'f':
		return s.word(i, "false")
	case 'n':
		return s.word(i, "null")
	}
	if n := scanJSONNumber(s.b[i:]); n > 0 {
		return i + n
	}
	return -1
}

func (s *jsonScanner) word(i int, w string) int {
	if len(s.b)-i >= len(w) && string(s.b[i:i+len(w)]) == w {
		return i + len(w)
	}
	return -1
}

// object skips an object at the given depth.
func (s *jsonScanner) object(i, depth int) int {
	i, more := s.open(i, depth, '}')
	for more {
		if i = s.name(i); i < 0 {
			return -1
		}
		if i = s.value(i, depth); i < 0 {
			return -1
		}
		i, more = s.next(i, '}')
	}
	return i
}

// array skips an array at the given depth.
func (s *jsonScanner) array(i, depth int) int {
	i, more := s.open(i, depth, ']')
	for more {
		if i = s.value(i, depth); i < 0 {
			return -1
		}
		i, more = s.next(i, ']')
	}
	return i
}

// open skips an opening bracket and the white space behind it. There is more
// unless the closing bracket follows, which is skipped too.
func (s *jsonScanner) open(i, depth int, closing byte) (end int, more bool) {
	if depth > maxDepth {
		s.tooDeep = true
		return -1, false
	}
	i = s.space(i + 1)
	if s.is(i, closing) {
		return i + 1, false
	}
	return i, true
}

// next skips what stands behind a member or element: a comma, and there is
// more, or the closing bracket.
func (s *jsonScanner) next(i int, closing byte) (end int, more bool) {
	i = s.space(i)
	switch {
	case s.is(i, ','):
		return s.space(i + 1), true
	case s.is(i, closing):
		return i + 1, false
	}
	return -1, false
}

// name skips the name of a member and its colon.
func (s *jsonScanner) name(i int) int {
	if !s.is(i, '"') {
		return -1
	}
	if i = s.text(i); i < 0 {
		return -1
	}
	return s.colon(i)
}

// colon skips a colon and the white space around it.
func (s *jsonScanner) colon(i int) int {
	i = s.space(i)
	if !s.is(i, ':') {
		return -1
	}
	return s.space(i + 1)
}

// text skips a string.
func (s *jsonScanner) text(i int) int {
	for i++; ; {
		i = plainText(s.b, i)
		switch {
		case i >= len(s.b) || s.b[i] < ' ':
			return -1
		case s.b[i] == '"':
			return i + 1
		}
		n := escapeLen(s.b[i:])
		if n == 0 {
			return -1
		}
		i += n
	}
}

// plainText is the index of the first byte from b[i] on that does not stand
// for itself in a string: a quote, a backslash or a control character.
func plainText(b []byte, i int) int {
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		quote, back := w^'"'*ones8, w^'\\'*ones8
		// A byte below n sets its high bit in (w-n)&^w; a borrow may set more,
		// but only above the first.
		m := ((w-' '*ones8)&^w | (quote-ones8)&^quote | (back-ones8)&^back) & highs8
		if m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
	}
	for i < len(b) && b[i] >= ' ' && b[i] != '"' && b[i] != '\\' {
		i++
	}
	return i
}

// escapeLen is how many bytes the escape has that b begins with, 0 if it is
// none.
func escapeLen(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if _, ok := hex4(b[2:]); ok {
			return 6
		}
	}
	return 0
}

// hex4 is the number that the first four bytes of b write in hexadecimal.
func hex4(b []byte) (n rune, ok bool) {
	if len(b) < 4 {
		return 0, false
	}
	for _, c := range b[:4] {
		switch {
		case c-'0' <= 9:
			n = n<<4 | rune(c-'0')
		case c|0x20-'a' <= 5 && c|0x20 >= 'a':
			n = n<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return n, true
}
