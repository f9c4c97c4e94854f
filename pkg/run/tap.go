package run

import (
	"errors"
	"io"

	"rtda/pkg/parse"
)

// errShut is what reading says after a signal. It is no end of the input: the
// beginning of a line that has been read is no line.
var errShut = errors.New("shut by a signal")

// A tap is an open source that a signal shuts. A read that waits for input
// can not be called back, so the pipeline has to know that there is one, and what
// it brings later is not used.
type tap struct {
	io.ReadCloser
	pipeline *pipeline
}

func (t tap) Read(b []byte) (int, error) {
	if !t.pipeline.setWaiting(true) {
		return 0, errShut
	}
	n, err := t.ReadCloser.Read(b)
	if !t.pipeline.setWaiting(false) {
		return 0, errShut
	}
	return n, err
}

// tapped gives each of the sources a tap.
func (w *pipeline) tapped(sources []*parse.Origin) []*parse.Origin {
	for _, src := range sources {
		open := src.Open
		src.Open = func() (io.ReadCloser, error) {
			if !w.setWaiting(true) { // a pipe opens when it has a writer
				return nil, errShut
			}
			in, err := open()
			if !w.setWaiting(false) {
				return nil, errShut
			}
			return tap{in, w}, err
		}
	}
	return sources
}

// setWaiting says that a worker waits for input, or does no more. It reports
// whether input may still be used.
func (w *pipeline) setWaiting(waiting bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.shut {
		return false
	}
	w.waiting = waiting
	return true
}

// close shuts the taps: of the input only what has been read is used.
func (w *pipeline) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.shut = true
	w.quiet.Broadcast()
}
