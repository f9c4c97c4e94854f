package parse

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

var deep = func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }

// A line that was torn, with the next record behind it, is none, also where both
// begin as records before.
func TestJSONTorn(t *testing.T) {
	in := "{\"b\":1}\n{\"a\":2}\n{\"a\":2{\"b\":3,\"c\":4}\n{\"a\":5,\"b\":6}\n"
	want := "1: NaN 1\n2: 2 NaN\n3: not-json \"{\\\"a\\\":2{\\\"b\\\":3,\\\"c\\\":4}\"\n4: 5 6\n"
	if got := parseAll(t, Config{Format: "json", Fields: []string{"a", "b"}}, 0, in); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestJSON(t *testing.T) {
	temp := Config{Fields: []string{"temp"}}
	keyed := Config{Fields: []string{"temp"}, Keys: []string{"id"}}
	timed := Config{Fields: []string{"temp"}, Time: "t"}
	paths := Config{Fields: []string{"env.temp", "axes.0", "env.list.1.x"}}
	two := Config{Fields: []string{"a", "b"}}
	for _, c := range []struct {
		name string
		c    Config
		in   string
		want string
	}{
		{"a number", temp, `{"temp":21.5}`, "1: 21.5"},
		{"white space", temp, " \t{ \"x\" : [ 1 , { } ] , \"temp\" : -2e1 } \r", "1: -20"},
		{"a name with escapes", temp, `{"t\u0065mp":1}`, "1: 1"},
		{"absent", temp, `{"x":1}`, `1: missing-field "temp"`},
		{"null is absent", temp, `{"temp":null}`, `1: missing-field "temp"`},
		{"empty", temp, `{}`, `1: missing-field "temp"`},
		{"a string", temp, `{"temp":"2\u0031.5"}`, `1: not-a-number "21.5"`},
		{"coerced", Config{Fields: []string{"temp"}, Coerce: true}, `{"temp":" +2\u0031."}`, "1: 21"},
		{"coerced, no number", Config{Fields: []string{"temp"}, Coerce: true}, `{"temp":"NaN"}`, `1: not-a-number "NaN"`},
		{"true", temp, `{"temp":true}`, `1: not-a-number "true"`},
		{"an array", temp, `{"temp":[1, 2]}`, `1: not-a-number "[1, 2]"`},
		{"overflow", temp, `{"temp":1e400}`, `1: not-a-number "1e400"`},
		{"underflow", temp, `{"temp":1e-400}`, "1: 0"},
		{"too long a number", temp, `{"temp":` + strings.Repeat("1", 801) + `}`, `1: not-a-number "` + strings.Repeat("1", 80) + `"`},
		{"one value bad", two, `{"b":"x","a":1}`, "1: 1 NaN\n1: not-a-number \"x\" (value)"},
		{"both bad: the first field's text", two, `{"b":"x","a":"y"}`, `1: not-a-number "y"`},
		{"one bad, one missing", two, `{"b":"x"}`, `1: not-a-number "x"`},

		{"paths", paths, `{"env":{"temp":1,"list":[0,{"x":3}]},"axes":[2,9]}`, "1: 1 2 3"},
		{"a flat name wins", paths, `{"env":{"temp":1},"env.temp":7,"axes":{"0":2}}`, "1: 7 2 NaN"},
		{"a flat name wins when it is null", paths, `{"env":{"temp":1},"env.temp":null,"axes.0":2}`, "1: NaN 2 NaN"},
		{"a path through a number", paths, `{"env":1,"axes":[2]}`, "1: NaN 2 NaN"},
		{"an index is written in one way", Config{Fields: []string{"a.00"}}, `{"a":[1]}`, `1: missing-field "a.00"`},
		{"an index beyond all", Config{Fields: []string{"a.9223372036854775807", "a.1"}}, `{"a":[1,2,3]}`, "1: NaN 2"},
		{"an array is asked for, and into it", Config{Fields: []string{"a", "a.0"}}, `{"a":[ 1 ]}`, "1: NaN 1\n1: not-a-number \"[ 1 ]\" (value)"},
		{"an empty array", temp, `{"temp":[ ]}`, `1: not-a-number "[ ]"`},
		{"a lone surrogate is no name", Config{Fields: []string{`\ud800`, "\ufffd", "x"}}, `{"\ud800":1,"\uD800\u0041":2,"x":3}`, "1: NaN NaN 3"},
		{"an unpaired high surrogate is no name", Config{Fields: []string{"\ufffd", "x"}}, `{"\ud800\u0041":1,"x":3}`, "1: NaN 3"},
		{"a backslash in a name", Config{Fields: []string{`\ud800`}}, `{"\\ud800":1}`, "1: 1"},
		{"an empty name", Config{Fields: []string{"."}}, `{"":{"":1},"x":2}`, "1: 1"},
		{"what is not used is checked too", temp, `{"temp":1,"x":01}`, `1: not-json "{\"temp\":1,\"x\":01}"`},
		{"steps may be empty", Config{Fields: []string{"a..b"}}, `{"a":{"":{"b":5}}}`, "1: 5"},

		{"twice", temp, `{"temp":1,"temp":2}`, `1: duplicate-field "temp"`},
		{"twice by an escape", temp, `{"temp":1,"\u0074emp":2}`, `1: duplicate-field "temp"`},
		{"twice, null", temp, `{"temp":null,"temp":2}`, `1: duplicate-field "temp"`},
		{"a step twice", paths, `{"env":1,"env":{"temp":1}}`, `1: duplicate-field "env"`},
		{"a nested step twice", paths, `{"env":{"temp":1,"temp":1}}`, `1: duplicate-field "temp"`},
		{"unused ones twice", temp, `{"x":1,"x":2,"temp":3}`, "1: 3"},
		{"duplicate before missing key", keyed, `{"temp":1,"temp":2}`, `1: duplicate-field "temp"`},

		{"key", keyed, `{"temp":1,"id":"s\u00e9\n"}`, "1: [sé\n] 1"},
		{"number key", keyed, `{"temp":1,"id":1.50e0}`, "1: [1.50e0] 1"},
		{"boolean key", keyed, `{"temp":1,"id":false}`, "1: [false] 1"},
		{"empty key", keyed, `{"temp":1,"id":""}`, "1: [] 1"},
		{"two keys", Config{Fields: []string{"x"}, Keys: []string{"a", "b.c"}}, `{"x":1,"b":{"c":"y"},"a":7}`, "1: [7|y] 1"},
		{"no key", keyed, `{"temp":"x"}`, `1: missing-key "id"`},
		{"null key", keyed, `{"temp":1,"id":null}`, `1: missing-key "id"`},
		{"key is an array", keyed, `{"temp":1,"id":["x"]}`, `1: bad-key "[\"x\"]"`},
		{"key is an object", keyed, `{"temp":1,"id":{}}`, `1: bad-key "{}"`},
		{"lone surrogate", keyed, `{"temp":1,"id":"\ud800x"}`, `1: bad-key "\\ud800x"`},
		{"surrogates the wrong way round", keyed, `{"temp":1,"id":"\udc00\ud800"}`, `1: bad-key "\\udc00\\ud800"`},
		{"surrogates", keyed, `{"temp":1,"id":"\uD83D\ude00"}`, "1: [😀] 1"},
		{"invalid UTF-8", keyed, "{\"temp\":1,\"id\":\"a\xff\"}", `1: bad-key "a\xff"`},
		{"1 KiB of key", keyed, `{"temp":1,"id":"` + strings.Repeat("k", 1024) + `"}`, "1: [" + strings.Repeat("k", 1024) + "] 1"},
		{"more than 1 KiB", keyed, `{"temp":1,"id":"` + strings.Repeat("k", 1025) + `"}`, `1: bad-key "` + strings.Repeat("k", 80) + `"`},
		{"cut between characters", keyed, `{"temp":1,"id":"k` + strings.Repeat("é", 1025) + `"}`, `1: bad-key "k` + strings.Repeat("é", 39) + `"`},
		{"missing key before bad key", Config{Fields: []string{"x"}, Keys: []string{"a", "b"}}, `{"a":[]}`, `1: missing-key "b"`},

		{"time, a number", timed, `{"t":1.5,"temp":1}`, "1: @1500000000 1"},
		{"time, a string", timed, `{"t":"1970-01-01T00:00:02Z","temp":1}`, "1: @2000000000 1"},
		{"no time", timed, `{"temp":1}`, "1: bad-time"},
		{"null time", timed, `{"t":null,"temp":1}`, "1: bad-time"},
		{"not a time", timed, `{"t":"soon","temp":1}`, `1: bad-time "soon"`},
		{"true is no time", timed, `{"t":true,"temp":"x"}`, `1: bad-time "true"`},
		{"one field for all", Config{Fields: []string{"t"}, Keys: []string{"t"}, Time: "t"}, `{"t":2}`, "1: @2000000000 [2] 2"},

		{"depth 64", temp, `{"temp":1,"x":` + deep(63) + `}`, "1: 1"},
		{"depth 65", temp, `{"temp":1,"x":` + deep(64) + `}`, "1: too-deep"},
		{"deep and nothing else", temp, strings.Repeat("[", 65), "1: too-deep"},
		{"deep in objects", temp, strings.Repeat(`{"temp":`, 65), "1: too-deep"},
		{"brackets in a string", temp, `{"temp":1,"x":"` + strings.Repeat("[", 100) + `"}`, "1: 1"},

		{"an array is no record", temp, `[{"temp":1}]`, `1: not-json "[{\"temp\":1}]"`},
		{"names that differ behind sixteen bytes", Config{Fields: []string{"temperature_outside"}},
			"{\"temperature_outside\":1,\"u\":1}\n{\"temperature_outsidf\":2}\n{\"temperature_outside\":3,\"u\":7}", "1: 1\n2: missing-field \"temperature_outside\"\n3: 3"},
		{"a key twice", keyed, `{"id":"a","temp":1,"id":"b"}`, `1: duplicate-field "id"`},
		{"keys of any kind by turns", keyed, "{\"id\":\"a\",\"temp\":1}\n{\"id\":7,\"temp\":1}\n{\"id\":\"\\u0062\",\"temp\":2}\n{\"id\":null,\"temp\":3}\n{\"id\":\"c\",\"temp\":4}",
			"1: [a] 1\n2: [7] 1\n3: [b] 2\n4: missing-key \"id\"\n5: [c] 4"},
		{"words", temp, `hello`, `1: not-json "hello"`},
		{"open", temp, `{"temp":1`, `1: not-json "{\"temp\":1"`},
		{"more behind it", temp, `{"temp":1} {}`, `1: not-json "{\"temp\":1} {}"`},
		{"a comma too many", temp, `{"temp":1,}`, `1: not-json "{\"temp\":1,}"`},
		{"a control character", temp, "{\"x\":\"\x01\",\"temp\":1}", `1: not-json "{\"x\":\"\x01\",\"temp\":1}"`},
		{"a wrong escape", temp, `{"x":"\x","temp":1}`, `1: not-json "{\"x\":\"\\x\",\"temp\":1}"`},
		{"NUL", temp, "{\"temp\":1}\x00", `1: not-json "{\"temp\":1}\x00"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := parseAll(t, c.c, 0, c.in); got != c.want+"\n" {
				t.Errorf("batch of %s:\n got %s\nwant %s", c.in, got, c.want)
			}
			sameJSON(t, c.c, strings.Repeat(c.in+"\n", 3))
		})
	}
}

// TestJSONNumberForms holds every n_number form of the JSON parsing test suite
// (seriot.ch/projects/parsing_json.html) against encoding/json.
func TestJSONNumberForms(t *testing.T) {
	for _, form := range []string{
		"-01", "++1234", "+1", "+Inf", "-1.0.", "-2.", "-NaN", ".-1", ".2e-3", "0.1.2", "0.3e+", "0.3e", "0.e1", "0E+", "0E",
		"0e+", "0e", "1.0e+", "1.0e-", "1.0e", "1 000.0", "1eE2", "2.e+3", "2.e-3", "2.e3", "9.e+", "Inf", "NaN", "\uff11", "1+2",
		"0x1", "0x42", "Infinity", "0e+-1", "-123.123foo", "123\xe5", "-Infinity", "-foo", "- 1", "-012", "-.123", "-1x", "1ea", "1e\xe5",
		"1.", ".123", "1.2a-3", "1.8011670033376514H-308", "012", "-", "1_000", "1,5",
	} {
		in := `{"x":` + form + `,"temp":` + form + `}`
		if json.Valid([]byte(in)) {
			t.Errorf("%s is JSON", in)
		}
		got := parseAll(t, Config{Fields: []string{"temp"}}, 0, in)
		if !strings.HasPrefix(got, "1: not-json") {
			t.Errorf("%s: %s", form, got)
		}
	}
}

func TestJSONChoosesFields(t *testing.T) {
	extra := Config{Format: "json", Extra: []string{"x", "b"}, Keys: []string{"id"}, Time: "t"}
	for _, c := range []struct {
		name string
		c    Config
		in   string
		want string
	}{
		{"all top-level numbers in order", Config{}, "{\"b\":1,\"s\":\"x\",\"a.c\":2,\"o\":{\"n\":1},\"a\":[1]}\n", "[b a.c] 2\n1: 1 2\n"},
		{"not the key, not the time", extra, "{\"id\":1,\"t\":2,\"b\":3,\"c\":4,\"x\":\"\"}\n",
			"[b c x] 2\n1: @2000000000 [1] 3 4 NaN\n1: not-a-number \"\" (value)\n"},
		{"bad lines choose nothing", extra,
			"{\"a\":1}\n{\"id\":1,\"t\":1,\"d\":1,\"d\":2}\n{\"id\":1,\"t\":2}\n{\"id\":1,\"t\":2,\"c\":1e400}\n{\"id\":1,\"t\":3,\"x\":1}\n{\"id\":1,\"t\":3,\"c\":4,\"d\":1}\n{\"id\":7,\"t\":3,\"b\":4}\n",
			"[x b] 1\n1: missing-key \"id\"\n2: duplicate-field \"d\"\n3: missing-field\n4: missing-field\n5: @3000000000 [1] 1 NaN\n6: unmeasured \"c\"\n6: missing-field \"x\"\n7: @3000000000 [7] NaN 4\n"},
		{"a name with an escape", Config{}, `{"\u0061\"":1,"\ud800":2}`, "[a\"] 1\n1: 1\n"},
		{"never known", Config{}, "{\"a\":\"\"}\n[\n", "[] 0\n1: missing-field\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, size := range []int{0, 1, 30} {
				s, err := NewSchema(c.c)
				if err != nil {
					t.Fatal(err)
				}
				got := dump(t, s, NewReader([]*Origin{sourceOf("", strings.NewReader(c.in))}, ReaderConfig{Size: size}))
				got = fmt.Sprintf("%v %d\n%s", s.Fields, s.Shown, got)
				if got != c.want {
					t.Errorf("fields and batch of %s:\n got %s\nwant %s", c.in, got, c.want)
				}
			}
		})
	}
}

func TestJSONThousandFields(t *testing.T) {
	var in strings.Builder
	in.WriteByte('{')
	for i := range 1500 {
		fmt.Fprintf(&in, `"f%d":%d,`, i, i)
	}
	in.WriteString("\"end\":1}\n")
	s, _ := NewSchema(Config{})
	line := strings.TrimSuffix(dump(t, s, NewReader([]*Origin{sourceOf("", strings.NewReader(in.String()+in.String()))}, ReaderConfig{})), "\n")
	if len(s.Fields) != 1000 || s.Fields[999] != "f999" || !strings.HasSuffix(line, " 998 999") {
		t.Errorf("%d fields, the last of %v is %.20s", len(s.Fields), s.Fields[:3], line)
	}
}

var jsonConfigs = []Config{
	{Fields: []string{"temp"}, Keys: []string{"sensor"}},
	{Fields: []string{"temp", "env.temp", "axes.0"}, Keys: []string{"sensor", "seq"}, Time: "time", Coerce: true},
	{Fields: []string{"env.temp", "env", "axes.1.temp"}, Time: "env.time", TimeFormat: "ms"},
	{Fields: []string{"temp", "seq"}, Keys: []string{"temp"}, Time: "temp"},
	{Fields: []string{"humidity_inside_rel", "temperature_outside", "y"}, Keys: []string{"x"}},
	{Fields: []string{"a", "b", "c", "d", "e", "f", "g", "h", "temp"}},
}

var jsonSeeds = []string{
	`{"time":1777636803.5,"sensor":"s042","temp":21.53,"hum":40.2,"status":"ok","seq":1204}`,
	`{"temperature_outside":-0.5,"sensor":"日","temp":1234567.5,"humidity_inside_rel":12345678.25,"seq":1e5,"x":[],"y":-12}`,
	`{"temperature_outsidf":0.25,"sensor":"a\\u0062","temp":12345678.5,"humidity_inside_rel":12345678901.25,"seq":-1,"x":5,"y":0}`,
	`{"time":1777636804.5,"sensor":"s7","temp":-1.5e3,"hum":0,"status":"","seq":1205}`,
	`{"time":"2026-05-01T12:00:03Z","sensor":"s\u00e9","temp":"21.5","seq":01}`,
	`{"sensor":"a\"b","temp":1e400,"seq":null}`, `{"sensor":true,"temp":9007199254740993,"seq":false}`,
	`{"env":{"temp":1,"time":5,"x":[1,{"temp":2}]},"axes":[1.25,{"temp":3}],"temp":1}`,
	`{"env.temp":1,"env":{"temp":2},"env.time":1,"axes":{"0":1,"1":{"temp":1}}}`, `{"temp":1,"temp":2}`, `{"temp":1,"t\u0065mp":2}`,
	`{"meter00":1,"meter01":2,"meter02":3,"meter03":4,"meter04":5,"meter05":6,"meter06":7,"meter07":8,"meter08":9,"meter09":1,"temp":2}`, `{"temp":1, "a":2 , "b":3,"":4,"meter09":5,"seq":"6","sensor":7}`,
	`{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"temp":9}`, ` { "temp" : 1 , "sensor" : "x" , "time" : 1, "seq" : 2 } `,
	`{"temp":1.,"sensor":"x"}`, `{"temp":.5,"sensor":"x"}`, `{"temp":1.5}`, `{"temp":12345678901234567890123,"sensor":"日本"}`, "{\"sensor\":\"\xff\",\"temp\":1}",
	"{\"sensor\":\"\x1f\",\"temp\":1}", `{"sensor":"\ud800","temp":1}`, `{"sensor":"\ud83d\ude00","temp":0.1}`, `{}`, `[`, ``, `null`, `{"temp":-0,"sensor":"x"}`, `{"temp":-,"sensor":"x"}`,
	`{"temp":0.30000000000000004,"sensor":"x","time":-1e-3,"seq":0}`, `{"temp":00,"sensor":"x"}`, `{"temp":1,"sensor":"x"}x`, `{"temp":1,"sensor":{}}`,
	`{"temp":` + strings.Repeat("1", 801) + `,"sensor":"x"}`, `{"x":` + deep(63) + `,"temp":1,"sensor":1}`, `{"x":` + deep(64) + `}`,
}

// A forgetful decoder reads each line with a new jsonDecoder.
type forgetful struct{ s *Schema }

func (d forgetful) decode(r *record, line []byte)     { newJSON(d.s).decode(r, line) }
func (d forgetful) fields([]byte, func([]byte, bool)) {}

// jsonBatch is what a Parser with the decoder makes of the lines.
func jsonBatch(t *testing.T, c Config, in string, with func(s *Schema) decoder) string {
	t.Helper()
	s, err := NewSchema(c)
	if err != nil {
		t.Fatal(err)
	}
	b := &Block{Data: []byte(in), Origin: &Origin{}}
	if err := s.Enter(b); err != nil {
		t.Fatal(err)
	}
	p := NewParser(s)
	p.dec = with(s)
	p.rec = newRecord(s, p.dec)
	p.fast, _ = p.dec.(runner)
	var dst Batch
	p.Parse(b, &dst)
	var out strings.Builder
	dumpBatch(&out, &dst, 0)
	return out.String()
}

// sameJSON holds that nothing shows which lines came before.
func sameJSON(t *testing.T, c Config, in string) (batch string) {
	t.Helper()
	got := jsonBatch(t, c, in, newJSON)
	if want := jsonBatch(t, c, in, func(s *Schema) decoder { return forgetful{s} }); got != want {
		t.Errorf("batch of %q with %+v:\n    got %s\neach alone %s", in, c, got, want)
	}
	return got
}

// containerText is a complaint's text that is an object or array, of which the
// slow twin does not know the white space, or that of the first of two bad keys,
// of which it does not know the order in the line.
var containerText = regexp.MustCompile(`(?m) "[\[{].*"|bad-key ".*"`)

// spaced is the line with blanks around its colons, or its commas.
func spaced(line, sign string) string {
	return strings.ReplaceAll(line, strings.TrimSpace(sign), sign)
}

var digitsOrText = regexp.MustCompile(`"?\d+"?`)

// typed is the line with its digits in quotes or, where they are in quotes,
// without.
func typed(line string) string {
	return digitsOrText.ReplaceAllStringFunc(line, func(s string) string {
		if strings.HasPrefix(s, `"`) {
			return strings.Trim(s, `"`)
		}
		return `"` + s + `"`
	})
}

// reordered is the line with its first member last.
func reordered(line string) string {
	inner, ok := strings.CutPrefix(strings.TrimSuffix(line, "}"), "{")
	if !ok {
		return line
	}
	first, rest, _ := strings.Cut(inner, ",")
	return "{" + rest + "," + first + "}"
}

func FuzzJSON(f *testing.F) {
	for i, a := range jsonSeeds {
		f.Add(a, jsonSeeds[(i+1)%len(jsonSeeds)])
		f.Add(jsonSeeds[0], a)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if strings.Count(a+b, `"`) > 60 {
			return
		}
		in := strings.Join([]string{a, a, b, spaced(a, ": "), a, spaced(b, " : "), b + "\r", typed(a), spaced(a, " , "), "", reordered(a), a, jsonSeeds[0], reordered(b), jsonSeeds[9], typed(b), b}, "\n")
		for _, c := range jsonConfigs {
			got := sameJSON(t, c, in)
			if strings.Contains(in, `\\u`) {
				continue // its regular expression takes that for an escape
			}
			want := jsonBatch(t, c, in, func(s *Schema) decoder { return &slowJSON{s: s} })
			got, want = containerText.ReplaceAllString(got, " ?"), containerText.ReplaceAllString(want, " ?")
			if got != want {
				t.Errorf("batch of %q with %+v:\n got %s\nwant %s", in, c, got, want)
			}
		}
	})
}

// TestJSONHostile holds that time is linear in what makes other readers
// quadratic or overflow their stack.
func TestJSONHostile(t *testing.T) {
	for name, unit := range map[string]string{
		"brackets": "[", "braces": `{"temp":`, "pairs": "[]", "strings": `"",`, "digits": "1,", "quotes": `"`, "backslashes": `\\`, "closed": "]", "names": `{"":`,
	} {
		t.Run(name, func(t *testing.T) {
			for _, before := range []string{"", `{"temp":`, `{"x":[`, `{"x":"`, `{"temp":1,"x":[[[[[`} {
				in := before + strings.Repeat(unit, (1<<20-40)/len(unit))
				start := time.Now()
				got := parseAll(t, Config{Fields: []string{"temp"}}, 0, in)
				if d := time.Since(start); d > 2*time.Second || !strings.HasPrefix(got, "1: ") {
					t.Errorf("%s… takes %v: %.100s", in[:20], d, got)
				}
			}
		})
	}
}

// TestJSONMembers holds what a decoder keeps of names: bounded when they never
// come again, and learned anew when they do.
func TestJSONMembers(t *testing.T) {
	s, _ := NewSchema(Config{Format: "json", Fields: []string{"temp"}})
	d := newJSON(s).(*jsonDecoder)
	var dst Batch
	r := newRecord(s, d)
	dst.columns(r)
	read := func(line string) {
		r.enter(&dst, nil)
		r.begin(1, []byte(line))
		d.decode(r, []byte(line))
		r.end()
	}
	for i := range 3000 {
		read(fmt.Sprintf(`{"n%d":1,"%s":2,"m%d":{"x":[1]},"temp":%d}`, i, strings.Repeat("n", 200), i, i))
		if n := len(d.root.members); n > maxMembers {
			t.Fatalf("%d members are kept, want at most %d", n, maxMembers)
		}
	}
	for range 32 * maxMembers {
		read(`{"a":1,"b":2,"temp":3}`)
	}
	for begun, m := range d.root.alike {
		for ; m != nil; m = m.alike {
			if d.root.members[string(m.text)] != m || beginning(append(m.text, `"x":"y":"z"`...)) != uint64(begun) {
				t.Errorf("%s is among those that begin as %d", m.text, begun)
			}
		}
	}
	if d.root.members[`,"b":`] == nil {
		t.Error("names that come again and again are not known")
	}
	if dst.Len() != 3000+32*maxMembers || len(dst.Bad) > 0 {
		t.Errorf("%d records, %d bad", dst.Len(), len(dst.Bad))
	}
}
