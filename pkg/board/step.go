package board

import (
	"math"
	"slices"

	"rtda/pkg/rule"
)

// A Step is what has happened to one key since the step before.
type Step struct {
	Entry  *Entry
	After  int64 // place of the last row before; math.MinInt64 where there was none
	T      int64 // place of the last row
	Rows   int
	Points []Point // a column each; nil where only the level has changed
	Level  rule.Severity
}

// A Point is the last, least and greatest value of a column in a Step; NaN where
// it has none.
type Point struct{ Last, Min, Max float64 }

// Steps are what has happened since the steps before.
type Steps struct {
	Seq    uint64
	Counts Counts
	Born   []*Entry
	Gone   []*Entry
	Keys   []*Step
	Alerts []Alert // the newest last, MaxAlerts at most
}

// A stepper gathers the next Steps.
type stepper struct {
	columns    int
	born, dead []*Entry
	touched    []*Entry
	alerts     []Alert
	last       uint64 // Seq of the steps before
}

// touch notes that something of the key changes, whose last row before stood at
// the place after.
func (s *stepper) touch(e *Entry, after int64) {
	if e.step == nil {
		e.step = &Step{Entry: e, After: after, T: e.Time}
		s.touched = append(s.touched, e)
	}
}

// add takes what the last rows of e came to.
func (s *stepper) add(e *Entry) {
	s.touch(e, e.open.after)
	st := e.step
	st.T = e.Time
	if st.Rows += e.open.rows; st.Points == nil {
		none := Point{math.NaN(), math.NaN(), math.NaN()}
		st.Points = slices.Repeat([]Point{none}, s.columns)
	}
	for c, p := range e.open.cols {
		st.Points[c].merge(p)
	}
}

func (p *Point) merge(q Point) {
	if q.Last != q.Last {
		return
	}
	p.Last = q.Last
	if !(p.Min <= q.Min) {
		p.Min = q.Min
	}
	if !(p.Max >= q.Max) {
		p.Max = q.Max
	}
}

func (s *stepper) alert(a Alert) {
	if len(s.alerts) == MaxAlerts {
		s.alerts = slices.Delete(s.alerts, 0, 1)
	}
	s.alerts = append(s.alerts, a)
}

// Step returns what has happened since the last call, nil if nothing has, and
// begins to gather at the first. What it returns is the caller's.
func (b *Board) Step() *Steps {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.settleAll()
	if b.stepped == nil {
		b.stepped = &stepper{columns: b.cfg.Columns, last: b.seq}
		return nil
	}
	s := b.stepped
	if s.last == b.seq {
		return nil
	}
	all := &Steps{Seq: b.seq, Counts: b.counts, Born: s.born, Gone: s.dead, Alerts: s.alerts}
	for _, e := range s.touched {
		if !e.gone {
			e.step.Level = e.Level
			all.Keys = append(all.Keys, e.step)
		}
		e.step = nil
	}
	*s = stepper{columns: s.columns, touched: s.touched[:0], last: b.seq}
	return all
}

// Merge is new Steps that stand for a and then b, which stay as they are.
func Merge(a, b *Steps) *Steps {
	s := &Steps{
		Seq: b.Seq, Counts: b.Counts,
		Born: slices.Concat(a.Born, b.Born), Gone: slices.Concat(a.Gone, b.Gone),
		Keys: slices.Clone(a.Keys), Alerts: slices.Concat(a.Alerts, b.Alerts),
	}
	if n := len(s.Alerts) - MaxAlerts; n > 0 {
		s.Alerts = s.Alerts[n:]
	}
	have := make(map[*Entry]int, len(s.Keys))
	for i, k := range s.Keys {
		have[k.Entry] = i
	}
	for _, k := range b.Keys {
		if i, ok := have[k.Entry]; ok {
			s.Keys[i] = s.Keys[i].with(k)
		} else {
			s.Keys = append(s.Keys, k)
		}
	}
	return s
}

// with is a new Step that stands for k and then next.
func (k *Step) with(next *Step) *Step {
	both := *next
	both.After, both.Rows = k.After, k.Rows+next.Rows
	both.Points = slices.Clone(k.Points)
	if both.Points == nil {
		both.Points = slices.Clone(next.Points)
		return &both
	}
	for c, p := range next.Points {
		both.Points[c].merge(p)
	}
	return &both
}

// StopSteps ends the gathering of steps, until the next Step begins it anew.
func (b *Board) StopSteps() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stepped == nil {
		return
	}
	for _, e := range b.stepped.touched {
		e.step = nil
	}
	b.stepped = nil
}
