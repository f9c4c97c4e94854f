package main

import (
	"bufio"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// The accuracy of the standard deviation of the last 100, of rtda and its
// peers: the worst relative error over many windows against arithmetic with
// 400 bits over the values of the window alone.

// window is how many values there are in each.
const window = 100

// A series is values on which running sums go wrong, and from which window on
// the errors count.
type series struct {
	name string
	xs   []float64
	from int
}

func seriesOf(r *rand.Rand) []series {
	offset := series{name: "1e9 + U(0,1)", from: window}
	for range 200_000 {
		offset.xs = append(offset.xs, 1e9+r.Float64())
	}
	burst := series{name: "U(0,1) after a burst of 1e12 has left", from: 1000 + 10 + window}
	for i := range 20_000 {
		x := r.Float64()
		if i >= 1000 && i < 1010 {
			x = 1e12 * (1 + x)
		}
		burst.xs = append(burst.xs, x)
	}
	return []series{offset, burst}
}

// A deviator is a command that reads numbers on stdin and writes their running
// standard deviation, one a line.
type deviator struct{ name, command string }

var deviators = []deviator{
	{name: "rtda", command: "$RTDA -w 100 -a std -o csv | tail -n +2"},
	{name: "mawk", command: `mawk '{ x = $1; i = NR % 100; s += x - r[i]; q += x * x - r[i] * r[i]; r[i] = x
		n = NR < 100 ? NR : 100; m = s / n; d = q / n - m * m; printf "%.17g\n", sqrt(d > 0 ? d : 0) }'`},
	{name: "pandas", command: `/usr/bin/python3 -c '
import pandas as pd, sys
x = pd.read_csv(sys.stdin, header=None, float_precision="round_trip")[0]
x.rolling(100, min_periods=1).std(ddof=0).to_csv(sys.stdout, index=False, header=False)'`},
}

// accuracy prints the table of errors; nist is a folder with reference data,
// or "".
func accuracy(rtda, nist string) error {
	has := installed()
	fmt.Printf("\n| worst relative error of std |")
	for _, d := range deviators {
		fmt.Printf(" %s |", d.name)
	}
	fmt.Printf("\n| --- |%s\n", strings.Repeat(" --- |", len(deviators)))
	for _, s := range seriesOf(rand.New(rand.NewPCG(1, 2))) {
		fmt.Printf("| %s |", s.name)
		for _, d := range deviators {
			if !has[toolOf(d.name)] {
				fmt.Print(" not installed |")
				continue
			}
			got, err := d.run(rtda, s.xs)
			if err != nil {
				return fmt.Errorf("%s: %w", d.name, err)
			}
			fmt.Printf(" %.1e |", worst(s, got))
		}
		fmt.Println()
	}
	return reference(rtda, nist)
}

func (d deviator) run(rtda string, xs []float64) ([]float64, error) {
	var in strings.Builder
	for _, x := range xs {
		in.WriteString(strconv.FormatFloat(x, 'g', -1, 64) + "\n")
	}
	cmd := exec.Command("sh", "-c", d.command)
	cmd.Env = append(os.Environ(), "RTDA="+rtda, "LC_ALL=C")
	cmd.Stdin = strings.NewReader(in.String())
	text, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	return floats(string(text))
}

func floats(text string) (xs []float64, err error) {
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		x := math.NaN()
		if word := strings.TrimSpace(lines.Text()); word != "" && word != `""` {
			if x, err = strconv.ParseFloat(word, 64); err != nil {
				return nil, err
			}
		}
		xs = append(xs, x)
	}
	return xs, lines.Err()
}

// worst is the largest relative error over every 97th window.
func worst(s series, got []float64) float64 {
	err := 0.0
	for i := s.from; i < len(got); i += 97 {
		want := exactStd(s.xs[i-window+1:i+1], 0)
		err = max(err, math.Abs(got[i]-want)/want)
	}
	return err
}

// exactStd is the standard deviation with divisor n−ddof, rounded once.
func exactStd(xs []float64, ddof int) float64 {
	const bits = 400
	number := func(x float64) *big.Float { return new(big.Float).SetPrec(bits).SetFloat64(x) }
	sum, squares := number(0), number(0)
	for _, x := range xs {
		sum.Add(sum, number(x))
	}
	mean := sum.Quo(sum, number(float64(len(xs))))
	for _, x := range xs {
		d := number(x)
		d.Sub(d, mean)
		squares.Add(squares, d.Mul(d, d))
	}
	squares.Quo(squares, number(float64(len(xs)-ddof)))
	std, _ := squares.Sqrt(squares).Float64()
	return std
}

// reference prints the worst relative errors of mean and std (ddof 1) over the
// reference sets of a folder, each a file NAME.txt with a number a line, as
// they are and behind 2,000 values of about 1e9 that the window has forgotten.
func reference(rtda, folder string) error {
	files, _ := filepath.Glob(filepath.Join(folder, "*.txt"))
	if len(files) == 0 {
		fmt.Println("\nno reference data: name a folder with -nist")
		return nil
	}
	plain, behind := 0.0, 0.0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		xs, err := floats(string(text))
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		ahead := make([]float64, 2000)
		for i := range ahead {
			ahead[i] = 1e9 + float64(i%7)
		}
		d := deviator{command: fmt.Sprintf("$RTDA --ddof 1 -w %d -n end -a std -o csv | tail -n +2", len(xs))}
		for _, c := range []struct {
			xs    []float64
			worst *float64
		}{{xs, &plain}, {append(ahead, xs...), &behind}} {
			got, err := d.run(rtda, c.xs)
			if err != nil {
				return err
			}
			want := exactStd(xs, 1)
			*c.worst = max(*c.worst, math.Abs(got[0]-want)/want)
		}
	}
	fmt.Printf("\nrtda on %d reference sets: worst relative error of std %.1e as they are, %.1e behind 2,000 values of about 1e9\n", len(files), plain, behind)
	return nil
}
