package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	partitions = 16
	sensors    = 64
)

// A setting is a set of flags with which workers and one rtda run.
type setting struct {
	name  string
	flags []string
}

var (
	// A row for each sample, as text.
	samples = setting{"a row a sample", []string{
		"-i", "json", "-t", "time", "-k", "sensor", "-f", "value", "-w", "30s,100", "-a", "count,mean,std,max,anomaly",
		"-r", "crit high: mean(value, 30s) > 60 for 5s until mean(value, 30s) < 55 for 5s",
		"-r", "odd: anomaly > 0.9",
	}}
	// Rows at boundaries of time, as JSON, with a ladder, and records that wait.
	boundaries = setting{"rows at boundaries", []string{
		"-i", "json", "-t", "time", "-k", "sensor", "-f", "value", "-w", "1m", "-n", "10s", "--late", "5s", "-a", "count,mean,p90,increase,lower,upper",
		"-r", "warn high: mean(value, 1m) > 55", "-r", "crit high: mean(value, 1m) > 65 for 3s",
		"-r", "still: range(value, 10s) == 0 and count(value, 10s) > 5 for 5", "-r", "odd: anomaly > 0.9",
		"-o", "json", "--alert-format", "json",
	}}
)

// makeLines returns n records of simulated sensors with faults, a second apart, and
// behind them those that move every clock on three times, so that nothing is left
// to be written that is older than cut.
func makeLines(t *testing.T, n int) (lines, last []string, cut time.Time) {
	t.Helper()
	out, err := exec.Command(filepath.Join(bin, "rtda"), "simulate", "--flat-out", "--hz", "1", "-c", strconv.Itoa(n), "--sensors", strconv.Itoa(sensors),
		"--shape", "walk", "--fault", "spike,drift,stuck,noise,gap", "-o", "json").Output()
	if err != nil {
		t.Fatal(err)
	}
	lines = slices.Collect(strings.Lines(string(out)))
	var newest struct{ Time time.Time }
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &newest); err != nil {
		t.Fatal(err)
	}
	cut = newest.Time.Add(1000 * time.Second)
	for i := range 3 {
		for s := range sensors {
			at := cut.Add(time.Duration(i) * 1000 * time.Second)
			last = append(last, fmt.Sprintf("{\"time\":%q,\"sensor\":\"s%d\",\"value\":50}\n", at.Format(time.RFC3339), s+1))
		}
	}
	return lines, last, cut
}

// An output is what was written of each key: its rows, and its alerts without file,
// line and seq.
type output struct{ rows, alerts map[string][]string }

func newOutput() *output {
	return &output{rows: map[string][]string{}, alerts: map[string][]string{}}
}

var (
	keyOf  = regexp.MustCompile(`sensor"?[=:]"?(s\d+)`)
	timeOf = regexp.MustCompile(`\btime"?[=:]"?([0-9T:.-]+Z)`)
	places = regexp.MustCompile(` file=[^ ]+| line=\d+|"(?:file|line|seq)":(?:"[^"]*"|[^,}]*),?`)
)

// add adds the lines of text that are older than cut to their keys.
func add(to map[string][]string, text []byte, cut time.Time, what string) error {
	for line := range bytes.Lines(text) {
		key, stamp := keyOf.FindSubmatch(line), timeOf.FindSubmatch(line)
		if key == nil || stamp == nil {
			return fmt.Errorf("%s without key or time: %q", what, line)
		}
		at, err := time.Parse(time.RFC3339, string(stamp[1]))
		if err != nil {
			return err
		}
		if at.Before(cut) {
			to[string(key[1])] = append(to[string(key[1])], string(line))
		}
	}
	return nil
}

// addAlerts adds alerts without what stands for their place in the input.
func (o *output) addAlerts(text []byte, cut time.Time) error {
	return add(o.alerts, places.ReplaceAll(text, nil), cut, "alert")
}

// oneRtda is what one rtda writes about the file.
func oneRtda(t *testing.T, flags []string, input string, cut time.Time) *output {
	t.Helper()
	o := newOutput()
	alerts := filepath.Join(t.TempDir(), "alerts")
	cmd := exec.Command(filepath.Join(bin, "rtda"), append(slices.Clone(flags), "--alerts", alerts, input)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	rows, err := cmd.Output()
	if err != nil || stderr.Len() > 0 {
		t.Fatalf("rtda: %v %s", err, &stderr)
	}
	text, err := os.ReadFile(alerts)
	if err == nil {
		err = o.addAlerts(text, cut)
	}
	if err == nil {
		err = add(o.rows, rows, cut, "row")
	}
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// differences says in how many keys got is not want, and where first.
func (got *output) differences(want *output) (keys int, first string) {
	for _, part := range []struct {
		what      string
		got, want map[string][]string
	}{{"rows", got.rows, want.rows}, {"alerts", got.alerts, want.alerts}} {
		all := maps.Clone(part.want)
		maps.Copy(all, part.got)
		for _, key := range slices.Sorted(maps.Keys(all)) {
			g, w := part.got[key], part.want[key]
			if slices.Equal(g, w) {
				continue
			}
			if keys++; first == "" {
				at := 0
				for at < len(g) && at < len(w) && g[at] == w[at] {
					at++
				}
				first = fmt.Sprintf("%s of %s: %d, want %d; from number %d on:\n got %q\nwant %q", part.what, key, len(g), len(w), at, head(g[at:]), head(w[at:]))
			}
		}
	}
	return keys, first
}

func head(lines []string) []string { return lines[:min(len(lines), 3)] }

// count is how many lines there are.
func count(of map[string][]string) (n int) {
	for _, lines := range of {
		n += len(lines)
	}
	return n
}

// partitionOf is the partition of a key: FNV-1a, as the server computes it.
func partitionOf(key string) int {
	h := fnv.New32a()
	h.Write([]byte(key))
	return int(h.Sum32() % partitions)
}

func contextOf(d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), d)
}

// A message is one of the output stream.
type message struct {
	partition int
	at        time.Time // at which it was stored
	in        uint64    // how far its writer had read the input
	isAlerts  bool
	data      []byte
}

// messages are those of the output stream that were stored at a time or later, in
// their order. A server that goes away meanwhile makes it begin again.
func (p *plant) messages(since time.Time) []message {
	p.t.Helper()
	var all []message
	err := errors.New("not read yet")
	for range 10 {
		if all, err = p.read(since); err == nil {
			return all
		}
	}
	p.t.Fatal(err)
	return nil
}

func (p *plant) read(since time.Time) (all []message, err error) {
	ctx, cancel := contextOf(30 * time.Second)
	defer cancel()
	consumer, err := p.js.OrderedConsumer(ctx, "plant-out", jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartTimePolicy, OptStartTime: &since,
	})
	if err != nil {
		return nil, err
	}
	if info, err := consumer.Info(ctx); err != nil || info.NumPending == 0 {
		return nil, err
	}
	in, err := consumer.Messages()
	if err != nil {
		return nil, err
	}
	defer in.Stop()
	for {
		m, err := in.Next(jetstream.NextContext(ctx))
		if err != nil {
			return nil, err
		}
		meta, err := m.Metadata()
		if err != nil {
			return nil, err
		}
		token := strings.Split(m.Subject(), ".") // plant.out.main.PARTITION.rows
		if len(token) != 5 {
			return nil, fmt.Errorf("subject %s", m.Subject())
		}
		partition, err := strconv.Atoi(token[3])
		if err != nil {
			return nil, err
		}
		at, err := strconv.ParseUint(m.Headers().Get("Rtda-In"), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%s: header Rtda-In: %v", m.Subject(), err)
		}
		data := m.Data()
		if token[4] == "alerts" && m.Headers().Get("Rtda-Form") != "json" {
			data = texts(data)
		}
		all = append(all, message{partition, meta.Timestamp, at, token[4] == "alerts", data})
		if meta.NumPending == 0 {
			return all, nil
		}
	}
}

// texts are the lines of text of alerts that are objects of JSON, as rtda-nats out
// shows them.
func texts(objects []byte) (lines []byte) {
	for object := range bytes.Lines(objects) {
		var alert struct{ Text string }
		if err := json.Unmarshal(object, &alert); err != nil {
			return objects // which is no alert, as will be found out
		}
		lines = append(append(lines, alert.Text...), '\n')
	}
	return lines
}

// output is what the workers have written.
func (p *plant) output(cut time.Time) *output {
	p.t.Helper()
	o := newOutput()
	for _, m := range p.messages(time.Unix(0, 0)) {
		var err error
		if m.isAlerts {
			err = o.addAlerts(m.data, cut)
		} else {
			err = add(o.rows, m.data, cut, "row")
		}
		if err != nil {
			p.t.Fatal(err)
		}
	}
	return o
}

// isDone says whether all that was put has been read by the workers, and the rows
// of the last of it are written.
func (p *plant) isDone() bool {
	ctx, cancel := contextOf(5 * time.Second)
	defer cancel()
	in, err := p.js.Stream(ctx, "plant-in")
	if err != nil {
		return false
	}
	out, err := p.js.Stream(ctx, "plant-out")
	if err != nil {
		return false
	}
	for i := range partitions {
		last, err := in.GetLastMsgForSubject(ctx, fmt.Sprintf("plant.in.%d.host1", i))
		if err == jetstream.ErrMsgNotFound {
			continue // no key is here
		} else if err != nil {
			return false
		}
		written, err := out.GetLastMsgForSubject(ctx, fmt.Sprintf("plant.out.main.%d.>", i))
		if err != nil {
			return false
		}
		if at, _ := strconv.ParseUint(written.Header.Get("Rtda-In"), 10, 64); at < last.Sequence {
			return false
		}
	}
	return true
}

// waitDone waits until all is read and written.
func (p *plant) waitDone(d time.Duration) bool {
	p.t.Helper()
	for deadline := time.Now().Add(d); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if p.isDone() {
			return true
		}
	}
	return false
}

// TestComparison is the test of the tests: what one rtda a partition writes is, by
// keys, what one rtda writes about all, with each of the settings; and a row that
// is missing, repeated or another one is seen.
func TestComparison(t *testing.T) {
	for _, c := range []setting{samples, boundaries} {
		t.Run(c.name, func(t *testing.T) {
			lines, last, cut := makeLines(t, 20_000)
			dir := t.TempDir()
			var files [partitions + 1]string
			for _, line := range append(lines, last...) {
				i := partitionOf(string(keyOf.FindStringSubmatch(line)[1]))
				files[i] += line
				files[partitions] += line
			}
			name := filepath.Join(dir, "in")
			got := newOutput()
			for _, text := range files[:partitions] {
				if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				part := oneRtda(t, c.flags, name, cut)
				maps.Copy(got.rows, part.rows)
				maps.Copy(got.alerts, part.alerts)
			}
			if err := os.WriteFile(name, []byte(files[partitions]), 0o600); err != nil {
				t.Fatal(err)
			}
			want := oneRtda(t, c.flags, name, cut)
			if keys, first := got.differences(want); keys > 0 {
				t.Fatalf("%d keys differ: %s", keys, first)
			}
			t.Logf("%d rows, %d alerts", count(want.rows), count(want.alerts))
			if count(want.alerts) < 100 {
				t.Errorf("only %d alerts: they prove little", count(want.alerts))
			}
			for what, change := range map[string]func(lines []string) []string{
				"missing":  func(l []string) []string { return slices.Delete(slices.Clone(l), 7, 8) },
				"repeated": func(l []string) []string { return slices.Insert(slices.Clone(l), 7, l[7]) },
				"another":  func(l []string) []string { return slices.Replace(slices.Clone(l), 7, 8, l[7]+" ") },
			} {
				changed := newOutput()
				maps.Copy(changed.rows, want.rows)
				maps.Copy(changed.alerts, want.alerts)
				changed.rows["s5"] = change(want.rows["s5"])
				if keys, first := changed.differences(want); keys != 1 || !strings.Contains(first, "rows of s5") {
					t.Errorf("a row %s: %d keys differ: %s", what, keys, first)
				}
			}
			changed := newOutput()
			maps.Copy(changed.rows, want.rows)
			maps.Copy(changed.alerts, want.alerts)
			for key, alerts := range want.alerts {
				changed.alerts[key] = alerts[1:]
				break
			}
			if keys, _ := changed.differences(want); keys != 1 {
				t.Error("a missing alert is not seen")
			}
		})
	}
}
