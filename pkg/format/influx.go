package format

import (
	"strconv"

	"rtda/pkg/stream"
	"rtda/pkg/text"
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

// tagEscapes is for the texts of tags. A backslash stands for itself, but not
// before what is escaped or at the end, where readers disagree about whom it
// belongs to.
var tagEscapes = text.NewEscaper(`\`, map[byte]string{',': `\,`, '=': `\=`, ' ': `\ `}, "nrtu,= \x00")
