package parse

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/influxdata/line-protocol/v2/lineprotocol"

	"rtda/pkg/clock"
	"rtda/pkg/num"
)

func TestInflux(t *testing.T) {
	x := Config{Fields: []string{"x"}, NoTime: true}
	keyed := Config{Fields: []string{"x"}, Keys: []string{"k"}, NoTime: true}
	testFormat(t, "influx", []formatCase{
		{"numbers of the first good line are measured", Config{}, []string{"m,k=1 a=1,b=\"2\",c=3i,d=t,e=4u 1000\nm a=5 2000\n"}, "1: @1000000000000 1 3 1 4\n2: @2000000000000 5 NaN NaN NaN\n"},
		{"types", x, []string{"m x=1.5\nm x=-2i\nm x=18446744073709551615u\nm x=9007199254740993i\nm x=1e3\nm x=.5\n"},
			"1: 1.5\n2: -2\n3: 1.8446744073709552e+19\n4: 9.007199254740992e+15\n5: 1000\n6: 0.5\n"},
		{"bad values", x, []string{"m x=\"1\"\nm x=true\nm x=1x\nm x=1.5i\nm x=9223372036854775808i\n"},
			"1: not-a-number \"1\"\n2: 1\n3: not-a-number \"1x\"\n4: not-a-number \"1.5\"\n5: not-a-number \"9223372036854775808\"\n"},
		{"more bad values", x, []string{"m x=-1u\nm x=0x10\nm x=1e999\n"}, "1: not-a-number \"-1\"\n2: not-a-number \"0x10\"\n3: not-a-number \"1e999\"\n"},
		{"coerce", Config{Fields: []string{"x", "k"}, NoTime: true, Coerce: true}, []string{"m,k=7 x=\" 21.5\"\nm,k=a x=\"b\"\nm,k=8 x=t\n"},
			"1: 21.5 7\n2: not-a-number \"b\"\n3: 1 8\n"},
		{"a tag is text", Config{Fields: []string{"k", "x"}, NoTime: true}, []string{"m,k=7 x=1\n"}, "1: NaN 1\n1: not-a-number \"7\" (value)\n"},
		{"keys", keyed, []string{"m,k=a\\ b\\,c x=1\nm k=\"a \\\"b\",x=2\nm k=7i,x=3\nm k=7.0,x=4\nm k=t,x=5\nm k=\"\",x=6\nm x=7\n"},
			"1: [a b,c] 1\n2: [a \"b] 2\n3: [7] 3\n4: [7.0] 4\n5: [t] 5\n6: [] 6\n7: missing-key \"k\"\n"},
		{"bad keys", keyed, []string{"m k=tomato,x=1\nm k=1.2.3,x=1\nm,k=" + strings.Repeat("y", 1025) + " x=1\n"},
			"1: bad-key \"tomato\"\n2: bad-key \"1.2.3\"\n3: bad-key \"" + strings.Repeat("y", 80) + "\"\n"},
		{"measurement", Config{Fields: []string{"x"}, Keys: []string{"measurement"}, NoTime: true}, []string{"m\\ 1 x=1\nm,measurement=n x=2\nm measurement=3i,x=3\n"},
			"1: [m 1] 1\n2: [n] 2\n3: [3] 3\n"},
		{"twice", keyed, []string{"m,k=a,k=b x=1\nm,k=a k=1,x=1\nm,k=a x=1,x=1\nm,k=a y=1,y=1,x=1\n"},
			"1: duplicate-field \"k\"\n2: duplicate-field \"k\"\n3: duplicate-field \"x\"\n4: [a] 1\n"},
		{"not a record", x, []string{"m\nm x\nm x=\nm, x=1\n,a=b x=1\nm x=1\n"},
			"1: not-a-record \"m\"\n2: not-a-record \"m x\"\n3: not-a-record \"m x=\"\n4: not-a-record \"m, x=1\"\n5: not-a-record \",a=b x=1\"\n6: 1\n"},
		{"nor these", x, []string{"m x=1 2 3\nm x=1 abc\nm x=\"a\nm x=1\n"},
			"1: not-a-record \"m x=1 2 3\"\n2: not-a-record \"m x=1 abc\"\n3: not-a-record \"m x=\\\"a\"\n4: 1\n"},
		{"invalid UTF-8", x, []string{"m,a=\xff x=1\n"}, "1: not-a-record \"m,a=\\xff x=1\"\n"},
		{"comments", x, []string{"# a\n  #b\nm x=1\n#\x01\nm x=2\n"}, "3: 1\n5: 2\n"},
		{"each line", Config{NoTime: true, EveryLine: true}, []string{"# a\n\nm x=1\n#\n"}, "1: blank\n2: blank\n3: 1\n4: blank\n"},
		{"the line's timestamp", Config{Fields: []string{"x"}}, []string{"m x=1 -200000000000000000\nm x=2\nm x=3 9223372036854775807\nm x=4 1-2\nm x=5 9214646399999999999\r\n"},
			"1: @-200000000000000000 1\n2: bad-time\n3: bad-time \"9223372036854775807\"\n4: bad-time \"1-2\"\n5: @9214646399999999999 5\n"},
		{"another time", Config{Fields: []string{"x"}, Time: "t", TimeFormat: "ms"}, []string{"m,t=1 x=1 5\nm t=2i,x=2\nm t=\"3.5\",x=3\nm x=4 5\nm t=f,x=5\n"},
			"1: @1000000 1\n2: @2000000 2\n3: @3500000 3\n4: bad-time\n5: bad-time \"f\"\n"},
		{"records that end in NUL", Config{NUL: true, Fields: []string{"x"}, Keys: []string{"k"}, NoTime: true},
			[]string{"m k=\"a\nb\",x=1\x00m,k=a x=1\nm,k=a x=2\x00m,k=a x=3"},
			"1: [a\nb] 1\n2: not-a-record \"m,k=a x=1\\nm,k=a x=2\"\n3: [a] 3\n"},
		{"long lines between short ones", keyed, []string{"m,k=a x=1\nm,k=b y=\"" + strings.Repeat("y", maxFed) + "\",x=2\nm,k=c x=3\n"}, "1: [a] 1\n2: [b] 2\n3: [c] 3\n"},
	})
}

// A decoder is used for more bytes than the library's keeps in bounds.
func TestInfluxManyLines(t *testing.T) {
	s, err := NewSchema(Config{Format: "influx", Fields: []string{"x"}})
	if err != nil {
		t.Fatal(err)
	}
	line := "m,k=" + strings.Repeat("y", 500) + " x=1 1000\n"
	b := Block{Data: []byte(strings.Repeat(line, 20000)), Origin: &Origin{}}
	if err := s.Enter(&b); err != nil {
		t.Fatal(err)
	}
	p := NewParser(s)
	var dst Batch
	if used := heapUsed(func() { p.Parse(&b, &dst) }); dst.Len() != 20000 || used > 40<<20 {
		t.Errorf("%d records of 20000 took %d MiB", dst.Len(), used>>20)
	}
	if n := cap(p.dec.(*influxDecoder).name); n > 1000 {
		t.Errorf("%d bytes for a name", n)
	}
}

// slowEntry is the slow twin of influxDecoder.walk.
func slowEntry(line []byte) (said []string, ok bool) {
	dec := lineprotocol.NewDecoderWithBytes(append(bytes.Clone(line), "\r\n"...))
	if !dec.Next() || bytes.HasPrefix(num.Trim(line), []byte("#")) {
		return nil, false
	}
	name, err := dec.Measurement()
	if err != nil {
		return nil, false
	}
	said = append(said, fmt.Sprintf("%q", name))
	for {
		name, value, err := dec.NextTag()
		if err != nil {
			return nil, false
		}
		if name == nil {
			break
		}
		said = append(said, fmt.Sprintf("%q=%v %q", name, lineprotocol.String, value))
	}
	for {
		name, kind, value, err := dec.NextFieldBytes()
		if err != nil {
			return nil, false
		}
		if name == nil {
			break
		}
		said = append(said, fmt.Sprintf("%q=%v %q", name, kind, value))
	}
	stamp, err := dec.TimeBytes()
	said = append(said, fmt.Sprintf("%q", stamp))
	return said, err == nil && !dec.Next()
}

func FuzzInflux(f *testing.F) {
	for _, s := range []string{"m x=1", "m,a=b x=1,y=\"z\" 5", "m", "#", "m x=\"", "m x=\"a\nb\"", "m x=1\nm x=2", "m\\ n x=1i", "m x=1 ", " m x=t", "m,a=b", "m x=1\r", "m x=1 1\r", "\xff x=1", `m x="\"\\"`, "m,a\\=b=c x=1"} {
		f.Add([]byte(s), []byte("m x=1 2"))
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		s, err := NewSchema(Config{Format: "influx", Fields: []string{"x"}})
		if err != nil {
			t.Fatal(err)
		}
		d := newInflux(s).(*influxDecoder)
		// One decoder for both lines: nothing of the first may be left.
		for _, line := range [][]byte{first, second} {
			want, wantOK := slowEntry(line)
			var got []string
			stamp, ok := d.walk(line, func(name []byte, kind lineprotocol.ValueKind, value []byte) {
				got = append(got, fmt.Sprintf("%q=%v %q", name, kind, value))
			})
			if bytes.HasPrefix(num.Trim(line), []byte("#")) {
				ok = false
			}
			got = append(append([]string{fmt.Sprintf("%q", d.name)}, got...), fmt.Sprintf("%q", stamp))
			if ok != wantOK && bytes.ToValidUTF8(line, nil) != nil && len(bytes.ToValidUTF8(line, nil)) == len(line) || ok && !slices.Equal(got, want) {
				t.Errorf("entry of %q = %v, %v, want %v, %v", line, got, ok, want, wantOK)
			}
		}
	})
}

// A slowInflux is an influxDecoder that leaves all lines to the library.
type slowInflux struct{ d *influxDecoder }

func (s slowInflux) decode(r *record, line []byte)            { s.d.decode(r, line) }
func (s slowInflux) fields(line []byte, f func([]byte, bool)) { s.d.fields(line, f) }

// FuzzInfluxPlain holds that plain lines are what the library makes of them.
func FuzzInfluxPlain(f *testing.F) {
	for _, s := range []string{"m x=1", "m,k=b x=1,y=\"z\" 5", "m,k=b,k=c x=1", "#m x=1", "m x=1i 1777636803", "m x=01,k=5u", "m x=-0.5e-3,k=\"\"", "m x=t,k=F 7", "m x=1 1777636803000000000\r",
		"m,k=a=b x=1", "m,k=é x=1", "m x=1,k=\"a b,c=d\"", "m x=99999999999999999999i", "m x=-1u", "m x=1 -5", "m  x=1", "m x=1 ", "m,=b x=1", "m x=tomato", "m x=1.", "m,k=\x01 x=1", "m=n x=1", "m,k=b", "m x=1 x=5", "m x=1,x=5", "m,x=1,k=c x=2", "m x=12345678.5,k=\"a\",z=-1234567890123456i 1777636803000000000", "m x=1e400,k=12345678901234567", "m k=1e700", "m x=1e5i,k=1.5u", "m x=-5i,y=5,z=-5.5e3,k=\"\" 0"} {
		f.Add(s, "m,k=a x=1 2")
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		in := strings.Join([]string{first, second, first, second + "\r", second, ""}, "\n")
		for _, c := range []Config{
			{Format: "influx", Keys: []string{"k"}, Fields: []string{"x"}, Texts: []string{"measurement", "x"}},
			{Format: "influx", Keys: []string{"measurement"}, Fields: []string{"x", "k"}, Time: "k", Coerce: true},
			{Format: "influx", Keys: []string{"k"}, Fields: []string{"x"}},
		} {
			got := jsonBatch(t, c, in, newInflux)
			want := jsonBatch(t, c, in, func(s *Schema) decoder { return slowInflux{newInflux(s).(*influxDecoder)} })
			if got != want {
				t.Errorf("batch of %q:\n got %s\nwant %s", in, got, want)
			}
		}
	})
}

// FuzzInfluxRecord proves that what is written is read back, whatever is in it.
func FuzzInfluxRecord(f *testing.F) {
	f.Add("k", 1.5, int64(1e17))
	f.Add("a \"quoted\",=\\ key", -1e300, int64(1777636803000000000))
	f.Fuzz(func(t *testing.T, key string, x float64, ns int64) {
		v, ok := lineprotocol.NewValue(x)
		if !ok || len(key) > maxKey || ns < clock.Min || ns >= clock.End || ns > -1e17 && ns < 1e17 {
			return
		}
		var e lineprotocol.Encoder
		e.StartLine("m")
		e.AddTag("k", key)
		e.AddField("x", v)
		e.EndLine(time.Unix(0, ns))
		if e.Err() != nil || strings.ContainsAny(key, "\r\n") {
			return
		}
		got := parseAll(t, Config{Format: "influx", Keys: []string{"k"}, Fields: []string{"x"}}, 0, string(e.Bytes()))
		if want := fmt.Sprintf("1: @%d [%s] %v\n", ns, key, x); got != want {
			t.Errorf("read back %q of %q, want %q", got, e.Bytes(), want)
		}
	})
}

func BenchmarkInflux(b *testing.B) {
	c := Config{Format: "influx", Keys: []string{"sensor"}, Fields: []string{"temp"}}
	b.Run("fields=4", func(b *testing.B) {
		benchParse(b, c, linesOf(2000, func(r *rand.Rand, i int) string {
			return fmt.Sprintf("env,sensor=s%03d temp=%.2f,hum=%.1f,status=\"ok\",seq=%di %d",
				r.IntN(100), r.Float64()*100, r.Float64()*100, i, 1777636803000000000+int64(i)*1e8)
		}))
	})
}
