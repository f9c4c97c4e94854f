package agg

import (
	"slices"
	"strings"

	"rtda/pkg/text"
)

// otherNames are what other tools call what is here under another name.
var otherNames = map[string]string{
	"avg": "mean", "average": "mean", "avrg": "mean", "mean_over_time": "mean", "avg_over_time": "mean",
	"med": "median", "mid": "median", "q1": "p25", "q2": "median", "q3": "p75",
	"std_dev": "std", "stddev": "std", "stdev": "std", "stddev_pop": "std", "stdevp": "std", "sd": "std", "sigma": "std", "sem": "std",
	"variance": "var", "var_pop": "var", "rsd": "cv",
	"maximum": "max", "largest": "max", "highest": "max", "peak": "max",
	"minimum": "min", "smallest": "min", "lowest": "min",
	"n": "count", "num": "count", "cnt": "count", "len": "count", "length": "count", "size": "count", "samples": "count",
	"total": "sum", "skewness": "skew", "kurtosis": "kurt", "spread": "range", "ptp": "range",
	"zscore": "z", "z_score": "z", "z-score": "z", "robust_z": "rz", "modified_z": "rz",
	"trend": "slope", "deriv": "slope", "derivative": "slope", "gradient": "slope", "linreg": "slope",
	"diff": "delta", "difference": "delta", "change": "delta", "latest": "last", "current": "last", "newest": "last", "oldest": "first",
	"irate": "rate", "per_second": "rate", "persecond": "rate", "inc": "increase",
	"ema": "ewma", "ewm": "ewma", "smooth": "ewma", "twma": "twa", "time_average": "twa",
	"lag": "age", "silence": "age", "staleness": "age", "since": "age",
	"outlier": "anomaly", "anomalies": "anomaly", "novelty": "anomaly", "predict": "forecast", "prediction": "forecast", "expected": "forecast",
}

// Suggest is the one of names, which are aggregates, that word was most probably
// meant to be: what other tools call so, a quantile in other words, or one that is
// spelled much alike; "" where there is none.
func Suggest(word string, names []string) string {
	low := strings.ToLower(word)
	for _, head := range []string{"percentile", "perc", "pct", "quantile", "q", "p"} {
		digits, ok := strings.CutPrefix(low, head)
		digits = strings.TrimSuffix(strings.Trim(digits, "_-()"), "th")
		if _, known := percent("p" + digits); ok && known && low != "q1" && low != "q2" && low != "q3" {
			return "p" + digits
		}
	}
	near := otherNames[low]
	if _, ok := Lookup(near); ok || near != "" && slices.Contains(names, near) {
		return near
	}
	return text.Suggest(word, names)
}
