package agg

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// strd is where NIST's Statistical Reference Datasets are, if anywhere.
const strd = "../../../shared/data/strd"

// readStrd returns the samples and the mean and the std (ddof 1) of their
// float64s of every data set, or skips the test.
func readStrd(t *testing.T) map[string]struct {
	Mean string `json:"double_mean"`
	Std  string `json:"double_std"`
	xs   []float64
} {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(strd, "certified.json"))
	if err != nil {
		t.Skip("no NIST data sets: ", err)
	}
	sets := map[string]struct {
		Mean string `json:"double_mean"`
		Std  string `json:"double_std"`
		xs   []float64
	}{}
	if err := json.Unmarshal(text, &sets); err != nil {
		t.Fatal(err)
	}
	for name, set := range sets {
		text, err := os.ReadFile(filepath.Join(strd, name+".txt"))
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Fields(string(text)) {
			x, err := strconv.ParseFloat(line, 64)
			if err != nil {
				t.Fatal(err)
			}
			set.xs = append(set.xs, x)
		}
		sets[name] = set
	}
	return sets
}

// lre is the log relative error, the number of right digits: at most 17.
func lre(got float64, want string) float64 {
	w, _, err := big.ParseFloat(want, 10, 200, big.ToNearestEven)
	if err != nil {
		return 0
	}
	off, _ := quo(sub(exactly(got), w), w).Float64()
	return min(17, -math.Log10(math.Abs(off)))
}

func TestStrd(t *testing.T) {
	for name, set := range readStrd(t) {
		n := len(set.xs)
		for _, width := range []Width{{Kind: Count, N: n}, {Kind: Duration, D: int64(n)}, {Kind: All}} {
			for _, ahead := range []int{0, 2000} {
				if width.Kind == All && ahead > 0 {
					continue
				}
				t.Run(fmt.Sprintf("%s/%v/%d", name, width, ahead), func(t *testing.T) {
					w := NewPlan(width, pick("mean", "std"), Options{DDof: 1}).New()
					r := rand.New(rand.NewPCG(5, 5))
					for i := range ahead {
						w.Push(int64(i), 1e9*(0.9+0.2*r.Float64()))
					}
					for i, x := range set.xs {
						w.Push(int64(ahead+i), x)
					}
					mean, std := lre(w.Value(0), set.Mean), lre(w.Value(1), set.Std)
					t.Logf("right digits: mean %.1f, std %.1f", mean, std)
					if mean < 15 || std < 15 {
						t.Errorf("right digits: mean %.1f, std %.1f, want 15", mean, std)
					}
				})
			}
		}
	}
}
