package clock

import (
	"strings"

	"rtda/pkg/num"
)

// A pattern reads the times that a strftime pattern describes.
//
// No library reads what is asked of it here, and says what a text leaves open:
// blanks of any number, fractions that may be missing, times without a year. Its
// directives mean what they mean in timefmt-go, which the tests compare it with;
// that takes 170 ns for %Y-%m-%d %H:%M:%S, this 50.
type pattern struct {
	steps []step
	dates dateKind
	lacks lack
	zoned bool // a zone is in the text
	names bool // it is there as a name only
}

// A step is one directive, a run of blanks (verb ' '), or one literal byte (verb
// 0). The sign of a fraction is part of the directive.
type step struct{ verb, literal byte }

// A lack is what the texts of a pattern do not say.
type lack uint8

const (
	nothing lack = iota
	theYear
	theDate
)

// A dateKind is how a pattern names a day.
type dateKind uint8

const (
	byMonth   dateKind = iota // by month and day, 1 where they are missing
	byYearDay                 // %j
	byWeek                    // %U or %W and a weekday
	byISOWeek                 // %G, %V and a weekday
	byUnix                    // %s
)

// composites are the directives that stand for others.
var composites = map[byte]string{
	'c': "%a %b %e %H:%M:%S %Y",
	'+': "%a %b %e %H:%M:%S %Z %Y",
	'v': "%e-%b-%Y",
	'r': "%I:%M:%S %p",
	'F': "%Y-%m-%d",
	'D': "%m/%d/%y",
	'x': "%m/%d/%y",
	'T': "%H:%M:%S",
	'X': "%H:%M:%S",
	'R': "%H:%M",
}

// compilePattern returns the pattern, and false for one that has a directive
// which cannot be read, names neither a day nor a time of the day, or has parts
// that count for nothing beside the others, such as a weekday without a date.
func compilePattern(layout string) (*pattern, bool) {
	p := &pattern{}
	if !p.compile(strings.Trim(layout, " \t")) {
		return nil, false
	}
	return p, p.choose()
}

// compile makes the steps.
func (p *pattern) compile(layout string) bool {
	for i := 0; i < len(layout); i++ {
		c := layout[i]
		if c != '%' {
			p.add(0, c)
			continue
		}
		for i++; i < len(layout)-1 && layout[i] == ':'; i++ {
		}
		if i == len(layout) {
			return false
		}
		c = layout[i]
		if whole, ok := composites[c]; ok {
			p.compile(whole)
			continue
		}
		if layout[i-1] == ':' && c != 'z' || !strings.ContainsRune("YyCGgmBbhdejHkIlMSfLpPsUWVuwaAzZtn%", rune(c)) {
			return false
		}
		p.add(c, 0)
	}
	return true
}

// add appends a step. Blanks are joined, and a fraction takes the sign before it.
func (p *pattern) add(verb, literal byte) {
	if verb == 't' || verb == 'n' || verb == 0 && num.Blank(literal) {
		verb, literal = ' ', 0
	}
	if verb == '%' {
		verb, literal = 0, '%'
	}
	n := len(p.steps)
	last := step{}
	if n > 0 {
		last = p.steps[n-1]
	}
	switch {
	case verb == ' ' && last.verb == ' ':
	case verb == 'f' && n > 0 && last.verb == 0 && strings.IndexByte(".,:-_", last.literal) >= 0:
		p.steps[n-1] = step{'f', last.literal}
	default:
		p.steps = append(p.steps, step{verb, literal})
	}
}

// choose finds out how the pattern names a time, and whether it does.
func (p *pattern) choose() bool {
	var verbs []byte
	for _, s := range p.steps {
		verbs = append(verbs, s.verb)
	}
	has := func(any string) bool { return strings.ContainsAny(string(verbs), any) }
	clock, month, date := has("HkIl"), has("mBbh"), has("de")
	p.zoned = has("zZ")
	p.names = p.zoned && !has("z")
	switch {
	case len(verbs) == 0 || verbs[0] == ' ' || verbs[len(verbs)-1] == ' ':
		return false
	case has("s"):
		p.dates, p.zoned = byUnix, true
		return !has("YyCGgmBbhdejHkIlMSpPUWVuwaA")
	case has("Gg"):
		p.dates = byISOWeek
		return has("V") && !has("YyCmBbhdejUW")
	case !has("YyC"):
		p.lacks = theYear
		if !month && !date {
			p.lacks = theDate
			return clock && !has("jUWVuwaA")
		}
		return month && date && !has("jUWV")
	case has("j"):
		p.dates = byYearDay
		return !month && !date && !has("UWV")
	case has("UW"):
		p.dates = byWeek
		return !month && !date && !has("V") && !(has("U") && has("W"))
	}
	return !has("V") && (month || !date) && (month && date || !has("uwaA"))
}

// fields are what a text says, in the order of its directives.
type fields struct {
	year, century, month, day, yearDay, week uint
	weekday                                  uint // 1 Monday to 7, 0 where there is none
	hour, minute, second                     uint
	nano                                     int64
	afternoon                                uint // 1 AM, 2 PM, 0 where there is none
	fromSunday                               bool // weeks begin on Sunday
	unix                                     int64
	negative                                 bool // the sign of unix and its fraction
	east                                     int32
}

const noCentury = 100

// parse reads a text without blanks around it. A text that lacks its year is of
// 2000, which has a 29 February; one that lacks its date of 1970-01-01. A zone
// given by a name alone must be UTC or GMT, which mean the same everywhere.
func (p *pattern) parse(text []byte) (t int64, east int32, ok bool) {
	f := fields{year: 2000, century: noCentury, month: 1, day: 1, yearDay: 1, east: Local}
	rest := text
	for _, s := range p.steps {
		if rest, ok = f.read(s, rest); !ok {
			return 0, 0, false
		}
	}
	if len(rest) > 0 || p.names && f.east == unknownZone {
		return 0, 0, false
	}
	if p.dates == byUnix {
		t = f.unix*second + f.nano
		if f.negative {
			t = -t
		}
		return t, Moment, true
	}
	days, ok := int64(0), true
	if p.lacks != theDate {
		days, ok = f.days(p.dates)
	}
	if f.afternoon > 0 {
		f.hour = f.hour%12 + 12*(f.afternoon-1)
	}
	return days*day + int64(f.hour*3600+f.minute*60+f.second)*second + f.nano, f.east, ok
}

// unknownZone is the offset of a zone that only has a name.
const unknownZone = 1<<30 + 2

// read takes what one step describes off the front of b.
func (f *fields) read(s step, b []byte) (rest []byte, ok bool) {
	switch s.verb {
	case 0:
		if len(b) == 0 || b[0] != s.literal {
			return nil, false
		}
		return b[1:], true
	case ' ':
		n := 0
		for n < len(b) && num.Blank(b[n]) {
			n++
		}
		return b[n:], n > 0
	case 'Y', 'G':
		f.year, rest, ok = number(b, 4, 0, 9999)
	case 'y', 'g':
		f.year, rest, ok = number(b, 2, 0, 99)
		if f.year += 1900; f.year < 1969 {
			f.year += 100
		}
	case 'C':
		f.century, rest, ok = number(b, 2, 0, 99)
	case 'm':
		f.month, rest, ok = number(skipBlank(b), 2, 1, 12)
	case 'B', 'b', 'h':
		f.month, rest, ok = name(b, months[:], s.verb == 'B')
	case 'A', 'a':
		f.weekday, rest, ok = name(b, weekdays[:], s.verb == 'A')
	case 'u':
		f.weekday, rest, ok = number(b, 1, 1, 7)
	case 'w':
		if f.weekday, rest, ok = number(b, 1, 0, 6); f.weekday == 0 {
			f.weekday = 7
		}
	case 'd', 'e':
		f.day, rest, ok = number(skipBlank(b), 2, 1, 31)
	case 'j':
		f.yearDay, rest, ok = number(b, 3, 1, 366)
	case 'U', 'W':
		f.week, rest, ok = number(b, 2, 0, 53)
		f.fromSunday = s.verb == 'U'
	case 'V':
		f.week, rest, ok = number(b, 2, 1, 53)
	case 'H', 'k':
		f.hour, rest, ok = number(skipBlank(b), 2, 0, 23)
	case 'I', 'l':
		f.hour, rest, ok = number(skipBlank(b), 2, 1, 12)
		f.hour %= 12
	case 'M':
		f.minute, rest, ok = number(skipBlank(b), 2, 0, 59)
	case 'S':
		f.second, rest, ok = number(b, 2, 0, 59)
	case 'L':
		var ms uint
		ms, rest, ok = number(b, 3, 0, 999)
		f.nano = int64(ms) * 1e6
	case 'f':
		return f.fraction(b, s.literal)
	case 'p', 'P':
		f.afternoon, rest, ok = name(b, halves[:], true)
	case 's':
		return f.unixTime(b)
	case 'z':
		return f.offset(b)
	case 'Z':
		return f.zoneName(b)
	}
	return rest, ok
}

// skipBlank is b without one blank at its beginning.
func skipBlank(b []byte) []byte {
	if len(b) > 0 && b[0] == ' ' {
		return b[1:]
	}
	return b
}

// number takes a number of at most width digits from least to most.
func number(b []byte, width int, least, most uint) (n uint, rest []byte, ok bool) {
	x, rest := digits(b, width)
	n = uint(x)
	return n, rest, len(rest) < len(b) && n >= least && n <= most
}

// digits takes at most width digits, of which there may be none.
func digits(b []byte, width int) (n uint64, rest []byte) {
	i := 0
	for ; i < width && i < len(b) && b[i]-'0' <= 9; i++ {
		n = 10*n + uint64(b[i]-'0')
	}
	return n, b[i:]
}

var (
	months   = [...]string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"}
	weekdays = [...]string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}
	halves   = [...]string{"AM", "PM"}
)

// name takes one of the names, in letters of any case, or the first three
// letters of one, and returns its place from 1.
func name(b []byte, names []string, long bool) (n uint, rest []byte, ok bool) {
next:
	for i, s := range names {
		if !long {
			s = s[:3]
		}
		if len(b) < len(s) {
			continue
		}
		for j := range len(s) {
			if b[j]|0x20 != s[j]|0x20 {
				continue next
			}
		}
		return uint(i + 1), b[len(s):], true
	}
	return 0, nil, false
}

// fraction takes a fraction of a second of any length, which may be missing with
// its sign. Without a sign it is the digits alone.
func (f *fields) fraction(b []byte, sign byte) (rest []byte, ok bool) {
	if sign != 0 {
		if len(b) == 0 || b[0] != sign {
			return b, true
		}
		b = b[1:]
	}
	ns, n := nanos(b)
	f.nano = ns
	return b[n:], n > 0 || sign == 0
}

// unixTime takes whole seconds since the Unix epoch.
func (f *fields) unixTime(b []byte) (rest []byte, ok bool) {
	if f.negative = len(b) > 0 && b[0] == '-'; f.negative {
		b = b[1:]
	}
	n, rest := digits(b, len("9214646399"))
	f.unix = int64(n)
	return rest, len(rest) < len(b) && n <= endSecond
}

// offset takes Z or an offset from UTC.
func (f *fields) offset(b []byte) (rest []byte, ok bool) {
	if len(b) > 0 && b[0] == 'Z' {
		f.east = 0
		return b[1:], true
	}
	east, n := parseOffset(b)
	f.east = east
	return b[n:], n > 0
}

// zoneName takes the name of a zone, which counts only where no offset is given.
func (f *fields) zoneName(b []byte) (rest []byte, ok bool) {
	n := 0
	for n < len(b) && b[n]|0x20-'a' < 26 {
		n++
	}
	switch s := string(b[:n]); {
	case f.east != Local:
	case s == "UTC" || s == "GMT":
		f.east = 0
	default:
		f.east = unknownZone
	}
	return b[n:], n > 0
}

// days is the day that was read, counted from 1970-01-01; ok is false if there
// is no such day.
func (f *fields) days(kind dateKind) (days int64, ok bool) {
	year := f.year
	if f.century != noCentury {
		year = 100*f.century + year%100
	}
	switch kind {
	case byMonth:
		return unixDay(year, f.month, f.day)
	case byYearDay:
		days, ok = unixDay(year, 1, 1)
		return days + int64(f.yearDay) - 1, ok && f.yearDay <= 365+leapDays(year)
	case byWeek:
		days, ok = unixDay(year, 1, 1)
		n := f.weekDays(weekday(days))
		return days + n, ok && n >= 0 && n < int64(365+leapDays(year))
	}
	fourth, ok := unixDay(year, 1, 4) // of January: always in the first week
	late, okLate := unixDay(year, 12, 28)
	monday := fourth - weekday(fourth) + 1
	week := int64(f.week - 1)
	return monday + 7*week + int64(max(f.weekday, 1)) - 1, ok && okLate && week <= (late-monday)/7
}

// weekDays is how many days after 1 January, whose weekday is given, the day of a
// week is, where week 1 begins with the first Sunday or Monday. It is that Sunday
// or Monday where the text names no day.
func (f *fields) weekDays(first int64) int64 {
	n := int64(max(f.weekday, 1)) - 1
	before := (8 - first) % 7 // days before the first Monday
	if f.fromSunday {
		n = int64(f.weekday % 7)
		before = 7 - first
	}
	return before + 7*(int64(f.week)-1) + n
}
