// Package stream is the hallway between parsing and output and the only owner
// of state: the clock and the records that wait for it, the windows and alerts
// of every key, and the counts of what was skipped. Batches of records come in
// in the order of the input; rows and notes come out. With a clock of the
// data's own, or none, what comes out depends on what came in alone.
package stream

import (
	"slices"
	"time"

	"rtda/pkg/agg"
	"rtda/pkg/clock"
	"rtda/pkg/num"
	"rtda/pkg/parse"
	"rtda/pkg/rule"
	"rtda/pkg/text"
)

// A Clock says where the time comes from.
type Clock uint8

const (
	NoClock   Clock = iota
	DataClock       // Batch.Time
	HzClock         // the number of the record, at Config.Hz
	WallClock       // Block.Read and Tick
)

// An Every says when rows are written: after N samples of a key, at every
// multiple of D nanoseconds, or, where both are 0, at the end.
type Every struct {
	N int
	D int64
}

// A Window is one window of each key.
type Window struct {
	ID     string // by which it is found again in a snapshot: what it is, and what it gives
	Field  int    // column of the batch
	Width  agg.Width
	New    func() Accumulator
	Aggs   int  // how many numbers it gives
	Need   int  // samples without which it gives no value but its count
	Moved  bool // read only by rules that the clock evaluates, which moves it on
	Timed  bool // the times of its samples matter
	Stores bool // it stores its samples
	Fluid  bool // what it tells changes with every moment
	Weight int  // what it counts against Config.MaxSamples however many it has; 0: its samples
}

// detectors is 1 for a detector and 0 for a window.
func (w *Window) detectors() int { return min(w.Weight, 1) }

// From says where a Read finds its number.
type From uint8

const (
	FromWindow From = iota // an aggregate of a window
	FromAge                // seconds since the key's last sample
	FromField              // a field's last value ever
	FromHour               // of the time, in Config.Zone
	FromWeekday
	FromText // no number: a text that rules compare
)

// A Read is a number that a row or a rule asks for.
type Read struct {
	From   From
	Window int  // FromWindow: index into Config.Windows
	Agg    int  // FromWindow: index into what it gives
	Count  bool // FromWindow: the count, which has a value whatever is needed
	Field  int  // FromField: column of the batch
}

// Config is what a Stream does. All durations are in nanoseconds, 0 is none.
type Config struct {
	Fields     int      // columns of the batch
	Names      []string // of the fields; nil where there is one and it has none
	Keyed      bool
	Clock      Clock
	Hz         clock.Rate
	Zone       *time.Location  // of days and weeks of Every, and of hour and weekday; nil is UTC
	Times      *clock.Resolver // of Batch.East; nil where the times are moments
	Late       int64
	Ahead      int64 // how far a record may be ahead of the newest time; 0 is any
	Back       int64 // how far two records of a key may be older than its newest until its clock was set back; 0: it never is
	Gap        int64
	TTL        int64
	Since      int64    // up to this time neither rows nor alerts; 0: none
	ClosedLeft bool     // windows of a duration are [t−D, t) at boundaries
	LabelStart bool     // a boundary's row bears the boundary before
	Fill       bool     // every boundary has a row for every key
	Expect     []string // keys, as in Batch.Key, that are known from the start
	Every      Every
	Windows    []Window
	First      []int    // the windows of which one must have what it needs for a row
	Columns    []Read   // of a row; none if nobody looks at rows, which are counted only
	Keep       int      // columns of Batch.Text that rows show as they last stood, the first ones
	Kept       []string // their names
	Rules      *rule.Set
	Metrics    []Read // by index of Rules.Metrics
	Texts      []int  // by index of Rules.Texts: column of Batch.Text
	Repeat     int64
	EvalRow    bool // rules are evaluated where a row is written, just before it, and never else
	MaxKeys    int
	MaxSamples int
	Strict     bool // stop at the first bad line
	Show       int  // complaints of each reason that become notes; after them the 10th, 100th, … if it is not 0
	EveryLine  bool // a row or a note for each record and line, whatever is needed or shown
	LastOnly   bool // keep each key's last row and give it at the end
	ByKey      bool // tell where the rows of each key are, of those that are sorted by key anyway

	// Former knows windows of snapshots whose ID no Window has: how one is made, and
	// which of Windows takes its samples, −1 for none. It may be nil.
	Former func(id string) (make func() Accumulator, to int)
}

// Stats counts what has come in.
type Stats struct {
	Lines   int // all lines, blank, bad and header lines too
	Records int // records taken
	Rows    int // rows written
	Skipped [parse.Reasons]int
	Passed  int // lines passed over, as those without a match
	Told    [kindsTold]int
	AfterBy int64 // the most by which a record that came after its row was behind, ns
	Fired   int   // alerts that began
	Firing  int   // alerts that have begun and not ended
	Alerts  int   // changes of alerts, and repetitions
	Keys    int   // keys now held
	Held    int   // samples now held in all windows, with what detectors count for

	Detectors int // now held

	Newest int64 // time of the newest record, ns since the Unix epoch; 0 without a clock and before the first
}

// Bad is the number of lines and values skipped.
func (s *Stats) Bad() int {
	n := 0
	for _, k := range s.Skipped {
		n += k
	}
	return n
}

// A Stream holds the state of a run. Its methods are for one caller at a time.
type Stream struct {
	cfg    Config
	stats  Stats
	res    *Result // what the call in progress fills
	full   Full    // and what it calls
	untold []Note  // of ticks, with Config.EveryLine

	from   parse.Place   // what the schema knew where the snapshot was taken that it goes on from
	origin *parse.Origin // of the block in progress; its Lines are those before the block
	names  []byte        // that a cure of it lists

	table    map[string]*series
	ids      []uint32     // of keys that are forgotten, to be given again
	near     [256]*series // found last; see find
	lacked   []byte       // the key that was looked for last and has no series,
	lacking  bool         // if there is one
	unjudged judged       // of all series without rules,
	unshown  shown        // and of those whose rows show nothing that is kept
	only     *series      // the one series of a stream without keys
	ordered  []*series    // sorted by key; see order
	fresh    []*series    // not yet in ordered
	dead     int          // forgotten ones still in ordered or fresh
	silent   agenda       // by when they were heard last: for ttl
	holding  agenda       // those whose windows of a duration may hold samples, likewise: for sweep
	dues     agenda       // by when the clock evaluates their rules

	clock    int64           // newest time taken; on the wall clock, newest time seen
	started  bool            // a sample has been taken
	calendar *clock.Calendar // of Config.Every.D
	next     int64           // first boundary not yet written
	ticked   int64           // when the clock evaluated rules last
	live     []*series
	ranked   int     // of live are in the order of the keys, the first ones
	left     int64   // 1 with Config.ClosedLeft
	taking   *record // that moves the clock
	ahead    *waiter // a record more than Config.Ahead ahead of the newest time, until the next
	late     waiting
	longest  int64                 // window of a duration
	most     int                   // samples that a record can add to the windows
	ready    bool                  // Setup was called
	stopped  bool                  // Config.Strict met a bad line, or full wants no more
	cures    map[parse.Cure]bool   // that were told
	once     map[parse.Reason]bool // that are told once, and were
	parsed   int                   // records that have come in
	unseen   []int                 // fields that none of them had
	textless []int                 // by index of Rules.Texts: those that none of them had

	asked   []int     // fields of which rules ask the last value ever; cfg.Metrics have indexes into it
	rec     record    // in progress
	seen    []float64 // of the rules' metrics, at the evaluation in progress
	changes []rule.Change
	many    many
	offsets clock.Offsets // of Config.Zone
	cause   *record       // of the row in progress, nil where the clock alone writes it
}

// New makes a Stream that can take bad lines only, until Setup.
func New(cfg Config) *Stream {
	heard := func(se *series) int64 { return se.heard }
	return &Stream{
		cfg: cfg, table: make(map[string]*series), cures: map[parse.Cure]bool{}, once: map[parse.Reason]bool{},
		silent: agenda{time: heard}, holding: agenda{time: heard, slot: 1},
		dues: agenda{time: func(se *series) int64 { return se.due }, slot: 2},
	}
}

// Setup gives the Stream all it needs to take records. What New was given
// about complaints must be the same in cfg.
func (s *Stream) Setup(cfg Config) {
	s.cfg, s.ready = cfg, true
	if cfg.Every.D > 0 {
		s.calendar = clock.NewCalendar(cfg.Every.D, cfg.Zone)
	}
	if cfg.ClosedLeft {
		s.left = 1
	}
	s.seen = make([]float64, len(cfg.Metrics))
	for f := range cfg.Names {
		s.unseen = append(s.unseen, f)
	}
	for f := range cfg.Texts {
		s.textless = append(s.textless, f)
	}
	for i := range cfg.Windows {
		w := &cfg.Windows[i]
		s.longest = max(s.longest, w.Width.D)
		s.most += max(1, w.Weight)
	}
	s.cfg.Metrics = slices.Clone(cfg.Metrics)
	at := map[int]int{}
	for i := range s.cfg.Metrics {
		m := &s.cfg.Metrics[i]
		if m.From != FromField {
			continue
		}
		if _, ok := at[m.Field]; !ok {
			at[m.Field] = len(s.asked)
			s.asked = append(s.asked, m.Field)
		}
		m.Field = at[m.Field]
	}
	s.many = newMany(&s.cfg)
	s.offsets = clock.NewOffsets(cfg.Zone)
}

// Stopped reports whether the stream must take no more.
func (s *Stream) Stopped() bool { return s.stopped }

// Stats returns the counts so far.
func (s *Stream) Stats() Stats {
	st := s.stats
	st.Keys = len(s.table)
	if s.only != nil {
		st.Keys = 1
	}
	if t, ok := s.newest(); ok && (s.cfg.Clock == DataClock || s.cfg.Clock == HzClock) {
		st.Newest = t
	}
	return st
}

// A Full is called whenever a Result is full. It has to be done with the Result
// when it returns, and reports whether it wants more.
type Full func(r *Result) (more bool)

// Take takes the records and bad lines of a batch, in the order of the input,
// and fills r with what they bring; what is left in r is the caller's. It
// reports whether the stream must stop here, because Config.Strict met a bad
// line or full wants no more.
func (s *Stream) Take(b *parse.Block, batch *parse.Batch, r *Result, full Full) (stop bool) {
	s.begin(r, full)
	r.Notes = append(r.Notes, s.untold...)
	s.untold = s.untold[:0]
	s.origin, s.names = b.Origin, batch.Names
	if s.cfg.Times != nil {
		s.cfg.Times.Resolve(batch.Time, batch.East)
	}
	i := 0
	for bads := batch.Bad; len(bads) > 0 && !s.stopped; s.handOn() {
		at, n := bads[0].At, 1
		s.takeGood(b, batch, i, at)
		i = at
		if bads[0].Value {
			for n < len(bads) && bads[n].Value && bads[n].At == at {
				n++
			}
			s.takePartly(b, batch, at, bads[:n])
			i++
		} else if !s.stopped {
			s.skip(s.origin, s.origin.Lines, &bads[0])
		}
		bads = bads[n:]
	}
	s.takeGood(b, batch, i, batch.Len())
	if s.cfg.Clock == WallClock && batch.Len() > 0 {
		s.stats.Newest = b.Read
	}
	b.Take(batch.Lines)
	s.stats.Lines += batch.Lines
	s.stats.Passed += batch.Passed
	s.lookForFields(batch)
	return s.stopped
}

// begin makes r the result of the call in progress.
func (s *Stream) begin(r *Result, full Full) {
	r.reset(len(s.cfg.Columns), s.cfg.Keep)
	s.res, s.full = r, full
}

// handOn empties the result through full if there is much in it.
func (s *Stream) handOn() {
	if !s.res.isFull() || s.stopped {
		return
	}
	s.stopped = !s.full(s.res)
	s.res.reset(len(s.cfg.Columns), s.cfg.Keep)
}

// handOnWithin is handOn while a record is being taken. With Config.EveryLine
// all that it brings has to be in one result.
func (s *Stream) handOnWithin() {
	if !s.cfg.EveryLine {
		s.handOn()
	}
}

// takeGood takes the records from i to end, none of which has a bad value.
func (s *Stream) takeGood(b *parse.Block, batch *parse.Batch, i, end int) {
	for ; i < end && !s.stopped; s.handOn() {
		n := 0
		switch {
		case s.cfg.Late > 0:
			n = s.waitMany(b, batch, i, end)
		case !s.countsBeyond(end - i):
			n = s.takeMany(b, batch, i, end)
		}
		if i += n; n > 0 {
			continue
		}
		rec := s.record(b, batch, i)
		s.arrive(rec)
		i++
	}
}

// countsBeyond reports whether the clock of Config.Hz comes to its end within n
// records.
func (s *Stream) countsBeyond(n int) bool {
	return s.cfg.Clock == HzClock && s.cfg.Hz.At(int64(s.stats.Records+n)) >= clock.End
}

// takePartly takes record i, some of whose values are bad, which is told before
// what it brings. Should the record itself be refused, it is one bad line, for
// the reason that comes first.
func (s *Stream) takePartly(b *parse.Block, batch *parse.Batch, i int, bads []parse.Bad) {
	if s.stopped {
		return
	}
	if s.cfg.Strict {
		s.skip(s.origin, s.origin.Lines, &bads[0])
		return
	}
	rec := s.record(b, batch, i)
	held := s.holdBack(rec)
	if s.stopped {
		return
	}
	if _, bad := s.refusal(rec); bad && !held {
		whole := bads[0]
		whole.Value = false
		s.skip(s.origin, s.origin.Lines, &whole)
		return
	}
	for k := range bads {
		s.skip(s.origin, s.origin.Lines, &bads[k])
	}
	if !held {
		s.admit(rec)
	}
}

// refuse skips a record that the stream cannot take.
func (s *Stream) refuse(rec *record, why parse.Reason) {
	bad := parse.Bad{Line: rec.line, Reason: why}
	by := int64(0)
	if newest, ok := s.newest(); ok && (why == parse.Late || why == parse.Early) {
		by = max(clock.Elapsed(rec.t, newest), clock.Elapsed(newest, rec.t))
	}
	if why == parse.TooManyKeys && s.shows(why) {
		bad.Text = slices.Clone(rec.key[:min(len(rec.key), text.MaxQuote)])
	}
	s.skipBy(rec.origin, 0, &bad, by)
}

// A record is one record on its way to the windows.
type record struct {
	t      int64
	key    []byte
	vals   []float64
	texts  [][]byte // of Config.Texts, nil where there is none
	kept   []parse.Text
	origin *parse.Origin
	line   int // in the origin, from 1
}

// record gathers record i of the batch; it is valid until the next.
func (s *Stream) record(b *parse.Block, batch *parse.Batch, i int) *record {
	rec := &s.rec
	rec.origin, rec.line = s.origin, s.origin.Lines+batch.Line[i]
	rec.vals, rec.texts, rec.kept = rec.vals[:0], rec.texts[:0], rec.kept[:0]
	for _, col := range batch.Col {
		rec.vals = append(rec.vals, col[i])
	}
	for _, col := range s.cfg.Texts {
		rec.texts = append(rec.texts, cutText(batch.Text[col][i].B))
	}
	for c := range s.cfg.Keep {
		rec.kept = append(rec.kept, batch.Text[c][i])
	}
	if s.cfg.Keyed {
		rec.key = batch.Key[i]
	}
	rec.t = s.timeOf(b, batch, i, s.stats.Records+1)
	return rec
}

// timeOf is when record i of a batch stands, the n-th record taken.
func (s *Stream) timeOf(b *parse.Block, batch *parse.Batch, i, n int) int64 {
	switch s.cfg.Clock {
	case DataClock:
		return batch.Time[i]
	case HzClock:
		return s.cfg.Hz.At(int64(n))
	case WallClock:
		return max(b.Read, s.clock)
	}
	return 0
}

// skip counts a bad line or value and notes it while there are few of its
// reason. Its line counts from base.
func (s *Stream) skip(origin *parse.Origin, base int, bad *parse.Bad) { s.skipBy(origin, base, bad, 0) }

// skipBy is skip for what has to do with times: by is how far the record is off.
func (s *Stream) skipBy(origin *parse.Origin, base int, bad *parse.Bad, by int64) {
	counts := int(bad.Reason) < parse.Reasons
	if s.shows(bad.Reason) {
		n := Note{
			Row: s.res.Rows.N, Origin: origin, Line: base + bad.Line,
			Reason: bad.Reason, Value: bad.Value, Text: bad.Text, By: by,
			First: counts && s.stats.Skipped[bad.Reason] == 0,
		}
		if bad.Cure != "" && !s.cures[bad.Cure] {
			s.cures[bad.Cure], n.Cure, n.Names = true, bad.Cure, s.names
		}
		s.res.Notes = append(s.res.Notes, n)
		if !counts {
			s.once[bad.Reason] = true
		}
	}
	if counts {
		s.stats.Skipped[bad.Reason]++
	}
	s.stopped = s.stopped || s.cfg.Strict && counts
}

// soon is the number of records after which it is told that none has a field.
const soon = 1000

// lookForFields notes which fields the records of a batch have, and tells of
// those that none of the first has had. What it says does not depend on how the
// input is cut into batches.
func (s *Stream) lookForFields(batch *parse.Batch) {
	if len(s.unseen) == 0 && len(s.textless) == 0 {
		return
	}
	first := min(batch.Len(), max(0, soon-s.parsed))
	s.see(batch, first)
	if s.parsed < soon && s.parsed+first == soon {
		s.tellUnseen(soon)
	}
	s.see(batch, batch.Len())
	s.parsed += batch.Len()
}

// see strikes off the fields that the first n records of the batch have.
func (s *Stream) see(batch *parse.Batch, n int) {
	s.unseen = slices.DeleteFunc(s.unseen, func(f int) bool { return batch.Has(f, n) })
	s.textless = slices.DeleteFunc(s.textless, func(f int) bool { return batch.HasText(s.cfg.Texts[f], n) })
}

// tellUnseen tells of the fields that none of so many records has had.
func (s *Stream) tellUnseen(records int) {
	if s.cfg.EveryLine || s.cfg.Show == 0 || records == 0 {
		return
	}
	tell := func(field string) {
		s.res.Notes = append(s.res.Notes, Note{Row: s.res.Rows.N, Told: Unseen, Text: []byte(field), By: int64(records)})
	}
	for _, f := range s.unseen {
		tell(s.cfg.Names[f])
	}
	for _, f := range s.textless {
		tell(s.cfg.Rules.Texts[f])
	}
}

// shows reports whether the next complaint of a reason becomes a note.
func (s *Stream) shows(why parse.Reason) bool {
	switch {
	case s.cfg.EveryLine:
		return why != parse.Uneven && why != parse.Unmeasured
	case why == parse.Uneven || why == parse.Unmeasured:
		return s.cfg.Show > 0 && !s.once[why]
	}
	return int(why) < parse.Reasons && s.worthTelling(s.stats.Skipped[why])
}

// worthTelling reports whether something is told that has happened n times before:
// the first times, and then the 10th, 100th, 1000th and so on, so that a run of
// months goes on telling.
func (s *Stream) worthTelling(n int) bool {
	if n < s.cfg.Show || s.cfg.Show == 0 {
		return n < s.cfg.Show
	}
	return num.IsPow10(n + 1)
}

// tell tells something of a record that is used all the same; rec may be nil.
func (s *Stream) tell(what Told, rec *record, by int64) {
	n := s.stats.Told[what]
	if s.stats.Told[what]++; what == AfterRow {
		s.stats.AfterBy = max(s.stats.AfterBy, by)
	}
	if s.cfg.EveryLine || !s.worthTelling(n) {
		return
	}
	note := Note{Row: s.res.Rows.N, Told: what, By: by, First: n == 0}
	if rec != nil {
		note.Origin, note.Line = rec.origin, rec.line
	}
	s.res.Notes = append(s.res.Notes, note)
}
