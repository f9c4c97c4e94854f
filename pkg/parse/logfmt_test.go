package parse

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/go-logfmt/logfmt"
)

func TestLogfmt(t *testing.T) {
	keyed := Config{Fields: []string{"x"}, Keys: []string{"k"}}
	testFormat(t, "logfmt", []formatCase{
		{"numbers of the first good line are measured", Config{}, []string{"msg=hi a=1 b=\"2\" c=x\nb=3\n"}, "1: 1 2\n2: NaN 3\n"},
		{"key and time are not measured", Config{Keys: []string{"k"}, Time: "t"}, []string{"t=1 k=2 x=3\n"}, "1: @1000000000 [2] 3\n"},
		{"key", keyed, []string{"k=a x=1\nk=\"b c\" x=2\nk=\"q\\\"\\u00e9\\t\" x=3\n"}, "1: [a] 1\n2: [b c] 2\n3: [q\"é\t] 3\n"},
		{"nothing behind a name", keyed, []string{"k x=1\nk= x=2\nk=\"\" x=3\nk=a x=\nk=a x\nk=a x=\"\"\n"},
			"1: missing-key \"k\"\n2: missing-key \"k\"\n3: [] 3\n4: missing-field \"x\"\n5: missing-field \"x\"\n6: missing-field \"x\"\n"},
		{"no types", Config{Fields: []string{"x"}}, []string{"x=\"21.5\"\nx=\" 7 \"\nx=1e3\nx=5C\n"}, "1: 21.5\n2: 7\n3: 1000\n4: not-a-number \"5C\"\n"},
		{"one bad value", Config{Fields: []string{"x", "y"}}, []string{"x=a y=1\n"}, "1: NaN 1\n1: not-a-number \"a\" (value)\n"},
		{"not a record", keyed, []string{"=1\nk=a x=1=2\nk=\"a x=1\nk\"=a\nk=a\"b x=1\nk=a x=1\n"},
			"1: not-a-record \"=1\"\n2: not-a-number \"1=2\"\n3: not-a-record \"k=\\\"a x=1\"\n4: not-a-record \"k\\\"=a\"\n" +
				"5: [a\"b] 1\n6: [a] 1\n"},
		{"nor these", keyed, []string{"k=\"\\x\" x=1\n\xff=1\nk=a x=1\n"}, "1: not-a-record \"k=\\\"\\\\x\\\" x=1\"\n2: not-a-record \"\\xff=1\"\n3: [a] 1\n"},
		{"names are flat", Config{Fields: []string{"env.temp"}}, []string{"env.temp=1\n"}, "1: 1\n"},
		{"twice", keyed, []string{"k=a x=1 x=2\nk=a k=a x=1\nk=a x=1 y=1 y=2\nk=a x x=1\n"},
			"1: duplicate-field \"x\"\n2: duplicate-field \"k\"\n3: [a] 1\n4: duplicate-field \"x\"\n"},
		{"broken keys", keyed, []string{"k=\xff x=1\nk=\"\xff\" x=2\nk=\"a\\n\xff\" x=3\nk=\"\\ud800\" x=4\nk=\"\\ud83d\\ude00\" x=5\nk=\ufffd x=6\n"},
			"1: bad-key \"\\xff\"\n2: bad-key \"\\xff\"\n3: bad-key \"a\\n\ufffd\"\n4: bad-key \"\ufffd\"\n5: [😀] 5\n6: [\ufffd] 6\n"},
		{"time", Config{Fields: []string{"x"}, Time: "t"}, []string{"t=1970-01-01T00:00:01Z x=1\nt=\"1970-01-01 00:00:02\" x=2\nx=3\nt= x=4\nt=z x=5\n"},
			"1: @1000000000 1\n2: @2000000000 2\n3: bad-time\n4: bad-time\n5: bad-time \"z\"\n"},
		{"blanks", Config{Fields: []string{"x"}}, []string{"  a=1\t x=2  \r\n\n\x01\n"}, "1: 2\n3: not-a-record \"\\x01\"\n"},
		{"records that end in NUL", Config{NUL: true, Fields: []string{"x"}}, []string{"a=1\nx=2\x00a=\"1\"\n\nx=3\x00a=\"1\nx\"=4\x00x=5"},
			"1: 2\n2: 3\n3: not-a-record \"a=\\\"1\\nx\\\"=4\"\n4: 5\n"},
		{"a NUL is a blank where a name without a value stood", keyed, []string{"a b x=1 k=c\nq\x00x=5 k=d more bytes\n"}, "1: [c] 1\n2: [d] 5\n"},
		{"many names", Config{Fields: strings.Split("a b c d e f g h i j", " ")}, []string{"j=10 q=7 a=1\n"}, "1: 1 NaN NaN NaN NaN NaN NaN NaN NaN 10\n"},
	})
}

// slowLogfmt is the slow twin of a logfmtDecoder: what go-logfmt makes of a line.
type slowLogfmt struct{ slots *slots }

func (d slowLogfmt) fields([]byte, func([]byte, bool)) {}

func (d slowLogfmt) decode(r *record, line []byte) {
	d.slots.begin()
	dec := logfmt.NewDecoderSize(bytes.NewReader(line), len(line)+16)
	n := 0
	for dec.ScanRecord() {
		for ; dec.ScanKeyval(); n++ {
			if p := d.slots.take(r, dec.Key()); p != nil {
				r.put(p, dec.Value(), untyped)
			}
		}
	}
	if dec.Err() != nil || n == 0 {
		r.fail(NotRecord, line)
	}
}

var (
	looseValue = regexp.MustCompile(`=[^" ]+"|=[^" ]*=`) // go-logfmt refuses it
	emptyValue = regexp.MustCompile(`=""`)               // go-logfmt does not tell it from none
	brokenText = regexp.MustCompile(`bad-key ".*"|\[[^\]]*\x{fffd}[^\]]*\]`)
)

func FuzzLogfmt(f *testing.F) {
	for _, s := range []string{"", "k", "k=", "k=1", "k=1 x=2", `k="x y" x`, `x="\n" k=1`, `k="`, "=", "k==", "\xff=1 k=2", "é=\xff", "\ufffd=1", "k\x00b=1 x=5", "k=\"\x01\"", "k=1\r", "k=\x7f", `k="\ud800"`, "k=1 x=1e5 t=7"} {
		f.Add(s, `k="1" x=5`)
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		in := strings.Join([]string{first, second, first, first + "\r", second, second}, "\n")
		if looseValue.MatchString(in) || emptyValue.MatchString(in) || len(first+second) > maxKey {
			return
		}
		c := Config{Format: "logfmt", Keys: []string{"k"}, Fields: []string{"x"}, Texts: []string{"t", "x"}}
		got := brokenText.ReplaceAllString(jsonBatch(t, c, in, newLogfmt), "?")
		want := brokenText.ReplaceAllString(jsonBatch(t, c, in, func(s *Schema) decoder { return slowLogfmt{newSlots(s)} }), "?")
		if !strings.Contains(got, "?") && got != want {
			t.Errorf("batch of %q:\n got %s\nwant %s", in, got, want)
		}
	})
}

// FuzzLogfmtRecord proves that what is written is read back, whatever is in it.
func FuzzLogfmtRecord(f *testing.F) {
	f.Add("k", 1.5)
	f.Add("a \"quoted\"=\n key", -1e300)
	f.Fuzz(func(t *testing.T, key string, x float64) {
		line, err := logfmt.MarshalKeyvals("x", x, "k", key)
		if err != nil || x != x || x-x != 0 || len(key) > maxKey || key == "" || strings.ToValidUTF8(key, "") != key {
			return
		}
		got := parseAll(t, Config{Format: "logfmt", Keys: []string{"k"}, Fields: []string{"x"}}, 0, string(line))
		if want := fmt.Sprintf("1: [%s] %v\n", key, x); got != want {
			t.Errorf("read back %q of %q, want %q", got, line, want)
		}
	})
}

func BenchmarkLogfmt(b *testing.B) {
	c := Config{Format: "logfmt", Keys: []string{"sensor"}, Fields: []string{"temp"}, Time: "time"}
	for _, quote := range []string{"", `"`} {
		b.Run(fmt.Sprintf("pairs=6/quotes=%t", quote != ""), func(b *testing.B) {
			benchParse(b, c, linesOf(2000, func(r *rand.Rand, i int) string {
				return fmt.Sprintf("time=%d.%03d sensor=%ss%03d%s temp=%.2f hum=%.1f status=ok seq=%d",
					1777636803+i/10, i%10*100, quote, r.IntN(100), quote, r.Float64()*100, r.Float64()*100, i)
			}))
		})
	}
}
