package format

import (
	"rtda/pkg/parse"
	"rtda/pkg/stream"
	"rtda/pkg/text"
)

// jsonLines is an object a line, with null for values that do not exist.
type jsonLines struct {
	head   head
	values rowWriter
}

func newJSON(l *Layout, precision int) Formatter { return newJSONLines(l, precision) }

func newJSONLines(l *Layout, precision int) *jsonLines {
	return &jsonLines{
		head:   newHead(l, `"time":"`, `",`, keyParts(l.Keys, jsonName, text.AppendJSON, ","), newKept(l, jsonName, appendJSONText, []byte("null"), ",")),
		values: newRowWriter(l, allDigits(precision), jsonName, []byte("null"), ','),
	}
}

func jsonName(name string) string { return string(append(text.AppendJSON(nil, name), ':')) }

// appendJSONText appends a field as it stood: numbers and booleans are those.
func appendJSONText(dst []byte, t parse.Text) []byte {
	if t.Bare {
		return append(dst, t.B...)
	}
	return text.AppendJSON(dst, string(t.B))
}

func (f *jsonLines) Append(dst []byte, r *stream.Result) []byte {
	f.values.forget()
	for i := range r.Rows.N {
		dst = append(f.row(dst, &r.Rows, i), '}', '\n')
	}
	return dst
}

// row appends row i without the brace that closes it.
func (f *jsonLines) row(dst []byte, rows *stream.Rows, i int) []byte {
	dst = append(dst, '{')
	first := len(dst)
	dst = f.head.append(dst, rows, i)
	dst = f.values.append(dst, rows.Col, i)
	if len(dst) > first {
		dst = dst[:len(dst)-1] // the comma behind the last
	}
	return dst
}
