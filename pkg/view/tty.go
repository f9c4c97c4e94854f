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

// When the terminal is given back, leaveTime is how long what is still to be drawn, and
// then what gives it back, may take; stuckTime how long the terminal may take nothing
// until what is to be drawn is thrown away.
const (
	leaveTime = 500 * time.Millisecond
	stuckTime = 200 * time.Millisecond
)

// What waits to be drawn is written in pieces of pieceSize bytes, and is maxWaiting at
// most.
const (
	pieceSize  = 1 << 10
	maxWaiting = 256 << 10
)

// cancel ends a control sequence of which the terminal has got only the beginning.
const cancel = "\x18"

// ErrNoTerminal says that there is no terminal to draw on.
var ErrNoTerminal = errors.New("there is no terminal to draw on")

// A Tty is the terminal that the process was started from, whatever its streams
// are. Keys come one by one and are not shown, and ^S stops nothing; but Ctrl-C
// and Ctrl-Z stay signals for the whole pipeline, as for any filter. Who writes to it
// never waits: it takes what it is given as fast as it can.
type Tty struct {
	f      *os.File
	saved  *unix.Termios
	resize chan os.Signal
	lost   atomic.Bool // something that was to be drawn was thrown away
	taken  func()      // called when all has been taken
	leave  time.Duration

	out     sync.Mutex
	waiting []byte        // to be written
	writing chan struct{} // closed when all of it has been; nil if it has
	latest  time.Time     // when the terminal last took something

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
	return newTty(f), nil
}

func newTty(f *os.File) *Tty {
	return &Tty{f: f, resize: make(chan os.Signal, 1), taken: func() {}, leave: leaveTime}
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
	_ = t.f.SetDeadline(time.Time{}) // where the system has deadlines for terminals
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

// Drain wakes a reader that waits and ends a picture under way: the terminal is about
// to be given back.
func (t *Tty) Drain() error {
	if !t.await(stuckTime) {
		t.abandon()
		_ = t.f.SetWriteDeadline(time.Time{})
		_, _ = t.Write([]byte(cancel)) // it never fails
	}
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
	if !t.await(t.leave) {
		t.abandon()
	}
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

// Write has b written as soon as the terminal has taken what came before. Where that is
// too much, b is left out as a whole.
func (t *Tty) Write(b []byte) (int, error) {
	t.out.Lock()
	defer t.out.Unlock()
	if len(t.waiting)+len(b) > maxWaiting {
		t.lost.Store(true)
		return len(b), nil
	}
	t.waiting = append(t.waiting, b...)
	if t.writing == nil {
		t.writing, t.latest = make(chan struct{}), time.Now()
		go t.writeOut()
	}
	return len(b), nil
}

// writeOut writes until nothing waits.
func (t *Tty) writeOut() {
	for piece := t.next(nil); len(piece) > 0; piece = t.next(piece) {
		if _, err := t.f.Write(piece); err != nil { // it is gone, or was told to give up
			t.drop()
		}
	}
	t.taken()
}

// next is the next piece to write, in the room of the one that has been written.
func (t *Tty) next(piece []byte) []byte {
	t.out.Lock()
	defer t.out.Unlock()
	t.latest = time.Now()
	piece = append(piece[:0], t.waiting[:min(len(t.waiting), pieceSize)]...)
	t.waiting = t.waiting[len(piece):]
	if len(piece) == 0 {
		close(t.writing)
		t.writing, t.waiting = nil, nil
	}
	return piece
}

// drop throws away what waits.
func (t *Tty) drop() {
	t.out.Lock()
	t.waiting = t.waiting[:0]
	t.out.Unlock()
	t.lost.Store(true)
}

// busy reports whether the terminal has not yet taken all that it was given.
func (t *Tty) busy() bool {
	t.out.Lock()
	defer t.out.Unlock()
	return t.writing != nil
}

// await waits until the terminal has taken all, but no longer than t.leave, nor when it
// has taken nothing for so long.
func (t *Tty) await(stuck time.Duration) (taken bool) {
	for end := time.Now().Add(t.leave); ; {
		t.out.Lock()
		writing, latest := t.writing, t.latest
		t.out.Unlock()
		left := min(time.Until(end), time.Until(latest.Add(stuck)))
		switch {
		case writing == nil:
			return true
		case left <= 0:
			return false
		}
		select {
		case <-writing:
			return true
		case <-time.After(left):
		}
	}
}

// abandon ends the writing. Where the system has no deadlines for terminals it goes on
// when the terminal takes something again.
func (t *Tty) abandon() {
	t.drop()
	_ = t.f.SetWriteDeadline(time.Now())
	t.out.Lock()
	writing := t.writing
	t.out.Unlock()
	if writing != nil {
		select {
		case <-writing:
		case <-time.After(stuckTime):
		}
	}
}

// Close closes the terminal.
func (t *Tty) Close() error { return t.f.Close() }
