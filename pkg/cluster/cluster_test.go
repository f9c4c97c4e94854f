package cluster

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// The partition of a key is FNV-1a of 32 bits, modulo their number, as the server's
// partition() has it.
func TestPartitionOf(t *testing.T) {
	for _, c := range []struct {
		key  string
		n    int
		want int // of fnv.New32a as its authors list it, and hash; TestServerPartitions asks the server
	}{
		{"s1", 16, hash("s1") % 16}, {"s24", 16, hash("s24") % 16}, {"", 16, 0x811c9dc5 % 16},
		{"a", 1 << 12, 0xe40c292c % (1 << 12)}, {"foobar", 1000, 0xbf9cf968 % 1000}, {"Küche", 3, hash("Küche") % 3}, {"x", 1, 0},
	} {
		if got := partitionOf([]byte(c.key), c.n); got != c.want {
			t.Errorf("partition of %q of %d: %d, want %d", c.key, c.n, got, c.want)
		}
	}
}

// hash is FNV-1a as its authors write it down.
func hash(s string) int {
	h := uint32(2166136261)
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return int(h)
}

// The server is told what it must have, on a subject with wildcards.
func TestExpect(t *testing.T) {
	m := message("p.out.main.3.rows", []byte("x\n"), headerIn, "17", headerRows, "4")
	expect(m, "p.out.main.3.*", 12)
	for name, want := range map[string]string{
		"Rtda-In": "17", "Rtda-Rows": "4",
		jetstream.ExpectedLastSubjSeqHeader: "12", jetstream.ExpectedLastSubjSeqSubjHeader: "p.out.main.3.*",
	} {
		if got := m.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// Large messages are packed where that makes them much smaller, and unpacked into the
// room of the one before; what is not as its header says stays as it is.
func TestPack(t *testing.T) {
	lines := []byte(strings.Repeat("{\"k\":\"a\",\"v\":1}\n", 1000))
	random := make([]byte, len(lines))
	rand.NewChaCha8([32]byte{}).Read(random)
	for _, c := range []struct {
		name   string
		data   []byte
		packed bool
	}{{"lines", lines, true}, {"few lines", lines[:worthPacking-1], false}, {"what cannot be packed", random, false}} {
		m := message("s", c.data)
		pack(m)
		if got := len(m.Data) < len(c.data)/2; got != c.packed || c.packed != (m.Header.Get(headerPack) == "s2") {
			t.Errorf("%s: %d bytes of %d, %v", c.name, len(m.Data), len(c.data), m.Header)
		}
		dst := make([]byte, 2*len(lines))
		plain, packed := unpack(dst, m.Header, m.Data)
		if !bytes.Equal(plain, c.data) || packed != c.packed || packed && &plain[0] != &dst[0] {
			t.Errorf("%s: %d bytes come out, packed %v", c.name, len(plain), packed)
		}
	}
	huge := binary.AppendUvarint(nil, maxUnpacked+1)
	for _, data := range [][]byte{lines, nil, huge} {
		if plain, packed := unpack(nil, nats.Header{headerPack: {"s2"}}, data); packed || !bytes.Equal(plain, data) {
			t.Errorf("%d bytes that are not packed: %v", len(data), packed)
		}
	}
}

// Output is cut between lines, into parts that are as large as they may be.
func TestCutLines(t *testing.T) {
	for _, c := range []struct {
		in   string
		want []string // of parts of 8 bytes
	}{
		{"one\n", []string{"one\n"}},
		{"one\ntwo\nsix\n", []string{"one\ntwo\n", "six\n"}},
		{"1234567\n1234567\n", []string{"1234567\n", "1234567\n"}},
		{"1\n12345678\n", []string{"1\n", "too long"}},
	} {
		var got []string
		for b := []byte(c.in); len(b) > 0; {
			n, err := cutLines(b, 8)
			if err != nil {
				got = append(got, "too long")
				break
			}
			got = append(got, string(b[:n]))
			b = b[n:]
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.in, got, c.want)
		}
	}
}

// Every row gets its partition and its number, in each format.
func TestAppendRows(t *testing.T) {
	for _, c := range []struct{ format, in, want string }{
		{"text", "k=a mean=1\nk=b mean=2\n", "k=a mean=1 partition=3 sequence=8\nk=b mean=2 partition=3 sequence=9\n"},
		{"json", "{\"k\":\"}\"}\n{}\n", "{\"k\":\"}\",\"partition\":3,\"sequence\":8}\n{\"partition\":3,\"sequence\":9}\n"},
		{"influx", "rtda,k=a mean=1 17\nrtda,k=a\\ 7 mean=1\nrtda mean=1 -5\n",
			"rtda,k=a mean=1,partition=3i,sequence=8i 17\nrtda,k=a\\ 7 mean=1,partition=3i,sequence=9i\nrtda mean=1,partition=3i,sequence=10i -5\n"},
	} {
		if got := string(appendRows(nil, []byte(c.in), c.format, "3", 7)); got != c.want {
			t.Errorf("%s: %q, want %q", c.format, got, c.want)
		}
	}
}

// Alerts that are objects are shown as their text.
func TestTexts(t *testing.T) {
	in := `{"state":"firing","text":"ALERT warn \"a b\" k=\u003c"}` + "\n" + `{"text":"RESOLVED"}` + "\n"
	if got, want := string(texts([]byte(in))), "ALERT warn \"a b\" k=<\nRESOLVED\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// The table of what workers do not take has a reason for each flag, and none twice.
func TestRefusals(t *testing.T) {
	always := map[string]bool{}
	for _, r := range refusals {
		if r.why == "" || strings.HasSuffix(r.why, ".") {
			t.Errorf("--%s: the reason %q", r.flag, r.why)
		}
		if r.when == nil && always[r.flag] {
			t.Errorf("--%s is there twice", r.flag)
		}
		always[r.flag] = always[r.flag] || r.when == nil
		if r.when == nil && Refuses(r.flag) != r.why {
			t.Errorf("--%s is not refused", r.flag)
		}
	}
	if Refuses("window") != "" {
		t.Error("--window is refused")
	}
}

// Flags that differ are named, with both values.
func TestFirstDifference(t *testing.T) {
	a := groupRecord{Flags: [][2]string{{"-i", "json"}, {"-w", "5m"}}}
	b := groupRecord{Flags: [][2]string{{"-i", "json"}, {"-w", "1h"}}}
	if name, was, is := firstDifference(a, b, 2); name != "-w" || was != "5m" || is != "1h" {
		t.Error(name, was, is)
	}
	if name, _, _ := firstDifference(a, b, 1); name != "" {
		t.Error("what is behind the first differs")
	}
	if name, _, _ := firstDifference(a, a, 2); name != "" {
		t.Error("it differs from itself")
	}
}

// The streams of a set are as docs/scale.md says, and the server splits by the last *.
func TestStreams(t *testing.T) {
	c := InitConfig{Set: Set{Stream: "plant"}, Partitions: 16, Replicas: 3, Subject: "site.*.sensors.*"}
	all := c.streams()
	if in := all[0]; in.SubjectTransform.Destination != "plant.in.{{partition(16,2)}}.{{wildcard(2)}}" || in.Metadata[partitionsKey] != "16" {
		t.Errorf("%+v", in)
	}
	for _, s := range all {
		if s.Storage != jetstream.FileStorage || !s.AllowAtomicPublish || !s.AllowDirect || s.Replicas != 3 || s.Retention != jetstream.LimitsPolicy {
			t.Errorf("%+v", s)
		}
	}
}
