package view

import (
	"errors"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gdamore/tcell/v2"
	"golang.org/x/sys/unix"
)

// writeTime is how long a terminal may take nothing until what was to be drawn
// is thrown away; stuckTime once it has; leaveTime for what gives it back, which is
// not to be thrown away because a picture was.
const (
	writeTime = 200 * time.Millisecond
	stuckTime = 5 * time.Millisecond
	leaveTime = 500 * time.Millisecond
)

// ErrNoTerminal says that there is no terminal to draw on.
var ErrNoTerminal = errors.New("there is no terminal to draw on")

// A Tty is the terminal that the process was started from, whatever its streams
// are. Keys come one by one and are not shown, and ^S stops nothing; but Ctrl-C
// and Ctrl-Z stay signals for the whole pipeline, as for any filter.
type Tty struct {
	f      *os.File
	saved  *unix.Termios
	resize chan os.Signal
	lost   atomic.Bool // something that was to be drawn was thrown away
	stuck  atomic.Bool // the last write failed
	leaves atomic.Bool // the next write is the first of those that give it back

	mu      sync.Mutex
	changed func()
	stop    chan struct{}
}

var _ tcell.Tty = (*Tty)(nil)

// OpenTty opens the terminal. Its error is ErrNoTerminal where there is none, or
// none that can be drawn on.
func OpenTty() (*Tty, error) {
	if term := os.Getenv("TERM"); term == "" || term == "dumb" {
		return nil, ErrNoTerminal
	}
	f, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return nil, ErrNoTerminal
	}
	return &Tty{f: f, resize: make(chan os.Signal, 1)}, nil
}

// control calls f with the descriptor. File.Fd would end what deadlines there
// are.
func (t *Tty) control(f func(fd int) error) error {
	conn, err := t.f.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	err = conn.Control(func(fd uintptr) { inner = f(int(fd)) })
	return errors.Join(err, inner)
}

// Lost reports whether something that was to be drawn was thrown away since the
// last call.
func (t *Tty) Lost() bool { return t.lost.Swap(false) }

// Start takes the terminal.
func (t *Tty) Start() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	err := t.control(func(fd int) (err error) {
		if t.saved, err = unix.IoctlGetTermios(fd, getTermios); err != nil {
			return err
		}
		own := *t.saved
		own.Lflag &^= unix.ICANON | unix.ECHO
		own.Iflag &^= unix.IXON | unix.ICRNL
		own.Cc[unix.VMIN], own.Cc[unix.VTIME] = 1, 0
		return unix.IoctlSetTermios(fd, setTermios, &own)
	})
	if err != nil {
		return err
	}
	_ = t.f.SetReadDeadline(time.Time{}) // where the system has deadlines for terminals
	t.stop = make(chan struct{})
	signal.Notify(t.resize, syscall.SIGWINCH)
	go t.watch(t.stop)
	return nil
}

func (t *Tty) watch(stop chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case <-t.resize:
			t.mu.Lock()
			changed := t.changed
			t.mu.Unlock()
			if changed != nil {
				changed()
			}
		}
	}
}

// Drain wakes a reader that waits: the terminal is about to be given back.
func (t *Tty) Drain() error {
	t.leaves.Store(true)
	_ = t.f.SetReadDeadline(time.Now())
	return t.control(func(fd int) error {
		own, err := unix.IoctlGetTermios(fd, getTermios)
		if err != nil {
			return err
		}
		own.Cc[unix.VMIN], own.Cc[unix.VTIME] = 0, 0
		return unix.IoctlSetTermios(fd, setTermios, own)
	})
}

// Stop gives the terminal back as it was.
func (t *Tty) Stop() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	signal.Stop(t.resize)
	if t.stop != nil {
		close(t.stop)
		t.stop = nil
	}
	if t.saved == nil {
		return nil
	}
	return t.control(func(fd int) error { return unix.IoctlSetTermios(fd, setTermios, t.saved) })
}

// NotifyResize has changed called when the size has changed; nil ends it.
func (t *Tty) NotifyResize(changed func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.changed = changed
}

// WindowSize is the size in cells.
func (t *Tty) WindowSize() (tcell.WindowSize, error) {
	w := tcell.WindowSize{Width: 80, Height: 24} // of a terminal that does not know
	err := t.control(func(fd int) error {
		size, err := unix.IoctlGetWinsize(fd, unix.TIOCGWINSZ)
		if err == nil && size.Col > 0 && size.Row > 0 {
			w.Width, w.Height = int(size.Col), int(size.Row)
		}
		return err
	})
	return w, err
}

// Read reads keys.
func (t *Tty) Read(b []byte) (int, error) { return t.f.Read(b) }

// Write draws. A terminal that takes nothing holds up nobody for longer than
// writeTime, and from then on hardly at all: the rest is thrown away, and Lost
// tells.
func (t *Tty) Write(b []byte) (int, error) {
	wait := writeTime
	switch {
	case t.leaves.Swap(false):
		wait = leaveTime
	case t.stuck.Load():
		wait = stuckTime
	}
	_ = t.f.SetWriteDeadline(time.Now().Add(wait))
	n, err := t.f.Write(b)
	t.stuck.Store(err != nil)
	if err != nil {
		t.lost.Store(true)
	}
	return n, err
}

// Close closes the terminal.
func (t *Tty) Close() error { return t.f.Close() }
