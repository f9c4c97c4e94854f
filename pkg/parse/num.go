package parse

// A numDecoder reads plain numbers: a line is one nameless value.
type numDecoder struct {
	sign    byte // of decimals
	end     byte // of lines
	maxLine int
	usual   usual
}

func newNum(s *Schema) decoder {
	return &numDecoder{sign: s.cfg.Decimal, end: s.end, maxLine: s.maxLine}
}

func (d *numDecoder) decode(r *record, line []byte) {
	if x, ok := parseNumberDecimal(line, d.sign); ok {
		r.value(0, x)
	} else {
		r.badValue(0, line)
	}
}

func (d *numDecoder) numbers(line []byte) []string {
	if _, ok := parseNumberDecimal(line, d.sign); !ok {
		return nil
	}
	return []string{""}
}

// run reads numbers without blanks and exponent. A line of the shape of the lines
// before is read at once; else finding the line's end and reading the number is
// one loop over the digits: 10 ns a line where splitting and strconv.ParseFloat
// take 40.
func (d *numDecoder) run(r *record, data []byte, line int) (n, lines int) {
	b := r.batch
	col, at := b.Col[0], b.Line
	first := line
	for n < len(data) {
		x, size := d.usual.number(data[n:])
		if size == 0 {
			if x, size = shortNumber(data[n:], d.sign, d.end); size == 0 || size > d.maxLine {
				break
			}
			d.usual.miss(data[n:n+size], d.sign, d.end)
		}
		col, at = append(col, x), append(at, line)
		line++
		n += size
	}
	b.Col[0], b.Line = col, at
	return n, line - first
}

// shortNumber is the number in the line that data begins with, and the size of
// the line with its end. The size is 0 if the line is anything but a sign,
// digits and a decimal sign.
func shortNumber(data []byte, sign, end byte) (x float64, size int) {
	i, mant := 0, uint64(0)
	if data[0] == '-' {
		i = 1
	}
	start := i
	for i < len(data) && data[i]-'0' <= 9 {
		mant = mant*10 + uint64(data[i]-'0')
		i++
	}
	digits, exp := i-start, 0
	if i < len(data) && data[i] == sign {
		i++
		start = i
		for i < len(data) && data[i]-'0' <= 9 {
			mant = mant*10 + uint64(data[i]-'0')
			i++
		}
		exp = i - start
		digits += exp
	}
	size = i + 1
	if i < len(data) && data[i] == '\r' && end == '\n' {
		size++
	}
	if size > len(data) || data[size-1] != end || digits == 0 {
		return 0, 0
	}
	if digits > maxDigits || mant > 1<<53 {
		return longNumber(data[:i], sign, size)
	}
	x = float64(mant) / exactPow10[exp]
	if data[0] == '-' {
		x = -x
	}
	return x, size
}

// longNumber is shortNumber for more digits than one exact operation takes.
func longNumber(b []byte, sign byte, size int) (float64, int) {
	if len(b) > maxNumberLen {
		return 0, 0
	}
	x, ok := slowFloat(b, sign)
	if !ok {
		return 0, 0
	}
	return x, size
}
