package simulate

import (
	"strconv"
	"sync"

	"rtda/pkg/clock"
)

// A Format writes records as lines.
type Format struct {
	Name   string                            // as -o knows it
	Doc    string                            // what a line looks like
	header string                            // line before the first record, or ""
	stamp  func(dst []byte, ns int64) []byte // the time, or nil where it writes none
	line   string                            // of a record: %t is its time, %s its sensor, %v its value
}

// Row is what help shows of a format.
func (f Format) Row() (name, doc string) { return f.Name, f.Doc }

// Formats is the table of formats.
var Formats = []Format{
	{"num", "the value alone; several sensors by turns", "", nil, "%v\n"},
	{"json", `{"time":…,"sensor":"s1","value":…}`, "", rfc3339, `{"time":"%t","sensor":"%s","value":%v}` + "\n"},
	{"csv", "time,sensor,value below a header", "time,sensor,value\n", rfc3339, "%t,%s,%v\n"},
	{"logfmt", "time=… sensor=s1 value=…", "", rfc3339, "time=%t sensor=%s value=%v\n"},
	{"influx", "simulate,sensor=s1 value=… NANOSECONDS", "", unixNano, "simulate,sensor=%s value=%v %t\n"},
}

// record appends a line of the format. Of its pieces all but the first begin
// with the letter of what stands before them.
func (g *Generator) record(dst []byte, sensor string, x int64) []byte {
	dst = append(dst, g.pieces[0]...)
	for _, piece := range g.pieces[1:] {
		switch piece[0] {
		case 't':
			dst = append(dst, g.stamp()...)
		case 's':
			dst = append(dst, sensor...)
		case 'v':
			dst = g.value(dst, x)
		}
		dst = append(dst, piece[1:]...)
	}
	return dst
}

func (g *Generator) value(dst []byte, x int64) []byte {
	if g.shape.whole {
		return strconv.AppendInt(dst, x, 10)
	}
	return appendMicro(dst, x)
}

// digits3 are the numbers 000 to 999, one behind the other, once makeDigits was called.
var digits3 [3000]byte

var makeDigits = sync.OnceFunc(func() {
	for i := range 1000 {
		digits3[3*i], digits3[3*i+1], digits3[3*i+2] = byte('0'+i/100), byte('0'+i/10%10), byte('0'+i%10)
	}
})

// appendMicro appends x millionths with all six decimals, as %.6f would write
// the exact quotient. Cost: 5 ns below 1000; strconv takes 40 or more.
func appendMicro(dst []byte, x int64) []byte {
	u := uint64(x)
	if x < 0 {
		dst = append(dst, '-')
		u = -u
	}
	whole, part := u/micro, u%micro
	switch w := 3 * whole; {
	case whole < 10:
		dst = append(dst, byte('0'+whole))
	case whole < 100:
		dst = append(dst, digits3[w+1], digits3[w+2])
	case whole < 1000:
		dst = append(dst, digits3[w], digits3[w+1], digits3[w+2])
	default:
		dst = strconv.AppendUint(dst, whole, 10)
	}
	a, b := digits3[part/1000*3:][:3], digits3[part%1000*3:][:3]
	return append(dst, '.', a[0], a[1], a[2], b[0], b[1], b[2])
}

// stamp is the time of the tick, which all sensors share; valid until the next
// call.
func (g *Generator) stamp() []byte {
	if g.stamped != g.tick+1 {
		g.stamped = g.tick + 1
		g.stampText = g.format.stamp(g.stampText[:0], g.time(g.tick))
	}
	return g.stampText
}

func unixNano(dst []byte, ns int64) []byte { return strconv.AppendInt(dst, ns, 10) }

func rfc3339(dst []byte, ns int64) []byte {
	return clock.AppendTime(dst, ns, nil)
}
