// Command measure tells how fast and how exact rtda is. It is run from the root
// of the project:
//
//	go run ./testdata/measure count [-record] [-only TEXT]
//	go run ./testdata/measure peers [-runs 3] [-n 1000000] [-part tools|databases|own] [-only TEXT] ./rtda
//	go run ./testdata/measure tables [-rounds 3] [-n 400000] [-instructions] [-only TEXT] ./rtda
//	go run ./testdata/measure accuracy [-nist DIR] ./rtda
//
// count builds rtda and counts the instructions a line that the most usual runs
// take, beside those that were recorded. peers times rtda against other tools
// that do the same work, in alternating pairs, and prints a table in Markdown;
// a figure is the median over the pairs of CPU seconds (user and system, of the
// whole process and its children) or of wall seconds, and a peer that is not
// installed is named with the way to get it. tables prints what a line costs
// for every format, aggregate, size of window, number of keys and of rules.
// accuracy holds its standard
// deviation against arithmetic with 400 bits.
package main

import (
	"flag"
	"fmt"
	"os"
)

const recorded = "testdata/measure/counts.txt"

func main() {
	if len(os.Args) < 2 {
		tellUsage()
	}
	what, flags := os.Args[1], flag.NewFlagSet(os.Args[1], flag.ExitOnError)
	only := flags.String("only", "", "only what has this in its name")
	var err error
	switch what {
	case "count":
		record := flags.Bool("record", false, "write "+recorded)
		flags.Parse(os.Args[2:])
		err = count(recorded, *record, *only)
	case "peers":
		runs := flags.Int("runs", 3, "pairs of runs of each work")
		part := flags.String("part", "", "tools, databases or own (rtda against itself); else all")
		n := flags.Int("n", 1_000_000, "lines of input, and six times as many for databases")
		flags.Parse(os.Args[2:])
		err = compare(binary(flags), *runs, *n, *part, *only)
	case "tables":
		n := flags.Int("n", 400_000, "lines of input")
		rounds := flags.Int("rounds", 3, "runs of each cell, of which the least counts")
		counts := flags.Bool("instructions", false, "count instructions, not CPU time")
		flags.Parse(os.Args[2:])
		err = tables(binary(flags), *only, *n, *rounds, *counts)
	case "accuracy":
		nist := flags.String("nist", "", "folder with reference data sets, NAME.txt with a number a line")
		flags.Parse(os.Args[2:])
		err = accuracy(binary(flags), *nist)
	default:
		tellUsage()
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "measure %s: %v\n", what, err)
		os.Exit(1)
	}
}

// binary is the path of rtda, which is what the flags leave.
func binary(flags *flag.FlagSet) string {
	if flags.NArg() != 1 {
		tellUsage()
	}
	return flags.Arg(0)
}

func tellUsage() {
	fmt.Fprintln(os.Stderr, "usage: measure count [FLAGS] | measure peers|tables|accuracy [FLAGS] PATH-OF-RTDA")
	os.Exit(2)
}
