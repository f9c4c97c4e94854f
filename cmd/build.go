package cmd

import (
	"bytes"
	"errors"
	"io"
	"os"
	"slices"
	"time"

	"rtda/pkg/agg"
	"rtda/pkg/out"
	"rtda/pkg/parse"
	"rtda/pkg/rule"
	"rtda/pkg/stream"
)

// A plan is what a run does once the fields are known.
type plan struct {
	stream      stream.Config
	layout      out.Layout
	rules       *rule.Set
	complaints  *out.Context
	alerts      *out.Context
	actionJSON  *out.Context // alerts as the command of --exec gets them
	alertsApart bool         // alerts go to a FILE of their own
	actions     bool
	formatter   func() out.Formatter
}

// json is an alert as the command of --exec gets it.
func (p *plan) json(n *stream.Note) []byte { return p.actionJSON.AppendNote(nil, n) }

// env is what the environment of that command tells of an alert.
func (p *plan) env(n *stream.Note) []string {
	return alertEnv(n, p.rules, p.layout.Keys, p.layout.Clock)
}

// newFilter builds the rooms of a run. The function it returns closes what it
// has opened.
func newFilter(o *Options, stdin io.Reader, stdout, stderr io.Writer) (*filter, func(), error) {
	config, err := parseConfig(o)
	if err != nil {
		return nil, nil, usageError(err)
	}
	schema, err := parse.NewSchema(config)
	if err != nil {
		return nil, nil, usageError(err)
	}
	f := &filter{o: o, now: wallClock(), sources: inputs(o.Files, stdin), written: make(chan struct{})}
	f.sink = &sink{stdout: stdout, stderr: &locked{w: stderr}}
	f.pen = pen{before: f.context(out.Layout{}, nil, stderr, true), oneToOne: o.OneToOne}
	f.walk = &walk{
		sources: f.sources, schema: schema, plan: f.plan, stream: stream.New(f.complaints()),
		sink: f.sink, blank: f.pen, jobs: o.Jobs,
	}
	f.walk.turn.L, f.walk.quiet.L = &f.walk.mu, &f.walk.mu
	f.walk.reader = parse.NewReader(f.walk.tapped(f.sources), parse.ReaderConfig{MaxLine: o.MaxLine, NUL: o.NUL, Now: f.now})
	if o.Clock == stream.WallClock {
		f.walk.rearm = make(chan struct{}, 1)
	}
	if schema.Known() {
		if f.walk.known, err = f.plan(schema); err != nil {
			return nil, nil, err
		}
	}
	closeAll, err := f.openOutputs(stderr)
	return f, closeAll, err
}

// openOutputs opens the file of --alerts and makes ready for --exec.
func (f *filter) openOutputs(stderr io.Writer) (closeAll func(), err error) {
	closeAll = func() {}
	if f.o.Alerts != "" {
		file, err := os.OpenFile(f.o.Alerts, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
		if err != nil {
			return nil, usageError(&flagError{"alerts", &badValue{"cannot be written: " + reason(err), f.o.Alerts}})
		}
		f.sink.alerts, closeAll = file, func() { _ = file.Close() }
	}
	if f.o.Exec != "" {
		f.sink.actions = newActions(f.o.Exec, f.o.ExecTimeout, f.commandOutput(stderr))
	}
	return closeAll, nil
}

// commandOutput is where the command of --exec prints to: stderr itself, if
// nothing has to be done to its lines.
func (f *filter) commandOutput(stderr io.Writer) io.Writer {
	if f.o.OneToOne {
		return io.Discard
	}
	if mark := f.o.mark(levelInfo); mark != "" {
		return markWriter{f.sink.stderr, mark}
	}
	if file, ok := stderr.(*os.File); ok {
		return file
	}
	return f.sink.stderr
}

// A markWriter puts a mark before each line, of which it is given whole ones.
type markWriter struct {
	w    io.Writer
	mark string
}

func (m markWriter) Write(b []byte) (int, error) {
	var marked []byte
	for line := range bytes.Lines(b) {
		marked = append(append(marked, m.mark...), line...)
	}
	if _, err := m.w.Write(marked); err != nil {
		return 0, err
	}
	return len(b), nil
}

// context is what writes notes: alerts or complaints, for dst.
func (f *filter) context(layout out.Layout, set *rule.Set, dst io.Writer, isStderr bool) *out.Context {
	c := &out.Context{
		Layout: layout, Rules: set, Clock: layout.Clock,
		JSON: f.o.AlertFormat == "json", Strict: f.o.OnError == onErrorFail,
		Paint: f.o.paint(dst, isStderr),
	}
	for _, src := range f.sources {
		c.Sources = append(c.Sources, src.Name)
	}
	return c
}

// wallClock is the time now as a clock that never goes back.
func wallClock() func() int64 {
	start := time.Now()
	base := start.UnixNano()
	return func() int64 { return base + int64(time.Since(start)) }
}

// inputs are the FILEs; `-` or none is stdin.
func inputs(files []string, stdin io.Reader) []parse.Source {
	open := func() (io.ReadCloser, error) { return io.NopCloser(stdin), nil }
	if len(files) == 0 {
		return []parse.Source{{Open: open}}
	}
	var all []parse.Source
	for _, name := range files {
		src := parse.Source{Name: name, Open: open}
		if name != "-" {
			src.Open = func() (io.ReadCloser, error) { return os.Open(name) }
		} else if len(files) == 1 {
			src.Name = ""
		}
		all = append(all, src)
	}
	return all
}

// parseConfig says how lines are read, and turns the wall clock on if a rule
// needs a clock and there is none.
func parseConfig(o *Options) (parse.Config, error) {
	fields, known := o.namedFields()
	set, errs := rule.Compile(o.Rules, o.scope(fields, known))
	if len(errs) > 0 {
		return parse.Config{}, errors.Join(errs...)
	}
	if why := set.NeedsClock(); why != "" {
		o.ImplyClock(why)
	}
	c := parse.Config{
		Format: o.In, Fields: o.Fields, Keys: o.Keys,
		Time: o.TimeField, TimeFormat: o.TimeFormat, NoTime: o.Clock != stream.DataClock,
		Coerce: o.Coerce, Sep: o.Sep, Decimal: o.Decimal, NUL: o.NUL, MaxLine: o.MaxLine,
		EveryLine: o.OneToOne,
	}
	for _, field := range set.Fields {
		if !slices.Contains(o.Fields, field) {
			c.Extra = append(c.Extra, field)
		}
	}
	return c, nil
}

// namedFields are the fields that are measured, where the flags alone say which.
func (o *Options) namedFields() (fields []string, known bool) {
	if o.In == "num" {
		return []string{""}, true
	}
	return o.Fields, len(o.Fields) > 0
}

// scope is what rules may name.
func (o *Options) scope(fields []string, known bool) rule.Scope {
	return rule.Scope{
		IsAgg: func(name string) bool { _, ok := agg.Lookup(name); return ok },
		Aggs:  aggNames(), Keys: o.Keys, Fields: fields, Known: known,
		Clock: o.Clock != stream.NoClock,
	}
}

// complaints is the part of the stream's Config that does not wait for the
// fields.
func (f *filter) complaints() stream.Config {
	show := 5
	if f.o.OnError == onErrorIgnore {
		show = 0
	}
	return stream.Config{
		Strict: f.o.OnError == onErrorFail, Show: show, EveryLine: f.o.OneToOne,
		MaxKeys: f.o.MaxKeys, MaxSamples: f.o.MaxSamples,
	}
}

// plan makes the plan for the fields that the schema has found.
func (f *filter) plan(s *parse.Schema) (*plan, error) {
	o := f.o
	set, errs := rule.Compile(o.Rules, o.scope(s.Fields[:s.Shown], true))
	if len(errs) > 0 {
		return nil, usageError(errors.Join(errs...))
	}
	b := newBuilder(o, s, set)
	p := &plan{
		layout: b.layout, rules: set, stream: b.config(f.complaints()),
		alertsApart: o.Alerts != "", actions: o.Exec != "",
	}
	p.complaints = f.context(b.layout, set, f.sink.stderr.w, true)
	p.alerts = p.complaints
	if p.alertsApart {
		p.alerts = f.context(b.layout, set, f.sink.alerts, false)
	}
	exec := *p.complaints
	exec.JSON, exec.Paint = true, nil
	p.actionJSON = &exec
	p.formatter = func() out.Formatter {
		if o.OneToOne {
			return out.NewOneToOne(b.layout, &exec, o.Precision)
		}
		format, err := out.New(o.Out, b.layout, o.Precision)
		if err != nil {
			panic("cmd: " + err.Error()) // the flags let no other format pass
		}
		return format
	}
	return p, nil
}

// A builder lays out the windows, columns and metrics of a plan.
type builder struct {
	o       *Options
	schema  *parse.Schema
	set     *rule.Set
	layout  out.Layout
	windows []wanted
	columns []stream.Read
	metrics []stream.Read
	first   []int
}

// A wanted window is one field over one width with all that is read from it.
type wanted struct {
	field int
	width agg.Width
	aggs  []agg.Agg
}

func newBuilder(o *Options, s *parse.Schema, set *rule.Set) *builder {
	b := &builder{o: o, schema: s, set: set}
	b.layout = out.Layout{Keys: o.Keys, Clock: o.Clock != stream.NoClock}
	for field := range s.Fields[:s.Shown] {
		for i, w := range o.Windows {
			at := b.window(field, w.Width)
			if i == 0 {
				b.first = append(b.first, at)
			}
			for _, a := range o.Aggs {
				b.columns = append(b.columns, b.read(at, a))
				b.layout.Columns = append(b.layout.Columns, out.Column{
					Agg: a.Name, Field: s.Fields[field], Window: w.Text, Count: a.Name == "count",
				})
			}
		}
	}
	var taken []string
	if o.OneToOne {
		taken = out.OneToOneNames
	}
	out.Name(&b.layout, len(o.Windows) > 1, taken...)
	if set != nil {
		for _, m := range set.Metrics {
			b.metrics = append(b.metrics, b.metric(m))
		}
	}
	return b
}

// window is the index of the window of a field, made if it is not there yet.
func (b *builder) window(field int, width agg.Width) int {
	same := func(w wanted) bool { return w.field == field && w.width == width }
	if i := slices.IndexFunc(b.windows, same); i >= 0 {
		return i
	}
	b.windows = append(b.windows, wanted{field: field, width: width})
	return len(b.windows) - 1
}

// read is how an aggregate is read from a window.
func (b *builder) read(window int, a agg.Agg) stream.Read {
	if a.Name == ageName {
		return stream.Read{From: stream.FromAge}
	}
	w := &b.windows[window]
	at := slices.IndexFunc(w.aggs, func(have agg.Agg) bool { return have.Name == a.Name })
	if at < 0 {
		at = len(w.aggs)
		w.aggs = append(w.aggs, a)
	}
	return stream.Read{Window: window, Agg: at, Count: a.Name == "count"}
}

// metric is how a metric of the rules is read.
func (b *builder) metric(m rule.Metric) stream.Read {
	field := 0
	if m.Field != "" {
		field = slices.Index(b.schema.Fields, m.Field)
	}
	switch m.Agg {
	case ageName:
		return stream.Read{From: stream.FromAge}
	case "":
		return stream.Read{From: stream.FromField, Field: field}
	}
	width := b.o.Windows[0].Width
	switch {
	case m.Window.All:
		width = agg.Width{Kind: agg.All}
	case m.Window.D > 0:
		width = agg.Width{Kind: agg.Duration, D: m.Window.D}
	case m.Window.N > 0:
		width = agg.Width{Kind: agg.Count, N: m.Window.N}
	}
	a, _ := agg.Lookup(m.Agg)
	return b.read(b.window(field, width), a)
}

const ageName = "age"

// config completes the stream's Config.
func (b *builder) config(c stream.Config) stream.Config {
	o := b.o
	c.Fields, c.Keyed, c.Clock, c.Hz = len(b.schema.Fields), len(o.Keys) > 0, o.Clock, o.Hz
	c.Late, c.Gap, c.TTL = int64(o.Late), int64(o.Gap), int64(o.TTL)
	c.Repeat, c.Every = int64(o.Repeat), o.Every
	c.First, c.Columns, c.Metrics = b.first, b.columns, b.metrics
	if len(b.set.Rules) > 0 {
		c.Rules = b.set
	}
	c.Label = out.KeyLabel(o.Out, b.layout)
	c.LastOnly = o.Out == "prom"
	for _, w := range b.windows {
		c.Windows = append(c.Windows, stream.Window{
			Field: w.field, Width: w.width, Aggs: len(w.aggs), Need: o.need(w.width),
			Plan: agg.NewPlan(w.width, w.aggs, agg.Options{DDof: o.DDof, Clock: b.layout.Clock}),
		})
	}
	return c
}

// need is how many samples a window must hold to give values.
func (o *Options) need(w agg.Width) int {
	if o.WarmupFull && w.Kind == agg.Count {
		return w.N
	}
	return max(1, o.Warmup)
}
