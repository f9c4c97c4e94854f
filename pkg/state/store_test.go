package state

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rtda/pkg/num"
)

// A memDisk is a disk that dies at a chosen call and then shows what a machine
// could find there: after a kill all that was done, after a loss of power what
// was synced, and of the names changed since any number, in their order.
type memDisk struct {
	calls, dies int // calls so far; the one at which it dies, 0 for never
	names       map[string]*memFile
	durable     map[string]*memFile
	changes     []func(map[string]*memFile) // of names, since the folder was synced
}

type memFile struct {
	disk   *memDisk
	b      []byte
	synced []byte
}

var errDied = errors.New("died")

func newMemDisk() *memDisk {
	return &memDisk{names: map[string]*memFile{}, durable: map[string]*memFile{}}
}

func (d *memDisk) call() error {
	d.calls++
	if d.dies > 0 && d.calls >= d.dies {
		return errDied
	}
	return nil
}

func (d *memDisk) change(f func(map[string]*memFile)) {
	f(d.names)
	d.changes = append(d.changes, f)
}

func (d *memDisk) ReadFile(name string) ([]byte, error) {
	if f := d.names[name]; f != nil {
		return f.b, nil
	}
	return nil, fs.ErrNotExist
}

func (d *memDisk) Create(name string) (File, error) {
	if err := d.call(); err != nil {
		return nil, err
	}
	f := &memFile{disk: d}
	d.change(func(names map[string]*memFile) { names[name] = f })
	return f, nil
}

func (d *memDisk) Append(name string) (File, error) {
	if f := d.names[name]; f != nil {
		return f, d.call()
	}
	return d.Create(name)
}

func (d *memDisk) Sync(*os.File) error { return d.call() }

func (d *memDisk) Truncate(*os.File, int64) error { return d.call() }

func (d *memDisk) Rename(from, to string) error {
	if err := d.call(); err != nil {
		return err
	}
	if d.names[from] == nil {
		return fs.ErrNotExist
	}
	d.change(func(names map[string]*memFile) { names[to] = names[from]; delete(names, from) })
	return nil
}

func (d *memDisk) SyncFolder(string) error {
	if err := d.call(); err != nil {
		return err
	}
	d.durable, d.changes = maps.Clone(d.names), nil
	return nil
}

func (f *memFile) Write(b []byte) (int, error) {
	if err := f.disk.call(); err != nil {
		f.b = append(f.b, b[:len(b)/2]...)
		return len(b) / 2, err
	}
	f.b = append(f.b, b...)
	return len(b), nil
}

func (f *memFile) Sync() error {
	if err := f.disk.call(); err != nil {
		return err
	}
	f.synced = slices.Clone(f.b)
	return nil
}

func (f *memFile) Close() error { return f.disk.call() }

// found are the disks that may be found when the machine is there again.
func (d *memDisk) found() []*memDisk {
	disk := func(names map[string]*memFile, content func(*memFile) []byte) *memDisk {
		after := newMemDisk()
		for name, f := range names {
			b := content(f)
			after.names[name] = &memFile{disk: after, b: b, synced: b}
		}
		after.durable = maps.Clone(after.names)
		return after
	}
	all := []*memDisk{disk(d.names, func(f *memFile) []byte { return f.b })}
	for n := range len(d.changes) + 1 {
		names := maps.Clone(d.durable)
		for _, change := range d.changes[:n] {
			change(names)
		}
		all = append(all,
			disk(names, func(f *memFile) []byte { return f.synced }),
			disk(names, func(f *memFile) []byte {
				return append(slices.Clone(f.synced), make([]byte, len(f.b)-len(f.synced))...)
			}))
	}
	return all
}

// A store on a disk; its lock is a real file.
func open(t *testing.T, d FileSystem) (*Store, []byte, string, error) {
	t.Helper()
	s, saved, told, err := Open(d, filepath.Join(t.TempDir(), "s"))
	if err == nil {
		t.Cleanup(func() { _ = s.Close() })
	}
	return s, saved, told, err
}

// Whatever call of three saves is the last, and whether the process or the
// machine died, the next start finds one save or the one before, whole, and can
// save anew.
func TestStoreDiesAnywhere(t *testing.T) {
	name := filepath.Join(t.TempDir(), "s")
	content := func(n int) string { return fmt.Sprintf("save %d %s", n, strings.Repeat("x", n)) }
	for dies := 1; ; dies++ {
		d := newMemDisk()
		d.dies = dies
		saves, whole := 0, 0
		s, _, _, err := Open(d, name)
		if err != nil {
			t.Fatal(err)
		}
		for saves < 3 && whole == saves {
			saves++
			if s.Save([]byte(content(saves))) == nil {
				whole++
			}
		}
		_ = s.Close()
		for _, after := range d.found() {
			s, saved, told, err := Open(after, name)
			if err != nil {
				t.Fatalf("died at call %d: %v", dies, err)
			}
			old, last := content(whole), content(saves)
			if whole == 0 {
				old = ""
			}
			if got := string(saved); got != old && got != last {
				t.Fatalf("died at call %d: found %q (%s), want %q or %q", dies, got, told, old, last)
			}
			if err := s.Save([]byte("next")); err != nil {
				t.Fatal(err)
			}
			_ = s.Close()
			if b, err := Read(after, name); string(b) != "next" || err != nil {
				t.Fatalf("died at call %d: the next save is %q, %v", dies, b, err)
			}
		}
		if whole == 3 {
			break
		}
	}
}

func TestStoreReads(t *testing.T) {
	good := func(content string) []byte {
		d := newMemDisk()
		s := Store{name: "s", fs: d}
		if err := s.Save([]byte(content)); err != nil {
			t.Fatal(err)
		}
		return d.names["s"].b
	}
	bad := good("damaged")
	bad[len(bad)-1] ^= 1
	for _, c := range []struct {
		name       string
		file, prev []byte // nil: not there
		want       string
		told, err  string // parts
	}{
		{"nothing yet", nil, nil, "", "", ""},
		{"empty is a beginning", []byte{}, good("old"), "", "", ""},
		{"good", good("new"), good("old"), "new", "", ""},
		{"damaged", bad, good("old"), "old", "s: damaged, going on from", ""},
		{"cut short", good("new")[:20], good("old"), "old", "s: damaged", ""},
		{"cut in its first word", []byte("rtda"), good("old"), "old", "s: damaged", ""},
		{"zeros", make([]byte, 4096), good("old"), "old", "s: damaged", ""},
		{"missing", nil, good("old"), "old", "s: missing, going on from", ""},
		{"damaged and nothing before", bad, nil, "", "", "its checksum is not that"},
		{"both damaged", bad, bad, "", "", "no good"},
		{"missing and damaged before", nil, bad, "", "", "missing"},
		{"another program's", []byte("#!/bin/sh\n"), good("old"), "", "", "not a state of rtda"},
		{"another version's", []byte("rtda state 7\nxyz"), good("old"), "", "", `format "7"`},
		{"one byte too many", append(good("new"), 0), nil, "", "", "checksum"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newMemDisk()
			name := filepath.Join(t.TempDir(), "s")
			for n, b := range map[string][]byte{name: c.file, name + ".prev": c.prev} {
				if b != nil {
					d.names[n] = &memFile{disk: d, b: b}
				}
			}
			s, saved, told, err := Open(d, name)
			if string(saved) != c.want || !strings.Contains(told, c.told) || (c.told == "") != (told == "") {
				t.Errorf("got %q, told %q; want %q, %q", saved, told, c.want, c.told)
			}
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("got error %v, want %q", err, c.err)
			}
			if err == nil {
				_ = s.Close()
			}
		})
	}
}

// A damaged file must not take the place of the good one before it.
func TestDamagedIsNotKept(t *testing.T) {
	d := newMemDisk()
	s, _, _, err := open(t, d)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range []string{"one", "two"} {
		if err := s.Save([]byte(b)); err != nil {
			t.Fatal(err)
		}
	}
	d.names[s.name].b[header] ^= 1
	_ = s.Close()
	s, saved, _, err := Open(d, s.name)
	if string(saved) != "one" || err != nil {
		t.Fatalf("got %q, %v", saved, err)
	}
	defer s.Close()
	if err := s.Save([]byte("three")); err != nil {
		t.Fatal(err)
	}
	if b, err := Read(d, s.name+".prev"); string(b) != "one" || err != nil {
		t.Errorf("the save before is %q, %v", b, err)
	}
}

func TestStoreOnDisk(t *testing.T) {
	s, _, _, err := open(t, Disk{})
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range []string{"one", "two"} {
		if err := s.Save([]byte(b)); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(s.name)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	_, _, _, err = Open(Disk{}, s.name)
	if err == nil || err.Error() != fmt.Sprintf("%s: in use by process %d", s.name, os.Getpid()) {
		t.Errorf("a second one: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again, saved, told, err := Open(Disk{}, s.name)
	if string(saved) != "two" || told != "" || err != nil {
		t.Errorf("got %q, %q, %v", saved, told, err)
	}
	_ = again.Close()
	if _, _, _, err := Open(Disk{}, filepath.Join(s.name, "no folder")); err == nil || strings.Contains(err.Error(), "open ") {
		t.Errorf("no such folder: %v", err)
	}
}

// No bytes make Read panic or give what was not saved.
func FuzzRead(f *testing.F) {
	d := newMemDisk()
	s := Store{name: "s", fs: d}
	if err := s.Save([]byte("content")); err != nil {
		f.Fatal(err)
	}
	f.Add(d.names["s"].b)
	f.Add([]byte("rtda state 3\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		d := newMemDisk()
		d.names["s"] = &memFile{disk: d, b: b}
		saved, err := Read(d, "s")
		if err != nil || saved == nil {
			return
		}
		again := newMemDisk()
		s := Store{name: "s", fs: again}
		if err := s.Save(saved); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(again.names["s"].b, b) {
			t.Fatalf("%q is read as %q, which is saved as %q", b, saved, again.names["s"].b)
		}
	})
}

func TestPosition(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	write := func(content string) *os.File {
		t.Helper()
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
		return f
	}
	content := strings.Repeat("abcdefgh", 200)
	f := write(content)
	for _, offset := range []int64{0, 1, 255, 256, 257, 1000, 1600} {
		p, err := PositionOf(f, offset)
		if err != nil {
			t.Fatal(err)
		}
		d := num.NewDecoder(p.AppendState(nil))
		if q := ReadPosition(d); q != p || d.Finish() != nil {
			t.Errorf("%+v comes back as %+v, %v", p, q, d.Err())
		}
		for _, c := range []struct {
			name    string
			content string
			want    bool
		}{
			{"grown", content + "more", true},
			{"as it was", content, true},
			{"shorter", content[:max(0, offset-1)], offset == 0},
			{"another beginning", "X" + content[1:], offset == 0},
			{"another end", content[:max(0, offset-1)] + "X" + content[offset:], offset == 0},
		} {
			if got, err := p.Is(write(c.content)); got != c.want || err != nil {
				t.Errorf("offset %d, %s: %v, %v", offset, c.name, got, err)
			}
		}
		write(content)
	}
	p, err := PositionOf(write(content), 8)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(name, name+".1"); err != nil {
		t.Fatal(err)
	}
	if is, err := p.Is(write(content)); is || err != nil {
		t.Errorf("another file of the same content: %v, %v", is, err)
	}
	since := time.Now().Add(-time.Minute)
	for _, c := range []struct {
		content string
		since   time.Time
		want    bool
	}{
		{content + "more", since, true},
		{content + "more", time.Now().Add(time.Minute), false}, // it was there before
		{"X" + content[1:], since, false},
		{content[:4], since, false},
	} {
		if got := p.IsCopy(write(c.content), c.since); got != c.want {
			t.Errorf("a copy that begins with %.8q: %v", c.content, got)
		}
	}
	if same, err := os.Open(name + ".1"); err != nil || p.IsCopy(same, since) || same.Close() != nil {
		t.Errorf("the file is a copy of itself, %v", err)
	}
	if _, err := PositionOf(write("ab"), 3); err == nil {
		t.Error("a place behind the end is one")
	}
}

func TestCut(t *testing.T) {
	dir := t.TempDir()
	name, kept := filepath.Join(dir, "out"), filepath.Join(dir, "s.cut")
	if err := os.WriteFile(name, []byte("row 1\nrow 2\nrow"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if !Appends(out) || !Regular(out) {
		t.Errorf("appends %v, regular %v", Appends(out), Regular(out))
	}
	if ok, err := LockOutput(out); !ok || err != nil {
		t.Fatalf("lock: %v, %v", ok, err)
	}
	second, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if ok, err := LockOutput(second); ok || err != nil {
		t.Errorf("a second lock: %v, %v", ok, err)
	}
	in, err := Reopen(out)
	if err != nil {
		t.Skip("this system does not tell what a file is open to: ", err)
	}
	defer in.Close()
	if Appends(in) {
		t.Error("a file open for reading appends")
	}
	for _, want := range []int64{9, 0} {
		if n, err := Cut(Disk{}, in, out, 6, kept); n != want || err != nil {
			t.Errorf("cut %d bytes, %v; want %d", n, err, want)
		}
	}
	if _, err := out.WriteString("row 3\n"); err != nil {
		t.Fatal(err)
	}
	if n, err := Cut(Disk{}, in, out, 6, kept); n != 6 || err != nil {
		t.Errorf("cut %d bytes, %v", n, err)
	}
	for file, want := range map[string]string{name: "row 1\n", kept: "row 2\nrowrow 3\n"} {
		if b, err := os.ReadFile(file); string(b) != want || err != nil {
			t.Errorf("%s holds %q, %v; want %q", file, b, err, want)
		}
	}
}

// The process that holds a state dies by SIGKILL: its lock goes with it.
func TestLockDiesWithItsProcess(t *testing.T) {
	if name := os.Getenv("STATE_OF_CHILD"); name != "" {
		s, _, _, err := Open(Disk{}, name)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close() // it must not be collected
		fmt.Println("locked")
		_, _ = os.Stdin.Read(make([]byte, 1)) // until it is killed, or this test is: else Go's runtime finds a deadlock and ends it
	}
	name := filepath.Join(t.TempDir(), "s")
	child := exec.Command(os.Args[0], "-test.run", "^TestLockDiesWithItsProcess$")
	child.Env = append(os.Environ(), "STATE_OF_CHILD="+name)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 6)); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := Open(Disk{}, name); err == nil || err.Error() != fmt.Sprintf("%s: in use by process %d", name, child.Process.Pid) {
		t.Errorf("while the child lives: %v, want process %d", err, child.Process.Pid)
	}
	_ = child.Process.Kill()
	_ = child.Wait()
	s, _, _, err := Open(Disk{}, name)
	if err != nil {
		t.Fatal(err)
	}
	_ = s.Close()
}

// What is remembered of reading gives the Position that the file gives, however it was
// read, and also when the file is empty again.
func TestReading(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	r := rand.New(rand.NewPCG(5, 5))
	b := make([]byte, 3000)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for range 300 {
		if err := errors.Join(f.Truncate(0), os.WriteFile(name, b, 0o600)); err != nil {
			t.Fatal(err)
		}
		at := r.Int64N(2) * r.Int64N(1000)
		reading, err := NewReading(f, at)
		if err != nil {
			t.Fatal(err)
		}
		base, most := at, 1+r.Int64N(600)
		for range r.IntN(8) {
			n := min(r.Int64N(most), int64(len(b))-at)
			at += n
			reading.Add(b[at-n:at], at-base)
		}
		want, err := PositionOf(f, at)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Truncate(0); err != nil {
			t.Fatal(err)
		}
		if got, ok, err := reading.Clone().PositionOf(f); got != want || !ok || err != nil {
			t.Fatalf("at %d: %+v, %v, %v, want %+v", at, got, ok, err, want)
		}
		reading.Add([]byte("behind a gap"), at-base+100)
		if _, ok, _ := reading.PositionOf(f); ok {
			t.Fatal("what was passed over is not missed")
		}
	}
}
