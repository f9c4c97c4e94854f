package simulate

import (
	"io"
	"math"
	"time"
)

// block is how many bytes are written at once where nothing is waited for.
const block = 128 << 10

// A Clock is what the beat of a stream is kept by.
type Clock interface {
	Now() time.Time
	// Sleep returns after d, or as soon as stop is closed.
	Sleep(d time.Duration, stop <-chan struct{})
}

// Wall is the clock on the wall.
var Wall Clock = wall{}

type wall struct{}

func (wall) Now() time.Time { return time.Now() }

func (wall) Sleep(d time.Duration, stop <-chan struct{}) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-stop:
	}
}

// A Sink is where a stream goes.
type Sink struct {
	Lines  io.Writer
	Labels io.Writer // where the faults are, as CSV; nil without labels
	buf    []byte
	rows   []byte
}

// FlatOut writes the stream in large blocks and never waits. It returns nil at
// its end or when stop is closed, after the block it was at, and the error of
// a write otherwise. In each case the labels are complete.
func (g *Generator) FlatOut(out *Sink, stop <-chan struct{}) error {
	return g.run(out, stop, func() int64 { return math.MaxInt64 })
}

// Paced writes each line when its moment has come, the first at once. The
// moments are those of the schedule, start + i/rate, whatever the lines before
// took: nothing adds up, and a stream that was held up writes what is due. The
// times of records are those moments, and start is what the clock shows, to the
// millisecond.
func (g *Generator) Paced(out *Sink, clock Clock, stop <-chan struct{}) error {
	start := clock.Now()
	g.begin(start.UnixMilli() * int64(time.Millisecond))
	return g.run(out, stop, func() int64 {
		passed := clock.Now().Sub(start)
		if due := g.cfg.Rate.Until(int64(passed)); due > g.tick {
			return due
		}
		clock.Sleep(time.Duration(g.cfg.Rate.At(g.tick))-passed, stop)
		return g.cfg.Rate.Until(int64(clock.Now().Sub(start)))
	})
}

// run writes the ticks before the one that due returns, over and over.
func (g *Generator) run(out *Sink, stop <-chan struct{}, due func() int64) error {
	if err := write(out.Labels, []byte(labelHeader)); err != nil {
		return err
	}
	for !g.Done() {
		before := due()
		select {
		case <-stop:
			return g.end(out, nil)
		default:
		}
		out.buf = g.Fill(out.buf[:0], before, block)
		// Labels first: should Lines be stuck for good, they are there.
		if err := g.flush(out); err != nil {
			return err
		}
		if err := write(out.Lines, out.buf); err != nil {
			return g.end(out, err)
		}
	}
	return g.end(out, g.err())
}

// end writes the labels that are still missing; err is why the stream ends.
func (g *Generator) end(out *Sink, err error) error {
	g.finish()
	if e := g.flush(out); err == nil {
		err = e
	}
	return err
}

// flush writes the labels of the faults that have ended.
func (g *Generator) flush(out *Sink) error {
	out.rows = g.appendLabels(out.rows[:0])
	return write(out.Labels, out.rows)
}

// write writes b, if there is anything to write and somebody to write it to.
func write(w io.Writer, b []byte) error {
	if w == nil || len(b) == 0 {
		return nil
	}
	_, err := w.Write(b)
	return err
}
