package text

import "github.com/rivo/uniseg"

// Width is how many columns of a terminal s takes: two for wide characters, none
// for what is written over the one before.
func Width(s string) int {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return uniseg.StringWidth(s)
		}
	}
	return len(s)
}

// CutWidth is the beginning of s that takes at most width columns, cut between
// characters as they are seen.
func CutWidth(s string, width int) string {
	end, state := 0, -1
	for rest := s; rest != ""; {
		var cluster string
		var w int
		cluster, rest, w, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if width -= w; width < 0 {
			break
		}
		end += len(cluster)
	}
	return s[:end]
}
