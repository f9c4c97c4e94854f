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
	Moved  bool   // asked for by an alert that the clock evaluates: of windows that the clock moves on
}

// same tells whether two metrics are one number, however they are written.
func (m Metric) same(o Metric) bool {
	return m.Agg == o.Agg && m.Field == o.Field && m.Window == o.Window && m.Moved == o.Moved
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

// A Rule is one rule as it was understood.
type Rule struct {
	Name     string   // its NAME, or EXPR as written where it has none
	Named    bool     // NAME was given
	Severity Severity // Warn where none was given
	Expr     string   // EXPR as written
	Text     string   // EXPR and its `for`, as written
	Full     string   // fully parenthesised with its holds; parses again to the same rule
	Metrics  []int    // of EXPR and of `until`, indexes into Set.Metrics in the order of first standing
	UsesAge  bool     // EXPR or `until` reads age: evaluated when the clock moves, too

	machine
}

// A Set is rules compiled together. It never changes after Compile and can be
// shared; what changes is the State of each key.
type Set struct {
	Rules   []Rule   // in the order given
	Metrics []Metric // what Env.Vals holds, in this order; each pair of number and Text once
	Fields  []string // fields that rules name outright, in AGG(FIELD) or in backquotes: they are to be measured

	alerts []alert
	clock  string // why a clock is needed
	aged   bool   // some rule reads age
}

// UsesAge tells whether some rule is to be evaluated when the clock moves.
func (s *Set) UsesAge() bool { return s.aged }

// NeedsClock says what in the rules cannot do without a clock: the first hold
// with a duration, window with a duration or age, and the rule it stands in
// ("for 30s in rule 1"). It is "" where nothing needs one; a duration that is
// only compared with a metric does not.
func (s *Set) NeedsClock() (why string) { return s.clock }

// An Env is what one evaluation sees.
type Env struct {
	Vals   []float64 // of Set.Metrics; NaN is a value that does not exist
	Keys   []string  // the key's texts, in the order of Scope.Keys
	Now    int64     // time of the evaluation, ns; 0 without a clock
	Repeat int64     // an alert that goes on firing is told again after so many ns; 0: never
}
