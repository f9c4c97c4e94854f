package clock

import (
	"fmt"

	"rtda/pkg/num"
)

// A Reader reads the times of one field. It holds no buffers: one serves
// all workers.
type Reader struct {
	scale   int      // decimal places from the Unix time's unit to ns, or Auto
	pattern *pattern // a strftime pattern; nil for anything else
	unix    bool     // only Unix times, no dates
}

// Auto is the scale of Unix times whose magnitude says their unit.
const Auto = -1

// NewReader returns a reader of times of the format: "" for dates and Unix
// times that say themselves what they are, unix, ms, us or ns for Unix times in
// that unit, or else a strftime pattern. The error names a pattern that could
// read nothing.
func NewReader(format string) (*Reader, error) {
	switch format {
	case "":
		return &Reader{scale: Auto}, nil
	case "unix":
		return &Reader{unix: true, scale: 9}, nil
	case "ms":
		return &Reader{unix: true, scale: 6}, nil
	case "us":
		return &Reader{unix: true, scale: 3}, nil
	case "ns":
		return &Reader{unix: true, scale: 0}, nil
	}
	p, ok := compilePattern(format)
	if !ok {
		return nil, fmt.Errorf("%q is not a format of times (want unix, ms, us, ns or a strftime pattern like %%Y-%%m-%%d %%H:%%M:%%S)", format)
	}
	return &Reader{pattern: p}, nil
}

// Parse returns the time of a text in ns since the Unix epoch. The text is the
// content of a string or the digits of a number; blanks around it do not count.
// ok is false for what is not a time of the reader's format, not a day of the
// calendar, a leap second, or not in the years 1678 to 2261. The local time
// zone plays no part: what names no zone is UTC.
func (t *Reader) Parse(text []byte) (ns int64, ok bool) {
	return t.ParseDecimal(text, '.')
}

// ParseDecimal is Parse with another decimal sign in Unix times.
func (t *Reader) ParseDecimal(text []byte, sign byte) (ns int64, ok bool) {
	text = num.Trim(text)
	switch {
	case t.pattern != nil:
		return t.pattern.parse(text)
	case !t.unix && len(text) >= stampLen && text[4] == '-' && text[7] == '-':
		return parseStamp(text)
	}
	return ParseUnix(text, t.scale, sign)
}

const stampLen = len("2006-01-02 15:04:05")

// parseStamp reads RFC 3339, with a blank or t for its T and z for its Z too,
// and the same without a zone, which is UTC. A fraction stands behind a point
// or, as in Python's logging, behind a comma; its digits after the ninth are
// cut off, as time.Parse does (FuzzTime compares the two).
//
// time.Parse takes 40 ns for this, parseStamp 20.
func parseStamp(b []byte) (ns int64, ok bool) {
	if len(b) < stampLen {
		return 0, false
	}
	_ = b[stampLen-1]
	if b[4] != '-' || b[7] != '-' || b[13] != ':' || b[16] != ':' || b[10] != 'T' && b[10] != ' ' && b[10] != 't' {
		return 0, false
	}
	century, year := twoDigits(b[0], b[1]), twoDigits(b[2], b[3])
	month, day := twoDigits(b[5], b[6]), twoDigits(b[8], b[9])
	hour, minute, second := twoDigits(b[11], b[12]), twoDigits(b[14], b[15]), twoDigits(b[17], b[18])
	if century > 99 || year > 99 || hour > 23 || minute > 59 || second > 59 {
		return 0, false
	}
	days, ok := unixDay(100*century+year, month, day)
	if !ok {
		return 0, false
	}
	frac, rest, ok := parseFraction(b[stampLen:])
	if !ok {
		return 0, false
	}
	offset, ok := parseOffset(rest)
	if !ok {
		return 0, false
	}
	return unixNano(days*86400+int64(hour*3600+minute*60+second)-offset, frac)
}

// unixNano joins seconds and nanoseconds, if the year can be read.
func unixNano(second, nano int64) (ns int64, ok bool) {
	if second < minSecond || second >= endSecond {
		return 0, false
	}
	return second*1e9 + nano, true
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

// unixDay is the number of days from 1970-01-01 to a day of the Gregorian
// calendar; ok is false if there is no such day.
func unixDay(year, month, day uint) (days int64, ok bool) {
	if year == 0 || month-1 > 11 || day == 0 {
		return 0, false
	}
	var leap uint
	if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
		leap = 1
	}
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
	y := year - 1
	const to1970 = 1969*365 + 1969/4 - 1969/100 + 1969/400
	return int64(y*365+y/4-y/100+y/400+before+day-1) - to1970, true
}

// parseFraction reads the fraction of a second at the beginning of b, if there
// is one, in ns, and returns what stands behind it.
func parseFraction(b []byte) (ns int64, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '.' && b[0] != ',' {
		return 0, b, true
	}
	i, unit := 1, int64(1e8)
	for ; i < len(b) && b[i]-'0' <= 9; i++ {
		ns += int64(b[i]-'0') * unit
		unit /= 10
	}
	return ns, b[i:], i > 1
}

// parseOffset reads the zone at the end of a time, in seconds east of UTC.
func parseOffset(b []byte) (second int64, ok bool) {
	if len(b) == 0 || len(b) == 1 && (b[0] == 'Z' || b[0] == 'z') {
		return 0, true
	}
	if len(b) != len("+07:00") || b[0] != '+' && b[0] != '-' || b[3] != ':' {
		return 0, false
	}
	hour, minute := twoDigits(b[1], b[2]), twoDigits(b[4], b[5])
	if hour > 23 || minute > 59 {
		return 0, false
	}
	second = int64(hour*3600 + minute*60)
	if b[0] == '-' {
		second = -second
	}
	return second, true
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
func (t *Reader) Unix(d num.Decimal) (ns int64, ok bool) {
	if t.pattern != nil {
		return 0, false
	}
	return unix(d, t.scale)
}

func unix(d num.Decimal, scale int) (ns int64, ok bool) {
	if scale == Auto {
		scale = unixScale(d.Digits() + d.Exp)
	}
	n, ok := d.Scaled(scale)
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
