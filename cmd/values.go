package cmd

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"time"

	"rtda/pkg/agg"
	"rtda/pkg/clock"
	"rtda/pkg/run"
	"rtda/pkg/stream"
	"rtda/pkg/text"
)

// A badValue is a value that a flag cannot have. It does not know the flag.
type badValue struct {
	cure string // what the value must be
	got  string
}

func (e *badValue) Error() string { return fmt.Sprintf("%s: got %s", e.cure, text.Quote(e.got)) }

// maxCount bounds every count, so that sums of them never overflow.
const maxCount = math.MaxInt32

// must is x where it is good, else the error of a flag that cannot have the value s.
func must[T any](x T, good bool, cure, s string) (T, error) {
	if !good {
		var none T
		return none, &badValue{cure, s}
	}
	return x, nil
}

// parseCount reads a whole number from least to most, digits only.
func parseCount(s string, least, most int) (int, error) {
	cure := fmt.Sprintf("must be a whole number from %d to %d", least, most)
	if most == maxCount {
		cure = fmt.Sprintf("must be a whole number of %d or more", least)
	}
	n, ok := digits(s)
	return must(n, ok && n >= least && n <= most, countCure(cure, s), s)
}

// countCure is the cure for what should be a count, unless that is more than any may be.
func countCure(cure, got string) string {
	if n, _ := strconv.Atoi(got); n > maxCount {
		return fmt.Sprintf("must be %d or less", maxCount)
	}
	return cure
}

// digits reads a whole number of maxCount at most that is written in digits.
func digits(s string) (n int, ok bool) {
	if strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return n, err == nil && n <= maxCount
}

// sizeUnits are the units of a size, as head -c has them.
var sizeUnits = []struct {
	name  string
	bytes int
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30},
	{"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9},
	{"k", 1 << 10}, {"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30},
	{"B", 1}, {"", 1},
}

const maxSize = 1 << 30

// parseSize reads a number of bytes from 1 to maxSize.
func parseSize(s string) (int, error) {
	for _, u := range sizeUnits {
		number, found := strings.CutSuffix(s, u.name)
		if !found {
			continue
		}
		if n, ok := digits(number); ok && n >= 1 && n <= maxSize/u.bytes {
			return n * u.bytes, nil
		}
		break
	}
	return 0, &badValue{"must be a size from 1 to 1GiB, like 4096, 64k or 1MiB", s}
}

// parseSpan reads a duration longer than 0.
func parseSpan(s string) (time.Duration, error) {
	d, ok := clock.ParseDuration(s)
	return must(d, ok && d > 0, "must be a duration like 250ms, 30s, 1h30m or 2d", s)
}

// parseLate reads a duration that may be 0.
func parseLate(s string) (time.Duration, error) {
	d, ok := clock.ParseDuration(s)
	return must(d, ok && d >= 0 || s == "0", "must be 0 or a duration like 250ms, 30s or 1h30m", s)
}

func parseZone(s string) (*time.Location, error) {
	zone, err := clock.LoadZone(s)
	return must(zone, err == nil, "must be a time zone like Europe/Berlin, UTC or local", s)
}

// countOrSpan reads a count or a duration; both are 0 where it is neither.
func countOrSpan(s string) (n int, d int64) {
	if n, ok := digits(s); ok && n >= 1 {
		return n, 0
	}
	if d, ok := clock.ParseDuration(s); ok && d > 0 {
		return 0, int64(d)
	}
	return 0, 0
}

func parseWindow(s string) (w agg.Width, err error) {
	n, d := countOrSpan(s)
	switch {
	case s == "all":
		return agg.Width{Kind: agg.All}, nil
	case n > 0:
		return agg.Width{Kind: agg.Count, N: n}, nil
	case d > 0:
		return agg.Width{Kind: agg.Duration, D: d}, nil
	}
	return w, &badValue{countCure("must be a count of 1 or more, a duration like 5m, or all", s), s}
}

// parseEvery reads when rows are written; the end is the zero value.
func parseEvery(s string) (e stream.Every, err error) {
	e.N, e.D = countOrSpan(s)
	return must(e, e != stream.Every{} || s == "end", countCure("must be a count of 1 or more, a duration like 10s, or end", s), s)
}

// parseRate reads samples a second, exactly: a whole number, a decimal or a
// fraction like 1/60. Numerator and denominator have 9 digits at most.
func parseRate(s string) (clock.Rate, error) {
	num, den, isFraction := strings.Cut(s, "/")
	if !isFraction {
		whole, decimals, _ := strings.Cut(s, ".")
		num, den = whole+decimals, "1"+strings.Repeat("0", len(decimals))
		isFraction = whole != ""
	}
	n, okNum := digits(num)
	d, okDen := digits(den)
	good := isFraction && okNum && okDen && n >= 1 && d >= 1
	return must(clock.Rate{Num: uint64(n), Den: uint64(d)}, good, "must be samples a second, like 100, 0.5 or 1/60, in 9 digits", s)
}

func parseSep(s string) (byte, error) {
	if s == `\t` {
		return '\t', nil
	}
	if len(s) == 1 && s[0] < 0x80 && s != "\"" && s != "\n" && s != "\r" && s != "\x00" {
		return s[0], nil
	}
	return 0, &badValue{`must be one ASCII character like ; or \t, not a quote`, s}
}

func parseRegexp(s string) (*regexp.Regexp, error) {
	re, err := regexp.Compile(s)
	if bad, ok := errors.AsType[*syntax.Error](err); ok {
		return nil, &badValue{"must be a regular expression (" + bad.Code.String() + ")", bad.Expr}
	}
	return re, err
}

// parseMissing reads a list. Its items for the empty text are two quotes of either
// kind; so is a list of nothing.
func parseMissing(s string) (items []string, err error) {
	if s == "" {
		return []string{""}, nil
	}
	for rest := s; ; {
		item, after, ok := cutItem(rest, ",")
		if !ok || item == "" && !strings.HasPrefix(strings.TrimLeft(rest, " \t"), `""`) {
			return nil, &badValue{`must be a list like NA,-999 ("" is the empty text)`, s}
		}
		if item == "''" {
			item = ""
		}
		items = append(items, item)
		if after == "" {
			return items, nil
		}
		rest = after[1:]
	}
}

func parseDecimal(s string) (byte, error) {
	if s == "," || s == "." {
		return s[0], nil
	}
	return 0, &badValue{"must be a comma or a point", s}
}

// timeFormats are the names of time formats that are not patterns.
var timeFormats = []string{"unix", "ms", "us", "ns"}

// parseTime reads FIELD[+FIELD][:FORMAT]. It splits at the first plus and the
// first colon; a field in double quotes may have them.
func parseTime(s string) (fields [2]string, format string, err error) {
	rest := s
	for i := range fields {
		var ok bool
		if fields[i], rest, ok = cutItem(rest, "+:"); !ok || fields[i] == "" || i == 1 && strings.HasPrefix(rest, "+") {
			return fields, "", &badValue{"must be FIELD, FIELD+FIELD, FIELD:FORMAT or now", s}
		}
		var more bool
		if rest, more = strings.CutPrefix(rest, "+"); !more {
			break
		}
	}
	format, hasFormat := strings.CutPrefix(rest, ":")
	if hasFormat && !canReadTimes(format) {
		cure := "the format must be unix, ms, us, ns or a pattern like %d/%m/%Y %H:%M:%S"
		return fields, "", &badValue{cure + didYouMean(format, timeFormats), s}
	}
	return fields, format, nil
}

func canReadTimes(format string) bool {
	_, err := clock.NewReader(format, nil)
	return format != "" && err == nil
}

// parseMoment reads a time as records without a FORMAT have it.
func parseMoment(s string, zone *time.Location) (int64, error) {
	r, err := clock.NewReader("", zone)
	if err != nil {
		return 0, err
	}
	t, east, ok := r.Parse([]byte(s), '.')
	if !ok {
		return 0, &badValue{"must be a time like 2006-01-02T15:04:05Z or 2006-01-02 15:04", s}
	}
	ts := []int64{t}
	r.Resolver(0, 0, 0).Resolve(ts, []int32{east})
	return ts[0], nil
}

func parseChoice(s string, words []string) (string, error) {
	if slices.Contains(words, s) {
		return s, nil
	}
	return "", &badValue{"must be " + orList(words) + didYouMean(s, words), s}
}

// orList is a or b for two words, a, b or c for three.
func orList(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// didYouMean is a suggestion in parentheses with a blank before it, or "".
func didYouMean(word string, known []string) string {
	if near := text.Suggest(word, known); near != "" {
		return fmt.Sprintf(" (did you mean %s?)", near)
	}
	return ""
}

// parseDots reads the width and height of a panel of a picture.
func parseDots(s string) (width, height int, err error) {
	w, h, _ := strings.Cut(s, "x")
	width, badWidth := strconv.Atoi(w)
	height, badHeight := strconv.Atoi(h)
	if badWidth != nil || badHeight != nil || width < 200 || height < 100 || width > run.MaxSide || height > run.MaxSide {
		return 0, 0, &badValue{fmt.Sprintf("must be WIDTHxHEIGHT in dots, from 200x100 to %[1]dx%[1]d", run.MaxSide), s}
	}
	return width, height, nil
}

// parseText reads a text that is not blank.
func parseText(s string) (string, error) {
	return must(s, strings.TrimSpace(s) != "", "must not be empty", s)
}

// parseName reads a name that may stand in a subject of NATS.
func parseName(s string) (string, error) {
	if strings.Trim(s, "-_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") != "" {
		return "", &badValue{"must be letters, digits, - and _ only", s}
	}
	return parseText(s)
}

// parseSwitch reads the value that a switch may have: --strict=false.
func parseSwitch(s string) (bool, error) {
	return must(s == "true", s == "true" || s == "false", "must be true or false, or stand alone", s)
}
