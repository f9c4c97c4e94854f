package rule

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
	run   int64 // what the hold in force has counted: start of holdTime, length of holdRun, bits of holdShare
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

// step is one evaluation: the state after it is a function of the state before
// it, the verdicts on EXPR and until, and the clock.
func (m *machine) step(c *cell, expr, until verdict, now int64) {
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
	if c.ring == nil && m.hold.n > 64 && m.hold.kind == holdShare {
		c.ring = m.newRing()
	}
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
	if c.ring == nil && m.clear.n > 64 && m.clear.kind == holdShare {
		c.ring = m.newRing()
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
