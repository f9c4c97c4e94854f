package format

import (
	"strings"

	"rtda/pkg/num"
	"rtda/pkg/stream"
	"rtda/pkg/text"
)

// prom is the Prometheus text format: the rows of a Result as gauges, metric
// by metric. The stream gives all rows in one Result at the end, one a key.
type prom struct {
	columns []promColumn
	keyed   bool
	style   numberStyle
}

type promColumn struct {
	name  string
	intro string // HELP and TYPE
	count bool
}

func newProm(l Layout, precision int) Formatter {
	f := &prom{keyed: len(l.Keys) > 0, style: numberStyle{precision, true}}
	for i := range l.Columns {
		c := &l.Columns[i]
		name := "rtda_" + c.Name
		help := string(helpEscapes.Append(nil, promHelp(c)))
		f.columns = append(f.columns, promColumn{
			name: name, count: c.Count,
			intro: "# HELP " + name + " " + help + "\n# TYPE " + name + " " + promType(name) + "\n",
		})
	}
	return f
}

// promType is gauge but for names whose ending says that they belong to
// another type: `promtool check metrics` has them untyped or not at all.
func promType(name string) string {
	for _, ending := range []string{"_count", "_sum", "_bucket", "_total"} {
		if strings.HasSuffix(name, ending) {
			return "untyped"
		}
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
		if f.keyed {
			dst = append(dst, rows.Key[i].Label...)
		}
		dst = append(dst, ' ')
		if c.count {
			dst = num.AppendCount(dst, x)
		} else {
			dst = f.style.append(dst, x)
		}
		dst = append(dst, '\n')
	}
	return dst
}

// promLabel is the labels of a key: {sensor="s3"}.
func promLabel(l Layout) labeler {
	keys := rename(&l, labelName)
	open := func(key string) string { return key + `="` }
	parts := labelParts(keys, open, promEscapes.Append, `",`)
	return func(dst []byte, key []string) []byte {
		dst = parts(append(dst, '{'), key)
		dst[len(dst)-1] = '}' // was a comma
		return dst
	}
}

// labelName is the name of a key as a label. Those of histograms and
// summaries are not for gauges, names with two underscores are Prometheus's
// own, and none begins with a digit.
func labelName(key string) string {
	switch {
	case key == "le" || key == "quantile":
		return key + "_2"
	case strings.HasPrefix(key, "__") || key[0] >= '0' && key[0] <= '9':
		return "key_" + key
	}
	return key
}

var (
	// of control characters the format knows but the line feed
	promEscapes = text.NewEscaper(`\\`, map[byte]string{'"': `\"`, '\\': `\\`, '\n': `\n`}, "rtu")
	helpEscapes = text.NewEscaper(`\\`, map[byte]string{'\\': `\\`}, "")
)
