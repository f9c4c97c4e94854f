package cluster

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"rtda/pkg/parse"
	"rtda/pkg/run"
	rtda "rtda/pkg/stream"
	"rtda/pkg/text"
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
			_, _ = rw.Write(w.metrics(began)) // a client that has gone is no matter
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

func (w *worker) metrics(began time.Time) []byte {
	w.mu.Lock()
	held, retries := maps.Clone(w.held), w.retries
	w.mu.Unlock()
	ids := slices.Sorted(maps.Keys(held))
	labels := func(id int) []string { return []string{"group", w.cfg.Group, "partition", strconv.Itoa(id)} }
	m := text.Metrics{}
	for _, of := range metrics {
		m.Begin(of.name, of.kind, of.help)
		for _, id := range ids {
			if s := held[id].stats.Load(); s != nil {
				m.Add(of.value(&held[id].view, s), labels(id)...)
			}
		}
	}
	m.Begin("rtda_skipped_total", "counter", "lines and values that could not be used, by reason")
	for _, id := range ids {
		s := held[id].stats.Load()
		for why := 0; s != nil && why < parse.Reasons; why++ {
			if s.Skipped[why] > 0 {
				m.Add(float64(s.Skipped[why]), append(labels(id), "reason", parse.Reason(why).String())...)
			}
		}
	}
	one := func(name, kind, help string, x float64) {
		m.Begin(name, kind, help)
		m.Add(x)
	}
	memory, cpu := run.Used()
	one("rtda_partitions", "gauge", "partitions that the worker has", float64(len(ids)))
	one("rtda_retries_total", "counter", "errors after which a partition began anew, or something was asked again", float64(retries))
	one("rtda_start_seconds", "gauge", "when the worker began, in seconds since 1970", float64(began.UnixNano())/1e9)
	one("rtda_memory_bytes", "gauge", "memory that the process has of the system", float64(memory))
	one("rtda_cpu_seconds_total", "counter", "processor time that the process has used", cpu.Seconds())
	m.Begin("rtda_info", "gauge", "the version that runs, always 1")
	m.Add(1, "version", w.cfg.Options.Version)
	return m.Text
}
