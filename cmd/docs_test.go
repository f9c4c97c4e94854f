package cmd

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestDocs runs every command shown in a console block of the README and the
// docs and compares what it prints with what stands below it. The commands of
// one page run in one folder, a copy of testdata/docs. A block whose page says
// just before it `<!-- needs: jq -->` is left out where jq is not installed.
func TestDocs(t *testing.T) {
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(pages, "../README.md") {
		t.Run(filepath.Base(page), func(t *testing.T) {
			text, err := os.ReadFile(page)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS("../testdata/docs")); err != nil {
				t.Fatal(err)
			}
			for _, ex := range examples(string(text)) {
				ex.run(t, dir)
			}
		})
	}
}

// An example is a command of a page and what it is said to print.
type example struct {
	needs   []string
	command string
	want    string
}

// examples are the commands in the console blocks of a page: lines that begin
// with "$ ", with lines that begin with "> " as their continuation.
func examples(page string) (all []example) {
	var needs []string
	inside := false
	for line := range strings.Lines(page) {
		list, isNeeds := strings.CutPrefix(strings.TrimSpace(line), "<!-- needs: ")
		switch {
		case isNeeds:
			needs = strings.Fields(strings.TrimSuffix(list, "-->"))
		case strings.HasPrefix(line, "```console"):
			inside = true
		case strings.HasPrefix(line, "```"):
			if inside {
				needs = nil
			}
			inside = false
		case !inside:
		case strings.HasPrefix(line, "$ "):
			all = append(all, example{needs: needs, command: line[2:]})
		case strings.HasPrefix(line, "> ") && all[len(all)-1].want == "":
			all[len(all)-1].command += line[2:]
		default:
			all[len(all)-1].want += line
		}
	}
	return all
}

func (ex example) run(t *testing.T, dir string) {
	for _, tool := range ex.needs {
		if _, err := exec.LookPath(tool); err != nil {
			t.Logf("left out, %s is not installed: %s", tool, ex.command)
			return
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", ex.command)
	cmd.Dir = dir
	var got bytes.Buffer
	cmd.Stdout, cmd.Stderr = &got, &got
	if err := cmd.Run(); err != nil {
		t.Logf("%s: %v", strings.TrimSpace(ex.command), err) // a status is part of many examples
	}
	if got.String() != ex.want {
		t.Errorf("$ %sgot:\n%swant:\n%s", ex.command, got.String(), ex.want)
	}
}

// TestExamples holds the reader of pages itself to a page.
func TestExamples(t *testing.T) {
	got := examples("x\n<!-- needs: a b -->\n```console\n$ one |\n> two\nout\n$ three\n```\n```\n$ no\n```\n")
	want := []example{{[]string{"a", "b"}, "one |\ntwo\n", "out\n"}, {[]string{"a", "b"}, "three\n", ""}}
	if len(got) != len(want) {
		t.Fatalf("examples = %q, want %q", got, want)
	}
	for i := range want {
		if got[i].command != want[i].command || got[i].want != want[i].want || len(got[i].needs) != 2 {
			t.Errorf("example %d = %q, want %q", i, got[i], want[i])
		}
	}
}
