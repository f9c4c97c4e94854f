package cmd

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
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
	sources []parse.Source
	walk    *walk
	sink    *sink
	pen     pen           // for what the conductor itself writes
	result  stream.Result // of its ticks
	now     func() int64
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
	// A closed stdout is an error of write like any other.
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGUSR1, syscall.SIGPIPE)
	defer signal.Stop(signals)
	f.walk.start()
	return f.conduct(signals)
}

// conduct waits for the workers, and meanwhile looks after signals and the
// clock.
func (f *filter) conduct(signals <-chan os.Signal) error {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case <-f.walk.done:
			return f.finish()
		case <-f.walk.failed:
			return f.finish()
		case s := <-signals:
			switch s {
			case syscall.SIGUSR1:
				f.tell(f.counts())
			case syscall.SIGINT, syscall.SIGTERM:
				return f.interrupt(s.(syscall.Signal))
			}
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

// finish ends a run whose input has ended or whose output has failed.
func (f *filter) finish() error {
	f.walk.settle()
	err := f.walk.end(&f.pen)
	f.tell(f.totals())
	if f.sink.actions != nil {
		f.sink.actions.wait()
		f.tell(f.sink.actions.report())
	}
	if err != nil {
		return err
	}
	return f.verdict()
}

// verdict is the error that carries the status of a run that wrote all.
func (f *filter) verdict() error {
	st := &f.walk.stats
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
// if stdout lets it be in time. A second signal ends rtda at once.
func (f *filter) interrupt(s syscall.Signal) error {
	signal.Reset(syscall.SIGINT, syscall.SIGTERM)
	written := make(chan struct{})
	go func() {
		defer close(written)
		f.walk.settle()
		if f.walk.end(&f.pen) == nil {
			f.tell(f.totals())
		}
	}()
	select {
	case <-written:
	case <-time.After(patience):
	}
	if f.sink.actions != nil {
		f.sink.actions.stop(patience)
		f.tell(f.sink.actions.report())
	}
	return &exitError{status: statusSignal + int(s)}
}

// totals is what was skipped of how much, "" if nothing was or if the stream
// stopped at it.
func (f *filter) totals() string {
	st := &f.walk.stats
	if st.Bad() == 0 || f.walk.strict || f.o.OneToOne {
		return ""
	}
	return linesRead(st)
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
	f.walk.mu.Lock()
	st := f.walk.stats
	f.walk.mu.Unlock()
	return fmt.Sprintf("%s, %d rows written, %d alerts, %d keys, %d samples held",
		linesRead(&st), st.Rows, st.Fired, st.Keys, st.Held)
}

// tell writes a line of rtda's own to stderr.
func (f *filter) tell(line string) {
	if line != "" {
		fmt.Fprintf(f.sink.stderr, "%srtda: %s\n", f.o.mark(levelInfo), line)
	}
}
