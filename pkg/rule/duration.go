package rule

import (
	"fmt"
	"math"
	"math/bits"
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
}

// ParseDuration reads a duration as Go writes it, and d for days: 250ms, 1.5h,
// 4m7s, 2d, 1d12h, or 0. There is no sign. A fraction of a nanosecond is cut
// off. The error quotes s and says what a duration looks like.
func ParseDuration(s string) (time.Duration, error) {
	if s == "0" {
		return 0, nil
	}
	sum := uint64(0)
	for rest, more := s, true; more; more = rest != "" {
		d, tail, ok := term(rest)
		if !ok {
			return 0, fmt.Errorf("not a duration like 250ms, 30s, 1h30m or 2d: %s", quote(s))
		}
		if sum += d; d > math.MaxInt64 || sum > math.MaxInt64 {
			return 0, fmt.Errorf("a duration of more than 292 years: %s", quote(s))
		}
		rest = tail
	}
	return time.Duration(sum), nil
}

// term reads one number with its unit off the front of s. It gives
// math.MaxUint64 where that is longer than a duration can be.
func term(s string) (d uint64, rest string, ok bool) {
	whole, rest := digits(s)
	frac := ""
	if strings.HasPrefix(rest, ".") {
		frac, rest = digits(rest[1:])
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

// digits splits the decimal digits off the front of s.
func digits(s string) (d, rest string) {
	rest = strings.TrimLeft(s, "0123456789")
	return s[:len(s)-len(rest)], rest
}

// times is whole.frac times unit, cut off to an integer; math.MaxUint64 where
// that is more than math.MaxInt64. Digits of frac after the 18th, worth less
// than a nanosecond even in days, are not looked at.
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
