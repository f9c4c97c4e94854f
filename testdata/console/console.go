// Package console takes a page of the docs apart into the commands that it shows, with
// what they are said to print, and text: tests run the commands.
package console

import (
	"bytes"
	"context"
	"iter"
	"os"
	"os/exec"
	"strings"
	"time"
)

// A Part of a page is a command with what it is said to print, or text.
type Part struct {
	Text    string   // of a part that is no command
	Needs   []string // tools without which it is left out
	Command string   // as it stands in the page, with its "$ " and "> "
	Want    string
}

func (p Part) String() string { return p.Text + p.Command + p.Want }

// Shell is the command as a shell takes it.
func (p Part) Shell() string {
	return strings.ReplaceAll(strings.TrimPrefix(p.Command, "$ "), "\n> ", "\n")
}

// Parts takes a page apart. Commands stand in console blocks: lines that begin
// with "$ ", and with "> " where they go on.
func Parts(page string) iter.Seq[Part] {
	return func(yield func(Part) bool) {
		var p Part
		var needs []string
		inside := false
		next := func(n Part) bool {
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
				if !next(Part{Text: line}) {
					return
				}
				continue
			case fence:
				inside = strings.HasPrefix(line, "```console")
			case isNeeds:
				needs = strings.Fields(strings.TrimSuffix(list, "-->"))
			case inside && strings.HasPrefix(line, "$ "):
				if !next(Part{Needs: needs, Command: line}) {
					return
				}
				continue
			case inside && p.Command != "" && p.Want == "" && strings.HasPrefix(line, "> "):
				p.Command += line
				continue
			case inside && p.Command != "":
				p.Want += line
				continue
			}
			p.Text += line
		}
		next(Part{})
	}
}

// Missing is a tool that the command needs and that is not installed; "" if there is
// none.
func (p Part) Missing() string {
	for _, tool := range p.Needs {
		if _, err := exec.LookPath(tool); err != nil {
			return tool
		}
	}
	return ""
}

// Output runs the command in a folder and returns what it prints, for a minute at
// most. Its status does not count: it is part of many examples.
func (p Part) Output(dir string) string {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", p.Shell())
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "NO_COLOR=1", "TZ=America/New_York", "LC_ALL=C")
	var got bytes.Buffer
	cmd.Stdout, cmd.Stderr = &got, &got
	_ = cmd.Run() // see above
	return got.String()
}
