package run

import (
	"errors"
	"syscall"

	"rtda/pkg/state"
)

// The statuses that rtda ends with.
const (
	StatusOK       = 0
	StatusIO       = 1
	StatusUsage    = 2
	StatusBadLines = 3
	StatusFired    = 4
	StatusSignal   = 128 // plus the signal's number
	StatusPipe     = StatusSignal + int(syscall.SIGPIPE)
)

// An Error is an error that knows the status to end with. Without an Err
// rtda ends in silence.
type Error struct {
	Status int
	Err    error
}

func (e *Error) Error() string {
	if e.Err == nil {
		return ""
	}
	return e.Err.Error()
}

func (e *Error) Unwrap() error { return e.Err }

// Usage returns err as a mistake on the command line.
func Usage(err error) error {
	if err == nil {
		return nil
	}
	return &Error{StatusUsage, err}
}

// StatusOf returns the status that err ends rtda with. An error that carries
// none is one of reading or writing; that nobody reads stdout any more is not
// an error but the end by SIGPIPE.
func StatusOf(err error) int {
	var exit *Error
	switch {
	case err == nil:
		return StatusOK
	case errors.As(err, &exit):
		return exit.Status
	case errors.Is(err, syscall.EPIPE):
		return StatusPipe
	}
	return StatusIO
}

// Reason returns why something failed that has to do with a file, without the
// name of the file and of what was done with it.
func Reason(err error) string { return state.Cause(err).Error() }
