package clock

import (
	"fmt"
	"math/bits"
	"time"

	"rtda/pkg/num"
)

// A Reader reads the times of one field. It holds no buffers: one serves all
// workers.
type Reader struct {
	scale   int      // decimal places from the Unix time's unit to ns, or Auto
	pattern *pattern // a strftime pattern; nil for anything else
	unix    bool     // only Unix times, no dates
	zone    *time.Location
}

// scales are the decimal places from the unit of a format of Unix times to ns.
var scales = map[string]int{"": Auto, "unix": 9, "ms": 6, "us": 3, "ns": 0}

// Auto is the scale of Unix times whose magnitude says their unit.
const Auto = -1

// What Parse says of a time beside the time itself: it is a moment, or the local
// time of the reader's zone. Any other value is a local time whose text says how
// many seconds its zone is ahead of UTC.
const (
	Moment = 1 << 30
	Local  = 1<<30 + 1
)

// NewReader returns a reader of times of the format: "" for dates and Unix
// times that say themselves what they are, unix, ms, us or ns for Unix times in
// that unit, or else a strftime pattern. Dates without a zone are times of the
// given one. The error names a pattern that could read nothing.
func NewReader(format string, zone *time.Location) (*Reader, error) {
	if scale, ok := scales[format]; ok {
		return &Reader{unix: format != "", scale: scale, zone: zone}, nil
	}
	p, ok := compilePattern(format)
	if !ok {
		return nil, fmt.Errorf("%q is not a format of times (want unix, ms, us, ns or a strftime pattern like %%Y-%%m-%%d %%H:%%M:%%S)", format)
	}
	return &Reader{pattern: p, zone: zone}, nil
}

// Open reports whether what Parse returns may be less than a moment: a local
// time, or one without its year or date. A Resolver makes moments of them.
func (r *Reader) Open() bool {
	if r.pattern != nil {
		return r.pattern.lacks != nothing || r.zone != nil && !r.pattern.zoned
	}
	return r.zone != nil && !r.unix
}

// Parse reads a time. The text is the content of a string or the digits of a
// number with the decimal sign that numbers have; blanks around it do not count.
// t is in ns since the Unix epoch, as a moment or, as east says, as a local time
// written as if it were UTC; without Open it is always a moment. ok is false for
// what is not a time of the reader's format, not a day of the calendar, a leap
// second, or not in the years 1678 to 2261.
func (r *Reader) Parse(text []byte, sign byte) (t int64, east int32, ok bool) {
	text = num.Trim(text)
	switch {
	case r.pattern != nil:
		t, east, ok = r.pattern.parse(text)
	case !r.unix && len(text) >= dateLen && text[4] == text[7] && (text[4] == '-' || text[4] == '/'):
		t, east, ok = parseDate(text)
	case !r.unix && len(text) >= compactLen && text[8] == 'T':
		t, east, ok = parseCompact(text)
	default:
		t, ok = ParseUnix(text, r.scale, sign)
		return t, Moment, ok
	}
	switch {
	case r.pattern != nil && r.pattern.lacks != nothing, east == Local && r.zone != nil:
		// The Resolver has the last word.
	case east == Local:
		east = Moment
	case east != Moment:
		t -= int64(east) * second
		east = Moment
	}
	return t, east, ok && t >= Min && t < End
}

const (
	dateLen    = len("2006-01-02")
	compactLen = len("20060102T150405")
)

// parseDate reads RFC 3339 and what is like it: a blank for its T, slashes in
// the date, no seconds, no time of the day, no zone. A fraction stands behind a
// point or, as in Python's logging, behind a comma; its digits after the ninth
// are cut off, as time.Parse does (FuzzDate compares the two).
//
// time.Parse takes 40 ns for RFC 3339, parseDate 20.
func parseDate(b []byte) (t int64, east int32, ok bool) {
	_ = b[dateLen-1]
	days, ok := parseDay(b[0], b[1], b[2], b[3], b[5], b[6], b[8], b[9])
	if !ok {
		return 0, 0, false
	}
	t = days * day
	rest := b[dateLen:]
	if len(rest) >= len("T15:04") && rest[3] == ':' && (rest[0] == 'T' || rest[0] == ' ' || rest[0] == 't') {
		hours, minutes, seconds, frac := twoDigits(rest[1], rest[2]), twoDigits(rest[4], rest[5]), uint(0), int64(0)
		if rest = rest[len("T15:04"):]; len(rest) >= len(":05") && rest[0] == ':' {
			seconds = twoDigits(rest[1], rest[2])
			if frac, rest, ok = parseFraction(rest[len(":05"):]); !ok {
				return 0, 0, false
			}
		}
		if hours > 23 || minutes > 59 || seconds > 59 {
			return 0, 0, false
		}
		t += int64(hours*3600+minutes*60+seconds)*second + frac
	}
	east, ok = parseZone(rest)
	return t, east, ok
}

// parseCompact reads 20060102T150405 with an optional fraction and zone.
func parseCompact(b []byte) (t int64, east int32, ok bool) {
	_ = b[compactLen-1]
	days, ok := parseDay(b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7])
	hours, minutes, seconds := twoDigits(b[9], b[10]), twoDigits(b[11], b[12]), twoDigits(b[13], b[14])
	frac, rest, fracOK := parseFraction(b[compactLen:])
	if !ok || !fracOK || hours > 23 || minutes > 59 || seconds > 59 {
		return 0, 0, false
	}
	east, ok = parseZone(rest)
	return days*day + int64(hours*3600+minutes*60+seconds)*second + frac, east, ok
}

// parseDay is the day of a date, counted from 1970-01-01, of which the digits are
// given.
func parseDay(y1, y2, y3, y4, m1, m2, d1, d2 byte) (days int64, ok bool) {
	century, year := twoDigits(y1, y2), twoDigits(y3, y4)
	if century > 99 || year > 99 {
		return 0, false
	}
	return unixDay(100*century+year, twoDigits(m1, m2), twoDigits(d1, d2))
}

// parseZone reads the zone at the end of a time, with a blank before it or not:
// Z, UTC or an offset like +02, +0200 or +02:00. It is Local if there is none.
func parseZone(b []byte) (east int32, ok bool) {
	switch {
	case len(b) == 0:
		return Local, true
	case b[0] == ' ':
		if b = b[1:]; string(b) == "UTC" {
			return 0, true
		}
	}
	if len(b) == 1 {
		return 0, b[0]|0x20 == 'z'
	}
	east, n := parseOffset(b)
	return east, n > 0 && n == len(b)
}

// parseOffset reads an offset from UTC in seconds and returns how many bytes it
// takes; 0 if b does not begin with one.
func parseOffset(b []byte) (east int32, n int) {
	if len(b) < len("+02") || b[0] != '+' && b[0] != '-' {
		return 0, 0
	}
	hours, minutes := twoDigits(b[1], b[2]), uint(0)
	n = 3
	if len(b) > 3 && b[3] == ':' {
		n++
	}
	if len(b) >= n+2 && b[n]-'0' <= 9 {
		minutes = twoDigits(b[n], b[n+1])
		n += 2
	} else if n == 4 {
		return 0, 0
	}
	if hours > 23 || minutes > 59 {
		return 0, 0
	}
	east = int32(hours*3600 + minutes*60)
	if b[0] == '-' {
		east = -east
	}
	return east, n
}

// twoDigits is the value of two decimal digits, and above 99 for other bytes.
func twoDigits(hi, lo byte) uint {
	h, l := uint(hi-'0'), uint(lo-'0')
	if h > 9 || l > 9 {
		return 255
	}
	return 10*h + l
}

// daysBefore is the days of a common year before each month from 1, and of the
// whole year at 13.
var daysBefore = [14]uint{0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365}

// leapDays is 1 for a year with a 29 February, else 0.
func leapDays(year uint) uint {
	if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
		return 1
	}
	return 0
}

// unixDay is the number of days from 1970-01-01 to a day of the Gregorian
// calendar; ok is false if there is no such day, or if it is not within a day of
// the times that can be read.
func unixDay(year, month, day uint) (days int64, ok bool) {
	if year-1677 > 2262-1677 || month-1 > 11 || day == 0 {
		return 0, false
	}
	leap := leapDays(year)
	before, last := daysBefore[month], daysBefore[month+1]-daysBefore[month]
	switch {
	case month == 2:
		last += leap
	case month > 2:
		before += leap
	}
	if day > last {
		return 0, false
	}
	days = firstDay(year) + int64(before+day) - 1
	return days, days >= Min/(86400*second)-1 && days <= End/(86400*second)
}

// firstDay is the number of days from 1970-01-01 to 1 January of a year.
func firstDay(year uint) int64 {
	y := year - 1
	const to1970 = 1969*365 + 1969/4 - 1969/100 + 1969/400
	return int64(y*365+y/4-y/100+y/400) - to1970
}

// parseFraction reads the fraction of a second at the beginning of b, if there
// is one, in ns, and returns what stands behind it.
func parseFraction(b []byte) (ns int64, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '.' && b[0] != ',' {
		return 0, b, true
	}
	ns, n := nanos(b[1:])
	return ns, b[1+n:], n > 0
}

// nanos reads the digits of a fraction of a second at the beginning of b, in ns,
// and returns how many there are.
func nanos(b []byte) (ns int64, n int) {
	for unit := int64(1e8); n < len(b) && b[n]-'0' <= 9; n++ {
		ns += int64(b[n]-'0') * unit
		unit /= 10
	}
	return ns, n
}

// ParseUnix reads a decimal number as a Unix time whose unit is 10^-scale
// seconds less nine: 9 for seconds, 0 for ns. With Auto the magnitude
// says the unit: seconds below 1e11, ms below 1e14, µs below 1e17, else ns.
//
// The digits are moved, never multiplied as floats, so the result is the
// nearest ns, halves away from zero (FuzzUnix compares with math/big).
func ParseUnix(b []byte, scale int, sign byte) (ns int64, ok bool) {
	d, ok := num.ReadDecimal(b, sign)
	if !ok {
		return 0, false
	}
	return unix(d, scale)
}

// Unix is Parse for a text that is the decimal; ok is false also where times
// are no Unix times.
func (r *Reader) Unix(d num.Decimal) (ns int64, ok bool) {
	if r.pattern != nil {
		return 0, false
	}
	return unix(d, r.scale)
}

func unix(d num.Decimal, scale int) (ns int64, ok bool) {
	var n uint64
	if uint(-d.Exp) <= 8 && d.Next == 0 && d.Mant < num.Pow10Int[11-d.Exp] && (scale == Auto || scale == 9) {
		// Seconds with at most 8 decimals, as most are: one product is exact.
		hi, lo := bits.Mul64(d.Mant, num.Pow10Int[9+d.Exp])
		n, ok = lo, hi == 0
	} else {
		if scale == Auto {
			scale = unixScale(d.Digits() + d.Exp)
		}
		n, ok = d.Scaled(scale)
	}
	if !ok || n > uint64(End) {
		return 0, false
	}
	ns = int64(n)
	if d.Neg {
		ns = -ns
	}
	return ns, ns >= Min && ns < End
}

// unixScale is the scale of a Unix time with that many digits before its
// point.
func unixScale(point int) int {
	switch {
	case point <= 11:
		return 9
	case point <= 14:
		return 6
	case point <= 17:
		return 3
	}
	return 0
}
