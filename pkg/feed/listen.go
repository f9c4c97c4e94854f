package feed

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"rtda/pkg/num"
	"rtda/pkg/parse"
	"rtda/pkg/socket"
)

// Bounds on what others may take.
const (
	headerTime = 5 * time.Second  // for the header of an HTTP request
	bodyTime   = 30 * time.Second // between bytes of its body
	maxHeader  = 16 << 10
	maxLine    = 8 << 10 // of the first line of a connection that is looked at
)

// A ListenConfig says who may feed a run and what is told of them.
type ListenConfig struct {
	MaxConnections int
	HostAllowed    func(host string) bool // of an HTTP request
	Tell           func(line string)      // a complaint; called from any goroutine
}

// Listeners are the addresses at which a run is fed.
type Listeners struct {
	c     ListenConfig
	merge *Merge
	// headerTime and bodyTime are the bounds of those names; tests have less time.
	headerTime, bodyTime time.Duration

	open  atomic.Int64 // connections
	full  atomic.Int64 // connections refused because there are too many
	waits atomic.Int64 // times that connections began to wait for descriptors

	mu      sync.Mutex
	closers []io.Closer
	conns   map[net.Conn]bool
	shut    bool
	udp     []*datagrams
}

// NewListeners feeds m with what comes to the addresses that are opened.
func NewListeners(m *Merge, c ListenConfig) *Listeners {
	return &Listeners{c: c, merge: m, conns: make(map[net.Conn]bool), headerTime: headerTime, bodyTime: bodyTime}
}

// Connections is how many there are.
func (l *Listeners) Connections() int { return int(l.open.Load()) }

// Listen opens an address and returns its name, as messages show it. What comes
// there is taken from now on.
func (l *Listeners) Listen(a socket.Address) (name string, err error) {
	if a.Scheme == "udp" {
		return l.listenUDP(a)
	}
	s, err := socket.Listen(a)
	if err != nil {
		return "", err
	}
	l.closers = append(l.closers, s)
	if a.Scheme == "http" {
		go l.serveHTTP(s)
	} else {
		go l.accept(s)
	}
	return s.Name, nil
}

// accept takes connections, each an input of its own.
func (l *Listeners) accept(s *socket.Listener) {
	taken := telling{Listener: s, tell: func() { l.tellWaiting(s.Name) }}
	for n := 1; ; n++ {
		conn, err := taken.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(10 * time.Millisecond) // no descriptors are left, or the peer has gone
			n--
			continue
		}
		if !l.enter(conn) {
			n--
			continue
		}
		l.feed(conn, fmt.Sprintf("%s#%d", s.Name, n), s.Addr().Network() == "tcp")
	}
}

// enter counts a connection, or closes it where there are too many.
func (l *Listeners) enter(conn net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shut || len(l.conns) >= l.c.MaxConnections {
		_ = conn.Close()
		if !l.shut {
			l.tellFull()
		}
		return false
	}
	l.conns[conn] = true
	l.open.Add(1)
	return true
}

func (l *Listeners) leave(conn net.Conn) {
	_ = conn.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conns[conn] {
		delete(l.conns, conn)
		l.open.Add(-1)
	}
}

// A telling listener tells when connections begin to wait for descriptors.
type telling struct {
	net.Listener
	tell    func()
	waiting bool
}

// Accept takes the next connection.
func (t *telling) Accept() (net.Conn, error) {
	conn, err := t.Listener.Accept()
	was := t.waiting
	if t.waiting = errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE); t.waiting && !was {
		t.tell()
	}
	return conn, err
}

// tellWaiting tells that connections wait at an address because no more files can be
// open: the first five times that it begins, the 10th, the 100th …
func (l *Listeners) tellWaiting(name string) {
	if n := l.waits.Add(1); num.IsTold(int(n)) {
		l.c.Tell(name + ": connections wait: too many open files (see ulimit -n)")
	}
}

// tellFull tells of a connection refused: the first five, the 10th, the 100th …
func (l *Listeners) tellFull() {
	if n := l.full.Add(1); num.IsTold(int(n)) {
		l.c.Tell(fmt.Sprintf("%s open: %s closed (--max-connections)", times(int64(l.c.MaxConnections), "1 connection is", "connections are"), times(n, "one more", "more")))
	}
}

func times(n int64, one, many string) string {
	if n == 1 {
		return one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// feed reads a connection as an input. No web page can feed a run: a connection
// of tcp that begins like an HTTP request is closed before any line is used.
func (l *Listeners) feed(conn net.Conn, name string, guard bool) {
	var in io.ReadCloser = conn
	if guard {
		in = &guarded{Conn: conn, r: bufio.NewReaderSize(conn, maxLine)}
	}
	if !l.add(name, in, func(err error) {
		l.leave(conn)
		l.tellEnd(name, err)
	}) {
		l.leave(conn)
	}
}

func (l *Listeners) add(name string, in io.ReadCloser, done func(err error)) bool {
	return l.merge.Add(&parse.Origin{Name: name, Alone: true, Open: func() (io.ReadCloser, error) { return in, nil }}, done)
}

// tellEnd tells of an input that ended with an error, which others brought about.
func (l *Listeners) tellEnd(name string, err error) {
	if err != nil && !errors.Is(err, errDropped) && !errors.Is(err, net.ErrClosed) {
		l.c.Tell(ended(name, err))
	}
}

// ended is what is told of an input that ended with an error, which names it.
func ended(name string, err error) string {
	text := socket.Cause(err).Error()
	if !strings.HasPrefix(text, name) {
		text = name + ": " + text
	}
	return text
}

// errHTTP ends a connection on which a browser, or another client of HTTP, talks.
var errHTTP = errors.New("closed: an HTTP request, which only http://HOST:PORT takes")

// requestLine is the first line of an HTTP request.
var requestLine = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Z]+ [^ ]+ HTTP/[0-9.]+\r?\n`) })

// A guarded connection looks at its first line before it gives any byte.
type guarded struct {
	net.Conn
	r      *bufio.Reader
	looked bool
}

func (g *guarded) Read(b []byte) (int, error) {
	if !g.looked {
		if err := g.look(); err != nil {
			return 0, err
		}
		g.looked = true
	}
	if g.r != nil && g.r.Buffered() > 0 {
		return g.r.Read(b[:min(len(b), g.r.Buffered())])
	}
	g.r = nil
	return g.Conn.Read(b)
}

// look waits for the first line, as long as it can be that of a request.
func (g *guarded) look() error {
	for n := 1; n <= maxLine; {
		if _, err := g.r.Peek(n); err != nil {
			return nil // whatever it is, the next read says so behind what there is
		}
		b, _ := g.r.Peek(g.r.Buffered())
		switch end := bytes.IndexByte(b, '\n'); {
		case end >= 0 && requestLine().Match(b[:end+1]):
			return errHTTP
		case end >= 0, b[0] < 'A' || b[0] > 'Z':
			return nil
		}
		n = len(b) + 1
	}
	return nil
}

// serveHTTP takes POST requests, each an input of its own.
func (l *Listeners) serveHTTP(s *socket.Listener) {
	var n atomic.Int64
	server := http.Server{
		ReadHeaderTimeout: l.headerTime, IdleTimeout: l.bodyTime, MaxHeaderBytes: maxHeader,
		ErrorLog: log.New(io.Discard, "", 0), // what a bad client says is of no interest
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			l.post(w, r, s.Name, &n)
		}),
	}
	l.mu.Lock()
	l.closers = append(l.closers, &server)
	l.mu.Unlock()
	_ = server.Serve(&telling{Listener: s, tell: func() { l.tellWaiting(s.Name) }}) // it ends when the listener is closed
}

// post takes one request. It is answered when all its lines have been taken.
func (l *Listeners) post(w http.ResponseWriter, r *http.Request, address string, n *atomic.Int64) {
	control := http.NewResponseController(w)
	// A request that is refused has no more time for its body, which is passed over.
	_ = control.SetReadDeadline(time.Now().Add(l.headerTime)) // there always is a connection
	switch {
	case r.Header.Get("Origin") != "":
		http.Error(w, "a web page may not feed rtda", http.StatusForbidden)
		return
	case !l.c.HostAllowed(r.Host):
		http.Error(w, "this host has another name (--http-host NAME allows it)", http.StatusForbidden)
		return
	case r.Method != http.MethodPost && r.Method != http.MethodPut:
		w.Header().Set("Allow", "POST, PUT")
		http.Error(w, "send lines with POST", http.StatusMethodNotAllowed)
		return
	case l.open.Add(1) > int64(l.c.MaxConnections):
		l.open.Add(-1)
		l.tellFull()
		http.Error(w, "too many connections", http.StatusServiceUnavailable)
		return
	}
	defer l.open.Add(-1)
	name := fmt.Sprintf("%s#%d", address, n.Add(1))
	body := &patient{ReadCloser: r.Body, control: control, time: l.bodyTime}
	done := make(chan error, 1)
	if !l.add(name, body, func(err error) { done <- err }) {
		http.Error(w, "rtda is ending", http.StatusServiceUnavailable)
		return
	}
	switch err := <-done; {
	case err == nil:
		w.WriteHeader(http.StatusNoContent)
	case errors.Is(err, errDropped):
		http.Error(w, "not all lines were taken", http.StatusBadRequest)
	default:
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = errors.New("the connection ended before the body did")
		}
		l.c.Tell(ended(name, err))
		http.Error(w, "the body ended before its time", http.StatusBadRequest)
	}
}

// A patient body may be silent for some time, and no longer.
type patient struct {
	io.ReadCloser
	control *http.ResponseController
	time    time.Duration
}

func (p *patient) Read(b []byte) (int, error) {
	_ = p.control.SetReadDeadline(time.Now().Add(p.time)) // there always is a connection
	return p.ReadCloser.Read(b)
}

// listenUDP takes datagrams, all of an address one input: each is a line or more.
func (l *Listeners) listenUDP(a socket.Address) (string, error) {
	conn, name, err := socket.ListenUDP(a)
	if err != nil {
		return "", err
	}
	d := &datagrams{conn: conn, name: name}
	l.mu.Lock()
	l.udp = append(l.udp, d)
	l.closers = append(l.closers, conn)
	l.mu.Unlock()
	l.add(name, d, func(err error) { l.tellEnd(name, err) })
	return name, nil
}

// datagrams reads each datagram as the lines that it is.
type datagrams struct {
	conn    *net.UDPConn
	name    string
	rest    []byte
	b       [1 << 16]byte
	dropped int64 // as told last
}

func (d *datagrams) Read(b []byte) (int, error) {
	for len(d.rest) == 0 {
		n, err := d.conn.Read(d.b[:len(d.b)-1])
		if err != nil {
			return 0, err
		}
		d.rest = d.b[:n]
		if n > 0 && d.b[n-1] != '\n' {
			d.b[n] = '\n'
			d.rest = d.b[:n+1]
		}
	}
	n := copy(b, d.rest)
	d.rest = d.rest[n:]
	return n, nil
}

func (d *datagrams) Close() error { return d.conn.Close() }

// UDPDropped is how many datagrams the system has dropped at the addresses of
// udp, because they came faster than they were read. What has grown since the
// last call is told, if tell is set. Systems without /proc/net/udp say 0.
func (l *Listeners) UDPDropped(tell bool) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	var total int64
	for _, d := range l.udp {
		addr, ok := d.conn.LocalAddr().(*net.UDPAddr)
		if !ok {
			continue
		}
		n := kernelDrops(addr)
		if tell && n > d.dropped {
			l.c.Tell(fmt.Sprintf("%s: the system has dropped %d datagrams that came too fast (%d in all)", d.name, n-d.dropped, n))
			d.dropped = n
		}
		total += n
	}
	return total
}

// kernelDrops reads the last column of the line of an address in /proc/net/udp.
func kernelDrops(addr *net.UDPAddr) int64 {
	file := "/proc/net/udp"
	if addr.IP.To4() == nil {
		file = "/proc/net/udp6"
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	port := fmt.Sprintf(":%04X", addr.Port)
	var total int64
	for line := range strings.Lines(string(b)) {
		cells := strings.Fields(line)
		if len(cells) < 3 || !strings.HasSuffix(cells[1], port) {
			continue
		}
		if n, err := strconv.ParseInt(cells[len(cells)-1], 10, 64); err == nil {
			total += n
		}
	}
	return total
}

// Close stops listening and ends all connections.
func (l *Listeners) Close() error {
	l.mu.Lock()
	l.shut = true
	closers := l.closers
	for conn := range l.conns {
		_ = conn.Close()
	}
	l.mu.Unlock()
	var all error
	for _, c := range closers {
		if err := c.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			all = errors.Join(all, err)
		}
	}
	return all
}
