package format

import (
	"strconv"
	"strings"

	"rtda/pkg/stream"
)

// influx is line protocol: measurement rtda, keys as tags, every value a
// float, a timestamp in ns where there is a clock. Values that do not exist
// are left out, and a row without any is no line.
type influx struct {
	keyed, clock bool
	values       rowWriter
}

func newInflux(l Layout, precision int) Formatter {
	return &influx{
		keyed: len(l.Keys) > 0, clock: l.Clock,
		values: newRowWriter(&l, numberStyle{precision, true}, withEquals, nil, ','),
	}
}

func (f *influx) Append(dst []byte, r *stream.Result) []byte {
	f.values.forget()
	for i := range r.Rows.N {
		start := len(dst)
		if f.keyed {
			dst = append(dst, r.Rows.Key[i].Label...)
		} else {
			dst = append(dst, "rtda "...)
		}
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

// influxLabel is measurement and tags with the blank behind them. A tag
// without a text is left out, because the protocol has none.
func influxLabel(l Layout) labeler {
	tags := rename(&l, tagName)
	return func(dst []byte, parts []string) []byte {
		dst = append(dst, "rtda"...)
		for i, part := range parts {
			if part == "" {
				continue
			}
			dst = append(append(append(dst, ','), tags[i]...), '=')
			dst = appendTag(dst, part)
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

var tagEscapes = newEscaper(`\`, map[byte]string{',': `\,`, '=': `\=`, ' ': `\ `})

// appendTag appends the text of a tag. A backslash stands for itself, but not
// before what is escaped or at the end, where readers disagree about whom it
// belongs to: there it is written as \u005c.
func appendTag(dst []byte, s string) []byte {
	from := 0
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && (i+1 == len(s) || strings.IndexByte(",= ", s[i+1]) >= 0) {
			dst = append(tagEscapes.append(dst, s[from:i]), `\u005c`...)
			from = i + 1
		}
	}
	return tagEscapes.append(dst, s[from:])
}
