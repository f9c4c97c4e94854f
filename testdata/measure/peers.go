package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// A peer is one tool at one work, beside rtda at the same.
type peer struct {
	work    string
	ours    string // shell commands; they run where the inputs are
	name    string
	tool    string // command that must be installed; "" is everywhere
	module  string // and what it must be able to import
	theirs  string
	without string // what it leaves out of the work
	get     string // how to install it
	wall    bool   // compare wall time, not CPU time
}

const (
	numbers = "numbers, mean std max of the last 100, a row a line"
	thinned = "the same, a row every 1000 lines"
	records = "JSON of 100 sensors, mean std max of the last 100 of each"

	rows    = "$RTDA -w 100 -j 1 numbers >/dev/null"
	twoJobs = "$RTDA -w 100 -j 2 numbers >/dev/null"
	fewRows = "$RTDA -w 100 -n 1000 -j 1 numbers >/dev/null"
	node    = "NODE_PATH=$(npm root -g) node" // for modules that are installed for all
	json    = "$RTDA -w 100 -j 1 -k sensor -f temp records >/dev/null"
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

var peers = []peer{
	{work: numbers, ours: rows, name: "wc -l", theirs: "wc -l numbers >/dev/null", without: "all but counting lines"},
	{work: thinned, ours: fewRows, name: "wc -l", theirs: "wc -l numbers >/dev/null", without: "all but counting lines"},
	{work: numbers, ours: rows, name: "mawk", tool: "mawk", theirs: "mawk " + ring + " numbers >/dev/null",
		without: "accuracy: its sums drift", get: "apt install mawk"},
	{work: numbers, ours: rows, name: "gawk", tool: "gawk", theirs: "gawk " + ring + " numbers >/dev/null",
		without: "accuracy: its sums drift", get: "apt install gawk"},
	{work: numbers, ours: rows, name: "mawk, a sum", tool: "mawk", theirs: "mawk '{s+=$1} END{print s}' numbers >/dev/null",
		without: "all but one sum, no rows", get: "apt install mawk"},
	{work: thinned, ours: fewRows, name: "mawk, a sum", tool: "mawk", theirs: "mawk '{s+=$1} END{print s}' numbers >/dev/null",
		without: "all but one sum, no rows", get: "apt install mawk"},
	{work: numbers, ours: rows, name: "pandas", tool: "/usr/bin/python3", module: "pandas", theirs: "/usr/bin/python3 use_pandas.py >/dev/null",
		without: "streaming: it reads all first; its sums drift", get: "apt install python3-pandas"},
	{work: numbers, ours: rows, name: "Miller", tool: "mlr", theirs: "mlr --inidx --ocsv step -a slwin_99_0 -f 1 numbers >/dev/null",
		without: "std and max", get: "apt install miller"},
	{work: "numbers, mean std max of all, one row", ours: "$RTDA -w all -n end -j 1 numbers >/dev/null", name: "datamash", tool: "datamash",
		theirs: "datamash mean 1 pstdev 1 max 1 <numbers >/dev/null", without: "windows", get: "apt install datamash"},
	{work: "JSON, one thread", ours: json, name: "fastjson alone", theirs: "./only_fastjson records >/dev/null",
		without: "all but parsing: a loop that calls ParseBytes"},
	{work: numbers, ours: twoJobs, name: "polars", tool: "python3", module: "polars", theirs: "python3 use_polars.py >/dev/null",
		without: "streaming: it reads all first", get: "pip install polars", wall: true},
	{work: numbers, ours: twoJobs, name: "duckdb", tool: "duckdb", theirs: "duckdb -csv <duckdb.sql >/dev/null",
		without: "streaming: it reads all first", get: "a release of duckdb.org", wall: true},
	{work: numbers, ours: twoJobs, name: "polars of Node.js", tool: "node", module: "nodejs-polars", theirs: node + " use_polars.cjs >/dev/null",
		without: "streaming: it reads all first", get: "npm install -g nodejs-polars nodejs-polars-linux-x64-gnu", wall: true},
	{work: numbers, ours: twoJobs, name: "duckdb of Node.js", tool: "node", module: "@duckdb/node-api", theirs: node + " use_duckdb.cjs >/dev/null",
		without: "streaming: it reads all first", get: "npm install -g @duckdb/node-api", wall: true},
	{work: records, ours: json, name: "jq -r .temp", tool: "jq", theirs: "jq -r .temp records >/dev/null",
		without: "all but taking the field out", get: "apt install jq"},
	{work: records, ours: json, name: "Miller", tool: "mlr", theirs: "mlr --json step -a slwin_99_0 -f temp -g sensor records >/dev/null",
		without: "std and max", get: "apt install miller"},
	{work: "numbers, -j 2 against -j 1", ours: twoJobs, name: "rtda -j 1", theirs: rows, wall: true},
	{work: "JSON, -j 2 against -j 1", ours: "$RTDA -w 100 -j 2 -k sensor -f temp records >/dev/null", name: "rtda -j 1", theirs: json, wall: true},
	{work: "window 100", ours: rows, name: "rtda -w 1000000", theirs: "$RTDA -w 1000000 -j 1 numbers >/dev/null"},
	{work: "text output", ours: rows, name: "rtda -o json", theirs: "$RTDA -w 100 -j 1 -o json numbers >/dev/null"},
	{work: "without a rule", ours: rows, name: "rtda -r 'mean > 1e9'", theirs: "$RTDA -w 100 -j 1 -r 'mean > 1e9' numbers >/dev/null"},
}

// makeInputs writes what the works read: numbers, one a line, with six
// decimals; records of 100 sensors with five members; and the scripts.
func makeInputs(rtda, dir string, n int) error {
	script := fmt.Sprintf(`
"$RTDA" simulate --flat-out -c %d >numbers
awk 'BEGIN { srand(1); for (i = 0; i < %d; i++)
	printf "{\"ts\":%%.3f,\"sensor\":\"s%%03d\",\"temp\":%%.3f,\"hum\":%%.2f,\"ok\":true,\"site\":\"north-1\"}\n",
		1700000000 + i / 1000, rand() * 100, rand() * 100, rand() * 100 }' >records
cat >use_pandas.py <<'END'
%sEND
cat >use_polars.py <<'END'
%sEND
cat >duckdb.sql <<'END'
%s;
END
cat >use_polars.cjs <<'END'
%sEND
cat >use_duckdb.cjs <<'END'
%sEND
ln -sf numbers numbers.csv
`, n, n/4, pandasScript, polarsScript, duckdbScript, nodePolarsScript, fmt.Sprintf(nodeDuckdbScript, duckdbScript))
	if err := buildLoop(dir); err != nil {
		return err
	}
	cmd := exec.Command("sh", "-ec", script)
	cmd.Dir = dir
	cmd.Env = append(cmd.Environ(), "RTDA="+rtda)
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("making the inputs: %w: %s", err, strings.TrimSpace(string(text)))
	}
	return nil
}

const pandasScript = `import pandas as pd, sys
x = pd.read_csv("numbers", header=None)[0]
w = x.rolling(100, min_periods=1)
pd.DataFrame({"mean": w.mean(), "std": w.std(ddof=0), "max": w.max()}).to_csv(sys.stdout, index=False)
`

const polarsScript = `import polars as pl, sys
x = pl.read_csv("numbers", has_header=False).to_series()
pl.DataFrame({
    "mean": x.rolling_mean(100, min_samples=1),
    "std": x.rolling_std(100, min_samples=1, ddof=0),
    "max": x.rolling_max(100, min_samples=1),
}).write_csv(sys.stdout)
`

const duckdbScript = `select avg(x) over w, stddev_pop(x) over w, max(x) over w
from (select row_number() over () as i, column0 as x from read_csv('numbers', header = false))
window w as (order by i rows 99 preceding)`

const nodePolarsScript = `const pl = require("nodejs-polars");
const x = pl.readCSV("numbers.csv", { hasHeader: false }).getColumn("column_1");
const w = { windowSize: 100, minPeriods: 1 };
pl.DataFrame({ mean: x.rollingMean(w), std: x.rollingStd(w), max: x.rollingMax(w) }).writeCSV("/dev/stdout");
`

const nodeDuckdbScript = `const { DuckDBInstance } = require("@duckdb/node-api");
(async () => {
  const c = await (await DuckDBInstance.create(":memory:")).connect();
  await c.run(` + "`copy (%s) to '/dev/stdout' (format csv)`" + `);
})();
`

// buildLoop builds a program that does nothing but parse each line with
// fastjson.
func buildLoop(dir string) error {
	cmd := exec.Command("go", "build", "-o", filepath.Join(dir, "only_fastjson"), "./testdata/measure/fastjson")
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building the loop of fastjson: %w: %s", err, text)
	}
	return nil
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

// A cost is what one run cost.
type cost struct{ cpu, wall float64 }

// run runs a shell command in dir and throws its output away.
func run(dir, rtda, command string) (cost, error) {
	cmd := exec.Command("sh", "-c", command)
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
