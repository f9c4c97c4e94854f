package detect

import (
	"encoding/csv"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"
)

// TestVectors holds the detector against what a reference gives on seven series,
// where they are there: beside the project.
func TestVectors(t *testing.T) {
	files, _ := filepath.Glob("../../../shared/data/detect/*.csv")
	if len(files) == 0 {
		t.Skip("no ../shared/data/detect beside the project")
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { checkVectors(t, file) })
	}
}

func checkVectors(t *testing.T, file string) {
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	zone := time.UTC
	if filepath.Base(file) == "newyork.csv" {
		if zone, err = time.LoadLocation("America/New_York"); err != nil {
			t.Fatal(err)
		}
	}
	at := 0 // column of x
	if rows[0][0] == "t" {
		at = 1
	}
	d := NewPlan(Table, at == 1, zone).New()
	bad := 0
	for i, row := range rows[1:] {
		ns := int64(0)
		if at == 1 {
			ns = readTime(t, row[0])
		}
		x, err := strconv.ParseFloat(row[at], 64)
		if err != nil {
			t.Fatal(err)
		}
		d.Push(ns, x)
		for j, s := range Table {
			if got, want := d.Value(j), row[at+1+j]; !near(got, want) && bad < 10 {
				bad++
				t.Errorf("sample %d, x=%v: %s = %v, want %s", i+1, x, s.Name, got, want)
			}
		}
	}
}

func near(got float64, cell string) bool {
	want, err := strconv.ParseFloat(cell, 64)
	if err != nil {
		return math.IsNaN(got)
	}
	return math.Abs(got-want) <= 1e-9*max(1, math.Abs(want))
}

func readTime(t *testing.T, s string) int64 {
	for _, form := range []string{time.RFC3339, time.DateTime} {
		if at, err := time.Parse(form, s); err == nil {
			return at.UnixNano()
		}
	}
	t.Fatalf("no time: %q", s)
	return 0
}

// TestMachine holds the alerts and the forecast of a real series with four
// labelled faults, where it is there.
func TestMachine(t *testing.T) {
	f, err := os.Open("../../../shared/data/real/machine_temperature.csv")
	if err != nil {
		t.Skip("no ../shared/data/real beside the project")
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	d := NewPlan(Table, true, nil).New()
	var at [2][]int
	var fires [2]bool
	newest, last := int64(math.MinInt64), math.NaN()
	errors, naive, inside, bounded := 0.0, 0.0, 0, 0
	for i, row := range rows[1:] {
		ns := readTime(t, row[0])
		if ns < newest {
			continue // its clock was set back by an hour: the stream skips these rows
		}
		x, err := strconv.ParseFloat(row[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		newest = ns
		d.Push(ns, x)
		for k, bar := range []float64{0.5, 0.9} {
			if over := d.Value(0) > bar; over != fires[k] {
				if fires[k] = over; over {
					at[k] = append(at[k], i+2)
				}
			}
		}
		if !math.IsNaN(last) {
			errors += math.Abs(x - d.Value(2))
			naive += math.Abs(x - last)
		}
		if last = x; !math.IsNaN(d.Value(3)) {
			bounded++
			if d.Value(3) <= x && x <= d.Value(4) {
				inside++
			}
		}
	}
	want := [2][]int{{273, 455, 521, 815, 2390, 3851, 9713, 15157, 16200, 17232, 17722, 19283, 19955}, {313, 3967}}
	for k := range at {
		if !slices.Equal(at[k], want[k]) {
			t.Errorf("alerts at lines %v, want %v", at[k], want[k])
		}
	}
	if ratio := errors / naive; math.Abs(ratio-0.9334) > 0.00005 {
		t.Errorf("mean absolute error %.4f of the last value's, want 0.9334", ratio)
	}
	if share := 100 * float64(inside) / float64(bounded); math.Abs(share-95.03) > 0.005 {
		t.Errorf("%.2f %% inside the interval, want 95.03", share)
	}
}

// TestFalseAlarms counts alerts in noise, where there is nothing to be found.
func TestFalseAlarms(t *testing.T) {
	for _, c := range []struct {
		name string
		x    func(r *rand.Rand, last float64) float64
		most [2]int // alerts over 0.5 and over 0.9 in 30,000 samples
	}{
		{"white", func(r *rand.Rand, _ float64) float64 { return r.NormFloat64() }, [2]int{30, 6}},
		{"walk", func(r *rand.Rand, last float64) float64 { return last + r.NormFloat64() }, [2]int{45, 12}},
		{"digits", func(r *rand.Rand, _ float64) float64 { return float64(r.IntN(10)) }, [2]int{30, 6}},
		{"constant", func(*rand.Rand, float64) float64 { return 20 }, [2]int{0, 0}},
	} {
		var alerts [2]int
		for seed := range uint64(3) {
			r := rand.New(rand.NewPCG(seed, 15))
			d := NewPlan(Table[:1], false, nil).New()
			last, fires := 0.0, [2]bool{}
			for i := range 10500 {
				last = c.x(r, last)
				d.Push(0, last)
				for k, bar := range []float64{0.5, 0.9} {
					over := d.Value(0) > bar
					if over && !fires[k] && i >= 500 {
						alerts[k]++
					}
					fires[k] = over
				}
			}
		}
		if alerts[0] > c.most[0] || alerts[1] > c.most[1] {
			t.Errorf("%s: %v alerts over 0.5 and 0.9, want at most %v", c.name, alerts, c.most)
		}
	}
}
