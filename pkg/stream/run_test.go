package stream

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"rtda/pkg/agg"
	"rtda/pkg/clock"
	"rtda/pkg/parse"
	"rtda/pkg/rule"
)

// ruled is a Config of plain numbers with rules over its columns and over
// windows of their own.
func ruled(t testing.TB, r *rand.Rand, texts ...string) Config {
	widths := []agg.Width{{Kind: agg.Count, N: 1 + r.IntN(40)}, {Kind: agg.All}}
	cfg := configOf(1, widths[:1+r.IntN(2)], 1+r.IntN(3))
	cfg.Every.N = 1 + r.IntN(2)*r.IntN(30)
	if r.IntN(2) == 0 {
		cfg.Clock, cfg.Hz = HzClock, clock.Rate{Num: 7 + r.Uint64N(4), Den: 1}
	}
	var src []rule.Source
	for _, text := range texts {
		src = append(src, rule.Source{Text: text, Name: "rule"})
	}
	names := []string{"count", "sum", "last"}
	set, errs := rule.Compile(src, rule.Scope{
		IsAgg: func(name string) bool { return name == "age" || slices.Contains(names, name) },
		Aggs:  func() []string { return names }, Fields: []string{"v"}, Known: true,
		OfNoWindow: func(string) bool { return false },
	})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	if cfg.Rules = set; len(texts) == 0 {
		cfg.Rules = nil
	}
	for i := range set.Texts {
		cfg.Texts = append(cfg.Texts, i)
	}
	for _, m := range set.Metrics {
		a := slices.Index(names, m.Agg)
		switch {
		case m.Agg == "age":
			cfg.Metrics = append(cfg.Metrics, Read{From: FromAge})
		case m.Agg == "hour":
			cfg.Metrics = append(cfg.Metrics, Read{From: FromHour})
		case m.Agg == "weekday":
			cfg.Metrics = append(cfg.Metrics, Read{From: FromWeekday})
		case m.IsText:
			cfg.Metrics = append(cfg.Metrics, Read{From: FromText})
		case m.Agg == "":
			cfg.Metrics = append(cfg.Metrics, Read{From: FromField})
		case m.Window.D > 0:
			cfg.Metrics = append(cfg.Metrics, Read{Window: len(cfg.Windows), Agg: a, Count: a == 0})
			w := configOf(1, []agg.Width{{Kind: agg.Duration, D: m.Window.D}}, 1).Windows[0]
			if w.Moved = m.Moved; m.Ago > 0 {
				count, _ := agg.Lookup(m.Agg)
				plan := agg.NewPlan(w.Width, []agg.Agg{count}, agg.Options{Ago: m.Ago})
				w.New, w.Width.D = func() Accumulator { return plan.New() }, w.Width.D+m.Ago
				cfg.Metrics[len(cfg.Metrics)-1].Agg = 0
			}
			cfg.Windows = append(cfg.Windows, w)
		case m.Window.N > 0:
			cfg.Metrics = append(cfg.Metrics, Read{Window: len(cfg.Windows), Agg: a, Count: a == 0})
			cfg.Windows = append(cfg.Windows, configOf(1, []agg.Width{{Kind: agg.Count, N: m.Window.N}}, 1).Windows...)
		default:
			cfg.Metrics = append(cfg.Metrics, Read{Agg: a, Count: a == 0})
		}
	}
	return cfg
}

// alone makes a stream take its records one by one.
func alone(s *Stream) { s.many.able = false }

// alertLog is what a stream says of rows and alerts.
func alertLog(cfg Config, xs []sample, change func(*Stream)) (log []string) {
	cfg.ByKey = true
	s := New(cfg)
	s.Setup(cfg)
	change(s)
	var res Result
	origin := &parse.Origin{}
	rows := 0
	full := func(*Result) bool {
		log = append(log, byKeyFaults(&res.Rows)...)
		for _, note := range res.Notes {
			if note.Alert == nil {
				log = append(log, fmt.Sprintf("row %d line %d %v %d %d", rows+note.Row, note.Line, note.Reason, note.Told, note.By))
				continue
			}
			log = append(log, fmt.Sprintf("row %d line %d %+v %v", rows+note.Row, note.Line, note.Alert.Change, note.Alert.Values))
		}
		res.Notes = nil
		log = append(log, logOf(&cfg, &res)...)
		rows += res.Rows.N
		return true
	}
	for len(xs) > 0 {
		n := min(len(xs), 700)
		b, batch := batchOf(&cfg, xs[:n], origin)
		s.Take(b, batch, &res, full)
		full(&res)
		xs = xs[n:]
	}
	s.End(&res, full)
	full(&res)
	return log
}

// byKeyFaults are what is wrong with the lists of the rows of each key: parts of the
// rows that follow each other, each of whose rows is in the group of its key, in order.
func byKeyFaults(rows *Rows) (faults []string) {
	before := 0
	for _, part := range rows.ByKey {
		seen, keys := map[int]bool{}, map[*Key]bool{}
		for _, g := range part.Groups {
			last := -1
			for _, at := range g.At {
				i := part.From + int(at)
				if int(at) <= last || i >= part.To || len(rows.Key) > 0 && rows.Key[i] != g.Key {
					faults = append(faults, fmt.Sprintf("row %d is in %v of key %v from %d to %d", i, g.At, g.Key, part.From, part.To))
				}
				last, seen[i] = int(at), true
			}
			if keys[g.Key] {
				faults = append(faults, fmt.Sprintf("key %v has two groups", g.Key))
			}
			keys[g.Key] = true
		}
		if part.From < before || part.To > rows.N || len(seen) != part.To-part.From {
			faults = append(faults, fmt.Sprintf("%d rows of %d to %d, of %d", len(seen), part.From, part.To, rows.N))
		}
		before = part.To
	}
	return faults
}

// Rows that come in full blocks are listed by key, but for those of the first records.
func TestRowsAreListedByKey(t *testing.T) {
	for _, keys := range []int{0, 20} {
		cfg := configOf(1, []agg.Width{{Kind: agg.Count, N: 3}}, 1)
		cfg.Keyed, cfg.ByKey, cfg.Every.N = keys > 0, true, 1
		var xs []sample
		for i := range 5000 {
			x := sample{vals: []float64{1}}
			if keys > 0 {
				x.key = fmt.Sprint(i * i % keys)
			}
			xs = append(xs, x)
		}
		s := New(cfg)
		s.Setup(cfg)
		b, batch := batchOf(&cfg, xs, &parse.Origin{})
		rows, listed := 0, 0
		var res Result
		full := func(r *Result) bool {
			for _, fault := range byKeyFaults(&r.Rows) {
				t.Errorf("%d keys: %s", keys, fault)
			}
			for _, part := range r.Rows.ByKey {
				listed += part.To - part.From
			}
			rows += r.Rows.N
			return true
		}
		s.Take(b, batch, &res, full)
		if full(&res); rows < 4900 || listed < rows-100 {
			t.Errorf("%d keys: %d of %d rows are listed", keys, listed, rows)
		}
	}
}

// TestRunIsTake holds records without keys that go through the windows and rules
// together to the same records one by one.
func TestRunIsTake(t *testing.T) {
	for seed := range uint64(300) {
		checkRun(t, rand.New(rand.NewPCG(seed, 2)), 600)
	}
}

func checkRun(t *testing.T, r *rand.Rand, most int) {
	checkMany(t, r, someRules(t, r), most, second/10, func() sample { return sample{} })
}

// someRules draws some of these rules, or none.
func someRules(t testing.TB, r *rand.Rand) Config {
	texts := []string{
		"last > 900", "sum(5) > 3200 for 3", "flap: last(5) < 300 for 2/4 until last > 500", "info up: last > 500", "crit up: last > 800", "count == 77",
		`state == "bc" and last > 400`, `mode != "c" for 3`, `state == "abc" for 2/3 until mode == "c"`,
		"age > 1 or last > 800 for 3", "count(1s) < 8 for 2", "hour > 0.01 and last > 700", "sum(2s, 1s ago) > 9000 and age < 1 for 1s",
	}
	if r.IntN(3) > 0 {
		texts = texts[:6] // of samples alone
	}
	if r.IntN(4) == 0 {
		texts = append(texts[:6:6], "age > 4", "warn dead: age >= 2.5 for 1s", "crit dead: age > 6 for 2", "age == 5")
	}
	r.Shuffle(len(texts), func(i, j int) { texts[i], texts[j] = texts[j], texts[i] })
	return ruled(t, r, texts[:r.IntN(6)]...)
}

// moreAsked draws what else may be asked of a stream.
func moreAsked(r *rand.Rand, cfg *Config, unit int64) {
	if cfg.Clock == NoClock && cfg.Rules != nil && cfg.Rules.NeedsClock() != "" {
		cfg.Clock, cfg.Hz = HzClock, clock.Rate{Num: 7 + r.Uint64N(4), Den: 1}
	}
	if r.IntN(4) == 0 {
		cfg.Keep = 1 + r.IntN(2)
		for i := range cfg.Texts {
			cfg.Texts[i] += cfg.Keep
		}
	}
	if cfg.Keep == 0 && r.IntN(4) == 0 {
		cfg.LastOnly = true
	}
	if r.IntN(6) == 0 {
		cfg.EvalRow = true
	}
	if r.IntN(6) == 0 {
		cfg.Every = Every{}
	}
	if r.IntN(6) == 0 {
		cfg.MaxSamples = 20 + r.IntN(500)
	}
	if cfg.Clock == NoClock {
		return
	}
	if r.IntN(4) == 0 {
		cfg.Every = Every{D: (1 + r.Int64N(50)) * unit}
		cfg.ClosedLeft, cfg.LabelStart, cfg.Fill = r.IntN(3) == 0, r.IntN(3) == 0, r.IntN(3) == 0
	}
	if r.IntN(4) == 0 {
		cfg.Gap = (1 + r.Int64N(30)) * unit
	}
	if r.IntN(4) == 0 {
		cfg.TTL = (1 + r.Int64N(90)) * unit
	}
	if r.IntN(6) == 0 {
		cfg.Since = 1 + r.Int64N(90)*unit
	}
	if r.IntN(3) == 0 {
		cfg.Columns = append(slices.Clone(cfg.Columns), Read{From: FromAge})
	}
	if cfg.Clock != DataClock {
		return
	}
	if r.IntN(3) == 0 {
		cfg.Late = (1 + r.Int64N(60)) * unit
	}
	if r.IntN(3) == 0 {
		cfg.Ahead = (1 + r.Int64N(60)) * unit
	}
	if r.IntN(6) == 0 {
		cfg.Back = (1 + r.Int64N(20)) * unit
	}
}

// checkMany draws records, in some of which values are missing, and holds what
// comes of them together to what comes of them alone. A tick of the clock is unit.
func checkMany(t *testing.T, r *rand.Rand, cfg Config, most int, unit int64, draw func() sample) {
	if r.IntN(2) == 0 {
		second := configOf(1, []agg.Width{{Kind: agg.Count, N: 1 + r.IntN(9)}}, 1+r.IntN(3))
		second.Windows[0].Field = 1
		for _, c := range second.Columns {
			c.Window = len(cfg.Windows)
			cfg.Columns = append(cfg.Columns, c)
		}
		cfg.First = append(cfg.First, len(cfg.Windows))
		cfg.Windows, cfg.Fields = append(cfg.Windows, second.Windows...), 2
	}
	moreAsked(r, &cfg, unit)
	if cfg.Clock != NoClock && r.IntN(2) == 0 {
		width := agg.Width{Kind: agg.Duration, D: (1 + r.Int64N(40)) * unit}
		var aggs []agg.Agg
		for _, name := range []string{"count", "mean", "slope", "ewma", "twa", "p90", "increase"} {
			a, _ := agg.Lookup(name)
			aggs = append(aggs, a)
			cfg.Columns = append(cfg.Columns, Read{Window: len(cfg.Windows), Agg: len(aggs) - 1, Count: name == "count"})
		}
		plan := agg.NewPlan(width, aggs, agg.Options{Clock: true})
		cfg.Windows = append(slices.Clone(cfg.Windows), Window{
			Width: width, Aggs: len(aggs), Need: 1 + r.IntN(2)*r.IntN(4), New: func() Accumulator { return plan.New() },
			Timed: plan.NeedsTime(), Stores: plan.Stores(), Fluid: plan.Fluid(), Field: r.IntN(cfg.Fields),
		})
		if r.IntN(2) == 0 {
			cfg.First = append(slices.Clone(cfg.First), len(cfg.Windows)-1)
		}
	}
	gaps, disorder := r.IntN(4), r.IntN(3)
	var xs []sample
	for range most/2 + r.IntN(most) {
		x := draw()
		x.vals = []float64{float64(r.IntN(256) * 4)}
		if cfg.Late > 0 && r.IntN(5) < disorder {
			x.t -= r.Int64N(cfg.Late + cfg.Late/30 + 1)
		}
		if cfg.Fields > 1 {
			x.vals = append(x.vals, float64(r.IntN(256)))
			if r.IntN(8) < gaps {
				x.vals[r.IntN(2)] = nan
			}
		}
		xs = append(xs, x)
	}
	var many, one *Stream
	got := alertLog(cfg, xs, func(s *Stream) { many = s })
	want := alertLog(cfg, xs, func(s *Stream) { one = s; alone(s) })
	got, want = append(got, fmt.Sprintf("%+v", many.Stats())), append(want, fmt.Sprintf("%+v", one.Stats()))
	if many.ticked != one.ticked {
		t.Errorf("the clock evaluated rules last at %d, one by one at %d", many.ticked, one.ticked)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%+v: together\n%s, one by one\n%s", cfg, firstDifference(got, want), firstDifference(want, got))
	}
}

// fuzzed is random numbers of which the first are the bytes that a fuzzer gives.
func fuzzed(data []byte) *rand.Rand {
	return rand.New(&byteSource{data: data, then: rand.NewPCG(uint64(len(data)), 1)})
}

type byteSource struct {
	data []byte
	then rand.Source
}

func (s *byteSource) Uint64() uint64 {
	if len(s.data) == 0 {
		return s.then.Uint64()
	}
	b := s.data[0]
	s.data = s.data[1:]
	return uint64(b)<<56 | s.then.Uint64()>>8
}

func FuzzRun(f *testing.F) {
	f.Add([]byte("the first bytes say what is asked for, the others are values"))
	f.Fuzz(func(t *testing.T, data []byte) { checkRun(t, fuzzed(data), 60) })
}

// TestGroupIsTake holds records of many keys that go through the windows key by
// key to the same records one by one.
func TestGroupIsTake(t *testing.T) {
	for seed := range uint64(300) {
		checkGroup(t, rand.New(rand.NewPCG(seed, 3)), 600)
	}
}

func checkGroup(t *testing.T, r *rand.Rand, most int) {
	cfg := someRules(t, r)
	cfg.Keyed = true
	unit := int64(second / 10)
	if r.IntN(2) == 0 {
		cfg.Clock = DataClock
		unit = []int64{1, second / 20}[r.IntN(2)]
	}
	keys, now := 1+r.IntN(40)*r.IntN(2), int64(0)
	checkMany(t, r, cfg, most, unit, func() sample {
		now += r.Int64N(3) * unit
		x := sample{t: now, key: fmt.Sprintf("sensor-%d", r.IntN(keys))}
		switch r.IntN(200) {
		case 0:
			x.t -= 20 * unit // behind the clock, and late for some keys
		case 1:
			x.key = fmt.Sprint(r.IntN(1000))
		case 2, 3:
			now += r.Int64N(100) * unit
		case 4:
			x.t += 70 * unit // ahead of the others
		}
		return x
	})
}

func FuzzGroup(f *testing.F) {
	f.Add([]byte("the first bytes say what is asked for, the others are keys, times and values"))
	f.Fuzz(func(t *testing.T, data []byte) { checkGroup(t, fuzzed(data), 60) })
}

// TestResultsAreBounded counts what a stream gives at once where few records
// bring many rows.
func TestResultsAreBounded(t *testing.T) {
	cfg := configOf(1, []agg.Width{{Kind: agg.Duration, D: 86400 * second}}, 1)
	cfg.Clock, cfg.Keyed, cfg.Every.D = DataClock, true, second
	var xs []sample
	for k := range 50 {
		xs = append(xs, sample{t: 0, key: fmt.Sprint(k), vals: []float64{1}})
	}
	xs = append(xs, sample{t: 3000 * second, key: "0", vals: []float64{1}})
	s := New(cfg)
	s.Setup(cfg)
	b, batch := batchOf(&cfg, xs, &parse.Origin{})
	rows, parts := 0, 0
	var res Result
	stop := s.Take(b, batch, &res, func(r *Result) bool {
		if r.Rows.N > maxRows {
			t.Errorf("%d rows at once", r.Rows.N)
		}
		rows += r.Rows.N
		parts++
		return parts < 15
	})
	if want := 15 * maxRows; !stop || rows != want || s.next > 3000*second {
		t.Errorf("%d rows in %d parts, stopped %v: want %d rows", rows, parts, stop, want)
	}
	if n := cap(res.Rows.Time); n > 4*maxRows {
		t.Errorf("room for %d rows", n)
	}
}

// TestClockRulesAreTimely holds rules that the clock evaluates for those keys
// alone for which they may do anything to the same rules evaluated for every key
// in every second.
func TestClockRulesAreTimely(t *testing.T) {
	texts := []string{
		"age > 5", "crit dead: age > 9 for 3s until age < 2 for 2", "info l: last > 500 for 2", "warn l: age >= 7 and last < 900",
		"age > 3 for 4/6", "not (age < 12) or count(9s) == 2", "count(4s) == 0 for 3s", "age > 4 and sum(6s) > 700 until age > 20",
		"age < 3 for 5s", "age == 6", "hour > 23.997 or weekday == 5 and age > 2", "hour < 0.002 for 2s", "hour * 3600 > 86390",
		"sum(4s) > sum(4s, 5s ago) and age >= 1", "count(3s) == 0", "age < 2", "count(3s, 6s ago) >= 2 until count(2s) > 1",
	}
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 4))
		r.Shuffle(len(texts), func(i, j int) { texts[i], texts[j] = texts[j], texts[i] })
		cfg := ruled(t, r, texts[:1+r.IntN(4)]...)
		cfg.Keyed, cfg.Clock, cfg.Repeat = true, DataClock, r.Int64N(2)*7*second
		cfg.Zone = time.FixedZone("", 86400-20) // Thursday ends after 20 s
		if r.IntN(3) == 0 {
			cfg.Gap = 9 * second
		}
		if r.IntN(2) == 0 {
			cfg.TTL = 40 * second
		}
		if r.IntN(2) == 0 {
			cfg.Expect = []string{"2", "never"}
		}
		var xs []sample
		for now := int64(0); len(xs) < 150; now += r.Int64N(1+r.Int64N(8)) * second / 4 {
			x := sample{t: now, key: fmt.Sprint(r.IntN(6)), vals: []float64{float64(r.IntN(1000))}}
			if x.key > "3" {
				x.t = max(0, now-11*second)
			}
			xs = append(xs, x)
		}
		got := alertLog(cfg, xs, func(*Stream) {})
		want := alertLog(cfg, xs, func(s *Stream) { s.dues.time = func(*series) int64 { return 0 } })
		if !slices.Equal(got, want) {
			t.Fatalf("seed %d, %q: %s, evaluated in every second %s", seed, texts[:4], firstDifference(got, want), firstDifference(want, got))
		}
	}
}

// TestWallClockBeginsAtOnce has a sensor without a key on the wall clock that never
// comes: it is known from the start, and its age counts from then.
func TestWallClockBeginsAtOnce(t *testing.T) {
	cfg := ruled(t, rand.New(rand.NewPCG(1, 1)), "age > 5")
	cfg.Clock = WallClock
	s := New(Config{Show: 5})
	if _, ok := s.Wake(); ok {
		t.Error("something is to come before the rules are known")
	}
	s.Setup(cfg)
	now, ok := s.Wake()
	for now = max(now, 1000*second); ok && now < 1020*second; now, ok = s.Wake() {
		var r Result
		s.Tick(now, &r, more)
		if len(r.Notes) > 0 {
			if now != 1006*second || r.Notes[0].Alert.Values[0] != 6 {
				t.Errorf("an alert at %d: %+v", now, r.Notes[0].Alert)
			}
			return
		}
	}
	t.Error("no alert")
}

// TestTakeAllocatesNothing counts what a batch costs once the windows are full:
// together and one by one, with keys, boundaries and rules.
func TestTakeAllocatesNothing(t *testing.T) {
	for name, change := range map[string]func(*Stream){"together": func(*Stream) {}, "one by one": alone} {
		for _, every := range []Every{{N: 1}, {N: 50}, {D: 3 * second}} {
			texts := []string{"last > 2000", "sum(5) > 1e9 for 3/4"}
			if name == "one by one" {
				texts = append(texts, "age > 100")
			}
			cfg := ruled(t, rand.New(rand.NewPCG(3, 3)), texts...)
			cfg.Clock, cfg.Keyed, cfg.Every, cfg.TTL = DataClock, true, every, 3600*second
			s := New(cfg)
			s.Setup(cfg)
			change(s)
			var xs []sample
			for i := range 500 {
				xs = append(xs, sample{key: fmt.Sprint(i % 20), vals: []float64{float64(i)}})
			}
			b, batch := batchOf(&cfg, xs, &parse.Origin{})
			now := int64(0)
			var r Result
			take := func() {
				for i := range batch.Time {
					now += second / 100
					batch.Time[i] = now
				}
				s.Take(b, batch, &r, more)
			}
			for range 5 {
				take()
			}
			if n := testing.AllocsPerRun(20, take); n > 5 {
				t.Errorf("%s, %+v: %.0f allocations for %d records", name, every, n, len(xs))
			}
		}
	}
}

// TestWorthTelling lists which of many times something is told.
func TestWorthTelling(t *testing.T) {
	for show, want := range map[int]string{0: "[]", 2: "[1 2 10 100 1000]", 5: "[1 2 3 4 5 10 100 1000]"} {
		s := New(Config{Show: show})
		var told []int
		for n := range 2000 {
			if s.worthTelling(n) {
				told = append(told, n+1)
			}
		}
		if got := fmt.Sprint(told); got != want {
			t.Errorf("with %d at first: %s, want %s", show, got, want)
		}
	}
}

// TestSilenceAmongMany has a key fall silent while its records could go together over
// many seconds: each silence is told at its time.
func TestSilenceAmongMany(t *testing.T) {
	cfg := ruled(t, rand.New(rand.NewPCG(1, 1)), "age > 4")
	cfg.Clock, cfg.Keyed = DataClock, true
	var xs []sample
	for i := range int64(600) {
		xs = append(xs, sample{t: i*second/2 + i/100*20*second, key: "a", vals: []float64{1}})
	}
	got, want := alertLog(cfg, xs, func(*Stream) {}), alertLog(cfg, xs, alone)
	if !slices.Equal(got, want) || len(want) < len(xs)/cfg.Every.N+8 {
		t.Errorf("together %s, one by one %s", firstDifference(got, want), firstDifference(want, got))
	}
}
