package parse

import "bytes"

// nextLine is the first line of data without its end, and the lines behind it.
// A CR before LF, or where data ends, belongs to the end.
func nextLine(data []byte, end byte) (line, rest []byte) {
	i := bytes.IndexByte(data, end)
	if i < 0 {
		line = data
	} else {
		line, rest = data[:i], data[i+1:]
	}
	if n := len(line); end == '\n' && n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line, rest
}

// isBlank reports whether a line has nothing but spaces, tabs and CR; where
// records end in NUL line feeds are blank too.
func isBlank(line []byte) bool {
	for _, c := range line {
		if !blank(c) {
			return false
		}
	}
	return true
}
