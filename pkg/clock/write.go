package clock

import "time"

// A Writer appends times as RFC 3339 in its zone, and remembers the day of the
// last one: the calendar is asked once a day of the data. The zero value writes
// in UTC.
type Writer struct {
	offsets Offsets
	day     int64 // since the Unix epoch, valid if text is
	text    [11]byte
	east    int64 // what offset says
	offset  [6]byte
}

// NewWriter returns a writer of times in a zone.
func NewWriter(zone *time.Location) Writer { return Writer{offsets: NewOffsets(zone)} }

// Append appends a time in ns since the Unix epoch, the fraction of its second
// without trailing zeros. In UTC it ends in Z, in another zone in the offset.
// Times at which the offset was no whole number of minutes, which RFC 3339
// cannot write, are in UTC.
func (w *Writer) Append(dst []byte, ns int64) []byte {
	east := w.offsets.East(ns)
	inUTC := w.offsets.zone == nil || east%minute != 0
	if !inUTC {
		ns += east
	}
	sec, frac := floorDiv(ns, second)
	d, s := floorDiv(sec, 86400)
	if d != w.day || w.text[0] == 0 {
		w.day = d
		copy(w.text[:], time.Unix(sec, 0).UTC().AppendFormat(w.text[:0], "2006-01-02T"))
	}
	m, s := s/60, s%60
	h, m := m/60, m%60
	dst = append(dst, w.text[:]...)
	dst = append(dst,
		byte('0'+h/10), byte('0'+h%10), ':', byte('0'+m/10), byte('0'+m%10), ':', byte('0'+s/10), byte('0'+s%10))
	dst = appendFraction(dst, uint64(frac))
	if inUTC {
		return append(dst, 'Z')
	}
	if east != w.east || w.offset[0] == 0 {
		w.east = east
		copy(w.offset[:], time.Unix(0, ns-east).In(w.offsets.zone).AppendFormat(w.offset[:0], "-07:00"))
	}
	return append(dst, w.offset[:]...)
}

// AppendTime appends one time in a zone.
func AppendTime(dst []byte, ns int64, zone *time.Location) []byte {
	w := NewWriter(zone)
	return w.Append(dst, ns)
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
