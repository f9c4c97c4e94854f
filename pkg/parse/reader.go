package parse

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"

	"rtda/pkg/num"
)

// An Origin is one input: a FILE, stdin, a connection. What is known of it and
// lasts longer than a block stands here, so that blocks of several may
// alternate.
type Origin struct {
	Name  string                        // as complaints name it; "" for stdin alone: complaints then say "line N"
	Open  func() (io.ReadCloser, error) // called once by the Reader
	Lines int                           // lines that the stream has taken; it belongs to whoever has the stream's turn
	Place Place                         // and how far that is, likewise
	Alone bool                          // a header that cannot be used ends this input and no other

	// Within says that reading begins within the input: what comes first is no BOM,
	// and does not say that it is packed.
	Within bool

	Refused bool // its header could not be used: nothing more of it is; for who calls Enter

	header *header  // of a table, nil until it has come; for Enter alone
	above  [][]byte // the last lines before it
	passed int      // lines before it
}

// A Block is a stretch of whole lines of one Origin. The Reader fills it, the
// Schema marks in it what its Parser has to know, and it may be used again
// when nothing points into it any more.
type Block struct {
	Origin  *Origin
	Data    []byte // lines with their ends; the last of an Origin may have none
	End     int64  // bytes of the Origin up to the end of Data, a BOM and what was thrown away too
	TooLong bool   // Data is the beginning of one line longer than MaxLine, the rest was thrown away
	Read    int64  // when it was read, ns since the Unix epoch, if the Reader has a Now

	buf    []byte  // what Data is a part of
	roomy  int     // blocks in a row that did not need so large a buffer
	reader *Reader // who filled it, nil for a block made by hand

	format *Format    // by which its lines are read; nil: undecided, all are bad
	ready  bool       // the lines behind skip are for the Parser
	early  Batch      // the bad lines before skip
	skip   int        // bytes of the lines that the Schema has read: headers, and all before the first good record
	header *header    // at the beginning
	heads  []head     // the headers in the lines behind skip
	other  Bad        // a number that is not measured, with no line where there is none
	kinds  []unitKind // of the units of each field, before it
	after  Place      // where it ends
}

const (
	defaultMaxLine = 1 << 20
	defaultSize    = 64 << 10
)

// maxEmptyReads is how often a read may bring nothing before it is an error.
const maxEmptyReads = 100

// roomyBlocks is how many blocks in a row must not need a grown buffer until
// it shrinks again, so that a stream of long lines does not pay for it.
const roomyBlocks = 16

// A ReaderConfig says how input is cut into blocks.
type ReaderConfig struct {
	MaxLine int          // bytes of a line without its end (0 is 1 MiB)
	NUL     bool         // lines end in NUL instead of LF
	Now     func() int64 // ns since the Unix epoch, called after each read; may be nil
	Size    int          // bytes of one read (0 is 64 KiB)
}

// A Reader cuts its Origins into blocks of whole lines: one for what each read
// brings, so that a line that comes alone is given alone and a file in large
// blocks. Which lines come out does not depend on how the reads cut the input
// (FuzzReader). A BOM at the beginning of an Origin is thrown away.
//
// It holds the beginning of one line, at most MaxLine and one read; a line
// longer than that is thrown away as it comes.
type Reader struct {
	src   []*Origin
	c     ReaderConfig
	end   byte
	limit int // bytes of a block, if its first line is not longer

	at    int           // index of the Origin being read
	in    io.ReadCloser // nil: not open
	err   error         // what the last read said: nothing more comes
	carry []byte        // read and not yet given
	bom   bool          // the Origin's beginning has not been looked at
	long  bool          // what comes is the rest of a line that is too long
	read  int64         // time of the last read
	given int64         // bytes of the Origin that were given or thrown away
}

// NewReader returns a Reader of the Origins in their order. Each is opened
// when its turn comes and closed at its end.
func NewReader(src []*Origin, c ReaderConfig) *Reader {
	c.MaxLine = cmp.Or(c.MaxLine, defaultMaxLine)
	c.Size = cmp.Or(c.Size, defaultSize)
	return &Reader{src: src, c: c, end: LineEnd(c.NUL), limit: c.Size, at: -1, err: io.EOF}
}

// Next fills b with the whole lines that one read brings, reading on while
// there is none. b's own buffer is used again, so b must not be in use.
// At the end of all Origins it is io.EOF; another error says that an Origin
// could not be opened or read, with its name, and stays.
func (r *Reader) Next(b *Block) error {
	buf := append(r.buffer(b), r.carry...)
	r.dropCarry()
	for seen := 0; ; {
		had := len(buf)
		if buf = r.clean(buf); len(buf) < had {
			seen = 0 // what is left has moved
			r.given += int64(had - len(buf))
		}
		if n := r.wholeLines(buf, seen); n > 0 {
			r.give(b, buf, n)
			return nil
		}
		switch {
		case r.err == io.EOF && len(buf) > 0:
			r.give(b, buf, len(buf))
			return nil
		case r.err != nil:
			if err := r.open(); err != nil {
				return err
			}
			buf = buf[:0]
		case len(buf) > r.c.MaxLine+1 && !r.bom: // one more for a CR
			r.give(b, buf, len(buf))
			b.TooLong, r.long = true, true
			return nil
		}
		seen = len(buf)
		buf = r.readInto(buf)
	}
}

// Close closes the Origin that is open. Next then ends.
func (r *Reader) Close() error {
	r.at, r.carry, r.err = len(r.src), nil, io.EOF
	return r.closeOrigin()
}

func (r *Reader) closeOrigin() error {
	if r.in == nil {
		return nil
	}
	in := r.in
	r.in = nil
	return in.Close()
}

// buffer is b's empty buffer, of the usual size again if a larger one has not
// been needed for some time.
func (r *Reader) buffer(b *Block) []byte {
	small := len(b.Data)+len(r.carry) <= 2*r.c.Size
	if cap(b.buf) > 2*r.c.Size && small {
		b.roomy++
	} else {
		b.roomy = 0
	}
	if cap(b.buf) == 0 || b.roomy > roomyBlocks {
		b.buf, b.roomy = make([]byte, 0, max(r.c.Size, len(r.carry))), 0
	}
	return b.buf[:0]
}

func (r *Reader) dropCarry() {
	if cap(r.carry) > 2*r.c.Size && len(r.carry) <= r.c.Size {
		r.carry = nil
	}
	r.carry = r.carry[:0]
}

// clean is buf without the Origin's BOM and the rest of a line that is too
// long.
func (r *Reader) clean(buf []byte) []byte {
	const bom = "\xEF\xBB\xBF"
	if r.bom && !(len(buf) < len(bom) && r.err == nil && bom[:len(buf)] == string(buf)) {
		buf, r.bom = bytes.TrimPrefix(buf, []byte(bom)), false
	}
	if !r.long {
		return buf
	}
	i := bytes.IndexByte(buf, r.end)
	if i < 0 {
		return buf[:0]
	}
	r.long = false
	return buf[i+1:]
}

// wholeLines is how many bytes of buf are lines to give: all that are whole,
// or as many as the limit allows but at least one. No line ends in the first
// seen bytes.
func (r *Reader) wholeLines(buf []byte, seen int) int {
	if len(buf) > r.limit {
		if i := bytes.LastIndexByte(buf[:r.limit], r.end); i >= 0 {
			return i + 1
		}
		seen = max(seen, r.limit)
		if i := bytes.IndexByte(buf[seen:], r.end); i >= 0 {
			return seen + i + 1
		}
		return 0
	}
	if i := bytes.LastIndexByte(buf[seen:], r.end); i >= 0 {
		return seen + i + 1
	}
	return 0
}

// give makes the first n bytes of buf the block and carries the others.
func (r *Reader) give(b *Block, buf []byte, n int) {
	r.carry = append(r.carry, buf[n:]...)
	if cap(buf) > cap(b.buf) {
		b.buf = buf
	}
	r.given += int64(n)
	*b = Block{
		Origin: r.src[r.at], Data: buf[:n], End: r.given, Read: r.read,
		buf: b.buf, roomy: b.roomy, reader: r, early: b.early, heads: b.heads, kinds: b.kinds,
	}
}

// giveBack takes the lines from Data[n:] off the block; they come next.
func (r *Reader) giveBack(b *Block, n int) {
	r.carry = append(append([]byte(nil), b.Data[n:]...), r.carry...)
	r.given -= int64(len(b.Data) - n)
	b.Data, b.End = b.Data[:n], r.given
}

// open closes the Origin that has ended and opens the next.
func (r *Reader) open() error {
	if r.err != io.EOF {
		return r.err
	}
	r.closeOrigin()
	if r.at+1 >= len(r.src) {
		r.at = len(r.src)
		return io.EOF
	}
	r.at++
	in, err := r.src[r.at].Open()
	if err != nil {
		r.err = r.named(err)
		return r.err
	}
	o := r.src[r.at]
	r.in, r.err, r.given = &unpacker{ReadCloser: in, known: o.Within}, nil, 0
	r.bom, r.long = !o.Within, o.Within && o.Place.long
	return nil
}

// readInto appends what one read brings to buf, which grows while a line
// fills it.
func (r *Reader) readInto(buf []byte) []byte {
	size := min(r.c.Size, r.limit)
	if cap(buf)-len(buf) < (size+1)/2 {
		room := min(max(2*cap(buf), r.c.Size), r.c.MaxLine+2+r.c.Size)
		buf = append(make([]byte, 0, max(room, len(buf)+size)), buf...)
	}
	room := buf[len(buf):min(cap(buf), len(buf)+size)]
	for range maxEmptyReads {
		n, err := r.in.Read(room)
		if r.c.Now != nil {
			r.read = r.c.Now()
		}
		if err != nil && err != io.EOF {
			err = r.named(err)
		}
		r.err = err
		if n > 0 || err != nil {
			return buf[:len(buf)+n]
		}
	}
	r.err = r.named(io.ErrNoProgress)
	return buf
}

// IsPacked reports whether an input that begins so is unpacked as it is read.
func IsPacked(head []byte) bool { return bytes.HasPrefix(head, []byte{0x1F, 0x8B}) }

// An unpacker reads what an Origin holds: unpacked, if that begins as gzip does.
// UTF-16 is an error.
type unpacker struct {
	io.ReadCloser
	unpacked io.Reader // nil: as it is
	known    bool      // the first two bytes have been looked at
}

var errUTF16 = errors.New("is UTF-16 (iconv -f UTF-16 -t UTF-8 makes it readable)")

func (u *unpacker) Read(p []byte) (n int, err error) {
	switch {
	case u.unpacked != nil:
		return u.unpacked.Read(p)
	case u.known:
		return u.ReadCloser.Read(p)
	}
	if n, err = u.ReadCloser.Read(p); n == 0 {
		return n, err
	}
	head, in := p[:n], io.Reader(u.ReadCloser)
	if n == 1 && err == nil && (p[0] == 0x1F || p[0] >= 0xFE) {
		var second [1]byte
		n, err = io.ReadFull(in, second[:])
		head = append(head[:1:1], second[:n]...)
		in = io.MultiReader(bytes.NewReader(second[:n]), in)
		u.unpacked, n = in, 1
	}
	u.known = true
	switch {
	case IsPacked(head):
		first := bytes.NewReader(bytes.Clone(head))
		if u.unpacked, err = gzip.NewReader(io.MultiReader(first, u.ReadCloser)); err != nil {
			return 0, err
		}
		return u.unpacked.Read(p)
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE}) || bytes.HasPrefix(head, []byte{0xFE, 0xFF}):
		return 0, errUTF16
	}
	if u.unpacked != nil {
		err = nil // it comes again behind the second byte
	}
	return n, err
}

// named is err with the name of the Origin, once, and quoted if there is
// something in it that must not reach a terminal.
func (r *Reader) named(err error) error {
	name := r.src[r.at].Name
	if name == "" {
		name = "stdin"
	} else if quoted := strconv.Quote(name); quoted != `"`+name+`"` {
		name = quoted
	}
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return fmt.Errorf("%s: %w", name, err)
}

// A head is a line that is a header, from its first byte to behind its end.
type head struct {
	start, end int
	header     *header
}

// nextLine is the first line of data without its end, and the lines behind it.
// A CR before LF, or where data ends, belongs to the end.
func nextLine(data []byte, end byte) (line, rest []byte) {
	i := bytes.IndexByte(data, end)
	if i < 0 {
		line = data
	} else {
		line, rest = data[:i], data[i+1:]
	}
	if n := len(line); end == '\n' && n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line, rest
}

// LineEnd is what records end in: LF, or NUL.
func LineEnd(nul bool) byte {
	if nul {
		return 0
	}
	return '\n'
}

// isBlank reports whether a line has nothing but spaces, tabs and CR; where
// records end in NUL line feeds are blank too.
func isBlank(line []byte) bool {
	for _, c := range line {
		if !num.Blank(c) {
			return false
		}
	}
	return true
}
