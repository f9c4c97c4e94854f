package plot

import (
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"slices"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// WritePNG writes the picture as PNG. It returns the characters that its font does
// not have, which are boxes in the picture: one that has those of Chinese is larger
// than all of rtda.
func WritePNG(w io.Writer, c *Config) (missing []rune, err error) {
	var r *raster
	draw(c, func(width, height int) canvas {
		r = &raster{image: image.NewNRGBA(image.Rect(0, 0, width/10, height/10))}
		r.font, r.face = letters()
		r.mask = make([]uint8, width/10*(height/10))
		return r
	})
	return r.missing, png.Encode(w, r.image)
}

// letters is the Go font, and its letters in the size of texts.
var letters = sync.OnceValues(func() (*opentype.Font, font.Face) {
	f, err := opentype.Parse(goregular.TTF)
	if err != nil {
		panic("plot: " + err.Error()) // the font is part of the program
	}
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: 12, DPI: 72})
	if err != nil {
		panic("plot: " + err.Error())
	}
	return f, face
})

// A raster is a canvas of dots. All places are computed so that every CPU gives
// the same: products are rounded before they meet a sum.
type raster struct {
	image   *image.NRGBA
	font    *opentype.Font
	face    font.Face
	missing []rune  // those without a letter
	mask    []uint8 // how much of each dot a line covers; empty between two
}

// blend puts colour over a dot, which it covers in part.
func (r *raster) blend(x, y int, c color.NRGBA, cover uint8) {
	if !(image.Point{X: x, Y: y}).In(r.image.Rect) {
		return
	}
	d := r.image.Pix[r.image.PixOffset(x, y):][:4:4]
	a := uint32(c.A) * uint32(cover) / 255
	mix := func(under, over uint8) uint8 { return uint8((uint32(under)*(255-a) + uint32(over)*a + 127) / 255) }
	d[0], d[1], d[2], d[3] = mix(d[0], c.R), mix(d[1], c.G), mix(d[2], c.B), 255
}

// coverage is how much of the dot from 10i to 10i+10 lies between two places.
func coverage(i, from, to int) int { return max(0, min(to, 10*i+10)-max(from, 10*i)) }

func (r *raster) rect(x, y, w, h int, c color.NRGBA) {
	for py := y / 10; 10*py < y+h; py++ {
		cy := coverage(py, y, y+h)
		for px := x / 10; 10*px < x+w; px++ {
			r.blend(px, py, c, uint8(cy*coverage(px, x, x+w)*255/100))
		}
	}
}

// path draws a line of a width through points: the mask gets how much of each
// dot is nearer to one of its pieces than half the width, and then the colour
// is put through the mask, so that no dot is painted twice.
func (r *raster) path(points []point, width int, c color.NRGBA) {
	box := image.Rectangle{}
	for i := range points {
		a, b := points[max(0, i-1)], points[i]
		if i > 0 || len(points) == 1 {
			box = box.Union(r.cover(float64(a.x)/10, float64(a.y)/10, float64(b.x)/10, float64(b.y)/10, float64(width)/20+0.5))
		}
	}
	w := r.image.Rect.Dx()
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			if m := &r.mask[y*w+x]; *m > 0 {
				r.blend(x, y, c, *m)
				*m = 0
			}
		}
	}
}

// cover adds to the mask what is nearer to the piece from a to b than radius, and
// returns where it may have done so.
func (r *raster) cover(ax, ay, bx, by, radius float64) image.Rectangle {
	dx, dy := bx-ax, by-ay
	long := float64(dx*dx) + float64(dy*dy)
	box := image.Rect(
		int(math.Floor(min(ax, bx)-radius)), int(math.Floor(min(ay, by)-radius)),
		int(math.Ceil(max(ax, bx)+radius))+1, int(math.Ceil(max(ay, by)+radius))+1).Intersect(r.image.Rect)
	w := r.image.Rect.Dx()
	for y := box.Min.Y; y < box.Max.Y; y++ {
		py := float64(y) + 0.5 - ay
		from, to := box.Min.X, box.Max.X
		if dy != 0 { // the part of the piece that is near to this row
			t0, t1 := (py-radius)/dy, (py+radius)/dy
			t0, t1 = max(0, min(t0, t1)), min(1, max(t0, t1))
			if t0 > t1 {
				continue
			}
			x0, x1 := ax+float64(t0*dx), ax+float64(t1*dx)
			from, to = max(from, int(min(x0, x1)-radius)-1), min(to, int(max(x0, x1)+radius)+2)
		}
		for x := from; x < to; x++ {
			px := float64(x) + 0.5 - ax
			t := 0.0
			if long > 0 {
				t = max(0, min(1, (float64(px*dx)+float64(py*dy))/long))
			}
			ex, ey := px-float64(t*dx), py-float64(t*dy)
			near := radius - math.Sqrt(float64(ex*ex)+float64(ey*ey))
			if near > 0 {
				m := &r.mask[y*w+x]
				*m = max(*m, uint8(int(min(1, near)*255)))
			}
		}
	}
	return box
}

// band fills what lies between the upper and the lower ends of neighbours.
func (r *raster) band(spans []span, c color.NRGBA) {
	for i := range spans {
		a, b := spans[max(0, i-1)], spans[i]
		from, to := a.x/10+1, b.x/10
		if i == 0 {
			from = to
		}
		for x := from; x <= to; x++ {
			top, bottom := b.top, b.bottom
			if d := b.x - a.x; d > 0 {
				part := max(0, min(d, 10*x+5-a.x))
				top, bottom = a.top+(b.top-a.top)*part/d, a.bottom+(b.bottom-a.bottom)*part/d
			}
			bottom = max(bottom, top+10)
			for y := top / 10; 10*y < bottom; y++ {
				r.blend(x, y, c, uint8(coverage(y, top, bottom)*255/10))
			}
		}
	}
}

func (r *raster) text(x, y int, at anchor, c color.NRGBA, s string) {
	for _, char := range s {
		if i, err := r.font.GlyphIndex(nil, char); (err != nil || i == 0) && !slices.Contains(r.missing, char) {
			r.missing = append(r.missing, char)
		}
	}
	d := font.Drawer{Dst: r.image, Src: image.NewUniform(c), Face: r.face, Dot: fixed.P(x/10, y/10)}
	switch at {
	case middle:
		d.Dot.X -= d.MeasureString(s) / 2
	case end:
		d.Dot.X -= d.MeasureString(s)
	}
	d.DrawString(s)
}
