package run

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A pieces writer keeps what each Write was given.
type pieces struct{ all [][]byte }

func (p *pieces) Write(b []byte) (int, error) {
	p.all = append(p.all, bytes.Clone(b))
	return len(b), nil
}

// What may be slow is written in pieces of whole lines: large ones while all
// goes well, and after a signal such as a pipe takes whole or not at all. A line
// longer than a piece stays whole.
func TestWriterPieces(t *testing.T) {
	var lines strings.Builder
	for i := range 30_000 {
		fmt.Fprintf(&lines, "%d\n", i)
		if i == 20_000 {
			lines.WriteString(strings.Repeat("x", 2*largestPiece) + "\n")
		}
	}
	for _, c := range []struct {
		name   string
		ending bool
		slow   bool
		most   int
	}{{"large", false, false, largestPiece}, {"after a slow one", false, true, 2 * wholePipe}, {"after a signal", true, false, wholePipe}} {
		var p pieces
		w := newWriter("stdout", &p, nil)
		if c.slow {
			w.piece = wholePipe
		}
		w.ending.Store(c.ending)
		if err := w.write([]byte(lines.String())); err != nil {
			t.Fatal(err)
		}
		if got := string(bytes.Join(p.all, nil)); got != lines.String() {
			t.Errorf("%s: %d bytes written, want %d", c.name, len(got), lines.Len())
		}
		for i, piece := range p.all {
			single := bytes.IndexByte(piece, '\n') == len(piece)-1
			if len(piece) > c.most && !single && !(c.slow && i > 0) || piece[len(piece)-1] != '\n' {
				t.Errorf("%s: a piece of %d bytes, ending in %q", c.name, len(piece), piece[len(piece)-1])
			}
		}
	}
	if w := newWriter("stdout", &pieces{}, nil); w.write(nil) != nil || len(w.w.(*pieces).all) > 0 {
		t.Error("nothing is written as something")
	}
}

// After a signal all is written, however long it takes to work out or to take;
// only what takes nothing for a second is given up.
func TestAwaitWritten(t *testing.T) {
	long := time.Now().Add(-time.Hour)
	for _, c := range []struct {
		name  string
		since time.Time // of the write under way
		want  bool
	}{
		{"nothing is written, it is worked out", time.Time{}, true},
		{"what is written is taken", time.Now().Add(Patience / 2), true},
		{"nothing is taken", long, false},
	} {
		f := &filter{written: make(chan struct{}), writers: []*writer{newWriter("stdout", io.Discard, nil)}}
		if !c.since.IsZero() {
			f.writers[0].since.Store(c.since.UnixNano())
		}
		time.AfterFunc(Patience/10, func() { close(f.written) })
		if got := f.awaitWritten(long); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// A descriptor that rtda was not started with, or that cannot be written to, is
// found out when it is opened. /dev/fd/N is never a file of Go's own.
func TestOpenAppend(t *testing.T) {
	name := filepath.Join(t.TempDir(), "alerts")
	for range 2 {
		file, err := openAppend(name)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(file, "line")
		file.Close()
	}
	if got, _ := os.ReadFile(name); string(got) != "line\nline\n" {
		t.Errorf("%q", got)
	}
	own, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	for _, fd := range []string{fmt.Sprint(own.Fd()), "1000000", "x", "-1", ""} {
		if _, err := openAppend("/dev/fd/" + fd); err == nil {
			t.Errorf("/dev/fd/%s can be written", fd)
		}
	}
	out, err := openAppend("/dev/fd/2")
	if err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Error(err)
	}
}

// Who sees nothing is told after a while that rtda waits, unless there was input.
func TestSilence(t *testing.T) {
	for _, c := range []struct {
		name  string
		begun int
		want  string
	}{{"no input yet", 0, "rtda: " + waitingHint + "\n"}, {"input came", 1, ""}} {
		var stderr bytes.Buffer
		f := &filter{o: &Options{}, pipeline: &pipeline{waiting: true, begun: c.begun}, stderr: newWriter("stderr", &stderr, nil)}
		f.tellSilence()
		if stderr.String() != c.want {
			t.Errorf("%s: %q, want %q", c.name, stderr.String(), c.want)
		}
	}
}
