package stream

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"
	"strings"

	"rtda/pkg/clock"
	"rtda/pkg/num"
	"rtda/pkg/parse"
	"rtda/pkg/rule"
)

// An Accumulator takes the samples that one field of one key has, in the order
// of their times, and tells numbers of them. A window is one, a detector too.
type Accumulator interface {
	Push(t int64, x float64)                         // takes a sample
	Advance(t int64)                                 // lets time pass
	AdvanceLeft(t int64)                             // likewise, but of the samples before t: one at t comes behind it
	Slide(ts []int64, xs []float64, dst [][]float64) // pushes samples, with times if they matter, and tells number j at each in dst[j], if not nil
	Value(j int) float64                             // NaN where there is none
	Len() int                                        // samples it tells of
	Held() int                                       // what it counts against Config.MaxSamples
	Stale(t int64) int                               // samples that Advance(t) would forget
	Until() int64                                    // no earlier Advance changes anything; math.MaxInt64: none does
	Reset()                                          // begins anew after a pause, if it is one for which a pause matters
	Append(dst []byte) []byte                        // appends what Restore makes it again from
	Restore(d *num.Decoder)                          // makes a new one that which Append wrote, or has the decoder fail
}

// A series is all that is kept of one key.
type series struct {
	name  [1]string // the key as the batch has it; an array, so that Key.Parts may be a slice of it
	key   *Key
	wins  []Accumulator  // of the windows whose field has had a value
	index []int32        // which they are, in rising order; nil: all
	place [1]Accumulator // of wins, where there is one window
	*judged
	*shown

	last     int64   // time of the last sample taken
	heard    int64   // what the clock was then: later than last where the sample was behind it
	since    int     // samples since the last row
	held     *waiter // a record more than Config.Back older than the last, until the key's next
	boundary int64   // the last boundary of which it has a row
	freed    int64   // samples up to this time have left its windows to make room
	due      int64   // when the clock evaluates its rules next
	queued   [agendas]int64
	round    uint64 // of many in which it last had records
	coming   int64  // time of its last record in that round
	group    int32  // in that round
	ready    bool   // it may give rows
	taken    bool   // it has had a sample
	known    bool   // from the start: it is never forgotten
	behind   bool   // the last sample was behind the clock: boundaries are due by the key's own time
	live     bool   // in Stream.live
	gone     bool   // forgotten
}

// judged is what a series has for rules.
type judged struct {
	ever  []float64 // last value ever of each of Stream.asked
	texts [][]byte  // last text ever of each of Config.Texts; nil where there was none
	state *rule.State
}

// shown is what a series has for rows.
type shown struct {
	kept  []parse.Text // the last of each that rows show; nil before the first
	row   []float64    // the last row, with Config.LastOnly
	rowAt int64
}

// window returns window i of the key, nil as long as its field has had no value.
func (se *series) window(i int) Accumulator {
	if se.index == nil {
		return se.wins[i]
	}
	return se.windowOfSome(i)
}

func (se *series) windowOfSome(i int) Accumulator {
	if k, ok := slices.BinarySearch(se.index, int32(i)); ok {
		return se.wins[k]
	}
	return nil
}

// number is which of Config.Windows the k-th window of the key is.
func (se *series) number(k int) int {
	if se.index == nil {
		return k
	}
	return int(se.index[k])
}

// makeWindows makes the windows of which the fields have a value for the first
// time. A window for each field of each key would take memory for nothing where
// few keys have all fields.
func (s *Stream) makeWindows(se *series, vals func(field int) float64) {
	all := s.cfg.Windows
	lacks := 0
	for i, k := 0, 0; i < len(all) && se.index != nil; i++ {
		if k < len(se.index) && int(se.index[k]) == i {
			k++
		} else if x := vals(all[i].Field); x == x {
			lacks++
		}
	}
	if lacks == 0 {
		return
	}
	n := len(se.wins) + lacks
	wins, index := se.place[:0], []int32(nil)
	if len(all) > len(se.place) {
		wins = make([]Accumulator, 0, n)
	}
	if n < len(all) {
		index = make([]int32, 0, n)
	}
	for i := range all {
		w := se.window(i)
		if x := vals(all[i].Field); w == nil && x == x {
			w = all[i].New()
			s.stats.Held += w.Held()
			s.stats.Detectors += all[i].detectors()
		}
		if w == nil {
			continue
		}
		if wins = append(wins, w); n < len(all) {
			index = append(index, int32(i))
		}
	}
	se.wins, se.index = wins, index
}

// find returns the series of a key, or nil. It looks first at the one found last
// for a key that ends alike; that is right most times and spares a hash.
func (s *Stream) find(key []byte) *series {
	if !s.cfg.Keyed {
		return s.only
	}
	h := uint64(len(key))
	if len(key) >= 8 {
		h += binary.LittleEndian.Uint64(key[len(key)-8:])
	} else {
		for _, c := range key {
			h = h<<8 | uint64(c)
		}
	}
	slot := &s.near[h*0x9E3779B97F4A7C15>>56]
	if se := *slot; se != nil && !se.gone && se.name[0] == string(key) {
		return se
	}
	if s.lacking && string(s.lacked) == string(key) {
		return nil
	}
	se := s.table[string(key)]
	if *slot = se; se == nil { // it is looked for some more times before it is made
		s.lacked, s.lacking = append(s.lacked[:0], key...), true
	}
	return se
}

// create makes the series of a new key.
func (s *Stream) create(key []byte) *series {
	born := new(struct { // one object instead of two
		series
		key Key
	})
	se := &born.series
	s.lacking = false
	se.name[0], se.index, se.judged, se.shown = string(key), []int32{}, &s.unjudged, &s.unshown
	se.boundary, se.freed, se.queued = math.MinInt64, math.MinInt64, [agendas]int64{never, never, never}
	if len(s.cfg.Windows) == 0 {
		se.index = nil
	}
	if s.cfg.Rules != nil {
		se.judged = &judged{slices.Repeat([]float64{nan}, len(s.asked)), make([][]byte, len(s.cfg.Texts)), s.cfg.Rules.NewState()}
	}
	if !s.cfg.Keyed {
		s.only = se
	} else {
		se.key, born.key.ID = &born.key, s.newID()
		if born.key.Parts = se.name[:]; strings.IndexByte(se.name[0], parse.KeySep) >= 0 {
			born.key.Parts = split(se.name[0])
		}
		s.table[se.name[0]] = se
	}
	s.fresh = append(s.fresh, se)
	return se
}

// ownShown gives a series a place for what its rows show.
func (s *Stream) ownShown(se *series) {
	if se.shown == &s.unshown {
		se.shown = new(shown)
	}
}

// awaits reports whether keys are known from the start.
func (s *Stream) awaits() bool {
	return len(s.cfg.Expect) > 0 || !s.cfg.Keyed && s.cfg.Clock == WallClock && s.byClock()
}

// expect makes the series that are known from the start, when the clock begins:
// those of Config.Expect, or the one without keys on the wall clock.
func (s *Stream) expect() {
	if !s.awaits() {
		return
	}
	names := s.cfg.Expect
	if !s.cfg.Keyed {
		names = []string{""}
	}
	for _, name := range names {
		if s.find([]byte(name)) != nil {
			continue
		}
		se := s.create([]byte(name))
		se.known, se.last, se.heard = true, s.clock, s.clock
		if s.cfg.Fill {
			s.enliven(se)
		}
		if s.byClock() {
			se.due = s.clock // in the next second: an empty window, too, may make a rule true
			s.dues.add(se)
		}
	}
}

// newID returns an ID that no key has.
func (s *Stream) newID() uint32 {
	if n := len(s.ids); n > 0 {
		id := s.ids[n-1]
		s.ids = s.ids[:n-1]
		return id
	}
	return uint32(len(s.table))
}

// split takes a key apart; the parts share its memory.
func split(name string) []string {
	return strings.Split(name, string([]byte{parse.KeySep}))
}

// parts is the texts of the key, nil without keys.
func (se *series) parts() []string {
	if se.key == nil {
		return nil
	}
	return se.key.Parts
}

// compare orders series by their keys, part by part.
func compare(a, b *series) int {
	if p, q := a.parts(), b.parts(); len(p) != 1 || len(q) != 1 {
		return slices.Compare(p, q)
	}
	return strings.Compare(a.name[0], b.name[0])
}

// sortByKey sorts series by their keys. Where they are many, most are told apart by
// eight bytes of each name, which lie together, behind those with which all begin.
func sortByKey(all []*series) {
	if len(all) < 32 {
		slices.SortFunc(all, compare)
		return
	}
	same := len(all[0].name[0])
	for _, se := range all {
		a, b := all[0].name[0], se.name[0]
		same = min(same, len(b))
		for a[:same] != b[:same] {
			same--
		}
	}
	type headed struct {
		head uint64
		*series
	}
	heads := make([]headed, len(all))
	for i, se := range all {
		const ones = 0x0101010101010101
		b := [8]byte{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}
		copy(b[:], se.name[0][same:])
		x := binary.BigEndian.Uint64(b[:])
		heads[i] = headed{x&^(ones<<7) + ones ^ x&(ones<<7), se} // 1 more in each byte, so that the end and KeySep come first
	}
	slices.SortFunc(heads, func(a, b headed) int {
		if a.head != b.head {
			return cmp.Compare(a.head, b.head)
		}
		return compare(a.series, b.series)
	})
	for i := range heads {
		all[i] = heads[i].series
	}
}

// alive takes those that are forgotten out of a list.
func alive(all []*series) []*series {
	return slices.DeleteFunc(all, func(se *series) bool { return se.gone })
}

// order returns all series sorted by key. New ones are sorted and merged in,
// so a call costs the new ones and one walk over all.
func (s *Stream) order() []*series {
	if len(s.fresh) == 0 && s.dead == 0 {
		return s.ordered
	}
	add := alive(s.fresh)
	s.ordered = merge(alive(s.ordered), add)
	clear(add)
	s.fresh, s.dead = add[:0], 0
	return s.ordered
}

// merge returns series that are sorted by key with others, which it sorts.
func merge(old, add []*series) []*series {
	sortByKey(add)
	i, j := len(old)-1, len(add)-1
	old = append(old, add...)
	for k := len(old) - 1; j >= 0; k-- {
		if i >= 0 && compare(old[i], add[j]) > 0 {
			old[k], i = old[i], i-1
		} else {
			old[k], j = add[j], j-1
		}
	}
	return old
}

// silentAt reports whether a key has been silent for Config.TTL at time t.
func (s *Stream) silentAt(se *series, t int64) bool {
	return s.cfg.TTL > 0 && !(se.known && s.cfg.Keyed) && clock.Elapsed(se.heard, t) >= s.cfg.TTL
}

// expired returns the key that is forgotten first at time t, or nil.
func (s *Stream) expired(t int64) *series {
	if se := s.silent.first(); se != nil && s.silentAt(se, t) {
		return se
	}
	return nil
}

// forget drops every key that has been silent for Config.TTL at time t: what it
// has not yet shown is written as if its input had ended, and its alerts are
// resolved.
func (s *Stream) forget(t int64) {
	var gone []*series
	for se := s.expired(t); se != nil; se = s.expired(t) {
		s.silent.pop()
		gone = append(gone, se)
	}
	sortByKey(gone)
	for _, se := range gone {
		s.refuseHeld(se)
		s.finish(se, false)
		if s.cfg.Rules != nil {
			s.changes = s.cfg.Rules.Expire(se.state, t, s.changes[:0])
			s.pass(se, t, true)
			s.pass(se, t, false)
			s.measure(se, t)
			s.noteChanges(se, t, nil)
		}
		s.drop(se)
		s.handOnWithin()
	}
}

func (s *Stream) drop(se *series) {
	s.stats.Held -= se.holds()
	for k := range se.wins {
		s.stats.Detectors -= s.cfg.Windows[se.number(k)].detectors()
	}
	if se.key != nil {
		s.ids = append(s.ids, se.key.ID)
	}
	se.gone, se.wins, se.place, se.index, se.shown = true, nil, [1]Accumulator{}, []int32{}, &s.unshown
	if s.only == se {
		s.only = nil
	}
	delete(s.table, se.name[0])
	if s.dead++; s.dead > 64 && s.dead > (len(s.ordered)+len(s.fresh))/2 {
		s.order()
		s.live, s.ranked = alive(s.live), 0
	}
}

// holds is what the windows of a key count against Config.MaxSamples.
func (se *series) holds() int {
	n := keptCost(se.kept)
	for _, w := range se.wins {
		n += w.Held()
	}
	return n
}

// pass lets time pass in the windows of a key, in those that the clock moves on
// or in the others: what is too old at t leaves. The others it moves on only for
// a row of theirs, so that rows and rules are the same whatever rules there are.
func (s *Stream) pass(se *series, t int64, moved bool) {
	for k, w := range se.wins {
		if win := &s.cfg.Windows[se.number(k)]; (win.Timed || win.Width.D > 0) && win.Moved == moved {
			before := w.Held()
			w.Advance(t)
			s.stats.Held += w.Held() - before
		}
	}
}

// passLeft is pass for the row of boundary b.
func (s *Stream) passLeft(se *series, b int64) {
	if s.left == 0 {
		s.pass(se, b, false)
		return
	}
	for k, w := range se.wins {
		if !s.cfg.Windows[se.number(k)].Moved {
			before := w.Held()
			w.AdvanceLeft(b)
			s.stats.Held += w.Held() - before
		}
	}
}

// roomy is how many samples may be out of reach of the clock and held all the
// same, for samples of their keys which are behind it.
const roomy = 1 << 20

// sweep lets the samples of silent keys leave that are too old at the clock. If
// the clock is the data's, a key may still have a sample that is behind it and
// reaches them: there, only what is too much leaves. What a row to come shows
// stays in any case. It costs nothing where nothing leaves.
func (s *Stream) sweep() {
	limit := s.sweepsAt()
	for (s.cfg.Clock != DataClock || s.stats.Held > limit) && s.holding.reached(s.clock, s.longest) {
		se := s.holding.first()
		if se == nil || clock.Elapsed(se.heard, s.clock) < s.longest {
			continue
		}
		s.holding.pop()
		if !s.sweepable(se) {
			continue // until its next sample
		}
		s.pass(se, s.clock, true)
		s.pass(se, s.clock, false)
		if s.cfg.Clock == DataClock {
			se.freed = se.last
		}
	}
}

// maySweep reports whether there may be a sweep until the clock is at time t, if
// enough samples are held.
func (s *Stream) maySweep(t int64) bool {
	return s.longest > 0 && (s.holding.reached(t, s.longest) || clock.Elapsed(s.clock, t) >= s.longest)
}

// sweepsAt is how many samples may be held until those leave that are out of
// reach of the data's clock.
func (s *Stream) sweepsAt() int { return min(s.cfg.MaxSamples-s.most, roomy) - s.late.cost }

// sweepable reports whether no row to come shows what is in the windows of a key
// now, once the clock has moved all of it out.
func (s *Stream) sweepable(se *series) bool {
	if s.cfg.Every.D > 0 {
		return !se.behind
	}
	return se.since == 0
}

// never is later than any time.
const never = math.MaxInt64

// An agenda is series in the order of a time of theirs, earliest first: a heap
// whose entries are put right when they come to the top. A time that becomes
// earlier needs to be added again.
type agenda struct {
	slot int // in series.queued, which tells the entry that counts
	time func(*series) int64
	heap []entry
	most int // entries until those that do not count are taken out
}

// agendas is how many there are.
const agendas = 3

type entry struct {
	at int64 // at most the time of se, if it counts
	se *series
}

// add puts a series into the agenda, if it is not yet there in time.
func (a *agenda) add(se *series) {
	at := a.time(se)
	if se.queued[a.slot] <= at {
		return
	}
	if len(a.heap) >= max(a.most, 64) {
		a.clean()
	}
	se.queued[a.slot] = at
	a.heap = append(a.heap, entry{at, se})
	h := a.heap
	for i := len(h) - 1; i > 0 && h[i].at < h[(i-1)/2].at; i = (i - 1) / 2 {
		h[i], h[(i-1)/2] = h[(i-1)/2], h[i]
	}
}

// reached reports whether there may be a series whose time is d or more before
// t; if so, first finds out.
func (a *agenda) reached(t, d int64) bool {
	return len(a.heap) > 0 && clock.Elapsed(a.heap[0].at, t) >= d
}

// first returns the series whose time is earliest, or nil.
func (a *agenda) first() *series {
	for len(a.heap) > 0 {
		top := &a.heap[0]
		queued := &top.se.queued[a.slot]
		switch t := a.time(top.se); {
		case !a.counts(*top):
			a.remove()
		case t == never:
			a.pop()
		case top.at < t:
			top.at, *queued = t, t
			a.sink(0)
		default:
			return top.se
		}
	}
	return nil
}

// pop takes the first series out.
func (a *agenda) pop() {
	a.heap[0].se.queued[a.slot] = never
	a.remove()
}

func (a *agenda) remove() {
	n := len(a.heap) - 1
	a.heap[0], a.heap[n] = a.heap[n], entry{}
	a.heap = a.heap[:n]
	a.sink(0)
}

func (a *agenda) counts(e entry) bool { return !e.se.gone && e.at == e.se.queued[a.slot] }

// clean takes the entries out that do not count.
func (a *agenda) clean() {
	a.heap = slices.DeleteFunc(a.heap, func(e entry) bool { return !a.counts(e) })
	for i := len(a.heap) / 2; i >= 0; i-- {
		a.sink(i)
	}
	a.most = 2 * len(a.heap)
}

// sink puts entry i where it belongs, behind those that are earlier.
func (a *agenda) sink(i int) {
	h := a.heap
	for {
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < len(h); c++ {
			if h[c].at < h[least].at {
				least = c
			}
		}
		if least == i {
			return
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
}

// each calls f for the series whose time is d or more before t, in any order,
// until it returns false.
func (a *agenda) each(t, d int64, f func(*series) bool) { a.walk(0, t, d, f) }

func (a *agenda) walk(i int, t, d int64, f func(*series) bool) bool {
	if i >= len(a.heap) || clock.Elapsed(a.heap[i].at, t) < d {
		return true
	}
	e := a.heap[i]
	if a.counts(e) && clock.Elapsed(a.time(e.se), t) >= d && !f(e.se) {
		return false
	}
	return a.walk(2*i+1, t, d, f) && a.walk(2*i+2, t, d, f)
}
