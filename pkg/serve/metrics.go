package serve

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"rtda/pkg/board"
	"rtda/pkg/rule"
	"rtda/pkg/stream"
)

// An ownMetric is a metric of the run itself. No name may end in the name of an
// aggregate, so that no column can take it (TestOwnNamesAreFree).
type ownMetric struct {
	name, kind, help string
	append           func(dst []byte, s *site, v *view, name string) []byte
}

// A view is what metrics are made of.
type view struct {
	counts  board.Counts
	last    stream.Result
	firing  []board.Alert
	fired   []fired
	own     Own
	clients int
}

// fired is how many ALERT lines a rule has had.
type fired = board.Fired

func one(value func(v *view) float64) func([]byte, *site, *view, string) []byte {
	return func(dst []byte, _ *site, v *view, name string) []byte {
		return appendValue(append(dst, name...), value(v))
	}
}

func appendValue(dst []byte, x float64) []byte {
	return append(strconv.AppendFloat(append(dst, ' '), x, 'g', -1, 64), '\n')
}

var ownMetrics = []ownMetric{
	{"rtda_info", "gauge", "the version that runs, always 1", func(dst []byte, s *site, _ *view, name string) []byte {
		return append(s.cfg.Label(append(append(dst, name...), '{'), "version", s.cfg.Version), "} 1\n"...)
	}},
	{"rtda_lines_total", "counter", "lines read", one(func(v *view) float64 { return float64(v.counts.Lines) })},
	{"rtda_skipped_total", "counter", "lines and values that could not be used, by reason", appendSkipped},
	{"rtda_rows_total", "counter", "rows made", one(func(v *view) float64 { return float64(v.counts.Rows) })},
	{"rtda_keys", "gauge", "keys now held", one(func(v *view) float64 { return float64(v.counts.Keys) })},
	{"rtda_samples", "gauge", "samples now held in all windows", one(func(v *view) float64 { return float64(v.counts.Held) })},
	{"rtda_alert", "gauge", "1 while an alert fires", appendFiring},
	{"rtda_alerts_total", "counter", "ALERT lines, by rule", appendFired},
	{"rtda_actions_failed_total", "counter", "runs of --exec that failed, timed out or were dropped", one(func(v *view) float64 { return float64(v.own.ActionsFailed) })},
	{"rtda_newest_seconds", "gauge", "time of the newest row, in seconds since 1970", func(dst []byte, s *site, v *view, name string) []byte {
		if !s.cfg.Clock || v.counts.Newest == 0 {
			return dst
		}
		return appendValue(append(dst, name...), float64(v.counts.Newest)/1e9)
	}},
	{"rtda_start_seconds", "gauge", "when the run began, in seconds since 1970", func(dst []byte, s *site, _ *view, name string) []byte {
		return appendValue(append(dst, name...), float64(s.started.UnixNano())/1e9)
	}},
	{"rtda_memory_bytes", "gauge", "memory that the process has of the system", one(func(v *view) float64 { return float64(v.own.Memory) })},
	{"rtda_cpu_seconds_total", "counter", "processor time that the process has used", one(func(v *view) float64 { return v.own.CPU })},
	{"rtda_clients", "gauge", "clients that have events", one(func(v *view) float64 { return float64(v.clients) })},
	{"rtda_connections", "gauge", "connections that feed the run", one(func(v *view) float64 { return float64(v.own.Connections) })},
	{"rtda_udp_dropped_total", "counter", "datagrams that the system has dropped", one(func(v *view) float64 { return float64(v.own.UDPDropped) })},
}

// metrics answers /metrics: the last rows of all keys, then the run itself.
func (s *site) metrics(w http.ResponseWriter, r *http.Request) {
	v := view{own: s.cfg.Own(), clients: s.clients()}
	s.cfg.Board.Look(func(l board.Look) {
		v.counts, v.firing, v.fired = l.Counts(), l.Firing(), slices.Clone(l.Fired())
		l.LastRows(&v.last)
	})
	b := s.cfg.Metrics(nil, &v.last)
	for _, m := range ownMetrics {
		begin := len(b)
		b = fmt.Appendf(b, "# HELP %s %s\n# TYPE %s %s\n", m.name, m.help, m.name, m.kind)
		head := len(b)
		if b = m.append(b, s, &v, m.name); len(b) == head {
			b = b[:begin]
		}
	}
	answer(w, r, "text/plain; version=0.0.4; charset=utf-8", b)
}

func appendSkipped(dst []byte, s *site, v *view, name string) []byte {
	for i, reason := range s.cfg.Reasons {
		if v.counts.Skipped[i] == 0 {
			continue
		}
		dst = s.cfg.Label(append(append(dst, name...), '{'), "reason", reason)
		dst = appendValue(append(dst, '}'), float64(v.counts.Skipped[i]))
	}
	return dst
}

// appendFiring appends each alert that fires, with the key's labels; one of a
// name that is taken gets "key_" before it.
func appendFiring(dst []byte, s *site, v *view, name string) []byte {
	for i := range v.firing {
		a := &v.firing[i]
		dst = s.cfg.Label(append(append(dst, name...), '{'), "rule", s.cfg.Rules[a.Note.Alert.Rule].Name)
		dst = s.cfg.Label(append(dst, ','), "severity", a.Note.Alert.Level.String())
		for k, part := range parts(a.Entry) {
			label := s.cfg.LabelNames[k]
			if label == "rule" || label == "severity" {
				label = "key_" + label
			}
			dst = s.cfg.Label(append(dst, ','), label, part)
		}
		dst = append(dst, "} 1\n"...)
	}
	return dst
}

func appendFired(dst []byte, s *site, v *view, name string) []byte {
	for _, f := range v.fired {
		dst = s.cfg.Label(append(append(dst, name...), '{'), "rule", f.Name)
		dst = s.cfg.Label(append(dst, ','), "severity", rule.Severity(f.Level).String())
		dst = appendValue(append(dst, '}'), float64(f.N))
	}
	return dst
}
