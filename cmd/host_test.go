package cmd

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"rtda/pkg/run"
)

// A host talks to rtda through pipes, as programs do that run a filter for
// each of their messages.
type host struct {
	t      *testing.T
	args   string
	feed   io.WriteCloser
	rows   *bufio.Reader
	stderr bytes.Buffer
	end    func() (status int) // waits for it, when all rows have been read
}

// newHost starts rtda in this process.
func newHost(t *testing.T, args string) *host {
	in, feed := io.Pipe()
	out, rows := io.Pipe()
	ended := make(chan int, 1)
	h := &host{t: t, args: args, feed: feed, rows: bufio.NewReader(out), end: func() int { return <-ended }}
	go func() {
		ended <- Main(strings.Fields(args), in, rows, &h.stderr)
		rows.Close()
	}()
	return h
}

// newHostProcess starts rtda as a process.
func newHostProcess(t *testing.T, args string) *host {
	p := command(t, append([]string{"rtda"}, strings.Fields(args)...)...)
	h := &host{t: t, args: args}
	h.feed, _ = p.StdinPipe()
	rows, _ := p.StdoutPipe()
	h.rows = bufio.NewReader(rows)
	p.Stderr = &h.stderr
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	h.end = func() int {
		_ = p.Wait() // its error is the status
		return statusOf(p.ProcessState)
	}
	return h
}

// ask sends a line and waits for the one that answers it.
func (h *host) ask(line string) string {
	h.t.Helper()
	var answer string
	patient(h.t, fmt.Sprintf("rtda %s, after %.80q", h.args, line), func() {
		go func() { _, _ = io.WriteString(h.feed, line+"\n") }()
		var err error
		if answer, err = h.rows.ReadString('\n'); err != nil {
			h.t.Errorf("rtda %s, after %.80q: %v", h.args, line, err)
		}
	})
	if h.rows.Buffered() > 0 {
		h.t.Fatalf("rtda %s, after %.80q: more than one line", h.args, line)
	}
	return strings.TrimSuffix(answer, "\n")
}

// close ends the input and returns the status and what else comes out.
func (h *host) close() (rest string, status int) {
	h.t.Helper()
	h.feed.Close()
	return h.rest()
}

// rest is all that comes out until rtda ends.
func (h *host) rest() (rest string, status int) {
	h.t.Helper()
	patient(h.t, "rtda "+h.args+", up to the end", func() {
		b, _ := io.ReadAll(h.rows)
		rest, status = string(b), h.end()
	})
	return rest, status
}

// hostLines are what a host may send, in a row, with the reason of the error
// in the answer, "" for a row.
var hostLines = []struct{ line, reason string }{
	{"", "blank"},
	{"{", "not-json"},
	{"\ufeff", "not-json"}, // not at the beginning
	{`{"s":"a","x":1}`, ""},
	{"   \t\r", "blank"},
	{`{"s":"a","x":2}` + "\r", ""},
	{`{"s":"a","x":"2"}`, "not-a-number"},
	{`{"s":"a"}`, "missing-field"},
	{`{"x":2}`, "missing-key"},
	{`{"s":"` + strings.Repeat("k", 2000) + `","x":2}`, "bad-key"},
	{`{"s":"\ud800","x":2}`, "bad-key"},
	{"{\"s\":\"\xff\",\"x\":2}", "bad-key"},
	{`{"s":"\u001b[2J","x":2}`, ""},
	{`{"s":"a","x":1,"x":2}`, "duplicate-field"},
	{strings.Repeat("[", 3<<20), "too-long"},
	{strings.Repeat("[", 1<<16), "too-deep"},
	{strings.Repeat(`{"x":`, 65) + "1" + strings.Repeat("}", 65), "too-deep"},
	{"\x00", "not-json"},
	{"\x1b]0;x\a", "not-json"},
	{"1", "not-json"},
	{"null", "not-json"},
	{`{"s":"` + strings.Repeat("é", 1<<19), "too-long"},
	{`{"s":"b","x":1e400}`, "not-a-number"},
	{`{"s":"b","x":-5}`, ""},
	{`{"s":"a","x":100}`, ""},
}

// A host that waits for one line after each line it sends is answered each
// time at once, hears nothing on stderr, and ends rtda by closing stdin.
func TestHostOneToOne(t *testing.T) {
	args := "--one-to-one -o json -k s -f x -w 3 -r last>50"
	for name, start := range map[string]func(*testing.T, string) *host{"in process": newHost, "process": newHostProcess} {
		t.Run(name, func(t *testing.T) {
			h := start(t, args)
			for i, c := range hostLines {
				answer := h.ask(c.line)
				want := fmt.Sprintf(`{"error":{"reason":"%s","line":%d}}`, c.reason, i+1)
				checkUnsafe(t, answer, false, answer)
				if c.reason != "" && answer != want || c.reason == "" && (!strings.HasPrefix(answer, `{"s":"`) || !json.Valid([]byte(answer))) {
					t.Fatalf("%.80q is answered by %s, want %s", c.line, answer, want)
				}
				if alert := strings.Contains(answer, `"alerts":[{"state":"firing"`); alert != strings.Contains(c.line, "100}") {
					t.Errorf("%.80q is answered by %s", c.line, answer)
				}
			}
			if rest, status := h.close(); rest != "" || status != run.StatusBadLines || h.stderr.Len() > 0 {
				t.Errorf("status %d, then %q, stderr %q", status, rest, &h.stderr)
			}
		})
	}
}

// The same in other formats, with what their first lines have to be.
func TestHostFormats(t *testing.T) {
	bad := []string{"", "x", "\x00\xff", strings.Repeat("9", 1000), `"`, ",,,,", "=", "a=", "m x=", strings.Repeat("a,", 40_000), strings.Repeat(`"`, 100_001), "2"}
	for _, c := range []struct{ args, header, good string }{
		{"", "", "1.5"},
		{"-i num", "", "1.5"},
		{"-i csv -f x -k s", "s,x", "a,1.5"},
		{"-i tsv", "x\ty", "1.5\t2"},
		{"-i logfmt -f x", "", `s="a b" x=1.5`},
		{"-i influx", "", `m,s=a x=1.5,y=2i 1777636806000000000`},
		{"-f x --on-error ignore -w 10s -n 1 -t now", "", `{"x":1.5}`},
	} {
		h := newHost(t, "--one-to-one -o json "+c.args)
		var lines []string
		if c.header == "" {
			lines = append(lines, bad...)
		} else {
			lines = append(lines, c.header)
		}
		lines = append(append(lines, c.good), append(bad, c.good, "", c.good)...)
		for i, line := range lines {
			answer := h.ask(line)
			checkJSON(t, answer, c.args)
			if isError := strings.HasPrefix(answer, `{"error":{"reason":"`); line == c.good && isError || i == 0 && !isError {
				t.Errorf("%s: %.80q is answered by %s", c.args, line, answer)
			}
		}
		if rest, status := h.close(); rest != "" || h.stderr.Len() > 0 || status != run.StatusBadLines && status != run.StatusOK {
			t.Errorf("%s: status %d, then %q, stderr %q", c.args, status, rest, &h.stderr)
		}
	}
}

// A host may send a line in pieces and several at once: each line is answered,
// in order.
func TestHostInPieces(t *testing.T) {
	h := newHost(t, "--one-to-one -o json -f x -w 1 -a last")
	go func() {
		defer h.feed.Close()
		for _, piece := range []string{`{"x"`, `:1}`, "\n", "{\"x\":2}\n{\"x\":", "3}\n\nbad\n{", `"x":4}`, "\r", "\n", `{"x":5}`} {
			_, _ = io.WriteString(h.feed, piece)
		}
	}()
	want := `{"x_last":1}
{"x_last":2}
{"x_last":3}
{"error":{"reason":"blank","line":4}}
{"error":{"reason":"not-json","line":5}}
{"x_last":4}
{"x_last":5}
`
	if rest, status := h.rest(); rest != want || status != run.StatusBadLines {
		t.Errorf("status %d, got\n%swant\n%s", status, rest, want)
	}
}

// What only the clock brings is not told between the lines.
func TestHostClock(t *testing.T) {
	h := newHost(t, "--one-to-one -o json -f x -w 1 -a last -r age>1ms")
	h.ask(`{"x":1}`)
	time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(1200 * time.Millisecond))) // a second has begun
	if n := h.rows.Buffered(); n > 0 {
		t.Errorf("%d bytes come by themselves", n)
	}
	if answer := h.ask(`{"x":2}`); !strings.Contains(answer, `"alerts":[{"state":"firing"`) {
		t.Errorf("the alert is not in %s", answer)
	}
	if rest, status := h.close(); rest != "" || status != run.StatusOK || h.stderr.Len() > 0 {
		t.Errorf("status %d, then %q, stderr %q", status, rest, &h.stderr)
	}
}

// execdRow is a row of the statistics of a metric.
var execdRow = regexp.MustCompile(`^rtda,cpu=cpu[01],host=h1 usage_mean=\S+,usage_std=\S+,usage_max=\S+ \d+$`)

// As a processor inside Telegraf: line protocol in and out, answered line by
// line without waiting for more, bad lines and alerts on stderr with the
// level marks of its log, and an end when stdin closes.
func TestHostExecd(t *testing.T) {
	h := newHostProcess(t, "-i influx -o influx -k cpu,host -f usage -w 1m -r crit:mean(usage)>90 --stderr-prefix telegraf")
	var answers []string
	for i := range 50 {
		x := 50.0
		if i >= 20 && i < 30 {
			x = 1000
		}
		line := fmt.Sprintf("cpu,cpu=cpu%d,host=h1 usage=%v,idle=5 %d", i%2, x+float64(i)/10, 1777636800e9+int64(i)*10e9)
		if i%7 == 3 {
			_, _ = io.WriteString(h.feed, "cpu,cpu=cpu0 usage= 1\n\n# a comment\n")
		}
		answers = append(answers, h.ask(line))
	}
	for i, row := range answers {
		checkInflux(t, row, row)
		if !execdRow.MatchString(row) || !strings.Contains(row, fmt.Sprintf("cpu=cpu%d,", i%2)) || !strings.HasSuffix(row, fmt.Sprint(" ", 1777636800e9+int64(i)*10e9)) {
			t.Errorf("row %d: %s", i, row)
		}
	}
	if rest, status := h.close(); rest != "" || status != run.StatusBadLines {
		t.Errorf("status %d, then %q", status, rest)
	}
	marks := map[string]int{}
	for line := range strings.Lines(h.stderr.String()) {
		mark, text, _ := strings.Cut(line, " ")
		marks[mark]++
		if !regexp.MustCompile(`^(rtda: |ALERT |RESOLVED )`).MatchString(text) {
			t.Errorf("stderr: %q", line)
		}
	}
	// 5 complaints; 2 alerts; 2 that are resolved and the totals
	if marks["W!"] != 5 || marks["E!"] != 2 || marks["I!"] != 3 || len(marks) != 3 {
		t.Errorf("stderr has the marks %v:\n%s", marks, &h.stderr)
	}
}

// Mistakes in rules, which are told in several lines, have a mark on each.
func TestHostMarksMistakes(t *testing.T) {
	h := newHostProcess(t, "-i influx -f x --stderr-prefix telegraf -r maen>1")
	if rest, status := h.close(); rest != "" || status != run.StatusUsage {
		t.Errorf("status %d, then %q", status, rest)
	}
	want := "E! rtda: rule 1, column 1: unknown metric \"maen\" (did you mean mean?)\nE!   maen>1\nE!   ^\n"
	if h.stderr.String() != want {
		t.Errorf("stderr\n%swant\n%s", &h.stderr, want)
	}
}
