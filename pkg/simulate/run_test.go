package simulate

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"
)

// A fakeClock goes on only where somebody sleeps or works.
type fakeClock struct {
	now    time.Time
	slept  []time.Duration
	coarse time.Duration // how much longer it sleeps than it was told
	sleep  func()        // called in each Sleep
}

func (c *fakeClock) Now() time.Time { return c.now }

func (c *fakeClock) Sleep(d time.Duration, stop <-chan struct{}) {
	c.slept = append(c.slept, d)
	c.now = c.now.Add(d + c.coarse)
	if c.sleep != nil {
		c.sleep()
	}
}

func newClock() *fakeClock {
	return &fakeClock{now: time.Date(2026, 5, 1, 12, 0, 3, 0, time.FixedZone("elsewhere", 3600))}
}

// paced runs a stream of a counter and returns what each Write was given.
func paced(t *testing.T, c Config, clock *fakeClock, stop chan struct{}, work func(write int)) (writes []string) {
	t.Helper()
	c.Shape = "counter"
	g, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	out := &Sink{Lines: writeFunc(func(b []byte) (int, error) {
		writes = append(writes, string(b))
		if work != nil {
			work(len(writes))
		}
		return len(b), nil
	})}
	if err := g.Paced(out, clock, stop); err != nil {
		t.Fatal(err)
	}
	return writes
}

const ms = time.Millisecond

// Each tick is one write at its moment, the first at once.
func TestPaced(t *testing.T) {
	clock := newClock()
	writes := paced(t, Config{Format: "csv", Sensors: 2, Rate: hz(3), Count: 5}, clock, nil, nil)
	want := []string{
		"time,sensor,value\n2026-05-01T11:00:03Z,s1,1\n2026-05-01T11:00:03Z,s2,1\n",
		"2026-05-01T11:00:03.333333333Z,s1,2\n2026-05-01T11:00:03.333333333Z,s2,2\n",
		"2026-05-01T11:00:03.666666667Z,s1,3\n",
	}
	if !slices.Equal(writes, want) {
		t.Errorf("writes are %q, want %q", writes, want)
	}
	if want := []time.Duration{333333333, 333333334}; !slices.Equal(clock.slept, want) {
		t.Errorf("it slept %v, want %v", clock.slept, want)
	}
}

// Sleeping too long and slow writes do not add up, and what a pause has left
// undone is done at once.
func TestPacedDoesNotDrift(t *testing.T) {
	clock := newClock()
	clock.coarse = ms
	pause := func(write int) {
		if write == 3 {
			clock.now = clock.now.Add(350 * ms)
		}
	}
	writes := paced(t, Config{Format: "num", Sensors: 1, Rate: hz(10), Count: 9}, clock, nil, pause)
	if want := []string{"1\n", "2\n", "3\n", "4\n5\n6\n", "7\n", "8\n", "9\n"}; !slices.Equal(writes, want) {
		t.Errorf("writes are %q, want %q", writes, want)
	}
	if want := []time.Duration{100 * ms, 99 * ms, 49 * ms, 99 * ms, 99 * ms}; !slices.Equal(clock.slept, want) {
		t.Errorf("it slept %v, want %v", clock.slept, want)
	}
}

// Far behind, it still writes in blocks of bounded size.
func TestPacedCatchesUpInBlocks(t *testing.T) {
	clock := newClock()
	late := func(write int) {
		if write == 1 {
			clock.now = clock.now.Add(time.Hour)
		}
	}
	writes := paced(t, Config{Format: "json", Sensors: 1, Rate: hz(10), Count: 30_000}, clock, nil, late)
	for i, w := range writes {
		if len(w) > block+100 || !strings.HasSuffix(w, "\n") {
			t.Errorf("write %d has %d bytes", i, len(w))
		}
	}
	if n := len(writes); n < 10 || n > 20 || clock.slept != nil {
		t.Errorf("%d writes and sleeps of %v", n, clock.slept)
	}
}

// A stream that is stopped ends with the line it was at; faults that go on are
// labelled.
func TestStop(t *testing.T) {
	stop := make(chan struct{})
	clock := newClock()
	clock.sleep = func() {
		if len(clock.slept) == 3 {
			close(stop)
		}
	}
	writes := paced(t, Config{Format: "num", Sensors: 1, Rate: hz(10), Count: -1}, clock, stop, nil)
	if want := []string{"1\n", "2\n", "3\n"}; !slices.Equal(writes, want) {
		t.Errorf("writes are %q, want %q", writes, want)
	}

	g, err := New(Config{Shape: "walk", Format: "num", Sensors: 1, Rate: hz(10), Count: -1, Faults: allFaults, Labels: true})
	if err != nil {
		t.Fatal(err)
	}
	stop = make(chan struct{})
	var labels bytes.Buffer
	var lines int
	out := &Sink{Labels: &labels, Lines: writeFunc(func(b []byte) (int, error) {
		if lines += bytes.Count(b, []byte("\n")); lines > 100_000 {
			close(stop)
		}
		return len(b), nil
	})}
	if err := g.FlatOut(out, stop); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(labels.String(), "\n"); n < lines/500 || !strings.HasPrefix(labels.String(), labelHeader+"spike,s1,") {
		t.Errorf("%d labels for %d lines", n, lines)
	}
}

// The wall's clock sleeps no longer than until stop.
func TestWall(t *testing.T) {
	before := Wall.Now()
	Wall.Sleep(0, nil)
	stop := make(chan struct{})
	close(stop)
	Wall.Sleep(time.Hour, stop)
	if d := Wall.Now().Sub(before); d > time.Minute {
		t.Errorf("it slept for %v", d)
	}
}
