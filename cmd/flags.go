package cmd

import (
	"time"

	"github.com/spf13/pflag"

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

type argumentDoc struct{ name, doc string }

// argumentDocs says how the values of flags are written, by the names that help
// and manual call them by.
var argumentDocs = []argumentDoc{
	{"D", "A duration as in Go, with d for days and w for weeks: `250ms`, `1h30m`, `2d`."},
	{"N", "A whole number; for `--hz` also a decimal or a fraction: `100`, `0.5`, `1/60`."},
	{"LIST", "Items with commas between: `temp,hum`. An item may stand in double quotes, with commas in it and a doubled quote for one: `-f '\"a,b\",c'`."},
	{"SPEC", "When rows are written: `1` (after every sample), `100` (after every 100 samples of a key), `10s` (at every multiple on the clock) or `end`."},
}

// groups are the headings in the order in which they are shown.
var groups = []group{groupInput, groupClock, groupWindows, groupRules, groupOutput, groupState, groupDisplay}

// A Flag is a row of a table of flags.
type Flag struct {
	Name    string
	Short   string
	Arg     string // what its value is called; "" for a switch
	Default string // written as a user would
	Doc     string // one line for help; %s stands for the words
	Long    string // a paragraph of markdown for the man page
	File    bool   // the value is the name of a file
	Set     func(text string) error

	group   group
	daily   bool            // shown on the one screen of -h
	shown   string          // default as help shows it, where Default does not say it
	words   func() []string // all values that it can have; nil: any
	choice  *string         // where the word goes that is chosen, without a Set
	text    *string         // where the value goes as it is written
	list    bool            // of words, with commas
	repeats bool            // may be given several times, which adds up
	bare    string          // its value where none is given, which it need not be; "": it must be
}

func (f *Flag) set(text string) error {
	if f.text != nil {
		*f.text = text
	}
	switch {
	case f.choice != nil:
		return into(func(s string) (string, error) { return parseChoice(s, f.words()) }, f.choice)(text)
	case f.Set != nil:
		return f.Set(text)
	}
	return nil
}

// find is the flag of that name in a table, nil if there is none.
func find(table []Flag, name string) *Flag {
	for i := range table {
		if table[i].Name == name {
			return &table[i]
		}
	}
	return nil
}

// addFlags adds the flags of a table to a command's. Completion parses the
// flags more than once and never uses what they say.
func addFlags(fs *pflag.FlagSet, table []Flag, o *options, completing bool) {
	fs.SortFlags = false
	for i := range table {
		f := &table[i]
		added := fs.VarPF(&flagValue{f, o, completing}, f.Name, f.Short, f.Doc)
		if added.NoOptDefVal = f.bare; f.Arg == "" {
			added.NoOptDefVal = "true"
		}
	}
}

// A flagValue gives what the user typed to the options.
type flagValue struct {
	flag   *Flag
	opts   *options
	ignore bool
}

func (v *flagValue) Set(text string) error {
	if v.ignore {
		return nil
	}
	return v.opts.set(v.flag, text)
}

func (v *flagValue) String() string { return v.flag.Default }

// Type is what the value is called; pflag knows a switch by the word bool.
func (v *flagValue) Type() string {
	if v.flag.Arg == "" {
		return "bool"
	}
	return v.flag.Arg
}

// into makes the Set of a flag from a reader of values and the place for the value.
func into[T any](read func(string) (T, error), dst *T) func(string) error {
	return func(text string) error {
		x, err := read(text)
		if err == nil {
			*dst = x
		}
		return err
	}
}

// intoList makes the Set of a flag that is a list by a reader; lists add up.
func intoList(read func(string) ([]string, error), dst *[]string) func(string) error {
	return func(text string) error {
		items, err := read(text)
		*dst = append(*dst, items...)
		return err
	}
}

// Text makes the Set of a flag that is a text.
func Text(dst *string) func(string) error { return into(parseText, dst) }

// Span makes the Set of a flag that is a duration.
func Span(dst *time.Duration) func(string) error { return into(parseSpan, dst) }

// Count makes the Set of a flag that is a whole number from least to most.
func Count(least, most int, dst *int) func(string) error {
	return into(func(s string) (int, error) { return parseCount(s, least, most) }, dst)
}

// Switch makes the Set of a flag that is on or off.
func Switch(dst *bool) func(string) error { return into(parseSwitch, dst) }

// Name makes the Set of a flag that is a name of letters, digits, - and _.
func Name(dst *string) func(string) error { return into(parseName, dst) }

// isSecond makes the Set of a flag that is one of two words: dst is whether it is
// the second.
func isSecond(words func() []string, dst *bool) func(string) error {
	return into(func(s string) (bool, error) {
		word, err := parseChoice(s, words())
		return word == words()[1], err
	}, dst)
}

// each makes the Set of a flag whose values are gathered.
func each(dst *[]string) func(string) error {
	return func(s string) error {
		text, err := parseText(s)
		*dst = append(*dst, text)
		return err
	}
}

// fixed makes a list of words that does not depend on other tables.
func fixed(words ...string) func() []string { return func() []string { return words } }

// names are the names of the rows of a table.
func names[T any](table []T, name func(T) string) []string {
	all := make([]string, len(table))
	for i, row := range table {
		all[i] = name(row)
	}
	return all
}

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
	return names(parse.Formats[:], func(f parse.Format) string { return f.Name })
}

func outFormats() []string {
	return names(format.Formats[:], func(f format.Format) string { return f.Name })
}

var (
	closedWords = fixed("right", "left")
	labelWords  = fixed("end", "start")
)

const (
	mostDigits = 17   // float64 has no more
	mostJobs   = 1024 // far more than helps
)

// filterFlags is the table of the filter's flags that help, man page, completion
// and complaints are made from, in the order in which they are shown.
func filterFlags(o *options) []Flag {
	return []Flag{
		{group: groupInput, Name: "in", Short: "i", Arg: "FORMAT", daily: true, Default: "auto", words: inFormats, choice: &o.In,
			Doc: "auto, num, json, csv …: rtda help formats",
			Long: "Format of the input. `auto` takes it from the first line that begins with `{` (json) or is a number (num), " +
				"for the whole run; with `-f`, `-k` or `-t FIELD` it is json."},
		{group: groupInput, Name: "field", Short: "f", Arg: "LIST", daily: true, repeats: true, Set: o.addFields,
			Doc: "fields to measure, as paths: temp,env.temp,axes.0",
			Long: "The fields to measure, as paths: `temp`, `env.temp`, `axes.0`. A flat name `env.temp` in the record wins over the path. " +
				"Without it every top-level number of the first good record is measured, the time and the keys left out, 1000 at most. " +
				"`NAME=PATH` measures the field at PATH under another name. In csv, tsv and cols `$1`, `$2` … are columns by their number, in match groups."},
		{group: groupInput, Name: "key", Short: "k", Arg: "LIST", daily: true, repeats: true, Set: func(s string) error { return o.addItems(&o.Keys, s) },
			Doc: "windows and alerts for each value of these fields",
			Long: "One set of windows and of rule states for each distinct value of these fields. Strings, numbers and booleans make keys; " +
				"`7` and `\"7\"` are one key."},
		{group: groupInput, Name: "keep", Arg: "LIST", repeats: true, Set: func(s string) error { return o.addItems(&o.Keep, s) },
			Doc:  "further fields, of any type, to show in rows",
			Long: "Further fields, of any type, that rows show between the key and the columns, as they last stood in a record of the key."},
		{group: groupInput, Name: "names", Arg: "LIST", repeats: true, Set: intoList(splitList, &o.Names),
			Doc:  "names of the columns of csv, tsv and cols",
			Long: "The names of the columns of csv, tsv and cols, which have no header then. A line that has every used name in a cell of its own is one all the same."},
		{group: groupInput, Name: "match", Arg: "REGEXP", Set: into(parseRegexp, &o.Match),
			Doc: "fields are the named groups of REGEXP: (?P<ms>\\d+)ms",
			Long: "The fields of a line are the named groups of the first match of REGEXP in it, `$1`, `$2` … all its groups by number. Lines without a match are " +
				"passed over and counted. The syntax is that of Go: `(?P<ms>[\\d.]+) ms`. Implies `-i match`."},
		{group: groupInput, Name: "coerce", Set: Switch(&o.Coerce),
			Doc: "take strings, true and false as numbers",
			Long: "Take a string with a number in it (`\"21.5\"`) as that number, and true and false, also as texts in any format, as 1 and 0. " +
				"Numbers in formats without types (csv, tsv, cols, match, logfmt) need no such thing."},
		{group: groupInput, Name: "missing", Arg: "LIST", repeats: true, Set: intoList(parseMissing, &o.Missing),
			Doc:  "texts and numbers that mean that there is no value",
			Long: "These texts, and numbers of these values in any form, are no value and not bad: `NA,-,-999`; `''` is the empty text. A record that has nothing else gives no row."},
		{group: groupInput, Name: "units", Set: Switch(&o.Units),
			Doc: "a number may have its unit after it: 18ms, 4KiB, 93%",
			Long: "A number may have its unit after it, with a blank or not. Times (`ns`, `us`, `ms`, `s`, `m`, `min`, `h`, `d`, and Go's `1m30s`) become seconds, " +
				"sizes (`B`; `k`, `M`, `G`, `T`, `P` with or without it, 1000 each; `Ki` to `Pi`, 1024 each) bytes; `%` and all other units are dropped. " +
				"Strings of JSON need no `--coerce` for it. A field whose unit changes its kind has bad values."},
		{group: groupInput, Name: "sep", Arg: "CHAR", shown: ",", Set: into(parseSep, &o.Sep),
			Doc:  "separator of csv",
			Long: "The separator of csv, one ASCII character; `\\t` is a tab. Needs `-i csv`."},
		{group: groupInput, Name: "decimal", Arg: "SIGN", shown: ".", words: fixed(",", "."), Set: into(parseDecimal, &o.Decimal),
			Doc:  "decimal sign of texts that are numbers: , or .",
			Long: "The decimal sign of numbers in num, csv, tsv, cols and match and, with `--coerce`, in strings of JSON, a point or a comma. Where csv has a comma for a separator, name another with `--sep`."},
		{group: groupInput, Name: "null", Short: "z", Set: Switch(&o.NUL),
			Doc:  "records end in NUL, not in LF",
			Long: "Records end in NUL instead of LF, as `find -print0` and `sort -z` write them. Rows end in LF all the same."},
		{group: groupInput, Name: "on-error", Arg: "WHAT", Default: run.OnErrorSkip, words: fixed(run.OnErrorSkip, run.OnErrorFail, run.OnErrorIgnore), choice: &o.OnError,
			Doc: "bad lines: %s",
			Long: "What to do about bad lines. `skip` shows the first 5 of each reason, the 10th, the 100th and so on, and the totals, and the status is 3. `fail` stops at the first " +
				"one, when the rows due before it are written. `ignore` shows only the totals and leaves the status at 0."},
		{group: groupInput, Name: "strict", Set: Switch(&o.strict),
			Doc:  "stop at the first bad line (--on-error fail)",
			Long: "The same as `--on-error fail`."},
		{group: groupInput, Name: "max-line", Arg: "SIZE", Default: "1MiB", Set: into(parseSize, &o.MaxLine),
			Doc:  "skip lines that are longer",
			Long: "The longest line, without its end: bytes, or with a unit as `head -c` has them (`64k`, `1MiB`; `kB` is 1000). A longer one is skipped in bounded memory."},
		{group: groupInput, Name: "max-keys", Arg: "N", Default: "100000", Set: Count(1, maxCount, &o.MaxKeys),
			Doc:  "skip records of further keys",
			Long: "How many keys are held at once. Records of further ones are skipped; `--ttl` makes room."},
		{group: groupInput, Name: "max-samples", Arg: "N", Default: "50000000", Set: Count(1, maxCount, &o.MaxSamples),
			Doc:  "skip records when windows hold that many",
			Long: "How many samples all windows together hold. A record for which there is no room is skipped."},

		{group: groupClock, Name: "time", Short: "t", Arg: "FIELD[:FORMAT]", daily: true, Set: o.setTime,
			Doc: "the field with the time, or now",
			Long: "The clock is the records' own time, in FIELD, or in two fields, `-t DATE+TIME`, which are read with a blank between. Without FORMAT it is a date `2006-01-02` or `2006/01/02`, behind which may stand a `T` or a blank with `15:04`, `15:04:05` or " +
				"`15:04:05.frac` (or `,frac`), and then a zone: `Z`, ` UTC`, `+02`, `+0200` or `+02:00`, with a blank before it or not; `20060102T150405Z`; or a Unix time, " +
				"which below 1e11 is in seconds, below 1e14 in milliseconds, below 1e17 in microseconds, else in nanoseconds. FORMAT is `unix`, `ms`, `us`, `ns` or " +
				"a strftime(3) pattern: a blank in it matches any number of blanks, `%d`, `%e`, `%m`, `%H` and `%I` may have one before them, `%f` is a fraction of any length, " +
				"which may be missing together with the sign before it, `%L` is whole milliseconds. A pattern without a year, or without a date, reads the time that is nearest to the newest one (see `--near`). FIELD ends at the first plus or colon; put it in double quotes if it has one of its own: `-t '\"a:b\":ms'`. " +
				"`now` is the moment at which a line is read; a field of that name is written `'\"now\"'`. " +
				"Plain numbers have no fields: for them it is `now` or `--hz`."},
		{group: groupClock, Name: "tz", Arg: "ZONE", Default: "UTC", text: &o.ZoneText, Set: into(parseZone, &o.Zone),
			Doc: "the time zone: Europe/Berlin, local",
			Long: "The time zone in which times are written and those that name none are read, by its name in the IANA database, or `local` for that of the machine. In the hour that comes twice when the clock is set back, times are read as the first, " +
				"unless that is more than `--late` behind the newest time; a time that the clock skips is read with the offset from before. The zones are part of the program."},
		{group: groupClock, Name: "near", Arg: "TIME", text: &o.near,
			Doc:  "where times without year or date begin",
			Long: "With a FORMAT that has no year, or no date, the first record has the time nearest to TIME, by default to now; each later one the time nearest to the newest."},
		{group: groupClock, Name: "hz", Arg: "N", text: &o.HzText, Set: into(parseRate, &o.Hz),
			Doc:  "the records come N a second: 100, 0.5, 1/60",
			Long: "The clock counts: the i-th good record, from 1, stands at i/N seconds after the Unix epoch. N is exact, a decimal or a fraction, in 9 digits."},
		{group: groupClock, Name: "late", Arg: "D", Default: "0", Set: into(parseLate, &o.Late),
			Doc: "put right a disorder of the records up to D",
			Long: "A record waits until the newest time seen is D or more past its own, and waiting records are taken in the order of their times. " +
				"One that is older than one of its own key already taken is skipped as `late`. Needs a clock of the data's own."},
		{group: groupClock, Name: "ahead", Arg: "D", Set: Span(&o.Ahead),
			Doc: "leave a record out that is more than D ahead",
			Long: "A record more than D ahead of the newest time is held until the next record. If that is at most D earlier, both are taken, which is told, else the held one is skipped as `early`. " +
				"Without it one wrong time moves the clock, and all records after it are behind it. Needs a clock of the data's own."},
		{group: groupClock, Name: "back", Arg: "D", Set: Span(&o.Back),
			Doc: "a key more than D back has its clock set back",
			Long: "When two records of a key in a row are more than D older than its newest, its clock was set back: both are taken, its windows and what its rules hold begin anew, and it is told. " +
				"Without it all its records are skipped as `late` until they have caught up. Needs a clock of the data's own."},
		{group: groupClock, Name: "since", Arg: "TIME", Set: Text(&o.since),
			Doc: "up to TIME only fill windows and rules",
			Long: "Records up to TIME, of their own clock, fill windows, rules and detectors, but bring neither rows nor alerts nor actions. A boundary up to TIME counts as written. " +
				"So a run on a log that can be read again (journald, Kafka) can begin some windows earlier, and has full windows when it starts to write."},
		{group: groupClock, Name: "ttl", Arg: "D", Set: Span(&o.TTL),
			Doc:  "forget a key that was silent for D",
			Long: "A key that was silent for D or more on the clock is forgotten, which resolves its alerts, and makes room for others."},

		{group: groupWindows, Name: "window", Short: "w", Arg: "LIST", daily: true, Default: "100", repeats: true, Set: o.addWindows,
			Doc:  "counts, durations or all: 50, 5m or 1m,1h,all",
			Long: "How far back the statistics reach, one window or several: a count of samples, a duration, or `all`. At time t a window of duration D holds the samples in (t-D, t]."},
		{group: groupWindows, Name: "every", Short: "n", Arg: "SPEC", daily: true, Default: "1", text: &o.EveryText, Set: into(parseEvery, &o.Every),
			Doc: "a row every N samples, every D, or at the end",
			Long: "When rows are written: after every sample (1), after every N samples of a key, at every multiple of a duration on the clock, or at the `end`. " +
				"So `-w 1m` slides, `-w 1m -n 10s` hops and `-w 1m -n 1m` tumbles. `1d` and `1w`, which begins on Monday, begin at midnight in the zone of `--tz` and are as long as its clock makes them, and so are windows of the same length; " +
				"other multiples of days count 24 hours from the midnight with which 1970 began there."},
		{group: groupWindows, Name: "agg", Short: "a", Arg: "LIST", daily: true, Default: "mean,std,max", repeats: true, words: aggWords, list: true, Set: o.addAggs,
			Doc:  "statistics, see rtda help aggregates",
			Long: "The aggregates, a column each. They are listed under AGGREGATES."},
		{group: groupWindows, Name: "closed", Arg: "SIDE", Default: "right", words: closedWords, Set: isSecond(closedWords, &o.ClosedLeft),
			Doc: "closed side of windows: %s",
			Long: "With `left`, windows of a duration D are [t-D, t) at boundaries, so that a sample exactly at a boundary belongs to the next row, as `GROUP BY date_trunc` and pandas' resample count. " +
				"At the end the first boundary after the newest time is written. Rows at samples are the same. Needs `-n` with a duration."},
		{group: groupWindows, Name: "label", Arg: "SIDE", Default: "end", words: labelWords, Set: isSecond(labelWords, &o.LabelStart),
			Doc:  "time of a boundary's row: %s",
			Long: "With `start`, the row of a boundary bears the boundary before it, at which its window of the same length began. Needs `-n` with a duration."},
		{group: groupWindows, Name: "fill", Set: Switch(&o.Fill),
			Doc: "a row for every key at every boundary",
			Long: "At every boundary, the last one too, a row for every key from its first sample on, or from the start with `--expect`, also where its windows are empty (count 0). " +
				"At most 10,000 boundaries in a row are filled; what is left out is told. Needs `-n` with a duration."},
		{group: groupWindows, Name: "gap", Arg: "D", Set: Span(&o.Gap),
			Doc:  "a pause of D or longer empties a key's windows",
			Long: "A pause of D or longer between two samples of a key empties its windows before the second is taken (sessions), and ends what rules have counted so far; an alert that fires goes on."},
		{group: groupWindows, Name: "warmup", Arg: "N", Default: "1", Set: o.setWarmup,
			Doc: "samples that a window needs: a count, or full",
			Long: "A row needs its first window to hold N samples in some field, and a window that holds fewer gives no value but its count, to rows and to rules. " +
				"`full` is each window's own count, and 1 for windows that are no counts. After `--gap` it holds anew."},
		{group: groupWindows, Name: "ddof", Arg: "N", Default: "0", words: fixed("0", "1"), Set: Count(0, 1, &o.DDof),
			Doc:  "var, std, cv and z divide by n-N: %s",
			Long: "With 1, var and std divide by n-1 (the sample's variance) instead of n, also where they stand in cv and z."},

		{group: groupRules, Name: "rule", Short: "r", Arg: "RULE", daily: true, repeats: true, Set: o.addRule,
			Doc:  "alert when it becomes true: crit hot: mean > 80",
			Long: "A rule, see RULES. May be given several times."},
		{group: groupRules, Name: "rules", Short: "R", Arg: "FILE", repeats: true, File: true, Set: each(&o.ruleFiles),
			Doc:  "rules from FILE, one a line, # begins a comment",
			Long: "Rules from FILE, one a line. Blank lines are ignored; `#` begins a comment unless it stands in quotes. They come after those of `-r`."},
		{group: groupRules, Name: "alerts", Arg: "FILE", daily: true, File: true, Set: Text(&o.Alerts),
			Doc:  "append alerts to FILE, not to stderr",
			Long: "Append the alerts to FILE instead of writing them to stderr. `/dev/fd/3` works."},
		{group: groupRules, Name: "alert-format", Arg: "FORMAT", Default: "text", words: fixed("text", "json"), choice: &o.AlertFormat,
			Doc:  "alerts as %s",
			Long: "How alerts are written; `json` is an object a line, always with the same names."},
		{group: groupRules, Name: "repeat", Arg: "D", Set: Span(&o.Repeat),
			Doc:  "write an alert again every D while it fires",
			Long: "Write an alert again, as long as it fires, at the first evaluation that is D or more after its last line."},
		{group: groupRules, Name: "expect", Arg: "LIST", repeats: true, Set: each(&o.expected),
			Doc: "keys known from the start: a,b or @FILE",
			Long: "These keys are known from the start, so that a rule with `age` also finds one that never came: its age counts from the first time of the clock. The texts of several key fields are joined by `/`. " +
				"`@FILE` reads them from FILE, one a line. `--ttl` does not forget them. Needs `-k`."},
		{group: groupRules, Name: "eval", Arg: "WHEN", Default: "sample", words: fixed("sample", "row"), choice: &o.Eval,
			Doc: "when rules are evaluated: %s",
			Long: "With `row` rules are evaluated only where a row is written, or would be with `-q`, just before it: for a file's total, or for each full minute of `-w 1m -n 1m`. " +
				"Else they are evaluated at every sample of their key, and some by the clock, too."},
		{group: groupRules, Name: "exec", Short: "x", Arg: "CMD", daily: true, Set: Text(&o.Exec),
			Doc: "run sh -c CMD for each alert, its JSON on stdin",
			Long: "For each line of alert `sh -c CMD` runs, with the alert's JSON on stdin and RTDA_STATE, RTDA_SEVERITY, RTDA_RULE, RTDA_KEY, RTDA_VALUE, RTDA_LINE, RTDA_TIME, RTDA_SEQ and RTDA_TEXT in its environment. " +
				"At most 4 run at once and 4096 wait; the stream waits for none. What is dropped, fails or times out is told when it happens (the first five, then the 10th, the 100th and so on) and at the end, and leaves the status as it is."},
		{group: groupRules, Name: "exec-timeout", Arg: "D", Default: "30s", Set: Span(&o.ExecTimeout),
			Doc:  "kill CMD after D",
			Long: "Kill the whole process group of CMD after D."},
		{group: groupRules, Name: "exit-status", Short: "e", Set: Switch(&o.ExitStatus),
			Doc:  "status 4 if a rule fired",
			Long: "End with status 4 if a rule fired."},
		{group: groupRules, Name: "check", Set: Switch(&o.check),
			Doc:  "print what would run, and read no input",
			Long: "Read no input and print what would run: fields, keys, clock, windows, columns, and each rule fully parenthesised. The status is 0, or 2 with the errors."},

		{group: groupOutput, Name: "out", Short: "o", Arg: "FORMAT", daily: true, Default: "text", words: outFormats, choice: &o.Out,
			Doc:  "text, table, json, csv …: rtda help formats",
			Long: "Format of the rows, see OUTPUT. On a terminal it is table where nothing else is said."},
		{group: groupOutput, Name: "quiet", Short: "q", daily: true, Set: Switch(&o.quiet),
			Doc:  "no rows, only alerts (-o none)",
			Long: "The same as `-o none`."},
		{group: groupOutput, Name: "precision", Short: "p", Arg: "N", Set: Count(1, mostDigits, &o.Precision),
			Doc:  "significant digits (text: 6, others: all)",
			Long: "Significant digits, 1 to 17. Without it text rounds to 6, but keeps all digits before the point below 2^53, and the others write the shortest digits that read back to the same number. `count` is never rounded, and alerts do not heed it."},
		{group: groupOutput, Name: "measurement", Arg: "NAME", Default: "rtda", Set: Text(&o.Measurement),
			Doc:  "first word of influx and prom",
			Long: "The measurement of influx, and what the names of metrics begin with in prom."},
		{group: groupOutput, Name: "size", Arg: "WxH", Default: "900x360",
			Doc:  "dots of each panel of svg and png",
			Long: "Width and height of each panel of the pictures `-o svg` and `-o png`, in dots, from 200x100 to 8000x8000; a picture of several panels is as high as all of them, and 8000 dots at most.",
			Set: func(s string) (err error) {
				o.Width, o.Height, err = parseDots(s)
				return err
			}},
		{group: groupOutput, Name: "color", Arg: "WHEN", Default: "auto", words: fixed("auto", "always", "never"), choice: &o.Color,
			Doc:  "colour of alerts: %s",
			Long: "Colour of alerts in text. It wins over `NO_COLOR`, which wins over `auto`: colour where alerts go to a terminal."},
		{group: groupOutput, Name: "progress", Arg: "WHEN", Default: run.ProgressAuto, words: fixed(run.ProgressAuto, run.ProgressAlways, run.ProgressNever), choice: &o.Progress,
			Doc: "tell how far it is: %s",
			Long: "When a line on stderr tells how far a run on files has come: how much is read, how many lines, their rate and the time that is left. With `auto` it is shown from 2 s on, where stderr is a terminal " +
				"and stdout is not, drawn anew each second and wiped at the end. With `always` also on a stderr that is no terminal, a line each second."},
		{group: groupOutput, Name: "jobs", Short: "j", Arg: "N", shown: "cores", Set: Count(1, mostJobs, &o.Jobs),
			Doc:  "blocks worked on side by side",
			Long: "How many blocks of input are parsed and formatted side by side. What is written is the same for every N."},
		{group: groupOutput, Name: "one-to-one", Set: Switch(&o.OneToOne),
			Doc:  "one line out for each line in (-o json, -n 1)",
			Long: "For hosts that talk to a filter: exactly one line out for every line in, blank and bad ones too, with the alerts inside the row and nothing on stderr. Needs `-o json` and `-n 1`."},
		{group: groupOutput, Name: "stderr-prefix", Arg: "STYLE", words: fixed("telegraf"), choice: &o.StderrPrefix,
			Doc:  "%s: mark each line on stderr with its level",
			Long: "`telegraf` puts Telegraf's marks (`E! `, `W! `, `I! `) before every line on stderr."},

		{group: groupState, Name: "state", Arg: "FILE", File: true, Set: Text(&o.State),
			Doc:  "keep the run in FILE and go on from there",
			Long: "Keep in FILE all that later output depends on, and go on from there at the next start: windows, alerts, the clock, and how far input was read and output written. See STATE."},
		{group: groupState, Name: "save", Arg: "D", Default: "5s", Set: Span(&o.Save),
			Doc:  "how often --state is saved",
			Long: "How often the state is saved, if anything has changed."},

		{group: groupInput, Name: "follow", Short: "F", Set: Switch(&o.Follow),
			Doc:  "read on as the FILEs grow, also when they rotate",
			Long: "Read the FILEs to their ends in their order, then what is appended to any of them, as it comes, until a signal. See FOLLOWING."},
		{group: groupInput, Name: "tail", Arg: "N", shown: "all", Set: Count(0, 1<<30, &o.Tail),
			Doc:  "with -F: begin N lines before the ends",
			Long: "Begin N lines before the ends of the FILEs; 0 is only what is new. csv, tsv and cols still take their names from the first line."},
		{group: groupInput, Name: "listen", Arg: "ADDR", repeats: true,
			Doc: "take input from the network (tcp://:8000 …)",
			Long: "Take input that others send: at `tcp://HOST:PORT`, `udp://HOST:PORT`, `unix:PATH`, `http://HOST:PORT` (POST, the body is lines) or `fd:N`, a listening socket that the starter opened. " +
				"Without HOST it is this machine's loopback. See LISTENING.",
			Set: func(s string) error {
				a, err := socket.Parse(s)
				if err != nil {
					return &badValue{err.Error(), s}
				}
				o.Listen, o.ListenText = append(o.Listen, a), append(o.ListenText, s)
				return nil
			}},
		{group: groupInput, Name: "max-connections", Arg: "N", Default: "256", Set: Count(1, 1<<16, &o.MaxConnections),
			Doc:  "connections of --listen at once",
			Long: "How many connections --listen keeps at once; further ones are closed, and told."},

		{group: groupDisplay, Name: "live", daily: true, Set: Switch(&o.Live),
			Doc: "show the run on the terminal",
			Long: "Show the run on the terminal: a chart, a table of keys and the alerts, see LIVE VIEW. Where stdout is the terminal no rows are written; elsewhere they are written as ever. " +
				"When the input has ended the view stays until q is pressed, but see --hold."},
		{group: groupDisplay, Name: "http", Arg: "ADDR",
			Doc: "serve a page, JSON and metrics at ADDR (8080)",
			Long: "Serve the run over HTTP, read-only, see HTTP: a page that draws itself, JSON, events, and metrics for Prometheus. ADDR is `8080`, `HOST:PORT`, `unix:PATH` or `fd:N`; " +
				"without a host it is this machine's loopback. Another address needs --http-token.",
			Set: func(s string) error {
				a, err := socket.ParseHTTP(s)
				if err != nil {
					return &badValue{err.Error(), s}
				}
				o.HTTP, o.HTTPText = &a, s
				return nil
			}},
		{group: groupDisplay, Name: "http-token", Arg: "FILE", File: true, Set: Text(&o.tokenFile),
			Doc:  "who looks must know the token in FILE (or: none)",
			Long: "Only who brings the token that stands in FILE may look: `Authorization: Bearer TOKEN`, or `/?token=TOKEN` once in a browser. `none` lets everybody look, also from other machines."},
		{group: groupDisplay, Name: "http-host", Arg: "LIST", repeats: true, Set: func(s string) error { return o.addItems(&o.HTTPHosts, s) },
			Doc:  "further names of this machine for --http",
			Long: "Names by which browsers may call this machine, beside `localhost`, its own name and its addresses. Requests for another name are refused, so that no web page of elsewhere can read the run."},
		{group: groupDisplay, Name: "hold", Arg: "WHEN", Default: run.HoldAuto, words: fixed(run.HoldAuto, run.HoldYes, run.HoldNo), choice: &o.Hold, bare: run.HoldYes,
			Doc: "stay at the end of the input: %s",
			Long: "Whether --live and --http stay when the input has ended: until q, or with --http alone until a signal, which leaves the status as it was. " +
				"`auto` is yes for --live and no for --http. `--hold` alone is yes."},
		{group: groupDisplay, Name: "history", Arg: "D", Default: "10m",
			Doc:  "how much past is shown, or all",
			Long: "How much past is kept to be looked at: a duration on the clock (of arrival where there is none), or `all`. It is kept in 600 to 1200 points for each key.",
			Set: func(s string) error {
				o.HistoryAll = s == "all"
				if o.HistoryAll {
					return nil
				}
				d, err := parseSpan(s)
				if err != nil {
					return &badValue{"must be a duration like 10m, or all", s}
				}
				o.History = d
				return nil
			}},
	}
}
