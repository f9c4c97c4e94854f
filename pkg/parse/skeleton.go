package parse

// A skeleton is what a JSON record is made of but for its numbers and strings:
// brackets, names, colons, commas, white space and words. Records of one
// origin have the same one, so it is learned from a record and compared byte
// for byte with those that come, and only the values between are read. What
// differs in any way goes the ordinary way. As the skeleton was checked when
// it was learned, a line that fits is JSON, has no name twice, and its values
// are where they were.
type skeleton struct {
	parts  []part
	tail   []byte // behind the last value
	line   []byte // the line it was learned from, which the parts point into; nil: none
	fitted bool   // some line has fitted since another was learned
}

// A part is the bytes before a value, and who asked for the value.
type part struct {
	before []byte
	at     int // where the value begins in the line it was learned from
	isText bool
	time   bool
	field  int // -1: none
	key    int // -1: none
}

// skeletons are those of the last few kinds of records.
type skeletons struct {
	all      [4]skeleton
	last     int // the one that fitted last
	newest   int // the one that was learned last
	misses   int // good lines since then that none has fitted
	patience int // how many of them it bears
	failed   int // tries in a row that have found none that fits
	pause    int // lines that go the ordinary way until the next try
}

// maxPause bounds the lines without a try, so that lines without a common
// skeleton are not tried in vain, nor those that have one again missed.
const maxPause = 32

// run reads lines that have a learned skeleton: 85 ns for a record of 90 bytes
// with six values, where walking takes 170, climbing 370 and fastjson 135 for
// its tree (BenchmarkParse, BenchmarkJSON).
func (d *jsonDecoder) run(r *record, data []byte, line int) (n, lines int) {
	k := &d.known
	if k.pause > 0 {
		k.pause--
		return 0, 0
	}
	for n < len(data) {
		size := d.fitAny(r, data[n:], line+lines)
		if size == 0 || size > d.maxLine {
			break
		}
		r.end()
		lines++
		n += size
	}
	if lines > 0 {
		k.failed = 0
	} else {
		k.failed++
		k.pause = min(k.failed/2, maxPause)
	}
	return n, lines
}

// fitAny is fit with the first skeleton that fits, from the last one on.
func (d *jsonDecoder) fitAny(r *record, data []byte, line int) (size int) {
	k := &d.known
	for range k.all {
		if s := &k.all[k.last]; s.line != nil {
			r.begin(line)
			if size = d.fit(r, s, data); size > 0 {
				s.fitted = true
				return size
			}
		}
		k.last = (k.last + 1) % len(k.all)
	}
	return 0
}

// fit gives r the values of the line that data begins with, and is the size of
// the line with its end; 0 if the line does not fit.
func (d *jsonDecoder) fit(r *record, s *skeleton, data []byte) int {
	i := 0
	for p := range s.parts {
		p := &s.parts[p]
		start := i + len(p.before)
		if start >= len(data) || string(data[i:start]) != string(p.before) {
			return 0
		}
		if p.isText {
			i = d.fitText(r, p, data, start)
		} else {
			i = d.fitNumber(r, p, data, start)
		}
		if i == 0 {
			return 0
		}
	}
	start := i + len(s.tail)
	if start >= len(data) || string(data[i:start]) != string(s.tail) {
		return 0
	}
	if data[start] == '\r' && d.end == '\n' && start+1 < len(data) {
		start++
	}
	if data[start] != d.end {
		return 0
	}
	return start + 1
}

// fitText reads the content of a string from start to its closing quote and is
// the quote's index. Strings with escapes do not fit.
func (d *jsonDecoder) fitText(r *record, p *part, data []byte, start int) (end int) {
	i := plainText(data, start)
	if i >= len(data) || data[i] != '"' {
		return 0
	}
	if p.key >= 0 {
		r.key(p.key, data[start:i])
	}
	if p.time {
		r.timeText(data[start:i])
	}
	if p.field >= 0 {
		d.textField(r, p.field, data[start:i])
	}
	return i
}

// fitNumber reads the number at start and is the index behind it. What stands
// there is the next part's matter, so a number that goes on does not fit.
func (d *jsonDecoder) fitNumber(r *record, p *part, data []byte, start int) (end int) {
	if p.field >= 0 {
		x := 0.0
		if x, end = jsonNumber(data, start); end == 0 {
			return 0
		}
		r.value(p.field, x)
	} else if end = start + scanJSONNumber(data[start:]); end == start {
		return 0
	}
	if p.key >= 0 {
		r.key(p.key, data[start:end])
	}
	if p.time {
		r.timeText(data[start:end])
	}
	return end
}

// jsonNumber is the number that begins at data[start] and the index behind it,
// 0 if it is none by RFC 8259.
func jsonNumber(data []byte, start int) (x float64, end int) {
	i, mant := start, uint64(0)
	if data[i] == '-' {
		i++
	}
	first := i
	for i < len(data) && data[i]-'0' <= 9 {
		mant = mant*10 + uint64(data[i]-'0')
		i++
	}
	digits, exp := i-first, 0
	if digits == 0 || digits > 1 && data[first] == '0' {
		return 0, 0
	}
	if i < len(data) && data[i] == '.' {
		i++
		first = i
		for i < len(data) && data[i]-'0' <= 9 {
			mant = mant*10 + uint64(data[i]-'0')
			i++
		}
		exp = i - first
		digits += exp
	}
	if digits > maxDigits || mant > 1<<53 || data[i-1] == '.' || i < len(data) && data[i]|0x20 == 'e' {
		return longJSONNumber(data, start)
	}
	x = float64(mant) / exactPow10[exp]
	if data[start] == '-' {
		x = -x
	}
	return x, i
}

// longJSONNumber is jsonNumber for what one exact operation does not do.
func longJSONNumber(data []byte, start int) (x float64, end int) {
	end = start + scanJSONNumber(data[start:])
	x, ok := parseJSONNumber(data[start:end])
	if !ok {
		return 0, 0
	}
	return x, end
}
