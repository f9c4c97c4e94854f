package run

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A sharedBuffer is a stderr that is no file.
type sharedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *sharedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *sharedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// given is an action with what its command gets.
func given(json []byte, env []string) action {
	return func() ([]byte, []string) { return json, env }
}

func ignore(string) {}

// fifo makes a named pipe: processes tell each other and the test of their
// doings through it, and nobody has to sleep. The test holds both its ends.
func fifo(t *testing.T) (name string, ends *os.File) {
	t.Helper()
	name = filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Skip("no named pipes here:", err)
	}
	ends, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ends.Close() })
	return name, ends
}

// readLine reads a line, and no byte more.
func readLine(t *testing.T, r io.Reader) string {
	t.Helper()
	var line []byte
	for b := make([]byte, 1); ; line = append(line, b[0]) {
		if _, err := io.ReadFull(r, b); err != nil {
			t.Fatal(err)
		}
		if b[0] == '\n' {
			return string(line)
		}
	}
}

// write writes a text.
func write(t *testing.T, w io.StringWriter, text string) {
	t.Helper()
	if _, err := w.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

// do runs actions that print to a buffer until all have ended.
func do(command string, timeout time.Duration, starts func(a *Actions)) (stderr, report string) {
	var b sharedBuffer
	a := newActions(command, timeout, &b, ignore)
	starts(a)
	a.wait()
	return b.String(), a.report()
}

func TestActions(t *testing.T) {
	big := `{"pad":"` + strings.Repeat("x", 1<<20) + `"}`
	for _, c := range []struct {
		name, command string
		timeout       time.Duration
		json          string
		env           []string
		stderr        string
		report        string
	}{
		{"json on stdin", "cat", 0, `{"rule":"hot"}` + "\n", nil, `{"rule":"hot"}` + "\n", ""},
		{"big json, all read", "wc -c | tr -d ' '", 0, big, nil, strconv.Itoa(len(big)) + "\n", ""},
		{"big json, not read", "echo done", 0, big, nil, "done\n", ""},
		{"big json, stdin closed", "exec 0<&-; echo done", 0, big, nil, "done\n", ""},
		{"environment", `echo "$RTDA_STATE $RTDA_KEY"`, 0, "", []string{"RTDA_STATE=firing", "RTDA_KEY=sensor=s1"}, "firing sensor=s1\n", ""},
		{"stdout and stderr", "echo one; echo two >&2", 0, "", nil, "one\ntwo\n", ""},
		{"a last line gets its end", "printf one", 0, "", nil, "one\n", ""},
		{"failed", "exit 3", 0, "", nil, "", "--exec: 1 action: 1 failed"},
		{"killed by itself", "kill -9 $$", 0, "", nil, "", "--exec: 1 action: 1 failed"},
		{"timed out", "exec sleep 60", 50 * time.Millisecond, "", nil, "", "--exec: 1 action: 1 timed out"},
		{"deaf to SIGTERM and timed out", "trap '' TERM; sleep 60; sleep 60", 50 * time.Millisecond, "", nil, "", "--exec: 1 action: 1 timed out"},
		{"in time", "exit 0", time.Minute, "", nil, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			stderr, report := do(c.command, c.timeout, func(a *Actions) { a.start(given([]byte(c.json), c.env)) })
			if stderr != c.stderr || report != c.report {
				t.Errorf("%q printed %q and was reported as %q, want %q and %q", c.command, stderr, report, c.stderr, c.report)
			}
		})
	}
}

// Data never becomes part of the command, whatever stands in it.
func TestActionsTakeDataForData(t *testing.T) {
	dir := t.TempDir()
	for _, data := range []string{
		"'; touch harm; '", `"; touch harm; "`, "$(touch harm)", "`touch harm`", "a\ntouch harm\n", "| touch harm", "-n", `\`, "*",
	} {
		command := fmt.Sprintf(`cd %s && printf '%%s' "$RTDA_KEY" && cat && ls`, dir)
		got, report := do(command, 0, func(a *Actions) {
			a.start(given([]byte(data), []string{"RTDA_KEY=" + envText(data)}))
		})
		want := data + data
		if !strings.HasSuffix(want, "\n") {
			want += "\n"
		}
		if got != want || report != "" {
			t.Errorf("with %q in the data the command printed %q (%s)", data, got, report)
		}
	}
}

// A command that fails at once and one that cannot start are told apart.
func TestActionsThatCannotStart(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, report := do("true", 0, func(a *Actions) { a.start(given(nil, nil)); a.start(given(nil, nil)) })
	if want := `--exec: 2 actions: 2 failed (exec: "sh": executable file not found in $PATH)`; report != want {
		t.Errorf("report is %q, want %q", report, want)
	}
}

// The whole process group dies at the timeout: the grandchild, of which the
// shell is the parent, gives up the last copy of stderr.
func TestTimeoutKillsProcessGroup(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	a := newActions("(echo ready; exec sleep 60) & wait", 200*time.Millisecond, w, ignore)
	a.start(given(nil, nil))
	a.wait()
	w.Close()
	// On a very busy machine it may die before it has said a word.
	if all, err := io.ReadAll(r); strings.TrimPrefix(string(all), "ready\n") != "" || err != nil {
		t.Errorf("it said %q, %v", all, err)
	}
	if got, want := a.report(), "--exec: 1 action: 1 timed out"; got != want {
		t.Errorf("report is %q, want %q", got, want)
	}
}

// A grandchild in the background that holds stdin, stdout and stderr open does
// not keep the action from being done.
func TestGrandchildHoldsPipes(t *testing.T) {
	pipe, ends := fifo(t)
	command := fmt.Sprintf("(echo $$ >%s; exec sleep 60) <&0 & exit 0", pipe)
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	for _, c := range []struct {
		name   string
		stderr io.Writer
	}{{"a file", null}, {"no file", &sharedBuffer{}}, {"nowhere", io.Discard}} {
		t.Run(c.name, func(t *testing.T) {
			a := newActions(command, 0, c.stderr, ignore)
			a.after = 20 * time.Millisecond
			a.start(given(bytes.Repeat([]byte("x"), 1<<20), nil))
			group, err := strconv.Atoi(readLine(t, ends))
			if err != nil {
				t.Fatal(err)
			}
			a.wait()
			if got := a.report(); got != "" {
				t.Errorf("report is %q, want none", got)
			}
			if err := syscall.Kill(-group, syscall.SIGKILL); err != nil {
				t.Errorf("the grandchild did not live on: %v", err)
			}
		})
	}
}

// Of a burst, 4 run, as many as may wait do so, and the rest is dropped in the
// caller's next to no time, which is told at the first five, the 10th, the 100th …;
// who waits gets his turn in order.
func TestActionsBurst(t *testing.T) {
	const burst, most = 10_000, 64
	gate, ends := fifo(t)
	var b, told sharedBuffer
	a := newActions(fmt.Sprintf("read x <%s; echo $RTDA_LINE", gate), 0, &b, func(line string) { fmt.Fprintln(&told, line) })
	a.most = most
	for i := range burst {
		if a.admit() {
			a.start(given([]byte("{}"), []string{"RTDA_LINE=" + strconv.Itoa(i)}))
		}
	}
	a.mu.Lock()
	running, waiting := a.running, len(a.waiting)
	for i, w := range a.waiting {
		if _, env := w(); env[0] != "RTDA_LINE="+strconv.Itoa(i+maxRunning) {
			t.Errorf("%d waits with %s", i, env[0])
		}
	}
	a.mu.Unlock()
	if running != maxRunning || waiting != most {
		t.Errorf("%d run and %d wait, want %d and %d", running, waiting, maxRunning, most)
	}
	write(t, ends, strings.Repeat("\n", maxRunning+most))
	a.wait()
	if got := strings.Count(b.String(), "\n"); got != maxRunning+most {
		t.Errorf("%d actions have run, want %d", got, maxRunning+most)
	}
	want := fmt.Sprintf("--exec: %d actions: %d dropped", burst, burst-maxRunning-most)
	if got := a.report(); got != want {
		t.Errorf("report is %q, want %q", got, want)
	}
	want = ""
	for _, n := range []int{1, 2, 3, 4, 5, 10, 100, 1000} {
		want += fmt.Sprintf("--exec: %s dropped: 64 are waiting\n", countActions(n))
	}
	if told.String() != want {
		t.Errorf("told\n%swant\n%s", told.String(), want)
	}
}

// Failing actions are told when they fail: the first five, the 10th, the 100th …
func TestFailingActionsAreTold(t *testing.T) {
	var told sharedBuffer
	a := newActions("exit 3", time.Minute, nil, func(line string) { fmt.Fprintln(&told, line) })
	for range 11 {
		a.start(given(nil, nil))
		a.wait()
	}
	want := ""
	for _, n := range []int{1, 2, 3, 4, 5, 10} {
		want += fmt.Sprintf("--exec: %s failed: exit status 3\n", countActions(n))
	}
	if told.String() != want {
		t.Errorf("told\n%swant\n%s", told.String(), want)
	}
}

func TestAdmitWithoutRoomAllocs(t *testing.T) {
	a := newActions("true", 0, nil, ignore)
	a.running, a.waiting = maxRunning, make([]action, maxWaiting)
	if n := testing.AllocsPerRun(1000, func() { a.admit() }); n > 0 {
		t.Errorf("an action that is dropped costs %v allocations", n)
	}
}

// stop drops what waits and lets what runs end in time.
func TestStopLetsEnd(t *testing.T) {
	gate, ends := fifo(t)
	a := newActions(fmt.Sprintf("read x <%s", gate), 0, nil, ignore)
	for range maxRunning + 2 {
		a.start(given(nil, nil))
	}
	a.shut()
	write(t, ends, strings.Repeat("\n", maxRunning))
	a.stop(time.Minute)
	if got, want := a.report(), "--exec: 6 actions: 2 dropped"; got != want {
		t.Errorf("report is %q, want %q", got, want)
	}
	if a.admit() {
		t.Error("it takes actions after its end")
	}
}

// stop kills what does not end in time, children too, and ends the wait of
// others.
func TestStopKills(t *testing.T) {
	for _, grace := range []time.Duration{0, 20 * time.Millisecond} {
		pipe, ends := fifo(t)
		a := newActions(fmt.Sprintf("echo up >%s; sleep 60; true", pipe), 0, nil, ignore)
		for range maxRunning + 2 {
			a.start(given(nil, nil))
		}
		waited := make(chan struct{})
		go func() { a.wait(); close(waited) }()
		for range maxRunning {
			readLine(t, ends)
		}
		a.stop(grace)
		<-waited
		if got, want := a.report(), "--exec: 6 actions: 2 dropped, 4 killed"; got != want {
			t.Errorf("after a grace of %v the report is %q, want %q", grace, got, want)
		}
	}
}

// What cannot be killed does not keep stop from returning: here a runner that
// no process belongs to.
func TestStopGivesUp(t *testing.T) {
	a := newActions("true", 0, nil, ignore)
	a.running, a.after = 1, time.Millisecond
	a.stop(0)
}

func TestLineWriter(t *testing.T) {
	long := strings.Repeat("x", maxOutputLine+1)
	for _, c := range []struct {
		name string
		in   []string
		want []string // a Write each
	}{
		{"whole lines", []string{"a\nb\n"}, []string{"a\nb\n"}},
		{"lines in pieces", []string{"a", "b\nc", "d\n"}, []string{"ab\n", "cd\n"}},
		{"last without an end", []string{"a\nb"}, []string{"a\n", "b\n"}},
		{"nothing", []string{""}, nil},
		{"long", []string{long, "y\n"}, []string{long + "\n", "y\n"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			l := &lineWriter{w: writeFunc(func(b []byte) (int, error) {
				got = append(got, string(b))
				return 0, io.ErrClosedPipe
			})}
			for _, s := range c.in {
				if n, err := l.Write([]byte(s)); n != len(s) || err != nil {
					t.Errorf("Write(%q) = %d, %v", s, n, err)
				}
			}
			l.end()
			if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", c.want) {
				t.Errorf("wrote %.100q, want %.100q", got, c.want)
			}
		})
	}
}

type writeFunc func(b []byte) (int, error)

func (f writeFunc) Write(b []byte) (int, error) { return f(b) }

// BenchmarkAdmit is what an alert costs whose action finds no room.
func BenchmarkAdmit(b *testing.B) {
	a := newActions("true", 0, nil, ignore)
	a.running, a.waiting = maxRunning, make([]action, maxWaiting)
	b.ReportAllocs()
	for b.Loop() {
		a.admit()
	}
}
