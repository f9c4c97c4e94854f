package run

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"rtda/pkg/agg"
	"rtda/pkg/format"
	"rtda/pkg/parse"
	"rtda/pkg/rule"
	"rtda/pkg/stream"
	"rtda/pkg/text"
)

// newFilter builds the rooms of a run. The function it returns closes what it
// has opened.
func newFilter(o *Options, std Streams) (*filter, func(), error) {
	config, err := parseConfig(o)
	if err != nil {
		return nil, nil, Usage(err)
	}
	schema, err := parse.NewSchema(config)
	if err != nil {
		return nil, nil, Usage(err)
	}
	f := &filter{o: o, now: wallClock(), sources: inputs(o.Files, std.In), written: make(chan struct{})}
	f.sink = &sink{stdout: std.Out, stderr: &locked{w: std.Err}}
	f.pen = pen{before: f.context(format.Layout{}, nil, std.Err, true), oneToOne: o.OneToOne}
	f.pipeline = &pipeline{
		schema: schema, plan: f.plan, stream: stream.New(f.complaints()),
		sink: f.sink, blank: f.pen, jobs: o.Jobs,
	}
	f.pipeline.turn.L, f.pipeline.quiet.L = &f.pipeline.mu, &f.pipeline.mu
	f.pipeline.reader = parse.NewReader(f.pipeline.tapped(f.sources), parse.ReaderConfig{MaxLine: o.MaxLine, NUL: o.NUL, Now: f.now, Size: o.blockSize()})
	if o.Clock == stream.WallClock {
		f.pipeline.rearm = make(chan struct{}, 1)
	}
	if schema.Known() {
		if f.pipeline.known, err = f.plan(schema); err != nil {
			return nil, nil, err
		}
	}
	closeAll, err := f.openOutputs(std)
	return f, closeAll, err
}

// openOutputs opens the file of --alerts and makes ready for --exec.
func (f *filter) openOutputs(std Streams) (closeAll func(), err error) {
	closeAll = func() {}
	if f.sink.alerts = std.Alerts; f.o.Alerts != "" && std.Alerts == nil {
		file, err := os.OpenFile(f.o.Alerts, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
		if err != nil {
			return nil, Usage(fmt.Errorf("--alerts: cannot be written: %s: got %s", Reason(err), text.Quote(f.o.Alerts)))
		}
		f.sink.alerts, closeAll = file, func() { _ = file.Close() }
	}
	if f.o.Exec != "" {
		f.sink.actions = newActions(f.o.Exec, f.o.ExecTimeout, f.commandOutput(std.Err))
	}
	return closeAll, nil
}

// commandOutput is where the command of --exec prints to: stderr itself, if
// nothing has to be done to its lines.
func (f *filter) commandOutput(stderr io.Writer) io.Writer {
	if f.o.OneToOne {
		return io.Discard
	}
	if mark := f.o.Mark(LevelInfo); mark != "" {
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
func (f *filter) context(layout format.Layout, set *rule.Set, dst io.Writer, isStderr bool) *format.Context {
	return &format.Context{
		Layout: layout, Rules: set, Clock: layout.Clock,
		JSON: f.o.AlertFormat == "json", Strict: f.o.OnError == OnErrorFail,
		Paint: f.o.paint(dst, isStderr), Files: len(f.sources) > 1,
	}
}

// blockSize is how much is read at once. Records are longer than numbers: so
// that passing the batons costs little beside them, their blocks are larger.
func (o *Options) blockSize() int {
	if o.In == "num" || o.In == "auto" && len(o.Fields)+len(o.Keys) == 0 {
		return 64 << 10
	}
	return 256 << 10
}

// wallClock is the time now as a clock that never goes back.
func wallClock() func() int64 {
	start := time.Now()
	base := start.UnixNano()
	return func() int64 { return base + int64(time.Since(start)) }
}

// inputs are the FILEs; `-` or none is stdin.
func inputs(files []string, stdin io.Reader) []*parse.Origin {
	open := func() (io.ReadCloser, error) { return io.NopCloser(stdin), nil }
	if len(files) == 0 {
		return []*parse.Origin{{Open: open}}
	}
	var all []*parse.Origin
	for _, name := range files {
		src := &parse.Origin{Name: name, Open: open}
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
		Time: o.TimeField, TimeFormat: o.TimeFormat, Zone: o.Zone, NoTime: o.Clock != stream.DataClock,
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
	s := rule.Scope{
		IsAgg: func(name string) bool { _, ok := agg.Lookup(name); return ok },
		Aggs:  AggNames(), Keys: o.Keys, Fields: fields, Known: known,
	}
	if !o.WarmupFull {
		s.Warmup = o.Warmup
	}
	first := o.Windows[0].Width
	s.First = rule.Window{N: first.N, D: first.D, All: first.Kind == agg.All}
	return s
}

// complaints is the part of the stream's Config that does not wait for the
// fields.
func (f *filter) complaints() stream.Config {
	show := 5
	if f.o.OnError == OnErrorIgnore {
		show = 0
	}
	return stream.Config{
		Strict: f.o.OnError == OnErrorFail, Show: show, EveryLine: f.o.OneToOne,
		MaxKeys: f.o.MaxKeys, MaxSamples: f.o.MaxSamples,
	}
}
