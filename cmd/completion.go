package cmd

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// A script is a shell that rtda can complete itself in.
type script struct {
	shell   string
	install string // how to use it
	write   func(root *cobra.Command, w io.Writer) error
}

// scripts is the table of shells.
var scripts = []script{
	{"bash", "rtda completion bash > ~/.local/share/bash-completion/completions/rtda",
		writeBash},
	{"zsh", `rtda completion zsh > "${fpath[1]}/_rtda"`,
		(*cobra.Command).GenZshCompletion},
	{"fish", "rtda completion fish > ~/.config/fish/completions/rtda.fish",
		func(c *cobra.Command, w io.Writer) error { return c.GenFishCompletion(w, true) }},
	{"powershell", "rtda completion powershell | Out-String | Invoke-Expression",
		(*cobra.Command).GenPowerShellCompletionWithDesc},
}

// bashWords tells the words of the command line where the bash-completion package,
// whose function cobra's script calls for it, is not there.
const bashWords = `# The words of the command line, also without the bash-completion package.
__rtda_words() {
    if declare -F _get_comp_words_by_ref >/dev/null 2>&1; then
        _get_comp_words_by_ref "$@"
        return
    fi
    words=("${COMP_WORDS[@]}")
    cword=$COMP_CWORD
    cur=${words[cword]}
    prev=${words[cword-1]}
}

`

// writeBash writes cobra's script for bash, which asks bashWords.
func writeBash(c *cobra.Command, w io.Writer) error {
	var b strings.Builder
	if err := c.GenBashCompletionV2(&b, true); err != nil {
		return err
	}
	_, err := io.WriteString(w, bashWords+strings.ReplaceAll(b.String(), "    _get_comp_words_by_ref", "    __rtda_words"))
	return err
}

func shells() []string {
	return names(scripts, func(s script) string { return s.shell })
}

// completionCommand is `rtda completion SHELL`, or that of another program.
func (sh *shell) completionCommand() *cobra.Command {
	var long strings.Builder
	long.WriteString("Print a script that completes flags, their values and commands. To install it:\n\n")
	for _, s := range scripts {
		fmt.Fprintf(&long, "  %-11s %s\n", s.shell, strings.ReplaceAll(s.install, "rtda", sh.name))
	}
	return &cobra.Command{
		Use:       "completion SHELL",
		Short:     "Print a script that completes the command line in a shell",
		Long:      strings.TrimRight(long.String(), "\n"),
		ValidArgs: shells(),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("completion: must name one shell, %s", orList(shells()))
			}
			if _, err := parseChoice(args[0], shells()); err != nil {
				return fmt.Errorf("completion: %w", err)
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			for _, s := range scripts {
				if s.shell == args[0] {
					return s.write(c.Root(), sh.stdout)
				}
			}
			return nil
		},
	}
}

// completeFlags makes the values of a table's flags known to completion.
func completeFlags(c *cobra.Command, table []Flag) {
	for i := range table {
		f := &table[i]
		if f.Arg == "" || f.File {
			continue
		}
		complete := func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
			return f.completions(typed)
		}
		// The error is of a flag that does not exist.
		_ = c.RegisterFlagCompletionFunc(f.Name, complete)
	}
}

// completions are the values that a flag can have which begin as typed. In a
// list the last item is completed, with one that is not in the list yet.
func (f *Flag) completions(typed string) (values []string, d cobra.ShellCompDirective) {
	if f.words == nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	before := ""
	if f.list {
		before = typed[:strings.LastIndexByte(typed, ',')+1]
		d = cobra.ShellCompDirectiveNoSpace
	}
	for _, word := range f.words() {
		if strings.HasPrefix(before+word, typed) && !strings.Contains(","+before, ","+word+",") {
			values = append(values, before+word)
		}
	}
	return values, d | cobra.ShellCompDirectiveNoFileComp
}
