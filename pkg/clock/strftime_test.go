package clock

import (
	"strings"
	"testing"
	"time"

	"github.com/itchyny/timefmt-go"

	"rtda/pkg/num"
)

// twinLayouts are patterns that timefmt-go writes and reads, with all there is to
// a time.
var twinLayouts = []string{
	"%Y-%m-%d %H:%M:%S", "%Y%m%d%H%M%S", "%e.%m.%Y %T %Z", "%d/%b/%Y:%H:%M:%S %z", "%c", "%+", "%v %r", "%D %T", "%A, %d %B %Y %X",
	"%Y-%j %R:%S", "%G-W%V-%u %T", "%Y %U %w %T", "%Y %W %a %T", "%C%y-%m-%d %I:%M:%S %p", "@%s", "%F%t%k:%M:%S%%", "%h %d %Y %l:%M:%S %P", "%FT%T%:z",
}

// FuzzPattern holds patterns against timefmt-go: what that writes of a time is
// read as that time, and what the two make of any other text is the same, but
// for the days and seconds that there are not, which timefmt-go carries over.
func FuzzPattern(f *testing.F) {
	for i, text := range []string{"2024-02-29 23:59:59", "20240229235959", "", "01/May/2026:14:00:03 +0200", "Fri May  1 12:00:03 2026", "", "", "", "Friday, 01 May 2026 12:00:03", "2024-366 12:00:03"} {
		f.Add(int64(1777636803+86400*i), uint8(i), text, "%Y-%j")
	}
	f.Fuzz(func(t *testing.T, sec int64, n uint8, text, layout string) {
		if p, ok := compilePattern(layout); ok {
			p.parse([]byte(text)) // must not panic
		}
		layout = twinLayouts[int(n)%len(twinLayouts)]
		p, ok := compilePattern(layout)
		if !ok {
			t.Fatalf("%q is no pattern", layout)
		}
		sec = minSecond + int64(uint64(sec)%(endSecond-minSecond))
		if strings.Contains(layout, "%y") && !strings.Contains(layout, "%C") || strings.Contains(layout, "%D") {
			sec = 1<<31 - 1 - sec&(1<<30-1) // two digits of a year are of 1969 to 2068
		}
		written := timefmt.Format(time.Unix(sec, 0).UTC(), layout)
		if got, east, ok := p.parse(num.Trim([]byte(written))); got != sec*second || !ok || p.zoned && east != 0 && east != Moment {
			t.Errorf("%q in %q = %d, %d, %v, want %d", written, layout, got, east, ok, sec*second)
		}
		got, east, ok := p.parse([]byte(text))
		if !ok || text != strings.TrimSpace(text) {
			return
		}
		if east != Moment && east != Local {
			got -= int64(east) * second
		}
		plain := strings.Join(strings.Fields(text), " ")
		want, err := timefmt.ParseInLocation(plain, strings.ReplaceAll(layout, "%t", " "), time.UTC)
		if err == nil && (want.Unix() != got/second || int64(want.Nanosecond()) != 0) {
			t.Errorf("%q in %q = %v, timefmt-go: %v", text, layout, time.Unix(0, got).UTC(), want)
		}
	})
}

// A pattern takes the days and seconds that there are.
func TestPatternDays(t *testing.T) {
	for year := 1677; year <= 2262; year++ {
		if year > 1680 && year < 2258 && year%100 > 4 {
			continue
		}
		for month := 0; month <= 13; month++ {
			for day := 0; day <= 32; day++ {
				at := time.Date(year, time.Month(month), day, 12, 0, 59, 0, time.UTC)
				isDay := year >= 1678 && year <= 2261 && month >= 1 && month <= 12 && day >= 1 && at.Day() == day
				text := []byte(timefmt.Format(time.Date(year, 1, 1, 12, 0, 59, 0, time.UTC), "%Y") + "-" + two(month) + "-" + two(day) + " 12:00:59")
				p, _ := NewReader("%Y-%m-%d %H:%M:%S", nil)
				if got, _, ok := p.Parse(text, '.'); ok != isDay || ok && got != at.UnixNano() {
					t.Errorf("%s = %d, %v, want %v", text, got, ok, at)
				}
			}
		}
	}
}

func two(n int) string { return string([]byte{byte('0' + n/10), byte('0' + n%10)}) }
