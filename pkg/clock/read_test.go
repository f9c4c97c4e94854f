package clock

import (
	"fmt"
	"math/big"
	"regexp"
	"strings"
	"testing"
	"time"

	"rtda/pkg/num"
)

// bad stands for a text that is not a time.
const bad = "bad"

var autoTimes = []struct {
	in   string
	want string // RFC 3339, or bad
}{
	{"2026-05-01T12:00:03Z", "2026-05-01T12:00:03Z"},
	{"2026-05-01T12:00:03.25Z", "2026-05-01T12:00:03.25Z"},
	{"2026-05-01t12:00:03z", "2026-05-01T12:00:03Z"},
	{"2026-05-01T12:00:03+02:00", "2026-05-01T10:00:03Z"},
	{"2026-05-01T12:00:03-09:30", "2026-05-01T21:30:03Z"},
	{"2026-05-01T12:00:03-00:00", "2026-05-01T12:00:03Z"},
	{"2026-05-01T23:59:59.999999999-23:59", "2026-05-02T23:58:59.999999999Z"},
	{"2026-05-01 12:00:03", "2026-05-01T12:00:03Z"},
	{"2026-05-01 12:00:03.5", "2026-05-01T12:00:03.5Z"},
	{"2026-05-01 12:00:03,123", "2026-05-01T12:00:03.123Z"},
	{"2026-05-01 12:00:03+02:00", "2026-05-01T10:00:03Z"},
	{"2026-05-01T12:00:03", "2026-05-01T12:00:03Z"},
	{"2026-05-01T12:00:03.000000001", "2026-05-01T12:00:03.000000001Z"},
	{"2026-05-01T12:00:03.0000000019", "2026-05-01T12:00:03.000000001Z"}, // cut, not rounded
	{" 2026-05-01T12:00:03Z\t", "2026-05-01T12:00:03Z"},
	{"2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"},
	{"2000-02-29T00:00:00Z", "2000-02-29T00:00:00Z"},
	{"1678-01-01T00:00:00Z", "1678-01-01T00:00:00Z"},
	{"2261-12-31T23:59:59.999999999Z", "2261-12-31T23:59:59.999999999Z"},
	{"1677-12-31T23:30:00-01:00", "1678-01-01T00:30:00Z"},

	{"1677-12-31T23:59:59Z", bad},
	{"2262-01-01T00:00:00Z", bad},
	{"2261-12-31T23:30:00-01:00", bad},
	{"0000-01-01T00:00:00Z", bad},
	{"9999-12-31T23:59:59Z", bad},
	{"2023-02-29T00:00:00Z", bad},
	{"1900-02-29T00:00:00Z", bad},
	{"2024-02-30T00:00:00Z", bad},
	{"2024-04-31T00:00:00Z", bad},
	{"2024-00-01T00:00:00Z", bad},
	{"2024-13-01T00:00:00Z", bad},
	{"2024-01-00T00:00:00Z", bad},
	{"2024-01-32T00:00:00Z", bad},
	{"2016-12-31T23:59:60Z", bad}, // a leap second that there was
	{"2024-01-01T24:00:00Z", bad},
	{"2024-01-01T23:60:00Z", bad},
	{"2024-01-01T00:00:00+24:00", bad},
	{"2024-01-01T00:00:00+02:60", bad},
	{"2024-01-01T00:00:00+0200", bad},
	{"2024-01-01T00:00:00.Z", bad},
	{"2024-01-01T00:00:00ZZ", bad},
	{"2024-01-01T00:00:00 UTC", bad},
	{"2024-01-01T0:00:00Z", bad},
	{"2024-01-01T00:00Z", bad},
	{"2024-01-01", bad},
	{"2024/01/01 00:00:00", bad},
	{"", bad},
	{" ", bad},
	{"now", bad},
	{"\xff\xff\xff\xff-\xff\xff-\xff\xffT\xff\xff:\xff\xff:\xff\xff", bad},

	{"0", "1970-01-01T00:00:00Z"},
	{"-0", "1970-01-01T00:00:00Z"},
	{"-1", "1969-12-31T23:59:59Z"},
	{"1777636803", "2026-05-01T12:00:03Z"},
	{"+1777636803", "2026-05-01T12:00:03Z"},
	{"0001777636803", "2026-05-01T12:00:03Z"},
	{"1777636803.1", "2026-05-01T12:00:03.1Z"},
	{"1777636803.123456789", "2026-05-01T12:00:03.123456789Z"}, // a float64 ends at 1e-7
	{"1777636803.1234567895", "2026-05-01T12:00:03.12345679Z"},
	{"1777636803.12345678949999999999999999", "2026-05-01T12:00:03.123456789Z"},
	{"1777636803123", "2026-05-01T12:00:03.123Z"},
	{"1777636803123.5", "2026-05-01T12:00:03.1235Z"},
	{"1777636803123456", "2026-05-01T12:00:03.123456Z"},
	{"1777636803123456789", "2026-05-01T12:00:03.123456789Z"},
	{"1777636803123456789.5", "2026-05-01T12:00:03.12345679Z"},
	{"1.777636803e9", "2026-05-01T12:00:03Z"},
	{"1777636803000E-3", "2026-05-01T12:00:03Z"},
	{"0.00000000000001777636803e23", "2026-05-01T12:00:03Z"},
	{"99999999999", bad}, // the year 5138
	{"9214646399", "2261-12-31T23:59:59Z"},
	{"9214646400", bad},
	{"-9214560000", "1678-01-01T00:00:00Z"},
	{"-9214560000.000000001", bad},
	{"100000000000", "1973-03-03T09:46:40Z"}, // 1e11 is ms
	{"1e14", "1973-03-03T09:46:40Z"},         // µs
	{"1e17", "1973-03-03T09:46:40Z"},         // ns
	{"-1e17", "1966-10-31T14:13:20Z"},
	{"9214646399999999999.4", "2261-12-31T23:59:59.999999999Z"},
	{"9214646399999999999.5", bad},
	{"1e-9", "1970-01-01T00:00:00.000000001Z"},
	{"4.9e-10", "1970-01-01T00:00:00Z"},
	{"5e-10", "1970-01-01T00:00:00.000000001Z"},
	{"-5e-10", "1969-12-31T23:59:59.999999999Z"},
	{"1e-99999999999999999999", "1970-01-01T00:00:00Z"},
	{"0e99999999999999999999", "1970-01-01T00:00:00Z"},
	{".5", "1970-01-01T00:00:00.5Z"},
	{"5.", "1970-01-01T00:00:05Z"},
	{"1e99", bad},
	{"1e20", bad},
	{"99999999999999999999999", bad},
	{".", bad},
	{"-", bad},
	{"e5", bad},
	{"1e", bad},
	{"1e+", bad},
	{"1e5x", bad},
	{"1.2.3", bad},
	{"0x10", bad},
	{"1_000", bad},
	{"Inf", bad},
	{"NaN", bad},
	{strings.Repeat("0", 799) + "7", "1970-01-01T00:00:07Z"},
	{strings.Repeat("0", 800) + "7", bad},
}

func TestTimeAuto(t *testing.T) {
	for _, c := range autoTimes {
		if got := readTime(t, "", c.in); got != c.want {
			t.Errorf("time of %.40q = %s, want %s", c.in, got, c.want)
		}
	}
}

// readTime is a text read in a format, as RFC 3339.
func readTime(t *testing.T, format, in string) string {
	t.Helper()
	r, err := NewReader(format)
	if err != nil {
		t.Fatal(err)
	}
	ns, ok := r.Parse([]byte(in))
	if !ok {
		return bad
	}
	return time.Unix(0, ns).UTC().Format(time.RFC3339Nano)
}

func TestTimeFormat(t *testing.T) {
	for _, c := range []struct{ format, in, want string }{
		{"unix", "99999999", "1973-03-03T09:46:39Z"},
		{"unix", "1777636803123", bad},
		{"unix", "2026-05-01T12:00:03Z", bad},
		{"ms", "1", "1970-01-01T00:00:00.001Z"},
		{"ms", "1.5", "1970-01-01T00:00:00.0015Z"},
		{"us", "-1", "1969-12-31T23:59:59.999999Z"},
		{"us", "1e6", "1970-01-01T00:00:01Z"},
		{"ns", "1777636803123456789", "2026-05-01T12:00:03.123456789Z"},
		{"ns", "0.5", "1970-01-01T00:00:00.000000001Z"},

		{"%Y-%m-%d %H:%M:%S", "2026-05-01 12:00:03", "2026-05-01T12:00:03Z"},
		{"%Y-%m-%d %H:%M:%S", "2026-5-1 12:0:3", "2026-05-01T12:00:03Z"},
		{"%Y-%m-%d %H:%M:%S", "2026-05-01 12:00:03 ", "2026-05-01T12:00:03Z"},
		{"%Y-%m-%d %H:%M:%S", "2026-05-01 12:00:03x", bad},
		{"%Y-%m-%d %H:%M:%S", "2026-05-01 12:00:60", bad},
		{"%Y-%m-%d %H:%M:%S", "2026-05-01 12:00:00", "2026-05-01T12:00:00Z"},
		{"%Y-%m-%d %H:%M:%S", "2026-02-29 12:00:03", bad},
		{"%Y-%m-%d %H:%M:%S", "2024-02-29 12:00:03", "2024-02-29T12:00:03Z"},
		{"%Y-%m-%d %H:%M:%S", "2024-03-01 12:00:03", "2024-03-01T12:00:03Z"},
		{"%Y-%m-%d %H:%M:%S", "1677-03-01 12:00:03", bad},
		{"%Y-%m-%d %H:%M:%S", "2262-01-01 00:00:00", bad},
		{"%F %T.%f", "2026-05-01 12:00:03.25", "2026-05-01T12:00:03.25Z"},
		{"%d.%m.%Y %R", "31.04.2026 10:00", bad},
		{"%d.%m.%Y %R", "01.05.2026 10:00", "2026-05-01T10:00:00Z"},
		{"%d/%b/%Y:%H:%M:%S %z", "01/May/2026:14:00:03 +0200", "2026-05-01T12:00:03Z"},
		{"%d/%b/%Y:%H:%M:%S %z", "31/Apr/2026:14:00:03 +0200", bad},
		{"%Y-%m-%dT%H:%M:%S%:z", "2026-05-01T14:00:03+02:00", "2026-05-01T12:00:03Z"},
		{"%e-%b-%y", "1-may-26", "2026-05-01T00:00:00Z"},
		{"%b %e %Y", "May  1 2026", "2026-05-01T00:00:00Z"},
		{"%b %e %Y", "May 1 2026", "2026-05-01T00:00:00Z"},
		{"%b %e %Y", "Feb 30 2026", bad},
		{"%c", "Fri May  1 12:00:03 2026", "2026-05-01T12:00:03Z"},
		{"%Y%m%d%H%M%S", "20260501120003", "2026-05-01T12:00:03Z"},
		{"%Y%m%d%H%M%S", "20260230120003", bad},
		{"%I:%M %p %d.%m.%y", "12:30 AM 01.05.26", "2026-05-01T00:30:00Z"},
		{"%Y-%j", "2026-121", "2026-05-01T00:00:00Z"},
		{"%Y-%j", "2026-1", "2026-01-01T00:00:00Z"},
		{"%Y-%j", "2026-366", bad},
		{"%Y-%j", "2024-366", "2024-12-31T00:00:00Z"},
		{"%j.%Y %T.%f", "001.2026 00:00:00.366", "2026-01-01T00:00:00.366Z"},
		{"%j.%Y %T.%f", "1.2026 00:00:00.366", "2026-01-01T00:00:00.366Z"},
		{"%G-W%V-%u", "2026-W18-5", "2026-05-01T00:00:00Z"},
		{"%s", "1777636803", "2026-05-01T12:00:03Z"},
		{"@%s", "@-1", "1969-12-31T23:59:59Z"},
		// Without a year it is 2000; days that a leap year has are days.
		{"%b %d %H:%M:%S", "May 01 12:00:03", "2000-05-01T12:00:03Z"},
		{"%b %e %H:%M:%S", "Feb 29 12:00:00", "2000-02-29T12:00:00Z"},
		{"%b %e %H:%M:%S", "Feb 30 12:00:00", bad},
		{"%H:%M:%S", "12:00:03", "2000-01-01T12:00:03Z"},
		// Zones by name mean what they mean everywhere, or nothing.
		{"%F %T %Z", "2026-05-01 12:00:03 UTC", "2026-05-01T12:00:03Z"},
		{"%F %T %Z", "2026-05-01 12:00:03 GMT", "2026-05-01T12:00:03Z"},
		{"%F %T %Z", "2026-05-01 12:00:03 GMT+2", bad},
		{"%F %T %Z", "2026-05-01 12:00:03 +02", bad},
		{"%F %T %Z", "2026-05-01 12:00:03 CEST", bad},
		{"%F %T %z (%Z)", "2026-05-01 12:00:03 +0000 (WET)", "2026-05-01T12:00:03Z"},
		{"%F", strings.Repeat("2", 2000), bad},
		{"%Y", "", bad},
	} {
		if got := readTime(t, c.format, c.in); got != c.want {
			t.Errorf("time of %.40q in %q = %s, want %s", c.in, c.format, got, c.want)
		}
	}
}

// Zone names must mean the same on a machine that knows them as its own.
func TestTimeIgnoresLocalZone(t *testing.T) {
	old := time.Local
	defer func() { time.Local = old }()
	time.Local = time.FixedZone("CEST", 7200)
	for _, c := range []struct{ format, in, want string }{
		{"", "2026-05-01 12:00:03", "2026-05-01T12:00:03Z"},
		{"%F %T", "2026-05-01 12:00:03", "2026-05-01T12:00:03Z"},
		{"%F %T %Z", "2026-05-01 12:00:03 CEST", bad},
		{"%F %T %Z", "2026-05-01 12:00:03 UTC", "2026-05-01T12:00:03Z"},
	} {
		if got := readTime(t, c.format, c.in); got != c.want {
			t.Errorf("time of %q in %q = %s, want %s", c.in, c.format, got, c.want)
		}
	}
}

func TestTimeFormatRefused(t *testing.T) {
	for _, format := range []string{"s", "iso", "YYYY-MM-DD", "%", "%Q", "%-d", "%%", " ", "%H:%M:%", "%G-%m", "%t%Y", "%Y %W %G", "%a %T", "%F %Q"} {
		if _, err := NewReader(format); err == nil {
			t.Errorf("NewReader(%q) gives no error", format)
		}
	}
}

func TestTimeDecimalComma(t *testing.T) {
	r, _ := NewReader("")
	if ns, ok := r.ParseDecimal([]byte("1,5"), ','); ns != 1.5e9 || !ok {
		t.Errorf("time of 1,5 with a decimal comma = %d, %v, want 1.5e9", ns, ok)
	}
	if _, ok := r.ParseDecimal([]byte("1.5"), ','); ok {
		t.Error("1.5 is a time with a decimal comma")
	}
}

var stampForm = regexp.MustCompile(`^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d([.,]\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)?$`)

// slowStamp is the slow twin of parseStamp.
func slowStamp(s string) (ns int64, ok bool) {
	if !stampForm.MatchString(s) {
		return 0, false
	}
	s = strings.ToUpper(strings.Replace(s, ",", ".", 1))
	s = s[:10] + "T" + s[11:]
	if !strings.HasSuffix(s, "Z") && s[len(s)-3] != ':' || len(s) == stampLen || strings.IndexByte(s, '.') >= 0 && !strings.ContainsAny(s[stampLen:], "Z+-") {
		s += "Z"
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || t.UTC().Year() < 1678 || t.UTC().Year() > 2261 {
		return 0, false
	}
	return t.UnixNano(), true
}

func FuzzStamp(f *testing.F) {
	for _, c := range autoTimes {
		f.Add(c.in)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ns, ok := parseStamp([]byte(s))
		wantNS, wantOK := slowStamp(s)
		if ns != wantNS || ok != wantOK {
			t.Errorf("parseStamp(%q) = %d, %v, want %d, %v", s, ns, ok, wantNS, wantOK)
		}
	})
}

var numberForm = regexp.MustCompile(`^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$`)

// slowUnix is the slow twin of ParseUnix.
func slowUnix(s string, scale int) (ns int64, ok bool) {
	if !numberForm.MatchString(s) || len(s) > num.MaxLen {
		return 0, false
	}
	x, _ := new(big.Rat).SetString(s)
	abs := new(big.Rat).Abs(x)
	if scale == Auto {
		scale = 0
		for i, limit := range []int64{1e17, 1e14, 1e11} {
			if abs.Cmp(new(big.Rat).SetInt64(limit)) < 0 {
				scale = 3 * (i + 1)
			}
		}
	}
	pow := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)
	abs.Mul(abs, new(big.Rat).SetInt(pow))
	abs.Add(abs, big.NewRat(1, 2))
	n := new(big.Int).Quo(abs.Num(), abs.Denom())
	if x.Sign() < 0 {
		n.Neg(n)
	}
	if !n.IsInt64() {
		return 0, false
	}
	year := time.Unix(0, n.Int64()).UTC().Year()
	return n.Int64(), year >= 1678 && year <= 2261
}

// smallExponent keeps math/big from filling memory.
var smallExponent = regexp.MustCompile(`^[^eE]*([eE][+-]?0*\d{0,3})?$`)

func FuzzUnix(f *testing.F) {
	for _, c := range autoTimes {
		f.Add(c.in, 0)
		f.Add(c.in, 4)
	}
	f.Fuzz(func(t *testing.T, s string, unit int) {
		if !smallExponent.MatchString(s) {
			return
		}
		scale := []int{Auto, 0, 3, 6, 9}[uint(unit)%5]
		ns, ok := ParseUnix([]byte(s), scale, '.')
		wantNS, wantOK := slowUnix(s, scale)
		if ok != wantOK || ok && ns != wantNS {
			t.Errorf("ParseUnix(%q, %d) = %d, %v, want %d, %v", s, scale, ns, ok, wantNS, wantOK)
		}
	})
}

// A pattern takes the same days and seconds for such as parseStamp does.
func FuzzPattern(f *testing.F) {
	for _, c := range [][6]uint16{{2024, 2, 29, 23, 59, 59}, {2023, 2, 29, 0, 0, 0}, {2016, 12, 31, 23, 59, 60}, {1900, 3, 1, 0, 0, 0}, {2262, 1, 1, 0, 0, 0}} {
		f.Add(c[0], c[1], c[2], c[3], c[4], c[5], "%Y-%j")
	}
	f.Fuzz(func(t *testing.T, year, month, day, hour, minute, second uint16, layout string) {
		if p, ok := compilePattern(layout); ok {
			p.parse([]byte(layout)) // must not panic
		}
		in := fmt.Sprintf("%04d-%02d-%02d %02d:%02d:%02d", year%10000, month%100, day%100, hour%100, minute%100, second%100)
		want, wantOK := parseStamp([]byte(in))
		for _, s := range []struct{ layout, in string }{
			{"%Y-%m-%d %H:%M:%S", in},
			{"%Y%m%d%H%M%S", strings.NewReplacer("-", "", ":", "", " ", "").Replace(in)},
			{"%e.%m.%Y %T %Z", in[8:10] + "." + in[5:7] + "." + in[:4] + in[10:] + " UTC"},
		} {
			p, _ := compilePattern(s.layout)
			if got, ok := p.parse([]byte(s.in)); got != want || ok != wantOK {
				t.Errorf("%q in %q = %d, %v, want %d, %v", s.in, s.layout, got, ok, want, wantOK)
			}
		}
	})
}

func TestTimeAllocs(t *testing.T) {
	for _, c := range []struct{ format, in string }{
		{"", "2026-05-01T12:00:03.25+02:00"},
		{"", "2026-05-01 12:00:03"},
		{"", "1777636803.123456789"},
		{"ms", "1777636803123"},
		{"%Y-%m-%d %H:%M:%S", "2026-05-01 12:00:00"},
	} {
		r, err := NewReader(c.format)
		if err != nil {
			t.Fatal(err)
		}
		in := []byte(c.in)
		if n := testing.AllocsPerRun(100, func() { r.Parse(in) }); n != 0 {
			t.Errorf("reading %q in %q allocates %v times", c.in, c.format, n)
		}
	}
}

func BenchmarkTime(b *testing.B) {
	for _, c := range []struct{ form, format, in string }{
		{"rfc3339", "", "2026-05-01T12:00:03.25Z"},
		{"blank", "", "2026-05-01 12:00:03"},
		{"unix", "", "1777636803"},
		{"decimals", "", "1777636803.123456"},
		{"strftime", "%Y-%m-%d %H:%M:%S", "2026-05-10 12:00:03"},
	} {
		b.Run(fmt.Sprintf("form=%s", c.form), func(b *testing.B) {
			r, err := NewReader(c.format)
			if err != nil {
				b.Fatal(err)
			}
			in := []byte(c.in)
			for b.Loop() {
				r.Parse(in)
			}
		})
	}
}
