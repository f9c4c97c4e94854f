package cmd

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"rtda/pkg/run"
)

// A torrent is text again and again, made as it is read, and watches how much
// memory is in use meanwhile.
type torrent struct {
	text  string
	left  int // bytes
	after string
	next  int // bytes left at which memory is looked at again
	peak  uint64
}

func (r *torrent) Read(b []byte) (int, error) {
	if r.left <= 0 {
		n := copy(b, r.after)
		if r.after = r.after[n:]; n == 0 {
			return 0, io.EOF
		}
		return n, nil
	}
	if r.left <= r.next {
		r.next = r.left - 8<<20
		r.peak = max(r.peak, heap())
	}
	n := 0
	for n < len(b) && r.left > 0 {
		k := copy(b[n:], r.text)
		n, r.left = n+k, r.left-k
	}
	return n, nil
}

// heap is how many bytes the heap takes now.
func heap() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse
}

// promised is the memory beside what windows hold, at the default limits.
func promised() uint64 { return 96<<20 + uint64(runtime.GOMAXPROCS(0))*4<<20 }

// A hundred megabytes in one line are one bad line in every format, in bounded
// memory, and the line behind it counts.
func TestHostileEndlessLine(t *testing.T) {
	for _, c := range []struct{ args, text, before, good string }{
		{"", "[", "", "1"},
		{"-f x", "[", "", `{"x":1}`},
		{"-f x", `{"x":`, `{"x":1}` + "\n", `{"x":1}`},
		{"-f x", `{"y":"\u0000`, "", `{"x":1}`},
		{"-i num", "9", "1\n", "1"},
		{"-i csv", `"`, "x\n", "1"},
		{"-i csv", `a,`, "x\n", "1"},
		{"-i tsv", "\t", "x\n", "1"},
		{"-i logfmt", "a=", "", "x=1"},
		{"-i logfmt", `a="\`, "", "x=1"},
		{"-i influx", `a\ ,`, "", "m x=1 1"},
		{"-z -f x", "[\n", "", "{\"x\":1}\x00"},
	} {
		end := "\n"
		if strings.HasPrefix(c.args, "-z") {
			end = "\x00"
		}
		r := &torrent{text: strings.Repeat(c.text, 4096), left: 100 << 20, after: end + c.good + end, next: 100 << 20}
		var stdout, stderr bytes.Buffer
		args := append(strings.Fields(c.args), "-a", "count", "-n", "end")
		before := heap()
		status := Main(args, io.MultiReader(strings.NewReader(c.before), r), &stdout, &stderr)
		if status != run.StatusBadLines || !strings.Contains(stderr.String(), "1 too-long)") || stderr.Len() > 400 || !strings.Contains(stdout.String(), "count=") {
			t.Errorf("%s %q: status %d, stdout %s, stderr %.500s", c.args, c.text, status, &stdout, &stderr)
		}
		if r.peak > before+promised()/2 {
			t.Errorf("%s %q: the heap takes %d MiB, %d before", c.args, c.text, r.peak>>20, before>>20)
		}
	}
}

// hostileLines are lines that parsers like to be slow at, of n bytes or so.
var hostileLines = []struct {
	name string
	args string
	line func(n int) string
}{
	{"unclosed [", "-f x", func(n int) string { return strings.Repeat("[", n) }},
	{"unclosed {", "-f x", func(n int) string { return strings.Repeat(`{"x":`, n/5) }},
	{"unclosed [ in a record", "-f x", func(n int) string { return `{"y":` + strings.Repeat("[", n) }},
	{"unclosed [ behind the value", "-f x", func(n int) string { return `{"x":1,"y":` + strings.Repeat("[", n) + "}" }},
	{"unclosed [ of depth 60", "-f x", func(n int) string { return `{"y":[` + strings.Repeat(strings.Repeat("[", 60)+",", n/61) }},
	{"closed [ of depth 60", "-f x", func(n int) string {
		return `{"x":1,"y":[0` + strings.Repeat(","+strings.Repeat("[", 60)+strings.Repeat("]", 60), n/121) + "]}"
	}},
	{"control bytes in 60 [", "-f x", func(n int) string { return `{"y":` + strings.Repeat("[", 60) + strings.Repeat("\x01", n) }},
	{"unclosed quote", "-f x", func(n int) string { return `{"y":"` + strings.Repeat("a", n) }},
	{"backslashes", "-f x", func(n int) string { return `{"y":"` + strings.Repeat(`\`, n) }},
	{"many names", "-f x", func(n int) string { return "{" + strings.Repeat(`"a":1,`, n/6) + `"x":1}` }},
	{"many escaped names", "-f x", func(n int) string { return "{" + strings.Repeat(`"\u0061":1,`, n/11) + `"x":1}` }},
	{"many names to measure", "", func(n int) string {
		var b strings.Builder
		b.WriteString(`{"x":1`)
		for i := 0; b.Len() < n; i++ {
			fmt.Fprintf(&b, `,"a%d":1`, i)
		}
		return b.String() + "}"
	}},
	{"a long number", "-f x", func(n int) string { return `{"x":` + strings.Repeat("9", n) + "}" }},
	{"a long number", "-i num", func(n int) string { return strings.Repeat("0", n) + "." }},
	{"a long time", "-f x -t y", func(n int) string { return `{"x":1,"y":` + strings.Repeat("1", n) + "}" }},
	{"a long time with a pattern", "-f x -t y:%d%H%Y", func(n int) string { return `{"x":1,"y":"` + strings.Repeat("1", n) + `"}` }},
	{"quotes", "-i csv -f x", func(n int) string { return strings.Repeat(`"`, n) }},
	{"quoted cells", "-i csv -f x", func(n int) string { return strings.Repeat(`"a""",`, n/6) }},
	{"cells", "-i csv -f x", func(n int) string { return strings.Repeat(",", n) }},
	{"cells", "-i tsv -f x", func(n int) string { return strings.Repeat("\t", n) }},
	{"escapes", "-i tsv -f x", func(n int) string { return strings.Repeat(`\\`, n/2) }},
	{"pairs", "-i logfmt -f x", func(n int) string { return strings.Repeat("a=1 ", n/4) }},
	{"same names", "-i logfmt -f x", func(n int) string { return strings.Repeat("x=1 ", n/4) }},
	{"quotes", "-i logfmt -f x", func(n int) string { return "a=" + strings.Repeat(`"`, n) }},
	{"equals", "-i logfmt -f x", func(n int) string { return strings.Repeat("=", n) }},
	{"tags", "-i influx -f x", func(n int) string { return "m" + strings.Repeat(",a=b", n/4) + " x=1" }},
	{"fields", "-i influx -f x", func(n int) string { return "m " + strings.Repeat("a=1,", n/4) + "x=1" }},
	{"backslashes", "-i influx -f x", func(n int) string { return strings.Repeat(`\`, n) + " x=1" }},
	{"quotes", "-i influx -f x", func(n int) string { return `m x="` + strings.Repeat(`\"`, n/2) }},
}

// cost is the time that a run takes, and what it allocates.
func cost(args []string, input string) (took time.Duration, allocated uint64) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	Main(args, strings.NewReader(input), io.Discard, io.Discard)
	took = time.Since(start)
	runtime.ReadMemStats(&after)
	return took, after.TotalAlloc - before.TotalAlloc
}

// A line eight times as long takes about eight times as long, whatever stands
// in it, and no line costs memory out of proportion.
func TestHostileLinesAreLinear(t *testing.T) {
	const small, large = 100 << 10 / slower, 800 << 10 / slower
	for _, c := range hostileLines {
		args := append(strings.Fields(c.args), "-n", "end", "-j", "1")
		before := ""
		if strings.Contains(c.args, "sv") {
			before = "x\n"
		}
		for attempt := 1; ; attempt++ {
			short, _ := cost(args, before+strings.Repeat(c.line(small)+"\n", 2))
			long, allocated := cost(args, before+strings.Repeat(c.line(large)+"\n", 2))
			if allocated > 100*large+8<<20 { // what a run of a thousand fields takes at any size
				t.Errorf("%s, %s: two lines of %d kB allocate %d MB", c.args, c.name, large>>10, allocated>>20)
				break
			}
			if long < 20*short+50*time.Millisecond {
				break
			}
			if attempt == 5 {
				t.Errorf("%s, %s: %v for %d kB, %v for %d kB", c.args, c.name, short, small>>10, long, large>>10)
				break
			}
		}
	}
}

// All lengths of nested and unclosed brackets, with bytes behind them that an
// error text would have to escape, cost little and are bad.
func TestHostileBrackets(t *testing.T) {
	var input strings.Builder
	lines := 0
	for n := 2; n < 700; n += 1 + n/20 { // a bracket alone is nothing
		for _, tail := range []string{"", strings.Repeat("\x01", 2000), strings.Repeat("\xff", 2000), "]", "}"} {
			for _, open := range []string{"[", `{"x":`, `{"x":1,"y":` + strings.Repeat("[", n)} {
				input.WriteString(strings.Repeat(open, n)[:min(n*len(open), 4000)] + tail + "\n")
				lines++
			}
		}
	}
	var stdout, stderr bytes.Buffer
	_, allocated := cost([]string{"-f", "x"}, input.String())
	status := Main([]string{"-f", "x", "-a", "count"}, strings.NewReader(input.String()), &stdout, &stderr)
	if want := fmt.Sprintf("%d lines read, %d skipped", lines, lines); status != run.StatusBadLines || stdout.Len() > 0 || !strings.Contains(stderr.String(), want) || stderr.Len() > 10_000 {
		t.Errorf("status %d, stdout %.100s, stderr %.3000s, want %s", status, &stdout, &stderr, want)
	}
	if allocated > 64<<20 {
		t.Errorf("%d MB of input allocate %d MB", input.Len()>>20, allocated>>20)
	}
}

// Long lines that may be that long: three million levels are too deep, ten
// megabytes in a record are none of our business.
func TestHostileLongLines(t *testing.T) {
	const levels, mega = 3_000_000 / slower, 1 << 20 / slower
	for _, c := range []struct{ name, line, told string }{
		{"levels of [", strings.Repeat("[", levels) + strings.Repeat("]", levels), "1 too-deep"},
		{"levels of {", strings.Repeat(`{"x":`, levels/3) + "1" + strings.Repeat("}", levels/3), "1 too-deep"},
		{"levels in a field", `{"x":1,"y":` + strings.Repeat("[", levels) + strings.Repeat("]", levels) + "}", "1 too-deep"},
		{"ten megabytes", `{"y":"` + strings.Repeat("é", 5*mega) + `","x":1}`, ""},
		{"ten megabytes of array", `{"y":[1` + strings.Repeat(",1", 5*mega) + `],"x":1}`, ""},
		{"ten megabytes of a name", `{"` + strings.Repeat("y", 10*mega) + `":1,"x":1}`, ""},
		{"ten megabytes of a key", `{"s":"` + strings.Repeat("y", 10*mega) + `","x":1}`, "1 bad-key"},
		{"ten megabytes of a number", `{"x":` + strings.Repeat("1", 10*mega) + `}`, "1 not-a-number"},
	} {
		args := []string{"-f", "x", "-w", "all", "-a", "count", "-n", "end", "--max-line", fmt.Sprint(16 * mega)}
		if strings.Contains(c.told, "key") {
			args = append(args, "-k", "s")
		}
		good := `{"s":"","x":1}` + "\n"
		var stdout, stderr bytes.Buffer
		Main(args, strings.NewReader(good+c.line+"\n"+good), &stdout, &stderr)
		n := 2
		if c.told == "" {
			n = 3
		}
		if !strings.HasSuffix(stdout.String(), fmt.Sprintf("x_count=%d\n", n)) || !strings.Contains(stderr.String(), c.told) || stderr.Len() > 400 || c.told == "" && stderr.Len() > 0 {
			t.Errorf("%s: stdout %.200s, stderr %.500s, want %s", c.name, &stdout, &stderr, c.told)
		}
	}
}

// A torrent of keys fills no more than the limit, and the keys that are there
// live on.
func TestHostileKeys(t *testing.T) {
	const keys, limit = 1_000_000 / slower, 10_000 / slower
	var input strings.Builder
	for i := range keys {
		fmt.Fprintf(&input, "{\"s\":\"k%d\",\"x\":1}\n", i)
		if i%10 == 9 {
			input.WriteString("{\"s\":\"k0\",\"x\":1}\n")
		}
	}
	var stdout, stderr bytes.Buffer
	before := heap()
	status := Main([]string{"-k", "s", "-w", "all", "-a", "count", "-n", "end", "-o", "csv", "--max-keys", fmt.Sprint(limit)}, strings.NewReader(input.String()), &stdout, &stderr)
	after := heap()
	want := fmt.Sprintf("%d lines read, %d skipped (%d too-many-keys)", keys+keys/10, keys-limit, keys-limit)
	if status != run.StatusBadLines || strings.Count(stdout.String(), "\n") != limit+1 || !strings.Contains(stdout.String(), fmt.Sprintf("\nk0,%d\n", 1+keys/10)) || !strings.Contains(stderr.String(), want) {
		t.Errorf("status %d, %d rows, stderr %s, want %s", status, strings.Count(stdout.String(), "\n"), &stderr, want)
	}
	if after > before+promised() {
		t.Errorf("%d keys take %d MiB", limit, (after-before)>>20)
	}
}

// badNumbers are the forms that RFC 8259 does not allow, as the suite of
// Nicolas Seriot (JSONTestSuite, n_number_*) has them.
var badNumbers = []string{
	"++1234", "+1", "+Inf", "-01", "-1.0.", "-2.", "-NaN", ".-1", ".2e-3", "0.1.2", "0.3e+", "0.3e", "0.e1", "0E+", "0E", "0e+", "0e",
	"1.0e+", "1.0e-", "1.0e", "1 000.0", "1_000", "1eE2", "2.e+3", "2.e-3", "2.e3", "9.e+", "Inf", "NaN", "１", "1+2", "0x1", "0x42",
	"Infinity", "0e+-1", "-123.123foo", "123\xe5", "1e1\xe5", "0\xe5", "-Infinity", "-foo", "- 1", "-012", "-.123", "-1x", "1ea", "1e\xe5",
	"1.", ".123", "1.2a-3", "1.8011670033376514H-308", "012", "-", "+", ".", "e1", "1e400", "-1e400", "1,5", "0b1", "1f", "1d", "1L", "١", "1\x00", "--1", "nan", "inf", "1e1.5", "1 2", "'1'", "0x1p3",
}

// None of these forms is ever a number, first in a stream or where good
// records have been before, in a field, a path or an array.
func TestHostileNumbers(t *testing.T) {
	for _, form := range badNumbers {
		for _, record := range []string{`{"x":%s}`, `{"a":"b","x":%s,"z":0}`, `{"env":{"x":%s}}`, `{"axes":[%s,2]}`, `{"x": %s }`} {
			good, bad := fmt.Sprintf(record, "1"), fmt.Sprintf(record, form)
			field := map[byte]string{'x': "x", 'a': "x", 'e': "env.x"}[record[2]]
			if strings.HasPrefix(record, `{"axes`) {
				field = "axes.0"
				if form == "1,5" {
					continue // two elements
				}
			}
			var stdout, stderr bytes.Buffer
			in := bad + "\n" + strings.Repeat(good+"\n", 5) + bad + "\n" + good + "\n"
			status := Main([]string{"-f", field, "-w", "all", "-a", "sum", "-n", "end", "-o", "json"}, strings.NewReader(in), &stdout, &stderr)
			sum := `_sum":6}` + "\n"
			told := stderr.String()
			if status != run.StatusBadLines || !strings.HasSuffix(stdout.String(), sum) || !strings.Contains(told, "8 lines read, 2 skipped") ||
				!strings.Contains(told, "not-a-number") && !strings.Contains(told, "not-json") {
				t.Errorf("%q: status %d, stdout %sstderr %s", bad, status, &stdout, told)
			}
			checkUnsafe(t, told, false, bad)
		}
	}
}

// A BOM, CRs and a missing end of the last line change nothing, in every
// format and however the input is cut.
func TestHostileEnds(t *testing.T) {
	for _, c := range []struct{ args, input string }{
		{"-i num", "1\n2.5\n3\n"},
		{"", "1\n2.5\n3\n"},
		{"", `{"x":1}` + "\n" + `{"x":2}` + "\n"},
		{"-k s -f x", `{"s":"a","x":1}` + "\n" + `{"s":"b","x":2}` + "\n"},
		{"-i csv -k s", "s,x\na,1\n\"b\",2\n"},
		{"-i tsv -k s", "s\tx\na\t1\nb\t2\n"},
		{"-i logfmt -k s", "s=a x=1\ns=\"b\" x=2\n"},
		{"-i influx -k s", "m,s=a x=1 1000\nm,s=b x=2 2000\n"},
	} {
		args := append(strings.Fields(c.args), "-o", "json")
		var want, complaints bytes.Buffer
		status := Main(args, strings.NewReader(c.input), &want, &complaints)
		if status != 0 || want.Len() == 0 {
			t.Fatalf("%s: status %d, %s", c.args, status, &complaints)
		}
		crlf := strings.ReplaceAll(c.input, "\n", "\r\n")
		for _, input := range []string{
			"\ufeff" + c.input, crlf, "\ufeff" + crlf, strings.TrimSuffix(c.input, "\n"), strings.TrimSuffix(crlf, "\n"),
			strings.TrimSuffix(crlf, "\r\n"), "\n\r\n \t\r\n" + c.input, "\ufeff\n" + c.input, c.input + "\n\n\r\n",
		} {
			for _, piece := range []int{1, 2, 1000} {
				var stdout, stderr bytes.Buffer
				status := Main(args, &lineReader{rest: input, piece: piece, good: -1}, &stdout, &stderr)
				if status != 0 || stdout.String() != want.String() || stderr.Len() > 0 {
					t.Errorf("%s %q in pieces of %d: status %d, stdout\n%swant\n%sstderr %s", c.args, input, piece, status, &stdout, &want, &stderr)
				}
			}
		}
	}
}
