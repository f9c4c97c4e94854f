package board

import "math"

// A past has between these numbers of points once it is full.
const (
	minPoints = 600
	maxPoints = 1200
)

// maxStretches is how many stretches in which an alert fired a past keeps.
const maxStretches = 200

// A Past is what the rows of a key came to: points that stand for a row each or,
// where rows are many, for some of them that follow each other.
//
// A row joins the newest point while that has fewer than limit rows and began
// less than a 600th of the span before. When there are 1200 points, the older 600
// go if the younger 600 reach over the span; else neighbours join two by two and
// the limit doubles. So there are 600 to 1200 points at any rate of rows.
type Past struct {
	T    []int64 // place of each point's last row: its time, or its number without a clock
	Cols []Series
	// Fired are the stretches in which an alert of the key fired and is over.
	Fired []Stretch

	began []int64 // when each point's first row came
	ended []int64 // and its last
	rows  []int32
	limit int32
	span  int64
}

// A Series is one column of a past: the last, least and greatest value of each
// point, NaN where it has none.
type Series struct{ Last, Min, Max []float64 }

// A Stretch is from a place to another.
type Stretch struct{ From, To int64 }

func newPast(columns int, span int64) *Past {
	return &Past{Cols: make([]Series, columns), limit: 1, span: span}
}

// begin makes ready for a row that is seen then: it will join the newest point, or
// a new one. It returns how many rows may, and when those are seen that may not.
func (p *Past) begin(seen int64) (room int, until int64) {
	n := len(p.T) - 1
	if n < 0 || p.rows[n] >= p.limit || p.span != math.MaxInt64 && seen-p.began[n] >= p.span/minPoints {
		if n+1 == maxPoints {
			p.thin(seen)
		}
		n = len(p.T)
		p.T, p.rows = append(p.T, 0), append(p.rows, 0)
		p.began, p.ended = append(p.began, seen), append(p.ended, seen)
		for c := range p.Cols {
			s, none := &p.Cols[c], math.NaN()
			s.Last, s.Min, s.Max = append(s.Last, none), append(s.Min, none), append(s.Max, none)
		}
	}
	until = math.MaxInt64
	if p.span != math.MaxInt64 {
		until = p.began[n] + p.span/minPoints
	}
	return int(p.limit - p.rows[n]), until
}

// join puts into the newest point what rows came to, of which the last stands at
// place and came at the time seen.
func (p *Past) join(rows int, place, seen int64, cols []Point) {
	n := len(p.T) - 1
	p.T[n], p.ended[n] = place, seen
	p.rows[n] += int32(rows)
	for c := range p.Cols {
		p.Cols[c].merge(n, cols[c].Last, cols[c].Min, cols[c].Max)
	}
}

// merge puts into point n what follows it.
func (s *Series) merge(n int, last, least, greatest float64) {
	if last != last {
		return
	}
	s.Last[n] = last
	if !(s.Min[n] <= least) { // also where there was none
		s.Min[n] = least
	}
	if !(s.Max[n] >= greatest) {
		s.Max[n] = greatest
	}
}

// thin makes room for points.
func (p *Past) thin(now int64) {
	if p.span != math.MaxInt64 && now-p.began[minPoints] >= p.span {
		p.keep(func(i int) int { return i + minPoints })
		return
	}
	for i := range minPoints {
		a, b := 2*i, 2*i+1
		p.T[a], p.ended[a] = p.T[b], p.ended[b]
		p.rows[a] += p.rows[b]
		for c := range p.Cols {
			s := &p.Cols[c]
			s.merge(a, s.Last[b], s.Min[b], s.Max[b])
		}
	}
	p.keep(func(i int) int { return 2 * i })
	if p.limit < math.MaxInt32/4 {
		p.limit *= 2
	}
}

// keep keeps 600 points, of which the i-th is point from(i).
func (p *Past) keep(from func(i int) int) {
	for i := range minPoints {
		k := from(i)
		p.T[i], p.rows[i], p.began[i], p.ended[i] = p.T[k], p.rows[k], p.began[k], p.ended[k]
		for c := range p.Cols {
			s := &p.Cols[c]
			s.Last[i], s.Min[i], s.Max[i] = s.Last[k], s.Min[k], s.Max[k]
		}
	}
	p.T, p.rows, p.began, p.ended = p.T[:minPoints], p.rows[:minPoints], p.began[:minPoints], p.ended[:minPoints]
	for c := range p.Cols {
		s := &p.Cols[c]
		s.Last, s.Min, s.Max = s.Last[:minPoints], s.Min[:minPoints], s.Max[:minPoints]
	}
}

// fired keeps a stretch in which an alert fired. Where there are too many, two
// that are next to each other become one. A nil Past keeps nothing.
func (p *Past) fired(from, to int64) {
	if p == nil {
		return
	}
	if len(p.Fired) == maxStretches {
		least, gap := 0, int64(math.MaxInt64)
		for i := range len(p.Fired) - 1 {
			if d := p.Fired[i+1].From - p.Fired[i].To; d < gap {
				least, gap = i, d
			}
		}
		p.Fired[least].To = max(p.Fired[least].To, p.Fired[least+1].To)
		p.Fired = append(p.Fired[:least+1], p.Fired[least+2:]...)
	}
	p.Fired = append(p.Fired, Stretch{from, to})
}
