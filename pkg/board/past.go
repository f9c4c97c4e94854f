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
	// Fired are the stretches in which an alert of the key fired and is over.
	Fired []Stretch

	points  []point
	values  []Point // of each point, a column each
	columns int
	limit   int32
	span    int64
}

// A point is where in a past its values stand.
type point struct {
	place int64 // of the last row: its time, or its number without a clock
	began int64 // when the first row came
	rows  int32
}

// A Stretch is from a place to another.
type Stretch struct{ From, To int64 }

func newPast(columns int, span int64) *Past {
	return &Past{columns: columns, limit: 1, span: span}
}

// Len is how many points there are; a nil Past has none.
func (p *Past) Len() int {
	if p == nil {
		return 0
	}
	return len(p.points)
}

// Place is where the i-th point stands: the time of its last row, or its number without
// a clock.
func (p *Past) Place(i int) int64 { return p.points[i].place }

// At is what a column has at the i-th point; NaN where it has no value.
func (p *Past) At(i, column int) Point { return p.values[i*p.columns+column] }

// begin makes ready for a row that is seen then: it will join the newest point, or a
// new one, whose values the row will bring. It returns how many rows may join, and
// when those are seen that may not.
func (p *Past) begin(seen int64) (room int, until int64) {
	n := len(p.points) - 1
	if n < 0 || p.points[n].rows >= p.limit || p.span != math.MaxInt64 && seen-p.points[n].began >= p.span/minPoints {
		switch n + 1 {
		case maxPoints:
			p.thin(seen)
		case cap(p.points):
			p.grow()
		}
		n = len(p.points)
		p.points, p.values = append(p.points, point{began: seen}), p.values[:(n+1)*p.columns]
	}
	until = math.MaxInt64
	if p.span != math.MaxInt64 {
		until = p.points[n].began + p.span/minPoints
	}
	return int(p.limit - p.points[n].rows), until
}

// join puts into the newest point what rows came to, of which the last stands at place.
func (p *Past) join(rows int, place int64, cols []Point) {
	n := len(p.points) - 1
	at, values := &p.points[n], p.values[n*p.columns:]
	if at.rows == 0 {
		copy(values, cols)
	} else {
		mergeAll(values, cols)
	}
	at.place = place
	at.rows += int32(rows)
}

// mergeAll merges what follows into the points of some columns.
func mergeAll(values, next []Point) {
	for c := range next {
		values[c].merge(next[c])
	}
}

// grow makes room for four times as many points, of which there are 1200 at last.
func (p *Past) grow() {
	size := min(max(20, 4*cap(p.points)), maxPoints)
	p.points = append(make([]point, 0, size), p.points...)
	p.values = append(make([]Point, 0, size*p.columns), p.values...)
}

// thin makes room for points: it leaves 600.
func (p *Past) thin(now int64) {
	if p.span != math.MaxInt64 && now-p.points[minPoints].began >= p.span {
		copy(p.points, p.points[minPoints:])
		copy(p.values, p.values[minPoints*p.columns:])
	} else {
		p.joinPairs()
	}
	p.points, p.values = p.points[:minPoints], p.values[:minPoints*p.columns]
}

// joinPairs makes one point of each two, and lets twice as many rows join one.
func (p *Past) joinPairs() {
	n := p.columns
	for i := range minPoints {
		a, b := p.points[2*i], p.points[2*i+1]
		p.points[i] = point{b.place, a.began, a.rows + b.rows}
		both := p.values[2*i*n : 2*(i+1)*n]
		mergeAll(both[:n], both[n:])
		copy(p.values[i*n:], both[:n])
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
