package detect

import (
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// all are all stats of the table.
func all() []Stat { return Table }

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
	var hour func(int64) int
	at := 0 // column of x
	if rows[0][0] == "t" {
		hour, at = func(ns int64) int { return time.Unix(0, ns).In(zone).Hour() }, 1
	}
	d := NewPlan(all(), hour).New()
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
