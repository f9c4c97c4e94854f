package num

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// slowNumber is Parse by the words of its promise.
func slowNumber(s string, sign string) (float64, bool) {
	s = strings.Trim(s, " \t\r\n")
	form := regexp.MustCompile(`^[-+]?([0-9]+D?[0-9]*|D[0-9]+)([eE][-+]?[0-9]+)?$`)
	form = regexp.MustCompile(strings.ReplaceAll(form.String(), "D", regexp.QuoteMeta(sign)))
	if !form.MatchString(s) || len(s) > 800 {
		return 0, false
	}
	x, err := strconv.ParseFloat(strings.Replace(s, sign, ".", 1), 64)
	return x, err == nil
}

// slowJSONNumber is ParseJSON by the grammar of RFC 8259.
func slowJSONNumber(s string) (float64, bool) {
	if s == "" || jsonNumber.FindString(s) != s || len(s) > 800 {
		return 0, false
	}
	x, err := strconv.ParseFloat(s, 64)
	return x, err == nil
}

var readSeeds = []string{
	"", "0", "-0", "+5", ".5", "5.", "-.5", "+.5e-3", ".", "-", "+", "e5", "1e", "1e+", "1e5", "1E-5", " 7\t", "7 8",
	"NaN", "Inf", "-inf", "infinity", "0x10", "1_000", "1,5", "1.5.", "1..5", "--5", "1e5.0", "01", "-01", "00.5",
	"9007199254740992", "9007199254740993", "9007199254740993.0", "18446744073709551615", "18446744073709551616",
	"1e22", "1e23", "123456789e22", "9007199254740991e22", "0.1", "0.3", "2.2250738585072011e-308", "5e-324", "2e-324",
	"1e308", "1.7976931348623157e308", "1.7976931348623159e308", "1e309", "-1e309", "1e-400", "1e99999999999999999999", "0e99999999999999999999",
	"1e-99999999999999999999", "6.02214076e23", "123456789012345678901234567890", "0.000000000000000000000000000001",
	"179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017977587207096330286416692887910946555547851940402630657488671505820681908902000708383676273854845817711531764475730270069855571366959622842914819860834936475292719074168444365510704342711559699508093042880",
	strings.Repeat("1", 308) + "." + strings.Repeat("0", 491), strings.Repeat("0", 801), "0." + strings.Repeat("3", 798),
	"0." + strings.Repeat("0", 700) + "1e710", strings.Repeat("9", 19), strings.Repeat("9", 20), "00000001", "-1234.567", "123.4567", "-", "1\r", "\n1", "\v1", "1\u00a0", "１",
}

func FuzzRead(f *testing.F) {
	for _, s := range readSeeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, sign := range []string{".", ","} {
			got, ok := Parse([]byte(s), sign[0])
			want, wantOK := slowNumber(s, sign)
			checkRead(t, s, got, ok, want, wantOK)
		}
		got, ok := ParseJSON([]byte(s))
		want, wantOK := slowJSONNumber(s)
		checkRead(t, s, got, ok, want, wantOK)
		checkBefore(t, s)
	})
}

// checkBefore holds that a number is the same whatever stands behind it, which
// is looked at together with its last digits.
func checkBefore(t *testing.T, s string) {
	t.Helper()
	for _, sign := range []byte{'.', ','} {
		x, n := Prefix([]byte(s), sign)
		for _, behind := range []string{"x", ":\xff9.9,9", ":       9", "\n1.5,5\n77777777"} {
			if got, size := Prefix([]byte(s+behind), sign); size != n || got != x {
				t.Errorf("number before %q in %q = %v of %d bytes, want %v of %d", behind, s, got, size, x, n)
			}
		}
	}
	for _, sign := range []byte{'.', ','} {
		x, n := Prefix([]byte(s), sign)
		for _, before := range []string{"", "1.5,", "-9999999,9.99"} {
			if got, ok := Cell([]byte(before+s+",1"), len(before), len(before)+len(s), sign); ok != (n == len(s) && n > 0) || ok && (got != x || math.Signbit(got) != math.Signbit(x)) {
				t.Errorf("cell %q after %q = %v, %v, want %v", s, before, got, ok, x)
			}
		}
	}
	if got, want := SkipDigits([]byte("ab"+s), 2), 2+len(s)-len(strings.TrimLeft(s, "0123456789")); got != want {
		t.Errorf("digits of %q end at %d, want %d", s, got-2, want-2)
	}
	x, n := PrefixJSON([]byte(s))
	skipped := skipJSON([]byte(s), 0)
	if _, ok := slowJSONNumber(s); ok && skipped != len(s) || skipped > 0 && skipped <= MaxLen && skipped != len(jsonNumber.FindString(s)) {
		t.Errorf("number of %d bytes in %q", skipped, s)
	}
	for _, behind := range []string{"", "x", ":\xff9.9", ":       9", "\n1.5\n777777777777"} {
		if got, size := PrefixJSON([]byte(s + behind)); size != n || got != x {
			t.Errorf("JSON number before %q in %q = %v of %d bytes, want %v of %d", behind, s, got, size, x, n)
		}
		if got := SkipJSON([]byte("ab"+s+behind), 2); got != 2+skipped {
			t.Errorf("number before %q in %q has %d bytes, want %d", behind, s, got-2, skipped)
		}
	}
}

var jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?`)

func checkRead(t *testing.T, s string, got float64, ok bool, want float64, wantOK bool) {
	t.Helper()
	if ok != wantOK || ok && math.Float64bits(got) != math.Float64bits(want) {
		t.Errorf("number %q = %v, %v, want %v, %v", s, got, ok, want, wantOK)
	}
}

func TestNumberLongest(t *testing.T) {
	in := "1." + strings.Repeat("5", MaxLen-2)
	if _, ok := Parse([]byte("  "+in+"\t"), '.'); !ok {
		t.Error("800 characters between blanks are no number")
	}
	if _, ok := Parse([]byte(in+"5"), '.'); ok {
		t.Error("801 characters are a number")
	}
}

func TestReadAllocs(t *testing.T) {
	for _, in := range []string{"21.5", "0.8444218515250481", "-1.23456789012345678901234567890123456789e-5", "x"} {
		b := []byte(in)
		if n := testing.AllocsPerRun(100, func() { Parse(b, '.') }); n > 0 {
			t.Errorf("%v allocations for %s, want 0", n, in)
		}
	}
}
