package format

import (
	"strings"
	"unicode/utf8"

	"rtda/pkg/num"
	"rtda/pkg/stream"
	"rtda/pkg/text"
)

// delimited is csv or tsv: a header with the first row, fixed columns, empty
// cells for values that do not exist.
type delimited struct {
	header []byte
	blank  string // a row of one empty cell
	head   head
	values rowWriter
}

func newCSV(l *Layout, precision int) Formatter {
	return newDelimited(l, precision, ",", `""`, appendCSV)
}

func newTSV(l *Layout, precision int) Formatter {
	return newDelimited(l, precision, "\t", "", appendTSV)
}

func newDelimited(l *Layout, precision int, sep, blank string, cell func(dst []byte, s string) []byte) *delimited {
	nothing := func(string) string { return "" }
	return &delimited{
		header: []byte(strings.Join(columnNames(l), sep) + "\n"),
		blank:  blank,
		head:   newHead(l, "", sep, keyParts(l.Keys, nothing, cell, sep), newKept(l, nothing, asText(cell), []byte{}, sep)),
		values: newRowWriter(l, allDigits(precision), nothing, []byte{}, sep[0]),
	}
}

// columnNames is the names over the columns of a table.
func columnNames(l *Layout) []string {
	var names []string
	if l.Clock {
		names = append(names, "time")
	}
	names = append(append(names, l.Keys...), l.Keep...)
	for _, c := range l.Columns {
		names = append(names, c.Name)
	}
	return names
}

func (f *delimited) Append(dst []byte, r *stream.Result) []byte {
	if r.Rows.First {
		dst = append(dst, f.header...)
	}
	f.values.forget()
	for i := range r.Rows.N {
		start := len(dst)
		dst = f.head.append(dst, &r.Rows, i)
		dst = f.values.append(dst, r.Rows.Col, i)
		if len(dst) == start+1 {
			dst = append(append(dst[:start], f.blank...), '\n')
			continue
		}
		dst[len(dst)-1] = '\n' // was a separator
	}
	return dst
}

var (
	csvEscapes = text.NewEscaper(`\`, map[byte]string{'"': `""`}, "nrtu")
	tsvEscapes = text.NewEscaper(`\`, map[byte]string{'\\': `\\`}, "")
)

// appendCSV appends s as a cell with the quoting of RFC 4180.
func appendCSV(dst []byte, s string) []byte {
	quote := strings.ContainsAny(s, `,"`) || strings.HasPrefix(s, " ") || strings.HasSuffix(s, " ")
	if quote {
		dst = append(dst, '"')
	}
	dst = csvEscapes.Append(guard(dst, s), s)
	if quote {
		dst = append(dst, '"')
	}
	return dst
}

// appendTSV appends s as a cell, a backslash as two.
func appendTSV(dst []byte, s string) []byte { return tsvEscapes.Append(guard(dst, s), s) }

// guard appends an apostrophe if a spreadsheet would take s for a formula, and
// also where s is such a text behind apostrophes, so that different texts
// stay different. A number is none, whatever its sign, nor is a sign alone.
func guard(dst []byte, s string) []byte {
	bare := strings.TrimLeft(s, "'")
	first, _ := utf8.DecodeRuneInString(bare)
	switch first {
	case '+', '-':
		_, isNumber := num.Parse([]byte(bare), '.')
		if len(bare) == 1 || isNumber {
			return dst
		}
	case '=', '@', '＝', '＋', '－', '＠':
	default:
		return dst
	}
	return append(dst, '\'')
}
