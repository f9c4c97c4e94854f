package clock

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := LoadZone(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// in is a time in a zone, which is nil for UTC.
func in(t int64, z *time.Location) time.Time {
	if z == nil {
		z = time.UTC
	}
	return time.Unix(0, t).In(z)
}

func TestLoadZone(t *testing.T) {
	for _, name := range []string{"", "Local", "Nowhere", "../etc/passwd", "CEST"} {
		if z, err := LoadZone(name); err == nil {
			t.Errorf("LoadZone(%q) = %v, want an error", name, z)
		}
	}
	if z := zone(t, "UTC"); z != nil {
		t.Errorf("LoadZone(UTC) = %v, want nil", z)
	}
	if z := zone(t, "local"); z != time.Local {
		t.Errorf("LoadZone(local) = %v, want %v", z, time.Local)
	}
}

// TestInstants has its values from Python's zoneinfo, first fold=0 and then
// fold=1; for a time that the clock skips the offset from before counts, fold=0.
func TestInstants(t *testing.T) {
	for _, c := range []struct {
		name, zone, local string
		first, second     int64
	}{
		{"an hour that is skipped", "Europe/Berlin", "2026-03-29T02:30", 1774747800, 1774747800},
		{"an hour that comes twice", "Europe/Berlin", "2026-10-25T02:30", 1792888200, 1792891800},
		{"the first moment after it", "Europe/Berlin", "2026-10-25T03:00", 1792893600, 1792893600},
		{"half an hour that comes twice", "Australia/Lord_Howe", "2026-04-05T01:45", 1775313900, 1775315700},
		{"a midnight that is skipped", "America/Sao_Paulo", "2018-11-04T00:00", 1541300400, 1541300400},
		{"a day that is skipped", "Pacific/Apia", "2011-12-30T12:00", 1325282400, 1325282400},
		{"an hour after midnight that comes twice", "America/Havana", "2026-11-01T00:30", 1793507400, 1793511000},
		{"no change at all", "Asia/Kolkata", "2026-05-01T00:00", 1777573800, 1777573800},
		{"UTC", "UTC", "2026-05-01T12:00", 1777636800, 1777636800},
	} {
		local, _ := time.Parse("2006-01-02T15:04", c.local)
		o := NewOffsets(zone(t, c.zone))
		for range 2 { // as the first question and as the second
			if first, second := o.Instants(local.UnixNano()); first != c.first*second1 || second != c.second*second1 {
				t.Errorf("%s: Instants(%s in %s) = %d, %d, want %d, %d", c.name, c.local, c.zone, first/second1, second/second1, c.first, c.second)
			}
		}
	}
}

const second1 = int64(second)

// slowInstants are the moments at which the clock of a zone showed a local time,
// by looking at all offsets that it had around that time.
func slowInstants(z *time.Location, local int64) (all []int64) {
	seen := map[int64]bool{}
	for at := local - 2*day; at <= local+2*day; at += 15 * minute {
		_, east := in(at, z).Zone()
		t := local - int64(east)*second
		if _, there := in(t, z).Zone(); there == east && !seen[t] {
			seen[t] = true
			all = append(all, t)
		}
	}
	return all
}

func FuzzInstants(f *testing.F) {
	zones := []string{"Europe/Berlin", "Australia/Lord_Howe", "America/Sao_Paulo", "America/Havana", "Asia/Kolkata", "Pacific/Apia", "America/New_York", "Africa/Casablanca", "UTC"}
	for i, sec := range []int64{1774747800, 1792888200, 1541300400, 1793507400, 1325282400, 1777636800, 4102444800, 7000000000} {
		f.Add(sec, uint8(i))
	}
	var offsets []Offsets
	for _, name := range zones {
		offsets = append(offsets, NewOffsets(zone(f, name)))
	}
	f.Fuzz(func(t *testing.T, sec int64, n uint8) {
		local := int64(uint64(sec)%uint64(endSecond-86400*7)) * second // from 1970 on: before, zones had changes within hours of each other
		o := &offsets[int(n)%len(zones)]
		all := slowInstants(o.zone, local)
		first, second := o.Instants(local)
		switch len(all) {
		case 0: // it is skipped
			if before := o.East(first - 26*hour); first != second || o.East(first) == before || first != local-before {
				t.Errorf("%s: Instants(%d) = %d, %d, which the clock skips", o.zone, local, first, second)
			}
		default:
			if first != all[len(all)-1] && first != all[0] || second != all[0] && second != all[len(all)-1] || first > second || (len(all) == 1) != (first == second) {
				t.Errorf("%s: Instants(%d) = %d, %d, want %v", o.zone, local, first, second, all)
			}
		}
		at := in(local, o.zone)
		if _, east := at.Zone(); o.East(local) != int64(east)*1e9 {
			t.Errorf("%s: East(%d) = %d, want %d s", o.zone, local, o.East(local), east)
		}
		if h, want := o.Hour(local), float64(at.Hour())+float64(at.Minute())/60+float64(at.Second())/3600; math.Abs(h-want) > 1e-9 {
			t.Errorf("%s: Hour(%d) = %v, want %v", o.zone, local, h, want)
		}
		if d, want := o.Weekday(local), (int(at.Weekday())+6)%7+1; d != want {
			t.Errorf("%s: Weekday(%d) = %d, want %d", o.zone, local, d, want)
		}
		w := NewWriter(o.zone)
		if got, want := string(w.Append(nil, local)), at.Format("2006-01-02T15:04:05.999999999-07:00"); got != want && o.zone != nil {
			t.Errorf("%s: Append(%d) = %s, want %s", o.zone, local, got, want)
		}
	})
}

// An offset with seconds cannot be written, so the time is in UTC.
func TestWriteOffsetWithSeconds(t *testing.T) {
	w := NewWriter(zone(t, "Europe/Berlin"))
	for _, c := range []struct {
		ns   int64
		want string
	}{
		{-4e9 * second, "1843-03-31T16:53:20Z"}, // +00:53:28
		{1777636803 * second, "2026-05-01T14:00:03+02:00"},
		{1767268803 * second, "2026-01-01T13:00:03+01:00"},
		{-4e9*second + 1, "1843-03-31T16:53:20.000000001Z"},
	} {
		if got := string(w.Append(nil, c.ns)); got != c.want {
			t.Errorf("Append(%d) = %s, want %s", c.ns, got, c.want)
		}
	}
}

func TestCalendar(t *testing.T) {
	for _, c := range []struct {
		name, zone string
		d          int64
		t          string
		floor      string
		next, back string
	}{
		{"a day of 23 hours", "Europe/Berlin", day, "2026-03-29T12:00:00+02:00", "2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00", "2026-03-28T12:00:00+01:00"},
		{"its end", "Europe/Berlin", day, "2026-03-30T00:00:00+02:00", "2026-03-30T00:00:00+02:00", "2026-03-31T00:00:00+02:00", "2026-03-29T00:00:00+01:00"},
		{"a day of 25 hours", "Europe/Berlin", day, "2026-10-25T12:00:00+01:00", "2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00", "2026-10-24T12:00:00+02:00"},
		{"its end", "Europe/Berlin", day, "2026-10-26T00:00:00+01:00", "2026-10-26T00:00:00+01:00", "2026-10-27T00:00:00+01:00", "2026-10-25T00:00:00+02:00"},
		{"a day that begins at one", "America/Sao_Paulo", day, "2018-11-04T05:00:00-02:00", "2018-11-04T01:00:00-02:00", "2018-11-05T00:00:00-02:00", "2018-11-03T05:00:00-03:00"},
		{"its begin", "America/Sao_Paulo", day, "2018-11-04T01:00:00-02:00", "2018-11-04T01:00:00-02:00", "2018-11-05T00:00:00-02:00", "2018-11-03T00:00:00-03:00"},
		{"a midnight that comes twice", "America/Havana", day, "2026-11-01T00:30:00-05:00", "2026-11-01T00:00:00-04:00", "2026-11-02T00:00:00-05:00", "2026-10-31T00:30:00-04:00"},
		{"before a day that is skipped", "Pacific/Apia", day, "2011-12-29T12:00:00-10:00", "2011-12-29T00:00:00-10:00", "2011-12-31T00:00:00+14:00", "2011-12-28T12:00:00-10:00"},
		{"a week with 23 hours in it", "Europe/Berlin", week, "2026-03-27T12:00:00+01:00", "2026-03-23T00:00:00+01:00", "2026-03-30T00:00:00+02:00", "2026-03-20T12:00:00+01:00"},
		{"its end", "Europe/Berlin", week, "2026-03-30T00:00:00+02:00", "2026-03-30T00:00:00+02:00", "2026-04-06T00:00:00+02:00", "2026-03-23T00:00:00+01:00"},
		{"a week of UTC", "UTC", week, "2026-05-01T12:00:00Z", "2026-04-27T00:00:00Z", "2026-05-04T00:00:00Z", "2026-04-24T12:00:00Z"},
		{"before 1970", "UTC", week, "1969-12-31T12:00:00Z", "1969-12-29T00:00:00Z", "1970-01-05T00:00:00Z", "1969-12-24T12:00:00Z"},
		{"two days", "Europe/Berlin", 2 * day, "2026-03-29T12:00:00+02:00", "2026-03-28T00:00:00+01:00", "2026-03-30T01:00:00+02:00", "2026-03-27T11:00:00+01:00"},
		{"three hours", "Asia/Kolkata", 3 * hour, "2026-05-01T12:00:00+05:30", "2026-05-01T11:30:00+05:30", "2026-05-01T14:30:00+05:30", "2026-05-01T09:00:00+05:30"},
	} {
		at := func(s string) int64 {
			x, err := time.Parse(time.RFC3339, s)
			if err != nil {
				t.Fatal(err)
			}
			return x.UnixNano()
		}
		w := NewWriter(zone(t, c.zone))
		k := NewCalendar(c.d, w.offsets.zone)
		for _, m := range []struct {
			what      string
			got, want int64
		}{
			{"Floor", k.Floor(at(c.t)), at(c.floor)},
			{"Next", k.Next(at(c.t)), at(c.next)},
			{"Ceil", k.Ceil(at(c.t) - 1), map[bool]int64{true: at(c.t), false: at(c.next)}[c.t == c.floor]},
			{"Back", k.Back(at(c.t)), at(c.back)},
		} {
			if m.got != m.want {
				t.Errorf("%s: %s(%s) = %s, want %s", c.name, m.what, c.t, w.Append(nil, m.got), w.Append(nil, m.want))
			}
		}
	}
}

// FuzzCalendar holds what makes boundaries boundaries, in any zone: they are at
// midnight or where the clock skips it, on Mondays for weeks, and no other
// midnight lies between two of them.
func FuzzCalendar(f *testing.F) {
	zones := []string{"Europe/Berlin", "America/Sao_Paulo", "America/Havana", "Pacific/Apia", "Asia/Kolkata", "UTC", "Australia/Lord_Howe"}
	for i, sec := range []int64{1774747800, 1541300400, 1793507400, 1325282400, 1777636800, 4102444800} {
		f.Add(sec, uint8(i), uint16(1))
		f.Add(sec, uint8(i), uint16(7))
		f.Add(sec, uint8(i), uint16(30))
	}
	f.Fuzz(func(t *testing.T, sec int64, n uint8, days uint16) {
		at := int64(uint64(sec)%uint64(endSecond-86400*100)) * second
		z := zone(t, zones[int(n)%len(zones)])
		d := int64(days%60+1) * day
		k := NewCalendar(d, z)
		from, to := k.Floor(at), k.Next(at)
		if from > at || to <= at || k.Ceil(at) != at && k.Ceil(at) != to || (k.Ceil(at) == at) != (from == at) || k.Floor(to) != to || k.Ceil(from) != from {
			t.Fatalf("%v, %d days: Floor(%d) = %d, Next %d, Ceil %d", z, d/day, at, from, to, k.Ceil(at))
		}
		if back := k.Back(to); back != from {
			t.Errorf("%v, %d days: Back(%d) = %d, want %d", z, d/day, to, back, from)
		}
		if d != day && d != week {
			if to-from != d {
				t.Errorf("%v, %d days: from %d to %d", z, d/day, from, to)
			}
			return
		}
		if h, m, _ := in(from-1, z).Clock(); h != 23 && !(h == 0 && m >= 29) || m != 59 && m != 29 {
			t.Errorf("%v: the moment before %d is %d:%d", z, from, h, m)
		}
		if length := to - from; length < d-25*hour || length > d+hour {
			t.Errorf("%v, %d days: from %d to %d", z, d/day, from, to)
		}
		if o := NewOffsets(z); d == week && o.Weekday(from) != 1 {
			t.Errorf("%v: a week begins on day %d", z, o.Weekday(from))
		}
	})
}

// Within the stretch that Day tells, hour and weekday are what it says; at its end
// the clock shows midnight or is changed.
func TestDay(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	for _, name := range []string{"UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu"} {
		z := zone(t, name)
		o := NewOffsets(z)
		for range 2000 {
			at := int64(moment) + rnd.Int64N(3*365)*day + rnd.Int64N(day)
			from, until := o.Day(at)
			then := at + rnd.Int64N(until-at)
			if got, want := o.Hour(then), float64(then-from)/float64(hour); got != want || o.Weekday(then) != o.Weekday(at) {
				t.Fatalf("%s: hour at %d is %v, want %v; weekday %d and %d", name, then, got, want, o.Weekday(then), o.Weekday(at))
			}
			if changed := o.East(until) != o.East(until-1); !changed && o.Hour(until) != 0 || until > at+day {
				t.Fatalf("%s: the day of %d ends at %d, where it is %v", name, at, until, o.Hour(until))
			}
		}
	}
}

func BenchmarkEast(b *testing.B) {
	o := NewOffsets(zone(b, "Europe/Berlin"))
	t := int64(moment)
	for b.Loop() {
		o.Instants(t + o.East(t))
		t += second
	}
}
