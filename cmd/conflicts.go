package cmd

import (
	"slices"
	"strings"

	"rtda/pkg/agg"
	"rtda/pkg/run"
	"rtda/pkg/stream"
)

// A conflict is what one of some flags cannot stand beside.
type conflict struct {
	flags string // the first of these that is given is complained of
	when  func(o *options) bool
	cure  string
}

// conflicts is the table of them; of several the first is told.
var conflicts = []conflict{
	{"strict", func(o *options) bool { return o.has("on-error") && o.OnError != run.OnErrorFail },
		"says --on-error fail, but another --on-error is there: leave out one of them"},
	{"quiet", func(o *options) bool { return o.has("out") && o.Out != "none" },
		"says -o none, but another -o is there: leave out one of them"},

	{"hz", func(o *options) bool { return o.has("time") },
		"there is a clock already, -t: leave out one of them"},
	{"late ahead back since", func(o *options) bool { return o.Clock != stream.DataClock },
		"needs records with a time of their own: add -t FIELD"},
	{"closed", func(o *options) bool { return o.ClosedLeft && o.lacksBoundaries() }, needsBoundaries},
	{"label", func(o *options) bool { return o.LabelStart && o.lacksBoundaries() }, needsBoundaries},
	{"fill", (*options).lacksBoundaries, needsBoundaries},
	{"expect", func(o *options) bool { return len(o.Keys) == 0 },
		"there is no key: add -k FIELD"},

	{"near", func(o *options) bool { return o.TimeFormat == "" },
		"is for a FORMAT without a year or a date: add -t FIELD:FORMAT"},

	{"time", func(o *options) bool { return o.TimeField != "" && o.In == "num" },
		"plain numbers have no fields: use -t now or --hz, or another -i"},
	{"field key keep", func(o *options) bool { return o.In == "num" },
		"plain numbers have no fields: leave it out, or use another -i"},
	{"sep", func(o *options) bool { return o.In != "csv" },
		"only csv has a separator: add -i csv"},
	{"match", func(o *options) bool { return o.In != "match" },
		"is for lines that are no records: leave out -i"},
	{"in", func(o *options) bool { return o.In == "match" && !o.has("match") },
		"needs the expression: add --match REGEXP"},
	{"names", func(o *options) bool { return !o.HasColumns() },
		"only csv, tsv and cols have columns: add -i csv"},
	{"in", func(o *options) bool { return o.In == "lines" && len(o.Fields)+len(o.Keys)+len(o.Keep) > 0 },
		"lines have no fields: use --match REGEXP, or leave out -f, -k and --keep"},
	{"in", func(o *options) bool { return o.In == "lines" && o.TimeField != "" },
		"lines have no fields: use -t now or --hz, or --match REGEXP"},
	{"decimal", func(o *options) bool { return o.Decimal == ',' && !o.decimalFits() },
		"only num, csv, tsv, cols, match and with --coerce strings of json can have a decimal comma: add -i csv, or leave it out"},
	{"decimal", func(o *options) bool { return o.Decimal == ',' && o.In == "csv" && (o.Sep == 0 || o.Sep == ',') },
		"the separator of csv is a comma too: add --sep ';'"},
	{"sep", func(o *options) bool { return o.Sep == '.' && o.Decimal != ',' },
		"the decimal sign is a point too: add --decimal ,"},

	{"warmup", func(o *options) bool { return !o.WarmupFull && o.Warmup > o.smallest() },
		"a window must be able to hold so many samples: give -w larger counts"},
	{"warmup", func(o *options) bool { return o.WarmupFull && o.noCount() && !o.hasRules() },
		"full is for windows that are counts: give -w one, or --warmup a number"},

	{"alerts alert-format repeat eval exec exit-status", func(o *options) bool { return !o.hasRules() },
		"there is no rule: add -r or -R"},
	{"exec-timeout", func(o *options) bool { return !o.has("exec") },
		"there is no command: add -x"},

	{"live", func(o *options) bool { return o.OneToOne },
		"--one-to-one has nothing to show: leave out one of them"},
	{"save", func(o *options) bool { return !o.has("state") },
		"nothing is saved: add --state FILE"},
	{"state", func(o *options) bool { return o.OneToOne },
		"--one-to-one answers each line once, and cannot take lines again: leave out one of them"},
	{"state", func(o *options) bool { return o.Out == "prom" },
		"prom is written at the end only: leave out one of them"},
	{"follow", func(o *options) bool { return len(o.Files) == 0 },
		"needs a FILE to follow: stdin is always read as it grows"},
	{"tail", func(o *options) bool { return !o.Follow },
		"only files that are followed have a tail: add --follow"},
	{"listen", func(o *options) bool { return o.OneToOne },
		"--one-to-one answers on stdout, and nobody who sends would hear it: leave out one of them"},
	{"listen", func(o *options) bool { return o.HasHeaders() && o.ListensUDP() },
		"datagrams have no first line with the names of columns: add --names"},
	{"max-connections", func(o *options) bool { return !o.has("listen") },
		"nobody is listened to: add --listen ADDR"},
	{"http-token", func(o *options) bool { return !o.has("http") }, needsHTTP},
	{"http-host", func(o *options) bool { return !o.has("http") && !o.has("listen") }, needsHTTP},
	{"hold history", func(o *options) bool { return !o.has("http") && !o.Live },
		"nobody looks: add --live or --http ADDR"},

	{"size", func(o *options) bool { return !o.Draws() },
		"is for pictures: add -o svg or -o png"},
	{"one-to-one", func(o *options) bool { return o.Out != "json" },
		"is for JSON rows only: add -o json"},
	{"one-to-one", func(o *options) bool { return o.Every.N != 1 },
		"writes a row for every record: leave out -n"},
	{"one-to-one", func(o *options) bool { return o.Late > 0 || o.Ahead > 0 || o.Back > 0 },
		"a record that waits cannot be answered: leave out --late, --ahead and --back"},
}

const (
	needsBoundaries = "rows need boundaries: add -n with a duration, like -n 1m"
	needsHTTP       = "nothing is served: add --http ADDR"
)

func (o *options) contradiction() error {
	for _, c := range conflicts {
		for name := range strings.FieldsSeq(c.flags) {
			switch {
			case !o.has(name) || !c.when(o):
			case find(o.flags, name).Arg == "":
				return &flagError{name, plainError(c.cure)}
			default:
				return &flagError{name, &badValue{c.cure, o.given[name]}}
			}
		}
	}
	return nil
}

// A plainError is an error that is no more than its text.
type plainError string

func (e plainError) Error() string { return string(e) }

// hasRules reports whether the user gave rules, be it a FILE without any.
func (o *options) hasRules() bool { return o.has("rule") || o.has("rules") }

// lacksBoundaries reports whether rows are written at no multiples of a duration.
func (o *options) lacksBoundaries() bool { return o.Every.D == 0 }

// decimalFits reports whether the input may have a decimal comma; automatic
// input may where it can turn out to be plain numbers.
func (o *options) decimalFits() bool {
	if o.Coerce && (o.In == "json" || o.In == "auto") {
		return true
	}
	if o.In == "auto" {
		return len(o.Fields) == 0 && len(o.Keys) == 0 && o.TimeField == ""
	}
	return slices.Contains([]string{"num", "csv", "tsv", "cols", "match"}, o.In)
}

// smallest is what the smallest of the windows can hold, maxCount where none
// has a limit.
func (o *options) smallest() int {
	n := maxCount
	for _, w := range o.Windows {
		if w.Kind == agg.Count {
			n = min(n, w.N)
		}
	}
	return n
}

func (o *options) noCount() bool {
	return !slices.ContainsFunc(o.Windows, func(w run.Window) bool { return w.Kind == agg.Count })
}
