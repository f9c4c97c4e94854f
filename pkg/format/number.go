package format

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
	"strconv"
)

// numberRoom is how many bytes a number may touch, more than it can have:
// a sign, 0., five zeros and 17 digits, and what whole words overhang.
const numberRoom = 40

// A numberStyle says how the values of a format are written: rounded to prec
// significant digits as C's %.{prec}g, or plainly with all the digits that
// tell them from their neighbours (prec 0) or prec of them.
type numberStyle struct {
	prec  int
	plain bool
}

func (s numberStyle) append(dst []byte, x float64) []byte {
	switch {
	case !s.plain:
		return AppendSig(dst, x, s.prec)
	case s.prec == 0:
		return AppendShortest(dst, x)
	}
	return appendRounded(dst, x, s.prec)
}

// AppendSig appends x rounded to prec significant digits, as C's %.{prec}g
// does: 20.01, 1e+06, 1.23457e-05. It rounds the exact value of x, ties to
// even; -0 is 0. Up to 15 digits and from 1e-7 to 1e22 it has a way of its
// own; the rest is strconv's. FuzzAppendSig holds both together.
func AppendSig(dst []byte, x float64, prec int) []byte {
	if x == 0 {
		return append(dst, '0')
	}
	if prec > maxRounded {
		return strconv.AppendFloat(dst, x, 'g', prec, 64)
	}
	n, e, ok := roundDigits(math.Abs(x), prec)
	if !ok {
		return strconv.AppendFloat(dst, x, 'g', prec, 64)
	}
	return layout(dst, math.Signbit(x), n*pow10Int[18-prec], e, notation{least: -4, most: prec, pad: true})
}

// AppendShortest appends the shortest digits that read back to x, in plain
// notation for 1e-6 ≤ |x| < 1e21 and else with an exponent as encoding/json
// writes it; -0 is 0. Below 2^53 it works with exact integers of its own, the
// rest is strconv's; FuzzAppendShortest holds both together.
func AppendShortest(dst []byte, x float64) []byte {
	ax := math.Abs(x)
	if ax >= 1<<53 || ax < 1e-11 {
		if x == 0 {
			return append(dst, '0')
		}
		return appendShortestSlow(dst, x)
	}
	if i := int64(x); float64(i) == x {
		return strconv.AppendInt(dst, i, 10)
	}
	n, e, ok := shortestDigits(ax)
	if !ok {
		return appendShortestSlow(dst, x)
	}
	return layout(dst, math.Signbit(x), n*10, e, plainNotation)
}

func appendShortestSlow(dst []byte, x float64) []byte {
	if ax := math.Abs(x); ax >= 1e-6 && ax < 1e21 {
		return strconv.AppendFloat(dst, x, 'f', -1, 64)
	}
	dst = strconv.AppendFloat(dst, x, 'e', -1, 64)
	if n := len(dst); n >= 4 && dst[n-4] == 'e' && dst[n-3] == '-' && dst[n-2] == '0' {
		dst[n-2] = dst[n-1] // e-07 is e-7
		dst = dst[:n-1]
	}
	return dst
}

// appendRounded appends x rounded to prec significant digits in the notation
// of AppendShortest. What would round beyond the float64 is not rounded.
func appendRounded(dst []byte, x float64, prec int) []byte {
	if x == 0 {
		return append(dst, '0')
	}
	if prec <= maxRounded {
		if n, e, ok := roundDigits(math.Abs(x), prec); ok {
			return layout(dst, math.Signbit(x), n*pow10Int[18-prec], e, plainNotation)
		}
	}
	var room [32]byte
	text := strconv.AppendFloat(room[:0], x, 'e', prec-1, 64)
	if y, err := strconv.ParseFloat(string(text), 64); err == nil {
		x = y
	}
	return AppendShortest(dst, x)
}

// appendCount appends a whole number, which is never rounded.
func appendCount(dst []byte, x float64) []byte {
	if math.Abs(x) < 1<<53 {
		return strconv.AppendInt(dst, int64(x), 10)
	}
	return AppendShortest(dst, x)
}

// A notation says between which decimal exponents numbers are written without
// one, least ≤ e < most, and whether an exponent has two digits at least.
type notation struct {
	least, most int
	pad         bool
}

var plainNotation = notation{least: -6, most: 21}

// layout appends the number whose 18 decimal digits are n and whose first
// digit stands for 10^e.
func layout(dst []byte, negative bool, n uint64, e int, form notation) []byte {
	dst = slices.Grow(dst, numberRoom)
	if negative {
		dst = append(dst, '-')
	}
	upper := n / 1e6
	first := upper / 1e6
	d := decimal{sixDigits(uint32(first)), sixDigits(uint32(upper - first*1e6)), sixDigits(uint32(n - upper*1e6))}
	switch {
	case e < form.least || e >= form.most:
		return d.scientific(dst, e, form.pad)
	case e < 0:
		return d.fraction(dst, e)
	case e < 6:
		return d.short(dst, e+1)
	}
	return d.long(dst, e+1)
}

// A decimal is 18 decimal digits in three words of six, the first digit of
// each in the lowest byte.
type decimal struct{ a, b, c uint64 }

const (
	zeros6    = 0x303030303030     // the text 000000
	zeros8    = 0x3030303030303030 // the text 00000000
	zeroPoint = 0x3030303030302e30 // the text 0.000000
)

// count is the number of digits without the trailing zeros.
func (d *decimal) count() int {
	switch {
	case d.c != 0:
		return 12 + significant(d.c)
	case d.b != 0:
		return 6 + significant(d.b)
	}
	return significant(d.a)
}

// put writes all digits to the beginning of b, and rubbish behind them.
func (d *decimal) put(b []byte) {
	_ = b[19]
	binary.LittleEndian.PutUint64(b, d.a|zeros6)
	binary.LittleEndian.PutUint64(b[6:], d.b|zeros6)
	binary.LittleEndian.PutUint64(b[12:], d.c|zeros6)
}

// short appends 123.45, at most six digits before the point.
func (d *decimal) short(dst []byte, whole int) []byte {
	at := len(dst)
	b := dst[at : at+numberRoom-1]
	binary.LittleEndian.PutUint64(b, withPoint(d.a|zeros6, whole))
	binary.LittleEndian.PutUint64(b[7:], d.b|zeros6)
	binary.LittleEndian.PutUint64(b[13:], d.c|zeros6)
	return dst[:at+plainLen(d.count(), whole)]
}

// long appends 1234567.8, seven digits before the point or more.
func (d *decimal) long(dst []byte, whole int) []byte {
	at, n := len(dst), d.count()
	b := dst[at : at+numberRoom-1]
	d.put(b)
	if n > whole {
		copy(b[whole+1:19], b[whole:18])
		b[whole] = '.'
	}
	for i := 18; i < whole; i++ {
		b[i] = '0'
	}
	return dst[:at+plainLen(n, whole)]
}

// fraction appends 0.00123, e < 0.
func (d *decimal) fraction(dst []byte, e int) []byte {
	at := len(dst)
	b := dst[at : at+numberRoom-1]
	binary.LittleEndian.PutUint64(b, zeroPoint)
	d.put(b[1-e:])
	return dst[:at+1-e+d.count()]
}

// scientific appends 1.23e-07.
func (d *decimal) scientific(dst []byte, e int, pad bool) []byte {
	at, n := len(dst), d.count()
	b := dst[at : at+numberRoom-1]
	d.put(b[1:])
	b[0], b[1] = b[1], '.'
	dst = append(dst[:at+plainLen(n, 1)], 'e', '+')
	if e < 0 {
		dst[len(dst)-1], e = '-', -e
	}
	if pad && e < 10 {
		dst = append(dst, '0')
	}
	return strconv.AppendInt(dst, int64(e), 10)
}

// withPoint puts a point behind the first whole of the six digits of w.
func withPoint(w uint64, whole int) uint64 {
	shift := uint(8*whole) & 63
	left := w & (1<<shift - 1)
	return left | '.'<<shift | (w^left)<<8
}

// plainLen is how long n digits are, whole of them before the point, which
// goes where no digit follows it.
func plainLen(n, whole int) int {
	if n <= whole {
		return whole
	}
	return n + 1
}

// significant is the number of digits of w up to the last that is not 0.
func significant(w uint64) int { return (bits.Len64(w) + 7) >> 3 }

// threeDigits has the digits of 0 to 999, the first in the lowest byte.
// Spreading them by multiplication instead took 13 ns a number against 9.
var threeDigits = func() (t [1000]uint32) {
	for i := range uint32(1000) {
		t[i] = i/100 | i/10%10<<8 | i%10<<16
	}
	return t
}()

// sixDigits is the six digits of n < 1e6, the first in the lowest byte.
func sixDigits(n uint32) uint64 {
	high := n / 1000
	return uint64(threeDigits[high]) | uint64(threeDigits[n-high*1000])<<24
}
