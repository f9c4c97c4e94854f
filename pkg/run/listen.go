package run

import (
	"fmt"
	"io"
	"io/fs"
	"time"

	"rtda/pkg/feed"
	"rtda/pkg/parse"
	"rtda/pkg/serve"
)

// dropsTime is how often is looked for what the system has dropped.
const dropsTime = time.Second

// An intake is what comes in from several inputs at once: the addresses that are
// listened at, and FILEs, which may be followed. It ends when it is closed.
type intake struct {
	*feed.Merge
	listeners *feed.Listeners
	follower  *feed.Follower // nil without --follow
}

// takeIn opens the addresses of --listen and begins to follow the FILEs, from the
// places on where an earlier run has stopped.
func (f *filter) takeIn(cut parse.ReaderConfig, places []feed.Place, stdout io.Writer) error {
	o := f.o
	m := feed.NewMerge(cut)
	names := serve.HostNames(o.HTTPHosts)
	in := &intake{Merge: m, listeners: feed.NewListeners(m, feed.ListenConfig{
		MaxConnections: o.MaxConnections, Tell: f.tell,
		HostAllowed: func(host string) bool { return serve.HostAllowed(host, names) },
	})}
	for i, a := range o.Listen {
		name, err := in.listeners.Listen(a)
		if err != nil {
			_ = in.listeners.Close() // the first error is told
			return Usage(fmt.Errorf("--listen: %s: %w", o.ListenText[i], err))
		}
		f.tell(name)
	}
	switch {
	case o.Follow:
		c := feed.FollowConfig{
			NUL: o.NUL, Tail: o.Tail, FirstLine: o.HasHeaders(), Tell: f.tell,
			Keep: f.checkpoint != nil, From: places,
			Written: func(file fs.FileInfo) bool { return o.isWritten(file, stdout) },
		}
		if f.checkpoint.goesOn() {
			c.Tail = -1
		}
		in.follower = feed.Follow(m, o.Files, f.stdin(), c)
	case len(o.Files) > 0:
		m.AddAll(f.origins, func(err error) {
			if err != nil {
				f.fail(err)
			}
		})
	}
	f.pipeline.intake, f.pipeline.reader = in, in
	if o.ListensUDP() {
		f.aside(f.watchDrops)
	}
	return nil
}

// stdin is the input that is named `-`, nil if none is.
func (f *filter) stdin() *parse.Origin {
	for _, o := range f.origins {
		if o.Name == "" || o.Name == "-" {
			return o
		}
	}
	return nil
}

// watchDrops tells what the system drops, as long as the run lasts.
func (f *filter) watchDrops() {
	tick := time.NewTicker(dropsTime)
	defer tick.Stop()
	for {
		select {
		case <-f.written:
			return
		case <-tick.C:
			f.pipeline.intake.listeners.UDPDropped(true)
		}
	}
}

// close ends the inputs: what has been read is used.
func (in *intake) close() {
	if in == nil {
		return
	}
	in.Merge.Close()
	if in.follower != nil {
		go in.follower.Close() // it may wait for a look under way
	}
	_ = in.listeners.Close() // nothing more is wanted of them
}

// fail ends the input, which could not be read.
func (f *filter) fail(err error) {
	p := f.pipeline
	p.mu.Lock()
	if p.readErr == nil {
		p.readErr = err
	}
	p.close()
	p.mu.Unlock()
}
