package num

import "strconv"

// Pow10 are the powers of ten that a float64 holds exactly.
var Pow10 = [...]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

// Pow10Int are the powers of ten that a uint64 holds.
var Pow10Int = [...]uint64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9,
	1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
}

// decades are the float64 nearest to the powers of ten from 1e-45 on.
var decades = func() (d [91]float64) {
	for i := range d {
		d[i], _ = strconv.ParseFloat("1e"+strconv.Itoa(i-45), 64)
	}
	return d
}()

// IsTold reports whether the n-th of things that go on happening is told: the
// first five, the 10th, the 100th and so on.
func IsTold(n int) bool { return n <= 5 || IsPow10(n) }

// IsPow10 reports whether n is 1, 10, 100 and so on.
func IsPow10(n int) bool {
	for n >= 10 && n%10 == 0 {
		n /= 10
	}
	return n == 1
}
