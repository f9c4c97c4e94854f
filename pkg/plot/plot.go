// Package plot draws a picture of a run from its board: a panel a column, a line
// a key. The same board gives the same bytes. It knows no formats of rows and
// writes nothing itself.
package plot

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"strings"
	"time"

	"rtda/pkg/board"
	"rtda/pkg/num"
	"rtda/pkg/rule"
	"rtda/pkg/text"
)

// What a picture has at most.
const (
	MaxSide   = 8000 // dots
	MaxPanels = 8
	maxNamed  = 12 // keys with a colour
)

// A Config is what is drawn.
type Config struct {
	Board      *board.Board
	Keys       []string // names of the key fields
	Columns    []string // names
	Thresholds []board.Threshold
	Clock      bool           // points stand at times, not at numbers of rows
	Zone       *time.Location // nil is UTC
	Width      int            // of a panel, in dots
	Height     int
}

// Check says why a picture of so many columns cannot be drawn.
func Check(columns, width, height int) error {
	if n := min(columns, MaxPanels); width > MaxSide || n*height > MaxSide {
		return fmt.Errorf("a picture has %dx%d dots at most: %d panels of %dx%d have more", MaxSide, MaxSide, n, width, height)
	}
	return nil
}

// A canvas takes what a picture is made of. Places and widths are in tenths of a
// dot.
type canvas interface {
	rect(x, y, w, h int, c color.NRGBA)
	path(points []point, width int, c color.NRGBA)
	band(spans []span, c color.NRGBA)
	text(x, y int, at anchor, c color.NRGBA, s string)
}

type point struct{ x, y int }

// A span is a stretch of an upright line.
type span struct{ x, top, bottom int }

// An anchor says which part of a text stands at its place.
type anchor int

const (
	start anchor = iota
	middle
	end
)

var (
	ink     = color.NRGBA{0x33, 0x33, 0x33, 0xff}
	faint   = color.NRGBA{0x77, 0x77, 0x77, 0xff}
	gridInk = color.NRGBA{0xe4, 0xe4, 0xe4, 0xff}
	others  = color.NRGBA{0xbb, 0xbb, 0xbb, 0xff}
	// colours of keys, told apart also by those who see fewer
	colours = [maxNamed]color.NRGBA{
		{0x00, 0x72, 0xb2, 0xff}, {0xd5, 0x5e, 0x00, 0xff}, {0x00, 0x9e, 0x73, 0xff}, {0xcc, 0x79, 0xa7, 0xff},
		{0xe6, 0x9f, 0x00, 0xff}, {0x56, 0xb4, 0xe9, 0xff}, {0x8c, 0x56, 0x4b, 0xff}, {0x5e, 0x3c, 0x99, 0xff},
		{0x7f, 0x7f, 0x00, 0xff}, {0x00, 0x4d, 0x40, 0xff}, {0xb2, 0x18, 0x2b, 0xff}, {0x17, 0x17, 0x6b, 0xff},
	}
	severities = map[rule.Severity]color.NRGBA{
		rule.Info: {0x1b, 0x7f, 0x9c, 0xff}, rule.Warn: {0xb5, 0x89, 0x00, 0xff}, rule.Crit: {0xc0, 0x1c, 0x28, 0xff},
	}
)

// Room around the chart of a panel, in dots.
const (
	topRoom    = 26
	bottomRoom = 22
	rightRoom  = 14
	legendRoom = 150
	stripe     = 5 // height of a row of firing stretches
	lineHeight = 16
)

// A line is the past of one key.
type line struct {
	name  string
	named int // number of its colour, maxNamed for those that have none
	past  *board.Past
	fired []board.Stretch
}

func (l *line) colour() color.NRGBA {
	if l.named < maxNamed {
		return colours[l.named]
	}
	return others
}

// A picture is what is drawn, and where.
type picture struct {
	*Config
	lines    []line // the named ones first
	hidden   int    // keys without a past
	from, to int64  // of all lines
	left     int    // room for the numbers of the axis, in dots
	legend   int
	stripes  int // rows of firing stretches
	scales   []scale
	panels   int
}

// draw draws the picture, which has size dots, on a canvas.
func draw(c *Config, on func(width, height int) canvas) {
	c.Board.Look(func(l board.Look) {
		p := newPicture(c, l)
		to := on(10*c.Width, 10*c.Height*max(1, p.panels))
		to.rect(0, 0, 10*c.Width, 10*c.Height*max(1, p.panels), color.NRGBA{0xff, 0xff, 0xff, 0xff})
		if p.panels == 0 || len(p.lines) == 0 {
			to.text(5*c.Width, 5*c.Height, middle, faint, "no rows")
			return
		}
		for i := range p.panels {
			p.panel(to, i, 10*c.Height*i)
		}
	})
}

func newPicture(c *Config, l board.Look) *picture {
	p := &picture{Config: c, hidden: l.Hidden(), from: math.MaxInt64, to: math.MinInt64, panels: min(len(c.Columns), MaxPanels), left: 24}
	entries := slices.DeleteFunc(l.Sorted(), func(e *board.Entry) bool { return e.Past.Len() == 0 })
	for _, e := range entries {
		p.from, p.to = min(p.from, e.Past.Place(0)), max(p.to, e.Time)
	}
	firing := map[int]bool{} // colours of keys for which alerts fired
	for i, e := range entries {
		line := line{named: min(i, maxNamed), past: e.Past, fired: e.Stretches(p.to)}
		if e.Key != nil {
			line.name = text.Plain(strings.Join(e.Key.Parts, " / "))
		}
		if len(line.fired) > 0 {
			firing[line.named] = true
		}
		p.lines = append(p.lines, line)
	}
	p.stripes = len(firing)
	if len(c.Keys) > 0 {
		p.legend = legendRoom
	}
	for i := range p.panels {
		s := p.scale(i)
		for _, v := range s.ticks() {
			p.left = max(p.left, 8+7*len(num.AppendSix(nil, v)))
		}
		p.scales = append(p.scales, s)
	}
	return p
}

func (p *picture) scale(column int) scale {
	lo, hi := math.Inf(1), math.Inf(-1)
	for i := range p.lines {
		past := p.lines[i].past
		for k := range past.Len() {
			if at := past.At(k, column); at.Min == at.Min {
				lo, hi = min(lo, at.Min), max(hi, at.Max)
			}
		}
	}
	if lo > hi {
		lo, hi = 0, 1
	}
	near := func(x float64) bool { return x/2 >= lo-float64(hi/2) && x/2 <= hi-float64(lo/2) } // at most as far away as the values are wide
	least, most := lo, hi
	for _, t := range p.Thresholds {
		if t.Column == column && near(t.Value) {
			least, most = min(least, t.Value), max(most, t.Value)
		}
	}
	return newScale(least, most)
}

// An area is where the chart of a panel stands, in tenths of a dot.
type area struct {
	p                  *picture
	scale              scale
	x, y, w, h, bottom int
}

func (a *area) px(t int64) int {
	if a.p.to == a.p.from {
		return a.x + a.w/2
	}
	part := float64(uint64(t)-uint64(a.p.from)) / float64(uint64(a.p.to)-uint64(a.p.from))
	return a.x + int(math.Round(part*float64(a.w)))
}

func (a *area) py(v float64) int {
	return a.y + a.h - int(math.Round(a.scale.part(v)*float64(a.h)))
}

// panel draws the panel of a column, whose upper edge is at y.
func (p *picture) panel(to canvas, column, y int) {
	a := &area{
		p: p, scale: p.scales[column],
		x: 10 * p.left, y: y + 10*topRoom,
		w: 10 * max(1, p.Width-p.left-rightRoom-p.legend), h: 10 * max(1, p.Height-topRoom-bottomRoom-stripe*p.stripes),
	}
	a.bottom = a.y + a.h
	p.grid(to, a)
	to.text(a.x, y+170, start, ink, p.Columns[column])
	for i := range slices.Backward(p.lines) {
		p.line(to, a, &p.lines[i], column)
	}
	for _, t := range p.Thresholds {
		if t.Column == column && t.Value >= a.scale.lo && t.Value <= a.scale.hi {
			c := severities[t.Severity]
			for x := a.x; x < a.x+a.w; x += 80 {
				to.rect(x, a.py(t.Value)-5, min(50, a.x+a.w-x), 10, c)
			}
			to.text(a.x+a.w-20, a.py(t.Value)-30, end, c, string(num.AppendSix(nil, t.Value))+" "+t.Severity.String())
		}
	}
	p.firing(to, a)
	p.names(to, a)
	if column == 0 && p.hidden > 0 {
		to.text(10*(p.Width-rightRoom), y+170, end, faint, fmt.Sprintf("%d more keys are not shown", p.hidden))
	}
}

// grid draws the lines and numbers of both axes.
func (p *picture) grid(to canvas, a *area) {
	for _, v := range a.scale.ticks() {
		to.rect(a.x, a.py(v)-5, a.w, 10, gridInk)
		to.text(a.x-60, a.py(v)+40, end, faint, string(num.AppendSix(nil, v)))
	}
	at := a.bottom + 10*stripe*p.stripes + 160
	for _, t := range p.placeTicks(max(2, a.w/900)) {
		x := a.px(t.at)
		to.rect(x-5, a.y, 10, a.h, gridInk)
		switch half := 35 * len(t.text); { // of about its width
		case x < half:
			to.text(10, at, start, faint, t.text)
		case x+half > 10*p.Width:
			to.text(10*p.Width-10, at, end, faint, t.text)
		default:
			to.text(x, at, middle, faint, t.text)
		}
	}
}

// line draws the past of a key in a column: a band where points stand for
// several rows, and a line through their last values, with gaps where there is
// no value and where nothing came for much longer than usual.
func (p *picture) line(to canvas, a *area, l *line, column int) {
	c, width := l.colour(), 10 // a place a dot is enough
	if l.named == maxNamed {
		width = 40
	}
	usual := int64(math.MaxInt64)
	if n := l.past.Len(); n > 2 {
		usual = max(1, (l.past.Place(n-1)-l.past.Place(0))/int64(n-1))
	}
	var points []point
	var spans []span
	banded := false
	flush := func() {
		if banded && l.named < maxNamed {
			pale := c
			pale.A = 0x38
			to.band(spans, pale)
		}
		switch {
		case len(points) == 1:
			to.path(points, 30, c)
		case len(points) > 1:
			to.path(points, 15, c)
		}
		points, spans, banded = points[:0], spans[:0], false
	}
	for i := range l.past.Len() {
		v, t := l.past.At(i, column), l.past.Place(i)
		if v.Last != v.Last || i > 0 && (t-l.past.Place(i-1))/12 >= usual {
			flush()
		}
		if v.Last != v.Last {
			continue
		}
		at := point{a.px(t), a.py(v.Last)}
		top, bottom := a.py(v.Max), a.py(v.Min)
		banded = banded || top != bottom
		if n := len(points) - 1; n >= 0 && at.x/width == points[n].x/width {
			points[n] = at
			banded = banded || top != spans[n].top || bottom != spans[n].bottom
			spans[n] = span{at.x, min(top, spans[n].top), max(bottom, spans[n].bottom)}
			continue
		}
		points, spans = append(points, at), append(spans, span{at.x, top, bottom})
	}
	flush()
}

// firing marks the stretches in which alerts fired below the chart, a row for
// each key that has a colour and one for all others.
func (p *picture) firing(to canvas, a *area) {
	y := a.bottom + 20
	for i := range p.lines {
		l := &p.lines[i]
		for _, f := range l.fired {
			from := max(f.From, p.from)
			x := a.px(from)
			to.rect(x, y, max(20, a.px(max(from, min(f.To, p.to)))-x), 30, l.colour())
		}
		if len(l.fired) > 0 && l.named < maxNamed {
			y += 10 * stripe
		}
	}
}

// names draws the names of keys with their colours, as many as there is room for.
func (p *picture) names(to canvas, a *area) {
	if p.legend == 0 {
		return
	}
	x, y := a.x+a.w+140, a.y+60
	for i := range p.lines {
		if y+10*lineHeight > a.bottom+10*bottomRoom {
			return
		}
		l := &p.lines[i]
		name := text.CutWidth(l.name, 18)
		switch {
		case l.named == maxNamed:
			name = fmt.Sprintf("%d others", len(p.lines)-maxNamed)
		case name != l.name:
			name += "…"
		}
		to.rect(x, y-45, 100, 20, l.colour())
		to.text(x+140, y, start, ink, name)
		y += 10 * lineHeight
		if l.named == maxNamed {
			return
		}
	}
}
