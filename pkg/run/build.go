package run

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"rtda/pkg/agg"
	"rtda/pkg/feed"
	"rtda/pkg/format"
	"rtda/pkg/parse"
	"rtda/pkg/rule"
	"rtda/pkg/stream"
	"rtda/pkg/text"
)

// newFilter builds the rooms of a run.
func newFilter(o *Options, std Streams) (*filter, error) {
	schema, _, err := o.newSchema()
	if err != nil {
		return nil, err
	}
	f := &filter{o: o, now: newWallClock().Now, origins: o.origins(std.In), written: make(chan struct{})}
	f.display = &display{f: f, hold: make(chan struct{})}
	f.stderr = newWriter("stderr", std.Err, func(o *output) []byte { return o.notes })
	f.pipeline = &pipeline{
		heard: make(chan struct{}), schema: schema, plan: f.plan, stream: stream.New(f.complaints()), jobs: o.Jobs, opening: []string{o.impliedClock(std.In), o.neverFull()},
		blank: output{mark: o.Mark(LevelInfo), before: f.context(format.Layout{}, nil, std.Err, true), oneToOne: o.OneToOne, joint: !o.OneToOne && oneFile(std.Out, std.Err)},
	}
	f.pipeline.passed.L, f.pipeline.idle.L = &f.pipeline.mu, &f.pipeline.mu
	if err := f.open(std); err != nil {
		f.pipeline.intake.close()
		_, _ = f.display.shut(), f.checkpoint.close() // the first error is told
		return nil, err
	}
	return f, nil
}

// open opens all that is read and written.
func (f *filter) open(std Streams) error {
	o := f.o
	cut := parse.ReaderConfig{MaxLine: o.MaxLine, NUL: o.NUL, Now: f.now, Size: o.blockSize()}
	var places []feed.Place
	err := o.checkLoop(std)
	if err != nil {
		return err
	}
	if o.State != "" {
		if f.checkpoint, err = openCheckpoint(f, std.Disk); err != nil {
			return err
		}
		f.pipeline.checkpoint = f.checkpoint
		if places, err = f.checkpoint.openInputs(std.In); err != nil {
			return err
		}
	}
	if len(o.Listen) == 0 && !o.Follow {
		f.pipeline.reader = parse.NewReader(f.pipeline.tapped(f.origins), cut)
	} else if err := f.takeIn(cut, places, std.Out); err != nil {
		return err
	}
	if IsTerminal(std.Err) && !IsTerminal(std.In) && !o.OneToOne {
		f.silence = time.After(longestSilence)
	}
	if o.Clock == stream.WallClock {
		f.pipeline.rearm = make(chan struct{}, 1)
	}
	f.pipeline.rescue = f.rescue
	f.progress, f.hangsUp = newProgress(f, std), hangsUp()
	if err := f.display.open(std); err != nil {
		return err
	}
	if err := f.openOutlets(std); err != nil {
		return err
	}
	if f.pipeline.schema.Known() {
		if f.pipeline.known, err = f.plan(f.pipeline.schema); err != nil {
			return err
		}
	}
	p := f.pipeline
	if o.Clock == stream.WallClock && p.known != nil { // it goes on also where nothing ever comes
		p.planned = p.known
		p.stream.Setup(p.planned.stream)
		defer p.setWake()
	}
	return f.checkpoint.restore()
}

// openOutlets makes what is written to, in the order in which it is: alerts and
// complaints come first, so that an alert is never later than its row.
func (f *filter) openOutlets(std Streams) error {
	rows := func(o *output) []byte { return o.rows }
	if f.o.Out == "table" {
		table := format.NewAligner(func() (width, height int) { return terminalSize(std.Out) })
		rows = func(o *output) []byte { return table.Align(o.rows) }
	}
	out := newWriter("stdout", std.Out, rows)
	f.writers = []*writer{f.stderr, out}
	f.pipeline.outlets = []outlet{f.stderr}
	if f.o.Alerts != "" {
		var err error
		if f.alerts, err = openAlerts(f.o.Alerts, std.Alerts); err != nil {
			return err
		}
		f.writers = append(f.writers, f.alerts)
		f.pipeline.outlets = append(f.pipeline.outlets, f.alerts)
	}
	if f.o.Exec != "" {
		var err error
		if f.actions, err = NewActions(f.o.Exec, f.o.ExecTimeout, f.commandOutput(std.Err), f.tell); err != nil {
			return err
		}
		f.pipeline.outlets = append(f.pipeline.outlets, f.actions)
	}
	if f.display.isShown() {
		f.display.stdout = out
		f.pipeline.outlets = append(f.pipeline.outlets, f.display)
	}
	if f.o.Draws() {
		f.pipeline.outlets = append(f.pipeline.outlets, newPicture(f, out))
	}
	f.pipeline.outlets = append(f.pipeline.outlets, out)
	return nil
}

// openAlerts opens the file of --alerts, unless alerts go elsewhere.
func openAlerts(name string, elsewhere io.Writer) (*writer, error) {
	w := newWriter("the alerts", elsewhere, func(o *output) []byte { return o.alerts })
	w.certain = true
	if elsewhere == nil {
		file, err := openAppend(name)
		if err != nil {
			return nil, Usage(fmt.Errorf("--alerts: cannot be written: %s: got %s", Reason(err), text.Quote(name)))
		}
		w.w, w.owned, w.file = file, file, isRegular(file)
	}
	return w, nil
}

// openAppend opens a file to append to. /dev/fd/N is the descriptor itself that
// rtda was started with.
func openAppend(name string) (*os.File, error) {
	digits, ok := strings.CutPrefix(name, "/dev/fd/")
	if !ok {
		return os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	}
	fd, err := strconv.ParseUint(digits, 10, 31)
	if err != nil || !canWrite(uintptr(fd)) {
		return nil, syscall.EBADF
	}
	own, err := syscall.Dup(int(fd))
	if err != nil {
		return nil, err
	}
	syscall.CloseOnExec(own)
	return os.NewFile(uintptr(own), name), nil
}

// canWrite reports whether rtda was started with a descriptor that can be written
// to. Those that Go has opened for itself since then close on exec.
func canWrite(fd uintptr) bool {
	flags, _, err := syscall.Syscall(syscall.SYS_FCNTL, fd, syscall.F_GETFD, 0)
	if err != 0 || flags&syscall.FD_CLOEXEC != 0 {
		return false
	}
	mode, _, err := syscall.Syscall(syscall.SYS_FCNTL, fd, syscall.F_GETFL, 0)
	return err == 0 && mode&syscall.O_ACCMODE != syscall.O_RDONLY
}

// oneFile reports whether two streams are one file, pipe or terminal.
func oneFile(a, b io.Writer) bool {
	fa, okA := a.(*os.File)
	fb, okB := b.(*os.File)
	if !okA || !okB {
		return reflect.TypeOf(a).Kind() == reflect.Pointer && a == b
	}
	infoA, errA := fa.Stat()
	infoB, errB := fb.Stat()
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}

// commandOutput is where the command of --exec prints to: stderr itself, if
// nothing has to be done to its lines.
func (f *filter) commandOutput(stderr io.Writer) io.Writer {
	if f.o.OneToOne {
		return io.Discard
	}
	if mark := f.o.Mark(LevelInfo); mark != "" {
		return markWriter{f.stderr, mark}
	}
	if file, ok := stderr.(*os.File); ok {
		return file
	}
	return f.stderr
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
		Layout: layout, Rules: set,
		JSON: f.o.AlertFormat == "json", Strict: f.o.OnError == OnErrorFail,
		Paint: f.o.paint(dst, isStderr), Files: len(f.origins) > 1 || len(f.o.Listen) > 0 || f.o.hasPattern(),
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

// hasPattern reports whether a FILE may stand for several.
func (o *Options) hasPattern() bool {
	return o.Follow && slices.ContainsFunc(o.Files, func(name string) bool { return strings.ContainsAny(name, "*?[") })
}

// inputs are the names of the FILEs; "-" is stdin.
func (o *Options) inputs() []string {
	if len(o.Files) == 0 {
		return []string{"-"}
	}
	return o.Files
}

// regularInput is what is known of an input that is a regular file, nil of others.
func regularInput(name string, stdin io.Reader) fs.FileInfo {
	info, err := os.Stat(name)
	if name == "-" {
		in, ok := stdin.(*os.File)
		if !ok {
			return nil
		}
		info, err = in.Stat()
	}
	if err != nil || !info.Mode().IsRegular() {
		return nil
	}
	return info
}

// checkLoop refuses a FILE that rows or alerts are written to: it would never end.
func (o *Options) checkLoop(std Streams) error {
	for _, name := range o.inputs() {
		if info := regularInput(name, std.In); info != nil && o.isWritten(info, std.Out) {
			if name == "-" {
				name = "stdin"
			}
			return Usage(fmt.Errorf("%s: is read and written to at once: write to another file", text.FileName(name)))
		}
	}
	return nil
}

// isWritten reports whether rows or alerts go to a file.
func (o *Options) isWritten(info fs.FileInfo, stdout io.Writer) bool {
	if file, ok := stdout.(*os.File); ok && o.Out != "none" {
		if out, err := file.Stat(); err == nil && os.SameFile(out, info) {
			return true
		}
	}
	alerts, err := os.Stat(o.Alerts)
	return err == nil && os.SameFile(alerts, info)
}

// origins are the inputs. Where there is one and that is stdin, it has no name.
func (o *Options) origins(stdin io.Reader) (all []*parse.Origin) {
	for _, name := range o.inputs() {
		src := &parse.Origin{Name: name}
		src.Open = func() (io.ReadCloser, error) { return os.Open(name) }
		if name == "-" {
			src.Open = func() (io.ReadCloser, error) { return io.NopCloser(stdin), nil }
		}
		if name == "-" && len(o.Files) < 2 {
			src.Name = ""
		}
		all = append(all, src)
	}
	return all
}

// newSchema is how lines are read, and which fields rules read beside those that are
// measured.
func (o *Options) newSchema() (s *parse.Schema, extra []string, err error) {
	config, err := parseConfig(o)
	if err == nil {
		s, err = parse.NewSchema(config)
	}
	return s, config.Extra, Usage(err)
}

// parseConfig says how lines are read, and turns the wall clock on if a rule
// needs a clock and there is none.
func parseConfig(o *Options) (parse.Config, error) {
	fields, known := o.namedFields()
	set, errs := rule.Compile(o.Rules, o.scope(fields, known))
	if len(errs) > 0 {
		return parse.Config{}, errors.Join(errs...)
	}
	if err := o.neverValue(set); err != nil {
		return parse.Config{}, err
	}
	if why := set.NeedsClock(); why != "" {
		o.ImplyClock(why)
	}
	if err := o.noRow(set); err != nil {
		return parse.Config{}, err
	}
	c := parse.Config{
		Format: o.In, Fields: o.Fields, Paths: o.Paths, Keys: o.Keys, Texts: o.texts(set), Names: o.Names, Match: o.Match,
		Count: o.onlyCounts(set), Missing: parse.NewMarkers(o.Missing), Units: o.Units,
		Time: o.TimeField, Time2: o.TimeField2, TimeFormat: o.TimeFormat, Zone: o.Zone, NoTime: o.Clock != stream.DataClock,
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

// texts are the fields of which texts are wanted: those of --keep, then those
// that only rules compare.
func (o *Options) texts(set *rule.Set) []string {
	texts := slices.Clone(o.Keep)
	for _, field := range set.Texts {
		if !slices.Contains(texts, field) {
			texts = append(texts, field)
		}
	}
	return texts
}

// onlyCounts reports whether nothing is asked for that needs a number: then
// every good record is a sample.
func (o *Options) onlyCounts(set *rule.Set) bool {
	if len(o.Fields)+len(set.Fields) > 0 {
		return false
	}
	if len(o.Rules) > 0 {
		var errs []error
		scope := o.scope([]string{""}, true)
		scope.Records = true
		if set, errs = rule.Compile(o.Rules, scope); len(errs) > 0 {
			return false
		}
	}
	needsNone := []string{"count", ageName, "hour", "weekday"}
	for _, m := range set.Metrics {
		if !m.IsText && (m.Field != "" || !slices.Contains(needsNone, m.Agg)) {
			return false
		}
	}
	return o.Out == "none" && len(set.Rules) > 0 ||
		!slices.ContainsFunc(o.Aggs, func(a Aggregate) bool { return !slices.Contains(needsNone, a.Name) })
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
		IsAgg:      func(name string) bool { _, ok := LookupAggregate(name); return ok },
		OfNoWindow: OfNoWindow,
		Aggs:       AggNames, Keys: o.Keys, Fields: fields, Known: known,
		Guess: func(word string) string { return agg.Suggest(word, AggNames()) },
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
