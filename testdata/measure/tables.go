package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"rtda/pkg/agg"
	"rtda/pkg/format"
	"rtda/pkg/parse"
)

// The tables show where the cost of a line jumps: each goes along one thing,
// such as the size of the window, and a row that stands out is a path that is
// missing.

// A table is rows times columns of runs.
type table struct {
	name    string
	corner  string
	columns []string
	rows    []string
	run     func(row, column int) job // the zero job has no cell
	seen    bool                      // memory is worth a second table
}

// A job is a run of rtda with flags over an input.
type job struct {
	kind  string
	keys  int
	flags []string
	after int // lines whose cost does not count: windows fill and keys begin
}

// A cell is what is known of a job: the least CPU time over the rounds, for few
// and for many lines, and the largest memory.
type cell struct {
	job       job
	few, many float64
	memory    int64
	refused   string // why rtda takes no such flags
}

// A meter says how the cost of a line is measured: by two runs, of which one
// has n lines more.
type meter struct {
	rtda, dir string
	n         int
	rounds    int
	counts    bool // instructions, not CPU time
}

// tables prints those whose name has ONLY in it. The cost of a line is what a
// run on many lines takes more than one on few, so that the start is not in it.
// CPU time is the least of some rounds, which go through all cells by turns;
// instructions are counted once.
func tables(rtda, only string, n, rounds int, counts bool) error {
	rtda, err := filepath.Abs(rtda)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "tables")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	m := meter{rtda, dir, n, rounds, counts}
	what := fmt.Sprintf("ns of CPU time a line, the least of %d rounds", rounds)
	if counts {
		m.rounds, what = 1, "instructions a line"
	}
	fmt.Printf("%s, %d processors, %s; %s; %d lines, -j 1\n", time.Now().Format("2006-01-02 15:04"), runtime.NumCPU(), runtime.Version(), what, n)
	for _, t := range allTables() {
		if strings.Contains(t.name, only) {
			if err := t.print(m); err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
		}
	}
	if strings.Contains("growth", only) {
		return growth(rtda)
	}
	return nil
}

func (t table) print(m meter) error {
	cells := make([][]cell, len(t.rows))
	for r := range t.rows {
		cells[r] = make([]cell, len(t.columns))
		for c := range t.columns {
			cells[r][c].job = t.run(r, c)
		}
	}
	for range m.rounds {
		for r := range cells {
			for c := range cells[r] {
				if err := m.measure(&cells[r][c]); err != nil {
					return err
				}
			}
		}
	}
	fmt.Printf("\n### %s\n\n", t.name)
	show := func(what string, text func(cell) string) {
		fmt.Printf("| %s | %s |\n|%s\n", what, strings.Join(t.columns, " | "), strings.Repeat(" --- |", len(t.columns)+1))
		for r, row := range cells {
			fmt.Printf("| %s |", t.rows[r])
			for _, c := range row {
				if c.refused != "" || c.job.kind == "" {
					fmt.Print(" – |")
				} else {
					fmt.Print(" ", text(c), " |")
				}
			}
			fmt.Println()
		}
	}
	show(t.corner, func(c cell) string { return fmt.Sprintf("%.0f", (c.many-c.few)/float64(m.n)) })
	if t.seen && !m.counts {
		fmt.Println()
		show("MB of memory", func(c cell) string { return fmt.Sprintf("%.0f", float64(c.memory)/1e6) })
	}
	var told []string
	for _, row := range cells {
		for _, c := range row {
			if c.refused != "" && !slices.Contains(told, c.refused) {
				told = append(told, c.refused)
				fmt.Println("\n–:", c.refused)
			}
		}
	}
	return nil
}

// measure runs the job of a cell once on few and once on many lines.
func (m meter) measure(c *cell) error {
	if c.job.kind == "" || c.refused != "" {
		return nil
	}
	few := max(m.n/4, c.job.after)
	for _, part := range []struct {
		lines int
		least *float64
	}{{few, &c.few}, {few + m.n, &c.many}} {
		file, err := inputFile(m.dir, c.job.kind, part.lines, c.job.keys)
		if err != nil {
			return err
		}
		flags := kindNamed(c.job.kind).flags
		if slices.Contains(c.job.flags, "-f") {
			flags = flags[:slices.Index(flags, "-f")] // of the job instead
		}
		args := slices.Concat([]string{"-j", "1"}, flags, c.job.flags, []string{file})
		used, err := usage(m.rtda, nil, args...)
		if refused, ok := errors.AsType[refusal](err); ok {
			c.refused = string(refused)
			return nil
		}
		if err != nil {
			return err
		}
		took := 1e9 * used.cpu
		if m.counts {
			if took, err = instructions(m.rtda, filepath.Join(m.dir, "log"), args); err != nil {
				return err
			}
		}
		if *part.least == 0 || took < *part.least {
			*part.least = took
		}
		c.memory = max(c.memory, used.memory)
	}
	return nil
}

// inputFile is the path of an input, which is made where it is not there yet.
func inputFile(dir, kind string, lines, keys int) (string, error) {
	path := filepath.Join(dir, fmt.Sprint(kind, " ", lines, " ", keys))
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	return path, kindNamed(kind).write(path, lines, keys)
}

type used struct {
	cpu, wall float64
	memory    int64 // the most that was resident, in bytes
}

// A refusal is what rtda says of flags that make no sense together.
type refusal string

func (r refusal) Error() string { return string(r) }

// usage runs rtda on stdin and throws its rows away.
func usage(rtda string, stdin io.Reader, args ...string) (used, error) {
	cmd := exec.Command(rtda, args...)
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = stdin, &stderr
	start := time.Now()
	err := cmd.Run()
	if err != nil {
		if cmd.ProcessState != nil && cmd.ProcessState.ExitCode() == 2 {
			return used{}, refusal(strings.TrimSpace(stderr.String()))
		}
		return used{}, fmt.Errorf("rtda %s: %w: %.300s", strings.Join(args, " "), err, stderr.String())
	}
	state := cmd.ProcessState
	return used{
		cpu:    (state.UserTime() + state.SystemTime()).Seconds(),
		wall:   time.Since(start).Seconds(),
		memory: 1024 * state.SysUsage().(*syscall.Rusage).Maxrss,
	}, nil
}

func allTables() []table {
	return []table{inputsByOutputs(), aggregates(), windows(), keysTable(), rulesTable(), fieldsTable()}
}

func inputsByOutputs() table {
	t := table{name: "input by output", corner: "mean std max of the last 100, 100 keys"}
	for _, f := range format.Formats {
		t.columns = append(t.columns, "-o "+f.Name)
	}
	known := map[string]bool{"auto": true} // what the data says, json or num
	for _, k := range kinds {
		t.rows = append(t.rows, k.name)
		known[strings.Split(k.name, ",")[0]] = true
	}
	for _, f := range parse.Formats {
		if !known[f.Name] {
			panic("inputs.go has no lines of format " + f.Name)
		}
	}
	t.run = func(r, c int) job {
		return job{kind: kinds[r].name, keys: keyCount, flags: []string{"-w", "100", "-o", format.Formats[c].Name}}
	}
	return t
}

func aggregates() table {
	t := table{name: "aggregates", corner: "-a, numbers, a row each, 10 a second"}
	for _, a := range agg.Table {
		t.rows = append(t.rows, strings.Replace(a.Name, "NN", "99", 1))
	}
	t.rows = append(t.rows, "median,mean", "mean,std,max", "mean,std,min,max,median,p95", "anomaly", "surprise", "forecast", "lower,upper")
	windows := []string{"10", "100", "10000", "1m", "1h", "all"}
	for _, w := range windows {
		t.columns = append(t.columns, "-w "+w)
	}
	t.run = func(r, c int) job {
		return job{kind: "num", keys: 1, flags: []string{"--hz", "10", "-w", windows[c], "-a", t.rows[r]}, after: 40_000}
	}
	return t
}

// windows holds windows of samples against windows of time of as many.
func windows() table {
	sizes := []int{1, 2, 4, 8, 10, 15, 16, 17, 32, 50, 64, 65, 100, 128, 200, 500, 600, 1000, 4096, 10_000, 100_000, 1_000_000}
	t := table{name: "window sizes", corner: "samples; numbers, mean std max",
		columns: []string{"-w N", "-w N -n 1000", "-w N -n N", "-w N s", "-w N s -n 1000", "-w N s -n N s", "-w N -a median", "-w N s -a median"}}
	for _, n := range sizes {
		t.rows = append(t.rows, fmt.Sprint(n))
	}
	t.run = func(r, c int) job {
		w := fmt.Sprint(sizes[r])
		s := w + "s"
		flags := [][]string{{"-w", w}, {"-w", w, "-n", "1000"}, {"-w", w, "-n", w}, {"-w", s}, {"-w", s, "-n", "1000"}, {"-w", s, "-n", s},
			{"-w", w, "-a", "median"}, {"-w", s, "-a", "median"}}[c]
		return job{kind: "num", keys: 1, flags: append([]string{"--hz", "1"}, flags...), after: sizes[r] * 5 / 4}
	}
	return t
}

func keysTable() table {
	counts := []int{1, 2, 10, 100, 1000, 10_000, 100_000, 300_000}
	runs := []struct {
		name, kind string
		flags      []string
	}{
		{"json, -w 100", "json", []string{"-w", "100"}},
		{"json, -t time -w 1m -n 1m", "json", []string{"-t", "time", "-w", "1m", "-n", "1m"}},
		{"json, -n end", "json", []string{"-w", "all", "-n", "end"}},
		{"csv, -w 100", "csv", []string{"-w", "100"}},
		{"csv, -n end", "csv", []string{"-w", "all", "-n", "end"}},
		{"csv, a rule", "csv", []string{"-w", "100", "-r", "mean > 1e9"}},
		{"csv, median", "csv", []string{"-w", "100", "-a", "median"}},
		{"csv, forecast", "csv", []string{"-w", "100", "-a", "forecast"}},
	}
	t := table{name: "keys", corner: "keys, at random", seen: true}
	for _, n := range counts {
		t.rows = append(t.rows, fmt.Sprint(n))
	}
	t.rows = append(t.rows, "a new one each line")
	for _, r := range runs {
		t.columns = append(t.columns, r.name)
	}
	t.run = func(r, c int) job {
		if r < len(counts) && counts[r] > 10_000 && c > 5 {
			return job{} // gigabytes
		}
		j := job{kind: runs[c].kind, keys: 1 << 60, flags: append([]string{"--max-keys", "9000000", "--max-samples", "2000000000"}, runs[c].flags...)}
		if r < len(counts) {
			j.keys, j.after = counts[r], 3*counts[r]
		}
		return j
	}
	return t
}

func rulesTable() table {
	counts := []int{0, 1, 2, 5, 10, 20, 50, 100}
	rules := []string{"mean > 1e%d", "mean > 1e%d for 30s until mean < 5", "mean(1m) > 1e%d", "mean(%ds) > 1e9", "abs(z) > 1e%d", "age > 1e%d"}
	t := table{name: "rules", corner: "rules; numbers, 10 a second, -w 100"}
	for _, n := range counts {
		t.rows = append(t.rows, fmt.Sprint(n))
	}
	for _, r := range rules {
		t.columns = append(t.columns, "`"+strings.Replace(r, "%d", "N", 1)+"`")
	}
	t.run = func(r, c int) job {
		flags := []string{"--hz", "10", "-w", "100"}
		for i := range counts[r] {
			flags = append(flags, "-r", fmt.Sprintf(rules[c], 9+i))
		}
		return job{kind: "num", keys: 1, flags: flags}
	}
	return t
}

// fieldsTable holds one field against two, and what else a run may ask of
// each line.
func fieldsTable() table {
	t := table{name: "flags", corner: "beside -w 100", columns: []string{"num", "json", "csv", "logfmt", "influx"}}
	all := [][]string{nil, {"-n", "1000"}, {"-n", "end"}, {"-o", "none"}, {"-p", "3"}, {"-p", "17"}, {"--hz", "10", "--gap", "1h"},
		{"-t", "time"}, {"-t", "time", "--late", "1s"}, {"-t", "time", "--ttl", "1h"}, {"-t", "time", "--gap", "1h"},
		{"-t", "time", "-w", "1m"}, {"-t", "time", "-w", "1m", "-n", "1m"}, {"-t", "time", "-w", "1m", "-n", "1s"}, {"-t", "time", "-w", "1m,1h", "-n", "1m"},
		{"-f", "temp,hum"}, {"--keep", "site"}, {"--coerce"}, {"--units"}, {"--missing", "NA,-999"}, {"-r", "site == \"x\""}, {"--eval", "row", "-n", "1000", "-r", "mean > 1e9"}}
	for _, flags := range all {
		t.rows = append(t.rows, strings.Join(flags, " "))
	}
	t.rows[0] = "nothing"
	t.run = func(r, c int) job {
		flags := all[r]
		kind := t.columns[c]
		if kind == "num" && slices.ContainsFunc(flags, func(f string) bool { return f == "-t" || f == "-f" || f == "--keep" || strings.Contains(f, "site") }) {
			return job{}
		}
		if kind == "influx" && len(flags) > 1 && flags[0] == "-t" {
			flags = flags[2:] // it has a clock of its own
		}
		if !slices.Contains(flags, "-w") {
			flags = append([]string{"-w", "100"}, flags...)
		}
		return job{kind: kind, keys: keyCount, flags: flags}
	}
	return t
}

// growth runs ever more numbers through a pipe, as a sensor would send them.
func growth(rtda string) error {
	fmt.Print("\n### growth\n\n| numbers through a pipe, -w 100 -n 1000 | CPU time | ns a line | elapsed | memory |\n| --- | --- | --- | --- | --- |\n")
	for n := 100_000; n <= 100_000_000; n *= 10 {
		source := exec.Command(rtda, "simulate", "--flat-out", "-c", fmt.Sprint(n))
		pipe, err := source.StdoutPipe()
		if err != nil {
			return err
		}
		if err := source.Start(); err != nil {
			return err
		}
		got, err := usage(rtda, pipe, "-j", "1", "-w", "100", "-n", "1000")
		if err := errors.Join(err, source.Wait()); err != nil {
			return err
		}
		fmt.Printf("| %d | %.3f s | %.1f | %.2f s | %.1f MB |\n", n, got.cpu, 1e9*got.cpu/float64(n), got.wall, float64(got.memory)/1e6)
	}
	return nil
}
