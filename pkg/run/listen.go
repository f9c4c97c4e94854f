package run

import (
	"fmt"
	"time"

	"rtda/pkg/feed"
	"rtda/pkg/parse"
	"rtda/pkg/serve"
	"rtda/pkg/socket"
)

// dropsTime is how often is looked for what the system has dropped.
const dropsTime = time.Second

// An intake is what comes in from several inputs at once: the addresses that are
// listened at, and the FILEs if there are any. It ends when it is closed.
type intake struct {
	*feed.Merge
	listeners *feed.Listeners
}

// listen opens the addresses of --listen.
func (f *filter) listen(cut parse.ReaderConfig) error {
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
	if len(o.Files) > 0 {
		m.AddAll(f.origins, func(err error) {
			if err != nil {
				f.fail(err)
			}
		})
	}
	f.pipeline.intake, f.pipeline.reader = in, in
	if hasUDP(o.Listen) {
		f.aside(f.watchDrops)
	}
	return nil
}

func hasUDP(all []socket.Address) bool {
	for _, a := range all {
		if a.Scheme == "udp" {
			return true
		}
	}
	return false
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
