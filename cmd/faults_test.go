package cmd

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"

	"rtda/pkg/run"
)

// A job is a command line with an input for it, on which faults are tried.
type job struct {
	name  string
	args  []string
	input string
}

// jobs are rows at once, at boundaries and at the end, complaints and alerts.
func faultJobs() []job {
	var numbers, records, table strings.Builder
	table.WriteString("s,x\n")
	for i := range 40 {
		fmt.Fprintf(&numbers, "%d.5\n", i*i%17)
		fmt.Fprintf(&records, `{"ts":%d,"s":"s%d","x":%d}`+"\n", 1000+i, i%3, i*i%17)
		fmt.Fprintf(&table, "s%d,%d\n", i%3, i*i%17)
		if i%9 == 4 {
			numbers.WriteString("bad\n")
			records.WriteString("{bad\n")
			table.WriteString("bad\n")
		}
	}
	return []job{
		{"num", []string{"-i", "num", "-w", "3", "-r", "last > 14"}, numbers.String()},
		{"json", []string{"-k", "s", "-t", "ts", "-w", "5s", "-n", "4s", "-o", "json", "-r", "last > 14"}, records.String()},
		{"csv", []string{"-i", "csv", "-k", "s", "-o", "csv", "-n", "5", "-w", "4"}, table.String()},
		{"end", []string{"-i", "csv", "-k", "s", "-o", "prom", "-w", "all"}, table.String()},
	}
}

// run runs a job with other streams; an input that is nil is its own.
func (j job) run(jobs int, in io.Reader, stdout, stderr io.Writer) (status int) {
	if in == nil {
		in = strings.NewReader(j.input)
	}
	return Main(append([]string{"-j", fmt.Sprint(jobs)}, j.args...), in, stdout, stderr)
}

// clean is what a job gives when all goes well, for another input.
func (j job) clean(input string) (stdout, stderr string) {
	var out, complaints bytes.Buffer
	j.run(1, strings.NewReader(input), &out, &complaints)
	return out.String(), complaints.String()
}

// errBroken is the error of the faults.
var errBroken = errors.New("broken")

// A lineReader gives a line, or the pieces of the size, a read, and after so
// many of them an error, alone or with the last.
type lineReader struct {
	rest  string
	piece int // 0: a line
	good  int // reads before the error; -1: no error
	with  bool
	given int // bytes
}

func (r *lineReader) Read(b []byte) (int, error) {
	if r.good == 0 {
		return 0, errBroken
	}
	if r.rest == "" {
		return 0, io.EOF
	}
	n := strings.IndexByte(r.rest, '\n') + 1
	if r.piece > 0 {
		n = min(r.piece, len(r.rest))
	}
	n = copy(b, r.rest[:n])
	r.rest = r.rest[n:]
	r.given += n
	if r.good--; r.good == 0 && r.with {
		return n, errBroken
	}
	return n, nil
}

// A read that fails, whichever it is, ends the run with status 1 and a
// message, and with the rows that the whole lines before it give: no fewer,
// no more, none twice.
func TestReadFails(t *testing.T) {
	for _, j := range faultJobs() {
		for _, piece := range []int{0, 7, 100} {
			for n := 0; ; n++ {
				r := &lineReader{rest: j.input, piece: piece, good: n, with: n%2 == 1}
				var stdout, stderr bytes.Buffer
				status := j.run(1+n%3, r, &stdout, &stderr)
				if r.good < 0 || r.rest == "" && status != run.StatusIO {
					break // the input ended before
				}
				whole := j.input[:strings.LastIndexByte(j.input[:r.given], '\n')+1]
				out, complaints := j.clean(whole)
				complaints += "rtda: stdin: broken\n"
				if status != run.StatusIO || stdout.String() != out || stderr.String() != complaints {
					t.Fatalf("%s: read %d of %d bytes fails: status %d, stdout\n%swant\n%sstderr\n%swant\n%s",
						j.name, n, piece, status, &stdout, out, &stderr, complaints)
				}
			}
		}
	}
}

// Reads that come short, or bring nothing now and then, change nothing.
func TestReadsComeShort(t *testing.T) {
	for _, j := range faultJobs() {
		want, complaints := j.clean(j.input)
		for name, r := range map[string]io.Reader{
			"a byte a time": iotest.OneByteReader(strings.NewReader(j.input)),
			"half":          iotest.HalfReader(strings.NewReader(j.input)),
			"end with data": iotest.DataErrReader(strings.NewReader(j.input)),
			"empty reads":   &idleReader{r: strings.NewReader(j.input)},
		} {
			var stdout, stderr bytes.Buffer
			j.run(3, r, &stdout, &stderr)
			if stdout.String() != want || stderr.String() != complaints {
				t.Errorf("%s, %s: stdout\n%swant\n%s", j.name, name, &stdout, want)
			}
		}
	}
	var stderr bytes.Buffer
	if status := Main(nil, &idleReader{r: strings.NewReader(""), most: 1 << 30}, io.Discard, &stderr); status != run.StatusIO {
		t.Errorf("a reader that brings nothing for ever: status %d, %s", status, &stderr)
	}
}

// An idleReader brings nothing in most reads, though that is no error.
type idleReader struct {
	r       io.Reader
	n, most int
}

func (r *idleReader) Read(b []byte) (int, error) {
	if r.n++; r.n%20 != 0 || r.n < r.most {
		return 0, nil
	}
	return r.r.Read(b[:min(len(b), 50)])
}

// A faultyWriter takes so many writes and then fails in one of some ways.
type faultyWriter struct {
	bytes.Buffer
	good  int // writes before the fault
	after int // writes behind it
	fault func(b []byte) (int, error)
}

func (w *faultyWriter) Write(b []byte) (int, error) {
	if w.good > 0 {
		w.good--
		return w.Buffer.Write(b)
	}
	if w.good--; w.good < -1 {
		w.after++
	}
	n, err := w.fault(b)
	w.Buffer.Write(b[:n])
	return n, err
}

// faults are the ways in which a write fails, with what is told of them.
var faults = []struct {
	name, told string
	write      func(b []byte) (int, error)
}{
	{"error", "broken", func([]byte) (int, error) { return 0, errBroken }},
	{"partial", "no space left on device", func(b []byte) (int, error) {
		return len(b) / 2, &os.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.ENOSPC}
	}},
	{"short", "short write", func(b []byte) (int, error) { return len(b) / 2, nil }},
	{"pipe", "", func(b []byte) (int, error) {
		return len(b) / 3, &os.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.EPIPE}
	}},
}

// A write to stdout that fails or comes short, whichever it is, ends the run:
// what came out is the beginning of what was due, nothing is tried again, and
// the status is 1 with a message. A closed pipe is 141 and no word.
func TestStdoutFails(t *testing.T) {
	for _, j := range faultJobs() {
		want, complaints := j.clean(j.input)
		for _, f := range faults {
			for n := 0; ; n++ {
				w := &faultyWriter{good: n, fault: f.write}
				var stderr bytes.Buffer
				status := j.run(1+n%3, &lineReader{rest: j.input, good: -1, piece: 60 * (n % 2)}, w, &stderr)
				if w.good >= 0 {
					break
				}
				wantStatus, told := run.StatusIO, "rtda: writing stdout: "+f.told+"\n"
				if f.told == "" {
					wantStatus, told = run.StatusPipe, ""
				}
				said, ends := strings.CutSuffix(stderr.String(), told)
				switch {
				case status != wantStatus || w.after != 0 || !ends:
					t.Fatalf("%s, %s at write %d: status %d, %d writes behind it, stderr\n%s", j.name, f.name, n, status, w.after, &stderr)
				case !strings.HasPrefix(want, w.String()):
					t.Fatalf("%s, %s at write %d: stdout\n%sis no beginning of\n%s", j.name, f.name, n, w, want)
				case !isSubsequence(withoutTotals(said), complaints):
					t.Fatalf("%s, %s at write %d: stderr\n%sis not from\n%s", j.name, f.name, n, said, complaints)
				}
			}
		}
	}
}

// withoutTotals is what stderr got without the last line if that has totals.
func withoutTotals(s string) string {
	lines := slices.Collect(strings.Lines(s))
	if n := len(lines); n > 0 && strings.Contains(lines[n-1], " lines read, ") {
		lines = lines[:n-1]
	}
	return strings.Join(lines, "")
}

// isSubsequence reports whether the lines of part are a beginning of whole.
func isSubsequence(part, whole string) bool { return strings.HasPrefix(whole, part) }

// What goes to stderr and fails ends the run too: no alert is lost in silence
// while rows go on, and no row stands there without the alert before it.
func TestStderrFails(t *testing.T) {
	for _, j := range faultJobs() {
		want, complaints := j.clean(j.input)
		for _, f := range faults {
			for n := 0; ; n++ {
				w := &faultyWriter{good: n, fault: f.write}
				var stdout bytes.Buffer
				status := j.run(1+n%3, &lineReader{rest: j.input, good: -1}, &stdout, w)
				if w.good >= 0 {
					break
				}
				wantStatus := run.StatusIO
				if f.told == "" {
					wantStatus = run.StatusPipe
				}
				if atEnd := n >= strings.Count(complaints, "\n")-1; atEnd {
					wantStatus = run.StatusBadLines // the totals are no output
				}
				if status != wantStatus || !strings.HasPrefix(want, stdout.String()) {
					t.Fatalf("%s, %s at write %d to stderr: status %d, want %d, stdout\n%swant the beginning of\n%s",
						j.name, f.name, n, status, wantStatus, &stdout, want)
				}
			}
		}
	}
}

// A file of alerts that cannot be written is told of and ends the run, also
// where it is a pipe that nobody reads any more.
func TestAlertsFail(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	inherited, err := syscall.Dup(int(write.Fd())) // not closed on exec, as if rtda had been started with it
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(inherited)
	write.Close()
	read.Close()
	for file, told := range map[string]string{
		"/dev/full":                          "no space left on device",
		fmt.Sprintf("/dev/fd/%d", inherited): "broken pipe",
	} {
		if _, err := os.Stat(file); err != nil {
			continue
		}
		var stdout, stderr bytes.Buffer
		status := Main([]string{"-w", "1", "-a", "last", "-r", "last > 2", "--alerts", file},
			&lineReader{rest: "1\n2\n3\n4\n", good: -1}, &stdout, &stderr)
		if want := "rtda: writing the alerts: " + told + "\n"; status != run.StatusIO || stderr.String() != want {
			t.Errorf("%s: status %d, stderr\n%swant\n%s", file, status, &stderr, want)
		}
		if want := "last=1\nlast=2\n"; stdout.String() != want {
			t.Errorf("%s: stdout\n%swant\n%s", file, &stdout, want)
		}
	}
}

// runWithAlerts runs a job whose alerts go to w instead of their file.
func (j job) runWithAlerts(t *testing.T, jobs int, in io.Reader, stdout, stderr, w io.Writer) (status int) {
	t.Helper()
	sh := newShell(in, stdout, stderr)
	sh.run = func(o *options) error {
		return run.Run(&o.Options, run.Streams{In: in, Out: stdout, Err: stderr, Alerts: w})
	}
	return sh.main(append([]string{"-j", fmt.Sprint(jobs), "--alerts", os.DevNull}, j.args...))
}

// A write to the file of alerts that fails or comes short, whichever it is, ends
// the run with status 1 and a message: the alerts and the rows that are out are
// the beginning of what was due, and nothing is tried again.
func TestAlertsFailAnywhere(t *testing.T) {
	for _, j := range faultJobs() {
		var rows, alerts bytes.Buffer
		if j.runWithAlerts(t, 1, strings.NewReader(j.input), &rows, io.Discard, &alerts); alerts.Len() == 0 {
			continue // a job without rules
		}
		for _, f := range faults {
			for n := 0; ; n++ {
				w := &faultyWriter{good: n, fault: f.write}
				var stdout, stderr bytes.Buffer
				status := j.runWithAlerts(t, 1+n%3, &lineReader{rest: j.input, good: -1, piece: 60 * (n % 2)}, &stdout, &stderr, w)
				if w.good >= 0 {
					if n < 3 {
						t.Fatalf("%s: only %d writes", j.name, n)
					}
					break
				}
				told := "rtda: writing the alerts: " + cmp.Or(f.told, "broken pipe") + "\n"
				switch {
				case status != run.StatusIO || w.after != 0 || !strings.HasSuffix(stderr.String(), told):
					t.Fatalf("%s, %s at write %d: status %d, %d writes behind it, stderr\n%s", j.name, f.name, n, status, w.after, &stderr)
				case !strings.HasPrefix(alerts.String(), w.String()):
					t.Fatalf("%s, %s at write %d: alerts\n%sare no beginning of\n%s", j.name, f.name, n, w, &alerts)
				case !strings.HasPrefix(rows.String(), stdout.String()) || stdout.Len() == rows.Len():
					t.Fatalf("%s, %s at write %d: stdout\n%sis no beginning of\n%s", j.name, f.name, n, &stdout, &rows)
				}
			}
		}
	}
}

// An alert is in its file before the row that it belongs to is out.
func TestAlertsBeforeRows(t *testing.T) {
	file := filepath.Join(t.TempDir(), "alerts")
	w := &faultyWriter{good: 2, fault: faults[0].write}
	Main([]string{"-w", "1", "-a", "last", "-r", "last > 2", "--alerts", file}, &lineReader{rest: "1\n2\n3\n", good: -1}, w, io.Discard)
	alerts, err := os.ReadFile(file)
	if err != nil || strings.Count(string(alerts), "ALERT") != 1 || w.String() != "last=1\nlast=2\n" {
		t.Errorf("alerts %q (%v), rows %q", alerts, err, w)
	}
}
