package cmd

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// A panic in a worker gives the terminal back before it is told.
func TestPanicOnTerminal(t *testing.T) {
	for range 5 {
		master, slave := openTerminal(t)
		before, err := unix.IoctlGetTermios(int(slave.Fd()), unix.TCGETS)
		if err != nil {
			t.Fatal(err)
		}
		p := command(t, "rtda-panics", "--live")
		p.Env = append(p.Env, "TERM=xterm", "LC_ALL=C.UTF-8")
		var stderr bytes.Buffer
		p.Stderr, p.ExtraFiles = &stderr, []*os.File{slave}
		p.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 3}
		drawn := make(chan string, 1)
		go func() {
			b, _ := io.ReadAll(master) // it ends with an error when nobody has the terminal
			drawn <- string(b)
		}()
		if err := p.Run(); !errors.As(err, new(*exec.ExitError)) || !strings.Contains(stderr.String(), "panic: a fault in a worker") {
			t.Fatalf("%v, %s", err, &stderr)
		}
		after, err := unix.IoctlGetTermios(int(slave.Fd()), unix.TCGETS)
		if err != nil || *after != *before {
			t.Errorf("the modes were %+v and are %+v, %v", before, after, err)
		}
		slave.Close()
		if got := <-drawn; strings.Count(got, "\x1b[?1049h") != 1 || !strings.Contains(got[strings.Index(got, "\x1b[?1049h"):], "\x1b[?1049l") {
			t.Errorf("the second screen is not left: %q", got)
		}
	}
}

// openTerminal opens the two ends of a terminal of 80 by 24.
func openTerminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("there is no terminal to be had")
	}
	t.Cleanup(func() { master.Close() })
	fd := int(master.Fd())
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80})
	}
	if err == nil {
		slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	}
	if err != nil {
		t.Skip("there is no terminal to be had: ", err)
	}
	return master, slave
}
