package plot

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rtda/pkg/board"
	"rtda/pkg/rule"
	"rtda/pkg/stream"
)

const moment = 1777636800_000000000 // 2026-05-01T12:00:00Z

var nan = math.NaN()

var rules = func() *rule.Set {
	set, errs := rule.Compile([]rule.Source{{Text: "crit hot: x > 80"}}, rule.Scope{Fields: []string{"x"}, Known: true, IsAgg: func(string) bool { return false }})
	if errs != nil {
		panic(errors.Join(errs...))
	}
	return set
}()

// A run is a board that is filled.
type run struct {
	*board.Board
	keys map[string]*stream.Key
}

func newRun(columns int, clock bool) *run {
	return &run{board.New(board.Config{Columns: columns, Clock: clock, Span: math.MaxInt64, Rules: rules}), map[string]*stream.Key{}}
}

func (r *run) key(name string) *stream.Key {
	if name != "" && r.keys[name] == nil {
		r.keys[name] = &stream.Key{ID: uint32(len(r.keys)), Parts: []string{name}}
	}
	return r.keys[name]
}

func (r *run) row(name string, t int64, values ...float64) {
	res := &stream.Result{Rows: stream.Rows{N: 1, Time: []int64{t}}}
	if name != "" {
		res.Rows.Key = []*stream.Key{r.key(name)}
	}
	for _, x := range values {
		res.Rows.Col = append(res.Rows.Col, []float64{x})
	}
	r.Add(res, stream.Stats{}, t)
}

func (r *run) alert(name string, t int64, resolved bool) {
	a := &stream.Alert{Change: rule.Change{Level: rule.Crit, Resolved: resolved}, Key: r.key(name), Time: t}
	r.Add(&stream.Result{Notes: []stream.Note{{Alert: a}}}, stream.Stats{}, t)
}

// ovens is a run of several keys with two columns, a gap, rows without values
// and an alert.
func ovens(keys, rows int) *Config {
	r := newRun(2, true)
	for i := range rows {
		for k := range keys {
			name := fmt.Sprintf("oven %02d", k)
			t := moment + int64(i)*1e9
			x := 50 + 10*float64(k%5) + 15*math.Sin(float64(i)/40+float64(k)) + float64(i*7919%13)/4
			if k == 1 && i > rows/3 && i < rows/2 {
				continue
			}
			y := x / 3
			if k == 2 && i%97 < 20 {
				y = nan
			}
			if k == 3 && i == rows/2 {
				r.alert(name, t, false)
			}
			if k == 3 && i == rows*3/4 {
				r.alert(name, t, true)
			}
			r.row(name, t, x, y)
		}
	}
	return &Config{
		Board: r.Board, Keys: []string{"oven"}, Columns: []string{"x_mean", "x_std"}, Clock: true,
		Thresholds: []board.Threshold{{Column: 0, Value: 80, Severity: rule.Crit}, {Column: 1, Value: 1e9, Severity: rule.Warn}}, Width: 900, Height: 360,
	}
}

// pictures are the runs that the golden pictures are of.
var pictures = map[string]func() *Config{
	"keys": func() *Config { return ovens(4, 600) },
	"many": func() *Config { return ovens(20, 3000) },
	"empty": func() *Config {
		return &Config{Board: newRun(1, false).Board, Columns: []string{"mean"}, Width: 300, Height: 120}
	},
	"plain": func() *Config {
		r := newRun(1, false)
		for i := range 300 {
			r.row("", 0, float64(i*i%101))
		}
		return &Config{Board: r.Board, Columns: []string{"mean"}, Width: 600, Height: 240}
	},
	"hostile": func() *Config {
		r := newRun(1, true)
		r.row("<img src=x>&\"\x1b\u202e", moment, math.MaxFloat64)
		r.row("温度温度温度温度温度温度温度", moment, -math.MaxFloat64)
		r.row("b", moment+1e15, 0)
		return &Config{Board: r.Board, Keys: []string{"k"}, Columns: []string{"größe"}, Clock: true, Width: 400, Height: 200}
	},
}

// Pictures are the same bytes each time, valid, and of the size that was asked
// for.
func TestPictures(t *testing.T) {
	for name, make := range pictures {
		t.Run(name, func(t *testing.T) {
			c := make()
			n := len(c.Columns)
			one, again := AppendSVG(nil, c), AppendSVG(nil, make())
			if !bytes.Equal(one, again) {
				t.Error("the second SVG is another")
			}
			d := xml.NewDecoder(bytes.NewReader(one))
			for {
				_, err := d.Token()
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatalf("%v in %.2000s", err, one)
				}
			}
			if want := fmt.Sprintf(`width="%d" height="%d"`, c.Width, n*c.Height); !bytes.Contains(one, []byte(want)) {
				t.Errorf("no %s in %.300s", want, one)
			}
			var first, second bytes.Buffer
			_, err1 := WritePNG(&first, c)
			_, err2 := WritePNG(&second, make())
			if err := errors.Join(err1, err2); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(first.Bytes(), second.Bytes()) {
				t.Error("the second PNG is another")
			}
			image, err := png.Decode(&first)
			if err != nil || image.Bounds().Dx() != c.Width || image.Bounds().Dy() != n*c.Height {
				t.Errorf("PNG of %v: %v", image.Bounds(), err)
			}
			if dir := os.Getenv("PICTURES"); dir != "" {
				_ = os.WriteFile(filepath.Join(dir, name+".svg"), one, 0o644)
				_ = os.WriteFile(filepath.Join(dir, name+".png"), second.Bytes(), 0o644)
			}
		})
	}
}

// Names stand in a picture without anything that could be taken for markup or
// turn the direction of writing.
func TestHostileNames(t *testing.T) {
	got := string(AppendSVG(nil, pictures["hostile"]()))
	if strings.Contains(got, "<img") || strings.ContainsAny(got, "\x1b\u202e") || !strings.Contains(got, "&lt;img src=x&gt;&amp;&quot;") {
		t.Errorf("got %.3000s", got)
	}
}

// A picture of eight panels with a line each is bounded for any number of rows.
func TestSize(t *testing.T) {
	r := newRun(8, true)
	values := make([]float64, 8)
	for i := range 100_000 {
		for c := range values {
			values[c] = float64((i*7919 + c*104729) % 1000)
		}
		r.row("", moment+int64(i)*1e8, values...)
	}
	c := &Config{Board: r.Board, Columns: strings.Split("abcdefgh", ""), Clock: true, Width: 900, Height: 360}
	if n := len(AppendSVG(nil, c)); n > 200_000 {
		t.Errorf("%d bytes, want 200000 at most", n)
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		columns, width, height int
		want                   string
	}{
		{1, 8000, 8000, "<nil>"},
		{30, 900, 1000, "<nil>"}, // of which 8 are drawn
		{3, 900, 3000, "a picture has 8000x8000 dots at most: 3 panels of 900x3000 have more"},
	} {
		if got := fmt.Sprint(Check(c.columns, c.width, c.height)); got != c.want {
			t.Errorf("%d panels of %dx%d: %s", c.columns, c.width, c.height, got)
		}
	}
}

func TestScale(t *testing.T) {
	for _, c := range []struct {
		lo, hi float64
		want   string
	}{
		{0, 1, "[0 0.5 1]"}, {3, 97, "[0 50 100]"}, {-0.07, 0.31, "[-0.1 0 0.1 0.2 0.30000000000000004 0.4]"},
		{5, 5, "[4.6000000000000005 4.800000000000001 5 5.2 5.4]"}, {0, 0, "[-1 -0.5 0 0.5 1]"},
	} {
		s := newScale(c.lo, c.hi)
		if got := fmt.Sprint(s.ticks()); got != c.want {
			t.Errorf("from %v to %v: %s, want %s", c.lo, c.hi, got, c.want)
		}
	}
	for _, x := range []float64{5e-324, 1e-300, 1, 1e300, math.MaxFloat64} {
		for _, s := range []scale{newScale(-x, x), newScale(x, x), newScale(0, x)} {
			if n := len(s.ticks()); !(s.step > 0) || s.part(x) < 0 || s.part(x) > 1 || n > 12 {
				t.Errorf("the scale around %v is %+v, with %d ticks", x, s, n)
			}
		}
	}
}
