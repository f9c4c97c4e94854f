package view

import (
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gdamore/tcell/v2"

	"rtda/pkg/board"
	"rtda/pkg/rule"
	"rtda/pkg/stream"
)

var update = flag.Bool("update", false, "write the golden frames anew")

const second = int64(1e9)

var start = time.Date(2026, 5, 1, 11, 29, 20, 0, time.UTC)

// A stage is a view of a fixed board on a screen in memory.
type stage struct {
	*View
	screen tcell.SimulationScreen
	board  *board.Board
	now    time.Time
}

func newStage(t *testing.T, w, h int, change func(c *Config)) *stage {
	t.Helper()
	set := &rule.Set{
		Rules:   []rule.Rule{{Name: "hot", Severity: rule.Crit, Metrics: []int{0}}, {Name: "low", Severity: rule.Warn, Metrics: []int{0}}},
		Metrics: []rule.Metric{{Text: "mean(temp)"}},
	}
	s := &stage{now: start.Add(600 * time.Second), screen: tcell.NewSimulationScreen("UTF-8")}
	s.board = board.New(board.Config{Columns: 3, Clock: true, Span: 600 * second, Rules: set})
	c := Config{
		Board: s.board, Keys: []string{"sensor"}, Rules: set, Clock: true, Zone: time.UTC,
		Columns:    []Column{{"temp_mean", -1, -1}, {"temp_std", -1, -1}, {"temp_max", -1, -1}},
		Thresholds: []board.Threshold{{Column: 0, Value: 80, Severity: rule.Crit}},
		Now:        func() time.Time { return s.now },
	}
	if change != nil {
		change(&c)
	}
	v, err := New(c, s.screen, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	s.View = v
	s.screen.SetSize(w, h)
	return s
}

// fill puts the past of ten minutes of n sensors on the board.
func (s *stage) fill(n int) {
	var keys []*stream.Key
	for i := range n {
		keys = append(keys, &stream.Key{Parts: []string{fmt.Sprintf("s%02d", i+1)}})
	}
	rows := 0
	level := make([]rule.Severity, n)
	for sec := range int64(600) {
		t := start.UnixNano() + sec*second
		for i, key := range keys {
			x := 45 + 20*math.Sin(float64(sec)/97+float64(i)) + 2*math.Sin(float64(sec)/5) + float64(i)*4
			r := &stream.Result{Rows: stream.Rows{N: 1, Key: []*stream.Key{key}, Time: []int64{t}, Col: [][]float64{{x}, {2 + math.Sin(x)}, {x + 5}}}}
			alert := func(rl int, severity rule.Severity, resolved bool) {
				a := &stream.Alert{Change: rule.Change{Rule: rl, Level: severity, Resolved: resolved, After: 67 * second}, Key: key, Time: t, Values: []float64{x}}
				r.Notes = []stream.Note{{Alert: a}}
			}
			switch {
			case level[i] == rule.None && x > 80:
				level[i] = rule.Crit
				alert(0, rule.Crit, false)
			case level[i] == rule.Crit && x < 75:
				level[i] = rule.None
				alert(0, rule.Crit, true)
			case level[i] == rule.None && x < 25:
				level[i] = rule.Warn
				alert(1, rule.Warn, false)
			case level[i] == rule.Warn && x > 28:
				level[i] = rule.None
				alert(1, rule.Warn, true)
			}
			rows++
			s.board.Add(r, stream.Stats{Lines: rows, Rows: rows, Keys: n}, t)
		}
	}
}

// text is what stands on the screen, without blanks at the ends of lines.
func (s *stage) text() string {
	s.frame()
	cells, w, h := s.screen.GetContents()
	var b strings.Builder
	for y := range h {
		var line strings.Builder
		for x := range w {
			if r := cells[y*w+x].Runes; len(r) > 0 {
				line.WriteString(string(r))
			} else {
				line.WriteByte(' ')
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}

func (s *stage) press(keys string) {
	for _, r := range keys {
		key := tcell.KeyRune
		switch r {
		case '↓':
			key, r = tcell.KeyDown, 0
		case '↑':
			key, r = tcell.KeyUp, 0
		case '→':
			key, r = tcell.KeyRight, 0
		case '←':
			key, r = tcell.KeyLeft, 0
		case '⏎':
			key, r = tcell.KeyEnter, 0
		case '⎋':
			key, r = tcell.KeyEscape, 0
		case '⌫':
			key, r = tcell.KeyBackspace2, 0
		}
		s.handle(tcell.NewEventKey(key, r, tcell.ModNone))
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.MkdirAll("testdata", 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: the picture is\n%s\nwant\n%s", name, got, want)
	}
}

func TestFrames(t *testing.T) {
	for _, c := range []struct {
		name  string
		w, h  int
		ascii bool
		press string
	}{
		{"80x24", 80, 24, false, "↓"},
		{"46x16", 46, 16, false, "↓"},
		{"20x6", 20, 6, false, "↓"},
		{"120x40-blocks", 120, 40, false, "mG→"},
		{"80x24-ascii", 80, 24, true, "↓↓l"},
		{"80x24-zoom-alerts", 80, 24, false, "++as"},
		{"80x24-help", 80, 24, false, "?"},
		{"80x24-filter", 80, 24, false, "/s0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t, c.w, c.h, func(k *Config) { k.ASCII, k.Colour = c.ascii, true })
			s.fill(12)
			s.frame()
			s.press(c.press)
			got := s.text()
			golden(t, c.name, got)
			s.checkColours(t)
			if c.ascii {
				for _, r := range got {
					if r > 0x7e {
						t.Errorf("%q is drawn", r)
					}
				}
			}
		})
	}
}

// checkColours sees that nothing is drawn in white, black or a colour that only
// light or only dark terminals show, nor on a background.
func (s *stage) checkColours(t *testing.T) {
	t.Helper()
	cells, _, _ := s.screen.GetContents()
	colours := map[tcell.Color]bool{}
	for _, c := range cells {
		fg, bg, attributes := c.Style.Decompose()
		colours[fg] = true
		if bg != tcell.ColorDefault || attributes&^(tcell.AttrBold|tcell.AttrDim|tcell.AttrReverse) != 0 {
			t.Errorf("%q has background %v, attributes %b", c.Runes, bg, attributes)
		}
	}
	for c := range colours {
		if !slices.Contains([]tcell.Color{tcell.ColorDefault, tcell.PaletteColor(1), tcell.PaletteColor(3), tcell.PaletteColor(6)}, c) {
			t.Errorf("something has the colour %v", c)
		}
	}
}

// No size makes it panic, with or without rows.
func TestAnySize(t *testing.T) {
	for _, keys := range []int{0, 1, 30} {
		s := newStage(t, 80, 24, nil)
		if keys > 0 {
			s.fill(keys)
		}
		for w := 1; w <= 60; w += 1 + w/7 {
			for h := 1; h <= 45; h += 1 + h/6 {
				s.screen.SetSize(w, h)
				for _, keys := range []string{"", "a", "m", "?", "↓", "→", "l", "/x⎋", "a"} {
					s.press(keys)
					s.frame()
				}
			}
		}
	}
}

func TestKeys(t *testing.T) {
	s := newStage(t, 80, 24, nil)
	s.fill(12)
	s.frame()
	chosen := func() string { return s.nameOf(s.chosen) }
	for _, c := range []struct{ press, want string }{
		{"", "s01"}, {"↓", "s02"}, {"jj", "s04"}, {"k", "s03"}, {"G", "s12"}, {"j", "s12"}, {"g", "s01"}, {"↑", "s01"},
		{"/s1⏎", "s10"}, {"/⎋", "s10"}, {"s", "s10"},
	} {
		s.press(c.press)
		s.frame()
		if chosen() != c.want {
			t.Errorf("after %q %s is chosen, want %s", c.press, chosen(), c.want)
		}
	}
	if s.press("→→→"); s.column != 0 {
		t.Errorf("column %d", s.column)
	}
	if s.press("←"); s.column != 2 {
		t.Errorf("column %d", s.column)
	}
	if s.press("/ab⌫⌫⌫x"); s.filter != "x" || s.quitting() {
		t.Errorf("filter %q", s.filter)
	}
	if s.frame(); s.m.total != 0 || s.chosen != nil {
		t.Errorf("%d keys have an x", s.m.total)
	}
	s.press("⎋")
	if s.press("qq"); !s.quitting() {
		t.Error("q does not end it")
	}
}

func (v *View) quitting() bool {
	select {
	case <-v.Quit():
		return true
	default:
		return false
	}
}

// A paused picture stays as it is while the run goes on.
func TestPause(t *testing.T) {
	s := newStage(t, 80, 24, nil)
	s.fill(3)
	s.frame()
	s.press(" ")
	before := s.text()
	s.fill(12)
	if after := s.text(); after != before || !strings.Contains(after, "paused") {
		t.Errorf("the picture was\n%s\nand is\n%s", before, after)
	}
	s.press(" ")
	if after := s.text(); !strings.Contains(after, "s12") && !strings.Contains(after, "of 15") {
		t.Errorf("it does not go on:\n%s", after)
	}
}

// Names of the data can neither turn the line round nor control the terminal,
// and wide ones move nothing.
func TestHostileNames(t *testing.T) {
	s := newStage(t, 80, 24, nil)
	for _, name := range []string{"a\u202eb", "\x1b[2J", "温度温度温度", "e\u0301", "👩‍👩‍👧", "plain"} {
		key := &stream.Key{Parts: []string{name}}
		r := &stream.Result{Rows: stream.Rows{N: 1, Key: []*stream.Key{key}, Time: []int64{start.UnixNano()}, Col: [][]float64{{1.5}, {2}, {3}}}}
		s.board.Add(r, stream.Stats{Lines: 6, Rows: 6, Keys: 6}, 0)
	}
	got := s.text()
	if strings.ContainsAny(got, "\x1b\u202e") || !strings.Contains(got, `a\u202eb`) || !strings.Contains(got, `\u001b[2J`) {
		t.Errorf("the picture is\n%s", got)
	}
	golden(t, "names", got)
}

// What goes to stderr is kept for later, and its last line is seen.
func TestComplaints(t *testing.T) {
	s := newStage(t, 80, 24, nil)
	s.fill(2)
	for i := range 1500 {
		fmt.Fprintf(s, "rtda: line %d: not-a-number: \"x\x1b\" (skipped)\n", i)
	}
	said := s.Said()
	if len(said) != keptLines || !strings.HasPrefix(said[0], "rtda: line 500:") {
		t.Errorf("%d lines are kept, the first is %q", len(said), said[0])
	}
	fmt.Fprintf(s, "ALERT crit hot sensor=s01 mean(temp)=81 line=9\n") // stands below
	if got := s.text(); !strings.Contains(got, "(1,500) rtda: line 1499: not-a-n") {
		t.Errorf("the picture is\n%s", got)
	}
}

func TestEndedIsSaid(t *testing.T) {
	s := newStage(t, 80, 24, nil)
	if got := s.text(); !strings.Contains(got, "waiting for input") {
		t.Errorf("before the first line:\n%s", got)
	}
	s.fill(1)
	s.Ended("ended")
	if got := s.text(); !strings.Contains(got, "● ended") {
		t.Errorf("at the end:\n%s", got)
	}
}

// The fields may become known later: then another board is shown.
func TestShow(t *testing.T) {
	s := newStage(t, 80, 24, nil)
	s.fill(3)
	later := s.c
	s.Show(Config{Board: board.New(board.Config{}), Clock: true, Zone: time.UTC, Now: later.Now})
	if got := s.text(); !strings.Contains(got, "waiting for input") || strings.Contains(got, "temp_mean") {
		t.Errorf("the picture is\n%s", got)
	}
	s.Show(later)
	if got := s.text(); !strings.Contains(got, "temp_mean") || !strings.Contains(got, "s03") {
		t.Errorf("the picture is\n%s", got)
	}
}

// The interval of a forecast and values that are extreme are drawn.
func TestForecastAndExtremes(t *testing.T) {
	s := newStage(t, 80, 24, func(c *Config) { c.Columns[0].Lower, c.Columns[0].Upper = 1, 2 })
	key := &stream.Key{Parts: []string{"a"}}
	for i, x := range []float64{1, 2, math.NaN(), 3, 1e308, -1e308, 5e-324, 0} {
		r := &stream.Result{Rows: stream.Rows{N: 1, Key: []*stream.Key{key}, Time: []int64{start.UnixNano() + int64(i)*second}, Col: [][]float64{{x}, {x - 1}, {x + 1}}}}
		s.board.Add(r, stream.Stats{Lines: 1, Rows: 1, Keys: 1}, 0)
		for _, keys := range []string{"l", "l", "r"} {
			s.press(keys)
			s.frame()
		}
	}
}

// Thresholds that fall into one line of the chart are named beside each other, or where
// they do not fit the most severe is.
func TestThresholdsInOneLine(t *testing.T) {
	for _, c := range []struct {
		values []float64 // of warn and crit
		want   string
	}{
		{[]float64{402, 401}, " 401!! 402!│"},
		{[]float64{401, 401}, " 401! 401!!│"},
		{[]float64{402.123, 401.123}, "  401.123!!│"},
	} {
		s := newStage(t, 120, 40, func(k *Config) {
			k.Thresholds = nil
			for i, value := range c.values {
				k.Thresholds = append(k.Thresholds, board.Threshold{Value: value, Severity: rule.Warn + rule.Severity(i)})
			}
		})
		key := &stream.Key{Parts: []string{"a"}}
		for i, x := range []float64{0, 1000} {
			r := &stream.Result{Rows: stream.Rows{N: 1, Key: []*stream.Key{key}, Time: []int64{start.UnixNano() + int64(i)*second}, Col: [][]float64{{x}, {x}, {x}}}}
			s.board.Add(r, stream.Stats{Lines: 1, Rows: 1, Keys: 1}, 0)
		}
		if got := s.text(); !strings.Contains(got, c.want) {
			t.Errorf("no %q in\n%s", c.want, got)
		}
	}
}

func TestScale(t *testing.T) {
	var s scale
	s.fit(16, 81, 0)
	if s.lo != 0 && s.lo > 16 || s.hi < 81 {
		t.Errorf("%+v", s)
	}
	lo, hi := s.lo, s.hi
	s.fit(40, 50, 1)
	s.fit(40, 50, narrowAfter)
	if s.lo != lo || s.hi != hi {
		t.Errorf("it narrows too early: %+v", s)
	}
	if s.fit(40, 50, narrowAfter+2); s.lo == lo {
		t.Errorf("it does not narrow: %+v", s)
	}
	if s.fit(40, 200, narrowAfter+3); s.hi < 200 {
		t.Errorf("it does not widen at once: %+v", s)
	}
	for _, x := range []float64{0, 1, -5, 1e300, 5e-324, 1e-12} {
		s = scale{}
		if s.fit(x, x, 0); !(s.lo < s.hi) || s.lo > x || s.hi < x || math.IsInf(s.hi-s.lo, 0) {
			t.Errorf("the scale of %v alone: %+v", x, s)
		}
	}
}

func TestSpark(t *testing.T) {
	for _, c := range []struct {
		x     []float64
		w     int
		ascii bool
		want  string
	}{
		{[]float64{1, 2, 3, 4, 5, 6, 7, 8}, 8, false, "▁▂▃▄▅▆▇█"},
		{[]float64{1, 8}, 4, false, "  ▁█"},
		{[]float64{5, 5, 5}, 3, false, "▅▅▅"},
		{[]float64{1, math.NaN(), 8}, 3, true, "_ #"},
		{nil, 2, false, "  "},
		{[]float64{math.NaN()}, 2, false, "  "},
	} {
		if got := string(spark(c.x, c.w, c.ascii)); got != c.want {
			t.Errorf("spark(%v, %d) = %q, want %q", c.x, c.w, got, c.want)
		}
	}
}

func BenchmarkFrame(b *testing.B) {
	s := newStage(&testing.T{}, 200, 50, nil)
	s.fill(20)
	for b.Loop() {
		s.frame()
	}
}

// Nothing is drawn on a terminal that is not ours.
func TestAway(t *testing.T) {
	s := newStage(t, 80, 24, nil)
	s.frame()
	picture := func() string {
		cells, _, _ := s.screen.GetContents()
		var b strings.Builder
		for _, c := range cells {
			b.WriteString(string(c.Runes))
		}
		return b.String()
	}
	before := picture()
	if err := s.Suspend(); err != nil {
		t.Fatal(err)
	}
	s.help = true
	if s.frame(); picture() != before {
		t.Error("a picture is drawn after Suspend")
	}
	if err := s.Resume(); err != nil {
		t.Fatal(err)
	}
	if s.frame(); picture() == before {
		t.Error("no picture is drawn after Resume")
	}
}
