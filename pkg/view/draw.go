package view

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/uniseg"

	"rtda/pkg/board"
	"rtda/pkg/clock"
	"rtda/pkg/num"
	"rtda/pkg/rule"
)

// Colours are the three that can be read on light and dark terminals alike, and
// never the only sign of anything.
var (
	plain = tcell.StyleDefault
	bold  = plain.Bold(true)
	dim   = plain.Dim(true)
)

var severityColours = [...]tcell.Color{tcell.ColorDefault, tcell.PaletteColor(6), tcell.PaletteColor(3), tcell.PaletteColor(1)}

var severityMarks = [...]string{"", "i", "!", "!!"}

func (v *View) severity(s rule.Severity) tcell.Style {
	if !v.c.Colour || s == rule.None {
		return plain
	}
	return plain.Foreground(severityColours[s])
}

// A layout is how the heights are shared.
type layout struct {
	w, h                 int
	chart, table, alerts int // rows; 0 where there is none
	foot                 bool
}

// layout shares the heights: below 14 rows there is no chart, below 10 there are
// only title and keys.
func (v *View) layout() layout {
	w, h := v.screen.Size()
	l := layout{w: w, h: h}
	rest := h - 1
	if h >= 10 {
		l.foot = true
		l.alerts = min(max(h/8, 1), 3)
		if h >= 40 {
			l.alerts = 6
		}
		if v.big {
			l.alerts = max(l.alerts, h/2)
		}
		rest -= 1 + 1 + l.alerts // with its line
	}
	if h >= 14 && len(v.c.Columns) > 0 && !(v.big && h < 30) {
		l.chart = min(h/2-1, 16)
		rest -= l.chart
	}
	l.table = max(rest, 0)
	return l
}

// tableRows is how many keys the table shows.
func (v *View) tableRows() int {
	l := v.layout()
	if l.foot {
		return max(0, l.table-1) // its head
	}
	return l.table
}

// mark is a sign, or what stands for it where nothing but ASCII may be drawn.
func (v *View) mark(sign, ascii string) string {
	if v.c.ASCII {
		return ascii
	}
	return sign
}

// put draws text from x on, cut at the column end, and returns where it ends.
func (v *View) put(x, y, end int, s string, style tcell.Style) int {
	state := -1
	for len(s) > 0 {
		var cluster string
		var width int
		cluster, s, width, state = uniseg.FirstGraphemeClusterInString(s, state)
		if width == 0 {
			continue
		}
		if x+width > end {
			if x > 0 && x >= end-1 {
				v.screen.Put(end-1, y, v.mark("…", "~"), style)
			}
			return end
		}
		v.screen.Put(x, y, cluster, style)
		x += width
	}
	return x
}

// right draws text that ends before x.
func (v *View) right(x, y int, s string, style tcell.Style) {
	v.put(max(0, x-uniseg.StringWidth(s)), y, x, s, style)
}

func (v *View) draw() {
	l := v.layout()
	v.title(l)
	y := 1
	if l.chart > 0 {
		v.chart(y, l.w, l.chart)
		y += l.chart
	}
	v.table(y, l)
	y += l.table
	if l.foot {
		v.alerts(y, l)
		v.foot(l.h-1, l.w)
	}
	if v.help {
		v.drawHelp(l)
	}
}

func (v *View) title(l layout) {
	m := &v.m
	state := "live"
	v.mu.Lock()
	ended := v.ended
	v.mu.Unlock()
	now := v.c.Now().In(v.c.Zone).Format("15:04:05")
	switch {
	case v.paused:
		state = "paused"
	case ended != "":
		state = ended
	case m.counts.Lines == 0:
		state = "waiting for input"
	}
	status := v.mark("● ", "* ") + state + " " + now
	end := max(0, l.w-uniseg.StringWidth(status)-1)
	x := v.put(1, 0, end, "rtda", bold)
	x = v.put(x, 0, end, "  "+thousands(m.counts.Lines)+" lines", plain)
	x = v.put(x, 0, end, "  "+thousands(int(math.Round(v.lines.rate)))+"/s", plain)
	if len(v.c.Keys) > 0 {
		x = v.put(x, 0, end, "  "+thousands(m.counts.Keys)+" keys", plain)
	}
	if m.counts.Bad() > 0 {
		x = v.put(x, 0, end, "  "+thousands(m.counts.Bad())+" skipped", plain)
	}
	if v.c.Clock && m.counts.NewestTime() != 0 {
		if lag := v.c.Now().Sub(time.Unix(0, m.counts.NewestTime())); lag > time.Second && lag < 1e6*time.Second {
			v.put(x, 0, end, "  lag "+clock.Duration(int64(lag.Round(time.Second))), plain)
		}
	}
	v.right(l.w, 0, status, plain)
}

// thousands is n with a comma between each three digits.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func number(x float64) string {
	if math.IsNaN(x) {
		return ""
	}
	return string(num.AppendSix(nil, x))
}

// chart draws the chosen column of the chosen key in h rows: what it is, the
// curve with a scale at its left, and the time below.
func (v *View) chart(y, w, h int) {
	m := &v.m
	x := v.put(1, y, w, v.c.Columns[v.column].Name, bold)
	x = v.put(x, y, w, "  "+m.name, plain)
	x = v.put(x, y, w, "  "+number(m.value), bold)
	if m.level != rule.None {
		x = v.put(x, y, w, "  "+m.level.String(), v.severity(m.level))
	}
	if v.log {
		x = v.put(x, y, w, "  log", dim)
	}
	if m.hidden > 0 && len(m.last.t) == 0 {
		v.put(x, y, w, "  no past is kept of so many keys", dim)
	}
	top, bottom := y+1, y+h-1
	rows := bottom - top
	left := 12
	if w < 60 {
		left = 10
	}
	a, ok := v.axes(w-left-1, rows)
	for r := range rows {
		v.screen.Put(left-1, top+r, v.mark("│", "|"), dim)
	}
	v.screen.Put(left-1, bottom, v.mark("└", "`"), dim)
	if !ok {
		v.put(left+1, top, w, v.nothing(), dim)
		return
	}
	_, dotH := v.marks.size()
	for i, r := range []int{0, (a.h - 1) / 2 / dotH, rows - 1} {
		value := a.hi - float64((a.hi-a.lo)*float64(i)/2)
		if a.log {
			value = min(math.Pow(10, value), math.MaxFloat64)
		}
		v.screen.Put(left-1, top+r, v.mark("┤", "+"), dim)
		v.right(left-1, top+r, string(num.AppendSig(nil, value, 4)), dim)
	}
	v.curves(a, left, top, w-left-1, rows)
	from, to := v.ends(a)
	v.put(left+1, bottom, w, from, dim)
	v.right(w-1, bottom, to, dim)
}

// nothing says why no curve is drawn.
func (v *View) nothing() string {
	switch {
	case v.m.counts.Rows == 0:
		return "no rows yet"
	case v.log:
		return "nothing above 0 to show"
	}
	return "no values to show"
}

// axes fits the axes to what is shown, in w by h cells.
func (v *View) axes(w, h int) (*axes, bool) {
	m := &v.m
	if len(m.last.t) == 0 || w < 1 || h < 1 {
		return nil, false
	}
	dw, dh := v.marks.size()
	a := &axes{from: m.last.t[0], to: m.last.t[len(m.last.t)-1], log: v.log, w: w * dw, h: h * dh}
	if v.c.Clock {
		a.to = max(a.to, m.counts.NewestRow)
	}
	if v.zoom > 0 {
		a.from = max(a.from, a.to-(a.to-a.from)>>v.zoom)
	}
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, c := range []curve{m.last, m.lower, m.upper} {
		for i, t := range c.t {
			if t < a.from {
				continue
			}
			if x := a.scaled(c.x[i]); x == x {
				lo, hi = min(lo, x), max(hi, x)
			}
		}
	}
	if lo > hi {
		return nil, false
	}
	for _, t := range v.c.Thresholds { // those that are near enough
		if x := a.scaled(t.Value); t.Column == v.column && x >= lo-(hi-lo) && x <= hi+(hi-lo) {
			lo, hi = min(lo, x), max(hi, x)
		}
	}
	v.scale.fit(lo, hi, v.c.Now().UnixNano())
	a.lo, a.hi = v.scale.lo, v.scale.hi
	return a, true
}

// curves draws the interval of the forecast, thresholds and the curve.
func (v *View) curves(a *axes, left, top, w, h int) {
	p := newPlot(w, h, v.marks)
	p.add(dim)
	p.draw(v.m.lower, a)
	p.draw(v.m.upper, a)
	p.add(v.severity(v.m.level))
	p.draw(v.m.last, a)
	for cy := range h {
		for cx := range w {
			if r, style := p.cell(cx, cy); r != ' ' {
				v.screen.Put(left+cx, top+cy, string(r), style)
			}
		}
	}
	v.thresholds(a, p, left, top)
}

// thresholds draws those of the column where the curve is not, with their values beside
// the axis. Where some fall into one line and their values do not fit, the most severe
// has it.
func (v *View) thresholds(a *axes, p *plot, left, top int) {
	dotW, dotH := v.marks.size()
	beside := make(map[int][]board.Threshold) // by line
	for _, t := range v.c.Thresholds {
		if y, ok := a.row(t.Value); t.Column == v.column && ok && y >= 0 && y < a.h {
			beside[y/dotH] = append(beside[y/dotH], t)
		}
	}
	for line, all := range beside {
		slices.SortFunc(all, func(a, b board.Threshold) int { return cmp.Compare(a.Value, b.Value) })
		most := slices.MaxFunc(all, func(a, b board.Threshold) int { return cmp.Compare(a.Severity, b.Severity) })
		style := v.severity(most.Severity)
		for cx := 0; cx < a.w/dotW; cx += 2 {
			if r, _ := p.cell(cx, line); r == ' ' {
				v.screen.Put(left+cx, top+line, v.mark("╌", "-"), style)
			}
		}
		var labels []string
		for _, t := range all {
			labels = append(labels, number(t.Value)+severityMarks[t.Severity])
		}
		label := strings.Join(slices.Compact(labels), " ")
		if len(label) > left-1 {
			label = number(most.Value) + severityMarks[most.Severity]
		}
		v.put(0, top+line, left-1, strings.Repeat(" ", left-1), style)
		v.right(left-1, top+line, label, style)
	}
}

// ends are the texts at the two ends of the axis of places.
func (v *View) ends(a *axes) (from, to string) {
	if !v.c.Clock {
		return "row " + thousands(int(a.from)), "row " + thousands(int(a.to))
	}
	to = time.Unix(0, a.to).In(v.c.Zone).Format("15:04:05")
	if lag := v.c.Now().Sub(time.Unix(0, a.to)); lag < 5*time.Second && lag > -5*time.Second {
		to = "now"
	}
	span := time.Duration(a.to - a.from)
	if span >= time.Second {
		span = span.Round(time.Second)
	}
	return "-" + clock.Duration(int64(span)), to
}

// tableColumns says which columns of the rows fit, the chosen one among them, and
// how wide the names of keys are.
func (v *View) tableColumns(w int) (names, width int, columns []int) {
	names = uniseg.StringWidth(v.safeWords(v.c.Keys))
	for _, r := range v.m.rows {
		names = max(names, uniseg.StringWidth(r.name))
	}
	width = 10
	for _, c := range v.c.Columns {
		width = min(max(width, uniseg.StringWidth(c.Name)+1), 20)
	}
	names = min(names, max(w/4, 8))
	const spark = 16
	fit := max(1, (w-4-names-spark)/width)
	for c := range min(fit, len(v.c.Columns)) {
		columns = append(columns, c)
	}
	if n := len(columns); n > 0 && v.column >= n {
		columns[n-1] = v.column
	}
	return names, width, columns
}

func (v *View) table(y int, l layout) {
	if l.table == 0 {
		return
	}
	names, width, columns := v.tableColumns(l.w)
	if l.foot {
		v.tableHead(y, l.w, names, width, columns)
		y++
	} else {
		width = 8
		columns = columns[:min(1, len(columns))]
		if len(columns) > 0 {
			columns[0] = v.column
		}
	}
	for i := range v.m.rows {
		v.tableRow(y+i, l, &v.m.rows[i], names, width, columns)
	}
}

func (v *View) tableHead(y, w, names, width int, columns []int) {
	v.put(4, y, 4+names, v.safeWords(v.c.Keys), dim)
	x := 4 + names
	for _, c := range columns {
		style := dim
		if c == v.column {
			style = bold
		}
		v.right(x+width, y, " "+v.c.Columns[c].Name, style)
		x += width
	}
	if v.filter != "" || v.typing {
		v.put(x+1, y, w, "/"+v.safe(v.filter), bold)
	} else if n := v.m.total; n > len(v.m.rows) {
		v.put(x+1, y, w, fmt.Sprintf("%s to %s of %s by %s", thousands(v.top+1), thousands(v.top+len(v.m.rows)), thousands(n), orderNames[v.sort]), dim)
	} else if v.sort != byName {
		v.put(x+1, y, w, "by "+orderNames[v.sort], dim)
	}
}

func (v *View) tableRow(y int, l layout, r *tableRow, names, width int, columns []int) {
	style, base := plain, 4
	if !l.foot {
		base = 2
	} else if r.chosen {
		v.put(0, y, l.w, v.mark("▸", ">"), bold)
	}
	if r.chosen {
		style = bold
	}
	v.put(base-len(severityMarks[r.level])-min(1, base-2), y, l.w, severityMarks[r.level], v.severity(r.level).Bold(true))
	v.put(base, y, base+names, r.name, style)
	x := base + names
	for _, c := range columns {
		if c < len(r.values) {
			v.right(min(x+width, l.w), y, " "+number(r.values[c]), style)
		}
		x += width
	}
	if n := l.w - x - 2; n > 0 && l.foot {
		v.put(x+1, y, l.w, string(spark(r.past, n, v.c.ASCII)), v.severity(r.level))
	}
}

// alerts draws the alert lines of late, the newest first, under a line that says
// how many there are and what was complained of last.
func (v *View) alerts(y int, l layout) {
	v.mu.Lock()
	told, all := v.told, v.toldAll
	v.mu.Unlock()
	for x := range l.w {
		v.screen.Put(x, y, v.mark("─", "-"), dim)
	}
	m := &v.m
	x := v.put(2, y, l.w, fmt.Sprintf(" alerts: %s firing, %s lines ", thousands(m.counts.Firing), thousands(int(m.counts.Alerts))), plain)
	if told != "" {
		v.put(x+1, y, l.w-1, fmt.Sprintf(" (%s) %s ", thousands(all), v.safe(told)), plain)
	}
	for i := range min(l.alerts, len(m.past)) {
		v.alert(y+1+i, l.w, &m.past[len(m.past)-1-i])
	}
}

// alert draws an alert so that what matters comes first:
// `11:38:57 ALERT crit hot s02 mean(temp)=80.26`.
func (v *View) alert(y, w int, line *board.Alert) {
	a := line.Note.Alert
	x := 1
	if v.c.Clock {
		x = v.put(x, y, w, time.Unix(0, a.Time).In(v.c.Zone).Format("15:04:05 "), dim)
	}
	word, style := "ALERT ", v.severity(a.Level).Bold(true)
	if a.Resolved {
		word, style = "RESOLVED ", v.severity(a.Level)
	}
	x = v.put(x, y, w, word+a.Level.String()+" ", style)
	r := &v.c.Rules.Rules[a.Rule]
	x = v.put(x, y, w, v.safe(r.Name)+" ", bold)
	if a.Key != nil {
		x = v.put(x, y, w, v.nameOf(line.Entry)+" ", plain)
	}
	for i, value := range a.Values {
		if i < len(r.Metrics) && !math.IsNaN(value) {
			x = v.put(x, y, w, v.safe(v.c.Rules.Metrics[r.Metrics[i]].Text)+"="+number(value)+" ", plain)
		}
	}
	if a.Resolved && v.c.Clock {
		v.put(x, y, w, "after "+clock.Duration(a.After), dim)
	}
}

// footKeys are what the foot says, as far as it fits, and with ASCII alone.
var footKeys = [][2]string{
	{"q quit", "q quit"}, {"space pause", "space pause"}, {"↑↓ key", "j k key"}, {"←→ column", "<- -> column"},
	{"/ filter", "/ filter"}, {"s sort", "s sort"}, {"l log", "l log"}, {"r rescale", "r rescale"}, {"? help", "? help"},
}

func (v *View) foot(y, w int) {
	x := 1
	for _, keys := range footKeys {
		k := v.mark(keys[0], keys[1])
		if x+uniseg.StringWidth(k) > w-1 {
			return
		}
		x = v.put(x, y, w, k, dim) + 2
	}
}

var helpLines = []string{
	"q            end",
	"space        pause the picture, and go on",
	"up down j k  choose a key",
	"PgUp PgDn    a page of keys",
	"g G          the first, the last key",
	"left right   choose a column",
	"/            filter keys: Enter keeps, Esc drops",
	"s            sort by name, value, alert",
	"l            logarithmic scale",
	"r            scale anew",
	"+ -          less, more of the past",
	"a            alerts: small, large",
	"m            marks: dots, blocks, ASCII",
	"?            this help",
}

func (v *View) drawHelp(l layout) {
	w := 50
	x, y := max(0, (l.w-w)/2), max(1, (l.h-len(helpLines)-2)/2)
	for i := range len(helpLines) + 2 {
		for k := range min(w, l.w) {
			v.screen.Put(x+k, y+i, " ", plain.Reverse(true))
		}
	}
	for i, line := range helpLines {
		v.put(x+2, y+1+i, min(l.w, x+w), line, plain.Reverse(true))
	}
}
