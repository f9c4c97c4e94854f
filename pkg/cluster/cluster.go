// Package cluster runs rtda's engine on NATS JetStream: a stream of lines in, split
// into partitions by key, any number of workers, and a stream of rows and alerts
// out, each of them exactly once whatever is killed.
//
// The output of a partition depends on its input alone. So nothing has to be
// remembered about what was written except how far: the place in the input travels
// in the same message as the rows, and the server refuses a message whose author
// does not know the one before it. Leases only save work.
//
// The package moves messages. It knows neither flags nor what the engine computes.
package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/s2"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/synadia-io/orbit.go/jetstreamext"

	"rtda/pkg/run"
)

// A Set is the streams of one name, and how the server that keeps them is reached.
type Set struct {
	URL    string
	Creds  string            // FILE of credentials, or ""
	Stream string            // their name, as plant
	Tell   func(line string) // a line of whoever works on them
}

// The headers of our own.
const (
	headerIn     = "Rtda-In"     // of rows, alerts and states: the last message of the input that they know
	headerRows   = "Rtda-Rows"   // of rows and alerts: rows of the partition that were written before
	headerFlags  = "Rtda-Flags"  // of rows and alerts: the revision of the group's flags
	headerForm   = "Rtda-Form"   // of rows: their format; of alerts: how they are to be shown
	headerOut    = "Rtda-Out"    // of states: the last message of the output that they know
	headerChunks = "Rtda-Chunks" // of states: how many messages they are
	headerPack   = "Rtda-Pack"   // of lines: how they are packed
	headerPos    = "Rtda-Pos"    // of lines of a file: the place behind them, and how the file is known again
)

const (
	// chunkSize is how much goes into one message of a state.
	chunkSize = 512 << 10

	// headerRoom is how much of the largest message is left for its headers.
	headerRoom = 4 << 10

	packS2       = "s2"     // the packing of Snappy's successor, at some GB/s
	worthPacking = 4 << 10  // bytes
	maxUnpacked  = 64 << 20 // that one message may come to

	// maxBatch is how many messages the server takes as one.
	maxBatch = 1000

	// tickSource is the name of the source of ticks, which move the clock.
	tickSource = "tick"

	partitionsKey = "rtda-partitions" // in the metadata of the input
)

// partitionOf is the partition of a key, as the server's partition() has it.
func partitionOf(key []byte, partitions int) int {
	h := fnv.New32a()
	_, _ = h.Write(key) // it never fails
	return int(h.Sum32() % uint32(partitions))
}

// A link is a connection with the streams of one set.
type link struct {
	name       string // of the set, as plant
	conn       *nats.Conn
	js         jetstream.JetStream
	input      jetstream.Stream
	output     jetstream.Stream
	states     jetstream.Stream
	leases     jetstream.KeyValue
	leased     jetstream.Stream // of the leases
	flags      jetstream.KeyValue
	partitions int
}

func connect(s Set, what string, options ...nats.Option) (*link, error) {
	where := cmp.Or(s.URL, nats.DefaultURL)
	options = append(options,
		nats.Name("rtda-nats "+what+" "+s.Stream),
		nats.ReconnectBufSize(-1), // nothing is sent later than it was meant
		nats.MaxReconnects(-1),
		nats.ReconnectWait(200*time.Millisecond),
		nats.ReconnectJitter(50*time.Millisecond, 50*time.Millisecond),
	)
	if s.Creds != "" {
		options = append(options, nats.UserCredentials(s.Creds))
	}
	conn, err := nats.Connect(where, options...)
	var network net.Error // it went away while it was asked
	switch {
	case errors.Is(err, nats.ErrNoServers), errors.Is(err, io.EOF), errors.As(err, &network):
		return nil, fmt.Errorf("no NATS server answers at %s (nats-server -js -a 127.0.0.1 starts one here, --server names another)", shownURL(where))
	case errors.Is(err, nats.ErrAuthorization):
		return nil, fmt.Errorf("the NATS server at %s wants other credentials (--creds FILE)", shownURL(where))
	case err != nil:
		return nil, fmt.Errorf("%s: %w", shownURL(where), err)
	}
	js, err := jetstream.New(conn)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return &link{name: s.Stream, conn: conn, js: js}, nil
}

// open connects and finds the streams of a set.
func open(ctx context.Context, s Set, what string, options ...nats.Option) (*link, error) {
	l, err := connect(s, what, options...)
	if err != nil {
		return nil, err
	}
	if err := l.find(ctx); err != nil {
		l.conn.Close()
		return nil, err
	}
	return l, nil
}

func (l *link) find(ctx context.Context) error {
	for _, s := range []struct {
		stream *jetstream.Stream
		name   string
	}{{&l.input, l.name + "-in"}, {&l.output, l.name + "-out"}, {&l.states, l.name + "-state"}, {&l.leased, "KV_" + l.name + "-lease"}} {
		var err error
		if *s.stream, err = l.js.Stream(ctx, s.name); err != nil {
			return l.explain(s.name, err)
		}
	}
	var err error
	if l.leases, err = l.js.KeyValue(ctx, l.name+"-lease"); err != nil {
		return l.explain(l.name+"-lease", err)
	}
	if l.flags, err = l.js.KeyValue(ctx, l.name+"-flags"); err != nil {
		return l.explain(l.name+"-flags", err)
	}
	l.partitions, err = strconv.Atoi(l.input.CachedInfo().Config.Metadata[partitionsKey])
	if err != nil || l.partitions < 1 {
		return fmt.Errorf("the stream %s-in was not made by rtda-nats init: it does not say how many partitions it has", l.name)
	}
	return nil
}

// explain is an error of a stream in words that help.
func (l *link) explain(what string, err error) error {
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound), errors.Is(err, jetstream.ErrBucketNotFound):
		return fmt.Errorf("there is no stream %s (rtda-nats init %s makes it)", what, l.name)
	case errors.Is(err, jetstream.ErrJetStreamNotEnabled), errors.Is(err, nats.ErrNoResponders):
		return errors.New("the NATS server does not keep streams: start it with -js")
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("the NATS server does not answer what is asked about %s", what)
	}
	return fmt.Errorf("%s: %w", what, err)
}

func (l *link) close() { l.conn.Close() }

// largest is how many bytes one message of ours has at most.
func (l *link) largest() int { return int(l.conn.MaxPayload()) - headerRoom }

// message makes a message with headers, each a name and a value.
func message(subject string, data []byte, headers ...string) *nats.Msg {
	m := &nats.Msg{Subject: subject, Data: data, Header: nats.Header{}}
	for i := 0; i < len(headers); i += 2 {
		m.Header.Set(headers[i], headers[i+1])
	}
	return m
}

// pack packs the data of a message, if that makes it much smaller. Packing costs a
// program some of its time, and saves the server most of its own, and of its disk.
func pack(m *nats.Msg) {
	if len(m.Data) < worthPacking {
		return // a person may read it
	}
	if packed := s2.Encode(nil, m.Data); len(packed) < len(m.Data)*3/4 {
		m.Data = packed
		m.Header.Set(headerPack, packS2)
	}
}

// unpack is the data of a message that pack may have packed: then it is in dst, or in
// new room. Data that is not what its header says stays as it is.
func unpack(dst []byte, h nats.Header, data []byte) (plain []byte, packed bool) {
	if h.Get(headerPack) != packS2 {
		return data, false
	}
	if n, err := s2.DecodedLen(data); err != nil || n > maxUnpacked {
		return data, false
	}
	plain, err := s2.Decode(dst, data)
	if err != nil {
		return data, false
	}
	return plain, true
}

// expect makes the server refuse a message unless the last one on a subject, which
// may have wildcards, is of that sequence; 0 is none.
func expect(m *nats.Msg, subject string, sequence uint64) {
	m.Header.Set(jetstream.ExpectedLastSubjSeqHeader, strconv.FormatUint(sequence, 10))
	m.Header.Set(jetstream.ExpectedLastSubjSeqSubjHeader, subject)
}

// publish stores all of the messages or none, and returns the sequence of the last.
// It is never repeated: after an error nobody knows.
func (l *link) publish(ctx context.Context, msgs []*nats.Msg) (uint64, error) {
	if len(msgs) == 1 {
		ack, err := l.js.PublishMsg(ctx, msgs[0], jetstream.WithRetryAttempts(0))
		if err != nil {
			return 0, err
		}
		return ack.Sequence, nil
	}
	ack, err := jetstreamext.PublishMsgBatch(ctx, l.js, msgs)
	if err != nil {
		return 0, err
	}
	return ack.Sequence, nil
}

// last is the last message on a subject, which may have wildcards; nil: there is
// none.
func last(ctx context.Context, s jetstream.Stream, subject string) (*jetstream.RawStreamMsg, error) {
	m, err := s.GetLastMsgForSubject(ctx, subject)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, nil
	}
	return m, err
}

// number is the value of a header that is a number; 0 where there is none.
func number(h nats.Header, name string) uint64 {
	n, _ := strconv.ParseUint(h.Get(name), 10, 64)
	return n
}

func digits[T int | uint64](n T) string { return strconv.FormatInt(int64(n), 10) }

// usage is a mistake on the command line, failure one that ends a worker; all other
// errors are tried again.
func usage(format string, args ...any) error { return run.Usage(fmt.Errorf(format, args...)) }
func failure(format string, args ...any) error {
	return &run.Error{Status: run.StatusIO, Err: fmt.Errorf(format, args...)}
}

// isFinal reports whether trying again does not help.
func isFinal(err error) bool {
	_, final := errors.AsType[*run.Error](err)
	return final
}

// sleep waits, unless the context ends before.
func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// sentence is what an error says, in words of ours where the library's help nobody.
func sentence(err error) string {
	refused, _ := errors.AsType[*jetstream.APIError](err)
	switch {
	case refused != nil && (refused.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence || refused.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant):
		return "another has written since"
	case refused != nil:
		return "the server refuses: " + refused.Description
	case errors.Is(err, nats.ErrTimeout), errors.Is(err, context.DeadlineExceeded):
		return "the server does not answer"
	case errors.Is(err, nats.ErrNoResponders), errors.Is(err, jetstream.ErrNoStreamResponse):
		return "the server does not have the stream just now"
	case errors.Is(err, nats.ErrReconnectBufExceeded), errors.Is(err, nats.ErrConnectionClosed), errors.Is(err, nats.ErrConnectionReconnecting):
		return "there is no connection to the server"
	}
	return strings.TrimPrefix(err.Error(), "nats: ")
}

// shownURL is a URL, or several, without passwords.
func shownURL(urls string) string {
	var shown []string
	for u := range strings.SplitSeq(urls, ",") {
		if parsed, err := url.Parse(u); err == nil {
			u = parsed.Redacted()
		}
		shown = append(shown, u)
	}
	return strings.Join(shown, ",")
}

// lineNumber is a sequence as the number of a line.
func lineNumber(sequence uint64) int { return int(min(sequence, math.MaxInt)) }
