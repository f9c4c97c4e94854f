package text

import "strings"

// maxWord is how many characters a word may have for a suggestion to be
// looked for; it bounds the time for hostile words.
const maxWord = 64

// Suggest is the one of known that word was most probably meant to be, the
// first of several, or "" where none is near: at most a third of the
// characters of word wrong, or one of them, upper and lower case being the
// same; or else the longest that word goes on with more letters (stddev, std).
//
// How far two words are apart is the Damerau–Levenshtein distance: how many
// letters have to be put in, left out, replaced or swapped with their
// neighbour.
func Suggest(word string, known []string) string {
	w := []rune(strings.ToLower(word))
	if len(w) == 0 || len(w) > maxWord {
		return ""
	}
	best, least := "", min(len(w), max(1, (len(w)+1)/3)+1)
	for _, k := range known {
		r := []rune(strings.ToLower(k))
		if apart := len(r) - len(w); apart >= least || -apart >= least {
			continue
		}
		if d := distance(w, r); d < least {
			best, least = k, d
		}
	}
	if best == "" {
		best = longestPrefix(word, known)
	}
	return best
}

// longestPrefix is the longest of known, of three letters at least, that word
// begins with.
func longestPrefix(word string, known []string) (best string) {
	for _, k := range known {
		if len(k) >= 3 && len(k) > len(best) && strings.HasPrefix(word, k) {
			best = k
		}
	}
	return best
}

// distance is the Damerau–Levenshtein distance of a and b in O(len(a)·len(b)).
// Method: Lowrance and Wagner (1975), in which letters between two that are
// swapped may be edited too, so that it is a metric.
func distance(a, b []rune) int {
	// d[i+1][j+1] is the distance of a[:i] and b[:j]; row and column 0 are a
	// border that no best way crosses.
	d := make([][]int, len(a)+2)
	border := len(a) + len(b)
	for i := range d {
		d[i] = make([]int, len(b)+2)
		d[i][0], d[i][1] = border, i-1
	}
	for j := range d[0] {
		d[0][j], d[1][j] = border, j-1
	}
	d[0][0], d[1][0], d[0][1] = border, border, border
	lastRow := map[rune]int{} // where a letter last stood in a[:i-1], from 1
	for i := 1; i <= len(a); i++ {
		lastCol := 0 // where a[i-1] last stood in b[:j-1], from 1
		for j := 1; j <= len(b); j++ {
			k, l, differ := lastRow[b[j-1]], lastCol, 1
			if a[i-1] == b[j-1] {
				differ, lastCol = 0, j
			}
			d[i+1][j+1] = min(
				d[i][j]+differ,
				d[i+1][j]+1,
				d[i][j+1]+1,
				d[k][l]+(i-k-1)+1+(j-l-1),
			)
		}
		lastRow[a[i-1]] = i
	}
	return d[len(a)+1][len(b)+1]
}
