package parse

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// cutReader gives its data in reads of the sizes in cuts, over and over; 0 is
// a read that brings nothing.
type cutReader struct {
	data []byte
	cuts []byte
	i    int
	err  error // at the end
	join bool  // the error comes with the last data
}

func (c *cutReader) Read(p []byte) (int, error) {
	n := len(p)
	if len(c.cuts) > 0 {
		n = min(n, int(c.cuts[c.i%len(c.cuts)]))
		c.i++
	}
	n = copy(p[:n], c.data)
	c.data = c.data[n:]
	if len(c.data) == 0 && (c.join || n == 0) {
		return n, c.err
	}
	return n, nil
}

func (c *cutReader) Close() error { return nil }

// slowLines is the lines of data as the Reader and nextLine should give them:
// a mark, and the line or the first few bytes of one that is too long.
func slowLines(data []byte, maxLine int) (lines []string) {
	s := strings.TrimPrefix(string(data), "\xEF\xBB\xBF")
	for len(s) > 0 {
		line, rest, _ := strings.Cut(s, "\n")
		s = rest
		line = strings.TrimSuffix(line, "\r")
		lines = append(lines, markLine(line, maxLine))
	}
	return lines
}

func markLine(line string, maxLine int) string {
	if len(line) > maxLine {
		return "long:" + line[:maxLine]
	}
	return "line:" + line
}

// readLines is what the Reader makes of the sources.
func readLines(src []*Origin, c ReaderConfig, each func(*Block)) (lines []string, err error) {
	r := NewReader(src, c)
	blocks := [2]Block{}
	for i := 0; ; i++ {
		b := &blocks[i%2]
		if err := r.Next(b); err != nil {
			return lines, err
		}
		each(b)
		if b.TooLong {
			lines = append(lines, "long:"+string(b.Data[:c.MaxLine]))
			continue
		}
		for rest := b.Data; len(rest) > 0; {
			var line []byte
			line, rest = nextLine(rest, '\n')
			lines = append(lines, markLine(string(line), c.MaxLine))
		}
	}
}

func sourceOf(name string, r io.Reader) *Origin {
	return &Origin{Name: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(r), nil }}
}

// isPacked reports whether an input is more than lines, or UTF-16.
func isPacked(in string) bool {
	return strings.HasPrefix(in, "\x1F\x8B") || strings.HasPrefix(in, "\xFF\xFE") || strings.HasPrefix(in, "\xFE\xFF")
}

var readerSeeds = []string{
	"", "\n", "1\n2\n3\n", "1\r\n2\r\n3", "\xEF\xBB\xBF1\n", "\xEF\xBB\xBF", "\xEF\xBB", "\xEF\xBB\n",
	"\xEF\xBB\xBF\xEF\xBB\xBF1\n", "12345678\n123456789\n", "12345678\r\n123456789\r\n", "123456789\r",
	"12345678\r", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n1\n", "1\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	"\xEF\xBB\xBF12345678\n", "\xEF\xBB\xBF123456789\n", "\n\n\n\r\n\r\r\n",
	"\xEF\xBB\xBF\n1234567", // of which the line's end moves to where was looked before
}

func FuzzReader(f *testing.F) {
	for _, s := range readerSeeds {
		f.Add([]byte(s), []byte{1}, 4)
		f.Add([]byte(s), []byte{2, 0, 3}, 1)
		f.Add([]byte(s), []byte{7}, 300)
	}
	f.Fuzz(func(t *testing.T, data, cuts []byte, size int) {
		if isPacked(string(data)) || size < 0 || size > 1000 || bytes.Count(cuts, []byte{0}) == len(cuts) || bytes.Contains(slices.Concat(cuts, cuts), make([]byte, 100)) {
			return // reads that bring nothing for too long are an error
		}
		for _, maxLine := range []int{8, 100} {
			in := &cutReader{data: data, cuts: cuts, err: io.EOF, join: size%2 == 0}
			c := ReaderConfig{MaxLine: maxLine, Size: size}
			got, err := readLines([]*Origin{sourceOf("", in)}, c, func(b *Block) {
				if end := data[:b.End]; !bytes.HasSuffix(end, b.Data) {
					t.Errorf("block %q ends %q, at %d", b.Data, end, b.End)
				}
			})
			if err != io.EOF {
				t.Fatalf("err = %v", err)
			}
			want := slowLines(data, maxLine)
			if strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Errorf("lines of %q in reads of %v, size %d, at most %d:\n got %q\nwant %q", data, cuts, size, maxLine, got, want)
			}
		}
	})
}

func TestReaderSources(t *testing.T) {
	src := []*Origin{
		sourceOf("a", strings.NewReader("1\n2")),
		sourceOf("empty", strings.NewReader("")),
		sourceOf("b", strings.NewReader("\xEF\xBB\xBF3\n")),
	}
	got, err := readLines(src, ReaderConfig{MaxLine: 100}, func(b *Block) { b.Origin.Lines += bytes.Count(b.Data, []byte{'\n'}) })
	want := "[line:1 line:2 line:3]"
	if fmt.Sprint(got) != want || err != io.EOF {
		t.Errorf("lines = %v, %v, want %s, EOF", got, err, want)
	}
	if src[0].Lines != 1 || src[1].Lines != 0 || src[2].Lines != 1 {
		t.Errorf("ends of lines of the origins = %d, %d, %d, want 1, 0, 1", src[0].Lines, src[1].Lines, src[2].Lines)
	}
}

func TestReaderErrors(t *testing.T) {
	boom := errors.New("boom")
	for _, c := range []struct {
		name string
		src  *Origin
		want string
	}{
		{"open", &Origin{Name: "a.log", Open: func() (io.ReadCloser, error) {
			return nil, &fs.PathError{Op: "open", Path: "a.log", Err: fs.ErrNotExist}
		}}, "[] a.log: file does not exist"},
		{"read", sourceOf("a.log", io.MultiReader(strings.NewReader("1\n2"), iotest.ErrReader(boom))), "[line:1] a.log: boom"},
		{"data with the error", sourceOf("", &cutReader{data: []byte("1\n2"), err: boom, join: true}), "[line:1] stdin: boom"},
		{"no progress", sourceOf("a.log", &cutReader{data: []byte("1\n"), cuts: []byte{0}, err: boom}), "[] a.log: " + io.ErrNoProgress.Error()},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := readLines([]*Origin{c.src, sourceOf("b", strings.NewReader("9\n"))}, ReaderConfig{MaxLine: 100}, func(*Block) {})
			if s := fmt.Sprint(got, " ", err); s != c.want {
				t.Errorf("lines and error = %s, want %s", s, c.want)
			}
		})
	}
}

func TestReaderErrorStays(t *testing.T) {
	r := NewReader([]*Origin{sourceOf("a", iotest.ErrReader(io.ErrUnexpectedEOF)), sourceOf("b", strings.NewReader("1\n"))}, ReaderConfig{})
	for range 3 {
		if err := r.Next(&Block{}); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("err = %v, want %v", err, io.ErrUnexpectedEOF)
		}
	}
}

type closeCounter struct {
	io.Reader
	n *int
}

func (c closeCounter) Close() error { *c.n++; return nil }

func TestReaderCloses(t *testing.T) {
	opened, closed := 0, 0
	src := &Origin{Name: "a", Open: func() (io.ReadCloser, error) {
		opened++
		return closeCounter{strings.NewReader("1\n"), &closed}, nil
	}}
	r := NewReader([]*Origin{src, src, src}, ReaderConfig{})
	var b Block
	if err := r.Next(&b); err != nil || opened != 1 || closed != 0 {
		t.Errorf("after a block: %v, %d opened, %d closed, want 1, 0", err, opened, closed)
	}
	if err := r.Next(&b); err != nil || opened != 2 || closed != 1 {
		t.Errorf("after two: %v, %d opened, %d closed, want 2, 1", err, opened, closed)
	}
	if r.Close(); closed != 2 {
		t.Errorf("after Close: %d closed, want 2", closed)
	}
	if err := r.Next(&b); err != io.EOF || opened != 2 {
		t.Errorf("Next after Close = %v, %d opened, want EOF, 2", err, opened)
	}
}

func TestReaderNUL(t *testing.T) {
	r := NewReader([]*Origin{sourceOf("", strings.NewReader("1\n\x002\x00"))}, ReaderConfig{NUL: true})
	var b Block
	if err := r.Next(&b); err != nil || string(b.Data) != "1\n\x002\x00" {
		t.Errorf("block = %q, %v", b.Data, err)
	}
}

func TestReaderNow(t *testing.T) {
	now := int64(0)
	r := NewReader([]*Origin{sourceOf("", iotest.OneByteReader(strings.NewReader("1\n22\n")))},
		ReaderConfig{Now: func() int64 { now++; return now }})
	var b Block
	for _, want := range []int64{2, 5} {
		if err := r.Next(&b); err != nil || b.Read != want {
			t.Errorf("read at %d, %v, want %d", b.Read, err, want)
		}
	}
}

// manyBytes gives n bytes, the first of a line of them.
type manyBytes struct{ n int }

func (m *manyBytes) Read(p []byte) (int, error) {
	n := min(len(p), m.n)
	for i := range p[:n] {
		p[i] = '['
	}
	if m.n -= n; m.n == 0 {
		return n, io.EOF
	}
	return n, nil
}

// TestReaderMemory holds that a line of 100 MB takes no more room than MaxLine
// and a read, and that the buffer shrinks when lines are short again.
func TestReaderMemory(t *testing.T) {
	in := io.MultiReader(&manyBytes{100 << 20}, strings.NewReader("\n"+strings.Repeat("1\n", 10<<20)))
	r := NewReader([]*Origin{sourceOf("", in)}, ReaderConfig{})
	var b Block
	long, most := 0, 0
	for r.Next(&b) == nil {
		if b.TooLong {
			long++
		}
		most = max(most, cap(b.buf), cap(r.carry))
	}
	if long != 1 || most > defaultMaxLine+2*defaultSize || cap(b.buf) > 2*defaultSize {
		t.Errorf("%d long lines, %d bytes at most, %d at the end", long, most, cap(b.buf))
	}
}

func TestReaderAllocs(t *testing.T) {
	data := bytes.Repeat([]byte("21.5\n"), 100_000)
	in := bytes.NewReader(data)
	r := NewReader([]*Origin{sourceOf("", in)}, ReaderConfig{Size: 64 << 10})
	var b Block
	got := testing.AllocsPerRun(20, func() {
		if err := r.Next(&b); err != nil {
			in.Seek(0, io.SeekStart)
			r.at, r.in, r.err = 0, io.NopCloser(in), nil
		}
	})
	if got > 0 {
		t.Errorf("%v allocations a block, want 0", got)
	}
}

// TestReaderUnpacks holds that gzip is read as what is in it, however the reads
// cut it, and that UTF-16 is told.
func TestReaderUnpacks(t *testing.T) {
	var packed bytes.Buffer
	for _, part := range []string{"\xEF\xBB\xBF1\n2", "2\n3\n"} { // two members, as cat makes them
		w := gzip.NewWriter(&packed)
		w.Write([]byte(part))
		w.Close()
	}
	for _, c := range []struct{ name, in, want string }{
		{"gzip", packed.String(), "[line:1 line:22 line:3] EOF"},
		{"gzip that is cut off", packed.String()[:packed.Len()-9], "[line:1 line:22 line:3] a: unexpected EOF"},
		{"only the first byte of it", "\x1f", "[line:\x1f] EOF"},
		{"and another second one", "\x1fx\n1\n", "[line:\x1fx line:1] EOF"},
		{"UTF-16", "\xFF\xFE1\x00\n\x00", "[] a: is UTF-16 (iconv -f UTF-16 -t UTF-8 makes it readable)"},
		{"the other", "\xFE\xFF\x001\x00\n", "[] a: is UTF-16 (iconv -f UTF-16 -t UTF-8 makes it readable)"},
	} {
		for _, cuts := range [][]byte{{1}, {2}, {3, 0, 5}, {255}} {
			src := sourceOf("a", &cutReader{data: []byte(c.in), cuts: cuts, err: io.EOF})
			got, err := readLines([]*Origin{src}, ReaderConfig{MaxLine: 100}, func(*Block) {})
			if s := fmt.Sprint(got, " ", err); s != c.want {
				t.Errorf("%s in reads of %v: lines and error = %q, want %q", c.name, cuts, s, c.want)
			}
		}
	}
}
