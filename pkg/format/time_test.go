package format

import (
	"math"
	"strconv"
	"strings"
	"testing"
	"time"
)

// timeSlow is AppendTime by the time package alone.
func timeSlow(ns int64) string { return time.Unix(0, ns).UTC().Format(time.RFC3339Nano) }

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

var timeSeeds = []int64{0, 1, -1, 999999999, moment, moment + 500e6, moment + 1, -86400e9, 86399e9, math.MaxInt64, math.MinInt64,
	1e9 * 951782400 /* 2000-02-29 */, -1e9 * 9214560000 /* 1678 */, 1709164800e9}

func TestAppendTime(t *testing.T) {
	var w timeWriter // its day is changed by every next one
	for _, ns := range timeSeeds {
		if got, want := string(AppendTime(nil, ns)), timeSlow(ns); got != want {
			t.Errorf("AppendTime(%d) = %s, want %s", ns, got, want)
		}
		if got, want := string(w.append(nil, ns)), timeSlow(ns); got != want {
			t.Errorf("append(%d) = %s, want %s", ns, got, want)
		}
	}
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
		if got := string(appendSeconds(nil, ns)); got != want {
			t.Errorf("appendSeconds(%d) = %s, want %s", ns, got, want)
		}
	}
}

func FuzzTime(f *testing.F) {
	for _, ns := range timeSeeds {
		f.Add(ns)
	}
	var w timeWriter
	f.Fuzz(func(t *testing.T, ns int64) {
		if got, want := string(w.append(nil, ns)), timeSlow(ns); got != want {
			t.Errorf("append(%d) = %s, want %s", ns, got, want)
		}
		if got, want := Duration(ns), durationSlow(ns); got != want {
			t.Errorf("Duration(%d) = %s, want %s", ns, got, want)
		}
		sec, err := strconv.ParseFloat(string(appendSeconds(nil, ns)), 64)
		if want := float64(ns) / 1e9; err != nil || math.Abs(sec-want) > 1e-15*math.Abs(want) {
			t.Errorf("appendSeconds(%d) reads as %v, %v, want %v", ns, sec, err, want)
		}
	})
}

func BenchmarkAppendTime(b *testing.B) {
	var w timeWriter
	var dst []byte
	ns := int64(moment)
	for b.Loop() {
		dst = w.append(dst[:0], ns)
		ns += 1e8
	}
}
