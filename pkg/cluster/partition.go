package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"rtda/pkg/run"
	rtda "rtda/pkg/stream"
)

// A partition is one partition on its way through a worker, from the state that was
// saved last until the first error of any kind: then all of this is forgotten, and a
// new one begins with what the server has.
type partition struct {
	*worker
	id      int
	subject string // of its output, without what follows
	engine  *run.Engine
	view    *view
	plain   []byte // where lines are unpacked

	in      uint64 // the last message of the input that the engine knows
	written uint64 // of the input: the output up to there is written
	out     uint64 // the last message of the output
	rows    uint64 // in the output so far
	flagsOf uint64 // the revision of the flags by which the last of it was written

	state    uint64 // the first message of the state that is there; 0: none
	savedIn  uint64 // what that knows of the input
	savedAt  time.Time
	saveCost time.Duration
	behind   uint64 // the first message that the input had when it was told that some may be lost
}

// A view is what others see of a partition while it is worked on.
type view struct {
	position atomic.Uint64 // the last message that was taken
	came     atomic.Int64  // when it did, ns since the Unix epoch
	waiting  atomic.Uint64 // messages behind it
	saved    atomic.Int64  // when the state was saved
	stats    atomic.Pointer[rtda.Stats]
}

// work takes a partition on until stop is closed, and then saves it, or until an
// error.
func (w *worker) work(ctx context.Context, id int, v *view, stop <-chan struct{}) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	engine, err := run.NewEngine(w.optionsOf(id), inputName(id))
	if err != nil {
		return err
	}
	p := &partition{worker: w, id: id, engine: engine, view: v, subject: fmt.Sprintf("%s.out.%s.%d", w.name, w.cfg.Group, id), savedAt: time.Now()}
	if err = p.load(ctx); err == nil {
		err = p.ensureTicks(ctx)
	}
	if err != nil {
		return err
	}
	input, err := p.read(ctx)
	if err != nil {
		return err
	}
	return p.follow(ctx, input, stop)
}

// load finds out where the partition is: the state that was saved, and how far the
// output is written.
func (p *partition) load(ctx context.Context) error {
	if flags, err := p.flags.Get(ctx, groupKey(p.cfg.Group)); err != nil {
		return err
	} else if flags.Revision() != p.revision {
		return p.replaced()
	}
	saved, err := p.loadState(ctx)
	if err != nil {
		return err
	}
	m, err := last(ctx, p.output, p.subject+".*")
	if err != nil {
		return err
	}
	p.written = p.in
	if m != nil {
		p.out, p.rows, p.flagsOf = m.Sequence, number(m.Header, headerRows)+rowsIn(m), number(m.Header, headerFlags)
		p.written = max(p.in, number(m.Header, headerIn))
	}
	if p.out < saved {
		info, err := p.output.Info(ctx)
		if err != nil {
			return err
		}
		if info.State.LastSeq < saved || m != nil && info.Config.Replicas == 1 {
			return failure("%s-out has lost its end: the state of partition %d knows message %d, and the last is %d (a new --group begins anew)", p.name, p.id, saved, max(p.out, info.State.LastSeq))
		}
		if m != nil {
			return errors.New("a server that is behind has answered")
		}
	}
	info, err := p.input.Info(ctx)
	if err != nil {
		return err
	}
	if end := max(p.in, p.written); info.State.LastSeq < end {
		return failure("%s-in has lost its end: partition %d was read up to message %d, and the last is %d (a new --group begins anew)", p.name, p.id, end, info.State.LastSeq)
	}
	p.watchBeginning(info)
	if p.flagsOf == p.revision {
		p.engine.Discard() // alerts of rules that are gone: whoever came to these flags first has written them
	}
	p.view.position.Store(p.in)
	return nil
}

// rowsIn is the number of rows in a message.
func rowsIn(m *jetstream.RawStreamMsg) uint64 {
	if !strings.HasSuffix(m.Subject, ".rows") {
		return 0
	}
	return uint64(bytes.Count(m.Data, []byte{'\n'}))
}

// watchBeginning tells that messages may have been deleted before they were read. The
// first of all are orders of ticks, which are replaced: as long as the stream is young
// nothing else is gone from its beginning.
func (p *partition) watchBeginning(info *jetstream.StreamInfo) {
	first := info.State.FirstSeq
	if p.in == 0 && (info.Config.MaxAge == 0 || time.Since(info.Created) < info.Config.MaxAge) {
		return
	}
	if known := max(p.in, p.written); known > 0 && first > p.in+1 && p.behind == 0 {
		p.behind = first
		p.cfg.Tell(fmt.Sprintf("in.%d: read up to message %d, but %s-in begins with %d: what was between may be lost (rtda-nats init --retain keeps more)", p.id, p.in, p.name, first))
	}
}

// loadState loads the state that was saved last, and returns the last message of the
// output that it knows.
func (p *partition) loadState(ctx context.Context) (out uint64, err error) {
	prefix := fmt.Sprintf("%s.state.%s.%d.", p.name, p.cfg.Group, p.id)
	first, err := last(ctx, p.states, prefix+"0")
	if first == nil || err != nil {
		return 0, err
	}
	data := first.Data
	for i := uint64(1); i < number(first.Header, headerChunks); i++ {
		m, err := p.states.GetMsg(ctx, first.Sequence+i)
		if err == nil && m.Subject != prefix+digits(i) {
			err = jetstream.ErrMsgNotFound
		}
		if err != nil {
			return 0, fmt.Errorf("the state was saved anew while it was read: %w", err)
		}
		data = append(data, m.Data...)
	}
	told, err := p.engine.Restore(data)
	if err != nil {
		return 0, usage("the state of partition %d: %w (a new --group begins anew)", p.id, err)
	}
	for _, s := range told {
		p.cfg.Tell(inputName(p.id) + ": " + s)
	}
	p.in = number(first.Header, headerIn)
	p.state, p.savedIn = first.Sequence, p.in
	return number(first.Header, headerOut), nil
}

// save saves what the engine knows, if anything has changed since.
func (p *partition) save(ctx context.Context) error {
	if p.in == p.savedIn {
		return nil
	}
	if info, err := p.input.Info(ctx); err != nil {
		return err
	} else {
		p.watchBeginning(info)
	}
	began := time.Now()
	data := p.engine.AppendSnapshot(nil)
	subject := fmt.Sprintf("%s.state.%s.%d.", p.name, p.cfg.Group, p.id)
	var chunks []*nats.Msg
	for chunk := range slices.Chunk(data, min(chunkSize, p.largest())) {
		chunks = append(chunks, message(subject+digits(len(chunks)), chunk))
	}
	if len(chunks) > maxBatch {
		return failure("the state of partition %d is too large: %d MB (more --partitions make each smaller)", p.id, len(data)>>20)
	}
	first := chunks[0].Header
	first.Set(headerIn, digits(p.in))
	first.Set(headerOut, digits(p.out))
	first.Set(headerChunks, digits(len(chunks)))
	if !p.cfg.NoExpect {
		expect(chunks[0], chunks[0].Subject, p.state)
	}
	end, err := p.publish(ctx, chunks)
	if err != nil {
		return err
	}
	p.state, p.savedIn = end-uint64(len(chunks)-1), p.in
	p.savedAt, p.saveCost = time.Now(), time.Since(began)
	p.view.saved.Store(p.savedAt.UnixNano())
	return nil
}

// saveDue reports whether it is time to save: saving takes 2 % of the time at most.
func (p *partition) saveDue() bool {
	return time.Since(p.savedAt) >= max(p.cfg.Save, 50*p.saveCost)
}

// read opens the input behind what the engine knows. It comes until the context
// ends.
func (p *partition) read(ctx context.Context) (<-chan jetstream.Msg, error) {
	consumer, err := p.input.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{
		FilterSubjects: []string{fmt.Sprintf("%s.in.%d.*", p.name, p.id)},
		DeliverPolicy:  jetstream.DeliverByStartSequencePolicy, OptStartSeq: p.in + 1,
		InactiveThreshold: 30 * time.Second, // of those that a killed worker leaves behind
	})
	if err != nil {
		return nil, err
	}
	msgs := make(chan jetstream.Msg, 64)
	reading, err := consumer.Consume(func(m jetstream.Msg) {
		select {
		case msgs <- m:
		case <-ctx.Done():
		}
	}, jetstream.PullMaxBytes(max(readAhead, 2*int(p.conn.MaxPayload()))))
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, reading.Stop)
	return msgs, nil
}

// enough is after how many bytes of output a worker publishes, though more input
// waits. It leaves room for what one more message of the input usually brings: one
// message of output costs the server much less than several that are stored as one,
// which it may have to bring to its disk.
const enough = 512 << 10

// readAhead is how much of its input a partition asks the server for, in bytes.
const readAhead = 2 << 20

// follow takes what comes, and publishes what that brings.
func (p *partition) follow(ctx context.Context, input <-chan jetstream.Msg, stop <-chan struct{}) error {
	tick := time.NewTicker(p.cfg.Save / 4)
	defer tick.Stop()
	err := p.flush(ctx) // alerts of rules that are gone
	for err == nil {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-stop:
			return p.save(ctx)
		case <-tick.C:
		case m := <-input:
			if err = p.takeWaiting(m, input); err == nil {
				err = p.flush(ctx)
			}
		}
		if err == nil && p.saveDue() {
			if err = p.save(ctx); err == nil {
				err = p.ensureTicks(ctx)
			}
		}
	}
	return err
}

// takeWaiting gives the engine a message and what waits behind it, until there is
// enough to publish. What is written already is thrown away: the cut is exactly
// behind it.
func (p *partition) takeWaiting(m jetstream.Msg, input <-chan jetstream.Msg) error {
	for {
		if err := p.take(m); err != nil {
			return err
		}
		if p.in <= p.written && !p.cfg.NoReplay {
			p.engine.Discard()
		}
		if len(p.engine.Rows)+len(p.engine.Alerts) >= enough {
			return nil
		}
		select {
		case m = <-input:
		default:
			return nil
		}
	}
}

// take gives the engine a message. One without lines moves the clock. The time is
// that which the server put on it.
func (p *partition) take(m jetstream.Msg) error {
	meta, err := m.Metadata()
	if err != nil {
		return err
	}
	now := meta.Timestamp.UnixNano()
	if len(m.Data()) == 0 {
		p.engine.Tick(now)
	} else if err := p.engine.Take(p.lines(m), lineNumber(meta.Sequence.Stream), now); err != nil {
		return failure("%w", err)
	}
	p.in = meta.Sequence.Stream
	p.view.position.Store(p.in)
	p.view.came.Store(now)
	p.view.waiting.Store(meta.NumPending)
	return nil
}

// lines are those of a message, until the next.
func (p *partition) lines(m jetstream.Msg) []byte {
	lines, packed := unpack(p.plain, m.Headers(), m.Data())
	if packed {
		p.plain = lines[:cap(lines)]
	}
	return lines
}

// flush publishes what the engine has brought: all of it or nothing is stored, with
// the place in the input, and only if nobody else has written since.
func (p *partition) flush(ctx context.Context) error {
	e := p.engine
	stats := e.Stats()
	p.view.stats.Store(&stats)
	var msgs []*nats.Msg
	rows := p.rows
	add := func(what, form string, b []byte) error {
		for len(b) > 0 {
			n, err := cutLines(b, p.largest())
			if err != nil {
				return err
			}
			msgs = append(msgs, message(p.subject+"."+what, b[:n], headerIn, digits(max(p.in, p.written)), headerRows, digits(rows), headerFlags, digits(p.revision), headerForm, form))
			if what == "rows" {
				rows += uint64(bytes.Count(b[:n], []byte{'\n'}))
			}
			b = b[n:]
		}
		return nil
	}
	if err := errors.Join(add("alerts", p.cfg.Options.AlertFormat, e.Alerts), add("rows", p.cfg.Options.Out, e.Rows)); err != nil {
		return err
	}
	if len(msgs) > maxBatch {
		return failure("message %d of the input brings %d MB of output at once, which the server does not take", p.in, (len(e.Rows)+len(e.Alerts))>>20)
	}
	if len(msgs) > 0 {
		if !p.cfg.NoExpect {
			expect(msgs[0], p.subject+".*", p.out)
		}
		end, err := p.publish(ctx, msgs)
		if err != nil {
			return err
		}
		p.out, p.rows = end, rows
	}
	if len(e.Notes) > 0 {
		p.cfg.Notes(e.Notes)
	}
	e.Discard()
	return nil
}

// cutLines is how many bytes of b are whole lines that are size together at most.
func cutLines(b []byte, size int) (int, error) {
	if len(b) <= size {
		return len(b), nil
	}
	n := bytes.LastIndexByte(b[:size], '\n') + 1
	if n == 0 {
		return 0, failure("a row is longer than a message of the server may be (max_payload)")
	}
	return n, nil
}

// How often the server ticks.
const (
	everySecond = "@every 1s"
	everyMinute = "@every 1m"
	renewTicks  = time.Hour // a schedule is a message, and deleted as others are
)

// ensureTicks sees to it that the server moves the clock of the partition: every
// second where time is when lines come, else every minute, so that no partition is
// idle for ever.
func (p *partition) ensureTicks(ctx context.Context) error {
	if time.Since(p.ticks[p.id]) < renewTicks/2 {
		return nil
	}
	subject := fmt.Sprintf("%s.tick.%d", p.name, p.id)
	m, err := last(ctx, p.input, subject)
	if err != nil {
		return err
	}
	every := everyMinute
	if p.engine.GoesByTheWall() || m != nil && m.Header.Get(scheduleHeader) == everySecond {
		every = everySecond
	}
	if m == nil || m.Header.Get(scheduleHeader) != every || time.Since(m.Time) > renewTicks {
		_, err = p.publish(ctx, []*nats.Msg{message(subject, nil, scheduleHeader, every, scheduleTarget, fmt.Sprintf("%s.in.%d.%s", p.name, p.id, tickSource))})
	}
	if err == nil {
		p.ticks[p.id] = time.Now()
	}
	return err
}

const (
	scheduleHeader = "Nats-Schedule"
	scheduleTarget = "Nats-Schedule-Target"
)
