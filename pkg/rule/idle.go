package rule

// Idle returns the first of the evaluations from … to−1, over the rows of cols
// with a column for each metric, that may do anything at all, or to. Those
// before it would, by Step, change neither the state nor tell of a change: every
// rule is quiet and compares a metric with a number, and it is plainly not so.
// It costs about a nanosecond a row and looks at to−from rows at most.
func (s *Set) Idle(st *State, cols [][]float64, from, to int) int {
	for i := range s.alerts {
		a := &s.alerts[i]
		if a.expr == nil || a.expr.f != nil || st.cells[a.first].phase != quiet {
			return from
		}
		to = from + a.expr.firstNotPlain(cols[a.expr.metric][from:to])
	}
	return to
}

// firstNotPlain returns the index of the first number at which plainlyNot is
// false, or how many there are.
func (c *condition) firstNotPlain(xs []float64) int {
	for i, x := range xs {
		if c.inRange(x) != c.outside {
			return i
		}
	}
	return len(xs)
}
