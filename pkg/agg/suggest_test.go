package agg

import (
	"slices"
	"strings"
	"testing"
)

func TestSuggest(t *testing.T) {
	var names []string
	for _, a := range Table {
		names = append(names, a.Name)
	}
	for pair := range strings.FieldsSeq(`avg/mean Average/mean maen/mean q1/p25 q2/median q3/p75 stddev/std sd/std percentile95/p95 percentile_99/p99
		p95th/p95 pct90/p90 quantile99.9/p99.9 P99/p99 perc(50)/p50 maximum/max n/count cnt/count total/sum zscore/z trend/slope diff/delta kurtosis/kurt
		irate/rate ema/ewma q99/p99 percentile/ p101/ q/ xyzzy/ foo/ anomalies/`) {
		word, want, _ := strings.Cut(pair, "/")
		if got := Suggest(word, names); got != want {
			t.Errorf("Suggest(%q) = %q, want %q", word, got, want)
		}
	}
	for word, ours := range otherNames {
		if _, there := Lookup(word); there {
			t.Errorf("%s is an aggregate, not another tool's word", word)
		}
		if _, there := Lookup(ours); !there && !slices.Contains([]string{"increase", "twa", "anomaly", "forecast"}, ours) {
			t.Errorf("%s stands for %s, which is no aggregate", word, ours)
		}
	}
}
