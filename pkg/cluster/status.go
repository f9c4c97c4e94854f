package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"rtda/pkg/clock"
)

// Status writes the workers and partitions of each group, and how far they are.
func Status(ctx context.Context, s Set, dst io.Writer) error {
	l, err := open(ctx, s, "status")
	if err != nil {
		return err
	}
	defer l.close()
	info, err := l.input.Info(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(dst, "stream %s: %d partitions, messages %d to %d, %d MB, kept for %s\n", l.name, l.partitions,
		info.State.FirstSeq, info.State.LastSeq, info.State.Bytes>>20, clock.Duration(int64(info.Config.MaxAge)))
	groups, err := l.groups(ctx)
	if err != nil {
		return err
	}
	for _, g := range groups {
		if err := l.showGroup(ctx, g, dst); err != nil {
			return err
		}
	}
	if len(groups) == 0 {
		fmt.Fprintf(dst, "no group has run yet (rtda-nats run %s)\n", l.name)
	}
	return nil
}

func (l *link) groups(ctx context.Context) (names []string, err error) {
	keys, err := l.flags.ListKeysFiltered(ctx, groupKey("*"))
	if err != nil {
		return nil, err
	}
	for key := range keys.Keys() {
		names = append(names, strings.TrimPrefix(key, groupKey("")))
	}
	slices.Sort(names)
	return names, nil
}

func (l *link) showGroup(ctx context.Context, group string, dst io.Writer) error {
	owner, position, workers, err := l.leasesOf(ctx, group)
	if err != nil {
		return err
	}
	s := "s"
	if len(workers) == 1 {
		s = ""
	}
	fmt.Fprintf(dst, "group %s: %d worker%s\n", group, len(workers), s)
	ids := slices.SortedFunc(maps.Keys(workers), func(a, b string) int { return cmp.Or(cmp.Compare(workers[a], workers[b]), cmp.Compare(a, b)) })
	for n, id := range ids {
		fmt.Fprintf(dst, "  worker %d: %s\n", n+1, workers[id])
	}
	fmt.Fprintf(dst, "  %9s %7s %12s %12s %9s\n", "partition", "worker", "position", "waiting", "behind")
	for p := range l.partitions {
		at, err := l.positionOf(ctx, group, p, position[p])
		if err != nil {
			return err
		}
		waiting, behind, err := l.lag(ctx, p, at)
		if err != nil {
			return err
		}
		by := "-"
		if n := slices.Index(ids, owner[p]); n >= 0 {
			by = strconv.Itoa(n + 1)
		}
		fmt.Fprintf(dst, "  %9d %7s %12d %12d %9s\n", p, by, at, waiting, clock.Duration(int64(behind.Truncate(100*time.Millisecond))))
	}
	return nil
}

// leasesOf are the workers of a group, by their names where they run, and whose the
// partitions are and how far.
func (l *link) leasesOf(ctx context.Context, group string) (owner map[int]string, position map[int]uint64, workers map[string]string, err error) {
	owner, position, workers = map[int]string{}, map[int]uint64{}, map[string]string{}
	keys, err := l.leases.ListKeysFiltered(ctx, "*."+group+".*")
	if err != nil {
		return nil, nil, nil, err
	}
	for key := range keys.Keys() {
		e, err := l.leases.Get(ctx, key)
		if errors.Is(err, jetstream.ErrKeyNotFound) {
			continue
		}
		if err != nil {
			return nil, nil, nil, err
		}
		parts := strings.Split(key, ".")
		if last := parts[len(parts)-1]; parts[0] == "worker" {
			workers[last] = string(e.Value())
		} else if p, err := strconv.Atoi(last); err == nil {
			id, at, _ := strings.Cut(string(e.Value()), " ")
			owner[p] = id
			position[p], _ = strconv.ParseUint(at, 10, 64)
		}
	}
	return owner, position, workers, nil
}

// positionOf is how far a partition is: what the lease says, the state that was saved
// or the output, whichever is furthest.
func (l *link) positionOf(ctx context.Context, group string, partition int, leased uint64) (uint64, error) {
	for _, s := range []struct {
		stream  jetstream.Stream
		subject string
	}{
		{l.states, fmt.Sprintf("%s.state.%s.%d.0", l.name, group, partition)},
		{l.output, fmt.Sprintf("%s.out.%s.%d.*", l.name, group, partition)},
	} {
		m, err := last(ctx, s.stream, s.subject)
		if err != nil {
			return 0, err
		}
		if m != nil {
			leased = max(leased, number(m.Header, headerIn))
		}
	}
	return leased, nil
}

// lag is how many messages of a partition come behind one of them, and for how long
// the first of them has waited.
func (l *link) lag(ctx context.Context, partition int, position uint64) (waiting uint64, behind time.Duration, err error) {
	subject := fmt.Sprintf("%s.in.%d.*", l.name, partition)
	consumer, err := l.input.CreateConsumer(ctx, jetstream.ConsumerConfig{
		FilterSubject: subject, DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: position + 1,
		AckPolicy: jetstream.AckNonePolicy, InactiveThreshold: time.Second, MemoryStorage: true,
	})
	if err != nil {
		return 0, 0, err
	}
	info := consumer.CachedInfo()
	defer l.input.DeleteConsumer(ctx, info.Name) // it ends by itself, too
	if info.NumPending == 0 {
		return 0, 0, nil
	}
	first, err := l.input.GetMsg(ctx, position+1, jetstream.WithGetMsgSubject(subject))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return info.NumPending, 0, nil
	}
	if err != nil {
		return 0, 0, err
	}
	return info.NumPending, max(0, time.Since(first.Time)), nil
}
