// Package simulate makes up the stream of a sensor: numbers of a chosen shape
// on a steady beat, as lines of a chosen format, with labelled faults if they
// are asked for. A Config goes in and lines come out; the same Config gives
// the same bytes on every machine. It knows nothing of how lines are read.
package simulate

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"rtda/pkg/clock"
)

// epoch is where the time of a stream begins that does not wait between its
// lines: 2026-01-01T00:00:00Z, in ns since the Unix epoch.
const epoch int64 = 1767225600e9

// A Config says what is to be made up.
type Config struct {
	Shape   string     // a name of Shapes
	Format  string     // a name of Formats
	Sensors int        // sensors, 1 or more; named s1, s2, …
	Rate    clock.Rate // ticks a second; each sensor is read once a tick
	Seed    uint64     // equal seeds give equal streams
	Faults  []string   // names of Faults, put in by turns; none: no faults
	Labels  bool       // note where the faults are
	Count   int64      // lines to write, without a header; below 0 there is no end
}

// ErrTime is the error of a stream that has run past the year 2261, up to
// which times can be told in nanoseconds.
var ErrTime = errors.New("the time goes past the year 2261: use a higher --hz")

// A Generator makes the lines of one stream, which begins in 2026 unless it is
// Paced. It must not be used by two goroutines at once.
type Generator struct {
	cfg       Config
	shape     Shape
	format    Format
	pieces    []string // of a line of the format, cut before what stands in it
	sensors   []sensor
	tick      int64  // the tick that comes next
	at        int    // the sensor of it that comes next
	left      int64  // records still to be written
	lines     int64  // lines written, the header too
	start     int64  // time of tick 0, ns since the Unix epoch
	limit     int64  // the first tick whose time cannot be told
	stampText []byte // the time of a tick,
	stamped   int64  // the one before this; 0 is none
	labels    []label
}

// A sensor is one source of values. Each has its own random numbers, so that
// what s1 says does not depend on how many others there are.
type sensor struct {
	name   string
	rng    source
	state  int64 // the shape's own: a position, a phase or a count
	last   int64 // value last written
	line   int64 // line it was written in
	faults *faults
}

// New is a generator of the stream that c describes. It is an error if c names
// a shape, format or fault that does not exist, or has no sensor or rate.
func New(c Config) (*Generator, error) {
	makeDigits()
	sh, ok := find(Shapes, c.Shape)
	if !ok {
		return nil, fmt.Errorf("unknown shape %q", c.Shape)
	}
	f, ok := find(Formats, c.Format)
	if !ok {
		return nil, fmt.Errorf("unknown format %q", c.Format)
	}
	if c.Sensors < 1 || !c.Rate.Ok() {
		return nil, errors.New("a stream needs a sensor and a rate")
	}
	kinds, err := findFaults(c.Faults)
	if err != nil {
		return nil, err
	}
	g := &Generator{cfg: c, shape: sh, format: f, pieces: strings.Split(f.line, "%"), left: c.Count}
	if c.Count < 0 {
		g.left = math.MaxInt64
	}
	g.begin(epoch)
	g.sensors = make([]sensor, c.Sensors)
	for k := range g.sensors {
		g.sensors[k] = g.newSensor(k, kinds)
	}
	return g, nil
}

// begin sets the time of the first tick.
func (g *Generator) begin(start int64) {
	g.start, g.limit = start, math.MaxInt64
	if g.format.stamp != nil || g.cfg.Labels {
		g.limit = g.cfg.Rate.Until(clock.End - 1 - start)
	}
}

func (g *Generator) newSensor(k int, kinds []Fault) sensor {
	s := sensor{
		name: "s" + strconv.Itoa(k+1),
		rng:  newSource(g.cfg.Seed, uint64(2*k)),
	}
	s.state = g.shape.start(k, len(g.sensors))
	if len(kinds) > 0 {
		s.faults = &faults{kinds: kinds, rng: newSource(g.cfg.Seed, uint64(2*k+1)), unit: micro}
		s.faults.left = s.faults.rng.between(quietMin, quietMax)
		if g.shape.whole {
			s.faults.unit = 1
		}
	}
	return s
}

// Fill appends whole lines to dst: all that belong to ticks before the given
// one, but no more than it takes to make dst max bytes long (a line may end
// behind them). It allocates nothing once dst has grown.
func (g *Generator) Fill(dst []byte, before int64, max int) []byte {
	before = min(before, g.limit)
	if g.lines == 0 && g.left > 0 && g.tick < before && g.format.header != "" {
		dst = append(dst, g.format.header...)
		g.lines++
	}
	step := g.shape.step(g.cfg.Rate)
	for g.left > 0 && g.tick < before && len(dst) < max {
		dst = g.line(dst, &g.sensors[g.at], step)
		if g.at++; g.at == len(g.sensors) {
			g.at = 0
			g.tick++
		}
	}
	return dst
}

// line appends what the sensor says at the tick, or nothing where a fault has
// swallowed it.
func (g *Generator) line(dst []byte, s *sensor, step uint64) []byte {
	x := g.shape.next(s, step)
	if s.faults != nil {
		var missing bool
		if x, missing = s.faults.apply(g, s, x); missing {
			return dst
		}
	}
	g.left--
	g.lines++
	s.last, s.line = x, g.lines
	return g.record(dst, s.name, x)
}

// Done says that the stream has come to its end.
func (g *Generator) Done() bool { return g.left == 0 || g.tick >= g.limit }

// err is ErrTime if the stream has ended before its count was full, else nil.
func (g *Generator) err() error {
	if g.left > 0 && g.tick >= g.limit {
		return ErrTime
	}
	return nil
}

// time is the moment of a tick, ns since the Unix epoch.
func (g *Generator) time(tick int64) int64 { return g.start + g.cfg.Rate.At(tick) }

// A Row is one of a table: a shape, a format or a fault.
type Row interface {
	Row() (name, doc string)
}

// find is the row of the table that has the name.
func find[T Row](table []T, name string) (row T, ok bool) {
	for _, r := range table {
		if known, _ := r.Row(); known == name {
			return r, true
		}
	}
	return row, false
}
