package clock

import (
	"bytes"
	"strings"
	"time"

	"github.com/itchyny/timefmt-go"

	"rtda/pkg/num"
)

// A pattern is a strftime pattern that reads times.
//
// timefmt carries a day that its month does not have over into the next month,
// a 366th day into the next year and a leap second into the next minute. Where
// the time is one on which something can have been carried over, the text is
// read again by patterns that keep the digits in question away from the date:
// they fail at second 60 and say which month and year the text names.
type pattern struct {
	layout   string
	month    []string // one of them must fit and give the same month; none if nothing can be carried
	year     string   // if it fits, it must give the same year; "" unless days are counted from the new year
	noYear   bool     // the year is 2000 then, so that 29 February is a day
	zoneName bool     // a name is the only zone
}

const (
	maxPatternText = 1024 // bytes of a text that a pattern is tried on
	year2000       = "2000 "
)

// compilePattern returns the pattern, and false for one that names no part of
// a time, has a directive that cannot be read, or one that counts for nothing
// beside the others, such as a weekday without a week.
func compilePattern(layout string) (p *pattern, ok bool) {
	layout = strings.Trim(layout, " \t")
	parts := splitPattern(layout)
	has := directives(parts)
	p = &pattern{
		layout:   layout,
		noYear:   !strings.ContainsAny(has, "YyGgCs"),
		zoneName: strings.Contains(has, "Z") && !strings.Contains(has, "z"),
	}
	if !strings.Contains(has, "s") {
		p.setChecks(parts, has)
	}
	if p.noYear {
		p.addYear()
	}
	return p, has != "" && p.reads(time.Date(2000, time.October, 25, 13, 46, 58, 0, time.UTC), layout)
}

// reads reports whether the pattern reads all that it writes of a time.
func (p *pattern) reads(t time.Time, layout string) bool {
	text := timefmt.Format(t, layout)
	ns, ok := p.parse(num.Trim([]byte(text)))
	return ok && timefmt.Format(time.Unix(0, ns).UTC(), layout) == text
}

// setChecks makes the patterns of the second reading. %M and %w take one or
// two digits and one digit and do not touch the date.
func (p *pattern) setChecks(parts []string, has string) {
	swap := []string{"%S", "%M", "%d", "%M"}
	if strings.ContainsAny(has, "de") {
		swap = append(swap, "%U", "%M", "%W", "%M")
	}
	// %e may stand behind a blank or not.
	p.month = []string{join(parts, append(swap, "%e", "%M")), join(parts, append(swap, "%e", "%t%M"))}
	if strings.Contains(has, "j") {
		p.year = join(parts, append(swap, "%j", "%M%w"))
	}
}

// addYear puts the year that a text lacks before it.
func (p *pattern) addYear() {
	p.layout = "%Y " + p.layout
	for i := range p.month {
		p.month[i] = "%Y " + p.month[i]
	}
	if p.year != "" {
		p.year = "%Y " + p.year
	}
}

// composites are the directives that stand for others.
var composites = map[string]string{
	"%c": "%a %b %e %H:%M:%S %Y",
	"%+": "%a %b %e %H:%M:%S %Z %Y",
	"%v": "%e-%b-%Y",
	"%r": "%I:%M:%S %p",
	"%F": "%Y-%m-%d",
	"%D": "%m/%d/%y",
	"%x": "%m/%d/%y",
	"%T": "%H:%M:%S",
	"%X": "%H:%M:%S",
	"%R": "%H:%M",
}

// splitPattern cuts a pattern into directives and what stands between them,
// with the directives that stand for others written out.
func splitPattern(layout string) (parts []string) {
	for layout != "" {
		n := strings.IndexByte(layout, '%')
		switch {
		case n < 0:
			n = len(layout)
		case n == 0:
			n = directiveLen(layout)
		}
		if s, ok := composites[layout[:n]]; ok {
			parts = append(parts, splitPattern(s)...)
		} else {
			parts = append(parts, layout[:n])
		}
		layout = layout[n:]
	}
	return parts
}

// directiveLen is the length of the directive at the beginning of s: two bytes,
// but for the colons of %::z.
func directiveLen(s string) int {
	n := 1
	for n < len(s) && s[n] == ':' {
		n++
	}
	return min(n+1, len(s))
}

// directives is the letters of the directives that say something of a time.
func directives(parts []string) string {
	var letters []byte
	for _, s := range parts {
		if c := s[len(s)-1]; len(s) > 1 && s[0] == '%' && !strings.ContainsRune("%tn", rune(c)) {
			letters = append(letters, c)
		}
	}
	return string(letters)
}

// join is the parts in one pattern, with some of them exchanged: swap is pairs
// of old and new.
func join(parts, swap []string) string {
	var b strings.Builder
	for _, s := range parts {
		for i := 0; i < len(swap); i += 2 {
			if s == swap[i] {
				s = swap[i+1]
				break
			}
		}
		b.WriteString(s)
	}
	return b.String()
}

// parse returns the time of a text in ns since the Unix epoch. A zone given by
// a name must be UTC or GMT: what other names mean depends on the machine.
func (p *pattern) parse(text []byte) (ns int64, ok bool) {
	if len(text) > maxPatternText {
		return 0, false
	}
	if p.noYear {
		var buf [64]byte
		text = append(append(buf[:0], year2000...), text...)
	}
	t, err := timefmt.ParseInLocation(string(text), p.layout, time.UTC)
	if err != nil || p.carried(t, text) || p.zoneName && !knownZone(t) {
		return 0, false
	}
	return unixNano(t.Unix(), int64(t.Nanosecond()))
}

// knownZone says whether the zone that a text names is one that means the same
// everywhere.
func knownZone(t time.Time) bool {
	name, _ := t.Zone()
	return name == "UTC" || name == "GMT"
}

// carried says whether the text names a day or second that does not exist, and
// t is therefore another one.
func (p *pattern) carried(t time.Time, text []byte) bool {
	if p.month == nil {
		return false
	}
	if (t.Day() <= 3 || t.Second() == 0) && !p.sameMonth(t, text) {
		return true
	}
	if p.year == "" || t.YearDay() != 1 || !bytes.Contains(text, []byte("366")) {
		return false
	}
	u, err := timefmt.ParseInLocation(string(text), p.year, time.UTC)
	return err == nil && u.Year() != t.Year()
}

// sameMonth says whether the text names the month of t, and no second 60.
func (p *pattern) sameMonth(t time.Time, text []byte) bool {
	for _, layout := range p.month {
		u, err := timefmt.ParseInLocation(string(text), layout, time.UTC)
		if err == nil {
			return u.Month() == t.Month()
		}
	}
	return false
}
