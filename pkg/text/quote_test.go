package text

import (
	"io"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCut(t *testing.T) {
	a := strings.Repeat("a", 77)
	for _, c := range []struct{ name, in, want string }{
		{"short", "abc", "abc"},
		{"80 bytes", a + "aaa", a + "aaa"},
		{"81 bytes", a + "aaaa", a + "aaa"},
		{"a character goes over the end", a + "a€", a + "a"},
		{"one by its last byte", a + "😀b", a},
		{"one ends there", a + "€b", a + "€"},
		{"invalid bytes", a + "\x80\x80\x80\x80\x80", a + "\x80\x80\x80"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := string(Cut([]byte(c.in), 80)); got != c.want || Cut(c.in, 80) != got {
				t.Errorf("%q is cut to %q, want %q", c.in, got, c.want)
			}
		})
	}
}

// appendSlow is Escaper.Append character by character.
func (e *Escaper) appendSlow(s string) string {
	var b strings.Builder
	for in := strings.NewReader(s); ; {
		r, n, err := in.ReadRune()
		switch {
		case err == io.EOF:
			return b.String()
		case r == utf8.RuneError && n == 1 && e.invalid == "":
			b.WriteString(strings.Trim(strconv.QuoteToASCII(s[len(s)-in.Len()-1:len(s)-in.Len()]), `"`))
		case r == utf8.RuneError && n == 1:
			b.WriteString(e.invalid)
		case r == '\\' && in.Len() == 0 && strings.Contains(e.ambiguous, "\x00"),
			r == '\\' && in.Len() > 0 && strings.IndexByte(e.ambiguous, s[len(s)-in.Len()]) >= 0:
			b.WriteString(e.unicode + "005c")
		case r < utf8.RuneSelf && e.ascii[r] != 0:
			b.WriteString(e.texts[e.ascii[r]])
		case Unsafe(r):
			hex := strconv.FormatInt(int64(r), 16)
			b.WriteString(e.unicode + strings.Repeat("0", 4-len(hex)) + hex)
		default:
			b.WriteRune(r)
		}
	}
}

func FuzzEscape(f *testing.F) {
	for _, s := range []string{"", "s3", "a b", `a"b`, `a\b\`, `\u001b \n\`, "a\nb\tc\rd\\", "\x1b[2J\x00\x7f", "\u009b\u202e\u2066", "a\xffb", "\uFFFDé𝄞"} {
		f.Add(s)
	}
	all := []*Escaper{
		jsonEscapes, quoteEscapes, plainEscapes,
		NewEscaper(`\`, map[byte]string{'"': `""`}, "nrtu"),
		NewEscaper(`\\`, map[byte]string{'\\': `\\`, '\n': `\n`}, "rtu"),
		NewEscaper(`\`, map[byte]string{',': `\,`}, "nrtu, \x00"),
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, e := range all {
			got := string(e.Append(nil, s))
			if want := e.appendSlow(s); got != want {
				t.Errorf("%q is %q, want %q", s, got, want)
			}
			for _, r := range got {
				if Unsafe(r) {
					t.Errorf("%q has a raw %U", got, r)
				}
			}
		}
	})
}
