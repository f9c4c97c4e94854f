package serve

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"rtda/pkg/board"
)

// Bounds on clients of events.
const (
	maxClients  = 64
	stepTime    = time.Second
	commentTime = 15 * time.Second
	takeTime    = 10 * time.Second // one that takes nothing for so long is dropped
	pieceSize   = 16 << 10         // that is to be taken in this time
)

// A hub tells all clients of events what has changed, once a second. A client
// that is slow gets the next step larger, never a backlog.
type hub struct {
	s     *site
	open  context.Context
	close context.CancelFunc

	mu      sync.Mutex
	clients map[*client]bool
	running bool // the goroutine that steps
	ended   bool
	status  int
	hold    bool
}

// A step is what has changed and its event, which is made once, by the first that
// sends it.
type step struct {
	*board.Steps
	once sync.Once
	text []byte
}

func (t *step) event(s *site) []byte {
	t.once.Do(func() { t.text = s.appendStep(nil, t.Steps) })
	return t.text
}

// A client waits for news.
type client struct {
	news chan struct{} // holds one where there is something to tell
	step *step         // not yet told
}

func (h *hub) init(s *site) {
	h.s, h.clients = s, map[*client]bool{}
	h.open, h.close = context.WithCancel(context.Background())
}

func (s *site) clients() int {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	return len(s.hub.clients)
}

// enter takes a client in, if there is room.
func (h *hub) enter(c *client) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.clients) >= maxClients {
		return false
	}
	h.clients[c] = true
	if !h.running {
		h.running = true
		h.s.cfg.Board.Step() // begins to gather
		go h.run()
	}
	return true
}

func (h *hub) leave(c *client) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.clients, c)
}

// run steps while there are clients.
func (h *hub) run() {
	ticker := time.NewTicker(stepTime)
	defer ticker.Stop()
	for {
		select {
		case <-h.open.Done():
			return
		case <-ticker.C:
		}
		steps := h.s.cfg.Board.Step()
		h.mu.Lock()
		if len(h.clients) == 0 {
			h.running = false
			h.s.cfg.Board.StopSteps()
			h.mu.Unlock()
			return
		}
		h.give(steps)
		h.mu.Unlock()
	}
}

// give hands steps to every client, behind what it has not yet been told.
func (h *hub) give(steps *board.Steps) {
	if steps == nil {
		return
	}
	next := &step{Steps: steps}
	for c := range h.clients {
		if c.step == nil {
			c.step = next
		} else {
			c.step = &step{Steps: board.Merge(c.step.Steps, steps)}
		}
		c.wake()
	}
}

func (c *client) wake() {
	select {
	case c.news <- struct{}{}:
	default: // it knows already
	}
}

// end tells all that the input has ended, with what had changed before.
func (h *hub) end(status int, hold bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ended, h.status, h.hold = true, status, hold
	if len(h.clients) > 0 {
		h.give(h.s.cfg.Board.Step())
	}
	for c := range h.clients {
		c.wake()
	}
}

// take is what a client has not been told yet.
func (h *hub) take(c *client) (next *step, ended, hold bool, status int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	next, c.step = c.step, nil
	return next, h.ended, h.hold, h.status
}

func (h *hub) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	if r.Method == http.MethodHead {
		return
	}
	c := &client{news: make(chan struct{}, 1)}
	if !h.enter(c) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		http.Error(w, "too many clients have events", http.StatusServiceUnavailable)
		return
	}
	defer h.leave(c)
	out := sender{w: w, control: http.NewResponseController(w), within: h.s.takeTime}
	var seq uint64
	h.s.cfg.Board.Look(func(l board.Look) { seq = l.Seq() })
	meta := h.s.meta(nil)
	hello := fmt.Appendf(nil, "retry: 2000\nevent: hello\ndata: {\"seq\":%d,%s\n\n", seq, meta[1:])
	if out.send(hello) != nil {
		return
	}
	c.wake() // the input may have ended before
	h.follow(&out, c, r)
}

// follow tells a client what changes until one of them ends.
func (h *hub) follow(out *sender, c *client, r *http.Request) {
	comment := time.NewTicker(h.s.commentTime)
	defer comment.Stop()
	told := false // that the input has ended
	for {
		select {
		case <-h.open.Done():
			return
		case <-r.Context().Done():
			return
		case <-comment.C:
			if out.send([]byte(":\n\n")) != nil {
				return
			}
		case <-c.news:
			next, ended, hold, status := h.take(c)
			var b []byte
			if next != nil {
				b = slices.Clip(next.event(h.s))
			}
			if ended && !told {
				told = true
				b = fmt.Appendf(b, "event: end\ndata: {\"status\":%d}\n\n", status)
			}
			if len(b) > 0 && out.send(b) != nil || ended && !hold {
				return
			}
		}
	}
}

// A sender writes to a client that may be slow.
type sender struct {
	w       http.ResponseWriter
	control *http.ResponseController
	within  time.Duration // a piece is to be taken
}

// send sends b, however long that takes a client that goes on taking it.
func (s *sender) send(b []byte) error {
	for piece := range slices.Chunk(b, pieceSize) {
		if err := s.control.SetWriteDeadline(time.Now().Add(s.within)); err != nil {
			return err
		}
		if _, err := s.w.Write(piece); err != nil {
			return err
		}
	}
	return s.control.Flush()
}

// appendStep appends the event that tells of steps.
func (s *site) appendStep(dst []byte, steps *board.Steps) []byte {
	c := &steps.Counts
	dst = fmt.Appendf(dst, "event: step\nid: %d\ndata: {\"seq\":%d,\"lines\":%d,\"skipped\":%d,\"rows\":%d,\"keys\":%d,\"samples\":%d,\"lag\":",
		steps.Seq, steps.Seq, c.Lines, c.Bad(), c.Rows, c.Keys, c.Held)
	if s.cfg.Clock && c.NewestTime() != 0 {
		dst = appendNumber(dst, s.cfg.Now().Sub(time.Unix(0, c.NewestTime())).Seconds(), 4)
	} else {
		dst = append(dst, "null"...)
	}
	dst = fmt.Appendf(dst, ",\"firing\":%d,\"new\":[", c.Firing)
	for _, e := range steps.Born {
		dst = fmt.Appendf(dst, "{\"id\":%d,\"key\":", e.ID)
		dst = append(s.appendKey(dst, parts(e)), "},"...)
	}
	dst = append(closed(dst, ']'), `,"gone":[`...)
	for _, e := range steps.Gone {
		dst = append(strconv.AppendInt(dst, int64(e.ID), 10), ',')
	}
	dst = append(closed(dst, ']'), `,"points":[`...)
	for _, k := range steps.Keys {
		dst = append(s.appendPoint(dst, k), ',')
	}
	dst = s.appendAlerts(append(closed(dst, ']'), `,"alerts":`...), steps.Alerts)
	return append(dst, "}\n\n"...)
}

// appendPoint appends [id, level, after, t, then last, min and max a column]; a
// key of which only the level has changed has no columns.
func (s *site) appendPoint(dst []byte, k *board.Step) []byte {
	dst = fmt.Appendf(dst, "[%d,%d,", k.Entry.ID, k.Level)
	if k.After == math.MinInt64 {
		dst = append(dst, "null"...)
	} else {
		dst = appendPlace(dst, k.After, s.cfg.Clock)
	}
	dst = appendPlace(append(dst, ','), k.T, s.cfg.Clock)
	for _, p := range k.Points {
		dst = appendNumber(append(dst, ','), p.Last, digits)
		if p.Min == p.Last && p.Max == p.Last || p.Last != p.Last {
			dst = append(dst, ",null,null"...)
			continue
		}
		dst = appendNumber(append(dst, ','), p.Min, digits)
		dst = appendNumber(append(dst, ','), p.Max, digits)
	}
	return append(dst, ']')
}
