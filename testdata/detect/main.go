// Command detect scores the detector of rtda/pkg/detect and prints four tables
// in Markdown: a real series with known faults, false alarms in pure noise,
// faults put into made-up series, beside four usual rules, and forecasts.
//
//	go run ./testdata/detect [-seeds 20] [FILE]
//
// FILE is machine_temperature.csv of the Numenta Anomaly Benchmark; without it
// the first table is left out, and said so, where ../shared/data/real has none.
// All but that file is made by seeded generators, so the tables are the same on
// each run.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"rtda/pkg/detect"
)

func main() {
	seeds := flag.Int("seeds", 20, "series of each kind of noise")
	flag.Parse()
	file := "../shared/data/real/machine_temperature.csv"
	if flag.NArg() > 0 {
		file = flag.Arg(0)
	}
	machine, err := readMachine(file)
	switch {
	case err == nil:
		scoreMachine(machine)
	case flag.NArg() > 0:
		fmt.Fprintln(os.Stderr, "detect:", err)
		os.Exit(1)
	default:
		fmt.Printf("machine_temperature.csv is not there (%v): name it to score it\n", err)
	}
	scoreNoise(*seeds)
	scoreFaults()
	scoreForecasts(machine, *seeds)
}

// A sample is one record of a series.
type sample struct {
	line int   // in its file
	t    int64 // nanoseconds since the Unix epoch
	x    float64
}

// A trace is what the detector gave at each sample of a series.
type trace struct{ anomaly, forecast, lower, upper []float64 }

// detectors runs a detector with a clock over a series.
func detectors(series []sample) trace {
	var stats []detect.Stat
	for _, name := range []string{"anomaly", "forecast", "lower", "upper"} {
		s, ok := detect.Lookup(name)
		if !ok {
			panic("no such stat: " + name)
		}
		stats = append(stats, s)
	}
	d := detect.NewPlan(stats, true, nil).New()
	var tr trace
	for _, s := range series {
		d.Push(s.t, s.x)
		for j, column := range []*[]float64{&tr.anomaly, &tr.forecast, &tr.lower, &tr.upper} {
			*column = append(*column, d.Value(j))
		}
	}
	return tr
}

// readMachine reads the rows `timestamp,value`, without those that go back in
// time, which rtda skips as late.
func readMachine(file string) ([]sample, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all []sample
	newest := int64(math.MinInt64)
	in := bufio.NewScanner(f)
	for line := 1; in.Scan(); line++ {
		if line == 1 {
			continue // names of the columns
		}
		at, value, _ := strings.Cut(strings.TrimSpace(in.Text()), ",")
		t, err := time.Parse(time.DateTime, at)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, line, err)
		}
		x, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, line, err)
		}
		if t.UnixNano() < newest {
			continue
		}
		newest = t.UnixNano()
		all = append(all, sample{line, newest, x})
	}
	return all, in.Err()
}

// machineFaults are the labelled stretches of machine_temperature.csv, in whole
// days, the last one included.
var machineFaults = [][2]string{
	{"2013-12-10", "2013-12-12"}, {"2013-12-15", "2013-12-17"}, {"2014-01-27", "2014-01-29"}, {"2014-02-07", "2014-02-09"},
}

func scoreMachine(machine []sample) {
	fmt.Printf("A machine's temperature, %d samples in 79 days, four labelled faults\n\n", len(machine))
	fmt.Println("| rule | faults found | alerts | of them outside the labels | at input lines |")
	fmt.Println("| --- | --- | --- | --- | --- |")
	tr := detectors(machine)
	for _, bar := range []float64{0.5, 0.9} {
		found := make([]bool, len(machineFaults))
		var lines []string
		outside := 0
		for _, i := range rises(tr.anomaly, bar, 1) {
			lines = append(lines, strconv.Itoa(machine[i].line))
			day := time.Unix(0, machine[i].t).UTC().Format(time.DateOnly)
			inside := false
			for k, f := range machineFaults {
				if f[0] <= day && day <= f[1] {
					found[k], inside = true, true
				}
			}
			if !inside {
				outside++
			}
		}
		fmt.Printf("| `anomaly > %v` | %d of %d | %d | %d | %s |\n", bar, count(found), len(found), len(lines), outside, strings.Join(lines, ", "))
	}
	fmt.Println()
}

func count(all []bool) (n int) {
	for _, b := range all {
		if b {
			n++
		}
	}
	return n
}

// rises returns the samples at which a score rises over a bar, after calm
// samples or more at or under it.
func rises(score []float64, bar float64, calm int) (at []int) {
	quiet := calm
	for i, x := range score {
		if x > bar {
			if quiet >= calm {
				at = append(at, i)
			}
			quiet = 0
		} else {
			quiet++
		}
	}
	return at
}

// scoreNoise counts alerts where there is nothing to be found.
func scoreNoise(seeds int) {
	const warm, n = 500, 10000
	fmt.Printf("False alarms per 10,000 samples of noise, %d series of each kind, from sample %d on\n\n", seeds, warm+1)
	fmt.Println("| noise | > 0.5 | > 0.9 | > 0.99 |")
	fmt.Println("| --- | --- | --- | --- |")
	for _, kind := range noises {
		alarms := map[float64]int{}
		for seed := range seeds {
			score := detectors(made(kind.next, uint64(seed), warm+n)).anomaly
			for _, bar := range bars {
				for _, i := range rises(score, bar, 1) {
					if i >= warm {
						alarms[bar]++
					}
				}
			}
		}
		fmt.Printf("| %s |", kind.name)
		for _, bar := range bars {
			fmt.Printf(" %.2f |", float64(alarms[bar])/float64(seeds))
		}
		fmt.Println()
	}
	fmt.Println()
}

var bars = []float64{0.5, 0.9, 0.99}

// scoreForecasts compares the forecast with the last value as a forecast.
func scoreForecasts(machine []sample, seeds int) {
	fmt.Printf("Forecasts of the next sample, %d series of each kind of noise\n\n", seeds)
	fmt.Println("| series | mean absolute error / last value's | inside the interval |")
	fmt.Println("| --- | --- | --- |")
	if machine != nil {
		var e expected
		e.add(machine)
		e.print("machine temperature")
	}
	for _, kind := range noises {
		var e expected
		for seed := range seeds {
			e.add(made(kind.next, uint64(seed), 10000))
		}
		e.print(kind.name)
	}
}

// expected are the sums over what was expected of samples.
type expected struct{ err, naive, inside, n float64 }

func (e *expected) add(series []sample) {
	tr := detectors(series)
	for i, s := range series {
		if i > 0 {
			e.err += math.Abs(s.x - tr.forecast[i])
			e.naive += math.Abs(s.x - series[i-1].x)
		}
		if i >= 10 { // the first that has an interval
			e.n++
			if tr.lower[i] <= s.x && s.x <= tr.upper[i] {
				e.inside++
			}
		}
	}
}

func (e *expected) print(name string) {
	ratio := "–" // nothing ever changed
	if e.naive > 0 {
		ratio = fmt.Sprintf("%.4f", e.err/e.naive)
	}
	fmt.Printf("| %s | %s | %.2f %% |\n", name, ratio, 100*e.inside/e.n)
}
