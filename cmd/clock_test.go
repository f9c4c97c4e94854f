package cmd

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestDaysOfAZone holds rows of a day and of a week in a zone, through both
// changes of its clock, against counting by the calendar of the time package.
func TestDaysOfAZone(t *testing.T) {
	for _, c := range []struct {
		zone  string
		from  time.Time
		flags []string
	}{
		{"Europe/Berlin", time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), []string{"--closed", "left"}},
		{"Europe/Berlin", time.Date(2026, 1, 1, 0, 30, 0, 0, time.UTC), nil},
		{"America/Sao_Paulo", time.Date(2018, 9, 1, 0, 30, 0, 0, time.UTC), nil}, // midnight is skipped
		{"America/Havana", time.Date(2026, 1, 1, 0, 30, 0, 0, time.UTC), nil},    // midnight comes twice
		{"Pacific/Apia", time.Date(2011, 9, 1, 0, 30, 0, 0, time.UTC), nil},      // a day is skipped
		{"Asia/Kolkata", time.Date(2026, 1, 1, 0, 10, 0, 0, time.UTC), nil},
		{"UTC", time.Date(2026, 1, 1, 0, 30, 0, 0, time.UTC), nil},
	} {
		t.Run(strings.ReplaceAll(c.zone, "/", "_"), func(t *testing.T) {
			zone, err := time.LoadLocation(c.zone)
			if err != nil {
				t.Fatal(err)
			}
			var in strings.Builder
			days, weeks := newCounts(), newCounts()
			for i := range 340 * 24 {
				at := c.from.Add(time.Duration(i) * time.Hour).In(zone)
				fmt.Fprintf(&in, "{\"t\":%d,\"v\":1}\n", at.Unix())
				y, m, d := at.Date()
				days.add(firstMoment(y, m, d+1, zone), zone)
				weeks.add(firstMoment(y, m, d+1+(7-int(at.Weekday()))%7, zone), zone)
			}
			file := filepath.Join(t.TempDir(), "in")
			if err := os.WriteFile(file, []byte(in.String()), 0o600); err != nil {
				t.Fatal(err)
			}
			for length, want := range map[string]*counts{"1d": days, "1w": weeks, "7d": weeks, "24h": days} {
				got, complaints, status := runMain(append(c.flags, "--tz", c.zone, "-t", "t", "-f", "v", "-w", length, "-n", length, "-a", "count", file)...)
				if got != want.rows.String() || complaints != "" || status != 0 {
					t.Errorf("-w %s -n %s: status %d, complaints %q, rows\n%swant\n%s", length, length, status, complaints, got, want.rows.String())
				}
			}
		})
	}
}

// firstMoment is when a day begins in a zone: at midnight, the first if there are
// two, and where the clock skips it at the moment at which it does.
func firstMoment(y int, m time.Month, d int, zone *time.Location) time.Time {
	want := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	at := want.Add(-15 * time.Hour)
	for {
		y, m, d := at.In(zone).Date()
		if !time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Before(want) {
			return at
		}
		at = at.Add(15 * time.Minute)
	}
}

// counts makes rows of records that are added in the order of their time.
type counts struct {
	rows strings.Builder
	end  time.Time
	n    int
	text string
}

func newCounts() *counts { return &counts{} }

// add counts a record whose period ends at a time.
func (c *counts) add(end time.Time, zone *time.Location) {
	if !end.Equal(c.end) {
		c.end, c.n = end, 0
		c.text = c.rows.String()
	}
	c.n++
	c.rows.Reset()
	fmt.Fprintf(&c.rows, "%stime=%s v_count=%d\n", c.text, end.In(zone).Format(time.RFC3339), c.n)
}
