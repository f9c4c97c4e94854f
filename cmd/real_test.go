package cmd

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// realData is where the data of the tests below lies, which is no part of the
// project.
const realData = "../../shared/data"

// dataFile is the path of a file of realData; without it the test is skipped.
func dataFile(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(realData, name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("%s is not there", path)
	}
	return path
}

// runMain runs the command in this process.
func runMain(args ...string) (stdout, stderr string, status int) {
	var out, complaints bytes.Buffer
	status = Main(args, strings.NewReader(""), &out, &complaints)
	return out.String(), complaints.String(), status
}

// readTable reads a csv file with its header.
func readTable(t *testing.T, path string, sep rune) (header []string, rows [][]string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma = sep
	all, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return all[0], all[1:]
}

// twoPass is mean, population standard deviation and maximum, the plain way.
func twoPass(x []float64) (mean, std, top float64) {
	top = math.Inf(-1)
	for _, v := range x {
		mean += v
		top = max(top, v)
	}
	mean /= float64(len(x))
	m2 := 0.0
	for _, v := range x {
		m2 += (v - mean) * (v - mean)
	}
	return mean, math.Sqrt(m2 / float64(len(x))), top
}

// near says whether got is want but for the last few bits, or for rounding
// that is small beside scale.
func near(got, want, scale float64) bool {
	return math.Abs(got-want) <= 1e-13*math.Max(math.Abs(want), scale)
}

// checkRow compares a csv row with the time and values it should have.
func checkRow(t *testing.T, n int, row []string, at time.Time, want []float64) {
	t.Helper()
	if at := at.Format(time.RFC3339Nano); row[0] != at {
		t.Fatalf("row %d: time %s, want %s", n, row[0], at)
	}
	if len(row) != len(want)+1 {
		t.Fatalf("row %d: %q has %d values, want %d", n, row, len(row)-1, len(want))
	}
	for c, w := range want {
		got, err := strconv.ParseFloat(row[c+1], 64)
		if err != nil || !near(got, w, math.Abs(want[c/3*3])) {
			t.Errorf("row %d, column %d: got %s, want %v", n, c+1, row[c+1], w)
		}
	}
}

type sample struct {
	at time.Time
	x  float64
}

// tumbled groups samples by the hours (b-1h, b] they stand in, in order.
func tumbled(samples []sample) (ends []time.Time, groups [][]float64) {
	for _, s := range samples {
		end := s.at.Truncate(time.Hour)
		if end.Before(s.at) {
			end = end.Add(time.Hour)
		}
		if n := len(ends); n == 0 || !ends[n-1].Equal(end) {
			ends, groups = append(ends, end), append(groups, nil)
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], s.x)
	}
	return ends, groups
}

// machineSamples reads the machine's temperatures without the hour that the
// change from summer time repeats, which is late.
func machineSamples(t *testing.T, path string) (samples []sample, late int) {
	t.Helper()
	_, rows := readTable(t, path, ',')
	for _, r := range rows {
		at, err := time.Parse("2006-01-02 15:04:05", r[0])
		if err != nil {
			t.Fatal(err)
		}
		x, _ := strconv.ParseFloat(r[1], 64)
		if n := len(samples); n > 0 && at.Before(samples[n-1].at) {
			late++
			continue
		}
		samples = append(samples, sample{at, x})
	}
	return samples, late
}

// Hours of a machine's temperature are what two passes over each hour give.
func TestRealMachine(t *testing.T) {
	path := dataFile(t, "real/machine_temperature.csv")
	samples, late := machineSamples(t, path)
	ends, groups := tumbled(samples)
	out, complaints, status := runMain("-i", "csv", "-t", "timestamp", "-f", "value", "-w", "1h", "-n", "1h", "-o", "csv", path)
	if status != 3 || !strings.HasSuffix(complaints, fmt.Sprintf("rtda: %d lines read, %d skipped (%d late)\n", len(samples)+late+1, late, late)) {
		t.Errorf("status %d, complaints:\n%s", status, complaints)
	}
	rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if err != nil || len(rows) != len(ends)+1 {
		t.Fatalf("%d rows, want %d and a header (%v)", len(rows), len(ends), err)
	}
	for i, r := range rows[1:] {
		mean, std, top := twoPass(groups[i])
		checkRow(t, i+1, r, ends[i], []float64{mean, std, top})
	}
	t.Run("text", func(t *testing.T) { machineText(t, path, len(ends)) })
}

// machineText checks how the rows look by default.
func machineText(t *testing.T, path string, n int) {
	out, _, _ := runMain("-i", "csv", "-t", "timestamp", "-f", "value", "-w", "1h", "-n", "1h", path)
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	if len(lines) != n {
		t.Fatalf("%d rows, want %d", len(lines), n)
	}
	for i, want := range map[int]string{ // python3: statistics.fmean, pstdev and max of the hours
		0:     machineFirst,
		n - 1: machineLast,
	} {
		if lines[i] != want {
			t.Errorf("row %d: got %s, want %s", i+1, lines[i], want)
		}
	}
}

const (
	machineFirst = "time=2013-12-02T22:00:00Z value_mean=78.1591 value_std=2.21982 value_max=80.3534"
	machineLast  = "time=2014-02-19T16:00:00Z value_mean=97.6172 value_std=0.508338 value_max=98.1854"
)

// Every 60 samples of a valve's pressure and temperature are what two passes
// over them give, and the rest comes at the end.
func TestRealValve(t *testing.T) {
	path := dataFile(t, "real/valve.csv")
	header, rows := readTable(t, path, ';')
	column := map[string]int{}
	for i, name := range header {
		column[name] = i
	}
	out, complaints, status := runMain("-i", "csv", "--sep", ";", "-t", "datetime", "-w", "60", "-f", "Pressure,Temperature", "-n", "60", "-o", "csv", path)
	if status != 0 || complaints != "" {
		t.Errorf("status %d, complaints:\n%s", status, complaints)
	}
	got, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if want := (len(rows)+59)/60 + 1; err != nil || len(got) != want {
		t.Fatalf("%d lines, want %d (%v)", len(got), want, err)
	}
	for i, r := range got[1:] {
		end := min((i+1)*60, len(rows))
		at, _ := time.Parse("2006-01-02 15:04:05", rows[end-1][0])
		var want []float64
		for _, f := range []string{"Pressure", "Temperature"} {
			mean, std, top := twoPass(floats(rows[end-60:end], column[f]))
			want = append(want, mean, std, top)
		}
		checkRow(t, i+1, r, at, want)
	}
}

// floats reads a column of rows.
func floats(rows [][]string, column int) []float64 {
	var x []float64
	for _, r := range rows {
		v, _ := strconv.ParseFloat(r[column], 64)
		x = append(x, v)
	}
	return x
}

// The reference data of NIST for mean and standard deviation come out right
// to the last bits through the whole command, whatever the window.
func TestRealReference(t *testing.T) {
	certified, err := os.ReadFile(dataFile(t, "strd/certified.json"))
	if err != nil {
		t.Fatal(err)
	}
	var sets map[string]struct {
		N    int
		Mean float64 `json:"double_mean,string"`
		Std  float64 `json:"double_std,string"`
	}
	if err := json.Unmarshal(certified, &sets); err != nil {
		t.Fatal(err)
	}
	for name, want := range sets {
		for _, window := range []string{"all", strconv.Itoa(want.N), strconv.Itoa(want.N) + "s"} {
			t.Run(name+"/w="+window, func(t *testing.T) {
				var got struct{ Count, Mean, Std float64 }
				path := dataFile(t, "strd/"+name+".txt")
				out, complaints, status := runMain("--hz", "1", "-w", window, "-n", "end", "--ddof", "1", "-a", "count,mean,std", "-o", "json", path)
				if err := json.Unmarshal([]byte(out), &got); err != nil || status != 0 || complaints != "" {
					t.Fatalf("%v, status %d, %s", err, status, complaints)
				}
				mean, std := math.Abs(got.Mean/want.Mean-1), math.Abs(got.Std/want.Std-1)
				if got.Count != float64(want.N) || mean > 4e-16 || std > 2e-15 {
					t.Errorf("got %+v, off by %.1e and %.1e, want %+v", got, mean, std, want)
				}
			})
		}
	}
}

// What a reference gives on seven series comes out of the command, and the same
// whatever else it is asked for.
func TestRealDetectors(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(realData, "detect", "*.csv"))
	if len(files) == 0 {
		t.Skipf("no series in %s", filepath.Join(realData, "detect"))
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			first := slices.Index(want[0], "x")
			args := []string{"-i", "csv", "-f", "x", "-o", "csv", "-a", "anomaly,surprise,forecast,lower,upper"}
			if first > 0 {
				args = append(args, "-t", "t")
			}
			if filepath.Base(file) == "newyork.csv" {
				args = append(args, "--tz", "America/New_York")
			}
			for _, more := range [][]string{nil, {"-j", "1", "-w", "3,9", "-n", "1"}, {"-r", "anomaly > 0.5 and upper < lower"}} {
				out, complaints, status := runMain(append(append(slices.Clone(args), more...), file)...)
				rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
				if status != 0 || err != nil || len(rows) != len(want) {
					t.Fatalf("%v: status %d, %d rows, want %d (%v)\n%s", more, status, len(rows), len(want), err, complaints)
				}
				for i := range rows[1:] {
					checkCells(t, i+1, rows[i+1][len(rows[i+1])-5:], want[i+1][first+1:])
				}
			}
		})
	}
}

// checkCells compares numbers within 1e-9, and empty cells.
func checkCells(t *testing.T, row int, got, want []string) {
	t.Helper()
	for i := range want {
		x, err1 := strconv.ParseFloat(got[i], 64)
		y, err2 := strconv.ParseFloat(want[i], 64)
		if (err1 == nil) != (err2 == nil) || math.Abs(x-y) > 1e-9*max(1, math.Abs(y)) {
			t.Errorf("row %d, column %d: got %q, want %q", row, i+1, got[i], want[i])
		}
	}
}

// The alerts of a rule on a real series with four labelled faults stand where the
// reference has them.
func TestRealAnomaly(t *testing.T) {
	path := dataFile(t, "real/machine_temperature.csv")
	for bar, want := range map[string][]string{
		"0.5": {"273", "455", "521", "815", "2390", "3851", "9713", "15157", "16200", "17232", "17722", "19283", "19955"},
		"0.9": {"313", "3967"},
	} {
		_, alerts, _ := runMain("-q", "-i", "csv", "-t", "timestamp", "-f", "value", "-r", "anomaly > "+bar, path)
		var lines []string
		for line := range strings.Lines(alerts) {
			if strings.HasPrefix(line, "ALERT ") {
				_, at, _ := strings.Cut(line, " line=")
				at, _, _ = strings.Cut(at, " ")
				lines = append(lines, at)
			}
		}
		if !slices.Equal(lines, want) {
			t.Errorf("anomaly > %s: alerts at lines %v, want %v", bar, lines, want)
		}
	}
}
