package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"rtda/pkg/run"
)

// tooLong is when a run is taken for one that hangs.
const tooLong = 30 * time.Second

// patient fails the test unless f comes to its end.
func patient(t *testing.T, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
	case <-time.After(tooLong):
		t.Fatalf("%s: hangs", what)
	}
}

// A gate is a stream that blocks until it is opened. It tells when somebody
// has come to it.
type gate struct {
	came, open chan struct{}
	once       sync.Once
}

func newGate() *gate { return &gate{came: make(chan struct{}), open: make(chan struct{})} }

func (g *gate) wait() {
	g.once.Do(func() { close(g.came) })
	<-g.open
}

func (g *gate) Write(b []byte) (int, error) {
	g.wait()
	return len(b), nil
}

func (g *gate) Read([]byte) (int, error) {
	g.wait()
	return 0, io.EOF
}

// raise sends this process a signal that a Main under way has taken.
func raise(s syscall.Signal) { _ = syscall.Kill(os.Getpid(), s) }

// Where nobody reads stdout or stderr any more, a signal still ends the run in
// about a second, whatever was being written. The runs are side by side, and
// the signal is for all of them.
func TestSignalWhileStuck(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		var runs []*stuckRun
		for _, c := range stuckCases {
			runs = append(runs, c.start(t))
		}
		for i, r := range runs {
			patient(t, "rtda "+stuckCases[i].args, func() { <-r.stuck.came })
		}
		raise(s)
		for i, r := range runs {
			patient(t, "rtda "+stuckCases[i].args, func() {
				if status := <-r.status; status != run.StatusSignal+int(s) {
					t.Errorf("%s: status %d after %v", stuckCases[i].name, status, s)
				}
			})
			close(r.stuck.open)
			close(r.silent.open)
		}
	}
}

// A stuckCase is a run that is stuck at writing.
type stuckCase struct {
	name, args, input string
	ends              bool // the input does
	stderr            bool // it is stderr that is stuck
}

var stuckCases = []stuckCase{
	{name: "row", args: "-w 3", input: "1\n"},
	{name: "row at the clock's boundary", args: "-w 1m -n 1ms -t now", input: "1\n"},
	{name: "last rows", args: "-n end", input: "1\n", ends: true},
	{name: "complaint", args: "-i num", input: "x\n", stderr: true},
	{name: "alert", args: "-r mean>0", input: "1\n", stderr: true},
	{name: "totals", args: "-i num --on-error ignore", input: "x\n", ends: true, stderr: true},
}

type stuckRun struct {
	stuck, silent *gate
	status        chan int
}

// start starts the run.
func (c *stuckCase) start(t *testing.T) *stuckRun {
	t.Helper()
	r := &stuckRun{newGate(), newGate(), make(chan int, 1)}
	in := io.MultiReader(strings.NewReader(c.input), r.silent)
	if c.ends {
		in = strings.NewReader(c.input)
	}
	var stdout, stderr io.Writer = r.stuck, io.Discard
	if c.stderr {
		stdout, stderr = io.Discard, r.stuck
	}
	go func() { r.status <- Main(strings.Fields(c.args), in, stdout, stderr) }()
	return r
}

// A run also ends where the last to be written is what the clock has brought.
func TestClockWritesLast(t *testing.T) {
	stuck := newGate()
	in, feed := io.Pipe()
	go func() {
		_, _ = io.WriteString(feed, "1\n")
		<-stuck.came
		feed.Close()
		time.Sleep(20 * time.Millisecond) // the worker leaves
		close(stuck.open)
	}()
	patient(t, "rtda -n 1ms", func() {
		if status := Main([]string{"-w", "1m", "-n", "1ms"}, in, stuck, io.Discard); status != run.StatusOK {
			t.Errorf("status %d", status)
		}
	})
}

// A second signal does not wait for the second that the first one grants.
func TestSecondSignal(t *testing.T) {
	stuck, silent := newGate(), newGate()
	defer close(stuck.open)
	defer close(silent.open)
	for attempt := 1; ; attempt++ {
		start := time.Now()
		go func() {
			<-stuck.came
			raise(syscall.SIGTERM)
			raise(syscall.SIGINT)
		}()
		status := Main(nil, io.MultiReader(strings.NewReader("1\n"), silent), stuck, io.Discard)
		took := time.Since(start)
		if (status == 130 || status == 143) && took < run.Patience {
			return
		}
		if attempt == 5 {
			t.Fatalf("status %d after %v", status, took)
		}
	}
}

// Running actions are given a second after a signal, also when the input has
// ended and only they are waited for.
func TestSignalWhileActionsRun(t *testing.T) {
	dir := t.TempDir()
	began := filepath.Join(dir, "began")
	script := fmt.Sprintf("echo > %q; exec sleep 100", began)
	var stderr bytes.Buffer
	patient(t, "rtda -x", func() {
		go func() {
			for {
				if _, err := os.Stat(began); err == nil {
					break
				}
				time.Sleep(time.Millisecond)
			}
			raise(syscall.SIGTERM)
		}()
		status := Main([]string{"-q", "-r", "last > 0", "-x", script}, strings.NewReader("1\n"), io.Discard, &stderr)
		if status != 143 || !strings.HasSuffix(stderr.String(), "rtda: --exec: 1 action: 1 killed\n") {
			t.Errorf("status %d, stderr\n%s", status, &stderr)
		}
	})
}

// A second signal kills the running actions, children of theirs too: nobody
// would be left to time them out.
func TestSecondSignalKillsActions(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	silent := newGate()
	defer close(silent.open)
	patient(t, "rtda -x", func() {
		go func() {
			held, err := os.Open(pipe) // its end comes when nobody holds the other one
			if err != nil {
				t.Error(err)
				return
			}
			defer held.Close()
			_, _ = held.Read(make([]byte, 1))
			raise(syscall.SIGTERM)
			raise(syscall.SIGINT)
			if _, err := io.ReadAll(held); err != nil {
				t.Error(err)
			}
			t.Log("the action is gone")
		}()
		script := fmt.Sprintf("exec >%q; echo up; sleep 100 & sleep 100", pipe)
		status := Main([]string{"-q", "-r", "last > 0", "-x", script}, io.MultiReader(strings.NewReader("1\n"), silent), io.Discard, io.Discard)
		if status != 143 && status != 130 {
			t.Errorf("status %d", status)
		}
	})
}

// Every signal that ends programs ends rtda in the same way, with the last rows.
func TestEndingSignals(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGALRM, syscall.SIGXCPU} {
		if signal.Ignored(s) {
			continue // as under nohup
		}
		silent := newGate()
		go func() {
			<-silent.came
			raise(s)
		}()
		var stdout, stderr bytes.Buffer
		patient(t, "rtda", func() {
			status := Main([]string{"-a", "sum", "-n", "end"}, io.MultiReader(strings.NewReader("1\n2\n"), silent), &stdout, &stderr)
			if status != run.StatusSignal+int(s) || stdout.String() != "sum=3\n" || stderr.Len() > 0 {
				t.Errorf("%v: status %d, stdout %q, stderr %q", s, status, &stdout, &stderr)
			}
		})
		close(silent.open)
	}
}

// The process dies by the signal, so that a shell ends its loop; by SIGQUIT it
// does not, since that would make a core.
func TestProcessDiesBySignal(t *testing.T) {
	for _, c := range []struct {
		signal syscall.Signal
		dies   bool
	}{{syscall.SIGINT, true}, {syscall.SIGTERM, true}, {syscall.SIGHUP, true}, {syscall.SIGQUIT, false}} {
		if signal.Ignored(c.signal) {
			continue // as under nohup
		}
		p := command(t, "rtda", "-w", "1", "-a", "last")
		in, err := p.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := p.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		var stderr bytes.Buffer
		p.Stderr = &stderr
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(in, 1)
		_, _ = out.Read(make([]byte, 10))
		_ = p.Process.Signal(c.signal)
		_ = p.Wait()
		state := p.ProcessState
		if died := state.Sys().(syscall.WaitStatus).Signaled(); died != c.dies || statusOf(state) != run.StatusSignal+int(c.signal) || stderr.Len() > 0 {
			t.Errorf("%v: %v, stderr %q", c.signal, state, &stderr)
		}
	}
}

// waitFor waits until a file has a text, which another process writes.
func waitFor(t *testing.T, name, text string) {
	t.Helper()
	patient(t, name, func() {
		for {
			if b, _ := os.ReadFile(name); strings.Contains(string(b), text) {
				return
			}
			time.Sleep(time.Millisecond)
		}
	})
}

// As a service, rtda opens the file of --alerts anew at SIGHUP, tells the manager
// when it is ready and when it ends, and keeps that to itself before actions.
func TestService(t *testing.T) {
	dir := t.TempDir()
	alerts, old, env := filepath.Join(dir, "alerts"), filepath.Join(dir, "alerts.1"), filepath.Join(dir, "env")
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	hear := func(want string) {
		t.Helper()
		b := make([]byte, 100)
		_ = manager.SetReadDeadline(time.Now().Add(tooLong))
		if n, err := manager.Read(b); err != nil || string(b[:n]) != want {
			t.Errorf("the manager hears %q (%v), want %s", b[:n], err, want)
		}
	}
	p := command(t, "rtda", "-q", "-w", "1", "-r", "last > 0", "--alerts", alerts, "-x", "env >"+env)
	p.Env = append(p.Env, "NOTIFY_SOCKET="+filepath.Join(dir, "notify"))
	p.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // no controlling terminal
	var stderr bytes.Buffer
	p.Stderr = &stderr
	in, err := p.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	hear("READY=1")
	fmt.Fprintln(in, 1)
	waitFor(t, alerts, "ALERT")
	if err := os.Rename(alerts, old); err != nil {
		t.Fatal(err)
	}
	_ = p.Process.Signal(syscall.SIGHUP)
	patient(t, alerts, func() {
		for _, err := os.Stat(alerts); err != nil; _, err = os.Stat(alerts) {
			time.Sleep(time.Millisecond)
		}
	})
	fmt.Fprintln(in, 0)
	waitFor(t, alerts, "RESOLVED")
	in.Close()
	hear("STOPPING=1")
	if err := p.Wait(); err != nil || stderr.Len() > 0 {
		t.Errorf("%v, stderr %q", err, &stderr)
	}
	if b, _ := os.ReadFile(old); strings.Count(string(b), "\n") != 1 {
		t.Errorf("the old file has\n%s", b)
	}
	if b, _ := os.ReadFile(env); strings.Contains(string(b), "NOTIFY_SOCKET") || !strings.Contains(string(b), "RTDA_STATE=") {
		t.Errorf("the action's environment is\n%s", b)
	}
}

// --strict ends at a bad line also where it came in a block so large that the
// next one is read at the same time, from a stdin that stays open and silent.
func TestStrictEndsOnLiveStream(t *testing.T) {
	for _, jobs := range []string{"1", "2"} {
		silent := newGate()
		in := &burstReader{burst: strings.Repeat("1\n", 10_000) + "bad\n" + strings.Repeat("2\n", 10_000), silent: silent}
		var stdout, stderr bytes.Buffer
		patient(t, "rtda --strict", func() {
			status := Main([]string{"--strict", "-j", jobs, "-i", "num", "-n", "10000", "-a", "max"}, in, &stdout, &stderr)
			if status != run.StatusBadLines || stdout.String() != "max=1\n" || stderr.String() != "rtda: line 10001: not-a-number: \"bad\"\n" {
				t.Errorf("-j %s: status %d, stdout %q, stderr %q", jobs, status, &stdout, &stderr)
			}
		})
		close(silent.open)
	}
}

// A burstReader gives one read of many lines, and then nothing.
type burstReader struct {
	burst  string
	silent *gate
}

func (r *burstReader) Read(b []byte) (int, error) {
	if r.burst == "" {
		r.silent.wait()
		return 0, io.EOF
	}
	n := copy(b, r.burst)
	r.burst = r.burst[n:]
	return n, nil
}

// A slowWriter waits before its first write.
type slowWriter struct {
	gate *gate
	bytes.Buffer
}

func (w *slowWriter) Write(b []byte) (int, error) {
	w.gate.wait()
	return w.Buffer.Write(b)
}

// After a signal all whole lines that have been read are used, those too that
// lie behind the block in progress, and the beginning of a line is none.
func TestSignalUsesWhatWasRead(t *testing.T) {
	header := "x\n"
	lines := strings.Repeat("1\n", 1000)
	for _, jobs := range []string{"1", "3"} {
		silent, slow := newGate(), &slowWriter{gate: newGate()}
		var stderr bytes.Buffer
		patient(t, "rtda", func() {
			go func() {
				<-slow.gate.came
				raise(syscall.SIGINT)
				close(slow.gate.open)
			}()
			in := &burstReader{burst: header + "bad\n" + lines + "2", silent: silent}
			status := Main([]string{"-i", "csv", "-f", "x", "-j", jobs, "-w", "all", "-a", "count,max", "-n", "7"}, in, slow, &stderr)
			if status != 130 {
				t.Errorf("status %d", status)
			}
		})
		close(silent.open)
		rows := strings.Split(slow.String(), "\n")
		if want := "x_count=1000 x_max=1"; len(rows) != 143+1 || rows[142] != want {
			t.Errorf("-j %s: %d rows, the last is %s, want %s", jobs, len(rows)-1, rows[max(0, len(rows)-2)], want)
		}
		if want := "rtda: line 2: not-a-number: \"bad\" (skipped)\nrtda: 1002 lines read, 1 skipped (1 not-a-number)\n"; stderr.String() != want {
			t.Errorf("-j %s: stderr\n%swant\n%s", jobs, &stderr, want)
		}
	}
}

// SIGUSR1 tells the counts and changes nothing.
func TestSignalAsksForCounts(t *testing.T) {
	asksForCounts(t, "2 samples held")
	asksForCounts(t, "4002 samples held (4000 of them for 1 detectors of up to 44 KB)", "-r", "anomaly > 0.9")
}

func asksForCounts(t *testing.T, held string, more ...string) {
	in, feed := io.Pipe()
	rows, stdout := io.Pipe()
	asides, stderr := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- Main(append([]string{"-w", "2", "-a", "count", "-r", "last > 1"}, more...), in, stdout, stderr)
	}()
	patient(t, "rtda", func() {
		alert := make([]byte, 200)
		for _, line := range []string{"1\n", "2\n"} {
			fmt.Fprint(feed, line)
			if line == "2\n" {
				_, _ = asides.Read(alert)
			}
			_, _ = rows.Read(make([]byte, 100))
		}
		raise(syscall.SIGUSR1)
		n, _ := asides.Read(alert)
		if got, want := string(alert[:n]), "rtda: 2 lines read, 0 skipped, 2 rows written, 1 alerts, 1 keys, "+held+"\n"; got != want {
			t.Errorf("got %swant %s", got, want)
		}
		fmt.Fprint(feed, "1\n")
		_, _ = asides.Read(alert)
		_, _ = rows.Read(make([]byte, 100))
		feed.Close()
		if status := <-ended; status != 0 {
			t.Errorf("status %d", status)
		}
	})
}

// command is rtda as a process of its own, ended if it hangs.
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), tooLong)
	t.Cleanup(cancel)
	p := exec.CommandContext(ctx, args[0], args[1:]...)
	p.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0") // else every end takes a second
	return p
}

// statusOf is the status as a shell sees it.
func statusOf(state *os.ProcessState) int {
	if s, ok := state.Sys().(syscall.WaitStatus); ok && s.Signaled() {
		return run.StatusSignal + int(s.Signal())
	}
	return state.ExitCode()
}

// A signalCase is a state of a run in which a signal comes.
type signalCase struct {
	name  string
	args  []string
	lines int // of input
	slow  bool
	open  bool // the input does not end: the run waits for more
}

var signalCases = []signalCase{
	{name: "reading", args: []string{"-i", "num", "-n", "10"}, lines: 400_000 / slower},
	{name: "parsing", args: []string{"-i", "num", "-n", "1000", "-j", "3"}, lines: 400_000 / slower / slower},
	{name: "writing", args: []string{"-i", "num", "-o", "json"}, lines: 20_000 / slower, slow: true},
	{name: "waiting", args: []string{"-i", "num", "-n", "10"}, lines: 1234, open: true},
	{name: "at the end", args: []string{"-i", "num", "-n", "end"}, lines: 200_000 / slower},
}

var lastCount = regexp.MustCompile(`(?:"count":|count=)(\d+)[^\n]*\n$`)

// SIGINT and SIGTERM at any moment: what comes out is what the lines used so
// far give, the last rows with it, each once and whole.
func TestSignalAtRandomMoments(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, c := range signalCases {
		t.Run(c.name, func(t *testing.T) {
			var input strings.Builder
			for i := range c.lines {
				fmt.Fprintln(&input, i%977)
			}
			c.args = append([]string{"-w", "all", "-a", "count,sum,last"}, c.args...)
			for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGINT} {
				c.try(t, input.String(), s, time.Duration(rng.IntN(30_000))*time.Microsecond)
			}
		})
	}
}

// try runs a case with a signal so long after the first row.
func (c *signalCase) try(t *testing.T, input string, s syscall.Signal, delay time.Duration) {
	p := command(t, append([]string{"rtda"}, c.args...)...)
	feed, _ := p.StdinPipe()
	rows, _ := p.StdoutPipe()
	var stderr bytes.Buffer
	p.Stderr = &stderr
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_, _ = io.WriteString(feed, input)
		if !c.open {
			feed.Close()
		}
	}()
	stdout := c.collect(rows, func() { _ = p.Process.Signal(s) }, delay)
	_ = p.Wait()
	feed.Close()
	if status := statusOf(p.ProcessState); status != run.StatusSignal+int(s) && (status != 0 || c.open) || stderr.Len() > 0 {
		t.Errorf("status %d after %v, stderr %q", status, s, &stderr)
	}
	c.check(t, input, stdout)
}

// collect reads all rows, and sends the signal so long after the first, or
// when it has read all where the input does not end.
func (c *signalCase) collect(rows io.Reader, signal func(), delay time.Duration) string {
	var got bytes.Buffer
	if c.args[len(c.args)-1] == "end" { // no row before the end
		time.AfterFunc(100*time.Millisecond+delay, signal)
	} else {
		one := make([]byte, 4096)
		n, _ := rows.Read(one)
		got.Write(one[:n])
		if c.open {
			for !strings.Contains(got.String(), "count=1230 ") && n > 0 {
				n, _ = rows.Read(one)
				got.Write(one[:n])
			}
		}
		time.AfterFunc(delay, signal)
	}
	if c.slow {
		time.Sleep(2 * delay)
	}
	_, _ = io.Copy(&got, rows)
	return got.String()
}

// check compares what came out with a run over the lines that the last row
// says it counted.
func (c *signalCase) check(t *testing.T, input, stdout string) {
	if stdout == "" {
		return // ended before it had begun
	}
	m := lastCount.FindStringSubmatch(stdout)
	if m == nil {
		t.Fatalf("%d bytes do not end in a row: …%q", len(stdout), stdout[max(0, len(stdout)-100):])
	}
	n, _ := strconv.Atoi(m[1])
	end := 0
	for range n {
		end += strings.IndexByte(input[end:], '\n') + 1
	}
	var want bytes.Buffer
	Main(c.args, strings.NewReader(input[:end]), &want, io.Discard)
	if stdout != want.String() {
		t.Errorf("%d lines used: %d bytes came out, want %d", n, len(stdout), want.Len())
	}
	if c.open && n != c.lines {
		t.Errorf("%d lines used of the %d that were read", n, c.lines)
	}
}

// A shell sees the statuses, and the faults that only a process can have.
func TestFaultsInShell(t *testing.T) {
	t.Chdir(t.TempDir())
	var numbers strings.Builder
	for i := range 20_000 {
		fmt.Fprintln(&numbers, i)
	}
	if err := os.WriteFile("in", []byte(numbers.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, script, stdout, stderr string }{
		{"full disk", `rtda in >/dev/full; echo $?`, "1\n", "rtda: writing stdout: no space left on device\n"},
		{"full disk at the end", `rtda -n end in >/dev/full; echo $?`, "1\n", "rtda: writing stdout: no space left on device\n"},
		{"full disk for help", `rtda --help >/dev/full; echo $?`, "1\n", "rtda: writing stdout: no space left on device\n"},
		{"file too large", `(ulimit -f 16; rtda -w 1 -a last in >out; echo $?); head -n 2 out; rm out`, "1\nlast=0\nlast=1\n", "rtda: writing stdout: file too large\n"},
		{"file of alerts too large", `(ulimit -f 1; rtda -q --hz 1 -r 'last > 1' --repeat 1s --alerts out in; echo $?); rm out`, "1\n", "rtda: writing the alerts: file too large\n"},
		{"man page too large", `(ulimit -f 1; rtda man >out; echo $?); rm out`, "1\n", "rtda: writing stdout: file too large\n"},
		{"stream too large", `(ulimit -f 1; rtda simulate --flat-out >out; echo $?); rm out`, "1\n", "rtda: writing stdout: file too large\n"},
		{"reader gone during", `{ rtda -w 1 -a last in; echo $? >&3; } 3>status | head -n 1; cat status`, "last=0\n141\n", ""},
		{"reader gone at the end", `{ sleep 0.1; echo 1; } | { rtda -n end -a last; echo $? >&3; } 3>status | true; cat status`, "141\n", ""},
		{"reader gone, bad lines", `{ sleep 0.1; printf '1\nx\n'; } | { rtda -i num -n end 2>err; echo $? >&3; } 3>status | true; cat status err`,
			"141\nrtda: line 2: not-a-number: \"x\" (skipped)\n", ""},
		{"no stdout", `rtda -w 1 -a last -r 'last > 19998' --alerts out in >&-; cut -c 1-30 out; rm out`, "ALERT warn \"last > 19998\" last\n", ""},
		{"no stdin", `rtda <&-; echo $?`, "0\n", ""},
		{"no stderr", `echo x | rtda -i num 2>&-; echo $?`, "3\n", ""},
		{"too few open files for actions", `ulimit -n 14; rtda -q -r 'last > 1' -x true in; echo $?`, "2\n", "rtda: --exec: actions need some open files: too many open files (see ulimit -n)\n"},
		{"too few open files", `ulimit -n 6; rtda in; echo $?`, "2\n", "rtda: a few files must be open at once: too many open files (see ulimit -n)\n"},
		{"an endless file of rules", `rtda -R /dev/zero in; echo $?`, "2\n", "rtda: --rules: cannot be read: is longer than 16 MiB: got \"/dev/zero\"\n"},
		{"an endless token", `rtda --http 0 --http-token /dev/zero in; echo $?`, "2\n", "rtda: --http-token: cannot be read: is longer than 16 MiB: got \"/dev/zero\"\n"},
		{"alerts to a descriptor that is closed", `rtda -q -r 'last > 1' --alerts /dev/fd/3 in 3>&-; echo $?`, "2\n", "rtda: --alerts: cannot be written: bad file descriptor: got \"/dev/fd/3\"\n"},
		{"alerts to a descriptor for reading", `rtda -q -r 'last > 1' --alerts /dev/fd/3 in 3</dev/null; echo $?`, "2\n", "rtda: --alerts: cannot be written: bad file descriptor: got \"/dev/fd/3\"\n"},
		{"alerts to a descriptor", `rtda -q -r 'last > 19998' --alerts /dev/fd/3 in 3>out; cut -c 1-5 out; rm out`, "ALERT\n", ""},
		{"stdin is a folder", `rtda <.; echo $?`, "1\n", "rtda: stdin: is a directory\n"},
		{"signal while a pipe opens", `echo 1 >a; mkfifo pipe; rtda -n end -a last a pipe & p=$!; sleep 0.3; kill $p; { wait $p; } 2>/dev/null; echo $?`, "last=1\n143\n", ""},
		{"ignored signal stays ignored", `trap '' INT; mkfifo lines; rtda -w 1 -a last <lines >rows & p=$!; exec 4>lines; echo 1 >&4; until [ -s rows ]; do sleep 0.01; done; kill -INT $p; echo 2 >&4; exec 4>&-; wait $p; s=$?; cat rows; echo $s; rm lines rows`,
			"last=1\nlast=2\n0\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := command(t, "sh", "-c", c.script)
			var stdout, stderr bytes.Buffer
			p.Stdout, p.Stderr = &stdout, &stderr
			if err := p.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
				t.Fatal(err)
			}
			if stdout.String() != c.stdout || stderr.String() != c.stderr {
				t.Errorf("stdout\n%swant\n%sstderr\n%swant\n%s", &stdout, c.stdout, &stderr, c.stderr)
			}
		})
	}
}

// timeout(1) sends its signal to rtda and then to the group that rtda is in, so
// that it comes twice. What was read is used and written all the same, unless so
// much else goes on that the second one comes late.
func TestSignalComesTwice(t *testing.T) {
	guard := make(chan os.Signal, 64) // should the second come when Main has ended
	signal.Notify(guard, syscall.SIGTERM)
	defer signal.Stop(guard)
	for attempt := 1; ; attempt++ {
		silent, slow := newGate(), &slowWriter{gate: newGate()}
		go func() {
			<-silent.came
			raise(syscall.SIGTERM)
			<-slow.gate.came
			raise(syscall.SIGTERM)
			time.Sleep(20 * time.Millisecond) // it is seen
			close(slow.gate.open)
		}()
		status := Main([]string{"-w", "3", "-a", "sum", "-n", "end"}, io.MultiReader(strings.NewReader("1\n2\n"), silent), slow, io.Discard)
		close(silent.open)
		select {
		case <-slow.gate.open:
			if status != 143 || slow.String() != "sum=3\n" {
				t.Errorf("status %d, stdout %q", status, slow.String())
			}
			return
		default: // it did not wait for what was being written
		}
		if attempt == 5 {
			t.Fatal("an echo of the signal was taken for a second one")
		}
	}
}
