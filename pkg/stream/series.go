package stream

import (
	"container/heap"
	"slices"
	"strings"

	"rtda/pkg/agg"
	"rtda/pkg/parse"
	"rtda/pkg/rule"
)

// A series is all that is kept of one key.
type series struct {
	name  string // the key as the batch has it
	key   *Key
	wins  []*agg.Window
	ever  []float64 // last value ever of each field; nil unless a rule asks
	state *rule.State
	row   []float64 // the last row, with Config.LastOnly
	rowAt int64
	last  int64 // time of the last sample taken
	since int   // samples since the last row
	live  bool  // in Stream.live
	gone  bool  // forgotten

	// see group.go
	warm   bool   // every window holds what it needs
	round  uint64 // in which it last had records
	group  int32  // in that round
	coming int64  // time of its last record in that round
}

// find returns the series of a key, or nil.
func (s *Stream) find(key []byte) *series {
	if !s.cfg.Keyed {
		return s.only
	}
	return s.table[string(key)]
}

// create makes the series of a new key.
func (s *Stream) create(key []byte) *series {
	se := &series{name: string(key), wins: make([]*agg.Window, len(s.cfg.Windows))}
	for i := range se.wins {
		se.wins[i] = s.cfg.Windows[i].Plan.New()
	}
	if s.cfg.Rules != nil {
		se.state = s.cfg.Rules.NewState()
		if s.asksField() {
			se.ever = slices.Repeat([]float64{nan}, s.cfg.Fields)
		}
	}
	if !s.cfg.Keyed {
		s.only = se
	} else {
		se.key = &Key{Parts: split(se.name), ID: s.newID()}
		s.table[se.name] = se
	}
	s.fresh = append(s.fresh, se)
	return se
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

func (s *Stream) asksField() bool {
	return slices.ContainsFunc(s.cfg.Metrics, func(r Read) bool { return r.From == FromField })
}

// parts is the texts of the key, nil without keys.
func (se *series) parts() []string {
	if se.key == nil {
		return nil
	}
	return se.key.Parts
}

// compare orders series by their keys, part by part.
func compare(a, b *series) int { return slices.Compare(a.parts(), b.parts()) }

// order returns all series sorted by key. New ones are sorted and merged in,
// so a call costs the new ones and one walk over all.
func (s *Stream) order() []*series {
	if len(s.fresh) == 0 && s.dead == 0 {
		return s.ordered
	}
	alive := func(all []*series) []*series {
		return slices.DeleteFunc(all, func(se *series) bool { return se.gone })
	}
	old, add := alive(s.ordered), alive(s.fresh)
	slices.SortFunc(add, compare)
	i, j := len(old)-1, len(add)-1
	old = append(old, add...)
	for k := len(old) - 1; j >= 0; k-- {
		if i >= 0 && compare(old[i], add[j]) > 0 {
			old[k], i = old[i], i-1
		} else {
			old[k], j = add[j], j-1
		}
	}
	clear(add)
	s.ordered, s.fresh, s.dead = old, add[:0], 0
	return s.ordered
}

// silence is a heap of series by the time of their last sample. An entry may
// be older than its series: it is put right when it comes to the top.
type silence []entry

type entry struct {
	last int64
	se   *series
}

func (h silence) Len() int           { return len(h) }
func (h silence) Less(i, j int) bool { return h[i].last < h[j].last }
func (h silence) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *silence) Push(x any)        { *h = append(*h, x.(entry)) }
func (h *silence) Pop() any {
	old := *h
	x := old[len(old)-1]
	old[len(old)-1] = entry{}
	*h = old[:len(old)-1]
	return x
}

// longest returns the series silent for longest, or nil.
func (h *silence) longest() *series {
	for len(*h) > 0 {
		top := &(*h)[0]
		if top.last == top.se.last {
			return top.se
		}
		top.last = top.se.last
		heap.Fix(h, 0)
	}
	return nil
}

// expired returns the key that is forgotten first at time t, or nil.
func (s *Stream) expired(t int64) *series {
	if s.cfg.TTL == 0 {
		return nil
	}
	if se := s.silent.longest(); se != nil && s.silentAt(se, t) {
		return se
	}
	return nil
}

// forget drops every key that has been silent for Config.TTL at time t: its
// alerts are resolved and what it has not yet shown is written as if its input
// had ended.
func (s *Stream) forget(t int64) {
	var gone []*series
	for se := s.expired(t); se != nil; se = s.expired(t) {
		heap.Pop(&s.silent)
		gone = append(gone, se)
	}
	slices.SortFunc(gone, compare)
	for _, se := range gone {
		s.finish(se)
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
	for _, w := range se.wins {
		s.stats.Held -= w.Held()
	}
	if se.key != nil {
		s.ids = append(s.ids, se.key.ID)
	}
	se.gone = true
	se.wins = nil
	s.dead++
	if s.only == se {
		s.only = nil
	}
	delete(s.table, se.name)
}
