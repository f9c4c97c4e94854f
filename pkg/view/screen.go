package view

import (
	"strconv"
	"sync"
	"unicode/utf8"
)

// A style is how a cell looks: some of the bits below. Colours are the three that
// can be read on light and dark terminals alike, and never the only sign of
// anything; everything else has the terminal's own.
type style uint8

const (
	plain style = 0
	bold  style = 1 << (iota - 1)
	dim
	reverse
	red
	yellow
	cyan
)

// attributes are the parameters of ECMA-48's SGR for each bit of a style.
var attributes = [...]string{";1", ";2", ";7", ";31", ";33", ";36"}

// A cell is one place of the screen: a character with what combines with it. The
// second cell of a wide character is covered.
type cell struct {
	r       rune
	more    string
	style   style
	covered bool
}

var blank = cell{r: ' '}

// What the terminal is told at the beginning and the end: its second screen, no
// cursor, no new line behind the last column, ASCII as its character set.
const (
	enterScreen = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b(B\x1b[0m\x1b[2J"
	leaveScreen = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[H\x1b[2J\x1b[?1049l"
)

// What stands around a picture, so that a terminal that knows these shows all of
// it at once.
const (
	beginPicture = "\x1b[?2026h"
	endPicture   = "\x1b[?2026l"
)

// A screen is what is to be seen and what is seen. Only the cells that differ are
// written to the terminal. What it writes any terminal has understood since the
// VT100; those that know no colours or no second screen pass over that. A library
// of terminals, tcell, was tried: its tables were a third of the instructions of
// each start of rtda, also of those without a view.
type screen struct {
	tty   *Tty // nil in tests
	ascii bool // whatever is not ASCII is drawn as ?

	w, h    int
	cells   []cell
	seen    []cell
	known   bool // seen is what the terminal shows
	written []byte

	taken   bool
	before  []byte         // what the terminal is to be told before the next picture
	keys    chan []byte    // what is typed, as it is read
	reading sync.WaitGroup // the one that reads it
	stop    chan struct{}
}

func newScreen(tty *Tty, ascii bool) *screen {
	return &screen{tty: tty, ascii: ascii, keys: make(chan []byte)}
}

// take takes the terminal.
func (s *screen) take() error {
	if s.tty == nil || s.taken {
		return nil
	}
	if err := s.tty.Start(); err != nil {
		return err
	}
	s.taken, s.known, s.stop, s.before = true, false, make(chan struct{}), []byte(enterScreen)
	s.reading.Go(func() { s.read(s.stop) })
	return nil
}

// read reads what is typed until the terminal is given back or gone.
func (s *screen) read(stop <-chan struct{}) {
	for {
		b := make([]byte, 128)
		n, err := s.tty.Read(b)
		if err != nil {
			return
		}
		select {
		case s.keys <- b[:n]:
		case <-stop:
			return
		}
	}
}

// giveBack gives the terminal back as it was.
func (s *screen) giveBack() {
	if !s.taken {
		return
	}
	s.taken = false
	close(s.stop)
	_ = s.tty.Drain()
	s.reading.Wait()
	if len(s.before) < len(enterScreen) {
		_, _ = s.tty.Write([]byte(leaveScreen)) // there is nothing to do about a terminal that takes nothing
	}
	_ = s.tty.Stop()
}

// clear makes all that is to be seen blank.
func (s *screen) clear() {
	for i := range s.cells {
		s.cells[i] = blank
	}
}

func (s *screen) resize(w, h int) {
	if w != s.w || h != s.h {
		s.w, s.h, s.known = w, h, false
		s.cells, s.seen = make([]cell, w*h), make([]cell, w*h)
	}
}

// set puts a character on a cell. What overlaps half of a wide one takes its place.
func (s *screen) set(x, y int, r rune, st style) { s.setCluster(x, y, r, "", 1, st) }

// setCluster puts a character and what combines with it on a cell, or two where it
// is wide.
func (s *screen) setCluster(x, y int, r rune, more string, width int, st style) {
	if x < 0 || y < 0 || x+width > s.w || y >= s.h {
		return
	}
	if s.ascii && r >= utf8.RuneSelf {
		r, more = '?', ""
	}
	row := s.cells[y*s.w : (y+1)*s.w]
	if row[x].covered {
		row[x-1] = blank
	}
	for i := x + width; i < s.w && row[i].covered; i++ {
		row[i] = blank
	}
	row[x] = cell{r: r, more: more, style: st}
	for i := x + 1; i < x+width; i++ {
		row[i] = cell{r: ' ', style: st, covered: true}
	}
}

// show writes what differs from what is seen; all of it, where that is not known.
func (s *screen) show() {
	b := append(s.written[:0], beginPicture...)
	if !s.known {
		b = append(b, "\x1b[0m\x1b[2J"...)
		for i := range s.seen {
			s.seen[i] = blank
		}
	}
	empty, now := len(b), style(0xff) // no style that there is
	if !s.known {
		empty = 0
	}
	for y := range s.h {
		at := -1 // the column where the cursor stands; not known before the first cell of a row
		for x := 0; x < s.w; x++ {
			c, old := &s.cells[y*s.w+x], &s.seen[y*s.w+x]
			if *c == *old {
				continue
			}
			*old = *c
			if c.covered {
				continue // its character has been written, or will be
			}
			if at != x {
				b = append(b, "\x1b["...)
				b = strconv.AppendInt(b, int64(y+1), 10)
				b = append(b, ';')
				b = strconv.AppendInt(b, int64(x+1), 10)
				b = append(b, 'H')
			}
			if c.style != now {
				now = c.style
				b = appendStyle(b, now)
			}
			b = utf8.AppendRune(b, c.r)
			b = append(b, c.more...)
			at = x + 1
			if c.more != "" || c.r >= 0x1100 && (c.r < 0x2500 || c.r > 0x28ff) { // lines, blocks and dots are as wide as others
				at = -1 // terminals differ in how wide they take it
			}
		}
	}
	if len(b) == empty {
		return
	}
	if now != 0xff {
		b = append(b, "\x1b[0m"...)
	}
	b = append(b, endPicture...)
	s.written, s.known = b, true
	if s.tty == nil {
		return
	}
	if len(s.before) > 0 {
		n, _ := s.tty.Write(s.before) // Lost tells
		s.before = s.before[n:]
	}
	_, _ = s.tty.Write(b)
}

func appendStyle(b []byte, s style) []byte {
	b = append(b, "\x1b[0"...)
	for i, a := range attributes {
		if s&(1<<i) != 0 {
			b = append(b, a...)
		}
	}
	return append(b, 'm')
}
