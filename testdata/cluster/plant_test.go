// Package cluster proves that rtda-nats writes what one rtda writes, whatever is
// killed: with a real nats-server as a child process on loopback, workers that are
// killed and stopped, files that are put by programs that are killed, and a server
// that is started again and again.
//
//	go test ./testdata/cluster                  20 kills, half a minute
//	RTDA_KILLS=200 go test ./testdata/cluster   all that is claimed, some 15 minutes
package cluster

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// The server that rtda-nats is tested with, from the Go proxy.
const natsServer = "github.com/nats-io/nats-server/v2@v2.15.2"

// bin is where the programs are: rtda, rtda-nats, worker (which can leave out what
// makes rtda-nats right) and nats-server.
var bin string

// kills is how many workers the tests kill; long says that all is to be shown.
var kills, long = 20, false

func TestMain(m *testing.M) {
	if n, err := strconv.Atoi(os.Getenv("RTDA_KILLS")); err == nil {
		kills, long = n, n >= 200
	}
	os.Exit(func() int {
		var err error
		if bin, err = os.MkdirTemp("", "rtda-cluster"); err == nil {
			defer os.RemoveAll(bin)
			err = build()
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}

// build makes the programs.
func build() error {
	for _, args := range [][]string{
		{"build", "-o", bin + "/", "../..", "../../cmd/rtda-nats", "./worker"},
		{"install", natsServer},
	} {
		cmd := exec.Command("go", args...)
		cmd.Env = append(os.Environ(), "GOBIN="+bin, "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, out)
		}
	}
	return nil
}

// A process is a child that a test starts, signals and waits for.
type process struct {
	cmd  *exec.Cmd
	log  string
	done chan struct{} // closed when it has ended
}

// start starts a program of bin, or one whose whole path is given. What it writes
// is appended to the file log.
func start(log string, env []string, program string, args ...string) (*process, error) {
	if !filepath.IsAbs(program) {
		program = filepath.Join(bin, program)
	}
	f, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	p := &process{cmd: exec.Command(program, args...), log: log, done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = f, f
	p.cmd.Env = append(os.Environ(), env...)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = p.cmd.Wait() // its error is the status
		close(p.done)
	}()
	return p, nil
}

// signal sends it a signal, if it has not ended.
func (p *process) signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }

// ended says whether it ends within d.
func (p *process) ended(d time.Duration) bool {
	select {
	case <-p.done:
		return true
	case <-time.After(d):
		return false
	}
}

// end ends it with a signal, and by SIGKILL if it takes longer than 10 s. It
// returns how long it took.
func (p *process) end(s syscall.Signal) time.Duration {
	began := time.Now()
	p.signal(s)
	if !p.ended(10 * time.Second) {
		p.signal(syscall.SIGKILL)
		<-p.done
	}
	return time.Since(began)
}

// status is how it ended, as a shell tells it.
func (p *process) status() int {
	<-p.done
	if w := p.cmd.ProcessState.Sys().(syscall.WaitStatus); w.Signaled() {
		return 128 + int(w.Signal())
	}
	return p.cmd.ProcessState.ExitCode()
}

// foundNoServer says whether it ended because no server answered when it started, as
// it may while the server is started again.
func (p *process) foundNoServer() bool {
	text, err := os.ReadFile(p.log)
	return err == nil && p.status() == 1 && strings.Contains(string(text), "NATS server")
}

// A plant is a stream on servers of its own, and the workers on it.
type plant struct {
	t       *testing.T
	dir     string
	env     []string
	urls    []string
	program string // that works
	flags   []string
	rng     *rand.Rand
	conn    *nats.Conn
	js      jetstream.JetStream

	mu      sync.Mutex
	servers []*process
	workers []*process
	begun   int // workers so far, which name their logs
}

// newPlant starts servers and makes the stream "plant", which each of them keeps. Its
// workers are to run program with flags.
func newPlant(t *testing.T, servers int, program string, flags []string, env ...string) *plant {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	p := &plant{t: t, dir: t.TempDir(), program: program, flags: flags, rng: rand.New(rand.NewPCG(seed, 1)), servers: make([]*process, servers)}
	t.Cleanup(p.stop)
	p.configure()
	p.env = append([]string{"NATS_URL=" + strings.Join(p.urls, ",")}, env...)
	for i := range servers {
		p.launch(i)
	}
	for i := range servers {
		p.waitServer(i)
	}
	var err error
	if p.conn, err = nats.Connect(strings.Join(p.urls, ","), nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if p.js, err = jetstream.New(p.conn); err != nil {
		t.Fatal(err)
	}
	p.must("init", "plant", "--partitions", strconv.Itoa(partitions), "--replicas", strconv.Itoa(servers))
	return p
}

// configure writes the configurations of the servers, which know of each other if
// there are several.
func (p *plant) configure() {
	var routes []string
	for range p.servers {
		p.urls = append(p.urls, fmt.Sprintf("nats://127.0.0.1:%d", freePort(p.t)))
		routes = append(routes, fmt.Sprintf("nats://127.0.0.1:%d", freePort(p.t)))
	}
	for i := range p.servers {
		text := fmt.Sprintf("server_name: plant%d\nlisten: %q\njetstream { store_dir: %q }\n", i, strings.TrimPrefix(p.urls[i], "nats://"), filepath.Join(p.dir, fmt.Sprint("jetstream", i)))
		if len(p.servers) > 1 {
			text += fmt.Sprintf("cluster { name: plant, listen: %q, routes: [%s] }\n", strings.TrimPrefix(routes[i], "nats://"), strings.Join(routes, ", "))
		}
		if err := os.WriteFile(p.config(i), []byte(text), 0o600); err != nil {
			p.t.Fatal(err)
		}
	}
}

func (p *plant) config(server int) string {
	return filepath.Join(p.dir, fmt.Sprintf("server%d.conf", server))
}

// stop ends all.
func (p *plant) stop() {
	if p.conn != nil {
		p.conn.Close()
	}
	for _, w := range append(p.workers, p.servers...) {
		if w != nil {
			w.signal(syscall.SIGCONT)
			w.end(syscall.SIGKILL)
		}
	}
	if p.t.Failed() {
		p.tell()
	}
}

// tell logs the ends of the logs, for a test that has failed.
func (p *plant) tell() {
	logs, _ := filepath.Glob(filepath.Join(p.dir, "*.log"))
	for _, name := range logs {
		b, _ := os.ReadFile(name)
		if n := len(b); n > 500 {
			b = b[n-500:]
		}
		if len(b) > 0 && !strings.HasPrefix(filepath.Base(name), "server") {
			p.t.Logf("%s: …%s", filepath.Base(name), b)
		}
	}
}

// toldOf says whether a worker has written that.
func (p *plant) toldOf(what string) bool {
	logs, _ := filepath.Glob(filepath.Join(p.dir, "worker*.log"))
	return slices.ContainsFunc(logs, func(name string) bool {
		text, _ := os.ReadFile(name)
		return strings.Contains(string(text), what)
	})
}

func freePort(t *testing.T) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// startServer starts a server and waits until it answers.
func (p *plant) startServer(i int) {
	p.launch(i)
	p.waitServer(i)
}

func (p *plant) launch(i int) {
	server, err := start(filepath.Join(p.dir, fmt.Sprintf("server%d.log", i)), nil, "nats-server", "-c", p.config(i))
	if err != nil {
		p.t.Error(err)
		return
	}
	p.servers[i] = server
}

func (p *plant) waitServer(i int) {
	deadline := time.Now().Add(time.Minute)
	for time.Now().Before(deadline) {
		c, err := nats.Connect(p.urls[i], nats.Timeout(time.Second))
		if err == nil {
			js, _ := jetstream.New(c)
			ctx, cancel := contextOf(time.Second)
			_, err = js.AccountInfo(ctx)
			cancel()
			c.Close()
			if err == nil {
				return
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	p.t.Error("the server does not answer")
}

// must runs a command of rtda-nats and returns what it writes on stdout.
func (p *plant) must(args ...string) string {
	p.t.Helper()
	cmd := exec.Command(filepath.Join(bin, "rtda-nats"), args...)
	cmd.Env = append(os.Environ(), p.env...)
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		p.t.Fatalf("rtda-nats %s: %v: %s", strings.Join(args, " "), err, exit.Stderr)
	} else if err != nil {
		p.t.Fatal(err)
	}
	return string(out)
}

// startWorker adds a worker.
func (p *plant) startWorker() *process {
	p.begun++
	w, err := start(filepath.Join(p.dir, fmt.Sprintf("worker%03d.log", p.begun)), p.env, p.program, append([]string{"run", "plant"}, p.flags...)...)
	if err != nil {
		p.t.Fatal(err)
	}
	return w
}

// setWorkers adds workers, or ends some by SIGTERM, until there are n. It returns
// the longest that one took to end.
func (p *plant) setWorkers(n int) (longest time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.workers) < n {
		p.workers = append(p.workers, p.startWorker())
	}
	for _, w := range p.workers[n:] {
		longest = max(longest, w.end(syscall.SIGTERM))
	}
	p.workers = p.workers[:n]
	return longest
}

// input writes lines to the end of the file that is put.
func (p *plant) input(lines []string) {
	f, err := os.OpenFile(p.inputName(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = io.WriteString(f, strings.Join(lines, ""))
		f.Close()
	}
	if err != nil {
		p.t.Error(err)
	}
}

func (p *plant) inputName() string { return filepath.Join(p.dir, "in.json") }

// put puts the file; the put is killed after a time, if that is not 0. It says
// whether it was killed, and whether it has put all.
func (p *plant) put(killAfter time.Duration) (killed, all bool) {
	put, err := start(filepath.Join(p.dir, "put.log"), p.env, "rtda-nats", "put", "plant", "-i", "json", "-k", "sensor", "--source", "host1", p.inputName())
	if err != nil {
		p.t.Error(err)
		return false, false
	}
	if killAfter > 0 && !put.ended(killAfter) {
		put.signal(syscall.SIGKILL)
	} else if !put.ended(2 * time.Minute) {
		p.t.Error("rtda-nats put does not end")
		put.end(syscall.SIGKILL)
	}
	status := put.status()
	return status == 128+int(syscall.SIGKILL), status == 0
}

// finish puts the last lines, waits until the workers have come to the end, and ends
// them.
func (p *plant) finish(last []string) {
	p.t.Helper()
	p.input(last)
	if _, all := p.put(0); !all {
		p.t.Error("rtda-nats put fails")
	} else if !p.waitDone(2 * time.Minute) {
		p.t.Error("the workers have not come to the end")
	}
	p.setWorkers(0)
}

// same compares what the workers have written with what one rtda writes.
func (p *plant) same(cut time.Time) {
	p.t.Helper()
	want := oneRtda(p.t, p.flags, p.inputName(), cut)
	if keys, first := p.output(cut).differences(want); keys > 0 {
		p.t.Errorf("%d keys differ: %s", keys, first)
	}
	p.t.Logf("%d rows, %d alerts, as one rtda writes them", count(want.rows), count(want.alerts))
}
