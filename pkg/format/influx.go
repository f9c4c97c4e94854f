package format

import (
	"rtda/pkg/num"
	"rtda/pkg/parse"
	"rtda/pkg/text"
)

// newInflux is line protocol: measurement, keys as tags, every value a float, a
// timestamp in ns where there is a clock.
func newInflux(l *Layout, precision int) Formatter {
	measurement := measurementEscapes.Append(nil, l.Measurement)
	f := &pairLines{
		head: head{
			any: len(l.Keys)+len(l.Keep) > 0, keyed: len(l.Keys) > 0,
			labels: labels{write: influxLabel(measurement, rename(l, tagName))}, // with the measurement
			kept:   newKept(l, withEquals, appendInfluxText, nil, ","),
		},
		values: newRowWriter(l, allDigits(precision), withEquals, nil, ','),
		stamp:  l.Clock,
	}
	if len(l.Keys) == 0 {
		f.lead = append(measurement, ' ')
	}
	return f
}

// appendInfluxText appends a field as it stood, strings in quotes, and numbers
// that no reader could take as well.
func appendInfluxText(dst []byte, t parse.Text) []byte {
	if _, isNumber := num.ParseJSON(t.B); t.Bare && (isNumber || t.B[0] == 't' || t.B[0] == 'f') {
		return append(dst, t.B...)
	}
	return append(stringEscapes.Append(append(dst, '"'), string(t.B)), '"')
}

// influxLabel is measurement and tags with the blank behind them. A tag
// without a text is left out, because the protocol has none.
func influxLabel(measurement []byte, tags []string) labeler {
	return func(dst []byte, parts []string) []byte {
		dst = append(dst, measurement...)
		for i, part := range parts {
			if part == "" {
				continue
			}
			dst = append(append(append(dst, ','), tags[i]...), '=')
			dst = tagEscapes.Append(dst, part)
		}
		return append(dst, ' ')
	}
}

// tagName is the name of a key as a tag. InfluxDB keeps some to itself and
// refuses points with them.
func tagName(key string) string {
	switch key {
	case "time", "_field", "_measurement":
		return key + "_2"
	}
	return key
}

// tagEscapes and measurementEscapes are for their texts. A backslash stands for itself, but not
// before what is escaped or at the end, where readers disagree about whom it
// belongs to.
var (
	tagEscapes         = text.NewEscaper(`\`, map[byte]string{',': `\,`, '=': `\=`, ' ': `\ `}, "nrtu,= \x00")
	stringEscapes      = text.NewEscaper(`\\`, map[byte]string{'"': `\"`, '\\': `\\`}, "nrtu")
	measurementEscapes = text.NewEscaper(`\`, map[byte]string{',': `\,`, ' ': `\ `, '#': `\u0023`}, "nrtu,= \x00")
)
