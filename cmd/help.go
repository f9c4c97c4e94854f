package cmd

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"rtda/pkg/run"
)

// docColumn is where the docs of flags begin in help.
const docColumn = 28

// helpExamples are what help and man page show, a line of doc and a command each.
var helpExamples = []struct{ doc, command string }{
	{"running mean, deviation and maximum of the last 50 numbers",
		"rtda simulate | rtda -w 50"},
	{"five minutes of each sensor, a row every 10 s, an alert with hysteresis",
		"tail -F s.log | rtda -k sensor -f temp -w 5m -n 10s \\\n        -r 'crit hot: mean(temp) > 80 for 30s until mean(temp) < 75'"},
	{"hourly means of a csv file, by the time that it has in it",
		"rtda -i csv -t timestamp -f value -w 1h -n 1h -a mean,p99 -o csv log.csv"},
	{"report a sensor that has been silent, and run a command",
		"tail -F s.log | rtda -q -k sensor -r 'crit dead: age > 30s' -x 'mail ops'"},
	{"quartiles of a whole file; status 4 if the rule fired",
		"rtda -e -w all -n end -a p25,median,p75 -r 'median > 7' numbers"},
}

// help writes the help of a command.
func (sh *shell) help(c *cobra.Command) error {
	if c.HasParent() {
		return sh.print(commandHelp(c))
	}
	return sh.print(rootHelp())
}

// rootHelp is the help of the filter, made from the tables.
func rootHelp() string {
	var b strings.Builder
	b.WriteString(`Usage: rtda [flags] [FILE...]
       rtda simulate | completion | man | version

Numbers or JSON records in, one a line, from FILEs or stdin; statistics of
windows out on stdout; alerts and complaints on stderr. [Defaults] in brackets.
`)
	for _, g := range groups {
		fmt.Fprintf(&b, "\n%s\n", g)
		for i := range flags {
			if flags[i].group == g {
				b.WriteString(flags[i].help())
			}
		}
	}
	b.WriteString(helpLine("  -h, --help, -V, --version", "this text; the version"))
	b.WriteString("\nAggregates\n" + wrap(strings.Join(run.AggNames(), " "), "  ", 80))
	b.WriteString("\nExamples\n")
	for _, e := range helpExamples {
		fmt.Fprintf(&b, "    %s\n", e.command)
	}
	b.WriteString("\n`rtda man | man -l -` tells all. A FILE called man or version is written ./man.\n")
	return b.String()
}

// help is the line of a flag.
func (f *flag) help() string {
	name := "      --" + f.name
	if f.short != "" {
		name = "  -" + f.short + ", --" + f.name
	}
	if f.arg != "" {
		name += " " + f.arg
	}
	doc := f.doc
	if strings.Contains(doc, "%s") {
		doc = fmt.Sprintf(doc, orList(f.words()))
	}
	if f.defText() != "" {
		doc += " [" + f.defText() + "]"
	}
	return helpLine(name, doc)
}

// defText is the default as it is shown.
func (f *flag) defText() string {
	if f.shown != "" {
		return f.shown
	}
	return f.def
}

// helpLine is a name with its doc in a column of its own.
func helpLine(name, doc string) string {
	return fmt.Sprintf("%-*s%s\n", docColumn, name, doc)
}

// wrap breaks words into lines of at most width characters.
func wrap(words, indent string, width int) string {
	var b strings.Builder
	line := indent
	for _, w := range strings.Fields(words) {
		if len(line)+len(w) > width && line != indent {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			line = indent
		}
		line += w + " "
	}
	return b.String() + strings.TrimRight(line, " ") + "\n"
}

// commandHelp is the help of one of rtda's commands.
func commandHelp(c *cobra.Command) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Usage: %s\n\n", c.UseLine())
	if c.Long != "" {
		b.WriteString(c.Long + "\n")
	} else {
		b.WriteString(c.Short + ".\n")
	}
	if c.HasAvailableLocalFlags() {
		b.WriteString("\nFlags\n" + c.LocalFlags().FlagUsages())
	}
	if c.HasExample() {
		b.WriteString("\nExamples\n" + c.Example + "\n")
	}
	return b.String()
}

// helpCommand is `rtda help [COMMAND]`.
func (sh *shell) helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Print the help of rtda or of a command",
		Args: func(c *cobra.Command, args []string) error {
			for _, name := range args {
				if _, err := parseChoice(name, commandNames); err != nil {
					return fmt.Errorf("help: %w", err)
				}
			}
			return nil
		},
		ValidArgs: commandNames,
		RunE: func(_ *cobra.Command, args []string) error {
			c, _, err := root.Find(args)
			if err != nil {
				return err
			}
			return sh.help(c)
		},
	}
}
