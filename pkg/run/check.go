package run

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"rtda/pkg/agg"
	"rtda/pkg/clock"
	"rtda/pkg/detect"
	"rtda/pkg/parse"
	"rtda/pkg/rule"
	"rtda/pkg/stream"
	"rtda/pkg/text"
)

// Check writes what a run with these options would do, and reads no input.
// What waits for the first record is said in words.
func Check(o *Options, stdout io.Writer) error {
	schema, extra, err := o.newSchema()
	if err != nil {
		return err
	}
	scope := o.scope(known(schema), schema.Known())
	scope.Records = schema.Known() && schema.Counts()
	set, errs := rule.Compile(o.Rules, scope)
	if len(errs) > 0 {
		return Usage(errors.Join(errs...))
	}
	var b strings.Builder
	line := func(what, value string) { fmt.Fprintf(&b, "%-8s %s\n", what, text.Plain(value)) }
	line("format", o.In)
	line("fields", fieldsText(schema, extra))
	line("keys", orNone(o.Keys))
	line("clock", o.clockText())
	line("rows", o.rowsText())
	if schema.Known() {
		checkWindows(o, newBuilder(o, schema, set), line)
	} else {
		line("windows", windowTexts(o)+", of each field")
		ofWindow, ofNone := o.aggregates()
		if line("columns", strings.Join(namesOf(ofWindow), ", ")+", of each field and window"); len(ofNone) > 0 {
			line("columns", strings.Join(namesOf(ofNone), ", ")+", of each field")
		}
	}
	for i := range set.Rules {
		line("rule", set.Rules[i].Full)
	}
	_, err = io.WriteString(stdout, b.String())
	return err
}

// known is the fields of the output, as far as they are known.
func known(s *parse.Schema) []string {
	if !s.Known() {
		return nil
	}
	return s.Fields[:s.Shown]
}

// checkWindows tells each window with the summaries it keeps, and the columns.
func checkWindows(o *Options, b *builder, line func(what, value string)) {
	for _, w := range b.windows {
		name := b.schema.Fields[w.field]
		if name != "" {
			name += " "
		}
		if w.detects {
			bytes := detect.NewPlan(w.stats(), b.layout.Clock, o.Zone).Bytes()
			line("detector", fmt.Sprintf("%s%s: counts as %d samples a key, takes up to %.1f KB", name, strings.Join(w.names, ", "), detect.Samples, float64(bytes)/1024))
			continue
		}
		plan := agg.NewPlan(w.width, w.aggs(), agg.Options{DDof: o.DDof, Clock: b.layout.Clock})
		of := ""
		if w.ago > 0 {
			of = " as it was " + clock.Duration(w.ago) + " ago"
		}
		if w.moved {
			of += " for rules that the clock evaluates"
		}
		line("window", name+widthText(w.width)+of+": "+orNone(plan.Summaries()))
	}
	var names []string
	if b.layout.Clock {
		names = append(names, "time")
	}
	names = append(names, b.layout.Keys...)
	for _, c := range b.layout.Columns {
		names = append(names, c.Name)
	}
	line("columns", strings.Join(names, " "))
}

func fieldsText(s *parse.Schema, extra []string) string {
	if !s.Known() {
		text := "every top-level number of the first good record"
		if len(extra) > 0 {
			text += "; for rules only: " + strings.Join(extra, ", ")
		}
		return text
	}
	if s.Fields[0] == "" && s.Counts() {
		return "none: records are counted"
	}
	if s.Fields[0] == "" {
		return "the number of each line"
	}
	text := strings.Join(s.Fields[:s.Shown], ", ")
	if s.Shown < len(s.Fields) {
		text += "; for rules only: " + strings.Join(s.Fields[s.Shown:], ", ")
	}
	return text
}

// clockText says where the time comes from and why.
func (o *Options) clockText() string {
	text := o.clockSource()
	if o.Zone != nil && o.Clock != stream.NoClock {
		text += " in " + o.ZoneText
	}
	return text
}

func (o *Options) clockSource() string {
	switch o.Clock {
	case stream.DataClock:
		return "the time of the records (" + o.ClockWhy + ")"
	case stream.HzClock:
		return "the number of the record (" + o.ClockWhy + ")"
	case stream.WallClock:
		return "the moment a line is read (" + o.ClockWhy + ")"
	}
	return "none"
}

func (o *Options) rowsText() string {
	switch {
	case o.Every.D > 0:
		return "at every multiple of " + o.EveryText
	case o.Every.N == 1:
		return "after every sample"
	case o.Every.N > 1:
		return "after every " + strconv.Itoa(o.Every.N) + " samples of a key"
	}
	return "at the end"
}

func windowTexts(o *Options) string {
	var texts []string
	for _, w := range o.Windows {
		texts = append(texts, w.Text)
	}
	return strings.Join(texts, ", ")
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}

// widthText is a window as a user would write it.
func widthText(w agg.Width) string {
	switch w.Kind {
	case agg.Count:
		return strconv.Itoa(w.N)
	case agg.Duration:
		return clock.Duration(w.D)
	}
	return "all"
}
