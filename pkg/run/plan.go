package run

import (
	"errors"
	"slices"

	"rtda/pkg/agg"
	"rtda/pkg/clock"
	"rtda/pkg/format"
	"rtda/pkg/parse"
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
}

// json is an alert as the command of --exec gets it.
func (p *plan) json(n *stream.Note) []byte { return p.actionJSON.AppendNote(nil, n) }

// env is what the environment of that command tells of an alert.
func (p *plan) env(n *stream.Note) []string {
	return alertEnv(n, p.rules, &p.layout)
}

// plan makes the plan for the fields that the schema has found.
func (f *filter) plan(s *parse.Schema) (*plan, error) {
	o := f.o
	set, errs := rule.Compile(o.Rules, o.scope(s.Fields[:s.Shown], true))
	if len(errs) > 0 {
		return nil, Usage(errors.Join(errs...))
	}
	b := newBuilder(o, s, set)
	p := &plan{
		layout: b.layout, rules: set, stream: b.config(f.complaints()),
		alertsApart: f.alerts != nil,
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
		f, err := format.New(o.Out, b.layout, o.Precision)
		if err != nil {
			panic("cmd: " + err.Error()) // the flags let no other format pass
		}
		return f
	}
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
	moved bool // the clock moves it on: rows and other rules have another
}

// An aggID is an aggregate of a window.
type aggID struct {
	window int
	name   string
}

// A wanted window is one field over one width with all that is read from it.
type wanted struct {
	windowID
	aggs []agg.Agg
}

func newBuilder(o *Options, s *parse.Schema, set *rule.Set) *builder {
	b := &builder{o: o, schema: s, set: set, windowAt: map[windowID]int{}, aggAt: map[aggID]int{}, fieldAt: map[string]int{}}
	for i, name := range slices.Backward(s.Fields) {
		b.fieldAt[name] = i
	}
	b.layout = format.Layout{Measurement: o.Measurement, Keys: o.Keys, Clock: o.Clock != stream.NoClock, Zone: o.Zone}
	for field := range s.Fields[:s.Shown] {
		for i, w := range o.Windows {
			at := b.window(field, w.Width, false)
			if i == 0 {
				b.first = append(b.first, at)
			}
			for _, a := range o.Aggs {
				b.columns = append(b.columns, b.read(at, a))
				b.layout.Columns = append(b.layout.Columns, format.Column{
					Agg: a.Name, Field: s.Fields[field], Window: w.Text, Count: a.Name == "count",
				})
			}
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

// window is the index of the window of a field, made if it is not there yet.
func (b *builder) window(field int, width agg.Width, moved bool) int {
	id := windowID{field, width, moved && width.Kind == agg.Duration}
	i, ok := b.windowAt[id]
	if !ok {
		i = len(b.windows)
		b.windowAt[id] = i
		b.windows = append(b.windows, wanted{windowID: id})
	}
	return i
}

// read is how an aggregate is read from a window.
func (b *builder) read(window int, a agg.Agg) stream.Read {
	if a.Name == ageName {
		return stream.Read{From: stream.FromAge}
	}
	id := aggID{window, a.Name}
	at, ok := b.aggAt[id]
	if !ok {
		w := &b.windows[window]
		at = len(w.aggs)
		b.aggAt[id] = at
		w.aggs = append(w.aggs, a)
	}
	return stream.Read{Window: window, Agg: at, Count: a.Name == "count"}
}

// metric is how a metric of the rules is read.
func (b *builder) metric(m rule.Metric) stream.Read {
	field := 0
	if m.Field != "" {
		field = b.fieldAt[m.Field]
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
	return b.read(b.window(field, width, m.Moved), a)
}

// aggOptions are the options of the windows of a width. One that is as long as
// the day or week of -n is that day or week of the zone.
func (b *builder) aggOptions(w agg.Width) agg.Options {
	o := agg.Options{DDof: b.o.DDof, Clock: b.layout.Clock}
	if w.Kind == agg.Duration && w.D == b.o.Every.D {
		if c := clock.NewCalendar(w.D, b.o.Zone); c.Varies() {
			o.Back = c.Back
		}
	}
	return o
}

const ageName = "age"

// config completes the stream's Config.
func (b *builder) config(c stream.Config) stream.Config {
	o := b.o
	c.Fields, c.Keyed, c.Clock, c.Hz = len(b.schema.Fields), len(o.Keys) > 0, o.Clock, o.Hz
	c.Times = b.schema.Resolver(o.Near, int64(o.Late), 0)
	c.Late, c.Gap, c.TTL = int64(o.Late), int64(o.Gap), int64(o.TTL)
	c.Repeat, c.Every, c.Zone = int64(o.Repeat), o.Every, o.Zone
	c.First, c.Columns, c.Metrics = b.first, b.columns, b.metrics
	if len(b.set.Rules) > 0 {
		c.Rules = b.set
	}
	c.LastOnly = o.Out == "prom"
	for _, w := range b.windows {
		plan := agg.NewPlan(w.width, w.aggs, b.aggOptions(w.width))
		c.Windows = append(c.Windows, stream.Window{
			Field: w.field, Width: w.width, Moved: w.moved, Aggs: len(w.aggs), Need: o.need(w.width),
			New:   func() stream.Accumulator { return plan.New() },
			Timed: plan.NeedsTime(), Stores: plan.Stores(),
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
