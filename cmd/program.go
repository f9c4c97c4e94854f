package cmd

import (
	"fmt"
	"io"
	"strings"
	"time"

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

// A Flag is a row of a Program's tables of flags.
type Flag struct {
	Name, Short, Arg string
	Default          string // as a user would write it
	Doc              string // one line for help
	Long             string // a paragraph of markdown for the man page
	Words            []string
	File             bool // the value is the name of a file
	Set              func(text string) error
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

// Text makes the Set of a flag that is a text.
func Text(dst *string) func(string) error { return setting(parseText, dst) }

// Span makes the Set of a flag that is a duration.
func Span(dst *time.Duration) func(string) error { return setting(parseSpan, dst) }

// Count makes the Set of a flag that is a whole number from least to most.
func Count(least, most int, dst *int) func(string) error {
	return setting(func(s string) (int, error) { return parseCount(s, least, most) }, dst)
}

// Switch makes the Set of a flag that is on or off.
func Switch(dst *bool) func(string) error { return setting(parseSwitch, dst) }

// Name makes the Set of a flag that is a name of letters, digits, - and _.
func Name(dst *string) func(string) error { return setting(parseName, dst) }

func setting[T any](read func(string) (T, error), dst *T) func(string) error {
	return func(s string) error {
		x, err := read(s)
		if err == nil {
			*dst = x
		}
		return err
	}
}

// parseName reads a name that may stand in a subject of NATS.
func parseName(s string) (string, error) {
	for _, c := range s {
		if c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return "", &badValue{"must be letters, digits, - and _ only", s}
		}
	}
	return parseText(s)
}

// FlagError is a mistake in what was given to a flag: why, and with a value that.
func FlagError(flag, why, value string) error {
	if value == "" {
		return run.Usage(&flagError{flag, plainError(why)})
	}
	return run.Usage(&flagError{flag, &badValue{why, value}})
}

// row is the flag as a row of rtda's own tables.
func (f *Flag) row() flag {
	r := flag{name: f.Name, short: f.Short, arg: f.Arg, def: f.Default, doc: f.Doc, long: f.Long, file: f.File, set: func(_ *options, s string) error { return f.Set(s) }}
	if f.Words != nil {
		r.words = fixed(f.Words...)
	}
	return r
}

func (c *Command) refuses(flag string) bool { return c.Refuses != nil && c.Refuses(flag) != "" }

// flags are those of a command, its own, those of all commands, and rtda's.
func (p *Program) flags(c *Command) (own, rtda []flag) {
	for _, list := range [][]Flag{c.Flags, p.Flags} {
		for i := range list {
			own = append(own, list[i].row())
		}
	}
	if c.Takes == nil {
		return own, nil
	}
	for _, f := range flags {
		if c.Takes(f.name) {
			rtda = append(rtda, f)
		}
	}
	return own, rtda
}

// Main runs the program with the arguments behind its name and returns the status.
func (p *Program) Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	sh := newShell(stdin, stdout, stderr)
	sh.name = p.Name
	root := &cobra.Command{
		Use: p.Name, Short: p.About, Args: cobra.ArbitraryArgs,
		SilenceErrors: true, SilenceUsage: true, CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		PersistentPreRun: func(*cobra.Command, []string) { sh.began = true },
		RunE: func(c *cobra.Command, args []string) error {
			if version, _ := c.Flags().GetBool("version"); version {
				return sh.printVersion()
			}
			if len(args) > 0 {
				_, err := parseChoice(args[0], p.words())
				return run.Usage(fmt.Errorf("the command %w", err))
			}
			return run.Usage(plainError("needs a command: " + orList(p.words()[:len(p.Commands)]) + " (" + p.Name + " --help tells more)"))
		},
	}
	root.Flags().BoolP("version", "V", false, "the version")
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetHelpFunc(func(c *cobra.Command, _ []string) { sh.helpErr = sh.print(p.help(c.Name())) })
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return run.Usage(explainFlag(c, err)) })
	root.SetHelpCommand(&cobra.Command{
		Use: "help [COMMAND]", Short: "Print the help of a command", ValidArgs: p.words(),
		RunE: func(_ *cobra.Command, args []string) error { return sh.print(p.help(strings.Join(args, " "))) },
	})
	completing := isCompleting(args)
	for i := range p.Commands {
		root.AddCommand(p.command(sh, &p.Commands[i], completing))
	}
	root.AddCommand(sh.completionCommand(p.Name), p.manCommand(sh), sh.versionCommand())
	root.SetArgs(args)
	return sh.end(root.Execute)
}

// words are the commands that there are.
func (p *Program) words() []string {
	var all []string
	for _, c := range p.Commands {
		all = append(all, c.Name)
	}
	return append(all, "help", "completion", "man", "version")
}

// command makes one of the commands.
func (p *Program) command(sh *shell, c *Command, completing bool) *cobra.Command {
	own, rtda := p.flags(c)
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
				if c.refuses(f.name) && o.has(f.name) {
					return FlagError(f.name, c.Refuses(f.name), "")
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
	for _, table := range [][]flag{own, rtda} {
		addFlags(made.Flags(), table, sh.opts, completing)
		completeFlags(made, table)
	}
	for _, f := range rtda {
		if c.refuses(f.name) {
			_ = made.Flags().MarkHidden(f.name) // the error is of a flag that is not there
		}
	}
	return made
}

// help is the help of a command, or of the program.
func (p *Program) help(command string) string {
	var b strings.Builder
	for i := range p.Commands {
		c := &p.Commands[i]
		if c.Name != command {
			continue
		}
		fmt.Fprintf(&b, "Usage: %s %s %s\n\n%s\n", p.Name, c.Name, c.Args, wrap(unmarked(c.Long), "", 80))
		own, rtda := p.flags(c)
		for i := range own {
			b.WriteString(own[i].help())
		}
		for _, g := range groups {
			first := true
			for i := range rtda {
				f := &rtda[i]
				if f.group != g || c.refuses(f.name) {
					continue
				}
				if first {
					fmt.Fprintf(&b, "\n%s\n", g)
					first = false
				}
				b.WriteString(f.help())
			}
		}
		return b.String()
	}
	fmt.Fprintf(&b, "Usage: %s COMMAND STREAM [flags]\n\n%s\n", p.Name, wrap(unmarked(p.About), "", 80))
	for _, c := range p.Commands {
		fmt.Fprintf(&b, "  %-14s%s\n", c.Name, c.Doc)
	}
	b.WriteString("\nFlags of each:\n")
	for i := range p.Flags {
		row := p.Flags[i].row()
		b.WriteString(row.help())
	}
	fmt.Fprintf(&b, "\nMore: %s help COMMAND | completion SHELL | version | man\n", p.Name)
	return b.String()
}

func (p *Program) manCommand(sh *shell) *cobra.Command {
	markdown := false
	c := &cobra.Command{
		Use: "man", Short: "Print the man page, in roff", Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			if markdown {
				return sh.print(readable(p.Source()))
			}
			return sh.print(p.Page)
		},
	}
	c.Flags().BoolVar(&markdown, "markdown", false, "in markdown")
	return c
}

// Source is the man page in the markdown that go-md2man takes, with the tables in
// their places.
func (p *Program) Source() string {
	var t table
	for i := range p.Commands {
		c := &p.Commands[i]
		fmt.Fprintf(&t, "## %s %s %s\n\n%s\n\n", p.Name, c.Name, strings.NewReplacer("[", `\[`, "]", `\]`).Replace(c.Args), c.Long)
		for i := range c.Flags {
			t.flag(c.Flags[i].row())
		}
	}
	fmt.Fprintf(&t, "## Flags of each command\n\n")
	for i := range p.Flags {
		t.flag(p.Flags[i].row())
	}
	return strings.Replace(p.Manual, "@commands\n", t.String(), 1)
}

// flag adds a flag.
func (t *table) flag(f flag) { t.item(f.term(), f.long+f.defaultText()) }
