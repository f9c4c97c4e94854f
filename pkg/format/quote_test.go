package format

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-logfmt/logfmt"
	"github.com/influxdata/line-protocol/v2/lineprotocol"

	"rtda/pkg/text"
)

// hostile are texts of keys that could break a line, a terminal, a
// spreadsheet or a reader, with how each format writes them.
var hostile = []struct {
	text, logfmt, json, csv, tsv, influx, prom string
}{
	{"s3", "s3", `"s3"`, "s3", "s3", "s3", "s3"},
	{"", `""`, `""`, "", "", "", ""},
	{"a b", `"a b"`, `"a b"`, "a b", "a b", `a\ b`, "a b"},
	{`a"b`, `"a\"b"`, `"a\"b"`, `"a""b"`, `a"b`, `a"b`, `a\"b`},
	{"a=b,c", `"a=b,c"`, `"a=b,c"`, `"a=b,c"`, "a=b,c", `a\=b\,c`, "a=b,c"},
	{`a\b`, `a\b`, `"a\\b"`, `a\b`, `a\\b`, `a\b`, `a\\b`},
	{`a\`, `a\`, `"a\\"`, `a\`, `a\\`, `a\u005c`, `a\\`},
	{`\\, \ `, `"\\\\, \\ "`, `"\\\\, \\ "`, `"\\, \ "`, `\\\\, \\ `, `\\u005c\,\ \u005c\ `, `\\\\, \\ `},
	{"a\nb\tc\rd", `"a\nb\tc\rd"`, `"a\nb\tc\rd"`, `a\nb\tc\rd`, `a\nb\tc\rd`, `a\nb\tc\rd`, `a\nb\\tc\\rd`},
	{`\u001b`, `\u001b`, `"\\u001b"`, `\u005cu001b`, `\\u001b`, `\u005cu001b`, `\\u005cu001b`},
	{`C:\new\dir`, `C:\new\dir`, `"C:\\new\\dir"`, `C:\u005cnew\dir`, `C:\\new\\dir`, `C:\u005cnew\dir`, `C:\\new\\dir`},
	{"-", "-", `"-"`, "-", "-", "-", "-"},
	{"-Inf", "-Inf", `"-Inf"`, "'-Inf", "'-Inf", "-Inf", "-Inf"},
	{"-0x1p-2", "-0x1p-2", `"-0x1p-2"`, "'-0x1p-2", "'-0x1p-2", "-0x1p-2", "-0x1p-2"},
	{"\x1b[2J\x00\x7f", `"\u001b[2J\u0000\u007f"`, `"\u001b[2J\u0000\u007f"`, `\u001b[2J\u0000\u007f`, `\u001b[2J\u0000\u007f`,
		`\u001b[2J\u0000\u007f`, `\\u001b[2J\\u0000\\u007f`},
	{"\u009b\u202e\u2066", `"\u009b\u202e\u2066"`, `"\u009b\u202e\u2066"`, `\u009b\u202e\u2066`, `\u009b\u202e\u2066`, `\u009b\u202e\u2066`, `\\u009b\\u202e\\u2066`},
	{"a\xffb", `"a\ufffdb"`, `"a\ufffdb"`, `a\ufffdb`, `a\ufffdb`, `a\ufffdb`, `a\\ufffdb`},
	{"\uFFFDé𝄞", "\uFFFDé𝄞", `"` + "\uFFFDé𝄞" + `"`, "\uFFFDé𝄞", "\uFFFDé𝄞", "\uFFFDé𝄞", "\uFFFDé𝄞"},
	{"=1+1", `"=1+1"`, `"=1+1"`, "'=1+1", "'=1+1", `\=1+1`, "=1+1"},
	{`=A1,"x"`, `"=A1,\"x\""`, `"=A1,\"x\""`, `"'=A1,""x"""`, `'=A1,"x"`, `\=A1\,"x"`, `=A1,\"x\"`},
	{"'@x", "'@x", `"'@x"`, "''@x", "''@x", "'@x", "'@x"},
	{"-5.5", "-5.5", `"-5.5"`, "-5.5", "-5.5", "-5.5", "-5.5"},
	{"-a", "-a", `"-a"`, "'-a", "'-a", "-a", "-a"},
	{"+49 1", `"+49 1"`, `"+49 1"`, "'+49 1", "'+49 1", `+49\ 1`, "+49 1"},
	{"＝x", "＝x", `"＝x"`, "'＝x", "'＝x", "＝x", "＝x"},
}

// line is what a format writes of a row whose only key and value are these.
func line(t *testing.T, format, key string) string {
	l := Layout{Keys: []string{"k"}, Columns: []Column{{Name: "v"}}}
	all := written(t, format, l, 0, row{key: []string{key}, values: []float64{1}})
	return all[strings.LastIndexByte(all[:len(all)-1], '\n')+1:]
}

func TestHostileKeys(t *testing.T) {
	for _, c := range hostile {
		for _, f := range []struct{ format, want string }{
			{"text", "k=" + c.logfmt + " v=1\n"},
			{"json", `{"k":` + c.json + `,"v":1}` + "\n"},
			{"csv", c.csv + ",1\n"},
			{"tsv", c.tsv + "\t1\n"},
			{"influx", "rtda,k=" + c.influx + " v=1\n"},
			{"prom", `rtda_v{k="` + c.prom + `"} 1` + "\n"},
		} {
			if c.text == "" && f.format == "influx" {
				f.want = "rtda v=1\n"
			}
			if got := line(t, f.format, c.text); got != f.want {
				t.Errorf("%s: %q is %s, want %s", f.format, c.text, got, f.want)
			}
		}
		checkFormats(t, c.text, "b", 1.5, nan)
	}
}

// Different keys are different bytes, in every format.
func TestKeysStayDifferent(t *testing.T) {
	escapes := []string{`\`, "\x1b", "\n", "n", "u001b", "u005c", ","}
	all := append([]string{"\t", "=", " ", `"`, "'", "-", "1", "+Inf"}, escapes...)
	var keys []string
	var add func(key string, pieces []string, n int)
	add = func(key string, pieces []string, n int) {
		if keys = append(keys, key); n > 0 {
			for _, p := range pieces {
				add(key+p, pieces, n-1)
			}
		}
	}
	add("", all, 2)
	add("", escapes, 4)
	for _, format := range Formats {
		if strings.Contains("none svg png", format.Name) {
			continue
		}
		seen := map[string]string{}
		for _, key := range keys {
			got := line(t, format.Name, key)
			if other, ok := seen[got]; ok && other != key {
				t.Fatalf("%s: %q and %q are both %s", format.Name, key, other, got)
			}
			seen[got] = key
		}
	}
}

// Names of keys that influx and prom have for themselves.
func TestHostileKeyNames(t *testing.T) {
	l := Layout{Keys: []string{"time", "0"}, Columns: []Column{{Name: "größe"}, {Name: "gr__e"}}, Measurement: "a b"}
	r := row{key: []string{"a", "b"}, values: []float64{1, 2}}
	if got, want := written(t, "influx", l, 0, r), "a\\ b,time_2=a,0=b größe=1,gr__e=2\n"; got != want {
		t.Errorf("influx: got %s, want %s", got, want)
	}
	got := written(t, "prom", l, 0, r)
	if want := `a_b_gr__e{time="a",key_0="b"} 1`; !strings.Contains(got, want) {
		t.Errorf("prom: got %s, want %s", got, want)
	}
	if want := `a_b_gr__e_2{time="a",key_0="b"} 2`; !strings.Contains(got, want) {
		t.Errorf("prom: got %s, want %s", got, want)
	}
}

// twoKeys is the layout that checkFormats writes in.
var twoKeys = Layout{
	Keys:    []string{"k", "m"},
	Columns: []Column{{Name: "mean"}, {Name: "max"}},
	Clock:   true,
}

// checkFormats writes a row in every format and reads it back.
func checkFormats(t *testing.T, a, b string, x, y float64) {
	t.Helper()
	for format, read := range map[string]func(*testing.T, string) rowRead{
		"text": readText, "json": readJSON, "csv": readCSV, "tsv": readTSV, "influx": readInflux, "prom": readProm,
	} {
		got := written(t, format, twoKeys, 0, row{moment, []string{a, b}, []float64{x, y}})
		checkClean(t, format, got)
		if x != x && y != y && (format == "text" || format == "influx" || format == "prom") {
			if got != "" {
				t.Errorf("%s: a row without a value is %q", format, got)
			}
			continue
		}
		r := read(t, got)
		if format == "text" {
			x, y := roundSix(x), roundSix(y)
			r.check(t, format, got, a, b, x, y)
			continue
		}
		r.check(t, format, got, a, b, x, y)
	}
}

// roundSix is x as text rounds it.
func roundSix(x float64) float64 {
	if ax := math.Abs(x); ax >= 1e6 && ax < 1<<53 {
		return math.RoundToEven(x)
	}
	x, _ = strconv.ParseFloat(strconv.FormatFloat(x, 'g', 6, 64), 64)
	return x
}

// A rowRead is what a reader of a format saw.
type rowRead struct {
	keys   []string
	values []float64
}

func (r rowRead) check(t *testing.T, format, out, a, b string, x, y float64) {
	t.Helper()
	if utf8.ValidString(a) && utf8.ValidString(b) && !slices.Equal(r.keys, []string{a, b}) {
		t.Errorf("%s: keys of %q are %q, want %q, %q", format, out, r.keys, a, b)
	}
	for i, want := range []float64{x, y} {
		if got := r.values[i]; got != want && (got == got || want == want) {
			t.Errorf("%s: value %d of %q is %v, want %v", format, i, out, got, want)
		}
	}
}

// checkClean wants lines of UTF-8 without anything that could hurt a terminal.
func checkClean(t *testing.T, format, out string) {
	t.Helper()
	if !utf8.ValidString(out) {
		t.Errorf("%s: %q is not UTF-8", format, out)
	}
	for _, r := range out {
		if text.Unsafe(r) && r != '\n' && !(r == '\t' && format == "tsv") {
			t.Errorf("%s: %q has a raw %U", format, out, r)
		}
	}
	lines := map[string]int{"csv": 2, "tsv": 2, "prom": 6}
	if n := strings.Count(out, "\n"); n > max(1, lines[format]) {
		t.Errorf("%s: %q has %d lines", format, out, n)
	}
}

func parseNumber(t *testing.T, s string) float64 {
	t.Helper()
	if s == "" {
		return nan
	}
	x, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(x, 0) || math.IsNaN(x) {
		t.Errorf("%q is not a number", s)
	}
	return x
}

func readText(t *testing.T, text string) rowRead {
	d := logfmt.NewDecoder(strings.NewReader(text))
	all := map[string]string{}
	for d.ScanRecord() {
		for d.ScanKeyval() {
			all[string(d.Key())] = string(d.Value())
		}
	}
	if d.Err() != nil {
		t.Errorf("text: %q: %v", text, d.Err())
	}
	return rowRead{[]string{all["k"], all["m"]}, []float64{parseNumber(t, all["mean"]), parseNumber(t, all["max"])}}
}

func readJSON(t *testing.T, text string) rowRead {
	var v struct {
		Time, K, M string
		Mean, Max  *float64
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		t.Errorf("json: %q: %v", text, err)
	}
	r := rowRead{[]string{v.K, v.M}, []float64{nan, nan}}
	for i, x := range []*float64{v.Mean, v.Max} {
		if x != nil {
			r.values[i] = *x
		}
	}
	return r
}

func readCSV(t *testing.T, text string) rowRead {
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(rows) != 2 {
		t.Errorf("csv: %q: %v, %d rows", text, err, len(rows))
		return rowRead{values: []float64{nan, nan}}
	}
	r := rowRead{values: []float64{parseNumber(t, rows[1][3]), parseNumber(t, rows[1][4])}}
	r.keys = []string{unescape(unguard(rows[1][1])), unescape(unguard(rows[1][2]))}
	return r
}

var escapes = regexp.MustCompile(`\\u[0-9a-f]{4}|\\[ntr]`)

// unescape takes the escapes of csv, influx and prom, as their readers see
// them, for what they stand for. Any other backslash is itself.
func unescape(s string) string {
	return escapes.ReplaceAllStringFunc(s, func(e string) string {
		text, err := strconv.Unquote(`"` + e + `"`)
		if err != nil {
			panic(err)
		}
		return text
	})
}

func unguard(s string) string {
	if rest, ok := strings.CutPrefix(s, "'"); ok && len(guard(nil, rest)) > 0 {
		return rest
	}
	return s
}

func readTSV(t *testing.T, text string) rowRead {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	cells := strings.Split(lines[len(lines)-1], "\t")
	if len(lines) != 2 || len(cells) != 5 {
		t.Errorf("tsv: %q has %d lines and %d cells", text, len(lines), len(cells))
		return rowRead{values: []float64{nan, nan}}
	}
	r := rowRead{values: []float64{parseNumber(t, cells[3]), parseNumber(t, cells[4])}}
	unescape := func(s string) string {
		text, err := strconv.Unquote(`"` + strings.ReplaceAll(s, `"`, `\"`) + `"`)
		if err != nil {
			t.Errorf("tsv: %q: %v", s, err)
		}
		return text
	}
	r.keys = []string{unguard(unescape(cells[1])), unguard(unescape(cells[2]))}
	return r
}

func readInflux(t *testing.T, line string) rowRead {
	r := rowRead{[]string{"", ""}, []float64{nan, nan}}
	d := lineprotocol.NewDecoderWithBytes([]byte(line))
	fail := func(err error) {
		if err != nil {
			t.Errorf("influx: %q: %v", line, err)
		}
	}
	d.Next()
	_, err := d.Measurement()
	fail(err)
	for {
		name, value, err := d.NextTag()
		fail(err)
		if name == nil {
			break
		}
		r.keys[bytes.IndexByte([]byte("km"), name[0])] = string(value)
	}
	for {
		name, value, err := d.NextField()
		fail(err)
		if name == nil {
			break
		}
		i := slices.Index([]string{"mean", "max"}, string(name))
		if value.Kind() != lineprotocol.Float || i < 0 {
			t.Errorf("influx: %q has a field %s of kind %v", line, name, value.Kind())
			continue
		}
		r.values[i] = value.FloatV()
	}
	at, err := d.TimeBytes()
	fail(err)
	if string(at) != strconv.FormatInt(moment, 10) || d.Next() {
		t.Errorf("influx: %q has the time %s and more", line, at)
	}
	r.keys = []string{unescape(r.keys[0]), unescape(r.keys[1])}
	return r
}

var promLine = regexp.MustCompile(`^rtda_(mean|max)\{k="((?:\\[\\"n]|[^"\\])*)",m="((?:\\[\\"n]|[^"\\])*)"\} (\S+)$`)

func readProm(t *testing.T, text string) rowRead {
	r := rowRead{values: []float64{nan, nan}}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "# ") {
			continue
		}
		m := promLine.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if m == nil {
			t.Errorf("prom: %q is no sample", line)
			continue
		}
		r.values[slices.Index([]string{"mean", "max"}, m[1])] = parseNumber(t, m[4])
		read := strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\n`, "\n").Replace
		r.keys = []string{read(m[2]), read(m[3])}
		for i, key := range r.keys { // a line feed is the format's own
			r.keys[i] = unescape(strings.ReplaceAll(key, `\n`, `\u005cn`))
		}
	}
	return r
}

func FuzzFormats(f *testing.F) {
	for i, c := range hostile {
		f.Add(c.text, hostile[len(hostile)-1-i].text, math.Pow(10, float64(i-10))/3, 1e15/float64(1+i))
	}
	f.Add("a", "b", nan, nan)
	f.Fuzz(func(t *testing.T, a, b string, x, y float64) {
		if math.IsInf(x, 0) || math.IsInf(y, 0) {
			return
		}
		checkFormats(t, a, b, x, y)
	})
}
