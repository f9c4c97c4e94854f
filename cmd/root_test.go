package cmd

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"rtda/pkg/run"
)

// A result is what one run of the shell did. opts is nil unless it came to the
// filter.
type result struct {
	status         int
	stdout, stderr string
	opts           *options
}

// runShell runs the command with a filter that only keeps its options.
func runShell(args ...string) result {
	var stdout, stderr strings.Builder
	var r result
	sh := newShell(strings.NewReader(""), &stdout, &stderr)
	sh.run = func(o *options) error {
		r.opts = o
		return nil
	}
	r.status = sh.main(args)
	r.stdout, r.stderr = stdout.String(), stderr.String()
	return r
}

// A mistake is one line on stderr that names flag, value and cure; stdout is
// empty, the status 2 and the filter does not run.
func TestMistakes(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		// values
		{"--window 0", `--window: must be a count of 1 or more, a duration like 5m, or all: got "0"`},
		{"-w -5", `--window: must be a count of 1 or more, a duration like 5m, or all: got "-5"`},
		{"-w 1m,5x", `--window: must be a count of 1 or more, a duration like 5m, or all: got "5x"`},
		{"-w 10,,20", `--window: must be a list like a,b with something between the commas: got "10,,20"`},
		{"-w 60s,1m", `--window: must name each window once: got "1m"`},
		{"-w 9999999999", `--window: must be 2147483647 or less: got "9999999999"`},
		{"-n never", `--every: must be a count of 1 or more, a duration like 10s, or end: got "never"`},
		{"-a maen", `--agg: must be aggregates that rtda knows (did you mean mean?): got "maen"`},
		{"-a mean -a mean", `--agg: must name each aggregate once: got "mean"`},
		{"-f a,b,a", `--field: must name each field once: got "a"`},
		{"-k a -k a", `--key: must name each field once: got "a"`},
		{"-i jsn", "--in: must be " + orList(inFormats()) + ` (did you mean json?): got "jsn"`},
		{"-o xml", "--out: must be " + orList(outFormats()) + `: got "xml"`},
		{"--on-error stop", `--on-error: must be skip, fail or ignore: got "stop"`},
		{"--color yes", `--color: must be auto, always or never: got "yes"`},
		{"--stderr-prefix x", `--stderr-prefix: must be telegraf: got "x"`},
		{"--max-line 0", `--max-line: must be a size from 1 to 1GiB, like 4096, 64k or 1MiB: got "0"`},
		{"--max-keys 1e5", `--max-keys: must be a whole number of 1 or more: got "1e5"`},
		{"--max-samples 0", `--max-samples: must be a whole number of 1 or more: got "0"`},
		{"--max-samples 9000000000", `--max-samples: must be 2147483647 or less: got "9000000000"`},
		{"-n 99999999999999999999", `--every: must be 2147483647 or less: got "99999999999999999999"`},
		{"-p 18", `--precision: must be a whole number from 1 to 17: got "18"`},
		{"-j 0", `--jobs: must be a whole number from 1 to 1024: got "0"`},
		{"--ddof 2", `--ddof: must be a whole number from 0 to 1: got "2"`},
		{"--hz 0", `--hz: must be samples a second, like 100, 0.5 or 1/60, in 9 digits: got "0"`},
		{"--gap 0s", `--gap: must be a duration like 250ms, 30s, 1h30m or 2d: got "0s"`},
		{"--ttl 5", `--ttl: must be a duration like 250ms, 30s, 1h30m or 2d: got "5"`},
		{"--late -1s -t ts", `--late: must be 0 or a duration like 250ms, 30s or 1h30m: got "-1s"`},
		{"--warmup all", `--warmup: must be a whole number of 1 or more, or full: got "all"`},
		{"-t ts:unx", `--time: the format must be unix, ms, us, ns or a pattern like %d/%m/%Y %H:%M:%S (did you mean unix?): got "ts:unx"`},
		{"-t ts:%Q", `--time: the format must be unix, ms, us, ns or a pattern like %d/%m/%Y %H:%M:%S: got "ts:%Q"`},
		{"-t ts:", `--time: the format must be unix, ms, us, ns or a pattern like %d/%m/%Y %H:%M:%S: got "ts:"`},
		{"-t :unix", `--time: must be FIELD, FIELD+FIELD, FIELD:FORMAT or now: got ":unix"`},
		{"--sep ;; -i csv", `--sep: must be one ASCII character like ; or \t, not a quote: got ";;"`},
		{"--decimal x", `--decimal: must be a comma or a point: got "x"`},
		{"--coerce=maybe", `--coerce: must be true or false, or stand alone: got "maybe"`},
		{"--help=maybe", `--help: must be a bool: got "maybe"`},
		// flags
		{"--windw 5", `unknown flag "--windw" (did you mean --window?)`},
		{"--win 5", `unknown flag "--win" (did you mean --window?)`},
		{"--by host", `unknown flag "--by" (write -k FIELD)`},
		{"--group-by host", `unknown flag "--group-by" (write -k FIELD)`},
		{"--json", `unknown flag "--json" (write -i json for the input, -o json for the output)`},
		{"--delimiter ;", `unknown flag "--delimiter" (write --sep)`},
		{"-window 0", `--window: must be a count of 1 or more, a duration like 5m, or all: got "0"`},
		{"-window=0", `--window: must be a count of 1 or more, a duration like 5m, or all: got "0"`},
		{"--frobnicate", `unknown flag "--frobnicate": see rtda --help`},
		{"-y", `unknown flag "-y": see rtda --help`},
		{"-qy", `unknown flag "-y": see rtda --help`},
		{"--=x", `unknown flag "--=x": see rtda --help`},
		{"-w", `--window: needs a value: --window LIST`},
		{"--hz", `--hz: needs a value: --hz N`},
		// contradictions
		{"--hz 10 -t ts", `--hz: there is a clock already, -t: leave out one of them: got "10"`},
		{"--hz 10 -t now", `--hz: there is a clock already, -t: leave out one of them: got "10"`},
		{"--late 5s", `--late: needs records with a time of their own: add -t FIELD: got "5s"`},
		{"--late 5s -t now", `--late: needs records with a time of their own: add -t FIELD: got "5s"`},
		{"--late 5s --hz 1", `--late: needs records with a time of their own: add -t FIELD: got "5s"`},
		{"-i num -t ts", `--time: plain numbers have no fields: use -t now or --hz, or another -i: got "ts"`},
		{"-i num -f x", `--field: plain numbers have no fields: leave it out, or use another -i: got "x"`},
		{"-i num -k x", `--key: plain numbers have no fields: leave it out, or use another -i: got "x"`},
		{"--sep ;", `--sep: only csv has a separator: add -i csv: got ";"`},
		{"--sep ; -i tsv", `--sep: only csv has a separator: add -i csv: got ";"`},
		{"--decimal , -i json", `--decimal: only num, csv, tsv, cols, match and with --coerce strings of json can have a decimal comma: add -i csv, or leave it out: got ","`},
		{"--decimal , -f x", `--decimal: only num, csv, tsv, cols, match and with --coerce strings of json can have a decimal comma: add -i csv, or leave it out: got ","`},
		{"--decimal , -i csv", `--decimal: the separator of csv is a comma too: add --sep ';': got ","`},
		{"--one-to-one", `--one-to-one: is for JSON rows only: add -o json`},
		{"--one-to-one -o json -n 5", `--one-to-one: writes a row for every record: leave out -n`},
		{"--one-to-one -o json -n end", `--one-to-one: writes a row for every record: leave out -n`},
		{"--one-to-one -o json -t ts --late 1s", `--one-to-one: a record that waits cannot be answered: leave out --late, --ahead and --back`},
		{"--one-to-one -o json -t ts --ahead 1s", `--one-to-one: a record that waits cannot be answered: leave out --late, --ahead and --back`},
		{"--one-to-one -o json -t ts --back 1s", `--one-to-one: a record that waits cannot be answered: leave out --late, --ahead and --back`},
		{"-q -o json", `--quiet: says -o none, but another -o is there: leave out one of them`},
		{"--strict --on-error ignore", `--strict: says --on-error fail, but another --on-error is there: leave out one of them`},
		{"--exec-timeout 5s -r mean>1", `--exec-timeout: there is no command: add -x: got "5s"`},
		{"--repeat 5s", `--repeat: there is no rule: add -r or -R: got "5s"`},
		{"--alert-format json", `--alert-format: there is no rule: add -r or -R: got "json"`},
		{"--alerts x", `--alerts: there is no rule: add -r or -R: got "x"`},
		{"-x true", `--exec: there is no rule: add -r or -R: got "true"`},
		{"-e", `--exit-status: there is no rule: add -r or -R`},
		{"-w 10 --warmup 11", `--warmup: a window must be able to hold so many samples: give -w larger counts: got "11"`},
		{"-w 1m --warmup full", `--warmup: full is for windows that are counts: give -w one, or --warmup a number: got "full"`},
		// files
		{"nowhere.log", `nowhere.log: no such file or directory`},
		{"smulate", `smulate: no such file or directory (did you mean rtda simulate?)`},
		{".", `.: is a directory`},
		{"-R nowhere.txt", `--rules: cannot be read: no such file or directory: got "nowhere.txt"`},
		{"-R .", `--rules: cannot be read: is a directory: got "."`},
		// commands
		{"version now", `rtda version takes no arguments: got "now"`},
		{"man -w 5", `unknown flag "-w": see rtda man --help`},
		{"completion", `completion: must name one shell, bash, zsh, fish or powershell`},
		{"completion bsh", `completion: must be bash, zsh, fish or powershell (did you mean bash?): got "bsh"`},
		{"help stimulate", `help: must be rules, formats, time, aggregates, simulate, demo, state, completion, man, version or help (did you mean simulate?): got "stimulate"`},
	} {
		t.Run(c.args, func(t *testing.T) {
			got := runShell(strings.Fields(c.args)...)
			if got.stderr != "rtda: "+c.want+"\n" {
				t.Errorf("stderr\n%swant\nrtda: %s", got.stderr, c.want)
			}
			if got.status != run.StatusUsage || got.stdout != "" || got.opts != nil {
				t.Errorf("status %d, stdout %q, ran %v", got.status, got.stdout, got.opts != nil)
			}
		})
	}
}

// Every FILE is looked at, and each that is wrong has its line.
func TestAllFilesAreLookedAt(t *testing.T) {
	good := filepath.Join(t.TempDir(), "good")
	if err := os.WriteFile(good, []byte("1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := runShell("-", good, "none", ".", "a\nb")
	want := "rtda: none: no such file or directory\nrtda: .: is a directory\nrtda: \"a\\nb\": no such file or directory\n"
	if got.stderr != want || got.status != run.StatusUsage {
		t.Errorf("status %d, stderr\n%swant\n%s", got.status, got.stderr, want)
	}
}

// Marks for Telegraf stand before the errors too.
func TestMistakesHaveMarks(t *testing.T) {
	got := runShell("--stderr-prefix", "telegraf", "none", "nothing")
	want := "E! rtda: none: no such file or directory\nE! rtda: nothing: no such file or directory\n"
	if got.stderr != want {
		t.Errorf("stderr\n%swant\n%s", got.stderr, want)
	}
}

// A FILE may have the name of a command, wherever it is not the first argument.
func TestFilesNamedLikeCommands(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range commandNames {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"./" + name}, {"--", name}, {"-w", "5", name}, {"-", name}} {
			if got := runShell(args...); got.opts == nil || got.opts.Files[len(got.opts.Files)-1] != args[len(args)-1] {
				t.Errorf("rtda %q: status %d, stderr %q", args, got.status, got.stderr)
			}
		}
	}
}

func TestStatusOf(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		want int
	}{
		{"none", nil, 0},
		{"reading", io.ErrUnexpectedEOF, 1},
		{"closed stdout", &os.PathError{Op: "write", Path: "stdout", Err: syscall.EPIPE}, 141},
		{"closed file of alerts", &run.Error{Status: run.StatusIO, Err: syscall.EPIPE}, 1},
		{"bad lines", &run.Error{Status: run.StatusBadLines}, 3},
		{"joined", run.Usage(errors.Join(io.EOF, io.EOF)), 2},
	} {
		if got := run.StatusOf(c.err); got != c.want {
			t.Errorf("%s: status %d, want %d", c.name, got, c.want)
		}
	}
}

func TestReport(t *testing.T) {
	ruleError := plainError("rule 1, column 1: unknown\n  maen > 80\n  ^")
	for _, c := range []struct {
		name   string
		err    error
		status int
		want   string
	}{
		{"silent status", &run.Error{Status: run.StatusFired}, 4, ""},
		{"closed stdout", syscall.EPIPE, 141, ""},
		{"carets stay below their rule", run.Usage(errors.Join(ruleError, ruleError)), 2,
			"rtda: rule 1, column 1: unknown\n  maen > 80\n  ^\nrtda: rule 1, column 1: unknown\n  maen > 80\n  ^\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var stderr strings.Builder
			sh := newShell(nil, io.Discard, &stderr)
			if got := sh.report(c.err); got != c.status || stderr.String() != c.want {
				t.Errorf("status %d, want %d; stderr\n%swant\n%s", got, c.status, stderr.String(), c.want)
			}
		})
	}
}

// A flag of another tool has an answer that is a flag of ours, and no flag of ours
// is among theirs.
func TestTheirFlags(t *testing.T) {
	known := newOptions().flags
	for theirs, ours := range theirFlags {
		if find(known, theirs) != nil {
			t.Errorf("--%s is a flag of ours", theirs)
		}
		if name, _, _ := strings.Cut(strings.TrimLeft(ours, "-"), " "); strings.HasPrefix(ours, "--") && find(known, name) == nil {
			t.Errorf("--%s: %s is none of ours", theirs, ours)
		}
	}
}

// What is asked for goes to stdout with status 0; a stdout that cannot be
// written is status 1 with a message.
func TestAskedFor(t *testing.T) {
	for _, args := range []string{"--help", "-h", "-help", "help", "help simulate", "simulate --help", "man", "man --markdown", "version", "--version", "-V",
		"completion bash", "completion zsh", "completion fish", "completion powershell", "completion --help"} {
		got := runShell(strings.Fields(args)...)
		if got.status != 0 || got.stdout == "" || got.stderr != "" || got.opts != nil {
			t.Errorf("rtda %s: status %d, %d bytes on stdout, stderr %q", args, got.status, len(got.stdout), got.stderr)
		}
		var stderr strings.Builder
		if status := Main(strings.Fields(args), nil, fullDisk{}, &stderr); status != run.StatusIO || stderr.String() != "rtda: no space left on device\n" {
			t.Errorf("rtda %s on a full disk: status %d, stderr %q", args, status, stderr.String())
		}
	}
}

// A fullDisk cannot be written to.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, syscall.ENOSPC }
