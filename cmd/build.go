package cmd

import (
	"bytes"
	"errors"
	"io"
	"os"
	"slices"
	"time"

	"rtda/pkg/agg"
	"rtda/pkg/format"
	"rtda/pkg/parse"
	"rtda/pkg/rule"
	"rtda/pkg/stream"
)

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
	f.pen = pen{before: f.context(format.Layout{}, nil, stderr, true), oneToOne: o.OneToOne}
	f.walk = &walk{
		schema: schema, plan: f.plan, stream: stream.New(f.complaints()),
		sink: f.sink, blank: f.pen, jobs: o.Jobs,
	}
	f.walk.turn.L, f.walk.quiet.L = &f.walk.mu, &f.walk.mu
	f.walk.reader = parse.NewReader(f.walk.tapped(f.sources), parse.ReaderConfig{MaxLine: o.MaxLine, NUL: o.NUL, Now: f.now, Size: o.blockSize()})
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
func (f *filter) context(layout format.Layout, set *rule.Set, dst io.Writer, isStderr bool) *format.Context {
	return &format.Context{
		Layout: layout, Rules: set, Clock: layout.Clock,
		JSON: f.o.AlertFormat == "json", Strict: f.o.OnError == onErrorFail,
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
