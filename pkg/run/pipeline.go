package run

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"rtda/pkg/parse"
	"rtda/pkg/stream"
	"rtda/pkg/text"
)

// handOff is the size of a block from which on another worker may read while
// this one works. Smaller blocks are a trickle: one worker does it all, and no
// line waits for a goroutine to wake up.
const handOff = 16 << 10

// A pipeline takes the input from bytes to bytes. Its workers, each with
// buffers of its own, do the same steps and pass three batons: to read the next
// block, to take it into the stream and to write what came of it.
//
// Whatever must have a place in the order of the input takes a turn: a block, a
// tick of the clock, the end. Turns are numbered from 0 as they begin; at the
// stream and at the outlets each waits for the turns before it. So nothing is
// copied between workers, and the output is the same for any number of them.
type pipeline struct {
	reader     source
	checkpoint *checkpoint // nil without --state
	intake     *intake     // nil unless there are several inputs at once
	schema     *parse.Schema
	plan       func(*parse.Schema) (*plan, error) // called once, when the schema is known
	stream     *stream.Stream
	outlets    []outlet
	blank      output // of which each worker has one
	jobs       int
	opening    []string      // what is told with the first turn that writes; under mu
	rescue     func()        // deferred where a panic may come from
	heard      chan struct{} // closed when signals are taken: nothing is written before
	rearm      chan struct{} // the time of the next tick has changed; nil unless there are ticks
	taken      atomic.Int64  // bytes read
	wake       atomic.Int64  // time of the next tick, 0 if there is none

	reading sync.Mutex // the read baton
	known   *plan      // under it

	mu       sync.Mutex
	passed   sync.Cond // streamed or written has gone up
	idle     sync.Cond // settled may have become true; apart from passed, which would wake who waits for it at every block
	begun    int       // turns that have a number
	streamed int       // of them, those that are done with the stream
	written  int       // of them, those that are done with the outlets
	workers  int       // at work
	started  int       // workers there ever were
	waiting  bool      // a worker waits for input
	ended    bool      // there is no more input, or it could not be read
	closed   bool      // input that has not been read yet is not wanted: after a signal, or when the output has ended
	strict   bool      // a bad line ended the output
	err      error     // that ended the output
	readErr  error     // that ended the input; what was read before is used
	stats    stream.Stats
	planned  *plan // of the stream
}

// A source is where blocks come from. Next is io.EOF when there are no more.
type source interface {
	Next(b *parse.Block) error
}

// A worker takes one turn after the other, in buffers of its own.
type worker struct {
	pipeline *pipeline
	parser   *parse.Parser // nil: takes no blocks
	block    parse.Block
	batch    parse.Batch
	result   stream.Result
	output   output
	full     stream.Full // writePart: made once
	plan     *plan
	turn     int
	saves    bool // its turns write nothing
}

func (p *pipeline) newWorker() *worker {
	w := &worker{pipeline: p, output: p.blank}
	w.full = w.writePart
	return w
}

// start lets the first worker begin; it starts the others when there is work.
func (p *pipeline) start() {
	p.workers, p.started = 1, 1
	go p.work()
}

// startAnother starts another worker, while there may be more.
func (p *pipeline) startAnother() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.started < p.jobs && !p.ended && !p.closed {
		p.started++
		p.workers++
		go p.work()
	}
}

// work takes blocks until there are no more.
func (p *pipeline) work() {
	defer p.rescue()
	w := p.newWorker()
	w.parser = parse.NewParser(p.schema)
	for w.takeBlock() {
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.workers--
	p.idle.Broadcast()
}

// takeBlock takes one block all the way. It reports whether there may be more.
func (w *worker) takeBlock() (more bool) {
	p := w.pipeline
	p.reading.Lock()
	if !w.read() {
		p.reading.Unlock()
		return false
	}
	trickle := len(w.block.Data) < handOff
	if !trickle {
		p.reading.Unlock()
		p.startAnother()
	}
	w.parser.Parse(&w.block, &w.batch)
	w.takeTurn(func() (stop bool) {
		stop = p.stream.Take(&w.block, &w.batch, &w.result, w.full)
		p.checkpoint.took(&w.block)
		return stop
	})
	if trickle {
		p.reading.Unlock()
	}
	return true
}

// read fills the worker with the next block and begins its turn, under the read
// baton.
func (w *worker) read() bool {
	p := w.pipeline
	if p.over() {
		return false
	}
	err := p.reader.Next(&w.block)
	if err == nil {
		p.checkpoint.beforeTail(&w.block)
		err = p.enter(&w.block)
	} else if errors.Is(err, io.EOF) {
		if origin, why := p.schema.Unfinished(); why != nil {
			err = ofOrigin(origin, why)
		}
	}
	if w.block.Origin != nil && w.block.Origin.Refused {
		p.intake.Drop(w.block.Origin) // no other has such an Origin
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		p.ended = true
		if !errors.Is(err, io.EOF) && !errors.Is(err, errClosed) {
			p.readErr = err
		}
		return false
	}
	w.plan = p.known
	w.begin()
	return true
}

// enter lets the schema see the block before it is parsed, and makes the plan
// once the schema is known.
func (p *pipeline) enter(b *parse.Block) error {
	if err := p.schema.Enter(b); err != nil {
		return ofOrigin(b.Origin, err)
	}
	if p.known != nil || !p.schema.Known() {
		return nil
	}
	made, err := p.plan(p.schema)
	p.known = made
	return err
}

// ofOrigin is err with the name of the input that it is about.
func ofOrigin(o *parse.Origin, err error) error {
	if o.Name == "" {
		return fmt.Errorf("stdin: %w", err)
	}
	return fmt.Errorf("%s: %w", text.FileName(o.Name), err)
}

// begin gives the worker's turn its number, under mu.
func (w *worker) begin() {
	w.turn = w.pipeline.begun
	w.pipeline.begun++
}

// takeTurn does what the worker's turn is for at the stream, which says whether a bad
// line has stopped that, and writes what comes of it. It returns the error that ended
// the output, if one did.
func (w *worker) takeTurn(atStream func() (stop bool)) error {
	w.awaitStream()
	w.leaveStream(atStream())
	w.writePart(&w.result)
	return w.endTurn()
}

// awaitStream waits for the worker's turn at the stream, and gives the stream
// the plan before the first turn that has one.
func (w *worker) awaitStream() {
	p := w.pipeline
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.streamed != w.turn {
		p.passed.Wait()
	}
	if !w.saves {
		w.output.asides, p.opening = p.opening, nil
	}
	if w.plan != nil && p.planned == nil {
		p.planned = w.plan
		p.stream.Setup(w.plan.stream)
	}
	w.plan = p.planned
}

// leaveStream ends the turn at the stream. stop says that a bad line has
// stopped the stream, which takes nothing from then on.
func (w *worker) leaveStream(stop bool) {
	p := w.pipeline
	p.setWake()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stats = p.stream.Stats()
	if stop {
		p.strict = p.err == nil
		p.close()
	}
	p.streamed++
	p.passed.Broadcast()
}

// setWake tells who waits for the clock when there is something to wake for.
func (p *pipeline) setWake() {
	if p.rearm == nil {
		return
	}
	t, ok := p.stream.Wake()
	if !ok {
		t = 0
	}
	if p.wake.Swap(t) != t {
		select {
		case p.rearm <- struct{}{}:
		default:
		}
	}
}

// writePart formats a part of what the turn brings and puts it into the outlets
// when the turn comes there. It reports whether the turn is to go on: after an
// error nothing is written.
func (w *worker) writePart(r *stream.Result) bool {
	p := w.pipeline
	w.output.format(r, w.plan)
	if w.awaitOutlets() != nil {
		return false
	}
	<-p.heard
	for _, o := range p.outlets {
		if err := o.put(&w.output); err != nil {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.err = err
			p.close()
			return false
		}
	}
	return true
}

// endTurn ends the turn at the outlets. It returns the error that ended the output, if
// one did.
func (w *worker) endTurn() error {
	p := w.pipeline
	p.mu.Lock()
	defer p.mu.Unlock()
	p.written++
	p.passed.Broadcast()
	if p.settled() {
		p.idle.Broadcast()
	}
	return p.err
}

// awaitOutlets waits for the worker's turn at the outlets. It returns the error
// of an earlier turn there.
func (w *worker) awaitOutlets() error {
	p := w.pipeline
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.written != w.turn {
		p.passed.Wait()
	}
	return p.err
}

// tick takes a turn to tell the stream the time. It reports whether there may be
// more.
func (w *worker) tick(now func() int64) bool {
	p := w.pipeline
	p.mu.Lock()
	if p.ended || p.closed {
		p.mu.Unlock()
		return false
	}
	w.begin()
	at := now() // what is read from here on comes behind this turn
	p.mu.Unlock()
	w.takeTurn(func() (stop bool) {
		p.stream.Tick(at, &w.result, w.full)
		return false
	})
	return true
}

// end takes the last turn, for what the end of the input brings; call settle
// before. It returns the error that ended the output.
func (w *worker) end() error {
	p := w.pipeline
	if p.over() {
		return p.failure()
	}
	p.mu.Lock()
	w.begin()
	p.mu.Unlock()
	return w.takeTurn(func() (stop bool) {
		p.stream.End(&w.result, w.full)
		return p.stream.Stopped()
	})
}

// failure is the error that ended the output, if one did.
func (p *pipeline) failure() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// settle waits until all that is to be read has been written, or writing has
// failed.
func (p *pipeline) settle() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.err == nil && !p.settled() {
		p.idle.Wait()
	}
	p.ended = true
}

// settled reports whether nothing more will be written. A worker that waits for
// input nobody wants may do so for ever.
func (p *pipeline) settled() bool {
	return p.written == p.begun && (p.workers == 0 || p.closed && p.waiting)
}

// over reports whether the output has ended, so that nothing more is to be
// done.
func (p *pipeline) over() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err != nil || p.strict
}

// isSilent reports whether the pipeline waits for its first input.
func (p *pipeline) isSilent() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.begun == 0 && p.waiting && !p.closed
}

// counts are the counts as of the last turn.
func (p *pipeline) counts() stream.Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stats
}

// errClosed is what reading says when the pipeline is closed. It is no end of
// the input: the beginning of a line that has been read is no line.
var errClosed = errors.New("the pipeline is closed")

// A tap is an open input that can be closed while it is read. A read that waits
// cannot be called back, so the pipeline has to know that there is one, and
// what it brings later is not used.
type tap struct {
	io.ReadCloser
	pipeline *pipeline
}

func (t tap) Read(b []byte) (int, error) {
	if !t.pipeline.setWaiting(true) {
		return 0, errClosed
	}
	n, err := t.ReadCloser.Read(b)
	t.pipeline.taken.Add(int64(n))
	if !t.pipeline.setWaiting(false) {
		return 0, errClosed
	}
	return n, err
}

func (p *pipeline) tapped(origins []*parse.Origin) []*parse.Origin {
	for _, origin := range origins {
		open := origin.Open
		origin.Open = func() (io.ReadCloser, error) {
			if !p.setWaiting(true) { // a pipe opens when it has a writer
				return nil, errClosed
			}
			in, err := open()
			if !p.setWaiting(false) {
				return nil, errClosed
			}
			return tap{in, p}, err
		}
	}
	return origins
}

// setWaiting says that a worker waits for input, or does no more. It reports
// whether input may still be used.
func (p *pipeline) setWaiting(waiting bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.waiting = waiting
	return true
}

// close closes the taps, under mu: of the input only what has been read is used.
func (p *pipeline) close() {
	p.closed = true
	p.intake.close()
	p.idle.Broadcast()
}

func (p *pipeline) interrupt() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.close()
}
