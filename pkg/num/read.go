package num

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/bits"
	"strconv"
	"unsafe"
)

// MaxLen is how many characters a number may have.
const MaxLen = 800

// MaxDigits is how many decimal digits always fit a uint64.
const MaxDigits = 19

// A Decimal is what the characters of a number say: ±Mant·10^Exp, exactly, but
// where there are more significant digits than Mant holds. It has no more than
// the four fields with which it stays in registers: a fifth makes reading three
// times as slow.
type Decimal struct {
	Mant uint64 // the first MaxDigits significant digits
	Exp  int    // within ±1e6 and MaxLen; what is beyond is taken for that
	Neg  bool
	Next byte // the first digit that was cut, '0' to '9', 0 if none was
}

// Parse is the float64 nearest to the decimal number b, as it may stand outside
// JSON: blanks around it, a plus sign, and a decimal sign without digits on one
// side are fine. It is false for what is not a number, has more than MaxLen
// characters or is beyond float64; what is too small is 0.
func Parse(b []byte, sign byte) (x float64, ok bool) {
	b = Trim(b)
	x, n := Prefix(b, sign)
	return x, n == len(b) && n > 0
}

// Cell is Prefix for a number that is b from one index to another. Short ones, as
// most are, are read from their end: it need not be found.
func Cell(b []byte, from, to int, sign byte) (x float64, ok bool) {
	neg := from < to && b[from] == '-'
	start := from
	if neg {
		start++
	}
	n := to - start
	if n <= 1 || n > 8 || to < 8 {
		x, n = Prefix(b[from:to], sign)
		return x, n == to-from && n > 0
	}
	keep := ^uint64(0) << ((64 - 8*n) & 63)
	w := (binary.LittleEndian.Uint64(b[to-8:to]) ^ zeros8) & keep
	behind := 0
	if m := w ^ uint64(sign^'0')*ones8; (m-ones8)&^m&highs8 != 0 {
		at := bits.TrailingZeros64((m-ones8)&^m&highs8) &^ 7
		low := uint64(1)<<(at&63) - 1
		w = w&low<<8 | w&^low&^(0xff<<(at&63))
		behind = 7 - at/8
	}
	if aboveNine(w) != 0 {
		x, n = Prefix(b[from:to], sign)
		return x, n == to-from && n > 0
	}
	return divided(worth(w), behind, neg), true
}

// ParseJSON is Parse for numbers as RFC 8259 has them, without blanks.
func ParseJSON(b []byte) (x float64, ok bool) {
	x, n := PrefixJSON(b)
	return x, n == len(b) && n > 0
}

// Prefix is the number that b begins with, as Parse has it but without blanks
// before it, and how many bytes it has: as many as can belong to it. That is 0
// where Parse would be false.
func Prefix(b []byte, sign byte) (x float64, n int) {
	i := 0
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		i = 1
	}
	mant, whole, end := digits(b, i, sign)
	if whole > 0 && isShort(b, mant, i, end) {
		return divided(mant, end-i-whole-1, b[0] == '-'), end
	}
	d, _, digits, end := scan(b, sign)
	if digits == 0 || end > MaxLen {
		return 0, 0
	}
	return d.float(b[:end], sign)
}

// PrefixJSON is Prefix for numbers as RFC 8259 has them.
func PrefixJSON(b []byte) (x float64, n int) {
	i := 0
	if len(b) > 0 && b[0] == '-' {
		i = 1
	}
	mant, whole, end := digits(b, i, '.')
	if whole == 0 || whole > 1 && b[i] == '0' || end == i+whole+1 {
		return 0, 0
	}
	if isShort(b, mant, i, end) {
		return divided(mant, end-i-whole-1, i == 1), end
	}
	d, _, _, end := scan(b, '.')
	if end > MaxLen {
		return 0, 0
	}
	return d.float(b[:end], '.')
}

// isShort reports whether the digits from b[i] to b[end] are a number that
// divided gives exactly, without an exponent after it.
func isShort(b []byte, mant uint64, i, end int) bool {
	return end-i <= MaxDigits && mant <= 1<<53 && (end == len(b) || b[end]|0x20 != 'e')
}

// divided is mant with so many decimals, none if behind is below 1. One
// operation on exact operands rounds once, so it is correct (Clinger 1990).
func divided(mant uint64, behind int, neg bool) float64 {
	x := float64(mant)
	if behind > 0 {
		x /= Pow10[behind]
	}
	if neg {
		return -x
	}
	return x
}

// DecimalJSON is PrefixJSON for who wants the digits. It may be beyond float64.
func DecimalJSON(b []byte) (d Decimal, n int) {
	d, whole, digits, end := scan(b, '.')
	i := 0
	if d.Neg {
		i = 1
	}
	if whole == 0 || b[0] == '+' || whole > 1 && b[i] == '0' || digits == whole && i+whole < len(b) && b[i+whole] == '.' || end > MaxLen {
		return d, 0
	}
	return d, end
}

// ReadDecimal is the number that b is from its first byte to its last, without
// blanks; ok is false where Parse would be, but for numbers beyond float64.
func ReadDecimal(b []byte, sign byte) (d Decimal, ok bool) {
	d, _, digits, end := scan(b, sign)
	return d, digits > 0 && end == len(b) && end <= MaxLen
}

// Digits is the number of digits of Mant, 0 for 0.
func (d Decimal) Digits() int {
	n := bits.Len64(d.Mant) * 1233 >> 12 // log10(2); the digits or one less
	if n < len(Pow10Int) && d.Mant >= Pow10Int[n] {
		n++
	}
	return n
}

// Scaled is the decimal times 10^scale, without its sign, to the nearest whole
// number, a half up; ok is false for 1e19 and more.
func (d Decimal) Scaled(scale int) (n uint64, ok bool) {
	shift, digits := d.Exp+scale, d.Digits()
	switch {
	case d.Mant == 0 || digits+shift < 0:
		return 0, true
	case digits+shift > MaxDigits:
		return 0, false
	case shift > 0:
		return d.Mant * Pow10Int[shift], true
	case shift == 0 && d.Next >= '5':
		return d.Mant + 1, true
	case shift == 0:
		return d.Mant, true
	}
	unit := Pow10Int[-shift]
	n = d.Mant / unit
	if d.Mant%unit >= unit/2 {
		n++
	}
	return n, true
}

// digits reads digits from b[i] on, with at most one sign among them, and
// returns what they are worth without it, how many stand before it and the index
// after them. What more than MaxDigits are worth is lost. A number of up to
// seven characters is read in one go: that takes no guess where it ends, which
// for a loop over digits of varying number costs more than reading them.
func digits(b []byte, i int, sign byte) (mant uint64, whole, end int) {
	start := i
	if i+8 <= len(b) {
		w := binary.LittleEndian.Uint64(b[i:]) ^ zeros8
		other := aboveNine(w)
		if other == 0 {
			mant = worth(w)
			i += 8
			if n, ok := eightDigits(b, i); ok {
				mant = mant*1e8 + n
				i += 8
			}
		} else {
			size := uint(bits.TrailingZeros64(other)) &^ 7
			if byte(w>>(size&63)) != sign^'0' {
				return worth(w << (64 - size)), int(size / 8), i + int(size/8)
			}
			if other &= other - 1; other != 0 {
				all := uint(bits.TrailingZeros64(other)) &^ 7
				low := uint64(1)<<(size&63) - 1
				return worth((w&low | w>>8&^low) << (72 - all)), int(size / 8), i + int(all/8)
			}
		}
	}
	for i < len(b) && b[i]-'0' <= 9 {
		mant = mant*10 + uint64(b[i]-'0')
		i++
	}
	whole = i - start
	if i < len(b) && b[i] == sign {
		i++
		if n, ok := eightDigits(b, i); ok {
			mant = mant*1e8 + n
			i += 8
		}
		for i < len(b) && b[i]-'0' <= 9 {
			mant = mant*10 + uint64(b[i]-'0')
			i++
		}
	}
	return mant, whole, i
}

// scan reads the longest number that b begins with, which is none if it has no
// digits, and returns how many stand before the decimal sign and in all, leading
// zeros too, and the index after it. An e without digits behind it is not part
// of the number.
func scan(b []byte, sign byte) (d Decimal, whole, n, end int) {
	start := 0
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		d.Neg = b[0] == '-'
		start = 1
	}
	d.Mant, whole, end = digits(b, start, sign)
	n = end - start
	if n > whole {
		n-- // the decimal sign
	}
	d.Exp = whole - n
	if n > MaxDigits {
		d.cut(b[start:end], whole)
	}
	if end < len(b) && b[end]|0x20 == 'e' && n > 0 {
		end = d.exponent(b, end)
	}
	return d, whole, n, end
}

// eightDigits is what eight digits from b[i] on are worth, if there are so many.
func eightDigits(b []byte, i int) (n uint64, ok bool) {
	if i+8 > len(b) || b[i+7]-'0' > 9 { // the last says no at once to most short numbers
		return 0, false
	}
	w := binary.LittleEndian.Uint64(b[i:]) ^ zeros8
	if aboveNine(w) != 0 {
		return 0, false
	}
	return worth(w), true
}

// worth is what eight digits are worth, the first in the lowest byte.
func worth(w uint64) uint64 {
	w = w * (1 + 10<<8) >> 8 & 0x00ff00ff00ff00ff
	w = w * (1 + 100<<16) >> 16 & 0x0000ffff0000ffff
	return w * (1 + 10000<<32) >> 32
}

// cut sets Mant to the first significant digits of more than MaxDigits, of which
// whole stand before the decimal sign, and Exp and Next with it.
func (d *Decimal) cut(digits []byte, whole int) {
	kept, behind := 0, 0
	d.Mant, d.Exp = 0, 0
	for i, c := range digits {
		switch {
		case c-'0' > 9:
			continue // the decimal sign
		case kept == MaxDigits && d.Next == 0:
			d.Next = c
		case kept < MaxDigits && (kept > 0 || c != '0'):
			kept++
			fallthrough
		case kept == 0:
			d.Mant = d.Mant*10 + uint64(c-'0')
			if i >= whole {
				behind++
			}
			continue
		}
		if i < whole {
			d.Exp++
		}
	}
	d.Exp -= behind
}

// exponent adds the exponent that begins at b[i] and returns the index after
// it; i if no digits are there.
func (d *Decimal) exponent(b []byte, i int) int {
	j := i + 1
	neg := false
	if j < len(b) && (b[j] == '-' || b[j] == '+') {
		neg = b[j] == '-'
		j++
	}
	start, e := j, 0
	for ; j < len(b) && b[j]-'0' <= 9; j++ {
		e = min(e*10+int(b[j]-'0'), 1e6)
	}
	if j == start {
		return i
	}
	if neg {
		e = -e
	}
	d.Exp += e
	return j
}

// sign is -1 or 1.
func (d Decimal) sign() float64 {
	if d.Neg {
		return -1
	}
	return 1
}

// quotient is the float64 nearest to m/10^p, for m > 0 and 0 ≤ p ≤ MaxDigits.
func quotient(m uint64, p int) float64 {
	by := Pow10Int[p]
	zm, zb := bits.LeadingZeros64(m), bits.LeadingZeros64(by)
	hi, lo, exp := m<<zm, uint64(0), zb-zm-64 // m/by = (hi·2^64+lo)/by·2^exp, when by has its high bit too
	by <<= zb
	if hi >= by {
		hi, lo, exp = hi>>1, hi<<63, exp+1
	}
	q, rest := bits.Div64(hi, lo, by) // 2^63 ≤ q
	n := q >> 11                      // 53 bits
	if cut := q << 53; cut > 1<<63 || cut == 1<<63 && (rest > 0 || n&1 == 1) {
		n++
	}
	return float64(n) * math.Float64frombits(uint64(1023+exp+11)<<52)
}

// float is the nearest float64 to a decimal that stands in b, and the length of
// b; that is 0 for a number beyond float64. Up to 19 digits with as many behind
// the point are one division of integers; the others are left to strconv.
func (d Decimal) float(b []byte, sign byte) (x float64, n int) {
	n = len(b)
	switch {
	case d.Next != 0:
	case d.Mant <= 1<<53 && d.Exp >= 0 && d.Exp < len(Pow10):
		return float64(d.sign() * float64(d.Mant) * Pow10[d.Exp]), n
	case d.Mant > 0 && d.Exp <= 0 && d.Exp >= -MaxDigits:
		return d.sign() * quotient(d.Mant, -d.Exp), n
	}
	if sign != '.' {
		var buf [MaxLen]byte
		copy(buf[:], b)
		if i := bytes.IndexByte(buf[:n], sign); i >= 0 {
			buf[i] = '.'
		}
		b = buf[:n]
	}
	// As a string of its own each number of more than 32 characters would be
	// garbage; ParseFloat does not keep it.
	x, err := strconv.ParseFloat(unsafe.String(unsafe.SliceData(b), n), 64)
	if err != nil {
		return 0, 0
	}
	return x, n
}

// SkipJSON is the index after the number that stands at b[i], by the grammar of
// RFC 8259 and of any length; i if there is none. It looks at eight bytes at a
// time, so that it need not be guessed where digits end.
func SkipJSON(b []byte, i int) int {
	first := i
	if i < len(b) && b[i] == '-' {
		first++
	}
	for at := first; at+8 <= len(b); at += 8 {
		other := aboveNine(binary.LittleEndian.Uint64(b[at:at+8]) ^ zeros8)
		if other == 0 {
			continue
		}
		end := at + bits.TrailingZeros64(other)/8
		whole := end
		if b[end] == '.' {
			other &= other - 1
			for ; other == 0 && at+16 <= len(b); at += 8 {
				other = aboveNine(binary.LittleEndian.Uint64(b[at+8:at+16]) ^ zeros8)
			}
			end = at + bits.TrailingZeros64(other)/8
		}
		if other == 0 || whole == first || end == whole+1 || b[first] == '0' && whole > first+1 || b[end]|0x20 == 'e' {
			break
		}
		return end
	}
	return skipJSON(b, i)
}

// skipJSON is SkipJSON for what it does not see at once.
func skipJSON(b []byte, i int) int {
	start := i
	if i < len(b) && b[i] == '-' {
		i++
	}
	first := i
	if i = SkipDigits(b, i); i == first || b[first] == '0' && i > first+1 {
		return start
	}
	if i < len(b) && b[i] == '.' {
		point := i
		if i = SkipDigits(b, i+1); i == point+1 {
			return start
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		j := i + 1
		if j < len(b) && (b[j] == '-' || b[j] == '+') {
			j++
		}
		if i = SkipDigits(b, j); i == j {
			return start
		}
	}
	return i
}

// SkipDigits is the index of the first byte from b[i] on that is no digit.
func SkipDigits(b []byte, i int) int {
	for ; i+8 <= len(b); i += 8 {
		if other := aboveNine(binary.LittleEndian.Uint64(b[i:i+8]) ^ zeros8); other != 0 {
			return i + bits.TrailingZeros64(other)/8
		}
	}
	for i < len(b) && b[i]-'0' <= 9 {
		i++
	}
	return i
}

// Words of eight characters that are looked at together.
const (
	ones8  = 0x0101010101010101
	highs8 = 0x80 * ones8
	zeros8 = '0' * ones8 // the text 00000000
)

// aboveNine has the high bit of each byte of w that is above 9; a carry may set
// others, but only above it.
func aboveNine(w uint64) uint64 { return (w + (0x80-10)*ones8 | w) & highs8 }

// Trim is b without the spaces, tabs and line ends around it.
func Trim(b []byte) []byte {
	for len(b) > 0 && Blank(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && Blank(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

// Blank reports whether c may stand around a number. Line ends do so where
// records end in NUL.
func Blank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }
