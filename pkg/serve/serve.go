// Package serve shows a board over HTTP: a page that draws itself, JSON, events
// and metrics for Prometheus. It only reads, and nothing that a client does holds
// up the run.
package serve

import (
	"compress/gzip"
	"context"
	"embed"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"rtda/pkg/board"
	"rtda/pkg/stream"
)

//go:embed page
var page embed.FS

// Bounds on what a client may take.
const (
	headerTime = 5 * time.Second  // for the header of a request
	idleTime   = 60 * time.Second // between two requests
	answerTime = 30 * time.Second // for an answer to be taken
	maxHeader  = 16 << 10
)

// A Column is a column of the rows.
type Column struct {
	Name   string  `json:"name"`
	Agg    string  `json:"agg"`
	Field  string  `json:"field"`  // "" for plain numbers
	Window *string `json:"window"` // nil for statistics of no window
}

// A Rule is one rule as it was understood.
type Rule struct {
	Name     string `json:"name"`
	Severity string `json:"severity"`
	Expr     string `json:"expr"`
}

// A Config is what is served and who may ask for it.
type Config struct {
	Version string
	Keys    []string // names of the key fields
	Columns []Column
	Clock   bool
	Rules   []Rule
	Board   *board.Board

	Alert      func(dst []byte, a *board.Alert) []byte      // an alert line as JSON
	Metrics    func(dst []byte, last *stream.Result) []byte // the last rows for Prometheus
	LabelNames []string                                     // names of the key fields as labels
	Own        func() Own                                   // of the process
	Failed     func() bool                                  // reading or writing has failed
	Reasons    []string                                     // of skipped lines, by index of Stats.Skipped
	Now        func() time.Time

	Token string   // who asks must know it; "" is nobody has to
	Hosts []string // names this machine is called by, beside its own
	Guard bool     // the Host of a request is looked at: off for unix sockets
	Port  string   // distinguishes the cookies of servers of one host
}

// Own are metrics of the process.
type Own struct {
	Memory        uint64  // bytes
	CPU           float64 // seconds
	Connections   int     // that feed the run
	UDPDropped    int64
	ActionsFailed int64
}

// A Server shows one run. What it shows may change while it listens: before the
// fields are known there is nothing to see.
type Server struct {
	http http.Server
	now  atomic.Pointer[site]
}

// A site is what a Server shows of one board.
type site struct {
	cfg     Config
	hub     hub
	started time.Time
	handler http.Handler

	takeTime    time.Duration // a client of events that takes nothing for so long is dropped
	commentTime time.Duration // so often it gets a comment

	mu    sync.Mutex
	ended time.Time
}

// New makes a Server that listens nowhere yet.
func New(cfg Config) *Server {
	s := &Server{}
	s.http = newHTTP(func(w http.ResponseWriter, r *http.Request) { s.now.Load().handler.ServeHTTP(w, r) })
	s.Show(cfg)
	return s
}

func newHTTP(handler http.HandlerFunc) http.Server {
	return http.Server{ReadHeaderTimeout: headerTime, IdleTimeout: idleTime, MaxHeaderBytes: maxHeader, ErrorLog: discard, Handler: hasty(handler)}
}

// hasty gives the body of a request, which is passed over, no more time than its
// header had.
func hasty(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if server, ok := r.Context().Value(http.ServerContextKey).(*http.Server); ok && r.ContentLength != 0 {
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(server.ReadHeaderTimeout)) // there always is a connection
		}
		next(w, r)
	}
}

// NewPaths makes a server of other paths for those who may ask.
func NewPaths(cfg Config, paths map[string]http.HandlerFunc) *http.Server {
	s := newHTTP((&site{cfg: cfg}).guarded(choose(paths)).ServeHTTP)
	return &s
}

// Show shows another board from now on. Clients of events come again by
// themselves.
func (s *Server) Show(cfg Config) {
	next := &site{cfg: cfg, started: cfg.Now(), takeTime: takeTime, commentTime: commentTime}
	next.hub.init(next)
	next.handler = next.guarded(next.routes())
	if last := s.now.Swap(next); last != nil {
		next.started = last.started
		last.hub.close()
	}
}

// Serve answers what comes to l, until Close.
func (s *Server) Serve(l net.Listener) error {
	err := s.http.Serve(l)
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// End tells all clients that the input has ended. With hold the board goes on
// being served.
func (s *Server) End(status int, hold bool) { s.now.Load().end(status, hold) }

func (s *site) end(status int, hold bool) {
	s.mu.Lock()
	s.ended = s.cfg.Now()
	s.mu.Unlock()
	s.hub.end(status, hold)
}

// Close stops serving. Answers under way have a moment to be taken.
func (s *Server) Close(moment time.Duration) {
	s.now.Load().hub.close()
	ctx, cancel := context.WithTimeout(context.Background(), moment)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		_ = s.http.Close() // those that are left have had their time
	}
}

func (s *site) routes() http.Handler {
	paths := map[string]http.HandlerFunc{
		"/":        s.file("index.html", "text/html; charset=utf-8"),
		"/app.js":  s.file("app.js", "text/javascript; charset=utf-8"),
		"/app.css": s.file("app.css", "text/css; charset=utf-8"),

		"/api/meta":    s.json(s.meta),
		"/api/rows":    s.json(s.rows),
		"/api/history": s.history,
		"/api/alerts":  s.json(s.alerts),
		"/events":      s.hub.serve,
		"/metrics":     s.metrics,
		"/healthz":     s.healthz,
	}
	return choose(paths)
}

// choose answers a request by its path.
func choose(paths map[string]http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler, ok := paths[r.URL.Path]
		switch {
		case !ok:
			http.Error(w, "not found", http.StatusNotFound)
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		default:
			handler(w, r)
		}
	})
}

// file serves a file of the page.
func (s *site) file(name, kind string) http.HandlerFunc {
	b, err := page.ReadFile("page/" + name)
	if err != nil {
		panic("serve: " + err.Error()) // it is built in
	}
	return func(w http.ResponseWriter, r *http.Request) { answer(w, r, kind, b) }
}

func (s *site) json(make func(dst []byte) []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { answer(w, r, "application/json", make(nil)) }
}

func (s *site) healthz(w http.ResponseWriter, r *http.Request) {
	if s.cfg.Failed() {
		http.Error(w, "reading or writing has failed", http.StatusServiceUnavailable)
		return
	}
	answer(w, r, "text/plain; charset=utf-8", []byte("ok\n"))
}

// answer writes b, packed if the client can unpack it and it is worth it.
func answer(w http.ResponseWriter, r *http.Request, kind string, b []byte) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(answerTime))
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Vary", "Accept-Encoding")
	if len(b) < 1400 || !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		_, _ = w.Write(b) // a client that has gone is no matter
		return
	}
	w.Header().Set("Content-Encoding", "gzip")
	z := gzip.NewWriter(w)
	_, _ = z.Write(b)
	_ = z.Close()
}
