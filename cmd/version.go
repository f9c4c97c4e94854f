package cmd

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"rtda/pkg/run"
	"rtda/pkg/text"
)

// version, commit and date are set by the linker in a release, as in
// -X rtda/cmd.version=1.2.3. They are of the commit that was built.
var version, commit, date string

func (sh *shell) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  noArgs,
		RunE:  func(*cobra.Command, []string) error { return sh.printVersion() },
	}
}

// printVersion writes the program's version, and what it was built from, with and for.
func (sh *shell) printVersion() error {
	info, _ := debug.ReadBuildInfo()
	return sh.print(sh.name + " " + versionText(info) + " (" + buildText(info) + ")\n")
}

func ownVersion() string {
	info, _ := debug.ReadBuildInfo()
	return versionText(info)
}

// versionText is the release, or else what the build says of its source.
func versionText(info *debug.BuildInfo) string {
	if version != "" {
		return version
	}
	if info == nil || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel"
	}
	return strings.TrimPrefix(info.Main.Version, "v")
}

// buildText is the commit and its date, where they are known, then Go and the
// system.
func buildText(info *debug.BuildInfo) string {
	revision, day := commit, date
	if info != nil && revision == "" {
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				revision = s.Value
			case "vcs.time":
				day, _, _ = strings.Cut(s.Value, "T")
			}
		}
	}
	parts := []string{runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH}
	if revision != "" {
		parts = append([]string{"commit " + revision[:min(len(revision), 12)], day}, parts...)
	}
	return strings.Join(parts, ", ")
}

// noArgs refuses arguments of a command that has none.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return fmt.Errorf("%s takes no arguments: got %s", c.CommandPath(), text.Quote(args[0]))
}

func (sh *shell) print(text string) error {
	_, err := io.WriteString(sh.stdout, text)
	return err
}

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
	c.Flags().StringVarP(&out, "out", "o", out, "print it as `FORMAT`: text or json")
	return c
}
