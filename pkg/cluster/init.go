package cluster

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"rtda/pkg/clock"
)

// An InitConfig says what streams to make.
type InitConfig struct {
	Set
	Partitions int
	Replicas   int
	Retain     time.Duration
	Subject    string // whose messages the server itself partitions, by what stands for its last *; "": none
}

// MaxPartitions is into how many partitions a stream can be split: a piece of a file
// may have a message for each.
const MaxPartitions = maxBatch

// leaseTime is how long a lease holds that is not renewed.
const leaseTime = 3 * time.Second

// oldest is the first version of the server that has all that is needed.
var oldest = [2]int{2, 12}

// Init makes the streams and buckets of a set, or changes how long they keep what
// they hold. The number of partitions is for ever.
func Init(ctx context.Context, c InitConfig) error {
	l, err := connect(c.Set, "init")
	if err != nil {
		return err
	}
	defer l.close()
	if err := l.checkVersion(); err != nil {
		return err
	}
	switch in, err := l.js.Stream(ctx, c.Stream+"-in"); {
	case err == nil:
		had := in.CachedInfo().Config.Metadata[partitionsKey]
		if had == "" {
			return usage("there is a stream %s-in already, which rtda-nats init has not made: take another name", c.Stream)
		}
		if had != strconv.Itoa(c.Partitions) {
			return usage("--partitions: %s has %s partitions for ever, as its keys would move to others: got %d", c.Stream, had, c.Partitions)
		}
	case !errors.Is(err, jetstream.ErrStreamNotFound):
		return l.explain(c.Stream+"-in", err)
	}
	for _, s := range c.streams() {
		if _, err := l.js.CreateOrUpdateStream(ctx, s); err != nil {
			if taken, ok := errors.AsType[*jetstream.APIError](err); ok && strings.Contains(taken.Description, "overlap") {
				return usage("--subject: another stream takes some of these messages already: got %q", c.Subject)
			}
			return l.explain(s.Name, err)
		}
	}
	for _, kv := range []jetstream.KeyValueConfig{
		{Bucket: c.Stream + "-lease", TTL: leaseTime, Replicas: c.Replicas, Storage: jetstream.FileStorage},
		{Bucket: c.Stream + "-flags", Replicas: c.Replicas, Storage: jetstream.FileStorage},
	} {
		if _, err := l.js.CreateOrUpdateKeyValue(ctx, kv); err != nil {
			return l.explain(kv.Bucket, err)
		}
	}
	c.Tell(fmt.Sprintf("%s has %d partitions and keeps what it gets for %s", c.Stream, c.Partitions, clock.Duration(int64(c.Retain))))
	return nil
}

func (c *InitConfig) streams() []jetstream.StreamConfig {
	base := jetstream.StreamConfig{
		Retention: jetstream.LimitsPolicy, Storage: jetstream.FileStorage, Replicas: c.Replicas,
		AllowDirect: true, AllowAtomicPublish: true,
	}
	in, out, state := base, base, base
	in.Name, in.Subjects, in.MaxAge = c.Stream+"-in", []string{c.Stream + ".in.*.*", c.Stream + ".tick.*"}, c.Retain
	in.AllowMsgSchedules, in.AllowRollup = true, true
	in.Metadata = map[string]string{partitionsKey: strconv.Itoa(c.Partitions)}
	if c.Subject != "" {
		in.Subjects = append(in.Subjects, c.Subject)
		n := strings.Count(c.Subject, "*")
		in.SubjectTransform = &jetstream.SubjectTransformConfig{
			Source:      c.Subject,
			Destination: fmt.Sprintf("%s.in.{{partition(%d,%d)}}.{{wildcard(%d)}}", c.Stream, c.Partitions, n, n),
		}
	}
	out.Name, out.Subjects, out.MaxAge = c.Stream+"-out", []string{c.Stream + ".out.*.*.*"}, c.Retain
	state.Name, state.Subjects, state.MaxMsgsPerSubject = c.Stream+"-state", []string{c.Stream + ".state.*.*.*"}, 1
	return []jetstream.StreamConfig{in, out, state}
}

// checkVersion refuses a server that is too old.
func (l *link) checkVersion() error {
	has := l.conn.ConnectedServerVersion()
	var major, minor int
	if n, _ := fmt.Sscanf(has, "%d.%d", &major, &minor); n < 2 || major > oldest[0] || major == oldest[0] && minor >= oldest[1] {
		return nil
	}
	return fmt.Errorf("the NATS server is version %s, which lacks atomic batches and schedules: %d.%d or later is needed", has, oldest[0], oldest[1])
}
