package stream

import (
	"rtda/pkg/parse"
	"rtda/pkg/rule"
)

// A Key is one value of the key fields. Keys held at the same time have
// different IDs, as small as can be; that of a key which has been forgotten is
// given to another, which is another *Key.
type Key struct {
	ID    uint32
	Parts []string // a text a key field, decoded
}

// Rows are rows of the output in columns. NaN is a value that does not exist;
// infinities never occur.
type Rows struct {
	N     int            // rows
	Time  []int64        // ns since the Unix epoch; empty without a clock
	Key   []*Key         // empty without keys
	Kept  [][]parse.Text // a column a field of --keep; empty where there are none
	Col   [][]float64    // a column a column of the output
	First bool           // holds the first row ever written (csv writes its header before it)
	ByKey []ByKey        // with Config.ByKey: where rows that follow each other are sorted by key

	groups []Group
	order  []int32
}

// ByKey are the rows from one to another, key by key in the order of the first row
// of each.
type ByKey struct {
	From, To int
	Groups   []Group
}

// A Group is the rows of one key.
type Group struct {
	Key *Key    // nil without keys
	At  []int32 // which rows, in their order, counted from ByKey.From
}

// A Note is something to tell beside the rows: a line or value that was
// skipped, or a change of an alert.
type Note struct {
	Row    int           // rows of the Result that were written before it
	Origin *parse.Origin // of the line; nil where the clock alone did it
	Line   int           // in the Origin, from 1; 0 where the clock alone did it
	Alert  *Alert        // nil: a complaint, or Told
	Told   Told
	Reason parse.Reason
	Value  bool       // of a complaint: only one value was skipped
	Text   []byte     // of a complaint: quoted from the data, may be nil
	Cure   parse.Cure // of a complaint: what helps, if that was not told before
	Names  []byte     // of a Cure: see parse.Batch
	First  bool       // of a complaint: the first for its reason; or the first that is Told so
	By     int64      // ns, of what has to do with times; boundaries, of Unfilled
}

// Told is what is to be told though nothing was skipped.
type Told uint8

const (
	Nothing  Told = iota
	AfterRow      // a record came after the row of its boundary was written, by so much behind the newest time
	Jumped        // the newest time is more than a year ahead of the one before
	Ahead         // a record is taken that is more than Config.Ahead ahead of the newest time
	SetBack       // the clock of a key was set back
	Emptied       // a record is so far behind the clock that windows which it reaches had been emptied to make room
	Unfilled      // boundaries got no rows of empty windows: too many in a row
	Unseen        // none of By records has had the field that is Text
	kindsTold
)

// An Alert is a change of a rule's state with what was seen at it.
type Alert struct {
	rule.Change
	Key    *Key      // nil without keys
	Time   int64     // ns since the Unix epoch, where there is a clock
	Seq    int       // its number among all alerts, from 1
	Values []float64 // of the rule's metrics, in the order of rule.Rule.Metrics; NaN is none
	Texts  [][]byte  // of those that are texts, in their places; nil where none is
}

// A Result is what a block, a tick or the end of the input brings, or a part of
// it. Its slices are used again when the stream has more, and by the next call
// that fills it.
type Result struct {
	Rows  Rows
	Notes []Note
	text  int // bytes of kept fields
}

// A Result is full with so many rows, cells, notes or bytes of kept fields, and a
// little more. What a block brings is best formatted at once, when the stream has
// been left: so there is room for the rows of a block of numbers or of csv.
const (
	maxRows  = 8192
	maxCells = 64 << 10
	maxNotes = 1024
	maxText  = 1 << 20 // bytes of kept fields
)

func (r *Result) isFull() bool {
	return r.Rows.N >= maxRows || r.text >= maxText || r.Rows.N*len(r.Rows.Col) >= maxCells || len(r.Notes) >= maxNotes
}

// reset empties r for rows of the given number of columns and keeps its room.
func (r *Result) reset(columns, kept int) {
	r.Notes = r.Notes[:0]
	rows := &r.Rows
	rows.N, rows.First = 0, false
	rows.Time, rows.Key = rows.Time[:0], rows.Key[:0]
	rows.ByKey, rows.groups, rows.order = rows.ByKey[:0], rows.groups[:0], rows.order[:0]
	if len(rows.Col) != columns {
		rows.Col = make([][]float64, columns)
	}
	for c := range rows.Col {
		rows.Col[c] = rows.Col[c][:0]
	}
	if len(rows.Kept) != kept {
		rows.Kept = make([][]parse.Text, kept)
	}
	for c := range rows.Kept {
		rows.Kept[c] = rows.Kept[c][:0]
	}
	r.text = 0
}

// isReady reports whether a key may give a row at time t: one of its first
// windows then holds what it needs.
func (s *Stream) isReady(se *series, t int64) bool {
	if s.cfg.EveryLine {
		return true
	}
	for _, i := range s.cfg.First {
		if w := se.window(i); w != nil && w.Len()-w.Stale(t) >= s.cfg.Windows[i].Need {
			return true
		}
	}
	return s.cfg.Fill
}

// silentUpTo reports whether nothing comes of what is seen at time t but what
// windows, rules and detectors then know.
func (s *Stream) silentUpTo(t int64) bool { return s.cfg.Since != 0 && t <= s.cfg.Since }

// writeIfReady writes the row of a key at the time of its last sample, if it may
// give one.
func (s *Stream) writeIfReady(se *series, t int64) {
	if se.since = 0; s.isReady(se, t) {
		s.writeRow(se, t, t)
	}
}

// writeRow appends the row of a key at time t; label is the time that it bears.
func (s *Stream) writeRow(se *series, t, label int64) {
	if s.cfg.EvalRow {
		s.evaluate(se, t, s.cause)
	}
	if s.silentUpTo(t) {
		return
	}
	if s.cfg.LastOnly {
		s.ownShown(se)
		se.row, se.rowAt = se.row[:0], label
		for i := range s.cfg.Columns {
			se.row = append(se.row, s.read(se, &s.cfg.Columns[i], t))
		}
		return
	}
	rows := s.addRow(se, label)
	kept := se.kept
	if s.cause != nil { // the row of a sample
		kept = s.cause.kept
	}
	for i := range rows.Kept {
		t := parse.Text{}
		if kept != nil {
			t = kept[i]
		}
		rows.Kept[i] = append(rows.Kept[i], t)
		s.res.text += len(t.B)
	}
	for i := range s.cfg.Columns {
		rows.Col[i] = append(rows.Col[i], s.read(se, &s.cfg.Columns[i], t))
	}
}

// addRow begins a row of the result; its columns are the caller's to fill.
func (s *Stream) addRow(se *series, t int64) *Rows {
	rows := &s.res.Rows
	s.addRows(1)
	if s.cfg.Clock != NoClock {
		rows.Time = append(rows.Time, t)
	}
	if s.cfg.Keyed {
		rows.Key = append(rows.Key, se.key)
	}
	return rows
}

// addRows counts n more rows of the result.
func (s *Stream) addRows(n int) {
	s.res.Rows.First = s.res.Rows.First || s.stats.Rows == 0 && n > 0
	s.res.Rows.N += n
	s.stats.Rows += n
}

// finish writes what a key has not yet shown, when no more of it will come; with
// fill the row of the next boundary in any case.
func (s *Stream) finish(se *series, fill bool) {
	t := se.last
	if s.cfg.Every.D > 0 {
		if t = s.next; se.behind {
			s.catchUp(se, t-s.left, nil)
		}
		if (se.since > 0 || fill) && t > se.boundary {
			s.boundaryRow(se, t, fill)
		}
	} else if se.since > 0 {
		s.writeIfReady(se, t)
	}
}

// End fills r with what the end of the input brings: the records that still
// wait, and a row of each key with samples since its last one, at the next
// boundary or, without boundaries, at the time of its own last sample. The last
// rows of Config.LastOnly stay in one Result, which they overfill.
func (s *Stream) End(r *Result, full Full) {
	s.begin(r, full)
	if h := s.ahead; h != nil {
		s.ahead = nil
		s.admitHeld(h)
	}
	s.release(true)
	for _, se := range s.order() {
		s.refuseHeld(se)
		s.finish(se, s.cfg.Fill)
		s.handOnWithin()
	}
	s.tellUnseen(s.parsed)
	if !s.cfg.LastOnly {
		return
	}
	for _, se := range s.order() {
		if se.row == nil {
			continue
		}
		rows := s.addRow(se, se.rowAt)
		for c, x := range se.row {
			rows.Col[c] = append(rows.Col[c], x)
		}
	}
}
