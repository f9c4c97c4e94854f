package run

import (
	"fmt"
	"io"
	"time"

	"rtda/pkg/clock"
	"rtda/pkg/stream"
)

// When progress is shown.
const (
	ProgressAuto   = "auto" // of a long run on files, where a person looks
	ProgressAlways = "always"
	ProgressNever  = "never"
)

// firstProgress is when progress is shown for the first time, and nextProgress
// how long after that again.
const (
	firstProgress = 2 * time.Second
	nextProgress  = time.Second
)

// A progress tells on stderr how far a run on files has come. On a terminal it is
// one line, which whatever else is written there wipes.
type progress struct {
	f     *filter
	total int64 // bytes of the inputs
	drawn bool  // on a terminal: the line is drawn anew, else one follows another
	start time.Time
}

// newProgress is nil where none is shown: without a person on stderr, or where
// the inputs are no files, of which one could tell a part.
func newProgress(f *filter, std Streams) *progress {
	total, known := inputSize(f.o, std.In)
	terminal := IsTerminal(std.Err)
	switch {
	case f.o.Progress == ProgressNever, f.o.OneToOne, f.o.Live, !known:
		return nil
	case f.o.Progress != ProgressAlways && (!terminal || IsTerminal(std.Out)):
		return nil
	}
	return &progress{f: f, total: total, drawn: terminal, start: time.Now()}
}

func inputSize(o *Options, stdin io.Reader) (total int64, known bool) {
	for _, name := range o.inputs() {
		info := regularInput(name, stdin)
		if info == nil {
			return 0, false
		}
		total += info.Size()
	}
	return total, total > 0
}

// show shows how far the run is until it has written all.
func (p *progress) show() {
	wait := time.NewTimer(firstProgress)
	defer wait.Stop()
	for {
		select {
		case <-p.f.written:
			return
		case <-wait.C:
			p.f.stderr.draw(p.line(p.f.pipeline.counts(), p.f.pipeline.taken.Load(), time.Since(p.start)), p.drawn)
			wait.Reset(nextProgress)
		}
	}
}

// line is `42% of 1.2 GB, 3400000 lines, 1200000 lines/s, 12s left`.
func (p *progress) line(st stream.Stats, taken int64, passed time.Duration) string {
	part := min(1, float64(taken)/float64(p.total))
	s := fmt.Sprintf("%srtda: %.0f%% of %s, %d lines, %.0f lines/s", p.f.o.Mark(LevelInfo), 100*part, sizeText(p.total), st.Lines, float64(st.Lines)/passed.Seconds())
	if part > 0 {
		left := time.Duration(float64(passed) * (1 - part) / part).Round(time.Second)
		s += fmt.Sprintf(", %s left", clock.AppendDuration(nil, int64(left)))
	}
	return s
}

// sizeText is a number of bytes with three digits.
func sizeText(n int64) string {
	units := []string{"B", "kB", "MB", "GB", "TB"}
	x, unit := float64(n), 0
	for ; x >= 1000 && unit < len(units)-1; unit++ {
		x /= 1000
	}
	return fmt.Sprintf("%.3g %s", x, units[unit])
}

const wipeLine = "\r\x1b[K"

// draw shows a line of progress: on a terminal in place of the one before, else
// behind it. Where something is being written, it is left out this time.
func (w *writer) draw(line string, inPlace bool) {
	if !w.mu.TryLock() {
		return
	}
	defer w.mu.Unlock()
	if w.closed {
		return
	}
	if inPlace {
		line, w.drawn = wipeLine+line, true
	} else {
		line += "\n"
	}
	// Progress that cannot be shown is no failure.
	_, _ = io.WriteString(w.w, line)
}

// wipe takes a line of progress away, under mu, before something is written.
func (w *writer) wipe() {
	if w.drawn {
		w.drawn = false
		_, _ = io.WriteString(w.w, wipeLine)
	}
}
