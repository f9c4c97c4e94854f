package view

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gdamore/tcell/v2"
	"golang.org/x/sys/unix"

	"rtda/pkg/stream"
)

// A line is a terminal whose other end takes nothing until read is called.
type line struct {
	master *os.File
	mu     sync.Mutex
	got    bytes.Buffer
}

// newLine is a view of a fixed board on a terminal of 200 by 50, that
// has been given more than the system takes for it.
func newLine(t *testing.T) (*stage, *line) {
	t.Helper()
	t.Setenv("TERM", "xterm")
	t.Setenv("LC_ALL", "C.UTF-8")
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("there is no terminal to be had")
	}
	t.Cleanup(func() { master.Close() })
	var slave *os.File
	conn, err := master.SyscallConn() // File.Fd would end what deadlines there are
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	if errControl := conn.Control(func(fd uintptr) {
		if n, err = unix.IoctlGetInt(int(fd), unix.TIOCGPTN); err == nil {
			err = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0)
		}
		if err == nil {
			err = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Row: 50, Col: 200})
		}
	}); errControl != nil || err != nil {
		t.Skip("there is no terminal to be had: ", err)
	}
	if slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0); err != nil {
		t.Skip("there is no terminal to be had: ", err)
	}
	t.Cleanup(func() { slave.Close() })
	s := newStage(t, 200, 50, nil) // for its board
	tty := newTty(slave)
	screen, err := tcell.NewTerminfoScreenFromTty(tty)
	if err != nil {
		t.Fatal(err)
	}
	v, err := New(s.c, screen, tty)
	if err != nil {
		t.Fatal(err)
	}
	s.View = v
	_, _ = tty.Write(make([]byte, 200<<10)) // it never fails
	return s, &line{master: master}
}

// read begins to take what comes.
func (l *line) read() {
	go func() {
		b := make([]byte, 4096)
		for {
			n, err := l.master.Read(b)
			if err != nil {
				return
			}
			l.mu.Lock()
			l.got.Write(b[:n])
			l.mu.Unlock()
		}
	}()
}

func (l *line) await(t *testing.T, want string) string {
	t.Helper()
	for range 2000 {
		l.mu.Lock()
		got := l.got.String()
		l.mu.Unlock()
		if strings.Contains(got, want) {
			return got
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("no %q comes to the terminal", want)
	return ""
}

func (t *Tty) given() int {
	t.out.Lock()
	defer t.out.Unlock()
	return len(t.waiting)
}

// On a line that is slower than pictures are drawn, none is begun before the one before
// has been taken, and the next one shows what there is then.
func TestSlowLine(t *testing.T) {
	s, line := newLine(t)
	s.fill(20)
	s.frame()
	first := s.tty.given()
	key := &stream.Key{Parts: []string{"new"}}
	for i := range 50 {
		at := start.UnixNano() + int64(600+i)*second
		s.board.Add(&stream.Result{Rows: stream.Rows{N: 1, Key: []*stream.Key{key}, Time: []int64{at}, Col: [][]float64{{float64(i)}, {2}, {3}}}}, stream.Stats{Lines: i}, at)
		s.press("↓")
		s.frame()
	}
	if n := s.tty.given(); n > first {
		t.Errorf("%d bytes wait where %d did: pictures queue", n, first)
	}
	s.press("?")
	s.frame()
	line.read()
	<-s.wake // the line is free, and a picture waits
	s.frame()
	got := line.await(t, "pause the picture")
	if n := strings.Count(got, "\x1b[?25l"); n > 3 { // the cursor is hidden at the beginning and twice by each
		t.Errorf("%d pictures came", n/2)
	}
	if s.tty.Lost() {
		t.Error("a part of a picture is lost")
	}
	s.View.Close()
	line.await(t, "\x1b[?1049l")
}

// A terminal that takes nothing gets no more of it when it is given back: the
// sequence that was cut is ended, and what gives it back comes when it takes it.
func TestStuckLine(t *testing.T) {
	s, line := newLine(t)
	s.tty.leave = 10 * time.Second
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		s.View.Close()
	}()
	for !s.tty.lost.Load() {
		time.Sleep(time.Millisecond)
	}
	line.read()
	<-closed
	got := line.await(t, "\x1b[?1049l")
	if end := got[strings.Index(got, cancel)+1:]; len(end) == len(got) || !strings.Contains(end, "\x1b[?1049l") {
		t.Errorf("the terminal is given back by %q", end)
	}
}

// A terminal that nobody has any more holds up nobody.
func TestGoneLine(t *testing.T) {
	s, line := newLine(t)
	s.fill(3)
	line.master.Close()
	for range 3 {
		s.frame()
	}
	s.View.Close()
	if _, err := s.tty.Write(nil); err != nil || !s.tty.Lost() {
		t.Errorf("%v", err)
	}
}
