package format

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-logfmt/logfmt"
	"github.com/influxdata/line-protocol/v2/lineprotocol"
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

func TestHostileKeys(t *testing.T) {
	l := Layout{Keys: []string{"k"}}
	for _, c := range hostile {
		for _, f := range []struct{ format, want string }{
			{"text", "k=" + c.logfmt + " "},
			{"json", `"k":` + c.json + ","},
			{"csv", c.csv + ","},
			{"tsv", c.tsv + "\t"},
			{"influx", "rtda,k=" + c.influx + " "},
			{"prom", `{k="` + c.prom + `"}`},
		} {
			if c.text == "" && f.format == "influx" {
				f.want = "rtda "
			}
			if got := string(KeyLabel(f.format, l)(nil, []string{c.text})); got != f.want {
				t.Errorf("%s: %q is %s, want %s", f.format, c.text, got, f.want)
			}
		}
		checkFormats(t, c.text, "b", 1.5, nan)
	}
}

// Names of keys that influx and prom have for themselves.
func TestHostileKeyNames(t *testing.T) {
	l := Layout{Keys: []string{"time", "0"}}
	key := []string{"a", "b"}
	if got, want := string(KeyLabel("influx", l)(nil, key)), "rtda,time_2=a,0=b "; got != want {
		t.Errorf("influx: got %s, want %s", got, want)
	}
	if got, want := string(KeyLabel("prom", l)(nil, key)), `{time="a",key_0="b"}`; got != want {
		t.Errorf("prom: got %s, want %s", got, want)
	}
}

func TestCutText(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"abc", "abc"}, {"abcdef", "abcde"}, {"abcdé", "abcd"}, {"abc𝄞x", "abc"}, {"a𝄞x", "a𝄞"}, {"ab\x80\x80\x80\x80", "ab\x80\x80\x80"},
		{"\x80\x80\x80\x80\x80\x80", "\x80\x80\x80\x80\x80"},
	} {
		if got := string(cutText([]byte(c.in), 5)); got != c.want {
			t.Errorf("first 5 bytes of %q: got %q, want %q", c.in, got, c.want)
		}
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
	x, _ = strconv.ParseFloat(strconv.FormatFloat(x, 'g', 6, 64), 64)
	return x
}

// A rowRead is what a reader of a format saw.
type rowRead struct {
	keys   []string // nil: the format cannot give every key back
	values []float64
}

func (r rowRead) check(t *testing.T, format, text, a, b string, x, y float64) {
	t.Helper()
	if r.keys != nil && utf8.ValidString(a) && utf8.ValidString(b) && !slices.Equal(r.keys, []string{a, b}) {
		t.Errorf("%s: keys of %q are %q, want %q, %q", format, text, r.keys, a, b)
	}
	for i, want := range []float64{x, y} {
		if got := r.values[i]; got != want && (got == got || want == want) {
			t.Errorf("%s: value %d of %q is %v, want %v", format, i, text, got, want)
		}
	}
}

// checkClean wants lines of UTF-8 without anything that could hurt a terminal.
func checkClean(t *testing.T, format, text string) {
	t.Helper()
	if !utf8.ValidString(text) {
		t.Errorf("%s: %q is not UTF-8", format, text)
	}
	for _, r := range text {
		if isUnsafe(r) && r != '\n' && !(r == '\t' && format == "tsv") {
			t.Errorf("%s: %q has a raw %U", format, text, r)
		}
	}
	lines := map[string]int{"csv": 2, "tsv": 2, "prom": 6}
	if n := strings.Count(text, "\n"); n > max(1, lines[format]) {
		t.Errorf("%s: %q has %d lines", format, text, n)
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
	if !escaped(rows[1][1] + rows[1][2]) {
		r.keys = []string{unguard(rows[1][1]), unguard(rows[1][2])}
	}
	return r
}

// escaped reports whether a text may be escaped, which csv cannot tell.
func escaped(s string) bool { return strings.Contains(s, `\`) }

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
	unescape := strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\t`, "\t", `\r`, "\r").Replace
	if !strings.Contains(cells[1]+cells[2], `\u`) {
		r.keys = []string{unguard(unescape(cells[1])), unguard(unescape(cells[2]))}
	}
	return r
}

func readInflux(t *testing.T, text string) rowRead {
	r := rowRead{[]string{"", ""}, []float64{nan, nan}}
	d := lineprotocol.NewDecoderWithBytes([]byte(text))
	fail := func(err error) {
		if err != nil {
			t.Errorf("influx: %q: %v", text, err)
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
			t.Errorf("influx: %q has a field %s of kind %v", text, name, value.Kind())
			continue
		}
		r.values[i] = value.FloatV()
	}
	at, err := d.TimeBytes()
	fail(err)
	if string(at) != strconv.FormatInt(moment, 10) || d.Next() {
		t.Errorf("influx: %q has the time %s and more", text, at)
	}
	if escaped(r.keys[0] + r.keys[1]) {
		r.keys = nil
	}
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
		unescape := strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\n`, "\n").Replace
		if a, b := unescape(m[2]), unescape(m[3]); !escaped(a + b) {
			r.keys = []string{a, b}
		}
	}
	return r
}

func FuzzFormats(f *testing.F) {
	for i, c := range hostile {
		f.Add(c.text, hostile[len(hostile)-1-i].text, numberSeeds[i], numberSeeds[len(numberSeeds)-1-i])
	}
	f.Add("a", "b", nan, nan)
	f.Fuzz(func(t *testing.T, a, b string, x, y float64) {
		if math.IsInf(x, 0) || math.IsInf(y, 0) {
			return
		}
		checkFormats(t, a, b, x, y)
	})
}

// appendSlow is escaper.append character by character.
func (e *escaper) appendSlow(s string) string {
	var b strings.Builder
	for in := strings.NewReader(s); ; {
		r, n, err := in.ReadRune()
		switch {
		case err == io.EOF:
			return b.String()
		case r == utf8.RuneError && n == 1 && e.invalid == "":
			b.WriteString(strings.Trim(strconv.QuoteToASCII(s[len(s)-in.Len()-1:len(s)-in.Len()]), `"`))
		case r == utf8.RuneError && n == 1:
			b.WriteString(e.invalid)
		case r < utf8.RuneSelf && e.ascii[r] != "":
			b.WriteString(e.ascii[r])
		case isUnsafe(r):
			hex := strconv.FormatInt(int64(r), 16)
			b.WriteString(e.unicode + strings.Repeat("0", 4-len(hex)) + hex)
		default:
			b.WriteRune(r)
		}
	}
}

func FuzzEscape(f *testing.F) {
	for _, c := range hostile {
		f.Add(c.text)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, e := range []*escaper{jsonEscapes, quoteEscapes, plainEscapes, csvEscapes, tsvEscapes, tagEscapes, promEscapes, helpEscapes} {
			got := string(e.append(nil, s))
			if want := e.appendSlow(s); got != want {
				t.Errorf("%q is %q, want %q", s, got, want)
			}
			for _, r := range got {
				if isUnsafe(r) {
					t.Errorf("%q has a raw %U", got, r)
				}
			}
		}
	})
}
