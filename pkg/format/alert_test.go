package format

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"rtda/pkg/parse"
	"rtda/pkg/rule"
	"rtda/pkg/stream"
)

// ovens are rules that the tests tell of.
var ovens = &rule.Set{
	Metrics: []rule.Metric{{Text: "mean(temp)"}, {Text: "mean(temp,1m)"}, {Text: "mean"}, {Text: "max(a b=)"}},
	Rules: []rule.Rule{
		{Name: "hot", Named: true, Severity: rule.Crit, Expr: "mean(temp) > 80", Text: "mean(temp) > 80 for 30s", Metrics: []int{0}},
		{Name: "mean > 80", Severity: rule.Warn, Expr: "mean > 80", Text: "mean > 80", Metrics: []int{2}},
		{Name: "drift", Named: true, Severity: rule.Info, Expr: "x", Text: "mean(temp, 1m) > mean(temp)", Metrics: []int{1, 0}},
		{Name: "odd\x1b name", Severity: rule.Warn, Text: "a<b", Metrics: []int{3}},
		{Name: "key", Severity: rule.Warn, Text: `sensor == "x"`},
	},
}

func change(r int, c rule.Change) rule.Change {
	c.Rule, c.Level = r, ovens.Rules[r].Severity
	return c
}

func oven(parts ...string) *stream.Key { return &stream.Key{Parts: parts} }

const since = moment - 247e9 // 4m7s before

func TestAlertText(t *testing.T) {
	clock := Context{Layout: Layout{Keys: []string{"sensor"}, Clock: true}, Rules: ovens}
	none := Context{Rules: ovens}
	files := Context{Layout: Layout{Keys: []string{"sensor", "line"}, Clock: true}, Rules: ovens, Files: true}
	for _, c := range []struct {
		name string
		ctx  *Context
		line int
		a    stream.Alert
		want string
	}{
		{"fires", &clock, 1204, stream.Alert{Change: change(0, rule.Change{Since: moment}), Key: oven("s042"), Time: moment, Values: []float64{91.3}},
			`ALERT crit hot sensor=s042 mean(temp)=91.3 line=1204 time=2026-05-01T12:00:03Z rule="mean(temp) > 80 for 30s"`},
		{"clears", &clock, 1311, stream.Alert{Change: change(0, rule.Change{Resolved: true, Since: since, After: moment - since}), Key: oven("s042"), Time: moment, Values: []float64{74.2}},
			`RESOLVED crit hot sensor=s042 mean(temp)=74.2 line=1311 time=2026-05-01T12:00:03Z after=4m7s rule="mean(temp) > 80 for 30s"`},
		{"no name, no clock", &none, 7, stream.Alert{Change: change(1, rule.Change{}), Values: []float64{81.5}},
			`ALERT warn "mean > 80" mean=81.5 line=7 rule="mean > 80"`},
		{"no clock, clears", &none, 8, stream.Alert{Change: change(1, rule.Change{Resolved: true}), Values: []float64{1234567.8}},
			`RESOLVED warn "mean > 80" mean=1234568 line=8 rule="mean > 80"`},
		{"no value, by the clock alone", &clock, 0, stream.Alert{Change: change(2, rule.Change{Again: 3}), Key: oven("a b"), Time: moment, Values: []float64{nan, 2}},
			`ALERT info drift sensor="a b" mean(temp)=2 time=2026-05-01T12:00:03Z again=3 rule="mean(temp, 1m) > mean(temp)"`},
		{"a ladder", &none, 9, stream.Alert{Change: change(1, rule.Change{Was: rule.Crit}), Values: []float64{81}},
			`ALERT warn "mean > 80" mean=81 line=9 was=crit rule="mean > 80"`},
		{"forgotten", &clock, 5, stream.Alert{Change: change(0, rule.Change{Resolved: true, By: "ttl", After: 3600e9}), Key: oven(""), Time: moment, Values: []float64{nan}},
			`RESOLVED crit hot sensor="" line=5 time=2026-05-01T12:00:03Z after=1h by=ttl rule="mean(temp) > 80 for 30s"`},
		{"several files", &files, 5, stream.Alert{Change: change(4, rule.Change{}), Key: oven("x", "y"), Time: moment},
			`ALERT warn key sensor=x line=y file="b c.log" line=5 time=2026-05-01T12:00:03Z rule="sensor == \"x\""`},
		{"hostile", &none, 1, stream.Alert{Change: change(3, rule.Change{}), Values: []float64{1}},
			`ALERT warn "odd\u001b name" "max(a b=)"=1 line=1 rule=a<b`},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := &stream.Note{Origin: &parse.Origin{Name: "b c.log"}, Line: c.line, Alert: &c.a}
			if got := string(c.ctx.AppendNote([]byte("x"), n)); got != "x"+c.want+"\n" {
				t.Errorf("got\n%swant\n%s", got[1:], c.want)
			}
		})
	}
}

func TestAlertJSON(t *testing.T) {
	clock := Context{Layout: Layout{Keys: []string{"sensor"}, Clock: true}, Rules: ovens, Files: true, JSON: true}
	none := Context{Rules: ovens, JSON: true}
	for _, c := range []struct {
		name string
		ctx  *Context
		line int
		a    stream.Alert
		want string
	}{
		{"all there is", &clock, 12, stream.Alert{Seq: 7, Change: change(0, rule.Change{Resolved: true, Was: rule.Warn, Again: 2, Since: since, After: moment - since + 5e8}),
			Key: oven("s\n"), Time: moment, Values: []float64{1.0 / 3}},
			`{"state":"resolved","severity":"crit","rule":"hot","key":{"sensor":"s\n"},"values":{"mean(temp)":0.3333333333333333},` +
				`"file":"b","line":12,"time":"2026-05-01T12:00:03Z","since":"2026-05-01T11:55:56Z","after":247.5,"was":"warn","again":2,"by":null,"expr":"mean(temp) > 80 for 30s","seq":7,"text":"RESOLVED crit hot sensor=\"s\\n\" mean(temp)=0.333333 file=b line=12 time=2026-05-01T12:00:03Z after=4m7.5s was=warn again=2 rule=\"mean(temp) > 80 for 30s\""}`},
		{"nothing there is", &none, 0, stream.Alert{Change: change(1, rule.Change{By: "ttl"}), Values: []float64{nan}},
			`{"state":"firing","severity":"warn","rule":"mean > 80","key":null,"values":{"mean":null},` +
				`"file":null,"line":null,"time":null,"since":null,"after":null,"was":null,"again":null,"by":"ttl","expr":"mean > 80","seq":0,"text":"ALERT warn \"mean > 80\" by=ttl rule=\"mean > 80\""}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := string(c.ctx.AppendNote(nil, &stream.Note{Origin: &parse.Origin{Name: "b"}, Line: c.line, Alert: &c.a}))
			if got != c.want+"\n" {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
			if !json.Valid([]byte(got)) {
				t.Errorf("%s is not JSON", got)
			}
		})
	}
}

func TestComplaint(t *testing.T) {
	one := Context{}
	files := Context{Files: true}
	strict := Context{Strict: true, JSON: true}
	long := strings.Repeat("a", 78) + "é∞"
	for _, c := range []struct {
		ctx  *Context
		n    stream.Note
		want string
	}{
		{&one, stream.Note{Line: 3, Reason: parse.NotNumber, Text: []byte("9abc")}, `rtda: line 3: not-a-number: "9abc" (skipped)`},
		{&one, stream.Note{Line: 3, Reason: parse.NotNumber, Value: true, Text: []byte(`a"\`)}, `rtda: line 3: not-a-number: "a\"\\" (value skipped)`},
		{&one, stream.Note{Line: 4, Reason: parse.MissingKey}, `rtda: line 4: missing-key (skipped)`},
		{&one, stream.Note{Line: 4, Reason: parse.NotNumber, Text: []byte{}}, `rtda: line 4: not-a-number: "" (skipped)`},
		{&files, stream.Note{Origin: &parse.Origin{Name: "a.log"}, Line: 3, Reason: parse.TooLong}, `rtda: a.log:3: too-long (skipped)`},
		{&files, stream.Note{Origin: &parse.Origin{Name: "b\x1b.log"}, Line: 3, Reason: parse.TooDeep}, `rtda: b\u001b.log:3: too-deep (skipped)`},
		{&files, stream.Note{Origin: &parse.Origin{Name: "-"}, Line: 3, Reason: parse.TooDeep}, `rtda: line 3: too-deep (skipped)`},
		{&strict, stream.Note{Line: 3, Reason: parse.NotJSON, Text: []byte("\x1b\xff\n\u202e\u0085")}, `rtda: line 3: not-json: "\u001b\xff\n\u202e\u0085"`},
		{&one, stream.Note{Line: 1, Reason: parse.NotJSON, Text: []byte(long)}, `rtda: line 1: not-json: "` + long[:80] + `" (skipped)`},
		{&one, stream.Note{Line: 1, Reason: parse.TooManyKeys, Text: []byte("s1\xffeast")}, `rtda: line 1: too-many-keys: "s1,east" (skipped)`},
	} {
		if got := string(c.ctx.AppendNote(nil, &c.n)); got != c.want+"\n" {
			t.Errorf("got\n%swant\n%s", got, c.want)
		}
	}
}

// Paint gets the line alone, without its end, and what it adds goes where the
// line was.
func TestPaint(t *testing.T) {
	paint := func(dst []byte, s rule.Severity, resolved bool, line []byte) []byte {
		dst = append(append(dst, '<'), s.String()...)
		if resolved {
			dst = append(dst, '!')
		}
		return append(append(append(dst, ':'), line...), '>')
	}
	c := Context{Rules: ovens, Paint: paint}
	dst := append(make([]byte, 0, 4096), "before\n"...)
	dst = c.AppendNote(dst, &stream.Note{Line: 2, Reason: parse.Late})
	dst = c.AppendNote(dst, &stream.Note{Line: 2, Alert: &stream.Alert{Change: change(0, rule.Change{Resolved: true}), Values: []float64{1}}})
	want := "before\n<:rtda: line 2: late (skipped)>\n" + `<crit!:RESOLVED crit hot mean(temp)=1 line=2 rule="mean(temp) > 80 for 30s">` + "\n"
	if string(dst) != want {
		t.Errorf("got\n%swant\n%s", dst, want)
	}
}

func TestOneToOne(t *testing.T) {
	l := Layout{Keys: []string{"sensor"}, Columns: []Column{{Name: "mean"}}}
	ctx := &Context{Layout: l, Rules: ovens, JSON: true}
	alert := func(row, line, r int) stream.Note {
		return stream.Note{Row: row, Line: line, Alert: &stream.Alert{Change: change(r, rule.Change{}), Key: oven("a"), Values: []float64{81}}}
	}
	complaint := func(row, line int, why parse.Reason, value bool) stream.Note {
		return stream.Note{Row: row, Line: line, Reason: why, Value: value, Text: []byte("x\n")}
	}
	rest := `,"file":null,"line":%,"time":null,"since":null,"after":null,"was":null,"again":null,"by":null,"expr":"mean > 80","seq":0,"text":"ALERT warn \"mean > 80\" sensor=a mean=81 line=% rule=\"mean > 80\""}`
	told := `{"state":"firing","severity":"warn","rule":"mean > 80","key":{"sensor":"a"},"values":{"mean":81}` + rest
	for _, c := range []struct {
		name  string
		rows  []row
		notes []stream.Note
		want  string
	}{
		{"a row", []row{{0, []string{"a"}, []float64{1}}}, nil, `{"sensor":"a","mean":1}` + "\n"},
		{"only bad lines", nil, []stream.Note{complaint(0, 1, parse.NotJSON, false), complaint(0, 2, parse.Blank, false)},
			`{"error":{"reason":"not-json","line":1}}` + "\n" + `{"error":{"reason":"blank","line":2}}` + "\n"},
		{"all in order", []row{{0, []string{"a"}, []float64{nan}}, {0, []string{"b"}, []float64{2}}},
			[]stream.Note{
				complaint(0, 1, parse.Header, false), complaint(0, 2, parse.NotNumber, true), complaint(0, 2, parse.NotNumber, true),
				alert(0, 2, 1), complaint(1, 3, parse.Late, false), alert(1, 4, 1), alert(1, 4, 1), complaint(2, 5, parse.TooLong, false),
			},
			`{"error":{"reason":"header","line":1}}` + "\n" +
				`{"sensor":"a","mean":null,"errors":[{"reason":"not-a-number","line":2},{"reason":"not-a-number","line":2}],"alerts":[` +
				strings.ReplaceAll(told, "%", "2") + `]}` + "\n" +
				`{"error":{"reason":"late","line":3}}` + "\n" +
				`{"sensor":"b","mean":2,"alerts":[` + strings.ReplaceAll(told+","+told, "%", "4") + `]}` + "\n" +
				`{"error":{"reason":"too-long","line":5}}` + "\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := result(l, c.rows...)
			r.Notes = c.notes
			got := string(NewOneToOne(l, ctx, 0).Append(nil, r))
			if got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
			for line := range strings.Lines(got) {
				if !json.Valid([]byte(line)) {
					t.Errorf("%s is not JSON", line)
				}
			}
		})
	}
}

// Where there are several files, a bad line says in which it is; a layout
// without anything gives an empty object and takes what belongs to it.
func TestOneToOneEdges(t *testing.T) {
	ctx := &Context{Rules: ovens, Files: true}
	r := result(Layout{}, row{})
	r.Notes = []stream.Note{{Row: 0, Origin: &parse.Origin{Name: "b"}, Line: 1, Reason: parse.NotJSON}, {Row: 0, Origin: &parse.Origin{Name: "b"}, Line: 2, Reason: parse.NotNumber, Value: true}}
	want := `{"error":{"reason":"not-json","file":"b","line":1}}` + "\n" + `{"errors":[{"reason":"not-a-number","file":"b","line":2}]}` + "\n"
	f := NewOneToOne(Layout{}, ctx, 0)
	got := string(f.Append(nil, r))
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	dst := slices.Grow([]byte(nil), 4096)
	if n := testing.AllocsPerRun(20, func() { dst = f.Append(dst[:0], r) }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func FuzzNote(f *testing.F) {
	for _, c := range hostile {
		f.Add(c.text, []byte(c.text), 1.5, true)
	}
	f.Fuzz(func(t *testing.T, s string, text []byte, x float64, asJSON bool) {
		set := &rule.Set{Metrics: []rule.Metric{{Text: s}}, Rules: []rule.Rule{{Name: s, Text: s, Severity: rule.Warn, Metrics: []int{0}}}}
		c := Context{Layout: Layout{Keys: []string{"k"}, Clock: true}, Rules: set, Files: true, JSON: asJSON}
		a := &stream.Alert{Change: rule.Change{Level: rule.Warn}, Key: oven(string(text)), Time: moment, Values: []float64{x}}
		if x-x != 0 {
			a.Values[0] = nan
		}
		got := string(c.AppendNote(nil, &stream.Note{Origin: &parse.Origin{Name: s}, Line: 1, Alert: a}))
		checkClean(t, "alert", got)
		if asJSON && !json.Valid([]byte(got)) {
			t.Errorf("%q is not JSON", got)
		}
		got = string(c.AppendNote(nil, &stream.Note{Origin: &parse.Origin{Name: s}, Line: 1, Reason: parse.NotNumber, Text: text}))
		checkClean(t, "complaint", got)
	})
}
