package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"rtda/pkg/run"
	"rtda/pkg/simulate"
)

// simulateCommand is `rtda simulate`. It reads nothing, and complains only
// through the error that it returns.
func (sh *shell) simulateCommand() *cobra.Command {
	o := newOptions()
	o.simulate.Count = -1
	flags := simulateFlags(o)
	c := &cobra.Command{
		Use:     "simulate [flags]",
		Short:   "Make up a sensor stream, to try things out and for tests",
		Long:    simulateLong(),
		Example: simulateExamples,
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := o.fill(flags); err != nil {
				return err
			}
			return o.simulate.run(sh.stdout)
		},
	}
	addFlags(c.Flags(), flags, o, false)
	completeFlags(c, flags)
	return c
}

// simulateOptions is what the flags of `rtda simulate` say.
type simulateOptions struct {
	simulate.Config
	flatOut bool
	labels  string // FILE for the labels
}

// maxSensors keeps the memory of a stream below some hundred MB.
const maxSensors = 1_000_000

func simulateFlags(o *options) []Flag {
	c := &o.simulate
	return []Flag{
		{Name: "count", Short: "c", Arg: "N", Doc: "end after N records",
			Set: into(parseRecords, &c.Count)},
		{Name: "hz", Arg: "N", Default: "10", Doc: "ticks a second: 100, 0.5, 1/60",
			Set: into(parseRate, &c.Rate)},
		{Name: "flat-out", Doc: "do not wait between lines",
			Set: Switch(&c.flatOut)},
		{Name: "seed", Arg: "S", Default: "1", Doc: "a whole number; each gives a stream of its own",
			Set: into(parseSeed, &c.Seed)},
		{Name: "shape", Arg: "SHAPE", Default: "uniform", Doc: "shape of the values, see above", words: shapeNames, choice: &c.Shape},
		{Name: "sensors", Arg: "N", Default: "1", Doc: "how many sensors there are",
			Set: Count(1, maxSensors, &c.Sensors)},
		{Name: "out", Short: "o", Arg: "FORMAT", Default: "num", Doc: "format of the lines, see above", words: formatNames, choice: &c.Format},
		{Name: "fault", Arg: "LIST", Doc: "put these faults in, see above", words: faultNames, list: true,
			Set: into(parseFaults, &c.Faults)},
		{Name: "labels", Arg: "FILE", Doc: "write where the faults are", File: true,
			Set: func(s string) error {
				c.labels, c.Labels = s, true
				return nil
			}},
	}
}

// contradiction is the error of flags that do not go together.
func (o *simulateOptions) contradiction() error {
	if o.Labels && len(o.Faults) == 0 {
		return errors.New("--labels needs --fault: without faults there is nothing to label")
	}
	return nil
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
	writeTable(&b, simulate.Shapes)
	b.WriteString("\nFormats\n")
	writeTable(&b, simulate.Formats)
	b.WriteString("\nFaults, by turns as listed, each after 100 to 300 good values of its sensor\n")
	writeTable(&b, simulate.Faults)
	b.WriteString(`
The values between the faults are the same as without any. The labels are CSV, a
line for each fault when it has ended: fault,sensor,line,last_line,time,last_time.
Lines are those of stdout, a header too; those of a gap are the line behind it.`)
	return b.String()
}

// run makes the stream until its end or a signal.
func (o *simulateOptions) run(stdout io.Writer) (err error) {
	if err := o.contradiction(); err != nil {
		return run.Usage(err)
	}
	g, err := simulate.New(o.Config)
	if err != nil {
		return run.Usage(err)
	}
	out := &simulate.Sink{Lines: stdout}
	if o.Labels {
		file, cause := os.Create(o.labels)
		if cause != nil {
			return run.Usage(&flagError{"labels", &badValue{"cannot be written: " + run.Reason(cause), o.labels}})
		}
		defer func() {
			if cause := file.Close(); err == nil {
				err = cause
			}
		}()
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
	return run.UntilSignal(signals, run.Patience, func(ctx context.Context) error {
		if o.flatOut {
			return g.FlatOut(out, ctx.Done())
		}
		return g.Paced(out, simulate.Wall, ctx.Done())
	})
}

// writeTable writes a line for each row of a table.
func writeTable[T simulate.Row](w io.Writer, table []T) {
	for _, r := range table {
		name, doc := r.Row()
		fmt.Fprintf(w, "  %-8s %s\n", name, doc)
	}
}

func shapeNames() []string  { return rowNames(simulate.Shapes) }
func formatNames() []string { return rowNames(simulate.Formats) }
func faultNames() []string  { return rowNames(simulate.Faults) }

// rowNames are the names of the rows of a table.
func rowNames[T simulate.Row](table []T) []string {
	return names(table, func(r T) string {
		name, _ := r.Row()
		return name
	})
}

// parseRecords reads a count of records, which may be larger than others.
func parseRecords(s string) (int64, error) {
	if strings.Trim(s, "0123456789") == "" {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return n, nil
		}
	}
	return 0, &badValue{"must be a whole number of 0 or more", s}
}

func parseSeed(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0, &badValue{"must be a whole number of 0 or more", s}
	}
	return n, nil
}

// parseFaults reads a list of faults, in which one may stand more than once.
func parseFaults(s string) (names []string, err error) {
	err = eachItem(s, func(name string) error {
		_, err := parseChoice(name, faultNames())
		names = append(names, name)
		return err
	})
	return names, err
}
