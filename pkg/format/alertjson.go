package format

import (
	"math"
	"strconv"

	"rtda/pkg/clock"
	"rtda/pkg/num"
	"rtda/pkg/rule"
	"rtda/pkg/stream"
	"rtda/pkg/text"
)

// alertJSON appends an alert as an object, always with the same names, null
// where there is nothing.
func (c *Context) alertJSON(dst []byte, n *stream.Note) []byte {
	a, r := n.Alert, c.Rules.Rule(n.Alert.Rule)
	state := "firing"
	if a.Resolved {
		state = "resolved"
	}
	dst = append(append(dst, `{"state":"`...), state...)
	dst = append(append(dst, `","severity":"`...), a.Level.String()...)
	dst = text.AppendJSON(append(dst, `","rule":`...), r.Name)
	dst = c.keyJSON(append(dst, `,"key":`...), a.Key)
	dst = c.valuesJSON(append(dst, `,"values":`...), a.Values, r)
	dst = c.whereJSON(append(dst, ','), n)
	dst = appendLevel(append(dst, `,"was":`...), a.Was)
	dst = append(dst, `,"again":`...)
	if a.Again > 0 {
		dst = strconv.AppendInt(dst, int64(a.Again), 10)
	} else {
		dst = append(dst, null...)
	}
	return append(text.AppendJSON(append(dst, `,"expr":`...), r.Text), '}')
}

const null = "null"

func appendLevel(dst []byte, s rule.Severity) []byte {
	if s == rule.None {
		return append(dst, null...)
	}
	return append(append(append(dst, '"'), s.String()...), '"')
}

// keyJSON appends the key as an object of texts.
func (c *Context) keyJSON(dst []byte, key *stream.Key) []byte {
	if key == nil {
		return append(dst, null...)
	}
	dst = append(dst, '{')
	for i, part := range key.Parts {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = text.AppendJSON(dst, c.Layout.Keys[i])
		dst = text.AppendJSON(append(dst, ':'), part)
	}
	return append(dst, '}')
}

// valuesJSON appends the metrics as an object of numbers.
func (c *Context) valuesJSON(dst []byte, values []float64, r *rule.Rule) []byte {
	dst = append(dst, '{')
	for i, x := range values {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = text.AppendJSON(dst, c.Rules.Metrics[r.Metrics[i]].Text)
		dst = append(dst, ':')
		if math.IsNaN(x) {
			dst = append(dst, null...)
		} else {
			dst = num.AppendShortest(dst, x)
		}
	}
	return append(dst, '}')
}

// whereJSON appends file, line, time, since and after.
func (c *Context) whereJSON(dst []byte, n *stream.Note) []byte {
	dst = append(dst, `"file":`...)
	if name, told := c.file(n); told {
		dst = text.AppendJSON(dst, name)
	} else {
		dst = append(dst, null...)
	}
	dst = append(dst, `,"line":`...)
	if n.Line > 0 {
		dst = strconv.AppendInt(dst, int64(n.Line), 10)
	} else {
		dst = append(dst, null...)
	}
	if !c.Clock {
		return append(dst, `,"time":null,"since":null,"after":null`...)
	}
	dst = clock.AppendTime(append(dst, `,"time":"`...), n.Alert.Time)
	dst = clock.AppendTime(append(dst, `","since":"`...), n.Alert.Since)
	dst = append(dst, `","after":`...)
	if !n.Alert.Resolved {
		return append(dst, null...)
	}
	return clock.AppendSeconds(dst, n.Alert.After)
}
