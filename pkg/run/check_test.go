package run

import (
	"fmt"
	"io"
	"testing"
	"time"

	"rtda/pkg/agg"
	"rtda/pkg/rule"
)

// Rules with windows of their own are planned in a time that grows with their
// number and not with its square: four times as many take less than eight times
// as long, in the best of some tries.
func TestManyRulesAreLinear(t *testing.T) {
	const few, tries = 2000, 4
	plan := func(n int) time.Duration {
		o := &Options{In: "json", Fields: []string{"a"}, Windows: []Window{{Width: agg.Width{N: 100}, Text: "100"}}}
		for i := range n {
			o.Rules = append(o.Rules, rule.Source{Text: fmt.Sprintf("r%d: mean(a, %ds) > 1 and max(f%d, %d) > 2", i, i+1, i, i+1), Name: "rule"})
		}
		start := time.Now()
		if err := Check(o, io.Discard); err != nil {
			t.Fatal(err)
		}
		return time.Since(start)
	}
	least := 1e9
	for range tries {
		one := plan(few)
		if least = min(least, float64(plan(4*few))/float64(one)); least < 8 {
			return
		}
	}
	t.Errorf("four times as many rules take %.1f times as long", least)
}
