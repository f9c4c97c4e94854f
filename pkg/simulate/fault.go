package simulate

import (
	"fmt"
	"strconv"

	"rtda/pkg/clock"
)

// A Fault is what happens to a stretch of a sensor's values.
type Fault struct {
	Name     string // as --fault and the labels know it
	Doc      string // what happens to the values
	min, max int64  // values the stretch is long
	// spoil is the value that comes out for x; what is random for the whole
	// stretch was drawn into f when it began.
	spoil func(f *faults, x int64) int64
}

// Row is what help shows of a fault.
func (f Fault) Row() (name, doc string) { return f.Name, f.Doc }

// Faults is the table of faults. A stretch of 100 to 300 good values comes
// before each.
var Faults = []Fault{
	{"spike", "one value, 200 to 1000 too high or too low", 1, 1, spike},
	{"drift", "100 to 300 values that slide away, up to 100 too high or too low", 100, 300, drift},
	{"stuck", "20 to 100 values that repeat the last one", 20, 100, stuck},
	{"noise", "50 to 150 values with up to 50 added or taken away at random", 50, 150, noise},
	{"gap", "20 to 100 values that are not there", 20, 100, nil},
}

const quietMin, quietMax = 100, 300

// findFaults are the faults of the names, in their order.
func findFaults(names []string) (kinds []Fault, err error) {
	for _, name := range names {
		f, ok := find(Faults, name)
		if !ok {
			return nil, fmt.Errorf("unknown fault %q", name)
		}
		kinds = append(kinds, f)
	}
	return kinds, nil
}

// faults puts faults into the values of one sensor, by turns. It draws from
// random numbers of its own: the values between the faults are the same as
// without any.
type faults struct {
	kinds []Fault
	next  int // index of the kind that comes next
	rng   source
	unit  int64 // what a value of 1 is stored as
	now   Fault // the fault that goes on; its name is "" in between
	left  int64 // values until the stretch, or the quiet before it, ends
	size  int64 // values the stretch is long
	up    bool  // the values go up, not down
	far   int64 // the last value before the fault, or how far a spike is
	label label
}

// apply is what comes out of the sensor in place of x.
func (f *faults) apply(g *Generator, s *sensor, x int64) (y int64, missing bool) {
	if f.left == 0 {
		f.turn(g, s)
	}
	f.left--
	if f.now.Name == "" {
		f.seeGap(g)
		return x, false
	}
	f.label.lastTick = g.tick
	if f.now.spoil == nil {
		return 0, true
	}
	f.label.LastLine = g.lines + 1
	return f.now.spoil(f, x), false
}

// turn goes from quiet to the next fault, or from a fault to quiet.
func (f *faults) turn(g *Generator, s *sensor) {
	if f.now.Name != "" {
		if f.now.spoil != nil {
			f.finish(g)
		}
		f.now, f.left = Fault{}, f.rng.between(quietMin, quietMax)
		return
	}
	f.now = f.kinds[f.next]
	f.next = (f.next + 1) % len(f.kinds)
	f.size = f.rng.between(f.now.min, f.now.max)
	f.left = f.size
	f.up = f.rng.below(2) == 1
	f.far = s.last
	f.label = label{Fault: f.now.Name, Sensor: s.name, tick: g.tick}
	if f.now.spoil != nil {
		f.label.Line = g.lines + 1
	}
}

// seeGap ends a gap at the first value behind it, the line at which it can be
// seen.
func (f *faults) seeGap(g *Generator) {
	if f.label.Fault == "" {
		return
	}
	f.label.Line = g.lines + 1
	f.label.LastLine = f.label.Line
	f.finish(g)
}

// finish notes the fault that has ended.
func (f *faults) finish(g *Generator) {
	if g.cfg.Labels {
		f.label.Time, f.label.LastTime = g.time(f.label.tick), g.time(f.label.lastTick)
		g.labels = append(g.labels, f.label)
	}
	f.label = label{}
}

// signed is x, or -x where the values go down.
func (f *faults) signed(x int64) int64 {
	if f.up {
		return x
	}
	return -x
}

func spike(f *faults, x int64) int64 {
	return x + f.signed(f.rng.between(200*f.unit, 1000*f.unit))
}

func drift(f *faults, x int64) int64 {
	return x + f.signed(100*f.unit*(f.size-f.left)/f.size)
}

func stuck(f *faults, x int64) int64 { return f.far }

func noise(f *faults, x int64) int64 { return x + f.rng.between(-50*f.unit, 50*f.unit) }

// A label says where a fault is.
type label struct {
	Fault          string
	Sensor         string
	Line, LastLine int64 // its first and last line, from 1; of a gap the first line behind it; 0 where the stream ended before
	Time, LastTime int64 // moments of its first and last value, ns since the Unix epoch
	tick, lastTick int64
}

// labelHeader is the first line of a CSV file of labels.
const labelHeader = "fault,sensor,line,last_line,time,last_time\n"

// appendLabels appends the faults that have ended since the last call, in the
// order of their ends, as lines of CSV.
func (g *Generator) appendLabels(dst []byte) []byte {
	for i := range g.labels {
		dst = g.labels[i].append(dst)
	}
	g.labels = g.labels[:0]
	return dst
}

// finish ends the faults that go on. A fault that the end of the stream cut
// short has the last line and moment that it came to.
func (g *Generator) finish() {
	for i := range g.sensors {
		if f := g.sensors[i].faults; f != nil && f.label.Fault != "" {
			f.finish(g)
		}
	}
}

// append appends the label as a line of CSV. Nothing in it can need quotes.
func (l *label) append(dst []byte) []byte {
	dst = append(dst, l.Fault...)
	dst = append(append(dst, ','), l.Sensor...)
	for _, n := range [...]int64{l.Line, l.LastLine} {
		dst = append(dst, ',')
		if n > 0 {
			dst = strconv.AppendInt(dst, n, 10)
		}
	}
	for _, ns := range [...]int64{l.Time, l.LastTime} {
		dst = clock.AppendTime(append(dst, ','), ns, nil)
	}
	return append(dst, '\n')
}
