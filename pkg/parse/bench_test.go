package parse

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// benchParse measures the parse stage on a block of the lines.
func benchParse(b *testing.B, c Config, data []byte) {
	s, err := NewSchema(c)
	if err != nil {
		b.Fatal(err)
	}
	block := Block{Data: data, Origin: &Origin{}}
	if err := s.Enter(&block); err != nil || !s.Known() {
		b.Fatal(err, s.Known())
	}
	p := NewParser(s)
	var dst Batch
	p.Parse(&block, &dst)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		p.Parse(&block, &dst)
	}
	lines := float64(bytes.Count(data, []byte{'\n'}))
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/lines, "ns/line")
	if len(dst.Bad) > 0 {
		b.Fatal(dst.Bad[0])
	}
}

// linesOf is n lines, made by f.
func linesOf(n int, f func(r *rand.Rand, i int) string) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	var out strings.Builder
	for i := range n {
		out.WriteString(f(r, i))
		out.WriteByte('\n')
	}
	return []byte(out.String())
}

func flatJSON(r *rand.Rand, i int) string {
	return fmt.Sprintf(`{"time":%d.%03d,"sensor":"s%03d","temp":%.2f,"hum":%.1f,"status":"ok","seq":%d}`,
		1777636803+i/10, i%10*100, r.IntN(100), r.Float64()*100, r.Float64()*100, i)
}

func BenchmarkParse(b *testing.B) {
	six := func(r *rand.Rand, _ int) string { return fmt.Sprintf("%.6f", r.Float64()*100) }
	full := func(r *rand.Rand, _ int) string { return fmt.Sprint(r.Float64()) }
	mixed := func(r *rand.Rand, i int) string {
		if i%2 == 0 {
			return fmt.Sprintf(`{"sensor":"s%03d","temp":%.2f}`, r.IntN(100), r.Float64()*100)
		}
		return flatJSON(r, i)
	}
	ragged := func(r *rand.Rand, _ int) string {
		s := `{"sensor":"s1"`
		for i := range 8 {
			if r.IntN(2) == 0 {
				s += fmt.Sprintf(`,"m%d":%d`, i, i)
			}
		}
		return s + `,"temp":21.5}`
	}
	keyed := Config{Keys: []string{"sensor"}, Fields: []string{"temp"}}
	timed := Config{Keys: []string{"sensor"}, Fields: []string{"temp"}, Time: "time"}
	for _, c := range []struct {
		name string
		c    Config
		data []byte
	}{
		{"format=num/in=6digits", Config{Format: "num"}, linesOf(20000, six)},
		{"format=num/in=17digits", Config{Format: "num"}, linesOf(10000, full)},
		{"format=num/in=integers", Config{Format: "num"}, linesOf(20000, func(r *rand.Rand, _ int) string { return fmt.Sprint(r.IntN(10000)) })},
		{"format=json/in=flat/t=no", keyed, linesOf(2800, flatJSON)},
		{"format=json/in=flat/t=time", timed, linesOf(2800, flatJSON)},
		{"format=json/in=mixed/t=no", keyed, linesOf(2800, mixed)},
		{"format=json/in=ragged/t=no", keyed, linesOf(2800, ragged)},
	} {
		b.Run(c.name, func(b *testing.B) { benchParse(b, c.c, c.data) })
	}
}

// BenchmarkLayouts measures records that differ from those before them, against
// the same ones without what makes them differ.
func BenchmarkLayouts(b *testing.B) {
	c := Config{Keys: []string{"sensor"}, Fields: []string{"temp"}, Time: "time"}
	member := func(r *rand.Rand, name string) string { return fmt.Sprintf(`,"%s":%d`, name, r.IntN(1000)) }
	for _, l := range []struct {
		name string
		line func(r *rand.Rand, i int) string
	}{
		{"fixed", flatJSON},
		{"escaped", func(r *rand.Rand, i int) string {
			return strings.Replace(flatJSON(r, i), `"ok"`, `"a \"b\" \u00e9\n"`, 1)
		}},
		{"members", func(r *rand.Rand, i int) string {
			s := strings.TrimSuffix(flatJSON(r, i), "}")
			for k := range 5 {
				s += member(r, fmt.Sprint("opt", k))
			}
			return s + "}"
		}},
		{"optional", func(r *rand.Rand, i int) string {
			s := strings.TrimSuffix(flatJSON(r, i), "}")
			for k := range 5 {
				if r.IntN(2) == 0 {
					s += member(r, fmt.Sprint("opt", k))
				}
			}
			return s + "}"
		}},
		{"shuffled", func(r *rand.Rand, i int) string {
			parts := strings.Split(strings.Trim(flatJSON(r, i), "{}"), ",")
			r.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
			return "{" + strings.Join(parts, ",") + "}"
		}},
	} {
		b.Run("records="+l.name, func(b *testing.B) { benchParse(b, c, linesOf(2800, l.line)) })
	}
}
