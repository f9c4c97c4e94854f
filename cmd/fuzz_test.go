package cmd

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"rtda/pkg/run"
	"rtda/pkg/stream"
)

// Dice are choices made by bytes; where they have run out it is always the
// first.
type dice struct{ rest []byte }

func (d *dice) roll(n int) int {
	if len(d.rest) == 0 {
		return 0
	}
	k := int(d.rest[0]) % n
	d.rest = d.rest[1:]
	return k
}

func (d *dice) pick(words ...string) string { return words[d.roll(len(words))] }

// likely are the values that flags are given, by name: mostly good ones that
// go together. Flags that run commands or read files are not among them.
var likely = map[string][]string{
	"field":       {"x", "y", "x,y", "x,env.temp", "axes.0", "x,nope", "`x`", ",", "a=x,y", "$1,$3", "axes[0]"},
	"keep":        {"s", "x,g", "t,env,nope", "s,s"},
	"names":       {"t,s,x,y", "x", "x,s,x", "a,b"},
	"match":       {`(?P<x>\d+)\D+(?P<s>\w)`, `"x": ?(?P<x>[^,}]*)`, "(", ".*"},
	"missing":     {"NA,-,-999", "2", "''", `"",x`},
	"key":         {"s", "s,g", "g", "x", "s,s"},
	"sep":         {";", `\t`, "|", ",", "x"},
	"decimal":     {",", "."},
	"max-line":    {"64", "1KiB", "1", "100k"},
	"max-keys":    {"2", "1", "100"},
	"max-samples": {"10", "1", "100"},
	"time":        {"t", "now", "t:unix", "t:ms", "t:%Y-%m-%d", "t:%d/%b/%Y %H:%M:%S", "t:%b %e %H:%M:%S", "t:%H:%M", "t:"},
	"hz":          {"1", "100", "1/60", "0"},
	"tz":          {"Europe/Berlin", "Asia/Kolkata", "local", "UTC", "Nowhere"},
	"near":        {"2026-05-01", "1777636803", "now"},
	"late":        {"5s", "1h", "0"},
	"ahead":       {"5s", "1h"},
	"back":        {"5s", "1h"},
	"since":       {"2026-05-01", "1777636803", "1970-01-01 00:01", "x"},
	"expect":      {"a", "a,zz", "a/b", "@nope"},
	"ttl":         {"10s", "1h", "1ms"},
	"window":      {"3", "1", "all", "10s", "5m", "2,all", "1m,3", "1h", "2,10s,all", "0"},
	"every":       {"1", "2", "10s", "1m", "end", "7"},
	"gap":         {"5s", "1m"},
	"warmup":      {"2", "full", "1"},
	"rule": {"last > 2", "mean > 1 for 2 until mean < 1", "crit hot: max(x) > 2 for 2/3", "info hot: max(x) > 1", "age > 5s", "x > 1 and y < 3",
		"a: abs(z) > 1", `s == "a" and mean(x, 10s) > 1`, "std == 0 for 10s", "last / 0 > 1 or not count > 3", "mean >", "last > 0 until last < 2 for 3",
		`g == "a" or state != "up" and mean(x) > 0`, "count(x, 10s) < 2 and hour < 24", "max(x, 10s, 20s ago) > 1 for 2", "crit weekday > 2"},
	"repeat":      {"1s", "10s"},
	"precision":   {"3", "1", "17"},
	"measurement": {"rtda", "#1 a,b=c", "", "größe\\"},
	"size":        {"200x100", "201x133", "1x1"},
	"color":       {"always", "never"},
}

// aggChoices are lists of aggregates, all of them among these.
func aggChoices() []string {
	words := aggWords()
	return append([]string{strings.Join(words, ","), "count,mean"}, words...)
}

// flagsBy makes arguments of the table of flags. The files they write are in
// dir.
func flagsBy(d *dice, dir string) []string {
	var args []string
	add := func(name, value string) { args = append(args, "--"+name+"="+value) }
	for _, f := range newOptions().flags {
		if d.roll(5) != 4 {
			continue
		}
		switch {
		case f.Name == "exec" || f.Name == "exec-timeout" || f.Name == "rules" || f.Name == "jobs" || f.group == groupDisplay || f.group == groupState || f.Name == "listen" || f.Name == "follow" || f.Name == "tail" || f.Name == "max-connections":
		case f.Name == "alerts":
			add(f.Name, filepath.Join(dir, "alerts"))
		case f.Name == "one-to-one":
			args = without(args, "--out=", "--every=", "--late=", "--ahead=", "--back=", "--quiet")
			args = append(args, "--out=json", "--one-to-one")
		case f.Name == "agg":
			add(f.Name, d.pick(aggChoices()...))
		case f.Arg == "":
			add(f.Name, d.pick("true", "true", "true", "false"))
		case f.words != nil:
			add(f.Name, d.pick(f.words()...))
		default:
			add(f.Name, d.pick(likely[f.Name]...))
			if f.Name == "rule" && d.roll(2) == 1 {
				add(f.Name, d.pick(likely[f.Name]...))
			}
		}
	}
	if slices.Contains(args, "--out=png") { // larger ones take long
		args = append(args, "--size=200x100")
	}
	if d.roll(8) == 7 {
		return args
	}
	return mended(args)
}

var complainedOf = regexp.MustCompile(`^(?:[EWI]! )?rtda: --([a-z-]+): `)

// mended is args without the flags that the command line does not take, so
// that most runs are about more than that.
func mended(args []string) []string {
	for {
		r := runShell(args...)
		bad := "none"
		if m := complainedOf.FindStringSubmatch(r.stderr); m != nil {
			bad = "--" + m[1] + "="
		} else if r.opts != nil {
			if err := run.Check(&r.opts.Options, io.Discard); err != nil {
				bad = "--rule="
			}
		}
		fewer := without(args, bad)
		if len(fewer) == len(args) {
			return args
		}
		args = fewer
	}
}

// without is args without those that begin in one of some ways.
func without(args []string, beginnings ...string) []string {
	return slices.DeleteFunc(slices.Clone(args), func(a string) bool {
		return slices.ContainsFunc(beginnings, func(b string) bool { return strings.HasPrefix(a, b) })
	})
}

// A trial is one run of the whole command in this process.
type trial struct {
	args           []string
	input          string
	opts           *options // nil: refused
	status         int
	stdout, stderr string
}

func (r *trial) String() string {
	return fmt.Sprintf("rtda %q\ninput %.5000q\nstatus %d\nstdout\n%.5000q\nstderr\n%.5000q", r.args, r.input, r.status, r.stdout, r.stderr)
}

// tryOut runs the command, in bounded time.
func tryOut(t *testing.T, jobs string, args []string, input string) *trial {
	r := &trial{args: append([]string{"--jobs=" + jobs}, args...), input: input, opts: runShell(args...).opts}
	if r.opts != nil {
		_ = run.Check(&r.opts.Options, io.Discard) // rules may turn the clock on
	}
	var stdout, stderr bytes.Buffer
	patient(t, r.String(), func() { r.status = Main(r.args, strings.NewReader(input), &stdout, &stderr) })
	r.stdout, r.stderr = stdout.String(), stderr.String()
	return r
}

// clock is the clock of the run.
func (r *trial) clock() stream.Clock {
	if r.opts == nil {
		return stream.NoClock
	}
	return r.opts.Clock
}

// filterHolds checks what always holds of the whole filter. It may write to
// dir.
func filterHolds(t *testing.T, dir string, choices []byte, input string) {
	t.Helper()
	_ = os.Remove(filepath.Join(dir, "alerts"))
	args := flagsBy(&dice{choices}, dir)
	one := tryOut(t, "1", args, input)
	if one.status < run.StatusOK || one.status > run.StatusFired {
		t.Fatalf("a status that is not in the table\n%s", one)
	}
	one.checkStderr(t)
	if one.opts == nil || one.opts.check {
		return
	}
	checkOutput(t, one.opts.Out, one.stdout, one.String())
	one.checkLines(t)
	alerts, _ := os.ReadFile(filepath.Join(dir, "alerts"))
	checkUnsafe(t, string(alerts), one.opts.Color == "always", one.String())
	if one.clock() == stream.WallClock {
		return
	}
	_ = os.Remove(filepath.Join(dir, "alerts"))
	three := tryOut(t, "3", args, input)
	again, _ := os.ReadFile(filepath.Join(dir, "alerts"))
	if three.status != one.status || three.stdout != one.stdout || three.stderr != one.stderr || !bytes.Equal(alerts, again) {
		t.Fatalf("-j 3 is not -j 1\n%s\n%s", one, three)
	}
}

// checkLines checks that with --one-to-one there is a line for each line.
func (r *trial) checkLines(t *testing.T) {
	t.Helper()
	o := r.opts
	if !o.OneToOne || o.OnError == run.OnErrorFail || r.status == run.StatusIO || r.status == run.StatusUsage {
		return
	}
	end := "\n"
	if o.NUL {
		end = "\x00"
	}
	input := strings.TrimPrefix(r.input, "\ufeff")
	want := strings.Count(input, end)
	if !strings.HasSuffix(input, end) && input != "" {
		want++
	}
	if got := strings.Count(r.stdout, "\n"); got != want || r.stderr != "" {
		t.Fatalf("%d lines out for %d in, %d bytes on stderr\n%s", got, want, len(r.stderr), r)
	}
}

// checkStderr checks that every line there is one of rtda's own, whole and
// harmless.
func (r *trial) checkStderr(t *testing.T) {
	t.Helper()
	colour := r.opts != nil && r.opts.Color == "always"
	checkUnsafe(t, r.stderr, colour, r.String())
	for line := range strings.Lines(r.stderr) {
		line = stripped(line)
		if r.opts != nil && r.opts.StderrPrefix != "" {
			mark, rest, _ := strings.Cut(line, " ")
			if !slices.Contains([]string{"E!", "W!", "I!"}, mark) {
				t.Fatalf("no mark before %q\n%s", line, r)
			}
			line = stripped(rest)
		} else if mark, rest, _ := strings.Cut(line, " "); r.opts == nil && len(mark) == 2 && mark[1] == '!' {
			line = rest
		}
		json := r.opts != nil && r.opts.AlertFormat == "json"
		switch {
		case strings.HasPrefix(line, "rtda: "):
		case r.status == run.StatusUsage && strings.HasPrefix(line, "  "): // a rule and its caret
		case json && strings.HasPrefix(line, `{"state":`):
			checkJSON(t, line, r.String())
		case !json && (strings.HasPrefix(line, "ALERT ") || strings.HasPrefix(line, "RESOLVED ")):
		default:
			t.Fatalf("a line on stderr that is none of rtda's: %q\n%s", line, r)
		}
	}
}

// texts are parts of lines, harmless and hostile.
var texts = []string{"a", "b", "c", "s042", "", " ", "a b", `q\"q`, "=1+1", "\x1b[2J", "\u009b31m", "\u202egpj", "\x7f", "\x00", "\xff\xfe", "é", "𝄞", `\ud800`, `\u0061`, "'", ",", "\t", "\\"}

var values = []string{"1", "2.5", "-3", "1e3", "0", "-0", "1e308", "-1e308", "4.9e-324", "1e400", "NaN", "01", "0x1", "1,5", `"7"`, "null", "true", "", "{}", "[1,2]", "123456789012345678901234567890"}

var moments = []string{"2026-05-01T12:00:00Z", "2026-05-01 12:00:03.5", "1777636805", "1777636806000", `"1777636807"`, "2026-05-01T12:00:01+02:00", "1970-01-01T00:00:00Z", "2261-12-31T23:59:59Z", "1e9", "-5", "x"}

// inputBy makes an input that is mostly in the format that args ask for.
func inputBy(d *dice, args []string) string {
	var b strings.Builder
	b.WriteString(d.pick("", "", "", "\ufeff"))
	format := d.pick("num", "json", "csv", "tsv", "logfmt", "influx")
	if o := runShell(args...).opts; o != nil && d.roll(8) > 0 {
		format = o.In
		if format == "auto" {
			format = "json"
			if len(o.Fields)+len(o.Keys)+len(o.TimeField) == 0 {
				format = d.pick("json", "num")
			}
		}
	}
	switch format {
	case "csv":
		b.WriteString("t,s,x,y\n")
	case "tsv":
		b.WriteString("t\ts\tx\ty\n")
	}
	for range d.roll(40) {
		lineBy(&b, d, format)
		b.WriteString(d.pick("\n", "\n", "\n", "\n", "\r\n", "\n\n", "\x00"))
	}
	if d.roll(3) == 2 {
		lineBy(&b, d, format)
	}
	return b.String()
}

// lineBy writes a line of a format, or something else.
func lineBy(b *strings.Builder, d *dice, format string) {
	moment := func() string {
		if d.roll(4) > 0 {
			return fmt.Sprint(1777636800 + d.roll(256))
		}
		return d.pick(moments...)
	}
	s, x, y := d.pick(texts...), d.pick(values...), d.pick(values...)
	if d.roll(4) > 0 {
		s, x, y = d.pick("a", "b"), fmt.Sprint(d.roll(7)), fmt.Sprint(d.roll(256))
	}
	junk := []string{"x", "{", "[[[[", "]", `{"x":1,"x":2}`, strings.Repeat("[", 70), strings.Repeat("9", 900), `{"x":1,"\u0078":2}`, "{}", "#", "\x1b]0;x\a", "\xff"}
	switch k := d.roll(10); {
	case k == 9:
		b.WriteString(d.pick(junk...))
	case format == "num":
		b.WriteString(x)
	case format == "json":
		fmt.Fprintf(b, `{"t":%s,"s":"%s","x":%s,"y":%s,"env":{"temp":%s},"axes":[%s]}`, moment(), s, x, y, x, y)
	case format == "csv":
		fmt.Fprintf(b, `%s,"%s",%s,%s`, moment(), s, x, y)
	case format == "tsv":
		fmt.Fprintf(b, "%s\t%s\t%s\t%s", moment(), s, x, y)
	case format == "logfmt":
		fmt.Fprintf(b, `t=%s s="%s" x=%s y=%s`, moment(), s, x, y)
	case format == "influx":
		fmt.Fprintf(b, `m,s=%s x=%s,y=%s %d`, s, x, y, 1777636800e9+int64(d.roll(256))*1e9)
	}
}

// Random flags and random input, always the same ones.
func TestFilterHolds(t *testing.T) {
	rng := rand.NewChaCha8([32]byte{'r', 't', 'd', 'a'})
	runs := 600
	if testing.Short() {
		runs = 100
	}
	dir := t.TempDir()
	for range runs {
		choices, data := make([]byte, 80), make([]byte, 2000)
		_, _ = io.ReadFull(rng, choices)
		_, _ = io.ReadFull(rng, data)
		filterHolds(t, dir, choices, inputBy(&dice{data}, flagsBy(&dice{choices}, "")))
	}
}

// The same with inputs so large that they are worked on side by side.
func TestFilterHoldsInBlocks(t *testing.T) {
	rng := rand.NewChaCha8([32]byte{'b', 'l', 'o', 'c', 'k'})
	dir := t.TempDir()
	for range 120 / slower {
		choices, data := make([]byte, 80), make([]byte, 2000)
		_, _ = io.ReadFull(rng, choices)
		_, _ = io.ReadFull(rng, data)
		input := inputBy(&dice{data}, flagsBy(&dice{choices}, ""))
		filterHolds(t, dir, choices, strings.Repeat(input+"\n", 1+150_000/(len(input)+1)))
	}
}

// FuzzFilter runs the whole command with random flags over random bytes: it
// never panics or hangs, ends with a status of the table, writes valid lines
// only, and the same whatever -j is.
func FuzzFilter(f *testing.F) {
	rng := rand.NewChaCha8([32]byte{'f', 'u', 'z', 'z'})
	for range 60 {
		choices, data := make([]byte, 80), make([]byte, 400)
		_, _ = io.ReadFull(rng, choices)
		_, _ = io.ReadFull(rng, data)
		f.Add(choices, []byte(inputBy(&dice{data}, flagsBy(&dice{choices}, ""))))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, choices, input []byte) {
		if len(input) > 1<<16 {
			return // takes long and finds nothing else
		}
		start := time.Now()
		filterHolds(t, dir, choices, string(input))
		if took := time.Since(start); took > tooLong/3 {
			t.Errorf("took %v", took)
		}
	})
}
