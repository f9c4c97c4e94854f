package stream

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"rtda/pkg/agg"
	"rtda/pkg/parse"
)

// groupBy is SELECT key, date_trunc(d, t), count(*) … GROUP BY 1, 2; with
// closedRight a time at a boundary belongs to what ends there.
func groupBy(xs []sample, d int64, closedRight bool) map[string]int {
	counts := map[string]int{}
	for _, x := range xs {
		start := x.t - x.t%d
		if closedRight && x.t%d == 0 {
			start -= d
		}
		counts[fmt.Sprint(x.key, " ", start)]++
	}
	return counts
}

// TestReportReconciles holds the rows of -w D -n D of records in any order, of keys
// one after the other, side by side and with clocks that differ, to GROUP BY over
// the same records, but for those that are told to have come after their row.
func TestReportReconciles(t *testing.T) {
	told := 0
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 9))
		d := 1 + r.Int64N(60)
		cfg := durations(DataClock, d)
		cfg.Every = Every{D: d}
		cfg.ClosedLeft, cfg.LabelStart = r.IntN(2) == 0, true
		if r.IntN(3) == 0 {
			cfg.Late = r.Int64N(40)
		}
		xs := inSomeOrder(r)
		s := New(cfg)
		s.Setup(cfg)
		got, sum := map[string]int{}, 0
		full := func(res *Result) bool {
			for i := range res.Rows.N {
				n := int(res.Rows.Col[0][i])
				got[fmt.Sprint(res.Rows.Key[i].Parts[0], " ", res.Rows.Time[i])] += n
				sum += n
			}
			return true
		}
		var res Result
		b, batch := batchOf(&cfg, xs, &parse.Origin{})
		s.Take(b, batch, &res, full)
		full(&res)
		s.End(&res, full)
		full(&res)
		late, after := s.stats.Skipped[parse.Late], s.stats.Told[AfterRow]
		if most := len(xs) - late; sum > most || sum < most-after {
			t.Fatalf("seed %d: rows count %d of %d records, of which %d were late and %d came after their row", seed, sum, len(xs), late, after)
		}
		told += late + after
		if late+after > 0 {
			continue
		}
		want := groupBy(xs, d, !cfg.ClosedLeft)
		for id, n := range want {
			if got[id] != n {
				t.Fatalf("seed %d: %s counts %d, want %d", seed, id, got[id], n)
			}
		}
		if len(got) != len(want) {
			t.Fatalf("seed %d: %d rows, want %d", seed, len(got), len(want))
		}
	}
	if told == 0 {
		t.Error("no record came late or after its row: draw more disorder")
	}
}

// inSomeOrder draws records of some keys, each in the order of its times.
func inSomeOrder(r *rand.Rand) []sample {
	keys := 1 + r.IntN(5)
	var of [5][]sample
	for k := range keys {
		now := r.Int64N(200)
		for range 20 + r.IntN(60) {
			of[k] = append(of[k], sample{t: now, key: string('a' + rune(k)), vals: []float64{1}})
			now += r.Int64N(1+r.Int64N(20)) * r.Int64N(2)
		}
	}
	chunk := []int{1, 2, 7, 1000}[r.IntN(4)] // side by side, or one after the other
	var xs []sample
	for left := true; left; {
		left = false
		for k := range keys {
			n := min(len(of[k]), 1+r.IntN(chunk))
			xs, of[k] = append(xs, of[k][:n]...), of[k][n:]
			left = left || len(of[k]) > 0
		}
	}
	if r.IntN(4) == 0 { // and some disorder
		for range 5 {
			i := r.IntN(len(xs) - 1)
			xs[i], xs[i+1] = xs[i+1], xs[i]
		}
	}
	return xs
}

// TestAgainInAnyOrder has the rows of a file sorted by key be those of the same
// file sorted by time.
func TestAgainInAnyOrder(t *testing.T) {
	cfg := durations(DataClock, 60)
	cfg.Every = Every{D: 60}
	cfg.Windows = append(cfg.Windows, configOf(1, []agg.Width{{Kind: agg.All}}, 1).Windows...)
	cfg.Columns = append(cfg.Columns, Read{Window: 1, Count: true})
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 10))
		var byTime, byKey []sample
		for i := range 200 {
			byTime = append(byTime, sample{t: int64(i)*7 + r.Int64N(7), key: string('a' + rune(r.IntN(4))), vals: []float64{float64(r.IntN(9))}})
		}
		for k := 'a'; k <= 'd'; k++ {
			for _, x := range byTime {
				if x.key == string(k) {
					byKey = append(byKey, x)
				}
			}
		}
		count := func(xs []sample) map[string]int {
			rows := map[string]int{}
			for _, line := range runStream(cfg, xs, func(left int) int { return left }) {
				rows[line]++
			}
			return rows
		}
		a, b := count(byTime), count(byKey)
		for line, n := range a {
			if b[line] != n {
				t.Fatalf("seed %d: sorted by time there is %s, sorted by key not", seed, line)
			}
		}
		if len(a) != len(b) {
			t.Fatalf("seed %d: %d rows sorted by time, %d sorted by key", seed, len(a), len(b))
		}
	}
}
