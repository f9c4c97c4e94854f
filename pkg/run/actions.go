package run

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"rtda/pkg/clock"
	"rtda/pkg/num"
	"rtda/pkg/stream"
	"rtda/pkg/text"
)

const (
	maxRunning = 4    // actions that run at once
	maxWaiting = 4096 // actions that wait for one of them to end

	// afterlife is how long an action's pipes are served after its shell has
	// ended, should what it left behind hold them open, and how long what was
	// killed may take to die.
	afterlife = time.Second
)

// Actions run the command of --exec, once for each alert. Whoever starts one
// never waits: what finds no room is dropped and counted.
//
// An action is done when its shell has ended. What the shell leaves behind in
// the background lives on; what is killed is killed with its process group.
type Actions struct {
	command string
	timeout time.Duration // 0: none
	stderr  io.Writer     // nil: nowhere
	tell    func(string)  // writes a line of rtda's own
	most    int           // maxWaiting, less in tests
	environ []string      // what rtda itself was given
	after   time.Duration // afterlife, less in tests

	mu       sync.Mutex
	less     *sync.Cond // running or starting has gone down, or gone is set
	running  int        // runners; each runs an action or looks for the next
	starting int        // of them, those whose process is being started
	waiting  []action   // in the order they came
	procs    map[*exec.Cmd]*ending
	stopped  bool // nothing starts any more
	killed   bool // what still starts is killed
	gone     bool // what is still running is not waited for
	tally    tally
}

// An action is one run of the command that is yet to come. It makes what the
// command gets only when its time has come: thousands may wait.
type action func() (json []byte, env []string)

// A tally counts what became of actions.
type tally struct {
	asked, ok, failed, timedOut, killed, dropped int
	cause                                        error // why the first that could not even start could not
}

// An ending says why a process was killed by us.
type ending struct {
	timedOut, killed bool
	timer            *time.Timer // kills it when its time is over; nil: never
}

// NewActions is newActions, or the error that an action could not open its files.
func NewActions(command string, timeout time.Duration, stderr io.Writer, tell func(string)) (*Actions, error) {
	if err := ReserveFiles(actionFiles); err != nil {
		return nil, Usage(fmt.Errorf("--exec: actions need some open files: %s (see ulimit -n)", Reason(err)))
	}
	return newActions(command, timeout, stderr, tell), nil
}

// newActions runs `sh -c command`. What it prints goes to stderr: straight
// into it if that is a file, else line by line through Write, which must then
// be safe to call from several goroutines, as tell must.
func newActions(command string, timeout time.Duration, stderr io.Writer, tell func(string)) *Actions {
	if stderr == io.Discard {
		stderr = nil
	}
	a := &Actions{
		command: command, timeout: timeout, stderr: stderr, tell: tell, most: maxWaiting,
		environ: withoutNotify(os.Environ()), after: afterlife, procs: map[*exec.Cmd]*ending{},
	}
	a.less = sync.NewCond(&a.mu)
	return a
}

// actionFiles is how many files are open while an action starts.
const actionFiles = 12

// ReserveFiles finds out whether n more files can be open at once, and lets Go's
// runtime open the two that it needs for its own waiting: it ends the process with
// a dump where it cannot have them.
func ReserveFiles(n int) error {
	syscall.ForkLock.RLock() // no command that starts meanwhile inherits them
	err := holdFiles(n)
	syscall.ForkLock.RUnlock()
	if err != nil {
		return err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	return errors.Join(r.Close(), w.Close())
}

func holdFiles(n int) error {
	for range n {
		file, err := syscall.Dup(0)
		if err != nil {
			return err
		}
		defer syscall.Close(file)
	}
	return nil
}

// admit says whether there is room for one more action; if there is none it
// counts one as dropped, which costs some 20 ns and allocates nothing. It holds
// until the same goroutine calls start.
func (a *Actions) admit() bool {
	a.mu.Lock()
	if !a.stopped && (a.running < maxRunning || len(a.waiting) < a.most) {
		a.mu.Unlock()
		return true
	}
	defer a.mu.Unlock()
	a.tally.asked++
	if a.stopped {
		a.tally.dropped++
	} else {
		a.countTold(&a.tally.dropped, func() string { return fmt.Sprintf("dropped: %d are waiting", a.most) })
	}
	return false
}

// start runs the command, now or when there is a runner for it.
func (a *Actions) start(next action) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.tally.asked++
	if a.running < maxRunning {
		a.running++
		go a.work(next)
		return
	}
	a.waiting = append(a.waiting, next)
}

// work runs the action and then those that wait, until none does.
func (a *Actions) work(next action) {
	for {
		a.run(next)
		a.mu.Lock()
		if len(a.waiting) == 0 {
			a.running--
			a.less.Broadcast()
			a.mu.Unlock()
			return
		}
		next = a.waiting[0]
		a.waiting[0] = nil
		a.waiting = a.waiting[1:]
		a.mu.Unlock()
	}
}

// Do runs the command for an alert that is an object of --alert-format json, and
// returns when it has ended.
func (a *Actions) Do(alert []byte) {
	a.mu.Lock()
	a.tally.asked++
	a.running++
	a.mu.Unlock()
	a.run(func() ([]byte, []string) { return alert, alertEnv(alert) })
	a.mu.Lock()
	defer a.mu.Unlock()
	a.running--
	a.less.Broadcast()
}

func (a *Actions) put(o *output) error {
	for i := range o.result.Notes {
		if o.result.Notes[i].Alert != nil && a.admit() {
			plan, note := o.plan, o.result.Notes[i]
			a.start(func() ([]byte, []string) {
				object := plan.actionJSON.AppendNote(nil, &note)
				return object, append(alertEnv(object), "RTDA_VALUE="+firstValue(note.Alert))
			})
		}
	}
	return nil
}

// close waits until all actions have ended, or are given up.
func (a *Actions) close() error {
	a.wait()
	return nil
}

// run runs one action to its end.
func (a *Actions) run(next action) {
	cmd := exec.Command("sh", "-c", a.command)
	json, env := next()
	cmd.Env = append(a.environ[:len(a.environ):len(a.environ)], env...)
	cmd.Stdin = bytes.NewReader(json)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = a.after
	switch w := a.stderr.(type) {
	case nil:
	case *os.File: // no pipe, so nobody can hold one open
		cmd.Stdout, cmd.Stderr = w, w
	default:
		lines := &lineWriter{w: w}
		defer lines.end()
		cmd.Stdout, cmd.Stderr = lines, lines
	}
	why := a.begin(cmd)
	if why == nil {
		return
	}
	// Its error may also tell of pipes; only what the shell said counts.
	_ = cmd.Wait()
	a.count(cmd, why)
}

// begin starts the process, which can be killed from then on, and sees to its
// timeout. It is nil where the process was not started.
func (a *Actions) begin(cmd *exec.Cmd) *ending {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.killed {
		a.tally.dropped++
		return nil
	}
	a.starting++
	a.mu.Unlock()
	err := cmd.Start() // takes long enough that nobody should wait for it
	a.mu.Lock()
	a.starting--
	a.less.Broadcast()
	if err != nil {
		if a.tally.cause == nil {
			a.tally.cause = err
		}
		a.countTold(&a.tally.failed, func() string { return "failed: " + err.Error() })
		return nil
	}
	why := &ending{}
	a.procs[cmd] = why
	if a.killed {
		a.killGroup(cmd, &why.killed)
	}
	if a.timeout > 0 {
		why.timer = time.AfterFunc(a.timeout, func() {
			a.mu.Lock()
			defer a.mu.Unlock()
			if a.procs[cmd] != nil {
				a.killGroup(cmd, &why.timedOut)
			}
		})
	}
	return why
}

// killGroup kills the process group of a command and notes it in why, unless its
// shell has ended: its number might belong to somebody else by now.
func (a *Actions) killGroup(cmd *exec.Cmd, why *bool) {
	if cmd.Process.Signal(syscall.Signal(0)) == nil {
		*why = true
		// Not even root can be denied this; others may have become root.
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
}

// count takes note of how a process ended.
func (a *Actions) count(cmd *exec.Cmd, why *ending) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.procs, cmd)
	if why.timer != nil {
		why.timer.Stop()
	}
	switch {
	case cmd.ProcessState.Success():
		a.tally.ok++
	case why.timedOut:
		a.countTold(&a.tally.timedOut, func() string { return "timed out after " + clock.Duration(int64(a.timeout)) })
	case why.killed:
		a.tally.killed++
	default:
		a.countTold(&a.tally.failed, func() string { return "failed: " + cmd.ProcessState.String() })
	}
}

// failures are the runs that did not end well, dropped ones too.
func (a *Actions) failures() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return int64(a.tally.failed + a.tally.timedOut + a.tally.killed + a.tally.dropped)
}

// countTold counts one more of n, under mu, and tells it if that is one of the first
// five, the 10th, the 100th … of them. Meanwhile mu is free: nobody waits for a stderr that is
// stuck.
func (a *Actions) countTold(n *int, what func() string) {
	if *n++; num.IsTold(*n) {
		line := "--exec: " + countActions(*n) + " " + what()
		a.mu.Unlock()
		defer a.mu.Lock()
		a.tell(line)
	}
}

func countActions(n int) string {
	if n == 1 {
		return "1 action"
	}
	return fmt.Sprint(n, " actions")
}

// wait returns when all actions, waiting ones too, have ended, or when stop
// gives them up.
func (a *Actions) wait() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for a.running > 0 && !a.gone {
		a.less.Wait()
	}
}

// shut drops what waits; nothing starts any more.
func (a *Actions) shut() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stopped = true
	a.tally.dropped += len(a.waiting)
	a.waiting = nil
}

// stop drops what waits, gives what runs as long as grace to end and then
// kills it. It returns when all is over, or soon after the killing if there is
// something that cannot be killed. Others may be in wait at the same time.
func (a *Actions) stop(grace time.Duration) {
	if a == nil {
		return
	}
	a.shut()
	defer time.AfterFunc(grace, a.killAll).Stop()
	defer time.AfterFunc(grace+a.after, a.giveUp).Stop()
	a.wait()
}

// Stop gives what runs a moment to end, and kills it then. It returns what there is
// to tell of all, or "".
func (a *Actions) Stop() string {
	a.stop(Patience)
	return a.report()
}

// kill drops what waits and kills what runs, without waiting for its end.
func (a *Actions) kill() {
	if a == nil {
		return
	}
	a.shut()
	a.killAll()
	a.mu.Lock()
	defer a.mu.Unlock()
	for a.starting > 0 { // a process that has just been made dies as it is met
		a.less.Wait()
	}
}

// killAll kills all that runs and all that is about to.
func (a *Actions) killAll() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.killed = true
	for cmd, why := range a.procs {
		a.killGroup(cmd, &why.killed)
	}
}

// giveUp ends every wait.
func (a *Actions) giveUp() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.gone = true
	a.less.Broadcast()
}

// report is what to tell at the end: what of all actions did not end well, or
// "" if all did.
//
//	--exec: 10000 actions: 9932 dropped, 3 failed, 1 timed out
func (a *Actions) report() string {
	if a == nil {
		return ""
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	var parts []string
	for _, c := range []struct {
		n    int
		what string
	}{
		{a.tally.dropped, "dropped"}, {a.tally.failed, "failed"},
		{a.tally.timedOut, "timed out"}, {a.tally.killed, "killed"},
	} {
		if c.n > 0 {
			parts = append(parts, fmt.Sprint(c.n, " ", c.what))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	s := fmt.Sprintf("--exec: %s: %s", countActions(a.tally.asked), strings.Join(parts, ", "))
	if a.tally.cause != nil {
		s += fmt.Sprintf(" (%v)", a.tally.cause)
	}
	return s
}

// maxOutputLine is how much of a line is held back for its end to come.
const maxOutputLine = 64 << 10

// A lineWriter passes on what an action prints in whole lines, so that it
// cannot tear the lines that others write to w. A line longer than
// maxOutputLine is broken up, a last one without an end gets one. Errors of w
// are not told: an action must not fail because nobody reads its words.
type lineWriter struct {
	mu   sync.Mutex
	w    io.Writer
	rest []byte // the beginning of a line
}

func (l *lineWriter) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, b...)
	if end := bytes.LastIndexByte(l.rest, '\n') + 1; end > 0 {
		_, _ = l.w.Write(l.rest[:end])
		l.rest = append(l.rest[:0], l.rest[end:]...)
	}
	if len(l.rest) > maxOutputLine {
		l.breakLine()
	}
	return len(b), nil
}

// end passes on a last line that has no end.
func (l *lineWriter) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.rest) > 0 {
		l.breakLine()
	}
}

func (l *lineWriter) breakLine() {
	_, _ = l.w.Write(append(l.rest, '\n'))
	l.rest = l.rest[:0]
}

// maxEnv is how many bytes of a value the environment of an action tells.
const maxEnv = 4 << 10

// alertEnv is what the environment of an action tells of an alert, which is an object
// of --alert-format json. All names are always there, with an empty value where there
// is nothing to tell, so that none is inherited from an rtda further up. Several keys
// are joined by a blank. RTDA_VALUE is the first number.
func alertEnv(object []byte) []string {
	var a struct {
		State, Severity, Rule, Time, Text string
		Key, Values                       orderedObject
		Line, Seq                         json.Number
	}
	_ = json.Unmarshal(object, &a) // rtda has written it
	var key []string
	for _, k := range a.Key {
		key = append(key, k[0]+"="+k[1])
	}
	value := ""
	if len(a.Values) > 0 {
		value = a.Values[0][1]
	}
	return []string{
		"RTDA_STATE=" + a.State, "RTDA_SEVERITY=" + a.Severity, "RTDA_RULE=" + envText(a.Rule),
		"RTDA_KEY=" + envText(strings.Join(key, " ")), "RTDA_VALUE=" + value, "RTDA_LINE=" + a.Line.String(),
		"RTDA_TIME=" + a.Time, "RTDA_SEQ=" + a.Seq.String(), "RTDA_TEXT=" + envText(a.Text),
	}
}

// firstValue is what an alert compared first: a text, or a number as the shortest that
// reads back to the same.
func firstValue(a *stream.Alert) string {
	switch {
	case len(a.Values) == 0:
	case a.Texts != nil && a.Texts[0] != nil:
		return envText(string(a.Texts[0]))
	case !math.IsNaN(a.Values[0]):
		return string(num.AppendShortest(nil, a.Values[0]))
	}
	return ""
}

// envText is s as it may stand in an environment: without NUL, which would end
// it, and not longer than maxEnv, cut between characters.
func envText(s string) string {
	return text.Cut(strings.ReplaceAll(s, "\x00", ""), maxEnv)
}

// An orderedObject is an object of texts and numbers in its order.
type orderedObject [][2]string

func (o *orderedObject) UnmarshalJSON(b []byte) error {
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.UseNumber()
	if _, err := d.Token(); err != nil { // {
		return err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		value, err := d.Token()
		if err != nil {
			return err
		}
		text := ""
		if value != nil {
			text = fmt.Sprint(value)
		}
		*o = append(*o, [2]string{fmt.Sprint(name), text})
	}
	return nil
}
