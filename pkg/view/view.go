// Package view shows a board on a terminal: a title, a chart, a table and alerts,
// drawn four times a second, and keys to move in them. It reads the board and
// nothing else, and a terminal that is slow or stuck holds up nobody but it.
package view

import (
	"errors"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gdamore/tcell/v2"
	"golang.org/x/sys/unix"

	"rtda/pkg/board"
	"rtda/pkg/rule"
)

// frameTime is how often the picture is drawn anew.
const frameTime = 250 * time.Millisecond

// A Column is a column of the rows.
type Column struct {
	Name         string
	Lower, Upper int // columns that hold the interval of its field's forecast; -1 for none
}

// A Config is what is shown, and how.
type Config struct {
	Board      *board.Board
	Keys       []string // names of the key fields
	Columns    []Column
	Thresholds []board.Threshold
	Rules      *rule.Set
	Clock      bool
	Zone       *time.Location
	ASCII      bool // draw nothing but ASCII
	Colour     bool
	Now        func() time.Time
}

// A View is one picture and where one stands in it. Its methods may be called
// from any goroutine.
type View struct {
	c      Config
	screen tcell.Screen
	tty    *Tty // nil in tests
	quit   chan struct{}
	wake   chan struct{}

	mu      sync.Mutex
	next    *Config // what is to be shown from the next picture on; nil: no other
	ended   string  // what the title says at the end; "" while the input lasts
	said    []string
	told    string // the last of them that is a complaint, not an alert
	toldAll int

	drawing sync.Mutex  // held while a picture is written
	away    bool        // the terminal is not ours
	behind  atomic.Bool // a picture waits until the terminal has taken the one before

	// what follows belongs to the goroutine that draws
	anew    bool // every cell is to be written
	column  int
	chosen  *board.Entry
	top     int // first row of the table
	filter  string
	typing  bool
	sort    order
	log     bool
	big     bool // alerts
	help    bool
	paused  bool
	zoom    int // the chart shows the last 2^-zoom of the past
	marks   Marks
	scale   scale
	m       model
	sorted  []*board.Entry
	version uint64
	lines   rateMeter
}

// An order is how the table is sorted.
type order int

const (
	byName order = iota
	byValue
	byAlert
	orders
)

var orderNames = [orders]string{"name", "value", "alert"}

// maxPrefix is how far into its line a complaint begins at most: behind a mark of
// --stderr-prefix.
const maxPrefix = 8

// keptLines is how many complaints are kept to be written when the view ends.
const keptLines = 1000

// New is a View on a screen, which it initialises.
func New(c Config, screen tcell.Screen, tty *Tty) (*View, error) {
	v := &View{
		c: c, screen: screen, tty: tty, quit: make(chan struct{}), wake: make(chan struct{}, 1),
		version: math.MaxUint64,
	}
	if tty != nil {
		tty.taken = v.catchUp
	}
	if err := screen.Init(); err != nil {
		return nil, err
	}
	if c.ASCII {
		v.marks = ASCII
	}
	screen.HideCursor()
	return v, nil
}

// Open is a View on the terminal that the process was started from.
func Open(c Config) (*View, error) {
	tty, err := OpenTty()
	if err != nil {
		return nil, err
	}
	screen, err := tcell.NewTerminfoScreenFromTty(tty)
	if err != nil {
		_ = tty.Close() // nothing was written
		return nil, ErrNoTerminal
	}
	return New(c, screen, tty)
}

// Show shows another board from the next picture on: before the fields are known
// there is nothing to see.
func (v *View) Show(c Config) {
	v.mu.Lock()
	v.next = &c
	v.mu.Unlock()
	v.redraw()
}

// change begins to show another board.
func (v *View) change() {
	v.mu.Lock()
	next := v.next
	v.next = nil
	v.mu.Unlock()
	if next != nil {
		v.c, v.column, v.chosen, v.top, v.sorted, v.version, v.scale = *next, 0, nil, 0, nil, math.MaxUint64, scale{}
	}
}

// Quit is closed when q was pressed.
func (v *View) Quit() <-chan struct{} { return v.quit }

// Ended says that the input has ended and how; the picture stays.
func (v *View) Ended(how string) {
	v.mu.Lock()
	v.ended = how
	v.mu.Unlock()
	v.redraw()
}

// Write takes lines that would have gone to stderr. The last of them is shown.
func (v *View) Write(b []byte) (int, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for line := range strings.Lines(string(b)) {
		if i := strings.Index(line, "rtda: "); i >= 0 && i < maxPrefix {
			v.told = strings.TrimSuffix(line[i:], "\n")
			v.toldAll++
		}
		if len(v.said) == keptLines {
			v.said = slices.Delete(v.said, 0, 1)
		}
		v.said = append(v.said, strings.TrimSuffix(line, "\n"))
	}
	return len(b), nil
}

// Said are the last lines that were written.
func (v *View) Said() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.said)
}

func (v *View) redraw() {
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

// Run draws until Close.
func (v *View) Run() {
	events := make(chan tcell.Event, 16)
	stop := make(chan struct{})
	defer close(stop)
	go v.screen.ChannelEvents(events, stop)
	ticker := time.NewTicker(frameTime)
	defer ticker.Stop()
	for {
		v.frame()
		select {
		case e, ok := <-events:
			if !ok {
				return
			}
			v.handle(e)
		case <-ticker.C:
		case <-v.wake:
		}
	}
}

// catchUp draws the picture that has waited.
func (v *View) catchUp() {
	if v.behind.Swap(false) {
		v.redraw()
	}
}

// frame draws one picture, or notes that one is to be drawn when the terminal has taken
// the one before: on a slow line there are fewer pictures, and none that is late.
func (v *View) frame() {
	if v.tty != nil {
		v.behind.Store(true)
		if v.tty.busy() {
			return
		}
		v.behind.Store(false)
	}
	v.change()
	if !v.paused {
		v.read()
	}
	v.drawing.Lock()
	defer v.drawing.Unlock()
	if v.away {
		return
	}
	v.screen.Clear()
	v.draw()
	if v.anew || v.tty != nil && v.tty.Lost() {
		v.screen.Sync()
	} else {
		v.screen.Show()
	}
	v.anew = false
}

// setAway ends drawing, or begins it again. A picture that is written while the
// terminal is given back would swallow what gives it back, and one after that
// would never end, since the screen has no cells then.
func (v *View) setAway(away bool) {
	v.drawing.Lock()
	v.away = away
	v.drawing.Unlock()
}

// errNoShell says that there is no shell that could let a stopped process go on.
var errNoShell = errors.New("there is no shell to go back to")

// Suspend gives the terminal back, for a while; Resume takes it again. It is
// refused where the whole session is one process group, as under ssh -t HOST
// COMMAND: the system does not stop filters there that take no signals.
func (v *View) Suspend() error {
	if session, err := unix.Getsid(0); v.tty != nil && (err != nil || session == syscall.Getpgrp()) {
		return errNoShell
	}
	v.setAway(true)
	return v.screen.Suspend()
}

// Resume draws again after Suspend.
func (v *View) Resume() error {
	err := v.screen.Resume()
	v.setAway(err != nil)
	v.redraw()
	return err
}

// Close gives the terminal back as it was.
func (v *View) Close() {
	v.setAway(true)
	v.screen.Fini()
}

func (v *View) handle(e tcell.Event) {
	switch e := e.(type) {
	case *tcell.EventResize:
		v.anew = true
	case *tcell.EventKey:
		if v.typing {
			v.typeFilter(e)
		} else {
			v.key(e)
		}
	}
}

func (v *View) typeFilter(e *tcell.EventKey) {
	switch e.Key() {
	case tcell.KeyEnter:
		v.typing = false
	case tcell.KeyEscape:
		v.typing, v.filter = false, ""
	case tcell.KeyBackspace, tcell.KeyBackspace2:
		if n := len(v.filter); n > 0 {
			r := []rune(v.filter)
			v.filter = string(r[:len(r)-1])
		}
	case tcell.KeyRune:
		if len(v.filter) < 200 {
			v.filter += string(e.Rune())
		}
	}
	v.top, v.version = 0, math.MaxUint64
}

// otherKeys are letters that do what a key does.
var otherKeys = map[rune]tcell.Key{'k': tcell.KeyUp, 'j': tcell.KeyDown, 'g': tcell.KeyHome, 'G': tcell.KeyEnd, 'h': tcell.KeyLeft}

func (v *View) key(e *tcell.EventKey) {
	page := max(1, v.tableRows()-1)
	key := e.Key()
	if other, ok := otherKeys[e.Rune()]; ok && key == tcell.KeyRune {
		key = other
	}
	switch key {
	case tcell.KeyUp:
		v.move(-1)
	case tcell.KeyDown:
		v.move(1)
	case tcell.KeyPgUp:
		v.move(-page)
	case tcell.KeyPgDn:
		v.move(page)
	case tcell.KeyHome:
		v.move(math.MinInt32)
	case tcell.KeyEnd:
		v.move(math.MaxInt32)
	case tcell.KeyLeft:
		v.choose(v.column - 1)
	case tcell.KeyRight:
		v.choose(v.column + 1)
	case tcell.KeyEscape:
		v.help = false
	case tcell.KeyRune:
		v.letter(e.Rune())
	}
}

func (v *View) letter(r rune) {
	switch r {
	case 'q':
		select {
		case <-v.quit:
		default:
			close(v.quit)
		}
	case ' ':
		v.paused = !v.paused
	case '/':
		v.typing = true
	case 's':
		v.sort = (v.sort + 1) % orders
		v.version = math.MaxUint64
	case 'l':
		v.log, v.scale = !v.log, scale{}
	case 'r':
		v.scale = scale{}
	case '+', '=':
		v.zoom = min(v.zoom+1, 9)
	case '-', '_':
		v.zoom = max(v.zoom-1, 0)
	case 'a':
		v.big = !v.big
	case 'm':
		v.marks = (v.marks + 1) % marks
		if v.c.ASCII {
			v.marks = ASCII
		}
	case '?':
		v.help = !v.help
	}
}

func (v *View) choose(c int) {
	if n := len(v.c.Columns); n > 0 {
		v.column, v.scale = (c+n)%n, scale{}
		if v.sort == byValue {
			v.version = math.MaxUint64
		}
	}
}

func (v *View) move(by int) {
	if len(v.sorted) == 0 {
		return
	}
	i := max(0, slices.Index(v.sorted, v.chosen))
	i = min(max(0, i+by), len(v.sorted)-1)
	v.chosen, v.scale = v.sorted[i], scale{}
}

// A rateMeter tells how fast a count grows.
type rateMeter struct {
	at    time.Time
	count int
	rate  float64
}

// update takes the count at a time; the rate is that of the last second or so.
func (r *rateMeter) update(count int, now time.Time) {
	d := now.Sub(r.at)
	switch {
	case r.at.IsZero():
		r.at, r.count = now, count
	case d >= time.Second:
		r.rate = float64(count-r.count) / d.Seconds()
		r.at, r.count = now, count
	}
}
