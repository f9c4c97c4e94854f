package clock

import (
	"math"
	"math/bits"
	"strconv"
	"strings"
	"time"
)

// units of a duration, in ns. The micro sign and the Greek mu both occur.
var units = map[string]uint64{
	"ns": 1,
	"us": 1e3, "µs": 1e3, "μs": 1e3,
	"ms": 1e6,
	"s":  1e9,
	"m":  60e9,
	"h":  3600e9,
	"d":  86400e9,
	"w":  7 * 86400e9,
}

// ParseDuration reads a duration as Go writes it, and d for days and w for
// weeks: 250ms, 1.5h, 4m7s, 2d, 1w2d, or 0. There is no sign. A fraction of a
// nanosecond is cut off; more than 292 years are no duration.
func ParseDuration(s string) (d time.Duration, ok bool) {
	if s == "0" {
		return 0, true
	}
	sum := uint64(0)
	for rest, more := s, true; more; more = rest != "" {
		var part uint64
		part, rest, ok = term(rest)
		if sum += part; !ok || part > math.MaxInt64 || sum > math.MaxInt64 {
			return 0, false
		}
	}
	return time.Duration(sum), true
}

// term reads one number with its unit off the front of s. It gives
// math.MaxUint64 where that is longer than a duration can be.
func term(s string) (d uint64, rest string, ok bool) {
	whole, rest := cutDigits(s)
	frac := ""
	if strings.HasPrefix(rest, ".") {
		frac, rest = cutDigits(rest[1:])
	}
	n := strings.IndexAny(rest, ".0123456789")
	if n < 0 {
		n = len(rest)
	}
	unit, ok := units[rest[:n]]
	if !ok || whole == "" && frac == "" {
		return 0, "", false
	}
	return times(whole, frac, unit), rest[n:], true
}

// cutDigits splits the decimal digits off the front of s.
func cutDigits(s string) (d, rest string) {
	rest = strings.TrimLeft(s, "0123456789")
	return s[:len(s)-len(rest)], rest
}

// times is whole.frac times unit, cut off to an integer; math.MaxUint64 where
// that is more than math.MaxInt64. Digits of frac after the 18th, worth less
// than a nanosecond even in weeks, are not looked at.
func times(whole, frac string, unit uint64) uint64 {
	v := uint64(0)
	for _, c := range []byte(whole) {
		if v > math.MaxInt64/10 {
			return math.MaxUint64
		}
		if v = v*10 + uint64(c-'0'); v > math.MaxInt64/unit {
			return math.MaxUint64
		}
	}
	num, den := uint64(0), uint64(1)
	for _, c := range []byte(frac[:min(len(frac), 18)]) {
		num, den = num*10+uint64(c-'0'), den*10
	}
	hi, lo := bits.Mul64(num, unit)
	part, _ := bits.Div64(hi, lo, den)
	if v = v*unit + part; v > math.MaxInt64 {
		return math.MaxUint64
	}
	return v
}

// Duration is a span of time in ns as Go writes it, without units that are 0:
// 4m7s, 1h, 48h, 250ms; 0s for none.
func Duration(ns int64) string {
	s := time.Duration(ns).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	return strings.Replace(s, "h0m", "h", 1)
}

// AppendDuration appends what Duration returns.
func AppendDuration(dst []byte, ns int64) []byte { return append(dst, Duration(ns)...) }

// AppendSeconds appends a span of time in ns as a number of seconds, exactly.
func AppendSeconds(dst []byte, ns int64) []byte {
	abs := uint64(ns)
	if ns < 0 {
		abs = -abs
		dst = append(dst, '-')
	}
	return appendFraction(strconv.AppendUint(dst, abs/second, 10), abs%second)
}
