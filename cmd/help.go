package cmd

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rtda/pkg/run"
	"rtda/pkg/text"
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

// help writes the help of a command: of the filter the everyday flags, or all.
func (sh *shell) help(c *cobra.Command) error {
	switch {
	case c.HasParent():
		return sh.print(commandHelp(c))
	case sh.everyday:
		return sh.print(everydayHelp())
	}
	return sh.print(rootHelp())
}

// addHelp adds -h, which asks for the everyday flags, and --help, which asks for
// all.
func (sh *shell) addHelp(fs *pflag.FlagSet) {
	fs.Bool("help", false, "all flags")
	fs.BoolFuncP("h", "h", "the everyday flags", func(string) error {
		sh.everyday = true
		return fs.Set("help", "true")
	})
	// The error would be of a flag that does not exist.
	_ = fs.MarkHidden("h")
}

const usage = `Usage: rtda [flags] [FILE...]
       rtda simulate | demo | state | help [TOPIC] | completion | man | version

Reads numbers or records, one a line, from FILEs or stdin; writes statistics of
windows to stdout, alerts and complaints to stderr.
`

// everydayHelp is what fits on one screen.
func everydayHelp() string {
	var b strings.Builder
	b.WriteString(usage + "\n")
	for _, f := range newOptions().flags {
		if f.daily {
			b.WriteString(f.help())
		}
	}
	b.WriteString(`
  rtda -w 50 -a mean,p99 -r 'crit: mean > 80' numbers.txt
  tail -F s.log | rtda -k sensor -f temp -w 5m -n 10s
`)
	b.WriteString("All flags: rtda --help. Topics: rtda help " + strings.Join(topicNames(), "|") + "\n")
	return b.String()
}

func rootHelp() string {
	var b strings.Builder
	b.WriteString(usage + "[Defaults] are in brackets.\n")
	groupedHelp(&b, newOptions().flags)
	b.WriteString(helpLine("  -h, --help, -V, --version", "the everyday flags, this text, the version"))
	b.WriteString("\nValues\n")
	for _, a := range argumentDocs {
		doc := wrap(unmarked(a.doc), "            ", 80)
		fmt.Fprintf(&b, "  %-10s%s", a.name, strings.TrimLeft(doc, " "))
	}
	b.WriteString("\nAggregates (rtda help aggregates tells more)\n" + wrap(strings.Join(run.AggNames(), " "), "  ", 80))
	b.WriteString("\nExamples\n")
	for _, e := range helpExamples {
		fmt.Fprintf(&b, "    %s\n", e.command)
	}
	b.WriteString("\nMore: rtda help " + strings.Join(topicNames(), "|") + "; all: rtda man | man -l -\n")
	return b.String()
}

// groupedHelp writes the lines of flags, each group below its heading.
func groupedHelp(b *strings.Builder, table []Flag) {
	for _, g := range groups {
		heading := fmt.Sprintf("\n%s\n", g)
		for i := range table {
			if table[i].group == g {
				b.WriteString(heading + table[i].help())
				heading = ""
			}
		}
	}
}

// help is the line of a flag.
func (f *Flag) help() string {
	name := "      --" + f.Name
	if f.Short != "" {
		name = "  -" + f.Short + ", --" + f.Name
	}
	switch {
	case f.bare != "":
		name += "[=" + f.Arg + "]"
	case f.Arg != "":
		name += " " + f.Arg
	}
	doc := f.Doc
	if strings.Contains(doc, "%s") {
		doc = fmt.Sprintf(doc, orList(f.words()))
	}
	if f.shownDefault() != "" {
		doc += " [" + f.shownDefault() + "]"
	}
	return helpLine(name, doc)
}

// shownDefault is the default as it is shown.
func (f *Flag) shownDefault() string {
	if f.shown != "" {
		return f.shown
	}
	return f.Default
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

func topicNames() []string {
	return names(topics, func(t topic) string { return t.name })
}

func (sh *shell) helpCommand(root *cobra.Command) *cobra.Command {
	var long strings.Builder
	long.WriteString("Print the help of rtda or of a command, or tell about a topic:\n\n")
	for _, t := range topics {
		fmt.Fprintf(&long, "  %-11s %s\n", t.name, t.doc)
	}
	words := append(topicNames(), commandNames...)
	return &cobra.Command{
		Use:   "help [TOPIC]",
		Short: "Print the help of rtda or of a command, or tell about a topic",
		Long:  strings.TrimRight(long.String(), "\n"),
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 1 {
				return fmt.Errorf("help: takes one topic: got %s", text.Quote(args[1]))
			}
			for _, name := range args {
				if _, err := parseChoice(name, words); err != nil {
					return fmt.Errorf("help: %w", err)
				}
			}
			return nil
		},
		ValidArgs: words,
		RunE: func(_ *cobra.Command, args []string) error {
			for _, t := range topics {
				if len(args) > 0 && t.name == args[0] {
					return sh.page(topicText(t.sections))
				}
			}
			c, _, err := root.Find(args)
			if err != nil {
				return err
			}
			return sh.help(c)
		},
	}
}

// page writes a text through PAGER where stdout is a terminal, else as it is.
func (sh *shell) page(s string) error {
	pager := cmp.Or(os.Getenv("PAGER"), "less")
	if !run.IsTerminal(sh.stdout) {
		return sh.print(s)
	}
	c := exec.Command("sh", "-c", pager)
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader(s), sh.stdout, sh.stderr
	c.Env = os.Environ()
	if os.Getenv("LESS") == "" {
		c.Env = append(c.Env, "LESS=FRX") // a short text is left on the screen
	}
	if c.Run() != nil {
		return sh.print(s)
	}
	return nil
}
