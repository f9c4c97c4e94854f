package feed

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"rtda/pkg/parse"
	"rtda/pkg/socket"
)

// A taker takes the blocks of a Merge as a run does.
type taker struct {
	m     *Merge
	mu    sync.Mutex
	lines map[string][]string // by origin
	told  []string
	ended chan struct{}
	came  chan struct{} // one for every block
}

func newTaker() *taker {
	k := &taker{
		m: NewMerge(parse.ReaderConfig{MaxLine: 1 << 16}), lines: map[string][]string{},
		ended: make(chan struct{}), came: make(chan struct{}, 1<<20),
	}
	go func() {
		defer close(k.ended)
		var b parse.Block
		for k.m.Next(&b) == nil {
			k.mu.Lock()
			for line := range strings.Lines(string(b.Data)) {
				k.lines[b.Origin.Name] = append(k.lines[b.Origin.Name], strings.TrimSuffix(line, "\n"))
			}
			k.mu.Unlock()
			k.came <- struct{}{}
		}
	}()
	return k
}

func (k *taker) tell(line string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.told = append(k.told, line)
}

func (k *taker) of(origin string) []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.lines[origin]
}

// count is how often a line came, from whomever.
func (k *taker) count(line string) (n int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, lines := range k.lines {
		for _, l := range lines {
			if l == line {
				n++
			}
		}
	}
	return n
}

func (k *taker) said() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return strings.Join(k.told, "\n")
}

// until waits until ok, at most half a minute.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("%s: it does not come", what)
}

// bits gives its bytes in pieces of any size.
type bits struct {
	b   []byte
	rng *rand.Rand
}

func (p *bits) Read(b []byte) (int, error) {
	if len(p.b) == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(len(b), 1+p.rng.IntN(9000))], p.b)
	p.b = p.b[n:]
	return n, nil
}

func (p *bits) Close() error { return nil }

// All lines of all inputs come, those of an input in their order.
func TestMerge(t *testing.T) {
	k := newTaker()
	const inputs, lines = 20, 3000
	var done sync.WaitGroup
	for i := range inputs {
		var b bytes.Buffer
		for n := range lines {
			fmt.Fprintf(&b, "%d:%d%s\n", i, n, strings.Repeat("x", n%50))
		}
		p := &bits{b.Bytes(), rand.New(rand.NewPCG(uint64(i), 1))}
		done.Add(1)
		k.m.Add(&parse.Origin{Name: fmt.Sprint(i), Open: func() (io.ReadCloser, error) { return p, nil }}, func(err error) {
			if err != nil {
				t.Error(err)
			}
			done.Done()
		})
	}
	done.Wait()
	if k.m.Len() != 0 {
		t.Errorf("%d inputs are left", k.m.Len())
	}
	k.m.Close()
	<-k.ended
	for i := range inputs {
		got := k.of(fmt.Sprint(i))
		if len(got) != lines {
			t.Fatalf("input %d: %d lines", i, len(got))
		}
		for n, line := range got {
			if want := fmt.Sprintf("%d:%d%s", i, n, strings.Repeat("x", n%50)); line != want {
				t.Fatalf("input %d, line %d: %q", i, n, line)
			}
		}
	}
	if k.m.Add(&parse.Origin{}, nil) {
		t.Error("an input is added to what is closed")
	}
}

// Nothing is read ahead but what one block of an input takes.
func TestMergeDoesNotReadAhead(t *testing.T) {
	m := NewMerge(parse.ReaderConfig{Size: 4096})
	defer m.Close()
	read := make(chan int, 1000)
	m.Add(&parse.Origin{Open: func() (io.ReadCloser, error) {
		return io.NopCloser(readerFunc(func(b []byte) (int, error) {
			read <- 1
			return copy(b, "1\n"), nil
		})), nil
	}}, nil)
	var b parse.Block
	for n := 1; n < 50; n++ {
		if err := m.Next(&b); err != nil {
			t.Fatal(err)
		}
		if len(read) > n {
			t.Fatalf("%d reads for %d blocks", len(read), n)
		}
	}
}

type readerFunc func(b []byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

func TestDrop(t *testing.T) {
	k := newTaker()
	ended := make(chan error, 2)
	o := &parse.Origin{Name: "a", Open: func() (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(strings.Repeat("1\n", 1<<20))), nil
	}}
	k.m.Add(o, func(err error) { ended <- err })
	<-k.came
	k.m.Drop(o)
	k.m.Drop(o)
	if err := <-ended; err != nil && !errors.Is(err, errDropped) {
		t.Error(err)
	}
	k.m.Close()
	<-k.ended
}

// A stand listens at an address.
func stand(t *testing.T, k *taker, scheme string, most int) (l *Listeners, name string) {
	t.Helper()
	l = NewListeners(k.m, ListenConfig{
		MaxConnections: most, Tell: k.tell,
		HostAllowed: func(host string) bool { return strings.HasPrefix(host, "127.0.0.1") },
	})
	name, err := l.Listen(socket.Address{Scheme: scheme, Host: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		k.m.Close()
		<-k.ended
	})
	return l, name
}

func dial(t *testing.T, name string) net.Conn {
	t.Helper()
	network, addr, _ := strings.Cut(name, "://")
	c, err := net.Dial(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func say(t *testing.T, c net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
}

func TestTCP(t *testing.T) {
	k := newTaker()
	l, name := stand(t, k, "tcp", 256)
	a, b := dial(t, name), dial(t, name)
	say(t, a, "1\n2")
	until(t, "the first line", func() bool { return len(k.of(name+"#1")) == 1 })
	say(t, b, "7\n")
	until(t, "a line of the second", func() bool { return len(k.of(name+"#2")) == 1 })
	if l.Connections() != 2 {
		t.Errorf("%d connections", l.Connections())
	}
	_ = a.Close() // a line that is not finished is one
	until(t, "the end of the first", func() bool { return l.Connections() == 1 })
	if got := k.of(name + "#1"); len(got) != 2 || got[1] != "2" {
		t.Errorf("lines %q", got)
	}
	// a peer that is reset ends its connection only
	if err := b.(*net.TCPConn).SetLinger(0); err != nil {
		t.Fatal(err)
	}
	_ = b.Close()
	until(t, "the end of the second", func() bool { return l.Connections() == 0 })
	if want := name + "#2: connection reset by peer"; k.said() != want {
		t.Errorf("told %q, want %q", k.said(), want)
	}
	c := dial(t, name)
	say(t, c, "3\n")
	until(t, "a line of the third", func() bool { return len(k.of(name+"#3")) == 1 })
}

// A scarce listener has no descriptor for a connection at first.
type scarce struct {
	net.Listener
	errs []error
}

func (s *scarce) Accept() (net.Conn, error) {
	if len(s.errs) == 0 {
		return s.Listener.Accept()
	}
	err := s.errs[0]
	s.errs = s.errs[1:]
	return nil, &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", err)}
}

func TestTooManyFiles(t *testing.T) {
	for _, scheme := range []string{"tcp", "http"} {
		k := newTaker()
		l, _ := stand(t, k, scheme, 3)
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		name := scheme + "://" + listener.Addr().String()
		s := &socket.Listener{Name: name, Listener: &scarce{listener, []error{syscall.EMFILE, syscall.EMFILE}}}
		if scheme == "http" {
			go l.serveHTTP(s)
			_, err = http.Post(name, "", strings.NewReader("1\n"))
		} else {
			l.closers = append(l.closers, s)
			go l.accept(s)
			say(t, dial(t, name), "1\n")
		}
		until(t, "a line", func() bool { return len(k.of(name+"#1")) == 1 })
		if want := name + ": connections wait: too many open files (see ulimit -n)"; k.said() != want || err != nil {
			t.Errorf("told %q, want %q; error %v", k.said(), want, err)
		}
	}
}

func TestTooManyConnections(t *testing.T) {
	k := newTaker()
	l, name := stand(t, k, "tcp", 3)
	for range 3 {
		dial(t, name)
	}
	until(t, "three connections", func() bool { return l.Connections() == 3 })
	c := dial(t, name)
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("a fourth one is open")
	}
	until(t, "the complaint", func() bool { return k.said() == "3 connections are open: one more closed (--max-connections)" })
}

// A browser that is made to send a request to a port of tcp feeds nothing.
func TestRequestToTCP(t *testing.T) {
	for _, pieces := range [][]string{
		{"POST / HTTP/1.1\r\nHost: x\r\n\r\n1\n"},
		{"PO", "ST / HT", "TP/1.1\r\n1\n2\n"},
		{"GET http://x/ HTTP/1.0\n"},
	} {
		k := newTaker()
		l, name := stand(t, k, "tcp", 9)
		c := dial(t, name)
		for _, p := range pieces {
			say(t, c, p)
			time.Sleep(time.Millisecond)
		}
		until(t, "its end", func() bool { return k.said() != "" && l.Connections() == 0 })
		if got := k.of(name + "#1"); len(got) > 0 || !strings.HasPrefix(k.said(), name+"#1: closed: an HTTP request") {
			t.Errorf("%q: lines %q, told %q", pieces, got, k.said())
		}
	}
	k := newTaker()
	_, name := stand(t, k, "tcp", 9)
	for i, text := range []string{"POST\n", "TIME,VALUE\n", "A / HTTP/x\n", strings.Repeat("A", 3*maxLine) + "\n", "\n", "Z"} {
		c := dial(t, name)
		say(t, c, text)
		_ = c.Close()
		origin := fmt.Sprintf("%s#%d", name, i+1)
		until(t, text[:1], func() bool { return len(k.of(origin)) == 1 })
		if got := k.of(origin)[0]; got != strings.TrimSuffix(text, "\n") {
			t.Errorf("%q is given as %q", text, got)
		}
	}
}

// A peer that says a byte now and then, and one whose line never ends, hold up
// nobody, and take no more than a line may have.
func TestSlowAndEndless(t *testing.T) {
	k := newTaker()
	_, name := stand(t, k, "tcp", 9)
	slow, endless, good := dial(t, name), dial(t, name), dial(t, name)
	say(t, slow, "1")
	go func() {
		for range 200 {
			if _, err := endless.Write(bytes.Repeat([]byte("9"), 1<<14)); err != nil {
				return
			}
		}
	}()
	for range 100 {
		say(t, good, "5\n")
	}
	until(t, "the good one's lines", func() bool { return len(k.of(name+"#3")) == 100 })
}

func TestHTTP(t *testing.T) {
	k := newTaker()
	_, name := stand(t, k, "http", 2)
	post := func(body io.Reader, header ...string) int {
		t.Helper()
		r, err := http.NewRequest("POST", name+"/any/path", body)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(header); i += 2 {
			if header[i] == "Host" {
				r.Host = header[i+1]
			} else if header[i] == "method" {
				r.Method = header[i+1]
			} else {
				r.Header.Set(header[i], header[i+1])
			}
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		return answer.StatusCode
	}
	if got := post(strings.NewReader("1\n2\n3")); got != 204 || len(k.of(name+"#1")) != 3 {
		t.Errorf("%d, lines %q", got, k.of(name+"#1"))
	}
	if got := post(strings.NewReader("")); got != 204 {
		t.Errorf("an empty body: %d", got)
	}
	for _, c := range []struct {
		name   string
		header []string
		want   int
	}{
		{"a web page", []string{"Origin", "http://127.0.0.1"}, 403},
		{"another name", []string{"Host", "evil.example"}, 403},
		{"GET", []string{"method", "GET"}, 405},
		{"PUT, as curl -T sends", []string{"method", "PUT"}, 204},
	} {
		if got := post(strings.NewReader("4\n"), c.header...); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
	// bodies that do not end keep their place
	var hold []*io.PipeWriter
	for range 2 {
		r, w := io.Pipe()
		hold = append(hold, w)
		go func() {
			if answer, err := http.Post(name, "text/plain", r); err == nil {
				_ = answer.Body.Close()
			}
		}()
		if _, err := io.WriteString(w, "8\n"); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "the open bodies", func() bool { return k.count("8") == len(hold) }) // else one below may take their place
	if got := post(strings.NewReader("9\n")); got != 503 {
		t.Errorf("a body for which there is no place: %d", got)
	}
	for _, w := range hold {
		_ = w.Close()
	}
	until(t, "a free place", func() bool { return post(strings.NewReader("9\n")) == 204 })
}

// A body that breaks off is told, and what came of it stays taken.
func TestBrokenBody(t *testing.T) {
	k := newTaker()
	_, name := stand(t, k, "http", 2)
	_, addr, _ := strings.Cut(name, "://")
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	say(t, c, "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n1\n")
	until(t, "its first line", func() bool { return len(k.of(name+"#1")) == 1 })
	_ = c.Close()
	until(t, "its end", func() bool { return strings.HasPrefix(k.said(), name+"#1: ") })
}

func TestUDP(t *testing.T) {
	k := newTaker()
	l, name := stand(t, k, "udp", 2)
	c := dial(t, name)
	say(t, c, "1")
	say(t, c, "2\n3\n")
	say(t, c, "")
	say(t, c, strings.Repeat("4\n", 8000))
	until(t, "all datagrams", func() bool { return len(k.of(name)) == 8003 })
	if got := k.of(name)[:4]; strings.Join(got, " ") != "1 2 3 4" {
		t.Errorf("lines %q", got)
	}
	if n := l.UDPDropped(true); n != 0 || k.said() != "" {
		t.Errorf("%d dropped, told %q", n, k.said())
	}
}

// What the system drops while nobody reads is counted and told once.
func TestUDPDrops(t *testing.T) {
	k := &taker{}
	m := NewMerge(parse.ReaderConfig{})
	l := NewListeners(m, ListenConfig{Tell: k.tell})
	name, err := l.Listen(socket.Address{Scheme: "udp", Host: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	defer m.Close()
	c := dial(t, name)
	datagram := bytes.Repeat([]byte("1\n"), 4000)
	for range 5000 {
		if _, err := c.Write(datagram); err != nil {
			t.Fatal(err)
		}
	}
	n := l.UDPDropped(true)
	if n == 0 {
		t.Skip("this system does not say what it drops")
	}
	if want := fmt.Sprintf("%s: the system has dropped %d datagrams that came too fast (%d in all)", name, n, n); k.said() != want {
		t.Errorf("told %q, want %q", k.said(), want)
	}
	if l.UDPDropped(true); strings.Contains(k.said(), "\n") {
		t.Errorf("told again: %q", k.said())
	}
}

// Random bytes from many peers at once do no harm.
func TestRandomPeers(t *testing.T) {
	k := newTaker()
	l, name := stand(t, k, "tcp", 64)
	var all sync.WaitGroup
	for i := range 64 {
		c := dial(t, name)
		all.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(i), 9))
			b := make([]byte, 5000)
			for n := range b {
				b[n] = byte(rng.Uint32())
			}
			_, _ = c.Write(b)
			_ = c.Close()
		})
	}
	all.Wait()
	until(t, "their end", func() bool { return l.Connections() == 0 })
}

// An HTTP client that says no more loses its connection, in the header as in the
// body of what is taken and of what is not; others are answered meanwhile.
func TestSlowHTTP(t *testing.T) {
	k := newTaker()
	l := NewListeners(k.m, ListenConfig{
		MaxConnections: 50, Tell: k.tell,
		HostAllowed: func(host string) bool { return strings.HasPrefix(host, "127.0.0.1") },
	})
	l.headerTime, l.bodyTime = 500*time.Millisecond, 500*time.Millisecond
	name, err := l.Listen(socket.Address{Scheme: "http", Host: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = l.Close()
		k.m.Close()
		<-k.ended
	}()
	var slow []net.Conn
	for _, text := range []string{
		"", "POST / HT", "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nA: b",
		"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n1\n2",
		"POST / HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 100\r\n\r\n1\n2",
		"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n1\n2",
	} {
		c := dial(t, strings.Replace(name, "http", "tcp", 1))
		say(t, c, text)
		slow = append(slow, c)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Post(name, "", strings.NewReader("7\n"))
	if err != nil || answer.StatusCode != 204 {
		t.Fatalf("%v, %v", answer, err)
	}
	_ = answer.Body.Close()
	for i, c := range slow {
		_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, err := io.Copy(io.Discard, c); err != nil {
			t.Errorf("slow client %d keeps its connection: %v", i, err)
		}
	}
	until(t, "their end", func() bool { return l.Connections() == 0 })
}
