package view

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// An emulator is a terminal of a few lines: it shows what it is told to, and
// knows nothing of what it was told before.
type emulator struct {
	w, h, x, y int
	cells      []cell
	style      style
}

func (e *emulator) write(t *testing.T, b string) {
	t.Helper()
	for b != "" {
		if rest, ok := strings.CutPrefix(b, "\x1b["); ok {
			n := strings.IndexFunc(rest, func(r rune) bool { return r >= '@' })
			e.control(t, rest[:n], rest[n])
			b = rest[n+1:]
			continue
		}
		r, n := utf8.DecodeRuneInString(b)
		if r == '\u0301' { // combines with what stands before
			e.cells[e.y*e.w+e.x-1].more += b[:n]
		} else {
			width := uniseg.StringWidth(b[:n])
			e.cells[e.y*e.w+e.x] = cell{r: r, style: e.style}
			if width == 2 {
				e.cells[e.y*e.w+e.x+1] = cell{r: ' ', style: e.style, covered: true}
			}
			e.x += width
		}
		b = b[n:]
	}
}

func (e *emulator) control(t *testing.T, parameters string, final byte) {
	t.Helper()
	switch final {
	case 'H':
		y, x, _ := strings.Cut(parameters, ";")
		e.y, _ = strconv.Atoi(y)
		e.x, _ = strconv.Atoi(x)
		e.x, e.y = e.x-1, e.y-1
	case 'm':
		e.style = 0
		for i, a := range attributes {
			if slices.Contains(strings.Split(parameters, ";"), a[1:]) {
				e.style |= 1 << i
			}
		}
	case 'J':
		for i := range e.cells {
			e.cells[i] = blank
		}
	case 'h', 'l': // modes
	default:
		t.Fatalf("CSI %q %q", parameters, final)
	}
}

// Whatever was seen before, a terminal shows the picture that is to be seen.
func TestScreenShows(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	s := newScreen(nil, false)
	s.resize(9, 3)
	e := &emulator{w: s.w, h: s.h, cells: make([]cell, s.w*s.h)}
	for range 3000 {
		if random.IntN(3) > 0 {
			s.clear()
		}
		for range random.IntN(20) {
			x, y, st := random.IntN(s.w+2)-1, random.IntN(s.h+2)-1, style(random.IntN(64))
			switch random.IntN(4) {
			case 0:
				s.setCluster(x, y, '温', "", 2, st)
			case 1:
				s.setCluster(x, y, 'e', "\u0301", 1, st)
			default:
				s.set(x, y, rune('a'+random.IntN(3)), st)
			}
		}
		if random.IntN(50) == 0 {
			s.known = false
		}
		s.written = s.written[:0]
		s.show()
		e.write(t, string(s.written))
		if !slices.Equal(e.cells, s.cells) {
			t.Fatalf("the terminal shows\n%v\nwant\n%v\nafter %q", e.cells, s.cells, s.written)
		}
		s.written = s.written[:0]
		if s.show(); len(s.written) > 0 {
			t.Fatalf("a picture that is seen is written again: %q", s.written)
		}
	}
}

// In a C locale nothing but ASCII is drawn, whatever is asked for.
func TestScreenASCII(t *testing.T) {
	s := newScreen(nil, true)
	s.resize(4, 1)
	s.setCluster(0, 0, '温', "", 2, plain)
	s.setCluster(2, 0, 'é', "", 1, plain)
	s.show()
	if got := string(s.written); !strings.Contains(got, "?") || strings.IndexFunc(got, func(r rune) bool { return r >= utf8.RuneSelf }) >= 0 {
		t.Errorf("%q is written", got)
	}
}

func TestReadKey(t *testing.T) {
	for _, c := range []struct {
		typed string
		want  []key
	}{
		{"q", []key{'q'}},
		{"jk", []key{'j', 'k'}},
		{"é温", []key{'é', '温'}},
		{"\x1b[A\x1bOB", []key{keyUp, keyDown}},
		{"\x1b[5~\x1b[6~\x1b[1~\x1b[4~", []key{keyPgUp, keyPgDn, keyHome, keyEnd}},
		{"\x1b[1;5Cx", []key{0, 'x'}}, // Ctrl and an arrow have no meaning
		{"\r\x7f\b", []key{keyEnter, keyBackspace, keyBackspace}},
		{"\x01\xff", []key{0, 0}},
		{"\x1bq", []key{keyEscape, 'q'}},
		{"\x1b\x1b[D", []key{keyEscape, keyLeft}},
		{"\x1b", []key{keyEscape}},
		{"\x1b[", []key{0}},
		{"\x1b[12", []key{0}},
		{"\xe6\xb8", []key{0, 0}},
	} {
		for cut := range len(c.typed) + 1 { // the line is slow there
			var got []key
			rest := ""
			for i, part := range []string{c.typed[:cut], c.typed[cut:], ""} {
				for rest += part; ; {
					k, after, ok := readKey(rest, i == 2)
					if rest = after; !ok {
						break
					}
					got = append(got, k)
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(c.want) || rest != "" {
				t.Errorf("%q, cut at %d, is read as %v and %q, want %v", c.typed, cut, got, rest, c.want)
			}
		}
	}
}
