package run

import (
	"sync"
	"time"
)

// A wallClock is the time of the day as a clock that never goes back. Where the
// machine's clock is set forward, or has slept, it follows at once. Where it is
// set back, it goes on at half its pace until both agree again.
type wallClock struct {
	read func() (wall, passed int64) // ns since the Unix epoch, ns since any fixed moment

	mu     sync.Mutex
	now    int64
	passed int64
}

func newWallClock() *wallClock {
	start := time.Now()
	return &wallClock{read: func() (wall, passed int64) {
		t := time.Now()
		return t.UnixNano(), int64(t.Sub(start))
	}}
}

// Now is the time in ns since the Unix epoch, to the millisecond: what is read at
// once has one time, and more digits would only look exact.
func (c *wallClock) Now() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	wall, passed := c.read()
	c.now = max(wall, c.now+(passed-c.passed)/2)
	c.passed = passed
	return c.now - c.now%int64(time.Millisecond)
}
