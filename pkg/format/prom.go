package format

import (
	"slices"
	"strings"
	"unicode/utf8"

	"rtda/pkg/num"
	"rtda/pkg/stream"
	"rtda/pkg/text"
)

// prom is the Prometheus text format: the rows of a Result as gauges, metric
// by metric. All rows are in one Result, one a key.
type prom struct {
	columns []promColumn
	labels  labels
	number  func(dst []byte, x float64) []byte
}

type promColumn struct {
	name  string
	intro string // HELP and TYPE
	count bool
}

func newProm(l *Layout, precision int) Formatter {
	f := &prom{number: allDigits(precision).append}
	if len(l.Keys) > 0 {
		f.labels.write = promLabel(rename(l, labelName))
	}
	names := used{}
	for i := range l.Columns {
		c := &l.Columns[i]
		name := names.take(promName(l.Measurement + "_" + c.Name))
		help := string(helpEscapes.Append(nil, promHelp(c)))
		f.columns = append(f.columns, promColumn{
			name: name, count: c.Count,
			intro: "# HELP " + name + " " + help + "\n# TYPE " + name + " " + promType(name) + "\n",
		})
	}
	return f
}

// promName is a name as the format has them: ASCII letters, digits and _, and
// not a digit first.
func promName(s string) string {
	name := asciiName(s)
	if isDigit(name[0]) {
		return "_" + name
	}
	return name
}

func asciiName(s string) string {
	return cleanName(s, func(r rune) bool { return r < utf8.RuneSelf && isAlphanumeric(r) })
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// promType is gauge but for names whose ending says that they belong to
// another type: `promtool check metrics` has them untyped or not at all.
func promType(name string) string {
	endings := []string{"_count", "_sum", "_bucket", "_total"}
	if slices.ContainsFunc(endings, func(ending string) bool { return strings.HasSuffix(name, ending) }) {
		return "untyped"
	}
	return "gauge"
}

// promHelp says what a column is.
func promHelp(c *Column) string {
	if c.Agg == "age" {
		return "seconds since the last sample"
	}
	help := c.Agg
	if c.Field != "" {
		help += " of " + c.Field
	}
	switch {
	case c.Window == "all":
		return help + " over all samples"
	case strings.Trim(c.Window, "0123456789") == "" && c.Window != "":
		return help + " over the last " + c.Window + " samples"
	case c.Window != "":
		return help + " over the last " + c.Window
	}
	return help
}

func (f *prom) Append(dst []byte, r *stream.Result) []byte {
	for c := range f.columns {
		dst = f.metric(dst, &f.columns[c], &r.Rows, r.Rows.Col[c])
	}
	return dst
}

// metric appends the values of one column, and what introduces it if there
// are any.
func (f *prom) metric(dst []byte, c *promColumn, rows *stream.Rows, values []float64) []byte {
	intro := c.intro
	for i, x := range values[:rows.N] {
		if x != x {
			continue
		}
		dst = append(append(dst, intro...), c.name...)
		intro = ""
		if f.labels.write != nil {
			dst = f.labels.append(dst, rows.Key[i])
		}
		dst = append(dst, ' ')
		if c.count {
			dst = num.AppendCount(dst, x)
		} else {
			dst = f.number(dst, x)
		}
		dst = append(dst, '\n')
	}
	return dst
}

// promLabel is the labels of a key: {sensor="s3"}.
func promLabel(names []string) labeler {
	open := func(name string) string { return name + `="` }
	parts := keyParts(names, open, text.PromEscapes.Append, `",`)
	return func(dst []byte, key []string) []byte {
		dst = parts(append(dst, '{'), key)
		dst[len(dst)-1] = '}' // was a comma
		return dst
	}
}

// PromKeys are the names of the keys as labels.
func PromKeys(l *Layout) []string { return rename(l, labelName) }

// labelName is the name of a key as a label. Those of histograms and
// summaries are not for gauges, names with two underscores are Prometheus's
// own, and none begins with a digit.
func labelName(key string) string {
	name := asciiName(key)
	switch {
	case name == "le" || name == "quantile":
		return name + "_2"
	case strings.HasPrefix(name, "__") || isDigit(name[0]):
		return "key_" + name
	}
	return name
}

var helpEscapes = text.NewEscaper(`\\`, map[byte]string{'\\': `\\`}, "")
