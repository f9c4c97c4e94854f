package cluster

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"rtda/testdata/console"
)

const page = "../../docs/scale.md"

// section is the part of the page below a heading.
func section(t *testing.T, heading string) string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := bytes.Cut(text, []byte("\n## "+heading+"\n"))
	if !found {
		t.Fatalf("%s has no section %q", page, heading)
	}
	text, _, _ = bytes.Cut(text, []byte("\n## "))
	return string(text)
}

// A shell runs commands one after the other, as a person types them, with the
// programs of bin and ports of its own instead of the usual ones.
type shell struct {
	t     *testing.T
	dir   string
	ports map[string]string // the usual port: the one that is used
	own   *strings.Replacer // usual ports to those
	usual *strings.Replacer // and back
	sh    *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Reader
}

const usualPorts = "4222 1883 9092"

func newShell(t *testing.T) *shell {
	t.Helper()
	s := &shell{t: t, dir: t.TempDir(), ports: map[string]string{}}
	var own, usual []string
	for _, port := range strings.Fields(usualPorts) {
		s.ports[port] = fmt.Sprint(freePort(t))
		own, usual = append(own, port, s.ports[port]), append(usual, s.ports[port], port)
	}
	// the server takes the usual port where it is not told another
	own = append(own, "-a 127.0.0.1", "-a 127.0.0.1 -p "+s.ports["4222"])
	s.own, s.usual = strings.NewReplacer(own...), strings.NewReplacer(usual...)
	s.sh = exec.Command("sh")
	s.sh.Dir = s.dir
	s.sh.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "NATS_URL=nats://127.0.0.1:"+s.ports["4222"], "LC_ALL=C", "NO_COLOR=1")
	s.sh.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var err error
	if s.in, err = s.sh.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	s.sh.Stdout, s.sh.Stderr, s.out = w, w, bufio.NewReader(r)
	if err := s.sh.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	t.Cleanup(func() {
		_ = syscall.Kill(-s.sh.Process.Pid, syscall.SIGKILL) // with all that it has started
		_ = s.sh.Wait()
		r.Close()
	})
	return s
}

// run runs a command and returns what it prints.
func (s *shell) run(command string) string {
	s.t.Helper()
	const mark = "=end of the command="
	fmt.Fprintf(s.in, "{ %s\n} </dev/null\necho '%s'\n", s.own.Replace(command), mark)
	ended := make(chan string, 1)
	go func() {
		var all strings.Builder
		for {
			line, err := s.out.ReadString('\n')
			if cut, found := strings.CutSuffix(line, mark+"\n"); found || err != nil {
				all.WriteString(cut)
				ended <- s.usual.Replace(all.String())
				return
			}
			all.WriteString(line)
		}
	}()
	var got string
	select {
	case got = <-ended:
	case <-time.After(time.Minute):
		s.t.Fatalf("%s: does not end", command)
	}
	for program, port := range map[string]string{"nats-server ": "4222", "kafka ": "9092"} {
		if strings.HasPrefix(command, program) {
			s.waitPort(s.ports[port])
		}
	}
	return got
}

// waitPort waits until a server listens, as a person does who reads that it is ready.
func (s *shell) waitPort(port string) {
	s.t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if c, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
			c.Close()
			return
		}
	}
	s.t.Fatalf("nothing listens at port %s", port)
}

// files writes the files that a section shows, which stand in a fenced block below
// `<!-- file: NAME -->`.
func (s *shell) files(text string) {
	s.t.Helper()
	for _, m := range regexp.MustCompile("(?s)<!-- file: (\\S+) -->\n```\\w*\n(.*?)```\n").FindAllStringSubmatch(text, -1) {
		if err := os.WriteFile(filepath.Join(s.dir, m[1]), []byte(s.own.Replace(m[2])), 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
}

// TestScale runs the commands of docs/scale.md, each section with a shell and a
// server of its own, and compares what they print with what stands below them.
func TestScale(t *testing.T) {
	for _, heading := range []string{"By hand, with pipes", "MQTT devices", "Telegraf", "Redpanda Connect", "Kafka with kcat"} {
		t.Run(heading, func(t *testing.T) {
			text := section(t, heading)
			s := newShell(t)
			s.files(text)
			commands := 0
			for part := range console.Parts(text) {
				if part.Command == "" {
					continue
				}
				if tool := part.Missing(); tool != "" {
					t.Skipf("%s is not installed", tool)
				}
				commands++
				if got := s.run(part.Shell()); got != part.Want {
					t.Errorf("%sgot:\n%swant:\n%s", part.Command, got, part.Want)
				}
			}
			if commands == 0 {
				t.Error("no command")
			}
		})
	}
}

// TestFiveCommands runs the first commands of the page: what out shows are the rows
// and alerts of one rtda.
func TestFiveCommands(t *testing.T) {
	text := section(t, "Three workers in five commands")
	blocks := regexp.MustCompile("(?s)```\\w*\n(.*?)```\n").FindAllStringSubmatch(text, -1)
	commands := slices.Collect(strings.Lines(blocks[0][1]))
	if len(commands) != 5 {
		t.Fatalf("%d commands", len(commands))
	}
	s := newShell(t)
	for _, command := range commands[:4] {
		t.Log(strings.TrimSpace(command), s.run(strings.TrimSuffix(command, "\n")))
	}
	// one rtda has the row of the last boundary, too, as its input ends
	flags, _, _ := strings.Cut(commands[2][strings.Index(commands[2], " -i "):], " >worker")
	simulate, _, _ := strings.Cut(commands[3], " | ")
	s.run(simulate + " | rtda" + flags + " >want.rows 2>want.alerts")
	s.run("last=$(tail -n 1 want.rows | cut -d ' ' -f 1); grep -v \"^$last \" want.rows | sort >want")
	rows := s.run("wc -l <want")
	s.run(fmt.Sprintf("%s 2>alerts | head -n %s | tee shown | sed 's/ partition=.* sequence=.*//' | sort >got", strings.TrimSpace(commands[4]), strings.TrimSpace(rows)))
	if got := s.run("cmp got want && tail -n +1 got | wc -l"); got != rows || strings.TrimSpace(rows) == "0" {
		t.Errorf("got %s, want %s rows", got, rows)
	}
	// the rows that the page shows
	// (in which message a line came depends on when put found it)
	for line := range strings.Lines(blocks[1][1]) {
		if got := s.run("sed 's/ line=[0-9]* / line=3 /' shown alerts | grep -F -x '" + strings.TrimSuffix(line, "\n") + "'"); got != line {
			t.Errorf("out does not show %s", line)
		}
	}
}

// TestConnectLosesRtda kills the rtda of a Redpanda Connect: what came meanwhile is in
// the output unchanged, or with reject_errored answered later, and windows begin anew.
func TestConnectLosesRtda(t *testing.T) {
	if _, err := exec.LookPath("connect"); err != nil {
		t.Skip("connect is not installed")
	}
	config := regexp.MustCompile("(?s)<!-- file: connect.yaml -->\n```\\w*\n(.*?)```\n").FindStringSubmatch(section(t, "Redpanda Connect"))[1]
	careless := strings.Replace(config, "  reject_errored:\n    file:", "  file:", 1)
	if careless == config {
		t.Fatal("the configuration of the page has no reject_errored")
	}
	lines, _, _ := makeLines(t, 2000)
	for name, c := range map[string]string{"careless": careless, "reject_errored": config} {
		t.Run(name, func(t *testing.T) {
			s := newShell(t)
			for file, text := range map[string]string{"connect.yaml": c, "first": strings.Join(lines[:1000], ""), "then": strings.Join(lines[1000:], "")} {
				if err := os.WriteFile(filepath.Join(s.dir, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			s.run("mkfifo in; connect run connect.yaml <in >connect.log 2>&1 & connect=$!; exec 3>in; cat first >&3")
			s.run("until [ -e out.json ] && [ $(wc -l <out.json) -ge 1000 ]; do sleep 0.1; done")
			// it is stopped first, so that a line waits for its answer when it dies
			s.run("pkill -STOP -x rtda -P $connect; cat then >&3; sleep 0.5; pkill -9 -x rtda -P $connect")
			s.run("until [ $(wc -l <out.json) -ge 2000 ]; do sleep 0.1; done; exec 3>&-; wait $connect")
			text, err := os.ReadFile(filepath.Join(s.dir, "out.json"))
			if err != nil {
				t.Fatal(err)
			}
			all := slices.Collect(strings.Lines(string(text)))
			unchanged, cold := 0, 0
			for _, line := range all[1000:] {
				var row struct {
					Value *float64
					Count float64 `json:"value_count"`
				}
				if err := json.Unmarshal([]byte(line), &row); err != nil {
					t.Fatal(err)
				}
				if row.Value != nil {
					unchanged++
				} else if row.Count == 1 {
					cold++
				}
			}
			t.Logf("of 1000 lines after a kill %d are in the output as they were, and %d windows began anew", unchanged, cold)
			if len(all) != 2000 || (unchanged > 0) != (name == "careless") || cold == 0 {
				t.Errorf("%d lines, %d unchanged, %d cold", len(all), unchanged, cold)
			}
		})
	}
}

// TestManifest holds what contrib/kubernetes-nats.yaml runs to the programs: the
// configuration of the server is one, init takes its arguments, but for the replicas,
// and so does a worker.
func TestManifest(t *testing.T) {
	text, err := os.ReadFile("../../contrib/kubernetes-nats.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var config strings.Builder
	for line := range strings.Lines(string(regexp.MustCompile(`nats\.conf: \|\n((?:    .*\n)+)`).FindSubmatch(text)[1])) {
		config.WriteString(strings.TrimPrefix(line, "    "))
	}
	name := filepath.Join(t.TempDir(), "nats.conf")
	if err := os.WriteFile(name, []byte(config.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	server := exec.Command(filepath.Join(bin, "nats-server"), "-t", "-c", name)
	server.Env = append(os.Environ(), "POD_NAME=nats-0", "NATS_PASSWORD=secret")
	if out, err := server.CombinedOutput(); err != nil {
		t.Errorf("nats.conf: %s", out)
	}
	lists := regexp.MustCompile(`(?s)args: (\[.*?\])\n`).FindAllSubmatch(text, -1)
	if len(lists) != 2 {
		t.Fatalf("%d lists of arguments, of init and of a worker", len(lists))
	}
	var init, worker []string
	for i, args := range []*[]string{&init, &worker} {
		if err := json.Unmarshal(lists[i][1], args); err != nil {
			t.Fatal(err)
		}
	}
	p := newPlant(t, 1, "rtda-nats", worker[2:])
	p.must(append(init, "--replicas", "1")...)
	p.setWorkers(1)
	p.input([]string{"{\"sensor\":\"s1\",\"temp\":90}\n"})
	if _, all := p.put(0); !all || !p.waitDone(time.Minute) {
		t.Error("the worker does not work")
	}
}
