package cmd

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes this test binary the command rtda too, found by PATH, so
// that scripts and shells run what is being tested.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"rtda":        func() { Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
		"rtda-dies":   dies,
		"rtda-panics": panics,
	})
}

// TestScript runs the scripts of testdata/script, one for each promise; the
// first line of each says what is promised.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "../testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       *update,
		Setup: func(env *testscript.Env) error {
			env.Setenv("TZ", "America/New_York") // nothing may depend on it
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status": status,
		},
	})
}

// status runs a command that must end with the given status:
//
//	status 3 rtda -w 3
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N command [args...]")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = strconv.Itoa(statusOf(exit.ProcessState))
	} else if err != nil {
		got = err.Error()
	}
	if got != args[0] {
		ts.Fatalf("status %s, want %s", got, args[0])
	}
}
