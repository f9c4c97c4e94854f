package parse

import (
	"encoding/binary"

	"rtda/pkg/num"
)

// A numDecoder reads plain numbers: a line is one nameless value.
type numDecoder struct {
	s     *Schema
	value slot
	usual usual
}

func newNum(s *Schema) decoder { return &numDecoder{s: s, value: slot{fields: []int{0}, sole: -1}} }

func (d *numDecoder) decode(r *record, line []byte) { r.put(&d.value, line, untyped) }

func (d *numDecoder) fields(line []byte, f func(name []byte, isNumber bool)) {
	f(nil, d.s.isNumber(line, untyped))
}

// run reads numbers without blanks. A line of the shape of the lines before is
// read at once; else finding the line's end and reading the number is one loop
// over the digits: 10 ns a line where splitting and strconv.ParseFloat take 40.
func (d *numDecoder) run(r *record, data []byte, line int) (n, lines int) {
	if d.s.cfg.Missing.texts != nil {
		return 0, 0
	}
	b := r.batch
	col, at := b.Col[0], b.Line
	first := line
	for n < len(data) {
		x, size := d.usual.number(data[n:])
		if size == 0 {
			if x, size = d.number(data[n:]); size == 0 {
				break
			}
			d.usual.miss(data[n:n+size], d.s.cfg.Decimal, d.s.end)
		}
		col, at = append(col, x), append(at, line)
		line++
		n += size
	}
	b.Col[0], b.Line = col, at
	return n, line - first
}

// number is the number in the line that data begins with and the size of the
// line with its end, which is 0 if there is anything else in it.
func (d *numDecoder) number(data []byte) (x float64, size int) {
	x, n := num.Prefix(data, d.s.cfg.Decimal)
	size = n + 1
	if n < len(data) && data[n] == '\r' && d.s.end == '\n' {
		size++
	}
	if n == 0 || size > len(data) || data[size-1] != d.s.end || size > d.s.maxLine {
		return 0, 0
	}
	return x, size
}

// A usual shape is that of most lines. Another one takes its place when lines of
// others follow each other; how many it takes doubles while the shapes learned
// fit half of the lines or fewer, so that ragged lines pay for no learning.
type usual struct {
	shape    shape
	others   int // lines in a row that had others
	patience int // how many of them it bears
	hits     int // lines since it was learned that had it,
	misses   int // and had not
}

// maxOthers bounds the patience, so that a log which becomes regular is noticed.
const maxOthers = 64

// number is shape.number.
func (u *usual) number(data []byte) (x float64, size int) {
	if x, size = u.shape.number(data); size > 0 {
		u.hits++
		u.others = 0
	}
	return x, size
}

// miss tells of a line that had another shape.
func (u *usual) miss(line []byte, sign, end byte) {
	u.misses++
	if u.others++; u.others <= u.patience {
		return
	}
	u.patience = min(2*u.patience+1, maxOthers)
	if u.hits > u.misses {
		u.patience = 1 // one alone is an exception
	}
	u.others, u.hits, u.misses = 0, 0, 0
	u.shape.learn(line, sign, end)
}

// A shape is where the digits stand in a line. The lines of a log mostly have
// that of the lines before, and then nothing has to be looked for: eight
// characters are checked and worth at a time, and the next line does not wait
// for where this one ends. That takes half the time of the loop over digits.
type shape struct {
	size   int     // of the line with its end; 0 if none is known
	least  int     // bytes that are looked at
	end    byte    // of the line
	last   word    // its last eight characters, or all
	first  word    // those before
	more   bool    // there are some before
	weight uint64  // what 1 in first is worth in last
	scale  float64 // what the digits are divided by
}

// A word is eight characters with digits, and maybe a point among them.
type word struct {
	shift     uint8  // bits to shift the first character away by
	fill      uint64 // zeros for where there is no digit
	high, low uint64 // masks of the characters on both sides of the point
	sign      uint64 // the point in its place
	signs     uint64 // and a mask for it
}

// mostDigits is how many digits of a shape are exact in a float64.
const mostDigits = 15

// number is the number in the line that data begins with, and the size of the
// line with its end, which is 0 if the line has another shape.
func (s *shape) number(data []byte) (x float64, size int) {
	size = s.size
	if size == 0 || len(data) < s.least || data[size-1] != s.end {
		return 0, 0
	}
	if !s.more {
		n, ok := s.last.digits(binary.LittleEndian.Uint64(data))
		if !ok {
			return 0, 0
		}
		return float64(n) / s.scale, size
	}
	n, ok := s.last.digits(binary.LittleEndian.Uint64(data[size-9:]))
	m, ok2 := s.first.digits(binary.LittleEndian.Uint64(data))
	if !ok || !ok2 {
		return 0, 0
	}
	return float64(m*s.weight+n) / s.scale, size
}

const zeros8 = '0' * ones8 // the text 00000000

// aboveNine has the high bit of each byte of w that is above 9; a carry may set
// others, but only above it.
func aboveNine(w uint64) uint64 { return (w + (0x80-10)*ones8 | w) & highs8 }

// digits is what the digits of eight characters are worth; false if there is
// anything else among them.
func (w *word) digits(v uint64) (n uint64, ok bool) {
	v <<= w.shift & 63
	sign := v & w.signs
	v = (v&w.high | v&w.low<<8 | w.fill) ^ zeros8
	if aboveNine(v) != 0 || sign != w.sign {
		return 0, false
	}
	v = (v * (1 + 10<<8)) >> 8 & 0x00ff00ff00ff00ff
	v = (v * (1 + 100<<16)) >> 16 & 0x0000ffff0000ffff
	return v * (1 + 10000<<32) >> 32, true
}

// learn makes s the shape of a line of digits with its end, if it is one.
func (s *shape) learn(line []byte, sign, end byte) {
	s.size = 0
	n := len(line) - 1
	if n < 1 || n > mostDigits || line[n] != end {
		return
	}
	s.end, s.least, s.scale, s.weight = end, max(n+1, 8), 1, 1
	at := -1 // of the point
	for i, c := range line[:n] {
		switch {
		case c == sign && at < 0:
			at = i
		case c-'0' > 9:
			return
		}
	}
	if at >= 0 {
		s.scale = num.Pow10[n-1-at]
	}
	s.more = n > 8
	if !s.more {
		s.last = newWord(n, at, sign)
	} else {
		s.last, s.first = newWord(8, at-(n-8), sign), newWord(n-8, at, sign)
		s.weight = 1e8
		if at >= n-8 {
			s.weight = 1e7
		}
	}
	s.size = n + 1
}

// newWord is a word of n characters with a point at one of them, or at none.
func newWord(n, at int, sign byte) word {
	w := word{shift: uint8(8 * (8 - n))}
	missing := 8 - n
	if at < 0 || at >= n {
		w.high = ^uint64(0) << w.shift
	} else {
		place := uint(w.shift) + 8*uint(at)
		w.signs, w.sign = 0xff<<place, uint64(sign)<<place
		w.low = (1<<place - 1) &^ (1<<w.shift - 1)
		w.high = ^uint64(0) << place << 8
		missing++
	}
	w.fill = zeros8 &^ (^uint64(0) << (8 * uint(missing)))
	return w
}
