package format

import (
	"encoding/binary"
	"slices"
	"strconv"
	"time"
)

const (
	second = int64(time.Second)
	day    = 24 * 60 * 60 // in seconds
)

// A timeWriter appends times as RFC 3339 in UTC, and remembers the day of the
// last one: the calendar is asked once a day of the data.
type timeWriter struct {
	day  int64 // since the Unix epoch, valid if text is
	text [11]byte
}

// AppendTime appends a time in ns since the Unix epoch as RFC 3339 in UTC, the
// fraction of its second without trailing zeros.
func AppendTime(dst []byte, ns int64) []byte {
	var w timeWriter
	return w.append(dst, ns)
}

func (w *timeWriter) append(dst []byte, ns int64) []byte {
	sec, frac := floorDiv(ns, second)
	d, s := floorDiv(sec, day)
	if d != w.day || w.text[0] == 0 {
		w.day = d
		copy(w.text[:], time.Unix(sec, 0).UTC().AppendFormat(w.text[:0], "2006-01-02T"))
	}
	m, s := s/60, s%60
	h, m := m/60, m%60
	dst = append(dst, w.text[:]...)
	dst = append(dst,
		byte('0'+h/10), byte('0'+h%10), ':', byte('0'+m/10), byte('0'+m%10), ':', byte('0'+s/10), byte('0'+s%10))
	return append(appendFraction(dst, uint64(frac)), 'Z')
}

// appendFraction appends a point and the fraction of a second in ns < 1e9
// without trailing zeros; nothing for 0.
func appendFraction(dst []byte, ns uint64) []byte {
	if ns == 0 {
		return dst
	}
	us := ns / 1000
	upper, lower := sixDigits(uint32(us)), threeDigits[ns-us*1000]
	n := significant(upper)
	if lower != 0 {
		n = 6 + significant(uint64(lower))
	}
	dst = slices.Grow(dst, 16)
	b := dst[len(dst) : len(dst)+16]
	b[0] = '.'
	binary.LittleEndian.PutUint64(b[1:], upper|zeros6)
	binary.LittleEndian.PutUint32(b[7:], lower|zeros6&0xffffff)
	return dst[:len(dst)+1+n]
}

// floorDiv is a/b rounded down, and the rest, 0 or more, for b > 0.
func floorDiv(a, b int64) (q, rest int64) {
	q, rest = a/b, a%b
	if rest < 0 {
		return q - 1, rest + b
	}
	return q, rest
}

// Duration is a span of time in ns as Go writes it, without units that are 0:
// 4m7s, 1h, 48h, 250ms; 0s for none.
func Duration(ns int64) string { return string(appendDuration(nil, ns)) }

func appendDuration(dst []byte, ns int64) []byte {
	d := time.Duration(ns)
	if d > -time.Second && d < time.Second {
		return append(dst, d.String()...)
	}
	sec, frac := seconds(ns)
	if ns < 0 {
		dst = append(dst, '-')
	}
	if h := sec / 3600; h > 0 {
		dst = append(strconv.AppendUint(dst, h, 10), 'h')
	}
	if m := sec / 60 % 60; m > 0 {
		dst = append(strconv.AppendUint(dst, m, 10), 'm')
	}
	if s := sec % 60; s > 0 || frac > 0 {
		dst = append(appendFraction(strconv.AppendUint(dst, s, 10), frac), 's')
	}
	return dst
}

// appendSeconds appends a span of time in ns as a number of seconds, exactly.
func appendSeconds(dst []byte, ns int64) []byte {
	if ns < 0 {
		dst = append(dst, '-')
	}
	sec, frac := seconds(ns)
	return appendFraction(strconv.AppendUint(dst, sec, 10), frac)
}

// seconds is a span of time without its sign in seconds and ns.
func seconds(ns int64) (sec, frac uint64) {
	abs := uint64(ns)
	if ns < 0 {
		abs = -abs
	}
	return abs / 1e9, abs % 1e9
}
