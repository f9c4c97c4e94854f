package run

import (
	"bytes"
	"fmt"
	"math"

	"rtda/pkg/board"
	"rtda/pkg/plot"
	"rtda/pkg/stream"
	"rtda/pkg/text"
)

// A picture is an outlet that keeps what the run comes to on a board, and draws
// it on stdout when nothing more comes.
type picture struct {
	f      *filter
	config plot.Config
	stdout *writer
}

// MaxSide is how many dots a picture has from side to side at most.
const MaxSide = plot.MaxSide

// Draws reports whether the output is a picture.
func (o *Options) Draws() bool { return o.Out == "svg" || o.Out == "png" }

// newPicture is a picture of no rows, until it is given some.
func newPicture(f *filter, stdout *writer) *picture {
	return &picture{f: f, stdout: stdout, config: plot.Config{
		Board: board.New(board.Config{}), Keys: f.o.Keys, Clock: f.o.Clock != stream.NoClock,
		Zone: f.o.Zone, Width: f.o.Width, Height: f.o.Height,
	}}
}

func (p *picture) put(o *output) error {
	if o.plan == nil {
		return nil
	}
	if p.config.Columns == nil {
		p.begin(o.plan)
	}
	p.config.Board.Add(o.result, stream.Stats{}, p.f.now())
	return nil
}

// begin makes the board for the columns that have become known.
func (p *picture) begin(of *plan) {
	for i := range of.layout.Columns {
		p.config.Columns = append(p.config.Columns, of.layout.Columns[i].Name)
	}
	p.config.Thresholds = of.thresholds()
	p.config.Board = board.New(board.Config{Columns: len(p.config.Columns), Clock: p.config.Clock, Span: math.MaxInt64, Rules: of.rules})
}

func (p *picture) close() error {
	if all := p.config.Columns; len(all) > plot.MaxPanels {
		p.f.tell(fmt.Sprintf("-o %s: a picture has %d panels: the columns from %s on are not in it (-a, -w and -f choose)", p.f.o.Out, plot.MaxPanels, all[plot.MaxPanels]))
	}
	if p.f.o.Out == "svg" {
		return p.stdout.write(plot.AppendSVG(nil, &p.config))
	}
	var b bytes.Buffer
	missing, err := plot.WritePNG(&b, &p.config)
	if err != nil {
		return err
	}
	if n := len(missing); n > 0 {
		p.f.tell(fmt.Sprintf("-o png: %d characters of names are boxes in the picture, which has no letters for them: %s (-o svg has, where they are looked at)", n, text.Quote(string(missing[:min(n, 10)]))))
	}
	return p.stdout.write(b.Bytes())
}
