package clock

import (
	"testing"
	"time"
)

// FuzzRecent holds that it does not matter which time was read before.
func FuzzRecent(f *testing.F) {
	for _, c := range autoTimes {
		f.Add(c.in, "2026-05-01T12:00:03Z", c.in)
	}
	for _, c := range [][3]string{
		{"2026-05-01T12:00:03.25Z", "2026-05-01T12:00:59.99Z", "2026-05-01T12:00:60.00Z"},
		{"2026-05-01 12:00:03", "2026-05-01 12:00:3x", "2026-05-01 12:00:04"},
		{"2026-05-01 12:00:03,123+02:00", "2026-05-01 12:00:04.123+02:00", "2026-05-01 12:00:05,123+01:00"},
		{"2026-05-01T12:00:03.1x", "2026-05-01T12:00:03.12Z", "2026-05-01T12:00:03.1xZ"},
		{"2026-05-01T12:00:03.12Z", "2026-05-01T12:00:03.1xZ", "2026-05-01T12:00:03x12Z"},
		{"2261-12-31T23:59:58-00:00", "2261-12-31T23:59:59-00:01", "1677-12-31T23:59:59+00:01"},
		{"2026-05-01T12:00:03.1234567891Z", "2026-05-01T12:00:03.1234567899Z", "2026-05-01T12:00x03.1234567899Z"},
	} {
		f.Add(c[0], c[1], c[2])
	}
	f.Fuzz(func(t *testing.T, first, second, third string) {
		for _, zone := range []*time.Location{nil, time.FixedZone("", 3600)} {
			for _, format := range []string{"", "unix", "%Y-%m-%dT%H:%M:%S"} {
				r, err := NewReader(format, zone)
				if err != nil {
					t.Fatal(err)
				}
				recent := Recent{Reader: r}
				for _, s := range []string{first, second, third, second, first, first} {
					ns, east, ok := recent.Parse([]byte(s), '.')
					wantNS, wantEast, wantOK := r.Parse([]byte(s), '.')
					if ok != wantOK || ok && (ns != wantNS || east != wantEast) {
						t.Errorf("%q after others of %q = %d, %d, %v, want %d, %d, %v", s, []string{first, second, third}, ns, east, ok, wantNS, wantEast, wantOK)
					}
				}
			}
		}
	})
}

func BenchmarkRecent(b *testing.B) {
	texts := [][]byte{[]byte("2026-05-01T12:00:03.125Z"), []byte("2026-05-01T12:00:03.250Z")}
	r, _ := NewReader("", nil)
	recent := Recent{Reader: r}
	for _, c := range []struct {
		name  string
		parse func([]byte, byte) (int64, int32, bool)
	}{{"by=recent", recent.Parse}, {"by=reader", r.Parse}} {
		b.Run(c.name, func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				c.parse(texts[i&1], '.')
			}
		})
	}
}
