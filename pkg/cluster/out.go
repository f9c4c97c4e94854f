package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"rtda/pkg/run"
)

// An OutConfig is where the output of a group goes.
type OutConfig struct {
	Set
	Group          string
	Name           string // under which the server keeps how far it has come; "": from the beginning
	Exec           string // run for each alert; "": nothing is
	ExecTimeout    time.Duration
	Stdout, Stderr io.Writer
}

// What a row bears beside what the engine has written: together they are of no other
// row, so that one which comes twice can be told.
const (
	partitionName = "partition"
	sequenceName  = "sequence"
)

// answerTime is how long the server waits until it gives a message to another out of
// that name, or again.
const answerTime = 30 * time.Second

// Out writes rows to stdout and alerts to stderr until the context ends.
func Out(ctx context.Context, c OutConfig) error {
	l, err := open(ctx, c.Set, "out")
	if err != nil {
		return err
	}
	defer l.close()
	var actions *run.Actions
	if c.Exec != "" {
		if actions, err = run.NewActions(c.Exec, c.ExecTimeout, c.Stderr, c.Tell); err != nil {
			return err
		}
	}
	consumer, err := l.reader(ctx, &c)
	if err != nil {
		return l.explain(c.Stream+"-out", err)
	}
	o := &outlet{cfg: c, actions: actions, durable: c.Name != "", waiting: make(chan struct{}, maxWaiting), slots: make(chan struct{}, maxRunning)}
	working, fail := context.WithCancelCause(context.Background())
	reading, err := consumer.Consume(func(m jetstream.Msg) {
		if err := o.put(m); err != nil {
			fail(err)
		}
	}, jetstream.PullMaxBytes(max(readAhead, 2*int(l.conn.MaxPayload()))), jetstream.ConsumeErrHandler(func(_ jetstream.ConsumeContext, err error) {
		if errors.Is(err, jetstream.ErrConsumerDeleted) || errors.Is(err, jetstream.ErrConsumerNotFound) {
			fail(failure("the place of --name %s was deleted", c.Name))
		}
	}))
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
	case <-working.Done():
	}
	err = context.Cause(working)
	reading.Drain()
	select {
	case <-reading.Closed():
	case <-time.After(run.Patience):
	}
	if actions != nil {
		o.ending.Store(true)
		if told := actions.Stop(); told != "" {
			c.Tell(told)
		}
		o.running.Wait()
	}
	return err
}

// reader is the consumer that out reads by.
func (l *link) reader(ctx context.Context, c *OutConfig) (jetstream.Consumer, error) {
	subject := fmt.Sprintf("%s.out.%s.>", l.name, c.Group)
	if c.Name == "" {
		return l.output.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{FilterSubjects: []string{subject}, InactiveThreshold: answerTime})
	}
	return l.output.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{
		Durable: "out-" + c.Group + "-" + c.Name, FilterSubject: subject,
		AckPolicy: jetstream.AckExplicitPolicy, AckWait: answerTime, MaxAckPending: maxWaiting,
	})
}

// An outlet writes what messages hold.
type outlet struct {
	cfg     OutConfig
	actions *run.Actions
	durable bool // how far it has come is told to the server
	running sync.WaitGroup
	waiting chan struct{} // a place for each message whose actions are not done
	slots   chan struct{} // and for each action that runs
	ending  atomic.Bool
	row     []byte
}

const (
	maxWaiting = 256
	maxRunning = 4
)

// put writes a message, and tells the server so when that and its actions are done.
func (o *outlet) put(m jetstream.Msg) error {
	parts := strings.Split(m.Subject(), ".")
	partition, what := parts[len(parts)-2], parts[len(parts)-1]
	if what == "rows" {
		o.row = appendRows(o.row[:0], m.Data(), m.Headers().Get(headerForm), partition, number(m.Headers(), headerRows))
		if _, err := o.cfg.Stdout.Write(o.row); err != nil {
			return fmt.Errorf("writing stdout: %w", err)
		}
		return o.done(m)
	}
	shown := m.Data()
	if m.Headers().Get(headerForm) != "json" {
		shown = texts(shown)
	}
	if _, err := o.cfg.Stderr.Write(shown); err != nil {
		return fmt.Errorf("writing stderr: %w", err)
	}
	if o.actions == nil {
		return o.done(m)
	}
	o.waiting <- struct{}{}
	o.running.Go(func() {
		o.act(m)
		<-o.waiting
	})
	return nil
}

// act runs the command for each alert of a message.
func (o *outlet) act(m jetstream.Msg) {
	still := time.NewTicker(answerTime / 3)
	defer still.Stop()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		var all sync.WaitGroup
		defer all.Wait()
		for line := range bytes.Lines(m.Data()) {
			o.slots <- struct{}{}
			all.Go(func() {
				o.actions.Do(line)
				<-o.slots
			})
		}
	}()
	for {
		select {
		case <-ended:
			if !o.ending.Load() { // else they may have been killed, and come again
				_ = o.done(m) // without the answer they do, too
			}
			return
		case <-still.C:
			if o.durable {
				_ = m.InProgress() // likewise
			}
		}
	}
}

func (o *outlet) done(m jetstream.Msg) error {
	if !o.durable {
		return nil
	}
	return m.Ack()
}

// texts are the lines of text of alerts that are objects.
func texts(b []byte) (lines []byte) {
	for object := range bytes.Lines(b) {
		var alert struct{ Text string }
		if json.Unmarshal(object, &alert) != nil {
			continue // a worker has written it
		}
		lines = append(append(lines, alert.Text...), '\n')
	}
	return lines
}

// appendRows appends rows of a format with their partition and their sequence in it,
// which counts from before.
func appendRows(dst, rows []byte, format, partition string, before uint64) []byte {
	for row := range bytes.Lines(rows) {
		before++
		row = bytes.TrimSuffix(row, []byte{'\n'})
		n := strconv.FormatUint(before, 10)
		switch format {
		case "json":
			dst = append(dst, bytes.TrimSuffix(row, []byte{'}'})...)
			if len(row) > 2 {
				dst = append(dst, ',')
			}
			dst = append(dst, `"`+partitionName+`":`+partition+`,"`+sequenceName+`":`+n+"}\n"...)
		case "influx":
			fields, stamp := row, []byte(nil)
			if i := lastField(row); i >= 0 {
				fields, stamp = row[:i], row[i:]
			}
			dst = append(dst, fields...)
			dst = append(dst, ","+partitionName+"="+partition+"i,"+sequenceName+"="+n+"i"...)
			dst = append(append(dst, stamp...), '\n')
		default:
			dst = append(dst, row...)
			dst = append(dst, " "+partitionName+"="+partition+" "+sequenceName+"="+n+"\n"...)
		}
	}
	return dst
}

// lastField is where the fields of a line of influx end: before the blank of its
// timestamp; −1: it has none.
func lastField(row []byte) int {
	i := bytes.LastIndexByte(row, ' ')
	if i > 0 && len(row) > i+1 && len(bytes.Trim(row[i+1:], "-0123456789")) == 0 {
		return i
	}
	return -1
}
