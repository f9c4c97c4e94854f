package cmd

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"rtda/pkg/run"
	"rtda/pkg/simulate"
)

// newSimulate is the command `rtda simulate`. It reads nothing, and complains
// only through the error that it returns.
func newSimulate(_ io.Reader, stdout, _ io.Writer) *cobra.Command {
	o := newSimulateOptions()
	c := &cobra.Command{
		Use:     "simulate [flags]",
		Short:   "Make up a sensor stream, to try things out and for tests",
		Long:    simulateLong(),
		Example: simulateExamples,
		Args:    noArgs,
		RunE:    func(*cobra.Command, []string) error { return o.run(stdout) },
	}
	o.register(c)
	return c
}

const simulateExamples = `  rtda simulate | rtda -w 50
  rtda simulate --shape walk --sensors 3 -o json | rtda -t time -k sensor -w 10s -n 1s
  rtda simulate --flat-out -c 100000 --fault spike,gap --labels faults.csv > numbers
  rtda simulate --flat-out -c 100000000 | rtda -n 1000000`

// simulateLong is the text above the flags, made from the tables.
func simulateLong() string {
	var b strings.Builder
	b.WriteString(`Numbers from 0 to 100 on stdout as from a sensor, 10 a second, until it is stopped.

Each of the sensors s1 to sN is read once a tick, so --hz is per sensor; -o num
writes their values by turns. The time of a record is the moment at which it is
due: start + i/hz. With --flat-out the start is 2026-01-01T00:00:00Z, and equal
flags give equal bytes, on every machine.

Shapes
`)
	row := func(name, doc string) { fmt.Fprintf(&b, "  %-8s %s\n", name, doc) }
	for _, s := range simulate.Shapes {
		row(s.Name, s.Doc)
	}
	b.WriteString("\nFormats\n")
	for _, f := range simulate.Formats {
		row(f.Name, f.Doc)
	}
	b.WriteString("\nFaults, by turns as listed, each after 100 to 300 good values of its sensor\n")
	for _, f := range simulate.Faults {
		row(f.Name, f.Doc)
	}
	b.WriteString(`
The values between the faults are the same as without any. The labels are CSV, a
line for each fault when it has ended: fault,sensor,line,last_line,time,last_time.
Lines are those of stdout, a header too; those of a gap are the line behind it.`)
	return b.String()
}

// run makes the stream until its end or a signal.
func (o *simulateOptions) run(stdout io.Writer) error {
	if err := o.contradiction(); err != nil {
		return run.Usage(err)
	}
	g, err := simulate.New(o.Config)
	if err != nil {
		return run.Usage(err)
	}
	out := &simulate.Sink{Lines: stdout}
	if o.Labels {
		file, err := os.Create(o.labels)
		if err != nil {
			return run.Usage(&flagError{"labels", &badValue{"cannot be written: " + run.Reason(err), o.labels}})
		}
		defer file.Close()
		out.Labels = file
	}
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	defer signal.Stop(signals)
	// Once this is taken a closed stdout is an error of Write and no sudden
	// death, so that the labels can be completed.
	pipe := make(chan os.Signal, 1)
	signal.Notify(pipe, syscall.SIGPIPE)
	defer signal.Stop(pipe)
	return untilSignal(func(stop <-chan struct{}) error {
		if o.flatOut {
			return g.FlatOut(out, stop)
		}
		return g.Paced(out, simulate.Wall, stop)
	}, signals, run.Patience)
}

// untilSignal runs the stream until it ends or a signal comes. The lines at
// hand are then finished, for as long as grace, should stdout be stuck, or
// until a second signal.
func untilSignal(stream func(stop <-chan struct{}) error, signals <-chan os.Signal, grace time.Duration) error {
	stop, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- stream(stop) }()
	select {
	case err := <-done:
		return err
	case s := <-signals:
		close(stop)
		await(done, signals, run.Echo{Signal: s, Came: time.Now()}, grace)
		return &run.Error{Status: run.StatusSignal + int(s.(syscall.Signal))}
	}
}

// await waits until done or, after a first signal, for another one or as long as
// grace.
func await(done <-chan error, signals <-chan os.Signal, first run.Echo, grace time.Duration) {
	late := time.NewTimer(grace)
	defer late.Stop()
	for {
		select {
		case <-done:
			return
		case s := <-signals:
			if !first.Repeats(s) {
				return
			}
		case <-late.C:
			return
		}
	}
}
