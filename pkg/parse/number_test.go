package parse

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// slowNumber is parseNumberDecimal by the words of its promise.
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

// slowJSONNumber is parseJSONNumber by the grammar of RFC 8259.
func slowJSONNumber(s string) (float64, bool) {
	if !regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`).MatchString(s) || len(s) > 800 {
		return 0, false
	}
	x, err := strconv.ParseFloat(s, 64)
	return x, err == nil
}

var numberSeeds = []string{
	"", "0", "-0", "+5", ".5", "5.", "-.5", "+.5e-3", ".", "-", "+", "e5", "1e", "1e+", "1e5", "1E-5", " 7\t", "7 8",
	"NaN", "Inf", "-inf", "infinity", "0x10", "1_000", "1,5", "1.5.", "1..5", "--5", "1e5.0", "01", "-01", "00.5",
	"9007199254740992", "9007199254740993", "9007199254740993.0", "18446744073709551615", "18446744073709551616",
	"1e22", "1e23", "123456789e22", "9007199254740991e22", "0.1", "0.3", "2.2250738585072011e-308", "5e-324", "2e-324",
	"1e308", "1.7976931348623157e308", "1.7976931348623159e308", "1e309", "-1e309", "1e-400", "1e99999999999999999999", "0e99999999999999999999",
	"1e-99999999999999999999", "6.02214076e23", "123456789012345678901234567890", "0.000000000000000000000000000001",
	"179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017977587207096330286416692887910946555547851940402630657488671505820681908902000708383676273854845817711531764475730270069855571366959622842914819860834936475292719074168444365510704342711559699508093042880",
	strings.Repeat("1", 308) + "." + strings.Repeat("0", 491), strings.Repeat("0", 801), "0." + strings.Repeat("3", 798),
	"0." + strings.Repeat("0", 700) + "1e710", strings.Repeat("9", 19), strings.Repeat("9", 20), "1\r", "\n1", "\v1", "1\u00a0", "１",
}

func FuzzNumber(f *testing.F) {
	for _, s := range numberSeeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, sign := range []string{".", ","} {
			got, ok := parseNumberDecimal([]byte(s), sign[0])
			want, wantOK := slowNumber(s, sign)
			checkNumber(t, s, got, ok, want, wantOK)
		}
		got, ok := parseJSONNumber([]byte(s))
		want, wantOK := slowJSONNumber(s)
		checkNumber(t, s, got, ok, want, wantOK)
	})
}

func checkNumber(t *testing.T, s string, got float64, ok bool, want float64, wantOK bool) {
	t.Helper()
	if ok != wantOK || ok && math.Float64bits(got) != math.Float64bits(want) {
		t.Errorf("number %q = %v, %v, want %v, %v", s, got, ok, want, wantOK)
	}
}

func TestNumberLongest(t *testing.T) {
	in := "1." + strings.Repeat("5", maxNumberLen-2)
	if _, ok := parseNumber([]byte("  " + in + "\t")); !ok {
		t.Error("800 characters between blanks are no number")
	}
	if _, ok := parseNumber([]byte(in + "5")); ok {
		t.Error("801 characters are a number")
	}
}

// slowNums is what plain numbers are by splitting and slowNumber.
func slowNums(in, sign string, maxLine int) string {
	var out strings.Builder
	for i, line := range strings.SplitAfter(in, "\n") {
		if line == "" {
			break
		}
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		n := strconv.Itoa(i + 1)
		x, ok := slowNumber(line, sign)
		switch {
		case len(line) > maxLine:
			out.WriteString(n + ": too-long\n")
		case strings.Trim(line, " \t\r") == "":
		case ok:
			out.WriteString(n + ": " + strconv.FormatFloat(x, 'g', -1, 64) + "\n")
		default:
			out.WriteString(n + ": not-a-number\n")
		}
	}
	return out.String()
}

var quoted = regexp.MustCompile(`(?m) ".*"$`)

func FuzzNum(f *testing.F) {
	for _, s := range numberSeeds {
		f.Add(s+"\n", false, 3)
	}
	f.Add(strings.Join(numberSeeds, "\n"), true, 50)
	f.Add("1\r\n2\n\n3\r\r\n4", false, 1000)
	f.Add("12.34\n56.78\n90.12\n3x.45\n67.8\n90.1\n1.23\n45678\n90123\n45.67\n-1.23\n", false, 1000)
	f.Add("1234,123456\n5678,567890\n9012,901234\n345678,9012\n12.4,567890\n", true, 20)
	f.Fuzz(func(t *testing.T, in string, comma bool, maxLine int) {
		if maxLine < 1 || strings.HasPrefix(in, "\xEF\xBB\xBF") {
			return
		}
		c, sign := Config{Format: "num", MaxLine: maxLine}, "."
		if comma {
			c.Decimal, sign = ',', ","
		}
		got := quoted.ReplaceAllString(parseAll(t, c, 0, in), "")
		got = strings.ReplaceAll(got, ": +", ": ")
		if want := slowNums(in, sign, maxLine); got != want {
			t.Errorf("numbers of %q:\n got %q\nwant %q", in, got, want)
		}
	})
}

func TestNumberAllocs(t *testing.T) {
	for _, in := range []string{"21.5", "0.8444218515250481", "-1.23456789012345678901234567890123456789e-5", "x"} {
		b := []byte(in)
		if n := testing.AllocsPerRun(100, func() { parseNumber(b) }); n > 0 {
			t.Errorf("%v allocations for %s, want 0", n, in)
		}
	}
}
