package parse

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// A formatCase is an input and the dump of what is read from it.
type formatCase struct {
	name string
	c    Config
	in   []string // of each Origin
	want string
}

func testFormat(t *testing.T, format string, cases []formatCase) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			c.c.Format = format
			for _, size := range []int{1, 0} {
				if got := parseAll(t, c.c, size, c.in...); got != c.want {
					t.Errorf("reads of %d:\n got %q\nwant %q", size, got, c.want)
				}
			}
		})
	}
}

func TestCSV(t *testing.T) {
	temp := Config{Fields: []string{"temp"}}
	testFormat(t, "csv", []formatCase{
		{"numbers of the first good row are measured", Config{}, []string{"a,b,c\n1,x,2\n,,3\n"}, "2: 1 2\n3: NaN 3\n"},
		{"a row without numbers decides nothing", Config{}, []string{"a,b\nx,y\n1,2\n"}, "2: missing-field\n3: 1 2\n"},
		{"named field", temp, []string{"hum,temp\n1,2\n3,4\n"}, "2: 2\n3: 4\n"},
		{"blanks around a number", temp, []string{"temp\n 1\n2\t\n"}, "2: 1\n3: 2\n"},
		{"a cell of blanks is empty", Config{Fields: []string{"a", "b"}}, []string{"a,b\n ,1\n"}, "2: NaN 1\n"},
		{"blanks around names", temp, []string{"hum, temp \n1,2\n"}, "2: 2\n"},
		{"a quoted header", Config{Fields: []string{"a,b"}}, []string{"\"a,b\",\"c\"\n1,2\n"}, "2: 1\n"},
		{"BOM, CR, no last line end", temp, []string{"\ufefftemp,b\r\n1,2\r\n3,4"}, "2: 1\n3: 3\n"},
		{"not a number", temp, []string{"temp,b\n1x,2\nNaN,2\n"}, "2: not-a-number \"1x\"\n3: not-a-number \"NaN\"\n"},
		{"one bad value", Config{Fields: []string{"a", "b"}}, []string{"a,b\n1x,2\n"}, "2: NaN 2\n2: not-a-number \"1x\" (value)\n"},
		{"missing", temp, []string{"temp,b\n,2\n\"\",3\n"}, "2: missing-field \"temp\"\n3: missing-field \"temp\"\n"},
		{"too few and too many cells", temp, []string{"temp,b\n1\n1,2,3\n1,2\n"}, "2: 1\n3: not-a-record \"1,2,3\"\n4: 1\n"},
		{"blank lines", temp, []string{"\n \ntemp\n\n1\n"}, "5: 1\n"},
		{"quotes", temp, []string{"temp,b\n\"1.5\",\"x,\"\"y\"\"\"\n2,\"z\"\n"}, "2: 1.5\n3: 2\n"},
		{"a quote that does not end", temp, []string{"temp,b\n1,\"x\n2,y\n"}, "2: not-a-record \"1,\\\"x\"\n3: 2\n"},
		{"bare quotes", temp, []string{"temp,b\n1,x\"y\n2,\"x\"y\n3,z\n"}, "2: not-a-record \"1,x\\\"y\"\n3: not-a-record \"2,\\\"x\\\"y\"\n4: 3\n"},
		{"key", Config{Fields: temp.Fields, Keys: []string{"k"}},
			[]string{"k,temp\na,1\n\"a, b\",2\n,3\n 7 ,4\n\xff,5\n\"\xff\",6\n"},
			"2: [a] 1\n3: [a, b] 2\n4: missing-key \"k\"\n5: [7] 4\n6: bad-key \"\\xff\"\n7: bad-key \"\\xff\"\n"},
		{"keys", Config{Fields: temp.Fields, Keys: []string{"k", "l"}}, []string{"k,temp,l\na,1,b\n"}, "2: [a|b] 1\n"},
		{"a long key", Config{Fields: temp.Fields, Keys: []string{"k"}}, []string{"k,temp\n" + strings.Repeat("x", 1025) + ",1\n"},
			"2: bad-key \"" + strings.Repeat("x", 80) + "\"\n"},
		{"a field that is the key and the time too", Config{Fields: []string{"a"}, Keys: []string{"a"}, Time: "a"}, []string{"a\n7\n"}, "2: @7000000000 [7] 7\n"},
		{"time", Config{Fields: temp.Fields, Time: "t"}, []string{"t,temp\n1970-01-01 00:00:01,1\n2,2\n,3\nx,4\n\"3\",5\n"},
			"2: @1000000000 1\n3: @2000000000 2\n4: bad-time\n5: bad-time \"x\"\n6: @3000000000 5\n"},
		{"time and key are not measured", Config{Keys: []string{"k"}, Time: "t"}, []string{"t,k,a\n1,2,3\n"}, "2: @1000000000 [2] 3\n"},
		{"another separator", Config{Sep: ';', Fields: temp.Fields}, []string{"a;temp\n1,5;2\n\"x;y\";3\n"}, "2: 2\n3: 3\n"},
		{"decimal comma", Config{Sep: ';', Decimal: ',', Fields: temp.Fields, Time: "t"}, []string{"t;temp\n0,5;2,5\n1;2.5\n"},
			"2: @500000000 2.5\n3: not-a-number \"2.5\"\n"},
		{"records that end in NUL", Config{NUL: true, Fields: temp.Fields, Keys: []string{"k"}}, []string{"k,temp\x00a\nb,1\x00\"c\nd\",2\x00e\n\"f\",3\x00"},
			"2: [a\nb] 1\n3: [c\nd] 2\n4: not-a-record \"e\\n\\\"f\\\",3\"\n"},
		{"each line", Config{EveryLine: true, Fields: temp.Fields}, []string{"temp\n\n1\n"}, "1: header\n2: blank\n3: 1\n"},
		{"a column without a name is not measured", Config{}, []string{",a\n0,5\n1,6\n"}, "2: 5\n3: 6\n"},
	})
}

func TestCSVHeader(t *testing.T) {
	temp := Config{Fields: []string{"temp"}}
	testFormat(t, "csv", []formatCase{
		{"each Origin has its own", temp, []string{"a,temp\n1,2\n", "temp\n3\n"}, "2: 2\n2: 3\n"},
		{"field missing", temp, []string{"tempp,hum\n1,2\n"}, "error: no column \"temp\" in the header (it has \"tempp\", \"hum\")\n"},
		{"in the second Origin", temp, []string{"temp\n1\n", "a,b\n1\n"}, "2: 1\nerror: no column \"temp\" in the header (it has \"a\", \"b\")\n"},
		{"key missing", Config{Keys: []string{"k"}}, []string{"a,b\n1,2\n"}, "error: no column \"k\" in the header (it has \"a\", \"b\")\n"},
		{"time missing", Config{Time: "t"}, []string{"a,b\n1,2\n"}, "error: no column \"t\" in the header (it has \"a\", \"b\")\n"},
		{"a rule's field missing", Config{Extra: []string{"x"}}, []string{"a,b\n1,2\n"}, "error: no column \"x\" in the header (it has \"a\", \"b\")\n"},
		{"another separator", temp, []string{"a;temp\n1;2\n"}, "error: no column \"temp\" in the header, which has only \"a;temp\" (is the separator another one?)\n"},
		{"used twice", temp, []string{"temp,temp\n1,2\n"}, "error: two columns of the header are named \"temp\" (rename one, or do without them)\n"},
		{"twice and perhaps used", Config{}, []string{"a,b,a\n1,2,3\n"}, "error: two columns of the header are named \"a\" (rename one, or do without them)\n"},
		{"twice and not used", temp, []string{"a,temp,a\n1,2,3\n"}, "2: 2\n"},
		{"a quote that does not end", temp, []string{"temp,\"b\n1,2\n"}, "error: the header cannot be read: a quote is out of place or there are more than 65536 columns\n"},
		{"a chosen field may be missing in the next Origin", Config{}, []string{"a,b\n1,2\n", "b,c\n3,4\n", "c\n5\n"}, "2: 1 2\n2: unmeasured \"c\"\n2: NaN 3\n2: missing-field \"a\"\n"},
		{"control characters are not shown", temp, []string{"\x1b[31m,b\n"}, "error: no column \"temp\" in the header (it has \"\\x1b[31m\", \"b\")\n"},
		{"no header", temp, []string{""}, ""},
	})
}

// The dumps of a header with very many names must be short.
func TestCSVHeaderLong(t *testing.T) {
	in := strings.Repeat("name,", 2000) + strings.Repeat("x", 5000) + "\n"
	if got := parseAll(t, Config{Format: "csv", Fields: []string{"temp"}}, 0, in); len(got) > 1500 {
		t.Errorf("the message has %d bytes", len(got))
	}
}

// slowCSV is the slow twin of table.split for csv.
func slowCSV(line []byte, sep byte) ([]string, bool) {
	r := csv.NewReader(io.MultiReader(bytes.NewReader(line), strings.NewReader("\r\n")))
	r.Comma = rune(sep)
	r.FieldsPerRecord = -1
	cells, err := r.Read()
	for i, c := range cells {
		cells[i] = strings.Trim(c, " \t\r\n")
	}
	return cells, err == nil
}

func FuzzCSV(f *testing.F) {
	for _, s := range []string{"", "a", "a,b", ",", ",,", `"a","b"`, `"a,b",c`, `"a""b"`, `"a`, `a"`, `"a"b`, `a,"`, `""`, `"",`, " a, \"b\"", "a\r", "\"a\"\r", "\ufeff,\xff", `"""`, "a;b"} {
		f.Add([]byte(s), []byte(`"x"`), byte(','))
	}
	f.Fuzz(func(t *testing.T, first, second []byte, sep byte) {
		if sep >= 0x80 || strings.IndexByte("\x00\n\r\" \t", sep) >= 0 {
			return
		}
		s, err := NewSchema(Config{Format: "csv", Sep: sep})
		if err != nil {
			t.Fatal(err)
		}
		// One decoder for both lines: nothing of the first may be left.
		d := newCSV(s).(*table)
		for _, line := range [][]byte{first, second} {
			if len(line) == 0 || bytes.IndexByte(line, '\n') >= 0 || bytes.HasSuffix(line, []byte("\"\r")) {
				continue // encoding/csv skips empty lines, as blank ones are before; a CR is no part of a line's end any more
			}
			want, wantOK := slowCSV(line, sep)
			if got, ok := d.split(line); ok != wantOK || ok && !slices.Equal(got, want) {
				t.Errorf("split of %q at %q = %q, %v, want %q, %v", line, sep, got, ok, want, wantOK)
			}
		}
	})
}

// FuzzCSVRows proves that what is written is read back, whatever is in it.
func FuzzCSVRows(f *testing.F) {
	f.Add("k", 1.5, true)
	f.Add(`a "quoted", key`, -1e300, false)
	f.Fuzz(func(t *testing.T, key string, x float64, crlf bool) {
		if x != x || x-x != 0 || len(key) > maxKey || strings.ContainsAny(key, "\n\r\x00") {
			return
		}
		if strings.TrimRight(key, " \t") != key {
			return // encoding/csv writes it without quotes, and such cells lose blanks around them
		}
		var buf bytes.Buffer
		w := csv.NewWriter(&buf)
		w.UseCRLF = crlf
		_ = w.Write([]string{"k", "x"})
		_ = w.Write([]string{key, fmt.Sprint(x)})
		w.Flush()
		want := fmt.Sprintf("2: [%s] %v\n", key, x)
		switch {
		case key == "":
			want = "2: missing-key \"k\"\n"
		case !strings.Contains(strings.ToValidUTF8(key, "\xff"), "\xff"):
		default:
			want = "2: bad-key"
		}
		got := parseAll(t, Config{Format: "csv", Keys: []string{"k"}, Fields: []string{"x"}}, 0, buf.String())
		if !strings.HasPrefix(got, want) {
			t.Errorf("read back %q, want %q", got, want)
		}
	})
}

// decodeAllocs is the allocations of a Parse of 100 lines after some that have
// made the buffers grow.
func decodeAllocs(t *testing.T, c Config, head, line string) float64 {
	s, err := NewSchema(c)
	if err != nil {
		t.Fatal(err)
	}
	b := Block{Data: []byte(head + strings.Repeat(line+"\n", 100)), Origin: &Origin{}}
	if err := s.Enter(&b); err != nil {
		t.Fatal(err)
	}
	p := NewParser(s)
	var dst Batch
	p.Parse(&b, &dst)
	if dst.Len() != 100 {
		t.Fatalf("%d records of 100 lines %q: %v", dst.Len(), line, dst.Bad)
	}
	return testing.AllocsPerRun(20, func() { p.Parse(&b, &dst) })
}

func TestTableAllocs(t *testing.T) {
	for _, c := range []struct {
		name, format, head, line string
		max                      float64 // of 100 lines
	}{
		{"csv", "csv", "t,k,x\n", "2026-05-01 12:00:03,s1,21.5", 0},
		{"csv with quotes", "csv", "t,k,x\n", `2026-05-01 12:00:03,"s1",21.5`, 0},
		{"tsv", "tsv", "t\tk\tx\n", "2026-05-01 12:00:03\ts1\t21.5", 0},
		{"tsv with escapes", "tsv", "t\tk\tx\n", "2026-05-01 12:00:03\ts\\t1\t21.5", 0},
		{"logfmt", "logfmt", "", "t=1777636803 k=s1 x=21.5", 0},
		{"logfmt with quotes", "logfmt", "", `t="2026-05-01 12:00:03" k="s1" x=21.5`, 0},
		{"influx", "influx", "", `m,k=s1 x=21.5,t=1777636803i 1777636803000000000`, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := decodeAllocs(t, Config{Format: c.format, Fields: []string{"x"}, Keys: []string{"k"}, Time: "t"}, c.head, c.line)
			if n > c.max {
				t.Errorf("100 lines take %v allocations, want %v", n, c.max)
			}
		})
	}
}

// heapUsed is the bytes that f allocates.
func heapUsed(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// What a line of the greatest length costs is bounded, however it is made.
func TestHostileLines(t *testing.T) {
	const size = 1 << 20
	for _, format := range []string{"csv", "tsv", "logfmt", "influx"} {
		for _, s := range []string{
			`"`, `""`, `"",`, `,"`, `"x`, `\`, `\\`, `\t`, `,`, "\t", `=`, `a=`, `a="`, `="`, `a="\ud800" `, "\xff", `é`, "#", "m,", "m ", `m a="`, `m,a=`, `m,a=b,`, ` a=1,`, `1`, "\x00", "m\\ ",
		} {
			line := strings.Repeat(s, size/len(s))
			in := "k,x\n" + line + "\n"
			c := Config{Format: format, Keys: []string{"k"}, Fields: []string{"x"}}
			if format == "tsv" {
				in = "k\tx\n" + line + "\n"
			}
			if used := heapUsed(func() { parseAll(t, c, 0, in) }); used > 16<<20 {
				t.Errorf("%s: a line of %q takes %d MiB", format, s, used>>20)
			}
		}
	}
}

func BenchmarkCSV(b *testing.B) {
	machine := func(r *rand.Rand, i int) string {
		return fmt.Sprintf("2026-05-%02d %02d:%02d:00,%.8f", 1+i/1440%28, i/60%24, i%60, r.Float64()*100)
	}
	sensors := func(quote string) func(r *rand.Rand, i int) string {
		return func(r *rand.Rand, i int) string {
			return fmt.Sprintf("%d.%03d,%ss%03d%s,%.2f,%.1f,ok,%d", 1777636803+i/10, i%10*100, quote, r.IntN(100), quote, r.Float64()*100, r.Float64()*100, i)
		}
	}
	keyed := Config{Format: "csv", Keys: []string{"sensor"}, Fields: []string{"temp"}, Time: "time"}
	for _, c := range []struct {
		name, head string
		c          Config
		line       func(r *rand.Rand, i int) string
	}{
		{"columns=2/quotes=no", "timestamp,value", Config{Format: "csv", Fields: []string{"value"}, Time: "timestamp"}, machine},
		{"columns=6/quotes=no", "time,sensor,temp,hum,status,seq", keyed, sensors("")},
		{"columns=6/quotes=yes", "time,sensor,temp,hum,status,seq", keyed, sensors(`"`)},
	} {
		b.Run(c.name, func(b *testing.B) {
			benchParse(b, c.c, append([]byte(c.head+"\n"), linesOf(2000, c.line)...))
		})
	}
}
