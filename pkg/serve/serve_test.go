package serve

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rtda/pkg/agg"
	"rtda/pkg/board"
	"rtda/pkg/parse"
	"rtda/pkg/rule"
	"rtda/pkg/stream"
)

const second = int64(1e9)

var start = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// A stand is a server of a board that the test feeds.
type stand struct {
	*Server
	cfg    Config
	keys   map[string]*stream.Key
	failed bool
	rows   int
}

func newStand(change func(c *Config)) *stand {
	s := &stand{keys: map[string]*stream.Key{}}
	rules := &rule.Set{Rules: []rule.Rule{{Name: "hot"}}}
	five := "5m"
	c := Config{
		Version: "1.2.0", Keys: []string{"sensor"}, Clock: true, Guard: true, Port: "8080",
		Columns: []Column{{"temp_mean", "mean", "temp", &five}, {"temp_anomaly", "anomaly", "temp", nil}},
		Rules:   []Rule{{"hot", "crit", "mean(temp) > 80"}},
		Board:   board.New(board.Config{Columns: 2, Clock: true, Span: 600 * second, Rules: rules}),
		Alert: func(dst []byte, a *board.Alert) []byte {
			return fmt.Appendf(dst, `{"seq":%d}`, a.Seq)
		},
		Metrics: func(dst []byte, r *stream.Result) []byte {
			for i := range r.Rows.N {
				dst = fmt.Appendf(dst, "rtda_temp_mean{sensor=%q} %v\n", r.Rows.Key[i].Parts[0], r.Rows.Col[0][i])
			}
			return dst
		},
		LabelNames: []string{"sensor"},
		Own:        func() Own { return Own{Memory: 1 << 20, CPU: 0.5} },
		Failed:     func() bool { return s.failed },
		Reasons:    []string{"too-long", "not-json"},
		Now:        func() time.Time { return start },
	}
	if change != nil {
		change(&c)
	}
	s.Server, s.cfg = New(c), c
	return s
}

// feed adds a row of a key.
func (s *stand) feed(key string, t int64, alert *stream.Alert, mean, anomaly float64) {
	if s.keys[key] == nil {
		s.keys[key] = &stream.Key{Parts: []string{key}}
	}
	r := &stream.Result{Rows: stream.Rows{
		N: 1, Key: []*stream.Key{s.keys[key]}, Time: []int64{start.UnixNano() + t*second},
		Col: [][]float64{{mean}, {anomaly}},
	}}
	if alert != nil {
		alert.Key, alert.Time = s.keys[key], r.Rows.Time[0]
		r.Notes = []stream.Note{{Alert: alert}}
	}
	s.rows++
	stats := stream.Stats{Lines: s.rows + 1, Rows: s.rows, Keys: len(s.keys)}
	stats.Skipped[1] = 1
	s.cfg.Board.Add(r, stats, 0)
}

func (s *stand) get(t *testing.T, target string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.Host = "127.0.0.1:8080"
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		} else if header[i] == "method" {
			r.Method = header[i+1]
		} else {
			r.Header.Set(header[i], header[i+1])
		}
	}
	w := httptest.NewRecorder()
	s.http.Handler.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestAPI(t *testing.T) {
	s := newStand(nil)
	for path, want := range map[string]string{
		"/api/meta": `{"version":"1.2.0","keys":["sensor"],"columns":[{"name":"temp_mean","agg":"mean","field":"temp","window":"5m"},` +
			`{"name":"temp_anomaly","agg":"anomaly","field":"temp","window":null}],"clock":true,` +
			`"rules":[{"name":"hot","severity":"crit","expr":"mean(temp) \u003e 80"}],"started":"2026-05-01T12:00:00Z","ended":null}`,
		"/api/rows":    `{"seq":0,"rows":[]}`,
		"/api/alerts":  `{"firing":[],"log":[]}`,
		"/api/history": `{"seq":0,"column":"temp_mean","series":[]}`,
		"/healthz":     "ok",
	} {
		if got := strings.TrimSpace(body(t, s.get(t, path))); got != want {
			t.Errorf("%s before any row:\n%s\nwant\n%s", path, got, want)
		}
	}
	s.feed("s2", 1, nil, 20.123456789, math.NaN())
	s.feed("s1", 2, &stream.Alert{Change: rule.Change{Level: rule.Crit}}, 91.3, 0.5)
	s.feed("s1", 3, nil, 92, math.NaN())
	for path, want := range map[string]string{
		"/api/rows": `{"seq":3,"rows":[` +
			`{"id":1,"key":{"sensor":"s1"},"time":"2026-05-01T12:00:03Z","level":"crit","values":{"temp_mean":92,"temp_anomaly":null}},` +
			`{"id":0,"key":{"sensor":"s2"},"time":"2026-05-01T12:00:01Z","level":null,"values":{"temp_mean":20.123456789,"temp_anomaly":null}}]}`,
		"/api/history": `{"seq":3,"column":"temp_mean","series":[{"id":0,"t":[1777636801000],"last":[20.12346]},` +
			`{"id":1,"t":[1777636802000,1777636803000],"last":[91.3,92]}]}`,
		"/api/history?id=1,77&column=temp_anomaly": `{"seq":3,"column":"temp_anomaly","series":[{"id":1,"t":[1777636802000,1777636803000],"last":[0.5,null]}]}`,
		"/api/history?id=":                         `{"seq":3,"column":"temp_mean","series":[]}`,
		"/api/alerts":                              `{"firing":[{"seq":1}],"log":[{"seq":1}]}`,
	} {
		r := s.get(t, path)
		got := strings.TrimSpace(body(t, r))
		if got != want {
			t.Errorf("%s:\n%s\nwant\n%s", path, got, want)
		}
		if !json.Valid([]byte(got)) || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s is no JSON, but %s", path, r.Header.Get("Content-Type"))
		}
	}
	for path, want := range map[string]int{"/api/history?column=none": 404, "/x": 404, "/app.js/": 404, "/page/app.js": 404} {
		if r := s.get(t, path); r.StatusCode != want {
			t.Errorf("%s: %d", path, r.StatusCode)
		}
	}
	s.failed = true
	if r := s.get(t, "/healthz"); r.StatusCode != 503 {
		t.Errorf("failed, and healthz says %d", r.StatusCode)
	}
}

// A point of several rows has a band.
func TestHistoryHasBands(t *testing.T) {
	s := newStand(nil)
	for i := range int64(30000) {
		s.feed("s1", i/10, nil, float64(i%7), 0)
	}
	var h struct {
		Series []struct{ T, Last, Min, Max []float64 }
	}
	if err := json.Unmarshal([]byte(body(t, s.get(t, "/api/history"))), &h); err != nil {
		t.Fatal(err)
	}
	p := h.Series[0]
	if n := len(p.T); n < 600 || n > 1200 || len(p.Min) != n || len(p.Max) != n || len(p.Last) != n {
		t.Errorf("%d places, %d, %d, %d values", len(p.T), len(p.Last), len(p.Min), len(p.Max))
	}
}

func TestPageIsSmallAndWhole(t *testing.T) {
	s := newStand(nil)
	total := 0
	for _, path := range []string{"/", "/app.js", "/app.css"} {
		r := s.get(t, path)
		b := body(t, r)
		total += len(b)
		if r.StatusCode != 200 || strings.Contains(b, "http://") || strings.Contains(b, "https://") {
			t.Errorf("%s: %d, or it asks for something elsewhere", path, r.StatusCode)
		}
		packed := s.get(t, path, "Accept-Encoding", "gzip")
		if packed.Header.Get("Content-Encoding") == "gzip" {
			z, err := gzip.NewReader(packed.Body)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := io.ReadAll(z); string(again) != b || err != nil {
				t.Errorf("%s unpacks to something else: %v", path, err)
			}
		}
		head := s.get(t, path, "method", "HEAD")
		if head.StatusCode != 200 {
			t.Errorf("HEAD %s: %d", path, head.StatusCode)
		}
	}
	if total > 40<<10 {
		t.Errorf("the page takes %d bytes", total)
	}
}

func TestGuards(t *testing.T) {
	open := newStand(nil)
	token := newStand(func(c *Config) { c.Token = "s3cret" })
	unix := newStand(func(c *Config) { c.Guard = false })
	named := newStand(func(c *Config) { c.Hosts = []string{"plant.example"} })
	for _, c := range []struct {
		name   string
		s      *stand
		path   string
		header []string
		want   int
	}{
		{"an address", open, "/", nil, 200},
		{"localhost", open, "/", []string{"Host", "localhost:8080"}, 200},
		{"an address of six", open, "/", []string{"Host", "[::1]:8080"}, 200},
		{"another name", open, "/", []string{"Host", "evil.example:8080"}, 403},
		{"no host", open, "/", []string{"Host", ""}, 403},
		{"a name that was allowed", named, "/", []string{"Host", "PLANT.example:8080"}, 200},
		{"another than allowed", named, "/", []string{"Host", "xplant.example"}, 403},
		{"another name at a unix socket", unix, "/", []string{"Host", "x"}, 200},
		{"another site", open, "/api/rows", []string{"Origin", "http://evil.example"}, 403},
		{"no site", open, "/api/rows", []string{"Origin", "null"}, 403},
		{"its own site", open, "/api/rows", []string{"Origin", "http://127.0.0.1:8080"}, 200},
		{"its own site at another port", open, "/api/rows", []string{"Origin", "http://127.0.0.1:81"}, 403},
		{"POST", open, "/", []string{"method", "POST"}, 405},
		{"OPTIONS", open, "/api/rows", []string{"method", "OPTIONS"}, 405},
		{"no token", token, "/api/rows", nil, 401},
		{"a wrong token", token, "/api/rows", []string{"Authorization", "Bearer s3cre"}, 401},
		{"the token", token, "/api/rows", []string{"Authorization", "Bearer s3cret"}, 200},
		{"the token, and any name", token, "/api/rows", []string{"Authorization", "bearer s3cret", "Host", "plant.example"}, 200},
		{"the token, and another site", token, "/api/rows", []string{"Authorization", "Bearer s3cret", "Origin", "http://evil.example"}, 403},
		{"the token in the address", token, "/?token=s3cret", nil, 303},
		{"a wrong one in the address", token, "/?token=x", nil, 401},
		{"the token in another address", token, "/api/rows?token=s3cret", nil, 401},
		{"the cookie", token, "/", []string{"Cookie", "rtda_8080=s3cret"}, 200},
		{"the cookie of another port", token, "/", []string{"Cookie", "rtda_81=s3cret"}, 401},
		{"health needs no token", token, "/healthz", nil, 200},
	} {
		r := c.s.get(t, c.path, c.header...)
		if r.StatusCode != c.want {
			t.Errorf("%s: %d, want %d", c.name, r.StatusCode, c.want)
		}
		for name := range headers {
			if r.Header.Get(name) == "" {
				t.Errorf("%s: no %s", c.name, name)
			}
		}
		if r.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: others may read it", c.name)
		}
	}
	cookie := token.get(t, "/?token=s3cret").Cookies()
	if len(cookie) != 1 || cookie[0].Name != "rtda_8080" || !cookie[0].HttpOnly || cookie[0].SameSite != http.SameSiteStrictMode {
		t.Errorf("cookies %v", cookie)
	}
}

// An events client reads what comes.
type events struct {
	t *testing.T
	r *bufio.Reader
}

func (s *stand) listen(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Close(time.Second)
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return "http://" + l.Addr().String()
}

func follow(t *testing.T, url string) *events {
	t.Helper()
	r, err := http.Get(url + "/events")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Body.Close() })
	if r.StatusCode != 200 || r.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%d %s", r.StatusCode, r.Header.Get("Content-Type"))
	}
	return &events{t, bufio.NewReader(r.Body)}
}

// next is the next event and its data.
func (e *events) next() (kind, data string) {
	e.t.Helper()
	for {
		line, err := e.r.ReadString('\n')
		if err != nil {
			e.t.Fatalf("events end: %v", err)
		}
		switch name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": "); name {
		case "event":
			kind = value
		case "data":
			data = value
		case "":
			if kind != "" {
				return kind, data
			}
		}
	}
}

func TestEvents(t *testing.T) {
	s := newStand(nil)
	s.feed("s1", 1, nil, 1, 2)
	url := s.listen(t)
	e := follow(t, url)
	kind, data := e.next()
	if kind != "hello" || !strings.HasPrefix(data, `{"seq":1,"version":"1.2.0",`) || !json.Valid([]byte(data)) {
		t.Fatalf("%s %s", kind, data)
	}
	s.feed("s1", 2, nil, 5, math.NaN())
	s.feed("s1", 3, &stream.Alert{Change: rule.Change{Level: rule.Warn}}, 4, 3)
	s.feed("s9", 3, nil, 7, 7)
	kind, data = e.next()
	want := `{"seq":4,"lines":5,"skipped":1,"rows":4,"keys":2,"samples":0,"lag":-3,"firing":1,"new":[{"id":1,"key":{"sensor":"s9"}}],"gone":[],` +
		`"points":[[0,2,1777636801000,1777636803000,4,4,5,3,null,null],[1,0,null,1777636803000,7,null,null,7,null,null]],"alerts":[{"seq":1}]}`
	if kind != "step" || data != want {
		t.Errorf("%s\n%s\nwant\n%s", kind, data, want)
	}
	if s.now.Load().clients() != 1 {
		t.Errorf("%d clients", s.now.Load().clients())
	}
	s.feed("s9", 4, nil, 8, 8)
	s.End(3, true)
	if kind, data = e.next(); kind != "step" || !strings.Contains(data, `[1,0,1777636803000,1777636804000,8,`) {
		t.Errorf("what came last is not told: %s %s", kind, data)
	}
	if kind, data = e.next(); kind != "end" || data != `{"status":3}` {
		t.Errorf("%s %s", kind, data)
	}
	if meta := body(t, s.get(t, "/api/meta")); !strings.Contains(meta, `"ended":"2026-05-01T12:00:00Z"`) {
		t.Error(meta)
	}
	late := follow(t, url)
	if kind, _ = late.next(); kind != "hello" {
		t.Error(kind)
	}
	if kind, data = late.next(); kind != "end" || data != `{"status":3}` {
		t.Errorf("one that comes after the end: %s %s", kind, data)
	}
}

// A client to which nothing is to be told gets a comment from time to time, so that
// whoever is between the two keeps the connection.
func TestComments(t *testing.T) {
	s := newStand(nil)
	s.now.Load().commentTime = time.Millisecond
	e := follow(t, s.listen(t))
	e.next()
	for range 3 {
		if line, err := e.r.ReadString('\n'); err != nil || line != ":\n" && line != "\n" {
			t.Fatalf("%q, %v", line, err)
		}
	}
}

// Keys beyond those with a past are in the rows and metrics all the same.
func TestKeysWithoutPast(t *testing.T) {
	s := newStand(nil)
	for i := range int64(700) {
		s.feed(fmt.Sprintf("s%03d", i), i, nil, float64(i), 0)
	}
	if n := strings.Count(body(t, s.get(t, "/api/rows")), `"key":`); n != 700 {
		t.Errorf("%d keys in the rows", n)
	}
	if n := strings.Count(body(t, s.get(t, "/metrics")), "\nrtda_temp_mean{"); n < 699 {
		t.Errorf("%d keys in the metrics", n)
	}
	if n := strings.Count(body(t, s.get(t, "/api/history")), `"id":`); n != 500 {
		t.Errorf("%d keys have a past", n)
	}
}

// What has changed is put into words once for all clients.
func TestEventsAreMadeOnce(t *testing.T) {
	var made atomic.Int64
	s := newStand(func(c *Config) {
		c.Alert = func(dst []byte, a *board.Alert) []byte { made.Add(1); return append(dst, "1"...) }
	})
	url := s.listen(t)
	all := make([]*events, 20)
	for i := range all {
		all[i] = follow(t, url)
		all[i].next()
	}
	s.feed("s1", 1, &stream.Alert{Change: rule.Change{Level: rule.Warn}}, 4, 3)
	want := ""
	for i, e := range all {
		kind, data := e.next()
		if i == 0 {
			want = data
		}
		if kind != "step" || data != want {
			t.Errorf("client %d: %s %s, want %s", i, kind, data, want)
		}
	}
	if n := made.Load(); n != 1 {
		t.Errorf("the alert was written %d times", n)
	}
}

// Without hold, events end with the input.
func TestEventsEnd(t *testing.T) {
	s := newStand(nil)
	e := follow(t, s.listen(t))
	e.next()
	s.End(0, false)
	if kind, data := e.next(); kind != "end" || data != `{"status":0}` {
		t.Errorf("%s %s", kind, data)
	}
	if b, err := io.ReadAll(e.r); len(b) > 0 || err != nil {
		t.Errorf("after the end: %q, %v", b, err)
	}
}

func TestClientsAreBounded(t *testing.T) {
	s := newStand(nil)
	url := s.listen(t)
	for range maxClients {
		follow(t, url).next()
	}
	r, err := http.Get(url + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("client %d: %d", maxClients+1, r.StatusCode)
	}
	if r := s.get(t, "/events", "method", "HEAD"); r.StatusCode != 200 {
		t.Errorf("HEAD: %d", r.StatusCode)
	}
}

func TestMetrics(t *testing.T) {
	s := newStand(func(c *Config) { c.LabelNames = []string{"severity"} })
	s.feed("a\"b", 1, &stream.Alert{Change: rule.Change{Level: rule.Crit}}, 91.5, 1)
	s.feed("c", 2, nil, 3, 1)
	newest := start.UnixNano() + 9*second // of a record that has no row yet
	s.cfg.Board.Add(&stream.Result{}, stream.Stats{Lines: 3, Rows: 2, Keys: 2, Skipped: [parse.Reasons]int{1: 1}, Newest: newest}, 0)
	got := body(t, s.get(t, "/metrics"))
	for _, want := range []string{
		"rtda_temp_mean{sensor=\"a\\\"b\"} 91.5\n",
		"rtda_info{version=\"1.2.0\"} 1\n",
		"# TYPE rtda_lines_total counter\nrtda_lines_total 3\n",
		"rtda_skipped_total{reason=\"not-json\"} 1\n",
		"rtda_alert{rule=\"hot\",severity=\"crit\",key_severity=\"a\\\"b\"} 1\n",
		"rtda_alerts_total{rule=\"hot\",severity=\"crit\"} 1\n",
		"rtda_newest_seconds 1.777636809e+09\n",
		"rtda_memory_bytes 1.048576e+06\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "too-long") {
		t.Error("a reason of which there was none")
	}
	quiet := body(t, newStand(nil).get(t, "/metrics"))
	if strings.Contains(quiet, "rtda_alert ") || strings.Contains(quiet, "rtda_skipped") {
		t.Errorf("metrics without values have a head:\n%s", quiet)
	}
}

// No column can have the name of a metric of the run: none ends in the name of
// an aggregate.
func TestOwnNamesAreFree(t *testing.T) {
	for _, m := range ownMetrics {
		for _, a := range agg.Table {
			if strings.HasSuffix(m.name, "_"+a.Name) || m.name == "rtda_"+a.Name {
				t.Errorf("%s can be the name of a column of %s", m.name, a.Name)
			}
		}
	}
}

// The dashboard of docs asks for no metric that is not there, and its panels have
// places and numbers of their own.
func TestDashboard(t *testing.T) {
	b, err := os.ReadFile("../../docs/grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Panels []struct {
			ID      int
			Title   string
			GridPos struct{ X, Y, W, H int }
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(b, &d); err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, m := range ownMetrics {
		known[m.name] = true
	}
	names := regexp.MustCompile(`rtda_\w+`)
	places, ids := map[[2]int]bool{}, map[int]bool{}
	for _, p := range d.Panels {
		if ids[p.ID] {
			t.Errorf("panel %q has the number of another: %d", p.Title, p.ID)
		}
		ids[p.ID] = true
		for x := range p.GridPos.W {
			for y := range p.GridPos.H {
				place := [2]int{p.GridPos.X + x, p.GridPos.Y + y}
				if places[place] || place[0] >= 24 {
					t.Fatalf("panel %q has no room at %v", p.Title, place)
				}
				places[place] = true
			}
		}
		for _, target := range p.Targets {
			found := names.FindAllString(target.Expr, -1)
			if len(found) == 0 {
				t.Errorf("panel %q asks for nothing: %s", p.Title, target.Expr)
			}
			for _, name := range found {
				if !known[name] {
					t.Errorf("panel %q: there is no %s", p.Title, name)
				}
			}
		}
	}
	if len(d.Panels) == 0 {
		t.Error("no panels")
	}
}

// When there is another board to see, clients of events end, and come again.
func TestShow(t *testing.T) {
	s := newStand(nil)
	url := s.listen(t)
	e := follow(t, url)
	e.next()
	next := s.cfg
	next.Version = "2"
	s.Show(next)
	if b, err := io.ReadAll(e.r); len(b) > 0 || err != nil {
		t.Errorf("events of the board before go on: %q, %v", b, err)
	}
	if kind, data := follow(t, url).next(); kind != "hello" || !strings.Contains(data, `"version":"2"`) {
		t.Errorf("%s %s", kind, data)
	}
}

// A client that takes nothing does not hold up the board.
func TestSlowClient(t *testing.T) {
	s := newStand(nil)
	url := s.listen(t)
	r, err := http.Get(url + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	began := time.Now()
	for i := range int64(20000) {
		s.feed(fmt.Sprint("s", i%500), i, nil, float64(i), 0)
	}
	if d := time.Since(began); d > 5*time.Second {
		t.Errorf("20,000 rows took %v beside a client that reads nothing", d)
	}
}

// A client that takes nothing for takeTime is dropped; one that takes what comes stays,
// and its steps do not wait for the other.
func TestClientThatTakesNothingIsDropped(t *testing.T) {
	s := newStand(nil)
	s.now.Load().takeTime = 2 * time.Second
	url := s.listen(t)
	_, addr, _ := strings.Cut(url, "://")
	stuck, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer stuck.Close()
	if err := stuck.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(stuck, "GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
	hello := make([]byte, 1)
	if _, err := stuck.Read(hello); err != nil { // it is a client now
		t.Fatal(err)
	}
	reader := follow(t, url)
	reader.next()
	if n := s.now.Load().clients(); n != 2 {
		t.Fatalf("%d clients", n)
	}
	for i := range int64(100000) { // more than the system's buffers take
		s.feed(fmt.Sprint("sensor ", i), i, nil, float64(i), 0)
	}
	for rows := 0; rows < 100000; {
		kind, data := reader.next()
		if kind != "step" {
			t.Fatal(kind)
		}
		rows += strings.Count(data, `"key":`)
	}
	for range 3000 {
		if s.now.Load().clients() == 1 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if n := s.now.Load().clients(); n != 1 {
		t.Errorf("%d clients have events, of which one takes nothing", n)
	}
	s.feed("last", 1, nil, 1, 0)
	if kind, data := reader.next(); kind != "step" || !strings.Contains(data, `{"sensor":"last"}`) {
		t.Errorf("the other client gets %s %.200s", kind, data)
	}
}

// A client that says no more, in its header or in its body, loses its connection,
// and one that asks meanwhile is answered.
func TestSlowRequests(t *testing.T) {
	s := newStand(nil)
	s.http.ReadHeaderTimeout = 500 * time.Millisecond
	url := s.listen(t)
	_, addr, _ := strings.Cut(url, "://")
	var slow []net.Conn
	for _, text := range []string{
		"", "GET /", "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nA: b",
		"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\nx",
		"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n",
	} {
		for range 20 {
			c, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, err := io.WriteString(c, text); err != nil {
				t.Fatal(err)
			}
			slow = append(slow, c)
		}
	}
	r, err := http.Get(url + "/healthz")
	if err != nil || r.StatusCode != 200 {
		t.Fatalf("%v, %v", r, err)
	}
	_ = r.Body.Close()
	for _, c := range slow {
		_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, err := io.Copy(io.Discard, c); err != nil {
			t.Errorf("a slow client keeps its connection: %v", err)
		}
	}
}

// Whatever a request is, the answer is one of HTTP, and nobody is let in by it.
func FuzzRequest(f *testing.F) {
	s := newStand(func(c *Config) { c.Token = "s3cret" })
	s.feed("<img onerror>\x1b", 1, nil, 1, 2)
	for _, target := range []string{"/", "/api/rows", "/api/history?column=temp_mean&id=0,3", "/api/history?id=,,-1,99999999999999999999&column=%00", "/events", "//", "/../api/rows", "/?token=s3cre"} {
		f.Add(target, "GET", "127.0.0.1:8080", "", "Bearer x")
	}
	f.Add("/api/rows", "PUT", "[::1", "http://[", "Bearer")
	f.Fuzz(func(t *testing.T, target, method, host, origin, authorization string) {
		if strings.Contains(authorization, "s3cret") || strings.Contains(target, "s3cret") {
			return
		}
		for _, open := range []bool{false, true} {
			r, err := http.NewRequest(method, "http://x/", nil)
			if err != nil {
				return
			}
			r.Host, r.URL.Path = host, target
			if path, query, ok := strings.Cut(target, "?"); ok {
				r.URL.Path, r.URL.RawQuery = path, query
			}
			if r.URL.Path == "/events" {
				r.Method = "HEAD"
			}
			r.Header.Set("Origin", origin)
			r.Header.Set("Authorization", authorization)
			if open {
				r.Header.Del("Origin")
				r.Header.Set("Authorization", "Bearer s3cret")
			}
			w := httptest.NewRecorder()
			s.http.Handler.ServeHTTP(w, r)
			switch got := w.Code; {
			case !open && got == 200 && r.URL.Path != "/healthz":
				t.Errorf("%s %q of %q, Origin %q, %q: %d", method, target, host, origin, authorization, got)
			case got != 200 && got != 303 && (got < 400 || got > 405):
				t.Errorf("%s %q: %d", method, target, got)
			}
			if strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") && r.Method == "GET" && !json.Valid(w.Body.Bytes()) {
				t.Errorf("%s %q: %s", method, target, w.Body)
			}
		}
	})
}
