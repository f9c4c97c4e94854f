package format

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
	left, point uint64  // masks of these digits and of the point behind them
}

// put writes numbers of about 1e-4 ≤ |x| < 1e6 to b in one straight run, and
// returns their length; 0 for others, which are AppendSig's.
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
	p := float64(math.Float64frombits(bits) * s.scale)
	up := p + 1<<52
	if off := p - (up - 1<<52); off*off >= 0.25 {
		return 0
	}
	n := uint32(math.Float64bits(up))
	high := n / 1000
	first, last := threes[high], threes[n-high*1000]
	digits := max(int(first>>24&7), int(last>>28)) // looking for the last in w takes longer
	w := (uint64(first&(1<<24-1)) | uint64(last)<<24) | zeros8
	b[0] = '-'
	if whole := s.whole; whole > 0 {
		binary.LittleEndian.PutUint64(b[sign&1:], w&s.left|s.point|w&^s.left<<8)
		return sign + plainLen(digits, whole)
	}
	binary.LittleEndian.PutUint64(b[sign&1:], zeroPoint)
	at := (sign - s.whole + 2) & 15
	binary.LittleEndian.PutUint64(b[at:], w)
	return at + digits
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
	if s.whole > 0 {
		s.left = 1<<(8*s.whole) - 1
		s.point = '.' << (8 * s.whole)
	}
	return bits-s.least < s.span
}

// threes is threeDigits and, in bits 24 to 26, how many digits there are without
// the trailing zeros, and in bits 28 to 31 how many with three before them, or
// 0 if there is none.
var threes = func() (t [1000]uint32) {
	for i, w := range threeDigits {
		if t[i] = w; w != 0 {
			n := uint32(significant(uint64(w)))
			t[i] |= n<<24 | (3+n)<<28
		}
	}
	return t
}()
