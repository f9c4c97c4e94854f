package cluster

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// A storm is what befalls a plant: how many workers and puts are killed, how often
// the server is ended and started again, and workers are stopped for longer than
// their lease.
type storm struct{ kills, puts, restarts, stops int }

// lease is how long a worker that is silent keeps its partitions.
const lease = 3 * time.Second

// weather lets a storm rage over the plant while lines are put. What befalls it is
// spread over the lines. It returns what there was.
func (p *plant) weather(s storm, lines []string) storm {
	var done struct{ kills, puts, restarts, stops atomic.Int64 }
	var others sync.WaitGroup
	progress := func() float64 {
		if p.t.Failed() {
			return 2 // there is nothing more to wait for
		}
		return float64(done.kills.Load()) / float64(s.kills)
	}
	due := func(n int) float64 { return float64(n) * progress() }

	others.Go(func() { // puts, which are killed
		slices := max(100, 4*s.puts)
		typical := 100 * time.Millisecond // how long a put takes
		for i := range slices {
			for progress() < float64(i)/float64(slices) {
				time.Sleep(5 * time.Millisecond)
			}
			p.input(lines[len(lines)*i/slices : len(lines)*(i+1)/slices])
			for {
				var after time.Duration
				if float64(done.puts.Load()) < float64(s.puts*(i+1))/float64(slices)+1 {
					after = p.random(typical * 3 / 2)
				}
				began := time.Now()
				killed, all := p.put(after)
				if killed {
					done.puts.Add(1)
				}
				if all {
					typical = (3*typical + time.Since(began)) / 4
					break
				}
				time.Sleep(10 * time.Millisecond)
			}
		}
	})
	others.Go(func() { // the server
		for done.restarts.Load() < int64(s.restarts) && !p.t.Failed() {
			if due(s.restarts+1) < float64(done.restarts.Load()+1) {
				time.Sleep(20 * time.Millisecond)
				continue
			}
			how := syscall.SIGKILL
			if done.restarts.Load()%2 == 1 {
				how = syscall.SIGTERM
			}
			p.servers[0].end(how)
			time.Sleep(p.random(500 * time.Millisecond))
			p.startServer(0)
			done.restarts.Add(1)
		}
	})
	others.Go(func() { // workers that stand still
		for done.stops.Load() < int64(s.stops) && !p.t.Failed() {
			p.mu.Lock()
			i := p.rng.IntN(len(p.workers))
			w := p.workers[i]
			p.workers = slices.Delete(p.workers, i, i+1) // it is not to be killed meanwhile
			w.signal(syscall.SIGSTOP)
			p.mu.Unlock()
			time.Sleep(lease + 500*time.Millisecond + p.random(time.Second))
			w.signal(syscall.SIGCONT)
			p.mu.Lock()
			p.workers = append(p.workers, w)
			p.mu.Unlock()
			done.stops.Add(1)
			time.Sleep(p.random(time.Second))
		}
	})
	for done.kills.Load() < int64(s.kills) || done.stops.Load() < int64(s.stops) {
		time.Sleep(100*time.Millisecond + p.random(600*time.Millisecond))
		p.mu.Lock()
		i := p.rng.IntN(len(p.workers))
		w := p.workers[i]
		select {
		case <-w.done:
			if !w.foundNoServer() {
				p.t.Errorf("a worker has ended by itself with status %d", w.status())
			}
		default:
			w.end(syscall.SIGKILL)
			done.kills.Add(1)
		}
		p.workers[i] = p.startWorker()
		p.mu.Unlock()
		if p.t.Failed() {
			break
		}
	}
	others.Wait()
	return storm{int(done.kills.Load()), int(done.puts.Load()), int(done.restarts.Load()), int(done.stops.Load())}
}

// random is a time from 0 to d.
func (p *plant) random(d time.Duration) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Duration(p.rng.Int64N(int64(d)))
}

// run lets a storm rage over workers with the flags of a setting while n lines are
// put, and returns what they have written, and what one rtda writes.
func run(t *testing.T, c setting, s storm, n int, leaveOut string) (got, want *output) {
	t.Helper()
	lines, last, cut := makeLines(t, n)
	program := "rtda-nats"
	if leaveOut != "" {
		program = "worker"
	}
	p := newPlant(t, 1, program, c.flags, "LEAVE_OUT="+leaveOut)
	p.setWorkers(3)
	began := time.Now()
	was := p.weather(s, lines)
	p.input(last)
	if _, all := p.put(0); !all {
		t.Fatal("rtda-nats put fails")
	}
	isDone := p.waitDone(2 * time.Minute)
	took := time.Since(began)
	p.setWorkers(0)
	got, want = p.output(cut), oneRtda(t, c.flags, p.inputName(), cut)
	t.Logf("%s: %d lines in %.0f s, %d kills of workers, %d of puts, %d restarts of the server, %d stops: %d rows of %d, %d alerts of %d",
		c.name, n, took.Seconds(), was.kills, was.puts, was.restarts, was.stops, count(got.rows), count(want.rows), count(got.alerts), count(want.alerts))
	if was.kills < s.kills || was.puts < s.puts || was.restarts < s.restarts || was.stops < s.stops {
		t.Errorf("it should have been %+v", s)
	}
	if p.toldOf("may be lost") {
		t.Error("a worker tells of a loss, and nothing is lost")
	}
	if !isDone && leaveOut != "leases,expected" {
		t.Error("the workers have not come to the end")
	}
	return got, want
}

// TestExactlyOnce kills and stops everything: rows and alerts are those of one rtda.
func TestExactlyOnce(t *testing.T) {
	if !long {
		same(t, boundaries, storm{kills, 5, 1, 1}, 60_000, "")
		return
	}
	same(t, samples, storm{kills, max(50, kills/4), 6, 20}, 300_000, "")
	same(t, boundaries, storm{kills / 2, kills / 8, 3, 8}, 150_000, "")
}

// TestWithoutLeases does it with three workers on all partitions at once: what makes
// it right is what the server refuses, not who has a lease.
func TestWithoutLeases(t *testing.T) {
	if !long {
		t.Skip("RTDA_KILLS=200 shows it")
	}
	same(t, samples, storm{kills, max(50, kills/4), 5, 20}, 300_000, "leases")
}

func same(t *testing.T, c setting, s storm, n int, leaveOut string) {
	t.Helper()
	got, want := run(t, c, s, n, leaveOut)
	if keys, first := got.differences(want); keys > 0 {
		t.Errorf("%d keys differ: %s", keys, first)
	}
}

// TestControls leaves out what makes it right, one thing after the other: the test
// would see it.
func TestControls(t *testing.T) {
	if !long {
		t.Skip("RTDA_KILLS=200 shows it")
	}
	for _, leaveOut := range []string{"replay", "leases,expected"} {
		t.Run("without "+leaveOut, func(t *testing.T) {
			got, want := run(t, samples, storm{30, 5, 0, 0}, 60_000, leaveOut)
			keys, first := got.differences(want)
			if keys == 0 {
				t.Fatal("nothing differs: the test shows nothing")
			}
			t.Logf("%d keys differ, as they should: %.300s", keys, first)
		})
	}
}

// trickle puts lines at a steady pace, a slice every 50 ms, until all are put or
// stop is called.
func (p *plant) trickle(lines []string, slice int) (stop func()) {
	quit := make(chan struct{})
	var fed sync.WaitGroup
	fed.Go(func() {
		for ; len(lines) > 0; lines = lines[min(slice, len(lines)):] {
			p.input(lines[:min(slice, len(lines))])
			p.put(0)
			select {
			case <-quit:
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	})
	stop = sync.OnceFunc(func() { close(quit); fed.Wait() })
	p.t.Cleanup(stop)
	return stop
}

// silence is the longest time between two messages of one partition that both were
// written between from and to.
func silence(all []message, from, to time.Time) (longest time.Duration) {
	newest := map[int]time.Time{}
	for _, m := range all {
		if m.at.Before(from) || m.at.After(to) {
			continue
		}
		if was, ok := newest[m.partition]; ok {
			longest = max(longest, m.at.Sub(was))
		}
		newest[m.partition] = m.at
	}
	for _, at := range newest {
		longest = max(longest, to.Sub(at))
	}
	return longest
}

// TestWorkersComeAndGo adds workers while lines come, kills some and ends some by
// SIGTERM: no partition is silent for more than 5 s after a kill, and 1 s otherwise,
// and the rows are those of one rtda. A busy machine may take longer once: the median
// counts, and where there is one round another, if the first was too slow.
func TestWorkersComeAndGo(t *testing.T) {
	rounds := 1
	if long {
		rounds = 5
	}
	lines, last, cut := makeLines(t, 400*sensors*max(rounds, 3))
	p := newPlant(t, 1, "rtda-nats", samples.flags)
	changes := []struct {
		what   string
		change func()
		limit  time.Duration
		took   []time.Duration
	}{
		{"two workers come", func() { p.setWorkers(3) }, time.Second, nil},
		{"one of three goes", func() { p.setWorkers(2) }, time.Second, nil},
		{"one comes", func() { p.setWorkers(3) }, time.Second, nil},
		{"one is killed", func() { p.workers[0].end(syscall.SIGKILL); p.workers = p.workers[1:] }, 5 * time.Second, nil},
		{"one of two goes", func() { p.setWorkers(1) }, time.Second, nil},
	}
	p.setWorkers(1)
	stop := p.trickle(lines, sensors)
	p.waitWorked(time.Now())
	tooSlow := func() (what string) {
		for _, c := range changes {
			slices.Sort(c.took)
			if median := c.took[len(c.took)/2]; median > c.limit {
				what = fmt.Sprintf("%s: a partition is silent for %v", c.what, median)
			}
		}
		return what
	}
	for done := 0; done < rounds || done < 3 && tooSlow() != ""; done++ {
		for i := range changes {
			c := &changes[i]
			from := time.Now()
			c.change()
			before, until := from.Add(-500*time.Millisecond), time.Now().Add(c.limit+time.Second)
			p.waitWorked(until)
			c.took = append(c.took, silence(p.messages(before), before, until))
		}
	}
	stop()
	for _, c := range changes {
		slices.Sort(c.took)
		t.Logf("%s: no partition is silent for more than %.2f s (median of %d, longest %.2f s)", c.what, c.took[len(c.took)/2].Seconds(), len(c.took), c.took[len(c.took)-1].Seconds())
	}
	if what := tooSlow(); what != "" {
		t.Error(what)
	}
	p.finish(last)
	p.same(cut)
}

// waitWorked waits until each partition has a message that was written after a time,
// for two minutes at most.
func (p *plant) waitWorked(after time.Time) {
	p.t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		worked := map[int]bool{}
		for _, m := range p.messages(after) {
			if m.at.After(after) {
				worked[m.partition] = true
			}
		}
		if len(worked) == len(used()) {
			return
		}
	}
	p.t.Fatal("the partitions are not worked on")
}

// used are the partitions that have sensors.
func used() map[int]bool {
	all := map[int]bool{}
	for s := range sensors {
		all[partitionOf(fmt.Sprint("s", s+1))] = true
	}
	return all
}

// TestSpeed measures one worker on lines in messages of 64 KiB against rtda on their
// file, by turns. Their processor time counts, as on a busy machine who waits for
// another process waits long; what the clock says of the best of each is told, too.
func TestSpeed(t *testing.T) {
	if !long {
		t.Skip("RTDA_KILLS=200 shows it")
	}
	lines, last, _ := makeLines(t, 4_000_000)
	lines = append(lines, last...)
	for _, c := range []setting{
		{"a row every 10 s", []string{"-i", "json", "-t", "time", "-k", "sensor", "-f", "value", "-w", "5m", "-n", "10s"}},
		{"a row a sample", []string{"-i", "json", "-t", "time", "-k", "sensor", "-f", "value", "-w", "5m"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var alone, worked, aloneCPU, workedCPU []time.Duration
			for range 5 {
				p := newPlant(t, 1, "rtda-nats", c.flags)
				p.input(lines)
				p.publish(lines, 64<<10)
				began := time.Now()
				cmd := exec.Command(filepath.Join(bin, "rtda"), append(slices.Clone(c.flags), p.inputName())...)
				if err := cmd.Run(); err != nil {
					t.Fatal(err)
				}
				alone, aloneCPU = append(alone, time.Since(began)), append(aloneCPU, processorTime(cmd))
				began = time.Now()
				p.setWorkers(1)
				time.Sleep(time.Second) // whoever asks takes time of the server
				if !p.waitDone(5 * time.Minute) {
					t.Fatal("the worker has not come to the end")
				}
				worked = append(worked, p.newest().Sub(began))
				w := p.workers[0].cmd
				p.setWorkers(0)
				workedCPU = append(workedCPU, processorTime(w))
				p.stop()
			}
			slices.Sort(aloneCPU)
			slices.Sort(workedCPU)
			ratio := float64(aloneCPU[2]) / float64(workedCPU[2])
			t.Logf("%d lines: rtda takes %.2f s of processor time, a worker %.2f s (medians of 5): %.2f of its speed; by the clock %.2f and %.2f s at best",
				len(lines), aloneCPU[2].Seconds(), workedCPU[2].Seconds(), ratio, slices.Min(alone).Seconds(), slices.Min(worked).Seconds())
			if ratio < 0.5 {
				t.Error("less than half")
			}
		})
	}
}

// newest is when the last of the output was stored.
func (p *plant) newest() time.Time {
	p.t.Helper()
	ctx, cancel := contextOf(10 * time.Second)
	defer cancel()
	out, err := p.js.Stream(ctx, "plant-out")
	if err != nil {
		p.t.Fatal(err)
	}
	last, err := out.GetLastMsgForSubject(ctx, "plant.out.>")
	if err != nil {
		p.t.Fatal(err)
	}
	return last.Time
}

// processorTime is what a process that has ended has used.
func processorTime(c *exec.Cmd) time.Duration {
	return c.ProcessState.UserTime() + c.ProcessState.SystemTime()
}

// publish writes lines straight into the partitions, in messages of a size.
func (p *plant) publish(lines []string, size int) {
	p.t.Helper()
	var waiting [partitions][]byte
	send := func(i int) {
		if _, err := p.js.PublishAsync(fmt.Sprintf("plant.in.%d.host1", i), waiting[i]); err != nil {
			p.t.Fatal(err)
		}
		waiting[i] = nil
	}
	for _, line := range lines {
		i := partitionOf(string(keyOf.FindStringSubmatch(line)[1]))
		if waiting[i] = append(waiting[i], line...); len(waiting[i]) >= size-200 {
			send(i)
		}
	}
	for i := range waiting {
		if len(waiting[i]) > 0 {
			send(i)
		}
	}
	select {
	case <-p.js.PublishAsyncComplete():
	case <-time.After(time.Minute):
		p.t.Fatal("the server does not take the lines")
	}
}

// TestThreeServers kills one server after the other of three that keep everything
// three times: the output is that of one rtda.
func TestThreeServers(t *testing.T) {
	if !long {
		t.Skip("RTDA_KILLS=200 shows it")
	}
	lines, last, cut := makeLines(t, 120_000)
	p := newPlant(t, 3, "rtda-nats", samples.flags)
	p.setWorkers(3)
	stop := p.trickle(lines, sensors)
	for i := range 6 {
		p.waitWorked(time.Now())
		p.servers[i%3].end(syscall.SIGKILL)
		p.waitWorked(time.Now().Add(time.Second)) // while two are left
		p.startServer(i % 3)
		if i%2 == 1 {
			p.workers[0].end(syscall.SIGKILL)
			p.workers[0] = p.startWorker()
		}
	}
	stop()
	p.finish(last)
	p.same(cut)
}
