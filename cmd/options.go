package cmd

import (
	"fmt"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"rtda/pkg/agg"
	"rtda/pkg/parse"
	"rtda/pkg/rule"
	"rtda/pkg/run"
	"rtda/pkg/stream"
)

// options is what the flags say: what the run is to do, and what only the
// command line needs to know.
type options struct {
	run.Options
	flags    []Flag // which fill it
	check    bool   // print what would run
	simulate simulateOptions

	strict, quiet, timeNow, version bool
	near, since                     string // what these flags say
	ruleFiles                       []string
	expected                        []string          // what --expect says
	tokenFile                       string            // or none
	given                           map[string]string // values of the flags that the user gave
}

func newOptions() *options {
	o := &options{given: map[string]string{}}
	o.Tail = -1
	o.flags = filterFlags(o)
	return o
}

// set gives a flag a value, as often as the user names it.
func (o *options) set(f *Flag, text string) error {
	if err := f.set(text); err != nil {
		return err
	}
	if f.Arg == "" && text == "false" {
		delete(o.given, f.Name)
		return nil
	}
	if before, again := o.given[f.Name]; again && f.repeats {
		text = before + "," + text
	}
	o.given[f.Name] = text
	return nil
}

func (o *options) has(name string) bool {
	_, ok := o.given[name]
	return ok
}

// finish completes what parsing the flags has begun: it sets the defaults,
// finds the clock, refuses what contradicts itself, looks at the FILEs and
// reads the files of rules.
func (o *options) finish(files []string) error {
	o.Files = files
	for _, step := range []func() error{
		o.setDefaults, o.setMoments, o.findClock, o.contradiction, o.looseValue, o.checkFiles, o.setExpect, o.readToken, o.readRules,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// readToken reads the token that whoever looks must know.
func (o *options) readToken() error {
	switch o.tokenFile {
	case "":
		return nil
	case "none":
		o.HTTPOpen = true
		return nil
	}
	token, err := readText(o.tokenFile)
	if err != nil {
		return &flagError{"http-token", &badValue{"cannot be read: " + run.Reason(err), o.tokenFile}}
	}
	if o.HTTPToken = strings.TrimRight(token, "\r\n"); o.HTTPToken == "" {
		return &flagError{"http-token", &badValue{"must hold a token", o.tokenFile}}
	}
	return nil
}

func (o *options) setDefaults() error {
	if err := o.fill(o.flags); err != nil {
		return err
	}
	if o.Jobs == 0 {
		o.Jobs = runtime.GOMAXPROCS(0)
	}
	if o.strict && !o.has("on-error") {
		o.OnError = run.OnErrorFail
	}
	if o.has("match") && !o.has("in") {
		o.In = "match"
	}
	if o.quiet && !o.has("out") {
		o.Out = "none"
	}
	return nil
}

// fill sets the flags of a table that the user did not give to their defaults.
func (o *options) fill(table []Flag) error {
	for i := range table {
		f := &table[i]
		if f.Default == "" || o.has(f.Name) {
			continue
		}
		if err := f.set(f.Default); err != nil {
			return fmt.Errorf("default of --%s: %w", f.Name, err)
		}
	}
	return nil
}

func (o *options) setExpect() error {
	for _, list := range o.expected {
		var items []string
		var err error
		if name, isFile := strings.CutPrefix(list, "@"); isFile {
			var lines string
			if lines, err = readText(name); err != nil {
				err = &badValue{"cannot be read: " + run.Reason(err), list}
			}
			for line := range strings.Lines(lines) {
				if line = strings.TrimRight(line, "\r\n"); line != "" {
					items = append(items, line)
				}
			}
		} else {
			items, err = splitList(list)
		}
		for _, item := range items {
			parts := []string{item}
			if len(o.Keys) > 1 {
				parts = strings.Split(item, "/")
			}
			if len(parts) != len(o.Keys) || !utf8.ValidString(item) {
				return &flagError{"expect", &badValue{fmt.Sprintf("must have a text for each of the %d key fields, joined by /", len(o.Keys)), item}}
			}
			o.Expect = append(o.Expect, strings.Join(parts, string([]byte{parse.KeySep})))
		}
		if err != nil {
			return &flagError{"expect", err}
		}
	}
	return nil
}

// setMoments reads the times of flags in the zone of --tz; --near is now by default.
func (o *options) setMoments() error {
	if o.TimeFormat != "" {
		o.Near = time.Now().UnixNano()
	}
	for _, m := range []struct {
		flag, text string
		dst        *int64
	}{{"near", o.near, &o.Near}, {"since", o.since, &o.Since}} {
		var err error
		if m.text == "" {
			continue
		}
		if *m.dst, err = parseMoment(m.text, o.Zone); err != nil {
			return &flagError{m.flag, err}
		}
	}
	return nil
}

// findClock says which clock the durations run on, as far as the flags tell.
// Rules may need one too: ImplyClock is for those.
func (o *options) findClock() error {
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
	return nil
}

// duration is a flag that has a duration which needs a clock, or "".
func (o *options) duration() string {
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

// eachItem gives the items of a list to take, until an error.
func eachItem(list string, take func(item string) error) error {
	items, err := splitList(list)
	for i := 0; err == nil && i < len(items); i++ {
		err = take(items[i])
	}
	return err
}

// addItems appends the items of a list, refusing one that is there already.
func (o *options) addItems(dst *[]string, list string) error {
	return eachItem(list, func(item string) error { return addField(dst, item, item) })
}

// addFields appends measured fields, each PATH or NAME=PATH.
func (o *options) addFields(list string) error {
	return eachItem(list, func(item string) error {
		name, path, renamed := strings.Cut(item, "=")
		if !renamed || name == "" || path == "" {
			return addField(&o.Fields, item, item)
		}
		if o.Paths == nil {
			o.Paths = map[string]string{}
		}
		o.Paths[name] = path
		return addField(&o.Fields, name, path)
	})
}

// addField appends a field, refusing one that is there already or has a path
// in the manner of other tools.
func addField(dst *[]string, name, path string) error {
	if slices.Contains(*dst, name) {
		return &badValue{"must name each field once", name}
	}
	ours := indexInBrackets().ReplaceAllString(strings.TrimPrefix(strings.TrimPrefix(path, "$."), "$["), ".$1")
	switch {
	case path == "*" || strings.HasSuffix(path, ".*"):
		return &badValue{"must name each field (without -f every number is measured)", path}
	case strings.HasPrefix(path, "$.") || strings.HasPrefix(path, "$[") || ours != path:
		return &badValue{"must be a path like " + strings.Trim(ours, ".]"), path}
	}
	*dst = append(*dst, name)
	return nil
}

// indexInBrackets is an index of an array as JSONPath and jq write it.
var indexInBrackets = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\[(\d+)\]`) })

func (o *options) addWindows(list string) error {
	return eachItem(list, func(item string) error {
		w, err := parseWindow(item)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(o.Windows, func(v run.Window) bool { return v.Width == w }) {
			return &badValue{"must name each window once", item}
		}
		o.Windows = append(o.Windows, run.Window{Width: w, Text: item})
		return nil
	})
}

func (o *options) addAggs(list string) error {
	return eachItem(list, func(item string) error {
		a, ok := run.LookupAggregate(item)
		if !ok {
			names := run.AggNames()
			must := "must be aggregates: " + strings.Join(names, ", ")
			if near := agg.Suggest(item, names); near != "" {
				must = "must be aggregates that rtda knows (did you mean " + near + "?)"
			}
			return &badValue{must, item}
		}
		if slices.ContainsFunc(o.Aggs, func(b run.Aggregate) bool { return b.Name == a.Name }) {
			return &badValue{"must name each aggregate once", item}
		}
		o.Aggs = append(o.Aggs, a)
		return nil
	})
}

func (o *options) setTime(text string) (err error) {
	if o.timeNow = text == "now"; o.timeNow { // in quotes it is a field
		return nil
	}
	var fields [2]string
	fields, o.TimeFormat, err = parseTime(text)
	o.TimeField, o.TimeField2 = fields[0], fields[1]
	return err
}

func (o *options) setWarmup(text string) (err error) {
	o.Warmup, o.WarmupFull = 1, text == "full"
	if o.WarmupFull {
		return nil
	}
	if o.Warmup, err = parseCount(text, 1, maxCount); err != nil {
		return &badValue{countCure("must be a whole number of 1 or more, or full", text), text}
	}
	return nil
}

func (o *options) addRule(text string) error {
	name := fmt.Sprintf("rule %d", len(o.Rules)+1)
	o.Rules = append(o.Rules, rule.Source{Text: text, Name: name})
	return nil
}
