package cmd

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"rtda/pkg/format"
	"rtda/pkg/parse"
	"rtda/pkg/run"
)

// page is the man page in roff. It is manMarkdown as go-md2man renders it.
// Linked into rtda, that library would add a third to the time that every
// start takes (1.3 ms of regular expressions), so it runs in the test that
// keeps the page fresh, and writes it anew with `go generate ./cmd`.
//
//go:generate go test -run ^TestManPage$ . -write-page
//go:embed rtda.1
var page string

// manCommand is `rtda man`.
func (sh *shell) manCommand() *cobra.Command {
	markdown := false
	c := &cobra.Command{
		Use:     "man",
		Short:   "Print the man page, in roff",
		Example: "  rtda man | man -l -",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			if markdown {
				return sh.print(manMarkdown())
			}
			return sh.print(page)
		},
	}
	c.Flags().BoolVar(&markdown, "markdown", false, "in the markdown that it is made from")
	return c
}

// manMarkdown is the man page in markdown, made from the tables.
func manMarkdown() string {
	p := &manPage{}
	p.text(manHead)
	p.section("OPTIONS", manOptions)
	for _, g := range groups {
		p.options(g)
	}
	p.section("INPUT", manInput)
	for _, f := range parse.Formats {
		p.item("**"+f.Name+"**", plain(f.Doc))
	}
	p.text(manNumbers)
	for r := range parse.Reasons {
		p.item("**"+parse.Reason(r).String()+"**", reasonDocs[parse.Reason(r)])
	}
	p.text(manTotals)
	p.section("CLOCK", manClock)
	p.section("WINDOWS AND ROWS", manWindows)
	p.section("AGGREGATES", manAggregates)
	for _, a := range run.Aggregates() {
		p.item("**"+a.Name+"**", plain(a.Doc+" ["+a.Unit+"]"))
	}
	p.text(manColumns)
	p.section("RULES", manRules)
	p.section("ALERTS", manAlerts)
	p.section("OUTPUT", manOutput)
	for _, f := range format.Formats {
		p.item("**"+f.Name+"**", plain(f.Doc))
	}
	p.text(manFlush)
	p.section("EXIT STATUS", "")
	for _, s := range statusDocs {
		p.item("**"+s.status+"**", s.doc)
	}
	p.section("SIGNALS", manSignals)
	p.section("ENVIRONMENT", manEnvironment)
	p.commands()
	p.section("EXAMPLES", "")
	for _, e := range helpExamples {
		p.text(e.doc + ":\n\n    " + e.command)
	}
	p.section("NOTES", "What a reader of the above may still ask.")
	for _, d := range decisions {
		p.text("- " + d)
	}
	p.section("SEE ALSO", manSeeAlso)
	return p.String()
}

// A manPage gathers markdown.
type manPage struct{ strings.Builder }

// text adds a paragraph, or several. Lines of code become a quotation, which
// go-md2man indents.
func (p *manPage) text(markdown string) {
	for line := range strings.Lines(strings.Trim(markdown, "\n")) {
		if strings.HasPrefix(line, "    ") {
			p.WriteString("> ")
		}
		p.WriteString(strings.TrimSuffix(line, "\n") + "\n")
	}
	p.WriteString("\n")
}

// section begins a section with a text.
func (p *manPage) section(title, text string) {
	p.text("# " + title)
	if text != "" {
		p.text(text)
	}
}

// item adds a term with what is to be said of it.
func (p *manPage) item(term, text string) {
	fmt.Fprintf(p, "%s\n:   %s\n\n", term, strings.TrimSpace(text))
}

// options adds the flags of a group.
func (p *manPage) options(g group) {
	p.text("## " + string(g))
	for i := range flags {
		f := &flags[i]
		if f.group != g {
			continue
		}
		p.item(flagTerm(f.short, f.name, f.arg), f.long+defaultText(f.defText()))
	}
}

// defaultText is how a default is told.
func defaultText(def string) string {
	if def == "" {
		return ""
	}
	return " Default: `" + def + "`"
}

// flagTerm is a flag as the man page shows it.
func flagTerm(short, name, arg string) string {
	term := "**--" + name + "**"
	if short != "" {
		term = "**-" + short + "**, " + term
	}
	if arg != "" {
		term += " *" + plain(arg) + "*"
	}
	return term
}

// commands adds rtda's commands.
func (p *manPage) commands() {
	p.section("COMMANDS", "A word is a command only where it is the first argument; a FILE of such a name is written `./man`.")
	p.item("**rtda simulate** [*flags*]", "Made-up sensor readings on stdout, to try things out and for tests. Its flags:")
	for i := range simulateFlags {
		f := &simulateFlags[i]
		doc, _, _ := strings.Cut(f.doc, ", see above")
		if f.words != nil {
			doc += ": " + orList(f.words())
		}
		p.item(flagTerm(f.short, f.name, f.arg), plain(doc)+"."+defaultText(f.def))
	}
	p.item("**rtda completion** *SHELL*", "A script that completes the command line, for "+orList(shells())+".")
	p.item("**rtda man** [**--markdown**]", "This page, in roff or in markdown.")
	p.item("**rtda version**", "The version.")
}

// plain is a text of another table with nothing in it that markdown would take
// for its own.
func plain(s string) string { return markdownSigns.Replace(s) }

var markdownSigns = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `_`, `\_`, `<`, `\<`, `>`, `\>`, `[`, `\[`, `]`, `\]`, "`", "\\`")

// statusDocs is the table of statuses.
var statusDocs = []struct{ status, doc string }{
	{"0", "All input was used."},
	{"1", "Reading or writing failed, or the header of a FILE does not fit."},
	{"2", "A flag, a rule or a FILE on the command line is wrong; nothing was read."},
	{"3", "Finished, but bad lines were skipped (`--on-error ignore` makes this 0), or `--strict` stopped at one."},
	{"4", "With `-e`: a rule fired, of any severity. It wins over 3; 1, 2 and signals win over it."},
	{"128+n", "Ended by signal n: 130 after SIGINT, 143 after SIGTERM, 141 when nobody reads stdout any more."},
}
