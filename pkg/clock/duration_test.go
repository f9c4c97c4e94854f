package clock

import (
	"math"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestParseDuration(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		in   string
		want time.Duration // -1: an error
	}{
		{"0", 0}, {"0s", 0}, {"250ms", 250 * time.Millisecond}, {"1.5h", 90 * time.Minute}, {"4m7s", 247 * time.Second},
		{"2d", 2 * day}, {"1d12h", 36 * time.Hour}, {"1.5d", 36 * time.Hour}, {"0.5w", 84 * time.Hour}, {".5s", 500 * time.Millisecond}, {"5.s", 5 * time.Second},
		{"1ns", 1}, {"1us", 1000}, {"1µs", 1000}, {"1μs", 1000}, {"0.1d", 8640 * time.Second}, {"1.9ns", 1}, {"1m1h", 61 * time.Minute},
		{"0.333333333333333333333d", 28799999999999}, {"106751d", 106751 * day}, {"9223372036854775807ns", math.MaxInt64},
		{"", -1}, {"5", -1}, {"s", -1}, {".s", -1}, {"5x", -1}, {"-5s", -1}, {"+5s", -1}, {"5 s", -1}, {"1h30", -1}, {"1w", 7 * day}, {"2w1d", 15 * day}, {"15251w", -1},
		{"1e3s", -1}, {"1.2.3s", -1}, {"5S", -1}, {"00", -1}, {"106752d", -1}, {"9223372036854775808ns", -1},
		{"9223372036.9d", -1}, {"200y", -1}, {"99999999999999999999999h", -1}, {"106751d106751d", -1}, {"106751d106751d106751d", -1},
	} {
		got, ok := ParseDuration(c.in)
		if ok != (c.want >= 0) || ok && got != c.want {
			t.Errorf("ParseDuration(%q) = %v, %v, want %v", c.in, int64(got), ok, int64(c.want))
		}
	}
}

// FuzzParseDuration holds durations without days and weeks against Go's own parser.
func FuzzParseDuration(f *testing.F) {
	for _, s := range []string{"0", "1.5h", "4m7s", ".5s", "5.s", "1h30", "9223372036854775807ns", "1.000000000000000000000001h", "0.3µs", "-1s"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := ParseDuration(s)
		if strings.ContainsAny(s, "dw+-") {
			return
		}
		want, wantErr := time.ParseDuration(s)
		if ok != (wantErr == nil) {
			t.Fatalf("ParseDuration(%q): %v, Go: %v", s, ok, wantErr)
		}
		if off := got - want; off < -3 || off > 3 { // Go works a fraction out in float64
			t.Errorf("ParseDuration(%q) = %d, Go: %d", s, got, want)
		}
	})
}

// durationSlow is Duration by way of time.Duration's own text.
func durationSlow(ns int64) string {
	s := time.Duration(ns).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if h, rest, ok := strings.Cut(s, "h0m"); ok {
		s = h + "h" + rest
	}
	return s
}

func TestDuration(t *testing.T) {
	for _, c := range []struct {
		d    time.Duration
		want string
	}{
		{0, "0s"}, {4*time.Minute + 7*time.Second, "4m7s"}, {time.Hour, "1h"}, {48 * time.Hour, "48h"}, {250 * time.Millisecond, "250ms"},
		{time.Hour + 5*time.Second, "1h5s"}, {10 * time.Minute, "10m"}, {90500 * time.Millisecond, "1m30.5s"}, {60500 * time.Millisecond, "1m0.5s"},
		{-time.Minute, "-1m"}, {20 * time.Hour, "20h"}, {1500, "1.5µs"},
	} {
		if got := Duration(int64(c.d)); got != c.want {
			t.Errorf("Duration(%v) = %s, want %s", c.d, got, c.want)
		}
	}
}

func TestAppendSeconds(t *testing.T) {
	for ns, want := range map[int64]string{0: "0", 247e9: "247", 1500e6: "1.5", 1: "0.000000001", -2500e6: "-2.5"} {
		if got := string(AppendSeconds(nil, ns)); got != want {
			t.Errorf("AppendSeconds(%d) = %s, want %s", ns, got, want)
		}
	}
}

func FuzzDuration(f *testing.F) {
	for _, ns := range timeSeeds {
		f.Add(ns)
	}
	f.Fuzz(func(t *testing.T, ns int64) {
		if got, want := Duration(ns), durationSlow(ns); got != want {
			t.Errorf("Duration(%d) = %s, want %s", ns, got, want)
		}
		sec, err := strconv.ParseFloat(string(AppendSeconds(nil, ns)), 64)
		if want := float64(ns) / 1e9; err != nil || math.Abs(sec-want) > 1e-15*math.Abs(want) {
			t.Errorf("AppendSeconds(%d) reads as %v, %v, want %v", ns, sec, err, want)
		}
		if got, ok := ParseDuration(Duration(max(ns, 0))); !ok || int64(got) != max(ns, 0) {
			t.Errorf("%s reads as %d, %v", Duration(ns), got, ok)
		}
	})
}
