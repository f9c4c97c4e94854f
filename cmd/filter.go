package cmd

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"rtda/pkg/parse"
	"rtda/pkg/stream"
)

// patience is how long the last results may take to be written, and running
// actions to end, after a signal.
const patience = time.Second

// busyWait is when a tick is tried again that found blocks under way.
const busyWait = 5 * time.Millisecond

// A filter is one run of rtda from its first byte to its status.
type filter struct {
	o       *Options
	sources []*parse.Origin
	walk    *walk
	sink    *sink
	pen     pen           // for ticks, and what the end brings
	result  stream.Result // of ticks
	now     func() int64
	written chan struct{}  // closed when all is written, or writing has failed
	asides  sync.WaitGroup // answers to SIGUSR1 on their way
}

// runFilter reads the input to its end, or until a signal.
func runFilter(o *Options, stdin io.Reader, stdout, stderr io.Writer) error {
	if o.Check {
		return check(o, stdout)
	}
	f, closeAll, err := newFilter(o, stdin, stdout, stderr)
	if err != nil {
		return err
	}
	defer closeAll()
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, heeded()...)
	defer signal.Stop(signals)
	f.walk.start()
	return f.conduct(signals)
}

// heeded are the signals that rtda takes. One that ends it is left alone if
// whoever started rtda wants it ignored, as shells do with SIGINT for what
// runs in the background of a script. With SIGPIPE taken, a closed stdout is
// an error of write like any other.
func heeded() []os.Signal {
	all := []os.Signal{syscall.SIGUSR1, syscall.SIGPIPE}
	for _, s := range []os.Signal{syscall.SIGINT, syscall.SIGTERM} {
		if !signal.Ignored(s) {
			all = append(all, s)
		}
	}
	return all
}

// conduct looks after signals until the run ends. It never reads or writes
// itself: it must hear a signal also when stdout or stderr is stuck.
func (f *filter) conduct(signals <-chan os.Signal) error {
	finished := make(chan error, 1)
	if f.walk.rearm != nil {
		go f.keepTime()
	}
	go func() { finished <- f.finish() }()
	ended := finished
	var how *exitError // set after a signal
	var first echo
	for {
		select {
		case err := <-ended:
			return err
		case s := <-signals:
			switch {
			case s == syscall.SIGUSR1:
				f.asides.Go(func() { f.tell(f.counts()) })
			case s == syscall.SIGPIPE || first.repeats(s):
			case how != nil: // the second one
				return how
			default:
				first = echo{s, time.Now()}
				how = &exitError{status: statusSignal + int(s.(syscall.Signal))}
				ended = f.interrupt(how, finished)
			}
		}
	}
}

// An echo is a signal that may come once more at once: timeout(1) and others send
// one to a process and then to its whole group. That is no second signal.
type echo struct {
	signal os.Signal
	came   time.Time
}

// echoTime is how long after a signal the same one is taken for its echo.
const echoTime = 100 * time.Millisecond

func (e *echo) repeats(s os.Signal) bool { return s == e.signal && time.Since(e.came) < echoTime }

// keepTime ticks while there is something that the clock alone brings.
func (f *filter) keepTime() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case <-f.written:
			return
		case <-f.walk.rearm:
			f.arm(timer)
		case <-timer.C:
			if f.walk.tick(&f.pen, &f.result, f.now()) {
				f.arm(timer)
			} else {
				timer.Reset(busyWait)
			}
		}
	}
}

// arm sets the timer to the next tick.
func (f *filter) arm(timer *time.Timer) {
	if t := f.walk.wake.Load(); t != 0 {
		timer.Reset(time.Duration(max(0, t-f.now())))
	} else {
		timer.Reset(time.Hour)
	}
}

// finish waits for the end of the input, or for output to fail, and ends the
// run.
func (f *filter) finish() error {
	f.walk.settle()
	err := f.walk.end(&f.pen)
	if statusOf(err) != statusPipe && statusOf(f.walk.readErr) != statusUsage {
		f.tell(f.totals())
	}
	close(f.written)
	if f.sink.actions != nil {
		f.sink.actions.wait()
		f.tell(f.sink.actions.report())
	}
	f.asides.Wait()
	if err != nil {
		return err
	}
	return f.verdict()
}

// verdict is the error that carries the status of a run that wrote all.
func (f *filter) verdict() error {
	st := f.walk.counts()
	switch {
	case f.walk.readErr != nil:
		return f.walk.readErr
	case f.o.ExitStatus && st.Fired > 0:
		return &exitError{status: statusFired}
	case f.walk.strict, st.Bad() > 0 && f.o.OnError != onErrorIgnore:
		return &exitError{status: statusBadLines}
	}
	return nil
}

// interrupt ends a run after a signal: what has been read is used and written,
// if stdout lets it be in time. What comes out of the channel that it returns
// is how, with the error of writing if there was one.
func (f *filter) interrupt(how *exitError, finished <-chan error) chan error {
	over := make(chan error, 1)
	f.walk.close()
	go func() {
		inTime := within(patience, f.written)
		if f.sink.actions != nil {
			f.sink.actions.stop(patience)
		}
		if !inTime {
			finished = f.giveUp()
		}
		select {
		case err := <-finished:
			if statusOf(err) == statusIO {
				how.err = err
			}
		case <-time.After(patience): // stderr is stuck
		}
		over <- how
	}()
	return over
}

// giveUp tells what else there is to tell when stdout is stuck.
func (f *filter) giveUp() <-chan error {
	told := make(chan error, 1)
	go func() {
		if f.sink.actions != nil {
			f.tell(f.sink.actions.report())
		}
		told <- nil
	}()
	return told
}

// within waits for what closes done, but not longer than d. It reports whether
// it was closed.
func within(d time.Duration, done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	case <-time.After(d):
		return false
	}
}

// totals is what was skipped of how much, "" if nothing was or if the stream
// stopped at it.
func (f *filter) totals() string {
	st := f.walk.counts()
	if st.Bad() == 0 || f.walk.strict || f.o.OneToOne {
		return ""
	}
	return linesRead(&st)
}

func linesRead(st *stream.Stats) string {
	var reasons []string
	for why, n := range st.Skipped {
		if n > 0 {
			reasons = append(reasons, fmt.Sprintf("%d %s", n, parse.Reason(why)))
		}
	}
	text := fmt.Sprintf("%d lines read, %d skipped", st.Lines, st.Bad())
	if len(reasons) > 0 {
		text += " (" + strings.Join(reasons, ", ") + ")"
	}
	return text
}

// counts is the answer to SIGUSR1.
func (f *filter) counts() string {
	st := f.walk.counts()
	return fmt.Sprintf("%s, %d rows written, %d alerts, %d keys, %d samples held",
		linesRead(&st), st.Rows, st.Fired, st.Keys, st.Held)
}

// tell writes a line of rtda's own to stderr.
func (f *filter) tell(line string) {
	if line != "" {
		fmt.Fprintf(f.sink.stderr, "%srtda: %s\n", f.o.mark(levelInfo), line)
	}
}
