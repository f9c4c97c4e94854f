package cluster

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	random "math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"rtda/pkg/run"
)

// A RunConfig is what a worker does.
type RunConfig struct {
	Set
	Group   string
	Options *run.Options  // what the engine does; see Refuse
	Near    bool          // the flags leave open what time the first record is near
	Replace bool          // the group gets other flags
	Save    time.Duration // how often states are saved; 0: every 5 s

	Notes func(lines []byte) // complaints of the engine

	// These three switch off what makes the output right, one at a time. They are for
	// tests, which find out that they would see it; rtda-nats has no flags for them.
	NoLeases bool // every worker works on every partition
	NoExpect bool // the server stores what it gets, whoever has written before
	NoReplay bool // what is written already is written again
}

// A worker works on some of the partitions.
type worker struct {
	*link
	cfg      RunConfig
	id       string // of its own
	revision uint64 // of the group's flags
	splitBy  int    // which of the keys partitions go by
	ttl      time.Duration
	ticks    []time.Time // by partition: when it was seen to that the server ticks

	working context.Context         // until the worker is to end
	fail    context.CancelCauseFunc // ends it with an error

	mu      sync.Mutex
	session context.Context // ends with each disconnection
	held    map[int]*holding
	told    time.Time // when an error that is tried again was told last
	count   int       // of them since
	retries int       // and ever
}

// A holding is a partition that the worker has a lease of.
type holding struct {
	view
	kept     context.Context // until it is given back
	giveBack context.CancelFunc
}

// Run works until the context ends, and then gives back what it has.
func Run(ctx context.Context, c RunConfig) error {
	if c.Save == 0 {
		c.Save = 5 * time.Second
	}
	if c.Notes == nil {
		c.Notes = func([]byte) {}
	}
	first, err := run.NewEngine(c.Options, "")
	if err != nil {
		return err
	}
	if warning := first.Warning(); warning != "" {
		c.Tell(warning)
	}
	w := &worker{cfg: c, id: rand.Text(), held: map[int]*holding{}}
	lost := make(chan struct{}, 1)
	w.link, err = open(ctx, c.Set, "run",
		nats.DisconnectErrHandler(func(*nats.Conn, error) { notice(lost) }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { w.again("", err) }))
	if err != nil {
		return err
	}
	defer w.close()
	w.ticks = make([]time.Time, w.partitions)
	if w.ttl = w.leased.CachedInfo().Config.MaxAge; w.ttl <= 0 {
		return usage("the bucket %s-lease keeps leases for ever: delete it, and run rtda-nats init again", c.Stream)
	}
	if w.revision, err = w.agree(ctx); err != nil {
		return err
	}
	stopServing, err := w.serve()
	if err != nil {
		return err
	}
	defer stopServing()
	return w.run(ctx, lost)
}

func notice(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// run shares the partitions with the other workers until the context ends.
func (w *worker) run(ctx context.Context, lost <-chan struct{}) error {
	alive, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	w.working, w.fail = context.WithCancelCause(ctx)
	flags, err := w.flags.Watch(alive, groupKey(w.cfg.Group))
	if err != nil {
		return err
	}
	changed := flags.Updates()
	var work sync.WaitGroup
	disconnect := w.begin(alive)
	poll := time.NewTicker(w.ttl / 12)
	defer poll.Stop()
	var renewed time.Time
	for {
		if time.Since(renewed) >= w.ttl/4 {
			host, _ := os.Hostname()
			_, err = w.leases.Put(ctx, w.workerKey(), fmt.Appendf(nil, "%s %d", host, os.Getpid()))
			w.again("", err)
			renewed = time.Now()
		}
		w.again("", w.share(ctx, alive, &work))
		select {
		case <-poll.C:
		case <-lost:
			disconnect()
			disconnect = w.begin(alive)
		case e, open := <-changed:
			if e != nil && e.Revision() != w.revision {
				w.fail(w.replaced())
			}
			if !open {
				changed = nil // each partition that is taken looks, too
			}
		case <-w.working.Done():
			return w.over(&work, end)
		}
	}
}

// begin begins a session, which ends with the next disconnection: what is worked on
// begins anew then.
func (w *worker) begin(alive context.Context) (end context.CancelFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.session, end = context.WithCancel(alive)
	return end
}

// over gives back all partitions, and calls end if that takes too long. It returns the
// error that ends the worker, if one does.
func (w *worker) over(work *sync.WaitGroup, end func()) error {
	w.mu.Lock()
	for _, h := range w.held {
		h.giveBack()
	}
	w.mu.Unlock()
	defer time.AfterFunc(longestEnd, end).Stop()
	work.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), run.Patience)
	defer cancel()
	_ = w.leased.Purge(ctx, jetstream.WithPurgeSubject(leaseSubject(w.name, w.workerKey()))) // else it ends by itself
	if err := context.Cause(w.working); isFinal(err) {
		return err
	}
	return nil
}

// longestEnd is how long a worker that ends may take to save what it has.
const longestEnd = 5 * time.Second

// again tells of an error that is tried again: the first, and then once in a while.
// what it is about stands before it.
func (w *worker) again(what string, err error) {
	if err == nil || errors.Is(err, context.Canceled) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.retries++
	if w.count++; time.Since(w.told) < 10*time.Second {
		return
	}
	more := ""
	if w.count > 1 {
		more = fmt.Sprintf(", %d such errors", w.count)
	}
	w.told, w.count = time.Now(), 0
	w.cfg.Tell(what + sentence(err) + " (trying again" + more + ")")
}

func (w *worker) workerKey() string        { return "worker." + w.cfg.Group + "." + w.id }
func (w *worker) leaseKey(id int) string   { return fmt.Sprintf("lease.%s.%d", w.cfg.Group, id) }
func leaseSubject(name, key string) string { return "$KV." + name + "-lease." + key }

// share takes free partitions up to this worker's share, and gives back what is
// over.
func (w *worker) share(ctx, alive context.Context, work *sync.WaitGroup) error {
	share, taken := w.partitions, map[int]bool{}
	if !w.cfg.NoLeases {
		workers := 0
		var err error
		if workers, taken, err = w.others(ctx); err != nil {
			return err
		}
		share = (w.partitions + workers - 1) / workers
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.working.Err() != nil {
		return nil
	}
	staying := 0
	for _, h := range w.held {
		if h.kept.Err() != nil {
			continue
		}
		if staying++; staying > share {
			h.giveBack()
		}
	}
	for _, id := range random.Perm(w.partitions) {
		if taken[id] || w.held[id] != nil || len(w.held) >= share {
			continue
		}
		h := &holding{}
		h.kept, h.giveBack = context.WithCancel(context.Background())
		w.held[id] = h
		work.Go(func() {
			w.hold(alive, id, h)
			w.mu.Lock()
			defer w.mu.Unlock()
			delete(w.held, id)
		})
	}
	return nil
}

// others counts the workers, this one too, and says which partitions have a lease.
func (w *worker) others(ctx context.Context) (workers int, taken map[int]bool, err error) {
	info, err := w.leased.Info(ctx, jetstream.WithSubjectFilter(leaseSubject(w.name, "*."+w.cfg.Group+".*")))
	if err != nil {
		return 0, nil, err
	}
	workers, taken = 1, map[int]bool{}
	for subject := range info.State.Subjects {
		parts := strings.Split(subject, ".")
		switch what, last := parts[len(parts)-3], parts[len(parts)-1]; {
		case what == "worker" && last != w.id:
			workers++
		case what == "lease":
			if id, err := strconv.Atoi(last); err == nil {
				taken[id] = true
			}
		}
	}
	return workers, taken, nil
}

// hold takes the lease of a partition and works on it as long as it has that.
func (w *worker) hold(ctx context.Context, id int, h *holding) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if !w.cfg.NoLeases {
		revision, err := w.leases.Create(ctx, w.leaseKey(id), w.leaseValue(h))
		if err != nil {
			if !errors.Is(err, jetstream.ErrKeyExists) {
				w.again(inputName(id)+": ", err)
			}
			return
		}
		var renewing sync.WaitGroup
		renewing.Go(func() { revision = w.renew(ctx, cancel, id, h, revision) })
		defer func() {
			cancel()
			renewing.Wait()
			w.release(id, revision)
		}()
	}
	for wait := w.ttl / 24; ctx.Err() == nil; wait = min(2*wait, w.ttl/6) {
		err := w.workOnce(ctx, id, h)
		switch {
		case err == nil:
			return
		case isFinal(err):
			w.fail(err)
			return
		case ctx.Err() != nil:
			return
		}
		w.again(inputName(id)+": ", err)
		select {
		case <-h.kept.Done():
			return
		case <-ctx.Done():
		case <-time.After(wait/2 + random.N(wait)):
		}
	}
}

// workOnce works on a partition until an error, the end of the session being one.
func (w *worker) workOnce(ctx context.Context, id int, h *holding) error {
	w.mu.Lock()
	session := w.session
	w.mu.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(session, cancel)()
	return w.work(ctx, id, &h.view, h.kept.Done())
}

// leaseValue is what a lease says: whose it is, and how far the partition is.
func (w *worker) leaseValue(h *holding) []byte {
	return fmt.Appendf(nil, "%s %d", w.id, h.position.Load())
}

// renew keeps a lease until the context ends, which it ends itself where the lease
// is lost. It returns the last revision that is known.
func (w *worker) renew(ctx context.Context, lost context.CancelFunc, id int, h *holding, revision uint64) uint64 {
	defer lost()
	tick := time.NewTicker(w.ttl / 4)
	defer tick.Stop()
	for until := time.Now().Add(w.ttl); ; {
		select {
		case <-ctx.Done():
			return revision
		case <-tick.C:
		}
		now := time.Now()
		// What is asked is asked to its end, for release must know the revision.
		asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.ttl/2)
		r, err := w.leases.Update(asking, w.leaseKey(id), w.leaseValue(h), revision)
		if err != nil {
			r, err = w.mine(asking, id)
		}
		cancel()
		switch {
		case err == nil:
			revision, until = r, now.Add(w.ttl)
		case errors.Is(err, errNotMine) || now.After(until):
			w.again(inputName(id)+": ", errors.New("the lease has ended"))
			return 0
		}
	}
}

var errNotMine = errors.New("the lease is another's")

// mine is the revision of a lease, if it is this worker's: an answer may be lost.
func (w *worker) mine(ctx context.Context, id int) (uint64, error) {
	e, err := w.leases.Get(ctx, w.leaseKey(id))
	switch {
	case errors.Is(err, jetstream.ErrKeyNotFound):
		return 0, errNotMine
	case err != nil:
		return 0, err
	case !strings.HasPrefix(string(e.Value()), w.id+" "):
		return 0, errNotMine
	}
	return e.Revision(), nil
}

// release takes away the lease, if it is still of that revision, so that others need
// not wait for its end.
func (w *worker) release(id int, revision uint64) {
	if revision == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), run.Patience)
	defer cancel()
	// Without an answer the lease ends by itself.
	_ = w.leased.Purge(ctx, jetstream.WithPurgeSubject(leaseSubject(w.name, w.leaseKey(id))), jetstream.WithPurgeSequence(revision+1))
}

// inputName is how complaints and alerts name the input of a partition.
func inputName(id int) string { return fmt.Sprintf("in.%d", id) }
