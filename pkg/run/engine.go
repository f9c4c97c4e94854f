package run

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"rtda/pkg/clock"
	"rtda/pkg/num"
	"rtda/pkg/parse"
	"rtda/pkg/stream"
)

// An Engine is what is inside a run: it takes lines and gives rows and alerts, and
// whoever has it sees to where they come from, where they go and what time it is.
// The same calls bring the same bytes.
type Engine struct {
	// What the calls have brought since whoever has the Engine emptied them: rows,
	// alerts as objects of --alert-format json, and complaints.
	Rows, Alerts, Notes []byte

	o      *Options
	schema *parse.Schema
	parser *parse.Parser
	stream *stream.Stream
	origin *parse.Origin
	block  parse.Block
	batch  parse.Batch
	result stream.Result
	output output
	full   stream.Full
}

// NewEngine makes an Engine whose input is called name. The flags must say all
// about the input: what would be chosen by its first record is an error.
func NewEngine(options *Options, name string) (*Engine, error) {
	o := *options
	schema, _, err := o.newSchema()
	if err != nil {
		return nil, err
	}
	e := &Engine{o: &o, schema: schema, origin: &parse.Origin{Name: name}}
	if !e.schema.Known() {
		return nil, Usage(errors.New("the flags must say which fields are measured: add -f"))
	}
	nowhere := newWriter("", io.Discard, nil)
	f := &filter{o: &o, stderr: nowhere, alerts: nowhere, display: &display{}}
	p, err := f.plan(e.schema)
	if err != nil {
		return nil, err
	}
	alerts := *p.actionJSON
	alerts.Files = true
	p.alerts = &alerts
	e.output.plan, e.output.formatter = p, p.formatter()
	e.parser, e.stream = parse.NewParser(e.schema), stream.New(f.complaints())
	e.stream.Setup(p.stream)
	e.full = e.take
	return e, nil
}

// take puts what a Result has to the rest.
func (e *Engine) take(r *stream.Result) bool {
	e.output.format(r, e.output.plan)
	e.Rows = append(e.Rows, e.output.rows...)
	e.Alerts = append(e.Alerts, e.output.alerts...)
	e.Notes = append(e.Notes, e.output.notes...)
	return true
}

// Take takes lines that came at the time now, in ns since the Unix epoch. What is
// told of them says that they are line at of the input. The last one may lack its
// end. The lines are not kept.
func (e *Engine) Take(lines []byte, at int, now int64) error {
	e.origin.Lines = at - 1
	e.block.Origin, e.block.Data, e.block.Read = e.origin, lines, now
	if err := e.schema.Enter(&e.block); err != nil {
		return ofOrigin(e.origin, err)
	}
	e.parser.Parse(&e.block, &e.batch)
	for i := range e.batch.Line {
		e.batch.Line[i] = 1
	}
	for i := range e.batch.Bad {
		e.batch.Bad[i].Line = 1
	}
	e.stream.Take(&e.block, &e.batch, &e.result, e.full)
	e.take(&e.result)
	return nil
}

// Tick says that it is now, where the clock is that of the wall.
func (e *Engine) Tick(now int64) {
	if e.GoesByTheWall() {
		e.stream.Tick(now, &e.result, e.full)
		e.take(&e.result)
	}
}

// Warning is what is to be told of the flags, or "".
func (e *Engine) Warning() string { return e.o.neverFull() }

// GoesByTheWall reports whether the time is that at which lines come.
func (e *Engine) GoesByTheWall() bool { return e.o.Clock == stream.WallClock }

// Discard empties what the calls have brought.
func (e *Engine) Discard() { e.Rows, e.Alerts, e.Notes = e.Rows[:0], e.Alerts[:0], e.Notes[:0] }

// Stats are the counts so far.
func (e *Engine) Stats() stream.Stats { return e.stream.Stats() }

// AppendSnapshot appends all that later output depends on.
func (e *Engine) AppendSnapshot(dst []byte) []byte {
	dst = appendFlags(dst, e.o.fixedFlags())
	return e.stream.Append(dst, e.schema, []*parse.Origin{e.origin})
}

// Restore makes a new Engine go on from a snapshot. What is there afterwards are the
// alerts of rules that are gone, resolved; told is what begins anew. The error is
// one of the command line: another version of rtda wrote the snapshot, or one with
// flags that must stay as they are.
func (e *Engine) Restore(b []byte) (told []string, err error) {
	d := num.NewDecoder(b)
	flags := readFlags(d)
	if err := d.Err(); err != nil {
		return nil, Usage(err)
	}
	if err := e.o.fits(flags); err != nil {
		return nil, Usage(err)
	}
	sn, err := stream.ReadSnapshot(b[len(b)-d.Len():], e.schema)
	if err != nil {
		return nil, Usage(err)
	}
	restored, err := e.stream.Restore(sn)
	if err == nil && len(sn.Origins) != 1 {
		err = num.ErrDamaged
	}
	if err != nil {
		return nil, Usage(err)
	}
	e.origin = sn.Origins[0]
	told = e.output.plan.goOn(restored)
	e.result.Notes = restored.Ended
	e.take(&e.result)
	return told, nil
}

// Flags are all flags on which the output depends, each in one form, so that two
// runs of the same flags bring the same. Those that stay as they are over a snapshot
// come first; fixed is their number.
func (o *Options) Flags() (all [][2]string, fixed int) {
	for _, f := range o.fixedFlags() {
		all = append(all, [2]string{f.Name, f.Value})
	}
	fixed = len(all)
	var paths, rules []string
	for _, name := range o.Fields {
		if path, ok := o.Paths[name]; ok {
			paths = append(paths, name+"="+path)
		}
	}
	for _, r := range o.Rules {
		rules = append(rules, strings.TrimSpace(r.Text))
	}
	add := func(name string, value any) { all = append(all, [2]string{name, fmt.Sprint(value)}) }
	add("-f", strings.Join(paths, ","))
	add("-a", strings.Join(namesOf(o.Aggs), ","))
	add("-r", strings.Join(rules, "\n"))
	add("--keep", strings.Join(o.Keep, ","))
	add("--expect", strings.ReplaceAll(strings.Join(o.Expect, ","), string([]byte{parse.KeySep}), "/"))
	add("--repeat", clock.Duration(int64(o.Repeat)))
	add("--fill", o.Fill)
	add("--label", map[bool]string{false: "end", true: "start"}[o.LabelStart])
	add("--since", o.Since)
	add("--near", o.Near)
	add("--on-error", o.OnError)
	add("--max-line", o.MaxLine)
	add("--max-keys", o.MaxKeys)
	add("--max-samples", o.MaxSamples)
	add("-o", o.Out)
	add("-p", o.Precision)
	add("--measurement", o.Measurement)
	add("--alert-format", o.AlertFormat)
	return all, fixed
}
