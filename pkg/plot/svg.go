package plot

import (
	"fmt"
	"image/color"
	"strconv"
	"strings"
)

// AppendSVG appends the picture as SVG, in tenths of a dot.
func AppendSVG(dst []byte, c *Config) []byte {
	s := &svg{dst: dst}
	draw(c, func(width, height int) canvas {
		s.printf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="120" stroke-linejoin="round" stroke-linecap="round">`+"\n",
			width/10, height/10, width, height)
		s.printf("<title>%s</title>\n", escapeXML("rtda: "+strings.Join(c.Columns[:min(len(c.Columns), MaxPanels)], ", ")))
		return s
	})
	return append(s.dst, "</svg>\n"...)
}

// An svg is a canvas that appends elements.
type svg struct{ dst []byte }

func (s *svg) printf(format string, args ...any) { s.dst = fmt.Appendf(s.dst, format, args...) }

func hex(c color.NRGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

func (s *svg) rect(x, y, w, h int, c color.NRGBA) {
	s.printf(`<rect x="%d" y="%d" width="%d" height="%d" fill="%s"/>`+"\n", x, y, w, h, hex(c))
}

func (s *svg) path(points []point, width int, c color.NRGBA) {
	s.printf(`<path fill="none" stroke="%s" stroke-width="%d" d="`, hex(c), width)
	s.start(points[0])
	if len(points) == 1 {
		s.dst = append(s.dst, "h0"...) // a dot
	}
	for i := 1; i < len(points); i++ {
		s.step(points[i-1], points[i])
	}
	s.dst = append(s.dst, "\"/>\n"...)
}

func (s *svg) band(spans []span, c color.NRGBA) {
	s.printf(`<path fill="%s" fill-opacity="%.2f" stroke="%[1]s" stroke-opacity="%[2].2f" stroke-width="10" d="`, hex(c), float64(c.A)/255)
	last := point{spans[0].x, spans[0].top}
	s.start(last)
	to := func(p point) {
		s.step(last, p)
		last = p
	}
	for i := 1; i < len(spans); i++ {
		to(point{spans[i].x, spans[i].top})
	}
	for i := len(spans) - 1; i >= 0; i-- {
		to(point{spans[i].x, spans[i].bottom})
	}
	s.dst = append(s.dst, "z\"/>\n"...)
}

func (s *svg) start(p point) { s.printf("M%d %d", p.x, p.y) }

// step appends a line from a point to the next, by its way.
func (s *svg) step(a, b point) {
	s.dst = strconv.AppendInt(append(s.dst, 'l'), int64(b.x-a.x), 10)
	if b.y >= a.y {
		s.dst = append(s.dst, ' ')
	}
	s.dst = strconv.AppendInt(s.dst, int64(b.y-a.y), 10)
}

func (s *svg) text(x, y int, at anchor, c color.NRGBA, text string) {
	s.printf(`<text x="%d" y="%d" fill="%s" text-anchor="%s">%s</text>`+"\n", x, y, hex(c), [...]string{"start", "middle", "end"}[at], escapeXML(text))
}

var escapeXML = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace
