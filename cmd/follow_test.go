package cmd

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is appended to followed files is read as it comes, over a rotation, a cut
// and a file that comes later; lines count anew in each file.
func TestFollow(t *testing.T) {
	t.Run("plain", func(t *testing.T) { testFollow(t) })
	t.Run("state", func(t *testing.T) { testFollow(t, "--state", filepath.Join(t.TempDir(), "s"), "--save", "1ms") })
}

func testFollow(t *testing.T, more ...string) {
	dir := t.TempDir()
	log, later := filepath.Join(dir, "log"), filepath.Join(dir, "later")
	put := func(name, text string, flags int) {
		t.Helper()
		f, err := os.OpenFile(name, flags|os.O_WRONLY|os.O_CREATE, 0o600)
		if err == nil {
			_, err = io.WriteString(f, text)
		}
		if err == nil {
			err = f.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	put(log, "1\n2", 0)
	l := listenTo(t, append(more, "-F", "-a", "sum", "-w", "all", log, later)...)
	l.stdout.await(t, "sum=1\n")
	put(log, "0\n", os.O_APPEND)
	l.stdout.await(t, "sum=21\n")
	if err := os.Rename(log, log+".1"); err != nil {
		t.Fatal(err)
	}
	put(log+".1", "300\n", os.O_APPEND) // the writer has not changed over yet
	l.stdout.await(t, "sum=321\n")
	put(log, "4000\nx\n", 0)
	l.stdout.await(t, "sum=4321\n")
	l.stderr.await(t, log+":2: not-a-number")
	put(later, "50000\n", 0)
	l.stdout.await(t, "sum=54321\n")
	put(log, "", os.O_TRUNC)
	l.stderr.await(t, "rtda: "+log+": truncated, read from its beginning\n")
	put(log, "600000\n", os.O_APPEND)
	l.stdout.await(t, "sum=654321\n")
	l.stop()
	if got := l.stderr.String(); !strings.Contains(got, "rtda: "+later+": not there yet\n") {
		t.Errorf("stderr %s", got)
	}
}

// --tail begins before the end, and csv still has its names.
func TestFollowTail(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log.csv")
	if err := os.WriteFile(name, []byte("a,b\n1,1\n2,2\n3,3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for tail, want := range map[string]string{"0": "", "1": "b_last=3\n", "9": "b_last=1\nb_last=2\nb_last=3\n"} {
		l := listenTo(t, "-F", "--tail", tail, "-i", "csv", "-f", "b", "-a", "last", name, "none")
		f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		l.stdout.await(t, want)
		if tail == "0" {
			if _, err := io.WriteString(f, "4,4\n"); err != nil {
				t.Fatal(err)
			}
			l.stdout.await(t, "b_last=4\n")
		}
		_ = f.Close()
		l.stop()
		if got := l.stdout.String(); !strings.HasPrefix(got, want) && tail != "0" {
			t.Errorf("--tail %s: %q, want %q", tail, got, want)
		}
		if err := os.WriteFile(name, []byte("a,b\n1,1\n2,2\n3,3\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFollowRefuses(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-F"}, "needs a FILE"},
		{[]string{"--tail", "3", "x"}, "add --follow"},
	} {
		var stderr bytes.Buffer
		if status := Main(c.args, strings.NewReader(""), io.Discard, &stderr); status != 2 || !strings.Contains(stderr.String(), c.want) {
			t.Errorf("%q: status %d, %s, want %q", c.args, status, &stderr, c.want)
		}
	}
}
