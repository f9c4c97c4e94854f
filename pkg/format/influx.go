package format

import (
	"bytes"
	"strconv"

	"rtda/pkg/num"
	"rtda/pkg/parse"
	"rtda/pkg/stream"
	"rtda/pkg/text"
)

// influx is line protocol: measurement, keys as tags, every value a float, a
// timestamp in ns where there is a clock. Values that do not exist are left
// out, and a row without any is no line.
type influx struct {
	measurement []byte // with the blank behind it, for rows without keys
	clock       bool
	head        head // the measurement and the tags of a key, and a blank
	values      rowWriter
}

func newInflux(l *Layout, precision int) Formatter {
	measurement := measurementEscapes.Append(nil, l.Measurement)
	return &influx{
		measurement: append(measurement, ' '), clock: l.Clock,
		head: head{
			any: len(l.Keys)+len(l.Keep) > 0, keyed: len(l.Keys) > 0,
			labels: labels{write: influxLabel(measurement, rename(l, tagName))},
			kept:   newKept(l, withEquals, appendInfluxText, nil, ","),
		},
		values: newRowWriter(l, allDigits(precision), withEquals, nil, ','),
	}
}

func (f *influx) Append(dst []byte, r *stream.Result) []byte {
	f.values.forget()
	for i := range r.Rows.N {
		start := len(dst)
		if !f.head.keyed {
			dst = append(dst, f.measurement...)
		}
		dst = f.head.append(dst, &r.Rows, i)
		values := len(dst)
		dst = f.values.append(dst, r.Rows.Col, i)
		if len(dst) == values {
			dst = dst[:start]
			continue
		}
		dst = dst[:len(dst)-1] // the comma behind the last
		if f.clock {
			dst = strconv.AppendInt(append(dst, ' '), r.Rows.Time[i], 10)
		}
		dst = append(dst, '\n')
	}
	return dst
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
	measurement = bytes.Clone(measurement)
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
