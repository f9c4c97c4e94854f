package parse

// A Parser turns blocks into batches. Each worker has its own; it keeps the
// buffers that its decoder needs.
type Parser struct {
	s    *Schema
	dec  decoder // nil until the first block with records
	fast runner  // dec, if it is one
	rec  *record
}

// A runner is a decoder with a short way for the lines that are as expected.
type runner interface {
	decoder
	// run reads lines from the beginning of data, the first of which is the
	// given one of the block, for as long as they are good and as expected. It
	// puts them into r's batch and returns their bytes and their number.
	run(r *record, data []byte, line int) (n, lines int)
}

// NewParser returns a Parser of blocks that have entered the Schema.
func NewParser(s *Schema) *Parser { return &Parser{s: s} }

// Parse fills dst with what the lines of b say. b must have entered the
// Schema. dst may be valid only as long as b, for its texts and keys may point
// into it.
//
// A line costs about 10 ns as a plain number, 60 as a JSON record of six members
// like the one before and 150 as another; nothing is allocated once the slices have grown.
func (p *Parser) Parse(b *Block, dst *Batch) {
	dst.reset(b)
	if b.TooLong {
		dst.Lines++
		dst.addBad(Bad{Line: dst.Lines, Reason: TooLong})
		return
	}
	if !b.ready {
		return
	}
	if p.dec == nil {
		p.dec = b.format.decoder(p.s)
		p.rec = newRecord(p.s, p.dec)
		p.fast, _ = p.dec.(runner)
	}
	useHeader(p.dec, b.header)
	copy(p.rec.kinds, b.kinds)
	dst.columns(p.rec)
	p.rec.enter(dst, b.Data)
	from := b.skip
	for _, h := range b.heads {
		p.lines(b.Data[from:h.start])
		dst.Lines++
		if p.s.cfg.EveryLine {
			dst.addBad(Bad{At: dst.Len(), Line: dst.Lines, Reason: Header})
		}
		useHeader(p.dec, h.header)
		from = h.end
	}
	p.lines(b.Data[from:])
	if b.other.Line > 0 {
		dst.insertBad(b.other)
	}
}

// lines reads the lines of data, which come after those that the batch has.
func (p *Parser) lines(data []byte) {
	dst := p.rec.batch
	for len(data) > 0 {
		if p.fast != nil {
			n, lines := p.fast.run(p.rec, data, dst.Lines+1)
			dst.Lines += lines
			if data = data[n:]; len(data) == 0 {
				return
			}
		}
		var line []byte
		line, data = nextLine(data, p.s.end)
		dst.Lines++
		p.line(line)
	}
}

// line reads one line in the ordinary way.
func (p *Parser) line(line []byte) {
	dst := p.rec.batch
	switch {
	case len(line) > p.s.maxLine:
		dst.addBad(Bad{At: dst.Len(), Line: dst.Lines, Reason: TooLong})
	case isBlank(line):
		if p.s.cfg.EveryLine {
			dst.addBad(Bad{At: dst.Len(), Line: dst.Lines, Reason: Blank})
		}
	default:
		p.rec.begin(dst.Lines, line)
		p.dec.decode(p.rec, line)
		p.rec.end()
	}
}
