package simulate

import (
	"strconv"

	"rtda/pkg/clock"
)

// A Format is a row of the table of formats.
type Format struct {
	Name string // as -o knows it
	Doc  string // what a line looks like
	format
}

func (f Format) name() string { return f.Name }

// A format writes records as lines.
type format struct {
	header string                                                        // line before the first record, or ""
	stamp  func(dst []byte, ns int64) []byte                             // the time, or nil where it writes none
	line   func(dst []byte, g *Generator, sensor string, x int64) []byte // one record
}

// Formats is the table of formats.
var Formats = []Format{
	{"num", "the value alone; several sensors by turns", format{"", nil, numLine}},
	{"json", `{"time":…,"sensor":"s1","value":…}`, format{"", rfc3339, jsonLine}},
	{"csv", "time,sensor,value below a header", format{"time,sensor,value\n", rfc3339, csvLine}},
	{"logfmt", "time=… sensor=s1 value=…", format{"", rfc3339, logfmtLine}},
	{"influx", "simulate,sensor=s1 value=… NANOSECONDS", format{"", unixNano, influxLine}},
}

func numLine(dst []byte, g *Generator, _ string, x int64) []byte {
	return append(g.value(dst, x), '\n')
}

func jsonLine(dst []byte, g *Generator, sensor string, x int64) []byte {
	dst = append(dst, `{"time":"`...)
	dst = append(dst, g.stamp.text(g)...)
	dst = append(dst, `","sensor":"`...)
	dst = append(dst, sensor...)
	dst = append(dst, `","value":`...)
	return append(g.value(dst, x), '}', '\n')
}

func csvLine(dst []byte, g *Generator, sensor string, x int64) []byte {
	dst = append(dst, g.stamp.text(g)...)
	dst = append(append(dst, ','), sensor...)
	return append(g.value(append(dst, ','), x), '\n')
}

func logfmtLine(dst []byte, g *Generator, sensor string, x int64) []byte {
	dst = append(append(dst, "time="...), g.stamp.text(g)...)
	dst = append(append(dst, " sensor="...), sensor...)
	return append(g.value(append(dst, " value="...), x), '\n')
}

func influxLine(dst []byte, g *Generator, sensor string, x int64) []byte {
	dst = append(append(dst, "simulate,sensor="...), sensor...)
	dst = g.value(append(dst, " value="...), x)
	dst = append(append(dst, ' '), g.stamp.text(g)...)
	return append(dst, '\n')
}

// value appends a value of a sensor.
func (g *Generator) value(dst []byte, x int64) []byte {
	if g.whole {
		return strconv.AppendInt(dst, x, 10)
	}
	return appendMicro(dst, x)
}

// digits3 are the numbers 000 to 999, one behind the other.
var digits3 = func() (t [3000]byte) {
	for i := range 1000 {
		t[3*i], t[3*i+1], t[3*i+2] = byte('0'+i/100), byte('0'+i/10%10), byte('0'+i%10)
	}
	return t
}()

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

// A stamp keeps the text of the time, which all sensors of a tick share.
type stamp struct {
	buf  []byte
	next int64 // the tick behind the one whose time it is; 0 is none
}

// text is the time of the tick, valid until the next call.
func (s *stamp) text(g *Generator) []byte {
	if s.next != g.tick+1 {
		s.next = g.tick + 1
		s.buf = g.format.stamp(s.buf[:0], g.time(g.tick))
	}
	return s.buf
}

func unixNano(dst []byte, ns int64) []byte { return strconv.AppendInt(dst, ns, 10) }

func rfc3339(dst []byte, ns int64) []byte {
	return clock.AppendTime(dst, ns, nil)
}
