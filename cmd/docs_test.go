package cmd

import (
	goflag "flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"rtda/pkg/run"
	"rtda/testdata/console"
)

var update = goflag.Bool("update", false, "put what the commands of the pages and scripts print into them")

const readme = "../README.md"

// TestDocs runs every command shown in a console block of the README and the
// docs and compares what it prints with what stands below it. Those of a page of
// docs run in a copy of testdata/docs, those of the README in a folder that has
// such a copy where the project has it. The programs in testdata/docs/bin, which
// play recordings, come before others of their name. A block whose page says just
// before it `<!-- needs: jq -->` is left out where jq is not installed. docs/scale.md
// needs servers, and has a test in testdata/cluster.
func TestDocs(t *testing.T) {
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(pages, readme) {
		if filepath.Base(page) == "scale.md" {
			continue
		}
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
			for part := range console.Parts(string(text)) {
				if part.Command != "" {
					part.Want = check(t, part, dir)
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

// check runs the command and returns what it prints, or what it is said to where
// a tool is missing.
func check(t *testing.T, p console.Part, dir string) string {
	if tool := p.Missing(); tool != "" {
		t.Logf("left out, %s is not installed: %s", tool, p.Command)
		return p.Want
	}
	got := p.Output(dir)
	if got != p.Want {
		t.Errorf("%sgot:\n%swant:\n%s", p.Command, got, p.Want)
	}
	return got
}

// TestParts holds the reader of pages to a page.
func TestParts(t *testing.T) {
	page := "x\n<!-- needs: a b -->\n```console\n$ one |\n> two\nout\n> out\n$ three\n```\ny\n```\n$ no\n```\n"
	var whole strings.Builder
	var commands []string
	for p := range console.Parts(page) {
		whole.WriteString(p.String())
		if p.Command != "" {
			commands = append(commands, p.Shell()+"="+p.Want+strings.Join(p.Needs, ","))
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

// What the pages link to is there: files, headings of pages, and the folders and
// files that they name.
func TestPagesLead(t *testing.T) {
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	link := regexp.MustCompile(`\]\(([^):#\s]*)(?:#([^)\s]*))?\)`)
	named := regexp.MustCompile("[ `](?:\\./)?((?:testdata|contrib|pkg|cmd|docs)/[\\w./-]*\\w)")
	for _, page := range append(pages, readme, "../CHANGELOG.md") {
		text := readPage(t, page)
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			to := page
			if m[1] != "" {
				to = filepath.Join(filepath.Dir(page), m[1])
			}
			if _, err := os.Stat(to); err != nil || m[2] != "" && !slices.Contains(headings(readPage(t, to)), m[2]) {
				t.Errorf("%s: %s leads nowhere", page, m[0])
			}
		}
		for _, m := range named.FindAllStringSubmatch(text, -1) {
			here, _ := filepath.Glob("../" + m[1])
			inRoom, _ := filepath.Glob("../pkg/*/" + m[1])
			if len(here)+len(inRoom) == 0 {
				t.Errorf("%s: there is no %s", page, m[1])
			}
		}
	}
}

func readPage(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// headings are the anchors of a page.
func headings(page string) (anchors []string) {
	sign := regexp.MustCompile(`[^\pL\pN _-]`)
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(page, -1) {
		anchors = append(anchors, strings.ReplaceAll(sign.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-"))
	}
	return anchors
}
