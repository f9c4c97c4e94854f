// Package rule understands alert rules: it turns their text into closures over
// columns of float64 and keeps the state of each alert. It knows neither where
// the numbers come from nor where the alerts go.
package rule

import (
	"fmt"
	"slices"
)

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

// A Metric is a number that rules ask for, or a text.
type Metric struct {
	Agg    string // name of an aggregate, "age", "hour", "weekday", or "" for the field's last value ever
	Field  string // "" for the single measured field; unused by age, hour and weekday
	Window Window
	Ago    int64  // the window as it was so many ns ago
	IsText bool   // the field's last text ever, in Env.Texts; it has no number
	Text   string // as alerts show it: mean(temp,1m)
	Moved  bool   // of a window that the clock moves on: asked for by an alert that goes by it
}

// same tells whether two metrics are one number, however they are written.
func (m Metric) same(o Metric) bool {
	m.Text, m.Moved = o.Text, o.Moved
	return m == o
}

// A Scope is what rules can name, and what the windows they read are like.
type Scope struct {
	IsAgg      func(name string) bool   // the aggregates, pNN too
	Aggs       func() []string          // their names, for suggestions
	OfNoWindow func(name string) bool   // those that are the field's and refuse a window
	Guess      func(word string) string // the aggregate that word was meant to be, or ""
	Keys       []string                 // key fields
	Fields     []string                 // measured fields of the output; one "" for plain numbers
	Records    bool                     // there are fields whose texts can be compared although none is measured
	Known      bool                     // Fields is final; before the first record it may not be
	First      Window                   // the first of -w
	Warmup     int                      // samples that a window must hold to give a value other than its count
}

// A Source is a rule as the user gave it.
type Source struct {
	Text string
	Name string // what complaints call it: "rule 2", or "rules.txt:3"
}

// A Change is what a rule did at one evaluation.
type Change struct {
	Rule     int      // the rule whose severity and text are shown, for Set.Rule
	Resolved bool     // the alert is over
	Level    Severity // level now; on Resolved the last one
	Was      Severity // level before a ladder's change, else None
	Again    int      // repetition from 1, else 0
	Since    int64    // time of the first ALERT, ns
	After    int64    // ns since it, on Resolved
	By       string   // on Resolved, where no evaluation made it: "ttl", the key was forgotten; "rules", the rule was left out
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
	Levels   []Level  // numbers that EXPR compares a metric with
	ByClock  bool     // evaluated when the clock moves, too: EXPR or `until` changes with time alone

	inClocked bool // a rule of its alert goes by the clock
	machine
}

// A Level is a number that a rule compares a metric with: a line in a chart.
type Level struct {
	Metric int // index into Set.Metrics
	Value  float64
}

// A Set is rules compiled together. It never changes after Compile and can be
// shared; what changes is the State of each key.
type Set struct {
	Rules   []Rule   // in the order given
	Metrics []Metric // what Env.Vals holds, in this order; each number once for each Text and Moved
	Fields  []string // fields that rules name outright, in AGG(FIELD) or in backquotes: they are to be measured
	Texts   []string // fields whose texts rules compare

	gone    []Rule // known of a saved state only; see Restore
	alerts  []alert
	clocked []int  // indexes into alerts of those that go by the clock
	clock   string // why a clock is needed
}

// ByClock tells whether some rule is to be evaluated when the clock moves.
func (s *Set) ByClock() bool { return len(s.clocked) > 0 }

// NeedsClock says what in the rules cannot do without a clock: the first hold
// with a duration, window with a duration, age, hour or weekday, and the rule it
// stands in ("for 30s in rule 1"). It is "" where nothing needs one; a duration that is
// only compared with a metric does not.
func (s *Set) NeedsClock() (why string) { return s.clock }

// An Env is what one evaluation sees.
type Env struct {
	Vals   []float64 // of Set.Metrics; NaN is a value that does not exist
	Keys   []string  // the key's texts, in the order of Scope.Keys
	Texts  [][]byte  // the last of each of Set.Texts; nil where there was none
	Now    int64     // time of the evaluation, ns; 0 without a clock
	Repeat int64     // an alert that goes on firing is told again after so many ns; 0: never
}

// Compile understands rules in the order given. It gives every rule's first
// error, each an *Error, and a Set only where there is none.
//
// It is called twice: before any input is read, when the fields may not yet be
// known (Scope.Known is false: a bare word that could be a field is let pass,
// and the Set serves only to learn what it asks for), and with the fields.
func Compile(src []Source, sc Scope) (*Set, []error) {
	if len(src) == 0 {
		return &Set{}, nil
	}
	drafts := make([]*draft, len(src))
	for i := range src {
		drafts[i] = parse(src[i], &sc)
	}
	words := newWords(&sc, drafts)
	var errs []error
	for _, d := range drafts {
		if err := d.resolve(words); err != nil {
			errs = append(errs, err)
		}
	}
	errs = append(errs, twins(drafts)...)
	if len(errs) > 0 {
		return nil, errs
	}
	s := &Set{Rules: make([]Rule, len(drafts)), Fields: words.named, Texts: words.texts}
	for i, d := range drafts {
		s.Rules[i] = d.rule()
	}
	s.group()
	at := map[Metric]int{}
	for i, d := range drafts {
		s.compile(&s.Rules[i], d, at)
	}
	return s, nil
}

// rule is what is known of d before its metrics have their places.
func (d *draft) rule() Rule {
	r := Rule{
		Name: d.name, Named: d.name != "", Severity: d.severity,
		Expr: d.exprText, Text: d.ruleText, Full: d.show(), ByClock: d.byClock,
	}
	if !r.Named {
		r.Name = r.Expr
	}
	return r
}

// compile gives the metrics of d their places in s, of which at is an index,
// and makes the machine of r.
func (s *Set) compile(r *Rule, d *draft, at map[Metric]int) {
	for _, m := range d.metrics {
		m.Moved = r.inClocked && m.Agg != "" && timeWords[m.Agg] == ""
		i, ok := at[m]
		if !ok {
			i = len(s.Metrics)
			at[m] = i
			s.Metrics = append(s.Metrics, m)
		}
		r.Metrics = append(r.Metrics, i)
	}
	c := compiler{r.Metrics}
	r.expr, r.hold, r.clear = c.condition(d.expr), d.hold, d.clear
	r.Levels = c.levels(d.expr, nil)
	if d.until != nil {
		until := c.condition(d.until)
		r.until = &until
	}
	r.measureRing()
	if s.clock == "" && d.needsClock() != "" {
		s.clock = d.needsClock() + " in " + d.src.Name
	}
}

// needsClock says what in d needs a clock, or "".
func (d *draft) needsClock() string {
	for _, h := range []hold{d.hold, d.clear} {
		if h.kind == holdTime {
			return "for " + h.text
		}
	}
	needs := func(m Metric) bool { return timeWords[m.Agg] != "" || m.Window.D > 0 }
	if i := slices.IndexFunc(d.metrics, needs); i >= 0 {
		return d.metrics[i].Text
	}
	return ""
}

// twins refuses a rule whose name and severity an earlier one has.
func twins(drafts []*draft) (errs []error) {
	seen := map[string]*draft{}
	for _, d := range drafts {
		if d.name == "" {
			continue
		}
		id := d.severity.String() + " " + d.name
		first, twin := seen[id]
		if !twin {
			seen[id] = d
			continue
		}
		msg := fmt.Sprintf("%s is %s %s already", first.src.Name, d.severity, quote(d.name))
		errs = append(errs, d.error(complaint{d.namePos, msg, "give it another name, or another severity to make a ladder"}))
	}
	return errs
}
