package clock

import "time"

const (
	second = int64(time.Second)
	day    = 24 * 60 * 60 // in seconds
)

// A Writer appends times as RFC 3339 in UTC, and remembers the day of the
// last one: the calendar is asked once a day of the data.
type Writer struct {
	day  int64 // since the Unix epoch, valid if text is
	text [11]byte
}

// AppendTime appends a time in ns since the Unix epoch as RFC 3339 in UTC, the
// fraction of its second without trailing zeros.
func AppendTime(dst []byte, ns int64) []byte {
	var w Writer
	return w.Append(dst, ns)
}

func (w *Writer) Append(dst []byte, ns int64) []byte {
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
// without trailing zeros; nothing for 0. Most fractions are whole milliseconds,
// for which one group of three digits is written.
func appendFraction(dst []byte, ns uint64) []byte {
	if ns == 0 {
		return dst
	}
	dst = append(dst, '.')
	for rest := uint32(ns); rest > 0; {
		group := rest / 1e6
		rest = (rest - group*1e6) * 1000
		dst = append(dst, byte('0'+group/100), byte('0'+group/10%10), byte('0'+group%10))
	}
	for dst[len(dst)-1] == '0' {
		dst = dst[:len(dst)-1]
	}
	return dst
}

// floorDiv is a/b rounded down, and the rest, 0 or more, for b > 0.
func floorDiv(a, b int64) (q, rest int64) {
	q, rest = a/b, a%b
	if rest < 0 {
		return q - 1, rest + b
	}
	return q, rest
}
