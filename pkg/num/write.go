package num

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
	"strconv"
)

// Room is how many bytes a number may touch, more than it can have:
// a sign, 0., five zeros and 17 digits, and what whole words overhang.
const Room = 40

// AppendSix appends x for people: rounded to six significant digits, but with
// all digits before the point as long as these are exact, so that 1000001 is
// 1000001 and 1234567.8 is 1234568; else as AppendSig does.
func AppendSix(dst []byte, x float64) []byte {
	if ax := math.Abs(x); ax >= 999999.5 && ax < 1<<53 {
		return strconv.AppendInt(dst, int64(math.RoundToEven(x)), 10)
	}
	return AppendSig(dst, x, 6)
}

// AppendSig appends x rounded to prec significant digits, as C's %.{prec}g
// does but without an exponent for 1e-4 ≤ |x| < 1e15: 20.01, 1230000,
// 1.23457e-05. It rounds the exact value of x, ties to even; -0 is 0.
func AppendSig(dst []byte, x float64, prec int) []byte {
	return appendRounded(dst, x, prec, &forPeople)
}

// AppendRounded appends x rounded to prec significant digits in the notation
// of AppendShortest.
func AppendRounded(dst []byte, x float64, prec int) []byte {
	return appendRounded(dst, x, prec, &forPrograms)
}

// appendRounded rounds up to 15 digits of numbers from 1e-7 to 1e22 by itself;
// the rest is strconv's. FuzzRounded holds both together. What would round
// beyond the float64 is not rounded, and no digits are written that reading
// back would not tell from fewer: 17 digits read back to x itself, always.
func appendRounded(dst []byte, x float64, prec int, form *notation) []byte {
	if n, e, ok := roundDigits(math.Abs(x), prec); ok {
		return layout(dst, x < 0, n*Pow10Int[18-prec], e, form)
	}
	if prec >= 17 {
		return appendShortest(dst, x, form)
	}
	var room [32]byte
	if y, err := strconv.ParseFloat(string(strconv.AppendFloat(room[:0], x, 'e', prec-1, 64)), 64); err == nil {
		x = y
	}
	return appendShortest(dst, x, form)
}

// AppendShortest appends the shortest digits that read back to x, without an
// exponent for 1e-6 ≤ |x| < 1e21 and else as encoding/json writes it; -0 is 0.
// Below 2^53 it works with exact integers of its own, the rest is strconv's;
// FuzzShortest holds both together.
func AppendShortest(dst []byte, x float64) []byte { return appendShortest(dst, x, &forPrograms) }

// PutShortest is AppendShortest at the beginning of b for most numbers that are
// not whole, and returns how long that is; 0 for others.
func PutShortest(b *[Room]byte, x float64) int {
	n, e, ok := shortestDigits(math.Abs(x))
	if !ok {
		return 0
	}
	sign := int(math.Float64bits(x) >> 63)
	b[0] = '-'
	return sign + place((*[Room - 1]byte)(b[sign:]), n, e, &forPrograms)
}

func appendShortest(dst []byte, x float64, form *notation) []byte {
	ax := math.Abs(x)
	n, e, ok := shortestDigits(ax)
	if !ok {
		if i := int64(x); ax < 1<<53 && float64(i) == x && (ax < 1e15 || form.most > 15) {
			return strconv.AppendInt(dst, i, 10)
		}
		n, e = slowDigits(ax)
	}
	return layout(dst, x < 0, n, e, form)
}

// slowDigits is shortestDigits by strconv, with 18 digits.
func slowDigits(x float64) (n uint64, e int) {
	var room [32]byte
	text := strconv.AppendFloat(room[:0], x, 'e', -1, 64)
	at := bytes.IndexByte(text, 'e')
	e, _ = strconv.Atoi(string(text[at+1:]))
	digits := 0
	for _, c := range text[:at] {
		if c != '.' {
			n, digits = n*10+uint64(c-'0'), digits+1
		}
	}
	return n * Pow10Int[18-digits], e
}

// AppendCount appends a whole number, which is never rounded.
func AppendCount(dst []byte, x float64) []byte {
	if math.Abs(x) < 1<<53 {
		return strconv.AppendInt(dst, int64(x), 10)
	}
	return AppendShortest(dst, x)
}

// A notation says between which powers of ten numbers are written without an
// exponent, 10^least ≤ |x| < 10^most, and whether an exponent has two digits
// at least.
type notation struct {
	least, most int
	pad         bool
}

var (
	forPeople   = notation{least: -4, most: 15, pad: true}
	forPrograms = notation{least: -6, most: 21}
)

// layout appends the number whose 18 decimal digits are n and whose first
// digit stands for 10^e.
func layout(dst []byte, negative bool, n uint64, e int, form *notation) []byte {
	dst = slices.Grow(dst, Room)
	if negative {
		dst = append(dst, '-')
	}
	at := len(dst)
	return dst[:at+place((*[Room - 1]byte)(dst[at:at+Room-1]), n, e, form)]
}

// place is layout without a sign at the beginning of b.
func place(b *[Room - 1]byte, n uint64, e int, form *notation) int {
	upper := n / 1e6
	first := upper / 1e6
	d := digits18{sixDigits(uint32(first)), sixDigits(uint32(upper - first*1e6)), sixDigits(uint32(n - upper*1e6))}
	switch {
	case e < form.least || e >= form.most:
		return d.scientific(b, e, form.pad)
	case e < 0:
		return d.fraction(b, e)
	case e < 6:
		return d.short(b, e+1)
	}
	return d.long(b, e+1)
}

// A digits18 is 18 decimal digits in three words of six, the first digit of
// each in the lowest byte.
type digits18 struct{ a, b, c uint64 }

const (
	zeros6    = 0x303030303030     // the text 000000
	zeroPoint = 0x3030303030302e30 // the text 0.000000
)

// count is the number of digits without the trailing zeros.
func (d *digits18) count() int {
	switch {
	case d.c != 0:
		return 12 + significant(d.c)
	case d.b != 0:
		return 6 + significant(d.b)
	}
	return significant(d.a)
}

// put writes all digits to the beginning of b, and rubbish behind them.
func (d *digits18) put(b []byte) {
	_ = b[19]
	binary.LittleEndian.PutUint64(b, d.a|zeros6)
	binary.LittleEndian.PutUint64(b[6:], d.b|zeros6)
	binary.LittleEndian.PutUint64(b[12:], d.c|zeros6)
}

// short writes 123.45, at most six digits before the point; like the others it
// returns how long that is.
func (d *digits18) short(b *[Room - 1]byte, whole int) int {
	binary.LittleEndian.PutUint64(b[:], withPoint(d.a|zeros6, whole))
	binary.LittleEndian.PutUint64(b[7:], d.b|zeros6)
	binary.LittleEndian.PutUint64(b[13:], d.c|zeros6)
	return plainLen(d.count(), whole)
}

// long writes 1234567.8, seven digits before the point or more.
func (d *digits18) long(b *[Room - 1]byte, whole int) int {
	n := d.count()
	d.put(b[:])
	if n > whole {
		copy(b[whole+1:19], b[whole:18])
		b[whole] = '.'
	}
	for i := 18; i < whole; i++ {
		b[i] = '0'
	}
	return plainLen(n, whole)
}

// fraction writes 0.00123, e < 0.
func (d *digits18) fraction(b *[Room - 1]byte, e int) int {
	binary.LittleEndian.PutUint64(b[:], zeroPoint)
	d.put(b[1-e:])
	return 1 - e + d.count()
}

// scientific writes 1.23e-07.
func (d *digits18) scientific(b *[Room - 1]byte, e int, pad bool) int {
	d.put(b[1:])
	b[0], b[1] = b[1], '.'
	dst := append(b[:plainLen(d.count(), 1)], 'e', '+')
	if e < 0 {
		dst[len(dst)-1], e = '-', -e
	}
	if pad && e < 10 {
		dst = append(dst, '0')
	}
	return len(strconv.AppendInt(dst, int64(e), 10))
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

// maxRounded is the greatest number of digits roundDigits can give: n and n+½
// must be exact in a float64.
const maxRounded = 15

// decimalExponent is the e with 10^e ≤ x < 10^(e+1) for 1e-44 ≤ x < 1e44,
// where x just below a power of ten may be taken for it; false for others.
// The exponent of 2 times log10(2) is e or one less.
func decimalExponent(x float64) (e int, ok bool) {
	e2 := int(math.Float64bits(x)>>52) - 1023
	e = e2 * 78913 >> 18
	if uint(e+44) >= uint(len(decades)-2) {
		return 0, false
	}
	next := e + 1
	if x >= decades[next+45] {
		e = next
	}
	return e, true
}

// roundDigits gives the prec ≤ 15 significant digits of x > 0, rounded to
// nearest and ties to even, and the exponent e of ten that the first stands
// for; false where x cannot be scaled to whole digits by one exact power.
//
// One operation scales x, and it is rounded correctly, thus monotone: since
// every n+½ is a float64, a scaled x below, or above, one shows that the exact
// value is so too. Only where it falls on n+½ itself the remainder, exact in a
// fused multiply-add, has to say on which side the value was. Adding 2^52
// rounds to whole numbers without a branch, which would be a coin's toss.
func roundDigits(x float64, prec int) (n uint64, e int, ok bool) {
	if x == 0 {
		return 0, 0, true
	}
	e, ok = decimalExponent(x)
	k := prec - 1 - e
	if !ok || prec > maxRounded || uint(k+22) > 44 {
		return 0, 0, false
	}
	p := scale(x, k)
	up := p + 1<<52
	n = math.Float64bits(up) & (1<<52 - 1)
	if math.Abs(p-(up-1<<52)) == 0.5 {
		n = roundTie(x, p, k)
	}
	if n == Pow10Int[prec] {
		return n / 10, e + 1, true
	}
	return n, e, true
}

// scale is x·10^k, rounded once, for |k| ≤ 22.
func scale(x float64, k int) float64 {
	if k >= 0 {
		return float64(x * Pow10[k]) // not to be fused
	}
	return x / Pow10[-k]
}

// roundTie rounds x·10^k, to which p = i+½ is the nearest float64.
func roundTie(x, p float64, k int) uint64 {
	var rest float64
	if k >= 0 {
		rest = math.FMA(x, Pow10[k], -p)
	} else {
		rest = -math.FMA(p, Pow10[-k], -x)
	}
	i := uint64(int64(p))
	if rest > 0 || rest == 0 && i&1 == 1 {
		i++
	}
	return i
}

// shortestDigits gives the shortest decimal that reads back to x, of those
// the nearest to it: 18 digits, the first not 0, padded with zeros, and the
// exponent e of ten of the first. It is for 1e-11 ≤ x < 2^53 that are not whole; false
// for powers of two, whose neighbours are not equally far, and others.
//
// With x = f·2^q and 17 digits before the point, x·10^k = f·5^k·2^(q+k) and the
// two points halfway to x's neighbours are whole numbers of at most 118 bits
// with a binary point: nothing here is rounded. 5^k stands at the left of its
// word, f as far left as makes the product's upper word the whole part.
//
// Neighbours lie 1.1 to 22 units of the 17th digit apart, so a multiple of
// 100 between the halfway points is the only one and has all the trailing
// zeros there are to have; of multiples of 10 and 1 the nearest is taken. All
// three are made and then chosen from, because which it is is random and a
// branch would be mispredicted.
func shortestDigits(x float64) (n uint64, e int, ok bool) {
	b := math.Float64bits(x)
	f := b&(1<<52-1) | 1<<52
	e, ok = decimalExponent(x)
	k := 16 - e
	if !ok || uint(k) >= uint(len(fives)) || f == 1<<52 || float64(int64(x)) == x {
		return 0, 0, false
	}
	five := &fives[k]
	shift := uint(int(b>>52)+five.shift) & 63
	odd := f & 1 // an even f wins the halfway points, so they belong to it
	whole, rest := bits.Mul64(f<<shift, five.left)
	halfRest, borrow := bits.Sub64(five.left<<(shift-1), odd, 0)
	half := five.left>>(65-shift) - borrow
	downRest, borrow := bits.Sub64(rest, halfRest, 0)
	_, carry := bits.Add64(rest, halfRest, 0)
	low := whole - half - borrow + notZero(downRest) // the least and greatest whole number between
	high := whole + half + carry

	tens := whole / 10
	above := whole - tens*10
	_, up := bits.Add64(rest, 1<<63-1+whole&1, 0)
	n = whole + up
	ten := 10 * (tens + (2*above+notZero(rest)+tens&1+5)>>4)
	if high/10*10 >= low {
		n = ten
	}
	hundred := high / 100 * 100
	if hundred >= low {
		n = hundred
	}
	if n-1e16 >= 9e16 { // x is next to a power of ten
		return n, e + 1, n == 1e17
	}
	return n * 10, e, true
}

// notZero is 1 for what is not 0, without a branch.
func notZero(n uint64) uint64 { return (n | -n) >> 63 }

// fives are the powers of five that a word holds, shifted to its left end, and
// how far f has to be shifted for shortestDigits beside its exponent as it is
// kept.
var fives = func() (t [28]struct {
	left  uint64
	shift int
}) {
	for k, five := 0, uint64(1); k < len(t); k, five = k+1, five*5 {
		zeros := bits.LeadingZeros64(five)
		t[k].left, t[k].shift = five<<zeros, k+12-zeros-1023
	}
	return t
}()

// A SixWriter is AppendSix, by which most numbers of text are written, or
// AppendSig with up to six digits, for the values of a column: they mostly lie
// between the same two powers of ten, so that only this has to be seen again.
type SixWriter struct {
	digits      int
	pad         uint32  // makes six digits of as many
	least, span uint64  // bits of the least magnitude it is for, and how many follow
	scale       float64 // makes whole digits of them
	whole       int     // digits before the point, 0 or less for 0.1 and below
	left, point uint64  // masks of these digits and of the point behind them
}

// NewSixWriter is a SixWriter of 1 to 6 digits.
func NewSixWriter(digits int) *SixWriter {
	return &SixWriter{digits: digits, pad: uint32(Pow10Int[6-digits])}
}

// Put writes numbers of about 1e-4 ≤ |x| that have as many digits before the
// point at most to b in one straight run, and returns their length; 0 for
// others, which are AppendSix's or AppendSig's.
//
// One operation scales x; roundDigits says why its digits are exact then, but
// where the scaled x may lie on a half.
func (s *SixWriter) Put(b *[Room]byte, x float64) int {
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
	n := uint32(math.Float64bits(up)) * s.pad
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
func (s *SixWriter) adopt(bits uint64) bool {
	e, ok := decimalExponent(math.Float64frombits(bits))
	k := s.digits - 1 - e
	if !ok || k < 0 || e < -4 {
		return false
	}
	s.scale, s.whole = Pow10[k], e+1
	s.least = math.Float64bits(decades[e+45])
	s.span = math.Float64bits((Pow10[s.digits]-1)/s.scale) - s.least
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
