package run

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"rtda/pkg/format"
	"rtda/pkg/state"
	"rtda/pkg/stream"
)

// An outlet takes what each turn brings, in the order of the turns. What it is
// given is used again when put returns.
type outlet interface {
	put(o *output) error
	close() error // nothing more comes
}

// An output is what one turn brings, and the bytes that were made of it. Each
// worker has one, so results are formatted side by side.
type output struct {
	result    *stream.Result
	plan      *plan // nil while the fields are not known, when there are only complaints
	rows      []byte
	notes     []byte // for stderr
	alerts    []byte // for the file of --alerts
	formatter format.Formatter
	before    *format.Context // writes complaints while there is no plan
	oneToOne  bool            // all that is to be told is told in rows
	joint     bool            // notes stand among the rows, at their place
	asides    []string        // lines of rtda's own that come before all that the turn brings
	mark      string          // of them
	part      stream.Rows     // of the result's rows, between two notes
}

// format puts a result into bytes.
func (o *output) format(r *stream.Result, p *plan) {
	o.result = r
	o.rows, o.notes, o.alerts = o.rows[:0], o.notes[:0], o.alerts[:0]
	switch {
	case p != nil && o.plan == nil:
		o.plan, o.formatter = p, p.formatter()
	case o.formatter == nil && o.oneToOne:
		o.formatter = format.NewOneToOne(format.Layout{}, o.before, 0)
	}
	o.tellAsides()
	switch {
	case o.joint:
		o.formatJoint(r)
	case !o.oneToOne:
		for i := range r.Notes {
			o.notes = o.note(o.notes, &r.Notes[i])
		}
		fallthrough
	default:
		if o.formatter != nil {
			o.rows = o.formatter.Append(o.rows, r)
		}
	}
}

// tellAsides puts lines of rtda's own where complaints go.
func (o *output) tellAsides() {
	dst := &o.notes
	if o.joint {
		dst = &o.rows
	}
	for _, line := range o.asides {
		if line != "" && !o.oneToOne {
			*dst = fmt.Appendf(*dst, "%srtda: %s\n", o.mark, line)
		}
	}
	o.asides = nil
}

// formatJoint puts each note between the rows before it and those behind it.
func (o *output) formatJoint(r *stream.Result) {
	from := 0
	for i := range r.Notes {
		o.formatRows(&r.Rows, from, r.Notes[i].Row)
		from = r.Notes[i].Row
		o.rows = o.note(o.rows, &r.Notes[i])
	}
	o.formatRows(&r.Rows, from, r.Rows.N)
}

func (o *output) formatRows(all *stream.Rows, from, to int) {
	if o.formatter == nil || from == to && all.N > 0 {
		return
	}
	part := &o.part
	part.N, part.First, part.Time, part.Key, part.Kept, part.Col = to-from, all.First && from == 0, nil, nil, part.Kept[:0], part.Col[:0]
	if len(all.Time) > 0 {
		part.Time = all.Time[from:to]
	}
	if len(all.Key) > 0 {
		part.Key = all.Key[from:to]
	}
	for _, col := range all.Kept {
		part.Kept = append(part.Kept, col[from:to])
	}
	for _, col := range all.Col {
		part.Col = append(part.Col, col[from:to])
	}
	o.rows = o.formatter.Append(o.rows, &stream.Result{Rows: *part})
}

// note appends a note to dst, or to the alerts if they go apart.
func (o *output) note(dst []byte, n *stream.Note) []byte {
	switch {
	case o.plan == nil:
		return o.before.AppendNote(dst, n)
	case n.Alert == nil:
		return o.plan.complaints.AppendNote(dst, n)
	case o.plan.alertsApart:
		o.alerts = o.plan.alerts.AppendNote(o.alerts, n)
		return dst
	}
	return o.plan.alerts.AppendNote(dst, n)
}

const (
	// wholePipe is what a pipe takes all of or nothing, so that what has been
	// written to it ends at a line: PIPE_BUF.
	wholePipe = 4 << 10
	// largestPiece is how much is written at once to what may be slow.
	largestPiece = 64 << 10
	// slowPiece is how long a write may take until the next one is a small one.
	slowPiece = 20 * time.Millisecond
)

// A writer is an outlet for bytes: stdout, stderr or the file of --alerts. It
// may be shared by goroutines; what one call of write is given stays together.
//
// What may be slow to take them, as a pipe, gets its bytes in pieces of whole
// lines: if somebody waits for the end, it can be seen that some are taken.
type writer struct {
	name    string // as errors call it
	part    func(*output) []byte
	certain bool // errors end the run with status 1, also where nobody reads
	owned   io.Closer

	mu     sync.Mutex
	w      io.Writer
	file   bool         // a regular file, which is never slow
	piece  int          // bytes
	drawn  bool         // a line of progress is there, without its end
	closed bool         // nothing is drawn any more
	since  atomic.Int64 // when the write under way began, ns; 0: there is none
	ending atomic.Bool  // all pieces are small ones
}

func newWriter(name string, w io.Writer, part func(*output) []byte) *writer {
	return &writer{name: name, w: w, part: part, file: isRegular(w), piece: largestPiece}
}

func isRegular(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && state.Regular(file)
}

func (w *writer) put(o *output) error {
	err := w.write(w.part(o))
	if err != nil && w.certain {
		return &Error{StatusIO, err}
	}
	return err
}

// write writes b, if there is any.
func (w *writer) write(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	began := time.Now().UnixNano()
	w.since.CompareAndSwap(0, began) // others may wait for the lock as well
	w.mu.Lock()
	defer w.mu.Unlock()
	defer w.since.Store(0)
	w.wipe()
	for len(b) > 0 {
		n := w.next(b)
		began := time.Now()
		w.since.Store(began.UnixNano())
		written, err := w.w.Write(b[:n])
		if err == nil && written < n {
			err = io.ErrShortWrite
		}
		if err != nil {
			return writeError(w.name, err)
		}
		b = b[n:]
		if w.piece = min(2*w.piece, largestPiece); time.Since(began) > slowPiece {
			w.piece = wholePipe
		}
	}
	return nil
}

// Write is write for others than the turns.
func (w *writer) Write(b []byte) (int, error) {
	if err := w.write(b); err != nil {
		return 0, err
	}
	return len(b), nil
}

// next is how many bytes of b to write next: whole lines if there are any.
func (w *writer) next(b []byte) int {
	size := w.piece
	if w.ending.Load() {
		size = wholePipe
	}
	if w.file || len(b) <= size {
		return len(b)
	}
	if i := bytes.LastIndexByte(b[:size], '\n'); i >= 0 {
		return i + 1
	}
	if i := bytes.IndexByte(b[size:], '\n'); i >= 0 {
		return size + i + 1
	}
	return len(b)
}

func (w *writer) close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wipe()
	w.closed = true
	if w.owned == nil {
		return nil
	}
	if err := w.owned.Close(); err != nil {
		return &Error{StatusIO, writeError(w.name, err)}
	}
	return nil
}

func writeError(name string, err error) error {
	return fmt.Errorf("writing %s: %w", name, state.Cause(err))
}
