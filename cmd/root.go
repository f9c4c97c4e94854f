// Package cmd is rtda's command line: flags, help, the man page, completion
// and the commands beside the filter. It turns flags into the Options of a run
// and runs it; it computes nothing.
package cmd

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rtda/pkg/run"
)

// Main runs rtda with the arguments behind its name and returns the status. It
// keeps nothing between calls and never ends the process.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return newShell(stdin, stdout, stderr).main(args)
}

// Exit closes stdout and ends the process with a status that Main returned. A
// file may tell only at its end that not all of it could be written. After a signal it
// lets that signal do it, so that a shell ends its loop as after any filter.
// Go's runtime makes a dump of SIGQUIT and nothing of others, which leaves the
// status.
func Exit(status int) {
	if err := os.Stdout.Close(); err != nil && !errors.Is(err, os.ErrClosed) && status == run.StatusOK {
		fmt.Fprintln(os.Stderr, "rtda: writing stdout:", run.Reason(err))
		status = run.StatusIO
	}
	switch s := syscall.Signal(status - run.StatusSignal); s {
	case syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP:
		signal.Reset(s)
		_ = syscall.Kill(os.Getpid(), s)
		time.Sleep(run.Patience) // it is on its way
	}
	os.Exit(status)
}

// A shell is one run of the command: its streams and its options.
type shell struct {
	name           string // of the program
	stdin          io.Reader
	stdout, stderr io.Writer
	opts           *options
	run            func(*options) error // the filter, when the options are checked
	began          bool                 // the command line was understood, what follows is work
	everyday       bool                 // -h asks for the everyday flags only
	helpErr        error                // --help could not be written
}

func newShell(stdin io.Reader, stdout, stderr io.Writer) *shell {
	sh := &shell{name: "rtda", stdin: stdin, stdout: stdout, stderr: stderr, opts: newOptions()}
	sh.run = func(o *options) error {
		if o.check {
			return run.Check(&o.Options, stdout)
		}
		if o.HTTP != nil || o.State != "" {
			o.Version = ownVersion() // which takes a while to find out
		}
		return run.Run(&o.Options, run.Streams{In: stdin, Out: stdout, Err: stderr, Last: stdout == os.Stdout})
	}
	return sh
}

// main does what the arguments ask for and returns the status.
func (sh *shell) main(args []string) int {
	return sh.end(func() error { return sh.execute(sh.root(args), args) })
}

// end does the work of a command, reports its error and returns the status.
func (sh *shell) end(work func() error) int {
	defer catchFileLimit()()
	err := run.ReserveFiles(4)
	if err == nil {
		err = work()
	} else {
		err = fmt.Errorf("a few files must be open at once: %s (see ulimit -n)", run.Reason(err))
	}
	if err == nil {
		err = sh.helpErr
	} else if !sh.began {
		err = run.Usage(err)
	}
	return sh.report(err)
}

// newCommand is a program's command, which does what run does where no command of
// its own is meant.
func (sh *shell) newCommand(use string, run func(c *cobra.Command, args []string) error) *cobra.Command {
	c := &cobra.Command{
		Use:               use,
		Args:              cobra.ArbitraryArgs,
		RunE:              run,
		PersistentPreRun:  func(*cobra.Command, []string) { sh.began = true },
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	c.SetIn(sh.stdin)
	c.SetOut(sh.stdout)
	c.SetErr(sh.stderr)
	c.SetFlagErrorFunc(explainFlag)
	return c
}

// addVersion adds the flag that asks for the version.
func (sh *shell) addVersion(fs *pflag.FlagSet) {
	fs.BoolVarP(&sh.opts.version, "version", "V", false, "the version")
}

// execute does what cobra's Execute does. Where it is no command's turn it does so
// by itself: cobra makes ready for completion at each start, which takes longer
// than all of the flags.
func (sh *shell) execute(root *cobra.Command, args []string) error {
	if root.HasSubCommands() || isCompleting(args) {
		root.SetArgs(longFlags(args, root.Flags()))
		return root.Execute()
	}
	if err := root.ParseFlags(longFlags(args, root.Flags())); err != nil {
		return root.FlagErrorFunc()(root, err)
	}
	if help, err := root.Flags().GetBool("help"); err != nil || help {
		root.HelpFunc()(root, args)
		return err
	}
	sh.began = true
	return sh.filter(root.Flags().Args())
}

// isCompleting reports whether a shell asks what a word may be completed to.
func isCompleting(args []string) bool {
	return len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd)
}

// commandNames are the words that are commands where they come first. A FILE
// of such a name is written ./NAME.
var commandNames = []string{"simulate", "demo", "state", "completion", "man", "version", "help"}

// root makes the command. Its own commands are there only where the arguments
// begin with one, so that FILEs may have any name in all other places.
func (sh *shell) root(args []string) *cobra.Command {
	root := sh.newCommand("rtda [flags] [FILE...]", func(_ *cobra.Command, files []string) error { return sh.filter(files) })
	root.SetHelpFunc(func(c *cobra.Command, _ []string) { sh.helpErr = sh.help(c) })
	completing := isCompleting(args)
	addFlags(root.Flags(), sh.opts.flags, sh.opts, completing)
	sh.addHelp(root.Flags())
	sh.addVersion(root.Flags())
	if completing {
		completeFlags(root, sh.opts.flags)
		args = args[1:]
	}
	if wantsCommand(args, completing) {
		root.SetHelpCommand(sh.helpCommand(root))
		root.AddCommand(sh.simulateCommand(), sh.demoCommand(), sh.stateCommand(), sh.completionCommand(), sh.manCommand(page, "docs/manual.md", manual), sh.versionCommand())
	}
	return root
}

// wantsCommand reports whether the arguments begin with one of rtda's commands,
// or can be completed to one.
func wantsCommand(args []string, completing bool) bool {
	return len(args) > 0 && (slices.Contains(commandNames, args[0]) || completing && len(args) == 1)
}

// filter is the command without a command's name.
func (sh *shell) filter(files []string) error {
	if sh.opts.version {
		return sh.printVersion()
	}
	if err := sh.opts.finish(files); err != nil {
		return run.Usage(err)
	}
	if !sh.opts.has("out") && sh.opts.Out == "text" && run.IsTerminal(sh.stdout) {
		sh.opts.Out = "table"
	}
	if sh.opts.Draws() && !sh.opts.check && run.IsTerminal(sh.stdout) {
		return run.Usage(&flagError{"out", &badValue{"a picture cannot be shown on a terminal: write it to a file with >FILE", sh.opts.Out}})
	}
	sh.hint()
	return sh.run(sh.opts)
}

// hint tells a person who typed no more than rtda that it waits for input.
func (sh *shell) hint() {
	o := sh.opts
	if len(o.Files) > 0 || o.check || o.OneToOne || !run.IsTerminal(sh.stdin) || !run.IsTerminal(sh.stderr) {
		return
	}
	fmt.Fprintf(sh.stderr, "%srtda: reading from the terminal, a number or JSON record a line; Ctrl-D ends (rtda --help tells more)\n", o.Mark(run.LevelInfo))
}

// report writes an error to stderr, the one place that does, and returns the
// status. Each of joined errors gets a line that begins with rtda:.
func (sh *shell) report(err error) int {
	status := run.StatusOf(err)
	if status == run.StatusPipe {
		return status
	}
	var text strings.Builder
	for _, e := range unjoin(err) {
		what := told(e)
		if what == "" {
			continue
		}
		for line := range strings.Lines(sh.name + ": " + what + "\n") {
			text.WriteString(sh.opts.Mark(run.LevelError) + line)
		}
	}
	if text.Len() > 0 {
		// There is nowhere left to tell of an error of stderr.
		_, _ = io.WriteString(sh.stderr, text.String())
	}
	return status
}

// told is the text of an error. One that says no more than that a write to
// stdout failed says so as the filter does.
func told(err error) string {
	if path, ok := err.(*fs.PathError); ok && path.Op == "write" && path.Path == os.Stdout.Name() {
		return "writing stdout: " + path.Err.Error()
	}
	return err.Error()
}

// unjoin takes joined errors apart.
func unjoin(err error) []error {
	var joined interface{ Unwrap() []error }
	if err == nil {
		return nil
	}
	if !errors.As(err, &joined) {
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, unjoin(e)...)
	}
	return all
}

// catchFileLimit makes a write beyond the limit of a file's size (ulimit -f) an error
// like any other, where Go would end with a trace of its stack. The function it
// returns undoes that. Commands of --exec do not inherit it: see run.Run.
func catchFileLimit() (undo func()) {
	signal.Ignore(syscall.SIGXFSZ)
	return func() { signal.Reset(syscall.SIGXFSZ) }
}
