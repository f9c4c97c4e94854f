package text

import (
	"strings"
	"testing"
)

var aggs = strings.Fields("count sum mean min max range first last var std cv rms skew kurt median pNN iqr mad z rz delta rate slope ewma age")

func TestSuggest(t *testing.T) {
	for _, c := range []struct{ word, want string }{
		{"maen", "mean"}, {"stdev", "std"}, {"stddev", "std"}, {"MEAN", "mean"}, {"mena", "mean"}, {"meen", "mean"}, {"men", "mean"},
		{"slop", "slope"}, {"coutn", "count"}, {"medain", "median"}, {"maximum", "max"}, {"avg", ""}, {"", ""}, {"x", ""}, {"Z", "z"},
		{"temperature", ""}, {strings.Repeat("a", 65), ""}, {"kurtosis", "kurt"}, {"ewmaa", "ewma"},
	} {
		if got := Suggest(c.word, aggs); got != c.want {
			t.Errorf("Suggest(%q) = %q, want %q", c.word, got, c.want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"a", "", 1}, {"", "abc", 3}, {"abc", "abc", 0}, {"ab", "ba", 1}, {"ca", "abc", 2}, // 3 without edits between swapped letters
		{"kitten", "sitting", 3}, {"a cat", "an abct", 3}, {"über", "ubre", 2},
	} {
		if got := distance([]rune(c.a), []rune(c.b)); got != c.want {
			t.Errorf("distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
		if got := distance([]rune(c.b), []rune(c.a)); got != c.want {
			t.Errorf("distance(%q, %q) = %d, want %d", c.b, c.a, got, c.want)
		}
	}
}
