package cmd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rtda/pkg/run"
)

// dangers are texts that would do something to a terminal, a reader of lines,
// a spreadsheet or a shell if they came out as they are.
var dangers = []string{
	"\x1b[2J\x1b]0;title\a", "a\nALERT crit fake", "a\r\nb", "tab\tbell\abackspace\b", "\x7f", "\x00", "\u009b31mC1\u0085", "\u202egpj.exe",
	"\u2066a\u2069", "\u2028\u2029", `"; rm -rf "$HOME`, "`id` $(id)", `a\`, `\\"`, "=1+1", "@SUM(1)", "a,b=c d", "{\"a\":1}", "", " ", "\ufeff", strings.Repeat("\x1b", 300),
}

// jsonText is s as JSON in ASCII, with its dangers escaped.
func jsonText(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return strings.ReplaceAll(string(b), "\x7f", `\u007f`)
}

// dangerous is an input in which the dangers are keys, names of fields, bad
// values and broken lines.
func dangerous(field string) string {
	var b strings.Builder
	for i, text := range dangers {
		q := jsonText(text)
		fmt.Fprintf(&b, `{"s":%s,%s:%d,"t":%d}`+"\n", q, jsonText(field), i, 1777636800+i)
		fmt.Fprintf(&b, `{"s":%s,%s:%s,"t":%d}`+"\n", q, jsonText(field), q, 1777636800+i)
		fmt.Fprintf(&b, `{"s":%s,%s:7,"t":%s}`+"\n", q, jsonText(field), q)
		b.WriteString(strings.ReplaceAll(text, "\n", " ") + "\n")
	}
	return b.String()
}

// fileName is s as far as a file can have that name.
func fileName(s string) string {
	s = strings.NewReplacer("/", "", "\x00", "").Replace(s)
	return s[:min(len(s), 100)] + "x"
}

// Whatever stands in keys, names of fields, bad values, rules and names of
// files, nothing comes out raw that could hurt who reads it, in no format of
// rows, in no alert and no complaint.
func TestSafeOutput(t *testing.T) {
	dir := t.TempDir()
	for i, field := range dangers {
		if field == "" {
			field = "x"
		}
		name := filepath.Join(dir, fmt.Sprint(i)+fileName(dangers[(i+1)%len(dangers)]))
		if err := os.WriteFile(name, []byte(dangerous(field)), 0o666); err != nil {
			t.Fatal(err)
		}
		for _, format := range outFormats() {
			for _, alerts := range []string{"text", "json"} {
				args := []string{"-k", "s", "-t", "t", "-o", format, "--alert-format", alerts, "-a", "count,max", "-r", `a: count >= 1 or s == ` + jsonText(field), name}
				if i%2 == 0 { // the fields are found, not named; two files
					args = append(args, name)
				}
				var stdout, stderr bytes.Buffer
				status := Main(args, nil, &stdout, &stderr)
				what := fmt.Sprintf("rtda %q: status %d, stderr\n%.3000s", args, status, &stderr)
				if status != run.StatusBadLines {
					t.Fatal(what)
				}
				checkOutput(t, format, stdout.String(), what)
				checkUnsafe(t, stderr.String(), false, what)
				for line := range strings.Lines(stderr.String()) {
					if !strings.HasPrefix(line, "rtda: ") && !strings.HasPrefix(line, "ALERT ") && !strings.HasPrefix(line, `{"state":`) {
						t.Fatalf("%q on stderr, %s", line, what)
					}
				}
			}
		}
	}
}

// Nor does what the user typed come back raw, in a file that cannot be read,
// a rule, a flag or what --check prints.
func TestSafeMistakes(t *testing.T) {
	t.Chdir(t.TempDir())
	for i, text := range dangers {
		name := fmt.Sprint(i, fileName(text))
		if err := os.Symlink("/proc/self/mem", "mem"+name); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("empty"+name, []byte("\n\n"+strings.ReplaceAll(text, "\n", " ")+",x\n1,2\n"), 0o666); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("rules"+name, []byte("a: last > 1\n"+text+" >\n"), 0o666); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{
			{"no" + name}, {"mem" + name}, {"-i", "csv", "-f", "nope", "empty" + name}, {"-R", "no" + name}, {"-R", "rules" + name},
			{"-r", text}, {"-r", text + " > 1"}, {"-r", "a: " + text + " >"}, {"-r", "last > 1 for " + text}, {"-r", "`" + text + "` > 1"},
			{"-r", "last > 1", "--alerts", "no/" + name}, {"-f", text, "-k", text}, {"-f", "x", "-k", name, "--check"}, {"-f", "x", "-r", "s == " + jsonText(text), "-k", "s", "--check"},
			{"--" + text}, {"-" + text}, {"-w", text}, {"-t", text}, {"-t", "x:" + text}, {"--sep", text}, {"-a", text}, {"--color", text}, {text}, {"simulate", text}, {"simulate", "--labels", "no/" + name},
			{"completion", text}, {"help", text}, {"man", text}, {"--exec", text, "-r", "last > 1", "--check"},
		} {
			var stdout, stderr bytes.Buffer
			status := Main(args, strings.NewReader(""), &stdout, &stderr)
			what := fmt.Sprintf("rtda %q: status %d, stdout\n%q\nstderr\n%q", args, status, &stdout, &stderr)
			if status > run.StatusFired {
				t.Errorf("%s", what)
			}
			checkUnsafe(t, stderr.String(), false, what)
			checkUnsafe(t, stdout.String(), false, what)
		}
	}
}

// The command of --exec gets data as data: its JSON is one clean line, and
// what the key says is never run.
func TestSafeActions(t *testing.T) {
	dir := t.TempDir()
	var input strings.Builder
	for _, text := range dangers {
		fmt.Fprintf(&input, `{"s":%s,"x":1}`+"\n", jsonText(text+`$(touch `+dir+`/run); touch `+dir+`/run`))
	}
	var stderr bytes.Buffer
	status := Main([]string{"-q", "-k", "s", "-r", "x > 0", "-x", "cat >> " + dir + "/json"}, strings.NewReader(input.String()), io.Discard, &stderr)
	got, err := os.ReadFile(filepath.Join(dir, "json"))
	if err != nil || status != 0 || strings.Count(string(got), "\n") != len(dangers) {
		t.Fatalf("status %d, %v, %d lines, stderr %s", status, err, strings.Count(string(got), "\n"), &stderr)
	}
	checkOutput(t, "json", string(got), "JSON of actions")
	if _, err := os.Stat(filepath.Join(dir, "run")); err == nil {
		t.Error("data has become a command")
	}
}
