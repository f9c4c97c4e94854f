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
// a new one, which is made when the row does. It returns how many rows may join, and
// when those are seen that may not.
func (p *Past) begin(seen int64) (room int, until int64) {
	n := len(p.T) - 1
	rows := int32(0)
	if n < 0 || p.rows[n] >= p.limit || p.span != math.MaxInt64 && seen-p.began[n] >= p.span/minPoints {
		switch n + 1 {
		case maxPoints:
			p.thin(seen)
		case cap(p.T):
			p.grow()
		}
		p.began = append(p.began, seen)
	} else {
		rows = p.rows[n]
	}
	until = math.MaxInt64
	if p.span != math.MaxInt64 {
		until = p.began[len(p.began)-1] + p.span/minPoints
	}
	return int(p.limit - rows), until
}

// join puts into the point that begin has chosen what rows came to, of which the last
// stands at place and came at the time seen.
func (p *Past) join(rows int, place, seen int64, cols []Point) {
	n := len(p.T)
	if n < len(p.began) {
		p.T, p.ended, p.rows = append(p.T, place), append(p.ended, seen), append(p.rows, int32(rows))
		for c := range p.Cols {
			s, of := &p.Cols[c], &cols[c]
			s.Last, s.Min, s.Max = append(s.Last, of.Last), append(s.Min, of.Min), append(s.Max, of.Max)
		}
		return
	}
	n--
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

// grow makes room for four times as many points, of which there are 1200 at last.
func (p *Past) grow() {
	size := min(max(20, 4*cap(p.T)), maxPoints)
	moments := make([]int64, 3*size)
	for i, of := range []*[]int64{&p.T, &p.began, &p.ended} {
		*of = append(moments[i*size:i*size:(i+1)*size], *of...)
	}
	p.rows = append(make([]int32, 0, size), p.rows...)
	values := make([]float64, 3*size*len(p.Cols))
	for c := range p.Cols {
		for i, of := range p.Cols[c].each() {
			from := (3*c + i) * size
			*of = append(values[from:from:from+size], *of...)
		}
	}
}

// each are the columns of a Series.
func (s *Series) each() [3]*[]float64 { return [...]*[]float64{&s.Last, &s.Min, &s.Max} }

// thin makes room for points: it leaves 600.
func (p *Past) thin(now int64) {
	old := 0 // points that go
	if p.span != math.MaxInt64 && now-p.began[minPoints] >= p.span {
		old = minPoints
	} else {
		p.joinPairs()
	}
	for _, of := range []*[]int64{&p.T, &p.began, &p.ended} {
		*of = append((*of)[:0], (*of)[old:old+minPoints]...)
	}
	p.rows = append(p.rows[:0], p.rows[old:old+minPoints]...)
	for c := range p.Cols {
		for _, of := range p.Cols[c].each() {
			*of = append((*of)[:0], (*of)[old:old+minPoints]...)
		}
	}
}

// joinPairs makes one point of each two, and lets more rows join one from now on.
func (p *Past) joinPairs() {
	for i := range minPoints {
		p.T[i], p.began[i], p.ended[i] = p.T[2*i+1], p.began[2*i], p.ended[2*i+1]
		p.rows[i] = p.rows[2*i] + p.rows[2*i+1]
	}
	for c := range p.Cols {
		s := &p.Cols[c]
		for i := range minPoints {
			s.Last[i], s.Min[i], s.Max[i] = s.Last[2*i], s.Min[2*i], s.Max[2*i]
			s.merge(i, s.Last[2*i+1], s.Min[2*i+1], s.Max[2*i+1])
		}
	}
	if p.limit < math.MaxInt32/4 {
		p.limit *= 2
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
