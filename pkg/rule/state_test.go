package rule

import (
	"math"
	"reflect"
	"strings"
	"testing"
)

const second = int64(1e9)

// truth is the value of a metric x that makes x > 0 yes (T), no (F) or unknown.
func truth(c byte) float64 {
	switch c {
	case 'T':
		return 1
	case 'F':
		return 0
	}
	return math.NaN()
}

// letters writes changes as A (alert), R (resolved), a digit (again), - (none)
// or, for a ladder, the first letter of its new level.
func letters(changes []Change) string {
	if len(changes) == 0 {
		return "-"
	}
	s := ""
	for _, c := range changes {
		switch {
		case c.Resolved:
			s += "R"
		case c.Again > 0:
			s += string(rune('0' + c.Again))
		case c.Was != None:
			s += c.Level.String()[:1]
		default:
			s += "A"
		}
	}
	return s
}

// TestMachine has every edge of the machine. An evaluation is made every
// second; a letter of expr and until is the verdict at it, of want what was
// told, of phase the first letter of the phase after it.
func TestMachine(t *testing.T) {
	for _, c := range []struct{ name, rule, expr, until, want, phase string }{
		{"no hold", "a > 0",
			"FTTFFT?F?T",
			"",
			"-A-R-A-R-A",
			"qffqqffqqf"},
		{"unknown first", "a > 0",
			"??T??F",
			"",
			"--A--R",
			"qqfffq"},
		{"N of a run", "a > 0 for 3",
			"TTFTTTTFTTT",
			"",
			"-----A-R--A",
			"ppqppffqppf"},
		{"unknown does not break a run", "a > 0 for 3",
			"T?T??T?F",
			"",
			"-----A-R",
			"pppppffq"},
		{"a run of one", "a > 0 for 1",
			"FTF",
			"",
			"-AR",
			"qfq"},
		{"duration", "a > 0 for 3s",
			"TTTTTFTTTFTTTT",
			"",
			"---A-R-------A",
			"pppffqpppqpppf"},
		{"duration over unknowns", "a > 0 for 3s",
			"T????TF",
			"",
			"-----AR",
			"pppppfq"},
		{"unknown does not fire", "a > 0 for 3s",
			"TTT??F",
			"",
			"------",
			"pppppq"},
		{"no duration", "a > 0 for 0s",
			"FTTF",
			"",
			"-A-R",
			"qffq"},
		{"M of N", "a > 0 for 3/5",
			"TFTFTTFFFFFT",
			"",
			"----A--R----",
			"ppppfffqqqqp"},
		{"M of N clears with the evaluations before it fired", "a > 0 for 2/3",
			"TTFFTFTFF",
			"",
			"-A-R--AR-",
			"pffqppfqq"},
		{"M of N forgets when it clears", "a > 0 for 2/4",
			"TTTFFFTFT",
			"",
			"-A---R--A",
			"pffffqppf"},
		{"M of N, unknown is not counted", "a > 0 for 2/2",
			"T?T???F",
			"",
			"--A---R",
			"ppffffq"},
		{"1 of N", "a > 0 for 1/3",
			"TFFFT",
			"",
			"A--RA",
			"fffqf"},
		{"pending goes quiet when the last true one leaves N", "a > 0 for 2/3",
			"TFFFTFT",
			"",
			"------A",
			"pppqppf"},
		{"until", "a > 0 until b > 0",
			"TFF?TFFT",
			"FFF?FTFT",
			"A----R--",
			"fffffqqq"},
		{"until holds back", "a > 0 until b > 0",
			"TTTFT",
			"TTFFT",
			"--A-R",
			"qqffq"},
		{"an unknown until does not hold back", "a > 0 until b > 0",
			"T?F",
			"???",
			"A--",
			"fff"},
		{"until clears while EXPR is true or unknown", "a > 0 until b > 0",
			"TTT?",
			"FTFT",
			"ARAR",
			"fqfq"},
		{"a run goes on while until holds back", "a > 0 for 2 until b > 0",
			"TTTTF",
			"TTTFT",
			"---AR",
			"pppfq"},
		{"a full hold waits for a true EXPR", "a > 0 for 2/4 until b > 0",
			"TTFT",
			"TTFF",
			"---A",
			"pppf"},
		{"a full duration waits for until", "a > 0 for 2s until b > 0",
			"TTTTT",
			"FFTTF",
			"----A",
			"ppppf"},
		{"until for N", "a > 0 until b > 0 for 2",
			"TFFFFFF",
			"FTFTTFF",
			"A---R--",
			"fcfcqqq"},
		{"until for N over unknowns", "a > 0 until b > 0 for 2",
			"TFFFF",
			"FT??T",
			"A---R",
			"fcccq"},
		{"until for D", "a > 0 until b > 0 for 2s",
			"TTTTTTT",
			"FTTFTTT",
			"A-----R",
			"fccfccq"},
		{"until for M/N", "a > 0 until b > 0 for 2/3",
			"TFFFFFF",
			"FTFFFTT",
			"A-----R",
			"fcccfcq"},
		{"a hold counts from the change on", "a > 0 for 2 until b > 0",
			"TTTTT",
			"FFTFF",
			"-AR-A",
			"pfqpf"},
		{"until's hold counts from the change on", "a > 0 for 2 until b > 0 for 2",
			"TTTT",
			"FFTT",
			"-A-R",
			"pfcq"},
		{"M of N with until forgets when it fires", "a > 0 for 2/3 until b > 0 for 2/3",
			"TTFFTT",
			"FFTTFF",
			"-A-R-A",
			"pfcqpf"},
		{"M of N, N beyond a word", "a > 0 for 3/70",
			"T" + strings.Repeat("F", 30) + "T" + strings.Repeat("F", 37) + "T" + "F" + strings.Repeat("F", 29) + "F",
			"",
			strings.Repeat("-", 69) + "A" + "R" + strings.Repeat("-", 30),
			strings.Repeat("p", 69) + "f" + "q" + strings.Repeat("q", 30)},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := mustCompile(t, testScope("a b", ""), c.rule)
			st := s.NewState()
			want, phases := "", ""
			for i := range c.expr {
				vals := []float64{truth(c.expr[i]), math.NaN()}
				if c.until != "" {
					vals[1] = truth(c.until[i])
				}
				want += letters(s.Step(st, Env{Vals: vals, Now: int64(i) * second}, nil))
				phases += string("qpfc"[st.cells[0].phase])
			}
			if want != c.want || phases != c.phase {
				t.Errorf("%s\nexpr  %s\nuntil %s\ngot   %s %s\nwant  %s %s", c.rule, c.expr, c.until, want, phases, c.want, c.phase)
			}
		})
	}
}

func TestChange(t *testing.T) {
	s := mustCompile(t, testScope("a b", ""), "b > 0", "crit hot: a > 0")
	st := s.NewState()
	for i, c := range []struct {
		a, b byte
		now  int64
		want []Change
	}{
		{'F', 'F', 10, nil},
		{'T', 'F', 20, []Change{{Rule: 1, Level: Crit, Since: 20}}},
		{'T', 'T', 25, []Change{{Rule: 0, Level: Warn, Since: 25}}},
		{'F', 'F', 30, []Change{
			{Rule: 0, Level: Warn, Resolved: true, Since: 25, After: 5},
			{Rule: 1, Level: Crit, Resolved: true, Since: 20, After: 10}}},
		{'T', 'F', 50, []Change{{Rule: 1, Level: Crit, Since: 50}}},
		{'F', 'F', 40, []Change{{Rule: 1, Level: Crit, Resolved: true, Since: 50}}}, // the clock of one record can stand back
	} {
		got := s.Step(st, Env{Vals: []float64{truth(c.b), truth(c.a)}, Now: c.now}, nil)
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("step %d: %+v, want %+v", i, got, c.want)
		}
	}
}

func TestRepeat(t *testing.T) {
	for _, c := range []struct {
		name, rule, expr, until, want string
		repeat                        int64
	}{
		{"never", "a > 0", "TTTTT", "", "A----", 0},
		{"every 2 s", "a > 0", "TTTTTTFTTT", "", "A-1-2-RA-1", 2},
		{"every second", "a > 0", "TTTF", "", "A12R", 1},
		{"not at an unknown one", "a > 0", "TT??T?T?T", "", "A---1-2-3", 2},
		{"last line, not first", "a > 0", "T??TTTT", "", "A--1-2-", 2},
		{"while EXPR is false", "a > 0 until b > 0", "TFFFF", "FFFFT", "A-1-R", 2},
		{"known by until or by EXPR", "a > 0 until b > 0", "T?FF?????", "F??FF?F?F", "A-1-2-3-4", 2},
		{"anew after a change", "a > 0", "TTTFTTT", "", "A12RA12", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := mustCompile(t, testScope("a b", ""), c.rule)
			st, got := s.NewState(), ""
			for i := range c.expr {
				vals := []float64{truth(c.expr[i]), math.NaN()}
				if c.until != "" {
					vals[1] = truth(c.until[i])
				}
				got += letters(s.Step(st, Env{Vals: vals, Now: int64(i) * second, Repeat: c.repeat * second}, nil))
			}
			if got != c.want {
				t.Errorf("%s\nexpr  %s\nuntil %s\ngot   %s\nwant  %s", c.rule, c.expr, c.until, got, c.want)
			}
		})
	}
}

func TestLadder(t *testing.T) {
	for _, c := range []struct {
		name string
		want []Change
		a    []float64
	}{
		{"up and down", []Change{
			{Rule: 0, Level: Info, Since: 0},
			{Rule: 2, Level: Warn, Was: Info, Since: 0},
			{Rule: 3, Level: Crit, Was: Warn, Since: 0},
			{Rule: 2, Level: Warn, Was: Crit, Since: 0},
			{Rule: 0, Level: Info, Was: Warn, Since: 0},
			{Rule: 0, Level: Info, Resolved: true, Since: 0, After: 7},
		}, []float64{15, 25, 25, 35, 35, 25, 15, 5, 5}},
		{"straight to the top and off", []Change{
			{Rule: 3, Level: Crit, Since: 1},
			{Rule: 3, Level: Crit, Resolved: true, Since: 1, After: 1},
			{Rule: 3, Level: Crit, Since: 3},
			{Rule: 0, Level: Info, Was: Crit, Since: 3},
		}, []float64{0, 50, 0, 50, 15}},
		{"unknown", []Change{{Rule: 2, Level: Warn, Since: 0}}, []float64{25, math.NaN(), 25, math.NaN()}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := mustCompile(t, testScope("a b", ""), "info l: a > 10", "b > 0", "warn l: a > 20", "crit l: a > 30")
			st := s.NewState()
			var got []Change
			for i, a := range c.a {
				got = s.Step(st, Env{Vals: []float64{a, math.NaN()}, Now: int64(i)}, got)
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
}

// Each rule of a ladder has its own hold and until.
func TestLadderHolds(t *testing.T) {
	s := mustCompile(t, testScope("a", ""), "crit l: a > 90 for 3 until a < 85", "warn l: a > 80 for 2 until a < 75")
	st, got := s.NewState(), ""
	for i, a := range []float64{95, 95, 95, 88, 84, 84, 95, 70, 95, 95, 95} {
		got += letters(s.Step(st, Env{Vals: []float64{a}, Now: int64(i) * second, Repeat: 2 * second}, nil))
	}
	if want := "-Ac-w-1R-Ac"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A tick of the clock evaluates the rules with age and no others, in a ladder
// neither.
func TestStepClock(t *testing.T) {
	s := mustCompile(t, testScope("a", ""), "warn l: a > 0 for 2", "crit l: age > 30 until age < 5", "a > 0 for 3", "a > 0 until age > 20 for 2")
	st := s.NewState()
	step := func(a, age float64, now int64) string {
		return letters(s.Step(st, Env{Vals: []float64{a, age}, Now: now * second, Repeat: 25 * second}, nil))
	}
	tick := func(age float64, now int64) string {
		return letters(s.StepClock(st, Env{Vals: []float64{1, age}, Now: now * second, Repeat: 25 * second}, nil))
	}
	got := step(1, 0, 0) // fires rule 4
	for _, age := range []float64{10, 21, 22, 31, 32} {
		got += " " + tick(age, int64(age))
	}
	got += " " + step(1, 0, 40) + " " + tick(10, 50) + " " + tick(30, 70) + " " + tick(31, 71)
	if want := "A - - R A - wA - 1 cR"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	none := mustCompile(t, testScope("a", ""), "a > 0")
	if got := none.StepClock(none.NewState(), Env{Vals: []float64{1}}, nil); got != nil {
		t.Errorf("a rule without age at a tick: %v", got)
	}
}

// A pause, written as |, ends what is held; what fires goes on.
func TestPause(t *testing.T) {
	for _, c := range []struct{ name, rule, expr, until, want string }{
		{"run", "a > 0 for 3", "TT|TTT", "", "-- --A"},
		{"duration", "a > 0 for 2s", "TT|TTT", "", "-- --A"},
		{"share", "a > 0 for 2/3", "TF|TFT", "", "-- --A"},
		{"what fires goes on", "a > 0", "T|TF", "", "A -R"},
		{"share that fires", "a > 0 for 2/3", "TTF|FTFF", "", "-A- --R-"},
		{"long share that fires", "a > 0 for 68/70", strings.Repeat("T", 68) + "|FFTF", "", strings.Repeat("-", 67) + "A ---R"},
		{"clearing", "a > 0 until b > 0 for 2", "TF|FF", "FT|TT", "A- -R"},
		{"clearing by share", "a > 0 until b > 0 for 2/3", "TF|FF", "FT|TT", "A- -R"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := mustCompile(t, testScope("a b", ""), c.rule)
			st, got := s.NewState(), ""
			for i := range c.expr {
				if c.expr[i] == '|' {
					s.Pause(st)
					got += " "
					continue
				}
				vals := []float64{truth(c.expr[i]), math.NaN()}
				if c.until != "" {
					vals[1] = truth(c.until[i])
				}
				got += letters(s.Step(st, Env{Vals: vals, Now: int64(i) * second}, nil))
			}
			if got != c.want {
				t.Errorf("%s\nexpr  %s\nuntil %s\ngot   %s\nwant  %s", c.rule, c.expr, c.until, got, c.want)
			}
		})
	}
}

func TestExpire(t *testing.T) {
	s := mustCompile(t, testScope("a", ""), "crit one: a > 0 for 1/100", "warn l: a > 1", "crit l: a > 2", "info two: a > 9", "three: a > 0 for 5")
	st := s.NewState()
	s.Step(st, Env{Vals: []float64{5}, Now: 10}, nil)
	got := s.Expire(st, 100, nil)
	want := []Change{
		{Rule: 0, Resolved: true, Level: Crit, Since: 10, After: 90, By: "ttl"},
		{Rule: 2, Resolved: true, Level: Crit, Since: 10, After: 90, By: "ttl"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := s.Expire(st, 200, nil); got != nil {
		t.Errorf("a second time: %+v", got)
	}
	if !reflect.DeepEqual(st.cells, make([]cell, 5)) {
		t.Errorf("state left: %+v", st.cells)
	}
}

func TestNewStateSizes(t *testing.T) {
	for n := range 20 {
		rules := make([]Source, n)
		for i := range rules {
			rules[i].Text = "a > 0"
		}
		s, _ := Compile(rules, testScope("a", ""))
		st := s.NewState()
		if got := s.Step(st, Env{Vals: []float64{1}}, nil); len(got) != n || len(st.cells) != n {
			t.Errorf("%d rules: %d changes, %d cells", n, len(got), len(st.cells))
		}
	}
}
