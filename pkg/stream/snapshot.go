package stream

import (
	"cmp"
	"errors"
	"maps"
	"math"
	"slices"

	"rtda/pkg/agg"
	"rtda/pkg/num"
	"rtda/pkg/parse"
	"rtda/pkg/rule"
)

// A snapshot is all that later output depends on, in the order in which it is
// written here, field by field. A stream that is restored from one gives what the
// first would have given (TestSnapshotGoesOn). What can be found out again is not
// in it: TestEveryFieldIsSaved knows each field and says why.

// version is the form of a snapshot. Another one is refused.
const version = 2

// ErrVersion says that a snapshot was written by another version of rtda, which
// writes them differently.
var ErrVersion = errors.New("written by another version of rtda")

// Append appends a snapshot of the stream, of what the schema has fixed where the
// stream is, and of how far the inputs have been taken. Of inputs that are not
// among them, as those that have ended, only the names are kept, where a record
// waits that complaints may name. It is called between two calls of Take, Tick and
// End.
func (s *Stream) Append(dst []byte, sc *parse.Schema, origins []*parse.Origin) []byte {
	e := encoder{dst: num.AppendUint(dst, version), origins: map[*parse.Origin]int{}}
	at := &s.from
	if s.origin != nil {
		at = &s.origin.Place
	}
	e.dst = sc.Append(e.dst, at)
	e.uint(len(origins))
	for i, o := range origins {
		e.dst = o.Append(e.dst)
		e.origins[o] = i
	}
	s.appendCounts(&e)
	if e.bool(s.ready); s.ready {
		s.appendState(&e)
	}
	return e.dst
}

// An encoder appends to dst.
type encoder struct {
	dst     []byte
	origins map[*parse.Origin]int
	keys    map[*Key]int
}

func (e *encoder) uint(n int)    { e.dst = num.AppendUint(e.dst, uint64(n)) }
func (e *encoder) int(n int64)   { e.dst = num.AppendInt(e.dst, n) }
func (e *encoder) bool(b bool)   { e.dst = num.AppendBool(e.dst, b) }
func (e *encoder) text(s string) { e.dst = num.AppendText(e.dst, s) }
func (e *encoder) texts(all []string) {
	e.uint(len(all))
	for _, s := range all {
		e.text(s)
	}
}
func (e *encoder) ints(ns ...int64) {
	for _, n := range ns {
		e.int(n)
	}
}

// appendCounts appends the counts, and what has been told once and for all.
func (s *Stream) appendCounts(e *encoder) {
	for _, n := range s.stats.counts() {
		e.uint(*n)
	}
	e.int(s.stats.AfterBy)
	e.uint(len(s.cures))
	for _, cure := range sortedKeys(s.cures) {
		e.text(string(cure))
	}
	e.uint(len(s.once))
	for _, why := range sortedKeys(s.once) {
		e.uint(int(why))
	}
	e.uint(s.parsed)
}

func sortedKeys[K cmp.Ordered](m map[K]bool) []K { return slices.Sorted(maps.Keys(m)) }

// counts are the counts that are saved, all but what is held now.
func (s *Stats) counts() []*int {
	list := []*int{&s.Lines, &s.Records, &s.Rows, &s.Passed, &s.Fired, &s.Firing, &s.Alerts}
	for i := range s.Skipped {
		list = append(list, &s.Skipped[i])
	}
	for i := range s.Told {
		list = append(list, &s.Told[i])
	}
	return list
}

// fieldNames are the names of the fields.
func (c *Config) fieldNames() []string {
	if c.Names == nil {
		return make([]string, c.Fields)
	}
	return c.Names
}

// textNames are the fields whose texts rules compare.
func (c *Config) textNames() []string {
	if c.Rules == nil {
		return nil
	}
	return c.Rules.Texts
}

// appendState appends what there is of a stream that has been set up.
func (s *Stream) appendState(e *encoder) {
	e.texts(s.cfg.fieldNames())
	e.texts(s.cfg.textNames())
	e.texts(s.cfg.Kept)
	e.uint(len(s.cfg.Windows))
	for i := range s.cfg.Windows {
		e.text(s.cfg.Windows[i].ID)
	}
	e.uint(len(s.unseen))
	for _, field := range s.unseen {
		e.uint(field)
	}
	e.uint(len(s.asked))
	for _, field := range s.asked {
		e.uint(field)
	}
	e.uint(len(s.cfg.Columns))
	e.bool(s.started)
	e.ints(s.clock, s.ticked, s.late.newest)
	e.bool(s.late.seen)
	if e.bool(s.cfg.Times != nil); s.cfg.Times != nil {
		e.dst = s.cfg.Times.Append(e.dst)
	}
	if e.bool(s.cfg.Rules != nil); s.cfg.Rules != nil {
		e.dst = s.cfg.Rules.Append(e.dst)
	}
	waiting := s.late.all()
	e.uint(len(waiting))
	for _, w := range waiting {
		e.waiter(w)
	}
	e.optional(s.ahead)
	all := s.order()
	e.keys = make(map[*Key]int, len(s.untold))
	e.uint(len(all))
	for i, se := range all {
		if len(s.untold) > 0 {
			e.keys[se.key] = i
		}
		s.appendSeries(e, se)
	}
	e.uint(len(s.untold))
	for i := range s.untold {
		e.alert(&s.untold[i])
	}
}

// waiter appends a record that waits.
func (e *encoder) waiter(w *waiter) {
	e.int(w.t)
	e.dst = num.AppendText(e.dst, w.key)
	for _, x := range w.vals {
		e.dst = num.AppendFloat(e.dst, x)
	}
	e.optionalTexts(w.texts)
	e.kept(w.kept)
	if i, ok := e.origins[w.origin]; ok {
		e.uint(i)
	} else {
		e.uint(len(e.origins))
		e.text(w.origin.Name)
	}
	e.uint(w.line)
}

// optionalTexts appends texts of which each may be nil.
func (e *encoder) optionalTexts(texts [][]byte) {
	for _, b := range texts {
		if e.bool(b != nil); b != nil {
			e.dst = num.AppendText(e.dst, b)
		}
	}
}

// kept appends texts that rows show.
func (e *encoder) kept(kept []parse.Text) {
	for i := range kept {
		e.optionalTexts([][]byte{kept[i].B})
		e.bool(kept[i].Bare)
	}
}

func (e *encoder) optional(w *waiter) {
	if e.bool(w != nil); w != nil {
		e.waiter(w)
	}
}

// What a series has, in one number.
const (
	isLive = 1 << iota
	isBehind
	isTaken
	isKnown
	isHolding // in Stream.holding
	hasHeld
	hasRow
	hasShown
	hasFreed
	hasEver
	hasKept
	hasAll // its windows are all of the stream's
	seriesFlags
)

func (se *series) flags() int {
	n := 0
	for i, has := range []bool{se.live, se.behind, se.taken, se.known, se.queued[1] != never, se.held != nil, se.row != nil,
		se.boundary != math.MinInt64, se.freed != math.MinInt64, len(se.ever) > 0, se.kept != nil, se.index == nil} {
		if has {
			n |= 1 << i
		}
	}
	return n
}

func (s *Stream) appendSeries(e *encoder, se *series) {
	flags := se.flags()
	e.text(se.name[0])
	e.uint(flags)
	e.ints(se.last, se.heard-se.last)
	e.uint(se.since)
	if flags&hasShown != 0 {
		e.int(se.boundary - se.last)
	}
	if flags&hasFreed != 0 {
		e.int(se.freed - se.last)
	}
	for _, x := range se.ever {
		e.dst = num.AppendFloat(e.dst, x)
	}
	e.optionalTexts(se.texts)
	e.kept(se.kept)
	if flags&hasHeld != 0 {
		e.waiter(se.held)
	}
	if flags&hasRow != 0 {
		e.int(se.rowAt)
		e.dst = num.AppendFloats(e.dst, se.row)
	}
	if se.state != nil {
		e.dst = se.state.Append(s.cfg.Rules, e.dst)
	}
	if flags&hasAll == 0 {
		e.uint(len(se.index))
	}
	for k, w := range se.wins {
		if flags&hasAll == 0 {
			e.uint(int(se.index[k]))
		}
		e.accumulator(w)
	}
}

// accumulator appends the length of what a window writes and that: one that is no
// longer asked for can be passed over.
func (e *encoder) accumulator(w Accumulator) {
	const room = 5 // bytes of seven bits each
	e.dst = append(e.dst, 0x80, 0x80, 0x80, 0x80, 0)
	at := len(e.dst)
	e.dst = w.Append(e.dst)
	n := len(e.dst) - at
	for i := range room {
		e.dst[at-room+i] |= byte(n>>(7*i)) & 0x7F
	}
}

// alert appends a note of an alert that the clock alone has made.
func (e *encoder) alert(n *Note) {
	a := n.Alert
	e.uint(a.Rule)
	e.bool(a.Resolved)
	e.uint(int(a.Level))
	e.uint(int(a.Was))
	e.uint(a.Again)
	e.ints(a.Since, a.After, a.Time)
	e.text(a.By)
	e.uint(a.Seq)
	e.uint(e.keys[a.Key])
	e.dst = num.AppendFloats(e.dst, a.Values)
	e.uint(len(a.Texts))
	e.optionalTexts(a.Texts)
}

// A Snapshot is one that is being read.
type Snapshot struct {
	Origins []*parse.Origin          // the inputs, as far as they had been taken
	ended   map[string]*parse.Origin // others that records are of, by name
	from    parse.Place
	isKey   func([]byte) bool
	d       *num.Decoder
	columns int
	fields  []int // where the saved ones are in the stream that is restored; −1: nowhere
	texts   []int // likewise
	kept    []int // likewise
	windows []savedWindow
}

// A savedWindow is what becomes of a window of the snapshot.
type savedWindow struct {
	to   int                // in Config.Windows; −1: it is passed over
	lost bool               // it was told that it begins anew
	make func() Accumulator // where its samples go into another, of which it was no window
}

// ReadSnapshot begins to read what Append wrote: it restores the schema, which
// must be new and of the same flags. The Snapshot may point into b.
func ReadSnapshot(b []byte, sc *parse.Schema) (*Snapshot, error) {
	d := num.NewDecoder(b)
	if d.Uint() != version && d.Err() == nil {
		return nil, ErrVersion
	}
	sn := &Snapshot{d: d, from: sc.Restore(d), isKey: sc.IsKey, ended: map[string]*parse.Origin{}}
	for range d.Count(5) {
		o := &parse.Origin{}
		o.Restore(d)
		sn.Origins = append(sn.Origins, o)
	}
	return sn, d.Err()
}

// Restored is what is to be told of a stream that goes on.
type Restored struct {
	Ended []Note    // alerts of rules that are no longer there
	Rules *rule.Set // what knows these; nil where there are none
	Anew  []Anew
}

// Anew is of a window what could not be restored and begins anew.
type Anew struct {
	Window string // Window.ID
	Aggs   []int  // of the window, those that it is told of; nil: all
}

// Restore makes a new stream, set up if the schema is known, that of the snapshot.
// Its inputs are those of sn.Origins. What cannot be leaves it unusable.
func (s *Stream) Restore(sn *Snapshot) (*Restored, error) {
	d := sn.d
	s.from = sn.from
	for _, n := range s.stats.counts() {
		*n = d.Index(math.MaxInt)
	}
	s.stats.AfterBy = d.Int()
	for range d.Count(1) {
		s.cures[parse.Cure(d.Text())] = true
	}
	for range d.Count(1) {
		s.once[parse.Reason(d.Index(math.MaxUint8+1))] = true
	}
	s.parsed = d.Index(math.MaxInt)
	r := &Restored{}
	if d.Bool() {
		if !s.ready {
			d.Fail()
			return nil, d.Err()
		}
		s.cfg.Since = 0 // what was before is known
		s.restoreState(sn, r)
	}
	return r, d.Finish()
}

func (s *Stream) restoreState(sn *Snapshot, r *Restored) {
	d := sn.d
	sn.fields = places(d, s.cfg.fieldNames())
	sn.texts = places(d, s.cfg.textNames())
	sn.kept = places(d, s.cfg.Kept)
	s.restoreWindows(sn, r)
	unseen := map[int]bool{}
	for range d.Count(1) {
		if field := d.Index(len(sn.fields)); d.Err() == nil {
			unseen[sn.fields[field]] = true
		}
	}
	s.unseen = slices.DeleteFunc(s.unseen, func(f int) bool { return slices.Contains(sn.fields, f) && !unseen[f] })
	s.textless = nil                 // the runs before may have seen them
	asked := make([]int, d.Count(1)) // of each saved, the index into s.asked or −1
	for i := range asked {
		field := d.Index(len(sn.fields))
		if asked[i] = -1; d.Err() == nil {
			asked[i] = slices.Index(s.asked, sn.fields[field])
		}
	}
	sn.columns = int(d.Uint())
	s.started = d.Bool()
	s.clock, s.ticked, s.late.newest = d.Int(), d.Int(), d.Int()
	s.late.seen = d.Bool()
	if s.started && s.cfg.Every.D > 0 {
		s.next = s.boundary(s.clock)
	}
	if has := d.Bool(); has != (s.cfg.Times != nil) {
		d.Fail()
	} else if has {
		s.cfg.Times.Restore(d)
	}
	var rules *rule.Saved
	set := s.cfg.Rules
	if d.Bool() {
		if set == nil {
			set = &rule.Set{}
		}
		rules = set.Restore(d)
	}
	for range d.Count(3) {
		w := s.restoreWaiter(sn)
		w.order = s.late.count
		s.late.count++
		s.late.add(w)
	}
	if d.Bool() {
		s.ahead = s.restoreWaiter(sn)
	}
	n := d.Count(4)
	if !s.cfg.Keyed && n > 1 {
		d.Fail()
	}
	for range n {
		if d.Err() != nil {
			return
		}
		s.restoreSeries(sn, rules, asked, r)
	}
	for range d.Count(8) {
		s.restoreAlert(d)
	}
	r.Rules = set
}

// places reads names and finds out where they are among those of now.
func places(d *num.Decoder, now []string) (at []int) {
	for range d.Count(1) {
		at = append(at, slices.Index(now, d.Text()))
	}
	return at
}

// readTexts reads what optionalTexts wrote, each into its place.
func readTexts(d *num.Decoder, places []int, dst [][]byte) {
	for _, to := range places {
		if !d.Bool() {
			continue
		}
		if b := d.Bytes(); to >= 0 && d.Err() == nil {
			dst[to] = append([]byte{}, b...) // not nil, if it is empty
		}
	}
}

// readKept reads what kept wrote.
func (s *Stream) readKept(sn *Snapshot) []parse.Text {
	kept := make([]parse.Text, s.cfg.Keep)
	for _, to := range sn.kept {
		b := [][]byte{nil}
		readTexts(sn.d, []int{0}, b)
		if bare := sn.d.Bool(); to >= 0 {
			kept[to] = parse.Text{B: b[0], Bare: bare}
		}
	}
	return kept
}

// restoreWindows finds out what becomes of the windows.
func (s *Stream) restoreWindows(sn *Snapshot, r *Restored) {
	found := map[int]bool{}
	for range sn.d.Count(1) {
		id := sn.d.Text()
		w := savedWindow{to: slices.IndexFunc(s.cfg.Windows, func(w Window) bool { return w.ID == id })}
		if w.to < 0 && s.cfg.Former != nil {
			w.make, w.to = s.cfg.Former(id)
		}
		if w.to >= len(s.cfg.Windows) || w.to >= 0 && found[w.to] {
			w.to = -1
		}
		found[w.to] = true
		sn.windows = append(sn.windows, w)
	}
	for i := range s.cfg.Windows {
		if !found[i] {
			r.Anew = append(r.Anew, Anew{Window: s.cfg.Windows[i].ID})
		}
	}
}

// restoreWaiter reads a record that waits.
func (s *Stream) restoreWaiter(sn *Snapshot) *waiter {
	d := sn.d
	w := &waiter{}
	w.t, w.key = d.Int(), slices.Clone(d.Bytes())
	if !sn.isKey(w.key) {
		d.Fail()
	}
	w.vals = slices.Repeat([]float64{nan}, s.cfg.Fields)
	for _, to := range sn.fields {
		if x := d.Float(); to >= 0 && to < len(w.vals) {
			w.vals[to] = x
		}
	}
	w.texts = make([][]byte, len(s.cfg.Texts))
	readTexts(d, sn.texts, w.texts)
	w.kept = s.readKept(sn)
	w.origin = sn.origin()
	w.line = d.Index(math.MaxInt)
	s.late.cost += w.cost()
	return w
}

// origin reads which input a record is of.
func (sn *Snapshot) origin() *parse.Origin {
	i := sn.d.Index(len(sn.Origins) + 1)
	if i < len(sn.Origins) {
		return sn.Origins[i]
	}
	name := "" // of a snapshot that is damaged
	if sn.d.Err() == nil {
		name = sn.d.Text()
	}
	if sn.ended[name] == nil {
		sn.ended[name] = &parse.Origin{Name: name}
	}
	return sn.ended[name]
}

func (s *Stream) restoreSeries(sn *Snapshot, rules *rule.Saved, asked []int, r *Restored) {
	d := sn.d
	name := d.Bytes()
	if s.find(name) != nil || !sn.isKey(name) {
		d.Fail()
		return
	}
	flags := d.Index(seriesFlags)
	se := s.create(name)
	se.behind = flags&isBehind != 0 && s.cfg.Every.D > 0
	se.taken, se.known = flags&isTaken != 0, flags&isKnown != 0
	se.last = d.Int()
	se.heard = se.last + d.Int()
	if se.heard < se.last || se.heard > s.clock || se.behind && s.cfg.Every.D == 0 {
		d.Fail() // nothing is heard before it is, or later than now; where there are no boundaries it does not matter
	}
	se.since = d.Index(math.MaxInt)
	if flags&hasShown != 0 {
		se.boundary = se.last + d.Int()
	}
	if flags&hasFreed != 0 {
		se.freed = se.last + d.Int()
	}
	for i := 0; i < len(asked) && flags&hasEver != 0; i++ {
		if x := d.Float(); asked[i] >= 0 {
			se.ever[asked[i]] = x
		}
	}
	texts := make([][]byte, len(s.cfg.Texts))
	if rules != nil {
		readTexts(d, sn.texts, texts)
	}
	if se.state != nil {
		se.texts = texts
	}
	if flags&hasKept != 0 {
		if kept := s.readKept(sn); s.cfg.Keep > 0 {
			s.ownShown(se)
			se.kept = kept
		}
		s.stats.Held += keptCost(se.kept)
	}
	if flags&hasHeld != 0 {
		se.held = s.restoreWaiter(sn)
	}
	if flags&hasRow != 0 {
		s.ownShown(se)
		se.rowAt = d.Int()
		se.row = d.Floats(nil)
	}
	if rules != nil {
		s.restoreRules(se, rules, d, r)
	}
	s.restoreAccumulators(se, sn, flags&hasAll != 0, r)
	if se.row != nil && len(se.row) != len(s.cfg.Columns) || flags&hasRow != 0 && sn.columns != len(s.cfg.Columns) {
		se.row = se.row[:0]
		for i := range s.cfg.Columns { // other columns are asked for now
			se.row = append(se.row, s.read(se, &s.cfg.Columns[i], se.rowAt))
		}
	}
	if se.live = flags&isLive != 0; se.live {
		s.live = append(s.live, se)
	}
	if s.cfg.TTL > 0 && se.taken && !(se.known && s.cfg.Keyed) {
		s.silent.add(se)
	}
	if flags&isHolding != 0 && s.longest > 0 {
		s.holding.add(se)
	}
	if se.due = s.clock; s.byClock() {
		s.dues.add(se)
	}
}

// restoreRules reads the states of the rules of a key, and tells the ends of
// alerts whose rules are no longer there.
func (s *Stream) restoreRules(se *series, rules *rule.Saved, d *num.Decoder, r *Restored) {
	var state *rule.State
	state, s.changes = rules.State(d, s.clock, s.changes[:0])
	if se.state != nil {
		se.state = state
	}
	for _, c := range s.changes {
		s.stats.Alerts++
		s.stats.Firing--
		r.Ended = append(r.Ended, Note{Alert: &Alert{Change: c, Key: se.key, Time: s.clock, Seq: s.stats.Alerts}})
	}
}

// restoreAccumulators reads the windows of a key.
func (s *Stream) restoreAccumulators(se *series, sn *Snapshot, all bool, r *Restored) {
	d := sn.d
	n := len(sn.windows)
	if !all {
		n = d.Count(2)
	}
	wins := make([]Accumulator, len(s.cfg.Windows))
	for k := range n {
		i := k
		if !all {
			i = d.Index(len(sn.windows))
		}
		b := d.Bytes()
		if d.Err() != nil {
			return
		}
		w := &sn.windows[i]
		if w.to < 0 {
			continue
		}
		var anew bool
		var aggs []int
		if wins[w.to], anew, aggs = s.restoreAccumulator(w, b, d); anew && !w.lost {
			w.lost = true
			r.Anew = append(r.Anew, Anew{s.cfg.Windows[w.to].ID, aggs})
		}
	}
	se.wins, se.index = nil, []int32{}
	for i, w := range wins {
		if w != nil {
			se.wins, se.index = append(se.wins, w), append(se.index, int32(i))
			s.stats.Held += w.Held()
			s.stats.Detectors += s.cfg.Windows[i].detectors()
		}
	}
	if len(se.wins) == len(wins) {
		se.index = nil
	}
}

// restoreAccumulator makes the window that wrote b. One that is asked for otherwise
// now takes its samples; nil where that cannot be. It reports whether anything
// begins anew, and which of the window's aggregates if not all.
func (s *Stream) restoreAccumulator(from *savedWindow, b []byte, d *num.Decoder) (w Accumulator, anew bool, aggs []int) {
	w = s.cfg.Windows[from.to].New()
	saved := w
	if from.make != nil {
		saved = from.make()
	}
	sub := num.NewDecoder(b)
	if saved.Restore(sub); sub.Finish() != nil {
		d.Fail()
		return nil, false, nil
	}
	if from.make == nil {
		part, ok := w.(interface{ Anew() bool })
		return w, ok && part.Anew(), nil
	}
	old, oldOK := saved.(*agg.Window)
	now, ok := w.(*agg.Window)
	if !ok || !oldOK {
		return nil, true, nil
	}
	aggs = now.Take(old)
	return w, len(aggs) > 0, aggs
}

func (s *Stream) restoreAlert(d *num.Decoder) {
	a := &Alert{}
	a.Rule = d.Index(math.MaxInt32)
	a.Resolved = d.Bool()
	a.Level, a.Was = rule.Severity(d.Index(int(rule.Crit)+1)), rule.Severity(d.Index(int(rule.Crit)+1))
	a.Again = d.Index(math.MaxInt32)
	a.Since, a.After, a.Time = d.Int(), d.Int(), d.Int()
	a.By = d.Text()
	a.Seq = d.Index(math.MaxInt)
	key := d.Index(len(s.fresh))
	a.Values = d.Floats(nil)
	if n := d.Count(1); n > 0 {
		a.Texts = make([][]byte, n)
		at := make([]int, n)
		for i := range at {
			at[i] = i
		}
		readTexts(d, at, a.Texts)
	}
	if d.Err() != nil {
		return
	}
	a.Key = s.fresh[key].key
	s.untold = append(s.untold, Note{Alert: a})
}
