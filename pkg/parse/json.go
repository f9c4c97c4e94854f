package parse

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/valyala/fastjson"

	"rtda/pkg/clock"
	"rtda/pkg/num"
)

const (
	maxDepth  = 64   // how deep a record may be nested; the record itself is 1
	maxFields = 1000 // fields measured when none is named
)

// A jsonDecoder walks over JSON objects, one a line, and checks them: what it
// accepts is what RFC 8259 and encoding/json.Valid accept, not deeper than
// maxDepth. Each byte is looked at once and nothing is built, so a line costs
// the same whatever members it has and in which order (see member), and memory
// does not grow with it. The tree of fastjson takes twice the time where
// records have no common layout; fastjson decodes the texts with escapes.
type jsonDecoder struct {
	jsonScanner
	s      *Schema
	r      *record
	slots  *slots
	root   jsonNode
	paths  []path
	record uint64 // records read, marks the steps met in this one
	texts  fastjson.Parser
}

// A path is a slot whose name has dots: the value may stand at the flat name,
// dots and all, which wins, or where the steps lead.
type path struct {
	slot       int
	flat, deep []byte // raw values, nil if absent
}

func newJSON(s *Schema) decoder {
	d := &jsonDecoder{s: s, slots: newSlots(s), jsonScanner: jsonScanner{end: s.end}}
	for i := range d.slots.all {
		d.addPath(i)
	}
	d.root.index()
	return d
}

// addPath leads to the slot: by its name and, if that has dots, step by step.
func (d *jsonDecoder) addPath(slot int) {
	name := d.slots.all[slot].name
	steps := strings.Split(name, ".")
	if len(steps) == 1 || len(steps) > maxDepth {
		s := d.root.step(name)
		s.slot, s.key = slot, d.slots.all[slot].sole
		switch p := &d.slots.all[slot]; {
		case p.only >= 0 && d.s.cfg.Missing.texts == nil:
			s.field = p.only
		case p.clock:
			s.time = true
		}
		return
	}
	i := len(d.paths)
	d.paths = append(d.paths, path{slot: slot})
	d.root.step(name).flat = i
	n := &d.root
	for _, name := range steps[:len(steps)-1] {
		s := n.step(name)
		if s.sub == nil {
			s.sub = &jsonNode{}
		}
		n = s.sub
	}
	n.step(steps[len(steps)-1]).deep = i
}

func (d *jsonDecoder) decode(r *record, line []byte) {
	d.b, d.tooDeep, d.r = line, false, r
	i := d.start(line)
	if i < 0 {
		r.ignore()
		return
	}
	if d.is(i, '{') {
		i = d.readObject(i)
	} else {
		d.value(i, 0) // it may be too deep
		i = -1
	}
	switch {
	case d.tooDeep:
		r.fail(TooDeep, nil)
	case i < 0 || !d.ends(i):
		r.fail(NotJSON, line)
		r.advise(NotJSON, guess(line, true))
	}
}

// start is the index of the record's bracket in the line, or of something that
// is no record. What stands before the first bracket is passed over, but for
// the name of a member. It is -1 if the line is the bracket of an array of
// records, a line each.
func (d *jsonDecoder) start(line []byte) int {
	i := d.space(0)
	if d.is(i, '{') {
		return i
	}
	switch string(num.Trim(line)) {
	case "[", "]", "],":
		return -1
	}
	at := bytes.IndexByte(line, '{')
	if at < 0 {
		return i
	}
	if before := num.Trim(line[:at]); before[0] == '"' && before[len(before)-1] == ':' {
		return i
	}
	return at
}

// ends reports whether nothing but a comma stands at i.
func (d *jsonDecoder) ends(i int) bool {
	i = d.space(i)
	if d.is(i, ',') {
		i = d.space(i + 1)
	}
	return i == len(d.b)
}

// run reads lines that are nothing but an object, without looking for their end
// first.
func (d *jsonDecoder) run(r *record, data []byte, line int) (n, lines int) {
	d.b, d.tooDeep, d.r = data, false, r
	for n < len(data) && data[n] == '{' {
		r.begin(line+lines, data[n:])
		i := d.readObject(n)
		if i >= 0 && i < len(data) && data[i] == '\r' && d.end == '\n' {
			i++
		}
		if i < 0 || !d.is(i, d.end) || i-n >= d.s.maxLine {
			r.forget()
			break
		}
		r.end()
		n = i + 1
		lines++
	}
	return n, lines
}

// readObject reads the object at i, which is the record, and returns the index
// after it, -1 if it is none.
func (d *jsonDecoder) readObject(i int) int {
	d.record++
	for i := range d.paths {
		d.paths[i].flat, d.paths[i].deep = nil, nil
	}
	i = d.members(i, 1, &d.root)
	for _, p := range d.paths {
		if p.flat != nil {
			d.give(p.slot, p.flat)
		} else if p.deep != nil {
			d.give(p.slot, p.deep)
		}
	}
	return i
}

func (d *jsonDecoder) fields(line []byte, f func(name []byte, isNumber bool)) {
	defer func(b []byte) { d.b = b }(d.b)
	d.b = line
	i := max(0, d.start(line))
	if !d.is(i, '{') {
		return
	}
	i, more := d.open(i, 1, '}')
	for more {
		name := i
		end := d.name(i)
		if end < 0 {
			return
		}
		if i = d.value(end, 1); i < 0 {
			return
		}
		raw := d.b[end:i]
		if content, ok := d.decoded(d.b[name:d.text(name)]); ok && raw[0] != 'n' {
			f(content, d.s.isNumber(raw, kindOfJSON(raw)))
		}
		i, more = d.next(i, '}')
	}
}

// kindOfJSON is what the raw value is, but for strings that are broken.
func kindOfJSON(raw []byte) kind {
	switch raw[0] {
	case '"':
		return str
	case '{', '[':
		return container
	case 't', 'f':
		return boolean
	}
	return numeral
}

// give tells the record the raw value of a slot.
func (d *jsonDecoder) give(slot int, raw []byte) {
	k := kindOfJSON(raw)
	switch {
	case raw[0] == 'n':
		return
	case k == str:
		var ok bool
		if raw, ok = d.decoded(raw); !ok {
			k = broken
		}
	}
	d.r.put(&d.slots.all[slot], raw, k)
}

// decoded is what a string stands for, valid until the next call. ok is false
// if there is a lone surrogate in it, which no text can hold; it is then as it
// stood.
func (d *jsonDecoder) decoded(raw []byte) (content []byte, ok bool) {
	content = raw[1 : len(raw)-1]
	if bytes.IndexByte(content, '\\') < 0 {
		return content, true
	}
	v, err := d.texts.ParseBytes(raw)
	if err != nil || hasLoneSurrogate(content) {
		return content, false
	}
	content, _ = v.StringBytes()
	if len(raw) > maxKept {
		d.texts = fastjson.Parser{} // it keeps room for the longest text
	}
	return content, true
}

// hasLoneSurrogate reports whether the content of a string has the escape of
// one half of a surrogate pair without the other.
func hasLoneSurrogate(content []byte) bool {
	for {
		i := bytes.IndexByte(content, '\\')
		if i < 0 {
			return false
		}
		content = content[i:]
		n := 2
		if content[1] == 'u' {
			n = 6
			if c, _ := hex4(content[2:]); utf16.IsSurrogate(c) {
				if len(content) < 12 || content[6] != '\\' || content[7] != 'u' {
					return true
				}
				low, _ := hex4(content[8:])
				if utf16.DecodeRune(c, low) == utf8.RuneError {
					return true
				}
				n = 12
			}
		}
		content = content[n:]
	}
}

// A jsonNode says which members of an object, or elements of an array, a
// record is asked for.
type jsonNode struct {
	byName  map[string]*jsonStep
	byIndex map[int]*jsonStep // of an array's elements, nil if no step is an index
	most    int               // the largest index

	first   member             // before all others; it has no text
	members map[string]*member // by their text
	alike   [64]*member        // first of those whose names begin alike
	misses  int                // texts that found no room among them
	unknown member             // stands for those
}

// A jsonStep is one step of the paths that go through it.
type jsonStep struct {
	name  string
	slot  int       // that the value is for; -1 if none
	field int       // measured field that the value is for, and for nothing else; -1 if none
	key   int       // part of the key, likewise
	time  bool      // the value is for the time and nothing else
	flat  int       // index of the path of which this is the flat name; -1 if none
	deep  int       // index of the path that ends here, behind other steps; -1 if none
	sub   *jsonNode // how the paths go on; nil if none does
	seen  uint64    // the record in which it was last met
}

// A member is what stood before a value in an earlier record: the bracket or
// comma, the name and the colon with all blanks, as they were. Where the same
// comes again, one comparison says all that there is to know of it. Records of
// one origin mostly have the same members in the same order, so the one that
// once followed is tried first, then those whose names begin as the one that
// stands there.
type member struct {
	prefix
	field int       // field of step; -1 if there is none
	key   int       // key of step, likewise
	step  *jsonStep // nil: the value is not used
	next  *member   // that followed it
	alike *member   // another whose name begins in the same way
}

const (
	maxMembers = 256 // texts remembered of a node
	maxText    = 128 // bytes of one
	maxTries   = 8   // members that begin alike compared before one is looked up
)

// newMember is a member of the text, which is not copied.
func newMember(text []byte, step *jsonStep) *member {
	m := &member{prefix: newPrefix(text), field: -1, key: -1, step: step}
	if step != nil {
		m.field, m.key = step.field, step.key
	}
	return m
}

// step is the step of the name, made if it is new.
func (n *jsonNode) step(name string) *jsonStep {
	if s := n.byName[name]; s != nil {
		return s
	}
	s := &jsonStep{name: name, slot: -1, field: -1, key: -1, flat: -1, deep: -1}
	if n.byName == nil {
		n.byName = map[string]*jsonStep{}
	}
	n.byName[name] = s
	return s
}

// index prepares for element when all steps are there.
func (n *jsonNode) index() {
	n.members = map[string]*member{}
	for _, s := range n.byName {
		if i, err := strconv.Atoi(s.name); err == nil && i >= 0 && strconv.Itoa(i) == s.name {
			if n.byIndex == nil {
				n.byIndex = map[int]*jsonStep{}
			}
			n.byIndex[i], n.most = s, max(n.most, i)
		}
		if s.sub != nil {
			s.sub.index()
		}
	}
}

// element is the step for an array's i-th element, nil if it is not asked for.
func (n *jsonNode) element(i int) *jsonStep {
	if i > n.most {
		return nil
	}
	return n.byIndex[i]
}

// members walks over an object, whose bracket is at i, in which some members
// are asked for.
func (d *jsonDecoder) members(i, depth int, n *jsonNode) int {
	if depth > maxDepth {
		d.tooDeep = true
		return -1
	}
	b := d.b
	for m := &n.first; ; {
		if before := m; before.next != nil && before.next.follows(b[i:]) {
			m = before.next
			i += m.size
		} else {
			var more bool
			if m, i, more = d.find(i, depth, n, before); !more {
				return i
			}
		}
		if i >= len(b) {
			return -1
		}
		switch c := b[i]; {
		case m.step == nil && c == '"':
			i = d.text(i)
		case m.step == nil && c-'0' <= 9:
			if end := num.SkipJSON(b, i); end > i {
				i = end
				break
			}
			return -1
		case m.step == nil:
			i = d.value(i, depth)
		case m.step.seen != d.record && m.field >= 0:
			x, size := num.PrefixJSON(b[i:])
			if size == 0 {
				i = d.wanted(i, depth, m.step)
				break
			}
			m.step.seen = d.record
			d.r.vals[m.field] = x
			i += size
		case m.step.seen != d.record && m.key >= 0 && c == '"':
			end := d.text(i)
			if end < 0 || bytes.IndexByte(b[i:end], '\\') >= 0 {
				i = d.wanted(i, depth, m.step)
				break
			}
			m.step.seen = d.record
			d.r.key(m.key, b[i+1:end-1])
			i = end
		default:
			i = d.wanted(i, depth, m.step)
		}
		if i < 0 {
			return -1
		}
	}
}

// find is lookUp for a member that is not the one that once followed: one of
// those that begin alike, or the end of the object.
func (d *jsonDecoder) find(from, depth int, n *jsonNode, before *member) (m *member, i int, more bool) {
	if before != &n.first && d.is(from, '}') {
		return nil, from + 1, false
	}
	if before != &n.first && d.is(from, '{') {
		return nil, -1, false // a line that was torn, with the next behind it
	}
	if from < len(d.b) {
		m = n.alike[beginning(d.b[from:])]
	}
	for tries := 0; m != nil && tries < maxTries; tries++ {
		if m.follows(d.b[from:]) {
			if before.next == nil {
				before.next = m
			}
			return m, from + m.size, true
		}
		m = m.alike
	}
	return d.lookUp(from, depth, n, before)
}

// beginning is a number below 64 that is the same for texts of members whose
// names have the same first letters, up to seven of them.
func beginning(text []byte) uint64 {
	if len(text) < 10 {
		return 0
	}
	w := binary.LittleEndian.Uint64(text[1:9])
	if byte(w) == ' ' {
		w = binary.LittleEndian.Uint64(text[2:10])
	}
	w &^= 0xff // the quote before the name; what comes behind the next one is left out
	quote := w ^ '"'*ones8
	quote = (quote - ones8) &^ quote & highs8
	w &= quote ^ (quote - 1)
	return w * 0x9E3779B97F4A7C15 >> 58
}

// lookUp reads what stands before the next value of an object, behind the
// bracket or value that ends at from, and returns the member and the index of
// the value; more is false where the object ends, and i the index after it.
func (d *jsonDecoder) lookUp(from, depth int, n *jsonNode, before *member) (m *member, i int, more bool) {
	if before == &n.first {
		i, more = d.open(from, depth, '}')
	} else {
		i, more = d.next(from, '}')
	}
	name := i
	if !more {
		return nil, i, false
	}
	end := -1
	if d.is(name, '"') {
		end = d.text(name)
	}
	if end < 0 {
		return nil, -1, false
	}
	if i = d.colon(end); i < 0 {
		return nil, -1, false
	}
	raw := d.b[from:i]
	if m = n.members[string(raw)]; m != nil {
		before.next = m
		return m, i, true
	}
	var step *jsonStep
	if content, ok := d.decoded(d.b[name:end]); ok {
		step = n.byName[string(content)]
		if step == nil && d.s.chosen && n == &d.root && num.SkipJSON(d.b, i) > i {
			d.r.unmeasured(content)
		}
	}
	if m = n.remember(raw, step); m != &n.unknown {
		before.next = m
	}
	return m, i, true
}

// remember makes the text a member, if it is not too long and there is room:
// where names never come again, or not before many others, it is made anew only
// now and then.
func (n *jsonNode) remember(text []byte, step *jsonStep) *member {
	if len(n.members) >= maxMembers {
		if n.misses++; n.misses > 16*maxMembers {
			clear(n.members)
			clear(n.alike[:])
			n.first.next, n.misses = nil, 0
		}
	}
	if len(text) > maxText || len(n.members) >= maxMembers {
		n.unknown = *newMember(nil, step)
		return &n.unknown
	}
	m := newMember(bytes.Clone(text), step)
	n.members[string(m.text)] = m
	k := beginning(append(m.text, "          "...))
	m.alike, n.alike[k] = n.alike[k], m
	return m
}

// elements walks over an array in which some elements are asked for.
func (d *jsonDecoder) elements(i, depth int, n *jsonNode) int {
	i, more := d.open(i, depth, ']')
	for k := 0; more; k++ {
		if step := n.element(k); step == nil {
			i = d.value(i, depth)
		} else {
			i = d.wanted(i, depth, step)
		}
		if i < 0 {
			return -1
		}
		i, more = d.next(i, ']')
	}
	return i
}

// wanted walks over a value that stands at a step and takes it.
func (d *jsonDecoder) wanted(i, depth int, step *jsonStep) int {
	if step.seen == d.record {
		d.r.fail(DuplicateField, []byte(step.name))
	}
	step.seen = d.record
	if step.time && d.is(i, '"') {
		if end := d.text(i); end > 0 && bytes.IndexByte(d.b[i:end], '\\') < 0 {
			d.r.readTime(d.b[i+1:end-1], '.')
			return end
		}
	} else if step.time {
		if dec, n := num.DecimalJSON(d.b[i:]); n > 0 {
			if ns, ok := d.r.time.Unix(dec); ok {
				d.r.setTime(ns, clock.Moment)
				return i + n
			}
		}
	}
	i = d.space(i)
	start := i
	switch {
	case step.sub != nil && d.is(i, '{'):
		i = d.members(i, depth+1, step.sub)
	case step.sub != nil && step.sub.byIndex != nil && d.is(i, '['):
		i = d.elements(i, depth+1, step.sub)
	default:
		i = d.value(i, depth)
	}
	if i < 0 {
		return -1
	}
	raw := d.b[start:i]
	if step.slot >= 0 {
		d.give(step.slot, raw)
	}
	if step.flat >= 0 {
		d.paths[step.flat].flat = raw
	}
	if step.deep >= 0 {
		d.paths[step.deep].deep = raw
	}
	return i
}

// A jsonScanner walks over JSON text and checks it. Its methods take the index
// of the first byte of what they skip and return that of the first byte after
// it, or -1 at an error, for which tooDeep says which.
type jsonScanner struct {
	b       []byte
	end     byte // of a line, which is no white space
	tooDeep bool
}

// space skips white space.
func (s *jsonScanner) space(i int) int {
	for i < len(s.b) && s.b[i] <= ' ' && num.Blank(s.b[i]) && s.b[i] != s.end {
		i++
	}
	return i
}

// is reports whether the byte at i is c.
func (s *jsonScanner) is(i int, c byte) bool { return i < len(s.b) && s.b[i] == c }

// value skips a value that is nested in depth others, and blanks before it.
func (s *jsonScanner) value(i, depth int) int {
	if i < len(s.b) && s.b[i] <= ' ' {
		i = s.space(i)
	}
	if i >= len(s.b) {
		return -1
	}
	switch c := s.b[i]; {
	case c == '"':
		return s.text(i)
	case c-'0' <= 9 || c == '-':
		if end := num.SkipJSON(s.b, i); end > i {
			return end
		}
		return -1
	}
	switch s.b[i] {
	case '{':
		return s.object(i, depth+1)
	case '[':
		return s.array(i, depth+1)
	case 't':
		return s.word(i, "true")
	case 'f':
		return s.word(i, "false")
	case 'n':
		return s.word(i, "null")
	}
	return -1
}

func (s *jsonScanner) word(i int, w string) int {
	if len(s.b)-i >= len(w) && string(s.b[i:i+len(w)]) == w {
		return i + len(w)
	}
	return -1
}

// object skips an object at the given depth.
func (s *jsonScanner) object(i, depth int) int {
	i, more := s.open(i, depth, '}')
	for more {
		if i = s.name(i); i < 0 {
			return -1
		}
		if i = s.value(i, depth); i < 0 {
			return -1
		}
		i, more = s.next(i, '}')
	}
	return i
}

// array skips an array at the given depth.
func (s *jsonScanner) array(i, depth int) int {
	i, more := s.open(i, depth, ']')
	for more {
		if i = s.value(i, depth); i < 0 {
			return -1
		}
		i, more = s.next(i, ']')
	}
	return i
}

// open skips an opening bracket and the white space after it. There is more
// unless the closing bracket follows, which is skipped too.
func (s *jsonScanner) open(i, depth int, closing byte) (end int, more bool) {
	if depth > maxDepth {
		s.tooDeep = true
		return -1, false
	}
	i = s.space(i + 1)
	if s.is(i, closing) {
		return i + 1, false
	}
	return i, true
}

// next skips what stands after a member or element: a comma, and there is more,
// or the closing bracket.
func (s *jsonScanner) next(i int, closing byte) (end int, more bool) {
	i = s.space(i)
	switch {
	case s.is(i, ','):
		return s.space(i + 1), true
	case s.is(i, closing):
		return i + 1, false
	}
	return -1, false
}

// name skips the name of a member and its colon.
func (s *jsonScanner) name(i int) int {
	if !s.is(i, '"') {
		return -1
	}
	if i = s.text(i); i < 0 {
		return -1
	}
	return s.colon(i)
}

// colon skips a colon and the white space around it.
func (s *jsonScanner) colon(i int) int {
	i = s.space(i)
	if !s.is(i, ':') {
		return -1
	}
	return s.space(i + 1)
}

// Words of eight characters that are looked at together.
const (
	ones8  = 0x0101010101010101
	highs8 = 0x80 * ones8
)

// text skips a string.
func (s *jsonScanner) text(i int) int {
	b := s.b
	for i++; i+8 <= len(b); {
		w := binary.LittleEndian.Uint64(b[i : i+8])
		back := w ^ '\\'*ones8
		// A byte below n sets its high bit in (w-n)&^w; a borrow may set more,
		// but only above the first. With a quote and a blank in each other's
		// places the quote is the one above the control characters.
		m := ((w^('"'^' ')*ones8-('"'-1)*ones8)&^w | (back-ones8)&^back) & highs8
		if m == 0 {
			i += 8
			continue
		}
		if i += bits.TrailingZeros64(m) / 8; b[i] == '"' {
			return i + 1
		}
		n := escapeLen(b[i:])
		if n == 0 {
			return -1 // a control character, or no escape
		}
		i += n
	}
	for i < len(b) {
		switch c := b[i]; {
		case c == '"':
			return i + 1
		case c == '\\':
			n := escapeLen(b[i:])
			if n == 0 {
				return -1
			}
			i += n
		case c < ' ':
			return -1
		default:
			i++
		}
	}
	return -1
}

// escapeLen is how many bytes the escape has that b begins with, 0 if it is
// none.
func escapeLen(b []byte) int {
	if len(b) < 2 || b[0] != '\\' {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if _, ok := hex4(b[2:]); ok {
			return 6
		}
	}
	return 0
}

// hex4 is the number that the first four bytes of b write in hexadecimal.
func hex4(b []byte) (n rune, ok bool) {
	if len(b) < 4 {
		return 0, false
	}
	for _, c := range b[:4] {
		switch {
		case c-'0' <= 9:
			n = n<<4 | rune(c-'0')
		case c|0x20-'a' <= 5 && c|0x20 >= 'a':
			n = n<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return n, true
}
