package num

import (
	"math"
	"math/rand"
	"strconv"
	"strings"
	"testing"
)

// sigSlow is AppendSig by strconv alone.
func sigSlow(x float64, prec int) string {
	y := rounded(x, prec)
	if ay := math.Abs(y); ay == 0 || ay >= 1e-4 && ay < 1e15 {
		return strconv.FormatFloat(y, 'f', -1, 64)
	}
	return strconv.FormatFloat(y, 'e', -1, 64)
}

// sixSlow is AppendSix by strconv and math/big alone.
func sixSlow(x float64) string {
	if ax := math.Abs(x); ax < 999999.5 || ax >= 1<<53 {
		return sigSlow(x, 6)
	}
	return strconv.FormatFloat(x, 'f', 0, 64)
}

// rounded is x rounded to prec digits, if that is a float64, and never -0.
func rounded(x float64, prec int) float64 {
	if y, err := strconv.ParseFloat(strconv.FormatFloat(x, 'e', prec-1, 64), 64); err == nil {
		return y + 0
	}
	return x
}

// shortestSlow is AppendShortest by strconv alone.
func shortestSlow(x float64) string {
	if ax := math.Abs(x); ax == 0 || ax >= 1e-6 && ax < 1e21 {
		return strconv.FormatFloat(x+0, 'f', -1, 64)
	}
	return strings.Replace(strconv.FormatFloat(x, 'e', -1, 64), "e-0", "e-", 1)
}

// roundedSlow is AppendRounded by strconv alone.
func roundedSlow(x float64, prec int) string { return shortestSlow(rounded(x, prec)) }

var numberSeeds = []float64{
	0, math.Copysign(0, -1), 1, -1, 0.5, 0.1, 20.01, 27.4, 100, 1e5, 999999, 999999.5, 999999.4999999999, 1e6, 1234567,
	123456.5, 123457.5, 100000.5, 12345.25, 12345.75, 0.000123456, 9.999995e-5, 0.0001, 0.00009999995, 1e-6, 9.999999999999999e-7,
	1e-7, 1e-11, 1e-22, 1e15, 1e16, 1e17, 1e20, 1e21, 1e22, 1e23, 9007199254740991, 9007199254740992, 9007199254740993,
	4503599627370497.5, 4503599627370495.5, 8.0000152587890625, 9.0000152587890625, 8.000030517578125, 5e-324, 2.2250738585072014e-308,
	math.MaxFloat64, 1.7976931348623155e308, 0.3, 2.0 / 3, 1.0 / 3, 1e-5, 1.23456789e-5, 9.5, 9.25, 99.5, 0.95, 5e-7, 123456789012345678,
	1.5, 2.5, 1e2 / 3, 1.005, 4.35, 0.000001, 1.0000000000000002, 0.99999999999999989, 72057594037927945, 9.9999999999999998e22,
}

// six have seen the number before, as in a column: of 1 to 6 digits.
var six = []*SixWriter{NewSixWriter(1), NewSixWriter(2), NewSixWriter(3), NewSixWriter(4), NewSixWriter(5), NewSixWriter(6)}

func checkSix(t *testing.T, x float64) {
	t.Helper()
	var b [Room]byte
	for range 2 { // the second time it knows the magnitude
		for i, six := range six {
			want := sigSlow(x, i+1)
			if i == 5 {
				want = sixSlow(x)
			}
			if n := six.Put(&b, x); n > 0 && string(b[:n]) != want {
				t.Errorf("%d digits of %v are %q, want %q", i+1, strconv.FormatFloat(x, 'g', -1, 64), b[:n], want)
			}
		}
	}
}

func checkNumber(t *testing.T, x float64) {
	t.Helper()
	checkSix(t, x)
	for prec := 1; prec <= 18; prec++ {
		if got, want := string(AppendSig(nil, x, prec)), sigSlow(x, prec); got != want {
			t.Errorf("AppendSig(%v, %d) = %q, want %q", strconv.FormatFloat(x, 'g', -1, 64), prec, got, want)
		}
		if got, want := string(AppendRounded(nil, x, prec)), roundedSlow(x, prec); got != want {
			t.Errorf("AppendRounded(%v, %d) = %q, want %q", strconv.FormatFloat(x, 'g', -1, 64), prec, got, want)
		}
	}
	if got, want := string(AppendSix(nil, x)), sixSlow(x); got != want {
		t.Errorf("AppendSix(%v) = %q, want %q", strconv.FormatFloat(x, 'g', -1, 64), got, want)
	}
	if got, want := string(AppendShortest(nil, x)), shortestSlow(x); got != want {
		t.Errorf("AppendShortest(%v) = %q, want %q", strconv.FormatFloat(x, 'g', -1, 64), got, want)
	}
}

func TestNumbers(t *testing.T) {
	for _, x := range numberSeeds {
		checkNumber(t, x)
		checkNumber(t, -x)
	}
	for e := -320; e <= 308; e++ {
		x, _ := strconv.ParseFloat("1e"+strconv.Itoa(e), 64)
		for _, y := range []float64{x, math.Nextafter(x, 0), math.Nextafter(x, 1e308), x * 5, x * 9.9999995} {
			if !math.IsInf(y, 0) {
				checkNumber(t, y)
			}
		}
	}
	for e := -1074; e <= 1023; e++ {
		x := math.Ldexp(1, e)
		checkNumber(t, x)
		checkNumber(t, math.Nextafter(x, 0))
		checkNumber(t, math.Nextafter(x, 1e308))
	}
}

// Numbers of every size and of every number of digits, the exact ties of
// rounding among them.
func TestNumbersAtRandom(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	n := 15000
	if testing.Short() {
		n = 3000
	}
	for range n {
		scale := math.Pow(10, float64(r.Intn(40)-15))
		checkNumber(t, r.Float64()*scale)
		checkNumber(t, math.Round(r.Float64()*1e6)/math.Pow(10, float64(r.Intn(12))))
		checkNumber(t, math.Ldexp(float64(r.Int63n(1<<uint(1+r.Intn(53)))), -r.Intn(70)))
		checkNumber(t, float64(r.Intn(2000))/8)
		if t.Failed() {
			return
		}
	}
}

// Nearly all numbers of usual size are written by the SixWriter.
func TestSixIsUsed(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	for _, scale := range []float64{1e-3, 1e-2, 1, 10, 1e5, -1} {
		s := NewSixWriter(6)
		var b [Room]byte
		left := 0
		for range 1000 {
			if s.Put(&b, scale*(1+r.Float64())) == 0 {
				left++
			}
		}
		if left > 2 {
			t.Errorf("%d of 1000 numbers like %v are left to others", left, scale)
		}
	}
}

func TestNumberText(t *testing.T) {
	for _, c := range []struct {
		x        float64
		six      string
		sig      string // to 3 digits, as people read it
		shortest string // JavaScript, exponents without padding
		rounded  string // to 3 digits
	}{
		{20.01, "20.01", "20", "20.01", "20"},
		{2.9916550603303182, "2.99166", "2.99", "2.9916550603303182", "2.99"},
		{1e6, "1000000", "1000000", "1000000", "1000000"},
		{1000001, "1000001", "1000000", "1000001", "1000000"},
		{1234567.5, "1234568", "1230000", "1234567.5", "1230000"},
		{999999.5, "1000000", "1000000", "999999.5", "1000000"},
		{-123456.7, "-123457", "-123000", "-123456.7", "-123000"},
		{1e15, "1000000000000000", "1e+15", "1000000000000000", "1000000000000000"},
		{9007199254740991, "9007199254740991", "9.01e+15", "9007199254740991", "9010000000000000"},
		{9007199254740992, "9.0072e+15", "9.01e+15", "9007199254740992", "9010000000000000"},
		{0.0001, "0.0001", "0.0001", "0.0001", "0.0001"},
		{-0.00001234, "-1.234e-05", "-1.23e-05", "-0.00001234", "-0.0000123"},
		{1e-7, "1e-07", "1e-07", "1e-7", "1e-7"},
		{1e21, "1e+21", "1e+21", "1e+21", "1e+21"},
		{123456789012345680000, "1.23457e+20", "1.23e+20", "123456789012345680000", "123000000000000000000"},
		{math.Copysign(0, -1), "0", "0", "0", "0"},
		{math.MaxFloat64, "1.79769e+308", "1.7976931348623157e+308", "1.7976931348623157e+308", "1.7976931348623157e+308"},
		{5e-324, "5e-324", "5e-324", "5e-324", "5e-324"},
	} {
		for _, f := range []struct{ name, got, want string }{
			{"AppendSix", string(AppendSix(nil, c.x)), c.six},
			{"AppendSig 3", string(AppendSig(nil, c.x, 3)), c.sig},
			{"AppendShortest", string(AppendShortest(nil, c.x)), c.shortest},
			{"AppendRounded 3", string(AppendRounded(nil, c.x, 3)), c.rounded},
		} {
			if f.got != f.want {
				t.Errorf("%s of %v is %q, want %q", f.name, c.x, f.got, f.want)
			}
		}
	}
}

func TestAppendCount(t *testing.T) {
	for x, want := range map[float64]string{0: "0", 7: "7", 50000000: "50000000", 1e15: "1000000000000000", 1e16: "10000000000000000"} {
		if got := string(AppendCount(nil, x)); got != want {
			t.Errorf("AppendCount(%v) = %q, want %q", x, got, want)
		}
	}
}

func FuzzRounded(f *testing.F) {
	for _, x := range numberSeeds {
		f.Add(math.Float64bits(x), 6)
	}
	f.Fuzz(func(t *testing.T, b uint64, prec int) {
		x := math.Float64frombits(b)
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return
		}
		prec = 1 + int(uint(prec)%18)
		if got, want := string(AppendSig(nil, x, prec)), sigSlow(x, prec); got != want {
			t.Errorf("AppendSig(%g, %d) = %q, want %q", x, prec, got, want)
		}
		checkNumber(t, x)
	})
}

func FuzzShortest(f *testing.F) {
	for _, x := range numberSeeds {
		f.Add(int64(x), int8(0))
		f.Add(int64(math.Float64bits(x)>>11), int8(-40))
	}
	f.Fuzz(func(t *testing.T, m int64, e int8) {
		checkNumber(t, math.Ldexp(float64(m), int(e)))
		checkNumber(t, float64(m)/math.Pow(10, math.Abs(float64(e))/8))
	})
}

func benchNumbers(digits int) []float64 {
	r := rand.New(rand.NewSource(1))
	xs := make([]float64, 4096)
	for i := range xs {
		xs[i] = r.Float64() * 100
		if digits > 0 {
			p := math.Pow(10, float64(digits))
			xs[i] = math.Round(xs[i]*p) / p
		}
	}
	return xs
}

func BenchmarkNumber(b *testing.B) {
	for _, c := range []struct {
		name   string
		digits int
		append func([]byte, float64) []byte
	}{
		{"write=sig6/in=17", 0, func(d []byte, x float64) []byte { return AppendSig(d, x, 6) }},
		{"write=sig6/in=2", 2, func(d []byte, x float64) []byte { return AppendSig(d, x, 6) }},
		{"write=six/in=17", 0, func(d []byte, x float64) []byte { return d[:six[5].Put((*[Room]byte)(d[:Room]), x)] }},
		{"write=sig9/in=17", 0, func(d []byte, x float64) []byte { return AppendSig(d, x, 9) }},
		{"write=rounded9/in=17", 0, func(d []byte, x float64) []byte { return AppendRounded(d, x, 9) }},
		{"write=shortest/in=17", 0, AppendShortest},
		{"write=shortest/in=6", 6, AppendShortest},
		{"write=shortest/in=2", 2, AppendShortest},
		{"write=strconv6/in=17", 0, func(d []byte, x float64) []byte { return strconv.AppendFloat(d, x, 'g', 6, 64) }},
		{"write=strconv/in=17", 0, func(d []byte, x float64) []byte { return strconv.AppendFloat(d, x, 'g', -1, 64) }},
		{"write=strconv/in=2", 2, func(d []byte, x float64) []byte { return strconv.AppendFloat(d, x, 'g', -1, 64) }},
	} {
		xs := benchNumbers(c.digits)
		b.Run(c.name, func(b *testing.B) {
			buf := make([]byte, 0, 64)
			for i := 0; i < b.N; i++ {
				buf = c.append(buf[:0], xs[i&4095])
			}
		})
	}
}
