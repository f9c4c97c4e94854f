package text

import "strconv"

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
