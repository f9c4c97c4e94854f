package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"rtda/pkg/parse"
	"rtda/pkg/run"
)

// A groupRecord is what the workers of a group must agree on.
type groupRecord struct {
	Flags [][2]string // of the engine, each in one form; the first Fixed stay as they are over a snapshot
	Fixed int
	Keys  []string
	Near  int64 // the time that stands for now where the flags leave it open
}

// A putRecord is how put reads lines.
type putRecord struct{ Key, Format string }

const putKey = "put" // in the bucket of flags; groups are group.NAME

func (l *link) getRecord(ctx context.Context, key string, dst any) (revision uint64, err error) {
	e, err := l.flags.Get(ctx, key)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return e.Revision(), json.Unmarshal(e.Value(), dst)
}

// setRecord writes a record, which must still be of that revision; 0: not be there.
func (l *link) setRecord(ctx context.Context, key string, value any, revision uint64) (uint64, error) {
	b, err := json.Marshal(value)
	if err != nil {
		return 0, err
	}
	if revision == 0 {
		return l.flags.Create(ctx, key, b)
	}
	return l.flags.Update(ctx, key, b, revision)
}

func groupKey(group string) string { return "group." + group }

// agree finds out whether this worker's flags are those of the group, or makes them
// so, and returns their revision.
func (w *worker) agree(ctx context.Context) (uint64, error) {
	o := w.cfg.Options
	var put putRecord
	if _, err := w.getRecord(ctx, putKey, &put); err != nil {
		return 0, err
	}
	w.splitBy = max(0, slices.Index(o.Keys, put.Key))
	if put.Key != "" && !slices.Contains(o.Keys, put.Key) {
		return 0, usage("--key: %s is split by %s (put -k %[2]s), which must be among the keys: got %q", w.name, put.Key, strings.Join(o.Keys, ","))
	}
	for {
		var group groupRecord
		revision, err := w.getRecord(ctx, groupKey(w.cfg.Group), &group)
		if err != nil {
			return 0, err
		}
		if revision > 0 && w.cfg.Near {
			o.Near = group.Near
		}
		mine := groupRecord{Keys: o.Keys, Near: o.Near}
		mine.Flags, mine.Fixed = o.Flags()
		if revision > 0 {
			switch name, was, is := firstDifference(group, mine, len(mine.Flags)); {
			case name == "":
				return revision, nil
			case !w.cfg.Replace:
				return 0, usage("%s: the group %s runs with %q: got %q (--replace changes it for all, --group NAME begins another)", name, w.cfg.Group, was, is)
			}
			if err := w.mayReplace(ctx, group, mine); err != nil {
				return 0, err
			}
		}
		made, err := w.setRecord(ctx, groupKey(w.cfg.Group), mine, revision)
		if err == nil {
			return made, nil
		}
		if !errors.Is(err, jetstream.ErrKeyExists) && !errors.Is(err, jetstream.ErrKeyRevisionMismatch) {
			return 0, err
		}
	}
}

// mayReplace refuses flags by which the windows of a group, if it has any, would mean
// something else.
func (w *worker) mayReplace(ctx context.Context, group, mine groupRecord) error {
	name, was, is := firstDifference(group, mine, mine.Fixed)
	if name == "" {
		return nil
	}
	if used, err := w.hasBegun(ctx); err != nil || !used {
		return err
	}
	return usage("%s: the windows of the group %s were made with %q and cannot go on with %q: give the flag as it was, or another --group", name, w.cfg.Group, was, is)
}

// replaced is the error of a worker whose group has got other flags.
func (w *worker) replaced() error {
	return usage("the flags of the group %s were changed by another worker (run --replace)", w.cfg.Group)
}

// optionsOf are those of the engine of a partition: it expects no keys of others.
func (w *worker) optionsOf(id int) *run.Options {
	o := *w.cfg.Options
	o.Expect = slices.DeleteFunc(slices.Clone(o.Expect), func(key string) bool {
		parts := strings.Split(key, string([]byte{parse.KeySep}))
		return partitionOf([]byte(parts[w.splitBy]), w.partitions) != id
	})
	return &o
}

// firstDifference is the first of the first n flags in which two groups differ; name
// is "" where none does.
func firstDifference(a, b groupRecord, n int) (name, was, is string) {
	for i, f := range b.Flags[:n] {
		switch {
		case i >= len(a.Flags):
			return f[0], "", f[1]
		case a.Flags[i] != f:
			return f[0], a.Flags[i][1], f[1]
		}
	}
	return "", "", ""
}

// hasBegun reports whether the group has written anything.
func (w *worker) hasBegun(ctx context.Context) (bool, error) {
	for _, s := range []struct {
		stream jetstream.Stream
		what   string
	}{{w.output, "out"}, {w.states, "state"}} {
		m, err := last(ctx, s.stream, fmt.Sprintf("%s.%s.%s.>", w.name, s.what, w.cfg.Group))
		if m != nil || err != nil {
			return true, err
		}
	}
	return false, nil
}
