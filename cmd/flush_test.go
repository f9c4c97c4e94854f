package cmd

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"rtda/pkg/run"
)

// A talk is rtda as a process whose stdout and stderr come out of one pipe,
// in the order in which they are written.
type talk struct {
	t     *testing.T
	name  string
	p     *exec.Cmd
	in    *os.File
	lines chan string
}

// newTalk starts rtda with what is written to in as its stdin.
func newTalk(t *testing.T, args ...string) *talk {
	t.Helper()
	stdin, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	k := startTalk(t, stdin, args)
	k.in = in
	t.Cleanup(func() { in.Close() })
	return k
}

// startTalk starts rtda with stdin, which it closes here.
func startTalk(t *testing.T, stdin *os.File, args []string) *talk {
	t.Helper()
	out, written, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	k := &talk{t: t, name: strings.Join(args, " "), p: command(t, append([]string{"rtda"}, args...)...), lines: make(chan string, 1000)}
	k.p.Stdin, k.p.Stdout, k.p.Stderr = stdin, written, written
	if err := k.p.Start(); err != nil {
		t.Fatal(err)
	}
	stdin.Close()
	written.Close()
	go func() {
		defer close(k.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			k.lines <- s.Text()
		}
		out.Close()
	}()
	return k
}

// say writes text to stdin.
func (k *talk) say(text string) {
	k.t.Helper()
	if _, err := io.WriteString(k.in, text); err != nil {
		k.t.Fatalf("rtda %s: %v", k.name, err)
	}
}

// hear waits for lines that match the patterns, in order.
func (k *talk) hear(patterns ...string) {
	k.t.Helper()
	for _, want := range patterns {
		select {
		case line, ok := <-k.lines:
			if !ok || !regexp.MustCompile("^(?:"+want+")$").MatchString(line) {
				k.t.Fatalf("rtda %s: %q, want %s", k.name, line, want)
			}
		case <-time.After(tooLong):
			k.t.Fatalf("rtda %s: silent, want %s", k.name, want)
		}
	}
}

// end closes stdin and waits for the last lines and the status.
func (k *talk) end(status int, patterns ...string) {
	k.t.Helper()
	if k.in != nil {
		k.in.Close()
	}
	k.hear(patterns...)
	for line := range k.lines {
		k.t.Errorf("rtda %s: %q behind the end", k.name, line)
	}
	_ = k.p.Wait()
	if got := statusOf(k.p.ProcessState); got != status {
		k.t.Errorf("rtda %s: status %d, want %d", k.name, got, status)
	}
}

// A line that comes alone is answered at once in every format, an alert before
// its row, and part of a line waits for its end.
func TestLineAloneIsAnswered(t *testing.T) {
	const alert, bad, totals = `ALERT warn x>1 x=2 line=2 rule=x>1`, `rtda: line 4: not-json: "bad" \(skipped\)`, `rtda: 5 lines read, 1 skipped \(1 not-json\)`
	for _, c := range []struct{ out, header, row string }{
		{"text", "", `x_last=%d`},
		{"json", "", `\{"x_last":%d\}`},
		{"csv", "x_last", `%d`},
		{"tsv", "x_last", `%d`},
		{"influx", "", `rtda x_last=%d`},
		{"none", "", ""},
	} {
		k := newTalk(t, "-o", c.out, "-f", "x", "-w", "1", "-a", "last", "-r", "x>1")
		row := func(n int, lines ...string) []string {
			if c.row == "" {
				return lines
			}
			return append(lines, fmt.Sprintf(c.row, n))
		}
		k.say("{\"x\":1}\n")
		if c.header != "" {
			k.hear(c.header)
		}
		k.hear(row(1)...)
		k.say("{\"x\"")
		k.say(":2}\n{\"x")
		k.hear(row(2, alert)...)
		k.say("\":3}\n")
		k.hear(row(3)...)
		k.say("bad\n{\"x\":4}")
		k.hear(bad)
		k.end(run.StatusBadLines, append(row(4), totals)...)
	}
}

// A file that grows, read through tail, is answered line by line.
func TestGrowingFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	log, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	_, _ = log.WriteString("1\n2\n")
	tail := command(t, "tail", "-n", "+1", "-s", "0.05", "-f", name)
	lines, fed, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	tail.Stdout = fed
	if err := tail.Start(); err != nil {
		t.Skip(err)
	}
	fed.Close()
	k := startTalk(t, lines, []string{"-w", "2", "-a", "mean", "-n", "1"})
	k.hear("mean=1", "mean=1.5")
	for i := range 3 {
		fmt.Fprintf(log, "%d\n", 4+2*i)
		k.hear(fmt.Sprint("mean=", 3+2*i))
	}
	_ = tail.Process.Signal(syscall.SIGTERM)
	_ = tail.Wait()
	k.end(run.StatusOK)
}

// On the wall clock rows of boundaries, silence and forgotten keys are told
// while no input comes.
func TestClockAlone(t *testing.T) {
	const time = `time=\S+Z`
	k := newTalk(t, "-k", "k", "-f", "x", "-w", "1h", "-n", "100ms", "-a", "count")
	k.say("{\"k\":\"b\",\"x\":1}\n{\"k\":\"a\",\"x\":2}\n")
	k.hear(time+" k=a x_count=1", time+" k=b x_count=1", time+" k=a x_count=1", time+" k=b x_count=1")
	_ = k.p.Process.Kill()
	_ = k.p.Wait()

	k = newTalk(t, "-q", "-k", "k", "-f", "x", "-r", "dead: age > 50ms", "--ttl", "1500ms")
	k.say("{\"k\":\"b\",\"x\":1}\n")
	k.hear("ALERT warn dead k=b age=[0-9.]+ "+time+` rule="age > 50ms"`, "RESOLVED warn dead k=b age=[0-9.]+ "+time+` after=[0-9.m]+s by=ttl rule="age > 50ms"`)
	k.end(run.StatusOK)
}
