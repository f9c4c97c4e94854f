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

// A pipeline takes the input from bytes to bytes. Its workers, each with room of
// its own, do the same steps and pass three batons: to read the next block, to
// take it into the stream and to write what came of it. Each baton goes round
// in the order of the blocks, so nothing is copied between workers and the
// output is the same for any number of them.
type pipeline struct {
	reader *parse.Reader
	schema *parse.Schema
	plan   func(*parse.Schema) (*plan, error) // called once, when the schema is known
	stream *stream.Stream
	sink   *sink
	blank  pen // of which each worker has one
	jobs   int
	rearm  chan struct{} // the time of the next tick has changed; nil unless there are ticks
	wake   atomic.Int64  // time of the next tick, 0 if there is none

	reading sync.Mutex // the read baton
	known   *plan      // under it

	mu       sync.Mutex
	turn     sync.Cond
	quiet    sync.Cond // there may be nothing more to wait for; apart from turn, which would wake who waits for it at every block
	blocks   int       // blocks read
	streamed int       // of them, taken into the stream
	tickets  int       // results that are to be written
	written  int       // results written, or given up
	workers  int
	hired    int
	shut     bool  // after a signal: only what has been read is used
	waiting  bool  // a worker waits for input
	stop     bool  // use no more
	strict   bool  // a bad line stopped the stream
	readErr  error // why reading stopped; what was read is still used
	err      error // why all stopped
	stats    stream.Stats
	planned  *plan // of the stream
}

// A worker takes one block after the other, in buffers of its own.
type worker struct {
	block  parse.Block
	batch  parse.Batch
	result stream.Result
	parser *parse.Parser
	pen    pen
	plan   *plan
	number int // of the block
}

// start lets the first worker begin; it hires the others when there is work.
func (w *pipeline) start() {
	w.workers, w.hired = 1, 1
	go w.work()
}

func (w *pipeline) work() {
	b := &worker{parser: parse.NewParser(w.schema), pen: w.blank}
	for w.step(b) {
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.workers--
	w.quiet.Broadcast()
}

// hire starts another worker, while there may be more.
func (w *pipeline) hire() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.hired < w.jobs && !w.stop {
		w.hired++
		w.workers++
		go w.work()
	}
}

// step takes one block all the way. It reports whether there may be more.
func (w *pipeline) step(b *worker) (more bool) {
	w.reading.Lock()
	if !w.read(b) {
		w.reading.Unlock()
		return false
	}
	trickle := len(b.block.Data) < handOff
	if !trickle {
		w.reading.Unlock()
		w.hire()
	}
	b.parser.Parse(&b.block, &b.batch)
	ticket := w.take(b)
	b.pen.write(&b.result, b.plan)
	w.put(&b.pen, ticket)
	if trickle {
		w.reading.Unlock()
	}
	return true
}

// read fills the bench with the next block, under the read baton.
func (w *pipeline) read(b *worker) bool {
	if w.stopped() {
		return false
	}
	err := w.reader.Next(&b.block)
	if err == nil {
		err = w.enter(&b.block)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stop {
		return false
	}
	if err != nil {
		w.stop = true
		if !errors.Is(err, io.EOF) && !errors.Is(err, errShut) {
			w.readErr = err
		}
		return false
	}
	b.plan, b.number = w.known, w.blocks
	w.blocks++
	return true
}

// enter lets the schema see the block before it is parsed, and makes the plan
// once the schema is known.
func (w *pipeline) enter(b *parse.Block) error {
	if err := w.schema.Enter(b); err != nil {
		name := "stdin"
		if src := b.Origin.Name; src != "" {
			name = text.FileName(src)
		}
		return fmt.Errorf("%s: %w", name, err)
	}
	if w.known != nil || !w.schema.Known() {
		return nil
	}
	p, err := w.plan(w.schema)
	w.known = p
	return err
}

func (w *pipeline) stopped() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stop
}

// take takes the block into the stream when its turn comes, and returns the
// ticket under which its result is to be written.
func (w *pipeline) take(b *worker) (ticket int) {
	w.mu.Lock()
	for w.streamed != b.number {
		w.turn.Wait()
	}
	w.adopt(b.plan)
	stop := w.strict || w.err != nil
	w.mu.Unlock()
	if stop {
		b.result = stream.Result{}
	} else {
		stop = w.stream.Take(&b.block, &b.batch, &b.result, w.part(&b.pen, b.plan))
	}
	return w.pass(stop)
}

// part makes what writes a part of what a turn brings, while the turn lasts.
func (w *pipeline) part(p *pen, planned *plan) stream.Full {
	return func(r *stream.Result) bool {
		w.mu.Lock()
		ticket := w.tickets
		w.tickets++
		w.mu.Unlock()
		p.write(r, planned)
		w.put(p, ticket)
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.err == nil
	}
}

// adopt gives the stream the plan, before the first block that has one.
func (w *pipeline) adopt(p *plan) {
	if p != nil && w.planned == nil {
		w.planned = p
		w.stream.Setup(p.stream)
	}
}

// pass ends a turn at the stream: it passes the baton on and gives a ticket.
func (w *pipeline) pass(stop bool) (ticket int) {
	w.setWake()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stats = w.stream.Stats()
	if stop && w.err == nil {
		w.strict = true
		w.stop = true
	}
	w.streamed++
	ticket = w.tickets
	w.tickets++
	w.turn.Broadcast()
	return ticket
}

// setWake tells who waits for the clock when there is something to wake for.
func (w *pipeline) setWake() {
	if w.rearm == nil {
		return
	}
	t, _ := w.stream.Wake()
	if w.wake.Swap(t) != t {
		select {
		case w.rearm <- struct{}{}:
		default:
		}
	}
}

// put writes a result when its turn comes.
func (w *pipeline) put(p *pen, ticket int) {
	w.mu.Lock()
	for w.written != ticket {
		w.turn.Wait()
	}
	failed := w.err != nil
	w.mu.Unlock()
	var err error
	if !failed {
		err = w.sink.put(p)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		w.err, w.stop = err, true
	}
	w.written++
	w.turn.Broadcast()
	if w.workers == 0 || w.shut || w.err != nil { // a tick may be the last to write
		w.quiet.Broadcast()
	}
}

// tick tells the stream the time and writes what that brings, unless blocks
// are under way, which bring the time themselves. It reports whether it did.
func (w *pipeline) tick(p *pen, r *stream.Result, now int64) bool {
	w.mu.Lock()
	if w.blocks != w.streamed || w.stop || w.shut {
		w.mu.Unlock()
		return false
	}
	w.blocks++ // the tick stands in the line like a block
	planned := w.planned
	w.mu.Unlock()
	w.stream.Tick(now, r, w.part(p, planned))
	ticket := w.pass(false)
	p.write(r, planned)
	w.put(p, ticket)
	return true
}

// settle waits until all that is to be read has been written, or writing has
// failed.
func (w *pipeline) settle() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.err == nil && !w.settled() {
		w.quiet.Wait()
	}
	w.stop = true
}

// settled reports whether nothing more will be written.
func (w *pipeline) settled() bool {
	return w.streamed == w.blocks && w.written == w.tickets && (w.workers == 0 || w.shut && w.waiting)
}

// end writes what the end of the input brings; call settle before.
func (w *pipeline) end(p *pen) error {
	if w.over() {
		return w.err
	}
	var r stream.Result
	w.stream.End(&r, w.part(p, w.planned))
	p.write(&r, w.planned)
	w.mu.Lock()
	w.stats, w.strict = w.stream.Stats(), w.err == nil && w.stream.Stopped()
	err := w.err
	w.mu.Unlock()
	if err != nil {
		return err
	}
	return w.sink.put(p)
}

// over reports whether the end of the input brings nothing more.
func (w *pipeline) over() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err != nil || w.strict
}

// counts are the counts as of the last block taken.
func (w *pipeline) counts() stream.Stats {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stats
}
