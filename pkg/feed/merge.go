// Package feed brings blocks of lines from many inputs at once: connections that
// others open and files that grow. Each input is read by a parse.Reader of its
// own, so that everything that holds for a file holds for it too; only whole
// blocks are merged.
package feed

import (
	"context"
	"errors"
	"io"
	"sync"

	"rtda/pkg/parse"
)

// A Merge gives the blocks of its inputs, those that are ready in turn. Nothing
// is read ahead but one block of each, and nothing is dropped: an input whose
// block is not wanted yet waits.
type Merge struct {
	config  parse.ReaderConfig
	ready   chan *input
	closed  context.Context // done from Close on
	close   context.CancelFunc
	drained context.Context // done when after that no block that had been read is left
	drain   context.CancelFunc

	last *input // whose block was given last; for Next alone

	mu     sync.Mutex
	inputs map[*parse.Origin]*input
}

// An input is one of those that are merged.
type input struct {
	origins []*parse.Origin
	block   parse.Block
	entered chan struct{}   // its block has been entered
	wanted  context.Context // done when nothing more of it is
	drop    context.CancelFunc
	done    func(err error) // called at its end; may be nil
}

// NewMerge is a Merge without inputs. c says how all of them are cut into blocks.
func NewMerge(c parse.ReaderConfig) *Merge {
	m := &Merge{config: c, ready: make(chan *input), inputs: make(map[*parse.Origin]*input)}
	m.closed, m.close = context.WithCancel(context.Background())
	m.drained, m.drain = context.WithCancel(context.Background())
	return m
}

// Add begins to read an input, until its end. done is called there, once all of
// its blocks have been taken; its error is nil for the end of the input, else why
// reading stopped. Add reports whether it did: after Close it does nothing.
func (m *Merge) Add(o *parse.Origin, done func(err error)) bool {
	return m.AddAll([]*parse.Origin{o}, done)
}

// AddAll is Add of inputs that are read one after the other.
func (m *Merge) AddAll(origins []*parse.Origin, done func(err error)) bool {
	in := &input{origins: origins, entered: make(chan struct{}, 1), done: done}
	in.wanted, in.drop = context.WithCancel(m.drained)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed.Err() != nil {
		return false
	}
	for _, o := range origins {
		m.inputs[o] = in
	}
	go m.read(in)
	return true
}

// Len is how many inputs are being read.
func (m *Merge) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.inputs)
}

// errDropped says that nothing more of an input is wanted.
var errDropped = errors.New("dropped")

// read reads an input and waits after each block until it has been entered.
func (m *Merge) read(in *input) {
	r := parse.NewReader(in.origins, m.config)
	err := m.blocks(in, r)
	in.drop()
	_ = r.Close() // what was read has been taken
	m.mu.Lock()
	for _, o := range in.origins {
		delete(m.inputs, o)
	}
	m.mu.Unlock()
	if in.done != nil {
		in.done(err)
	}
}

func (m *Merge) blocks(in *input, r *parse.Reader) error {
	for {
		if err := r.Next(&in.block); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		select {
		case m.ready <- in:
		case <-in.wanted.Done():
			return errDropped
		}
		select {
		case <-in.entered:
		case <-in.wanted.Done():
			return errDropped
		}
	}
}

// Next fills b with the next block that is ready, and waits for one. The block
// before must have been entered, because lines of it may have been given back.
// After Close it gives the blocks that had been read by then, and is io.EOF.
func (m *Merge) Next(b *parse.Block) error {
	if m.last != nil {
		m.last.entered <- struct{}{} // there is room for one, and it was the last
		m.last = nil
	}
	select {
	case in := <-m.ready:
		m.give(b, in)
		return nil
	case <-m.closed.Done():
	}
	select {
	case in := <-m.ready:
		m.give(b, in)
		return nil
	default:
		m.drain()
		return io.EOF
	}
}

func (m *Merge) give(b *parse.Block, in *input) {
	*b, in.block = in.block, *b
	m.last = in
}

// Drop ends an input: nothing more of it is taken.
func (m *Merge) Drop(o *parse.Origin) {
	m.mu.Lock()
	in := m.inputs[o]
	m.mu.Unlock()
	if in != nil {
		in.drop()
	}
}

// Close ends all inputs. It does not wait for reads under way: what the inputs read
// from is closed by whoever opened it.
func (m *Merge) Close() {
	m.mu.Lock() // no input is added from here on
	m.close()
	m.mu.Unlock()
}
