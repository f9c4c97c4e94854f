package cmd

import (
	"bytes"
	"io"
	"os"
	"strings"
	"testing"

	"rtda/pkg/run"
)

// On a terminal rows are a table unless another format is asked for, and
// pictures are refused.
func TestOutOnTerminal(t *testing.T) {
	tty, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil || !run.IsTerminal(tty) {
		t.Skip("there is no terminal to be had")
	}
	defer tty.Close()
	for _, c := range []struct {
		args, out, complaint string
		status               int
	}{
		{"-i num", "table", "", 0},
		{"-i num -o text", "text", "", 0},
		{"-i num -q", "none", "", 0},
		{"-i num -o svg", "svg", "rtda: --out: a picture cannot be shown on a terminal: write it to a file with >FILE: got \"svg\"\n", 2},
		{"-i num -o png --check", "png", "", 0},
	} {
		var stderr bytes.Buffer
		sh := newShell(strings.NewReader(""), tty, &stderr)
		sh.run = func(*options) error { return nil }
		if status := sh.main(strings.Fields(c.args)); status != c.status || sh.opts.Out != c.out || stderr.String() != c.complaint {
			t.Errorf("%s: status %d, format %s, %q", c.args, status, sh.opts.Out, stderr.String())
		}
	}
}

// A breaking input has some lines and then a fault of rtda's own.
type breaking struct{ lines io.Reader }

func (b breaking) Read(p []byte) (int, error) {
	n, err := b.lines.Read(p)
	if err != nil {
		panic("a fault in a worker")
	}
	return n, nil
}

// panics is rtda whose worker panics while it reads.
func panics() {
	Exit(Main(os.Args[1:], breaking{strings.NewReader("1\n2\n3\n")}, os.Stdout, os.Stderr))
}
