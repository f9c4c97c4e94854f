package cmd

import "rtda/pkg/parse"

const manHead = `
rtda 1 "" "rtda" "User Commands"
================================

# NAME

rtda - running statistics and alerts for streams of numbers

# SYNOPSIS

**rtda** [*flags*] [*FILE*...]

**rtda simulate** | **completion** | **man** | **version**

# DESCRIPTION

**rtda** is a filter. Numbers or JSON records come in, one per line, from each *FILE* in
order, or from stdin where there is none or it is **-**. Statistics of sliding windows go out on
stdout. Alerts go out on stderr, and complaints, which always begin with ` + "`rtda: `" + `.

A value walks one way: bytes, record, windows, columns, rules, outputs.
`

const manOptions = `
Flags and FILEs may stand in any order; ` + "`--`" + ` ends the flags. Of a flag that is given twice the last counts,
but lists add up (**-f**, **-k**, **-w**, **-a**), and so do **-r** and **-R**. In a list an item may stand in double quotes,
with commas in it and a doubled quote for one: ` + "`-f '\"a,b\",c'`" + `. A duration is written as in Go, with d for days and w for weeks: 250ms, 1h30m, 2d.
`

const manInput = "The formats of the input:"

const manNumbers = `
A number is decimal, with an optional sign, fraction and exponent, in 800 characters at most; outside JSON
also ` + "`+5`, `.5`, `5.`" + ` and blanks around it. NaN, Inf, hex, ` + "`1_000`" + ` and what overflows are none. What is read is the nearest float64.
csv and tsv take their names from the first line of each FILE.
A BOM, a CR before LF and a last line without LF are fine, and blank lines are ignored.

A bad line never stops the stream (but see **--strict**) and never changes a result: it makes no key and moves no clock. It is skipped and counted, and
the first 5 of each reason are shown:

    rtda: line 3: not-a-number: "9abc" (skipped)

With several FILEs it is ` + "`rtda: a.log:3:`" + `. The reasons, of which the first that applies counts:
`

const manTotals = `
At the end, if anything was skipped, stand the totals:

    rtda: 1200 lines read, 3 skipped (2 not-a-number, 1 missing-field)
`

// reasonDocs says what each reason means.
var reasonDocs = [parse.Reasons]string{
	parse.TooLong:        "The line is longer than `--max-line`.",
	parse.TooDeep:        "JSON is nested more than 64 deep.",
	parse.NotJSON:        "The line is not a JSON object.",
	parse.NotRecord:      "The line is not a record of its format (csv, tsv, logfmt, influx), or has not as many cells as the header.",
	parse.DuplicateField: "A step of a path that is used is in one object twice.",
	parse.MissingKey:     "A key field is not there or null.",
	parse.BadKey:         "A key field is invalid UTF-8, an array, an object or longer than 1 KiB.",
	parse.BadTime:        "The time is not there, not a time, or before 1678 or after 2261.",
	parse.NotNumber:      "A value is no number. If other values of the record are good, they are used and only this one is skipped.",
	parse.MissingField:   "None of the measured fields is there.",
	parse.Late:           "The record is older than one of its key that was already taken (see `--late`).",
	parse.TooManyKeys:    "There is no room for another key (see `--max-keys`, `--ttl`).",
	parse.TooManySamples: "The windows hold all the samples they may (see `--max-samples`).",
}

const manClock = `
All durations run on one clock: the records' own time (**-t** *FIELD*; in influx the timestamp of the line),
the count of the records (**--hz**), or the wall clock (**-t now**), which is implied where a duration is used and no other is given.
Without any of these there is no clock and rows have no time.

With a clock of the data's own, or none, the output depends on the input alone: not on its speed, the number of cores, the time zone or the locale.
`

const manWindows = `
A window is the last N samples of a key, those of the last D of time, or all. A row of a boundary on the clock covers the samples up to and including it, and comes when a sample
past it is taken; on the wall clock also when no input comes. The rows of one boundary are sorted by key: there is one for each key that has samples since its last row, or whose first window is a duration and not empty.
When the input ends the clock goes on to the next boundary, and with **-n** *N* keys with samples since their last row get one more.
`

const manAggregates = `
The value over the window, of which a window that is empty has none but the count 0. Quantiles are exact and linear between neighbours (R-7).
The variance is that of the population, unless **--ddof** says otherwise. What has left a window leaves no trace in its values, however large it was.

The last five, **anomaly**, **surprise**, **forecast**, **lower** and **upper**, are of a key and field and of no window: their one column stands behind the
others of the field, and a rule names them as ` + "`anomaly` or `anomaly(temp)`" + `. They learn from each sample, before its rules and its row, need no setting, and know the hour of the
day where there is a clock. anomaly and surprise have a value from the 201st sample on, forecast from the 2nd, lower and upper from the 11th. **--gap**, **--warmup** and **--ddof** do not act on
them; **--ttl** forgets them. A row that is not a sample's own shows what the last sample showed. ` + "`anomaly > 0.5`" + ` is worth a look, ` + "`anomaly > 0.9`" + ` worth a page. What comes again
within 4000 samples is known; counters and ramps are always new. A detector takes up to 44 KB (77 KB of the process) a key and field, and counts as 4000 samples of **--max-samples**.
`

const manColumns = `
A column is named *AGG* for plain numbers, else *FIELD*\_*AGG*, with \_*WINDOW* behind it where there are several windows: ` + "`temp_mean_1h`" + `.
Whatever is no ASCII letter or digit becomes ` + "`_`" + `; a name that is taken gets ` + "`_2`" + `.
A value that does not exist is left out in text, influx and prom, null in JSON, empty in csv and tsv.
`

const manRules = `
A rule is an expression that is true when something is to be told:

    RULE     = [SEVERITY] [NAME] [":"] EXPR ["for" HOLD] ["until" EXPR ["for" HOLD]]
    SEVERITY = "info" | "warn" | "crit"            warn if none is given
    HOLD     = DURATION | N | M "/" N              so long | N evaluations running | M of the last N
    EXPR     = numbers with || && == != < <= > >= + - * / and ( ), as in Go;
               and, or, not, ! (which bind between && and the comparisons);
               abs() sqrt() log() exp(); a DURATION is its seconds;
               KEY == "text", KEY != "text"
    METRIC   = AGG | AGG(FIELD) | AGG(WINDOW) | AGG(FIELD, WINDOW) | FIELD (its last value)

The colon stands behind a SEVERITY or a NAME. A bare AGG needs a single measured field; without WINDOW it is the first of **-w**. Fields and windows that only a rule names
are measured for it and not written. A name in backquotes is a field, whatever stands in it.

    mean > 80
    crit hot: mean(temp) > 80 for 30s until mean(temp) < 75 for 10s
    spike: abs(z) > 4 for 3/5
    drift: mean(temp, 1m) > 1.2 * mean(temp, 1h)
    crit dead: age > 30s
    stuck: std == 0 and count >= 50 for 5m

Rules are evaluated at every sample of their key, those with ` + "`age`" + ` also whenever the clock enters a new second.
A comparison with a value that does not exist is unknown, and an unknown evaluation is as if it had not been.
A rule without ` + "`until`" + ` clears at the first false; with it, when it has been true for its own hold. Rules of one NAME and different severities are one alert that goes up and down.
A rule that cannot be understood is refused with a caret under the place, before anything is written.
`

const manAlerts = `
Each change of an alert is a line:

    ALERT crit hot sensor=s042 mean(temp)=91.3 line=1204 time=2026-05-01T12:00:03Z rule="mean(temp) > 80 for 30s"
    RESOLVED crit hot sensor=s042 mean(temp)=74.2 line=1311 time=2026-05-01T12:04:10Z after=4m7s rule="mean(temp) > 80 for 30s"

It shows the key, every metric of the rule, the input line, the time, and on RESOLVED how long it was since the first ALERT. ` + "`was=warn`" + ` is the level before, ` + "`again=N`" + ` counts the lines of **--repeat**,
` + "`by=ttl`" + ` says that the key was forgotten.
With **--alert-format json** it is an object with state, severity, rule, key, values, file, line, time, since, after, was, again and expr.

The command of **-x** gets that object on stdin, and in its environment RTDA_STATE (firing or resolved), RTDA_SEVERITY, RTDA_RULE, RTDA_KEY (sensor=s042), RTDA_VALUE (the first metric), RTDA_LINE and RTDA_TIME,
at most 4 KiB each. Data never becomes part of the command.
`

const manOutput = "The formats of the rows:"

const manFlush = `
Output is written whenever the next read would wait, and in large blocks otherwise: a line that comes alone is answered at once. An alert is written no later than its row.
Every line is valid in its format, without raw control characters, whatever stands in the data.
`

const manSignals = `
On SIGINT and SIGTERM the complete lines already read are processed and the last results written, for a second at most; running actions are given a second. A second signal ends at once; the same one within a tenth of a second is no second one, as **timeout**(1) sends its signal twice.
SIGUSR1 writes a line of counts to stderr and goes on. That nobody reads stdout any more ends **rtda** quietly.
`

const manEnvironment = `
**NO_COLOR**
:   If it is set and not empty, alerts have no colour, unless **--color always** is given.

**TERM**
:   With ` + "`dumb`" + ` alerts have no colour either.

**GOGC**
:   How much memory may grow beside what is in use, in percent, before it is collected. Default: 40.
`

const manSeeAlso = "**awk**(1), **jq**(1), **tail**(1), **strftime**(3). A dozen rules for real situations are in docs/rules.md of the source."
