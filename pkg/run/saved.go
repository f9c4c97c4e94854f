package run

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"rtda/pkg/clock"
	"rtda/pkg/num"
	"rtda/pkg/parse"
	"rtda/pkg/state"
	"rtda/pkg/stream"
	"rtda/pkg/text"
)

// A saved is a state as it is kept, apart from what the stream knows.
type saved struct {
	At      int64 // ns since the epoch
	Version string
	Flags   []flagText
	Heard   bool // lines came from addresses too, which cannot be read again
	Counts  Counts
	Inputs  []savedFile
	Outputs []savedFile
	Stream  []byte
}

// Counts are what `rtda state` shows of a state.
type Counts struct{ Lines, Keys, Samples, Firing, Alerts int }

// A flagText is a flag that must stay as it is, and its value in one form.
type flagText struct{ Name, Value string }

func appendFlags(dst []byte, flags []flagText) []byte {
	dst = num.AppendUint(dst, uint64(len(flags)))
	for _, f := range flags {
		dst = num.AppendText(num.AppendText(dst, f.Name), f.Value)
	}
	return dst
}

func readFlags(d *num.Decoder) (flags []flagText) {
	for range d.Count(2) {
		flags = append(flags, flagText{d.Text(), d.Text()})
	}
	return flags
}

// A savedFile is a file that is read or appended to, and where in it the state is.
type savedFile struct {
	Name     string
	Can      bool  // it is a file
	Line     int   // lines taken
	Packed   bool  // it is unpacked as it is read
	Unpacked int64 // the place in what it holds then; that of the Position is the file's end
	Cut      bool  // it is followed, and was made empty since
	Begun    int64 // when following it began, ns since the epoch
	state.Position

	origin  *parse.Origin  // of an input
	file    *os.File       // nil: the Position is known
	reading *state.Reading // of an input; nil: nothing
}

// append appends all but what the stream knows, which comes last.
func (s *saved) append(dst []byte) []byte {
	dst = num.AppendText(num.AppendInt(dst, s.At), s.Version)
	dst = num.AppendBool(appendFlags(dst, s.Flags), s.Heard)
	for _, n := range s.Counts.all() {
		dst = num.AppendInt(dst, int64(*n))
	}
	for _, files := range [][]savedFile{s.Inputs, s.Outputs} {
		dst = num.AppendUint(dst, uint64(len(files)))
		for _, f := range files {
			dst = num.AppendBool(num.AppendText(dst, f.Name), f.Can)
			dst = num.AppendBool(num.AppendInt(dst, int64(f.Line)), f.Packed)
			dst = num.AppendBool(num.AppendInt(dst, f.Unpacked), f.Cut)
			dst = num.AppendInt(dst, f.Begun)
			dst = f.AppendState(dst)
		}
	}
	return num.AppendUint(dst, uint64(len(s.Stream)))
}

func (c *Counts) all() []*int {
	return []*int{&c.Lines, &c.Keys, &c.Samples, &c.Firing, &c.Alerts}
}

func readSaved(b []byte) (*saved, error) {
	d := num.NewDecoder(b)
	s := &saved{At: d.Int(), Version: d.Text(), Flags: readFlags(d), Heard: d.Bool()}
	for _, n := range s.Counts.all() {
		*n = int(d.Int())
	}
	for _, files := range []*[]savedFile{&s.Inputs, &s.Outputs} {
		for range d.Count(11) {
			f := savedFile{Name: d.Text(), Can: d.Bool(), Line: int(d.Int()), Packed: d.Bool(), Unpacked: d.Int(), Cut: d.Bool(), Begun: d.Int()}
			if f.Position = state.ReadPosition(d); f.Line < 0 || f.Unpacked < 0 {
				d.Fail()
			}
			*files = append(*files, f)
		}
	}
	s.Stream = d.Bytes()
	return s, d.Finish()
}

// fits reports whether the flags that must stay as they are have done so.
func (o *Options) fits(before []flagText) error {
	now := o.fixedFlags()
	for i, f := range before {
		if i >= len(now) || now[i].Name != f.Name {
			return stream.ErrVersion
		}
		if now[i].Value != f.Value {
			was, is := "with "+f.Name+" "+shownValue(f.Value), "with "+shownValue(now[i].Value)
			if f.Value == "" {
				was = "without " + f.Name
			} else if now[i].Value == "" {
				is = "without"
			}
			return fmt.Errorf("it was made %s, and cannot go on %s: give the flag as it was, or another --state", was, is)
		}
	}
	return nil
}

func shownValue(s string) string {
	if strings.ContainsAny(s, " \t\n") {
		return fmt.Sprintf("%q", s)
	}
	return s
}

// fixedFlags are the flags on which the meaning of a state depends.
func (o *Options) fixedFlags() []flagText {
	d := func(d time.Duration) string { return clock.Duration(int64(d)) }
	list := func(all []string) string { return strings.Join(all, ",") }
	var windows []string
	for _, w := range o.Windows {
		text := w.Text
		if w.D > 0 {
			text = clock.Duration(w.D)
		}
		windows = append(windows, text)
	}
	every := o.EveryText
	if o.Every.D > 0 {
		every = clock.Duration(o.Every.D)
	}
	time := o.TimeField
	if o.TimeField2 != "" {
		time += "+" + o.TimeField2
	}
	if o.TimeFormat != "" {
		time += ":" + o.TimeFormat
	}
	if o.Clock == stream.WallClock && time == "" {
		time = "now"
	}
	match := ""
	if o.Match != nil {
		match = o.Match.String()
	}
	warmup := fmt.Sprint(o.Warmup)
	if o.WarmupFull {
		warmup = "full"
	}
	closed := "right"
	if o.ClosedLeft {
		closed = "left"
	}
	return []flagText{
		{"-i", o.In}, {"-f", list(o.Fields)}, {"-k", list(o.Keys)}, {"-t", time}, {"--hz", o.HzText}, {"--tz", o.ZoneText},
		{"-w", list(windows)}, {"-n", every}, {"--gap", d(o.Gap)}, {"--late", d(o.Late)}, {"--ahead", d(o.Ahead)}, {"--back", d(o.Back)},
		{"--ttl", d(o.TTL)}, {"--warmup", warmup}, {"--ddof", fmt.Sprint(o.DDof)}, {"--closed", closed}, {"--coerce", fmt.Sprint(o.Coerce)},
		{"--units", fmt.Sprint(o.Units)}, {"--missing", list(o.Missing)}, {"--names", list(o.Names)}, {"--sep", string(rune(cmp.Or(o.Sep, ',')))},
		{"--decimal", string(rune(cmp.Or(o.Decimal, '.')))}, {"--match", match}, {"-z", fmt.Sprint(o.NUL)}, {"--eval", o.Eval},
	}
}

// ShowState writes what is in a FILE of --state.
func ShowState(name string, asJSON bool, dst io.Writer) error {
	b, err := state.Read(state.Disk{}, name)
	if err == nil && b == nil {
		err = fmt.Errorf("%s: there is no state in it", name)
	}
	if err != nil {
		return Usage(err)
	}
	s, err := readSaved(b)
	if err != nil {
		return Usage(fmt.Errorf("%s: %w", name, err))
	}
	if asJSON {
		return json.NewEncoder(dst).Encode(s.shown())
	}
	return s.text(dst)
}

// shownState is a state as JSON shows it.
type shownState struct {
	Saved   string            `json:"saved"`
	Version string            `json:"version"`
	Flags   map[string]string `json:"flags"`
	Inputs  []shownFile       `json:"inputs"`
	Keys    int               `json:"keys"`
	Samples int               `json:"samples"`
	Firing  int               `json:"firing"`
	Seq     int               `json:"seq"`
}

type shownFile struct {
	File   string `json:"file"`
	Offset *int64 `json:"offset"` // null for a pipe
	Line   int    `json:"line"`
}

func (s *saved) shown() shownState {
	v := shownState{
		Saved: string(clock.AppendTime(nil, s.At, nil)), Version: s.Version, Flags: map[string]string{}, Inputs: []shownFile{},
		Keys: s.Counts.Keys, Samples: s.Counts.Samples, Firing: s.Counts.Firing, Seq: s.Counts.Alerts,
	}
	for _, f := range s.Flags {
		v.Flags[f.Name] = f.Value
	}
	for _, in := range s.Inputs {
		f := shownFile{File: in.Name, Line: in.Line}
		if f.File == "" {
			f.File = "-"
		}
		if in.Can {
			if f.Offset = &in.Offset; in.Packed {
				f.Offset = &in.Unpacked
			}
		}
		v.Inputs = append(v.Inputs, f)
	}
	return v
}

func (s *saved) text(dst io.Writer) error {
	v := s.shown()
	var b strings.Builder
	line := func(name string, value any) { fmt.Fprintf(&b, "%-8s %v\n", name, value) }
	line("saved", v.Saved)
	line("version", v.Version)
	var flags []string
	for _, f := range s.Flags {
		if f.Value != "" {
			flags = append(flags, f.Name+" "+shownValue(f.Value))
		}
	}
	line("flags", strings.Join(flags, " "))
	for _, in := range v.Inputs {
		where := fmt.Sprintf("%s line %d", text.FileName(in.File), in.Line)
		if in.Offset != nil {
			where += fmt.Sprintf(" offset %d", *in.Offset)
		}
		line("input", where)
	}
	line("keys", v.Keys)
	line("samples", v.Samples)
	line("firing", v.Firing)
	line("seq", v.Seq)
	_, err := io.WriteString(dst, b.String())
	return err
}
