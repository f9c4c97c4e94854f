package cmd

import (
	"bytes"
	"context"
	goflag "flag"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rtda/pkg/run"
)

var update = goflag.Bool("update", false, "put what the commands of the pages and scripts print into them")

const readme = "../README.md"

// TestDocs runs every command shown in a console block of the README and the
// docs and compares what it prints with what stands below it. Those of a page of
// docs run in a copy of testdata/docs, those of the README in a folder that has
// such a copy where the project has it. The programs in testdata/docs/bin, which
// play recordings, come before others of their name. A block whose page says just
// before it `<!-- needs: jq -->` is left out where jq is not installed.
func TestDocs(t *testing.T) {
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(pages, readme) {
		t.Run(filepath.Base(page), func(t *testing.T) {
			text, err := os.ReadFile(page)
			if err != nil {
				t.Fatal(err)
			}
			root := t.TempDir()
			docs := filepath.Join(root, "testdata/docs")
			if err := os.CopyFS(docs, os.DirFS("../testdata/docs")); err != nil {
				t.Fatal(err)
			}
			t.Setenv("PATH", filepath.Join(docs, "bin")+string(os.PathListSeparator)+os.Getenv("PATH"))
			dir := docs
			if page == readme {
				dir = root
			}
			var fresh strings.Builder
			for part := range parts(string(text)) {
				if part.command != "" {
					part.want = part.run(t, dir)
				}
				fresh.WriteString(part.String())
			}
			if fresh.String() == string(text) {
				return
			}
			if !*update {
				t.Fatal("run the test with -update, and look at the difference")
			}
			if err := os.WriteFile(page, []byte(fresh.String()), 0o666); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// A part of a page is a command with what it is said to print, or text.
type part struct {
	text    string   // of a part that is no command
	needs   []string // tools without which it is left out
	command string   // as it stands in the page, with its "$ " and "> "
	want    string
}

func (p part) String() string { return p.text + p.command + p.want }

// shell is the command as a shell takes it.
func (p part) shell() string {
	return strings.ReplaceAll(strings.TrimPrefix(p.command, "$ "), "\n> ", "\n")
}

// parts takes a page apart. Commands stand in console blocks: lines that begin
// with "$ ", and with "> " where they go on.
func parts(page string) iter.Seq[part] {
	return func(yield func(part) bool) {
		var p part
		var needs []string
		inside := false
		next := func(n part) bool {
			ok := p.String() == "" || yield(p)
			p = n
			return ok
		}
		for line := range strings.Lines(page) {
			list, isNeeds := strings.CutPrefix(strings.TrimSpace(line), "<!-- needs: ")
			fence := strings.HasPrefix(line, "```")
			switch {
			case fence && inside:
				inside, needs = false, nil
				if !next(part{text: line}) {
					return
				}
				continue
			case fence:
				inside = strings.HasPrefix(line, "```console")
			case isNeeds:
				needs = strings.Fields(strings.TrimSuffix(list, "-->"))
			case inside && strings.HasPrefix(line, "$ "):
				if !next(part{needs: needs, command: line}) {
					return
				}
				continue
			case inside && p.command != "" && p.want == "" && strings.HasPrefix(line, "> "):
				p.command += line
				continue
			case inside && p.command != "":
				p.want += line
				continue
			}
			p.text += line
		}
		next(part{})
	}
}

// run runs the command and returns what it prints, or what it is said to where
// a tool is missing.
func (p part) run(t *testing.T, dir string) string {
	for _, tool := range p.needs {
		if _, err := exec.LookPath(tool); err != nil {
			t.Logf("left out, %s is not installed: %s", tool, p.command)
			return p.want
		}
	}
	got := p.output(t, dir)
	if got != p.want {
		t.Errorf("%sgot:\n%swant:\n%s", p.command, got, p.want)
	}
	return got
}

// output runs the command and returns what it prints.
func (p part) output(t *testing.T, dir string) string {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", p.shell())
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "NO_COLOR=1", "TZ=America/New_York", "LC_ALL=C")
	var got bytes.Buffer
	cmd.Stdout, cmd.Stderr = &got, &got
	if err := cmd.Run(); err != nil {
		t.Logf("%s: %v", p.shell(), err) // a status is part of many examples
	}
	return got.String()
}

// The README tells of every statistic.
func TestReadmeStatistics(t *testing.T) {
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range run.Aggregates() {
		if a.Name != "pNN" && !strings.Contains(string(text), "`"+a.Name+"`") {
			t.Errorf("%s says nothing of %s", readme, a.Name)
		}
	}
}

// TestParts holds the reader of pages to a page.
func TestParts(t *testing.T) {
	page := "x\n<!-- needs: a b -->\n```console\n$ one |\n> two\nout\n> out\n$ three\n```\ny\n```\n$ no\n```\n"
	var whole strings.Builder
	var commands []string
	for p := range parts(page) {
		whole.WriteString(p.String())
		if p.command != "" {
			commands = append(commands, p.shell()+"="+p.want+strings.Join(p.needs, ","))
		}
	}
	if whole.String() != page {
		t.Errorf("the parts of %q are %q", page, whole.String())
	}
	want := []string{"one |\ntwo\n=out\n> out\na,b", "three\n=a,b"}
	if !slices.Equal(commands, want) {
		t.Errorf("commands %q, want %q", commands, want)
	}
}

// docs/demo.txt is what rtda demo shows: three sensors, of which one alone goes
// wrong, its alert and its end. `make record` writes it anew.
func TestDemo(t *testing.T) {
	want, err := os.ReadFile("../docs/demo.txt")
	if err != nil {
		t.Fatal(err)
	}
	got := runShell("demo", "--flat-out")
	if got.status != run.StatusOK || got.stderr != "" || got.stdout != string(want) {
		t.Errorf("status %d, stderr %q; run make record and look at the difference:\n%s", got.status, got.stderr, got.stdout)
	}
	for _, once := range []string{"\nALERT crit hot sensor=s2 ", "\nRESOLVED crit hot sensor=s2 "} {
		if strings.Count(got.stdout, once) != 1 || strings.Count(got.stdout, strings.Fields(once)[0]+" crit") != 1 {
			t.Errorf("not one line %q", once)
		}
	}
}
