package run

import (
	"regexp"
	"slices"
	"time"

	"rtda/pkg/agg"
	"rtda/pkg/clock"
	"rtda/pkg/rule"
	"rtda/pkg/socket"
	"rtda/pkg/stream"
)

// What to do about bad lines.
const (
	OnErrorSkip   = "skip"
	OnErrorFail   = "fail"
	OnErrorIgnore = "ignore"
)

// A Window is a window of -w.
type Window struct {
	agg.Width
	Text string // as the user wrote it
}

// Options is what a run is to do: the flags of the command line, read and
// checked. Durations are 0 where there is none.
type Options struct {
	Files []string // none: stdin

	In         string
	Fields     []string
	Paths      map[string]string // where fields stand that go by another name
	Keys       []string
	Keep       []string
	Names      []string // of columns without a header
	Match      *regexp.Regexp
	Coerce     bool
	Missing    []string
	Units      bool
	Sep        byte // 0: a comma
	Decimal    byte // 0: a point
	NUL        bool
	OnError    string // skip, fail or ignore
	MaxLine    int
	MaxKeys    int
	MaxSamples int

	Clock      stream.Clock
	ClockWhy   string // the flag that asks for the clock, "" where there is none
	TimeField  string // "": DataClock is the timestamp of the lines (influx)
	TimeField2 string // of the second part of the time, behind a blank; or ""
	TimeFormat string
	Zone       *time.Location // of times that name none; nil is UTC
	ZoneText   string         // as the user wrote it
	Near       int64          // where the first time without its year or date belongs, ns
	Hz         clock.Rate
	HzText     string
	Late       time.Duration
	Ahead      time.Duration
	Back       time.Duration
	TTL        time.Duration
	Since      int64 // ns since the Unix epoch; 0: none

	Windows    []Window
	Gap        time.Duration
	ClosedLeft bool
	LabelStart bool
	Fill       bool
	Expect     []string // keys as in parse.Batch.Key
	Every      stream.Every
	EveryText  string
	Warmup     int
	WarmupFull bool // Warmup is 1 then, and means windows that are no counts
	Aggs       []Aggregate
	DDof       int

	Rules       []rule.Source
	Alerts      string // FILE, or "" for stderr
	AlertFormat string // text or json
	Repeat      time.Duration
	Eval        string // when rules are evaluated: sample, row
	Exec        string
	ExecTimeout time.Duration
	ExitStatus  bool

	Out           string
	Precision     int // 0: the format's own
	Measurement   string
	Width, Height int // of a panel of a picture, in dots
	Color         string
	Jobs          int

	Follow bool // what is appended to the FILEs is read too
	Tail   int  // lines before their ends at which reading begins; -1: all

	State string // the FILE of --state
	Save  time.Duration

	Listen         []socket.Address // where the input comes from
	ListenText     []string         // as the user wrote them
	MaxConnections int

	Version    string // of the program, where it is shown or stored
	Live       bool
	HTTP       *socket.Address // nil: no page
	HTTPText   string          // as the user wrote it
	HTTPToken  string          // "": nobody has to know one
	HTTPOpen   bool            // everybody may look, also from other machines
	HTTPHosts  []string
	Hold       string // auto, yes or no
	History    time.Duration
	HistoryAll bool

	OneToOne     bool
	StderrPrefix string // telegraf or ""
	Progress     string // auto, always or never
}

// HasColumns reports whether the input has columns, which have names.
func (o *Options) HasColumns() bool { return o.In == "csv" || o.In == "tsv" || o.In == "cols" }

// HasHeaders reports whether columns have their names from the first line.
func (o *Options) HasHeaders() bool { return o.HasColumns() && len(o.Names) == 0 }

// ListensUDP reports whether datagrams are input.
func (o *Options) ListensUDP() bool {
	return slices.ContainsFunc(o.Listen, func(a socket.Address) bool { return a.Scheme == "udp" })
}

// ImplyClock turns the wall clock on if there is no clock yet, because of why.
func (o *Options) ImplyClock(why string) {
	if o.Clock == stream.NoClock {
		o.Clock, o.ClockWhy = stream.WallClock, why
	}
}
