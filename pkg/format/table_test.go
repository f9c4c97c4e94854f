package format

import (
	"strings"
	"testing"

	"rtda/pkg/text"
)

// aligned is what an Aligner of some size makes of rows, with a line that passes
// before the row with that number.
func aligned(t testing.TB, l Layout, width, height int, pass int, rows ...row) string {
	t.Helper()
	var out []byte
	a := NewAligner(func() (int, int) { return width, height })
	for i, r := range rows {
		in := written(t, "table", l, 0, r)
		if i == pass {
			in = "ALERT crit hot\n" + in
		}
		out = append(out, a.Align([]byte(in))...)
	}
	return string(out)
}

func TestTable(t *testing.T) {
	rows := []row{
		{moment, []string{"s3"}, []float64{20.0123456, 5, 27.4}},
		{moment + 500e6, []string{"温度 4"}, []float64{1.0 / 3, 5, -27.4}},
		{moment + 1e9, []string{"s3"}, []float64{nan, 12345678901, nan}},
		{moment + 2e9, []string{"s3"}, []float64{nan, nan, nan}},
		{moment, []string{""}, []float64{-0.0000123456, 0, 2e6}},
	}
	for _, c := range []struct {
		name                string
		width, height, pass int
		want                string
	}{
		{"to a file", 0, 0, 0, `ALERT crit hot
time                  sensor  temp_mean  temp_count  temp_max
2026-05-01T12:00:03Z  s3        20.0123           5      27.4
2026-05-01T12:00:03.5Z  "温度 4"   0.333333           5     -27.4
2026-05-01T12:00:04Z    s3                -  12345678901         -
2026-05-01T12:00:03Z    ""        -1.23456e-05            0   2000000
`},
		{"cut", 42, 0, -1, `time                  sensor  temp_mean …
2026-05-01T12:00:03Z  s3        20.0123 …
2026-05-01T12:00:03.5Z  "温度 4" …
2026-05-01T12:00:04Z    s3       …
2026-05-01T12:00:03Z    ""       …
`},
		{"very narrow", 9, 0, -1, `time…
2026-05-…
2026-05-…
2026-05-…
2026-05-…
`},
		{"a screen of four lines", 0, 4, 1, `time                  sensor  temp_mean  temp_count  temp_max
2026-05-01T12:00:03Z  s3        20.0123           5      27.4
ALERT crit hot
time                    sensor    temp_mean  temp_count  temp_max
2026-05-01T12:00:03.5Z  "温度 4"   0.333333           5     -27.4
2026-05-01T12:00:04Z    s3                -  12345678901         -
time                    sensor       temp_mean   temp_count  temp_max
2026-05-01T12:00:03Z    ""        -1.23456e-05            0   2000000
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := aligned(t, room, c.width, c.height, c.pass, rows...); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}

// No line is wider than the width, however hostile the keys, and of rows that
// fit nothing is lost.
func FuzzTable(f *testing.F) {
	for _, c := range hostile {
		f.Add(c.text, "b", 40)
	}
	f.Fuzz(func(t *testing.T, a, b string, width int) {
		width = 1 + (width&0xff)%100
		r := row{moment, []string{a, b}, []float64{1.5, 1e300}}
		for _, line := range strings.Split(aligned(t, twoKeys, width, 0, -1, r), "\n") {
			if n := text.Width(line); n > width {
				t.Errorf("%d wide instead of %d: %q", n, width, line)
			}
		}
		whole := aligned(t, twoKeys, 0, 0, -1, r)
		whole = whole[strings.IndexByte(whole, '\n')+1:]
		checkClean(t, "table", whole)
		want := "2026-05-01T12:00:03Z " + string(text.AppendLogfmt(nil, a)) + " " + string(text.AppendLogfmt(nil, b)) + " 1.5 1e+300"
		if got := strings.Join(strings.Fields(whole), " "); got != strings.Join(strings.Fields(want), " ") {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}
