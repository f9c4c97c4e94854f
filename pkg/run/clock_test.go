package run

import (
	"testing"
	"time"

	"rtda/pkg/stream"
)

// The wall clock follows the machine's clock forward at once, and never goes
// back: where that was set back, it goes on at half its pace until both agree.
func TestWallClock(t *testing.T) {
	const ms = int64(time.Millisecond)
	wall, passed := ms-1, int64(0) // what is less than a millisecond is cut off
	c := &wallClock{read: func() (int64, int64) { return wall, passed }}
	for _, step := range []struct {
		what         string
		wall, passed int64 // ms since the last step
		want         int64
	}{
		{"the beginning", 1000, 0, 1000},
		{"10 passed", 10, 10, 1010},
		{"the machine slept for 500", 510, 10, 1520},
		{"set forward by an hour", 3600, 0, 5120},
		{"set back by 100", -100, 0, 5120},
		{"40 passed, at half the pace", 40, 40, 5140},
		{"80 passed, still ahead", 80, 80, 5180},
		{"80 passed, both agree", 80, 80, 5220},
		{"10 passed", 10, 10, 5230},
	} {
		wall += step.wall * ms
		passed += step.passed * ms
		if got := c.Now(); got != step.want*ms {
			t.Errorf("%s: %d, want %d", step.what, got, step.want*ms)
		}
	}
}

// Before the first record there is nothing to wake for, so that a run whose first
// lines are all bad does not keep looking at the clock.
func TestNothingToWakeFor(t *testing.T) {
	p := &pipeline{stream: stream.New(stream.Config{Clock: stream.WallClock, Keyed: true}), rearm: make(chan struct{}, 1)}
	p.setWake()
	if at := p.wake.Load(); at != 0 || len(p.rearm) > 0 {
		t.Errorf("it wakes at %d", at)
	}
}
