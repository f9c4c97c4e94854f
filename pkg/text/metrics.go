package text

import "strconv"

// PromEscapes writes what stands in quotes in the text format of Prometheus, which
// knows of control characters the line feed only.
var PromEscapes = NewEscaper(`\\`, map[byte]string{'"': `\"`, '\\': `\\`, '\n': `\n`}, "rtu")

// Metrics gathers numbers in the text format of Prometheus.
type Metrics struct {
	Text  []byte
	name  string
	intro string // of the metric, until it has a value
}

// Begin begins a metric. One without values is not shown.
func (m *Metrics) Begin(name, kind, help string) {
	m.name = name
	m.intro = "# HELP " + name + " " + help + "\n# TYPE " + name + " " + kind + "\n"
}

// Add adds a value of the metric. Each of its labels is a name and a text.
func (m *Metrics) Add(x float64, labels ...string) {
	m.Text = append(append(m.Text, m.intro...), m.name...)
	m.intro = ""
	before := byte('{')
	for i := 0; i < len(labels); i += 2 {
		m.Text = append(append(append(m.Text, before), labels[i]...), `="`...)
		m.Text = append(PromEscapes.Append(m.Text, labels[i+1]), '"')
		before = ','
	}
	if len(labels) > 0 {
		m.Text = append(m.Text, '}')
	}
	m.Text = append(strconv.AppendFloat(append(m.Text, ' '), x, 'g', -1, 64), '\n')
}
