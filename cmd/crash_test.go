package cmd

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"rtda/pkg/run"
	"rtda/pkg/state"
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

// crashKills is how many kills RTDA_KILLS asks for, 0 where it does not.
func crashKills(t *testing.T) int {
	t.Helper()
	if slower > 1 {
		t.Skip("the child is what counts, and it would be far too slow")
	}
	n, _ := strconv.Atoi(os.Getenv("RTDA_KILLS"))
	return n
}

// TestCrash kills runs at random moments, with SIGKILL and now and then with
// SIGTERM, or lets them meet a limit of the size of files, and starts them again
// until one comes to the end: rows and alerts are the same bytes as those of one run
// that nobody killed. RTDA_KILLS=1000 is how many kills there are in all, a quarter of
// them those of TestCrashFollowed; the usual run makes some 60.
func TestCrash(t *testing.T) {
	kills, lines := 60, 40000
	if n := crashKills(t); n > 0 {
		kills, lines = n*3/4, 400000
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
	if status := runChild(t, file("whole"), file("whole.err"), 0, 0, "rtda", args("whole.alerts")); status != 0 && status != 3 {
		t.Fatalf("%s: status %d", c.name, status)
	}
	whole := time.Since(began)
	for round := range 400 {
		after := time.Duration(rng.Int64N(int64(whole)*int64(2+round)/2) + 1) // longer and longer: it comes to an end
		how, limit := syscall.SIGKILL, 0
		switch rng.IntN(8) {
		case 0, 1:
			how = syscall.SIGTERM
		case 2: // no file may become so large: the disk is full
			limit = 1 + rng.IntN(200)
		}
		command, with := "rtda", args("alerts", "--state", file("state"), "--save", "10ms")
		if limit > 0 {
			command = "sh"
			with = append([]string{"-c", fmt.Sprintf("ulimit -f %d; exec rtda \"$@\"", limit), "sh"}, with...)
		}
		status := runChild(t, file("rows"), file("err"), after, how, command, with)
		switch {
		case status == 0 || status == 3:
			how = 0
		case status == 128+int(how):
			kills++
		case limit > 0 && status == 1:
			if b, _ := os.ReadFile(file("err")); !bytes.Contains(b, []byte("file too large")) {
				t.Fatalf("%s: status %d, stderr %s", c.name, status, b)
			}
		default:
			b, _ := os.ReadFile(file("err"))
			t.Fatalf("%s: status %d, stderr %s", c.name, status, b)
		}
		if how == 0 {
			break
		}
	}
	sameFile(t, fmt.Sprintf("%s, rows after %d kills", c.name, kills), file("rows"), readFile(t, file("whole")))
	if hasRules {
		sameFile(t, fmt.Sprintf("%s, alerts after %d kills", c.name, kills), file("alerts"), readFile(t, file("whole.alerts")))
	}
	return kills
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// sameFile holds a file to what it must be.
func sameFile(t *testing.T, what, name string, want []byte) {
	t.Helper()
	got := readFile(t, name)
	if bytes.Equal(got, want) {
		return
	}
	at := 0
	for at < len(got) && at < len(want) && got[at] == want[at] {
		at++
	}
	t.Errorf("%s: %d bytes, not %d, and they differ at %d: %.80q, want %.80q", what, len(got), len(want), at, got[at:], want[at:])
}

// runChild runs a command as a process of its own that appends to a file, and signals
// it after some time unless that is 0. It returns the status a shell would see.
func runChild(t *testing.T, rows, stderr string, after time.Duration, how syscall.Signal, command string, args []string) int {
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
	child := exec.Command(command, args...)
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

// A followSetting is a followed file that rotates while its reader is killed.
type followSetting struct {
	name, input, args string
	rotate            string // rename, copy or pattern
}

var followSettings = []followSetting{
	{"renamed", "num", "-w 100 -a mean,std,median", "rename"},
	{"renamed, with rules", "json", "-t time -k sensor -f value -w 10s -a mean,count -r hot:mean>52.for.3s.until.mean<50", "rename"},
	{"renamed, late records and boundaries", "json", "-t time -k sensor -f value --late 5s -w 10s -n 5s -a mean,count", "rename"},
	{"renamed, csv with headers", "csv", "-i csv -t time -k sensor -f value -w 1m -n 10s -a mean,count -o csv", "rename"},
	{"copied and made empty", "num", "-w 50 -n 1 -a sum,count", "copy"},
	{"copied and made empty, with rules", "json", "-t time -k sensor -f value -w 20 -a mean -r hot:last>60", "copy"},
	{"a pattern with new files", "json", "-t time -k sensor -f value -w 20s -a mean,max -r spike:abs(z)>2.for.3/5", "pattern"},
	{"a pattern, detectors", "num", "-a anomaly,lower -n 3", "pattern"},
}

// TestCrashFollowed appends to files that are followed and rotates them, while their
// reader is killed and started again: rows and alerts are the same bytes as those
// of one run that has all lines from a pipe.
func TestCrashFollowed(t *testing.T) {
	lines, kills := 1500, 3
	if n := crashKills(t); n > 0 {
		lines, kills = 6000, 1+n/32
	}
	dir := t.TempDir()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	for i := range followSettings {
		c := &followSettings[i]
		input := crashInput(t, dir, c.input, lines)
		rng := rand.New(rand.NewPCG(seed, uint64(i)))
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := &followScene{T: t, c: c, dir: t.TempDir(), rng: rng, kills: kills}
			s.run(bytes.SplitAfter(readFile(t, input), []byte("\n")))
		})
	}
}

// A followScene is a run of a followSetting.
type followScene struct {
	*testing.T
	c     *followSetting
	dir   string
	rng   *rand.Rand
	kills int // to come
	made  int // those that there were

	child *reader // nil: none is running

	lines  int // written
	pieces int // files begun
	begun  []int
}

func (s *followScene) file(name string) string { return filepath.Join(s.dir, name) }

// log is the file that is written to.
func (s *followScene) log() string {
	if s.c.rotate == "pattern" {
		return s.file(fmt.Sprintf("log.%03d.txt", s.pieces))
	}
	return s.file("log")
}

func (s *followScene) args(more ...string) []string {
	setting := crashSetting{args: s.c.args}
	return append(append(setting.settingArgs(), "-i", s.c.input), more...)
}

// A reader is rtda as a process that can be asked what it has read.
type reader struct {
	*exec.Cmd
	ready *net.UnixConn // it says there when it takes signals; nil: it has
}

func newReader(t *testing.T, args []string) *reader {
	t.Helper()
	dir, err := os.MkdirTemp("", "rtda") // a socket's name must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	r := &reader{exec.Command("rtda", args...), conn}
	r.Env = append(os.Environ(), "NOTIFY_SOCKET="+socket)
	return r
}

// await asks the reader again and again until it says on stderr, which is what
// stderr returns, that it has read so many lines.
func (r *reader) await(t *testing.T, lines int, stderr func() string) {
	t.Helper()
	if r.ready != nil {
		_ = r.ready.SetReadDeadline(time.Now().Add(time.Minute))
		if _, err := r.ready.Read(make([]byte, 100)); err != nil {
			t.Fatalf("not ready: %v, stderr %s", err, stderr())
		}
		r.ready = nil
	}
	want := fmt.Sprintf("rtda: %d lines read", lines)
	for range 3000 {
		_ = r.Process.Signal(syscall.SIGUSR1)
		time.Sleep(10 * time.Millisecond)
		all := stderr()
		if strings.Contains(all[strings.LastIndexByte(all[:max(0, len(all)-1)], '\n')+1:], want) {
			return
		}
	}
	t.Fatalf("no %q on stderr: %s", want, stderr())
}

// start starts the reader.
func (s *followScene) start() {
	s.Helper()
	out, err := os.OpenFile(s.file("rows"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		s.Fatal(err)
	}
	defer out.Close()
	errs, err := os.OpenFile(s.file("err"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		s.Fatal(err)
	}
	defer errs.Close()
	name := s.file("log")
	if s.c.rotate == "pattern" {
		name = s.file("log.*.txt")
	}
	args := s.args("--state", s.file("state"), "--save", "10ms", "-F")
	if strings.Contains(s.c.args, "-r ") {
		args = append(args, "--alerts", s.file("alerts"))
	}
	s.child = newReader(s.T, append(args, name))
	s.child.Stdout, s.child.Stderr = out, errs
	if err := s.child.Start(); err != nil {
		s.Fatal(err)
	}
}

// stop ends the reader by a signal.
func (s *followScene) stop(how syscall.Signal) {
	s.Helper()
	_ = s.child.Process.Signal(how)
	_ = s.child.Wait()
	ws := s.child.ProcessState.Sys().(syscall.WaitStatus)
	if !ws.Signaled() || ws.Signal() != how {
		s.Fatalf("ended with %v, stderr %s", s.child.ProcessState, readFile(s.T, s.file("err")))
	}
	s.child = nil
}

// await waits until the reader has read all lines there are.
func (s *followScene) await() {
	s.Helper()
	s.child.await(s.T, s.lines, func() string { return string(readFile(s.T, s.file("err"))) })
}

// append appends to the log.
func (s *followScene) append(b []byte) {
	s.Helper()
	f, err := os.OpenFile(s.log(), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = f.Write(b)
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		s.Fatal(err)
	}
	s.lines += bytes.Count(b, []byte("\n"))
}

// canRotate reports whether a reader that runs can see that a file was made empty: it
// must be shorter then.
func (s *followScene) canRotate(first []byte) bool {
	if s.c.rotate != "copy" || s.child == nil {
		return true
	}
	return len(readFile(s.T, s.log())) > len(first)
}

// rotate lets the next file begin, with a few lines. While the reader runs it must
// have seen what is cut off, and the new file before the next comes: one that
// changes twice between two looks cannot be seen.
func (s *followScene) rotate(first []byte) {
	s.Helper()
	if s.child != nil {
		s.await()
	}
	if s.c.rotate != "pattern" {
		for i := s.pieces; i > 0; i-- {
			if err := os.Rename(s.file(fmt.Sprint("log.", i)), s.file(fmt.Sprint("log.", i+1))); err != nil {
				s.Fatal(err)
			}
		}
		var err error
		if s.c.rotate == "copy" {
			if err = os.WriteFile(s.file("log.1"), readFile(s.T, s.log()), 0o600); err == nil {
				err = os.Truncate(s.log(), 0)
			}
		} else {
			err = os.Rename(s.log(), s.file("log.1"))
		}
		if err != nil {
			s.Fatal(err)
		}
	}
	s.pieces++
	s.begun = append(s.begun, s.lines)
	s.append(first)
	if s.child != nil {
		s.await()
	}
}

// run writes all lines, with rotations and kills between.
func (s *followScene) run(lines [][]byte) {
	header := []byte(nil)
	if s.c.input == "csv" {
		header = lines[0]
	}
	var whole []byte
	write := func(do func([]byte), b []byte) {
		whole = append(whole, b...)
		do(b)
	}
	begun := len(lines)
	s.begun = []int{0}
	s.start()
	defer func() {
		if s.child != nil {
			_ = s.child.Process.Kill()
			_ = s.child.Wait()
		}
	}()
	// Of a file that was never read nobody knows whose copy it was.
	write(s.append, bytes.Join(lines[:2], nil))
	lines = lines[2:]
	s.await()
	s.stop(syscall.SIGTERM)
	s.start()
	for len(lines) > 0 {
		n := min(len(lines), 1+s.rng.IntN(begun/(20+2*s.kills)))
		write(s.append, bytes.Join(lines[:n], nil))
		lines = lines[n:]
		time.Sleep(time.Duration(s.rng.Int64N(int64(3 * time.Millisecond)))) // a kill comes at any moment
		killed := s.made < s.kills*(begun-len(lines))/begun
		how := []syscall.Signal{syscall.SIGKILL, syscall.SIGKILL, syscall.SIGKILL, syscall.SIGTERM}[s.rng.IntN(4)]
		if killed {
			s.made++
			s.stop(how)
		}
		for range s.rng.IntN(3) {
			n := 1 + s.rng.IntN(3)
			first := append(bytes.Clone(header), bytes.Join(lines[:min(n, len(lines))], nil)...)
			if len(lines) > n && s.pieces < 12 && s.canRotate(first) {
				write(s.rotate, first)
				lines = lines[n:]
			}
		}
		if killed {
			s.start()
		}
	}
	s.await()
	s.stop(syscall.SIGTERM)
	s.compare(whole)
}

// compare holds rows and alerts to those of a run that has all lines from a pipe,
// and is stopped as well. The lines of its alerts are counted by file.
func (s *followScene) compare(whole []byte) {
	s.Helper()
	args := s.args("--state", s.file("whole.state")) // so it writes no end either
	hasRules := strings.Contains(s.c.args, "-r ")
	if hasRules {
		args = append(args, "--alerts", s.file("whole.alerts"))
	}
	r, w, err := os.Pipe()
	if err != nil {
		s.Fatal(err)
	}
	var out, errs watched
	child := newReader(s.T, args)
	child.Stdin, child.Stdout, child.Stderr = r, &out, &errs
	if err := child.Start(); err != nil {
		s.Fatal(err)
	}
	_ = r.Close()
	if _, err := w.Write(whole); err != nil {
		s.Fatal(err)
	}
	child.await(s.T, s.lines, errs.String)
	_ = child.Process.Signal(syscall.SIGTERM)
	_ = child.Wait()
	_ = w.Close()
	what := fmt.Sprintf("after %d kills and %d rotations", s.made, s.pieces)
	s.Log(what)
	sameFile(s.T, "rows "+what, s.file("rows"), []byte(out.String()))
	if !hasRules {
		return
	}
	line := regexp.MustCompile(`line=\d+`)
	want := line.ReplaceAllFunc(readFile(s.T, s.file("whole.alerts")), func(b []byte) []byte {
		n, _ := strconv.Atoi(string(b[len("line="):]))
		at := len(s.begun) - 1
		for s.begun[at] >= n {
			at--
		}
		name := ""
		if s.c.rotate == "pattern" {
			name = fmt.Sprintf("file=%s ", s.file(fmt.Sprintf("log.%03d.txt", at)))
		}
		return fmt.Appendf(nil, "%sline=%d", name, n-s.begun[at])
	})
	sameFile(s.T, "alerts "+what, s.file("alerts"), want)
}

// A dyingDisk counts the calls that bring outputs and the state to the disk. At
// one of them the process dies, in the middle of it where it is a write, or from there
// on the disk is full.
type dyingDisk struct {
	state.Disk
	calls *int
	at    int
	full  bool
}

func (d dyingDisk) call() error {
	if *d.calls++; *d.calls < d.at || d.at == 0 {
		return nil
	}
	if d.full {
		return &fs.PathError{Op: "call", Err: syscall.ENOSPC}
	}
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

func (d dyingDisk) open(f state.File, err error) (state.File, error) { return dyingFile{f, d}, err }

func (d dyingDisk) Create(name string) (state.File, error) {
	if err := d.call(); err != nil {
		return nil, err
	}
	return d.open(d.Disk.Create(name))
}

func (d dyingDisk) Append(name string) (state.File, error) {
	if err := d.call(); err != nil {
		return nil, err
	}
	return d.open(d.Disk.Append(name))
}

func (d dyingDisk) Rename(from, to string) error {
	if err := d.call(); err != nil {
		return err
	}
	return d.Disk.Rename(from, to)
}

func (d dyingDisk) SyncFolder(name string) error {
	if err := d.call(); err != nil {
		return err
	}
	return d.Disk.SyncFolder(name)
}

func (d dyingDisk) Sync(f *os.File) error {
	if err := d.call(); err != nil {
		return err
	}
	return d.Disk.Sync(f)
}

func (d dyingDisk) Truncate(f *os.File, size int64) error {
	if err := d.call(); err != nil {
		return err
	}
	return d.Disk.Truncate(f, size)
}

// A dyingFile is a file on a dyingDisk.
type dyingFile struct {
	state.File
	d dyingDisk
}

func (f dyingFile) Write(b []byte) (int, error) {
	if *f.d.calls+1 == f.d.at {
		_, _ = f.File.Write(b[:len(b)/2])
	}
	if err := f.d.call(); err != nil {
		return len(b) / 2, err
	}
	return f.File.Write(b)
}

func (f dyingFile) Sync() error {
	if err := f.d.call(); err != nil {
		return err
	}
	return f.File.Sync()
}

func (f dyingFile) Close() error {
	if err := f.d.call(); err != nil {
		return err
	}
	return f.File.Close()
}

// dies is rtda on a dyingDisk: RTDA_DIES says at which call, and whether it is full.
func dies() {
	var d dyingDisk
	d.calls = new(int)
	_, _ = fmt.Sscan(os.Getenv("RTDA_DIES"), &d.at, &d.full)
	sh := newShell(os.Stdin, os.Stdout, os.Stderr)
	sh.run = func(o *options) error {
		return run.Run(&o.Options, run.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Disk: d})
	}
	Exit(sh.main(os.Args[1:]))
}

// Whatever call of a save is the last, and of cutting the outputs back at the next
// start, and whether the process dies there or the disk is full from there on: the
// start after that goes on, and rows and alerts are those of one run.
//
// The usual run leaves out two of three calls, others each time.
func TestCrashAtEveryCall(t *testing.T) {
	step := 3
	if crashKills(t) > 0 {
		step = 1
	}
	first := 1 + rand.IntN(step)
	dir := t.TempDir()
	lines := bytes.SplitAfter(readFile(t, crashInput(t, dir, "json", 200)), []byte("\n"))
	half, all := filepath.Join(dir, "half"), bytes.Join(lines, nil)
	for name, b := range map[string][]byte{half: bytes.Join(lines[:100], nil), filepath.Join(dir, "all"): all} {
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file := func(name string) string { return filepath.Join(dir, name) }
	args := func(alerts string, more ...string) []string {
		return append([]string{"-t", "time", "-k", "sensor", "-f", "value", "-w", "5s", "-r", "hot: mean > 50", "--alerts", file(alerts)}, more...)
	}
	if status := runChild(t, file("whole"), file("err"), 0, 0, "rtda", args("whole.alerts", file("all"))); status != 0 {
		t.Fatalf("status %d", status)
	}
	start := func(command, dies string) int {
		t.Setenv("RTDA_DIES", dies)
		return runChild(t, file("rows"), file("err"), 0, 0, command, args("alerts", "--state", file("s"), "--save", "1h", file("in")))
	}
	write := func(b []byte) {
		if err := os.WriteFile(file("in"), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// once makes a run with each of the ways to die, and then one to the end.
	once := func(ways ...string) (status int) {
		for _, name := range []string{"rows", "alerts", "s", "s.prev", "s.new", "s.cut", "s.lock"} {
			_ = os.Remove(file(name)) // it may not be there
		}
		write(readFile(t, half))
		for _, way := range ways {
			status = start("rtda-dies", way)
			if want := map[bool]int{true: 1, false: 137}[strings.HasSuffix(way, "true")]; status != want && status != 0 {
				t.Fatalf("%s: status %d, stderr %s", ways, status, readFile(t, file("err")))
			}
		}
		write(all)
		if status := start("rtda", ""); status != 0 {
			t.Fatalf("%s, then: status %d, stderr %s", ways, status, readFile(t, file("err")))
		}
		sameFile(t, fmt.Sprint("rows after ", ways), file("rows"), readFile(t, file("whole")))
		sameFile(t, fmt.Sprint("alerts after ", ways), file("alerts"), readFile(t, file("whole.alerts")))
		return status
	}
	for _, full := range []string{" false", " true"} {
		calls := first
		for ; once(fmt.Sprint(calls, full)) != 0; calls += step {
		}
		if calls < 15 {
			t.Errorf("two saves are only %d calls", calls)
		}
		behind := fmt.Sprint(calls/2+2, full) // in the second save: what was written stands behind the first
		again := first
		for ; once(behind, fmt.Sprint(again, full)) != 0; again += step {
		}
		if again < calls+6 {
			t.Errorf("cutting and two saves are only %d calls, two saves %d", again, calls)
		}
	}
}

// A disk that is full while runs are made is no more than a run that ends with
// status 1; when there is room again, rows and alerts become those of one run.
func TestCrashFullDisk(t *testing.T) {
	crashKills(t)
	dir := t.TempDir()
	input := crashInput(t, dir, "json", 4000)
	disk := filepath.Join(dir, "disk")
	if err := os.Mkdir(disk, 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=4m", "none", disk).CombinedOutput(); err != nil {
		t.Skipf("no small disk can be mounted here: %s", out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", disk).CombinedOutput(); err != nil {
			t.Errorf("%s", out)
		}
	})
	args := func(alerts string, more ...string) []string {
		return append([]string{"-t", "time", "-k", "sensor", "-f", "value", "-w", "5s", "-r", "hot: mean > 50", "--alerts", alerts}, append(more, input)...)
	}
	whole, wholeAlerts := filepath.Join(dir, "whole"), filepath.Join(dir, "whole.alerts")
	errs := filepath.Join(dir, "err")
	if status := runChild(t, whole, errs, 0, 0, "rtda", args(wholeAlerts)); status != 0 {
		t.Fatalf("status %d", status)
	}
	rows, alerts, filler := filepath.Join(disk, "rows"), filepath.Join(disk, "alerts"), filepath.Join(disk, "filler")
	full := 0
	for round := 0; ; round++ {
		room := round * 40 << 10
		if err := os.WriteFile(filler, make([]byte, max(0, 4<<20-room-16<<10)), 0o600); err != nil && !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
		status := runChild(t, rows, errs, 0, 0, "rtda", args(alerts, "--state", filepath.Join(disk, "s"), "--save", "5ms"))
		if status == 0 {
			break
		}
		if b := readFile(t, errs); status != 1 || !bytes.Contains(b, []byte("no space left on device")) {
			t.Fatalf("status %d, stderr %s", status, b)
		}
		full++
		for _, name := range []string{filler, filepath.Join(disk, "s.cut")} {
			_ = os.Remove(name) // it may not be there
		}
	}
	if full < 5 {
		t.Errorf("the disk was full %d times only", full)
	}
	sameFile(t, "rows", rows, readFile(t, whole))
	sameFile(t, "alerts", alerts, readFile(t, wholeAlerts))
}

// A state whose bytes are not what rtda wrote, but whose checksum is right, never
// makes a run crash, hang or take much memory: it ends with a status that the table
// has.
func TestHostileState(t *testing.T) {
	dir := t.TempDir()
	input := crashInput(t, dir, "json", 60)
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 2))
	args := strings.Fields("-t time -k sensor -f value --late 5s -w 5s -a mean,p90,anomaly -n 1s -o csv")
	name := filepath.Join(dir, "s")
	args = append(args, "-r", "hot: mean > 50 for 2s", "--state", name, input)
	var out, errs bytes.Buffer
	if status := Main(args, strings.NewReader(""), &out, &errs); status != 0 {
		t.Fatalf("status %d, stderr %s", status, &errs)
	}
	good, err := state.Read(state.Disk{}, name)
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for i := range 60 {
		b := bytes.Clone(good)
		switch n := r.IntN(len(b)); r.IntN(4) {
		case 0:
			b = b[:n]
		case 1:
			b[n] ^= byte(1 << r.IntN(8))
		case 2:
			copy(b[n:], []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}) // a huge number
		case 3:
			for range 20 {
				b[r.IntN(len(b))] = byte(r.Uint32())
			}
		}
		s, _, _, err := state.Open(state.Disk{}, name)
		if err == nil {
			err = errors.Join(s.Save(b), s.Close())
		}
		if err != nil {
			t.Fatal(err)
		}
		more := args
		if i%2 == 0 {
			more = append([]string{"state"}, name)
		}
		errs.Reset()
		status := Main(more, strings.NewReader(""), &out, &errs)
		if status == 2 {
			refused++
		}
		if status < 0 || status > 3 {
			t.Fatalf("seed %d, round %d: status %d, stderr %s", seed, i, status, &errs)
		}
		out.Reset()
		s, _, _, err = state.Open(state.Disk{}, name)
		if err == nil {
			err = errors.Join(s.Save(good), s.Close())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if refused < 10 {
		t.Errorf("only %d of 60 states were refused", refused)
	}
}

// startChild starts rtda as a process whose rows go to the end of a file.
func startChild(t *testing.T, rows, stderr string, args ...string) *reader {
	t.Helper()
	r := newReader(t, args)
	for name, stream := range map[string]*io.Writer{rows: &r.Stdout, stderr: &r.Stderr} {
		f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		*stream = f
	}
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = r.Process.Kill() // it may have ended
		_ = r.Wait()
	})
	return r
}

// end ends a reader by a signal.
func (r *reader) end(how syscall.Signal) {
	_ = r.Process.Signal(how)
	_ = r.Wait()
}

// Only one run has a state, and only one run with a state appends to a file.
func TestStateInUse(t *testing.T) {
	crashKills(t)
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	if err := os.WriteFile(file("in"), []byte("1\n2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	stderr := func() string { return string(readFile(t, file("err"))) }
	first := startChild(t, file("rows"), file("err"), "-F", "--state", file("s"), file("in"))
	first.await(t, 2, stderr)
	for _, c := range []struct{ state, want string }{
		{"s", fmt.Sprintf("rtda: --state: %s: in use by process %d\n", file("s"), first.Process.Pid)},
		{"other", "rtda: --state: stdout: another run with --state appends to it\n"},
	} {
		status := runChild(t, file("rows"), file("second"), 0, 0, "rtda", []string{"--state", file(c.state), file("in")})
		if got := string(readFile(t, file("second"))); status != 2 || got != c.want {
			t.Errorf("a second run: status %d, stderr %q, want %q", status, got, c.want)
		}
	}
	first.end(syscall.SIGTERM)
	if status := runChild(t, file("rows"), file("second"), 0, 0, "rtda", []string{"--state", file("s"), file("in")}); status != 0 {
		t.Errorf("when the first has ended: status %d, stderr %s", status, readFile(t, file("second")))
	}
}

// What came over connections is like what came from a pipe: windows go on, and
// nothing is cut off the rows. FILEs beside them go on where they were.
func TestStateListens(t *testing.T) {
	crashKills(t)
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	if err := os.WriteFile(file("in"), []byte("1\n2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	stderr := func() string { return string(readFile(t, file("err"))) }
	run := func(lines int, text string) {
		t.Helper()
		r := startChild(t, file("rows"), file("err"), "-F", "--state", file("s"), "-a", "sum", "-w", "all", "--listen", "unix:"+file("sock"), file("in"))
		r.await(t, lines-strings.Count(text, "\n"), stderr)
		c, err := net.Dial("unix", file("sock"))
		if err == nil {
			_, err = io.WriteString(c, text)
		}
		if err == nil {
			err = c.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		r.await(t, lines, stderr)
		r.end(syscall.SIGTERM)
	}
	run(4, "10\n20\n")
	if err := os.WriteFile(file("in"), []byte("1\n2\n3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(file("rows"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := io.WriteString(f, "of a run that was killed\n"); err != nil {
		t.Fatal(err)
	}
	run(6, "100\n")
	sameFile(t, "rows", file("rows"), []byte("sum=1\nsum=3\nsum=13\nsum=33\nof a run that was killed\nsum=36\nsum=136\n"))
	if strings.Contains(stderr(), "cut") {
		t.Errorf("stderr %s", stderr())
	}
}

// SIGHUP gives --alerts another file, of which the state knows at once.
func TestStateAfterHup(t *testing.T) {
	crashKills(t)
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	put := func(text string) {
		t.Helper()
		f, err := os.OpenFile(file("in"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err == nil {
			_, err = io.WriteString(f, text)
		}
		if err == nil {
			err = f.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	stderr := func() string { return string(readFile(t, file("err"))) }
	args := []string{"-F", "--state", file("s"), "--save", "1h", "-r", "high: last > 5", "--alerts", file("alerts"), file("in")}
	put("9\n")
	r := startChild(t, file("rows"), file("err"), args...)
	r.await(t, 1, stderr)
	if err := os.Rename(file("alerts"), file("alerts.1")); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(file("s"))
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Process.Signal(syscall.SIGHUP)
	for range 10000 {
		if now, err := os.Stat(file("s")); err == nil && !os.SameFile(now, before) {
			break
		}
		time.Sleep(time.Millisecond)
	}
	put("1\n8\n")
	r.await(t, 3, stderr)
	r.end(syscall.SIGKILL)
	r = startChild(t, file("rows"), file("err"), args...)
	r.await(t, 3, stderr)
	r.end(syscall.SIGTERM)
	sameFile(t, "the first alerts", file("alerts.1"), []byte("ALERT warn high last=9 line=1 rule=\"last > 5\"\n"))
	sameFile(t, "the other alerts", file("alerts"), []byte("RESOLVED warn high last=1 line=2 rule=\"last > 5\"\nALERT warn high last=8 line=3 rule=\"last > 5\"\n"))
}
