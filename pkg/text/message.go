// Package text prepares text for people and machines to read: it quotes,
// escapes and cuts what comes from outside. It knows nothing of records, rules
// or formats.
package text

import (
	"strconv"
	"strings"
)

// maxQuote is how many bytes of an argument a complaint quotes.
const maxQuote = 80

// Quote returns s as complaints show an argument: in double quotes, on one
// line, cut at 80 bytes and harmless to terminals.
func Quote(s string) string {
	if len(s) > maxQuote {
		s = strings.ToValidUTF8(s[:maxQuote], "") + "…"
	}
	return strconv.Quote(s)
}

// Harmless returns s with every character escaped that could hurt a terminal.
func Harmless(s string) string {
	var b strings.Builder
	for _, r := range s {
		if strconv.IsPrint(r) {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
	}
	return b.String()
}

// FileName returns the name of a file as complaints show it: as it is, or
// quoted if it is empty or holds something that must not reach a terminal.
func FileName(name string) string {
	if quoted := strconv.Quote(name); quoted != `"`+name+`"` || name == "" {
		return quoted
	}
	return name
}
