package cmd

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"rtda/pkg/run"
)

// simulated runs `rtda simulate` with the arguments.
func simulated(args ...string) (stdout, stderr string, status int) {
	var out, complaints bytes.Buffer
	status = Main(append([]string{"simulate"}, args...), strings.NewReader(""), &out, &complaints)
	return out.String(), complaints.String(), status
}

func TestSimulate(t *testing.T) {
	for _, c := range []struct {
		args, want string
	}{
		{"--flat-out -c 3", "83.283828\n81.873737\n97.712108\n"},
		{"--flat-out -c 3 --seed 1 --hz 1/60", "83.283828\n81.873737\n97.712108\n"},
		{"--flat-out -c 2 --seed 2", "23.310188\n32.323380\n"},
		{"--flat-out -c 0 -o csv", ""},
		{"--flat-out --count=3 --shape counter", "1\n2\n3\n"},
		{"--hz 1000000 --count=3 --shape counter", "1\n2\n3\n"},
		{
			"--flat-out -c 2 --sensors 2 --shape counter -o logfmt",
			"time=2026-01-01T00:00:00Z sensor=s1 value=1\ntime=2026-01-01T00:00:00Z sensor=s2 value=1\n",
		},
		{"--flat-out -c 2 --shape counter --hz 0.5 -o csv", "time,sensor,value\n2026-01-01T00:00:00Z,s1,1\n2026-01-01T00:00:02Z,s1,2\n"},
	} {
		stdout, stderr, status := simulated(strings.Fields(c.args)...)
		if stdout != c.want || stderr != "" || status != 0 {
			t.Errorf("simulate %s: status %d, %q, %q; want %q", c.args, status, stdout, stderr, c.want)
		}
	}
}

func TestSimulateErrors(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-c", "-1"}, `rtda: --count: must be a whole number of 0 or more: got "-1"`},
		{[]string{"-c", ""}, `rtda: --count: must be a whole number of 0 or more: got ""`},
		{[]string{"-c", "99999999999999999999"}, `rtda: --count: must be a whole number of 0 or more: got "99999999999999999999"`},
		{[]string{"--hz", "0"}, `rtda: --hz: must be samples a second, like 100, 0.5 or 1/60, in 9 digits: got "0"`},
		{[]string{"--seed", "x"}, `rtda: --seed: must be a whole number of 0 or more: got "x"`},
		{[]string{"--shape", "sinus"}, `rtda: --shape: must be uniform, sine, walk or counter (did you mean sine?): got "sinus"`},
		{[]string{"--sensors", "0"}, `rtda: --sensors: must be a whole number from 1 to 1000000: got "0"`},
		{[]string{"-o", "xml"}, `rtda: --out: must be num, json, csv, logfmt or influx: got "xml"`},
		{[]string{"--fault", "spike,drfit"}, `rtda: --fault: must be spike, drift, stuck, noise or gap (did you mean drift?): got "drfit"`},
		{[]string{"--fault", ""}, `rtda: --fault: must be a list like a,b with something between the commas: got ""`},
		{[]string{"--labels", "x"}, `rtda: --labels needs --fault: without faults there is nothing to label`},
		{[]string{"--fault", "gap", "--labels", "no/such/folder"}, `rtda: --labels: cannot be written: no such file or directory: got "no/such/folder"`},
	} {
		stdout, stderr, status := simulated(c.args...)
		if stdout != "" || stderr != c.want+"\n" || status != run.StatusUsage {
			t.Errorf("simulate %q: status %d, %q, %q; want %q", c.args, status, stdout, stderr, c.want)
		}
	}
}

func TestSimulateLabels(t *testing.T) {
	file := filepath.Join(t.TempDir(), "labels.csv")
	_, stderr, status := simulated("--flat-out", "-c", "200", "--fault", "spike", "--labels", file)
	if stderr != "" || status != 0 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := "fault,sensor,line,last_line,time,last_time\nspike,s1,117,117,2026-01-01T00:00:11.6Z,2026-01-01T00:00:11.6Z\n"
	if string(got) != want {
		t.Errorf("labels are %q, want %q", got, want)
	}
}

// Writing that fails is status 1 with a message, a reader that went away ends
// it in silence.
func TestSimulateWriteErrors(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
		stderr string
	}{
		{&os.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.ENOSPC}, run.StatusIO, "no space left on device"},
		{&os.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.EPIPE}, 141, ""},
	} {
		var stderr bytes.Buffer
		stdout := writeFunc(func([]byte) (int, error) { return 0, c.err })
		status := Main([]string{"simulate", "--flat-out"}, nil, stdout, &stderr)
		if status != c.status || !strings.Contains(stderr.String(), c.stderr) || (c.stderr == "") != (stderr.Len() == 0) {
			t.Errorf("%v: status %d, %q", c.err, status, stderr.String())
		}
	}
}

// A signal ends the stream in good order; if that takes too long, or at a
// second signal, without it.
func TestSimulateUntilSignal(t *testing.T) {
	broken, finished := errors.New("broken"), false
	ready := func(ctx context.Context) error { <-ctx.Done(); return nil }
	stuck := func(context.Context) error { select {} }
	slow := func(ctx context.Context) error {
		<-ctx.Done()
		time.Sleep(20 * time.Millisecond)
		finished = true
		return nil
	}
	for _, c := range []struct {
		name    string
		do      func(ctx context.Context) error
		grace   time.Duration
		signals []os.Signal
		want    int
	}{
		{"no signal", func(context.Context) error { return nil }, time.Hour, nil, 0},
		{"error", func(context.Context) error { return broken }, time.Hour, nil, run.StatusIO},
		{"SIGINT", ready, time.Hour, []os.Signal{syscall.SIGINT}, 130},
		{"SIGTERM", ready, time.Hour, []os.Signal{syscall.SIGTERM}, 143},
		{"error after a signal", func(ctx context.Context) error { <-ctx.Done(); return broken }, time.Hour, []os.Signal{syscall.SIGTERM}, 143},
		{"stuck", stuck, time.Millisecond, []os.Signal{syscall.SIGINT}, 130},
		{"the same signal at once", slow, time.Hour, []os.Signal{syscall.SIGTERM, syscall.SIGTERM}, 143},
		{"second signal", stuck, time.Hour, []os.Signal{syscall.SIGINT, syscall.SIGTERM}, 130},
	} {
		t.Run(c.name, func(t *testing.T) {
			signals := make(chan os.Signal, 2)
			for _, s := range c.signals {
				signals <- s
			}
			if got := run.StatusOf(run.UntilSignal(signals, c.grace, c.do)); got != c.want {
				t.Errorf("status %d, want %d", got, c.want)
			}
		})
	}
	if !finished {
		t.Error("an echo of the signal was taken for a second one")
	}
}

// The help tells of every row of the tables.
func TestSimulateHelp(t *testing.T) {
	stdout, _, status := simulated("--help")
	if status != 0 {
		t.Errorf("status %d", status)
	}
	for _, names := range [][]string{shapeNames(), formatNames(), faultNames()} {
		for _, name := range names {
			if !strings.Contains(stdout, "\n  "+name+" ") {
				t.Errorf("nothing of %s", name)
			}
		}
	}
	for line := range strings.Lines(stdout) {
		if len([]rune(line)) > 101 {
			t.Errorf("a long line: %s", line)
		}
	}
}

type writeFunc func(b []byte) (int, error)

func (f writeFunc) Write(b []byte) (int, error) { return f(b) }
