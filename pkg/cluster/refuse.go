package cluster

import (
	"slices"

	"rtda/pkg/run"
	"rtda/pkg/stream"
)

// A refusal is a flag of rtda that a worker does not take, and why.
type refusal struct {
	flag string
	why  string
	when func(o *run.Options) bool // nil: whenever it is given
}

// refusals is the table of them, what must be there first.
var refusals = []refusal{
	{"key", "a worker has some of the keys: say which fields they are (-k FIELD)", func(o *run.Options) bool { return len(o.Keys) == 0 }},
	{"in", "auto would go by the first record of each partition: say the format (-i json)", func(o *run.Options) bool { return o.In == "auto" }},
	{"in", "num has no keys: use another format", func(o *run.Options) bool { return o.In == "num" || o.In == "lines" }},
	{"names", "the header is in one partition only: name the columns (--names)", (*run.Options).HasHeaders},
	{"every", "a stream has no end: give -n a count or a duration", func(o *run.Options) bool { return o.Every == stream.Every{} }},
	{"out", "is written with a header, or at the end: use text, json, influx or none", func(o *run.Options) bool {
		return !slices.Contains([]string{"text", "json", "influx", "none"}, o.Out)
	}},
	{"key", "out gives each row a partition and a sequence: name the key in another way", func(o *run.Options) bool { return clashes(o.Keys) }},
	{"keep", "out gives each row a partition and a sequence: leave the field out", func(o *run.Options) bool { return clashes(o.Keep) }},
	{"tz", "each machine has its own: name the zone", func(o *run.Options) bool { return o.ZoneText == "local" }},
	{"on-error", "nobody can stop a stream that many read: skip or ignore", func(o *run.Options) bool { return o.OnError == run.OnErrorFail }},

	{"hz", "it counts the records of all keys together, and a worker has some of them", nil},
	{"exit-status", "a worker has no end of its input", nil},
	{"exec", "actions belong to who reads the output: rtda-nats out -x CMD", nil},
	{"exec-timeout", "actions belong to who reads the output: rtda-nats out -x CMD", nil},
	{"state", "the state is kept in the server", nil},
	{"save", "the state is kept in the server", nil},
	{"alerts", "alerts go to the output stream: rtda-nats out shows them", nil},
	{"follow", "the input is the stream: rtda-nats put FILE writes to it", nil},
	{"tail", "the input is the stream: rtda-nats put FILE writes to it", nil},
	{"listen", "the input is the stream: rtda-nats put writes to it", nil},
	{"max-connections", "the input is the stream: rtda-nats put writes to it", nil},
	{"one-to-one", "rows go to the output stream", nil},
	{"strict", "nobody can stop a stream that many read: leave it out", nil},
	{"size", "pictures are drawn at the end, and a stream has none", nil},
	{"live", "a worker has some of the keys, and its rows go to the output stream", nil},
	{"hold", "a worker has no end of its input", nil},
	{"history", "a worker serves metrics, and no page with the past", nil},
	{"progress", "a stream has no end", nil},
	{"stderr-prefix", "Telegraf can run rtda, not a worker", nil},
	{"jobs", "partitions are worked on side by side as it is", nil},
	{"color", "alerts go to the output stream", nil},
}

func clashes(names []string) bool {
	return slices.Contains(names, partitionName) || slices.Contains(names, sequenceName)
}

// Refuses says why a worker never takes a flag of rtda, "" where it may take it.
func Refuses(flag string) (why string) {
	for _, r := range refusals {
		if r.flag == flag && r.when == nil {
			return r.why
		}
	}
	return ""
}

// Refuse returns the first flag by whose value, or absence, a worker could not do what
// rtda would, and why; "" where there is none.
func Refuse(o *run.Options) (flag, why string) {
	for _, r := range refusals {
		if r.when != nil && r.when(o) {
			return r.flag, r.why
		}
	}
	if _, err := run.NewEngine(o, ""); err == nil {
		return "", ""
	}
	if len(o.Fields) == 0 {
		return "field", "the numbers would be those of the first record of each partition: name them (-f FIELD)"
	}
	return "", ""
}

// Refusals lists what Refuses knows, for the manual.
func Refusals() (list [][2]string) {
	for _, r := range refusals {
		if r.when == nil {
			list = append(list, [2]string{"--" + r.flag, r.why})
		}
	}
	return list
}
