package text

import (
	"testing"

	"github.com/rivo/uniseg"
)

func TestCutWidth(t *testing.T) {
	for _, c := range []struct {
		in    string
		width int
		want  string
	}{
		{"abc", 3, "abc"}, {"abcd", 3, "abc"}, {"", 3, ""}, {"abc", 0, ""}, {"abc", -1, ""},
		{"温度計", 3, "温"}, {"温度計", 4, "温度"}, {"e\u0301x", 1, "e\u0301"}, {"👩‍🚒b", 2, "👩‍🚒"}, {"👩‍🚒b", 1, ""},
	} {
		if got := CutWidth(c.in, c.width); got != c.want {
			t.Errorf("CutWidth(%q, %d) = %q, want %q", c.in, c.width, got, c.want)
		}
	}
	if got := Width("温a👩‍🚒"); got != 5 {
		t.Errorf("the width is %d, want 5", got)
	}
}

// What is told without the library's tables is what the library says, also of
// two characters that might be one.
func TestWidthOfASCII(t *testing.T) {
	for a := range 128 {
		for b := range 128 {
			s := string([]byte{byte(a), byte(b)})
			if got, want := Width(s), uniseg.StringWidth(s); got != want {
				t.Errorf("Width(%q) = %d, want %d", s, got, want)
			}
		}
	}
}
