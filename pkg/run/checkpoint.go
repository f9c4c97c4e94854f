package run

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"rtda/pkg/feed"
	"rtda/pkg/num"
	"rtda/pkg/parse"
	"rtda/pkg/state"
	"rtda/pkg/stream"
)

// A checkpoint keeps in the FILE of --state all that later output depends on, and
// goes on from there.
//
// A save is a turn like a block: at the stream it encodes what that knows and how
// far the inputs have been taken, at the outlets it notes how far output has been
// written. Then, beside the run, the outputs are brought to the disk, and after
// them the state. What stands in the outputs behind the places of the state is cut
// off at the next start, and written again.
type checkpoint struct {
	f     *filter
	disk  state.FileSystem
	store *state.Store
	every time.Duration

	found    *saved           // what an earlier run has left; nil: nothing
	snapshot *stream.Snapshot // of the stream, until that is restored from it
	restored *stream.Restored // what is to be told of that

	inputs  []*input // those that are not followed
	outputs []*sink  // stdout and the file of --alerts, where they are files
	resumed int      // inputs of the state that go on where it says
	changed []string // names of files that cannot

	room    []byte                           // for what the stream knows: so large a room is not made anew each time
	known   map[*parse.Origin]state.Position // as saved last
	readMu  sync.Mutex
	reading map[*parse.Origin]*state.Reading // of the inputs that are files

	mu     sync.Mutex
	last   int  // turns begun at the last save, the save's own too
	closed bool // what is taken from now on is not saved
	err    error

	stop    chan struct{}
	stopped chan struct{}
}

// An input is one of the inputs as far as it can be read again.
type input struct {
	origin *parse.Origin
	file   *os.File // nil: it cannot, as a pipe
	base   int64    // where in the file reading began
	packed int64    // bytes of a file that is unpacked, else 0
}

// A sink is a file that is appended to.
type sink struct {
	name string
	w    *writer
	file *os.File // to write
	read *os.File // the same, to read
}

// openCheckpoint opens the FILE of --state and reads what an earlier run has left.
func openCheckpoint(f *filter, disk state.FileSystem) (*checkpoint, error) {
	o := f.o
	if disk == nil {
		disk = state.Disk{}
	}
	store, b, told, err := state.Open(disk, o.State)
	if err != nil {
		err = fmt.Errorf("--state: %w", err)
		if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EIO) {
			return nil, &Error{StatusIO, err} // it may work later
		}
		return nil, Usage(err)
	}
	f.tell(told)
	c := &checkpoint{
		f: f, disk: disk, store: store, every: o.Save, stop: make(chan struct{}), stopped: make(chan struct{}),
		known: map[*parse.Origin]state.Position{}, reading: map[*parse.Origin]*state.Reading{},
	}
	if b == nil {
		return c, nil
	}
	if err := c.read(b); err != nil {
		_ = store.Close() // the first error is told
		return nil, Usage(fmt.Errorf("--state: %s: %w", o.State, err))
	}
	return c, nil
}

// read reads the state that an earlier run has left.
func (c *checkpoint) read(b []byte) (err error) {
	if c.found, err = readSaved(b); err != nil {
		return err
	}
	if err = c.f.o.fits(c.found.Flags); err != nil {
		return err
	}
	c.snapshot, err = stream.ReadSnapshot(c.found.Stream, c.f.pipeline.schema)
	if err == nil && len(c.snapshot.Origins) != len(c.found.Inputs) {
		err = num.ErrDamaged
	}
	return err
}

// goesOn reports whether there is a state to go on from.
func (c *checkpoint) goesOn() bool { return c != nil && c.found != nil }

// openInputs finds out which inputs can be read again, and where the state says to
// go on in them. It returns where to go on in files that are followed.
func (c *checkpoint) openInputs(in io.Reader) (places []feed.Place, err error) {
	var was []*parse.Origin
	if c.snapshot != nil {
		was = c.snapshot.Origins
	}
	used := make([]bool, len(was))
	for i, o := range c.f.origins {
		n := &input{origin: o}
		if o.Name == "" || o.Name == "-" {
			if file, ok := in.(*os.File); ok && state.Regular(file) {
				n.file = file
				if n.base, err = file.Seek(0, io.SeekCurrent); err != nil {
					return nil, err
				}
			}
		} else if c.f.o.Follow {
			continue
		} else if file, openErr := os.Open(o.Name); openErr == nil && state.Regular(file) {
			n.file = file
		}
		if n.file != nil && isPacked(n.file, n.base) {
			info, err := n.file.Stat()
			if err == nil && n.base > 0 {
				err = fmt.Errorf("--state: %s: packed, and not read from its beginning", shownInput(o))
			}
			if err != nil {
				return nil, Usage(err)
			}
			n.packed = info.Size()
		}
		c.inputs = append(c.inputs, n)
		if at := c.before(o.Name, used); at >= 0 {
			if n.origin, err = c.resume(n, c.found.Inputs[at], was[at]); err != nil {
				return nil, err
			}
			c.f.origins[i] = n.origin
		}
	}
	places = c.places(was, used)
	c.resumed += len(places)
	return places, nil
}

func isPacked(file *os.File, offset int64) bool {
	b := make([]byte, 2)
	n, _ := file.ReadAt(b, offset)
	return parse.IsPacked(b[:n])
}

// before is which input of the state has the name, −1 if there is none. One that is
// named twice is there twice.
func (c *checkpoint) before(name string, used []bool) int {
	for i := range used {
		if !used[i] && c.found.Inputs[i].Name == name {
			used[i] = true
			return i
		}
	}
	return -1
}

// resume lets an input go on where the state says. It returns its Origin, which is
// o as far as anything of it is known.
func (c *checkpoint) resume(n *input, before savedFile, o *parse.Origin) (*parse.Origin, error) {
	var offset int64 // in what is read
	again := before.Can && n.file != nil
	if again {
		is, err := before.Is(n.file)
		switch {
		case err != nil:
			return nil, err
		case !is || before.Packed != (n.packed > 0):
			c.changed = append(c.changed, shownInput(n.origin))
			c.f.tell(shownInput(n.origin) + ": not the file of the state, read from its beginning")
			return n.origin, nil
		}
		offset = before.Offset
		if n.packed > 0 {
			offset = before.Unpacked
		} else {
			c.known[o] = before.Position
			c.remember(o, n.file, offset)
		}
		c.resumed++
	}
	o.Open, o.Alone = n.origin.Open, n.origin.Alone
	o.Place.End = 0 // what is read from now on counts from n.base
	if again {
		n.base, o.Within = offset, offset > 0
		o.Open = func() (io.ReadCloser, error) { return openAt(n, offset) }
	}
	return o, nil
}

// openAt is what the file of an input holds from the offset on.
func openAt(n *input, offset int64) (io.ReadCloser, error) {
	if n.packed == 0 {
		_, err := n.file.Seek(offset, io.SeekStart)
		return io.NopCloser(n.file), err
	}
	if _, err := n.file.Seek(0, io.SeekStart); err != nil || offset == 0 {
		return io.NopCloser(n.file), err
	}
	unpacked, err := gzip.NewReader(n.file)
	if err == nil {
		_, err = io.CopyN(io.Discard, unpacked, offset)
	}
	return unpacked, err
}

// places are where to go on in files that are followed.
func (c *checkpoint) places(was []*parse.Origin, used []bool) (all []feed.Place) {
	for i := range used {
		before := &c.found.Inputs[i]
		if used[i] || !before.Can || !c.f.o.Follow {
			continue
		}
		since := time.Unix(0, before.Begun).Add(-clockGrain) // rotations before made copies too
		c.known[was[i]] = before.Position
		all = append(all, feed.Place{
			Name: before.Name, Offset: before.Offset, Inode: before.Inode, Origin: was[i], Cut: before.Cut, Begun: before.Begun,
			Is: func(f *os.File) bool {
				is, err := before.Is(f)
				return is && err == nil && c.remember(was[i], f, before.Offset)
			},
			Copied: func(f *os.File) bool { return before.IsCopy(f, since) && c.remember(was[i], f, before.Offset) },
		})
	}
	return all
}

// remember notes what was read of a file in earlier runs. It reports whether it
// could.
func (c *checkpoint) remember(o *parse.Origin, f *os.File, offset int64) bool {
	r, err := state.NewReading(f, offset)
	if err == nil {
		c.readMu.Lock()
		c.reading[o] = r
		c.readMu.Unlock()
	}
	return err == nil
}

// clockGrain is how much the times of files may lag behind the clock.
const clockGrain = 10 * time.Millisecond

func shownInput(o *parse.Origin) string {
	if o.Name == "" || o.Name == "-" {
		return "stdin"
	}
	return o.Name
}

// canReadAgain reports whether all input that the state knows can be read again.
func (c *checkpoint) canReadAgain() bool {
	return !c.found.Heard && c.resumed == len(c.found.Inputs)
}

// restore cuts the outputs back to the state that was found, and makes the stream that
// of the state.
func (c *checkpoint) restore() (err error) {
	if c == nil {
		return nil
	}
	if err := c.openOutputs(c.f.writers[1], c.f.alerts); err != nil || c.snapshot == nil {
		return err
	}
	p := c.f.pipeline
	if p.planned == nil && p.known != nil {
		p.planned = p.known
		p.stream.Setup(p.planned.stream)
	}
	if c.restored, err = p.stream.Restore(c.snapshot); err != nil {
		return Usage(fmt.Errorf("--state: %s: %w", c.f.o.State, err))
	}
	c.snapshot = nil
	return nil
}

// openOutputs locks the outputs that are appended to, and cuts off what stands
// behind the places of the state.
func (c *checkpoint) openOutputs(stdout, alerts *writer) error {
	if in := c.f.pipeline.intake; in != nil && in.follower != nil {
		lost := in.follower.Lost()
		c.resumed -= len(lost)
		c.changed = append(c.changed, lost...)
	}
	for _, w := range []*writer{stdout, alerts} {
		if w == nil {
			continue
		}
		out := &sink{name: w.name, w: w}
		if err := out.open(); err != nil {
			return err
		}
		if out.file == nil {
			continue
		}
		c.outputs = append(c.outputs, out)
		if err := c.cut(out); err != nil {
			return &Error{StatusIO, err}
		}
	}
	return nil
}

// open locks the file of a sink and opens it to be read, if it is one that is
// appended to.
func (out *sink) open() error {
	out.w.mu.Lock()
	file, ok := out.w.w.(*os.File)
	out.w.mu.Unlock()
	if !ok || !state.Regular(file) || !state.Appends(file) {
		return nil
	}
	free, err := state.LockOutput(file)
	if err != nil {
		return err
	}
	if !free {
		return Usage(fmt.Errorf("--state: %s: another run with --state appends to it", out.name))
	}
	if out.read, err = state.Reopen(file); err != nil {
		return Usage(fmt.Errorf("--state: %s: cannot be read: %s", out.name, Reason(err)))
	}
	out.file = file
	return nil
}

func (c *checkpoint) cut(out *sink) error {
	if c.found == nil {
		return nil
	}
	at := slices.IndexFunc(c.found.Outputs, func(s savedFile) bool { return s.Name == out.name })
	if at < 0 || !c.found.Outputs[at].Can {
		return nil
	}
	was := c.found.Outputs[at].Position
	is, err := was.Is(out.read)
	switch {
	case err != nil:
		return err
	case !is:
		c.f.tell(out.name + ": not the file of the state, appended to")
		return nil
	case !c.canReadAgain():
		info, err := out.read.Stat()
		if err == nil && len(c.changed) > 0 && info.Size() > was.Offset {
			c.f.tell(fmt.Sprintf("%s: %d bytes behind the state stay, as %s cannot be read again", out.name, info.Size()-was.Offset, c.changed[0]))
		}
		return err
	}
	kept := c.f.o.State + ".cut"
	n, err := state.Cut(c.disk, out.read, out.file, was.Offset, kept)
	if n > 0 {
		c.f.tell(fmt.Sprintf("%s: %d bytes behind the state cut (kept in %s)", out.name, n, kept))
	}
	return err
}

// run saves from time to time.
func (c *checkpoint) run() {
	defer c.f.rescue()
	defer close(c.stopped)
	tick := time.NewTicker(c.every)
	defer tick.Stop()
	for {
		select {
		case <-c.stop:
			return
		case <-tick.C:
			c.save(false)
		}
	}
}

// save takes a turn to save, if anything has changed. After the last one nothing
// is saved any more.
func (c *checkpoint) save(last bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.err != nil {
		return
	}
	c.closed = last
	p := c.f.pipeline
	p.mu.Lock()
	if p.err != nil || p.begun == c.last {
		p.mu.Unlock()
		return
	}
	stats := p.stats
	p.mu.Unlock()
	c.makeRoom(&stats)
	p.mu.Lock()
	w := p.newWorker()
	w.saves = true
	w.begin()
	c.last = p.begun
	p.mu.Unlock()

	w.awaitStream()
	s := c.of(p.stream)
	w.leaveStream(false)
	if w.awaitOutlets() == nil {
		c.note(s)
	}
	if w.endTurn() != nil {
		return
	}
	if err := c.keep(s); err != nil {
		c.err = err
		c.f.fail(&Error{StatusIO, fmt.Errorf("--state: %w", err)})
	}
}

// makeRoom makes room for what the stream knows before it has to wait: memory that
// is new costs more time than what is written to it.
func (c *checkpoint) makeRoom(st *stream.Stats) {
	const perSample, perKey, page = 10, 200, 4 << 10
	size := max(perSample*st.Held+perKey*st.Keys, len(c.room)+len(c.room)/8)
	if size <= cap(c.room) {
		return
	}
	size += size / 4
	c.room = nil // both at once are not needed
	c.room = make([]byte, size)
	for i := 0; i < size; i += page {
		c.room[i] = 1 // so that the system gives it now
	}
}

// of is what the stream knows now, and how far the inputs have been taken.
func (c *checkpoint) of(st *stream.Stream) *saved {
	stats := st.Stats()
	s := &saved{
		At: c.f.now(), Version: c.f.o.Version, Flags: c.f.o.fixedFlags(), Heard: len(c.f.o.Listen) > 0,
		Counts: Counts{Lines: stats.Lines, Keys: stats.Keys, Samples: stats.Held, Firing: stats.Firing, Alerts: stats.Alerts},
	}
	for _, n := range c.inputs {
		in := savedFile{Name: n.origin.Name, Can: n.file != nil, Line: n.origin.Lines, origin: n.origin, file: n.file}
		if in.Offset = n.base + n.origin.Place.End; n.packed > 0 {
			in.Packed, in.Unpacked, in.Offset = true, in.Offset, n.packed
		}
		s.Inputs = append(s.Inputs, in)
	}
	if in := c.f.pipeline.intake; in != nil && in.follower != nil {
		for _, t := range in.follower.Taken() {
			s.Inputs = append(s.Inputs, savedFile{
				Name: t.Name, Can: true, Line: t.Origin.Lines, Cut: t.Cut, Begun: t.Begun, Position: state.Position{Offset: t.Offset},
				origin: t.Origin, file: t.File,
			})
		}
	}
	var origins []*parse.Origin
	c.readMu.Lock()
	reading := make(map[*parse.Origin]*state.Reading, len(s.Inputs)) // without inputs that have ended
	for i := range s.Inputs {
		in := &s.Inputs[i]
		origins = append(origins, in.origin)
		if r := c.reading[in.origin]; r != nil {
			reading[in.origin], in.reading = r, r.Clone()
		}
	}
	c.reading = reading
	c.readMu.Unlock()
	c.room = st.Append(c.room[:0], c.f.pipeline.schema, origins)
	s.Stream = c.room
	return s
}

// took remembers a block that has been taken, so that a save knows what was read
// also where the file does not hold it any more. It is for who has the stream's turn.
func (c *checkpoint) took(b *parse.Block) {
	if c == nil || b.Origin.Alone {
		return
	}
	c.readMu.Lock()
	defer c.readMu.Unlock()
	r := c.reading[b.Origin]
	if r == nil {
		r = &state.Reading{}
		c.reading[b.Origin] = r
	}
	r.Add(b.Data, b.End)
}

// note notes how far the outputs have been written.
func (c *checkpoint) note(s *saved) {
	for _, out := range c.outputs {
		size := int64(-1)
		if info, err := out.read.Stat(); err == nil {
			size = info.Size()
		}
		s.Outputs = append(s.Outputs, savedFile{Name: out.name, Can: true, Position: state.Position{Offset: size}})
	}
}

// reopened tells that an output has another file now. The one before is brought to
// the disk, and what is to be known of the new one is saved at once.
func (c *checkpoint) reopened(w *writer, before io.Closer) error {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	c.outputs = slices.DeleteFunc(c.outputs, func(out *sink) bool { return out.w == w })
	out := &sink{name: w.name, w: w}
	err := out.open()
	if out.file != nil {
		c.outputs = append(c.outputs, out)
	}
	if file, ok := before.(*os.File); ok && err == nil && state.Regular(file) {
		err = c.disk.Sync(file)
	}
	c.last = -1
	c.mu.Unlock()
	if err == nil {
		c.save(false)
	}
	return err
}

// keep brings the outputs and then the state to the disk.
func (c *checkpoint) keep(s *saved) error {
	known := map[*parse.Origin]state.Position{}
	for i := range s.Inputs {
		in := &s.Inputs[i]
		if !in.Can {
			continue
		}
		if err := c.locate(in); err != nil {
			return fmt.Errorf("%s: %s", shownInput(in.origin), Reason(err))
		}
		known[in.origin] = in.Position
	}
	c.known = known
	for i, out := range c.outputs {
		var err error
		if s.Outputs[i].Position, err = state.PositionOf(out.read, s.Outputs[i].Offset); err == nil {
			err = c.disk.Sync(out.file)
		}
		if err != nil {
			return fmt.Errorf("%s: %s", out.name, Reason(err))
		}
	}
	return c.store.Save(s.append(nil), s.Stream)
}

// locate finds out the Position of an input: of what was read of it, and where that
// is not remembered of what the file holds.
func (c *checkpoint) locate(in *savedFile) (err error) {
	if p, ok := c.known[in.origin]; ok && p.Offset == in.Offset {
		in.Position = p // nothing was read since
		return nil
	}
	offset := in.Offset
	if in.reading != nil && !in.Packed {
		p, ok, err := in.reading.PositionOf(in.file)
		if err != nil || ok && p.Offset == offset {
			in.Position = p
			return err
		}
	}
	if in.Position, err = state.PositionOf(in.file, offset); errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		in.Position, err = state.Position{Offset: offset}, nil // it was made empty: no file is the one that was read
	}
	return err
}

// begin goes on from the state that was found: it tells what has become of it,
// writes the ends of alerts whose rules are gone, and makes the first save, before
// anything else is written.
func (c *checkpoint) begin() {
	if c == nil {
		return
	}
	r := c.restored
	if r != nil {
		for _, what := range c.f.pipeline.planned.goOn(r) {
			c.f.tell("state: " + what)
		}
		c.f.before = c.f.pipeline.stream.Stats().Fired
		w := c.f.pipeline.newWorker()
		c.f.pipeline.mu.Lock()
		w.begin()
		c.f.pipeline.mu.Unlock()
		_ = w.takeTurn(func() (stop bool) { // the next turn returns its error
			w.result.Notes = r.Ended
			return false
		})
	}
	if c.found != nil {
		c.found.Stream = nil // it has become the stream
	}
	c.last = -1
	c.save(false)
	go c.run()
}

// end makes the last save, unless the output has ended with an error.
func (c *checkpoint) end() error {
	close(c.stop)
	<-c.stopped
	if !c.f.pipeline.over() {
		c.save(true)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// beforeTail makes the last save before a line is taken that has no end: it may
// become longer, so that a run that goes on reads it again. Where the run does not
// end with its input, it goes on behind that line.
func (c *checkpoint) beforeTail(b *parse.Block) {
	if c == nil || c.f.o.Follow || len(c.f.o.Listen) > 0 || b.TooLong || len(b.Data) == 0 || b.Origin != c.f.origins[len(c.f.origins)-1] {
		return
	}
	if b.Data[len(b.Data)-1] != parse.LineEnd(c.f.o.NUL) {
		c.save(true)
	}
}

// close lets other runs have the state.
func (c *checkpoint) close() error {
	if c == nil {
		return nil
	}
	if in := c.f.pipeline.intake; in != nil && in.follower != nil {
		in.follower.Release()
	}
	return c.store.Close()
}
