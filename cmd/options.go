package cmd

import (
	"fmt"
	"runtime"
	"slices"
	"time"

	"rtda/pkg/agg"
	"rtda/pkg/rule"
	"rtda/pkg/stream"
)

// A Window is a window of -w.
type Window struct {
	agg.Width
	Text string // as the user wrote it
}

// What to do about bad lines.
const (
	onErrorSkip   = "skip"
	onErrorFail   = "fail"
	onErrorIgnore = "ignore"
)

// Options is what the flags say, read and checked. Durations are 0 where there
// is none.
type Options struct {
	Files []string // none: stdin

	In         string
	Fields     []string
	Keys       []string
	Coerce     bool
	Sep        byte // 0: a comma
	Decimal    byte // 0: a point
	NUL        bool
	OnError    string // skip, fail or ignore
	MaxLine    int
	MaxKeys    int
	MaxSamples int

	Clock      stream.Clock
	ClockWhy   string // the flag that asks for the clock, "" where there is none
	TimeField  string // "": DataClock is the timestamp of the lines (influx)
	TimeFormat string
	Hz         stream.Rate
	HzText     string
	Late       time.Duration
	TTL        time.Duration

	Windows    []Window
	Gap        time.Duration
	Every      stream.Every
	EveryText  string
	Warmup     int
	WarmupFull bool // Warmup is 1 then, and means windows that are no counts
	Aggs       []agg.Agg
	DDof       int

	Rules       []rule.Source
	Check       bool
	Alerts      string // FILE, or "" for stderr
	AlertFormat string // text or json
	Repeat      time.Duration
	Exec        string
	ExecTimeout time.Duration
	ExitStatus  bool

	Out          string
	Precision    int // 0: the format's own
	Color        string
	Jobs         int
	OneToOne     bool
	StderrPrefix string // telegraf or ""

	strict, quiet, timeNow, version bool
	ruleFiles                       []string
	given                           map[string]string // values of the flags that the user gave
}

func newOptions() *Options { return &Options{given: map[string]string{}} }

// set gives a flag a value, as often as the user names it.
func (o *Options) set(f *flag, text string) error {
	if err := f.set(o, text); err != nil {
		return err
	}
	if f.arg == "" && text == "false" {
		delete(o.given, f.name)
		return nil
	}
	if before, again := o.given[f.name]; again && f.repeats {
		text = before + "," + text
	}
	o.given[f.name] = text
	return nil
}

// has reports whether the user gave a flag.
func (o *Options) has(name string) bool {
	_, ok := o.given[name]
	return ok
}

// finish completes what parsing the flags has begun: it sets the defaults,
// finds the clock, refuses what contradicts itself, looks at the FILEs and
// reads the files of rules.
func (o *Options) finish(files []string) error {
	o.Files = files
	if err := o.setDefaults(); err != nil {
		return err
	}
	o.findClock()
	if err := o.contradiction(); err != nil {
		return err
	}
	if err := checkFiles(files); err != nil {
		return err
	}
	for _, name := range o.ruleFiles {
		rules, err := readRules(name)
		if err != nil {
			return &flagError{"rules", &badValue{"cannot be read: " + reason(err), name}}
		}
		o.Rules = append(o.Rules, rules...)
	}
	return nil
}

func (o *Options) setDefaults() error {
	for i := range flags {
		f := &flags[i]
		if f.def == "" || o.has(f.name) {
			continue
		}
		if err := f.set(o, f.def); err != nil {
			return fmt.Errorf("default of --%s: %w", f.name, err)
		}
	}
	if o.Jobs == 0 {
		o.Jobs = runtime.GOMAXPROCS(0)
	}
	if o.strict && !o.has("on-error") {
		o.OnError = onErrorFail
	}
	if o.quiet && !o.has("out") {
		o.Out = "none"
	}
	return nil
}

// findClock says which clock the durations run on, as far as the flags tell.
// Rules may need one too: ImplyClock is for those.
func (o *Options) findClock() {
	switch {
	case o.has("time") && !o.timeNow:
		o.Clock, o.ClockWhy = stream.DataClock, "-t "+o.given["time"]
	case o.has("time"):
		o.Clock, o.ClockWhy = stream.WallClock, "-t now"
	case o.has("hz"):
		o.Clock, o.ClockWhy = stream.HzClock, "--hz "+o.HzText
	case o.In == "influx":
		o.Clock, o.ClockWhy = stream.DataClock, "-i influx"
	default:
		if why := o.duration(); why != "" {
			o.ImplyClock(why)
		}
	}
}

// duration is a flag that has a duration which needs a clock, or "".
func (o *Options) duration() string {
	for _, w := range o.Windows {
		if w.Kind == agg.Duration {
			return "-w " + w.Text
		}
	}
	if o.Every.D > 0 {
		return "-n " + o.EveryText
	}
	for _, name := range []string{"gap", "ttl", "repeat"} {
		if o.has(name) {
			return "--" + name + " " + o.given[name]
		}
	}
	return ""
}

// ImplyClock turns the wall clock on if there is no clock yet, because of why.
func (o *Options) ImplyClock(why string) {
	if o.Clock == stream.NoClock {
		o.Clock, o.ClockWhy = stream.WallClock, why
	}
}

// addItems appends the items of a list, refusing one that is there already.
func addItems(dst *[]string, text string) error {
	items, err := splitList(text)
	if err != nil {
		return err
	}
	for _, item := range items {
		if slices.Contains(*dst, item) {
			return &badValue{"must name each field once", item}
		}
		*dst = append(*dst, item)
	}
	return nil
}

func (o *Options) addWindows(text string) error {
	items, err := splitList(text)
	if err != nil {
		return err
	}
	for _, item := range items {
		w, err := parseWindow(item)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(o.Windows, func(v Window) bool { return v.Width == w }) {
			return &badValue{"must name each window once", item}
		}
		o.Windows = append(o.Windows, Window{w, item})
	}
	return nil
}

func (o *Options) addAggs(text string) error {
	items, err := splitList(text)
	if err != nil {
		return err
	}
	for _, item := range items {
		a, ok := agg.Lookup(item)
		if !ok {
			return &badValue{"must be aggregates that rtda knows" + didYouMean(item, aggNames()), item}
		}
		if slices.ContainsFunc(o.Aggs, func(b agg.Agg) bool { return b.Name == a.Name }) {
			return &badValue{"must name each aggregate once", item}
		}
		o.Aggs = append(o.Aggs, a)
	}
	return nil
}

func (o *Options) setTime(text string) (err error) {
	o.TimeField, o.TimeFormat, o.timeNow, err = parseTime(text)
	return err
}

func (o *Options) setWarmup(text string) (err error) {
	o.Warmup, o.WarmupFull = 1, text == "full"
	if o.WarmupFull {
		return nil
	}
	if o.Warmup, err = parseCount(text, 1, maxCount); err != nil {
		return &badValue{"must be a whole number of 1 or more, or full", text}
	}
	return nil
}

func (o *Options) addRule(text string) error {
	name := fmt.Sprintf("rule %d", len(o.Rules)+1)
	o.Rules = append(o.Rules, rule.Source{Text: text, Name: name})
	return nil
}

// aggNames are the names of the aggregates.
func aggNames() []string {
	names := make([]string, len(agg.Table))
	for i, a := range agg.Table {
		names[i] = a.Name
	}
	return names
}
