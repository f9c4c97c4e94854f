package cmd

import (
	"errors"
	"io/fs"
	"os"
	"os/signal"
	"syscall"
)

// The statuses that rtda ends with.
const (
	statusOK       = 0
	statusIO       = 1
	statusUsage    = 2
	statusBadLines = 3
	statusFired    = 4
	statusSignal   = 128 // plus the signal's number
)

const statusPipe = statusSignal + int(syscall.SIGPIPE)

// statusDocs is the table of statuses that the man page shows.
var statusDocs = []struct{ status, doc string }{
	{"0", "All input was used."},
	{"1", "Reading or writing failed, or the header of a FILE does not fit."},
	{"2", "A flag, a rule or a FILE on the command line is wrong; nothing was read."},
	{"3", "Finished, but bad lines were skipped (`--on-error ignore` makes this 0), or `--strict` stopped at one."},
	{"4", "With `-e`: a rule fired, of any severity. It wins over 3; 1, 2 and signals win over it."},
	{"128+n", "Ended by signal n: 130 after SIGINT, 143 after SIGTERM, 141 when nobody reads stdout any more."},
}

// An exitError is an error that knows the status to end with. Without an err
// rtda ends in silence.
type exitError struct {
	status int
	err    error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// usageError is err as a mistake on the command line.
func usageError(err error) error {
	if err == nil {
		return nil
	}
	return &exitError{statusUsage, err}
}

// A flagError is a mistake in what the user gave to a flag.
type flagError struct {
	flag string
	err  error
}

func (e *flagError) Error() string { return "--" + e.flag + ": " + e.err.Error() }

func (e *flagError) Unwrap() error { return e.err }

// statusOf is the status that err ends rtda with. An error that carries none
// is one of reading or writing; that nobody reads stdout any more is not an
// error but the end by SIGPIPE.
func statusOf(err error) int {
	var exit *exitError
	var flag *flagError
	switch {
	case err == nil:
		return statusOK
	case errors.As(err, &exit):
		return exit.status
	case errors.As(err, &flag):
		return statusUsage
	case errors.Is(err, syscall.EPIPE):
		return statusPipe
	}
	return statusIO
}

// reason is why something failed that has to do with a file, without the name
// of the file and of what was done with it.
func reason(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}

// catchFileLimit makes a write beyond the limit of a file's size (ulimit -f)
// an error like any other, where Go would end with a trace of its stack. It is
// taken and not ignored, so that commands of --exec do not inherit it. The
// function it returns undoes that.
func catchFileLimit() (undo func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGXFSZ)
	return func() { signal.Stop(c) }
}
