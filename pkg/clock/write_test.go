package clock

import (
	"math"
	"testing"
	"time"
)

// moment is 2026-05-01T12:00:03Z.
const moment = 1777636803 * second

// timeSlow is AppendTime by the time package alone.
func timeSlow(ns int64) string { return time.Unix(0, ns).UTC().Format(time.RFC3339Nano) }

var timeSeeds = []int64{0, 1, -1, 999999999, moment, moment + 500e6, moment + 1, -86400e9, 86399e9, math.MaxInt64, math.MinInt64,
	1e9 * 951782400 /* 2000-02-29 */, -1e9 * 9214560000 /* 1678 */, 1709164800e9}

func TestAppendTime(t *testing.T) {
	var w Writer // its day is changed by every next one
	for _, ns := range timeSeeds {
		if got, want := string(AppendTime(nil, ns, nil)), timeSlow(ns); got != want {
			t.Errorf("AppendTime(%d) = %s, want %s", ns, got, want)
		}
		if got, want := string(w.Append(nil, ns)), timeSlow(ns); got != want {
			t.Errorf("Append(%d) = %s, want %s", ns, got, want)
		}
	}
}

func FuzzAppendTime(f *testing.F) {
	for _, ns := range timeSeeds {
		f.Add(ns)
	}
	var w Writer
	f.Fuzz(func(t *testing.T, ns int64) {
		if got, want := string(w.Append(nil, ns)), timeSlow(ns); got != want {
			t.Errorf("Append(%d) = %s, want %s", ns, got, want)
		}
	})
}

func BenchmarkAppendTime(b *testing.B) {
	var w Writer
	var dst []byte
	ns := int64(moment)
	for b.Loop() {
		dst = w.Append(dst[:0], ns)
		ns += 1e8
	}
}
