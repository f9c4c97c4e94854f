package cmd

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A watched writer can be looked at while it is written to.
type watched struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (w *watched) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.Write(b)
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.String()
}

// await waits until the text holds what is wanted, some seconds at most.
func (w *watched) await(t *testing.T, want string) {
	t.Helper()
	for range 10000 {
		if strings.Contains(w.String(), want) {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("no %q in %q", want, w.String())
}

// A listening is a run that others feed, until stop.
type listening struct {
	stdout, stderr watched
	status         chan int
	t              *testing.T
}

func listenTo(t *testing.T, args ...string) *listening {
	t.Helper()
	guard := make(chan os.Signal, 64) // should a signal come when Main has ended
	signal.Notify(guard, syscall.SIGTERM)
	t.Cleanup(func() { signal.Stop(guard) })
	l := &listening{status: make(chan int, 1), t: t}
	go func() { l.status <- Main(args, strings.NewReader(""), &l.stdout, &l.stderr) }()
	l.stderr.await(t, "rtda: ")
	return l
}

// address is the first address of a scheme that it says it listens at.
func (l *listening) address(scheme string) string {
	l.t.Helper()
	l.stderr.await(l.t, "rtda: "+scheme+"://")
	_, rest, _ := strings.Cut(l.stderr.String(), "rtda: "+scheme+"://")
	addr, _, _ := strings.Cut(rest, "\n")
	return addr
}

func (l *listening) stop() {
	l.t.Helper()
	raise(syscall.SIGTERM)
	if status := <-l.status; status != 143 {
		l.t.Errorf("status %d, stderr %s", status, l.stderr.String())
	}
}

// send sends a text over a connection of its own, to its end.
func send(t *testing.T, addr, text string) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Error(err)
		return
	}
	if _, err := io.WriteString(c, text); err != nil {
		t.Error(err)
	}
	_ = c.(*net.TCPConn).CloseWrite()
	_, _ = io.Copy(io.Discard, c) // until all of it has been taken
	_ = c.Close()
}

// What eight connections bring is what one pipe brings. RTDA_LOAD is how many lines
// each of them has in place of 20,000.
func TestListenIsAPipe(t *testing.T) {
	const connections = 8
	lines := 20000
	if load, err := strconv.Atoi(os.Getenv("RTDA_LOAD")); err == nil {
		lines = load
	}
	texts := make([]string, connections)
	for i := range texts {
		var b strings.Builder
		for n := range lines {
			fmt.Fprintf(&b, "{\"sensor\":\"s%d\",\"temp\":%d.%d}\n", i, n%100, i)
		}
		texts[i] = b.String()
	}
	flags := []string{"-k", "sensor", "-f", "temp", "-w", "1000", "-n", "end", "-a", "count,sum,median,last"}
	var want bytes.Buffer
	began := time.Now()
	if status := Main(flags, strings.NewReader(strings.Join(texts, "")), &want, io.Discard); status != 0 {
		t.Fatal(status)
	}
	piped := time.Since(began)
	l := listenTo(t, append(flags, "--listen", "tcp://:0")...)
	addr := l.address("tcp")
	var all sync.WaitGroup
	began = time.Now()
	for _, text := range texts {
		all.Go(func() { send(t, addr, text) })
	}
	all.Wait()
	t.Logf("%d lines over %d connections in %v, through a pipe in %v", connections*lines, connections, time.Since(began), piped)
	l.stop()
	if got := l.stdout.String(); got != want.String() {
		t.Errorf("got\n%swant\n%s", got, want.String())
	}
}

// The 257th connection is closed and told, and the others go on; over as many, http
// answers 503.
func TestListenMost(t *testing.T) {
	l := listenTo(t, "-a", "count", "-w", "all", "--listen", "tcp://:0")
	addr := l.address("tcp")
	open := make([]net.Conn, 257)
	for i := range open {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		open[i] = c
	}
	l.stderr.await(t, "rtda: 256 connections are open: one more closed (--max-connections)")
	if _, err := open[256].Read(make([]byte, 1)); err == nil {
		t.Error("the last connection is open")
	}
	for i, c := range open[:256] {
		if _, err := io.WriteString(c, "1\n"); err != nil {
			t.Fatalf("connection %d: %v", i+1, err)
		}
	}
	l.stdout.await(t, "count=256\n")
	l.stop()
}

// Bad peers are told by their connection and hurt nobody else: a line without end,
// one that is reset, bytes without sense, and what a browser sends.
func TestListenBadPeers(t *testing.T) {
	l := listenTo(t, "-a", "count", "-w", "all", "--max-line", "4KiB", "--listen", "tcp://:0")
	addr := l.address("tcp")
	dial := func() *net.TCPConn {
		t.Helper()
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c.(*net.TCPConn)
	}
	endless, reset := dial(), dial()
	for range 100 {
		if _, err := endless.Write(bytes.Repeat([]byte("9"), 1<<14)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := reset.Write([]byte("1\n2")); err != nil {
		t.Fatal(err)
	}
	l.stdout.await(t, "count=1\n")
	if err := reset.SetLinger(0); err != nil {
		t.Fatal(err)
	}
	_ = reset.Close()
	l.stderr.await(t, "#2: connection reset by peer")
	send(t, addr, "3\n\x00\xff\x1b[2J\n4\n")
	l.stderr.await(t, `#3:2: not-a-number: "\u0000\xff\u001b[2J" (skipped)`)
	request := dial()
	if _, err := io.WriteString(request, "POST / HTTP/1.1\r\nHost: x\r\n\r\n5\n"); err != nil {
		t.Fatal(err)
	}
	l.stderr.await(t, "#4: closed: an HTTP request")
	l.stdout.await(t, "count=3\n")
	_ = endless.Close()
	l.stderr.await(t, "#1:1: too-long")
	l.stop()
}

// Two connections of csv have their columns in different order, and lines that
// are cut in two: each has its own header and its own lines.
func TestListenHeaders(t *testing.T) {
	l := listenTo(t, "-i", "csv", "-f", "a", "-a", "sum", "-w", "all", "--listen", "tcp://:0")
	addr := l.address("tcp")
	a, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	b, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	say := func(c net.Conn, text, want string) {
		t.Helper()
		if _, err := io.WriteString(c, text); err != nil {
			t.Fatal(err)
		}
		if want != "" {
			l.stdout.await(t, want)
		}
	}
	say(a, "a,b\n1,1000\n10", "a_sum=1\n")
	say(b, "b,a\n1000,100\n", "a_sum=101\n")
	say(a, ",1000\nx,5\n", "a_sum=111\n")
	l.stderr.await(t, "#1:4: not-a-number: \"x\" (skipped)")
	send(t, addr, "c,d\n1,2\n") // a header that cannot be used ends its connection only
	l.stderr.await(t, "#3:1: bad-header")
	say(b, "1000,1000\n", "a_sum=1111\n")
	l.stop()
	if got := l.stderr.String(); !strings.Contains(got, "rtda: 8 lines read, 2 skipped (1 bad-header, 1 not-a-number)") {
		t.Errorf("stderr %s", got)
	}
}

// A body is taken in whole before it is answered, and an alert says which input
// it came from.
func TestListenHTTP(t *testing.T) {
	l := listenTo(t, "-r", "hot: last > 80", "-q", "--listen", "http://:0")
	url := "http://" + l.address("http")
	r, err := http.Post(url, "text/plain", strings.NewReader("1\nx\n90\n"))
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Body.Close()
	if r.StatusCode != http.StatusNoContent {
		t.Errorf("status %d", r.StatusCode)
	}
	l.stderr.await(t, "ALERT warn hot last=90 file="+url+"#1 line=3")
	l.stop()
}

// --strict stops the run at a bad line, whoever sent it.
func TestListenStrict(t *testing.T) {
	l := listenTo(t, "--strict", "--listen", "tcp://:0")
	send(t, l.address("tcp"), "1\nx\n2\n")
	if status := <-l.status; status != 3 {
		t.Errorf("status %d", status)
	}
	if got := l.stderr.String(); !strings.Contains(got, "#1:2: not-a-number") {
		t.Errorf("stderr %s", got)
	}
}

func TestListenRefuses(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--listen", "tcp://" + taken.Addr().String()}, "address already in use"},
		{[]string{"--listen", "8000"}, "must be tcp://"},
		{[]string{"--listen", "udp://:0", "-i", "csv", "-f", "a"}, "add --names"},
		{[]string{"--listen", "fd:77"}, "is not open"},
		{[]string{"--listen", "tcp://:0", "--one-to-one", "-o", "json"}, "--one-to-one"},
		{[]string{"--max-connections", "3"}, "add --listen"},
		{[]string{"--http", taken.Addr().String()}, "address already in use"},
		{[]string{"--http", "0.0.0.0:0"}, "--http-token"},
		{[]string{"--http", "x"}, "must have a port"},
		{[]string{"--hold"}, "nobody looks"},
		{[]string{"--http-token", "none"}, "add --http"},
	} {
		var stderr bytes.Buffer
		if status := Main(c.args, strings.NewReader(""), io.Discard, &stderr); status != 2 || !strings.Contains(stderr.String(), c.want) {
			t.Errorf("%q: status %d, %s, want %q", c.args, status, &stderr, c.want)
		}
	}
}

// With a page or without, stdout and stderr are the same bytes, at the end of a
// stuck client too.
func TestPageChangesNothing(t *testing.T) {
	var input strings.Builder
	for i := range 50000 {
		fmt.Fprintf(&input, "{\"s\":\"%d\",\"v\":%d}\n", i%7, i*i%1009)
	}
	flags := []string{"-k", "s", "-f", "v", "-w", "50", "-a", "mean,max,count", "-r", "high: mean > 520 until mean < 480"}
	run := func(more ...string) (string, string) {
		var stdout, stderr bytes.Buffer
		if status := Main(append(flags, more...), strings.NewReader(input.String()), &stdout, &stderr); status != 0 {
			t.Fatalf("%q: status %d, %s", more, status, &stderr)
		}
		return stdout.String(), stderr.String()
	}
	for _, format := range []string{"text", "json", "prom", "none"} {
		wantOut, wantErr := run("-o", format)
		gotOut, gotErr := run("-o", format, "--http", ":0")
		_, gotErr, _ = strings.Cut(gotErr, "\n") // that it listens
		if gotOut != wantOut || gotErr != wantErr {
			t.Errorf("-o %s: with a page %d and %d bytes, without %d and %d", format, len(gotOut), len(gotErr), len(wantOut), len(wantErr))
		}
	}
}

// A page that is held outlives a client that goes away in the midst of an answer,
// which the system tells with SIGPIPE, tells the counts where it is asked for them, and
// leaves the status as it was.
func TestHeldPage(t *testing.T) {
	l := listenTo(t, "--http", ":0", "--hold")
	page := "http://" + l.address("http")
	for range 300 { // were it to end, it would while these are asked
		raise(syscall.SIGPIPE)
		r, err := http.Post(page+"healthz", "", nil)
		if err != nil {
			t.Fatalf("%v, stderr %s", err, l.stderr.String())
		}
		_ = r.Body.Close()
	}
	awaitEnd(t, page)
	raise(syscall.SIGUSR1)
	l.stderr.await(t, "rtda: 0 lines read, 0 skipped, 0 rows written, 0 alerts, 0 keys, 0 samples held\n")
	raise(syscall.SIGTERM)
	if status := <-l.status; status != 0 {
		t.Errorf("status %d, stderr %s", status, l.stderr.String())
	}
}

// Who can be reached from other machines asks for a token, unless it is told that
// everyone may look; it is the file's text without the end of its line.
func TestToken(t *testing.T) {
	dir := t.TempDir()
	token, empty := filepath.Join(dir, "token"), filepath.Join(dir, "empty")
	for name, text := range map[string]string{token: "s3cret\n", empty: "\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var stderr bytes.Buffer
	if status := Main([]string{"--http", ":0", "--http-token", empty}, strings.NewReader(""), io.Discard, &stderr); status != 2 {
		t.Errorf("an empty token: status %d, %s", status, &stderr)
	}
	for _, c := range []struct {
		addr, token   string
		without, with int
	}{
		{"0.0.0.0:0", token, 401, 200},
		{":0", token, 401, 200}, // on loopback too
		{"0.0.0.0:0", "none", 200, 200},
	} {
		l := listenTo(t, "--http", c.addr, "--hold", "--http-token", c.token)
		_, port, _ := strings.Cut(strings.TrimSuffix(l.address("http"), "/"), ":")
		port = port[strings.LastIndex(port, ":")+1:]
		ask := func(path, bearer string) int {
			r, err := http.NewRequest("GET", "http://127.0.0.1:"+port+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			if bearer != "" {
				r.Header.Set("Authorization", "Bearer "+bearer)
			}
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = answer.Body.Close()
			return answer.StatusCode
		}
		if got := [3]int{ask("/api/rows", ""), ask("/api/rows", "s3cret"), ask("/healthz", "")}; got != [3]int{c.without, c.with, 200} {
			t.Errorf("%s, token %s: %v", c.addr, c.token, got)
		}
		raise(syscall.SIGTERM)
		if status := <-l.status; status != 0 && status != 143 {
			t.Errorf("status %d, stderr %s", status, l.stderr.String())
		}
	}
}

// awaitEnd waits until a page says that the input has ended.
func awaitEnd(t *testing.T, page string) {
	t.Helper()
	for range 3000 {
		r, err := http.Get(page + "api/meta")
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r.Body)
		_ = r.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(b, []byte(`"ended":null`)) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the page does not say that the input has ended")
}
