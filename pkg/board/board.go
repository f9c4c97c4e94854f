// Package board keeps what somebody who looks at a run wants to see: the last row
// of each key, its past in at most 1200 points, the alert lines of late and the
// counts. Results go in, in the order of the output; whoever draws or serves them
// looks at it between two of them. It refuses to know how it is shown.
package board

import (
	"math"
	"slices"
	"sort"
	"strings"
	"sync"

	"rtda/pkg/rule"
	"rtda/pkg/stream"
)

// What a board keeps at most.
const (
	MaxAlerts = 200  // alert lines
	maxKeys   = 500  // keys with a past
	maxSeries = 3000 // columns of keys with a past
)

// A Config says what is kept.
type Config struct {
	Columns int   // of a row
	Clock   bool  // rows have a time
	Span    int64 // how much of the past is kept, ns; math.MaxInt64 is all of it
	TTL     int64 // how long a key may be silent on the clock, ns; 0 is for ever
	Rules   *rule.Set
}

// A Threshold is a number with which a rule compares a column.
type Threshold struct {
	Column   int
	Value    float64
	Severity rule.Severity
}

// An Entry is what is kept of one key.
type Entry struct {
	ID    int
	Key   *stream.Key // nil without keys
	Time  int64       // of the last row: ns since the epoch, or its number without a clock
	Rows  int64       // rows so far
	Row   []float64   // the last row; NaN is a value that does not exist
	Level rule.Severity
	Past  *Past // nil where there are too many keys

	seen   int64 // when the last row came, on the clock or, without one, by arrival
	gone   bool
	firing []firing
	step   *Step
	open   open
}

// open is what the last rows came to that are not in the past and the step yet.
// Where rows are many this is all that each of them touches.
type open struct {
	rows  int
	room  int     // how many more rows may come to it; 0: it has not begun
	until int64   // when the first row comes that may not
	after int64   // Entry.Time before its first row, math.MinInt64 where there was none
	cols  []Point // Last only where the last row has no value

	listed bool // in Board.opened
}

// recentKeys is how many keys the board finds without looking them up.
const recentKeys = 1024

// Firing is how many alerts of the key fire.
func (e *Entry) Firing() int { return len(e.firing) }

// Stretches are those in which an alert of the key fired, to the place end where
// one still does.
func (e *Entry) Stretches(end int64) []Stretch {
	var all []Stretch
	if e.Past != nil {
		all = slices.Clone(e.Past.Fired)
	}
	for _, f := range e.firing {
		all = append(all, Stretch{f.since, end})
	}
	return all
}

// A firing is an alert that fires: a rule, or the ladder of its name.
type firing struct {
	name  string
	since int64
	last  Alert // its last line
}

// An Alert is an alert line.
type Alert struct {
	stream.Note
	Seq   int64 // its number among all alert lines, from 1
	Entry *Entry
}

// Fired is how many ALERT lines there were of a rule at a severity.
type Fired struct {
	Name  string
	Level rule.Severity
	N     int64
}

// Counts are those of the run.
type Counts struct {
	stream.Stats
	NewestRow int64 // time of the newest row, ns since the epoch; 0 for none
	Alerts    int64 // alert lines so far
	Firing    int   // alerts that fire
}

// NewestTime is the time of what is newest, of a record that waits for its row, too.
func (c *Counts) NewestTime() int64 { return max(c.Newest, c.NewestRow) }

// A Board is fed by one goroutine and looked at by others.
type Board struct {
	cfg Config

	mu      sync.Mutex
	seq     uint64
	counts  Counts
	alerts  []Alert // the newest last
	fired   []Fired
	keys    map[*stream.Key]*Entry
	recent  [recentKeys]*Entry // by the last digits of their keys' ID
	opened  []*Entry           // those with rows in Entry.open
	entries []*Entry           // in the order in which they came, those that are gone too
	nextID  int
	left    uint64 // keys that have gone
	dead    int
	pasts   int // entries with a past
	hidden  int // entries without
	stepped *stepper
}

// New is an empty Board.
func New(cfg Config) *Board {
	return &Board{cfg: cfg, keys: make(map[*stream.Key]*Entry)}
}

// Add takes the rows and alerts of a result, which came at the time arrived (ns
// since the epoch), and the counts of the run. It keeps nothing of r. With a
// past of 20 keys a row of three columns costs some 4 ns where rows are sorted by key,
// else 10 (BenchmarkAdd).
func (b *Board) Add(r *stream.Result, stats stream.Stats, arrived int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seq++
	b.counts.Stats = stats
	from := 0
	for i := range r.Notes {
		to := min(max(r.Notes[i].Row, from), r.Rows.N)
		b.take(&r.Rows, from, to, arrived)
		b.tell(&r.Notes[i], arrived)
		from = to
	}
	b.take(&r.Rows, from, r.Rows.N, arrived)
	b.forget(arrived)
}

// take takes some of the rows: those that are sorted by key a key at a time.
func (b *Board) take(rows *stream.Rows, from, to int, arrived int64) {
	for i := range rows.ByKey {
		s := &rows.ByKey[i]
		if s.From < from || s.To > to {
			continue
		}
		b.takeEach(rows, from, s.From, arrived)
		for g := range s.Groups {
			b.takeGroup(rows, s.From, &s.Groups[g], arrived)
		}
		from = s.To
	}
	b.takeEach(rows, from, to, arrived)
}

// takeEach takes the rows from one to another, each by itself.
func (b *Board) takeEach(rows *stream.Rows, from, to int, arrived int64) {
	columns, newest := rows.Col, b.counts.NewestRow
	var key *stream.Key
	for i := from; i < to; i++ {
		if len(rows.Key) > 0 {
			key = rows.Key[i]
		}
		e := b.find(key)
		place, seen := e.Rows+1, arrived
		if b.cfg.Clock {
			place = rows.Time[i]
			seen = place
			newest = max(newest, place)
		}
		o := &e.open
		if o.room <= 0 || seen >= o.until {
			b.begin(e, seen)
		}
		e.Rows++
		e.Time, e.seen = place, seen
		o.rows++
		o.room--
		row, cols := e.Row[:len(columns)], o.cols[:len(columns)]
		for c, column := range columns {
			cols[c].add(&row[c], column[i])
		}
	}
	b.counts.NewestRow = newest
}

// add takes a value; row is the one before it, and then the value.
func (p *Point) add(row *float64, x float64) {
	if x == x {
		p.Min, p.Max = min(p.Min, x), max(p.Max, x)
	} else if *row == *row {
		p.Last = *row // the row's own is none now
	}
	*row = x
}

// takeGroup takes rows of one key, of which g tells where they are behind the row
// from.
func (b *Board) takeGroup(rows *stream.Rows, from int, g *stream.Group, arrived int64) {
	e := b.find(g.Key)
	o := &e.open
	var times []int64
	if b.cfg.Clock {
		times = rows.Time[from:]
	}
	for at := g.At; len(at) > 0; {
		seen := arrived
		if times != nil {
			seen = times[at[0]]
		}
		if o.room <= 0 || seen >= o.until {
			b.begin(e, seen)
		}
		n := min(len(at), o.room)
		if times != nil && times[at[n-1]] >= o.until {
			n = 1 + sort.Search(n-2, func(i int) bool { return times[at[i+1]] >= o.until })
		}
		for c, column := range rows.Col {
			o.cols[c].take(&e.Row[c], column[from:], at[:n])
		}
		o.rows += n
		o.room -= n
		e.Rows += int64(n)
		e.Time, e.seen = e.Rows, arrived
		if times != nil {
			e.Time = times[at[n-1]]
			e.seen = e.Time
			b.counts.NewestRow = max(b.counts.NewestRow, e.Time)
		}
		at = at[n:]
	}
}

// take takes some values of a column; row is the one before them, and then their
// last.
func (p *Point) take(row *float64, column []float64, at []int32) {
	if len(at) >= 4 {
		if lo, hi := extremes(column, at); lo == lo {
			p.Min, p.Max = min(p.Min, lo), max(p.Max, hi)
			*row = column[at[len(at)-1]]
			return
		}
	}
	for _, i := range at { // few rows, or some without a value
		p.add(row, column[i])
	}
}

// extremes are the least and the greatest of some values of a column, NaN where one
// of them is. Four are compared with each other before the result waits for them;
// there are no branches, which would be guessed wrong where values wander.
func extremes(column []float64, at []int32) (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(1) // hi is of the negatives: least is cheaper than greatest
	for ; len(at) >= 4; at = at[4:] {
		a, b, c, d := column[at[0]], column[at[1]], column[at[2]], column[at[3]]
		lo = min(lo, min(min(a, b), min(c, d)))
		hi = min(hi, min(min(-a, -b), min(-c, -d)))
	}
	for _, i := range at {
		lo, hi = min(lo, column[i]), min(hi, -column[i])
	}
	return lo, -hi
}

// find is the entry of a key, made if it is new.
func (b *Board) find(key *stream.Key) *Entry {
	id := uint32(0)
	if key != nil {
		id = key.ID % recentKeys
	}
	e := b.recent[id]
	if e == nil || e.Key != key {
		e = b.entry(key)
		b.recent[id] = e
	}
	return e
}

// before is the place of the last row, math.MinInt64 where there was none.
func (e *Entry) before() int64 {
	if e.Rows == 0 {
		return math.MinInt64
	}
	return e.Time
}

// begin makes e.open ready for a row that is seen then.
func (b *Board) begin(e *Entry, seen int64) {
	b.settle(e)
	o := &e.open
	o.room, o.until, o.after = math.MaxInt, math.MaxInt64, e.before()
	if e.Past != nil {
		o.room, o.until = e.Past.begin(seen)
	}
	if o.cols == nil {
		o.cols = make([]Point, b.cfg.Columns)
	}
	for c := range o.cols {
		o.cols[c] = Point{math.NaN(), math.Inf(1), math.Inf(-1)}
	}
	if !o.listed {
		o.listed = true
		b.opened = append(b.opened, e)
	}
}

// settle puts what e.open has into the past and the step.
func (b *Board) settle(e *Entry) {
	o := &e.open
	if o.rows == 0 {
		return
	}
	for c, x := range e.Row {
		p := &o.cols[c]
		if x == x {
			p.Last = x
		}
		if p.Min > p.Max { // there was no value
			*p = Point{math.NaN(), math.NaN(), math.NaN()}
		}
	}
	if e.Past != nil {
		e.Past.join(o.rows, e.Time, o.cols)
	}
	if b.stepped != nil {
		b.stepped.add(e)
	}
	o.rows, o.room = 0, 0
}

// settleAll puts into the pasts and steps all that is not there yet.
func (b *Board) settleAll() {
	for _, e := range b.opened {
		b.settle(e)
		e.open.listed = false
	}
	b.opened = b.opened[:0]
}

// entry is that of a key, made if it is new.
func (b *Board) entry(key *stream.Key) *Entry {
	if e := b.keys[key]; e != nil {
		return e
	}
	e := &Entry{ID: b.nextID, Key: key, Row: slices.Repeat([]float64{math.NaN()}, b.cfg.Columns)}
	b.nextID++
	b.keys[key] = e
	b.entries = append(b.entries, e)
	if b.roomForPast() {
		b.givePast(e)
	} else {
		b.hidden++
	}
	if b.stepped != nil {
		b.stepped.born = append(b.stepped.born, e)
	}
	return e
}

func (b *Board) roomForPast() bool {
	return b.pasts < maxKeys && (b.pasts+1)*b.cfg.Columns <= maxSeries || b.pasts == 0
}

func (b *Board) givePast(e *Entry) {
	e.Past = newPast(b.cfg.Columns, b.cfg.Span)
	b.pasts++
}

// tell takes a note, of which only alerts are kept.
func (b *Board) tell(n *stream.Note, arrived int64) {
	if n.Alert == nil {
		return
	}
	e := b.entry(n.Alert.Key)
	kept := *n.Alert
	kept.Values = slices.Clone(kept.Values)
	a := Alert{Note: *n, Entry: e}
	a.Note.Alert = &kept
	b.counts.Alerts++
	a.Seq = b.counts.Alerts
	if len(b.alerts) == MaxAlerts {
		copy(b.alerts, b.alerts[1:])
		b.alerts = b.alerts[:MaxAlerts-1]
	}
	b.alerts = append(b.alerts, a)
	if b.stepped != nil {
		b.stepped.alert(a)
	}
	b.fire(e, a, arrived)
}

// count counts an ALERT line.
func (b *Board) count(name string, level rule.Severity) {
	i := slices.IndexFunc(b.fired, func(f Fired) bool { return f.Name == name && f.Level == level })
	if i < 0 {
		i = len(b.fired)
		b.fired = append(b.fired, Fired{Name: name, Level: level})
	}
	b.fired[i].N++
}

// fire brings what fires for a key up to date.
func (b *Board) fire(e *Entry, line Alert, arrived int64) {
	a := line.Note.Alert
	name := b.cfg.Rules.Rule(a.Rule).Name
	if !a.Resolved {
		b.count(name, a.Level)
	}
	if b.stepped != nil {
		b.settle(e)
		b.stepped.touch(e, e.before())
	}
	at := e.seen
	if b.cfg.Clock {
		at = a.Time
	} else if at == 0 {
		at = arrived
	}
	i := slices.IndexFunc(e.firing, func(f firing) bool { return f.name == name })
	switch {
	case a.Resolved && i >= 0:
		b.counts.Firing--
		e.Past.fired(e.firing[i].since, b.place(e, at))
		e.firing = slices.Delete(e.firing, i, i+1)
	case !a.Resolved && i >= 0:
		e.firing[i].last = line
	case !a.Resolved:
		b.counts.Firing++
		e.firing = append(e.firing, firing{name, b.place(e, at), line})
		b.show(e)
	}
	e.Level = rule.None
	for _, f := range e.firing {
		e.Level = max(e.Level, f.last.Note.Alert.Level)
	}
}

// place is where a time stands in the past of a key: without a clock it is the
// number of the row that is about to come.
func (b *Board) place(e *Entry, at int64) int64 {
	if b.cfg.Clock {
		return at
	}
	return e.Rows + 1
}

// show gives a key whose alert fires a past, which the one that has been silent
// for longest loses, if none of its alerts fires.
func (b *Board) show(e *Entry) {
	if e.Past != nil {
		return
	}
	var least *Entry
	for _, other := range b.entries {
		if other.Past != nil && len(other.firing) == 0 && !other.gone && (least == nil || other.seen < least.seen) {
			least = other
		}
	}
	if least == nil {
		return
	}
	b.settle(least)
	b.settle(e)
	least.Past = nil
	b.pasts--
	b.givePast(e)
}

// forget lets the keys go that have been silent for longer than Config.TTL. It
// looks at all of them once for as many results as there are keys in 64.
func (b *Board) forget(arrived int64) {
	if b.cfg.TTL == 0 || b.seq%uint64(len(b.entries)/64+1) != 0 {
		return
	}
	now := arrived
	if b.cfg.Clock {
		now = b.counts.NewestRow
	}
	for _, e := range b.entries {
		if e.gone || len(e.firing) > 0 || now-e.seen <= b.cfg.TTL {
			continue
		}
		b.settle(e)
		if e.gone = true; e.Key != nil && b.recent[e.Key.ID%recentKeys] == e {
			b.recent[e.Key.ID%recentKeys] = nil
		}
		b.left++
		b.dead++
		if delete(b.keys, e.Key); e.Past != nil {
			b.pasts--
		} else {
			b.hidden--
		}
		if b.stepped != nil {
			b.stepped.dead = append(b.stepped.dead, e)
		}
	}
	if b.dead > len(b.entries)/2 {
		b.entries = slices.DeleteFunc(b.entries, func(e *Entry) bool { return e.gone })
		b.dead = 0
	}
}

// A Look is a board that stands still. What it gives is valid until the function
// it was given to returns.
type Look struct{ b *Board }

// Look calls f while nothing changes. The run waits for it, so f copies what it
// needs and leaves the rest for later.
func (b *Board) Look(f func(l Look)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.settleAll()
	f(Look{b})
}

// Seq grows whenever something has changed.
func (l Look) Seq() uint64 { return l.b.seq }

// Counts are those of the run.
func (l Look) Counts() Counts { return l.b.counts }

// Hidden is how many keys have no past because there are too many.
func (l Look) Hidden() int { return l.b.hidden }

// Alerts are the alert lines kept, the newest last.
func (l Look) Alerts() []Alert { return l.b.alerts }

// Firing are the alerts that fire, each as its last line told it, key by key.
func (l Look) Firing() []Alert {
	var all []Alert
	l.Entries(func(e *Entry) bool {
		for i := range e.firing {
			all = append(all, e.firing[i].last)
		}
		return true
	})
	return all
}

// Fired are the counts of ALERT lines.
func (l Look) Fired() []Fired { return l.b.fired }

// Entry is the one with the ID, nil if it is not there.
func (l Look) Entry(id int) *Entry {
	i, ok := slices.BinarySearchFunc(l.b.entries, id, func(e *Entry, id int) int { return e.ID - id })
	if !ok || l.b.entries[i].gone {
		return nil
	}
	return l.b.entries[i]
}

// Entries calls f for each key that is there, in the order in which they came,
// until it returns false.
func (l Look) Entries(f func(e *Entry) bool) {
	for _, e := range l.b.entries {
		if !e.gone && !f(e) {
			return
		}
	}
}

// Sorted are all keys that are there, sorted part by part.
func (l Look) Sorted() []*Entry {
	all := make([]*Entry, 0, len(l.b.entries))
	l.Entries(func(e *Entry) bool { all = append(all, e); return true })
	slices.SortFunc(all, Compare)
	return all
}

// LastRows makes one result of the last rows of all keys, sorted by key.
func (l Look) LastRows(r *stream.Result) {
	rows := &r.Rows
	*rows = stream.Rows{First: true, Col: make([][]float64, l.b.cfg.Columns)}
	for _, e := range l.Sorted() {
		if e.Rows == 0 {
			continue
		}
		rows.N++
		if l.b.cfg.Clock {
			rows.Time = append(rows.Time, e.Time)
		}
		if e.Key != nil {
			rows.Key = append(rows.Key, e.Key)
		}
		for c, x := range e.Row {
			rows.Col[c] = append(rows.Col[c], x)
		}
	}
}

// Compare orders entries by their keys, part by part.
func Compare(a, b *Entry) int {
	if a.Key == nil || b.Key == nil {
		return 0
	}
	return slices.CompareFunc(a.Key.Parts, b.Key.Parts, strings.Compare)
}

// Version changes when a key comes or goes.
func (l Look) Version() uint64 { return uint64(l.b.nextID) + l.b.left }
