// Command rtda-nats is rtda's engine on NATS JetStream: the same flags on many
// machines.
package main

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"rtda/cmd"
	"rtda/pkg/cluster"
	"rtda/pkg/run"
)

func main() {
	cmd.Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// Main runs rtda-nats with the arguments behind its name and returns the status.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return program(&settings{}).Main(args, stdin, stdout, stderr)
}

// settings are what the flags say that are not rtda's.
type settings struct {
	set    cluster.Set
	init   cluster.InitConfig
	source string
	group  string
	run    cluster.RunConfig
	out    cluster.OutConfig
}

// manText is the prose of the man page in markdown.
//
//go:embed man.md
var manText string

// page is the man page in roff, as go-md2man renders it; the test that keeps it fresh
// writes it anew with `go generate ./cmd/rtda-nats`.
//
//go:generate go test -run ^TestManPage$ . -write-page
//go:embed rtda-nats.1
var page string

// linesFlags are the flags of rtda that say how the key of a line is found.
var linesFlags = " in key names sep match null max-line "

func program(s *settings) *cmd.Program {
	group := cmd.Flag{Name: "group", Arg: "NAME", Default: "main", Doc: "the set of windows",
		Long: "Which set of windows it is about. Several groups read one stream, each with flags of its own.", Set: cmd.Name(&s.group)}
	return &cmd.Program{
		Name: "rtda-nats",
		About: "rtda on many machines, by way of NATS JetStream: lines go into a stream that is split by their key, workers with rtda's flags take a share each, " +
			"and rows and alerts come out exactly once, whatever is killed.",
		Page: page, Kept: "docs/manual-nats.md", Manual: strings.Replace(manText, "@refused\n", refused(), 1),
		Flags: []cmd.Flag{
			{Name: "server", Arg: "URL", Default: defaultURL(), Doc: "the NATS server",
				Long: "The server, or several with commas between. The default is NATS_URL, else `nats://127.0.0.1:4222`.", Set: cmd.Text(&s.set.URL)},
			{Name: "creds", Arg: "FILE", File: true, Doc: "credentials for the server",
				Long: "A file of credentials as `nsc` makes it.", Set: cmd.Text(&s.set.Creds)},
		},
		Commands: []cmd.Command{
			{
				Name: "init", Args: "STREAM [flags]", Doc: "make the streams, once",
				Long: "Make the streams and buckets, once. Done again, it changes how long they keep what they hold, and on how many servers.",
				Flags: []cmd.Flag{
					{Name: "partitions", Arg: "N", Default: "16", Doc: "parts of the stream, for ever",
						Long: "Into how many parts the stream is split, and so how many workers can share it. It cannot be changed.", Set: cmd.Count(1, cluster.MaxPartitions, &s.init.Partitions)},
					{Name: "replicas", Arg: "N", Default: "1", Doc: "servers that keep it: 1, 3 or 5",
						Long: "How many servers of a cluster keep everything.", Set: cmd.Count(1, 5, &s.init.Replicas)},
					{Name: "retain", Arg: "D", Default: "7d", Doc: "how long messages are kept",
						Long: "How long the server keeps what went in and what came out. Workers may be down for so long.", Set: cmd.Span(&s.init.Retain)},
					{Name: "subject", Arg: "SUBJECT", Default: "sensors.*", Doc: "what the server itself splits, or none",
						Long: "Messages of these subjects are split by the server as they arrive, without put: by what stands for the last `*`, which is their key. `none` takes no such messages.", Set: cmd.Text(&s.init.Subject)},
				},
				Run: s.runInit,
			},
			{
				Name: "put", Args: "STREAM -k FIELD [flags] [FILE...]", Doc: "lines in, from FILEs or stdin, split by key",
				Long: "Put lines into the stream, those of each *FILE*, or of stdin if there is none or it is **-**. All lines of one key go to one partition. " +
					"A *FILE* is put exactly once: begun again, also after a kill, put goes on behind what the stream has. A line whose key cannot be read goes to partition 0, where a worker tells of it. " +
					"**-k**, **-i**, **--names**, **--sep**, **--match**, **-z** and **--max-line** are rtda's.",
				Flags: []cmd.Flag{
					{Name: "source", Arg: "NAME", Doc: "name of the source in the stream",
						Long: "What the source is called in the stream: letters, digits, `-` and `_`. The default is made of this machine's name and the FILE's path.", Set: cmd.Name(&s.source)},
				},
				Files: true,
				Takes: func(name string) bool { return strings.Contains(linesFlags, " "+name+" ") },
				Run:   s.runPut,
			},
			{
				Name: "run", Args: "STREAM [rtda's flags]", Doc: "a worker; start as many as you like, stop any",
				Long: "Work on a share of the partitions, with rtda's flags, see **rtda**(1), until a signal. Start as many workers as you like, on any machines, and stop any. All workers of a group have the same flags.",
				Flags: []cmd.Flag{
					group,
					{Name: "replace", Doc: "give the group these flags",
						Long: "Give the group these flags instead of those it has; its other workers end. What may change is what may change over a state, see STATE in **rtda**(1).", Set: cmd.Switch(&s.run.Replace)},
				},
				Takes: func(string) bool { return true }, Refuses: cluster.Refuses,
				Run: s.runWorker,
			},
			{
				Name: "out", Args: "STREAM [flags]", Doc: "rows to stdout, alerts to stderr",
				Long: "Write the rows of a group to stdout and its alerts to stderr, as they come, until a signal. Each row has its `partition` and its `sequence` there, from 1, so that one which comes twice can be told.",
				Flags: []cmd.Flag{
					group,
					{Name: "name", Arg: "NAME", Doc: "go on where the last out of this name ended",
						Long: "Go on where the last out of this NAME ended; after a kill -9 some rows come twice. Without it all that the server keeps is written.", Set: cmd.Name(&s.out.Name)},
					{Name: "exec", Short: "x", Arg: "CMD", Doc: "run sh -c CMD for each alert, its JSON on stdin",
						Long: "Run `sh -c CMD` for each alert, as rtda does; with --name at least once for each. RTDA_VALUE is the first number of the alert.", Set: cmd.Text(&s.out.Exec)},
					{Name: "exec-timeout", Arg: "D", Default: "30s", Doc: "kill CMD after D",
						Long: "Kill the whole process group of CMD after D.", Set: cmd.Span(&s.out.ExecTimeout)},
				},
				Run: s.runOut,
			},
			{
				Name: "status", Args: "STREAM", Doc: "workers, partitions, positions, lag",
				Long: "Show the workers of each group, and for each partition who works on it, the number of the last message that was taken, how many messages wait behind it, and for how long the first of them has waited.",
				Run:  s.runStatus,
			},
		},
	}
}

// defaultURL is the server where no --server says which.
func defaultURL() string {
	if url := os.Getenv("NATS_URL"); url != "" {
		return url
	}
	return "nats://127.0.0.1:4222"
}

// refused is the table of flags that a worker does not take.
func refused() string {
	var b strings.Builder
	for _, r := range cluster.Refusals() {
		fmt.Fprintf(&b, "**%s**\n:   %s.\n\n", r[0], r[1])
	}
	return b.String()
}

// of is the set of streams that the command line is about.
func (s *settings) of(c *cmd.Call) cluster.Set {
	s.set.Stream = c.Args[0]
	s.set.Tell = func(line string) { fmt.Fprintf(c.Stderr, "rtda-nats: %s\n", line) }
	return s.set
}

func (s *settings) runInit(c *cmd.Call) error {
	o := s.init
	if o.Replicas%2 == 0 {
		return cmd.FlagError("replicas", "must be 1, 3 or 5", fmt.Sprint(o.Replicas))
	}
	if o.Retain < 10*time.Minute {
		return cmd.FlagError("retain", "must be 10m or more", fmt.Sprint(o.Retain))
	}
	if o.Subject == "none" {
		o.Subject = ""
	} else if !strings.Contains(o.Subject, "*") || strings.ContainsAny(o.Subject, "> \t") {
		return cmd.FlagError("subject", "must have a * where the key stands, and no >", o.Subject)
	}
	o.Set = s.of(c)
	return untilSignal(func(ctx context.Context) error { return cluster.Init(ctx, o) })
}

func (s *settings) runPut(c *cmd.Call) error {
	o := cluster.PutConfig{Set: s.of(c), Source: s.source, Options: c.Options, Stdin: c.Stdin}
	return untilSignal(func(ctx context.Context) error { return cluster.Put(ctx, o) })
}

func (s *settings) runWorker(c *cmd.Call) error {
	if flag, why := cluster.Refuse(c.Options); flag != "" {
		return cmd.FlagError(flag, why, "")
	}
	if c.Check {
		return run.Check(c.Options, c.Stdout)
	}
	o := s.run
	o.Set, o.Group, o.Options = s.of(c), s.group, c.Options
	o.Near = c.Options.TimeFormat != "" && !c.Given("near")
	o.Notes = func(b []byte) { c.Stderr.Write(b) }
	return untilSignal(func(ctx context.Context) error { return cluster.Run(ctx, o) })
}

func (s *settings) runOut(c *cmd.Call) error {
	o := s.out
	o.Set, o.Group, o.Stdout, o.Stderr = s.of(c), s.group, c.Stdout, c.Stderr
	return untilSignal(func(ctx context.Context) error {
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		whenUnread(c.Stdout, func() { cancel(&run.Error{Status: run.StatusPipe}) })
		err := cluster.Out(ctx, o)
		if cause := context.Cause(ctx); err == nil && cause != context.Canceled {
			return cause
		}
		return err
	})
}

func (s *settings) runStatus(c *cmd.Call) error {
	return untilSignal(func(ctx context.Context) error { return cluster.Status(ctx, s.of(c), c.Stdout) })
}

// whenUnread calls what is to be done when nobody reads a pipe any more: while no row
// comes, no write would find that out, and out | head would not end.
func whenUnread(w io.Writer, do func()) {
	f, ok := w.(*os.File)
	if !ok {
		return
	}
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		return
	}
	go func() {
		fds := []unix.PollFd{{Fd: int32(f.Fd())}} // an error is told without being asked for
		_, err := unix.Poll(fds, -1)
		for err == unix.EINTR {
			_, err = unix.Poll(fds, -1)
		}
		if err == nil {
			do()
		}
	}()
}

// untilSignal does something until it ends or a signal comes, which ends it in order;
// a second one ends at once, and so does waiting for what never ends.
func untilSignal(do func(ctx context.Context) error) error {
	signals := make(chan os.Signal, 2)
	for _, s := range []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(s) { // as nohup has it
			signal.Notify(signals, s)
		}
	}
	defer signal.Stop(signals)
	return run.UntilSignal(signals, longestEnd, do)
}

// longestEnd is how long what a signal ends may take.
const longestEnd = 10 * time.Second
