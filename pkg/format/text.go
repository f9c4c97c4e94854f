package format

import (
	"strconv"

	"rtda/pkg/stream"
	"rtda/pkg/text"
)

// pairLines is rows of pairs name=value: text and influx. Values that do not
// exist are left out, and a row without any is no line.
type pairLines struct {
	lead   []byte // stands before each row
	head   head
	values rowWriter
	stamp  bool // a row ends in its time in ns
}

// newText is logfmt: time=… sensor=s3 temp_mean=20.01.
func newText(l *Layout, precision int) Formatter {
	return &pairLines{
		head:   newHead(l, "time=", " ", keyParts(l.Keys, withEquals, text.AppendLogfmt, " "), newKept(l, withEquals, asText(text.AppendLogfmt), nil, " ")),
		values: newRowWriter(l, roundedDigits(precision), withEquals, nil, ' '),
	}
}

func withEquals(name string) string { return name + "=" }

func (f *pairLines) Append(dst []byte, r *stream.Result) []byte {
	f.values.forget()
	for i := range r.Rows.N {
		start := len(dst)
		if f.lead != nil { // an empty one costs a call
			dst = append(dst, f.lead...)
		}
		dst = f.head.append(dst, &r.Rows, i)
		values := len(dst)
		dst = f.values.append(dst, r.Rows.Col, i)
		if len(dst) == values {
			dst = dst[:start]
			continue
		}
		if f.stamp {
			dst[len(dst)-1] = ' ' // was a comma
			dst = append(strconv.AppendInt(dst, r.Rows.Time[i], 10), '\n')
			continue
		}
		dst[len(dst)-1] = '\n' // was a blank or a comma
	}
	return dst
}
