// Package run is one run of the filter from its options to its status: it
// moves blocks of input through parse, stream and format, writes what comes of
// them, and looks after signals, the clock and the commands of --exec. It
// knows no flags and computes nothing.
package run

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"rtda/pkg/detect"
	"rtda/pkg/format"
	"rtda/pkg/parse"
	"rtda/pkg/state"
	"rtda/pkg/stream"
)

// Patience is how long, after a signal, an outlet may take nothing and running
// actions may run on.
const Patience = time.Second

// longestSilence is how long a terminal is left without a word where no input
// comes.
const longestSilence = 5 * time.Second

const waitingHint = "no input for 5s, still waiting (a sender may hold its lines back: see grep --line-buffered, fflush() of awk, stdbuf -oL)"

// longestSleep is how long the wall clock is trusted to go on as it does: it may
// be set, and stands still in a timer while the machine sleeps.
const longestSleep = time.Second

// Streams are the three streams of a run.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	Alerts   io.Writer        // where alerts go, in place of the file of Options.Alerts; nil: nowhere else
	Disk     state.FileSystem // where the FILE of --state is; nil: on that of the machine
	Last     bool             // the process ends with the run: signals, which cost something to give back, stay taken
}

// A filter is one run of rtda from its first byte to its status.
type filter struct {
	o          *Options
	origins    []*parse.Origin
	pipeline   *pipeline
	writers    []*writer // stdout, stderr and the file of --alerts
	stderr     *writer
	alerts     *writer   // nil without --alerts
	actions    *Actions  // nil without --exec
	progress   *progress // nil where none is shown
	hangsUp    bool      // SIGHUP ends it
	display    *display
	checkpoint *checkpoint // nil without --state
	before     int         // alerts that had begun in earlier runs
	broken     atomic.Bool // a signal ended it
	now        func() int64
	written    chan struct{}    // closed when all is written, or writing has failed
	silence    <-chan time.Time // comes when a person may wonder where the input is
	asides     sync.WaitGroup   // lines of rtda's own on their way
	asideMu    sync.Mutex       // guards asidesOver
	asidesOver bool
}

// Run reads the input to its end, or until a signal. The error that it returns
// carries the status to end with: see StatusOf.
func Run(o *Options, s Streams) error {
	f, err := newFilter(o, s)
	if err != nil {
		return err
	}
	signals := make(chan os.Signal, 8)
	if s.Last { // beside the first reading: each signal takes as long as all of the flags
		go f.takeSignals(signals, true)
	} else {
		f.takeSignals(signals, false)
		defer signal.Stop(signals)
	}
	f.checkpoint.begin()
	f.pipeline.start()
	err = f.handleSignals(signals)
	notify("STOPPING=1")
	err = cmp.Or(err, f.checkpoint.close())
	return cmp.Or(err, f.display.shut())
}

// takeSignals has signals come to a channel. Nothing is written before. Those of writes
// are ignored instead, which takes less, where nobody inherits that.
func (f *filter) takeSignals(signals chan<- os.Signal, last bool) {
	if last && f.actions == nil {
		signal.Ignore(writeSignals...)
	} else {
		signal.Notify(signals, writeSignals...)
	}
	signal.Notify(signals, f.handled()...)
	close(f.pipeline.heard)
}

// writeSignals are those of writes. With them taken, or ignored, a closed stdout and
// the limit of a file's size are errors of write like any other.
var writeSignals = []os.Signal{syscall.SIGPIPE, syscall.SIGXFSZ}

// handled are the signals that rtda takes beside those. One that ends it is left alone
// if whoever started rtda wants it ignored, as shells do with SIGINT for what
// runs in the background of a script, and nohup with SIGHUP (which then still
// opens the file of --alerts anew).
func (f *filter) handled() []os.Signal {
	all := []os.Signal{syscall.SIGUSR1}
	if f.display.isView() {
		all = append(all, syscall.SIGABRT)
	}
	for _, s := range []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGALRM, syscall.SIGXCPU} {
		if !signal.Ignored(s) || s == syscall.SIGHUP && f.reopens() {
			all = append(all, s)
		}
	}
	return all
}

// handleSignals looks after signals until the run ends. It never reads or writes
// itself: it must hear a signal also when stdout or stderr is stuck.
func (f *filter) handleSignals(signals <-chan os.Signal) error {
	finished := make(chan error, 1)
	if f.pipeline.rearm != nil {
		go f.keepTime()
	}
	if p := f.progress; p != nil {
		go p.show()
	}
	notify("READY=1")
	go func() {
		defer f.rescue()
		finished <- f.finish()
	}()
	ended, quit := finished, f.display.quit()
	var how *Error // set after a signal
	var first echo
	for {
		select {
		case err := <-ended:
			return err
		case <-f.silence:
			f.aside(f.tellSilence)
		case <-quit:
			quit = nil
			f.pipeline.interrupt()
			f.display.release()
		case s := <-f.display.stopping():
			f.display.stop(s)
		case s := <-signals:
			switch {
			case slices.Contains(writeSignals, s): // the write that brought it has its own error
			case s == syscall.SIGUSR1:
				f.aside(func() { f.tell(f.counts()) })
			case s == syscall.SIGHUP && f.reopens():
				f.aside(f.reopenAlerts)
			case f.display.isHolding() && !f.display.isView():
				f.display.release()
			case f.display.isHolding():
				return &Error{Status: StatusSignal + int(s.(syscall.Signal))}
			case first.repeats(s):
			case how != nil: // the second one
				f.actions.kill()
				return how
			default:
				first = echo{s, time.Now()}
				how = &Error{Status: StatusSignal + int(s.(syscall.Signal))}
				ended = f.interrupt(how, finished)
			}
		}
	}
}

// UntilSignal does something until it ends or a signal comes, which ends the context:
// what is done has as long as grace to end in order, or until a second signal.
func UntilSignal(signals <-chan os.Signal, grace time.Duration, do func(ctx context.Context) error) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- do(ctx) }()
	var late <-chan time.Time // after a signal
	var first echo
	var how error
	for {
		select {
		case err := <-done:
			return cmp.Or(how, err)
		case <-late:
			return how
		case s := <-signals:
			switch {
			case how == nil:
				cancel()
				first, late = echo{s, time.Now()}, time.After(grace)
				how = &Error{Status: StatusSignal + int(s.(syscall.Signal))}
			case !first.repeats(s):
				return how
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
	defer f.rescue()
	w := f.pipeline.newWorker()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case <-f.written:
			return
		case <-f.pipeline.rearm:
		case <-timer.C:
			if t := f.pipeline.wake.Load(); t != 0 && f.now() >= t {
				if !w.tick(f.now) {
					return
				}
			}
		}
		wait := time.Hour
		if t := f.pipeline.wake.Load(); t != 0 {
			wait = min(time.Duration(max(0, t-f.now())), longestSleep)
		}
		timer.Reset(wait)
	}
}

// finish waits for the end of the input, or for output to fail, and ends the
// run.
func (f *filter) finish() error {
	f.pipeline.settle()
	err := f.end()
	if StatusOf(err) != StatusPipe && StatusOf(f.pipeline.readErr) != StatusUsage && !f.pipeline.strict {
		f.tellTotals()
	}
	close(f.written)
	for _, o := range f.pipeline.outlets {
		err = cmp.Or(err, o.close())
	}
	f.tell(f.actions.report())
	if err == nil {
		err = f.verdict()
	}
	f.display.ended(StatusOf(err))
	f.endAsides()
	return err
}

// end writes what the end of the input brings. With --state that is not saved as
// done, and after a signal it is not written: the run is to go on.
func (f *filter) end() error {
	if f.checkpoint != nil {
		if err := f.checkpoint.end(); err != nil || f.broken.Load() {
			return err
		}
	}
	if err := f.pipeline.newWorker().end(); err != nil {
		return err
	}
	return f.display.writeLast()
}

// verdict is the error that carries the status of a run that wrote all.
func (f *filter) verdict() error {
	st := f.pipeline.counts()
	switch {
	case f.pipeline.readErr != nil:
		return f.pipeline.readErr
	case f.o.ExitStatus && st.Fired > f.before:
		return &Error{Status: StatusFired}
	case f.pipeline.strict, st.Bad() > 0 && f.o.OnError != OnErrorIgnore:
		return &Error{Status: StatusBadLines}
	}
	return nil
}

// interrupt ends a run after a signal: what has been read is used and written,
// as long as the outlets take it. What comes out of the channel that it returns
// is how, with the error of writing if there was one.
func (f *filter) interrupt(how *Error, finished <-chan error) chan error {
	over := make(chan error, 1)
	for _, w := range f.writers {
		w.ending.Store(true)
	}
	f.broken.Store(true)
	f.pipeline.interrupt()
	f.display.release()
	go func() {
		allWritten := f.awaitWritten(time.Now())
		f.actions.stop(Patience)
		if !allWritten { // stdout is stuck
			finished = f.tellActions()
		}
		select {
		case err := <-finished:
			if StatusOf(err) == StatusIO {
				how.Err = err
			}
		case <-time.After(Patience): // stderr is stuck
		}
		over <- how
	}()
	return over
}

// awaitWritten waits until all is written, however long it takes to work out. It
// gives up, and says so, when something that is written to has taken nothing
// for a second from start on.
func (f *filter) awaitWritten(start time.Time) bool {
	tick := time.NewTicker(Patience / 50)
	defer tick.Stop()
	for {
		select {
		case <-f.written:
			return true
		case <-tick.C:
		}
		for _, w := range f.writers {
			since := w.since.Load()
			if since != 0 && time.Since(start) >= Patience && time.Since(time.Unix(0, since)) >= Patience {
				return false
			}
		}
	}
}

// tellActions tells what of all actions did not end well, and closes what it returns.
func (f *filter) tellActions() <-chan error {
	told := make(chan error)
	go func() {
		f.tell(f.actions.report())
		close(told)
	}()
	return told
}

// tellTotals tells at the end what was odd about the times of records that were used,
// and what was skipped of how much.
func (f *filter) tellTotals() {
	st := f.pipeline.counts()
	if n := st.Told[stream.AfterRow]; n > 0 {
		f.tell(string(format.AppendAfterRow(nil, n, st.AfterBy)))
	}
	var parts []string
	for _, k := range []struct {
		told stream.Told
		name string
	}{
		{stream.Ahead, "records far ahead and taken"},
		{stream.SetBack, "clocks set back"},
		{stream.Emptied, "records behind windows that were emptied"},
		{stream.Unfilled, "gaps that --fill has filled in part"},
	} {
		if n := st.Told[k.told]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s: %d", k.name, n))
		}
	}
	f.tell(strings.Join(parts, ", "))
	if st.Bad()+st.Passed > 0 {
		f.tell(linesRead(&st))
	}
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
	if st.Passed > 0 {
		text += fmt.Sprintf(", %d without a match", st.Passed)
	}
	return text
}

// counts is the answer to SIGUSR1.
func (f *filter) counts() string {
	st := f.pipeline.counts()
	text := fmt.Sprintf("%s, %d rows written, %d alerts, %d keys, %d samples held",
		linesRead(&st), st.Rows, st.Fired, st.Keys, st.Held)
	if n := st.Detectors; n > 0 {
		text += fmt.Sprintf(" (%d of them for %d detectors of up to 44 KB)", n*detect.Samples, n)
	}
	return text
}

// tellSilence tells a person that there is no input yet.
func (f *filter) tellSilence() {
	if f.pipeline.isSilent() {
		f.tell(waitingHint)
	}
}

// aside does something beside the turns, unless the run is over.
func (f *filter) aside(do func()) {
	f.asideMu.Lock()
	defer f.asideMu.Unlock()
	if !f.asidesOver {
		f.asides.Go(do)
	}
}

// endAsides waits until nothing is done beside the turns, and nothing will be.
func (f *filter) endAsides() {
	f.asideMu.Lock()
	f.asidesOver = true
	f.asideMu.Unlock()
	f.asides.Wait()
}

// tell writes a line of rtda's own to stderr, unless a host wants nothing there.
func (f *filter) tell(line string) {
	if line != "" && !f.o.OneToOne {
		fmt.Fprintf(f.stderr, "%srtda: %s\n", f.o.Mark(LevelInfo), line)
	}
}
