package run

import (
	"bytes"
	"io"
	"os"

	"github.com/fatih/color"
	"github.com/mattn/go-isatty"
	"golang.org/x/term"

	"rtda/pkg/rule"
)

// A Level says how grave a line on stderr is.
type Level uint8

const (
	LevelInfo Level = iota
	LevelWarn
	LevelError
)

// telegrafMarks are how lines begin that Telegraf logs at their level.
var telegrafMarks = [...]string{LevelInfo: "I! ", LevelWarn: "W! ", LevelError: "E! "}

// Mark is what a line on stderr of a level begins with.
func (o *Options) Mark(l Level) string {
	if o.StderrPrefix == "telegraf" {
		return telegrafMarks[l]
	}
	return ""
}

// levelOf is the level of a line of an alert; one of no severity is a
// complaint about the data.
func levelOf(sev rule.Severity, resolved bool) Level {
	switch {
	case resolved || sev == rule.Info:
		return LevelInfo
	case sev == rule.Crit:
		return LevelError
	}
	return LevelWarn
}

// A code is what stands before and behind coloured text.
type code struct{ on, off []byte }

// newCode asks the colour library for the codes, whatever it thinks of stdout.
func newCode(attributes ...color.Attribute) code {
	c := color.New(attributes...)
	c.EnableColor()
	on, off, _ := bytes.Cut([]byte(c.Sprint("\x00")), []byte{0})
	return code{on, off}
}

// paint returns what dresses lines for dst, nil if they stay as they are: marks for
// Telegraf on stderr, and in text colour for the first two words, `ALERT crit`. The
// line is appended to what it is given.
func (o *Options) paint(dst io.Writer, isStderr bool) func([]byte, rule.Severity, bool, []byte) []byte {
	prefix, colour := isStderr && o.StderrPrefix != "", o.AlertFormat == "text" && o.wantColour(dst)
	if !prefix && !colour {
		return nil
	}
	fine := newCode(color.FgGreen)
	codes := [...]code{rule.Info: newCode(color.FgCyan), rule.Warn: newCode(color.FgYellow), rule.Crit: newCode(color.FgRed, color.Bold)}
	return func(dst []byte, sev rule.Severity, resolved bool, line []byte) []byte {
		if prefix {
			dst = append(dst, o.Mark(levelOf(sev, resolved))...)
		}
		end := bytes.IndexByte(line, ' ')
		if !colour || sev == rule.None || end < 0 {
			return append(dst, line...)
		}
		if next := bytes.IndexByte(line[end+1:], ' '); end > 0 && next > 0 {
			end += 1 + next
		}
		c := codes[sev]
		if resolved {
			c = fine
		}
		dst = append(append(dst, c.on...), line[:end]...)
		return append(append(dst, c.off...), line[end:]...)
	}
}

// wantColour reports whether alerts that go to dst have colour: --color wins
// over NO_COLOR, which wins over what dst is.
func (o *Options) wantColour(dst io.Writer) bool {
	switch o.Color {
	case "always":
		return true
	case "never":
		return false
	}
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && IsTerminal(dst)
}

// paintsTerminal reports whether what is drawn on the terminal has colour.
func (o *Options) paintsTerminal() bool {
	return o.Color == "always" || o.Color != "never" && os.Getenv("NO_COLOR") == ""
}

// terminalSize is how many characters a terminal has in a line, and how many
// lines; 0 for what is none.
func terminalSize(stream any) (width, height int) {
	if file, ok := stream.(*os.File); ok {
		if w, h, err := term.GetSize(int(file.Fd())); err == nil {
			return w, h
		}
	}
	return 0, 0
}

// IsTerminal reports whether a stream is a terminal.
func IsTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && isatty.IsTerminal(file.Fd())
}
