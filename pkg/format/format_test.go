package format

import (
	"math"
	"math/rand"
	"strconv"
	"strings"
	"testing"

	"rtda/pkg/parse"
	"rtda/pkg/stream"
)

var nan = math.NaN()

// moment is 2026-05-01T12:00:03Z.
const moment = 1777636803_000000000

// room is the layout of the example in the manual.
var room = Layout{
	Keys:  []string{"sensor"},
	Clock: true,
	Columns: []Column{
		{Name: "temp_mean", Agg: "mean", Field: "temp", Window: "5m"},
		{Name: "temp_count", Agg: "count", Field: "temp", Window: "5m", Count: true},
		{Name: "temp_max", Agg: "max", Field: "temp", Window: "5m"},
	},
}

// A row is one row of a test.
type row struct {
	time   int64
	key    []string
	values []float64
}

// result is the rows as the stream gives them, some of whose keys have taken the
// place of others.
func result(l Layout, rows ...row) *stream.Result {
	r := &stream.Result{}
	r.Rows.N, r.Rows.First = len(rows), true
	r.Rows.Col = make([][]float64, len(l.Columns))
	for i, row := range rows {
		if l.Clock {
			r.Rows.Time = append(r.Rows.Time, row.time)
		}
		if len(l.Keys) > 0 {
			r.Rows.Key = append(r.Rows.Key, &stream.Key{ID: uint32(i % 3), Parts: row.key})
		}
		for c := range r.Rows.Col {
			r.Rows.Col[c] = append(r.Rows.Col[c], row.values[c])
		}
	}
	return r
}

// written is what a format makes of rows.
func written(t testing.TB, format string, l Layout, precision int, rows ...row) string {
	t.Helper()
	f, err := New(format, l, precision)
	if err != nil {
		t.Fatal(err)
	}
	return string(f.Append(nil, result(l, rows...)))
}

func TestFormats(t *testing.T) {
	rows := []row{
		{moment, []string{"s3"}, []float64{20.0123456, 5, 27.4}},
		{moment + 500e6, []string{"s4"}, []float64{1.0 / 3, 5, 27.4}},
		{moment + 1e9, []string{"s3"}, []float64{nan, 1234567, nan}},
		{moment + 1, []string{"s3"}, []float64{nan, nan, nan}},
		{moment, []string{""}, []float64{math.Copysign(0, -1), 0, 2e6}},
	}
	for _, c := range []struct{ format, want string }{
		{"text", `time=2026-05-01T12:00:03Z sensor=s3 temp_mean=20.0123 temp_count=5 temp_max=27.4
time=2026-05-01T12:00:03.5Z sensor=s4 temp_mean=0.333333 temp_count=5 temp_max=27.4
time=2026-05-01T12:00:04Z sensor=s3 temp_count=1234567
time=2026-05-01T12:00:03Z sensor="" temp_mean=0 temp_count=0 temp_max=2000000
`},
		{"json", `{"time":"2026-05-01T12:00:03Z","sensor":"s3","temp_mean":20.0123456,"temp_count":5,"temp_max":27.4}
{"time":"2026-05-01T12:00:03.5Z","sensor":"s4","temp_mean":0.3333333333333333,"temp_count":5,"temp_max":27.4}
{"time":"2026-05-01T12:00:04Z","sensor":"s3","temp_mean":null,"temp_count":1234567,"temp_max":null}
{"time":"2026-05-01T12:00:03.000000001Z","sensor":"s3","temp_mean":null,"temp_count":null,"temp_max":null}
{"time":"2026-05-01T12:00:03Z","sensor":"","temp_mean":0,"temp_count":0,"temp_max":2000000}
`},
		{"csv", `time,sensor,temp_mean,temp_count,temp_max
2026-05-01T12:00:03Z,s3,20.0123456,5,27.4
2026-05-01T12:00:03.5Z,s4,0.3333333333333333,5,27.4
2026-05-01T12:00:04Z,s3,,1234567,
2026-05-01T12:00:03.000000001Z,s3,,,
2026-05-01T12:00:03Z,,0,0,2000000
`},
		{"tsv", strings.ReplaceAll(`time|sensor|temp_mean|temp_count|temp_max
2026-05-01T12:00:03Z|s3|20.0123456|5|27.4
2026-05-01T12:00:03.5Z|s4|0.3333333333333333|5|27.4
2026-05-01T12:00:04Z|s3||1234567|
2026-05-01T12:00:03.000000001Z|s3|||
2026-05-01T12:00:03Z||0|0|2000000
`, "|", "\t")},
		{"influx", `rtda,sensor=s3 temp_mean=20.0123456,temp_count=5,temp_max=27.4 1777636803000000000
rtda,sensor=s4 temp_mean=0.3333333333333333,temp_count=5,temp_max=27.4 1777636803500000000
rtda,sensor=s3 temp_count=1234567 1777636804000000000
rtda temp_mean=0,temp_count=0,temp_max=2000000 1777636803000000000
`},
		{"none", ""},
	} {
		t.Run(c.format, func(t *testing.T) {
			if got := written(t, c.format, room, 0, rows...); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}

func TestProm(t *testing.T) {
	got := written(t, "prom", room, 0,
		row{moment, []string{"a"}, []float64{20.5, 5, nan}},
		row{moment, []string{"b\n"}, []float64{nan, 1e15, nan}})
	want := `# HELP rtda_temp_mean mean of temp over the last 5m
# TYPE rtda_temp_mean gauge
rtda_temp_mean{sensor="a"} 20.5
# HELP rtda_temp_count count of temp over the last 5m
# TYPE rtda_temp_count untyped
rtda_temp_count{sensor="a"} 5
rtda_temp_count{sensor="b\n"} 1000000000000000
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestPromHelp(t *testing.T) {
	for want, c := range map[string]Column{
		"mean over the last 100 samples": {Agg: "mean", Window: "100"},
		"p99 of x over all samples":      {Agg: "p99", Field: "x", Window: "all"},
		"seconds since the last sample":  {Agg: "age", Field: "x", Window: "1h"},
		"max of x":                       {Agg: "max", Field: "x"},
	} {
		if got := promHelp(&c); got != want {
			t.Errorf("help of %+v is %q, want %q", c, got, want)
		}
	}
	hostile := Layout{Columns: []Column{{Name: "a_mean", Agg: "mean", Field: "a\\\n\x1b\u202e"}}}
	got := written(t, "prom", hostile, 0, row{values: []float64{1}})
	want := "# HELP rtda_a_mean mean of a\\\\\\\\n\\\\u001b\\\\u202e\n# TYPE rtda_a_mean gauge\nrtda_a_mean 1\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestPrecision(t *testing.T) {
	l := Layout{Columns: []Column{{Name: "mean"}, {Name: "count", Count: true}}}
	for _, c := range []struct {
		format    string
		precision int
		want      string
	}{
		{"text", 0, "mean=1234568 count=1234567\n"},
		{"text", 3, "mean=1230000 count=1234567\n"},
		{"text", 17, "mean=1234567.891 count=1234567\n"},
		{"json", 0, `{"mean":1234567.891,"count":1234567}` + "\n"},
		{"json", 3, `{"mean":1230000,"count":1234567}` + "\n"},
		{"csv", 9, "mean,count\n1234567.89,1234567\n"},
		{"influx", 1, "rtda mean=1000000,count=1234567\n"},
	} {
		if got := written(t, c.format, l, c.precision, row{values: []float64{1234567.891, 1234567}}); got != c.want {
			t.Errorf("%s with %d digits: got %q, want %q", c.format, c.precision, got, c.want)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	var names []string
	for _, f := range Formats {
		names = append(names, f.Name)
	}
	for want, c := range map[string]struct {
		format    string
		precision int
	}{
		"output format: must be one of " + strings.Join(names, ", ") + `: got "xml"`: {"xml", 0},
		"precision: must be 1 to 17 digits: got 18":                                  {"text", 18},
		"precision: must be 1 to 17 digits: got -1":                                  {"json", -1},
	} {
		if _, err := New(c.format, room, c.precision); err == nil || err.Error() != want {
			t.Errorf("New(%q, %d): got %v, want %s", c.format, c.precision, err, want)
		}
	}
}

// A header goes before the first row only, and a row of one empty cell is not
// a blank line.
func TestTableEdges(t *testing.T) {
	l := Layout{Columns: []Column{{Name: "std"}}}
	if got, want := written(t, "csv", l, 0, row{values: []float64{nan}}, row{values: []float64{1}}), "std\n\"\"\n1\n"; got != want {
		t.Errorf("csv: got %q, want %q", got, want)
	}
	f, _ := New("csv", l, 0)
	r := result(l, row{values: []float64{2}})
	r.Rows.First = false
	if got := string(f.Append([]byte("x"), r)); got != "x2\n" {
		t.Errorf("later rows: got %q, want %q", got, "x2\n")
	}
}

// What is copied from the row before is what would be written: equal values,
// also over rows that are no lines and into a dst that moves.
func TestRepeats(t *testing.T) {
	l := Layout{Columns: []Column{{Name: "a"}, {Name: "b"}}}
	values := []float64{1, 1, nan, 0.1, 0.1, math.Copysign(0, -1), 0, nan, nan, 1, 1, 1e300, 1e300, 7}
	for _, format := range []string{"text", "json", "csv", "influx"} {
		var rows []row
		var want string
		for i, x := range values {
			rows = append(rows, row{values: []float64{x, values[i/3]}})
			want += strings.TrimPrefix(written(t, format, l, 0, rows[i]), "a,b\n")
		}
		got := strings.TrimPrefix(written(t, format, l, 0, rows...), "a,b\n")
		if got != want {
			t.Errorf("%s: got\n%swant\n%s", format, got, want)
		}
		f, _ := New(format, l, 0)
		r := result(l, rows...)
		r.Rows.First = false
		f.Append(nil, r)
		if again := string(f.Append(nil, r)); again != want {
			t.Errorf("%s, the second time: got\n%swant\n%s", format, again, want)
		}
	}
}

func TestAppendAllocatesNothing(t *testing.T) {
	rows := make([]row, 100)
	for i := range rows {
		rows[i] = row{moment + int64(i)*1e8, []string{"s3"}, []float64{float64(i) / 7, float64(i), 99.5}}
	}
	for _, format := range Formats {
		f, _ := New(format.Name, room, 0)
		r := result(room, rows...)
		dst := f.Append(nil, r)
		dst = f.Append(dst[:0], r)
		if n := testing.AllocsPerRun(20, func() { dst = f.Append(dst[:0], r) }); n != 0 {
			t.Errorf("%s: %v allocations for %d rows, want 0", format.Name, n, len(rows))
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	const n = 1000
	l := Layout{Columns: []Column{{Name: "mean"}, {Name: "std"}, {Name: "max"}}}
	rows := make([]row, n)
	r := rand.New(rand.NewSource(1))
	for i := range rows {
		rows[i] = row{values: []float64{r.Float64() * 100, r.Float64() * 25, float64(i / 40)}}
	}
	keyed := Layout{Keys: []string{"sensor"}, Columns: l.Columns, Clock: true}
	for _, format := range Formats {
		for name, l := range map[string]Layout{"plain": l, "keyed": keyed} {
			b.Run("format="+format.Name+"/rows="+name, func(b *testing.B) {
				f, _ := New(format.Name, l, 0)
				for i := range rows {
					rows[i].time, rows[i].key = moment+int64(i)*1e8, []string{"s042"}
				}
				r := result(l, rows...)
				var dst []byte
				for b.Loop() {
					dst = f.Append(dst[:0], r)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/row")
			})
		}
	}
}

// Keys are written right however many there are, and what is remembered of
// them is bounded.
func TestManyKeys(t *testing.T) {
	l := Layout{Keys: []string{"k"}, Columns: []Column{{Name: "v"}}}
	f := newJSONLines(&l, 0)
	r := result(l)
	r.Rows.N, r.Rows.Col[0] = 1, []float64{1}
	for round := range 2 {
		for id := range uint32(10_000) {
			key := &stream.Key{ID: id, Parts: []string{strings.Repeat("x", int(id)%200) + strconv.Itoa(int(id)+round)}}
			r.Rows.Key = []*stream.Key{key}
			for range 2 {
				if got, want := string(f.Append(nil, r)), `{"k":"`+key.Parts[0]+`","v":1}`+"\n"; got != want {
					t.Fatalf("got %s, want %s", got, want)
				}
			}
		}
	}
	size := 0
	for _, kept := range f.head.labels.kept {
		size += cap(kept.text)
	}
	if n := len(f.head.labels.kept); n != maxLabels || size > maxLabels*2*maxLabel {
		t.Errorf("%d labels of %d bytes are kept", n, size)
	}
}

// Fields that are kept stand between key and columns as they stood, in JSON as
// what they were.
func TestKept(t *testing.T) {
	l := Layout{Keys: []string{"k"}, Keep: []string{"state", "n", "ok", "list"}, Columns: []Column{{Name: "v"}}}
	r := result(l, row{key: []string{"a"}, values: []float64{1}}, row{key: []string{"b"}, values: []float64{2}}, row{key: []string{"c"}, values: []float64{nan}})
	bare := func(s string) parse.Text { return parse.Text{B: []byte(s), Bare: true} }
	said := func(s string) parse.Text { return parse.Text{B: []byte(s)} }
	none := parse.Text{}
	r.Rows.Kept = [][]parse.Text{
		{said("do\nwn \"x\" \\n"), said(""), said("x")}, {bare("1.50"), bare("1e999"), none}, {bare("true"), none, none}, {said(`[1,"a"]`), none, none},
	}
	for format, want := range map[string]string{
		"text": `k=a state="do\nwn \"x\" \\n" n=1.50 ok=true list="[1,\"a\"]" v=1` + "\n" + `k=b state="" n=1e999 v=2` + "\n",
		"json": `{"k":"a","state":"do\nwn \"x\" \\n","n":1.50,"ok":true,"list":"[1,\"a\"]","v":1}` + "\n" +
			`{"k":"b","state":"","n":1e999,"ok":null,"list":null,"v":2}` + "\n" + `{"k":"c","state":"x","n":null,"ok":null,"list":null,"v":null}` + "\n",
		"csv": "k,state,n,ok,list,v\n" + `a,"do\nwn ""x"" \u005cn",1.50,true,"[1,""a""]",1` + "\nb,,1e999,,,2\nc,x,,,,\n",
		"influx": `rtda,k=a state="do\\nwn \"x\" \\u005cn",n=1.50,ok=true,list="[1,\"a\"]",v=1` + "\n" +
			`rtda,k=b state="",n="1e999",v=2` + "\n",
		"prom": "# HELP rtda_v \n# TYPE rtda_v gauge\nrtda_v{k=\"a\"} 1\nrtda_v{k=\"b\"} 2\n",
	} {
		f, err := New(format, l, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(f.Append(nil, r)); got != want {
			t.Errorf("%s: got\n%swant\n%s", format, got, want)
		}
	}
	f, _ := New("table", l, 0)
	got := string(NewAligner(func() (int, int) { return 0, 0 }).Align(f.Append(nil, r)))
	want := "k  state               n     ok    list                v\n" +
		`a  "do\nwn \"x\" \\n"  1.50  true  "[1,\"a\"]"         1` + "\n" +
		`b  ""                  1e999  -     -                   2` + "\n"
	if got != want {
		t.Errorf("table: got\n%swant\n%s", got, want)
	}
}
