package format

import (
	"math"
	"math/bits"
	"strconv"
)

// maxRounded is the greatest number of digits roundDigits can give: n and n+½
// must be exact in a float64.
const maxRounded = 15

// pow10 are the powers of ten that a float64 holds exactly.
var pow10 = [...]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

var pow10Int = [...]uint64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
}

// pow5 are the powers of five below 2^63.
var pow5 = func() (p [28]uint64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = p[i-1] * 5
	}
	return p
}()

// decades are the float64 nearest to the powers of ten from 1e-45 on.
var decades = func() (d [91]float64) {
	for i := range d {
		d[i], _ = strconv.ParseFloat("1e"+strconv.Itoa(i-45), 64)
	}
	return d
}()

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
	e, ok = decimalExponent(x)
	k := prec - 1 - e
	if !ok || uint(k+22) > 44 {
		return 0, 0, false
	}
	p := scale(x, k)
	up := p + 1<<52
	n = math.Float64bits(up) & (1<<52 - 1)
	if math.Abs(p-(up-1<<52)) == 0.5 {
		n = roundTie(x, p, k)
	}
	if n == pow10Int[prec] {
		return n / 10, e + 1, true
	}
	return n, e, true
}

// scale is x·10^k, rounded once, for |k| ≤ 22.
func scale(x float64, k int) float64 {
	if k >= 0 {
		return float64(x * pow10[k]) // not to be fused
	}
	return x / pow10[-k]
}

// roundTie rounds x·10^k, to which p = i+½ is the nearest float64.
func roundTie(x, p float64, k int) uint64 {
	var rest float64
	if k >= 0 {
		rest = math.FMA(x, pow10[k], -p)
	} else {
		rest = -math.FMA(p, pow10[-k], -x)
	}
	i := uint64(int64(p))
	if rest > 0 || rest == 0 && i&1 == 1 {
		i++
	}
	return i
}

// shortestDigits gives the shortest decimal that reads back to x, of those
// the nearest to it: 17 digits, the first not 0, padded with zeros, and the
// exponent e of ten of the first. It is for 1e-11 ≤ x < 2^53 that are not
// whole; false for powers of two, whose neighbours are not equally far.
//
// With x = f·2^e2 and 17 digits before the point, x·10^k = f·5^k·2^(e2+k) and
// the two halfway points to x's neighbours, (2f±1)·5^k·2^(e2+k-1), are
// integers of at most 118 bits with a binary point: nothing here is rounded.
// Neighbours lie 1.1 to 22 units of the 17th digit apart, so a multiple of
// 100 between the halfway points is the only one and has all the trailing
// zeros there are to have; of multiples of 10 and 1 the nearest is taken.
func shortestDigits(x float64) (n uint64, e int, ok bool) {
	b := math.Float64bits(x)
	f := b&(1<<52-1) | 1<<52
	if f == 1<<52 {
		return 0, 0, false
	}
	e, ok = decimalExponent(x)
	k := 16 - e
	shift := uint(1076 - int(b>>52) - k) // of 2f·5^k to whole units
	if !ok || uint(k) >= uint(len(pow5)) || shift-1 >= 63 {
		return 0, 0, false
	}
	iv := newInterval(f, pow5[k], shift)
	n = iv.shortest()
	for n >= 1e17 {
		n, e = n/10, e+1
	}
	for n < 1e16 {
		n, e = n*10, e-1
	}
	return n, e, true
}

// An interval is what reads back to a float64, in units of the last digit.
type interval struct {
	low, high uint64 // the least and greatest whole number in it
	whole     uint64 // the value, cut
	rest      uint64 // what was cut off
	half      uint64 // half a unit as a rest
}

// newInterval is the interval of 2f·step/2^shift ± step/2^shift. An even f
// wins the halfway points, so they belong to it.
func newInterval(f, step uint64, shift uint) interval {
	odd := f & 1
	hi, lo := bits.Mul64(2*f, step)
	mask := uint64(1)<<shift - 1
	up, carry := bits.Add64(lo, step-odd, 0)
	down, borrow := bits.Sub64(lo, step-odd, 0)
	lowUp, lowCarry := bits.Add64(down, mask, 0)
	return interval{
		low:   shiftRight(hi-borrow+lowCarry, lowUp, shift),
		high:  shiftRight(hi+carry, up, shift),
		whole: shiftRight(hi, lo, shift),
		rest:  lo & mask,
		half:  1 << (shift - 1),
	}
}

func shiftRight(hi, lo uint64, by uint) uint64 {
	return hi<<(64-by&63) | lo>>(by&63)
}

// shortest is the number in the interval with the most trailing zeros, of
// several the nearest to the value, ties to even. All three are made and then
// chosen from, because which it is is random and a branch would be mispredicted.
func (v *interval) shortest() uint64 {
	n := v.whole + b2i(v.rest+v.whole&1 > v.half)
	if v.high/10*10 >= v.low {
		n = v.whole / 10
		n = 10 * (n + b2i(2*(v.whole-n*10)+b2i(v.rest > 0)+n&1 > 10))
	}
	if hundreds := v.high / 100 * 100; hundreds >= v.low {
		n = hundreds
	}
	return n
}

func b2i(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}
