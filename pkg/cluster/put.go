package cluster

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"hash/crc64"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"rtda/pkg/num"
	"rtda/pkg/parse"
	"rtda/pkg/run"
	"rtda/pkg/state"
	"rtda/pkg/text"
)

// A PutConfig is what lines go into a stream, and how their key is found.
type PutConfig struct {
	Set
	Source  string       // "": of the machine and the FILE
	Options *run.Options // In, Keys, Names and what else says how lines are read; Files
	Stdin   io.Reader
}

// goodMessage is how large messages are where there is enough to put: much smaller
// ones cost more, for each line, and much larger ones are slow to read.
const goodMessage = 64 << 10

// piece is how much goes into the stream at once, if so much is there. A server that
// keeps its streams alone brings each piece of a file to its disk, which takes some ms
// however large it is.
func (p *putter) piece() int { return min(goodMessage*p.partitions, p.largest()) }

// A putter puts lines into a stream.
type putter struct {
	*link
	cfg    PutConfig
	config parse.Config
	bad    int // lines that were left out
	told   bool
}

// Put puts lines into the stream: those of each FILE exactly once, however often it
// is begun anew, and those of stdin once if it lives.
func Put(ctx context.Context, c PutConfig) error {
	o := c.Options
	if len(o.Keys) != 1 {
		return usage("--key: name the one field by which the lines are split (-k FIELD): got %q", strings.Join(o.Keys, ","))
	}
	if o.HasHeaders() {
		return usage("--names: lines go to several partitions, and a header to one of them only: name the columns (--names)")
	}
	if o.In == "num" || o.In == "lines" {
		return usage("--in: %s has no keys: use another format", o.In)
	}
	if c.Source == tickSource {
		return usage("--source: the name is taken, for the clock of the server: got %q", c.Source)
	}
	if len(o.Files) > 1 && c.Source != "" {
		return usage("--source: it is for one FILE, and there are %d: leave it out", len(o.Files))
	}
	p := &putter{cfg: c, config: parse.Config{
		Format: o.In, Count: true, Keys: o.Keys, Texts: o.Names, Names: o.Names, Match: o.Match,
		Sep: o.Sep, NUL: o.NUL, MaxLine: o.MaxLine, NoTime: true,
	}}
	if p.config.Format == "auto" {
		p.config.Format = "json" // as a key asks for
	}
	if _, err := parse.NewSchema(p.config); err != nil {
		return run.Usage(err)
	}
	var err error
	if p.link, err = open(ctx, c.Set, "put"); err != nil {
		return err
	}
	defer p.close()
	if err := p.agree(ctx); err != nil {
		return err
	}
	files := o.Files
	if len(files) == 0 {
		files = []string{"-"}
	}
	for _, name := range files {
		if err := p.put(ctx, name); err != nil {
			return err
		}
	}
	if p.bad > 0 {
		return &run.Error{Status: run.StatusBadLines}
	}
	return nil
}

// agree finds out whether others split the stream in the same way.
func (p *putter) agree(ctx context.Context) error {
	mine := putRecord{Key: p.config.Keys[0], Format: p.config.Format}
	var before putRecord
	revision, err := p.getRecord(ctx, putKey, &before)
	if revision == 0 && err == nil {
		if _, err = p.setRecord(ctx, putKey, mine, 0); errors.Is(err, jetstream.ErrKeyExists) {
			_, err = p.getRecord(ctx, putKey, &before)
		} else {
			before = mine
		}
	}
	switch {
	case err != nil:
		return err
	case before.Key != mine.Key:
		return usage("--key: %s is split by %s for ever, as its keys would move to other partitions: got %q", p.name, before.Key, mine.Key)
	case before.Format != mine.Format:
		return usage("--in: %s gets its lines as %s: got %q", p.name, before.Format, mine.Format)
	}
	keys, err := p.flags.ListKeysFiltered(ctx, groupKey("*"))
	if err != nil {
		return err
	}
	for key := range keys.Keys() {
		var group groupRecord
		if _, err := p.getRecord(ctx, key, &group); err != nil {
			return err
		}
		if len(group.Keys) > 0 && !slices.Contains(group.Keys, mine.Key) {
			return usage("--key: the group %s runs with -k %s, among which must be what the stream is split by: got %q", strings.TrimPrefix(key, groupKey("")), strings.Join(group.Keys, ","), mine.Key)
		}
	}
	return nil
}

// put puts a FILE or stdin into the stream. What does not help to try again is told
// and ends it.
func (p *putter) put(ctx context.Context, name string) error {
	if name == "-" {
		return p.putStream(ctx, p.cfg.Stdin)
	}
	file, err := os.Open(name)
	if err != nil {
		return usage("%s: %s", text.FileName(name), run.Reason(err))
	}
	defer file.Close()
	if !state.Regular(file) {
		return p.putStream(ctx, file)
	}
	head := make([]byte, 2)
	if n, _ := file.ReadAt(head, 0); n == 2 && head[0] == 0x1F && head[1] == 0x8B {
		return usage("%s: a packed file cannot be gone on with: unpack it (gunzip)", text.FileName(name))
	}
	source := p.cfg.Source
	if source == "" {
		source = sourceOf(name)
	}
	for {
		err := p.putFile(ctx, file, name, source)
		if err == nil || isFinal(err) || ctx.Err() != nil {
			return err
		}
		p.again(err)
		sleep(ctx, 250*time.Millisecond)
	}
}

// again tells of the first error that is tried again.
func (p *putter) again(err error) {
	if !p.told {
		p.told = true
		p.cfg.Tell(sentence(err) + " (trying again)")
	}
}

// sourceOf is the name of the source that a FILE is on this machine.
func sourceOf(name string) string {
	host, _ := os.Hostname()
	if full, err := filepath.Abs(name); err == nil {
		name = full
	}
	return fmt.Sprintf("%016x", crc64.Checksum([]byte(host+"\x00"+name), crc64.MakeTable(crc64.ECMA)))
}

// putFile puts what a file has behind the place where the stream is. Each piece is
// stored whole or not at all, with its place, and only behind the one before.
func (p *putter) putFile(ctx context.Context, file *os.File, name, source string) error {
	subject := fmt.Sprintf("%s.in.*.%s", p.name, source)
	before, err := last(ctx, p.input, subject)
	if err != nil {
		return err
	}
	var sequence uint64
	var offset int64
	if before != nil {
		sequence = before.Sequence
		if offset, err = p.resume(file, name, source, before); err != nil {
			return err
		}
	}
	if _, err := file.Seek(offset, io.SeekStart); err != nil {
		return failure("%s: %s", text.FileName(name), run.Reason(err))
	}
	return p.split(&parse.Origin{Name: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(file), nil }}, func(msgs []*nats.Msg, end int64) error {
		at, err := state.PositionOf(file, offset+end)
		if err != nil {
			return failure("%s: %s", text.FileName(name), run.Reason(err))
		}
		where := digits(int(at.Offset)) + " " + base64.RawStdEncoding.EncodeToString(at.AppendState(nil))
		for _, m := range msgs {
			m.Subject += source
			m.Header.Set(headerPos, where)
		}
		expect(msgs[0], subject, sequence)
		if sequence, err = p.publish(ctx, msgs); err == nil {
			p.told = false
		}
		return err
	})
}

// resume is the place in a file that the stream has come to, as its last message of
// the source says.
func (p *putter) resume(file *os.File, name, source string, m *jetstream.RawStreamMsg) (int64, error) {
	_, encoded, ok := strings.Cut(m.Header.Get(headerPos), " ")
	b, err := base64.RawStdEncoding.DecodeString(encoded)
	d := num.NewDecoder(b)
	was := state.ReadPosition(d)
	if !ok || err != nil || d.Finish() != nil {
		return 0, usage("--source: others than put FILE write to %s: name another: got %q", p.name, source)
	}
	is, err := was.Is(file)
	if err != nil {
		return 0, failure("%s: %s", text.FileName(name), run.Reason(err))
	}
	if !is {
		p.cfg.Tell(text.FileName(name) + ": not the file that was put before, read from its beginning")
		return 0, nil
	}
	end := []byte{0}
	if was.Offset > 0 {
		if _, err := file.ReadAt(end, was.Offset-1); err == nil && end[0] != parse.LineEnd(p.config.NUL) {
			p.cfg.Tell(text.FileName(name) + ": its last line had no end when it was put: what was appended since is a line of its own")
		}
	}
	return was.Offset, nil
}

// putStream puts what cannot be read again. A message that is not answered is sent
// again under its name, by which the server knows it for two minutes.
func (p *putter) putStream(ctx context.Context, in io.Reader) error {
	source := p.cfg.Source
	if source == "" {
		source = sourceOf("-")
	}
	run, n := rand.Text(), 0
	origin := &parse.Origin{Open: func() (io.ReadCloser, error) { return io.NopCloser(in), nil }}
	return p.split(origin, func(msgs []*nats.Msg, _ int64) error {
		for _, m := range msgs {
			m.Subject += source
			m.Header.Set(jetstream.MsgIDHeader, fmt.Sprintf("%s.%d", run, n))
			n++
		}
		return p.sendAll(ctx, msgs)
	})
}

// sendAll sends messages until each is answered. Those of a partition stay in their
// order: there is one for each.
func (p *putter) sendAll(ctx context.Context, msgs []*nats.Msg) error {
	for began := time.Now(); len(msgs) > 0; {
		errs := make([]error, len(msgs))
		var sending sync.WaitGroup
		for i, m := range msgs {
			sending.Go(func() { _, errs[i] = p.publish(ctx, []*nats.Msg{m}) })
		}
		sending.Wait()
		var unanswered []*nats.Msg
		for i, err := range errs {
			refused, _ := errors.AsType[*jetstream.APIError](err)
			switch {
			case err == nil:
				continue
			case ctx.Err() != nil:
				return ctx.Err()
			case refused != nil && refused.Code == 400:
				return failure("%s", sentence(err))
			}
			p.again(err)
			unanswered = append(unanswered, msgs[i])
		}
		if msgs = unanswered; len(msgs) > 0 {
			sleep(ctx, 250*time.Millisecond)
		}
		if len(msgs) > 0 && time.Since(began) > known/2 {
			p.cfg.Tell("unanswered for a minute: lines may come to stand in the stream twice")
			began = time.Now()
		}
	}
	p.told = false
	return nil
}

// known is for how long the server knows messages by their names.
const known = 2 * time.Minute

// split reads lines and gives them on in messages, one for each partition, with the
// number of bytes read up to there.
func (p *putter) split(origin *parse.Origin, give func(msgs []*nats.Msg, end int64) error) error {
	schema, err := parse.NewSchema(p.config)
	if err != nil {
		return run.Usage(err)
	}
	reader := parse.NewReader([]*parse.Origin{origin}, parse.ReaderConfig{MaxLine: min(p.config.MaxLine, p.largest()-1), NUL: p.config.NUL, Size: p.piece()})
	defer reader.Close()
	parser := parse.NewParser(schema)
	var block parse.Block
	var batch parse.Batch
	for line := 0; ; line += batch.Lines {
		err := reader.Next(&block)
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return failure("%w", err)
		case block.TooLong:
			batch.Lines = 1
			p.leaveOut(origin, line+1, "too-long")
			continue
		}
		if err := schema.Enter(&block); err != nil {
			return failure("%s: %w", text.FileName(origin.Name), err)
		}
		parser.Parse(&block, &batch)
		msgs, err := p.messages(&block, &batch)
		if err == nil && len(msgs) > 0 {
			err = give(msgs, block.End)
		}
		if err != nil {
			return err
		}
	}
}

// leaveOut tells of a line that the server does not take.
func (p *putter) leaveOut(o *parse.Origin, line int, why string) {
	p.bad++
	where := fmt.Sprintf("line %d", line)
	if o.Name != "" {
		where = fmt.Sprintf("%s:%d", text.FileName(o.Name), line)
	}
	p.cfg.Tell(fmt.Sprintf("%s: %s (skipped; the server takes lines of %d bytes)", where, why, p.largest()))
}

// messages sorts the lines of a block by partition. A line without a key that can be
// read goes to the first, where a worker tells of it.
func (p *putter) messages(b *parse.Block, batch *parse.Batch) ([]*nats.Msg, error) {
	lines := make([][]byte, p.partitions)
	next := 0
	for data, n := b.Data, 1; len(data) > 0; n++ {
		end := bytes.IndexByte(data, parse.LineEnd(p.config.NUL)) + 1
		if end == 0 {
			end = len(data)
		}
		to := 0
		if next < len(batch.Line) && batch.Line[next] == n {
			to = partitionOf(batch.Key[next], p.partitions)
			next++
		} else if err := p.checkHeader(data[:end]); err != nil {
			return nil, err
		}
		lines[to] = append(lines[to], data[:end]...)
		data = data[end:]
	}
	var msgs []*nats.Msg
	for i, b := range lines {
		if len(b) > 0 {
			m := message(fmt.Sprintf("%s.in.%d.", p.name, i), b)
			pack(m)
			msgs = append(msgs, m)
		}
	}
	return msgs, nil
}

// checkHeader refuses a header whose columns do not stand as --names says: only one
// partition would see it.
func (p *putter) checkHeader(line []byte) error {
	names := p.config.Names
	if len(names) == 0 {
		return nil
	}
	var cells []string
	switch words := string(bytes.TrimRight(line, "\r\n\x00")); p.config.Format {
	case "cols":
		cells = strings.Fields(words)
	case "tsv":
		cells = strings.Split(words, "\t")
	default:
		cells = strings.Split(words, string(rune(cmp.Or(p.config.Sep, ','))))
	}
	for i := range cells {
		cells[i] = strings.Trim(cells[i], " \"")
	}
	if slices.Equal(cells, names) || !slices.Equal(slices.Sorted(slices.Values(cells)), slices.Sorted(slices.Values(names))) {
		return nil
	}
	return failure("a header has the columns %s, and --names says %s: lines of such a table need a stream of their own", strings.Join(cells, ","), strings.Join(names, ","))
}
