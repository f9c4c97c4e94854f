package main

import (
	"bytes"
	goflag "flag"
	"os"
	"os/exec"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/cpuguy83/go-md2man/v2/md2man"
)

var writePage = goflag.Bool("write-page", false, "write the man page anew")

// TestManPage keeps rtda-nats.1 what go-md2man makes of the tables. After a change
// of a table: go generate ./cmd/rtda-nats
func TestManPage(t *testing.T) {
	t.Setenv("NATS_URL", "")
	want := md2man.Render([]byte(strings.ReplaceAll(program(&settings{}).Source(), "\n    ", "\n>     ")))
	const inRepository = "../../docs/manual-nats.md"
	_, manual, _ := call("man", "--markdown")
	if *writePage {
		for name, text := range map[string]string{"rtda-nats.1": string(want), inRepository: manual} {
			if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		return
	}
	if got, err := os.ReadFile(inRepository); err != nil || string(got) != manual {
		t.Errorf("docs/manual-nats.md is not what the tables say: run `go generate ./cmd/rtda-nats` (%v)", err)
	}
	if page != string(want) {
		t.Error("rtda-nats.1 is not what the tables say: run `go generate ./cmd/rtda-nats`")
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

// call runs rtda-nats in-process.
func call(args ...string) (status int, stdout, stderr string) {
	var out, err bytes.Buffer
	status = Main(args, strings.NewReader(""), &out, &err)
	return status, out.String(), err.String()
}

// Help fits the screen, names every command with its flags, and not what a worker
// does not take.
func TestHelp(t *testing.T) {
	p := program(&settings{})
	_, all, _ := call("--help")
	for _, c := range p.Commands {
		if !strings.Contains(all, "\n  "+c.Name+" ") {
			t.Errorf("%s is not in help", c.Name)
		}
		status, help, _ := call(c.Name, "--help")
		if again := func() string { _, h, _ := call("help", c.Name); return h }(); status != 0 || help != again {
			t.Errorf("rtda-nats %s --help: status %d, and help %[1]s shows something else", c.Name, status)
		}
		for _, f := range append(c.Flags, p.Flags...) {
			if !strings.Contains(help, " --"+f.Name+" ") {
				t.Errorf("%s: --%s is not in help", c.Name, f.Name)
			}
		}
		all += help
	}
	for line := range strings.Lines(all) {
		if utf8.RuneCountInString(strings.TrimSuffix(line, "\n")) > 80 {
			t.Errorf("longer than 80 characters: %s", line)
		}
	}
	_, help, _ := call("run", "--help")
	if !strings.Contains(help, "--window LIST") || strings.Contains(help, "--hz N") {
		t.Errorf("the help of run does not show rtda's flags, or shows one that it refuses:\n%s", help)
	}
}

// What is wrong on the command line is status 2 with a sentence, without a server.
func TestUsage(t *testing.T) {
	for _, c := range []struct {
		args string
		want string // what stderr has
	}{
		{"", "needs a command"},
		{"ruin plant", `the command must be init, put, run, out, status, help, completion, man or version (did you mean run?): got "ruin"`},
		{"run", "run: name the STREAM: rtda-nats run STREAM"},
		{"out pl.ant", `the STREAM must be letters, digits, - and _ only: got "pl.ant"`},
		{"init plant --partitions 0", "--partitions: must be a whole number from 1 to 1000"},
		{"init plant --replicas 2", "--replicas: must be 1, 3 or 5"},
		{"init plant --retain 1s", "--retain: must be 10m or more"},
		{"init plant --subject sensors", "--subject: must have a * where the key stands"},
		{"put plant", "--key: name the one field by which the lines are split (-k FIELD)"},
		{"put plant -k a,b", "--key: name the one field"},
		{"put plant -k a -i csv", "--names: lines go to several partitions"},
		{"put plant -k a --source tick", "--source: the name is taken"},
		{"put plant -k a --source a.b", "--source: must be letters, digits, - and _ only"},
		{"put plant -k a not-there", "not-there: no such file or directory"},
		{"run plant -f v", "--key: a worker has some of the keys"},
		{"run plant -k a -f v", "--in: auto would go by the first record"},
		{"run plant -k a -i json", "--field: the numbers would be those of the first record"},
		{"run plant -k a -i json -f v file", `run: takes one STREAM: got "file"`},
		{"run plant -k a -i json -f v -x mail", "--exec: actions belong to who reads the output"},
		{"run plant -k a -i auto -f v", "--in: auto would go by"},
		{"run plant -k a -i csv -f v", "--names: the header is in one partition only"},
		{"run plant -k a -i tsv -f v", "--names: the header is in one partition only"},
		{"run plant -k a -i cols -f v", "--names: the header is in one partition only"},
		{"run plant -k a -i json -f v -n end", "--every: a stream has no end"},
		{"run plant -k a -i json -f v -o csv", "--out: is written with a header, or at the end"},
		{"run plant -k a -i json -f v -o tsv", "--out: is written"},
		{"run plant -k a -i json -f v -o table", "--out: is written"},
		{"run plant -k a -i json -f v -o prom", "--out: is written"},
		{"run plant -k a -i json -f v -o svg", "--out: is written"},
		{"run plant -k a -i json -f v -o png", "--out: is written"},
		{"run plant -k a -i json -f v --hz 5", "--hz: it counts the records of all keys together"},
		{"run plant -k a -i json -f v -e", "--exit-status: a worker has no end"},
		{"run plant -k a -i json -f v --state s", "--state: the state is kept in the server"},
		{"run plant -k a -i json -f v --follow", "--follow: the input is the stream"},
		{"run plant -k a -i json -f v --listen tcp://:1", "--listen: the input is the stream"},
		{"run plant -k a -i json -f v --strict", "--strict: nobody can stop a stream"},
		{"run plant -k a -i json -f v --tz local", "--tz: each machine has its own"},
		{"run plant -k a,partition -i json -f v", "--key: out gives each row a partition"},
		{"run plant -k a -i json -f v --wind", "unknown flag \"--wind\" (did you mean --window?)"},
		{"run plant -k a -i json -f v -r mean", "rule 1"},
		{"status plant more", `status: takes one STREAM: got "more"`},
	} {
		status, stdout, stderr := call(strings.Fields(c.args)...)
		if status != 2 || stdout != "" || !strings.HasPrefix(stderr, "rtda-nats: ") || !strings.Contains(stderr, c.want) {
			t.Errorf("rtda-nats %s: status %d, %s, want %s", c.args, status, stderr, c.want)
		}
	}
}

// A server that is not there is status 1 with the cure.
func TestNoServer(t *testing.T) {
	for _, args := range [][]string{{"init", "plant"}, {"out", "plant"}, {"status", "plant"}, {"put", "plant", "-k", "a"}, {"run", "plant", "-k", "a", "-i", "json", "-f", "v"}} {
		status, _, stderr := call(append(args, "--server", "nats://127.0.0.1:1")...)
		if want := "rtda-nats: no NATS server answers at nats://127.0.0.1:1 (nats-server -js -a 127.0.0.1 starts one here, --server names another)\n"; status != 1 || stderr != want {
			t.Errorf("rtda-nats %s: status %d, %q, want %q", args[0], status, stderr, want)
		}
	}
}

// --check prints what a worker would run, without a server.
func TestCheck(t *testing.T) {
	for _, more := range []string{"-f v", "-a count", "-i csv --names a,b -f b", "-q -r age>3s"} { // counting needs no -f
		status, stdout, stderr := call(append([]string{"run", "plant", "-k", "a", "-i", "json", "--check"}, strings.Fields(more)...)...)
		if status != 0 || !strings.Contains(stdout, "keys     a\n") {
			t.Errorf("%s: status %d, %s%s", more, status, stdout, stderr)
		}
	}
}

// Completion offers commands and the words of rtda's flags.
func TestCompletion(t *testing.T) {
	for _, c := range []struct{ args, want string }{{"ru", "run"}, {"run plant -i js", "json"}, {"run plant --wind", "--window"}, {"put plant --sou", "--source"}} {
		_, stdout, _ := call(append([]string{"__completeNoDesc"}, strings.Fields(c.args)...)...)
		if !strings.Contains("\n"+stdout, "\n"+c.want+"\n") {
			t.Errorf("%s: want %s in\n%s", c.args, c.want, stdout)
		}
	}
	if status, stdout, _ := call("completion", "bash"); status != 0 || !strings.Contains(stdout, "__start_rtda-nats") {
		t.Errorf("completion bash: status %d, %.200s", status, stdout)
	}
}
