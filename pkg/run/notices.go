package run

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"rtda/pkg/agg"
	"rtda/pkg/rule"
	"rtda/pkg/stream"
	"rtda/pkg/text"
)

// impliedClock tells that the time of a file's records is when they are read,
// where nobody has asked for that; else it is "".
func (o *Options) impliedClock(stdin io.Reader) string {
	if o.Clock != stream.WallClock || o.ClockWhy == "-t now" {
		return ""
	}
	for _, name := range o.inputs() {
		if regularInput(name, stdin) == nil {
			continue
		}
		if name == "-" {
			name = "stdin"
		}
		return fmt.Sprintf("%s is a file, but its records stand at the moment they are read, because of %s and no -t (-t FIELD takes their own time, --hz N counts them)", text.FileName(name), o.ClockWhy)
	}
	return ""
}

// fewest is how many samples a window must hold for an aggregate to have a value,
// where that is more than one.
func fewest(aggregate string, ddof int) int {
	switch aggregate {
	case "z", "rz": // of the last to those before it, which must differ
		return 3
	case "skew", "kurt", "slope":
		return 2
	case "var", "std", "cv":
		return 1 + ddof
	}
	return 1
}

// neverValue is the error of a window, or a metric of a rule, that can never have
// a value, because it never holds enough samples.
func (o *Options) neverValue(set *rule.Set) error {
	for _, w := range o.Windows {
		least := math.MaxInt
		for _, a := range o.Aggs {
			if a.OfNoWindow {
				least = 0
			}
			least = min(least, fewest(a.Name, o.DDof))
		}
		if len(o.Aggs) > 0 && w.Kind == agg.Count && w.N < least {
			return fmt.Errorf("--window: is too short for %s: a value needs %d samples or more: got %s", strings.Join(namesOf(o.Aggs), ", "), least, text.Quote(w.Text))
		}
	}
	for _, m := range set.Metrics {
		holds := m.Window.N
		if first := o.Windows[0]; m.Window == (rule.Window{}) && first.Kind == agg.Count {
			holds = first.N
		}
		if n := fewest(m.Agg, o.DDof); 0 < holds && holds < n {
			return fmt.Errorf("--rule: %s can never have a value: it needs a window of %d samples or more", m.Text, n)
		}
	}
	return nil
}

// noRow is the error of flags with which no row could ever have a value: lines
// have no number to measure, and without a clock nothing has an age.
func (o *Options) noRow(set *rule.Set) error {
	switch {
	case o.In == "lines" && !o.onlyCounts(set):
		return errors.New("--in: lines have no numbers to measure: add -a count, or take --match REGEXP: got \"lines\"")
	case o.Clock == stream.NoClock && len(o.Aggs) == 1 && o.Aggs[0].Name == ageName:
		return errors.New("--agg: age needs a clock: add -t FIELD, -t now or --hz N: got \"age\"")
	}
	return nil
}

// neverFull tells of a window that can never hold all the samples it should, or is
// "".
func (o *Options) neverFull() string {
	for _, w := range o.Windows {
		if w.Kind == agg.Count && w.N > o.MaxSamples {
			return fmt.Sprintf("the window of %d can never be full: --max-samples is %d", w.N, o.MaxSamples)
		}
	}
	return ""
}
