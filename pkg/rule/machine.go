package rule

import (
	"math"
	"math/bits"

	"rtda/pkg/clock"
)

// A machine is the alert machine of one rule:
//
//	quiet ──EXPR──▶ pending ──hold full──▶ firing ──until──▶ clearing ──hold full──▶ quiet
//	  ▲               │                     ▲                   │
//	  └───not EXPR────┘                     └────not until──────┘
//
// Without a hold it goes from quiet to firing and from firing to quiet at
// once. Without `until` it clears at the first evaluation at which EXPR is
// false (for M/N: at which fewer than M of the last N are true). An unknown
// verdict is as if it had not been.
type machine struct {
	expr  condition
	until *condition // nil where there is none
	hold  hold       // of EXPR
	clear hold       // of until

	ringWords int // that the longer of the two needs to look back on more than 64; 0 where none does
}

type phase uint8

const (
	quiet    phase = iota
	pending        // EXPR's hold has counted something
	firing         // the alert is on
	clearing       // it is on, and until's hold has counted something
)

// A cell is the state of one rule for one key. The zero value is quiet.
type cell struct {
	run   int64 // what the hold in force has counted: start of holdTime, length of holdRun (N at most), bits of holdShare
	ring  *ring // in place of run where N is more than 64, made when first needed
	phase phase

	alertState // of the alert whose first rule this is
}

// fires tells whether the alert is on.
func (c *cell) fires() bool { return c.phase >= firing }

// forget empties what the hold has counted.
func (c *cell) forget() {
	c.run = 0
	if c.ring != nil {
		if c.ring.trues > 0 {
			clear(c.ring.bits)
		}
		c.ring.at, c.ring.trues = 0, 0
	}
}

// pause ends what the hold in force has counted: nothing is pending, and what
// fires goes on firing as if it had just begun to. M/N begins anew; where it is to
// clear an alert that it has fired, the evaluations not yet made count as true.
func (m *machine) pause(c *cell) {
	c.forget()
	if !c.fires() {
		c.phase = quiet
		return
	}
	c.phase = firing
	if h := m.hold; m.until == nil && h.kind == holdShare {
		m.needRing(c)
		for range h.n {
			h.push(c, true)
		}
	}
}

// step is one evaluation: the state after it is a function of the state before
// it, the verdicts on EXPR and until, and the clock.
func (m *machine) step(c *cell, expr, until verdict, now int64) {
	m.needRing(c)
	switch {
	case c.fires() && m.until != nil:
		m.stepUntil(c, until, now)
	case expr == unknown:
	case c.fires():
		m.stepFiring(c, expr, now)
	default:
		m.stepQuiet(c, expr, until, now)
	}
}

// stepQuiet is a known verdict on EXPR while the alert is off.
func (m *machine) stepQuiet(c *cell, expr, until verdict, now int64) {
	full, counting := m.hold.count(c, c.phase == pending, expr == yes, now)
	switch {
	case full && expr == yes && until != yes:
		c.phase = firing
		if m.hold.kind != holdShare || m.until != nil {
			c.forget()
		}
	case counting:
		c.phase = pending
	default:
		c.phase = quiet
	}
}

// stepFiring is a known verdict on EXPR while an alert without until is on.
func (m *machine) stepFiring(c *cell, expr verdict, now int64) {
	holds := expr == yes
	if m.hold.kind == holdShare {
		holds, _ = m.hold.count(c, true, holds, now)
	}
	if !holds {
		c.phase = quiet
		c.forget()
	}
}

// stepUntil is a verdict on until while the alert is on.
func (m *machine) stepUntil(c *cell, until verdict, now int64) {
	if until == unknown {
		return
	}
	full, counting := m.clear.count(c, c.phase == clearing, until == yes, now)
	switch {
	case full:
		c.phase = quiet
		c.forget()
	case counting:
		c.phase = clearing
	default:
		c.phase = firing
	}
}

type holdKind uint8

const (
	holdNone  holdKind = iota // at once
	holdTime                  // for D: true that long
	holdRun                   // for N: N evaluations running
	holdShare                 // for M/N: M of the last N
)

// A hold says how long a condition must be true before it counts.
type hold struct {
	kind holdKind
	d    int64  // of holdTime, ns
	m, n int    // of holdRun (n) and holdShare
	text string // as it is shown: 30s, 3, 3/5
}

// count takes one verdict, never an unknown one, into what c has counted since
// the last change; begun says that it has counted anything. It tells whether
// the hold is full, and whether anything is counted now.
func (h *hold) count(c *cell, begun, ok bool, now int64) (full, counting bool) {
	switch h.kind {
	case holdTime:
		if ok && !begun {
			c.run = now
		}
		return ok && clock.Elapsed(c.run, now) >= h.d, ok
	case holdRun:
		if !ok {
			c.run = 0
			return false, false
		}
		c.run = min(c.run+1, int64(h.n))
		return c.run == int64(h.n), true
	case holdShare:
		trues := h.push(c, ok)
		return trues >= h.m, trues > 0
	}
	return ok, false
}

// trues is how many of the last N of a holdShare are true.
func (h *hold) trues(c *cell) int {
	switch {
	case h.n <= 64:
		return bits.OnesCount64(uint64(c.run))
	case c.ring == nil:
		return 0
	}
	return c.ring.trues
}

// push takes one verdict into the last N of a holdShare and gives how many of
// them are true. Evaluations before the first count as false ones.
func (h *hold) push(c *cell, ok bool) (trues int) {
	if h.n > 64 {
		return c.ring.push(h.n, ok)
	}
	w := uint64(c.run) << 1 & (math.MaxUint64 >> (64 - h.n))
	if ok {
		w |= 1
	}
	c.run = int64(w)
	return bits.OnesCount64(w)
}

// A ring is the last N verdicts of a holdShare that looks back on more than 64.
type ring struct {
	bits      []uint64
	at, trues int // next place, bits set
}

// needRing makes the ring of c, if one is needed and not yet there.
func (m *machine) needRing(c *cell) {
	if c.ring == nil && m.ringWords > 0 {
		c.ring = &ring{bits: make([]uint64, m.ringWords)}
	}
}

// measureRing finds out how long a ring the rule's holds need.
func (m *machine) measureRing() {
	for _, h := range []hold{m.hold, m.clear} {
		if h.kind == holdShare && h.n > 64 {
			m.ringWords = max(m.ringWords, (h.n+63)/64)
		}
	}
}

func (r *ring) push(n int, ok bool) (trues int) {
	word, bit := &r.bits[r.at/64], uint64(1)<<(r.at%64)
	if *word&bit != 0 {
		r.trues--
	}
	*word &^= bit
	if ok {
		*word |= bit
		r.trues++
	}
	if r.at++; r.at == n {
		r.at = 0
	}
	return r.trues
}
