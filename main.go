// Command rtda is a Unix filter: numbers or records in, windows of statistics
// out, alerts on stderr. SPEC.md says what it promises.
package main

import (
	"os"

	"rtda/cmd"
)

func main() {
	os.Exit(cmd.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
