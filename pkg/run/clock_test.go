package run

import "testing"

// The wall clock follows the machine's clock forward at once, and never goes
// back: where that was set back, it goes on at half its pace until both agree.
func TestWallClock(t *testing.T) {
	var wall, passed int64
	c := &wallClock{read: func() (int64, int64) { return wall, passed }}
	for _, step := range []struct {
		what         string
		wall, passed int64 // since the last step
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
		wall += step.wall
		passed += step.passed
		if got := c.Now(); got != step.want {
			t.Errorf("%s: %d, want %d", step.what, got, step.want)
		}
	}
}
