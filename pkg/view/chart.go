package view

import (
	"cmp"
	"math"
	"slices"

	"github.com/gdamore/tcell/v2"

	"rtda/pkg/num"
)

// Marks are what a chart is drawn with.
type Marks int

const (
	Dots   Marks = iota // braille: two by four dots a cell
	Blocks              // half blocks: one by two
	ASCII               // characters of ASCII: one by two
	marks
)

// size is how many dots a cell has.
func (m Marks) size() (w, h int) {
	if m == Dots {
		return 2, 4
	}
	return 1, 2
}

// bits of the dots of braille, by row and column.
var braille = [4][2]rune{{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}}

// A plot is a field of dots in layers, of which later ones are drawn over
// earlier ones.
type plot struct {
	w, h   int // dots
	marks  Marks
	layers []layer
}

type layer struct {
	style tcell.Style
	dots  []bool
}

func newPlot(cellsW, cellsH int, m Marks) *plot {
	w, h := m.size()
	return &plot{w: cellsW * w, h: cellsH * h, marks: m}
}

func (p *plot) add(style tcell.Style) {
	p.layers = append(p.layers, layer{style, make([]bool, p.w*p.h)})
}

// dot sets a dot of the last layer; y goes down from 0.
func (p *plot) dot(x, y int) {
	if x >= 0 && x < p.w && y >= 0 && y < p.h {
		p.layers[len(p.layers)-1].dots[y*p.w+x] = true
	}
}

// line sets the dots from one to another.
func (p *plot) line(x0, y0, x1, y1 int) {
	dx, dy := max(x1-x0, x0-x1), min(y1-y0, y0-y1)
	sx, sy := cmp.Compare(x1, x0), cmp.Compare(y1, y0)
	for e := dx + dy; ; {
		p.dot(x0, y0)
		if x0 == x1 && y0 == y1 {
			return
		}
		e2 := 2 * e
		if e2 >= dy {
			e += dy
			x0 += sx
		}
		if e2 <= dx {
			e += dx
			y0 += sy
		}
	}
}

// cell is the character and style at a cell, a blank where there is no dot.
func (p *plot) cell(cx, cy int) (rune, tcell.Style) {
	w, h := p.marks.size()
	for i := len(p.layers) - 1; i >= 0; i-- {
		l := &p.layers[i]
		var bits rune
		for y := range h {
			for x := range w {
				if l.dots[(cy*h+y)*p.w+cx*w+x] {
					bits |= braille[y][x]
				}
			}
		}
		if bits == 0 {
			continue
		}
		switch p.marks {
		case Dots:
			return 0x2800 + bits, l.style
		case Blocks:
			return [...]rune{0, '▀', '▄', '█'}[bits&3], l.style
		}
		return [...]rune{0, '\'', '.', ':'}[bits&3], l.style
	}
	return ' ', tcell.StyleDefault
}

// A curve is the values of one column of one key over its places, NaN where
// there is none.
type curve struct {
	t []int64
	x []float64
}

// An axes says where values stand among the dots.
type axes struct {
	from, to int64
	lo, hi   float64 // after the logarithm, if log is set
	log      bool
	w, h     int
}

func (a *axes) column(t int64) int {
	if a.to <= a.from {
		return a.w - 1
	}
	return int(math.Round(float64(t-a.from) / float64(a.to-a.from) * float64(a.w-1)))
}

// scaled is x as the axis has it; NaN where it has no place.
func (a *axes) scaled(x float64) float64 {
	if !a.log {
		return x
	}
	if x <= 0 {
		return math.NaN()
	}
	return math.Log10(x)
}

func (a *axes) row(x float64) (int, bool) {
	y := a.scaled(x)
	if y != y {
		return 0, false
	}
	y = (a.hi - y) / (a.hi - a.lo) * float64(a.h-1)
	if y < -1e6 || y > 1e6 { // far outside of the picture
		y = math.Copysign(1e6, y)
	}
	return int(math.Round(y)), true
}

// draw draws a curve into the last layer. It leaves a gap where there is no
// value, or none for much longer than usual.
func (p *plot) draw(c curve, a *axes) {
	usual := int64(math.MaxInt64 / 16)
	if n := len(c.t); n > 2 {
		usual = (c.t[n-1] - c.t[0]) / int64(n-1)
	}
	was := false
	var px, py int
	var pt int64
	for i, t := range c.t {
		y, ok := a.row(c.x[i])
		if !ok || t < a.from || t > a.to {
			was = false
			continue
		}
		x := a.column(t)
		if was && t-pt <= 12*usual {
			p.line(px, py, x, y)
		} else {
			p.dot(x, y)
		}
		px, py, pt, was = x, y, t, true
	}
}

// A scale is the values between which a chart is drawn. It widens at once, to
// round numbers, and narrows after values have used little of it for some time,
// so that the picture does not tremble.
type scale struct {
	lo, hi float64
	set    bool
	narrow int64 // since when little of it is used, ns of the viewer's time; 0 where enough is
}

const (
	narrowAfter = 5e9
	narrowBelow = 0.6
)

// fit brings the scale to values from lo to hi (after the logarithm, on a
// logarithmic scale), at the time now.
func (s *scale) fit(lo, hi float64, now int64) {
	switch {
	case !s.set || lo < s.lo || hi > s.hi:
		s.widen(lo, hi)
	case hi-lo < narrowBelow*(s.hi-s.lo):
		if s.narrow == 0 {
			s.narrow = now
		} else if now-s.narrow >= narrowAfter {
			s.set = false
			s.widen(lo, hi)
		}
	default:
		s.narrow = 0
	}
}

func (s *scale) widen(lo, hi float64) {
	if s.set {
		lo, hi = min(lo, s.lo), max(hi, s.hi)
	}
	s.lo, s.hi, _ = num.RoundOut(lo, hi)
	s.set, s.narrow = true, 0
}

// spark draws values as a line of w characters: each stands for the last value of
// its part, from the least to the greatest of all.
func spark(x []float64, w int, ascii bool) []rune {
	levels := []rune("▁▂▃▄▅▆▇█")
	if ascii {
		levels = []rune(`_.-=+*%#`)
	}
	line := slices.Repeat([]rune{' '}, w)
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, v := range x {
		if v == v {
			lo, hi = min(lo, v), max(hi, v)
		}
	}
	if lo > hi {
		return line
	}
	n := min(len(x), w)
	for i := range n {
		v := math.NaN()
		for k := i * len(x) / n; k < (i+1)*len(x)/n; k++ {
			if x[k] == x[k] {
				v = x[k]
			}
		}
		if v != v {
			continue
		}
		at := len(levels) / 2
		if hi > lo {
			at = int((v - lo) / (hi - lo) * float64(len(levels)-1))
		}
		line[w-n+i] = levels[min(max(at, 0), len(levels)-1)]
	}
	return line
}
