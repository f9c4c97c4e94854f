package cmd

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"rtda/pkg/rule"
	"rtda/pkg/run"
	"rtda/pkg/text"
)

// checkFiles looks at every FILE before anything is read and joins what is wrong with
// them. Those that are followed may come later.
func (o *options) checkFiles() error {
	var errs []error
	for _, name := range o.Files {
		if name == "-" || o.Follow {
			continue
		}
		if err := checkFile(name); err != nil {
			errs = append(errs, fmt.Errorf("%s: %s%s", text.FileName(name), run.Reason(err), commandNear(name, err)))
		}
	}
	return run.Usage(errors.Join(errs...))
}

// looseValue is the error of a FILE that is not there, but would be the value of a
// flag that takes one behind = only.
func (o *options) looseValue() error {
	for i := range o.flags {
		f := &o.flags[i]
		if f.bare == "" || o.given[f.Name] != f.bare || o.Follow { // those that are followed may come later
			continue
		}
		for _, name := range o.Files {
			if _, err := os.Stat(name); err != nil && slices.Contains(f.words(), name) {
				return run.Usage(&flagError{f.Name, plainError(fmt.Sprintf("takes its value behind =: write --%s=%s", f.Name, name))})
			}
		}
	}
	return nil
}

// checkFile tells what keeps a FILE from being read. A plain file is opened to
// see; opening and closing a pipe would be felt at its other end.
func checkFile(name string) error {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return err
	case info.IsDir():
		return plainError("is a directory")
	case !info.Mode().IsRegular():
		return nil
	}
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	return file.Close()
}

// commandNear is a suggestion where a FILE that is not there looks like a
// command, or "".
func commandNear(name string, err error) string {
	if !errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	if near := text.Suggest(name, commandNames); near != "" {
		return fmt.Sprintf(" (did you mean rtda %s?)", near)
	}
	return ""
}

// maxRules is how long a file of rules may be.
const maxRules = 16 << 20

// readRules reads the files of rules, one a line, without blank lines and comments.
func (o *options) readRules() error {
	for _, name := range o.ruleFiles {
		text, err := readText(name)
		if err != nil {
			return &flagError{"rules", &badValue{"cannot be read: " + run.Reason(err), name}}
		}
		o.Rules = append(o.Rules, splitRules(name, text)...)
	}
	return nil
}

// readText reads a small file of text.
func readText(name string) (string, error) {
	file, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxRules+1))
	if err != nil {
		return "", err
	}
	if len(text) > maxRules {
		return "", plainError("is longer than 16 MiB")
	}
	return strings.TrimPrefix(string(text), "\ufeff"), nil
}

// splitRules cuts the lines of a file of rules into rules that are called after
// their lines. Blanks before a rule stay, so that columns are those of the
// file.
func splitRules(name, lines string) []rule.Source {
	var rules []rule.Source
	line := 0
	for s := range strings.SplitSeq(lines, "\n") {
		line++
		s = strings.TrimRight(s[:commentStart(s)], " \t\r")
		if s != "" {
			rules = append(rules, rule.Source{Text: s, Name: fmt.Sprintf("%s:%d", text.FileName(name), line)})
		}
	}
	return rules
}

// commentStart is where the comment of a line of rules begins, or its length.
// A # between quotes or backquotes begins none.
func commentStart(s string) int {
	quote := byte(0)
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quote == '"' && c == '\\':
			i++
		case c == quote:
			quote = 0
		case quote != 0:
		case c == '#':
			return i
		case c == '"' || c == '`':
			quote = c
		}
	}
	return len(s)
}
