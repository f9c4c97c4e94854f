package parse

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/bits"
	"slices"

	"rtda/pkg/num"
)

// Rows of csv and tsv are read in two passes over some KiB at a time. The first finds
// where separators, line ends and quotes stand, 64 bytes at a time. The second goes
// from mark to mark: it need not look at cells that nobody wants. Where most values
// are plain it goes column by column, straight into the columns of the batch
// (table.takeColumns, half the time); what that does not take, it takes record by
// record (table.takeRow). Both read the same (FuzzTable).

// maxPiece is how many bytes are read at once: they and their marks stay in the
// fastest cache. minPiece is how many after a line that is no row.
const (
	maxPiece = 8 << 10
	minPiece = 512
)

// maxStreak is how many rows are tried column by column, 1 after one that cannot be
// taken so and twice as many as before after others.
const maxStreak = 64

// A mark is where a cell ends, or a quote stands: four times the index of the byte
// after it, and its kind.
type mark uint32

const (
	separator mark = iota
	lineEnd
	quote
	noMark
)

func newMark(i int, kind mark) mark { return mark(i+1)<<2 | kind }

// next is the index of the byte after the mark.
func (m mark) next() int { return int(m >> 2) }

func (m mark) kind() mark { return m & 3 }

// A scanner finds marks.
type scanner struct {
	kinds [256]mark // by character
	below uint64    // characters are looked at if they are below those of the word,
	same  uint64    // or the same as those; 0: none
	tail  [64]byte
	marks []mark // of lines,
	alone []mark // and of one alone, for which the others must stay
}

// newScanner is a scanner for cells of a style.
func newScanner(style cellStyle, sep, end byte) scanner {
	s := scanner{}
	for c := range s.kinds {
		s.kinds[c] = noMark
	}
	most := max(sep, end)
	if style == csvCells {
		s.kinds['"'] = quote
		most = max(most, '"')
	}
	s.kinds[sep], s.kinds[end] = separator, lineEnd
	if s.below = uint64(most+1) * ones8; most >= '-' { // digits and minus signs would be looked at too
		s.below, s.same = ('"'+1)*ones8, uint64(sep)*ones8
	}
	return s
}

// find returns the marks of b behind one that stands before its first byte. They lie
// in room, if that is neither too small nor much too large.
func (s *scanner) find(b []byte, room []mark) []mark {
	if cap(room) < len(b)+8 || cap(room) > maxKept && len(b) < maxPiece {
		room = make([]mark, max(len(b), minPiece)+8)
	}
	marks := room[:cap(room)]
	marks[0] = newMark(-1, lineEnd)
	n, kinds := 1, &s.kinds
	for at := 0; at < len(b); at += 64 {
		some := b[at:]
		if len(some) < 64 {
			s.tail = [64]byte{}
			copy(s.tail[:], some)
			some = s.tail[:]
		}
		words := (*[64]byte)(some)
		m := bytesBelow(words, 0, s.below)
		if s.same != 0 {
			m |= bytesBelow(words, s.same, ones8)
		}
		if left := len(b) - at; left < 64 {
			m &= 1<<left - 1
		}
		for ; m != 0; m &= m - 1 {
			i := bits.TrailingZeros64(m) & 63
			kind := kinds[words[i]]
			marks[n] = newMark(at+i, kind)
			n += int((kind+1)>>2 ^ 1)
		}
	}
	return marks[:n]
}

// bytesBelow has a bit for each of 64 bytes that, after flip, is below the byte of
// which low is eight, and maybe for some above these.
func bytesBelow(b *[64]byte, flip, low uint64) uint64 {
	return eightBelow(b[:8], flip, low) | eightBelow(b[8:16], flip, low)<<8 |
		eightBelow(b[16:24], flip, low)<<16 | eightBelow(b[24:32], flip, low)<<24 |
		eightBelow(b[32:40], flip, low)<<32 | eightBelow(b[40:48], flip, low)<<40 |
		eightBelow(b[48:56], flip, low)<<48 | eightBelow(b[56:64], flip, low)<<56
}

func eightBelow(b []byte, flip, low uint64) uint64 {
	w := binary.LittleEndian.Uint64(b) ^ flip
	const gather = 0x0102040810204080 // puts the lowest bits of eight bytes side by side
	return (w - low) &^ w & highs8 >> 7 * gather >> 56
}

// A piece is lines of csv or tsv and their marks.
type piece struct {
	b       []byte
	marks   []mark
	style   cellStyle
	cr      bool // a CR before a line end belongs to it
	escaped bool // some cells have doubled quotes or backslashes
}

// pieceOf finds the marks of b, lines or one without its end. Those of quotes around
// whole cells and of what is between them are none.
func (t *table) pieceOf(b []byte, alone bool) piece {
	p := piece{b: b, style: t.style, cr: t.s.end == '\n' && !alone}
	if alone {
		p.marks = append(t.scan.find(b, t.scan.alone), newMark(len(b), lineEnd))
		t.scan.alone = p.marks
	} else {
		p.marks = t.scan.find(b, t.scan.marks)
		t.scan.marks = p.marks
	}
	if p.style == tsvCells {
		p.escaped = bytes.IndexByte(b, '\\') >= 0
	} else if bytes.IndexByte(b, '"') >= 0 {
		p.unquote()
	}
	return p
}

// unquote takes away the marks of quotes around whole cells and those between them.
func (p *piece) unquote() {
	n := 1
	for j := 1; j < len(p.marks); j++ {
		if m := p.marks[j]; m.kind() == quote && m.next() == p.marks[n-1].next()+1 {
			if end := p.closing(j + 1); end > 0 {
				j = end
			}
		}
		p.marks[n] = p.marks[j]
		n++
	}
	p.marks = p.marks[:n]
}

// closing is the index of the mark at which a cell in quotes ends, in which the j-th
// mark is the first; 0 if it is not whole.
func (p *piece) closing(j int) int {
	for ; j+1 < len(p.marks) && p.marks[j].kind() != lineEnd; j++ {
		if p.marks[j].kind() != quote {
			continue
		}
		m := p.marks[j+1]
		between := m.next() - p.marks[j].next() - 1
		switch {
		case m.kind() == quote && between == 0: // a doubled one
			p.escaped = true
			j++
		case m.kind() != quote && (between == 0 || between == 1 && p.endsCR(j+1)):
			return j + 1
		default:
			return 0
		}
	}
	return 0
}

// endsCR reports whether the j-th mark is a line end with a CR before it.
func (p *piece) endsCR(j int) bool {
	m := p.marks[j]
	return p.cr && m.kind() == lineEnd && p.b[m.next()-2] == '\r'
}

// bounds is where a cell begins and ends, the j-th mark.
func (p *piece) bounds(j int) (from, to int) { return p.marks[j-1].next(), p.marks[j].next() - 1 }

// isPlain reports whether a cell says what stands between its bounds.
func (p *piece) isPlain(from, to int) bool {
	return from < to && p.b[from] > '"' && p.b[to-1] > ' '
}

// cell is where what a cell says begins and ends; the j-th mark is at its end.
// Quotes, a CR that belongs to the line's end and in csv blanks do not count.
func (p *piece) cell(j int) (from, to int) {
	from, to = p.bounds(j)
	if from < to && p.b[to-1] == '\r' && p.endsCR(j) {
		to--
	}
	switch {
	case p.style == tsvCells:
		return from, to
	case from < to && p.b[from] == '"':
		return from + 1, to - 1
	}
	for from < to && num.Blank(p.b[from]) {
		from++
	}
	for from < to && num.Blank(p.b[to-1]) {
		to--
	}
	return from, to
}

// text is what a cell says, valid until the next call.
func (t *table) text(p *piece, j int) []byte {
	from, to := p.bounds(j)
	if !p.isPlain(from, to) {
		from, to = p.cell(j)
	}
	cell := p.b[from:to]
	switch {
	case !p.escaped:
		return cell
	case p.style == tsvCells:
		return t.unescaped(cell)
	case bytes.IndexByte(cell, '"') < 0:
		return cell
	}
	t.buf = append(t.room(), bytes.ReplaceAll(cell, []byte(`""`), []byte(`"`))...)
	return t.buf
}

// room is the empty buffer, which does not stay large.
func (t *table) room() []byte {
	if cap(t.buf) > maxKept {
		t.buf = nil
	}
	return t.buf[:0]
}

// unescaped puts what they mean in the place of a cell's backslashes: one with
// n, t, r or another backslash behind it is the character that it names; before
// others it is itself.
func (t *table) unescaped(cell []byte) []byte {
	t.buf = t.room()
	for i := 0; i < len(cell); i++ {
		c := cell[i]
		if c == '\\' && i+1 < len(cell) {
			if e := tsvEscapes[cell[i+1]]; e != 0 {
				c = e
				i++
			}
		}
		t.buf = append(t.buf, c)
	}
	return t.buf
}

var tsvEscapes = [256]byte{'n': '\n', 't': '\t', 'r': '\r', '\\': '\\'}

// row is the number of cells of the row whose marks come after the j-th, 0 if it does
// not end in the piece; ok is false where quotes are out of place.
func (p *piece) row(j int) (cells int, ok bool) {
	all := mark(0)
	for k, m := range p.marks[j+1:] {
		if all |= m; m.kind() == lineEnd {
			return k + 1, all.kind() == lineEnd
		}
	}
	return 0, false
}

// alike is how many rows, at most max, have so many cells, if their marks come
// after the j-th.
func (p *piece) alike(j, cells, max int) (rows int) {
	for marks := p.marks[j+1:]; rows < max && cells <= len(marks); marks = marks[cells:] {
		all := mark(0)
		for _, m := range marks[:cells-1] {
			all |= m
		}
		if all.kind() != separator || marks[cells-1].kind() != lineEnd {
			break
		}
		rows++
	}
	return rows
}

// decode reads a row that run leaves.
func (t *table) decode(r *record, line []byte) {
	if t.style == colsCells {
		t.words(r, line)
		return
	}
	p := t.pieceOf(line, true)
	if cells, ok := p.row(0); !ok || !t.takeRow(r, &p, 0, cells) {
		r.fail(NotRecord, line)
	}
}

// run reads rows of csv and tsv, piece by piece.
func (t *table) run(r *record, data []byte, line int) (n, lines int) {
	if t.style == colsCells || t.s.maxLine < maxPiece {
		return 0, 0
	}
	if !t.planned {
		t.planned = true
		t.plan(r)
	}
	for n < len(data) {
		p := t.pieceOf(data[n:min(n+t.size, len(data))], false)
		j, taken, ok := t.takePiece(r, &p, line+lines)
		n += p.marks[j].next()
		lines += taken
		if !ok {
			t.size = minPiece
			break
		}
		if j == 0 && (t.size == maxPiece || len(p.b) < t.size) {
			break // a longer line, or the last without its end
		}
		t.size = min(2*t.size, maxPiece)
	}
	return n, lines
}

// takePiece reads the rows of a piece and returns the number of marks and of lines
// that it has read; ok is false if what comes then is not good.
func (t *table) takePiece(r *record, p *piece, line int) (j, lines int, ok bool) {
	for {
		cells, ok := p.row(j)
		if cells == 0 {
			return j, lines, true
		}
		if ok && t.direct && cells >= len(t.at) && cells <= t.most {
			rows := p.alike(j, cells, t.streak)
			n := t.takeColumns(r, p, j, cells, rows, line+lines)
			j += n * cells
			lines += n
			if n == rows {
				t.streak = min(2*t.streak, maxStreak)
				continue
			}
			t.streak = 1
		}
		from, to := p.marks[j].next(), p.marks[j+cells].next()
		if !ok || p.b[from] <= ' ' && isBlank(p.b[from:to]) {
			return j, lines, false
		}
		r.begin(line+lines, p.b[from:])
		if !t.takeRow(r, p, j, cells) {
			r.forget()
			return j, lines, false
		}
		r.end()
		j += cells
		lines++
	}
}

// takeRow reads a row of so many cells whose marks come after the j-th. Cells that
// are missing at the end are empty, those beyond the header must be.
func (t *table) takeRow(r *record, p *piece, j, cells int) bool {
	for col, s := range t.at[:min(cells, len(t.at))] {
		if s == nil {
			continue
		}
		if s.only >= 0 && s.next == nil && t.s.cfg.Missing.texts == nil {
			from, to := p.bounds(j + 1 + col)
			if x, ok := num.Cell(p.b, from, to, r.sign); ok {
				r.vals[s.only] = x
				continue
			}
		}
		r.put(s, t.text(p, j+1+col), untyped)
	}
	for col := t.most; col < cells; col++ {
		if from, to := p.cell(j + 1 + col); from < to {
			return false
		}
	}
	return true
}

// wanted is a column that is used for one thing alone.
type wanted struct {
	column int
	use    use
	field  int // the measured field
}

type use uint8

const (
	asField use = iota
	asKey
	asTime
)

// plan finds out whether rows under the header can be read column by column.
func (t *table) plan(r *record) {
	t.wanted, t.absent, t.direct = t.wanted[:0], t.absent[:0], false
	if r.cfg.Missing.texts != nil || len(r.keys) > 1 || len(r.texts) > 0 || len(r.vals) == 0 {
		return
	}
	needed := len(r.keys)
	if r.timed {
		needed++
	}
	for field := range r.vals {
		t.absent = append(t.absent, field)
	}
	for col, p := range t.at {
		w := wanted{column: col}
		switch {
		case p == nil:
			continue
		case p.next != nil:
			return
		case p.only >= 0:
			w.field = p.only
			t.absent = slices.DeleteFunc(t.absent, func(field int) bool { return field == w.field })
		case p.sole >= 0:
			w.use = asKey
			needed--
		case p.clock:
			w.use = asTime
			needed--
		default:
			return
		}
		t.wanted = append(t.wanted, w)
	}
	t.direct = needed == 0 && len(t.wanted) > 0
}

// takeColumns reads as many of the rows as are plain, and returns how many. All have
// so many cells, and their marks come after the j-th.
func (t *table) takeColumns(r *record, p *piece, j, cells, rows, line int) int {
	b := r.batch
	n := len(b.Line)
	for i := range t.wanted {
		w := &t.wanted[i]
		c := column{p, j + 1 + w.column, cells, rows}
		switch w.use {
		case asField:
			b.Col[w.field] = c.numbers(b.Col[w.field], r.sign)
			rows = len(b.Col[w.field]) - n
		case asKey:
			b.Key = c.keys(b.Key)
			rows = len(b.Key) - n
		case asTime:
			c.times(r)
			rows = len(b.Time) - n
		}
	}
	for _, field := range t.absent {
		for range rows {
			b.Col[field] = append(b.Col[field], r.none[field])
		}
	}
	rows = valued(b.Col, n, rows)
	for i := range b.Col {
		b.Col[i] = b.Col[i][:n+rows]
	}
	if len(r.keys) > 0 {
		b.Key = b.Key[:n+rows]
	}
	if r.timed {
		b.Time = b.Time[:n+rows]
	}
	if r.open {
		b.East = b.East[:n+rows]
	}
	for i := range rows {
		b.Line = append(b.Line, line+i)
	}
	return rows
}

// valued is how many rows, the first of which is the n-th, have a value at least.
func valued(cols [][]float64, n, rows int) int {
	for i := range rows {
		if !slices.ContainsFunc(cols, func(col []float64) bool { return col[n+i] == col[n+i] }) {
			return i
		}
	}
	return rows
}

// A column is the cells of some rows: the mark of the first, how many cells there are
// from one row to the next, and how many rows.
type column struct {
	p           *piece
	j, by, rows int
}

// numbers appends the column's numbers up to a cell that is none, and NaN for empty
// cells.
func (c column) numbers(dst []float64, sign byte) []float64 {
	for j := c.j; j < c.j+c.rows*c.by; j += c.by {
		from, to := c.p.bounds(j)
		x, ok := num.Cell(c.p.b, from, to, sign)
		if !ok {
			if from, to = c.p.cell(j); from == to {
				x = math.NaN()
			} else if x, ok = num.Cell(c.p.b, from, to, sign); !ok {
				break
			}
		}
		dst = append(dst, x)
	}
	return dst
}

// keys appends the column's texts up to one that is no key as it stands there.
func (c column) keys(dst [][]byte) [][]byte {
	for j := c.j; j < c.j+c.rows*c.by; j += c.by {
		from, to := c.p.bounds(j)
		if !c.p.isPlain(from, to) {
			if from, to = c.p.cell(j); from == to {
				break
			}
		}
		key := c.p.b[from:to]
		if len(key) > maxKey || !isText(key) || c.p.escaped {
			break
		}
		dst = append(dst, key)
	}
	return dst
}

// times appends the column's times to the batch of the record up to a cell that has
// none.
func (c column) times(r *record) {
	b := r.batch
	for j := c.j; j < c.j+c.rows*c.by; j += c.by {
		from, to := c.p.bounds(j)
		if !c.p.isPlain(from, to) {
			from, to = c.p.cell(j)
		}
		ns, east, ok := r.time.Parse(c.p.b[from:to], r.sign)
		if !ok {
			break
		}
		if b.Time = append(b.Time, ns); r.open {
			b.East = append(b.East, east)
		}
	}
}
