package parse

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTSV(t *testing.T) {
	keyed := Config{Fields: []string{"x"}, Keys: []string{"k"}}
	testFormat(t, "tsv", []formatCase{
		{"numbers of the first good row are measured", Config{}, []string{"a\tb\tc\n1\tx\t2\n\t\t3\n"}, "2: 1 2\n3: NaN 3\n"},
		{"escapes", keyed, []string{"k\tx\na\\tb\\\\c\\nd\\re\t1\n"}, "2: [a\tb\\c\nd\re] 1\n"},
		{"other backslashes are themselves", keyed, []string{"k\tx\n\\x\\\t1\n\\N\t2\n"}, "2: [\\x\\] 1\n3: [\\N] 2\n"},
		{"so are quotes", keyed, []string{"k\tx\n\"a\"\"\t1\n\"\t2\n"}, "2: [\"a\"\"] 1\n3: [\"] 2\n"},
		{"empty cells", keyed, []string{"k\tx\n\t1\na\t\n"}, "2: missing-key \"k\"\n3: missing-field \"x\"\n"},
		{"too few and too many cells", keyed, []string{"k\tx\na\nb\t1\t2\nc\t3\n"}, "2: missing-field \"x\"\n3: not-a-record \"b\\t1\\t2\"\n4: [c] 3\n"},
		{"escapes and CR in the header", Config{Fields: []string{"a\tb"}}, []string{"a\\tb\tc\r\n1\t2\r\n"}, "2: 1\n"},
		{"decimal comma", Config{Decimal: ',', Fields: []string{"x"}}, []string{"x\ty\n1,5\t2\n"}, "2: 1.5\n"},
		{"bad key", keyed, []string{"k\tx\n\xff\\t\t1\n"}, "2: bad-key \"\\xff\\t\"\n"},
		{"field missing", keyed, []string{"k\ty\n"}, "error: no column \"x\" in the header (it has \"k\", \"y\")\n"},
		{"used twice", keyed, []string{"k\tx\tk\n"}, "error: two columns of the header are named \"k\" (rename one, or do without them)\n"},
		{"time", Config{Fields: []string{"x"}, Time: "t"}, []string{"t\tx\n1970-01-01T00:00:01Z\t1\n"}, "2: @1000000000 1\n"},
	})
}

func TestTSVTooManyColumns(t *testing.T) {
	want := "error: the header cannot be read: a quote is out of place or there are more than 65536 columns\n"
	if got := parseAll(t, Config{Format: "tsv"}, 0, strings.Repeat("a\t", maxColumns)+"\n"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

var escapeTSV = strings.NewReplacer("\\", `\\`, "\t", `\t`, "\n", `\n`, "\r", `\r`)

// FuzzTSV proves that a cell that is written is read back, whatever is in it,
// and that no line is a surprise.
func FuzzTSV(f *testing.F) {
	for _, s := range []string{"a", "", "a\tb", `\`, `\\`, `\t`, "\n\r\\n", "\xff", `"`, "x\\"} {
		f.Add([]byte(s), "s")
	}
	f.Fuzz(func(t *testing.T, line []byte, cell string) {
		s, err := NewSchema(Config{Format: "tsv"})
		if err != nil {
			t.Fatal(err)
		}
		d := newTSV(s).(*table)
		in := strings.Trim(string(line), " \r\n")
		cells, ok := d.split([]byte(in))
		if n := strings.Count(in, "\t") + 1; !strings.Contains(in, "\n") && (!ok || n != len(cells)) {
			t.Errorf("%q has %d cells, %v, want %d", in, len(cells), ok, n)
		}
		d.split([]byte(escapeTSV.Replace(cell) + "\t" + escapeTSV.Replace(in)))
		head := []byte("k\tx\n")
		row := escapeTSV.Replace(cell) + "\t1\n"
		want := fmt.Sprintf("2: [%s] 1\n", cell)
		if cell == "" || len(cell) > maxKey || !utf8.ValidString(cell) || strings.ContainsAny(cell, "\x00") {
			return
		}
		if got := parseAll(t, Config{Format: "tsv", Keys: []string{"k"}, Fields: []string{"x"}}, 0, string(head)+row); got != want {
			t.Errorf("read back %q, want %q", got, want)
		}
	})
}

func BenchmarkTSV(b *testing.B) {
	c := Config{Format: "tsv", Keys: []string{"sensor"}, Fields: []string{"temp"}, Time: "time"}
	for _, escape := range []string{"", `\n`} {
		b.Run(fmt.Sprintf("columns=6/escapes=%t", escape != ""), func(b *testing.B) {
			benchParse(b, c, append([]byte("time\tsensor\ttemp\thum\tstatus\tseq\n"), linesOf(2000, func(r *rand.Rand, i int) string {
				return fmt.Sprintf("%d.%03d\ts%03d%s\t%.2f\t%.1f\tok\t%d", 1777636803+i/10, i%10*100, r.IntN(100), escape, r.Float64()*100, r.Float64()*100, i)
			})...))
		})
	}
}
