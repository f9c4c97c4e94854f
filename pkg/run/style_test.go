package run

import (
	"os"
	"testing"

	"rtda/pkg/rule"
)

// --color wins over NO_COLOR, which wins over what the destination is.
func TestWantColour(t *testing.T) {
	file, err := os.Create(t.TempDir() + "/alerts")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, c := range []struct {
		color, noColor string
		want           bool
	}{
		{"always", "", true}, {"always", "1", true}, {"never", "", false}, {"auto", "", false}, {"auto", "1", false},
	} {
		t.Setenv("NO_COLOR", c.noColor)
		if got := (&Options{Color: c.color}).wantColour(file); got != c.want {
			t.Errorf("--color %s with NO_COLOR=%s on a file: %v, want %v", c.color, c.noColor, got, c.want)
		}
	}
}

// On a terminal auto has colour, unless the environment is against it.
func TestWantColourOnTerminal(t *testing.T) {
	tty, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil || !IsTerminal(tty) {
		t.Skip("there is no terminal to be had")
	}
	defer tty.Close()
	for _, c := range []struct {
		color, noColor, term string
		want                 bool
	}{
		{"auto", "", "xterm", true}, {"auto", "1", "xterm", false}, {"auto", "", "dumb", false}, {"never", "", "xterm", false}, {"always", "1", "dumb", true},
	} {
		t.Setenv("NO_COLOR", c.noColor)
		t.Setenv("TERM", c.term)
		if got := (&Options{Color: c.color}).wantColour(tty); got != c.want {
			t.Errorf("%+v: got %v", c, got)
		}
	}
}

func TestPaint(t *testing.T) {
	line := "ALERT crit hot mean=91 rule=\"mean > 80\"\n"
	for _, c := range []struct {
		name     string
		o        Options
		stderr   bool
		sev      rule.Severity
		resolved bool
		line     string
		want     string
	}{
		{"marks", Options{AlertFormat: "text", StderrPrefix: "telegraf"}, true, rule.Crit, false, line, "E! " + line},
		{"marks of resolved", Options{AlertFormat: "text", StderrPrefix: "telegraf"}, true, rule.Crit, true, line, "I! " + line},
		{"marks of complaints", Options{AlertFormat: "json", StderrPrefix: "telegraf"}, true, rule.None, false, "rtda: x\n", "W! rtda: x\n"},
		{"colour", Options{AlertFormat: "text", Color: "always"}, true, rule.Crit, false, line, "\x1b[31;1mALERT crit\x1b[0;22m" + line[10:]},
		{"colour of resolved", Options{AlertFormat: "text", Color: "always"}, true, rule.Crit, true, line, "\x1b[32mALERT crit\x1b[0m" + line[10:]},
		{"colour and marks", Options{AlertFormat: "text", Color: "always", StderrPrefix: "telegraf"}, true, rule.Warn, false, line, "W! \x1b[33mALERT crit\x1b[0m" + line[10:]},
		{"colour but no marks in a file", Options{AlertFormat: "text", Color: "always", StderrPrefix: "telegraf"}, false, rule.Info, false, line, "\x1b[36mALERT crit\x1b[0m" + line[10:]},
		{"complaints have no colour", Options{AlertFormat: "text", Color: "always"}, true, rule.None, false, "rtda: x y\n", "rtda: x y\n"},
		{"one word", Options{AlertFormat: "text", Color: "always"}, true, rule.Warn, false, "ALERT\n", "ALERT\n"},
		{"two words", Options{AlertFormat: "text", Color: "always"}, true, rule.Warn, false, "ALERT crit\n", "\x1b[33mALERT\x1b[0m crit\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			paint := c.o.paint(nil, c.stderr)
			if got := string(paint([]byte("> "), c.sev, c.resolved, []byte(c.line))); got != "> "+c.want {
				t.Errorf("got %q, want %q", got, "> "+c.want)
			}
		})
	}
}

// Without marks and colour lines are left alone, and JSON has no colour ever.
func TestPaintNothing(t *testing.T) {
	for _, o := range []Options{
		{AlertFormat: "text", Color: "auto"}, {AlertFormat: "text", Color: "never"}, {AlertFormat: "json", Color: "always"},
	} {
		if o.paint(nil, true) != nil {
			t.Errorf("%s %s: lines are dressed", o.AlertFormat, o.Color)
		}
	}
	if o := (Options{AlertFormat: "text", StderrPrefix: "telegraf", Color: "auto"}); o.paint(nil, false) != nil {
		t.Error("a file of alerts has marks")
	}
}

func TestPaintAllocs(t *testing.T) {
	o := Options{AlertFormat: "text", Color: "always", StderrPrefix: "telegraf"}
	paint, line, dst := o.paint(nil, true), []byte("ALERT crit hot mean=91\n"), make([]byte, 0, 200)
	if n := testing.AllocsPerRun(100, func() { dst = paint(dst[:0], rule.Crit, false, line) }); n != 0 {
		t.Errorf("%v allocations a line, want 0", n)
	}
}
