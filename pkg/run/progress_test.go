package run

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rtda/pkg/stream"
)

func TestProgressLine(t *testing.T) {
	for _, c := range []struct {
		total, taken int64
		lines        int
		want         string
	}{
		{2e9, 5e8, 4e6, "rtda: 25% of 2 GB, 4000000 lines, 1000000 lines/s, 12s left"},
		{999, 0, 0, "rtda: 0% of 999 B, 0 lines, 0 lines/s"},
		{123456, 123456, 10, "rtda: 100% of 123 kB, 10 lines, 2 lines/s, 0s left"},
		{1000, 2000, 10, "rtda: 100% of 1 kB, 10 lines, 2 lines/s, 0s left"}, // it has grown
	} {
		p := &progress{f: &filter{o: &Options{}}, total: c.total}
		if got := p.line(stream.Stats{Lines: c.lines}, c.taken, 4*time.Second); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

// Progress on a terminal is one line, which other lines and the end wipe; else it
// is a line each time. Nothing is shown behind the end.
func TestProgressIsWiped(t *testing.T) {
	var b bytes.Buffer
	w := newWriter("stderr", &b, nil)
	w.draw("1%", true)
	w.draw("2%", true)
	if err := w.write([]byte("line\n")); err != nil {
		t.Fatal(err)
	}
	w.draw("3%", false)
	w.draw("4%", true)
	if err := w.close(); err != nil {
		t.Fatal(err)
	}
	w.draw("5%", true)
	if got, want := strings.ReplaceAll(b.String(), wipeLine, "<"), "<1%<2%<line\n3%\n<4%<"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Progress is shown of regular files alone, since only they have a size.
func TestInputSize(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "in")
	if err := os.WriteFile(name, []byte("1234"), 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	for _, c := range []struct {
		files []string
		total int64
		known bool
	}{
		{[]string{name, name}, 8, true}, {[]string{name, "-"}, 8, true}, {nil, 4, true},
		{[]string{os.DevNull}, 0, false}, {[]string{name, dir}, 0, false},
	} {
		if total, known := inputSize(&Options{Files: c.files}, in); known != c.known || known && total != c.total {
			t.Errorf("%v: %d %v, want %d %v", c.files, total, known, c.total, c.known)
		}
	}
	if _, known := inputSize(&Options{}, &bytes.Buffer{}); known {
		t.Error("what is no file has a size")
	}
}
