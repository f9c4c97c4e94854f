package cmd

import (
	"bytes"
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
