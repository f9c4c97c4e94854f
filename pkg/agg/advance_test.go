package agg

import "testing"

// Time that passes does nothing to windows that are no durations, however few
// samples there are in however large a ring.
func TestAdvanceOtherWindows(t *testing.T) {
	for _, width := range []Width{{Kind: Count, N: 300}, {Kind: All}} {
		for _, clock := range []bool{false, true} {
			w := NewPlan(width, pick("mean", "max"), Options{Clock: clock}).New()
			for i := range 40 {
				w.Push(int64(i)*1e9, 1)
				w.Advance(int64(i) * 2e9)
			}
			if w.Len() != 40 {
				t.Errorf("%v: %d samples, want 40", width, w.Len())
			}
		}
	}
}
