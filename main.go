// Command rtda is a Unix filter: numbers or records in, windows of statistics
// out, alerts on stderr.
package main

import (
	"os"
	"runtime/debug"

	"rtda/cmd"
)

// reserve is how much memory the garbage collector may let grow beside what is
// in use, in percent. Windows are rings that are filled and then stay, so that
// collecting early costs nothing that can be measured, and saves a fifth of the
// memory of many keys.
const reserve = 40

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(reserve)
	}
	cmd.Exit(cmd.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
