package clock

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"rtda/pkg/num"
)

// resolved reads texts in a format and zone, one after the other, as RFC 3339.
func resolved(t *testing.T, format, zoneName string, near, late, ahead int64, texts []string) (got []string) {
	t.Helper()
	z := zone(t, zoneName)
	r, err := NewReader(format, z)
	if err != nil {
		t.Fatal(err)
	}
	s := r.Resolver(near, late, ahead)
	w := NewWriter(z)
	for _, text := range texts {
		ns, east, ok := r.Parse([]byte(text), '.')
		if !ok {
			t.Fatalf("%q is not a time of %q", text, format)
		}
		ts := []int64{ns}
		s.Resolve(ts, []int32{east})
		got = append(got, string(w.Append(nil, ts[0])))

		again := r.Resolver(near, late, ahead) // as after a restart
		d := num.NewDecoder(s.Append(nil))
		again.Restore(d)
		if err := d.Finish(); err != nil {
			t.Fatal(err)
		}
		s = again
	}
	return got
}

func TestResolve(t *testing.T) {
	for _, c := range []struct {
		name, format, zone string
		late, ahead        int64
		in, want           []string
	}{
		{"the hour that comes twice", "", "Europe/Berlin", 0, 0,
			[]string{"2026-10-25 01:59", "2026-10-25 02:30", "2026-10-25 02:00", "2026-10-25 02:30", "2026-10-25 03:00"},
			[]string{"2026-10-25T01:59:00+02:00", "2026-10-25T02:30:00+02:00", "2026-10-25T02:00:00+01:00", "2026-10-25T02:30:00+01:00", "2026-10-25T03:00:00+01:00"}},
		{"with disorder that --late allows", "", "Europe/Berlin", 10 * minute, 0,
			[]string{"2026-10-25 02:58", "2026-10-25 02:50", "2026-10-25 02:01", "2026-10-25 02:55"},
			[]string{"2026-10-25T02:58:00+02:00", "2026-10-25T02:50:00+02:00", "2026-10-25T02:01:00+01:00", "2026-10-25T02:55:00+02:00"}},
		{"as the first time", "", "Europe/Berlin", 0, 0, []string{"2026-10-25 02:30"}, []string{"2026-10-25T02:30:00+02:00"}},
		{"an hour that is skipped", "", "Europe/Berlin", 0, 0, []string{"2026-03-29 02:30", "2026-03-29 03:30"}, []string{"2026-03-29T03:30:00+02:00", "2026-03-29T03:30:00+02:00"}},
		{"times with a zone of their own", "", "Europe/Berlin", 0, 0, []string{"2026-05-01T12:00:03Z", "1777636803", "2026-05-01 12:00:03 -02"}, []string{"2026-05-01T14:00:03+02:00", "2026-05-01T14:00:03+02:00", "2026-05-01T16:00:03+02:00"}},
		{"no year", "%b %e %H:%M", "Europe/Berlin", 0, 0, []string{"Dec 31 23:59", "Jan 1 00:00", "Jul 1 00:00", "Oct 1 00:00", "Dec 31 23:59", "Jan 1 00:30"},
			[]string{"2025-12-31T23:59:00+01:00", "2026-01-01T00:00:00+01:00", "2026-07-01T00:00:00+02:00", "2026-10-01T00:00:00+02:00", "2026-12-31T23:59:00+01:00", "2027-01-01T00:30:00+01:00"}},
		{"no year, the hour that comes twice", "%b %e %H:%M", "Europe/Berlin", 0, 0, []string{"Jul 1 00:00", "Oct 25 02:30", "Oct 25 02:00", "Oct 25 02:30"},
			[]string{"2026-07-01T00:00:00+02:00", "2026-10-25T02:30:00+02:00", "2026-10-25T02:00:00+01:00", "2026-10-25T02:30:00+01:00"}},
		{"no year, behind New Year", "%b %e %H:%M", "UTC", 0, 0, []string{"Jan 1 00:00", "Dec 31 23:59", "Jan 1 00:01"}, []string{"2026-01-01T00:00:00Z", "2025-12-31T23:59:00Z", "2026-01-01T00:01:00Z"}},
		{"no year, over a century without leap days", "%b %e %Y %H:%M", "UTC", 0, 0, []string{"Feb 28 2100 23:59"}, []string{"2100-02-28T23:59:00Z"}},
		{"no year, but a zone", "%b %e %H:%M %z", "Asia/Kolkata", 0, 0, []string{"Dec 31 23:30 -0200", "Jan 1 00:00 +0000"}, []string{"2026-01-01T07:00:00+05:30", "2026-01-01T05:30:00+05:30"}},
		{"no date", "%H:%M", "Europe/Berlin", 0, 0, []string{"23:59", "00:00", "11:00", "22:00", "00:30"},
			[]string{"2026-01-31T23:59:00+01:00", "2026-02-01T00:00:00+01:00", "2026-02-01T11:00:00+01:00", "2026-02-01T22:00:00+01:00", "2026-02-02T00:30:00+01:00"}},
		{"one record far ahead", "%b %e %H:%M", "UTC", 0, hour, []string{"Jan 15 00:00", "Jul 10 00:00", "Jan 15 00:01", "Jul 12 00:00", "Jul 12 00:01", "Jan 12 00:00"},
			[]string{"2026-01-15T00:00:00Z", "2026-07-10T00:00:00Z", "2026-01-15T00:01:00Z", "2026-07-12T00:00:00Z", "2026-07-12T00:01:00Z", "2026-01-12T00:00:00Z"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := resolved(t, c.format, c.zone, 1769900400*second /* 2026-01-31T23:00Z */, c.late, c.ahead, c.in)
			for i := range c.want {
				if got[i] != c.want[i] {
					t.Errorf("%q = %s, want %s", c.in[i], got[i], c.want[i])
				}
			}
		})
	}
}

// FuzzNearest holds times without year or date against a look at all of them.
func FuzzNearest(f *testing.F) {
	for _, near := range []int64{1767225599, 1767225600, 1782864000, 951782400, 4107542400, -2208988800, minSecond, endSecond - 1} {
		f.Add(near, int64(near), uint8(near))
		f.Add(near, near+86400*100, uint8(near+1))
	}
	f.Fuzz(func(t *testing.T, near, at int64, n uint8) {
		zones := []string{"UTC", "Europe/Berlin", "America/Havana", "Pacific/Apia"}
		z := zone(t, zones[n%4])
		inRange := func(sec int64) int64 { return (minSecond + int64(uint64(sec)%(endSecond-minSecond))) * second }
		near, at = inRange(near), inRange(at)
		layout, format := "Jan _2 15:04:05", "%b %e %H:%M:%S"
		if n&4 > 0 {
			layout, format = "15:04:05", "%H:%M:%S"
		}
		r, _ := NewReader(format, z)
		local := time.Unix(0, at).UTC()
		ns, east, ok := r.Parse([]byte(local.Format(layout)), '.')
		if !ok {
			t.Fatalf("%q does not read %q", format, local.Format(layout))
		}
		ts := []int64{ns}
		s := r.Resolver(near, 0, 0)
		s.Resolve(ts, []int32{east})

		best := int64(math64)
		o := NewOffsets(z)
		here := time.Unix(0, near+o.East(near)).UTC()
		for d := -8; d <= 8; d++ {
			day := time.Date(here.Year(), here.Month(), here.Day()+d, local.Hour(), local.Minute(), local.Second(), 0, time.UTC)
			if n&4 == 0 {
				if day = time.Date(here.Year()+d, local.Month(), local.Day(), local.Hour(), local.Minute(), local.Second(), 0, time.UTC); day.Day() != local.Day() || day.Year() < 1678 || day.Year() > 2261 {
					continue
				}
			}
			if first, _ := o.Instants(day.UnixNano()); distance(first, near) < distance(best, near) {
				best = first
			}
		}
		if distance(ts[0], near) != distance(best, near) {
			t.Errorf("%s near %v in %v = %v, want %v", local.Format(layout), time.Unix(0, near).UTC(), z, time.Unix(0, ts[0]).UTC(), time.Unix(0, best).UTC())
		}
	})
}

const math64 = 1<<63 - 1

func BenchmarkResolve(b *testing.B) {
	for _, c := range []struct{ form, format, zone, in string }{
		{"moment", "", "Europe/Berlin", "2026-05-01T12:00:03Z"},
		{"local", "", "Europe/Berlin", "2026-05-01T12:00:03"},
		{"no year", "%b %e %H:%M:%S", "Europe/Berlin", "May  1 12:00:03"},
		{"no date", "%H:%M:%S", "Europe/Berlin", "12:00:03"},
	} {
		b.Run("form="+c.form, func(b *testing.B) {
			r, _ := NewReader(c.format, zone(b, c.zone))
			ns, east, _ := r.Parse([]byte(c.in), '.')
			s := r.Resolver(moment, 0, 0)
			ts, easts := make([]int64, 1000), make([]int32, 1000)
			for i := range easts {
				easts[i] = east
			}
			for b.Loop() {
				for i := range ts {
					ts[i] = ns
				}
				s.Resolve(ts, easts)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/time")
		})
	}
}

// What a Resolver knows is either saved or made again: whoever adds a field decides
// which, in Append, and here.
func TestResolverSavesEveryField(t *testing.T) {
	names := strings.Fields("newest seen far held" + " lacks late ahead offsets" + " begins ends leap") // saved, of the flags, of newest
	typ := reflect.TypeOf(Resolver{})
	for i := range typ.NumField() {
		if name := typ.Field(i).Name; !slices.Contains(names, name) {
			t.Errorf("Resolver.%s is in no snapshot", name)
		}
	}
}
