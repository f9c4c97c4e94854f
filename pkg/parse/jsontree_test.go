package parse

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
)

// longJSON is a record of n bytes whose last field is beyond what comes before.
func longJSON(n int, unit string) string {
	const head, tail = `{"sensor":"\u0061","x":[`, `1],"temp":21.5}`
	room := n - len(head) - len(tail)
	return head + strings.Repeat(unit, room/len(unit)) + strings.Repeat(" ", room%len(unit)) + tail
}

// longText is a value that takes a tree little room.
var longText = `"` + strings.Repeat("a", 70) + `",`

// TestJSONLong holds that nobody sees where trees are no longer made.
func TestJSONLong(t *testing.T) {
	c := Config{Fields: []string{"temp"}, Keys: []string{"sensor"}}
	for _, n := range []int{100, largeLine, largeLine + 1, 2 * maxValues, 3 * maxValues, maxTree, maxTree + 1} {
		for _, unit := range []string{"1,", longText} {
			in := longJSON(n, unit)
			if got, want := sameJSON(t, c, in+"\n"+in+"\n"), "1: [a] 21.5\n2: [a] 21.5\n"; got != want || len(in) != n {
				t.Errorf("batch of lines of %d bytes = %q, want %q", len(in), got, want)
			}
		}
	}
}

// TestClimb says which lines fastjson reads.
func TestClimb(t *testing.T) {
	s, _ := NewSchema(Config{Format: "json", Fields: []string{"temp", "env.temp"}})
	d := newJSONDecoder(s)
	for _, c := range []struct {
		name, in string
		want     bool
	}{
		{"flat", `{"temp":1,"x":"\u00e9"}`, true},
		{"nested", `{"env":{"temp":1},"x":[{}]}`, true},
		{"up to 64 KiB", longJSON(maxTree, longText), true},
		{"longer", longJSON(maxTree+1, longText), false},
		{"1024 values", `{"x":[1` + strings.Repeat(",1", maxValues-2) + "]}", true},
		{"more", `{"x":[1` + strings.Repeat(",1", maxValues-1) + "]}", false},
		{"1025 arrays", `{"x":[[]` + strings.Repeat(",[]", maxValues/2) + "]}", false},
		{"not JSON", `{"temp":01}`, false},
		{"not an object", `[]`, false},
		{"too deep", `{"x":` + deep(64) + `}`, false},
		{"half a pair", `{"\uD800":1}`, false},
		{"an array for a number", `{"temp":[1]}`, false},
		{"an empty array for a number", `{"temp":[]}`, false},
		{"an object for a number", `{"temp":{}}`, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := d.climb([]byte(c.in)); got != c.want {
				t.Errorf("fastjson reads %.40s: %v, want %v", c.in, got, c.want)
			}
		})
	}
}

// TestClimbAllocs holds that a record costs no allocation on fastjson's way.
func TestClimbAllocs(t *testing.T) {
	s, _ := NewSchema(Config{Format: "json", Fields: []string{"temp", "env.temp"}, Keys: []string{"sensor"}})
	d := newJSONDecoder(s)
	lines := bytes.Split(bytes.TrimSpace(linesOf(200, func(r *rand.Rand, i int) string {
		return fmt.Sprintf(`{"sensor":"s\u00e9%d","temp":%v,"env":{"temp":%d},"x":[%s1]}`, i, r.Float64(), i, strings.Repeat("1,", r.IntN(9)))
	})), []byte{'\n'})
	all := func() {
		for _, l := range lines {
			if !d.climb(l) {
				t.Fatalf("fastjson does not read %s", l)
			}
		}
	}
	all()
	if n := testing.AllocsPerRun(10, all); n > 0 {
		t.Errorf("%v allocations for %d records", n, len(lines))
	}
	if n := cap(d.raw); n > 1<<10 {
		t.Errorf("%d bytes kept for the values of one record", n)
	}
}

// TestSkeletonLearned holds that a line read from its tree is learned, so that
// those like it go the short way: what FuzzJSON compares is then three ways.
func TestSkeletonLearned(t *testing.T) {
	s, _ := NewSchema(Config{Format: "json", Fields: []string{"temp", "env.temp"}, Keys: []string{"sensor"}})
	d, r, dst := newJSONDecoder(s), newRecord(s), Batch{}
	dst.columns(r)
	first := []byte(`{"sensor":"a","temp":1,"env":{"temp":2}}`)
	next := []byte(`{"sensor":"bcd","temp":-1.5,"env":{"temp":20}}` + "\n")
	r.enter(&dst, next)
	for range 2 { // the first miss is forgiven
		r.begin(1)
		d.decode(r, first)
	}
	if n, lines := d.run(r, next, 2); n != len(next) || lines != 1 {
		t.Fatalf("%d bytes and %d lines go the short way, want %d and 1", n, lines, len(next))
	}
	if got := fmt.Sprintf("%s %v", dst.Key, dst.Col); got != "[bcd] [[-1.5] [20]]" {
		t.Errorf("record = %s", got)
	}
}

// TestClimbMemory holds what a decoder keeps when each line is made to have its
// longest array and object where those before had none.
func TestClimbMemory(t *testing.T) {
	const most = 2 << 20
	for _, size := range []int{largeLine, largeLine + 1, 2 << 10, maxLarge - 1, maxTree} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			s, _ := NewSchema(Config{Format: "json", Fields: []string{"temp"}})
			d := newJSONDecoder(s)
			before, steps, got := liveHeap(), 256, int64(0)
			for i := range steps {
				for _, unit := range []string{"1,", `"":1,`} {
					if line := hostileTree(size, i, steps, unit); !d.climb([]byte(line)) {
						t.Fatalf("fastjson does not read %.40s…", line)
					}
					if i%16 == 15 {
						got = max(got, int64(liveHeap())-int64(before))
					}
				}
			}
			if got > most {
				t.Errorf("a decoder keeps %d bytes after lines of %d, want at most %d", got, size, most)
			}
			runtime.KeepAlive(d)
		})
	}
}

// hostileTree is a line of n bytes with as many values as a tree may have, the
// first i/of of them numbers before one long array, or object if the units are
// members.
func hostileTree(n, i, of int, unit string) string {
	open, end := "[", "1]"
	if unit[0] == '"' {
		open, end = "{", `"":1}`
	}
	room := n - 20
	before := min(room/2, maxValues-8) * i / of
	head := `{"x":[` + strings.Repeat("1,", before) + open
	after := min((room-2*before)/len(unit), maxValues-8-before)
	line := head + strings.Repeat(unit, max(0, after)) + end + "]"
	return line + strings.Repeat(" ", n-len(line)-1) + "}"
}

// TestJSONGarbage holds that lines of any size leave the garbage collector at
// most 512 KiB each: 14 MB, which a tree of the last one would, let many of
// them outrun it.
func TestJSONGarbage(t *testing.T) {
	for _, size := range []int{4 << 10, 16 << 10, maxTree, 1 << 20} {
		for _, unit := range []string{"1,", "[],", "{},", `{"":1},`, longText} {
			s, _ := NewSchema(Config{Format: "json", Fields: []string{"temp"}, Keys: []string{"sensor"}})
			p, dst := NewParser(s), Batch{}
			b := &Block{Data: []byte(longJSON(size, unit)), Origin: &Origin{}}
			if err := s.Enter(b); err != nil {
				t.Fatal(err)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			p.Parse(b, &dst)
			runtime.ReadMemStats(&after)
			if n := after.TotalAlloc - before.TotalAlloc; n > 512<<10 || dst.Len() != 1 {
				t.Errorf("%d bytes of %.10s… leave %d bytes and %d records", size, unit, n, dst.Len())
			}
		}
	}
}

func liveHeap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
