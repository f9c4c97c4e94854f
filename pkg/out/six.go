package out

import (
	"encoding/binary"
	"math"
)

// A sixWriter is AppendSig for six digits, which most numbers of text are, for
// the values of a column: they mostly lie between the same two powers of ten,
// so that only this has to be seen again.
type sixWriter struct {
	least, span uint64  // bits of the least magnitude it is for, and how many follow
	scale       float64 // makes six whole digits of them
	whole       int     // digits before the point, 0 or less for 0.1 and below
}

// put writes numbers of about 1e-4 ≤ |x| < 1e6 to b in one straight run, and
// returns their length; 0 for others, which are appendSig's.
//
// One operation scales x; roundDigits says why its digits are exact then, but
// where the scaled x may lie on a half.
func (s *sixWriter) put(b *[numberRoom]byte, x float64) int {
	bits := math.Float64bits(x)
	sign := int(bits >> 63)
	bits &^= 1 << 63
	if bits-s.least >= s.span && !s.adopt(bits) {
		return 0
	}
	up := float64(math.Float64frombits(bits)*s.scale) + 0.5
	n := int32(up)
	if float64(n) == up {
		return 0
	}
	w := sixDigits(uint32(n))
	b[0] = '-'
	if whole := s.whole; whole > 0 {
		binary.LittleEndian.PutUint64(b[sign&1:], withPoint(w|zeros6, whole))
		return sign + plainLen(significant(w), whole)
	}
	binary.LittleEndian.PutUint64(b[sign&1:], zeroPoint)
	at := (sign - s.whole + 2) & 15
	binary.LittleEndian.PutUint64(b[at:], w|zeros8)
	return at + significant(w)
}

// adopt makes s that for magnitudes like that of the bits, if it can. Those
// that round to the next power of ten are not among them.
func (s *sixWriter) adopt(bits uint64) bool {
	e, ok := decimalExponent(math.Float64frombits(bits))
	k := 5 - e
	if !ok || uint(k) > 9 {
		return false
	}
	s.scale, s.whole = pow10[k], e+1
	s.least = math.Float64bits(decades[e+45])
	s.span = math.Float64bits((1e6-1)/s.scale) - s.least
	return bits-s.least < s.span
}
