package main

import (
	"bytes"
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Instructions do not depend on what else the machine does, so a change of a
// few percent is seen. They are those of callgrind, a line of input, from the
// difference of two runs: what the program does at its start does not count.

// A road is a way through the program that many runs take.
type road struct {
	name  string
	kind  string
	lines int // of the shorter run
	args  []string
}

var roads = []road{
	{"numbers, a row each", "num", 50_000, []string{"-w", "100"}},
	{"numbers, -n 1000", "num", 200_000, []string{"-w", "100", "-n", "1000"}},
	{"numbers, -w 1m", "num", 50_000, []string{"-w", "1m", "--hz", "10"}},
	{"numbers, -w 1m -n 1m", "num", 200_000, []string{"-w", "1m", "-n", "1m", "--hz", "10"}},
	{"numbers, -n end", "num", 200_000, []string{"-w", "all", "-n", "end"}},
	{"numbers, -o json", "num", 50_000, []string{"-w", "100", "-o", "json"}},
	{"numbers, -o prom", "num", 50_000, []string{"-w", "100", "-o", "prom"}},
	{"numbers, a rule", "num", 50_000, []string{"-w", "100", "-r", "mean > 1e9"}},
	{"numbers, median and mean", "num", 50_000, []string{"-w", "1000", "-a", "median,mean"}},
	{"numbers, ewma of a minute", "num", 50_000, []string{"-w", "1m", "--hz", "10", "-a", "ewma"}},
	{"numbers, anomaly", "num", 20_000, []string{"-w", "100", "-a", "anomaly"}},
	{"json", "json", 20_000, []string{"-w", "100"}},
	{"json, optional members", "json, optional members", 20_000, []string{"-w", "100"}},
	{"json, any order", "json, any order", 20_000, []string{"-w", "100"}},
	{"json, escaped text", "json, escaped text", 20_000, []string{"-w", "100"}},
	{"json, -t time -w 1m -n 1m", "json", 20_000, []string{"-t", "time", "-w", "1m", "-n", "1m"}},
	{"csv", "csv", 20_000, []string{"-w", "100"}},
	{"csv, quoted", "csv, quoted", 20_000, []string{"-w", "100"}},
	{"tsv", "tsv", 20_000, []string{"-w", "100"}},
	{"logfmt", "logfmt", 20_000, []string{"-w", "100"}},
	{"influx", "influx", 20_000, []string{"-w", "100"}},
}

const (
	keyCount  = 100  // keys of the records
	tolerance = 0.05 // what a road may take more than recorded
	tries     = 3    // of callgrind, which may crash
)

// count prints the instructions a line of every road beside those of the file
// RECORDED, and is an error where one takes 5 % more; with record it writes the
// file instead.
func count(recorded string, record bool, only string) error {
	if _, err := exec.LookPath("valgrind"); err != nil {
		fmt.Println("valgrind is not installed: instructions are not counted (apt-get install valgrind)")
		return nil
	}
	dir, err := os.MkdirTemp("", "count")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	rtda, platform, err := build(dir)
	if err != nil {
		return err
	}
	was, wasOn, err := readCounts(recorded)
	if err != nil && !record {
		return err
	}
	held := wasOn == platform
	switch {
	case record:
	case held:
		fmt.Printf("instructions a line, %s, beside those recorded in %s\n\n", platform, recorded)
	default:
		fmt.Printf("instructions a line, %s; those in %s are of %s, so nothing is held against them\n\n", platform, recorded, wasOn)
	}
	now, err := countRoads(rtda, dir, only, func(name string, n float64) {
		fmt.Printf("%-28s %8.0f", name, n)
		if old, ok := was[name]; ok && !record {
			fmt.Printf("  %8.0f  %+6.1f %%", old, 100*(n/old-1))
		}
		fmt.Println()
	})
	if err != nil {
		return err
	}
	if record {
		return writeCounts(recorded, platform, now)
	}
	if !held {
		return nil
	}
	return judge(was, now, only)
}

// judge is an error if a road takes 5 % more instructions than recorded, or is
// recorded and not there, or the other way round.
func judge(was, now map[string]float64, only string) error {
	var slow, fast []string
	for _, r := range roads {
		n, counted := now[r.name]
		if !counted {
			continue
		}
		switch old, ok := was[r.name]; {
		case !ok:
			slow = append(slow, r.name+" (not recorded)")
		case n > old*(1+tolerance):
			slow = append(slow, r.name)
		case n < old*(1-tolerance):
			fast = append(fast, r.name)
		}
	}
	if only == "" && len(was) > len(now) {
		slow = append(slow, "a road that was recorded is no more")
	}
	if len(fast) > 0 {
		fmt.Printf("\nfaster by more than 5 %%: %s\nrecord it, so that it stays so: make count RECORD=1\n", strings.Join(fast, "; "))
	}
	if len(slow) > 0 {
		return fmt.Errorf("slower by more than 5 %%: %s\n(if that is meant: make count RECORD=1)", strings.Join(slow, "; "))
	}
	return nil
}

// build makes the command as it is counted, always in the same way, and says
// what Go and what machine it is for.
func build(dir string) (rtda, platform string, err error) {
	rtda = filepath.Join(dir, "rtda")
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-o", rtda, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOEXPERIMENT=", "GOAMD64=v1", "GOARM64=v8.0")
	if text, err := cmd.CombinedOutput(); err != nil {
		return "", "", fmt.Errorf("building rtda: %w: %s", err, text)
	}
	info, err := buildinfo.ReadFile(rtda)
	if err != nil {
		return "", "", err
	}
	return rtda, fmt.Sprintf("%s %s/%s", info.GoVersion, runtime.GOOS, runtime.GOARCH), nil
}

// countRoads counts the roads whose name has ONLY in it, as many at a time as
// there are processors, and tells each in the order of the table.
func countRoads(rtda, dir, only string, tell func(name string, n float64)) (map[string]float64, error) {
	now := map[string]float64{}
	type result struct {
		n   float64
		err error
	}
	results := make([]chan result, len(roads))
	slots := make(chan bool, runtime.NumCPU())
	var making sync.Mutex
	for i, r := range roads {
		if !strings.Contains(r.name, only) {
			continue
		}
		results[i] = make(chan result, 1)
		go func() {
			slots <- true
			defer func() { <-slots }()
			making.Lock()
			few, many, err := r.inputs(dir)
			making.Unlock()
			if err != nil {
				results[i] <- result{0, err}
				return
			}
			n, err := difference(rtda, filepath.Join(dir, fmt.Sprint("log ", i)), r.flags(), few, many)
			results[i] <- result{n / float64(r.lines), err}
		}()
	}
	for i, r := range roads {
		if results[i] == nil {
			continue
		}
		got := <-results[i]
		if got.err != nil {
			return nil, fmt.Errorf("%s: %w", r.name, got.err)
		}
		now[r.name] = got.n
		tell(r.name, got.n)
	}
	return now, nil
}

func (r road) flags() []string {
	return append(append([]string{"-j", "1"}, kindNamed(r.kind).flags...), r.args...)
}

// inputs makes the two files that the road is counted on, unless another road
// has.
func (r road) inputs(dir string) (few, many string, err error) {
	few, many = filepath.Join(dir, fmt.Sprint(r.kind, " ", r.lines)), filepath.Join(dir, fmt.Sprint(r.kind, " ", 2*r.lines))
	if _, err := os.Stat(many); err == nil {
		return few, many, nil
	}
	if err := kindNamed(r.kind).write(few, r.lines, keyCount); err != nil {
		return "", "", err
	}
	return few, many, kindNamed(r.kind).write(many, 2*r.lines, keyCount)
}

// difference is how many instructions the command takes more for MANY than for
// FEW.
func difference(rtda, log string, args []string, few, many string) (float64, error) {
	var n [2]float64
	for i, file := range []string{few, many} {
		args := append(slices.Clip(args), file)
		if text, err := exec.Command(rtda, args...).CombinedOutput(); err != nil {
			return 0, fmt.Errorf("rtda %s: %w: %s", strings.Join(args, " "), err, text[max(0, len(text)-300):])
		}
		var err error
		if n[i], err = instructions(rtda, log, args); err != nil {
			return 0, err
		}
	}
	return n[1] - n[0], nil
}

var collected = regexp.MustCompile(`Collected : (\d+)`)

// instructions counts one run under callgrind, which now and then crashes on
// the stacks of a Go program and is then tried again. The collector of memory
// and preemption by timers are off, and so is what differs among processors.
func instructions(rtda, log string, args []string) (float64, error) {
	var err error
	for try := range tries {
		if try > 0 {
			fmt.Fprintf(os.Stderr, "valgrind did not get through rtda %s: try %d of %d\n", strings.Join(args, " "), try+1, tries)
		}
		cmd := exec.Command("valgrind", append([]string{"--tool=callgrind", "--callgrind-out-file=/dev/null", "--log-file=" + log, rtda}, args...)...)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=/nonexistent", "LC_ALL=C", "TZ=UTC",
			"GOMAXPROCS=1", "GOGC=off", "GODEBUG=asyncpreemptoff=1,cpu.avx2=off"}
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		err = cmd.Run()
		text, readErr := os.ReadFile(log)
		if found := collected.FindSubmatch(text); err == nil && found != nil {
			return strconv.ParseFloat(string(found[1]), 64)
		}
		err = errors.Join(err, readErr, fmt.Errorf("%.500s", stderr.String()))
	}
	return 0, fmt.Errorf("valgrind failed %d times: %w", tries, err)
}

// readCounts reads a file of writeCounts.
func readCounts(path string) (counts map[string]float64, platform string, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, "", err
	}
	counts = map[string]float64{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		name, value, found := strings.Cut(line, "\t")
		switch {
		case line == "" || line[0] == '#':
		case !found:
			platform = line
		default:
			if counts[name], err = strconv.ParseFloat(value, 64); err != nil {
				return nil, "", fmt.Errorf("%s: %q: %w", path, line, err)
			}
		}
	}
	return counts, platform, nil
}

func writeCounts(path, platform string, counts map[string]float64) error {
	text := "# Instructions a line of input, counted and written by `make count RECORD=1`.\n" + platform + "\n"
	for _, r := range roads {
		text += fmt.Sprintf("%s\t%.0f\n", r.name, counts[r.name])
	}
	return os.WriteFile(path, []byte(text), 0o666)
}
