package rule

import (
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"

	"rtda/pkg/clock"
)

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
	d    int64 // of holdTime, ns
	m, n int   // of holdRun (n) and holdShare
}

// parseFor reads ["for" HOLD] and gives the hold and how it is written.
func (p *parser) parseFor() (hold, string) {
	if !p.tok.isWord("for") {
		return hold{}, ""
	}
	p.advance()
	switch p.tok.kind {
	case durationTok:
		return p.holdFor()
	case numberTok:
		return p.holdCount()
	case badTok:
		p.unexpected()
	default:
		p.fail(p.tok.pos, `missing hold behind "for"`, "write for 30s, for 3 or for 3/5")
	}
	return hold{}, ""
}

func (p *parser) holdFor() (hold, string) {
	h := hold{kind: holdTime, d: p.tok.ns}
	p.advance()
	if p.tok.is("/") {
		p.fail(p.tok.pos, "M of the last N counts evaluations, not time", "write for 3/5")
	}
	return h, p.prev.text
}

// holdCount reads N or M/N.
func (p *parser) holdCount() (hold, string) {
	at := p.tok.pos
	m := p.evaluations(maxRun)
	if !p.tok.is("/") {
		return hold{kind: holdRun, n: m}, strconv.Itoa(m)
	}
	p.advance()
	if p.tok.kind != numberTok {
		p.fail(p.tok.pos, `missing N of M/N`, "write for 3/5")
		return hold{}, ""
	}
	n := p.evaluations(maxShare)
	if len(p.errs) == 0 && m > n {
		p.fail(at, fmt.Sprintf("%d of the last %d can never be true", m, n), fmt.Sprintf("write for %d/%d", n, m))
	}
	return hold{kind: holdShare, m: m, n: n}, fmt.Sprintf("%d/%d", m, n)
}

// evaluations reads a whole number from 1 to limit.
func (p *parser) evaluations(limit float64) int {
	t := p.tok
	whole := strings.Trim(t.text, "0123456789") == ""
	if !whole || t.val < 1 {
		p.fail(t.pos, "a number of evaluations is a whole number from 1: "+quote(t.text), "a duration has a unit: 30s")
		return 0
	}
	if t.val > limit {
		p.fail(t.pos, fmt.Sprintf("more than %.0f evaluations: %s", limit, quote(t.text)), "write a duration: for 1h")
		return 0
	}
	p.advance()
	return int(t.val)
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
		c.run++
		return c.run >= int64(h.n), true
	case holdShare:
		trues := h.push(c, ok)
		return trues >= h.m, trues > 0
	}
	return ok, false
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

// newRing is a ring for the longer of a rule's two holds. It costs N/8 bytes, once a key.
func (m *machine) newRing() *ring {
	n := 0
	for _, h := range []hold{m.hold, m.clear} {
		if h.kind == holdShare && h.n > 64 {
			n = max(n, h.n)
		}
	}
	return &ring{bits: make([]uint64, (n+63)/64)}
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
