package cmd

import (
	"regexp"
	"time"

	"github.com/spf13/pflag"

	"rtda/pkg/clock"
	"rtda/pkg/format"
	"rtda/pkg/parse"
	"rtda/pkg/run"
	"rtda/pkg/socket"
)

// A group is a heading under which flags are shown.
type group string

const (
	groupInput   group = "Input"
	groupClock   group = "Clock"
	groupWindows group = "Windows"
	groupRules   group = "Rules"
	groupOutput  group = "Output"
	groupState   group = "Stopped and started"
	groupDisplay group = "Looking at a run"
)

// argumentDocs says how the values of flags are written, by the names that help
// and manual call them by.
var argumentDocs = []struct{ name, doc string }{
	{"D", "A duration as in Go, with d for days and w for weeks: `250ms`, `1h30m`, `2d`."},
	{"N", "A whole number; for `--hz` also a decimal or a fraction: `100`, `0.5`, `1/60`."},
	{"LIST", "Items with commas between: `temp,hum`. An item may stand in double quotes, with commas in it and a doubled quote for one: `-f '\"a,b\",c'`."},
	{"SPEC", "When rows are written: `1` (after every sample), `100` (after every 100 samples of a key), `10s` (at every multiple on the clock) or `end`."},
}

// groups are the headings in the order in which they are shown.
var groups = []group{groupInput, groupClock, groupWindows, groupRules, groupOutput, groupState, groupDisplay}

// A flag is a row of the table of flags.
type flag struct {
	group   group
	name    string
	short   string
	arg     string          // what its value is called; "" for a switch
	def     string          // default, written as a user would
	shown   string          // default as help shows it, where def does not say it
	daily   bool            // shown on the one screen of -h
	doc     string          // one line for help; %s stands for the words
	long    string          // a paragraph of markdown for the man page
	words   func() []string // all values that it can have; nil: any
	list    bool            // of words, with commas
	file    bool            // the value is the name of a file
	repeats bool            // may be given several times, which adds up
	bare    string          // its value where none is given, which it need not be; "": it must be
	set     func(o *options, text string) error
}

// findFlag is the row of a flag of the filter, nil if there is none.
func findFlag(name string) *flag {
	for i := range flags {
		if flags[i].name == name {
			return &flags[i]
		}
	}
	return nil
}

// addFlags adds the flags of a table to a command's. Completion parses the
// flags more than once and never uses what they say.
func addFlags(fs *pflag.FlagSet, table []flag, o *options, completing bool) {
	fs.SortFlags = false
	for i := range table {
		f := &table[i]
		added := fs.VarPF(&flagValue{f, o, completing}, f.name, f.short, f.doc)
		if added.NoOptDefVal = f.bare; f.arg == "" {
			added.NoOptDefVal = "true"
		}
	}
}

// A flagValue gives what the user typed to the options.
type flagValue struct {
	flag   *flag
	opts   *options
	ignore bool
}

func (v *flagValue) Set(text string) error {
	if v.ignore {
		return nil
	}
	return v.opts.set(v.flag, text)
}

func (v *flagValue) String() string { return v.flag.def }

// Type is what the value is called; pflag knows a switch by the word bool.
func (v *flagValue) Type() string {
	if v.flag.arg == "" {
		return "bool"
	}
	return v.flag.arg
}

// into makes a setter from a reader of values and the place for the value.
func into[T any](read func(string) (T, error), field func(*options) *T) func(*options, string) error {
	return func(o *options, text string) error {
		x, err := read(text)
		if err == nil {
			*field(o) = x
		}
		return err
	}
}

// choice makes a setter for one of some words.
func choice(words func() []string, field func(*options) *string) func(*options, string) error {
	return into(func(s string) (string, error) { return parseChoice(s, words()) }, field)
}

// number makes a setter for a whole number from least to most.
func number(least, most int, field func(*options) *int) func(*options, string) error {
	return into(func(s string) (int, error) { return parseCount(s, least, most) }, field)
}

// turnOn makes a setter for a switch.
func turnOn(field func(*options) *bool) func(*options, string) error {
	return into(parseSwitch, field)
}

// fixed makes a list of words that does not depend on other tables.
func fixed(words ...string) func() []string { return func() []string { return words } }

// aggWords are the names of the aggregates, with some quantiles for pNN.
func aggWords() []string {
	var words []string
	for _, name := range run.AggNames() {
		if name == "pNN" {
			words = append(words, "p05", "p25", "p75", "p90", "p95", "p99", "p99.9")
		} else {
			words = append(words, name)
		}
	}
	return words
}

func inFormats() []string {
	names := make([]string, len(parse.Formats))
	for i, f := range parse.Formats {
		names[i] = f.Name
	}
	return names
}

func outFormats() []string {
	names := make([]string, len(format.Formats))
	for i, f := range format.Formats {
		names[i] = f.Name
	}
	return names
}

var (
	onErrorWords  = fixed(run.OnErrorSkip, run.OnErrorFail, run.OnErrorIgnore)
	alertWords    = fixed("text", "json")
	colorWords    = fixed("auto", "always", "never")
	prefixWords   = fixed("telegraf")
	progressWords = fixed(run.ProgressAuto, run.ProgressAlways, run.ProgressNever)
	holdWords     = fixed(run.HoldAuto, run.HoldYes, run.HoldNo)
	ddofWords     = fixed("0", "1")
	closedWords   = fixed("right", "left")
	labelWords    = fixed("end", "start")
	evalWords     = fixed("sample", "row")
	spanInto      = func(field func(*options) *time.Duration) func(*options, string) error { return into(parseSpan, field) }
	mostDigits    = 17   // float64 has no more
	mostJobs      = 1024 // far more than helps
)

// flags is the table that help, man page, completion and complaints are made
// from, in the order in which they are shown.
var flags = []flag{
	{group: groupInput, name: "in", short: "i", arg: "FORMAT", daily: true, def: "auto", words: inFormats,
		doc: "auto, num, json, csv …: rtda help formats",
		long: "Format of the input. `auto` takes it from the first line that begins with `{` (json) or is a number (num), " +
			"for the whole run; with `-f`, `-k` or `-t FIELD` it is json.",
		set: choice(inFormats, func(o *options) *string { return &o.In })},
	{group: groupInput, name: "field", short: "f", arg: "LIST", daily: true, repeats: true,
		doc: "fields to measure, as paths: temp,env.temp,axes.0",
		long: "The fields to measure, as paths: `temp`, `env.temp`, `axes.0`. A flat name `env.temp` in the record wins over the path. " +
			"Without it every top-level number of the first good record is measured, the time and the keys left out, 1000 at most. " +
			"`NAME=PATH` measures the field at PATH under another name. In csv, tsv and cols `$1`, `$2` … are columns by their number, in match groups.",
		set: (*options).addFields},
	{group: groupInput, name: "key", short: "k", arg: "LIST", daily: true, repeats: true,
		doc: "windows and alerts for each value of these fields",
		long: "One set of windows and of rule states for each distinct value of these fields. Strings, numbers and booleans make keys; " +
			"`7` and `\"7\"` are one key.",
		set: func(o *options, s string) error { return o.addItems(&o.Keys, s) }},
	{group: groupInput, name: "keep", arg: "LIST", repeats: true,
		doc:  "further fields, of any type, to show in rows",
		long: "Further fields, of any type, that rows show between the key and the columns, as they last stood in a record of the key.",
		set:  func(o *options, s string) error { return o.addItems(&o.Keep, s) }},
	{group: groupInput, name: "names", arg: "LIST",
		doc:  "names of the columns of csv, tsv and cols",
		long: "The names of the columns of csv, tsv and cols, which have no header then. A line that has every used name in a cell of its own is one all the same.",
		set:  into(splitList, func(o *options) *[]string { return &o.Names })},
	{group: groupInput, name: "match", arg: "REGEXP",
		doc: "fields are the named groups of REGEXP: (?P<ms>\\d+)ms",
		long: "The fields of a line are the named groups of the first match of REGEXP in it, `$1`, `$2` … all its groups by number. Lines without a match are " +
			"passed over and counted. The syntax is that of Go: `(?P<ms>[\\d.]+) ms`. Implies `-i match`.",
		set: into(parseRegexp, func(o *options) **regexp.Regexp { return &o.Match })},
	{group: groupInput, name: "coerce",
		doc: "take strings, true and false as numbers",
		long: "Take a string with a number in it (`\"21.5\"`) as that number, and true and false, also as texts in any format, as 1 and 0. " +
			"Numbers in formats without types (csv, tsv, cols, match, logfmt) need no such thing.",
		set: turnOn(func(o *options) *bool { return &o.Coerce })},
	{group: groupInput, name: "missing", arg: "LIST",
		doc:  "texts and numbers that mean that there is no value",
		long: "These texts, and numbers of these values in any form, are no value and not bad: `NA,-,-999`; `\"\"` is the empty text. A record that has nothing else gives no row.",
		set:  into(parseMissing, func(o *options) *[]string { return &o.Missing })},
	{group: groupInput, name: "units",
		doc: "a number may have its unit after it: 18ms, 4KiB, 93%",
		long: "A number may have its unit after it, with a blank or not. Times (`ns`, `us`, `ms`, `s`, `m`, `min`, `h`, `d`, and Go's `1m30s`) become seconds, " +
			"sizes (`B`; `k`, `M`, `G`, `T`, `P` with or without it, 1000 each; `Ki` to `Pi`, 1024 each) bytes; `%` and all other units are dropped. " +
			"Strings of JSON need no `--coerce` for it. A field whose unit changes its kind has bad values.",
		set: turnOn(func(o *options) *bool { return &o.Units })},
	{group: groupInput, name: "sep", arg: "CHAR", shown: ",",
		doc:  "separator of csv",
		long: "The separator of csv, one ASCII character; `\\t` is a tab. Needs `-i csv`.",
		set:  into(parseSep, func(o *options) *byte { return &o.Sep })},
	{group: groupInput, name: "decimal", arg: "SIGN", shown: ".", words: fixed(",", "."),
		doc:  "decimal sign of texts that are numbers: , or .",
		long: "The decimal sign of numbers in num, csv, tsv, cols and match and, with `--coerce`, in strings of JSON, a point or a comma. Where csv has a comma for a separator, name another with `--sep`.",
		set:  into(parseDecimal, func(o *options) *byte { return &o.Decimal })},
	{group: groupInput, name: "null", short: "z",
		doc:  "records end in NUL, not in LF",
		long: "Records end in NUL instead of LF, as `find -print0` and `sort -z` write them. Rows end in LF all the same.",
		set:  turnOn(func(o *options) *bool { return &o.NUL })},
	{group: groupInput, name: "on-error", arg: "WHAT", def: run.OnErrorSkip, words: onErrorWords,
		doc: "bad lines: %s",
		long: "What to do about bad lines. `skip` shows the first 5 of each reason and the totals, and the status is 3. `fail` stops at the first " +
			"one, when the rows due before it are written. `ignore` shows only the totals and leaves the status at 0.",
		set: choice(onErrorWords, func(o *options) *string { return &o.OnError })},
	{group: groupInput, name: "strict",
		doc:  "stop at the first bad line (--on-error fail)",
		long: "The same as `--on-error fail`.",
		set:  turnOn(func(o *options) *bool { return &o.strict })},
	{group: groupInput, name: "max-line", arg: "SIZE", def: "1MiB",
		doc:  "skip lines that are longer",
		long: "The longest line, without its end: bytes, or with a unit as `head -c` has them (`64k`, `1MiB`; `kB` is 1000). A longer one is skipped in bounded memory.",
		set:  into(parseSize, func(o *options) *int { return &o.MaxLine })},
	{group: groupInput, name: "max-keys", arg: "N", def: "100000",
		doc:  "skip records of further keys",
		long: "How many keys are held at once. Records of further ones are skipped; `--ttl` makes room.",
		set:  number(1, maxCount, func(o *options) *int { return &o.MaxKeys })},
	{group: groupInput, name: "max-samples", arg: "N", def: "50000000",
		doc:  "skip records when windows hold that many",
		long: "How many samples all windows together hold. A record for which there is no room is skipped.",
		set:  number(1, maxCount, func(o *options) *int { return &o.MaxSamples })},

	{group: groupClock, name: "time", short: "t", arg: "FIELD[:FORMAT]", daily: true,
		doc: "the field with the time, or now",
		long: "The clock is the records' own time, in FIELD, or in two fields, `-t DATE+TIME`, which are read with a blank between. Without FORMAT it is a date `2006-01-02` or `2006/01/02`, behind which may stand a `T` or a blank with `15:04`, `15:04:05` or " +
			"`15:04:05.frac` (or `,frac`), and then a zone: `Z`, ` UTC`, `+02`, `+0200` or `+02:00`, with a blank before it or not; `20060102T150405Z`; or a Unix time, " +
			"which below 1e11 is in seconds, below 1e14 in milliseconds, below 1e17 in microseconds, else in nanoseconds. FORMAT is `unix`, `ms`, `us`, `ns` or " +
			"a strftime(3) pattern: a blank in it matches any number of blanks, `%d`, `%e`, `%m`, `%H` and `%I` may have one before them, `%f` is a fraction of any length, " +
			"which may be missing together with the sign before it, `%L` is whole milliseconds. A pattern without a year, or without a date, reads the time that is nearest to the newest one (see `--near`). FIELD ends at the first plus or colon; put it in double quotes if it has one of its own: `-t '\"a:b\":ms'`. " +
			"`now` is the moment at which a line is read; a field of that name is written `'\"now\"'`. " +
			"Plain numbers have no fields: for them it is `now` or `--hz`.",
		set: (*options).setTime},
	{group: groupClock, name: "tz", arg: "ZONE", def: "UTC",
		doc: "the time zone: Europe/Berlin, local",
		long: "The time zone in which times are written and those that name none are read, by its name in the IANA database, or `local` for that of the machine. In the hour that comes twice when the clock is set back, times are read as the first, " +
			"unless that is more than `--late` behind the newest time; a time that the clock skips is read with the offset from before. The zones are part of the program.",
		set: func(o *options, s string) (err error) {
			if o.Zone, err = clock.LoadZone(s); err != nil {
				return &badValue{"must be a time zone like Europe/Berlin, UTC or local", s}
			}
			o.ZoneText = s
			return nil
		}},
	{group: groupClock, name: "near", arg: "TIME",
		doc:  "where times without year or date begin",
		long: "With a FORMAT that has no year, or no date, the first record has the time nearest to TIME, by default to now; each later one the time nearest to the newest.",
		set: func(o *options, s string) error {
			o.near = s
			return nil
		}},
	{group: groupClock, name: "hz", arg: "N",
		doc:  "the records come N a second: 100, 0.5, 1/60",
		long: "The clock counts: the i-th good record, from 1, stands at i/N seconds after the Unix epoch. N is exact, a decimal or a fraction, in 9 digits.",
		set: func(o *options, s string) (err error) {
			o.Hz, err = parseRate(s)
			o.HzText = s
			return err
		}},
	{group: groupClock, name: "late", arg: "D", def: "0",
		doc: "put right a disorder of the records up to D",
		long: "A record waits until the newest time seen is D or more past its own, and waiting records are taken in the order of their times. " +
			"One that is older than one of its own key already taken is skipped as `late`. Needs a clock of the data's own.",
		set: into(parseLate, func(o *options) *time.Duration { return &o.Late })},
	{group: groupClock, name: "ahead", arg: "D",
		doc: "leave a record out that is more than D ahead",
		long: "A record more than D ahead of the newest time is held until the next record. If that is at most D earlier, both are taken, which is told, else the held one is skipped as `early`. " +
			"Without it one wrong time moves the clock, and all records after it are behind it. Needs a clock of the data's own.",
		set: spanInto(func(o *options) *time.Duration { return &o.Ahead })},
	{group: groupClock, name: "back", arg: "D",
		doc: "a key more than D back has its clock set back",
		long: "When two records of a key in a row are more than D older than its newest, its clock was set back: both are taken, its windows and what its rules hold begin anew, and it is told. " +
			"Without it all its records are skipped as `late` until they have caught up. Needs a clock of the data's own.",
		set: spanInto(func(o *options) *time.Duration { return &o.Back })},
	{group: groupClock, name: "since", arg: "TIME",
		doc: "up to TIME only fill windows and rules",
		long: "Records up to TIME, of their own clock, fill windows, rules and detectors, but bring neither rows nor alerts nor actions. A boundary up to TIME counts as written. " +
			"Whoever reads from a log that can be read again begins some windows earlier, and starts warm.",
		set: into(parseText, func(o *options) *string { return &o.since })},
	{group: groupClock, name: "ttl", arg: "D",
		doc:  "forget a key that was silent for D",
		long: "A key that was silent for D or more on the clock is forgotten, which resolves its alerts, and makes room for others.",
		set:  spanInto(func(o *options) *time.Duration { return &o.TTL })},

	{group: groupWindows, name: "window", short: "w", arg: "LIST", daily: true, def: "100", repeats: true,
		doc:  "counts, durations or all: 50, 5m or 1m,1h,all",
		long: "How far back the statistics reach, one window or several: a count of samples, a duration, or `all`. At time t a window of duration D holds the samples in (t-D, t].",
		set:  (*options).addWindows},
	{group: groupWindows, name: "every", short: "n", arg: "SPEC", daily: true, def: "1",
		doc: "a row every N samples, every D, or at the end",
		long: "When rows are written: after every sample (1), after every N samples of a key, at every multiple of a duration on the clock, or at the `end`. " +
			"So `-w 1m` slides, `-w 1m -n 10s` hops and `-w 1m -n 1m` tumbles. `1d` and `1w`, which begins on Monday, begin at midnight in the zone of `--tz` and are as long as its clock makes them, and so are windows of the same length; " +
			"other multiples of days count 24 hours from the midnight with which 1970 began there.",
		set: func(o *options, s string) (err error) {
			o.Every, err = parseEvery(s)
			o.EveryText = s
			return err
		}},
	{group: groupWindows, name: "agg", short: "a", arg: "LIST", daily: true, def: "mean,std,max", repeats: true, words: aggWords, list: true,
		doc:  "statistics, see rtda help aggregates",
		long: "The aggregates, a column each. They are listed under AGGREGATES.",
		set:  (*options).addAggs},
	{group: groupWindows, name: "closed", arg: "SIDE", def: "right", words: closedWords,
		doc: "closed side of windows: %s",
		long: "With `left`, windows of a duration D are [t-D, t) at boundaries, so that a sample exactly at a boundary belongs to the next row, as `GROUP BY date_trunc` and pandas' resample count. " +
			"At the end the first boundary after the newest time is written. Rows at samples are the same. Needs `-n` with a duration.",
		set: into(func(s string) (bool, error) { word, err := parseChoice(s, closedWords()); return word == "left", err }, func(o *options) *bool { return &o.ClosedLeft })},
	{group: groupWindows, name: "label", arg: "SIDE", def: "end", words: labelWords,
		doc:  "time of a boundary's row: %s",
		long: "With `start`, the row of a boundary bears the boundary before it, at which its window of the same length began. Needs `-n` with a duration.",
		set:  into(func(s string) (bool, error) { word, err := parseChoice(s, labelWords()); return word == "start", err }, func(o *options) *bool { return &o.LabelStart })},
	{group: groupWindows, name: "fill",
		doc: "a row for every key at every boundary",
		long: "At every boundary, the last one too, a row for every key from its first sample on, or from the start with `--expect`, also where its windows are empty (count 0). " +
			"At most 10,000 boundaries in a row are filled; what is left out is told. Needs `-n` with a duration.",
		set: turnOn(func(o *options) *bool { return &o.Fill })},
	{group: groupWindows, name: "gap", arg: "D",
		doc:  "a pause of D or longer empties a key's windows",
		long: "A pause of D or longer between two samples of a key empties its windows before the second is taken (sessions), and ends what rules have counted so far; an alert that fires goes on.",
		set:  spanInto(func(o *options) *time.Duration { return &o.Gap })},
	{group: groupWindows, name: "warmup", arg: "N", def: "1",
		doc: "samples that a window needs: a count, or full",
		long: "A row needs its first window to hold N samples in some field, and a window that holds fewer gives no value but its count, to rows and to rules. " +
			"`full` is each window's own count, and 1 for windows that are no counts. After `--gap` it holds anew.",
		set: (*options).setWarmup},
	{group: groupWindows, name: "ddof", arg: "N", def: "0", words: ddofWords,
		doc:  "var, std, cv and z divide by n-N: %s",
		long: "With 1, var and std divide by n-1 (the sample's variance) instead of n, also where they stand in cv and z.",
		set:  number(0, 1, func(o *options) *int { return &o.DDof })},

	{group: groupRules, name: "rule", short: "r", arg: "RULE", daily: true, repeats: true,
		doc:  "alert when it becomes true: crit hot: mean > 80",
		long: "A rule, see RULES. May be given several times.",
		set:  (*options).addRule},
	{group: groupRules, name: "rules", short: "R", arg: "FILE", repeats: true, file: true,
		doc:  "rules from FILE, one a line, # begins a comment",
		long: "Rules from FILE, one a line. Blank lines are ignored; `#` begins a comment unless it stands in quotes. They come after those of `-r`.",
		set: into(parseText, func(o *options) *string {
			o.ruleFiles = append(o.ruleFiles, "")
			return &o.ruleFiles[len(o.ruleFiles)-1]
		})},
	{group: groupRules, name: "alerts", arg: "FILE", daily: true, file: true,
		doc:  "append alerts to FILE, not to stderr",
		long: "Append the alerts to FILE instead of writing them to stderr. `/dev/fd/3` works.",
		set:  into(parseText, func(o *options) *string { return &o.Alerts })},
	{group: groupRules, name: "alert-format", arg: "FORMAT", def: "text", words: alertWords,
		doc:  "alerts as %s",
		long: "How alerts are written; `json` is an object a line, always with the same names.",
		set:  choice(alertWords, func(o *options) *string { return &o.AlertFormat })},
	{group: groupRules, name: "repeat", arg: "D",
		doc:  "write an alert again every D while it fires",
		long: "Write an alert again, as long as it fires, at the first evaluation that is D or more after its last line.",
		set:  spanInto(func(o *options) *time.Duration { return &o.Repeat })},
	{group: groupRules, name: "expect", arg: "LIST", repeats: true,
		doc: "keys known from the start: a,b or @FILE",
		long: "These keys are known from the start, so that a rule with `age` also finds one that never came: its age counts from the first time of the clock. The texts of several key fields are joined by `/`. " +
			"`@FILE` reads them from FILE, one a line. `--ttl` does not forget them. Needs `-k`.",
		set: into(parseText, func(o *options) *string {
			o.expected = append(o.expected, "")
			return &o.expected[len(o.expected)-1]
		})},
	{group: groupRules, name: "eval", arg: "WHEN", def: "sample", words: evalWords,
		doc: "when rules are evaluated: %s",
		long: "With `row` rules are evaluated only where a row is written, or would be with `-q`, just before it: for a file's total, or for each full minute of `-w 1m -n 1m`. " +
			"Else they are evaluated at every sample of their key, and some by the clock, too.",
		set: choice(evalWords, func(o *options) *string { return &o.Eval })},
	{group: groupRules, name: "exec", short: "x", arg: "CMD", daily: true,
		doc: "run sh -c CMD for each alert, its JSON on stdin",
		long: "For each line of alert `sh -c CMD` runs, with the alert's JSON on stdin and RTDA_STATE, RTDA_SEVERITY, RTDA_RULE, RTDA_KEY, RTDA_VALUE, RTDA_LINE, RTDA_TIME, RTDA_SEQ and RTDA_TEXT in its environment. " +
			"At most 4 run at once and 4096 wait; the stream waits for none. What is dropped, fails or times out is told when it happens (the first, the 10th, the 100th) and at the end, and leaves the status as it is.",
		set: into(parseText, func(o *options) *string { return &o.Exec })},
	{group: groupRules, name: "exec-timeout", arg: "D", def: "30s",
		doc:  "kill CMD after D",
		long: "Kill the whole process group of CMD after D.",
		set:  spanInto(func(o *options) *time.Duration { return &o.ExecTimeout })},
	{group: groupRules, name: "exit-status", short: "e",
		doc:  "status 4 if a rule fired",
		long: "End with status 4 if a rule fired.",
		set:  turnOn(func(o *options) *bool { return &o.ExitStatus })},
	{group: groupRules, name: "check",
		doc:  "print what would run, and read no input",
		long: "Read no input and print what would run: fields, keys, clock, windows, columns, and each rule fully parenthesised. The status is 0, or 2 with the errors.",
		set:  turnOn(func(o *options) *bool { return &o.check })},

	{group: groupOutput, name: "out", short: "o", arg: "FORMAT", daily: true, def: "text", words: outFormats,
		doc:  "text, table, json, csv …: rtda help formats",
		long: "Format of the rows, see OUTPUT. On a terminal it is table where nothing else is said.",
		set:  choice(outFormats, func(o *options) *string { return &o.Out })},
	{group: groupOutput, name: "quiet", short: "q", daily: true,
		doc:  "no rows, only alerts (-o none)",
		long: "The same as `-o none`.",
		set:  turnOn(func(o *options) *bool { return &o.quiet })},
	{group: groupOutput, name: "precision", short: "p", arg: "N",
		doc:  "significant digits (text: 6, others: all)",
		long: "Significant digits, 1 to 17. Without it text rounds to 6, but keeps all digits before the point below 2^53, and the others write the shortest digits that read back to the same number. `count` is never rounded, and alerts do not heed it.",
		set:  number(1, mostDigits, func(o *options) *int { return &o.Precision })},
	{group: groupOutput, name: "measurement", arg: "NAME", def: "rtda",
		doc:  "first word of influx and prom",
		long: "The measurement of influx, and what the names of metrics begin with in prom.",
		set:  into(parseText, func(o *options) *string { return &o.Measurement })},
	{group: groupOutput, name: "size", arg: "WxH", def: "900x360",
		doc:  "dots of each panel of svg and png",
		long: "Width and height of each panel of the pictures `-o svg` and `-o png`, in dots, from 200x100 to 8000x8000; a picture of several panels is as high as all of them, and 8000 dots at most.",
		set: func(o *options, s string) (err error) {
			o.Width, o.Height, err = parseDots(s)
			return err
		}},
	{group: groupOutput, name: "color", arg: "WHEN", def: "auto", words: colorWords,
		doc:  "colour of alerts: %s",
		long: "Colour of alerts in text. It wins over `NO_COLOR`, which wins over `auto`: colour where alerts go to a terminal.",
		set:  choice(colorWords, func(o *options) *string { return &o.Color })},
	{group: groupOutput, name: "progress", arg: "WHEN", def: run.ProgressAuto, words: progressWords,
		doc: "tell how far it is: %s",
		long: "When a line on stderr tells how far a run on files has come: how much is read, how many lines, their rate and the time that is left. With `auto` it is shown from 2 s on, where stderr is a terminal " +
			"and stdout is not, drawn anew each second and wiped at the end. With `always` also on a stderr that is no terminal, a line each second.",
		set: choice(progressWords, func(o *options) *string { return &o.Progress })},
	{group: groupOutput, name: "jobs", short: "j", arg: "N", shown: "cores",
		doc:  "blocks worked on side by side",
		long: "How many blocks of input are parsed and formatted side by side. What is written is the same for every N.",
		set:  number(1, mostJobs, func(o *options) *int { return &o.Jobs })},
	{group: groupOutput, name: "one-to-one",
		doc:  "one line out for each line in (-o json, -n 1)",
		long: "For hosts that talk to a filter: exactly one line out for every line in, blank and bad ones too, with the alerts inside the row and nothing on stderr. Needs `-o json` and `-n 1`.",
		set:  turnOn(func(o *options) *bool { return &o.OneToOne })},
	{group: groupOutput, name: "stderr-prefix", arg: "STYLE", words: prefixWords,
		doc:  "%s: mark each line on stderr with its level",
		long: "`telegraf` puts Telegraf's marks (`E! `, `W! `, `I! `) before every line on stderr.",
		set:  choice(prefixWords, func(o *options) *string { return &o.StderrPrefix })},

	{group: groupState, name: "state", arg: "FILE", file: true,
		doc:  "keep the run in FILE and go on from there",
		long: "Keep in FILE all that later output depends on, and go on from there at the next start: windows, alerts, the clock, and how far input was read and output written. See STATE.",
		set:  into(parseText, func(o *options) *string { return &o.State })},
	{group: groupState, name: "save", arg: "D", def: "5s",
		doc:  "how often --state is saved",
		long: "How often the state is saved, if anything has changed.",
		set:  spanInto(func(o *options) *time.Duration { return &o.Save })},

	{group: groupInput, name: "follow", short: "F",
		doc:  "read on as the FILEs grow, also when they rotate",
		long: "Read the FILEs to their ends in their order, then what is appended to any of them, as it comes, until a signal. See FOLLOWING.",
		set:  turnOn(func(o *options) *bool { return &o.Follow })},
	{group: groupInput, name: "tail", arg: "N", shown: "all",
		doc:  "with -F: begin N lines before the ends",
		long: "Begin N lines before the ends of the FILEs; 0 is only what is new. csv, tsv and cols still take their names from the first line.",
		set:  number(0, 1<<30, func(o *options) *int { return &o.Tail })},
	{group: groupInput, name: "listen", arg: "ADDR", repeats: true,
		doc: "take input from the network (tcp://:8000 …)",
		long: "Take input that others send: at `tcp://HOST:PORT`, `udp://HOST:PORT`, `unix:PATH`, `http://HOST:PORT` (POST, the body is lines) or `fd:N`, a listening socket that the starter opened. " +
			"Without HOST it is this machine's loopback. See LISTENING.",
		set: func(o *options, s string) error {
			a, err := socket.Parse(s)
			if err != nil {
				return &badValue{err.Error(), s}
			}
			o.Listen, o.ListenText = append(o.Listen, a), append(o.ListenText, s)
			return nil
		}},
	{group: groupInput, name: "max-connections", arg: "N", def: "256",
		doc:  "connections of --listen at once",
		long: "How many connections --listen keeps at once; further ones are closed, and told.",
		set:  number(1, 1<<16, func(o *options) *int { return &o.MaxConnections })},

	{group: groupDisplay, name: "live", daily: true,
		doc: "show the run on the terminal",
		long: "Show the run on the terminal: a chart, a table of keys and the alerts, see LIVE VIEW. Where stdout is the terminal no rows are written; elsewhere they are written as ever. " +
			"When the input has ended the view stays until q is pressed, but see --hold.",
		set: turnOn(func(o *options) *bool { return &o.Live })},
	{group: groupDisplay, name: "http", arg: "ADDR",
		doc: "serve a page, JSON and metrics at ADDR (8080)",
		long: "Serve the run over HTTP, read-only, see HTTP: a page that draws itself, JSON, events, and metrics for Prometheus. ADDR is `8080`, `HOST:PORT`, `unix:PATH` or `fd:N`; " +
			"without a host it is this machine's loopback. Another address needs --http-token.",
		set: func(o *options, s string) error {
			a, err := socket.ParseHTTP(s)
			if err != nil {
				return &badValue{err.Error(), s}
			}
			o.HTTP, o.HTTPText = &a, s
			return nil
		}},
	{group: groupDisplay, name: "http-token", arg: "FILE", file: true,
		doc:  "who looks must know the token in FILE (or: none)",
		long: "Only who brings the token that stands in FILE may look: `Authorization: Bearer TOKEN`, or `/?token=TOKEN` once in a browser. `none` lets everybody look, also from other machines.",
		set:  into(parseText, func(o *options) *string { return &o.tokenFile })},
	{group: groupDisplay, name: "http-host", arg: "LIST", repeats: true,
		doc:  "further names of this machine for --http",
		long: "Names by which browsers may call this machine, beside `localhost`, its own name and its addresses. Requests for another name are refused, so that no web page of elsewhere can read the run.",
		set:  func(o *options, s string) error { return o.addItems(&o.HTTPHosts, s) }},
	{group: groupDisplay, name: "hold", arg: "WHEN", def: run.HoldAuto, words: holdWords, bare: run.HoldYes,
		doc: "stay at the end of the input: %s",
		long: "Whether --live and --http stay when the input has ended: until q, or with --http alone until a signal, which leaves the status as it was. " +
			"`auto` is yes for --live and no for --http. `--hold` alone is yes.",
		set: choice(holdWords, func(o *options) *string { return &o.Hold })},
	{group: groupDisplay, name: "history", arg: "D", def: "10m",
		doc:  "how much past is shown, or all",
		long: "How much past is kept to be looked at: a duration on the clock (of arrival where there is none), or `all`. It is kept in 600 to 1200 points for each key.",
		set: func(o *options, s string) error {
			o.HistoryAll = s == "all"
			if o.HistoryAll {
				return nil
			}
			d, err := parseSpan(s)
			o.History = d
			return err
		}},
}
