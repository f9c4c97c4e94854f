package cmd

import (
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"rtda/pkg/agg"
	"rtda/pkg/clock"
	"rtda/pkg/rule"
	"rtda/pkg/run"
	"rtda/pkg/stream"
)

// parsed are the options that the arguments give.
func parsed(t *testing.T, args ...string) *options {
	t.Helper()
	got := runShell(args...)
	if got.opts == nil {
		t.Fatalf("rtda %q: status %d, stderr %s", args, got.status, got.stderr)
	}
	return got.opts
}

func TestDefaults(t *testing.T) {
	o := parsed(t)
	var names []string
	for _, a := range o.Aggs {
		names = append(names, a.Name)
	}
	if strings.Join(names, ",") != "mean,std,max" {
		t.Errorf("aggregates %v", names)
	}
	o.Aggs, o.given, o.flags = nil, nil, nil
	want := &options{Options: run.Options{
		In: "auto", OnError: "skip", MaxLine: 1 << 20, MaxKeys: 100_000, MaxSamples: 50_000_000,
		Windows: []run.Window{{Width: agg.Width{N: 100}, Text: "100"}}, Every: stream.Every{N: 1}, EveryText: "1", ZoneText: "UTC", Warmup: 1,
		AlertFormat: "text", Eval: "sample", ExecTimeout: 30 * time.Second, Out: "text", Measurement: "rtda", Width: 900, Height: 360, Color: "auto", Progress: "auto", Jobs: runtime.GOMAXPROCS(0),
		Hold: "auto", History: 10 * time.Minute, MaxConnections: 256, Tail: -1, Save: 5 * time.Second,
	}}
	o.Files = nil
	if !reflect.DeepEqual(o, want) {
		t.Errorf("got  %+v\nwant %+v", o, want)
	}
}

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		args []string
		got  func(o *options) any
		want any
	}{
		{[]string{"-f", `temp, hum ,"a,b"," x ","say ""hi"""`}, func(o *options) any { return o.Fields }, []string{"temp", "hum", "a,b", " x ", `say "hi"`}},
		{[]string{"-k", "a", "-k", "b,c"}, func(o *options) any { return o.Keys }, []string{"a", "b", "c"}},
		{[]string{"-w", "100,1m", "-w", "all"}, func(o *options) any { return o.Windows }, []run.Window{
			{Width: agg.Width{N: 100}, Text: "100"}, {Width: agg.Width{Kind: agg.Duration, D: 60e9}, Text: "1m"}, {Width: agg.Width{Kind: agg.All}, Text: "all"}}},
		{[]string{"-n", "10s"}, func(o *options) any { return o.Every }, stream.Every{D: 10e9}},
		{[]string{"-n", "2d"}, func(o *options) any { return o.Every }, stream.Every{D: 48 * 3600e9}},
		{[]string{"-n", "end"}, func(o *options) any { return o.Every }, stream.Every{}},
		{[]string{"-n", "5", "-n", "7"}, func(o *options) any { return o.Every }, stream.Every{N: 7}},
		{[]string{"-w5", "-n=2"}, func(o *options) any { return o.Every }, stream.Every{N: 2}},
		{[]string{"-t", "ts:%H:%M"}, func(o *options) any { return [2]string{o.TimeField, o.TimeFormat} }, [2]string{"ts", "%H:%M"}},
		{[]string{"-t", `"a:b":ms`}, func(o *options) any { return [2]string{o.TimeField, o.TimeFormat} }, [2]string{"a:b", "ms"}},
		{[]string{"-t", `"now"`}, func(o *options) any { return [2]any{o.TimeField, o.Clock} }, [2]any{"now", stream.DataClock}},
		{[]string{"-i", "csv", "--sep", `\t`}, func(o *options) any { return o.Sep }, byte('\t')},
		{[]string{"-i", "csv", "--sep", ";", "--decimal", ","}, func(o *options) any { return [2]byte{o.Sep, o.Decimal} }, [2]byte{';', ','}},
		{[]string{"--decimal", ","}, func(o *options) any { return o.Decimal }, byte(',')},
		{[]string{"--strict"}, func(o *options) any { return o.OnError }, "fail"},
		{[]string{"--strict=false"}, func(o *options) any { return o.OnError }, "skip"},
		{[]string{"-q"}, func(o *options) any { return o.Out }, "none"},
		{[]string{"-qz"}, func(o *options) any { return o.NUL }, true},
		{[]string{"--quiet=false", "-o", "json"}, func(o *options) any { return o.Out }, "json"},
		{[]string{"--warmup", "full"}, func(o *options) any { return [2]any{o.Warmup, o.WarmupFull} }, [2]any{1, true}},
		{[]string{"--warmup", "full", "--warmup", "3"}, func(o *options) any { return [2]any{o.Warmup, o.WarmupFull} }, [2]any{3, false}},
		{[]string{"--max-line", "64k"}, func(o *options) any { return o.MaxLine }, 65536},
		{[]string{"--hz", "0.5"}, func(o *options) any { return o.Hz }, clock.Rate{Num: 5, Den: 10}},
		{[]string{"-x", "true", "-r", "x", "--exec-timeout", "1m"}, func(o *options) any { return o.ExecTimeout }, time.Minute},
		{[]string{"--one-to-one", "-o", "json", "-t", "ts", "--late", "0"}, func(o *options) any { return o.OneToOne }, true},
		{[]string{"-i", "influx", "--late", "5s"}, func(o *options) any { return o.Late }, 5 * time.Second},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			if got := c.got(parsed(t, c.args...)); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %#v, want %#v", got, c.want)
			}
		})
	}
}

// The clock is the one that is named, else the wall clock where a duration
// needs one.
func TestClock(t *testing.T) {
	for _, c := range []struct {
		args  string
		clock stream.Clock
		why   string
	}{
		{"", stream.NoClock, ""},
		{"-t ts", stream.DataClock, "-t ts"},
		{"-t ts:ms -w 5m", stream.DataClock, "-t ts:ms"},
		{"-t now", stream.WallClock, "-t now"},
		{"--hz 2.5 -w 1m", stream.HzClock, "--hz 2.5"},
		{"-i influx -w 1m", stream.DataClock, "-i influx"},
		{"-i influx -t now", stream.WallClock, "-t now"},
		{"-i influx --hz 1", stream.HzClock, "--hz 1"},
		{"-w 10,5m", stream.WallClock, "-w 5m"},
		{"-n 10s", stream.WallClock, "-n 10s"},
		{"--gap 1h", stream.WallClock, "--gap 1h"},
		{"--ttl 1h", stream.WallClock, "--ttl 1h"},
		{"-r mean>1 --repeat 1h", stream.WallClock, "--repeat 1h"},
		{"-r mean>1 -x true --exec-timeout 1h", stream.NoClock, ""},
	} {
		o := parsed(t, strings.Fields(c.args)...)
		if o.Clock != c.clock || o.ClockWhy != c.why {
			t.Errorf("rtda %s: clock %d because of %q, want %d because of %q", c.args, o.Clock, o.ClockWhy, c.clock, c.why)
		}
	}
}

// Rules stand in the order given, those of -r first, and are called after
// their place.
func TestRules(t *testing.T) {
	t.Chdir(t.TempDir())
	text := "\ufeff# comment\n\nmean > 80 # hot\r\n  site == \"#1\" and `a#b` > 2\t\n\"\\\"#\" # x"
	if err := os.WriteFile("rules.txt", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	o := parsed(t, "-R", "rules.txt", "-r", "std > 1", "-r", "max > 2, or # so")
	want := []rule.Source{
		{Text: "std > 1", Name: "rule 1"},
		{Text: "max > 2, or # so", Name: "rule 2"},
		{Text: "mean > 80", Name: "rules.txt:3"},
		{Text: "  site == \"#1\" and `a#b` > 2", Name: "rules.txt:4"},
		{Text: `"\"#"`, Name: "rules.txt:5"},
	}
	if !reflect.DeepEqual(o.Rules, want) {
		t.Errorf("got %q\nwant %q", o.Rules, want)
	}
}

// A file of rules without any is no mistake, whatever else asks for rules.
func TestEmptyRulesFile(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "rules")
	if err := os.WriteFile(empty, []byte("# none yet\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if o := parsed(t, "-e", "-R", empty); len(o.Rules) != 0 {
		t.Errorf("got %q", o.Rules)
	}
}

// Runs do not share anything.
func TestRunsAreApart(t *testing.T) {
	parsed(t, "-w", "7", "-f", "x", "-r", "x")
	if o := parsed(t); len(o.Windows) != 1 || o.Windows[0].N != 100 || o.Fields != nil || o.Rules != nil {
		t.Errorf("options of an earlier run are left: %+v", o)
	}
}
