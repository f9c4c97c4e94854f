package board

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"rtda/pkg/rule"
	"rtda/pkg/stream"
)

const second = int64(1e9)

var rules = &rule.Set{Rules: []rule.Rule{{Name: "hot"}, {Name: "cold"}}}

// A feeder makes results.
type feeder struct {
	b    *Board
	keys map[string]*stream.Key
	rows int
}

func newFeeder(c Config) *feeder {
	c.Rules = rules
	return &feeder{b: New(c), keys: map[string]*stream.Key{}}
}

func (f *feeder) key(name string) *stream.Key {
	if name == "" {
		return nil
	}
	if f.keys[name] == nil {
		f.keys[name] = &stream.Key{Parts: []string{name}}
	}
	return f.keys[name]
}

// row adds one row, with an alert before it if there is one.
func (f *feeder) row(key string, t int64, alert *stream.Alert, xs ...float64) {
	r := &stream.Result{Rows: stream.Rows{N: 1, Time: []int64{t}}}
	for _, x := range xs {
		r.Rows.Col = append(r.Rows.Col, []float64{x})
	}
	if key != "" {
		r.Rows.Key = []*stream.Key{f.key(key)}
	}
	if alert != nil {
		alert.Key, alert.Time = f.key(key), t
		r.Notes = []stream.Note{{Alert: alert, Line: f.rows + 1}}
	}
	f.rows++
	f.b.Add(r, stream.Stats{Rows: f.rows}, t)
}

func fires(r int, level rule.Severity) *stream.Alert {
	return &stream.Alert{Change: rule.Change{Rule: r, Level: level}, Values: []float64{1}}
}

func resolved(r int) *stream.Alert {
	return &stream.Alert{Change: rule.Change{Rule: r, Resolved: true}}
}

func (b *Board) get(t *testing.T, key string) *Entry {
	t.Helper()
	b.settleAll()
	for k, e := range b.keys {
		if k == nil && key == "" || k != nil && k.Parts[0] == key {
			return e
		}
	}
	t.Fatalf("no key %q", key)
	return nil
}

// check holds the past of a key to its rows: every row is in one point, in its
// order, whose last, least and greatest are those of its rows.
func (p *Past) check(t *testing.T, places []int64, xs []float64) {
	t.Helper()
	n := 0
	for _, at := range p.points {
		n += int(at.rows)
	}
	if n > len(xs) {
		t.Fatalf("%d rows are in the points, %d were there", n, len(xs))
	}
	places, xs = places[len(places)-n:], xs[len(xs)-n:]
	for i, at := range p.points {
		rows, got := at.rows, p.At(i, 0)
		if want := (Point{xs[rows-1], slices.Min(xs[:rows]), slices.Max(xs[:rows])}); at.place != places[rows-1] || got != want {
			t.Fatalf("point %d of %d rows: %d, %v, want %v", i, rows, at.place, got, want)
		}
		places, xs = places[rows:], xs[rows:]
	}
}

// add puts a row into the past by itself.
func (p *Past) add(place, seen int64, row []float64) {
	p.begin(seen)
	cols := make([]Point, len(row))
	for c, x := range row {
		cols[c] = Point{x, x, x}
	}
	p.join(1, place, cols)
}

func TestPastAtAnyRate(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct {
		name       string
		step, span int64
		rows       int
	}{
		{"few rows", second, 600 * second, 300},
		{"one a second", second, 600 * second, 20000},
		{"ten a second", second / 10, 600 * second, 50000},
		{"60,000 a second", second / 60000, 600 * second, 600000},
		{"one a minute", 60 * second, 600 * second, 5000},
		{"a replay of one an hour, all kept", 3600 * second, math.MaxInt64, 50000},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPast(1, c.span)
			var places []int64
			var xs []float64
			for i := range c.rows {
				x := rng.NormFloat64()
				places, xs = append(places, int64(i)*c.step), append(xs, x)
				p.add(places[i], places[i], []float64{x})
				if p.Len() > maxPoints {
					t.Fatalf("%d points", p.Len())
				}
			}
			p.check(t, places, xs)
			if c.rows > maxPoints && p.Len() < minPoints {
				t.Errorf("%d points of %d rows", p.Len(), c.rows)
			}
			reach, all := places[c.rows-1]-p.points[0].began, places[c.rows-1]
			if reach < min(all, c.span) {
				t.Errorf("the past reaches back %d s of %d", reach/second, min(all, c.span)/second)
			}
		})
	}
}

// A value that does not exist leaves a point as it is, and a point of none has
// none.
func TestPastWithoutValues(t *testing.T) {
	p := newPast(1, math.MaxInt64)
	for i := range 2 * maxPoints {
		x := math.NaN()
		if i%8 == 3 {
			x = float64(i)
		}
		p.add(int64(i), int64(i), []float64{x})
	}
	for i, of := range p.points {
		at := p.At(i, 0)
		if some := of.place%8 == 3 || of.rows > 1 && (of.place-1)%8 == 3; some != (at.Last == at.Last) || some != (at.Min == at.Min) {
			t.Fatalf("point %d at %d of %d rows: %v", i, of.place, of.rows, at)
		}
	}
}

func TestBoardCountsAndLevels(t *testing.T) {
	f := newFeeder(Config{Columns: 1, Clock: true, Span: 600 * second})
	f.row("a", 1*second, nil, 1)
	f.row("a", 2*second, fires(0, rule.Warn), 2)
	f.row("b", 3*second, fires(1, rule.Crit), 3)
	f.row("a", 4*second, fires(0, rule.Crit), 4) // a ladder goes up
	a, b := f.b.get(t, "a"), f.b.get(t, "b")
	if a.Level != rule.Crit || b.Level != rule.Crit || f.b.counts.Firing != 2 || f.b.counts.Alerts != 3 {
		t.Errorf("levels %v, %v; counts %+v", a.Level, b.Level, f.b.counts)
	}
	f.row("a", 5*second, resolved(0), 5)
	if a.Level != rule.None || f.b.counts.Firing != 1 || !slices.Equal(a.Past.Fired, []Stretch{{2 * second, 5 * second}}) {
		t.Errorf("level %v, %d fire, fired %v", a.Level, f.b.counts.Firing, a.Past.Fired)
	}
	f.b.Look(func(l Look) {
		if got := l.Sorted(); len(got) != 2 || got[0] != a || got[1] != b {
			t.Errorf("sorted: %v", got)
		}
		if al := l.Alerts(); len(al) != 4 || al[3].Seq != 4 || al[3].Entry != a || !al[3].Note.Alert.Resolved {
			t.Errorf("alerts: %+v", al)
		}
		if f := l.Firing(); len(f) != 1 || f[0].Entry != b {
			t.Errorf("firing: %+v", f)
		}
		if f := l.Fired(); !slices.Equal(f, []Fired{{"hot", rule.Warn, 1}, {"cold", rule.Crit, 1}, {"hot", rule.Crit, 1}}) {
			t.Errorf("fired: %v", f)
		}
		if l.Entry(a.ID) != a || l.Entry(b.ID) != b || l.Entry(2) != nil {
			t.Error("entries are not found by their ID")
		}
		if c := l.Counts(); c.NewestRow != 5*second || c.Rows != 5 {
			t.Errorf("counts %+v", c)
		}
	})
}

// Alerts are bounded, and what they hold is theirs.
func TestAlertsAreBounded(t *testing.T) {
	f := newFeeder(Config{Columns: 1, Clock: true, Span: second})
	a := fires(0, rule.Warn)
	for i := range 3 * MaxAlerts {
		a.Values[0] = float64(i)
		f.row("a", int64(i), a, 1)
	}
	if n := len(f.b.alerts); n != MaxAlerts {
		t.Fatalf("%d alerts are kept", n)
	}
	if v := f.b.alerts[0].Note.Alert.Values[0]; v != 2*MaxAlerts {
		t.Errorf("the oldest alert shows %v", v)
	}
}

// Beyond 500 keys, or 3000 series, keys have no past but for those whose rules
// fire, which take the place of the one silent for longest.
func TestManyKeys(t *testing.T) {
	for _, c := range []struct{ columns, past int }{{1, 500}, {6, 500}, {10, 300}, {4000, 1}} {
		f := newFeeder(Config{Columns: c.columns, Clock: true, Span: second})
		row := make([]float64, c.columns)
		for i := range 600 {
			f.row(fmt.Sprint(i), int64(i), nil, row...)
		}
		f.row("0", 1000, nil, row...) // no longer the most silent
		f.b.Look(func(l Look) {
			if l.Hidden() != 600-c.past {
				t.Errorf("%d columns: %d keys are hidden", c.columns, l.Hidden())
			}
		})
		f.row("599", 1001, fires(0, rule.Warn), row...)
		if f.b.get(t, "599").Past == nil || c.past > 1 && (f.b.get(t, "1").Past != nil || f.b.get(t, "0").Past == nil) {
			t.Errorf("%d columns: the key whose rule fires has not taken the place of the most silent one", c.columns)
		}
	}
}

func TestSilentKeysLeave(t *testing.T) {
	f := newFeeder(Config{Columns: 1, Clock: true, Span: second, TTL: 10 * second})
	f.b.Step()
	for i := range 3000 {
		f.row(fmt.Sprint(i), int64(i)*second, nil, 1)
	}
	if n := len(f.b.keys); n > 70 {
		t.Errorf("%d keys are on the board, of which 11 are not too old", n)
	}
	if n := len(f.b.entries); n > 200 {
		t.Errorf("%d entries are held", n)
	}
	s := f.b.Step()
	if len(s.Born) != 3000 || len(s.Gone) < 2900 {
		t.Errorf("%d came, %d went", len(s.Born), len(s.Gone))
	}
}

// Steps that are merged say what one step would have said.
func TestSteps(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	one, many := newFeeder(Config{Columns: 2, Clock: true, Span: second}), newFeeder(Config{Columns: 2, Clock: true, Span: second})
	one.b.Step()
	if many.b.Step(); many.b.Step() != nil {
		t.Error("nothing has happened, and a step tells of it")
	}
	var merged *Steps
	for i := range 500 {
		key, x, y := fmt.Sprint(rng.IntN(5)), rng.Float64(), rng.Float64()
		if rng.IntN(3) == 0 {
			y = math.NaN()
		}
		for _, f := range []*feeder{one, many} {
			var alert *stream.Alert
			switch i % 40 {
			case 7:
				alert = fires(0, rule.Warn)
			case 20:
				alert = resolved(0)
			}
			f.row(key, int64(i), alert, x, y)
		}
		if rng.IntN(10) == 0 {
			next := many.b.Step()
			if merged == nil {
				merged = next
			} else {
				merged = Merge(merged, next)
			}
		}
	}
	if next := many.b.Step(); next != nil {
		merged = Merge(merged, next)
	}
	whole := one.b.Step()
	if text(merged) != text(whole) {
		t.Errorf("merged\n%s\nwhole\n%s", text(merged), text(whole))
	}
	if whole.Keys[0].After != math.MinInt64 {
		t.Errorf("the first step of a key is behind %d", whole.Keys[0].After)
	}
	one.row("0", 600, nil, 1, 2)
	if k := one.b.Step().Keys[0]; k.After >= 500 || k.After < 0 || k.T != 600 || k.Rows != 1 {
		t.Errorf("the next step: %+v", k)
	}
}

func text(s *Steps) string {
	out := fmt.Sprintln(s.Seq, s.Counts, len(s.Alerts), len(s.Born), len(s.Gone))
	for _, k := range s.Keys {
		out += fmt.Sprintln(k.Entry.Key.Parts, k.After, k.T, k.Rows, k.Level, k.Points)
	}
	return out
}

// Without a clock a row's place is its number.
func TestPlaceWithoutClock(t *testing.T) {
	f := newFeeder(Config{Columns: 1, Span: 600 * second})
	for i := range 300 {
		f.row("", 0, nil, float64(i))
	}
	e := f.b.get(t, "")
	if n := e.Past.Len(); n != 300 || e.Past.Place(0) != 1 || e.Past.Place(299) != 300 {
		t.Errorf("%d points from %d to %d", n, e.Past.Place(0), e.Past.Place(n-1))
	}
}

func TestStretchesAreBounded(t *testing.T) {
	p := newPast(1, second)
	for i := range int64(1000) {
		p.fired(10*i, 10*i+1)
	}
	if len(p.Fired) != maxStretches || p.Fired[0].From != 0 || p.Fired[len(p.Fired)-1].To != 9991 {
		t.Errorf("%d stretches, %v to %v", len(p.Fired), p.Fired[0], p.Fired[len(p.Fired)-1])
	}
	if !slices.IsSortedFunc(p.Fired, func(a, b Stretch) int { return int(a.From - b.To) }) {
		t.Error("stretches are not in order")
	}
}

// The board is at most 100 MB: 3000 series of 1200 points.
func TestBoardIsBounded(t *testing.T) {
	e := reflect.TypeFor[Past]()
	if e.NumField() != 6 {
		t.Errorf("a Past has %d fields: what does the new one take?", e.NumField())
	}
	perPoint := int(reflect.TypeFor[point]().Size())
	if total := maxKeys*maxPoints*perPoint + maxSeries*maxPoints*24; total > 104e6 {
		t.Errorf("%d bytes", total)
	}
}

// byKey sorts the rows from one to another by key.
func byKey(rows *stream.Rows, from, to int) stream.ByKey {
	all := stream.ByKey{From: from, To: to}
	for i := from; i < to; i++ {
		var key *stream.Key
		if len(rows.Key) > 0 {
			key = rows.Key[i]
		}
		g := slices.IndexFunc(all.Groups, func(g stream.Group) bool { return g.Key == key })
		if g < 0 {
			g = len(all.Groups)
			all.Groups = append(all.Groups, stream.Group{Key: key})
		}
		all.Groups[g].At = append(all.Groups[g].At, int32(i-from))
	}
	return all
}

func BenchmarkAdd(b *testing.B) {
	for _, c := range []struct {
		keys  int
		byKey bool
	}{{0, true}, {0, false}, {20, true}, {20, false}} {
		keys := c.keys
		b.Run(fmt.Sprintf("keys=%d/bykey=%t", keys, c.byKey), func(b *testing.B) {
			board := New(Config{Columns: 3, Clock: true, Span: 600 * second})
			r := &stream.Result{Rows: stream.Rows{N: 1000, Col: make([][]float64, 3)}}
			var all []*stream.Key
			for i := range keys {
				all = append(all, &stream.Key{ID: uint32(i), Parts: []string{fmt.Sprint(i)}})
			}
			for i := range r.Rows.N {
				r.Rows.Time = append(r.Rows.Time, int64(i))
				if keys > 0 {
					r.Rows.Key = append(r.Rows.Key, all[i%keys])
				}
				for c := range r.Rows.Col {
					r.Rows.Col[c] = append(r.Rows.Col[c], float64(i*c))
				}
			}
			if c.byKey {
				r.Rows.ByKey = []stream.ByKey{byKey(&r.Rows, 0, r.Rows.N)}
			}
			t := int64(0)
			for b.Loop() {
				for i := range r.Rows.Time {
					t += second / 60000
					r.Rows.Time[i] = t
				}
				board.Add(r, stream.Stats{}, t)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(r.Rows.N), "ns/row")
		})
	}
}

// Rows that are put into the past together make the past and the steps that they
// would one by one, whoever looks and when.
func TestRowsTogether(t *testing.T) {
	same := func(a, b float64) bool { return a == b || a != a && b != b }
	samePoint := func(a, b Point) bool { return same(a.Last, b.Last) && same(a.Min, b.Min) && same(a.Max, b.Max) }
	rng := rand.New(rand.NewPCG(7, 7))
	for range 40 {
		cfg := Config{Columns: 2, Clock: rng.IntN(2) == 0, Span: []int64{600 * second, math.MaxInt64}[rng.IntN(2)]}
		b := New(cfg)
		keys := make([]*stream.Key, 1+rng.IntN(3))
		pasts := make([]*Past, len(keys))
		type step struct {
			rows  int
			after int64
			cols  []Point
		}
		steps, last, rows := make([]step, len(keys)), make([]int64, len(keys)), make([]int, len(keys))
		clear := func() {
			for i := range steps {
				steps[i] = step{after: last[i], cols: []Point{{math.NaN(), math.NaN(), math.NaN()}, {math.NaN(), math.NaN(), math.NaN()}}}
			}
		}
		for i := range keys { // IDs that the board mistakes for each other
			keys[i], pasts[i], last[i] = &stream.Key{ID: uint32(i * recentKeys), Parts: []string{fmt.Sprint(i)}}, newPast(2, cfg.Span), math.MinInt64
		}
		clear()
		b.Step()
		now := int64(0)
		for range 60 {
			r := &stream.Result{Rows: stream.Rows{N: rng.IntN(300), Col: make([][]float64, 2)}}
			arrived := now
			for range r.Rows.N {
				now += int64(rng.IntN(int(second)))
				k := rng.IntN(len(keys))
				row := []float64{rng.NormFloat64(), math.NaN()}
				if rng.IntN(3) == 0 {
					row[0], row[1] = row[1], row[0]
				}
				rows[k]++
				place, seen := int64(rows[k]), arrived
				if cfg.Clock {
					place, seen = now, now
				}
				r.Rows.Time, r.Rows.Key = append(r.Rows.Time, place), append(r.Rows.Key, keys[k])
				pasts[k].add(place, seen, row)
				for c, x := range row {
					r.Rows.Col[c] = append(r.Rows.Col[c], x)
					steps[k].cols[c].merge(Point{x, x, x})
				}
				steps[k].rows++
				last[k] = place
			}
			for from := 0; from < r.Rows.N && rng.IntN(3) > 0; { // some of the rows come sorted by key
				to := from + 1 + rng.IntN(r.Rows.N-from)
				if rng.IntN(3) > 0 {
					r.Rows.ByKey = append(r.Rows.ByKey, byKey(&r.Rows, from, to))
				}
				from = to
			}
			b.Add(r, stream.Stats{}, arrived)
			switch rng.IntN(4) {
			case 0:
				b.Look(func(Look) {})
			case 1:
				if s := b.Step(); s != nil {
					for _, got := range s.Keys {
						k := slices.Index(keys, got.Entry.Key)
						want := steps[k]
						for c, p := range got.Points {
							if q := want.cols[c]; !samePoint(p, q) {
								t.Fatalf("a step of %v, want %v", p, q)
							}
						}
						if got.Rows != want.rows || got.After != want.after || got.T != last[k] {
							t.Fatalf("a step of %d rows from %d to %d, want %d from %d to %d", got.Rows, got.After, got.T, want.rows, want.after, last[k])
						}
					}
				}
				clear()
			}
		}
		b.Look(func(l Look) {
			l.Entries(func(e *Entry) bool {
				want := pasts[slices.Index(keys, e.Key)]
				if !slices.Equal(e.Past.points, want.points) {
					t.Fatalf("points %v, want %v", e.Past.points, want.points)
				}
				if !slices.EqualFunc(e.Past.values, want.values, samePoint) {
					t.Fatalf("values %v, want %v", e.Past.values, want.values)
				}
				return true
			})
		})
	}
}
