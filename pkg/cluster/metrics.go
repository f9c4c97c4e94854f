package cluster

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"rtda/pkg/parse"
	"rtda/pkg/run"
	rtda "rtda/pkg/stream"
)

// A metric is a number of each partition that a worker has.
type metric struct {
	name, kind, help string
	value            func(v *view, s *rtda.Stats) float64
}

// metrics is the table of them. Those that count go on over workers: they are part of
// the state.
var metrics = []metric{
	{"rtda_lines_total", "counter", "lines taken", func(_ *view, s *rtda.Stats) float64 { return float64(s.Lines) }},
	{"rtda_rows_total", "counter", "rows made", func(_ *view, s *rtda.Stats) float64 { return float64(s.Rows) }},
	{"rtda_alerts_total", "counter", "lines of alerts made", func(_ *view, s *rtda.Stats) float64 { return float64(s.Alerts) }},
	{"rtda_firing", "gauge", "alerts that fire", func(_ *view, s *rtda.Stats) float64 { return float64(s.Firing) }},
	{"rtda_keys", "gauge", "keys now held", func(_ *view, s *rtda.Stats) float64 { return float64(s.Keys) }},
	{"rtda_samples", "gauge", "samples now held in all windows", func(_ *view, s *rtda.Stats) float64 { return float64(s.Held) }},
	{"rtda_position", "gauge", "number of the last message taken", func(v *view, _ *rtda.Stats) float64 { return float64(v.position.Load()) }},
	{"rtda_waiting", "gauge", "messages that wait behind it", func(v *view, _ *rtda.Stats) float64 { return float64(v.waiting.Load()) }},
	{"rtda_behind_seconds", "gauge", "age of the last message taken, while others wait", func(v *view, _ *rtda.Stats) float64 {
		if v.waiting.Load() == 0 {
			return 0
		}
		return max(0, time.Since(time.Unix(0, v.came.Load())).Seconds())
	}},
	{"rtda_saved_seconds", "gauge", "when the state was saved last by this worker, in seconds since 1970", func(v *view, _ *rtda.Stats) float64 { return float64(v.saved.Load()) / 1e9 }},
}

// serve answers who asks for metrics, until it is closed.
func (w *worker) serve() (close func(), err error) {
	o := w.cfg.Options
	if o.HTTP == nil {
		return func() {}, nil
	}
	began := time.Now()
	name, close, err := o.ServeHTTP(map[string]http.HandlerFunc{
		"/metrics": func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
			_, _ = rw.Write(w.appendMetrics(nil, began)) // a client that has gone is no matter
		},
		"/healthz": func(rw http.ResponseWriter, _ *http.Request) {
			if !w.conn.IsConnected() {
				http.Error(rw, "not connected to the NATS server", http.StatusServiceUnavailable)
				return
			}
			_, _ = rw.Write([]byte("ok\n")) // likewise
		},
	})
	if err == nil {
		w.cfg.Tell(name + "metrics")
	}
	return close, err
}

// appendMetrics appends all metrics as Prometheus reads them.
func (w *worker) appendMetrics(dst []byte, began time.Time) []byte {
	w.mu.Lock()
	held, retries := maps.Clone(w.held), w.retries
	w.mu.Unlock()
	ids := slices.Sorted(maps.Keys(held))
	head := func(name, kind, help string) {
		dst = fmt.Appendf(dst, "# HELP %s %s\n# TYPE %[1]s %[3]s\n", name, help, kind)
	}
	labels := func(name string, id int) {
		dst = fmt.Appendf(dst, "%s{group=%q,partition=\"%d\"", name, w.cfg.Group, id)
	}
	value := func(x float64) { dst = append(strconv.AppendFloat(append(dst, ' '), x, 'g', -1, 64), '\n') }
	for _, m := range metrics {
		head(m.name, m.kind, m.help)
		for _, id := range ids {
			if s := held[id].stats.Load(); s != nil {
				labels(m.name, id)
				dst = append(dst, '}')
				value(m.value(&held[id].view, s))
			}
		}
	}
	head("rtda_skipped_total", "counter", "lines and values that could not be used, by reason")
	for _, id := range ids {
		s := held[id].stats.Load()
		for why := 0; s != nil && why < parse.Reasons; why++ {
			if s.Skipped[why] > 0 {
				labels("rtda_skipped_total", id)
				dst = fmt.Appendf(dst, ",reason=%q}", parse.Reason(why).String())
				value(float64(s.Skipped[why]))
			}
		}
	}
	memory, cpu := run.Used()
	for _, m := range []struct {
		name, kind, help string
		value            float64
	}{
		{"rtda_partitions", "gauge", "partitions that the worker has", float64(len(ids))},
		{"rtda_retries_total", "counter", "errors after which a partition began anew, or something was asked again", float64(retries)},
		{"rtda_start_seconds", "gauge", "when the worker began, in seconds since 1970", float64(began.UnixNano()) / 1e9},
		{"rtda_memory_bytes", "gauge", "memory that the process has of the system", float64(memory)},
		{"rtda_cpu_seconds_total", "counter", "processor time that the process has used", cpu.Seconds()},
	} {
		head(m.name, m.kind, m.help)
		dst = append(dst, m.name...)
		value(m.value)
	}
	head("rtda_info", "gauge", "the version that runs, always 1")
	return fmt.Appendf(dst, "rtda_info{version=%q} 1\n", w.cfg.Options.Version)
}
