package cmd

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A crashSetting is a run that is killed again and again.
type crashSetting struct {
	name  string
	input string // of crashInput
	args  string
}

// crashSettings are windows of all kinds, with and without keys and clocks,
// waiting records, ladders, holds of all kinds, detectors, headers.
var crashSettings = []crashSetting{
	{"count windows", "num", "-w 100 -a mean,std,median"},
	{"several windows", "num", "-w 10,100,all -n 7 -a mean,max,p99,ewma"},
	{"--hz", "num", "--hz 10 -w 30s -n 10s -a mean,slope,rate,twa"},
	{"detectors", "num", "-a anomaly,surprise,forecast,lower,upper -n 3"},
	{"keys", "json", "-k sensor -f value -w 50 -a mean,mad,rz"},
	{"a clock", "json", "-t time -k sensor -f value -w 1m -n 10s -a mean,p90,count,increase"},
	{"sliding", "json", "-t time -k sensor -f value -w 20s -a mean,std,min"},
	{"tumbling", "json", "-t time -k sensor -f value -w 10s -n 10s -a sum,count,first,last"},
	{"closed left, filled", "json", "-t time -k sensor -f value -w 10s -n 10s --closed left --label start --fill -a count,mean"},
	{"late records", "json", "-t time -k sensor -f value --late 5s -w 10s -n 5s -a mean,count"},
	{"--ahead and --back", "json", "-t time -k sensor -f value --ahead 1h --back 10s -w 10s -n 5s -a mean"},
	{"--gap and --ttl", "json", "-t time -k sensor -f value --gap 2s --ttl 20s -w 1m -n 10s -a count,mean"},
	{"a rule that holds", "json", "-t time -k sensor -f value -w 10s -n 10s -r hot:mean>52.for.3s.until.mean<50"},
	{"a ladder", "json", "-t time -k sensor -f value -w 100 -n 50 -r info.hot:mean>50 -r crit.hot:mean>55"},
	{"M of N", "json", "-t time -k sensor -f value -w 10 -n 100 -r spike:abs(z)>2.for.3/5"},
	{"age and --repeat", "json", "-t time -k sensor -f value -w 10s -n 30s -r gone:age>3s -r hot:last>60 --repeat 20s"},
	{"a rule of a detector", "json", "-t time -k sensor -f value -n 1m -a anomaly -r odd:anomaly>0.5"},
	{"all at the end", "json", "-t time -k sensor -f value -w all -n 1000 -a mean,std,p50,count"},
	{"csv with its header", "csv", "-i csv -t time -k sensor -f value -w 1m -n 10s -a mean,count -o csv"},
	{"logfmt as json", "logfmt", "-i logfmt -t time -k sensor -f value -w 30 -n 10 -a mean,z -o json"},
	{"bad lines", "bad", "-w 20 -n 5 -a sum,count"},
}

// crashInput writes an input of some lines and returns its name.
func crashInput(t *testing.T, dir, kind string, lines int) string {
	t.Helper()
	name := filepath.Join(dir, kind)
	if _, err := os.Stat(name); err == nil {
		return name
	}
	format := kind
	args := []string{"simulate", "--flat-out", "-c", strconv.Itoa(lines), "--hz", "5"}
	switch kind {
	case "bad":
		format = "num"
	case "num":
	default:
		args = append(args, "--sensors", "4", "--fault", "spike,drift,gap")
	}
	var out bytes.Buffer
	if status := Main(append(args, "-o", format), strings.NewReader(""), &out, os.Stderr); status != 0 {
		t.Fatalf("simulate: status %d", status)
	}
	b := out.Bytes()
	if kind == "bad" {
		b = bytes.ReplaceAll(b, []byte("7.\n"), []byte("x\n"))
		b = bytes.ReplaceAll(b, []byte("77"), []byte("7?"))
	}
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// settingArgs are the arguments of a setting; a dot within a rule stands for a
// blank.
func (c *crashSetting) settingArgs() []string {
	args := strings.Fields(c.args)
	for i := 1; i < len(args); i++ {
		if args[i-1] == "-r" {
			args[i] = strings.ReplaceAll(args[i], ".", " ")
			args[i] = strings.ReplaceAll(args[i], "0 5", "0.5")
		}
	}
	return args
}

// TestCrash kills runs at random moments, with SIGKILL and now and then with
// SIGTERM, and starts them again until one comes to the end: rows and alerts are
// the same bytes as those of one run that nobody killed. RTDA_KILLS=1000 is how
// many kills there are in all; the usual run makes some 60.
func TestCrash(t *testing.T) {
	kills, lines := 60, 40000
	if n, err := strconv.Atoi(os.Getenv("RTDA_KILLS")); err == nil {
		kills, lines = n, 400000
	}
	if slower > 1 {
		t.Skip("the child is what counts, and it would be far too slow")
	}
	dir := t.TempDir()
	seed := uint64(time.Now().UnixNano())
	rng := rand.New(rand.NewPCG(seed, 1))
	done := 0
	for round := 0; done < kills && !t.Failed(); round++ {
		for i := range crashSettings {
			c := &crashSettings[i]
			input := crashInput(t, dir, c.input, lines)
			done += c.crash(t, filepath.Join(dir, fmt.Sprint(round, i)), input, rng)
		}
	}
	t.Logf("%d kills, seed %d", done, seed)
}

// crash makes the rounds of one setting and returns how many kills there were.
func (c *crashSetting) crash(t *testing.T, dir, input string, rng *rand.Rand) (kills int) {
	t.Helper()
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	file := func(name string) string { return filepath.Join(dir, name) }
	hasRules := strings.Contains(c.args, "-r ")
	args := func(alerts string, more ...string) []string {
		all := append(c.settingArgs(), more...)
		if hasRules {
			all = append(all, "--alerts", file(alerts))
		}
		return append(all, input)
	}
	began := time.Now()
	if status := runChild(t, file("whole"), file("whole.err"), 0, 0, args("whole.alerts")); status != 0 && status != 3 {
		t.Fatalf("%s: status %d", c.name, status)
	}
	whole := time.Since(began)
	for range 400 {
		after := time.Duration(rng.Int64N(int64(whole)*5/4) + 1)
		how := syscall.SIGKILL
		if rng.IntN(4) == 0 {
			how = syscall.SIGTERM
		}
		status := runChild(t, file("rows"), file("err"), after, how, args("alerts", "--state", file("state"), "--save", "10ms"))
		if status == 0 || status == 3 {
			break
		}
		if kills++; status != 128+int(how) {
			b, _ := os.ReadFile(file("err"))
			t.Fatalf("%s: status %d, stderr %s", c.name, status, b)
		}
	}
	for _, name := range []string{"rows", "alerts"} {
		if name == "alerts" && !hasRules {
			continue
		}
		got, err := os.ReadFile(file(name))
		want, wantErr := os.ReadFile(file(strings.Replace(name, "rows", "whole", 1)))
		if name == "alerts" {
			want, wantErr = os.ReadFile(file("whole.alerts"))
		}
		if err != nil || wantErr != nil || !bytes.Equal(got, want) {
			at := 0
			for at < len(got) && at < len(want) && got[at] == want[at] {
				at++
			}
			t.Errorf("%s: %s after %d kills have %d bytes, not %d, and differ at %d (%v)", c.name, name, kills, len(got), len(want), at, err)
		}
	}
	return kills
}

// runChild runs rtda as a process of its own that appends to a file, and signals
// it after some time unless that is 0. It returns the status a shell would see.
func runChild(t *testing.T, rows, stderr string, after time.Duration, how syscall.Signal, args []string) int {
	t.Helper()
	out, err := os.OpenFile(rows, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	errs, err := os.Create(stderr)
	if err != nil {
		t.Fatal(err)
	}
	defer errs.Close()
	child := exec.Command("rtda", args...)
	child.Stdout, child.Stderr = out, errs
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if after > 0 {
		timer := time.AfterFunc(after, func() { _ = child.Process.Signal(how) }) // it may have ended
		defer timer.Stop()
	}
	_ = child.Wait() // its status says all
	ws := child.ProcessState.Sys().(syscall.WaitStatus)
	if ws.Signaled() {
		return 128 + int(ws.Signal())
	}
	return ws.ExitStatus()
}
