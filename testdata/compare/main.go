// Command compare times rtda against other tools that do the same work, in
// alternating pairs, and prints a table in Markdown.
//
//	go run ./testdata/compare [-runs 3] [-n 2000000] [-only TEXT] [-nist DIR] ./rtda
//
// A figure is the median over the pairs of CPU seconds (user and system, of
// the whole process and its children) or of wall seconds. A peer that is not
// installed is named with the way to get it.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

func main() {
	runs := flag.Int("runs", 3, "pairs of runs of each work")
	n := flag.Int("n", 2_000_000, "lines of input")
	only := flag.String("only", "", "only works whose name has this in it")
	nist := flag.String("nist", "", "folder with reference data sets, NAME.txt with a number a line")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: compare [flags] PATH-OF-RTDA")
		os.Exit(2)
	}
	err := compare(flag.Arg(0), *runs, *n, *only)
	if err == nil && *only == "" {
		err = accuracy(flag.Arg(0), *nist)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

func compare(rtda string, runs, n int, only string) error {
	rtda, err := filepath.Abs(rtda)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "compare")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := makeInputs(rtda, dir, n); err != nil {
		return err
	}
	fmt.Printf("%s, %d processors, %s, %d lines, medians of %d alternating pairs\n\n",
		time.Now().Format("2006-01-02"), runtime.NumCPU(), runtime.Version(), n, runs)
	fmt.Println("| work | rtda | peer | peer's time | ratio | what the peer leaves out |")
	fmt.Println("| --- | --- | --- | --- | --- | --- |")
	var missing []peer
	for _, p := range peers {
		switch {
		case !strings.Contains(p.work+p.name, only):
		case !installed(p):
			missing = append(missing, p)
		default:
			if err := p.time(rtda, dir, runs); err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
		}
	}
	tellMissing(missing)
	return nil
}

// installed reports whether a peer's command, and its module, are there.
func installed(p peer) bool {
	if p.tool == "" {
		return true
	}
	if _, err := exec.LookPath(p.tool); err != nil {
		return false
	}
	switch {
	case p.module == "":
		return true
	case p.tool == "node":
		return exec.Command("sh", "-c", node+" -e 'require(\""+p.module+"\")'").Run() == nil
	}
	return exec.Command(p.tool, "-c", "import "+p.module).Run() == nil
}

func tellMissing(missing []peer) {
	told := map[string]bool{}
	for _, p := range missing {
		if !told[p.get] {
			fmt.Printf("\nnot installed: %s (get it with `%s`)\n", p.name, p.get)
			told[p.get] = true
		}
	}
}

// A usage is what one run cost.
type usage struct{ cpu, wall float64 }

// run runs a shell command in dir and throws its output away.
func run(dir, rtda, command string) (usage, error) {
	cmd := exec.Command("sh", "-c", command)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "RTDA="+rtda, "LC_ALL=C")
	start := time.Now()
	text, err := cmd.CombinedOutput()
	if err != nil {
		return usage{}, fmt.Errorf("%s: %w: %.300s", command, err, text)
	}
	state := cmd.ProcessState
	return usage{(state.UserTime() + state.SystemTime()).Seconds(), time.Since(start).Seconds()}, nil
}

// time runs the pairs of a peer and prints its row.
func (p *peer) time(rtda, dir string, runs int) error {
	var ours, theirs, ratios []float64
	for i := range runs + 1 {
		a, err := run(dir, rtda, p.ours)
		if err != nil {
			return err
		}
		b, err := run(dir, rtda, p.theirs)
		if err != nil {
			return err
		}
		if i == 0 {
			continue // the first pair only warms up
		}
		x, y := a.cpu, b.cpu
		if p.wall {
			x, y = a.wall, b.wall
		}
		ours, theirs, ratios = append(ours, x), append(theirs, y), append(ratios, y/x)
	}
	kind := "CPU"
	if p.wall {
		kind = "wall"
	}
	fmt.Printf("| %s | %.3f s %s | %s | %.3f s | %.2f | %s |\n",
		p.work, median(ours), kind, p.name, median(theirs), median(ratios), p.without)
	return nil
}

func median(xs []float64) float64 {
	xs = slices.Sorted(slices.Values(xs))
	return (xs[(len(xs)-1)/2] + xs[len(xs)/2]) / 2
}
