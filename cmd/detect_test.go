package cmd

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Faults that simulate puts into a stream and labels are found by the rule that
// the docs advise, with no setting. Gaps come first, so that some 900 samples
// have been seen before the fault.
func TestDetectorFindsLabelledFaults(t *testing.T) {
	const seeds = 20
	for _, c := range []struct {
		shape, fault string
		least        int // of seeds
	}{
		{"uniform", "spike", 19}, {"uniform", "drift", 19}, {"uniform", "noise", 19}, {"uniform", "stuck", 16},
		{"sine", "spike", 19}, {"sine", "drift", 19}, {"sine", "noise", 19},
		{"walk", "spike", 17}, {"walk", "drift", 17}, {"walk", "noise", 17},
	} {
		t.Run(c.shape+"/"+c.fault, func(t *testing.T) {
			found := 0
			for seed := range seeds {
				in, first, last := labelled(t, c.shape, c.fault, seed+1)
				_, alerts, _ := runMain("-q", "-r", "anomaly > 0.5", in)
				for _, line := range alertLines(t, alerts) {
					if first <= line && line <= last+20 {
						found++
						break
					}
				}
			}
			if found < c.least {
				t.Errorf("found %d of %d, want %d or more", found, seeds, c.least)
			}
		})
	}
}

// labelled makes a stream with a fault in it and returns its file and the
// fault's lines, as the labels have them.
func labelled(t *testing.T, shape, fault string, seed int) (file string, first, last int) {
	t.Helper()
	dir := t.TempDir()
	labels := filepath.Join(dir, "labels.csv")
	out, complaints, status := runMain("simulate", "--flat-out", "-c", "1600", "--shape", shape, "--seed", strconv.Itoa(seed),
		"--fault", "gap,gap,gap,gap,"+fault, "--labels", labels)
	if status != 0 {
		t.Fatal(complaints)
	}
	file = filepath.Join(dir, "in")
	if err := os.WriteFile(file, []byte(out), 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(labels)
	if err != nil {
		t.Fatal(err)
	}
	for row := range strings.Lines(string(text)) {
		cells := strings.Split(row, ",")
		if cells[0] != fault {
			continue
		}
		first, err1 := strconv.Atoi(cells[2])
		last, err2 := strconv.Atoi(cells[3])
		if err1 != nil || err2 != nil {
			t.Fatalf("label %q", row)
		}
		return file, first, last
	}
	t.Fatalf("no %s in %s", fault, text)
	return "", 0, 0
}

// alertLines are the lines of the input at which alerts began.
func alertLines(t *testing.T, alerts string) (lines []int) {
	t.Helper()
	for alert := range strings.Lines(alerts) {
		if !strings.HasPrefix(alert, "ALERT ") {
			continue
		}
		_, at, _ := strings.Cut(alert, " line=")
		at, _, _ = strings.Cut(at, " ")
		line, err := strconv.Atoi(at)
		if err != nil {
			t.Fatalf("alert %q", alert)
		}
		lines = append(lines, line)
	}
	return lines
}
