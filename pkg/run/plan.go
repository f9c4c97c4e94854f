package run

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"rtda/pkg/agg"
	"rtda/pkg/clock"
	"rtda/pkg/detect"
	"rtda/pkg/format"
	"rtda/pkg/parse"
	"rtda/pkg/plot"
	"rtda/pkg/rule"
	"rtda/pkg/stream"
)

// A plan is what a run does once the fields are known.
type plan struct {
	stream      stream.Config
	layout      format.Layout
	rules       *rule.Set
	complaints  *format.Context
	alerts      *format.Context
	actionJSON  *format.Context // alerts as the command of --exec gets them
	alertsApart bool            // alerts go to a FILE of their own
	formatter   func() format.Formatter
	metricsOf   map[string][]string // what is read from each window, by its stream.Window.ID, as rules write it
}

// plan makes the plan for the fields that the schema has found.
func (f *filter) plan(s *parse.Schema) (*plan, error) {
	o := f.o
	scope := o.scope(s.Fields[:s.Shown], true)
	scope.Records = s.Counts()
	set, errs := rule.Compile(o.Rules, scope)
	if len(errs) > 0 {
		return nil, Usage(errors.Join(errs...))
	}
	b := newBuilder(o, s, set)
	if o.Draws() {
		if err := plot.Check(len(b.layout.Columns), o.Width, o.Height); err != nil {
			return nil, Usage(fmt.Errorf("--size: %w", err))
		}
	}
	p := &plan{
		layout: b.layout, rules: set, stream: b.config(f.complaints(), f.display.isShown()),
		alertsApart: f.alerts != nil, metricsOf: map[string][]string{},
	}
	for i := range b.windows {
		p.metricsOf[p.stream.Windows[i].ID] = b.metricsOf(&b.windows[i])
	}
	p.complaints = f.context(b.layout, set, f.stderr.w, true)
	p.alerts = p.complaints
	if p.alertsApart {
		p.alerts = f.context(b.layout, set, f.alerts.w, false)
	}
	exec := *p.complaints
	exec.JSON, exec.Paint = true, nil
	p.actionJSON = &exec
	p.formatter = func() format.Formatter {
		if o.OneToOne {
			return format.NewOneToOne(b.layout, &exec, o.Precision)
		}
		out := o.Out
		if f.display.showsNoRows() {
			out = "none"
		}
		f, err := format.New(out, b.layout, o.Precision)
		if err != nil {
			panic("cmd: " + err.Error()) // the flags let no other format pass
		}
		return f
	}
	f.display.begin(p)
	return p, nil
}

// A builder lays out the windows, columns and metrics of a plan.
type builder struct {
	o       *Options
	schema  *parse.Schema
	set     *rule.Set
	layout  format.Layout
	windows []wanted
	columns []stream.Read
	metrics []stream.Read
	first   []int

	windowAt map[windowID]int
	aggAt    map[aggID]int
	fieldAt  map[string]int // the first column of a name
}

// A windowID is one field over one width.
type windowID struct {
	field int
	width agg.Width
	moved bool  // the clock moves it on: rows and other rules have another
	ago   int64 // it is as it was so many ns ago

	detects bool // it is the detector of the field and no window
}

// An aggID is an aggregate of a window.
type aggID struct {
	window int
	name   string
}

// A wanted window is one field over one width with all that is read from it.
type wanted struct {
	windowID
	names []string
}

func (w *wanted) aggs() []agg.Agg {
	aggs := make([]agg.Agg, len(w.names))
	for i, name := range w.names {
		aggs[i], _ = agg.Lookup(name)
	}
	return aggs
}

func (w *wanted) stats() []detect.Stat {
	stats := make([]detect.Stat, len(w.names))
	for i, name := range w.names {
		stats[i], _ = detect.Lookup(name)
	}
	return stats
}

func newBuilder(o *Options, s *parse.Schema, set *rule.Set) *builder {
	b := &builder{o: o, schema: s, set: set, windowAt: map[windowID]int{}, aggAt: map[aggID]int{}, fieldAt: map[string]int{}}
	for i, name := range slices.Backward(s.Fields) {
		b.fieldAt[name] = i
	}
	b.layout = format.Layout{Measurement: o.Measurement, Keys: o.Keys, Keep: o.Keep, Clock: o.Clock != stream.NoClock, Zone: o.Zone}
	ofWindow, ofNone := o.aggregates()
	for field := range s.Fields[:s.Shown] {
		for i, w := range o.Windows {
			at := b.window(windowID{field: field, width: w.Width})
			if i == 0 {
				b.first = append(b.first, at)
			}
			for _, a := range ofWindow {
				b.column(at, a.Name, w.Text)
			}
		}
		for _, a := range ofNone {
			b.column(b.window(windowID{field: field, detects: true}), a.Name, "")
		}
	}
	var taken []string
	if o.OneToOne {
		taken = format.OneToOneNames
	}
	format.Name(&b.layout, len(o.Windows) > 1, taken...)
	if set != nil {
		for _, m := range set.Metrics {
			b.metrics = append(b.metrics, b.metric(m))
		}
	}
	return b
}

// column adds the column of an aggregate of a window, which text is.
func (b *builder) column(window int, name, text string) {
	b.columns = append(b.columns, b.read(window, name))
	b.layout.Columns = append(b.layout.Columns, format.Column{
		Agg: name, Field: b.schema.Fields[b.windows[window].field], Window: text, Count: name == "count",
	})
}

// window is the index of a window, made if it is not there yet.
func (b *builder) window(id windowID) int {
	i, ok := b.windowAt[id]
	if !ok {
		i = len(b.windows)
		b.windowAt[id] = i
		b.windows = append(b.windows, wanted{windowID: id})
	}
	return i
}

// read is how an aggregate is read from a window.
func (b *builder) read(window int, name string) stream.Read {
	if name == ageName {
		return stream.Read{From: stream.FromAge}
	}
	id := aggID{window, name}
	at, ok := b.aggAt[id]
	if !ok {
		w := &b.windows[window]
		at = len(w.names)
		b.aggAt[id] = at
		w.names = append(w.names, name)
	}
	return stream.Read{Window: window, Agg: at, Count: name == "count"}
}

// metric is how a metric of the rules is read.
func (b *builder) metric(m rule.Metric) stream.Read {
	field := 0
	if m.Field != "" {
		field = b.fieldAt[m.Field]
	}
	if m.IsText {
		return stream.Read{From: stream.FromText}
	}
	switch m.Agg {
	case ageName:
		return stream.Read{From: stream.FromAge}
	case "hour":
		return stream.Read{From: stream.FromHour}
	case "weekday":
		return stream.Read{From: stream.FromWeekday}
	case "":
		return stream.Read{From: stream.FromField, Field: field}
	}
	width := b.o.Windows[0].Width
	switch {
	case OfNoWindow(m.Agg):
		return b.read(b.window(windowID{field: field, detects: true}), m.Agg)
	case m.Window.All:
		width = agg.Width{Kind: agg.All}
	case m.Window.D > 0:
		width = agg.Width{Kind: agg.Duration, D: m.Window.D}
	case m.Window.N > 0:
		width = agg.Width{Kind: agg.Count, N: m.Window.N}
	}
	moved := m.Moved && width.Kind == agg.Duration
	return b.read(b.window(windowID{field: field, width: width, moved: moved, ago: m.Ago}), m.Agg)
}

// aggOptions are the options of the windows of a width. One that is as long as
// the day or week of -n is that day or week of the zone.
func (b *builder) aggOptions(w windowID) agg.Options {
	o := agg.Options{DDof: b.o.DDof, Clock: b.layout.Clock, Ago: w.ago}
	if w.width.Kind == agg.Duration && w.width.D == b.o.Every.D && w.ago == 0 {
		if c := clock.NewCalendar(w.width.D, b.o.Zone); c.Varies() {
			o.Back = c.Back
		}
	}
	return o
}

const ageName = "age"

// config completes the stream's Config.
func (b *builder) config(c stream.Config, seen bool) stream.Config {
	o := b.o
	c.Fields, c.Keyed, c.Clock, c.Hz = len(b.schema.Fields), len(o.Keys) > 0, o.Clock, o.Hz
	if b.schema.Fields[0] != "" {
		c.Names = b.schema.Fields
	}
	c.Times = b.schema.Resolver(o.Near, int64(o.Late), int64(o.Ahead))
	c.Late, c.Gap, c.TTL = int64(o.Late), int64(o.Gap), int64(o.TTL)
	c.Since = o.Since
	c.Ahead, c.Back, c.Expect = int64(o.Ahead), int64(o.Back), o.Expect
	c.ClosedLeft, c.LabelStart, c.Fill = o.ClosedLeft, o.LabelStart, o.Fill
	c.Repeat, c.Every, c.Zone = int64(o.Repeat), o.Every, o.Zone
	c.First, c.Columns, c.Metrics = b.first, b.columns, b.metrics
	if o.Out == "none" && !seen && !o.OneToOne {
		c.Columns = nil // nobody looks at rows
	}
	texts := o.texts(b.set)
	for _, field := range b.set.Texts {
		c.Texts = append(c.Texts, slices.Index(texts, field))
	}
	if c.LastOnly = o.Out == "prom" && !seen; o.Out != "prom" {
		c.Keep = len(o.Keep)
	}
	c.ByKey = seen || o.Draws()
	c.EvalRow = o.Eval == "row"
	if len(b.set.Rules) > 0 {
		c.Rules = b.set
	}
	c.Former, c.Kept = b.former, o.Keep[:c.Keep]
	for i := range b.windows {
		c.Windows = append(c.Windows, b.streamWindow(&b.windows[i]))
	}
	return c
}

// of is what a window is, whatever is read from it, in words that are the same in
// the next run.
func (b *builder) of(w windowID) string {
	return fmt.Sprintf("%q %d %d %d %v %d %v", b.schema.Fields[w.field], w.width.Kind, w.width.N, w.width.D, w.moved, w.ago, w.detects)
}

// metricsOf is what is read from w, as rules write it: mean(temp,1h), anomaly(temp).
func (b *builder) metricsOf(w *wanted) (all []string) {
	var of []string
	if field := b.schema.Fields[w.field]; field != "" {
		of = append(of, field)
	}
	if !w.detects {
		of = append(of, widthText(w.width))
	}
	if w.ago > 0 {
		of = append(of, clock.Duration(w.ago)+" ago")
	}
	for _, name := range w.names {
		if len(of) > 0 {
			name += "(" + strings.Join(of, ",") + ")"
		}
		all = append(all, name)
	}
	return all
}

// former finds a window of a saved state that no longer gives the same: how it is
// made, and which of the windows is of the same samples.
func (b *builder) former(id string) (make func() stream.Accumulator, to int) {
	what, names, _ := strings.Cut(id, ": ")
	i := slices.IndexFunc(b.windows, func(w wanted) bool { return b.of(w.windowID) == what })
	if i < 0 {
		return nil, -1
	}
	w := wanted{b.windows[i].windowID, strings.Split(names, ",")}
	if w.detects {
		return nil, i // a detector reads what others have written, and tells what it lacks
	}
	for _, name := range w.names {
		if _, ok := agg.Lookup(name); !ok {
			return nil, -1
		}
	}
	return b.streamWindow(&w).New, i
}

// streamWindow is what the stream keeps of w: a window, or a detector.
func (b *builder) streamWindow(w *wanted) stream.Window {
	id := b.of(w.windowID) + ": " + strings.Join(w.names, ",")
	if w.detects {
		plan := detect.NewPlan(w.stats(), b.layout.Clock, b.o.Zone)
		return stream.Window{
			ID: id, Field: w.field, Aggs: len(w.names), Need: 1, Weight: detect.Samples, Timed: plan.NeedsTime(),
			New: func() stream.Accumulator { return plan.New() },
		}
	}
	plan := agg.NewPlan(w.width, w.aggs(), b.aggOptions(w.windowID))
	win := stream.Window{
		ID: id, Field: w.field, Width: w.width, Moved: w.moved, Aggs: len(w.names), Need: b.o.need(w.width),
		New:   func() stream.Accumulator { return plan.New() },
		Timed: plan.NeedsTime(), Stores: plan.Stores(), Fluid: plan.Fluid(),
	}
	if w.ago > 0 {
		win.Width.D = clock.Later(w.width.D, w.ago) // so far back it reaches
	}
	return win
}

// need is how many samples a window must hold to give values.
func (o *Options) need(w agg.Width) int {
	if o.WarmupFull && w.Kind == agg.Count {
		return w.N
	}
	return max(1, o.Warmup)
}

// goOn makes the plan, if there is one yet, that of a stream that goes on from a
// state. It returns what is to be told of it.
func (p *plan) goOn(r *stream.Restored) (told []string) {
	if p != nil && r.Rules != nil {
		for _, ctx := range []*format.Context{p.complaints, p.alerts, p.actionJSON} {
			ctx.Rules = r.Rules // those that have ended too
		}
	}
	for _, anew := range r.Anew {
		for i, metric := range p.metricsOf[anew.Window] {
			if anew.Aggs == nil || slices.Contains(anew.Aggs, i) {
				told = append(told, metric+" begins anew: it cannot be worked out from what was kept")
			}
		}
	}
	return told
}
