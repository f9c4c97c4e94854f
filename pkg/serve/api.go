package serve

import (
	"bytes"
	"cmp"
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"rtda/pkg/board"
	"rtda/pkg/rule"
)

// digits is how many significant digits numbers have where a picture is made of
// them.
const digits = 7

// meta is what stays as it is for the whole run.
func (s *site) meta(dst []byte) []byte {
	s.mu.Lock()
	ended := s.ended
	s.mu.Unlock()
	m := struct {
		Version string   `json:"version"`
		Keys    []string `json:"keys"`
		Columns []Column `json:"columns"`
		Clock   bool     `json:"clock"`
		Rules   []Rule   `json:"rules"`
		Started string   `json:"started"`
		Ended   *string  `json:"ended"`
	}{
		s.cfg.Version, orEmpty(s.cfg.Keys), orEmpty(s.cfg.Columns), s.cfg.Clock, orEmpty(s.cfg.Rules),
		s.started.UTC().Format(time.RFC3339Nano), nil,
	}
	if !ended.IsZero() {
		text := ended.UTC().Format(time.RFC3339Nano)
		m.Ended = &text
	}
	return appendAny(dst, m)
}

// orEmpty is all, or a list of nothing where there is none: null would have to be
// looked for by every client.
func orEmpty[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}

// appendAny appends what encoding/json makes of v.
func appendAny(dst []byte, v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("serve: " + err.Error()) // only of types that it can write
	}
	return append(dst, b...)
}

// rows are the last rows of all keys.
func (s *site) rows(dst []byte) []byte {
	type row struct {
		id    int
		key   []string
		time  int64
		level rule.Severity
		row   []float64
	}
	var all []row
	var seq uint64
	s.cfg.Board.Look(func(l board.Look) {
		seq = l.Seq()
		l.Entries(func(e *board.Entry) bool {
			if e.Rows > 0 {
				all = append(all, row{e.ID, parts(e), e.Time, e.Level, slices.Clone(e.Row)})
			}
			return true
		})
	})
	slices.SortFunc(all, func(a, b row) int { return slices.Compare(a.key, b.key) })
	dst = strconv.AppendUint(append(dst, `{"seq":`...), seq, 10)
	dst = append(dst, `,"rows":[`...)
	for _, r := range all {
		dst = strconv.AppendInt(append(dst, `{"id":`...), int64(r.id), 10)
		dst = s.appendKey(append(dst, `,"key":`...), r.key)
		dst = append(dst, `,"time":`...)
		if s.cfg.Clock {
			dst = append(time.Unix(0, r.time).UTC().AppendFormat(append(dst, '"'), time.RFC3339Nano), '"')
		} else {
			dst = append(dst, "null"...)
		}
		dst = append(dst, `,"level":`...)
		if r.level == rule.None {
			dst = append(dst, "null"...)
		} else {
			dst = append(append(append(dst, '"'), r.level.String()...), '"')
		}
		dst = append(dst, `,"values":{`...)
		for c, x := range r.row {
			dst = append(appendAny(dst, s.cfg.Columns[c].Name), ':')
			dst = append(appendNumber(dst, x, -1), ',')
		}
		dst = append(closed(dst, '}'), "},"...)
	}
	return append(closed(dst, ']'), "}\n"...)
}

// closed ends a list or an object, behind each of whose items stands a comma.
func closed(dst []byte, end byte) []byte { return append(bytes.TrimSuffix(dst, []byte{','}), end) }

func parts(e *board.Entry) []string {
	if e.Key == nil {
		return nil
	}
	return e.Key.Parts
}

// appendKey appends the key as an object of texts.
func (s *site) appendKey(dst []byte, parts []string) []byte {
	dst = append(dst, '{')
	for i, part := range parts {
		dst = append(appendAny(dst, s.cfg.Keys[i]), ':')
		dst = append(appendAny(dst, part), ',')
	}
	return closed(dst, '}')
}

// appendNumber appends x with so many digits, all that are needed for -1; null
// where there is no value.
func appendNumber(dst []byte, x float64, digits int) []byte {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return append(dst, "null"...)
	}
	return strconv.AppendFloat(dst, x, 'g', digits, 64)
}

// history is the past of some keys in one column: all keys with a past, or those
// of `id`.
func (s *site) history(w http.ResponseWriter, r *http.Request) {
	name := cmp.Or(r.URL.Query().Get("column"), s.firstColumn())
	column := slices.IndexFunc(s.cfg.Columns, func(c Column) bool { return c.Name == name })
	if column < 0 {
		http.Error(w, "no such column", http.StatusNotFound)
		return
	}
	wanted := map[int]bool{}
	for id := range strings.SplitSeq(r.URL.Query().Get("id"), ",") {
		if n, err := strconv.Atoi(id); err == nil {
			wanted[n] = true
		}
	}
	all := !r.URL.Query().Has("id")
	var ids []int
	var seq uint64
	s.cfg.Board.Look(func(l board.Look) {
		seq = l.Seq()
		l.Entries(func(e *board.Entry) bool {
			if e.Past != nil && (all || wanted[e.ID]) {
				ids = append(ids, e.ID)
			}
			return true
		})
	})
	dst := strconv.AppendUint([]byte(`{"seq":`), seq, 10)
	dst = append(appendAny(append(dst, `,"column":`...), name), `,"series":[`...)
	var p series
	for _, id := range ids { // one at a time, so that the run never waits for long
		if s.copyPast(&p, id, column) {
			dst = append(p.append(dst, id, s.cfg.Clock), ',')
		}
	}
	answer(w, r, "application/json", append(closed(dst, ']'), "}\n"...))
}

func (s *site) firstColumn() string {
	if len(s.cfg.Columns) == 0 {
		return ""
	}
	return s.cfg.Columns[0].Name
}

// A series is the past of one key in one column.
type series struct {
	t               []int64
	last, min, most []float64
}

// copyPast copies the past of a key. It reports whether there is one.
func (s *site) copyPast(p *series, id, column int) (ok bool) {
	s.cfg.Board.Look(func(l board.Look) {
		e := l.Entry(id)
		if e == nil || e.Past == nil {
			return
		}
		p.t, p.last, p.min, p.most = p.t[:0], p.last[:0], p.min[:0], p.most[:0]
		for i := range e.Past.Len() {
			at := e.Past.At(i, column)
			p.t = append(p.t, e.Past.Place(i))
			p.last, p.min, p.most = append(p.last, at.Last), append(p.min, at.Min), append(p.most, at.Max)
		}
		ok = true
	})
	return ok
}

func (p *series) append(dst []byte, id int, clock bool) []byte {
	dst = strconv.AppendInt(append(dst, `{"id":`...), int64(id), 10)
	dst = append(dst, `,"t":[`...)
	for _, t := range p.t {
		dst = append(appendPlace(dst, t, clock), ',')
	}
	dst = appendNumbers(append(closed(dst, ']'), `,"last":[`...), p.last)
	if band(p.min, p.last) || band(p.most, p.last) {
		dst = appendNumbers(append(dst, `,"min":[`...), p.min)
		dst = appendNumbers(append(dst, `,"max":[`...), p.most)
	}
	return append(dst, '}')
}

// appendPlace appends where a point stands: milliseconds since the epoch, or the
// number of its row where there is no clock.
func appendPlace(dst []byte, t int64, clock bool) []byte {
	if clock {
		t = floorMilli(t)
	}
	return strconv.AppendInt(dst, t, 10)
}

func floorMilli(t int64) int64 {
	const milli = int64(time.Millisecond)
	if t%milli < 0 {
		return t/milli - 1
	}
	return t / milli
}

func appendNumbers(dst []byte, xs []float64) []byte {
	for _, x := range xs {
		dst = append(appendNumber(dst, x, digits), ',')
	}
	return closed(dst, ']')
}

// band reports whether there is more to see than the last values.
func band(xs, last []float64) bool {
	return !slices.EqualFunc(xs, last, func(a, b float64) bool { return a == b || a != a && b != b })
}

// alerts are those that fire, as their last lines told them, and the log.
func (s *site) alerts(dst []byte) []byte {
	var log, firing []board.Alert
	s.cfg.Board.Look(func(l board.Look) {
		log, firing = slices.Clone(l.Alerts()), l.Firing()
	})
	dst = s.appendAlerts(append(dst, `{"firing":`...), firing)
	dst = s.appendAlerts(append(dst, `,"log":`...), log)
	return append(dst, "}\n"...)
}

func (s *site) appendAlerts(dst []byte, all []board.Alert) []byte {
	dst = append(dst, '[')
	for i := range all {
		dst = append(s.cfg.Alert(dst, &all[i]), ',')
	}
	return closed(dst, ']')
}
