package format

import "testing"

// A value that ended its row, because those behind it do not exist, and comes
// again where it does not.
func TestValueAgainInMidRow(t *testing.T) {
	l := Layout{Columns: []Column{{Name: "a"}, {Name: "b"}}}
	rows := []row{{values: []float64{1, nan}}, {values: []float64{1, 2}}, {values: []float64{1, nan}}, {values: []float64{1, 2}}}
	for format, want := range map[string]string{
		"text":   "a=1\na=1 b=2\na=1\na=1 b=2\n",
		"json":   "{\"a\":1,\"b\":null}\n{\"a\":1,\"b\":2}\n{\"a\":1,\"b\":null}\n{\"a\":1,\"b\":2}\n",
		"csv":    "a,b\n1,\n1,2\n1,\n1,2\n",
		"tsv":    "a\tb\n1\t\n1\t2\n1\t\n1\t2\n",
		"influx": "rtda a=1\nrtda a=1,b=2\nrtda a=1\nrtda a=1,b=2\n",
	} {
		if got := written(t, format, l, 0, rows...); got != want {
			t.Errorf("%s: got\n%swant\n%s", format, got, want)
		}
	}
}
