package parse

import (
	"strings"
	"testing"

	"rtda/pkg/clock"
)

func TestWithin(t *testing.T) {
	block := []byte("abcdef")
	for _, c := range []struct {
		name string
		s    []byte
		want bool
	}{
		{"a part", block[2:4], true},
		{"the end", block[6:], false}, // it has no room and no bytes: a copy is as good
		{"an empty part", block[3:3], true},
		{"another", []byte("cd"), false},
		{"one whose room ends", block[1:3:3], false},
		{"nil", nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := within(block, c.s); got != c.want {
				t.Errorf("within = %v, want %v", got, c.want)
			}
		})
	}
}

// TestReasonOrder says everything at once and takes it away reason by reason.
func TestReasonOrder(t *testing.T) {
	s, err := NewSchema(Config{Format: "json", Fields: []string{"x"}, Keys: []string{"a", "b"}, Time: "t"})
	if err != nil {
		t.Fatal(err)
	}
	says := []struct {
		want string
		say  func(r *record)
	}{
		{"too-deep", func(r *record) { r.fail(TooDeep, nil) }},
		{"not-json \"l\"", func(r *record) { r.fail(NotJSON, []byte("l")) }},
		{"duplicate-field \"x\"", func(r *record) { r.fail(DuplicateField, []byte("x")) }},
		{"missing-key \"b\"", func(r *record) {}}, // until b is said
		{"bad-key \"\\xff\"", func(r *record) { r.key(0, []byte("\xff")) }},
		{"bad-time \"soon\"", func(r *record) { r.putTime(wholeTime, []byte("soon"), str) }},
		{"not-a-number \"?\"", func(r *record) { r.badValue(0, []byte("?"), str) }},
	}
	for i, c := range says {
		var dst Batch
		r := newRecord(s, s.probe)
		dst.columns(r)
		r.enter(&dst, nil)
		r.begin(1, nil)
		for _, later := range says[i:] {
			later.say(r)
		}
		if i > 3 {
			r.key(1, []byte("k"))
		}
		if i > 4 {
			r.key(0, []byte("k"))
		}
		if i > 5 {
			r.setTime(1, clock.Moment)
		}
		r.end()
		var out strings.Builder
		dumpBatch(&out, &dst, 0)
		if got := strings.TrimSpace(out.String()); got != "1: "+c.want {
			t.Errorf("reason %d: %s, want %s", i, got, c.want)
		}
	}
}
