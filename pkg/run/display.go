package run

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"rtda/pkg/board"
	"rtda/pkg/format"
	"rtda/pkg/parse"
	"rtda/pkg/rule"
	"rtda/pkg/serve"
	"rtda/pkg/socket"
	"rtda/pkg/stream"
	"rtda/pkg/view"
)

// What happens when the input has ended while somebody looks.
const (
	HoldAuto = "auto" // as it is usual: a view stays, a page does not
	HoldYes  = "yes"
	HoldNo   = "no"
)

// A display shows a run while it goes on: on the terminal, as a page, or both. It
// is one of the outlets, and changes nothing of what the others take.
type display struct {
	f     *filter
	board atomic.Pointer[board.Board] // nil until the fields are known

	server   *serve.Server
	listener *socket.Listener
	who      serve.Config // who may ask
	view     *view.View
	viewed   chan struct{}  // closed when the view has drawn its last picture
	stops    chan os.Signal // Ctrl-Z and going on, where there is a view
	wentOn   time.Time      // when the last SIGCONT came for which no stop waited
	stdout   *writer
	hold     chan struct{} // closed when the display need not stay any longer
	holding  atomic.Bool
	released sync.Once
	noRows   bool      // stdout is the terminal that is drawn on
	stderr   io.Writer // where lines go that the view has kept, nil if they were written there at once
}

// open opens what the options ask for, if somebody is to look. It is opened before the
// input, so that an address or terminal that cannot be had is an error of usage.
func (d *display) open(std Streams) error {
	if d.f.o.HTTP != nil {
		if err := d.listen(); err != nil {
			return err
		}
	}
	if d.f.o.Live {
		return d.openView(std)
	}
	return nil
}

// isShown reports whether somebody may look.
func (d *display) isShown() bool { return d.server != nil || d.view != nil }

func (d *display) listen() error {
	l, name, who, err := d.f.o.listenHTTP()
	if err != nil {
		return err
	}
	d.listener, d.who = l, who
	d.server = serve.New(d.serveConfig(nil))
	go func() { _ = d.server.Serve(l) }() // it ends when the display does
	d.f.tell(name)
	return nil
}

// listenHTTP listens at the address of --http, which name tells. who says who may ask
// there.
func (o *Options) listenHTTP() (l *socket.Listener, name string, who serve.Config, err error) {
	if l, err = socket.Listen(*o.HTTP); err != nil {
		return nil, "", who, Usage(fmt.Errorf("--http: %s: %w", o.HTTPText, err))
	}
	who = serve.Config{Token: o.HTTPToken, Hosts: o.HTTPHosts}
	addr, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return l, l.Name, who, nil
	}
	if !socket.Loopback(addr) && o.HTTPToken == "" && !o.HTTPOpen {
		_ = l.Close() // nobody was told of it
		return nil, "", who, Usage(fmt.Errorf("--http: %s can be reached from other machines: add --http-token FILE, or --http-token none if everyone may look", addr))
	}
	who.Guard, who.Port = true, strconv.Itoa(addr.Port)
	return l, "http://" + addr.String() + "/", who, nil
}

// ServeHTTP answers requests at the address of --http, from who may ask, until it is
// closed. name is where that is.
func (o *Options) ServeHTTP(paths map[string]http.HandlerFunc) (name string, close func(), err error) {
	l, name, who, err := o.listenHTTP()
	if err != nil {
		return "", nil, err
	}
	s := serve.NewPaths(who, paths)
	go func() { _ = s.Serve(l) }() // it ends when it is closed
	return name, func() { _, _ = s.Shutdown(context.Background()), l.Close() }, nil
}

func (d *display) openView(std Streams) error {
	if IsTerminal(std.In) && (len(d.f.o.Files) == 0 || slices.Contains(d.f.o.Files, "-")) {
		return Usage(fmt.Errorf("--live: the input cannot be the terminal that is drawn on: give it a FILE or a pipe"))
	}
	v, err := view.Open(d.viewConfig(nil))
	if err != nil {
		return Usage(fmt.Errorf("--live: %w", err))
	}
	d.view, d.viewed = v, make(chan struct{})
	d.stops = make(chan os.Signal, 8)
	signal.Notify(d.stops, syscall.SIGTSTP, syscall.SIGCONT)
	d.noRows = IsTerminal(std.Out)
	d.f.pipeline.blank.joint = d.f.pipeline.blank.joint && !d.noRows
	if IsTerminal(std.Err) {
		d.stderr = std.Err
		d.f.stderr.w = v
	} else {
		d.f.stderr.w = io.MultiWriter(std.Err, v)
	}
	go func() {
		defer d.f.rescue()
		defer close(d.viewed)
		v.Run()
	}()
	return nil
}

// begin shows the run whose fields have become known.
func (d *display) begin(p *plan) {
	if !d.isShown() {
		return
	}
	o := d.f.o
	span := int64(o.History)
	if o.HistoryAll {
		span = math.MaxInt64
	}
	b := board.New(board.Config{Columns: len(p.layout.Columns), Clock: p.layout.Clock, Span: span, TTL: int64(o.TTL), Rules: p.rules})
	d.board.Store(b)
	if d.server != nil {
		d.server.Show(d.serveConfig(p))
	}
	if d.view != nil {
		d.view.Show(d.viewConfig(p))
	}
}

// put gives the board what a turn brings.
func (d *display) put(o *output) error {
	if b := d.board.Load(); b != nil && o.plan != nil {
		b.Add(o.result, d.f.pipeline.counts(), d.f.now())
	}
	return nil
}

// close has nothing to do: who looks may do so for longer.
func (d *display) close() error { return nil }

// stands is the board to show: an empty one until the fields are known.
func (d *display) stands() *board.Board {
	if b := d.board.Load(); b != nil {
		return b
	}
	return board.New(board.Config{})
}

// serveConfig is what is served; p is nil until the fields are known.
func (d *display) serveConfig(p *plan) serve.Config {
	o := d.f.o
	c := d.who
	c.Version, c.Board, c.Now, c.Own, c.Failed = o.Version, d.stands(), time.Now, d.f.own, d.f.failed
	c.Metrics = func(dst []byte, _ *stream.Result) []byte { return dst }
	for why := range parse.Reasons {
		c.Reasons = append(c.Reasons, parse.Reason(why).String())
	}
	if p == nil {
		return c
	}
	c.Keys, c.LabelNames, c.Clock = p.layout.Keys, format.PromKeys(&p.layout), p.layout.Clock
	for i := range p.layout.Columns {
		col := &p.layout.Columns[i]
		shown := serve.Column{Name: col.Name, Agg: col.Agg, Field: col.Field}
		if col.Window != "" {
			shown.Window = &col.Window
		}
		c.Columns = append(c.Columns, shown)
	}
	for i := range p.rules.Rules {
		r := &p.rules.Rules[i]
		c.Rules = append(c.Rules, serve.Rule{Name: r.Name, Severity: r.Severity.String(), Expr: r.Text})
	}
	c.Alert = func(dst []byte, a *board.Alert) []byte {
		dst = p.actionJSON.AppendNote(dst, &a.Note)
		return dst[:len(dst)-1] // without its line's end
	}
	c.Metrics = func(dst []byte, last *stream.Result) []byte {
		f, err := format.New("prom", p.layout, o.Precision)
		if err != nil {
			panic("run: " + err.Error()) // there is such a format
		}
		return f.Append(dst, last)
	}
	return c
}

// viewConfig is what is viewed; p is nil until the fields are known.
func (d *display) viewConfig(p *plan) view.Config {
	o := d.f.o
	c := view.Config{
		Board: d.stands(), Zone: time.UTC, ASCII: !isUTF8Locale(), Colour: o.paintsTerminal(),
		Clock: o.Clock != stream.NoClock, Now: time.Now, Rules: &rule.Set{},
	}
	if o.Zone != nil {
		c.Zone = o.Zone
	}
	if p == nil {
		return c
	}
	c.Keys, c.Rules = p.layout.Keys, p.rules
	for i := range p.layout.Columns {
		of := p.layout.Columns[i].Field
		bound := func(agg string) int {
			return slices.IndexFunc(p.layout.Columns, func(c format.Column) bool { return c.Field == of && c.Agg == agg })
		}
		c.Columns = append(c.Columns, view.Column{Name: p.layout.Columns[i].Name, Lower: bound("lower"), Upper: bound("upper")})
	}
	c.Thresholds = p.thresholds()
	return c
}

// thresholds are the numbers with which rules compare the columns.
func (p *plan) thresholds() []board.Threshold {
	var all []board.Threshold
	for i := range p.rules.Rules {
		r := &p.rules.Rules[i]
		for _, level := range r.Levels {
			read := p.stream.Metrics[level.Metric]
			read.Window = p.unmoved(read)
			if c := slices.Index(p.stream.Columns, read); c >= 0 {
				all = append(all, board.Threshold{Column: c, Value: level.Value, Severity: r.Severity})
			}
		}
	}
	return all
}

// unmoved is the window that rows read where rules that the clock evaluates read
// one of their own.
func (p *plan) unmoved(read stream.Read) int {
	if read.From != stream.FromWindow {
		return read.Window
	}
	w := &p.stream.Windows[read.Window]
	for i := range p.stream.Windows {
		if o := &p.stream.Windows[i]; !o.Moved && o.Field == w.Field && o.Width == w.Width {
			return i
		}
	}
	return read.Window
}

// isUTF8Locale reports whether the locale says that the terminal shows more than
// ASCII.
func isUTF8Locale() bool {
	locale := cmp.Or(os.Getenv("LC_ALL"), os.Getenv("LC_CTYPE"), os.Getenv("LANG"))
	return slices.ContainsFunc([]string{".UTF-8", ".utf8", ".utf-8", ".UTF8"}, func(charset string) bool { return strings.HasSuffix(locale, charset) })
}

// holds reports whether the display stays when the input has ended.
func (d *display) holds() bool {
	switch d.f.o.Hold {
	case HoldYes:
		return true
	case HoldNo:
		return false
	}
	return d.view != nil
}

// ended tells all who look that the input has ended, with which status, and
// stays as long as it is to stay. Nothing more is written to stdout then.
func (d *display) ended(status int) {
	if d.server != nil {
		d.server.End(status, d.holds())
	}
	if d.view != nil {
		how := "ended"
		if status != 0 {
			how = fmt.Sprintf("ended, status %d", status)
		}
		d.view.Ended(how)
	}
	if !d.holds() || status == StatusPipe {
		return
	}
	d.holding.Store(true)
	if c, ok := d.stdout.w.(io.Closer); ok && !d.noRows {
		_ = c.Close() // whoever reads it need not wait
	}
	<-d.hold
}

// isHolding reports whether the input has ended and the display stays.
func (d *display) isHolding() bool { return d.holding.Load() }

// isView reports whether the terminal is drawn on.
func (d *display) isView() bool { return d.view != nil }

// release lets the run end.
func (d *display) release() { d.released.Do(func() { close(d.hold) }) }

// stop takes a signal of stopping. At Ctrl-Z it gives the terminal back and stops the
// process, until it is told to go on; it does nothing where nobody could tell it. A
// SIGCONT takes back a stop that it overtakes, and one right before counts as such:
// signals that come together may be heard in another order.
func (d *display) stop(s os.Signal) {
	if s == syscall.SIGCONT {
		d.wentOn = time.Now()
		return
	}
	if time.Since(d.wentOn) < echoTime || d.view.Suspend() != nil {
		return
	}
	on := false
	next := func() { on = <-d.stops == syscall.SIGCONT || on }
	for len(d.stops) > 0 {
		next() // Ctrl-Z typed once more before the stop is the same one
	}
	if !on {
		_ = syscall.Kill(syscall.Getpid(), syscall.SIGSTOP) // it cannot fail, but may take a moment
	}
	for !on || len(d.stops) > 0 {
		next()
	}
	_ = d.view.Resume() // without a terminal the next read says so
}

// showsNoRows reports whether rows are not to be written as they come: to the
// terminal that is drawn on, or as metrics, of which the last are written at the
// end.
func (d *display) showsNoRows() bool { return d.isShown() && (d.noRows || d.f.o.Out == "prom") }

// writeLast writes the last rows as metrics, if that is the format.
func (d *display) writeLast() error {
	if d.noRows || d.f.o.Out != "prom" || d.board.Load() == nil {
		return nil
	}
	var last stream.Result
	d.stands().Look(func(l board.Look) { l.LastRows(&last) })
	return d.stdout.write(d.serveConfig(d.f.pipeline.planned).Metrics(nil, &last))
}

// stopping has the signals of Ctrl-Z and of going on, which stop a process and wake it
// by themselves where there is no view.
func (d *display) stopping() <-chan os.Signal { return d.stops }

// quit is closed when the one who looks at the terminal wants the end.
func (d *display) quit() <-chan struct{} {
	if d.view == nil {
		return nil
	}
	return d.view.Quit()
}

// shut gives the terminal back, with the lines it has kept from stderr, and stops
// serving. It may be called more than once.
func (d *display) shut() error {
	if d.view != nil {
		d.view.Close()
		signal.Stop(d.stops)
		within(Patience, d.viewed)
		if d.stderr != nil {
			for _, line := range d.view.Said() {
				fmt.Fprintln(d.stderr, line)
			}
		}
		d.view = nil
	}
	if d.server != nil {
		d.server.Close(Patience / 5)
		d.server = nil
		return d.listener.Close()
	}
	return nil
}

// rescue gives the terminal back where a panic comes by.
func (f *filter) rescue() {
	if r := recover(); r != nil {
		_ = f.display.shut() // the panic is what matters
		panic(r)
	}
}

// failed reports whether reading or writing has failed.
func (f *filter) failed() bool {
	f.pipeline.mu.Lock()
	defer f.pipeline.mu.Unlock()
	return f.pipeline.err != nil || f.pipeline.readErr != nil
}

// Used is how much memory the process has of the system, in bytes, and how much
// processor time it has used.
func Used() (memory uint64, cpu time.Duration) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	var used syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) == nil {
		cpu = time.Duration(used.Utime.Nano() + used.Stime.Nano())
	}
	return m.Sys, cpu
}

// own are the metrics of the process.
func (f *filter) own() serve.Own {
	var own serve.Own
	var used time.Duration
	own.Memory, used = Used()
	own.CPU = used.Seconds()
	if f.actions != nil {
		own.ActionsFailed = f.actions.failures()
	}
	if in := f.pipeline.intake; in != nil {
		own.Connections, own.UDPDropped = in.listeners.Connections(), in.listeners.UDPDropped(false)
	}
	return own
}

// within waits for what closes done, but not longer than d.
func within(d time.Duration, done <-chan struct{}) {
	select {
	case <-done:
	case <-time.After(d):
	}
}
