// Command worker is rtda-nats run, but that LEAVE_OUT says what of leases, expected
// and replay it leaves out: what makes rtda-nats right. Tests of tests run it.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"rtda/cmd"
	"rtda/pkg/cluster"
)

func main() {
	program := &cmd.Program{Name: "worker", Commands: []cmd.Command{{
		Name: "run", Takes: func(string) bool { return true }, Refuses: cluster.Refuses, Run: run,
	}}}
	cmd.Exit(program.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

func run(c *cmd.Call) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	leavesOut := func(what string) bool {
		return strings.Contains(","+os.Getenv("LEAVE_OUT")+",", ","+what+",")
	}
	return cluster.Run(ctx, cluster.RunConfig{
		Set: cluster.Set{
			URL: os.Getenv("NATS_URL"), Stream: c.Args[0], Tell: func(line string) { fmt.Fprintln(c.Stderr, "worker:", line) },
		},
		Group: "main", Options: c.Options,
		Notes:    func(lines []byte) { c.Stderr.Write(lines) },
		NoLeases: leavesOut("leases"), NoExpect: leavesOut("expected"), NoReplay: leavesOut("replay"),
	})
}
