package serve

import (
	"net/http"
	"slices"

	"rtda/pkg/board"
	"rtda/pkg/rule"
	"rtda/pkg/stream"
	"rtda/pkg/text"
)

// An ownMetric is a metric of the run itself. No name may end in the name of an
// aggregate, so that no column can take it (TestOwnNamesAreFree).
type ownMetric struct {
	name, kind, help string
	add              func(m *text.Metrics, v *view)
}

// A view is what metrics are made of.
type view struct {
	*site
	counts board.Counts
	last   stream.Result
	firing []board.Alert
	fired  []board.Fired
	own    Own
}

func one(value func(v *view) float64) func(*text.Metrics, *view) {
	return func(m *text.Metrics, v *view) { m.Add(value(v)) }
}

var ownMetrics = []ownMetric{
	{"rtda_info", "gauge", "the version that runs, always 1", func(m *text.Metrics, v *view) { m.Add(1, "version", v.cfg.Version) }},
	{"rtda_lines_total", "counter", "lines read", one(func(v *view) float64 { return float64(v.counts.Lines) })},
	{"rtda_skipped_total", "counter", "lines and values that could not be used, by reason", addSkipped},
	{"rtda_rows_total", "counter", "rows made", one(func(v *view) float64 { return float64(v.counts.Rows) })},
	{"rtda_keys", "gauge", "keys now held", one(func(v *view) float64 { return float64(v.counts.Keys) })},
	{"rtda_samples", "gauge", "samples now held in all windows", one(func(v *view) float64 { return float64(v.counts.Held) })},
	{"rtda_alert", "gauge", "1 while an alert fires", addFiring},
	{"rtda_alerts_total", "counter", "ALERT lines, by rule", func(m *text.Metrics, v *view) {
		for _, f := range v.fired {
			m.Add(float64(f.N), "rule", f.Name, "severity", rule.Severity(f.Level).String())
		}
	}},
	{"rtda_actions_failed_total", "counter", "runs of --exec that failed, timed out or were dropped", one(func(v *view) float64 { return float64(v.own.ActionsFailed) })},
	{"rtda_newest_seconds", "gauge", "time of the newest record, in seconds since 1970", func(m *text.Metrics, v *view) {
		if v.cfg.Clock && v.counts.NewestTime() != 0 {
			m.Add(float64(v.counts.NewestTime()) / 1e9)
		}
	}},
	{"rtda_start_seconds", "gauge", "when the run began, in seconds since 1970", one(func(v *view) float64 { return float64(v.started.UnixNano()) / 1e9 })},
	{"rtda_memory_bytes", "gauge", "memory that the process has of the system", one(func(v *view) float64 { return float64(v.own.Memory) })},
	{"rtda_cpu_seconds_total", "counter", "processor time that the process has used", one(func(v *view) float64 { return v.own.CPU })},
	{"rtda_clients", "gauge", "clients that have events", one(func(v *view) float64 { return float64(v.clients()) })},
	{"rtda_connections", "gauge", "connections that feed the run", one(func(v *view) float64 { return float64(v.own.Connections) })},
	{"rtda_udp_dropped_total", "counter", "datagrams that the system has dropped", one(func(v *view) float64 { return float64(v.own.UDPDropped) })},
}

// metrics answers /metrics: the last rows of all keys, then the run itself.
func (s *site) metrics(w http.ResponseWriter, r *http.Request) {
	v := view{site: s, own: s.cfg.Own()}
	s.cfg.Board.Look(func(l board.Look) {
		v.counts, v.firing, v.fired = l.Counts(), l.Firing(), slices.Clone(l.Fired())
		l.LastRows(&v.last)
	})
	m := text.Metrics{Text: s.cfg.Metrics(nil, &v.last)}
	for _, own := range ownMetrics {
		m.Begin(own.name, own.kind, own.help)
		own.add(&m, &v)
	}
	answer(w, r, "text/plain; version=0.0.4; charset=utf-8", m.Text)
}

func addSkipped(m *text.Metrics, v *view) {
	for i, reason := range v.cfg.Reasons {
		if n := v.counts.Skipped[i]; n > 0 {
			m.Add(float64(n), "reason", reason)
		}
	}
}

// addFiring adds each alert that fires, with the key's labels; one of a name that
// is taken gets "key_" before it.
func addFiring(m *text.Metrics, v *view) {
	for i := range v.firing {
		a := &v.firing[i]
		labels := []string{"rule", v.cfg.Rules[a.Note.Alert.Rule].Name, "severity", a.Note.Alert.Level.String()}
		for k, part := range parts(a.Entry) {
			label := v.cfg.LabelNames[k]
			if label == "rule" || label == "severity" {
				label = "key_" + label
			}
			labels = append(labels, label, part)
		}
		m.Add(1, labels...)
	}
}
