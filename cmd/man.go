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

// manText is the prose of the manual in markdown. A line that begins with @ is
// the place of a table.
//
//go:embed man.md
var manText string

// page is the man page in roff, as go-md2man renders manPage. Linked into rtda,
// that library would add a third to the time that every start takes (1.3 ms of
// regular expressions), so it runs in the test that keeps the page fresh, and
// writes it anew with `go generate ./cmd`.
//
//go:generate go test -run ^TestManPage$ . -write-page
//go:embed rtda.1
var page string

// manCommand prints the man page of a program, which is in the file kept in markdown.
func (sh *shell) manCommand(roff, kept string, markdown func() string) *cobra.Command {
	asMarkdown := false
	c := &cobra.Command{
		Use:     "man",
		Short:   "Print the man page, in roff",
		Example: "  " + sh.name + " man | man -l -",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			if asMarkdown {
				return sh.print(markdown())
			}
			return sh.print(roff)
		},
	}
	c.Flags().BoolVar(&asMarkdown, "markdown", false, "in markdown, as "+kept+" is")
	return c
}

// manTables are the tables of the manual, by the lines that stand for them.
func manTables() map[string]func(*table) {
	return map[string]func(*table){
		"@arguments": items(argumentDocs, func(a argumentDoc) (term, said string) { return "*" + a.name + "*", a.doc }),
		"@flags":     flagsTable,
		"@inputs":    items(parse.Formats, func(f parse.Format) (term, said string) { return "**" + f.Name + "**", plain(f.Doc) }),
		"@reasons":   reasonsTable,
		"@aggregates": items(run.Aggregates(), func(a run.Aggregate) (term, said string) {
			return "**" + a.Name + "**", plain(a.Doc + " [" + a.Unit + "]")
		}),
		"@outputs":  items(format.Formats, func(f format.Format) (term, said string) { return "**" + f.Name + "**", plain(f.Doc) }),
		"@statuses": items(statusDocs, func(s statusDoc) (term, said string) { return "**" + s.status + "**", s.doc }),
		"@commands": commandsTable,
		"@examples": examplesTable,
	}
}

// items makes a table of terms, one for each row of another table.
func items[T any](rows []T, show func(T) (term, said string)) func(*table) {
	return func(t *table) {
		for _, row := range rows {
			t.item(show(row))
		}
	}
}

// A table gathers lines of markdown.
type table struct{ strings.Builder }

// item adds a term with what is to be said of it.
func (t *table) item(term, text string) {
	fmt.Fprintf(t, "%s\n:   %s\n\n", term, strings.TrimSpace(text))
}

// manSource is the manual in markdown with its tables, as a man page needs it: a
// term and what is said of it are two lines, the second of which begins with a
// colon.
func manSource() string {
	var b strings.Builder
	tables := manTables()
	for line := range strings.Lines(manText) {
		fill, ok := tables[strings.TrimSuffix(line, "\n")]
		if !ok {
			b.WriteString(line)
			continue
		}
		var t table
		fill(&t)
		b.WriteString(strings.TrimSuffix(t.String(), "\n"))
	}
	return b.String()
}

// manual is the manual as everybody reads it.
func manual() string { return readable(manSource()) }

// readable is the source of a man page in the markdown that everybody reads, in
// which a term and its text are an item of a list.
func readable(source string) string {
	var b strings.Builder
	_, body, _ := strings.Cut(source, "\n# ")
	lines := strings.Split("# "+body, "\n")
	for i, line := range lines {
		switch said, ok := strings.CutPrefix(line, ":   "); {
		case ok:
			b.WriteString("  " + said + "\n")
		case i+1 < len(lines) && strings.HasPrefix(lines[i+1], ":   "):
			b.WriteString("- " + line + "  \n")
		default:
			b.WriteString(line + "\n")
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

type topic struct {
	name, doc string
	sections  []string
}

// topics are the sections of the manual that `rtda help TOPIC` shows.
var topics = []topic{
	{"rules", "how to write rules, and what alerts say", []string{"RULES", "ALERTS"}},
	{"formats", "the formats of input and output", []string{"INPUT", "OUTPUT"}},
	{"time", "the clock, windows and when rows are written", []string{"CLOCK", "WINDOWS AND ROWS"}},
	{"aggregates", "the statistics and their units", []string{"AGGREGATES"}},
}

// topicText is what `rtda help TOPIC` shows: sections of the manual in plain
// text of 80 columns.
func topicText(sections []string) string {
	var b strings.Builder
	for _, title := range sections {
		_, body, _ := strings.Cut(manSource(), "\n# "+title+"\n")
		body, _, _ = strings.Cut(body, "\n# ")
		fmt.Fprintf(&b, "%s\n\n", title)
		plainText(&b, body)
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// plainText writes markdown as plain text: paragraphs are filled, what is said
// of a term is indented, examples stay as they are.
func plainText(b *strings.Builder, markdown string) {
	for paragraph := range strings.SplitSeq(strings.Trim(markdown, "\n"), "\n\n") {
		term, said, isItem := strings.Cut(paragraph, "\n:   ")
		switch {
		case strings.HasPrefix(paragraph, "    "):
			b.WriteString(paragraph + "\n\n")
		case isItem:
			b.WriteString(termText(unmarked(term), unmarked(said)))
		default:
			b.WriteString(wrap(unmarked(paragraph), "", 80) + "\n")
		}
	}
	b.WriteString("\n")
}

// termText is a term and what is said of it, which stands behind a short one.
func termText(term, said string) string {
	const indent = "              "
	text := wrap(said, indent, 80)
	if len(term) < len(indent)-3 {
		return fmt.Sprintf("  %-*s%s", len(indent)-2, term, text[len(indent):])
	}
	return "  " + term + "\n" + text
}

// unmarked is markdown without its signs.
func unmarked(s string) string {
	s = strings.NewReplacer(`\*`, "\x00", `\_`, "_", `\<`, "<", `\>`, ">", `\[`, "[", `\]`, "]", "**", "", "*", "", "`", "", `\\`, `\`).Replace(s)
	return strings.ReplaceAll(s, "\x00", "*")
}

func flagsTable(t *table) {
	all := newOptions().flags
	for _, g := range groups {
		fmt.Fprintf(t, "## %s\n\n", g)
		for i := range all {
			if all[i].group == g {
				t.flag(&all[i])
			}
		}
	}
}

func reasonsTable(t *table) {
	for r := range parse.Reasons {
		t.item("**"+parse.Reason(r).String()+"**", reasonDocs[parse.Reason(r)])
	}
}

func commandsTable(t *table) {
	t.item("**rtda simulate** [*flags*]", "Made-up sensor readings on stdout, to try things out and for tests. Its flags:")
	for _, f := range simulateFlags(newOptions()) {
		doc, _, _ := strings.Cut(f.Doc, ", see above")
		if f.words != nil {
			doc += ": " + orList(f.words())
		}
		t.item(f.term(), plain(doc)+"."+f.defaultText())
	}
	t.item("**rtda demo** [**--flat-out**]", "Three made-up sensors, one of which goes wrong, in 15 seconds or without waiting.")
	t.item("**rtda state** *FILE* [**--out** **text**|**json**]", "What is in a FILE of `--state`: when it was saved, the flags, how far each input was read, keys, samples and alerts.")
	t.item("**rtda help** [*TOPIC*]", "The help, or the sections of this page about a topic: "+orList(topicNames())+".")
	t.item("**rtda completion** *SHELL*", "A script that completes the command line, for "+orList(shells())+".")
	t.item("**rtda man** [**--markdown**]", "This page, in roff or in markdown.")
	t.item("**rtda version**", "The version, the commit it was built from with its date, and Go's version.")
}

func examplesTable(t *table) {
	for _, e := range helpExamples {
		fmt.Fprintf(t, "%s:\n\n    %s\n\n", e.doc, e.command)
	}
}

func (t *table) flag(f *Flag) { t.item(f.term(), f.Long+f.defaultText()) }

// term is a flag as the manual shows it.
func (f *Flag) term() string {
	term := "**--" + f.Name + "**"
	if f.Short != "" {
		term = "**-" + f.Short + "**, " + term
	}
	switch {
	case f.bare != "":
		term += "[=*" + plain(f.Arg) + "*]"
	case f.Arg != "":
		term += " *" + plain(f.Arg) + "*"
	}
	return term
}

// defaultText is how a default is told.
func (f *Flag) defaultText() string {
	if f.shownDefault() == "" {
		return ""
	}
	return " Default: `" + f.shownDefault() + "`"
}

// plain is a text of another table with nothing in it that markdown would take
// for its own.
func plain(s string) string { return markdownSigns.Replace(s) }

var markdownSigns = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `_`, `\_`, `<`, `\<`, `>`, `\>`, `[`, `\[`, `]`, `\]`, "`", "\\`")

// reasonDocs says what each reason means.
var reasonDocs = [parse.Reasons]string{
	parse.TooLong:        "The line is longer than `--max-line`.",
	parse.TooDeep:        "JSON is nested more than 64 deep.",
	parse.NotJSON:        "The line is not a JSON object.",
	parse.NotRecord:      "The line is not a record of its format (csv, tsv, logfmt, influx), or it has more cells than the header.",
	parse.DuplicateField: "A field that is used, or a step of its path, stands in one object twice.",
	parse.BadHeader:      "The first line of a connection of `--listen` does not name the fields. Nothing more of it is taken.",
	parse.MissingKey:     "A key field is not there or null.",
	parse.BadKey:         "A key field is invalid UTF-8, an array, an object or longer than 1 KiB.",
	parse.BadTime:        "The time is not there, not a time, or before 1678 or after 2261.",
	parse.NotNumber:      "A value is no number. If other values of the record are good, they are used and only this one is skipped.",
	parse.MissingField:   "None of the measured fields is there.",
	parse.Late:           "The record is older than one of its key that was already taken (see `--late`), by so much behind the newest time.",
	parse.Early:          "The record is more than `--ahead` ahead of the newest time, and the next one is not.",
	parse.TooManyKeys:    "There is no room for another key (see `--max-keys`, `--ttl`).",
	parse.TooManySamples: "The windows hold all the samples they may (see `--max-samples`).",
}

type statusDoc struct{ status, doc string }

// statusDocs is the table of statuses.
var statusDocs = []statusDoc{
	{"0", "All input was used."},
	{"1", "Reading or writing failed, or the header of a FILE does not fit."},
	{"2", "A flag, a rule or a FILE on the command line is wrong; nothing was read."},
	{"3", "Finished, but bad lines were skipped (`--on-error ignore` makes this 0), or `--strict` stopped at one."},
	{"4", "With `-e`: a rule fired, of any severity. It wins over 3; 1, 2 and signals win over it."},
	{"128+n", "Ended by signal n: 130 after SIGINT, 143 after SIGTERM, 141 when nobody reads stdout any more."},
}
