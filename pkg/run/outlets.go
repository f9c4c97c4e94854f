package run

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"

	"rtda/pkg/format"
	"rtda/pkg/stream"
)

// A pen turns results into the bytes that are to be written. Each worker has
// one, so results are formatted side by side.
type pen struct {
	plan     *plan
	format   format.Formatter
	before   *format.Context // writes complaints while there is no plan
	oneToOne bool            // all that is to be told is told in rows
	rows     []byte          // for stdout
	notes    []byte          // for stderr
	alerts   []byte          // for the file of --alerts
	actions  []*stream.Note  // for the command of --exec
}

// write puts a result into bytes. p is nil while the schema is not known, when
// there are only complaints.
func (pen *pen) write(r *stream.Result, p *plan) {
	pen.rows, pen.notes, pen.alerts, pen.actions = pen.rows[:0], pen.notes[:0], pen.alerts[:0], pen.actions[:0]
	switch {
	case p != nil && pen.plan == nil:
		pen.plan, pen.format = p, p.formatter()
	case pen.format == nil && pen.oneToOne:
		pen.format = format.NewOneToOne(format.Layout{}, pen.before, 0)
	}
	if !pen.oneToOne {
		for i := range r.Notes {
			pen.note(&r.Notes[i])
		}
	}
	if pen.format != nil {
		pen.rows = pen.format.Append(pen.rows, r)
	}
}

// note puts one note where it belongs.
func (pen *pen) note(n *stream.Note) {
	if n.Alert == nil {
		ctx := pen.before
		if pen.plan != nil {
			ctx = pen.plan.complaints
		}
		pen.notes = ctx.AppendNote(pen.notes, n)
		return
	}
	if pen.plan.alertsApart {
		pen.alerts = pen.plan.alerts.AppendNote(pen.alerts, n)
	} else {
		pen.notes = pen.plan.alerts.AppendNote(pen.notes, n)
	}
	if pen.plan.actions {
		pen.actions = append(pen.actions, n)
	}
}

// A sink is where the bytes go.
type sink struct {
	stdout  io.Writer
	alerts  io.Writer // nil: alerts go to stderr
	actions *actions  // nil without --exec
	stderr  *locked
}

// put writes what a pen has: alerts and complaints first, so that an alert is
// never later than its row.
func (s *sink) put(p *pen) error {
	if err := writeAll(s.stderr, "stderr", p.notes); err != nil {
		return err
	}
	if err := writeAll(s.alerts, "the alerts", p.alerts); err != nil {
		return &Error{StatusIO, err} // also where nobody reads them
	}
	for _, n := range p.actions {
		if s.actions.admit() {
			s.actions.start(p.plan.json(n), p.plan.env(n))
		}
	}
	return writeAll(s.stdout, "stdout", p.rows)
}

// writeAll writes b, if there is any, to what errors call by name.
func writeAll(w io.Writer, name string, b []byte) error {
	if len(b) == 0 {
		return nil
	}
	n, err := w.Write(b)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}

// A locked writer may be shared by goroutines; what one Write is given stays
// together.
type locked struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *locked) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}
