package parse

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
	"testing"
)

func TestNewSchemaErrors(t *testing.T) {
	for _, c := range []struct {
		name string
		c    Config
		want string
	}{
		{"no such format", Config{Format: "xml"}, `error: unknown format "xml" (want one of auto, num, json, csv, tsv, cols, logfmt, influx, match, lines)`},
		{"fields of plain numbers", Config{Format: "num", Fields: []string{"x"}}, "error: plain numbers have no names: fields, keys and times need records"},
		{"a key of plain numbers", Config{Format: "num", Keys: []string{"x"}}, "error: plain numbers have no names: fields, keys and times need records"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := parseAll(t, c.c, 0); got != c.want+"\n" {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestSchemaFields(t *testing.T) {
	for _, c := range []struct {
		name  string
		c     Config
		want  string
		shown int
	}{
		{"auto", Config{}, "[]", 0},
		{"numbers have one nameless field", Config{Format: "num", Extra: []string{"x"}}, "[]", 1},
		{"named once", Config{Fields: []string{"a", "b", "a"}}, "[a b]", 2},
		{"those for rules behind", Config{Fields: []string{"a", "b"}, Extra: []string{"c", "b"}}, "[a b c]", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := NewSchema(c.c)
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(s.Fields); got != c.want || s.Shown != c.shown || s.Known() != (c.shown > 0) {
				t.Errorf("fields %s, %d shown, known %v, want %s, %d", got, s.Shown, s.Known(), c.want, c.shown)
			}
		})
	}
}

func TestEnter(t *testing.T) {
	every := Config{Format: "csv", EveryLine: true}
	for _, c := range []struct {
		name string
		c    Config
		in   []string
		want string
	}{
		{"auto takes a number with blanks", Config{}, []string{"a,b\n\n \t\r\n 5 \n{\"x\":1}\n"}, "1: not-a-number \"a,b\"\n4: 5\n5: not-a-number \"{\\\"x\\\":1}\"\n"},
		{"auto takes a bad record for json", Config{}, []string{"{\n5\n{\"x\":1}\n"}, "1: not-json \"{\"\n2: not-json \"5\"\n3: 1\n"},
		{"auto takes json for the whole run", Config{}, []string{"{\"x\":1}\n", "7\n"}, "1: 1\n1: not-json \"7\"\n"},
		{"auto with a key is json", Config{Keys: []string{"k"}}, []string{"7\n{\"x\":1,\"k\":2}\n"}, "1: not-json \"7\"\n2: [2] 1\n"},
		{"auto with a decimal comma", Config{Decimal: ','}, []string{"7,5\n"}, "1: 7.5\n"},
		{"too long lines are not looked at", Config{MaxLine: 4}, []string{"77777\n7\n888888888\n8888\r\n88888\r\n\"\n"},
			"1: too-long\n2: 7\n3: too-long\n4: 8888\n5: too-long\n6: not-a-number \"\\\"\"\n"},
		{"a too long line says json", Config{MaxLine: 7}, []string{"{\"x\":10}\n7\n{\"x\":1}"}, "1: too-long\n2: not-json \"7\"\n3: 1\n"},
		{"a number in a too long line says nothing", Config{MaxLine: 4}, []string{"        1         \n{\"x\":1}\n1\n"}, "1: too-long\n2: too-long\n3: not-json \"1\"\n"},
		{"records end in NUL", Config{NUL: true}, []string{"1\x00\n\x002\n\x00{\"x\":\n1}\x00\n"}, "1: 1\n3: 2\n4: not-a-number \"{\\\"x\\\":\\n1}\"\n"},
		{"blank and header lines", every, []string{"\na,s\n1,x\n\n", "s,a\ny,2\n\r\n"},
			"1: blank\n2: header\n3: 1\n4: blank\n1: header\n2: 2\n3: blank\n"},
		{"an Origin of nothing but a header", Config{Format: "csv"}, []string{"a,b\n", "b,a\n1,2\n"}, "2: 1 2\n"},
		{"a header is too long", Config{Format: "csv", MaxLine: 4}, []string{"a,b,c\n1,2,3\n"}, "1: too-long\nerror: the header is longer than a line may be\n"},
		{"a header is much too long", Config{Format: "csv", MaxLine: 4}, []string{"aaaaaaaaaaaaaaaaaaaaa\n1,2,3\n"}, "1: too-long\nerror: the header is longer than a line may be\n"},
		{"a row chooses the fields", Config{Format: "csv", Extra: []string{"s"}, Time: "t"}, []string{"t,s,a,b\nx,,1,2\n5,,,3\n6,x,1,4\n"},
			"2: bad-time \"x\"\n3: @5000000000 3 NaN\n4: unmeasured \"a\"\n4: @6000000000 4 NaN\n4: not-a-number \"x\" (value)\n"},
		{"every bad line has its text", Config{}, []string{strings.Repeat("x\n", 4) + "1\n" + strings.Repeat("y\n", 3)},
			"1: not-a-number \"x\"\n2: not-a-number \"x\"\n3: not-a-number \"x\"\n4: not-a-number \"x\"\n5: 1\n6: not-a-number \"y\"\n7: not-a-number \"y\"\n8: not-a-number \"y\"\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := parseAll(t, c.c, 0, c.in...); got != c.want {
				t.Errorf("batch of %q:\n got %s\nwant %s", c.in, got, c.want)
			}
		})
	}
}

var cutConfigs = []Config{
	{}, {EveryLine: true, MaxLine: 20}, {Format: "json"}, {Format: "json", Keys: []string{"k"}, Extra: []string{"x"}, MaxLine: 40}, {NUL: true},
	{Format: "csv"}, {Format: "csv", EveryLine: true, Keys: []string{"k"}, MaxLine: 40}, {Format: "tsv"}, {Format: "logfmt", Keys: []string{"k"}}, {Format: "influx"},
	{Format: "csv", Fields: []string{"a"}, Keys: []string{"k"}, Units: true, Texts: []string{"b"}}, {Format: "cols"}, {Format: "cols", Fields: []string{"b", "a"}},
	{Format: "csv", Names: []string{"k", "a", "b"}, Fields: []string{"a"}, Missing: NewMarkers([]string{"2", "x"})}, {Format: "csv", Fields: []string{"$2"}},
	{Format: "match", Match: regexp.MustCompile(`(?P<a>\d+)\D+(?P<k>\w)`)}, {Format: "lines", Count: true}, {Format: "json", Units: true, Coerce: true, Fields: []string{"a", "b"}},
}

// FuzzCut holds that what comes out does not depend on how the reads cut the
// input, whatever the format.
func FuzzCut(f *testing.F) {
	for _, in := range []string{
		"x\n1\n2,5\r\n\n3", "{\"a\":1}\n{\"b\":2,\"k\":\"x\"}\n{\"x\":\"\",\"k\":1,\"b\":3}\n", "a,k,b\n1,x,2\n,y,\n\"3\",z,4\n", "a,k,b\n1ms,x,2\nk,b,a\ny,4,5s\nz,1,5KiB\n", "top\na b\n1 2\ntop\nb a\n3 4 5\n1\n", "a\tk\n1\t2\n",
		"a=1 k=x\nb=2\n", "m,k=x a=1,b=2i 1000\nm a=1\n", "1\x002\x00", strings.Repeat("1", 30) + "\n2\n{\"a\":1}\n", "{\"k\":\"" + strings.Repeat("x", 50) + "\"}\n{\"k\":1,\"a\":1,\"a\":2}\n{\"k\":1,\"a\":1}\n",
	} {
		for i := range cutConfigs {
			f.Add(in, uint8(i), uint8(1+i))
		}
	}
	f.Fuzz(func(t *testing.T, in string, config, size uint8) {
		if isPacked(in) {
			return
		}
		c := cutConfigs[int(config)%len(cutConfigs)]
		want := withoutOnce(parseAll(t, c, 0, in, in))
		got := withoutOnce(parseAll(t, c, max(int(size), 1), in, in))
		if got != want {
			t.Errorf("%q with %+v in reads of %d:\n got %s\nwant %s", in, c, size, got, want)
		}
	})
}

// withoutOnce is batch without what a batch tells once, so that it does depend
// on the cuts.
func withoutOnce(batch string) string { return once.ReplaceAllString(batch, "") }

var once = regexp.MustCompile(`(?m)^\d+: (uneven|unmeasured).*\n`)

// TestOriginsAlternate holds that each block is read under the header of its
// Origin and has its line numbers.
func TestOriginsAlternate(t *testing.T) {
	s, err := NewSchema(Config{Format: "csv", Fields: []string{"v"}})
	if err != nil {
		t.Fatal(err)
	}
	a, b := &Origin{}, &Origin{}
	p, dst, out := NewParser(s), Batch{}, strings.Builder{}
	for _, block := range []Block{
		{Origin: a, Data: []byte("v,x\n")}, {Origin: b, Data: []byte("x,v\n1,2\n")}, {Origin: a, Data: []byte("3,4\n")},
		{Origin: b, Data: []byte("5,6\n7\n")}, {Origin: a, Data: []byte("8,9\n")},
	} {
		if err := s.Enter(&block); err != nil {
			t.Fatal(err)
		}
		p.Parse(&block, &dst)
		dumpBatch(&out, &dst, block.Origin.Lines)
		block.Origin.Lines += dst.Lines
	}
	if got, want := out.String(), "2: 2\n2: 3\n3: 6\n4: missing-field \"v\"\n3: 8\n"; got != want {
		t.Errorf("batches = %q, want %q", got, want)
	}
}

// TestParallel parses blocks side by side, as the walk does.
func TestParallel(t *testing.T) {
	in := strings.Repeat("x\n{\"b\":1}\n", 500) + strings.Repeat("{\"a\":1.5,\"b\":2,\"k\":\"x\"}\n{\"k\":1,\"a\":2}\n?\n", 3000)
	c := Config{Format: "json", Keys: []string{"k"}}
	want := withoutOnce(parseAll(t, c, 0, in))
	s, _ := NewSchema(c)
	r := NewReader([]*Origin{sourceOf("", strings.NewReader(in))}, ReaderConfig{Size: 1000})
	var turn sync.Mutex
	var done []*strings.Builder
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			p, b, dst := NewParser(s), Block{}, Batch{}
			for {
				turn.Lock()
				if r.Next(&b) == io.EOF {
					turn.Unlock()
					return
				}
				if err := s.Enter(&b); err != nil {
					t.Error(err)
				}
				out := &strings.Builder{}
				done = append(done, out)
				turn.Unlock()
				p.Parse(&b, &dst)
				dumpBatch(out, &dst, 0)
			}
		})
	}
	workers.Wait()
	strip := func(s string) string { return lineNumbers.ReplaceAllString(s, "") }
	var got strings.Builder
	for _, out := range done {
		got.WriteString(out.String())
	}
	if strip(withoutOnce(got.String())) != strip(want) {
		t.Error("four workers read something else than one")
	}
}

// TestManyFieldsMemory holds that a record with 1000 fields does not make a
// block of short ones take 260 MB.
func TestManyFieldsMemory(t *testing.T) {
	var first strings.Builder
	for i := range 999 {
		fmt.Fprintf(&first, `"f%d":%d,`, i, i)
	}
	in := "{" + first.String() + "\"a\":1}\n" + strings.Repeat("{\"a\":1}\n", 30_000)
	s, _ := NewSchema(Config{})
	r := NewReader([]*Origin{sourceOf("", strings.NewReader(in))}, ReaderConfig{})
	p, b, dst := NewParser(s), Block{}, Batch{}
	lines, most := 0, 0
	for r.Next(&b) == nil {
		if err := s.Enter(&b); err != nil {
			t.Fatal(err)
		}
		p.Parse(&b, &dst)
		lines += dst.Lines
		most = max(most, dst.Len()*len(dst.Col))
	}
	if lines != 30_001 || most > maxCells*2 {
		t.Errorf("%d lines, %d values in a batch", lines, most)
	}
}

// TestParseAllocs holds that nothing is allocated for a line.
func TestParseAllocs(t *testing.T) {
	for _, c := range []struct {
		name string
		c    Config
		in   string
	}{
		{"num", Config{}, "21.5\n-3\n0.8444218515250481\n1e5\n"},
		{"json", Config{Keys: []string{"k"}, Fields: []string{"a", "e.x"}, Time: "t"}, "{\"t\":1.5,\"k\":\"x\",\"a\":2.5,\"e\":{\"x\":1}}\n{\"a\":1e5,\"k\":\"\\u0041\",\"t\":2}\n"},
		{"bad", Config{Format: "num"}, "1\nx\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _ := NewSchema(c.c)
			b := Block{Data: []byte(strings.Repeat(c.in, 1000)), Origin: &Origin{}}
			if err := s.Enter(&b); err != nil {
				t.Fatal(err)
			}
			p, dst := NewParser(s), Batch{}
			if n := testing.AllocsPerRun(5, func() { p.Parse(&b, &dst) }); n > 0 {
				t.Errorf("%v allocations for 1000 lines, want 0", n)
			}
			if dst.Len() == 0 {
				t.Error("no records")
			}
		})
	}
}
