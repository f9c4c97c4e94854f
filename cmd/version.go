package cmd

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"rtda/pkg/run"
	"rtda/pkg/text"
)

// version is set by the linker in a release: -X rtda/cmd.version=1.2.3
var version string

func (sh *shell) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  noArgs,
		RunE:  func(*cobra.Command, []string) error { return sh.printVersion() },
	}
}

// printVersion writes rtda's version, and what it was built with and for.
func (sh *shell) printVersion() error {
	info, _ := debug.ReadBuildInfo()
	_, err := fmt.Fprintf(sh.stdout, "%s %s (%s, %s/%s)\n", sh.name, versionText(info), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// versionText is the release, or else what the build says of its source.
func versionText(info *debug.BuildInfo) string {
	if version != "" {
		return version
	}
	if info == nil || info.Main.Version == "" {
		return "devel"
	}
	return info.Main.Version
}

// noArgs refuses arguments of a command that has none.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return fmt.Errorf("%s takes no arguments: got %s", c.CommandPath(), text.Quote(args[0]))
}

// print writes text whole.
func (sh *shell) print(text string) error {
	_, err := io.WriteString(sh.stdout, text)
	return err
}

// stateCommand prints what is in a FILE of --state.
func (sh *shell) stateCommand() *cobra.Command {
	out := "text"
	c := &cobra.Command{
		Use:     "state FILE",
		Short:   "Print what is in a FILE of --state",
		Example: "  rtda state s.state",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return plainError("state: name one FILE of --state")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if out != "text" && out != "json" {
				return run.Usage(&flagError{"out", &badValue{"must be text or json", out}})
			}
			return run.ShowState(args[0], out == "json", sh.stdout)
		},
	}
	c.Flags().StringVarP(&out, "out", "o", out, "text or json")
	return c
}
