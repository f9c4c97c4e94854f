package rule

import (
	"fmt"
	"strings"
)

// Lines are the rules of a file, one a line, called file:1, file:2, … by their
// lines. A # outside of quotes and backquotes begins a comment; lines with
// nothing else are left out. A BOM at the start and a CR at the end of a line
// are no part of a rule.
func Lines(file, text string) (src []Source) {
	n := 0
	for line := range strings.SplitSeq(strings.TrimPrefix(text, "\uFEFF"), "\n") {
		n++
		line = strings.TrimRight(uncommented(line), " \t\r")
		if strings.TrimLeft(line, " \t\r") != "" {
			src = append(src, Source{Text: line, Name: fmt.Sprintf("%s:%d", file, n)})
		}
	}
	return src
}

// uncommented is line up to its comment.
func uncommented(line string) string {
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '#':
			return line[:i]
		case '"', '`':
			i = quoteEnd(line, i)
		}
	}
	return line
}
