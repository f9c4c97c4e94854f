package format

import (
	"rtda/pkg/stream"
	"rtda/pkg/text"
)

// textLines is logfmt: time=… sensor=s3 temp_mean=20.01. Values that do not exist
// are left out, and a row without any is no line.
type textLines struct {
	head   head
	values rowWriter
}

func newText(l *Layout, precision int) Formatter {
	return &textLines{
		head:   newHead(l, "time=", " ", keyParts(l.Keys, withEquals, text.AppendLogfmt, " "), newKept(l, withEquals, asText(text.AppendLogfmt), nil, " ")),
		values: newRowWriter(l, roundedDigits(precision), withEquals, nil, ' '),
	}
}

func withEquals(name string) string { return name + "=" }

func (f *textLines) Append(dst []byte, r *stream.Result) []byte {
	f.values.forget()
	for i := range r.Rows.N {
		start := len(dst)
		dst = f.head.append(dst, &r.Rows, i)
		values := len(dst)
		dst = f.values.append(dst, r.Rows.Col, i)
		if len(dst) == values {
			dst = dst[:start]
			continue
		}
		dst[len(dst)-1] = '\n' // was a blank
	}
	return dst
}
