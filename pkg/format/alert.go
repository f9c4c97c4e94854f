package format

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"rtda/pkg/clock"
	"rtda/pkg/num"
	"rtda/pkg/parse"
	"rtda/pkg/rule"
	"rtda/pkg/stream"
	"rtda/pkg/text"
)

// A Context is what notes are told with. It is not changed by telling, so
// workers can share it.
type Context struct {
	Layout Layout
	Rules  *rule.Set // may be nil as long as there are only complaints
	Files  bool      // there are several inputs, so alerts tell which
	JSON   bool      // alerts are objects
	Strict bool      // what is complained of was not skipped, it ended the run
	// Paint appends a line without its end to dst, dressed for where it goes;
	// nil leaves lines as they are. A complaint has no severity.
	Paint func(dst []byte, severity rule.Severity, resolved bool, line []byte) []byte
}

// AppendNote appends the line of a note, a complaint or an alert.
func (c *Context) AppendNote(dst []byte, n *stream.Note) []byte {
	start := len(dst)
	severity, resolved := rule.None, false
	if n.Alert != nil {
		severity, resolved = n.Alert.Level, n.Alert.Resolved
	}
	switch {
	case n.Alert == nil:
		dst = c.complaint(dst, n)
	case c.JSON:
		dst = c.alertJSON(dst, n)
	default:
		dst = c.alertText(dst, n)
	}
	if c.Paint != nil {
		line := slices.Clone(dst[start:])
		dst = c.Paint(dst[:start], severity, resolved, line)
	}
	return append(dst, '\n')
}

// complaint appends `rtda: line 3: not-a-number: "9abc" (skipped)`, with the
// FILE's name for `line ` where there is one; stdin has none.
func (c *Context) complaint(dst []byte, n *stream.Note) []byte {
	dst = append(dst, "rtda: "...)
	if n.Told == stream.Unseen {
		dst = strconv.AppendInt(append(dst, "none of "...), n.By, 10)
		return text.AppendQuoted(append(dst, " records has the field "...), quotable(n))
	}
	if n.Told == stream.Unfilled && n.Line == 0 {
		return appendTold(dst, n) // no record brought it: the end did, or the wall clock
	}
	if name := origin(n); name != "" && name != "-" {
		dst = append(text.AppendPlain(dst, name), ':')
	} else {
		dst = append(dst, "line "...)
	}
	dst = append(strconv.AppendInt(dst, int64(n.Line), 10), ": "...)
	switch {
	case n.Told != stream.Nothing:
		return appendTold(dst, n)
	case n.Reason == parse.Uneven:
		return append(dst, n.Text...)
	case n.Reason == parse.Unmeasured:
		dst = text.AppendQuoted(append(dst, "the number "...), quotable(n))
		return append(dst, " is not measured: the first good record did not have it (-f names fields)"...)
	}
	dst = append(dst, n.Reason.String()...)
	if n.By > 0 {
		dst = appendBy(append(dst, " by "...), n.By)
	}
	if n.Text != nil {
		dst = text.AppendQuoted(append(dst, ": "...), quotable(n))
	}
	cure := strings.Replace(string(n.Cure), "%s", text.Plain(string(n.Names)), 1)
	if n.First {
		cure = cmp.Or(cure, limitCures[n.Reason])
	}
	switch {
	case c.Strict && cure == "":
		return dst
	case c.Strict:
		return append(append(append(dst, " ("...), cure...), ')')
	case n.Value:
		dst = append(dst, " (value skipped"...)
	case n.First && n.Reason == parse.Late && n.By > 0:
		dst = append(appendBy(append(dst, " (skipped; --late "...), n.By), " keeps it in"...)
	default:
		dst = append(dst, " (skipped"...)
	}
	if cure != "" {
		dst = append(append(dst, "; "...), cure...)
	}
	return append(dst, ')')
}

// limitCures are the flags that move the limits of what is read and kept.
var limitCures = map[parse.Reason]string{
	parse.TooLong:        "--max-line takes longer ones",
	parse.TooManyKeys:    "--max-keys takes more, --ttl makes room",
	parse.TooManySamples: "--max-samples takes more, --ttl makes room",
}

// toldTexts are what is told though nothing was skipped: what stands before and
// behind how far a record is off, and the cure, in which * is that as well.
var toldTexts = map[stream.Told]struct{ before, behind, cure string }{
	stream.AfterRow: {"", " behind the clock, after the row of its boundary was written", "--late * keeps it in"},
	stream.Emptied:  {"", " behind the clock, after windows of silent keys were emptied to make room", "--late * keeps it in"},
	stream.Jumped:   {"", " ahead of the newest time", "--ahead 1h leaves such records out"},
	stream.Ahead:    {"", " ahead of the newest time, and taken: no next record contradicts it", ""},
	stream.SetBack:  {"the clock of its key was set back by ", "", "its windows begin anew"},
}

// appendTold appends what is told though nothing was skipped, the first time with
// its cure.
func appendTold(dst []byte, n *stream.Note) []byte {
	if n.Told == stream.Unfilled {
		dst = strconv.AppendInt(dst, n.By, 10)
		return append(dst, " boundaries without samples are left out (--fill writes 10000 in a row)"...)
	}
	told := toldTexts[n.Told]
	dst = append(dst, told.before...)
	if n.Told == stream.Jumped {
		dst = appendYears(dst, n.By)
	} else {
		dst = appendBy(dst, n.By)
	}
	dst = append(dst, told.behind...)
	if !n.First || told.cure == "" {
		return dst
	}
	cure := strings.Replace(told.cure, "*", string(appendBy(nil, n.By)), 1)
	return append(append(append(dst, " ("...), cure...), ')')
}

// appendYears appends how many whole years ns are.
func appendYears(dst []byte, ns int64) []byte {
	n := max(1, ns/(31556952*1e9))
	dst = append(strconv.AppendInt(dst, n, 10), " year"...)
	if n > 1 {
		dst = append(dst, 's')
	}
	return dst
}

// appendBy appends how far a record is off, rounded up: below two minutes in
// seconds with their milliseconds.
func appendBy(dst []byte, ns int64) []byte {
	const second = 1e9
	if ns >= 120*second {
		return clock.AppendDuration(dst, clock.Ceil(ns, second))
	}
	dst = strconv.AppendFloat(dst, float64(clock.Ceil(ns, 1e6))/second, 'f', -1, 64)
	return append(dst, 's')
}

// AppendAfterRow appends what is told at the end of records that came after their
// rows, n of them and the worst by so many ns behind.
func AppendAfterRow(dst []byte, n int, by int64) []byte {
	dst = strconv.AppendInt(dst, int64(n), 10)
	if n == 1 {
		dst = append(dst, " record came after the row of its boundary (--late "...)
	} else {
		dst = append(dst, " records came after the row of their boundary (--late "...)
	}
	return append(appendBy(dst, by), ')')
}

// quotable is what a complaint quotes: the beginning of its text, the parts of
// a key with commas between.
func quotable(n *stream.Note) string {
	b := text.Cut(n.Text, text.MaxQuote)
	if n.Reason == parse.TooManyKeys {
		b = bytes.ReplaceAll(b, []byte{parse.KeySep}, []byte{','})
	}
	return string(b)
}

// origin is the name of the input that a note is about, "" where it has none.
func origin(n *stream.Note) string {
	if n.Origin == nil {
		return ""
	}
	return n.Origin.Name
}

// file is the name of the input at which an alert happened, told only where
// there are several.
func (c *Context) file(n *stream.Note) string {
	if !c.Files || n.Line == 0 {
		return ""
	}
	return origin(n)
}

// alertText appends `ALERT crit hot sensor=s042 mean(temp)=91.3 line=1204 … rule="mean(temp) > 80"`.
func (c *Context) alertText(dst []byte, n *stream.Note) []byte {
	a, r := n.Alert, c.Rules.Rule(n.Alert.Rule)
	if a.Resolved {
		dst = append(dst, "RESOLVED "...)
	} else {
		dst = append(dst, "ALERT "...)
	}
	dst = append(append(dst, a.Level.String()...), ' ')
	dst = text.AppendLogfmt(dst, r.Name)
	dst = c.seenText(dst, a, r)
	dst = c.whereText(dst, n)
	if a.Was != rule.None {
		dst = append(append(dst, " was="...), a.Was.String()...)
	}
	if a.Again > 0 {
		dst = strconv.AppendInt(append(dst, " again="...), int64(a.Again), 10)
	}
	if a.By != "" {
		dst = append(append(dst, " by="...), a.By...)
	}
	return text.AppendLogfmt(append(dst, " rule="...), r.Text)
}

// seenText appends the key and the metrics that have a value or a text.
func (c *Context) seenText(dst []byte, a *stream.Alert, r *rule.Rule) []byte {
	if a.Key != nil {
		for i, part := range a.Key.Parts {
			dst = append(append(append(dst, ' '), c.Layout.Keys[i]...), '=')
			dst = text.AppendLogfmt(dst, part)
		}
	}
	for i, x := range a.Values {
		m := &c.Rules.Metrics[r.Metrics[i]]
		switch {
		case m.IsText && a.Texts[i] != nil:
			dst = text.AppendLogfmt(append(dst, ' '), m.Text)
			dst = text.AppendLogfmt(append(dst, '='), string(a.Texts[i]))
		case !m.IsText && !math.IsNaN(x):
			dst = text.AppendLogfmt(append(dst, ' '), m.Text)
			dst = num.AppendSix(append(dst, '='), x)
		}
	}
	return dst
}

// whereText appends the line and the time at which it happened.
func (c *Context) whereText(dst []byte, n *stream.Note) []byte {
	if name := c.file(n); name != "" {
		dst = text.AppendLogfmt(append(dst, " file="...), name)
	}
	if n.Line > 0 {
		dst = strconv.AppendInt(append(dst, " line="...), int64(n.Line), 10)
	}
	if c.Layout.Clock {
		dst = clock.AppendTime(append(dst, " time="...), n.Alert.Time, c.Layout.Zone)
		if n.Alert.Resolved {
			dst = clock.AppendDuration(append(dst, " after="...), n.Alert.After)
		}
	}
	return dst
}

// alertJSON appends an alert as an object, always with the same names, null
// where there is nothing.
func (c *Context) alertJSON(dst []byte, n *stream.Note) []byte {
	a, r := n.Alert, c.Rules.Rule(n.Alert.Rule)
	state := "firing"
	if a.Resolved {
		state = "resolved"
	}
	dst = append(append(dst, `{"state":"`...), state...)
	dst = append(append(dst, `","severity":"`...), a.Level.String()...)
	dst = text.AppendJSON(append(dst, `","rule":`...), r.Name)
	dst = c.keyJSON(append(dst, `,"key":`...), a.Key)
	dst = c.valuesJSON(append(dst, `,"values":`...), a.Values, r)
	dst = c.whereJSON(dst, n)
	dst = appendTextOrNull(append(dst, `,"was":`...), a.Was.String())
	dst = appendCountOrNull(append(dst, `,"again":`...), a.Again)
	dst = appendTextOrNull(append(dst, `,"by":`...), a.By)
	dst = text.AppendJSON(append(dst, `,"expr":`...), r.Text)
	dst = strconv.AppendInt(append(dst, `,"seq":`...), int64(a.Seq), 10)
	return append(text.AppendJSON(append(dst, `,"text":`...), string(c.alertText(nil, n))), '}')
}

// appendTextOrNull appends s as a string, or null where there is none.
func appendTextOrNull(dst []byte, s string) []byte {
	if s == "" {
		return append(dst, "null"...)
	}
	return text.AppendJSON(dst, s)
}

// appendCountOrNull appends n, or null for 0.
func appendCountOrNull(dst []byte, n int) []byte {
	if n == 0 {
		return append(dst, "null"...)
	}
	return strconv.AppendInt(dst, int64(n), 10)
}

// keyJSON appends the key as an object of texts.
func (c *Context) keyJSON(dst []byte, key *stream.Key) []byte {
	if key == nil {
		return append(dst, "null"...)
	}
	dst = append(dst, '{')
	for i, part := range key.Parts {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = text.AppendJSON(dst, c.Layout.Keys[i])
		dst = text.AppendJSON(append(dst, ':'), part)
	}
	return append(dst, '}')
}

// valuesJSON appends the metrics that are numbers as an object.
func (c *Context) valuesJSON(dst []byte, values []float64, r *rule.Rule) []byte {
	dst = append(dst, '{')
	for i, x := range values {
		m := &c.Rules.Metrics[r.Metrics[i]]
		if m.IsText {
			continue
		}
		if dst[len(dst)-1] != '{' {
			dst = append(dst, ',')
		}
		dst = append(text.AppendJSON(dst, m.Text), ':')
		if math.IsNaN(x) {
			dst = append(dst, "null"...)
		} else {
			dst = num.AppendShortest(dst, x)
		}
	}
	return append(dst, '}')
}

// whereJSON appends file, line, time, since and after.
func (c *Context) whereJSON(dst []byte, n *stream.Note) []byte {
	dst = appendTextOrNull(append(dst, `,"file":`...), c.file(n))
	dst = appendCountOrNull(append(dst, `,"line":`...), n.Line)
	if !c.Layout.Clock {
		return append(dst, `,"time":null,"since":null,"after":null`...)
	}
	dst = clock.AppendTime(append(dst, `,"time":"`...), n.Alert.Time, c.Layout.Zone)
	dst = clock.AppendTime(append(dst, `","since":"`...), n.Alert.Since, c.Layout.Zone)
	dst = append(dst, `","after":`...)
	if !n.Alert.Resolved {
		return append(dst, "null"...)
	}
	return clock.AppendSeconds(dst, n.Alert.After)
}
