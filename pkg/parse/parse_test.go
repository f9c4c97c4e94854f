package parse

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
)

// dump is all that the batches say, a line a record and a bad line, with line
// numbers of the source.
func dump(t testing.TB, s *Schema, r *Reader) string {
	var out strings.Builder
	p := NewParser(s)
	var b Block
	var dst Batch
	for {
		err := r.Next(&b)
		if err == io.EOF {
			return out.String()
		}
		if err != nil {
			t.Fatal(err)
		}
		enterErr := s.Enter(&b)
		p.Parse(&b, &dst)
		dumpBatch(&out, &dst, b.Origin.Lines)
		b.Origin.Lines += dst.Lines
		if enterErr != nil {
			return out.String() + "error: " + enterErr.Error() + "\n"
		}
	}
}

func dumpBatch(out *strings.Builder, b *Batch, before int) {
	bad := b.Bad
	for i := range b.Line {
		for len(bad) > 0 && bad[0].At <= i && !bad[0].Value {
			dumpBad(out, bad[0], before)
			bad = bad[1:]
		}
		fmt.Fprintf(out, "%d:", before+b.Line[i])
		if len(b.Time) > 0 {
			fmt.Fprintf(out, " @%d", b.Time[i])
		}
		if len(b.Key) > 0 {
			fmt.Fprintf(out, " [%s]", bytes.ReplaceAll(b.Key[i], []byte{KeySep}, []byte("|")))
		}
		for _, c := range b.Col {
			fmt.Fprintf(out, " %v", c[i])
		}
		for _, c := range b.Text {
			switch {
			case c[i].B == nil:
				out.WriteString(" null")
			case c[i].Bare:
				fmt.Fprintf(out, " %s", c[i].B)
			default:
				fmt.Fprintf(out, " %q", c[i].B)
			}
		}
		out.WriteByte('\n')
		for len(bad) > 0 && bad[0].At == i && bad[0].Value {
			dumpBad(out, bad[0], before)
			bad = bad[1:]
		}
	}
	for _, v := range bad {
		dumpBad(out, v, before)
	}
}

func dumpBad(out *strings.Builder, v Bad, before int) {
	fmt.Fprintf(out, "%d: %v", before+v.Line, v.Reason)
	if v.Text != nil {
		fmt.Fprintf(out, " %q", v.Text)
	}
	if v.Value {
		out.WriteString(" (value)")
	}
	out.WriteByte('\n')
}

var lineNumbers = regexp.MustCompile(`(?m)^\d+:`)

// parseAll is the dump of the inputs, read in blocks of the size.
func parseAll(t testing.TB, c Config, size int, in ...string) string {
	s, err := NewSchema(c)
	if err != nil {
		return "error: " + err.Error() + "\n"
	}
	var src []*Origin
	for _, s := range in {
		src = append(src, sourceOf("", strings.NewReader(s)))
	}
	return dump(t, s, NewReader(src, ReaderConfig{MaxLine: c.MaxLine, NUL: c.NUL, Size: size}))
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name string
		c    Config
		in   string
		want string
	}{
		{"num", Config{}, "1\n\n x\n -2.5e1 \n", "1: 1\n3: not-a-number \" x\"\n4: -25\n"},
		{"auto json", Config{}, "x\n{\"a\":1,\"b\":\"x\",\"c\":2}\n{\"c\":3}\n7\n", "1: not-a-number \"x\"\n2: 1 2\n3: NaN 3\n4: not-json \"7\"\n"},
		{"auto num", Config{}, "# x\n7\n{\"a\":1}\n", "1: not-a-number \"# x\"\n2: 7\n3: not-a-number \"{\\\"a\\\":1}\"\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, size := range []int{1, 7, 0} {
				if got := parseAll(t, c.c, size, c.in); got != c.want {
					t.Errorf("reads of %d:\n got %q\nwant %q", size, got, c.want)
				}
			}
		})
	}
}
