package cmd

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"rtda/pkg/clock"
	"rtda/pkg/run"
	"rtda/pkg/text"
)

func TestParseSize(t *testing.T) {
	for _, c := range []struct {
		in   string
		want int // 0: refused
	}{
		{"1", 1}, {"4096", 4096}, {"4096B", 4096}, {"64k", 65536}, {"64K", 65536}, {"64KiB", 65536}, {"64kB", 64000},
		{"1MiB", 1 << 20}, {"1M", 1 << 20}, {"2MB", 2e6}, {"1GiB", 1 << 30}, {"1G", 1 << 30}, {"1GB", 1e9},
		{"0", 0}, {"", 0}, {"k", 0}, {"-1", 0}, {"+1", 0}, {"1.5M", 0}, {"2GiB", 0}, {"1073741825", 0}, {"1 k", 0}, {"1kk", 0},
		{"99999999999999999999", 0}, {"1TiB", 0},
	} {
		got, err := parseSize(c.in)
		if got != c.want || (err == nil) != (c.want > 0) {
			t.Errorf("parseSize(%q) = %d, %v, want %d", c.in, got, err, c.want)
		}
	}
}

func TestParseRate(t *testing.T) {
	for _, c := range []struct {
		in       string
		num, den uint64 // 0: refused
	}{
		{"100", 100, 1}, {"0.5", 5, 10}, {"44100", 44100, 1}, {"1/60", 1, 60}, {"5.", 5, 1}, {"123456.789", 123456789, 1000},
		{"", 0, 0}, {"0", 0, 0}, {"0.0", 0, 0}, {".5", 0, 0}, {"-1", 0, 0}, {"1e3", 0, 0}, {"1/0", 0, 0}, {"1/2/3", 0, 0}, {"1.2.3", 0, 0},
		{"1.5/2", 0, 0}, {"0.12345678901", 0, 0}, {"12345678901", 0, 0}, {"/", 0, 0}, {".", 0, 0},
	} {
		got, err := parseRate(c.in)
		if got != (clock.Rate{Num: c.num, Den: c.den}) || (err == nil) != (c.num > 0) {
			t.Errorf("parseRate(%q) = %v, %v, want %d/%d", c.in, got, err, c.num, c.den)
		}
	}
}

func TestParseLate(t *testing.T) {
	for in, want := range map[string]time.Duration{"0": 0, "0s": 0, "5s": 5 * time.Second, "1d": 24 * time.Hour, "x": -1, "5": -1, "-5s": -1} {
		got, err := parseLate(in)
		if (err == nil) != (want >= 0) || err == nil && got != want {
			t.Errorf("parseLate(%q) = %v, %v, want %v", in, got, err, want)
		}
	}
}

func TestSplitList(t *testing.T) {
	for _, c := range []struct {
		in   string
		want []string // nil: refused
	}{
		{"a", []string{"a"}},
		{"a,b", []string{"a", "b"}},
		{" a\t, b ", []string{"a", "b"}},
		{`"a,b" , c`, []string{"a,b", "c"}},
		{`" a"`, []string{" a"}},
		{`"a""b"`, []string{`a"b`}},
		{`a"b`, []string{`a"b`}},
		{"a b", []string{"a b"}},
		{"", nil}, {",", nil}, {"a,", nil}, {",a", nil}, {"a,,b", nil}, {" ", nil},
		{`"a`, nil}, {`"a"b`, nil}, {`""`, nil}, {`"a""`, nil},
	} {
		got, err := splitList(c.in)
		if !slices.Equal(got, c.want) || (err == nil) != (c.want != nil) {
			t.Errorf("splitList(%q) = %q, %v, want %q", c.in, got, err, c.want)
		}
	}
}

func TestQuote(t *testing.T) {
	for in, want := range map[string]string{
		"a":                              `"a"`,
		"a\nb\x1b[31m":                   `"a\nb\x1b[31m"`,
		"\u202egpj":                      `"\u202egpj"`,
		strings.Repeat("x", 80):          `"` + strings.Repeat("x", 80) + `"`,
		strings.Repeat("x", 79) + "é123": `"` + strings.Repeat("x", 79) + `…"`,
	} {
		if got := text.Quote(in); got != want {
			t.Errorf("text.Quote(%q) = %s, want %s", in, got, want)
		}
	}
}

// FuzzFlags gives every flag any value: it is taken or refused with one short,
// clean line that names the flag, and taken in the same way twice.
func FuzzFlags(f *testing.F) {
	for i, row := range newOptions().flags {
		for _, value := range []string{row.Default, "", "0", "-1", "a,b", "1m", "all", "full", "1/60", "64k", `"a:b":ms`, "ts:%H:%M", "\x00", "9223372036854775808", "true", "x\n\x1b"} {
			f.Add(uint8(i), value)
		}
		if row.words != nil {
			for _, word := range row.words() {
				f.Add(uint8(i), word)
			}
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, value string) {
		flags := newOptions().flags
		flag := &flags[int(which)%len(flags)]
		err := flag.set(value)
		if again := newOptions().flags[int(which)%len(flags)].set(value); (err == nil) != (again == nil) {
			t.Fatalf("--%s %q: %v, then %v", flag.Name, value, err, again)
		}
		if err == nil {
			return
		}
		var bad *badValue
		text := (&flagError{flag.Name, err}).Error()
		switch {
		case !errors.As(err, &bad):
			t.Fatalf("--%s %q: an error of another kind: %v", flag.Name, value, err)
		case strings.ContainsAny(text, "\n\r\x1b"), !utf8.ValidString(text), len(text) > 700:
			t.Fatalf("--%s %q: not a short clean line: %q", flag.Name, value, text)
		}
	})
}

// FuzzArguments gives the command any two arguments: it never panics, and what
// it complains of is status 2.
func FuzzArguments(f *testing.F) {
	for _, args := range [][2]string{{"-w", "5"}, {"--window=", ""}, {"-qqq", "--"}, {"-", "-"}, {"--=", "-=x"}, {"man", "--markdown"}, {"help", "man"}, {"-wt", "ts:"}, {"completion", "bash"}} {
		f.Add(args[0], args[1])
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		if first == "simulate" || strings.HasPrefix(first, "-R") || strings.HasPrefix(first, "--rules") {
			return // would make a stream, or read any file
		}
		got := runShell(first, second)
		if (got.status == 0) != (got.stderr == "") || got.status != 0 && got.status != run.StatusUsage {
			t.Fatalf("rtda %q %q: status %d, stderr %q", first, second, got.status, got.stderr)
		}
		if got.status != 0 && !strings.HasPrefix(got.stderr, "rtda: ") && !strings.Contains(got.stderr, "I! ") && !strings.Contains(got.stderr, "E! ") {
			t.Fatalf("rtda %q %q: stderr %q", first, second, got.stderr)
		}
	})
}
