// Package rule understands alert rules: it turns their text into closures over
// columns of float64 and keeps the state of each alert. It knows neither where
// the numbers come from nor where the alerts go.
package rule

// A Severity is the level of a rule.
type Severity uint8

const (
	None Severity = iota // no level: the alert is quiet
	Info
	Warn
	Crit
)

func (s Severity) String() string { return [...]string{"", "info", "warn", "crit"}[s] }

// A Window names the window of a metric. The zero value is the first of -w.
type Window struct {
	N   int   // samples
	D   int64 // nanoseconds
	All bool
}

// A Metric is a number that rules ask for.
type Metric struct {
	Agg    string // name of an aggregate, "age", or "" for the field's last value ever
	Field  string // "" for the single measured field; unused by age
	Window Window
	Text   string // as alerts show it: mean(temp,1m)
}

// A Scope is what names a rule can use.
type Scope struct {
	IsAgg  func(name string) bool // the aggregates, pNN and age too
	Aggs   []string               // their names, for suggestions
	Keys   []string               // key fields
	Fields []string               // measured fields of the output; one "" for plain numbers
	Known  bool                   // Fields is final; before the first record it may not be
	Clock  bool                   // there is a clock
}

// A Source is a rule as the user gave it.
type Source struct {
	Text string
	Name string // what complaints call it: "rule 2", or "rules.txt:3"
}

// A Change is what a rule did at one evaluation.
type Change struct {
	Rule     int      // index into Set.Rules of the rule whose severity and text are shown
	Resolved bool     // the alert is over
	Level    Severity // level now; on Resolved the last one
	Was      Severity // level before a ladder's change, else None
	Again    int      // repetition from 1, else 0
	Since    int64    // time of the first ALERT, ns
	After    int64    // ns since it, on Resolved
	ByTTL    bool     // resolved because its key was forgotten
}
