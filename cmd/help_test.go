package cmd

import (
	"bytes"
	goflag "flag"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/cpuguy83/go-md2man/v2/md2man"

	"rtda/pkg/format"
	"rtda/pkg/parse"
	"rtda/pkg/run"
)

var writePage = goflag.Bool("write-page", false, "write the man page anew")

// Help names every flag, aggregate and group, and has five examples.
func TestHelp(t *testing.T) {
	help := rootHelp()
	lines := strings.Split(strings.TrimSuffix(help, "\n"), "\n")
	for _, line := range lines {
		if utf8.RuneCountInString(line) > 80 {
			t.Errorf("longer than 80 characters: %s", line)
		}
	}
	for _, f := range newOptions().flags {
		if !strings.Contains(help, " --"+f.Name+" ") && !strings.Contains(help, " --"+f.Name+"[=") {
			t.Errorf("--%s is not in help", f.Name)
		}
	}
	for _, a := range run.Aggregates() {
		if !strings.Contains(help, " "+a.Name) {
			t.Errorf("the aggregate %s is not in help", a.Name)
		}
	}
	for _, g := range groups {
		if !strings.Contains(help, "\n"+string(g)+"\n") {
			t.Errorf("the group %s is not in help", g)
		}
	}
	if len(helpExamples) != 5 {
		t.Errorf("%d examples, want 5", len(helpExamples))
	}
}

// The examples of help are command lines that rtda understands.
func TestHelpExamples(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"log.csv", "numbers", "s.log"} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range helpExamples {
		script := "tail() { :; }; rtda() { for a; do printf '%s\\0' \"$a\"; done; printf '\\n'; cat; }\n" + e.command
		got, err := exec.Command("sh", "-c", script).Output()
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(got)) {
			args := strings.Split(strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\x00"), "\x00")
			if args[0] == "simulate" {
				continue
			}
			if r := runShell(args...); r.opts == nil {
				t.Errorf("rtda %q: %s", args, r.stderr)
			}
		}
	}
}

// The commands that the demonstration shows are those that it runs.
func TestDemoShowsWhatRuns(t *testing.T) {
	script := "rtda() { for a; do printf '%s\\0' \"$a\"; done; printf '\\n'; }\n" + strings.Replace(demoPipe, "|", ";", 1)
	got, err := exec.Command("sh", "-c", script).Output()
	want := strings.Join(demoSource, "\x00") + "\x00\n" + strings.Join(demoFilter, "\x00") + "\x00\n"
	if string(got) != want || err != nil {
		t.Errorf("got %q, %v\nwant %q", got, err, want)
	}
}

// The table of flags is whole: every row can be shown and set, and no two
// share a name.
func TestFlagTable(t *testing.T) {
	names := map[string]bool{"h": true, "help": true, "V": true, "version": true}
	for _, f := range newOptions().flags {
		if f.group == "" || f.Doc == "" || !strings.HasSuffix(f.Long, ".") || f.Set == nil && f.choice == nil && f.text == nil {
			t.Errorf("--%s: the row has gaps", f.Name)
		}
		if (f.Arg == "") == strings.Contains(f.Long+f.Default, "=") && f.Arg == "" {
			t.Errorf("--%s: a switch has a default", f.Name)
		}
		for _, name := range []string{f.Name, f.Short} {
			if name != "" && names[name] {
				t.Errorf("--%s: %s is taken", f.Name, name)
			}
			names[name] = true
		}
		if f.Default != "" {
			if err := find(newOptions().flags, f.Name).set(f.Default); err != nil {
				t.Errorf("--%s: its default: %v", f.Name, err)
			}
		}
		if f.words == nil {
			continue
		}
		for _, word := range f.words() {
			if err := find(newOptions().flags, f.Name).set(word); err != nil {
				t.Errorf("--%s: its word %s: %v", f.Name, word, err)
			}
		}
	}
	for _, c := range conflicts {
		for _, name := range strings.Fields(c.flags) {
			if !names[name] {
				t.Errorf("a conflict is of --%s, which is not there", name)
			}
		}
	}
}

// Every command is in the usage that help begins with, and in the man page.
func TestCommandsAreShown(t *testing.T) {
	for _, name := range commandNames {
		if !regexp.MustCompile(`[ |]` + name + `\b`).MatchString(strings.SplitN(usage, "\n\n", 2)[0]) {
			t.Errorf("the usage lacks %s", name)
		}
		if !strings.Contains(manSource(), "\n**rtda "+name+"**") {
			t.Errorf("the man page lacks rtda %s", name)
		}
	}
}

// TestManPage keeps rtda.1 what go-md2man makes of the tables. After a change
// of a table: go generate ./cmd
func TestManPage(t *testing.T) {
	want := md2man.Render([]byte(strings.ReplaceAll(manSource(), "\n    ", "\n>     "))) // which indents a quotation
	const inRepository = "../docs/manual.md"
	if *writePage {
		for name, text := range map[string]string{"rtda.1": string(want), inRepository: manual()} {
			if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		return
	}
	if page != string(want) {
		t.Error("rtda.1 is not what the tables say: run `go generate ./cmd`")
	}
	if got, err := os.ReadFile(inRepository); err != nil || string(got) != manual() {
		t.Errorf("docs/manual.md is not what the tables say: run `go generate ./cmd` (%v)", err)
	}
}

// Every place for a table in the manual is filled, and every topic has its text
// in lines of 80 columns, code excepted.
func TestTopics(t *testing.T) {
	if s := manSource(); strings.Contains(s, "\n@") {
		t.Errorf("no table for %.20q", s[strings.Index(s, "\n@")+1:])
	}
	for _, topic := range topics {
		got := runShell("help", topic.name)
		if got.status != 0 || len(got.stdout) < 500 || strings.Contains(got.stdout, "**") {
			t.Errorf("rtda help %s: status %d, %s", topic.name, got.status, got.stdout)
		}
		for line := range strings.Lines(got.stdout) {
			if utf8.RuneCountInString(line) > 81 && !strings.HasPrefix(line, "    ") {
				t.Errorf("rtda help %s: longer than 80 characters: %s", topic.name, line)
			}
		}
	}
}

// -h fits on a screen of 24 lines of 80 characters, with the prompt below it.
func TestEverydayHelp(t *testing.T) {
	got := runShell("-h")
	lines := strings.Split(strings.TrimSuffix(got.stdout, "\n"), "\n")
	if got.status != 0 || len(lines) > 23 {
		t.Errorf("status %d, %d lines", got.status, len(lines))
	}
	for _, line := range lines {
		if utf8.RuneCountInString(line) > 80 {
			t.Errorf("longer than 80 characters: %s", line)
		}
	}
	if all := runShell("--help").stdout; all != rootHelp() || all == got.stdout {
		t.Error("--help does not show all flags")
	}
}

// The man page has every row of every table.
func TestManPageIsWhole(t *testing.T) {
	md := manSource()
	var terms []string
	for _, f := range newOptions().flags {
		terms = append(terms, f.term())
	}
	for _, a := range run.Aggregates() {
		terms = append(terms, "**"+a.Name+"**\n:")
	}
	for _, f := range parse.Formats {
		terms = append(terms, "**"+f.Name+"**\n:")
	}
	for _, f := range format.Formats {
		terms = append(terms, "**"+f.Name+"**\n:")
	}
	for r := range parse.Reasons {
		terms = append(terms, "**"+parse.Reason(r).String()+"**\n:   "+reasonDocs[r])
		if reasonDocs[r] == "" {
			t.Errorf("the reason %s has no doc", parse.Reason(r))
		}
	}
	for _, s := range statusDocs {
		terms = append(terms, "**"+s.status+"**\n:")
	}
	for _, term := range terms {
		if !strings.Contains(md, term) {
			t.Errorf("not in the man page: %q", term)
		}
	}
}

// groff has nothing to say about the page.
func TestManPageRenders(t *testing.T) {
	groff, err := exec.LookPath("groff")
	if err != nil {
		t.Skip("groff is not installed")
	}
	c := exec.Command(groff, "-man", "-Tutf8", "-k", "-ww", "-z")
	c.Stdin = strings.NewReader(page)
	if out, err := c.CombinedOutput(); err != nil || len(bytes.TrimSpace(out)) > 0 {
		t.Errorf("groff: %v\n%s", err, out)
	}
}

// A completion script is one that its shell can read.
func TestCompletionScripts(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		path, err := exec.LookPath(shell)
		if err != nil {
			t.Logf("%s is not installed", shell)
			continue
		}
		c := exec.Command(path, "-n")
		c.Stdin = strings.NewReader(runShell("completion", shell).stdout)
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("%s -n: %v\n%s", shell, err, out)
		}
	}
}

// In bash completion works without the bash-completion package.
func TestCompletionInBareBash(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("bash is not installed")
	}
	for _, c := range []struct{ words, want string }{{"rtda -o j", "json"}, {"rtda --wind", "--window"}, {"rtda -a mean,st", "mean,std"}} {
		script := `source <(rtda completion bash); COMP_WORDS=(` + c.words + `); COMP_CWORD=$((${#COMP_WORDS[@]}-1)); COMP_LINE="` + c.words + `"
			COMP_POINT=${#COMP_LINE}; COMP_TYPE=9; __start_rtda; echo "${COMPREPLY[@]}"`
		out, err := exec.Command(bash, "--norc", "-c", script).Output() // compopt complains of not being called by Tab
		if got, _, _ := strings.Cut(strings.ReplaceAll(strings.TrimSpace(string(out)), `\`, ""), " "); err != nil || got != c.want {
			t.Errorf("%s: %v, %s, want %s", c.words, err, out, c.want)
		}
	}
}

// What a shell is offered comes from the tables.
func TestCompletion(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
		not  string
	}{
		{[]string{"-i", "j"}, "json", "csv"},
		{[]string{"--out", ""}, "prom", "logfmt"},
		{[]string{"--color", "a"}, "always", "never"},
		{[]string{"-a", "mean,s"}, "mean,std", "max"},
		{[]string{"-a", "mean,m"}, "mean,max", "mean,mean"},
		{[]string{"--al"}, "--alert-format", "--window"},
		{[]string{""}, "simulate", "--window"},
		{[]string{"-w", "5", "ma"}, ":", "man"},
		{[]string{"completion", ""}, "zsh", "json"},
		{[]string{"simulate", "--shape", "s"}, "sine", "json"},
		{[]string{"--stderr-prefix", ""}, "telegraf", "json"},
	} {
		got := runShell(append([]string{"__completeNoDesc"}, c.args...)...)
		lines := strings.Split(got.stdout, "\n")
		has := func(word string) bool {
			for _, line := range lines {
				if line == word || word == ":" && strings.HasPrefix(line, word) {
					return true
				}
			}
			return false
		}
		if got.status != 0 || !has(c.want) || has(c.not) {
			t.Errorf("rtda %q: status %d, want %s and not %s in\n%s", c.args, got.status, c.want, c.not, got.stdout)
		}
	}
}

// Starting must not get slow: the page and the completions are made only when
// they are asked for.
func BenchmarkStartup(b *testing.B) {
	for b.Loop() {
		sh := newShell(nil, io.Discard, io.Discard)
		sh.run = func(*options) error { return nil }
		sh.main([]string{"-w", "5m", "-a", "mean"})
	}
}
