package cmd

import (
	"bytes"
	"io"
	"sync"
)

// maxOutputLine is how much of a line is held back for its end to come.
const maxOutputLine = 64 << 10

// A lineWriter passes on what an action prints in whole lines, so that it
// cannot tear the lines that others write to w. A line longer than
// maxOutputLine is broken up, a last one without an end gets one. Errors of w
// are not told: an action must not fail because nobody reads its words.
type lineWriter struct {
	mu   sync.Mutex
	w    io.Writer
	rest []byte // the beginning of a line
}

func (l *lineWriter) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, b...)
	if end := bytes.LastIndexByte(l.rest, '\n') + 1; end > 0 {
		_, _ = l.w.Write(l.rest[:end])
		l.rest = append(l.rest[:0], l.rest[end:]...)
	}
	if len(l.rest) > maxOutputLine {
		l.breakLine()
	}
	return len(b), nil
}

// end passes on a last line that has no end.
func (l *lineWriter) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.rest) > 0 {
		l.breakLine()
	}
}

func (l *lineWriter) breakLine() {
	_, _ = l.w.Write(append(l.rest, '\n'))
	l.rest = l.rest[:0]
}
