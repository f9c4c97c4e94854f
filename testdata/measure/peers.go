package main

import (
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// A peer is one tool at one work, beside rtda at the same. Commands are those
// of a shell; they run where the inputs are, and what they write is thrown away.
type peer struct {
	work    string
	ours    string
	name    string
	theirs  string
	without string  // what it leaves out of the work
	target  float64 // its CPU time by ours is at least this; 0: none is set
}

// A tool is what a peer needs whose name begins with the tool's.
type tool struct {
	name    string
	version string // a shell command that prints it, and fails without the tool
	get     string // how to install it
}

// module is a shell command that prints the version of a module of Node.js.
func module(name string) string {
	return "node -p 'require(\"" + name + "/package.json\").version'"
}

var tools = []tool{
	{"mawk", "mawk -W version 2>&1 | head -n 1 | cut -d ' ' -f 2", "apt install mawk"},
	{"gawk", "gawk --version | head -n 1 | cut -d , -f 1 | cut -d ' ' -f 3", "apt install gawk"},
	{"Miller", "mlr --version | cut -d ' ' -f 2", "apt install miller"},
	{"datamash", "datamash --version | head -n 1 | cut -d ' ' -f 4", "apt install datamash"},
	{"jq", "jq --version | cut -d - -f 2", "apt install jq"},
	{"pandas", "/usr/bin/python3 -c 'import pandas; print(pandas.__version__)'", "apt install python3-pandas"},
	{"polars", "v=$(" + module("nodejs-polars") + ") && [ $v = $(" + module("nodejs-polars-linux-x64-gnu") + ") ] && echo $v", "npm install -g nodejs-polars nodejs-polars-linux-x64-gnu"},
	{"DuckDB", module("@duckdb/node-api"), "npm install -g @duckdb/node-api"},
	{"chDB", `node -p 'require("chdb/package.json").version + " (ClickHouse " + require("chdb").query("select version()").trim().replaceAll("\"", "") + ")"'`, "npm install -g chdb"},
}

// toolOf is the tool that the peer needs, "" if it is everywhere.
func toolOf(peer string) string {
	name := strings.FieldsFunc(peer, func(r rune) bool { return r == ' ' || r == ',' })[0]
	for _, t := range tools {
		if t.name == name {
			return name
		}
	}
	return ""
}

const (
	numbers = "numbers, mean std max of the last 100, a row a line"
	whole   = "numbers, mean std max of all, one row"
	thinned = "numbers, mean std max of the last 100, a row every 1000 lines"
	records = "JSON of 100 sensors, mean std max of the last 100 of each"

	rows    = "$RTDA -j 1 -w 100 numbers"
	fewRows = "$RTDA -j 1 -w 100 -n 1000 numbers"
	json    = "$RTDA -j 1 -w 100 -k sensor -f temp records"

	atOnce  = "results before the input ends"
	noRows  = "all but one sum, no rows"
	drift   = "accuracy: its sums drift"
	oneStat = "std and max"
)

// ring is the window of an awk script: the last 100 values, their sums, and a
// deque of candidates for the maximum.
const ring = `'{ x = $1; i = NR % 100
	s += x - r[i]; q += x * x - r[i] * r[i]; r[i] = x
	n = NR < 100 ? NR : 100
	while (t > h && v[t - 1] <= x) t--
	v[t] = x; at[t++] = NR
	while (at[h] <= NR - 100) h++
	m = s / n; d = q / n - m * m
	print "mean=" m, "std=" sqrt(d > 0 ? d : 0), "max=" v[h] }'`

// peers work on a million lines, so that starting counts as it does every day.
var peers = []peer{
	{numbers, rows, "wc -l", "wc -l numbers", "all but counting lines", 0},
	{thinned, fewRows, "wc -l", "wc -l numbers", "all but counting lines", 0},
	{numbers, rows, "mawk", "mawk " + ring + " numbers", drift, 22},
	{numbers, rows, "gawk", "gawk " + ring + " numbers", drift, 0},
	{numbers, rows, "mawk, a sum", "mawk '{s+=$1} END{print s}' numbers", noRows, 2},
	{thinned, fewRows, "mawk, a sum", "mawk '{s+=$1} END{print s}' numbers", noRows, 4},
	{numbers, rows, "pandas", "/usr/bin/python3 use_pandas.py", atOnce + "; its sums drift", 45},
	{numbers, rows, "Miller", "mlr --inidx --ocsv step -a slwin_99_0 -f 1 numbers", oneStat, 100},
	{whole, "$RTDA -j 1 -w all -n end numbers", "datamash", "datamash mean 1 pstdev 1 max 1 <numbers", "windows", 0},
	{records, json, "fastjson alone", "./only_fastjson records", "all but parsing: a loop that calls ParseBytes", 0},
	{records, json, "jq -r .temp", "jq -r .temp records", "all but taking the field out", 12},
	{"the same, members in any order", "$RTDA -j 1 -w 100 -k sensor -f temp shuffled", "jq -r .temp", "jq -r .temp shuffled", "all but taking the field out", 8},
	{"JSON of 100 sensors, of the last minute of each", "$RTDA -j 1 -w 1m -t time -k sensor -f temp records", "jq -r .temp", "jq -r .temp records", "all but taking the field out", 6},
}

// databases read six million lines, so that the start of Node.js is little of
// their time. They have all processors, rtda has one.
var databases = slices.Concat(
	atScale(numbers, "-w 100 many.num", "numbers rolling", map[string]float64{"polars": 3, "DuckDB": 0}),
	atScale(whole, "-w all -n end many.num", "numbers whole", map[string]float64{"polars": 2.2, "polars, streaming": 2.2, "DuckDB": 0, "chDB": 0}),
	atScale("CSV, mean std max of the last 100, a row a line", "-i csv -f temp -w 100 many.csv", "csv rolling", map[string]float64{"polars": 2.2}),
	atScale("CSV of 100 sensors, of the last 100 of each", "-i csv -k sensor -f temp -w 100 many.csv", "csv rolling by key", map[string]float64{"polars": 2.2}),
	atScale("CSV by key, a row a key", "-i csv -k sensor -f temp -w all -n end many.csv", "csv by key", map[string]float64{"polars": 2, "polars, streaming": 2, "DuckDB": 2, "chDB": 2}),
	atScale("NDJSON by key, a row a key", "-k sensor -f temp -w all -n end many.json", "json by key", map[string]float64{"polars": 3, "polars, streaming": 3, "DuckDB": 2, "chDB": 2}),
	atScale("CSV by key, tumbling minutes", "-i csv -t time -k sensor -f temp -w 1m -n 1m many.csv", "csv minutes", map[string]float64{"DuckDB": 2, "chDB": 2}),
	atScale("NDJSON by key, tumbling minutes", "-t time -k sensor -f temp -w 1m -n 1m many.json", "json minutes", map[string]float64{"DuckDB": 2, "chDB": 2}),
)

// atScale is the work for each of the peers that have a target.
func atScale(work, flags, script string, targets map[string]float64) (list []peer) {
	for _, name := range []string{"polars", "polars, streaming", "DuckDB", "chDB"} {
		if target, ok := targets[name]; ok {
			program, engine, _ := strings.Cut(name, ", ")
			list = append(list, peer{work, "$RTDA -j 1 " + flags, name, strings.TrimSpace(fmt.Sprintf("node %s.cjs '%s' %s", strings.ToLower(program), script, engine)), atOnce, target})
		}
	}
	return list
}

// own are pairs of rtda with itself: what more a run costs than a plainer one,
// which stands first. Here a target is what the ratio may be at most.
var own = slices.Concat(
	againstCounts("60", 1.4), againstCounts("1000", 1.4), againstCounts("10000", 1.4),
	againstCounts("60 -n 1000", 1.3), againstCounts("1000 -n 1000", 1.3), againstCounts("10000 -n 1000", 1.3),
	[]peer{
		{"-w 10", rows, "-w 100", "$RTDA -j 1 -w 10 numbers", "", 1.25},
		{"-w 1000000", rows, "-w 100", "$RTDA -j 1 -w 1000000 numbers", "", 1.4},
		{"-n end", fewRows, "-n 1000", "$RTDA -j 1 -w all -n end numbers", "", 1.7},
		{"-w 1m -n 1m, 10 a second", fewRows, "-n 1000", "$RTDA -j 1 --hz 10 -w 1m -n 1m numbers", "", 1.7},
		{"-o prom", fewRows, "-n 1000", "$RTDA -j 1 -w 100 -o prom numbers", "", 1.7},
		{"-o json", rows, "text", "$RTDA -j 1 -w 100 -o json numbers", "", 1.7},
		{"-r 'mean > 1e9'", rows, "no rule", "$RTDA -j 1 -w 100 -r 'mean > 1e9' numbers", "", 1.2},
		{"-a ewma -w 1m", "$RTDA -j 1 --hz 10 -w 1m -a mean numbers", "-a mean", "$RTDA -j 1 --hz 10 -w 1m -a ewma numbers", "", 1.5},
		{"-a median,mean", "$RTDA -j 1 -w 1000 -a median numbers", "-a median", "$RTDA -j 1 -w 1000 -a median,mean numbers", "", 1.1},
		{"JSON with escaped text", json, "JSON", strings.ReplaceAll(json, "records", "escaped"), "", 1.3},
		{"JSON with five optional members", json, "JSON", strings.ReplaceAll(json, "records", "optional"), "", 2},
	},
	againstJSON("csv", 0.85), againstJSON("csv, quoted", 1.1), againstJSON("tsv", 0.9), againstJSON("logfmt", 1.2), againstJSON("influx", 1.5),
	[]peer{
		{"numbers, -j 1", "$RTDA -j 2 -w 100 numbers", "-j 2", rows, "", 0},
		{"JSON of 100 sensors, -w 10s, -j 1", "$RTDA -j 2 -w 10s -t time -k sensor -f temp records", "-j 2", "$RTDA -j 1 -w 10s -t time -k sensor -f temp records", "", 0},
		{"start-up, a hundred times", hundred("./only_nothing"), "an empty Go program", hundred("$RTDA -w 3 three"), "", 0},
	})

// againstCounts holds a window of seconds against one of as many samples, both
// with a clock.
func againstCounts(size string, target float64) []peer {
	n, more, _ := strings.Cut(size, " ")
	run := func(window string) string {
		return strings.Join(strings.Fields("$RTDA -j 1 --hz 1 -w "+window+" "+more+" numbers"), " ")
	}
	return []peer{{strings.TrimSpace("-w " + n + "s " + more), run(n), "-w " + n, run(n + "s"), "", target}}
}

// againstJSON holds another format against JSON, where nothing is written.
func againstJSON(kind string, target float64) []peer {
	format, _, _ := strings.Cut(kind, ",")
	file := strings.ReplaceAll(kind, ", ", "_")
	return []peer{{kind + ", -q", "$RTDA -j 1 -q -w 100 -k sensor -f temp records", "JSON", "$RTDA -j 1 -q -w 100 -i " + format + " -k sensor -f temp " + file, "", target}}
}

func hundred(command string) string {
	return "sh -c 'i=0; while [ $((i += 1)) -le 100 ]; do " + command + "; done'"
}

// files are the inputs that commands name, and their kinds.
var files = map[string]string{
	"numbers": "num", "records": "json", "shuffled": "json, any order", "optional": "json, optional members", "escaped": "json, escaped text",
	"csv": "csv", "csv_quoted": "csv, quoted", "tsv": "tsv", "logfmt": "logfmt", "influx": "influx",
	"many.num": "num", "many.csv": "csv", "many.json": "json",
}

//go:embed scripts
var scripts embed.FS

func compare(rtda string, runs, n int, part, only string) error {
	rtda, err := filepath.Abs(rtda)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "peers")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	fmt.Printf("%s, %d processors, %s, medians of %d alternating pairs\n", time.Now().Format("2006-01-02 15:04"), runtime.NumCPU(), runtime.Version(), runs)
	has := installed()
	for _, of := range []struct {
		name    string
		lines   int
		list    []peer
		columns string // between the works and the peers
	}{
		{"tools", n, peers, "rtda | peer | peer's | CPU by CPU | elapsed by elapsed | at least | what the peer leaves out"},
		{"databases", 6 * n, databases, "rtda | peer | peer's | CPU by CPU | elapsed by elapsed | at least | what the peer leaves out"},
		{"own", n, own, "against | that takes | and this | CPU by CPU | elapsed by elapsed | at most |"},
	} {
		var list []peer
		for _, p := range of.list {
			if strings.Contains(of.name, part) && strings.Contains(p.work+"/"+p.name, only) && has[toolOf(p.name)] {
				list = append(list, p)
			}
		}
		if len(list) == 0 {
			continue
		}
		if err := makeInputs(dir, of.lines, list); err != nil {
			return err
		}
		fmt.Printf("\n%d lines; CPU seconds, and elapsed seconds behind /\n\n", of.lines)
		fmt.Printf("| work | %s |\n|%s\n", of.columns, strings.Repeat(" --- |", 8))
		for _, p := range list {
			if err := p.time(rtda, dir, runs, strings.HasPrefix(of.columns, "against")); err != nil {
				return fmt.Errorf("%s: %w", p.work, err)
			}
		}
	}
	return nil
}

// installed finds the tools that are there; it prints their versions, and how
// to get the others.
func installed() map[string]bool {
	if os.Getenv("NODE_PATH") == "" {
		modules, _ := exec.Command("npm", "root", "-g").Output()
		os.Setenv("NODE_PATH", strings.TrimSpace(string(modules)))
	}
	has := map[string]bool{"": true}
	var there []string
	var missing string
	for _, t := range tools {
		text, err := exec.Command("sh", "-c", t.version).Output()
		version := strings.TrimSpace(string(text))
		if err != nil || version == "" {
			missing += fmt.Sprintf("not installed: %s (get it with `%s`)\n", t.name, t.get)
			continue
		}
		has[t.name] = true
		there = append(there, t.name+" "+version)
	}
	fmt.Printf("%s\n%s", strings.Join(there, ", "), missing)
	return has
}

// makeInputs writes the files that the commands of the peers name.
func makeInputs(dir string, n int, list []peer) error {
	for file, k := range files {
		named := func(p peer) bool { return strings.HasSuffix(p.ours, " "+file) || strings.HasSuffix(p.theirs, " "+file) }
		if !slices.ContainsFunc(list, named) {
			continue
		}
		if err := kindNamed(k).write(filepath.Join(dir, file), n, keyCount); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "three"), []byte("1\n2\n3\n"), 0o666); err != nil {
		return err
	}
	for _, name := range []string{"use_pandas.py", "polars.cjs", "duckdb.cjs", "chdb.cjs"} {
		text, err := scripts.ReadFile("scripts/" + name)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), text, 0o666)
		}
		if err != nil {
			return err
		}
	}
	for _, name := range []string{"fastjson", "nothing"} {
		cmd := exec.Command("go", "build", "-o", filepath.Join(dir, "only_"+name), "./testdata/measure/"+name)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if text, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("building %s: %w: %s", name, err, text)
		}
	}
	return nil
}

// A cost is what one run took, in seconds.
type cost struct{ cpu, wall float64 }

// run runs a shell command in dir and throws its output away.
func run(dir, rtda, command string) (cost, error) {
	cmd := exec.Command("sh", "-c", "exec "+command+" >/dev/null")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "RTDA="+rtda, "LC_ALL=C")
	start := time.Now()
	text, err := cmd.CombinedOutput()
	if err != nil {
		return cost{}, fmt.Errorf("%s: %w: %.300s", command, err, text)
	}
	state := cmd.ProcessState
	return cost{(state.UserTime() + state.SystemTime()).Seconds(), time.Since(start).Seconds()}, nil
}

// time runs the pairs of a peer and prints its row.
func (p peer) time(rtda, dir string, runs int, atMost bool) error {
	var ourCPU, ourWall, theirCPU, theirWall, byCPU, byWall []float64
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
		ourCPU, ourWall = append(ourCPU, a.cpu), append(ourWall, a.wall)
		theirCPU, theirWall = append(theirCPU, b.cpu), append(theirWall, b.wall)
		byCPU, byWall = append(byCPU, b.cpu/a.cpu), append(byWall, b.wall/a.wall)
	}
	target := ""
	if p.target > 0 {
		target = fmt.Sprintf("%g", p.target)
		if ratio := median(byCPU); ratio != p.target && (ratio > p.target) == atMost {
			target += ", missed"
		}
	}
	us, them := fmt.Sprintf("%.3f / %.3f", median(ourCPU), median(ourWall)), fmt.Sprintf("%.3f / %.3f", median(theirCPU), median(theirWall))
	first, second := us, p.name
	if atMost {
		first, second = p.name, us
	}
	fmt.Printf("| %s | %s | %s | %s | %.2f | %.2f | %s | %s |\n", p.work, first, second, them, median(byCPU), median(byWall), target, p.without)
	return nil
}

func median(xs []float64) float64 {
	xs = slices.Sorted(slices.Values(xs))
	return (xs[(len(xs)-1)/2] + xs[len(xs)/2]) / 2
}
