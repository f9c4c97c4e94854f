package parse

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/bits"
	"strconv"
)

// maxNumberLen is how many characters a number may have.
const maxNumberLen = 800

// maxDigits is how many decimal digits always fit a uint64.
const maxDigits = 19

// maxExact is the largest power of ten that a float64 holds exactly.
const maxExact = 22

var exactPow10 = [maxExact + 1]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

// parseNumber is the float64 nearest to the decimal number b, as it may stand
// outside JSON: blanks around it, a plus sign, and a point without digits on
// one side are fine. It is false for what is not a number, has more than 800
// characters or is beyond float64; what is too small is 0.
func parseNumber(b []byte) (x float64, ok bool) {
	return parseNumberDecimal(b, '.')
}

// parseNumberDecimal is parseNumber for numbers with another decimal sign.
func parseNumberDecimal(b []byte, decimal byte) (x float64, ok bool) {
	b = trimBlanks(b)
	d, n := scanDecimal(b, decimal)
	if n != len(b) || n > maxNumberLen || d.digits == 0 {
		return 0, false
	}
	return d.float(b, decimal)
}

// parseJSONNumber is parseNumber for numbers as RFC 8259 has them.
func parseJSONNumber(b []byte) (x float64, ok bool) {
	if len(b) == 0 || len(b) > maxNumberLen || scanJSONNumber(b) != len(b) {
		return 0, false
	}
	d, _ := scanDecimal(b, '.')
	return d.float(b, '.')
}

// A decimal is what the digits of a number say: ± mant · 10^exp, as long as
// they are few.
type decimal struct {
	mant   uint64
	exp    int // at most ±1e6, beyond is the same
	digits int // in all, leading zeros too
	neg    bool
	many   bool // mant does not hold them all
}

// float is the nearest float64 to the decimal that stands in b. One operation
// on exact operands rounds once, so it is correct (Clinger 1990); the others
// are left to strconv.
func (d decimal) float(b []byte, sign byte) (x float64, ok bool) {
	if d.many || d.mant > 1<<53 || d.exp < -maxExact || d.exp > maxExact {
		return slowFloat(b, sign)
	}
	x = float64(d.mant)
	if d.exp < 0 {
		x /= exactPow10[-d.exp]
	} else {
		x *= exactPow10[d.exp]
	}
	if d.neg {
		x = -x
	}
	return x, true
}

// slowFloat is the nearest float64 to b, which has the syntax of a number.
func slowFloat(b []byte, sign byte) (x float64, ok bool) {
	if sign != '.' {
		var buf [maxNumberLen]byte
		n := copy(buf[:], b)
		if i := bytes.IndexByte(buf[:n], sign); i >= 0 {
			buf[i] = '.'
		}
		b = buf[:n]
	}
	x, err := strconv.ParseFloat(view(b), 64)
	return x, err == nil && !math.IsInf(x, 0)
}

// scanDecimal reads the longest number that b begins with and says how many
// bytes it has. Digits may be missing on one side of the decimal sign; an e
// without digits behind it is not part of the number.
func scanDecimal(b []byte, sign byte) (d decimal, n int) {
	i := 0
	if i < len(b) && (b[i] == '-' || b[i] == '+') {
		d.neg = b[i] == '-'
		i++
	}
	i = d.scanDigits(b, i)
	if i < len(b) && b[i] == sign {
		whole := d.digits
		i = d.scanDigits(b, i+1)
		d.exp = whole - d.digits
	}
	if d.digits == 0 {
		return d, 0
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i = d.scanExponent(b, i)
	}
	return d, i
}

// scanDigits adds the digits from b[i] on and is the index behind them.
func (d *decimal) scanDigits(b []byte, i int) int {
	start := i
	for ; i < len(b) && b[i]-'0' <= 9; i++ {
		if d.mant > (1<<64-10)/10 {
			d.many = true
			continue
		}
		d.mant = d.mant*10 + uint64(b[i]-'0')
	}
	d.digits += i - start
	return i
}

// scanExponent adds the exponent that begins at b[i] and is the index behind
// it; i if no digits are there.
func (d *decimal) scanExponent(b []byte, i int) int {
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
	d.exp += e
	return j
}

// scanJSONNumber is how many bytes the number has that b begins with, by the
// grammar of RFC 8259; 0 if there is none.
func scanJSONNumber(b []byte) int {
	i := 0
	if i < len(b) && b[i] == '-' {
		i++
	}
	switch {
	case i < len(b) && b[i] == '0':
		i++
	case i < len(b) && b[i]-'1' <= 8:
		i = skipDigits(b, i)
	default:
		return 0
	}
	if i < len(b) && b[i] == '.' {
		j := skipDigits(b, i+1)
		if j == i+1 {
			return 0
		}
		i = j
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		j := i + 1
		if j < len(b) && (b[j] == '-' || b[j] == '+') {
			j++
		}
		i = skipDigits(b, j)
		if i == j {
			return 0
		}
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

// skipDigits is the index of the first byte from b[i] on that is no digit. It
// looks at eight bytes at a time, so that it need not be guessed where digits
// end.
func skipDigits(b []byte, i int) int {
	for ; i+8 <= len(b); i += 8 {
		if other := aboveNine(binary.LittleEndian.Uint64(b[i:]) ^ zeros8); other != 0 {
			return i + bits.TrailingZeros64(other)/8
		}
	}
	for i < len(b) && b[i]-'0' <= 9 {
		i++
	}
	return i
}

// trimBlanks is b without the spaces, tabs and line ends around it.
func trimBlanks(b []byte) []byte {
	for len(b) > 0 && blank(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && blank(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

// blank reports whether c may stand around a number. Line ends do so where
// records end in NUL.
func blank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }
