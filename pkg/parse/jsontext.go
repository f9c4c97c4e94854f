package parse

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// unescape appends to dst what the string stands for whose content is raw. The
// content has been checked. ok is false if there is a lone surrogate in it,
// which no text can hold.
func unescape(dst, raw []byte) (text []byte, ok bool) {
	for {
		i := bytes.IndexByte(raw, '\\')
		if i < 0 {
			return append(dst, raw...), true
		}
		dst = append(dst, raw[:i]...)
		if raw[i+1] != 'u' {
			dst = append(dst, unescapeByte(raw[i+1]))
			raw = raw[i+2:]
			continue
		}
		c, n := unescapeRune(raw[i:])
		if n == 0 {
			return dst, false
		}
		dst = utf8.AppendRune(dst, c)
		raw = raw[i+n:]
	}
}

func unescapeByte(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}

// unescapeRune is the character that the \u escape stands for with which raw
// begins, and its length: 12 for a pair of surrogates, 0 for a lone one.
func unescapeRune(raw []byte) (c rune, n int) {
	c, _ = hex4(raw[2:])
	if !utf16.IsSurrogate(c) {
		return c, 6
	}
	if len(raw) >= 12 && raw[6] == '\\' && raw[7] == 'u' {
		low, _ := hex4(raw[8:])
		if c = utf16.DecodeRune(c, low); c != utf8.RuneError {
			return c, 12
		}
	}
	return 0, 0
}
