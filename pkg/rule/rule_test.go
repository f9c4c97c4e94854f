package rule

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"rtda/pkg/text"
)

var testAggs = strings.Fields("count sum mean min max range first last var std cv rms skew kurt median pNN iqr mad z rz delta rate slope ewma age anomaly")

// testGuess is a guess of the caller's, who knows what other tools say.
func testGuess(word string) string {
	if near := map[string]string{"avg": "mean", "percentile95": "p95"}[word]; near != "" {
		return near
	}
	return text.Suggest(word, testAggs)
}

// testScope has the given fields and keys; IsAgg knows some quantiles too.
func testScope(fields, keys string) Scope {
	known := map[string]bool{"p50": true, "p99": true, "p99.9": true, "anomaly": true}
	for _, a := range testAggs {
		known[a] = a != "pNN"
	}
	sc := Scope{IsAgg: func(s string) bool { return known[s] }, Aggs: func() []string { return testAggs }, Known: true, Guess: testGuess}
	sc.OfNoWindow = func(s string) bool { return s == "anomaly" }
	sc.Fields, sc.Keys = strings.Fields(fields), strings.Fields(keys)
	if fields == "" {
		sc.Fields = []string{""}
	}
	return sc
}

// sources names the rules as the command line does.
func sources(rules ...string) (src []Source) {
	for i, r := range rules {
		src = append(src, Source{Text: r, Name: "rule " + string(rune('1'+i))})
	}
	return src
}

func mustCompile(t testing.TB, sc Scope, rules ...string) *Set {
	t.Helper()
	s, errs := Compile(sources(rules...), sc)
	for _, err := range errs {
		t.Errorf("Compile(%q): %v", rules, err)
	}
	if s == nil {
		t.FailNow()
	}
	return s
}

func TestRule(t *testing.T) {
	for _, c := range []struct {
		rule, fields, keys string
		full               string
		metrics            string // texts, with a blank between them
		clock              string
	}{
		// SPEC's examples
		{"mean > 80", "", "", "warn: (mean > 80)", "mean", ""},
		{"crit hot: mean(temp) > 80 for 30s until mean(temp) < 75 for 10s", "temp hum", "",
			"crit hot: (mean(temp) > 80) for 30s until (mean(temp) < 75) for 10s", "mean(temp)", "for 30s in rule 1"},
		{"spike: abs(z) > 4 for 3/5", "", "", "warn spike: (abs(z) > 4) for 3/5", "z", ""},
		{"drift: mean(temp, 1m) > 1.2 * mean(temp, 1h)", "temp", "",
			"warn drift: (mean(temp,1m) > (1.2 * mean(temp,1h)))", "mean(temp,1m) mean(temp,1h)", "mean(temp,1m) in rule 1"},
		{"crit dead: age > 30s", "a b", "", "crit dead: (age > 30s)", "age", "age in rule 1"},
		{"stuck: std == 0 and count >= 50 for 5m", "", "",
			"warn stuck: ((std == 0) && (count >= 50)) for 5m", "std count", "for 5m in rule 1"},
		// the head
		{"info:mean>1", "", "", "info: (mean > 1)", "mean", ""},
		{"  crit   a.b-c_9 : mean > 1 ", "", "", "crit a.b-c_9: (mean > 1)", "mean", ""},
		{"hot: mean > 1", "", "", "warn hot: (mean > 1)", "mean", ""},
		{"warn crit: mean > 1", "", "", "warn crit: (mean > 1)", "mean", ""},
		{"until: mean > 1", "", "", "warn until: (mean > 1)", "mean", ""},
		{"größe: mean > 1", "", "", "warn größe: (mean > 1)", "mean", ""},
		{"crit mean > 1", "", "", "crit: (mean > 1)", "mean", ""},
		{"crit (mean > 1)", "", "", "crit: (mean > 1)", "mean", ""},
		{"crit hot mean > 1", "", "", "crit hot: (mean > 1)", "mean", ""},
		{"crit error: mean > 1", "", "", "crit error: (mean > 1)", "mean", ""},
		{"hot not mean > 1", "", "", "warn hot: (!(mean > 1))", "mean", ""},
		{"crit > 1 and info > 2", "crit info", "", "warn: ((crit > 1) && (info > 2))", "crit info", ""},
		{"7: mean > 1", "", "", "warn 7: (mean > 1)", "mean", ""},
		// precedence
		{"a > 1 || b > 2 && a < 3", "a b", "", "warn: ((a > 1) || ((b > 2) && (a < 3)))", "a b", ""},
		{"a > 1 or b > 2 and a < 3", "a b", "", "warn: ((a > 1) || ((b > 2) && (a < 3)))", "a b", ""},
		{"not mean > 80", "", "", "warn: (!(mean > 80))", "mean", ""},
		{"!mean > 80 and not max < 5 or min > 1", "", "", "warn: (((!(mean > 80)) && (!(max < 5))) || (min > 1))", "mean max min", ""},
		{"not not mean > 80", "", "", "warn: (!(!(mean > 80)))", "mean", ""},
		{"mean + 1 * 2 - 3 / 4 > -5", "", "", "warn: (((mean + (1 * 2)) - (3 / 4)) > (-5))", "mean", ""},
		{"-mean * +2 == --1", "", "", "warn: (((-mean) * (+2)) == (-(-1)))", "mean", ""},
		{"8 / 4 / 2 < mean", "", "", "warn: (((8 / 4) / 2) < mean)", "mean", ""},
		{"((mean) + 1) * 2 != (3)", "", "", "warn: (((mean + 1) * 2) != 3)", "mean", ""},
		{"sqrt(abs(mean) + exp(log(2))) <= 3", "", "", "warn: (sqrt((abs(mean) + exp(log(2)))) <= 3)", "mean", ""},
		{"mean>.5 and max<5. and min>=1e3 and last>2.5E-3", "", "",
			"warn: ((((mean > .5) && (max < 5.)) && (min >= 1e3)) && (last > 2.5E-3))", "mean max min last", ""},
		{"mean > 1h30m and age < 1.5d", "", "", "warn: ((mean > 1h30m) && (age < 1.5d))", "mean age", "age in rule 1"},
		{"mean > 1m", "", "", "warn: (mean > 1m)", "mean", ""},
		// keys
		{`host == "web1" and mean > 1`, "", "host", `warn: ((host == "web1") && (mean > 1))`, "mean", ""},
		{`host != "a\t\"é"`, "", "host", `warn: (host != "a\t\"é")`, "", ""},
		{"`host-name` == \"x\" and mean > 1", "", "host-name", "warn: ((`host-name` == \"x\") && (mean > 1))", "mean", ""},
		{`count == "x" and count > 1`, "", "count", `warn: ((count == "x") && (count > 1))`, "count", ""},
		{`id == "x" and id > 1`, "id", "id", `warn: ((id == "x") && (id > 1))`, "id", ""},
		// metrics
		{"mean( temp , 60s ) > mean(temp,1m)", "temp", "", "warn: (mean(temp,60s) > mean(temp,1m))", "mean(temp,60s)", "mean(temp,60s) in rule 1"},
		{"mean(1m) > mean(all) + mean(200)", "", "", "warn: (mean(1m) > (mean(all) + mean(200)))", "mean(1m) mean(all) mean(200)", "mean(1m) in rule 1"},
		{"max(temp,all) > max(temp, 0050)", "temp", "", "warn: (max(temp,all) > max(temp,50))", "max(temp,all) max(temp,50)", ""},
		{"temp > 5 and mean > 3 and mean(mean) > 3 and `mean` > 3", "temp", "",
			"warn: ((((temp > 5) && (mean > 3)) && (mean(mean) > 3)) && (`mean` > 3))", "temp mean mean(mean) `mean`", ""},
		{"`cpu-usage` > 5 and max(`cpu-usage`) > 9 and max(`all`) > 1", "x", "",
			"warn: (((`cpu-usage` > 5) && (max(`cpu-usage`) > 9)) && (max(`all`) > 1))", "`cpu-usage` max(`cpu-usage`) max(`all`)", ""},
		{"p99.9(env.temp) > 5 and env.temp > 2 and axes.0 > 1", "axes.0 x", "",
			"warn: (((p99.9(env.temp) > 5) && (env.temp > 2)) && (axes.0 > 1))", "p99.9(env.temp) env.temp axes.0", ""},
		{"max(for) > 1 and max(and) > 2 and max(p99) > 3", "x", "", "warn: (((max(for) > 1) && (max(and) > 2)) && (max(p99) > 3))", "max(for) max(and) max(p99)", ""},
		{"log > 5 and abs(log) > 4", "log", "", "warn: ((log > 5) && (abs(log) > 4))", "log", ""},
		{"crit > 5", "crit", "", "warn: (crit > 5)", "crit", ""},
		{`state == "down" and x > 1 and state != "up"`, "x", "host", `warn: (((state == "down") && (x > 1)) && (state != "up"))`, "state x", ""},
		{"`x` == \"off\" and x > 1", "x", "", "warn: ((`x` == \"off\") && (x > 1))", "x x", ""},
		{"hour >= 22 or weekday > 5 and `hour` > 2", "x", "", "warn: ((hour >= 22) || ((weekday > 5) && (`hour` > 2)))", "hour weekday `hour`", "hour in rule 1"},
		{"mean( x ,2h, 1d  ago ) > mean(x, 2h)", "x", "", "warn: (mean(x,2h,1d ago) > mean(x,2h))", "mean(x,2h,1d_ago) mean(x,2h)", "mean(x,2h,1d_ago) in rule 1"},
		{"mean(2h, 1d ago) > 1", "", "", "warn: (mean(2h,1d ago) > 1)", "mean(2h,1d_ago)", "mean(2h,1d_ago) in rule 1"},
		{"max(ago) > 1 and ago > 2", "x", "", "warn: ((max(ago) > 1) && (ago > 2))", "max(ago) ago", ""},
		{"anomaly(x) > 0.5 and anomaly > 0.9", "x", "", "warn: ((anomaly(x) > 0.5) && (anomaly > 0.9))", "anomaly(x) anomaly", ""},
		// holds
		{"mean > 1 for 3 until max < 1 for 1/100000", "", "", "warn: (mean > 1) for 3 until (max < 1) for 1/100000", "mean max", ""},
		{"mean > 1 until max < 1 for 1d12h", "", "", "warn: (mean > 1) until (max < 1) for 1d12h", "mean max", "for 1d12h in rule 1"},
		{"mean > 1 for 3 / 5", "", "", "warn: (mean > 1) for 3/5", "mean", ""},
		{"mean > 1 for 0s", "", "", "warn: (mean > 1) for 0s", "mean", "for 0s in rule 1"},
		{"mean > 1\tfor\n5m\r\n", "", "", "warn: (mean > 1) for 5m", "mean", "for 5m in rule 1"},
		{"1 > 0", "", "", "warn: (1 > 0)", "", ""},
	} {
		t.Run(c.rule, func(t *testing.T) {
			s := mustCompile(t, testScope(c.fields, c.keys), c.rule)
			r := s.Rules[0]
			var texts []string
			for _, i := range r.Metrics {
				texts = append(texts, s.Metrics[i].Text)
			}
			if r.Full != c.full {
				t.Errorf("Full = %s, want %s", r.Full, c.full)
			}
			if got := strings.Join(texts, " "); got != c.metrics {
				t.Errorf("metrics %q, want %q", got, c.metrics)
			}
			if got := s.NeedsClock(); got != c.clock {
				t.Errorf("NeedsClock() = %q, want %q", got, c.clock)
			}
			if again := mustCompile(t, testScope(c.fields, c.keys), r.Full).Rules[0]; again.Full != r.Full {
				t.Errorf("%s parses again to %s", r.Full, again.Full)
			}
		})
	}
}

func TestLevels(t *testing.T) {
	for text, want := range map[string]string{
		"mean > 80": "[{0 80}]",
		"80 < mean": "[{0 80}]",
		"mean > 80 or not (max < -5) and std < 1": "[{0 80} {1 -5} {2 1}]",
		"mean > 2 * 40":               "[{0 80}]",
		"mean > max":                  "[]",
		"abs(mean) > 3":               "[]",
		"host == \"a\" and mean > 1m": "[{0 60}]",
	} {
		s := mustCompile(t, testScope("temp", "host"), text)
		if got := fmt.Sprint(s.Rules[0].Levels); got != want {
			t.Errorf("%s: levels %s, want %s", text, got, want)
		}
	}
}

func TestRuleFields(t *testing.T) {
	s := mustCompile(t, testScope("temp", "host"),
		" crit hot: mean( temp )>80  for  30s until max < 1 for 3 ", "temp  > 1 for 2 ", "dead: temp > 1 until age > 30 ")
	for i, want := range []Rule{
		{Name: "hot", Named: true, Severity: Crit, Expr: "mean( temp )>80", Text: "mean( temp )>80  for  30s", Metrics: []int{0, 1}},
		{Name: "temp  > 1", Severity: Warn, Expr: "temp  > 1", Text: "temp  > 1 for 2", Metrics: []int{2}},
		{Name: "dead", Named: true, Severity: Warn, Expr: "temp > 1", Text: "temp > 1", Metrics: []int{2, 3}, ByClock: true, inClocked: true},
	} {
		got := s.Rules[i]
		got.Full, got.Levels, got.machine = "", nil, machine{}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("rule %d is %+v, want %+v", i+1, got, want)
		}
	}
	want := []Metric{
		{Agg: "mean", Field: "temp", Text: "mean(temp)"}, {Agg: "max", Text: "max"},
		{Field: "temp", Text: "temp"}, {Agg: "age", Text: "age"},
	}
	if !reflect.DeepEqual(s.Metrics, want) {
		t.Errorf("Metrics = %+v, want %+v", s.Metrics, want)
	}
	if !s.ByClock() || mustCompile(t, testScope("", ""), "mean > 1").ByClock() {
		t.Error("ByClock does not follow the rules")
	}
}

// A number written in two ways has one index in a rule, and each rule shows
// it as it writes it.
func TestMetricsAreShownOnceAsWritten(t *testing.T) {
	s := mustCompile(t, testScope("temp", ""), "mean(1m) > 1 and mean(60s) < 5", "mean(60s) > 2", "mean(1m) > 3")
	for i, want := range [][]int{{0}, {1}, {0}} {
		if got := s.Rules[i].Metrics; !reflect.DeepEqual(got, want) {
			t.Errorf("rule %d has metrics %v, want %v", i+1, got, want)
		}
	}
	if want := (Window{D: int64(time.Minute)}); s.Metrics[1].Window != want || s.Metrics[1].Text != "mean(60s)" {
		t.Errorf("metric 1 is %+v", s.Metrics[1])
	}
}

// Before the fields are known a bare word is let pass, and what rules name
// outright is already asked for.
func TestCompileBeforeFieldsAreKnown(t *testing.T) {
	sc := testScope("", "host")
	sc.Fields, sc.Known = nil, false
	s := mustCompile(t, sc, "tmep > 5 and mean > 3 and `cpu-usage` > 1", `max(hum, 1m) > 5 and hum > 1 and host == "a" or not tmep > 5`)
	var got []string
	for _, m := range s.Metrics {
		got = append(got, m.Text)
	}
	if want := "mean `cpu-usage` max(hum,1m) hum"; strings.Join(got, " ") != want {
		t.Errorf("metrics %q, want %q", got, want)
	}
	if want := []string{"cpu-usage", "hum"}; !reflect.DeepEqual(s.Fields, want) {
		t.Errorf("Fields = %q, want %q", s.Fields, want)
	}
	for _, rule := range []string{"mean >", "mean = 1", "host > 1", "abz(x) > 1", "x > 1 for 5x"} {
		if _, errs := Compile(sources(rule), sc); len(errs) != 1 {
			t.Errorf("%q: errors %v, want one", rule, errs)
		}
	}
}

// Rules with age, hour, weekday or the count of a duration go by the clock; the
// metrics of all rules of their ladders are of windows that the clock moves on.
func TestByClock(t *testing.T) {
	sc := testScope("x", "")
	sc.First = Window{D: 60e9}
	s := mustCompile(t, sc, "warn l: mean(x, 5m) > 1", "crit l: age > 30", "mean(x, 5m) > 2", "hour > 5", "weekday == 7", "count(x, 5m) == 0", "count == 0",
		"count(100) < 5", "x > 3 until count(1h, 1d ago) > 5")
	clock, moved := "", ""
	for i, r := range s.Rules {
		if r.ByClock {
			clock += fmt.Sprint(i+1, " ")
		}
	}
	for _, m := range s.Metrics {
		if m.Moved {
			moved += m.Text + " "
		}
	}
	if want := "2 4 5 6 7 9 "; clock != want {
		t.Errorf("by the clock: rules %s, want %s", clock, want)
	}
	if want := "mean(x,5m) count(x,5m) count count(1h,1d_ago) "; moved != want {
		t.Errorf("moved on by the clock: %s, want %s", moved, want)
	}
	if sc.First = (Window{N: 100}); mustCompile(t, sc, "count == 0").ByClock() {
		t.Error("the count of a window of samples goes by the clock")
	}
}

// A text that never was leaves a comparison unknown.
func TestTexts(t *testing.T) {
	s := mustCompile(t, testScope("x", "host"), `state == "down" until mode != "auto"`, `mode == "auto" and host == "a"`)
	if want := []string{"state", "mode"}; !reflect.DeepEqual(s.Texts, want) {
		t.Fatalf("Texts = %q, want %q", s.Texts, want)
	}
	st, got := s.NewState(), ""
	for _, texts := range [][]string{{"", "down"}, {"down", ""}, {"up", "auto"}, {"", "hand"}, {"down", "auto"}} {
		e := Env{Vals: make([]float64, len(s.Metrics)), Keys: []string{"a"}, Texts: make([][]byte, 2)}
		for i, s := range texts {
			if s != "" {
				e.Texts[i] = []byte(s)
			}
		}
		got += " " + letters(s.Step(st, e, nil))
	}
	if want := " - A A RR AA"; got != want {
		t.Errorf("got%s, want%s", got, want)
	}
}

func TestNoRules(t *testing.T) {
	s, errs := Compile(nil, testScope("", ""))
	if len(errs) > 0 || len(s.Step(s.NewState(), Env{}, nil)) > 0 || s.NeedsClock() != "" || s.ByClock() {
		t.Errorf("no rules: %+v, %v", s, errs)
	}
}
