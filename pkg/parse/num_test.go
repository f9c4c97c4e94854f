package parse

import (
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var numberForms = map[string]*regexp.Regexp{
	".": regexp.MustCompile(`^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$`),
	",": regexp.MustCompile(`^[-+]?([0-9]+,?[0-9]*|,[0-9]+)([eE][-+]?[0-9]+)?$`),
}

// slowNumber is what a text without blanks between its characters says, for
// the twins of the decoders.
func slowNumber(s string, sign string) (float64, bool) {
	s = strings.Trim(s, " \t\r\n")
	if !numberForms[sign].MatchString(s) || len(s) > 800 {
		return 0, false
	}
	x, err := strconv.ParseFloat(strings.Replace(s, sign, ".", 1), 64)
	return x, err == nil
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
	for _, s := range []string{"", "0", "-0", "+5", ".5", "5.", "1e5", "1E-5", "1e", " 7\t", "7 8", "NaN", "1,5", "--5", "01", "1e309", "5e-324", strings.Repeat("9", 20), "1\r", "\v1", "１"} {
		f.Add(s+"\n"+s, false, 3)
		f.Add(s+"\n"+s, true, 50)
	}
	f.Add("1\r\n2\n\n3\r\r\n4", false, 1000)
	f.Add("12.34\n56.78\n90.12\n3x.45\n67.8\n90.1\n1.23\n45678\n90123\n45.67\n-1.23\n", false, 1000)
	f.Add("1234,123456\n5678,567890\n9012,901234\n345678,9012\n12.4,567890\n", true, 20)
	f.Fuzz(func(t *testing.T, in string, comma bool, maxLine int) {
		if maxLine < 1 || strings.HasPrefix(in, "\xEF\xBB\xBF") || isPacked(in) {
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

// Lines of every shape, right and with one character changed to any other, are
// what strconv makes of them, or left to the loop over digits.
func TestShape(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	line := func(n, at int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = '0' + byte(r.IntN(10))
		}
		if at < n {
			b[at] = '.'
		}
		return append(b, "\n1234567890123456"[:1+r.IntN(17)]...)
	}
	for n := 2; n <= mostDigits; n++ {
		for at := range n + 1 { // n: without a point
			var s shape
			s.learn(line(n, at)[:n+1], '.', '\n')
			read := 0
			for range 500 {
				b := line(n, at)
				if r.IntN(2) == 0 {
					b[r.IntN(len(b))] = byte(r.Uint32())
				}
				text, _, _ := strings.Cut(string(b), "\n")
				want, err := strconv.ParseFloat(text, 64)
				x, size := s.number(b)
				if size == 0 {
					continue
				}
				read++
				if err != nil || x != want || size != n+1 {
					t.Fatalf("%q is %v of %d bytes, want %v of %d", b, x, size, want, n+1)
				}
			}
			if n >= 8 && read < 200 {
				t.Errorf("only %d lines of %d characters with a point at %d were read", read, n, at)
			}
		}
	}
}

// What is no shape is not learned, and forgets what was.
func TestShapeRefuses(t *testing.T) {
	var s shape
	for _, line := range []string{"\n", "1\r\n", "-1\n", "1.2.3\n", "1e5\n", " 1\n", "1234567890123456\n", "x\n", "1,5\n"} {
		s.learn([]byte("12.5\n"), '.', '\n')
		if s.learn([]byte(line), '.', '\n'); s.size != 0 {
			t.Errorf("%q is a shape", line)
		}
	}
}

// The shape of most lines stays though others come between, two in a row bring
// another, and ragged lines soon pay for no learning, until they are regular.
func TestUsual(t *testing.T) {
	var u usual
	learned := 0
	read := func(lines ...string) {
		for _, line := range lines {
			before := u.shape
			if _, size := u.number([]byte(line + "\n12345678")); size == 0 {
				u.miss([]byte(line+"\n"), '.', '\n')
			}
			if u.shape != before {
				learned++
			}
		}
	}
	for range 100 {
		read("12.34", "56.78", "9.1")
	}
	if learned != 1 || u.shape.size != len("12.34\n") {
		t.Errorf("one exception in three: learned %d times, shape %+v", learned, u.shape)
	}
	read("123.4567", "123.4567")
	if learned != 2 || u.shape.size != len("123.4567\n") {
		t.Errorf("two others in a row: learned %d times, shape %+v", learned, u.shape)
	}
	learned = 0
	for i := range 4000 {
		read("1234567.8"[i*i%7:])
	}
	if learned > 40 {
		t.Errorf("4000 ragged lines: learned %d times", learned)
	}
	for range maxOthers + 1 {
		read("99.999")
	}
	if u.shape.size != len("99.999\n") {
		t.Errorf("regular again: shape %+v", u.shape)
	}
}
