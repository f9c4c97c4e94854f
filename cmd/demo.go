package cmd

import (
	"io"
	"slices"

	"github.com/spf13/cobra"

	"rtda/pkg/run"
)

// The two commands of the demonstration. The seed is one with which s2 alone drifts
// away, from the 6th to the 12th second.
var (
	demoSource = []string{"simulate", "--sensors", "3", "--shape", "walk", "--fault", "drift", "--hz", "20", "--seed", "2417085", "-c", "885", "-o", "json"}
	demoFilter = []string{"-k", "sensor", "-f", "value", "-t", "time", "-w", "2s", "-n", "1s", "-a", "mean,max", "-p", "4", "-r", "crit hot: mean > 80 until mean < 60"}
)

const demoBefore = `Three made-up sensors are read 20 times a second. Two stay quiet; s2 will drift
away. Each second rtda writes the mean and the maximum of the last 2 seconds of
each sensor, and reports s2 while its mean is too high. It takes 15 seconds.

` + demoPipe + "\n"

// demoPipe is how the commands are shown.
const demoPipe = `  rtda simulate --sensors 3 --shape walk --fault drift --hz 20 --seed 2417085 \
      -c 885 -o json |
    rtda -k sensor -f value -t time -w 2s -n 1s -a mean,max -p 4 \
        -r 'crit hot: mean > 80 until mean < 60'
`

const demoAfter = `
That was the drift of s2: an ALERT when its mean rose over 80, and RESOLVED when it
was below 60 again. The same with your own numbers:

  rtda -w 100 -a mean,p99 numbers.txt            a number on each line
  rtda -i csv -k host -f load -n 100 log.csv     named columns
  tail -F app.log | rtda -k host -f ms -w 5m     records in JSON, as they come

  rtda -h           the everyday flags      rtda help rules    what rules can say
  rtda help time    clocks and windows      rtda man | man -l -    the manual
`

func (sh *shell) demoCommand() *cobra.Command {
	flatOut := false
	c := &cobra.Command{
		Use:   "demo",
		Short: "Show what rtda does, in 15 seconds",
		Args:  noArgs,
		RunE:  func(*cobra.Command, []string) error { return sh.demo(flatOut) },
	}
	c.Flags().BoolVar(&flatOut, "flat-out", false, "do not wait between the readings")
	return c
}

// demo shows the commands, runs them, joined by a pipe, and tells what to try.
func (sh *shell) demo(flatOut bool) error {
	if err := sh.print(demoBefore); err != nil {
		return err
	}
	source := slices.Clone(demoSource)
	if flatOut {
		source = append(source, "--flat-out")
	}
	from, to := io.Pipe()
	go func() {
		newShell(nil, to, io.Discard).main(source)
		to.Close()
	}()
	status := newShell(from, sh.stdout, sh.stdout).main(append(demoFilter, "-o", "table"))
	from.Close()
	if status != run.StatusOK {
		return &run.Error{Status: status}
	}
	return sh.print(demoAfter)
}
