package simulate

import (
	"bytes"
	"errors"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"rtda/pkg/clock"
)

var allFaults = []string{"spike", "drift", "stuck", "noise", "gap"}

// hz is so many ticks a second.
func hz(n uint64) clock.Rate { return clock.Rate{Num: n, Den: 1} }

// made is the stream of c and its labels, made without waiting.
func made(t testing.TB, c Config) (lines, labels string) {
	t.Helper()
	if c.Rate == (clock.Rate{}) {
		c.Rate = hz(10)
	}
	c.Sensors = max(1, c.Sensors)
	if c.Shape == "" {
		c.Shape = "uniform"
	}
	if c.Format == "" {
		c.Format = "num"
	}
	g, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	var out, marks bytes.Buffer
	sink := &Sink{Lines: &out}
	if c.Labels {
		sink.Labels = &marks
	}
	if err := g.FlatOut(sink, nil); err != nil {
		t.Fatal(err)
	}
	return out.String(), marks.String()
}

// The bytes are part of what is promised: these streams may stand in the tests
// and documents of others.
func TestGolden(t *testing.T) {
	for _, c := range []struct {
		name   string
		config Config
		want   []string
	}{
		{"uniform", Config{Seed: 1, Count: 4}, []string{"83.283828", "81.873737", "97.712108", "1.318444"}},
		{"another seed", Config{Seed: 2, Count: 2}, []string{"23.310188", "32.323380"}},
		{"walk", Config{Shape: "walk", Seed: 1, Count: 4}, []string{"50.665677", "51.303152", "52.257395", "51.283763"}},
		{"counter", Config{Shape: "counter", Count: 3}, []string{"1", "2", "3"}},
		{"counters by turns", Config{Shape: "counter", Sensors: 2, Count: 5}, []string{"1", "1", "2", "2", "3"}},
		// python3: 50+50*math.sin(2*math.pi*i/8)
		{"sine", Config{Shape: "sine", Rate: clock.Rate{Num: 8, Den: 60}, Count: 8}, []string{
			"50.000000", "85.355339", "100.000000", "85.355339", "50.000000", "14.644661", "0.000000", "14.644661",
		}},
		{"sines follow each other", Config{Shape: "sine", Sensors: 4, Count: 4}, []string{"50.000000", "100.000000", "50.000000", "0.000000"}},
		{"nothing", Config{Format: "csv"}, nil},
		{"json", Config{Shape: "counter", Format: "json", Rate: hz(4), Sensors: 2, Count: 4}, []string{
			`{"time":"2026-01-01T00:00:00Z","sensor":"s1","value":1}`,
			`{"time":"2026-01-01T00:00:00Z","sensor":"s2","value":1}`,
			`{"time":"2026-01-01T00:00:00.25Z","sensor":"s1","value":2}`,
			`{"time":"2026-01-01T00:00:00.25Z","sensor":"s2","value":2}`,
		}},
		{"csv", Config{Shape: "sine", Format: "csv", Rate: clock.Rate{Num: 1, Den: 60}, Count: 2}, []string{
			"time,sensor,value", "2026-01-01T00:00:00Z,s1,50.000000", "2026-01-01T00:01:00Z,s1,50.000000",
		}},
		{"logfmt", Config{Shape: "sine", Format: "logfmt", Rate: hz(3), Count: 2}, []string{
			"time=2026-01-01T00:00:00Z sensor=s1 value=50.000000", "time=2026-01-01T00:00:00.333333333Z sensor=s1 value=51.744975",
		}},
		{"influx", Config{Shape: "sine", Format: "influx", Rate: hz(3), Count: 3}, []string{
			"simulate,sensor=s1 value=50.000000 1767225600000000000",
			"simulate,sensor=s1 value=51.744975 1767225600333333333",
			"simulate,sensor=s1 value=53.487824 1767225600666666667",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _ := made(t, c.config)
			if want := strings.Join(append(c.want, ""), "\n"); got != want {
				t.Errorf("got\n%swant\n%s", got, want)
			}
		})
	}
}

func TestNewErrors(t *testing.T) {
	good := Config{Shape: "walk", Format: "num", Sensors: 1, Rate: hz(1)}
	for _, c := range []struct {
		name string
		mar  func(c *Config)
	}{
		{"shape", func(c *Config) { c.Shape = "square" }},
		{"format", func(c *Config) { c.Format = "xml" }},
		{"no sensor", func(c *Config) { c.Sensors = 0 }},
		{"no rate", func(c *Config) { c.Rate = clock.Rate{} }},
		{"rate out of range", func(c *Config) { c.Rate.Den = clock.MaxRate }},
		{"fault", func(c *Config) { c.Faults = []string{"spike", "spook"} }},
	} {
		config := good
		c.mar(&config)
		if _, err := New(config); err == nil {
			t.Errorf("%s: no error", c.name)
		}
	}
	if _, err := New(good); err != nil {
		t.Error(err)
	}
}

// However the stream is cut into calls of Fill, it is the same.
func TestFillInPieces(t *testing.T) {
	c := Config{Shape: "walk", Format: "csv", Sensors: 3, Rate: clock.Rate{Num: 7, Den: 3}, Seed: 5, Count: 5000, Faults: allFaults, Labels: true}
	want, _ := made(t, c)
	for _, max := range []int{1, 100, 4096} {
		g, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		var got, piece []byte
		for before := int64(1); !g.Done(); before += 3 {
			for n := -1; n != len(got); {
				n = len(got)
				piece = g.Fill(piece[:0], before, max)
				got = append(got, piece...)
			}
		}
		if string(got) != want {
			t.Errorf("in pieces of %d bytes it differs", max)
		}
	}
}

// What a sensor says does not depend on how many others there are.
func TestSensorsOnTheirOwn(t *testing.T) {
	for _, shape := range []string{"uniform", "walk", "counter"} {
		alone, _ := made(t, Config{Shape: shape, Format: "csv", Sensors: 1, Count: 50})
		three, _ := made(t, Config{Shape: shape, Format: "csv", Sensors: 3, Count: 150})
		var first []string
		for line := range strings.Lines(three) {
			if !strings.Contains(line, ",s2,") && !strings.Contains(line, ",s3,") {
				first = append(first, line)
			}
		}
		if got := strings.Join(first, ""); got != alone {
			t.Errorf("%s: s1 of three says\n%sand alone\n%s", shape, got, alone)
		}
	}
}

// numbers are the lines of plain numbers.
func numbers(t testing.TB, lines string) (xs []float64) {
	t.Helper()
	for line := range strings.Lines(lines) {
		x, err := strconv.ParseFloat(strings.TrimSuffix(line, "\n"), 64)
		if err != nil {
			t.Fatal(err)
		}
		xs = append(xs, x)
	}
	return xs
}

// The shapes keep what the table says of them.
func TestShapes(t *testing.T) {
	const n = 100_000
	for _, c := range []struct {
		shape             string
		mean, std, within float64 // of all; √(100²/12), 100/√8
		step              float64 // at most from one to the next
	}{
		{"uniform", 50, 28.8675, 0.3, 100},
		{"sine", 50, 35.3553, 0.2, 0.53},
		{"walk", 50, 28.8675, 10, 1},
	} {
		lines, _ := made(t, Config{Shape: c.shape, Seed: 3, Count: n})
		xs := numbers(t, lines)
		var sum, squares, step float64
		for i, x := range xs {
			sum += x
			squares += (x - 50) * (x - 50)
			if i > 0 {
				step = max(step, math.Abs(x-xs[i-1]))
			}
		}
		mean, std := sum/n, math.Sqrt(squares/n)
		if math.Abs(mean-c.mean) > c.within || math.Abs(std-c.std) > c.within || step > c.step {
			t.Errorf("%s: mean %v, std %v, step %v", c.shape, mean, std, step)
		}
		if least, most := slices.Min(xs), slices.Max(xs); least < 0 || most > 100 || least > 1 || most < 99 {
			t.Errorf("%s goes from %v to %v", c.shape, least, most)
		}
	}
}

// sinTurn is as good as math.Sin, and exact at the quarters.
func TestSinTurn(t *testing.T) {
	for i := range 4 {
		if got, want := sinTurn(uint64(i)<<62), [...]float64{0, 1, 0, -1}[i]; math.Abs(got-want) > 1e-12 {
			t.Errorf("sine of %d quarters is %v", i, got)
		}
	}
	const step = 1<<64/9973 + 1
	for phase := uint64(step); phase >= step; phase += step {
		want := math.Sin(float64(phase) / (1 << 64) * 2 * math.Pi)
		if got := sinTurn(phase); math.Abs(got-want) > 1e-12 {
			t.Fatalf("sine of %d/2^64 turns is %v, want %v", phase, got, want)
		}
	}
}

// A stream whose times cannot be told any more ends with an error, one without
// times goes on.
func TestEndOfTime(t *testing.T) {
	const century = 100 * 365 * 86400
	c := Config{Shape: "counter", Format: "csv", Sensors: 1, Rate: clock.Rate{Num: 1, Den: century}, Count: 10}
	for _, v := range []struct {
		format string
		labels bool
		want   string
		err    error
	}{
		{"csv", false, "time,sensor,value\n2026-01-01T00:00:00Z,s1,1\n2125-12-08T00:00:00Z,s1,2\n2225-11-14T00:00:00Z,s1,3\n", ErrTime},
		{"num", true, "1\n2\n3\n", ErrTime},
		{"num", false, "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n", nil},
	} {
		c.Format, c.Labels = v.format, v.labels
		g, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := g.FlatOut(&Sink{Lines: &out}, nil); !errors.Is(err, v.err) || out.String() != v.want {
			t.Errorf("%s: %v\n%s", v.format, err, out.String())
		}
	}
}

func TestFillAllocs(t *testing.T) {
	for _, f := range Formats {
		g, err := New(Config{Shape: "walk", Format: f.Name, Sensors: 2, Rate: hz(10), Count: -1, Faults: allFaults})
		if err != nil {
			t.Fatal(err)
		}
		buf := g.Fill(nil, math.MaxInt64, 2*block)
		if n := testing.AllocsPerRun(10, func() { buf = g.Fill(buf[:0], math.MaxInt64, block) }); n > 0 {
			t.Errorf("%s: %v allocations a block", f.Name, n)
		}
	}
}

// A failing writer ends the stream with its error.
func TestWriteErrors(t *testing.T) {
	c := Config{Shape: "walk", Format: "num", Sensors: 1, Rate: hz(10), Count: -1, Faults: allFaults, Labels: true}
	broken := writeFunc(func([]byte) (int, error) { return 0, io.ErrClosedPipe })
	var labels bytes.Buffer
	for _, sink := range []*Sink{{Lines: broken, Labels: &labels}, {Lines: io.Discard, Labels: broken}} {
		g, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		if err := g.FlatOut(sink, nil); err != io.ErrClosedPipe {
			t.Errorf("FlatOut returns %v", err)
		}
	}
	if got := strings.Count(labels.String(), "\n"); got < 20 {
		t.Errorf("of the block that could not be written there are %d labels", got)
	}
}

type writeFunc func(b []byte) (int, error)

func (f writeFunc) Write(b []byte) (int, error) { return f(b) }
