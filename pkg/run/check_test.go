package run

import (
	"fmt"
	"io"
	"runtime"
	"syscall"
	"testing"
	"time"

	"rtda/pkg/agg"
	"rtda/pkg/rule"
)

// Rules with windows of their own are planned in a time that grows with their
// number and not with its square: four times as many take less than eight times
// as much of the CPU, in the best of some tries.
func TestManyRulesAreLinear(t *testing.T) {
	const few, tries = 2000, 8
	plan := func(n int) time.Duration {
		o := &Options{In: "json", Fields: []string{"a"}, Windows: []Window{{Width: agg.Width{N: 100}, Text: "100"}}}
		for i := range n {
			o.Rules = append(o.Rules, rule.Source{Text: fmt.Sprintf("r%d: mean(a, %ds) > 1 and max(f%d, %d) > 2", i, i+1, i, i+1), Name: "rule"})
		}
		runtime.GC() // what other tests have left is not counted
		start := used(t)
		if err := Check(o, io.Discard); err != nil {
			t.Fatal(err)
		}
		return used(t) - start
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

// used is how much of the CPU the process has had.
func used(t *testing.T) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
