package run_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"rtda/pkg/agg"
	"rtda/pkg/rule"
	"rtda/pkg/run"
	"rtda/pkg/stream"
)

// engineOptions are those of rtda -i json -k k -f v -w 3 -a mean -r 'hot: mean(v) > 5'.
func engineOptions() *run.Options {
	mean, _ := run.LookupAggregate("mean")
	return &run.Options{
		In: "json", Keys: []string{"k"}, Fields: []string{"v"}, OnError: run.OnErrorSkip, MaxLine: 1 << 20, MaxKeys: 100, MaxSamples: 1000,
		Windows: []run.Window{{Width: agg.Width{Kind: agg.Count, N: 3}, Text: "3"}}, Aggs: []run.Aggregate{mean}, Every: stream.Every{N: 1}, EveryText: "1", Warmup: 1,
		Rules: []rule.Source{{Text: "hot: mean(v) > 5", Name: "rule 1"}}, AlertFormat: "text", Eval: "sample", Out: "text", Color: "never",
	}
}

func newEngine(t *testing.T, o *run.Options) *run.Engine {
	t.Helper()
	e, err := run.NewEngine(o, "in.3")
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// engineLines are lines of which each is a message.
var engineLines = []string{
	"{\"k\":\"a\",\"v\":1}\n", "{\"k\":\"b\",\"v\":9}", "x\n{\"k\":\"a\",\"v\":3}\n{\"k\":\"b\",\"v\":1}\n", "\n", "{\"k\":\"b\",\"v\":1}\n", "{\"k\":\"a\"}\n", "{\"k\":\"a\",\"v\":30}\n",
}

// An Engine writes what a run does, names the message at which something happened,
// and goes on from a snapshot at any place as if it had not stopped.
func TestEngine(t *testing.T) {
	const rows = "k=a v_mean=1\nk=b v_mean=9\nk=a v_mean=2\nk=b v_mean=5\nk=b v_mean=3.66667\nk=a v_mean=11.3333\n"
	for stop := range len(engineLines) + 1 {
		e := newEngine(t, engineOptions())
		var got, alerts, notes []byte
		for i, line := range engineLines {
			if i == stop {
				next := newEngine(t, engineOptions())
				if told, err := next.Restore(e.AppendSnapshot(nil)); err != nil || len(told)+len(next.Alerts) > 0 {
					t.Fatal(told, err)
				}
				e = next
			}
			if err := e.Take([]byte(line), 100+i, 0); err != nil {
				t.Fatal(err)
			}
			got, alerts, notes = append(got, e.Rows...), append(alerts, e.Alerts...), append(notes, e.Notes...)
			e.Discard()
		}
		if string(got) != rows {
			t.Errorf("stopped at %d: rows\n%swant\n%s", stop, got, rows)
		}
		for _, want := range []string{`"file":"in.3","line":101,`, `"file":"in.3","line":102,`, `"file":"in.3","line":106,`, `"seq":3,`, `"text":"ALERT warn hot k=b mean(v)=9 file=in.3 line=101 rule=\"mean(v) > 5\""`} {
			if !bytes.Contains(alerts, []byte(want)) {
				t.Errorf("stopped at %d: %s is not in %s", stop, want, alerts)
			}
		}
		if want := "rtda: in.3:102: not-json: \"x\" (skipped)\nrtda: in.3:105: missing-field: \"v\""; !strings.HasPrefix(string(notes), want) {
			t.Errorf("stopped at %d: complaints %swant %s", stop, notes, want)
		}
		if s := e.Stats(); s.Lines != 9 || s.Rows != 6 || s.Alerts != 3 {
			t.Errorf("stopped at %d: %+v", stop, s)
		}
	}
}

// On the wall clock the time is an argument, of lines and of ticks.
func TestEngineTime(t *testing.T) {
	o := engineOptions()
	o.Rules[0].Text = "dead: age > 2s"
	e := newEngine(t, o)
	if !e.GoesByTheWall() {
		t.Fatal("age needs a clock")
	}
	if err := e.Take([]byte(engineLines[0]), 1, 10e9); err != nil {
		t.Fatal(err)
	}
	e.Tick(12e9)
	if len(e.Alerts) > 0 {
		t.Errorf("at 2 s: %s", e.Alerts)
	}
	if e.Tick(13e9); !bytes.Contains(e.Alerts, []byte(`"line":null,"time":"1970-01-01T00:00:13Z"`)) {
		t.Errorf("at 3 s: %s", e.Alerts)
	}
	if want := "time=1970-01-01T00:00:10Z k=a v_mean=1\n"; string(e.Rows) != want {
		t.Errorf("rows %q, want %q", e.Rows, want)
	}
}

// What a snapshot may not be restored by is an error of the command line that says why;
// alerts of rules that are gone are there at once.
func TestEngineRestore(t *testing.T) {
	e := newEngine(t, engineOptions())
	if err := e.Take([]byte(engineLines[1]), 1, 0); err != nil {
		t.Fatal(err)
	}
	snapshot := e.AppendSnapshot(nil)
	change := func(f func(o *run.Options)) *run.Engine {
		o := engineOptions()
		f(o)
		return newEngine(t, o)
	}
	for _, c := range []struct {
		e    *run.Engine
		b    []byte
		want string
	}{
		{change(func(o *run.Options) { o.Windows[0].N, o.Windows[0].Text = 4, "4" }), snapshot, "it was made with -w 3, and cannot go on with 4"},
		{newEngine(t, engineOptions()), snapshot[:len(snapshot)-1], "damaged"},
		{newEngine(t, engineOptions()), nil, "damaged"},
		{newEngine(t, engineOptions()), append(slices.Clone(snapshot), 0), "damaged"},
	} {
		if _, err := c.e.Restore(c.b); run.StatusOf(err) != run.StatusUsage || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
	next := change(func(o *run.Options) { o.Rules = nil })
	if _, err := next.Restore(snapshot); err != nil || !bytes.Contains(next.Alerts, []byte(`"state":"resolved"`)) || !bytes.Contains(next.Alerts, []byte(`"by":"rules"`)) {
		t.Errorf("%v, %s", err, next.Alerts)
	}
}

// Flags are equal where they mean the same, and those that a snapshot asks for are the
// first.
func TestFlags(t *testing.T) {
	o := engineOptions()
	was, fixed := o.Flags()
	if again, _ := engineOptions().Flags(); !slices.Equal(was, again) {
		t.Errorf("%v, again %v", was, again)
	}
	for name, change := range map[string]func(o *run.Options){
		"-r":      func(o *run.Options) { o.Rules[0].Text += "1" },
		"-a":      func(o *run.Options) { o.Aggs = nil },
		"-o":      func(o *run.Options) { o.Out = "json" },
		"--keep":  func(o *run.Options) { o.Keep = []string{"x"} },
		"-f":      func(o *run.Options) { o.Paths = map[string]string{"v": "a.v"} },
		"-w":      func(o *run.Options) { o.Windows[0].Text = "4" },
		"--since": func(o *run.Options) { o.Since = 1 },
	} {
		o := engineOptions()
		change(o)
		now, _ := o.Flags()
		i := slices.IndexFunc(now, func(f [2]string) bool { return !slices.Contains(was, f) })
		if i < 0 || now[i][0] != name || (i < fixed) != (name == "-w") {
			t.Errorf("%s: the difference is at %d of %d fixed: %v", name, i, fixed, now)
		}
	}
}

// A flag that leaves what is measured to the first record is refused.
func TestEngineNeedsFields(t *testing.T) {
	o := engineOptions()
	o.Fields, o.Rules = nil, nil
	if _, err := run.NewEngine(o, ""); run.StatusOf(err) != run.StatusUsage {
		t.Error(err)
	}
}

// Actions get of an alert that is an object what they get of one that is not.
func TestActionsOfObjects(t *testing.T) {
	var out bytes.Buffer
	a, err := run.NewActions(`printf '%s|' "$RTDA_STATE" "$RTDA_SEVERITY" "$RTDA_RULE" "$RTDA_KEY" "$RTDA_VALUE" "$RTDA_LINE" "$RTDA_TIME" "$RTDA_SEQ" "$RTDA_TEXT"; cat`, 0, &out, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	const alert = `{"state":"firing","severity":"crit","rule":"h","key":{"z":"1","a":"x y"},"values":{"mean(v)":1e21,"a":2},"file":"in.1","line":12,"time":null,"seq":7,"text":"T"}`
	a.Do([]byte(alert))
	if told := a.Stop(); told != "" {
		t.Error(told)
	}
	if want := fmt.Sprintf("firing|crit|h|z=1 a=x y|1e21|12||7|T|%s\n", alert); out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}
