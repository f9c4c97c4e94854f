package text

import "testing"

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
