package cmd

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"rtda/pkg/run"
	"rtda/pkg/text"
)

// A Program is another program of this repository: it has commands, and the flags,
// help, man page, completion and errors of each are made as rtda's are, some of its
// flags being rtda's own.
type Program struct {
	Name     string
	About    string // what it does, for help
	Commands []Command
	Flags    []Flag // that all of its commands take
	Page     string // its man page in roff
	Kept     string // the file of the project in which that is in markdown
	Manual   string // the source of that in markdown; @commands is the place of its commands
}

// A Command is one of the commands of a Program.
type Command struct {
	Name string
	Args string // what stands behind the name
	Doc  string // one line for help
	Long string // a paragraph of markdown for the man page
	// Flags are its own.
	Flags []Flag
	// Takes says which of rtda's flags it takes too; nil: none of them. Refuses says
	// why it does not take one that it takes; such flags are not shown.
	Takes   func(name string) bool
	Refuses func(name string) (why string)
	Files   bool // FILEs may stand behind the STREAM
	Run     func(c *Call) error
}

// A Call is a command line that was understood.
type Call struct {
	Args           []string // what is no flag
	Options        *run.Options
	Check          bool // print what would run
	Given          func(flag string) bool
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// FlagError is a mistake in what was given to a flag: why, and with a value that.
func FlagError(flag, why, value string) error {
	if value == "" {
		return run.Usage(&flagError{flag, plainError(why)})
	}
	return run.Usage(&flagError{flag, &badValue{why, value}})
}

func (c *Command) refuses(flag string) bool { return c.Refuses != nil && c.Refuses(flag) != "" }

// flags are those of a command, its own, those of all commands, and rtda's, which
// fill o.
func (p *Program) flags(c *Command, o *options) (own, rtda []Flag) {
	if c.Takes != nil {
		rtda = slices.DeleteFunc(slices.Clone(o.flags), func(f Flag) bool { return !c.Takes(f.Name) })
	}
	return slices.Concat(c.Flags, p.Flags), rtda
}

// Main runs the program with the arguments behind its name and returns the status.
func (p *Program) Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	sh := newShell(stdin, stdout, stderr)
	sh.name = p.Name
	root := sh.newCommand(p.Name, func(c *cobra.Command, args []string) error {
		if sh.opts.version {
			return sh.printVersion()
		}
		if len(args) > 0 {
			_, err := parseChoice(args[0], p.words())
			return run.Usage(fmt.Errorf("the command %w", err))
		}
		return run.Usage(plainError("needs a command: " + orList(p.words()[:len(p.Commands)]) + " (" + p.Name + " --help tells more)"))
	})
	sh.addVersion(root.Flags())
	root.SetHelpFunc(func(c *cobra.Command, _ []string) { sh.helpErr = sh.print(p.help(c.Name())) })
	root.SetHelpCommand(&cobra.Command{
		Use: "help [COMMAND]", Short: "Print the help of a command", ValidArgs: p.words(),
		RunE: func(_ *cobra.Command, args []string) error { return sh.print(p.help(strings.Join(args, " "))) },
	})
	completing := isCompleting(args)
	for i := range p.Commands {
		root.AddCommand(p.command(sh, &p.Commands[i], completing))
	}
	root.AddCommand(sh.completionCommand(), sh.manCommand(p.Page, p.Kept, func() string { return readable(p.Source()) }), sh.versionCommand())
	root.SetArgs(args)
	return sh.end(root.Execute)
}

func (p *Program) words() []string {
	return append(names(p.Commands, func(c Command) string { return c.Name }), "help", "completion", "man", "version")
}

func (p *Program) command(sh *shell, c *Command, completing bool) *cobra.Command {
	own, rtda := p.flags(c, sh.opts)
	made := &cobra.Command{
		Use: c.Name + " " + c.Args, Short: c.Doc, Args: cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			o := sh.opts
			if err := o.fill(own); err != nil {
				return run.Usage(err)
			}
			if len(args) == 0 {
				return run.Usage(fmt.Errorf("%s: name the STREAM: %s %s %s", c.Name, p.Name, c.Name, c.Args))
			}
			if _, err := parseName(args[0]); err != nil {
				return run.Usage(fmt.Errorf("the STREAM %w", err))
			}
			if len(args) > 1 && !c.Files {
				return run.Usage(fmt.Errorf("%s: takes one STREAM: got %s", c.Name, text.Quote(args[1])))
			}
			for _, f := range rtda {
				if c.refuses(f.Name) && o.has(f.Name) {
					return FlagError(f.Name, c.Refuses(f.Name), "")
				}
			}
			if rtda != nil {
				if err := o.finish(args[1:]); err != nil {
					return run.Usage(err)
				}
			}
			o.Version = ownVersion()
			return c.Run(&Call{Args: args, Options: &o.Options, Check: o.check, Given: o.has, Stdin: sh.stdin, Stdout: sh.stdout, Stderr: sh.stderr})
		},
	}
	for _, table := range [][]Flag{own, rtda} {
		addFlags(made.Flags(), table, sh.opts, completing)
		completeFlags(made, table)
	}
	for _, f := range rtda {
		if c.refuses(f.Name) {
			_ = made.Flags().MarkHidden(f.Name) // the error is of a flag that is not there
		}
	}
	return made
}

func (p *Program) help(command string) string {
	var b strings.Builder
	for i := range p.Commands {
		c := &p.Commands[i]
		if c.Name != command {
			continue
		}
		fmt.Fprintf(&b, "Usage: %s %s %s\n\n%s\n", p.Name, c.Name, c.Args, wrap(unmarked(c.Long), "", 80))
		own, rtda := p.flags(c, newOptions())
		for i := range own {
			b.WriteString(own[i].help())
		}
		groupedHelp(&b, slices.DeleteFunc(rtda, func(f Flag) bool { return c.refuses(f.Name) }))
		return b.String()
	}
	fmt.Fprintf(&b, "Usage: %s COMMAND STREAM [flags]\n\n%s\n", p.Name, wrap(unmarked(p.About), "", 80))
	for _, c := range p.Commands {
		fmt.Fprintf(&b, "  %-14s%s\n", c.Name, c.Doc)
	}
	b.WriteString("\nFlags of each:\n")
	for i := range p.Flags {
		b.WriteString(p.Flags[i].help())
	}
	fmt.Fprintf(&b, "\nMore: %s help COMMAND | completion SHELL | version | man\n", p.Name)
	return b.String()
}

// Source is the man page in the markdown that go-md2man takes, with the tables in
// their places.
func (p *Program) Source() string {
	var t table
	for i := range p.Commands {
		c := &p.Commands[i]
		fmt.Fprintf(&t, "## %s %s %s\n\n%s\n\n", p.Name, c.Name, strings.NewReplacer("[", `\[`, "]", `\]`).Replace(c.Args), c.Long)
		for i := range c.Flags {
			t.flag(&c.Flags[i])
		}
	}
	fmt.Fprintf(&t, "## Flags of each command\n\n")
	for i := range p.Flags {
		t.flag(&p.Flags[i])
	}
	return strings.Replace(p.Manual, "@commands\n", t.String(), 1)
}
