package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rogpeppe/go-internal/testscript"

	"rtda/cmd"
)

// TestMain makes this test binary the commands rtda-nats and rtda too, found by PATH.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"rtda-nats": func() { cmd.Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
		"rtda":      func() { cmd.Exit(cmd.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// patience is how long anything may take on a machine that has much else to do.
const patience = 60 * time.Second

// A server is a NATS server of a test's own, with a folder in which its commands run.
type server struct {
	*testing.T
	url, dir string
	js       jetstream.JetStream
}

// newServer starts a server. Without nats-server in PATH the test is left out.
func newServer(t *testing.T) *server {
	t.Helper()
	program, err := exec.LookPath("nats-server")
	if err != nil {
		t.Skip("nats-server is not in PATH: go install github.com/nats-io/nats-server/v2@v2.15.2")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	_, port, _ := net.SplitHostPort(address)
	s := &server{T: t, url: "nats://" + address, dir: t.TempDir()}
	c := exec.Command(program, "-js", "-a", "127.0.0.1", "-p", port, "-sd", t.TempDir())
	var log bytes.Buffer
	c.Stdout, c.Stderr = &log, &log
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
		if t.Failed() {
			t.Logf("the server: %s", &log)
		}
	})
	var conn *nats.Conn
	s.await("the server", func() bool {
		conn, err = nats.Connect(s.url)
		return err == nil
	})
	t.Cleanup(conn.Close)
	if s.js, err = jetstream.New(conn); err != nil {
		t.Fatal(err)
	}
	return s
}

// await waits until something is so.
func (s *server) await(what string, so func() bool) {
	s.Helper()
	for end := time.Now().Add(patience); !so(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			s.Fatalf("%s: not after %v", what, patience)
		}
	}
}

// A process is rtda-nats while it runs.
type process struct {
	*exec.Cmd
	s              *server
	stdout, stderr buffer
	ended          chan struct{}
}

// A buffer may be read while it is written to.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// start starts rtda-nats with arguments.
func (s *server) start(stdin string, args ...string) *process {
	s.Helper()
	p := &process{Cmd: exec.Command("rtda-nats", args...), s: s, ended: make(chan struct{})}
	p.Dir, p.Stdin, p.Stdout, p.Stderr = s.dir, strings.NewReader(stdin), &p.stdout, &p.stderr
	p.Env = append(os.Environ(), "NATS_URL="+s.url)
	if err := p.Start(); err != nil {
		s.Fatal(err)
	}
	go func() {
		_ = p.Cmd.Wait() // the status tells
		close(p.ended)
	}()
	s.Cleanup(func() {
		_ = p.Process.Kill()
		<-p.ended
	})
	return p
}

// status waits for the end and returns the status.
func (p *process) status() int {
	p.s.Helper()
	select {
	case <-p.ended:
		return p.ProcessState.ExitCode()
	case <-time.After(patience):
		p.s.Fatalf("%q does not end: %s", p.Args, p.stderr.String())
		return 0
	}
}

// stop ends it with SIGTERM and waits.
func (p *process) stop() {
	p.s.Helper()
	_ = p.Process.Signal(syscall.SIGTERM)
	p.status()
}

// awaitErr waits until stderr has a text.
func (p *process) awaitErr(want string) {
	p.s.Helper()
	p.s.await(fmt.Sprintf("%q on stderr of %q (%s)", want, p.Args, &p.stderr), func() bool { return strings.Contains(p.stderr.String(), want) })
}

// awaitRows waits for so many lines on stdout and returns them.
func (p *process) awaitRows(n int) string {
	p.s.Helper()
	p.s.await(fmt.Sprintf("%d rows", n), func() bool { return strings.Count(p.stdout.String(), "\n") >= n })
	return p.stdout.String()
}

// must runs rtda-nats to its end, which must have status 0, and returns what it says.
func (s *server) must(stdin string, args ...string) (stdout, stderr string) {
	s.Helper()
	p := s.start(stdin, args...)
	if status := p.status(); status != 0 {
		s.Fatalf("rtda-nats %q: status %d, %s", args, status, &p.stderr)
	}
	return p.stdout.String(), p.stderr.String()
}

// refused runs what must end with a status and a sentence.
func (s *server) refused(status int, want string, args ...string) {
	s.Helper()
	p := s.start("", args...)
	if got := p.status(); got != status || !strings.Contains(p.stderr.String(), want) {
		s.Errorf("rtda-nats %q: status %d, %s, want %d, %s", args, got, &p.stderr, status, want)
	}
}

// file writes a file.
func (s *server) file(name, text string) {
	s.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
		s.Fatal(err)
	}
}

// records are lines of so many sensors, n of each, one a second from a moment on.
func records(sensors, from, n int) string {
	var b strings.Builder
	for i := from; i < from+n; i++ {
		for k := range sensors {
			fmt.Fprintf(&b, `{"t":%d,"k":"s%d","v":%d.5}`+"\n", 1_700_000_000+i, k, (i*7+k*13)%100)
		}
	}
	return b.String()
}

// one is what one rtda writes.
func (s *server) one(stdin string, flags ...string) (stdout, stderr string) {
	s.Helper()
	c := exec.Command("rtda", flags...)
	var out, err bytes.Buffer
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader(stdin), &out, &err
	if e := c.Run(); e != nil {
		s.Fatalf("rtda: %v, %s", e, &err)
	}
	return out.String(), err.String()
}

var (
	numbered = regexp.MustCompile(` partition=(\d+) sequence=(\d+)$`)
	placed   = regexp.MustCompile(`( file=in\.\d+)? line=\d+`)
	key      = regexp.MustCompile(` k=(\S+)`)
)

// byKey are lines by their key, in their order, without what a cluster adds. Rows of a
// partition must be numbered from 1.
func byKey(t *testing.T, lines string) map[string][]string {
	t.Helper()
	all, last := map[string][]string{}, map[string]int{}
	for line := range strings.Lines(lines) {
		line = strings.TrimSuffix(line, "\n")
		if m := numbered.FindStringSubmatch(line); m != nil {
			n, _ := strconv.Atoi(m[2])
			if last[m[1]]++; n != last[m[1]] {
				t.Fatalf("row %d of partition %s is numbered: %s", last[m[1]], m[1], line)
			}
			line = strings.TrimSuffix(line, m[0])
		}
		k := key.FindStringSubmatch(" " + line)
		if k == nil {
			t.Fatalf("a line without a key: %s", line)
		}
		all[k[1]] = append(all[k[1]], placed.ReplaceAllString(line, ""))
	}
	return all
}

func same(a, b map[string][]string) bool { return maps.EqualFunc(a, b, slices.Equal) }

var flags = []string{"-i", "json", "-k", "k", "-f", "v", "-t", "t", "-w", "10s", "-r", "hot: mean(v) > 55 for 3s"}

// From nothing to three workers: the rows and alerts of each key are those of one rtda,
// also when a worker is killed, one is added and one taken away.
func TestEqualToOne(t *testing.T) {
	s := newServer(t)
	s.must("", "init", "plant", "--partitions", "5")
	run := append([]string{"run", "plant"}, flags...)
	first, second := s.start("", run...), s.start("", run...)
	in := records(12, 0, 300)
	rows, alerts := s.one(in, flags...)
	half := len(records(12, 0, 150))
	s.file("a.log", in[:half])
	s.must("", "put", "plant", "-k", "k", "a.log")
	out := s.start("", "out", "plant")
	out.awaitRows(12 * 150)
	_ = first.Process.Kill()
	s.start("", run...)
	s.file("a.log", in)
	s.must("", "put", "plant", "-k", "k", "a.log")
	second.stop()
	got := out.awaitRows(12 * 300)
	if a, b := byKey(t, rows), byKey(t, got); !same(a, b) {
		t.Errorf("rows: %d keys, want %d; of s1\n%s\nwant\n%s", len(b), len(a), strings.Join(b["s1"], "\n"), strings.Join(a["s1"], "\n"))
	}
	out.awaitErr("ALERT")
	s.await("all alerts", func() bool { return same(byKey(t, alerts), byKey(t, out.stderr.String())) })
	if !regexp.MustCompile(`(?m)^ALERT warn hot k=s\d+ mean\(v\)=\S+ file=in\.[0-4] line=[1-9]\d* time=`).MatchString(out.stderr.String()) {
		t.Errorf("alerts do not tell their place: %.300s", out.stderr.String())
	}
	s.await("the killed worker to be forgotten", func() bool { // its lease has 3 s
		status, _ := s.must("", "status", "plant")
		return strings.Contains(status, "group main: 1 worker\n")
	})
}

// A FILE goes into the stream exactly once, however often it is put; another one is
// read from its beginning, and told.
func TestPutFile(t *testing.T) {
	s := newServer(t)
	s.must("", "init", "plant", "--partitions", "3")
	count := func() (lines int) {
		s.Helper()
		in, err := s.js.Stream(t.Context(), "plant-in")
		if err != nil {
			t.Fatal(err)
		}
		for seq := uint64(1); ; seq++ {
			m, err := in.GetMsg(t.Context(), seq)
			if err != nil {
				return lines
			}
			lines += bytes.Count(m.Data, []byte{'\n'})
		}
	}
	put := func(want int, told string) {
		s.Helper()
		if _, stderr := s.must("", "put", "plant", "-k", "k", "a.log"); !strings.Contains(stderr, told) || told == "" && stderr != "" {
			t.Errorf("put says %q, want %q", stderr, told)
		}
		if got := count(); got != want {
			t.Errorf("%d lines are in the stream, want %d", got, want)
		}
	}
	s.file("a.log", records(5, 0, 10))
	put(50, "")
	put(50, "")
	s.file("a.log", records(5, 0, 12))
	put(60, "")
	s.file("a.log", records(5, 3, 2))
	put(70, "a.log: not the file that was put before, read from its beginning")
	s.file("a.log", records(5, 3, 2)+`{"k":"x"`)
	put(70, "")
	s.file("a.log", records(5, 3, 2)+`{"k":"x"`+"}\n")
	put(71, "a.log: its last line had no end when it was put")
	s.file("b.log", "\x1f\x8b\x08")
	s.refused(2, "b.log: a packed file cannot be gone on with: unpack it (gunzip)", "put", "plant", "-k", "k", "b.log")
	if err := func() error { _, err := s.js.Publish(t.Context(), "plant.in.0.mine", []byte("x\n")); return err }(); err != nil {
		t.Fatal(err)
	}
	s.refused(2, `--source: others than put FILE write to plant: name another: got "mine"`, "put", "plant", "-k", "k", "--source", "mine", "a.log")
}

// put and the server agree on the partition of a key, whatever stands in it.
func TestServerPartitions(t *testing.T) {
	s := newServer(t)
	s.must("", "init", "plant", "--partitions", "7", "--subject", "site.*.sensors.*")
	in, err := s.js.Stream(t.Context(), "plant-in")
	if err != nil {
		t.Fatal(err)
	}
	for i, key := range []string{"s1", "a", "Küche", "x-9_z", "7", "very-long-name-of-a-sensor"} {
		if _, err := s.js.Publish(t.Context(), "site.one.sensors."+key, []byte("{}")); err != nil {
			t.Fatal(err)
		}
		s.must(fmt.Sprintf("{\"k\":%q}\n", key), "put", "plant", "-k", "k", "--source", "mine")
		by, err := in.GetMsg(t.Context(), uint64(2*i+1))
		if err != nil {
			t.Fatal(err)
		}
		ours, err := in.GetMsg(t.Context(), uint64(2*i+2))
		if err != nil {
			t.Fatal(err)
		}
		if by.Subject != strings.TrimSuffix(ours.Subject, "mine")+key {
			t.Errorf("%s: the server has %s, put %s", key, by.Subject, ours.Subject)
		}
	}
}

// Lines whose key cannot be read are told by a worker, and header lines of a table
// that fit are none.
func TestBadLines(t *testing.T) {
	s := newServer(t)
	s.must("", "init", "plant", "--partitions", "3")
	w := s.start("", "run", "plant", "-i", "csv", "--names", "k,v", "-k", "k", "-f", "v")
	s.must("k,v\na,1\n,2\nb,x\n\"c\",3\n", "put", "plant", "-i", "csv", "--names", "k,v", "-k", "k")
	w.awaitErr("rtda: in.0:")
	w.awaitErr(`not-a-number: "x"`)
	out := s.start("", "out", "plant")
	if got := out.awaitRows(2); !strings.Contains(got, "k=a v_mean=1 ") || !strings.Contains(got, "k=c v_mean=3 ") {
		t.Errorf("rows: %s", got)
	}
	p := s.start("v,k\n1,a\n", "put", "plant", "-i", "csv", "--names", "k,v", "-k", "k")
	if status := p.status(); status != 1 || !strings.Contains(p.stderr.String(), "a header has the columns v,k, and --names says k,v") {
		t.Errorf("status %d, %s", status, &p.stderr)
	}
}

// A line that the server does not take is left out, and told.
func TestTooLong(t *testing.T) {
	s := newServer(t)
	s.must("", "init", "plant")
	long := `{"k":"` + strings.Repeat("x", 2<<20) + `"}`
	p := s.start(long+"\n{\"k\":\"a\"}\n", "put", "plant", "-k", "k", "--max-line", "4MiB")
	if status := p.status(); status != 3 || !strings.Contains(p.stderr.String(), "line 1: too-long (skipped; the server takes lines of 1044480 bytes)") {
		t.Errorf("status %d, %s", status, &p.stderr)
	}
}

// Workers of a group have the same flags; other ones are refused, or take their place.
func TestFlagsOfAGroup(t *testing.T) {
	s := newServer(t)
	s.must("", "init", "plant", "--partitions", "2")
	run := func(more ...string) []string {
		return append([]string{"run", "plant", "-i", "json", "-k", "k", "-f", "v", "-t", "t", "-w", "60s"}, more...)
	}
	s.must(records(3, 0, 5), "put", "plant", "-k", "k")
	hot, cold := []string{"-r", "hot: mean(v) > -1"}, []string{"-r", "cold: mean(v) < -1"}
	a := s.start("", run(hot...)...)
	out := s.start("", "out", "plant")
	out.awaitRows(15)
	s.refused(2, `-w: the group main runs with "1m": got "5m" (--replace changes it for all, --group NAME begins another)`,
		"run", "plant", "-i", "json", "-k", "k", "-f", "v", "-t", "t", "-w", "5m", "-r", "hot: mean(v) > -1")
	s.refused(2, `-w: the windows of the group main were made with "1m" and cannot go on with "5m"`,
		"run", "plant", "-i", "json", "-k", "k", "-f", "v", "-t", "t", "-w", "5m", "-r", "hot: mean(v) > -1", "--replace")
	s.refused(2, `-r: the group main runs with "hot: mean(v) > -1": got "cold: mean(v) < -1"`, run(cold...)...)
	s.refused(2, "--key: plant is split by k (put -k k), which must be among the keys", "run", "plant", "-i", "json", "-k", "t", "-f", "v", "--group", "other")
	s.refused(2, `--key: plant is split by k for ever, as its keys would move to other partitions: got "t"`, "put", "plant", "-k", "t")
	s.refused(2, `--in: plant gets its lines as json: got "logfmt"`, "put", "plant", "-k", "k", "-i", "logfmt")
	b := s.start("", run(append(cold, "--replace")...)...)
	if status := a.status(); status != 2 || !strings.Contains(a.stderr.String(), "the flags of the group main were changed by another worker (run --replace)") {
		t.Errorf("status %d, %s", status, &a.stderr)
	}
	s.await("RESOLVED of rules that are gone", func() bool { return strings.Count(out.stderr.String(), "by=rules") == 3 })
	c := s.start("", run(cold...)...) // 60s is 1m
	b.stop()
	s.must(records(3, 5, 5), "put", "plant", "-k", "k")
	out.awaitRows(30)
	c.stop()
	if n := strings.Count(out.stderr.String(), "by=rules"); n != 3 {
		t.Errorf("%d alerts were resolved, want 3: %s", n, out.stderr.String())
	}
}

// A stream that has lost its end, or its beginning, and a state that another version
// has written, are told.
func TestLost(t *testing.T) {
	s := newServer(t)
	ctx := t.Context()
	s.must("", "init", "plant", "--partitions", "1")
	run := append([]string{"run", "plant"}, flags...)
	s.must(records(3, 0, 30), "put", "plant", "-k", "k")
	w := s.start("", run...)
	out := s.start("", "out", "plant")
	out.awaitRows(90)
	w.stop()
	out.stop()

	states, err := s.js.Stream(ctx, "plant-state")
	if err != nil {
		t.Fatal(err)
	}
	saved, err := states.GetLastMsgForSubject(ctx, "plant.state.main.0.0")
	if err != nil {
		t.Fatal(err)
	}
	again := func(data []byte) {
		s.Helper()
		m := &nats.Msg{Subject: saved.Subject, Data: data, Header: saved.Header}
		m.Header.Del(jetstream.ExpectedLastSubjSeqHeader)
		m.Header.Del(jetstream.ExpectedLastSubjSeqSubjHeader)
		if _, err := s.js.PublishMsg(ctx, m); err != nil {
			t.Fatal(err)
		}
	}
	at := bytes.LastIndex(saved.Data, []byte("sample")) + len("sample") // the last of the flags; the version stands behind
	other := slices.Clone(saved.Data)
	other[at] = 99
	again(other)
	s.refused(2, "the state of partition 0: written by another version of rtda (a new --group begins anew)", run...)
	again(saved.Data)

	in, err := s.js.Stream(ctx, "plant-in")
	if err != nil {
		t.Fatal(err)
	}
	s.must(records(3, 30, 1), "put", "plant", "-k", "k")
	s.must(records(3, 31, 1), "put", "plant", "-k", "k")
	if err := in.Purge(ctx, jetstream.WithPurgeKeep(1)); err != nil {
		t.Fatal(err)
	}
	w = s.start("", run...)
	w.awaitErr("what was between may be lost")
	out = s.start("", "out", "plant")
	out.awaitRows(93)
	w.stop()

	for _, lost := range []string{"plant-in", "plant-out"} {
		if err := s.js.DeleteStream(ctx, lost); err != nil {
			t.Fatal(err)
		}
		s.must("", "init", "plant", "--partitions", "1")
		s.refused(1, lost+" has lost its end: ", run...)
	}
	if err := s.js.DeleteStream(ctx, "plant-state"); err != nil {
		t.Fatal(err)
	}
	s.refused(1, "there is no stream plant-state (rtda-nats init plant makes it)", run...)
	s.refused(2, "--partitions: plant has 1 partitions for ever, as its keys would move to others: got 2", "init", "plant", "--partitions", "2")
	s.refused(2, `--subject: another stream takes some of these messages already: got "sensors.*"`, "init", "mill")
}

// Time is when lines came into the stream, and the server's ticks move it: a rule finds
// a sensor that is silent, and one that never came.
func TestTicks(t *testing.T) {
	s := newServer(t)
	s.must("", "init", "plant", "--partitions", "2")
	w := s.start("", "run", "plant", "-i", "json", "-k", "k", "-q", "--expect", "a,b,never", "-r", "dead: age > 2s")
	s.must(`{"k":"a"}`+"\n"+`{"k":"b"}`+"\n", "put", "plant", "-k", "k")
	out := s.start("", "out", "plant")
	for _, key := range []string{"a", "b", "never"} {
		out.awaitErr("ALERT warn dead k=" + key + " ")
	}
	if strings.Contains(out.stderr.String(), "line=") {
		t.Errorf("the clock alone has no line: %s", out.stderr.String())
	}
	if got := strings.Count(out.stderr.String(), "k=never"); got != 1 {
		t.Errorf("a key that is expected stands in %d partitions, want 1", got)
	}
	w.stop()
}

// out goes on where the last one of its name ended, and runs a command for each alert.
func TestOut(t *testing.T) {
	s := newServer(t)
	s.must("", "init", "plant", "--partitions", "2")
	s.start("", append([]string{"run", "plant", "-o", "json", "--alert-format", "json"}, flags...)...)
	s.must(records(4, 0, 60), "put", "plant", "-k", "k")
	command := `printf '%s\n' "$RTDA_SEQ $RTDA_STATE $RTDA_KEY $RTDA_VALUE" >>actions; cat >>json`
	a := s.start("", "out", "plant", "--name", "db", "-x", command)
	first := a.awaitRows(240)
	a.awaitErr(`"state":"firing"`)
	var alerts int
	s.await("actions", func() bool {
		alerts = strings.Count(a.stderr.String(), "\n")
		done, _ := os.ReadFile(filepath.Join(s.dir, "actions"))
		return alerts > 0 && bytes.Count(done, []byte{'\n'}) == alerts
	})
	done, _ := os.ReadFile(filepath.Join(s.dir, "actions"))
	if !regexp.MustCompile(`(?m)^1 firing k=s\d \d+\.?\d*$`).Match(done) {
		t.Errorf("actions: %s", done)
	}
	var row struct {
		K                   string
		Partition, Sequence int
	}
	if line, _, _ := strings.Cut(first, "\n"); json.Unmarshal([]byte(line), &row) != nil || row.K == "" || row.Sequence != 1 {
		t.Errorf("the first row: %s", line)
	}
	s.await("acknowledgments", func() bool {
		c, err := s.js.Consumer(t.Context(), "plant-out", "out-main-db")
		return err == nil && c.CachedInfo().NumAckPending == 0
	})
	a.stop()
	s.must(records(4, 60, 10), "put", "plant", "-k", "k")
	b := s.start("", "out", "plant", "--name", "db")
	b.awaitRows(40)
	b.stop()
	if n := strings.Count(b.stdout.String(), "\n"); n != 40 {
		t.Errorf("%d rows come after the first 240, want 40", n)
	}
}

// A worker tells how it is, to who may ask.
func TestMetrics(t *testing.T) {
	s := newServer(t)
	s.must("", "init", "plant", "--partitions", "2")
	w := s.start("", append([]string{"run", "plant", "--http", "0"}, flags...)...)
	w.awaitErr("/metrics\n")
	_, rest, _ := strings.Cut(w.stderr.String(), "rtda-nats: ")
	url, _, _ := strings.Cut(rest, "\n")
	s.must(records(4, 0, 60), "put", "plant", "-k", "k")
	get := func(url string) string {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		b, _ := io.ReadAll(answer.Body)
		return string(b)
	}
	line := regexp.MustCompile(`(?m)^rtda_lines_total\{group="main",partition="[01]"\} (\d+)$`)
	s.await("lines_total", func() bool {
		sum := 0
		for _, m := range line.FindAllStringSubmatch(get(url), -1) {
			n, _ := strconv.Atoi(m[1])
			sum += n
		}
		return sum == 240
	})
	metrics := get(url)
	for _, want := range []string{"rtda_partitions 2\n", "# TYPE rtda_waiting gauge\n", `rtda_position{group="main",partition="0"} `, `rtda_info{version="`, "rtda_retries_total 0\n"} {
		if !strings.Contains(metrics, want) {
			t.Errorf("%q is not in\n%s", want, metrics)
		}
	}
	if got := get(strings.TrimSuffix(url, "metrics") + "healthz"); got != "ok\n" {
		t.Errorf("healthz: %s", got)
	}
}

// What one message of the input brings may be more than a message of the server takes,
// and so may a state: each is stored as a whole, and a worker goes on from it.
func TestLarge(t *testing.T) {
	s := newServer(t)
	s.must("", "init", "plant", "--partitions", "1")
	run := []string{"run", "plant", "-i", "json", "-k", "k", "-f", "v", "-t", "t", "-w", "3", "-n", "10s", "-a", "mean,min,max,count", "-r", "hot: mean(v) > 97"}
	const keys = 20_000
	in := records(keys, 1, 3)
	w := s.start("", run...)
	s.must(in, "put", "plant", "-k", "k")
	saved := func() uint64 {
		states, err := s.js.Stream(t.Context(), "plant-state")
		if err != nil {
			t.Fatal(err)
		}
		info, err := states.Info(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return info.State.Msgs
	}
	s.await("a state of several messages", func() bool { return saved() > 2 })
	w.stop()
	s.start("", run...)
	next := `{"t":1700000020,"k":"s0","v":1}` + "\n" // all keys have a row at the boundary before it
	s.must(next, "put", "plant", "-k", "k")
	out := s.start("", "out", "plant")
	rows, alerts := s.one(in+next, run[2:]...)
	got := out.awaitRows(keys)
	want := byKey(t, rows)
	want["s0"] = want["s0"][:1] // the other is of the end
	if !same(byKey(t, got), want) {
		t.Error("the rows are not those of one rtda")
	}
	s.await("all alerts", func() bool { return same(byKey(t, alerts), byKey(t, out.stderr.String())) })
	output, err := s.js.Stream(t.Context(), "plant-out")
	if err != nil {
		t.Fatal(err)
	}
	last, err := output.GetLastMsgForSubject(t.Context(), "plant.out.main.0.rows")
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := strconv.Atoi(last.Header.Get("Nats-Batch-Sequence")); n < 2 {
		t.Errorf("the rows of one message of the input were not stored as one: %v", last.Header)
	}
}
