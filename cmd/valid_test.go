package cmd

import (
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-logfmt/logfmt"
	"github.com/influxdata/line-protocol/v2/lineprotocol"
)

// checkOutput checks that every line is a valid one of its format, by readers
// that are not rtda's. what says where it came from.
func checkOutput(t *testing.T, format, s, what string) {
	t.Helper()
	if format == "png" {
		if _, err := png.Decode(strings.NewReader(s)); err != nil && s != "" {
			t.Fatalf("png: %v\n%s", err, what)
		}
		return
	}
	checkUnsafe(t, strings.ReplaceAll(s, "\t", " "), false, what)
	if format != "tsv" && strings.Contains(s, "\t") {
		t.Fatalf("a raw tab\n%s", what)
	}
	if s != "" && !strings.HasSuffix(s, "\n") {
		t.Fatalf("the last line has no end\n%s", what)
	}
	switch format {
	case "text":
		checkEach(t, s, what, checkLogfmt)
	case "json":
		checkEach(t, s, what, checkJSON)
	case "influx":
		checkEach(t, s, what, checkInflux)
	case "prom":
		checkProm(t, s, what)
	case "csv":
		r := csv.NewReader(strings.NewReader(s))
		if _, err := r.ReadAll(); err != nil { // also of differing widths
			t.Fatalf("csv: %v\n%s", err, what)
		}
	case "tsv":
		header, _, _ := strings.Cut(s, "\n")
		checkEach(t, s, what, func(t *testing.T, line, what string) {
			if strings.Count(line, "\t") != strings.Count(header, "\t") {
				t.Fatalf("tsv: %q is no row below %q\n%s", line, header, what)
			}
		})
	case "svg":
		if err := xml.Unmarshal([]byte(s), new(struct{})); err != nil && s != "" {
			t.Fatalf("svg: %v\n%s", err, what)
		}
	case "none":
		if s != "" {
			t.Fatalf("rows with -o none\n%s", what)
		}
	}
}

func checkEach(t *testing.T, s, what string, check func(t *testing.T, line, what string)) {
	t.Helper()
	for line := range strings.Lines(s) {
		check(t, strings.TrimSuffix(line, "\n"), what)
	}
}

// colours are what --color puts around the first words of an alert.
var colours = regexp.MustCompile(`^((?:[EWI]! )?)\x1b\[[0-9;]+m(.*?)\x1b\[[0-9;]+m`)

// stripped is a line without them.
func stripped(line string) string { return colours.ReplaceAllString(line, "$1$2") }

// checkUnsafe checks that there is no character that could hurt a terminal or
// split a line, and nothing that is not UTF-8.
func checkUnsafe(t *testing.T, s string, coloured bool, what string) {
	t.Helper()
	for line := range strings.Lines(s) {
		line = strings.TrimSuffix(line, "\n")
		if coloured {
			line = stripped(line)
		}
		for _, r := range line {
			if r < ' ' || 0x7f <= r && r <= 0x9f || 0x2028 <= r && r <= 0x202e || 0x2066 <= r && r <= 0x2069 {
				t.Fatalf("a raw %U in %q\n%s", r, line, what)
			}
		}
		if !utf8.ValidString(line) {
			t.Fatalf("no UTF-8: %q\n%s", line, what)
		}
	}
}

func checkLogfmt(t *testing.T, line, what string) {
	t.Helper()
	d := logfmt.NewDecoder(strings.NewReader(line))
	pairs := 0
	for d.ScanRecord() {
		for d.ScanKeyval() {
			pairs++
		}
	}
	if d.Err() != nil || pairs == 0 {
		t.Fatalf("text: %q: %v\n%s", line, d.Err(), what)
	}
}

// checkJSON checks that the line is one object, with every name once.
func checkJSON(t *testing.T, line, what string) {
	t.Helper()
	if !json.Valid([]byte(line)) || line[0] != '{' {
		t.Fatalf("json: %q\n%s", line, what)
	}
	d := json.NewDecoder(strings.NewReader(line))
	names := map[string]bool{}
	_, _ = d.Token()
	for d.More() {
		token, _ := d.Token()
		name, _ := token.(string)
		if names[name] {
			t.Fatalf("json: %q has %q twice\n%s", line, name, what)
		}
		names[name] = true
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			t.Fatalf("json: %q: %v\n%s", line, err, what)
		}
	}
}

func checkInflux(t *testing.T, line, what string) {
	t.Helper()
	d := lineprotocol.NewDecoderWithBytes([]byte(line))
	fail := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("influx: %q: %v\n%s", line, err, what)
		}
	}
	if !d.Next() {
		fail(errors.New("no line"))
	}
	_, err := d.Measurement()
	fail(err)
	for {
		key, _, err := d.NextTag()
		fail(err)
		if key == nil {
			break
		}
	}
	fields := 0
	for ; ; fields++ {
		key, value, err := d.NextField()
		fail(err)
		if key == nil {
			break
		}
		if k := value.Kind(); k != lineprotocol.Float && k != lineprotocol.String && k != lineprotocol.Bool { // the latter are kept
			fail(fmt.Errorf("a field of kind %v", k))
		}
	}
	if _, err := d.TimeBytes(); err != nil || fields == 0 || d.Next() {
		fail(errors.Join(err, errors.New("no fields, or more than a line")))
	}
}

var promSample = regexp.MustCompile(`^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{[a-zA-Z_][a-zA-Z0-9_]*="(?:\\[\\"n]|[^"\\])*"(?:,[a-zA-Z_][a-zA-Z0-9_]*="(?:\\[\\"n]|[^"\\])*")*\})? (\S+)$`)

// checkProm checks samples, that each metric is introduced once and before
// them, and that no series comes twice.
func checkProm(t *testing.T, s, what string) {
	t.Helper()
	intro, series := map[string]bool{}, map[string]bool{}
	for line := range strings.Lines(s) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "# ") {
			words := strings.SplitN(line, " ", 4)
			if len(words) < 4 || words[1] != "HELP" && words[1] != "TYPE" || intro[words[1]+words[2]] {
				t.Fatalf("prom: %q\n%s", line, what)
			}
			intro[words[1]+words[2]] = true
			continue
		}
		m := promSample.FindStringSubmatch(line)
		if m == nil || !intro["HELP"+m[1]] || !intro["TYPE"+m[1]] {
			t.Fatalf("prom: %q\n%s", line, what)
		}
		name := strings.TrimSuffix(line, m[2])
		x, err := strconv.ParseFloat(m[2], 64)
		if err != nil || math.IsInf(x, 0) || math.IsNaN(x) || series[name] {
			t.Fatalf("prom: %q comes twice, or its value is none\n%s", line, what)
		}
		series[name] = true
	}
}
