package detect

import "math"

// log10of2 turns octaves into decades.
const log10of2 float64 = 0.30102999566398119521

// sqrt2 is the root of 2 as the nearest float64.
const sqrt2Bits = 0x3FF6A09E667F3BCD

// log2 returns the binary logarithm of a finite x ≥ 2^−1022, with an absolute
// error below 1e-12 (TestLog2). It is the series of the area tangent,
// log2(m) = 2·log2(e)·(z + z³/3 + z⁵/5 …) with z = (m−1)/(m+1), for m in
// (√½, √2].
func log2(x float64) float64 {
	bits := math.Float64bits(x)
	// e is the exponent of x, or one more where its mantissa is over √2.
	e := int64(bits-sqrt2Bits-1)>>52 + 1
	m := math.Float64frombits(bits - uint64(e)<<52)
	z := (m - 1) / (m + 1)
	q := z * z
	p := 1.0/11 + q/13
	p = 1.0/9 + float64(p*q)
	p = 1.0/7 + float64(p*q)
	p = 1.0/5 + float64(p*q)
	p = 1.0/3 + float64(p*q)
	p = 1 + float64(p*q)
	return float64(e) + float64(2*math.Log2E*float64(z*p))
}

// exp2 returns 2^x, for x clamped to ±1000, with a relative error below 1e-12
// (TestExp2). It is Taylor's series of e^t around the nearest whole power.
func exp2(x float64) float64 {
	x = min(max(x, -1000), 1000)
	k := math.Floor(x + 0.5)
	t := float64((x - k) * math.Ln2)
	y := 1.0 / 39916800
	for _, c := range taylor {
		y = c + float64(y*t)
	}
	return math.Ldexp(y, int(k))
}

// taylor are 1/i! for i from 10 down to 0.
var taylor = [...]float64{
	1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 1.0 / 2, 1, 1,
}
