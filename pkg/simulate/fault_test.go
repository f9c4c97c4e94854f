package simulate

import (
	"encoding/csv"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A reading is a line of csv, taken apart.
type reading struct {
	line   int64
	time   time.Time
	sensor string
	value  float64
}

// table is a CSV text without its header.
func table(t testing.TB, text string) [][]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(rows) == 0 {
		t.Fatalf("not CSV: %v", err)
	}
	return rows[1:]
}

func moment(t testing.TB, text string) time.Time {
	t.Helper()
	m, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// readings are the lines of csv, a list a sensor.
func readings(t testing.TB, text string) map[string][]reading {
	t.Helper()
	all := map[string][]reading{}
	for i, row := range table(t, text) {
		x, err := strconv.ParseFloat(row[2], 64)
		if err != nil {
			t.Fatal(err)
		}
		all[row[1]] = append(all[row[1]], reading{int64(i) + 2, moment(t, row[0]), row[1], x})
	}
	return all
}

// labelsOf are the labels, a list a sensor.
func labelsOf(t testing.TB, text string) map[string][]label {
	t.Helper()
	all := map[string][]label{}
	for _, row := range table(t, text) {
		l := label{Fault: row[0], Sensor: row[1], Time: moment(t, row[4]).UnixNano(), LastTime: moment(t, row[5]).UnixNano()}
		l.Line, _ = strconv.ParseInt(row[2], 10, 64)
		l.LastLine, _ = strconv.ParseInt(row[3], 10, 64)
		all[l.Sensor] = append(all[l.Sensor], l)
	}
	return all
}

// faultChecks say whether the values within a label are what the table of
// faults says: got and good values, and the last value before them.
var faultChecks = map[string]func(got, good []float64, before float64) bool{
	"spike": func(got, good []float64, _ float64) bool {
		far := math.Abs(got[0] - good[0])
		return far >= 200-1e-9 && far <= 1000+1e-9
	},
	"drift": func(got, good []float64, _ float64) bool {
		last := got[len(got)-1] - good[len(got)-1]
		for i := range got {
			if off := got[i] - good[i]; math.Abs(off-last*float64(i+1)/float64(len(got))) > 1 {
				return false
			}
		}
		return math.Abs(math.Abs(last)-100) < 1e-9
	},
	"stuck": func(got, good []float64, before float64) bool {
		for _, x := range got {
			if x != before {
				return false
			}
		}
		return true
	},
	"noise": func(got, good []float64, _ float64) bool {
		var most float64
		for i := range got {
			most = max(most, math.Abs(got[i]-good[i]))
		}
		return most > 40 && most <= 50
	},
}

// Faults are what the table says, where the labels say, and nowhere else.
func TestFaults(t *testing.T) {
	for _, f := range Faults {
		for _, shape := range []string{"walk", "counter"} {
			t.Run(f.Name+"/"+shape, func(t *testing.T) {
				c := Config{Shape: shape, Format: "csv", Sensors: 2, Rate: hz(3), Seed: 9, Count: 20_000, Labels: true}
				clean, _ := made(t, c)
				c.Faults = []string{f.Name}
				c.Count = 15_000 // gaps do not count
				lines, labels := made(t, c)
				good, got, marks := readings(t, clean), readings(t, lines), labelsOf(t, labels)
				for sensor := range got {
					checkFaults(t, f, good[sensor], got[sensor], marks[sensor])
				}
			})
		}
	}
}

// checkFaults compares one sensor's lines with those without faults.
func checkFaults(t *testing.T, f Fault, good, got []reading, marks []label) {
	t.Helper()
	if len(marks) < 10 {
		t.Fatalf("%d faults in %d lines", len(marks), len(got))
	}
	var i int // of got and, but for gaps, of good
	for _, m := range marks {
		quiet := i
		for i < len(got) && got[i].line < m.Line {
			if got[i].value != good[i].value || !got[i].time.Equal(good[i].time) {
				t.Fatalf("line %d differs and has no label", got[i].line)
			}
			i++
		}
		if quiet = i - quiet; quiet < quietMin || quiet > quietMax {
			t.Errorf("%d good values before line %d", quiet, m.Line)
		}
		n := 0
		for n < len(good)-i && good[i+n].time.UnixNano() <= m.LastTime {
			n++
		}
		cut := i+n >= len(got) // by the end of the stream
		if n := int64(n); !cut && (n < f.min || n > f.max) {
			t.Errorf("%s at line %d takes %d values", m.Fault, m.Line, n)
		}
		if good[i].time.UnixNano() != m.Time || m.Fault != f.Name {
			t.Errorf("label %+v does not begin at %v", m, good[i].time)
		}
		if f.Name == "gap" {
			good = append(good[:i:i], good[i+n:]...)
			continue
		}
		if got[i+n-1].line != m.LastLine {
			t.Errorf("%s ends in line %d, not %d", m.Fault, got[i+n-1].line, m.LastLine)
		}
		if !cut && !faultChecks[f.Name](values(got[i:i+n]), values(good[i:i+n]), got[i-1].value) {
			t.Errorf("lines %d to %d are no %s", m.Line, m.LastLine, f.Name)
		}
		i += n
	}
}

func values(rs []reading) (xs []float64) {
	for _, r := range rs {
		xs = append(xs, r.value)
	}
	return xs
}

// Faults come by turns; the labels are CSV in the order of the faults' ends.
func TestLabelsGolden(t *testing.T) {
	lines, got := made(t, Config{Seed: 1, Count: 1500, Faults: []string{"spike", "gap", "stuck"}, Labels: true})
	want := `fault,sensor,line,last_line,time,last_time
spike,s1,117,117,2026-01-01T00:00:11.6Z,2026-01-01T00:00:11.6Z
gap,s1,378,378,2026-01-01T00:00:37.7Z,2026-01-01T00:00:43.8Z
stuck,s1,496,519,2026-01-01T00:00:55.7Z,2026-01-01T00:00:58Z
spike,s1,722,722,2026-01-01T00:01:18.3Z,2026-01-01T00:01:18.3Z
gap,s1,907,907,2026-01-01T00:01:36.8Z,2026-01-01T00:01:40.8Z
stuck,s1,1128,1199,2026-01-01T00:02:03Z,2026-01-01T00:02:10.1Z
spike,s1,1332,1332,2026-01-01T00:02:23.4Z,2026-01-01T00:02:23.4Z
gap,s1,1485,1485,2026-01-01T00:02:38.7Z,2026-01-01T00:02:44.8Z
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if n := strings.Count(lines, "\n"); n != 1500 {
		t.Errorf("%d lines, want 1500: those in a gap do not count", n)
	}
}

// The end of the stream ends a fault; a gap at the end has no line.
func TestLabelsAtTheEnd(t *testing.T) {
	for _, c := range []struct {
		fault, want string
	}{
		{"stuck", "stuck,s1,233,239,2026-01-01T00:00:11.6Z,2026-01-01T00:00:11.9Z\n"},
		{"gap", "gap,s1,,,2026-01-01T00:00:11.6Z,2026-01-01T00:00:11.9Z\n"},
	} {
		config := Config{Shape: "counter", Format: "num", Sensors: 2, Rate: hz(10), Seed: 1, Count: -1, Faults: []string{c.fault}, Labels: true}
		g, err := New(config)
		if err != nil {
			t.Fatal(err)
		}
		g.Fill(nil, 120, math.MaxInt)
		g.finish()
		if got := string(g.appendLabels(nil)); got != c.want {
			t.Errorf("got\n%swant\n%s", got, c.want)
		}
	}
}
