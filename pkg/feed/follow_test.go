package feed

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rtda/pkg/parse"
)

// A scene is a folder with files that are followed, and what came of them.
type scene struct {
	*testing.T
	dir string
	k   *taker
	f   *Follower
}

// follow follows names in a new folder; what prepare writes there is there before.
func follow(t *testing.T, c FollowConfig, names []string, prepare func(s *scene)) *scene {
	t.Helper()
	s := &scene{T: t, dir: t.TempDir(), k: newTaker()}
	if prepare != nil {
		prepare(s)
	}
	var paths []string
	for _, name := range names {
		paths = append(paths, s.path(name))
	}
	c.Tell = s.k.tell
	s.f = Follow(s.k.m, paths, nil, c)
	t.Cleanup(func() {
		s.k.m.Close()
		s.f.Close()
		<-s.k.ended
	})
	return s
}

func (s *scene) path(name string) string { return filepath.Join(s.dir, name) }

// add appends text to a file.
func (s *scene) add(name, text string) {
	s.Helper()
	f, err := os.OpenFile(s.path(name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		s.Fatal(err)
	}
	if _, err := f.WriteString(text); err != nil {
		s.Fatal(err)
	}
	if err := f.Close(); err != nil {
		s.Fatal(err)
	}
}

func (s *scene) rename(from, to string) {
	s.Helper()
	if err := os.Rename(s.path(from), s.path(to)); err != nil {
		s.Fatal(err)
	}
}

func (s *scene) stat(path string) os.FileInfo {
	s.Helper()
	info, err := os.Stat(path)
	if err != nil {
		s.Fatal(err)
	}
	return info
}

// age makes a file one that was written to some hours ago.
func (s *scene) age(name string, hours int) {
	s.Helper()
	at := time.Now().Add(-time.Duration(hours) * time.Hour)
	if err := os.Chtimes(s.path(name), at, at); err != nil {
		s.Fatal(err)
	}
}

// want waits until the lines of a name are these.
func (s *scene) want(name string, lines ...string) {
	s.Helper()
	for range 30_000 {
		if slices.Equal(s.k.of(s.path(name)), lines) {
			return
		}
		time.Sleep(time.Millisecond)
	}
	s.Fatalf("lines of %s: %q, want %q; told %q", name, s.k.of(s.path(name)), lines, s.said())
}

// said is what was told, without the folder.
func (s *scene) said() string { return strings.ReplaceAll(s.k.said(), s.dir+"/", "") }

var whole = FollowConfig{Tail: -1}

// Files are read in their order, then what is appended to any; a line is one when
// it has its end.
func TestFollowAppended(t *testing.T) {
	s := follow(t, whole, []string{"a", "b"}, func(s *scene) {
		s.add("a", strings.Repeat("a\n", 100000))
		s.add("b", "b1\nb2\nb")
	})
	until(t, "b", func() bool { return len(s.k.of(s.path("b"))) == 2 })
	if n := len(s.k.of(s.path("a"))); n != 100000 {
		t.Errorf("b is read when %d lines of a are", n)
	}
	s.add("b", "3\n")
	s.want("b", "b1", "b2", "b3")
	s.add("a", "more\n")
	until(t, "a", func() bool { return len(s.k.of(s.path("a"))) == 100001 })
	if s.said() != "" {
		t.Errorf("told %q", s.said())
	}
}

// A name that comes to mean another file is read to the end of the old one, an
// unfinished line included, also what a slow writer adds there, then from the
// beginning of the new one.
func TestFollowRename(t *testing.T) {
	s := follow(t, whole, []string{"a"}, func(s *scene) { s.add("a", "1\n2") })
	s.want("a", "1")
	s.rename("a", "a.1")
	s.add("a.1", "3\n")
	s.want("a", "1", "23")
	s.add("a", "") // the new file is there, and its writer still writes to the old one
	s.add("a.1", "4\n5")
	s.want("a", "1", "23", "4")
	s.add("a", "6\n")
	s.want("a", "1", "23", "4", "5", "6")
	s.rename("a", "a.2")
	s.add("a", "7\n")
	s.want("a", "1", "23", "4", "5", "6", "7")
	if s.said() != "" {
		t.Errorf("told %q", s.said())
	}
}

// Lines of each file count from 1, and its header is its own: each is an Origin.
func TestFollowOrigins(t *testing.T) {
	dir := t.TempDir()
	m := NewMerge(parse.ReaderConfig{})
	path := filepath.Join(dir, "a")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("old\n")
	f := Follow(m, []string{path}, nil, FollowConfig{Tail: -1, Keep: true, Tell: func(line string) { t.Error(line) }})
	defer f.Close()
	defer m.Close()
	var first, second parse.Block
	if err := m.Next(&first); err != nil {
		t.Fatal(err)
	}
	first.Origin.Place.End = first.End // as who takes it does
	taken := func() Taken {
		t.Helper()
		all := f.Taken()
		if len(all) != 1 || all[0].Name != path {
			t.Fatalf("taken %+v", all)
		}
		return all[0]
	}
	if got := taken(); got.Origin != first.Origin || got.Offset != 4 {
		t.Errorf("4 bytes of the first Origin are %+v", got)
	}
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	write("new\nnewer\n")
	if err := m.Next(&second); err != nil {
		t.Fatal(err)
	}
	if first.Origin == second.Origin || second.Origin.Name != path || string(second.Data) != "new\nnewer\n" {
		t.Errorf("the new file is %q of the Origin of the old one: %v", second.Data, first.Origin == second.Origin)
	}
	if got := taken(); got.Origin != first.Origin || got.Offset != 4 {
		t.Errorf("nothing of the second Origin has been taken, but %+v", got)
	}
	second.Origin.Place.End = second.End
	got := taken()
	if got.Origin != second.Origin || got.Offset != 10 {
		t.Errorf("10 bytes of the second Origin are %+v", got)
	}
	f.Close()
	if again := taken(); again.Offset != 10 {
		t.Errorf("taken after Close: %+v", again)
	}
	if _, err := got.File.Stat(); err != nil {
		t.Errorf("the file is not there until Release: %v", err)
	}
	f.Release()
	if _, err := got.File.Stat(); err == nil {
		t.Error("the file is open after Release")
	}
}

// A file that has become shorter is read from its beginning, and that is told.
func TestFollowTruncated(t *testing.T) {
	s := follow(t, whole, []string{"a"}, func(s *scene) { s.add("a", "1\n2\n") })
	s.want("a", "1", "2")
	if err := os.Truncate(s.path("a"), 0); err != nil {
		t.Fatal(err)
	}
	until(t, "truncated", func() bool { return s.said() == "a: truncated, read from its beginning" })
	s.add("a", "3\n")
	s.want("a", "1", "2", "3")
}

// A file that is not there yet is waited for, and so is one that has vanished.
func TestFollowNotThere(t *testing.T) {
	s := follow(t, whole, []string{"sub/a", "b"}, func(s *scene) { s.add("b", "b\n") })
	s.want("b", "b")
	if s.said() != "sub/a: not there yet" {
		t.Errorf("told %q", s.said())
	}
	if err := os.Mkdir(s.path("sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	s.add("sub/a", "1\n")
	s.want("sub/a", "1")
	if err := os.Remove(s.path("sub/a")); err != nil {
		t.Fatal(err)
	}
	s.add("b", "c\n")
	s.want("b", "b", "c")
	s.add("sub/a", "2\n")
	s.want("sub/a", "1", "2")
	s.add("sub/a", "3\n")
	s.want("sub/a", "1", "2", "3")
	// moved away and back it is the same file
	s.rename("sub/a", "x")
	s.add("x", "4\n")
	s.rename("x", "sub/a")
	s.add("sub/a", "5\n")
	s.want("sub/a", "1", "2", "3", "4", "5")
	if s.said() != "sub/a: not there yet" {
		t.Errorf("told %q", s.said())
	}
}

// A folder, and what cannot be read, is told and waited for.
func TestFollowNoFile(t *testing.T) {
	s := follow(t, whole, []string{"a"}, func(s *scene) {
		if err := os.Mkdir(s.path("a"), 0o700); err != nil {
			t.Fatal(err)
		}
	})
	if s.said() != "a: no regular file, cannot be followed" {
		t.Errorf("told %q", s.said())
	}
	if err := os.Remove(s.path("a")); err != nil {
		t.Fatal(err)
	}
	s.add("a", "1\n")
	s.want("a", "1")
}

// A pattern takes new files too; one that is renamed within it is not new, and one
// that is removed is forgotten.
func TestFollowPattern(t *testing.T) {
	s := follow(t, whole, []string{"*.log"}, func(s *scene) { s.add("b.log", "b1\n"); s.add("other", "x\n") })
	s.want("b.log", "b1")
	s.add("a.log", "a1\n")
	s.want("a.log", "a1")
	s.rename("a.log", "a.1.log")
	s.add("a.1.log", "a2\n")
	s.want("a.log", "a1", "a2")
	s.add("a.log", "n1\n")
	s.want("a.log", "a1", "a2", "n1")
	s.want("a.1.log")
	s.add("a.1.log", "a3\n")
	s.want("a.log", "a1", "a2", "n1", "a3")
	if err := os.Remove(s.path("b.log")); err != nil {
		t.Fatal(err)
	}
	until(t, "forgotten", func() bool {
		s.f.mu.Lock()
		defer s.f.mu.Unlock()
		return len(s.f.files) == 2
	})
	s.add("b.log", "b2\n")
	s.want("b.log", "b1", "b2")
	if s.said() != "" {
		t.Errorf("told %q", s.said())
	}
}

// A file that has two names of a pattern is read once.
func TestFollowPatternHardLink(t *testing.T) {
	s := follow(t, whole, []string{"*.log"}, func(s *scene) {
		s.add("a.log", "1\n")
		if err := os.Link(s.path("a.log"), s.path("b.log")); err != nil {
			t.Skip("no hard links here: ", err)
		}
	})
	s.want("a.log", "1")
	s.add("b.log", "2\n")
	s.want("a.log", "1", "2")
	s.want("b.log")
}

// For a state, whose places are bytes of files, packed files are told and not read.
func TestFollowPacked(t *testing.T) {
	s := follow(t, FollowConfig{Tail: -1, Keep: true}, []string{"*.log"}, func(s *scene) {
		s.add("a.log", "\x1f\x8b\x08rest")
		s.add("b.log", "1\n")
	})
	s.want("b.log", "1")
	s.add("a.log", "more\n")
	s.add("b.log", "2\n")
	s.want("b.log", "1", "2")
	s.want("a.log")
	if s.said() != "a.log: compressed, its lines are not read" {
		t.Errorf("told %q", s.said())
	}
	s.f.Close()
	s.f.Release()
}

func TestFollowPatternWithoutFiles(t *testing.T) {
	s := follow(t, whole, []string{"*.log"}, nil)
	if s.said() != "*.log: not there yet" {
		t.Errorf("told %q", s.said())
	}
	s.add("a.log", "a\n")
	s.want("a.log", "a")
}

// What the run itself writes to is none of a pattern's files.
func TestFollowWritten(t *testing.T) {
	c := whole
	c.Written = func(file os.FileInfo) bool { return strings.HasPrefix(file.Name(), "rows") }
	s := follow(t, c, []string{"*"}, func(s *scene) {
		s.add("a", "1\n")
		s.add("rows", "2\n")
	})
	s.want("a", "1")
	s.add("b", "3\n")
	s.want("b", "3")
	s.want("rows")
	if s.said() != "rows: not followed: this run writes to it" {
		t.Errorf("told %q", s.said())
	}
}

// At most 1000 files are followed.
func TestFollowMany(t *testing.T) {
	s := follow(t, whole, []string{"*"}, func(s *scene) {
		for i := range maxFollowed + 2 {
			s.add(fmt.Sprintf("%04d", i), fmt.Sprintln(i))
		}
	})
	s.want("0999", "999")
	if s.said() != "1000: not followed: 1000 files are already" {
		t.Errorf("told %q", s.said())
	}
	s.add("0500", "more\n")
	s.want("0500", "500", "more")
}

// Reading begins some lines before the end, with the first line where that has
// names; files that come later are read whole.
func TestFollowTail(t *testing.T) {
	text := "name\n1\n2\n3\nunfinished"
	for _, c := range []struct {
		tail  int
		first bool
		want  []string
	}{
		{0, false, nil}, {1, false, []string{"3"}}, {3, false, []string{"1", "2", "3"}},
		{4, false, []string{"name", "1", "2", "3"}}, {9, false, []string{"name", "1", "2", "3"}}, {-1, false, []string{"name", "1", "2", "3"}},
		{0, true, []string{"name"}}, {2, true, []string{"name", "2", "3"}}, {3, true, []string{"name", "1", "2", "3"}}, {4, true, []string{"name", "1", "2", "3"}},
	} {
		t.Run(fmt.Sprintf("tail=%d/first=%v", c.tail, c.first), func(t *testing.T) {
			s := follow(t, FollowConfig{Tail: c.tail, FirstLine: c.first}, []string{"a", "b"}, func(s *scene) { s.add("a", text) })
			s.want("a", c.want...)
			s.add("a", " line\n")
			s.want("a", append(c.want, "unfinished line")...)
			s.rename("a", "a.1")
			s.add("a", "new\n")
			s.add("b", "1\n2\n3\n")
			s.want("a", append(c.want, "unfinished line", "new")...)
			s.want("b", "1", "2", "3")
		})
	}
}

// Lines before the end are counted over blocks of reading, whatever they hold.
func TestLastLines(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		var lines []string
		for range r.IntN(400) {
			lines = append(lines, strings.Repeat("x", r.IntN(3)*r.IntN(1000))+"\n")
		}
		text := strings.Join(lines, "")
		n := r.IntN(len(lines) + 2)
		at, err := lastLines(strings.NewReader(text), int64(len(text)), n, '\n')
		want := strings.Join(lines[max(0, len(lines)-n):], "")
		if err != nil || text[at:] != want {
			t.Fatalf("the last %d of %d lines begin at %d of %d, want %d (%v)", n, len(lines), at, len(text), len(text)-len(want), err)
		}
	}
}

// Where an earlier run has stopped, reading goes on: in the same file, or where
// that has another name now, there and in those that came after it.
func TestFollowResume(t *testing.T) {
	begins := func(f *os.File) bool {
		b := make([]byte, 4)
		_, _ = f.ReadAt(b, 0) // a file that is shorter does not
		return string(b) == "1\n2\n"
	}
	for _, c := range []struct {
		name    string
		prepare func(s *scene)
		want    map[string][]string
		told    string
		copied  bool
	}{
		{"same", func(s *scene) { s.add("a", "1\n2\n3\n") }, map[string][]string{"": {"3"}}, "", false},
		{"another", func(s *scene) { s.add("a", "9\n8\n3\n") }, map[string][]string{"a": {"9", "8", "3"}}, "a: not the file of the state, read from its beginning", false},
		{"renamed", func(s *scene) { s.add("a.1", "1\n2\n3\n"); s.add("a", "4\n"); s.age("a.1", 1) }, map[string][]string{"": {"3"}, "a": {"4"}}, "", false},
		{"renamed, no new one yet", func(s *scene) { s.add("a.1", "1\n2\n3\n") }, map[string][]string{"": {"3"}}, "", false},
		{"copied and cut", func(s *scene) { s.add("a.1", "1\n2\n3\n"); s.add("a", "4\n") }, map[string][]string{"": {"3"}, "a": {"4"}}, "", true},
		{"copied and cut twice", func(s *scene) {
			s.add("a.2", "1\n2\n3\n")
			s.add("a.1", "1\n2\n9\n")
			s.age("a.2", 2)
			s.age("a.1", 1)
			s.add("a", "4\n")
		}, map[string][]string{"": {"3"}, "a": {"1", "2", "9", "4"}}, "", true},
		{"written in the same moment", func(s *scene) {
			for i, name := range []string{"a.3", "a.1", "a.2"} {
				s.add(name, []string{"1\n2\n3\n", "5\n", "4\n"}[i])
			}
			at := s.stat(s.path("a.2")).ModTime()
			for _, name := range []string{"a.1", "a.2"} {
				if err := os.Chtimes(s.path(name), at, at); err != nil {
					s.Fatal(err)
				}
			}
			s.age("a.3", 1)
		}, map[string][]string{"": {"3"}, "a": {"4", "5"}}, "", false},
		{"rotated often", func(s *scene) {
			for i, name := range []string{"a.gz", "a.3", "old", "a.1", "a.2", "a"} {
				text := []string{"\x1f\x8b\x08rest", "1\n2\n3", "x\n", "5\n", "4\n", "6\n"}[i]
				s.add(name, text)
				s.age(name, []int{1, 9, 20, 3, 5, 0}[i])
			}
		}, map[string][]string{"": {"3"}, "a": {"4", "5", "6"}}, "a.gz: compressed, its lines are not read", false},
		{"a link to a renamed file", func(s *scene) {
			if err := os.Mkdir(s.path("dir"), 0o700); err != nil {
				s.Fatal(err)
			}
			s.add("dir/a.2", "1\n2\n3\n")
			s.add("dir/a.1", "4\n")
			s.add("dir/a", "5\n")
			s.age("dir/a.2", 2)
			s.age("dir/a.1", 1)
			if err := os.Symlink("dir/a", s.path("a")); err != nil {
				s.Fatal(err)
			}
		}, map[string][]string{"": {"3"}, "a": {"4", "5"}}, "", false},
		{"nothing there", func(*scene) {}, map[string][]string{"a": nil}, "a: not there yet", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &scene{T: t, dir: t.TempDir(), k: newTaker()}
			c.prepare(s)
			place := Place{Name: s.path("a"), Offset: 4, Is: begins, Origin: &parse.Origin{Lines: 2}}
			paths, _ := filepath.Glob(s.path("a*"))
			if more, _ := filepath.Glob(s.path("dir/a*")); len(more) > 0 {
				paths = more
			}
			if len(paths) > 0 { // the oldest is the file that was read
				slices.SortFunc(paths, func(a, b string) int {
					return s.stat(a).ModTime().Compare(s.stat(b).ModTime())
				})
				place.Inode = inode(s.stat(paths[0]))
			}
			place.Copied = func(f *os.File) bool { return c.copied && begins(f) }
			if c.copied {
				place.Inode = 1
			}
			s.f = Follow(s.k.m, []string{s.path("a")}, nil, FollowConfig{Tail: -1, Tell: s.k.tell, From: []Place{place}})
			defer func() {
				s.k.m.Close()
				s.f.Close()
				<-s.k.ended
			}()
			for name, lines := range c.want {
				if name != "" {
					name = s.path(name)
				}
				until(t, name, func() bool { return slices.Equal(s.k.of(name), lines) })
			}
			if s.said() != c.told {
				t.Errorf("told %q, want %q", s.said(), c.told)
			}
		})
	}
}

// A writer that rotates its file again and again, at full speed: nothing is lost
// and nothing comes twice.
func TestFollowRotation(t *testing.T) {
	s := follow(t, whole, []string{"a"}, func(s *scene) { s.add("a", "") })
	const files, lines = 8, 4000
	for i := range files {
		var b strings.Builder
		for k := range lines {
			fmt.Fprintln(&b, i*lines+k)
			if k%97 == 0 {
				s.add("a", b.String()[:b.Len()-2]) // a line in two pieces
				rest := b.String()[b.Len()-2:]
				b.Reset()
				b.WriteString(rest)
			}
		}
		s.add("a", b.String())
		// the next rename comes when this file has been seen
		until(t, "some lines", func() bool { return len(s.k.of(s.path("a"))) > i*lines })
		s.rename("a", fmt.Sprint("a.", i))
		s.add("a", "")
	}
	until(t, "all lines", func() bool { return len(s.k.of(s.path("a"))) >= files*lines })
	for i, line := range s.k.of(s.path("a")) {
		if line != fmt.Sprint(i) {
			t.Fatalf("line %d is %q", i, line)
		}
	}
}

// A line that is appended after a pause is there at once.
func TestFollowLatency(t *testing.T) {
	s := follow(t, whole, []string{"a"}, func(s *scene) { s.add("a", "") })
	var all []time.Duration
	for i := range 15 {
		time.Sleep(15 * time.Millisecond) // the pause
		begin := time.Now()
		s.add("a", "x\n")
		until(t, "the line", func() bool { return len(s.k.of(s.path("a"))) == i+1 })
		all = append(all, time.Since(begin))
	}
	slices.Sort(all)
	t.Logf("median %v, slowest %v", all[len(all)/2], all[len(all)-1])
	if all[len(all)/2] > 200*time.Millisecond { // 20 ms on a machine with nothing else to do
		t.Errorf("a line takes %v", all[len(all)/2])
	}
}

// A file that is written to by another of its names, in a folder that nobody
// watches, is looked at now and then, and after that more often.
func TestFollowHardLink(t *testing.T) {
	t.Parallel()
	s := follow(t, whole, []string{"a"}, func(s *scene) {
		s.add("a", "1\n")
		if err := os.Mkdir(s.path("other"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Link(s.path("a"), s.path("other/b")); err != nil {
			t.Skip("no hard links here: ", err)
		}
	})
	s.want("a", "1")
	time.Sleep(600 * time.Millisecond) // so that looks have become seldom
	s.add("other/b", "2\n")
	s.want("a", "1", "2")
	s.add("other/b", "3\n")
	s.want("a", "1", "2", "3")
}

// Without notices of the kernel, looking finds all of it.
func TestFollowByLooking(t *testing.T) {
	dir := t.TempDir()
	s := &scene{T: t, dir: dir, k: newTaker()}
	s.add("a", "1\n")
	f := newFollower(s.k.m, []string{s.path("a"), s.path("*.log")}, nil, FollowConfig{Tail: -1, Tell: s.k.tell})
	go f.run()
	defer func() {
		s.k.m.Close()
		f.Close()
		<-s.k.ended
	}()
	s.want("a", "1")
	s.add("a", "2\n")
	s.want("a", "1", "2")
	s.rename("a", "b")
	s.add("a", "3\n")
	s.want("a", "1", "2", "3")
	s.add("x.log", "x\n")
	s.want("x.log", "x")
}

// A file whose Origin was dropped is left alone until its name means another.
func TestFollowDropped(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	s := &scene{T: t, dir: dir}
	s.add("a", "bad\n")
	m := NewMerge(parse.ReaderConfig{})
	f := Follow(m, []string{path}, nil, FollowConfig{Tail: -1, Tell: func(line string) { t.Error(line) }})
	defer f.Close()
	defer m.Close()
	var b parse.Block
	if err := m.Next(&b); err != nil {
		t.Fatal(err)
	}
	m.Drop(b.Origin)
	s.add("a", "more\n")
	s.rename("a", "a.1")
	s.add("a", "good\n")
	if err := m.Next(&b); err != nil || string(b.Data) != "good\n" {
		t.Errorf("%q, %v: want the lines of the new file", b.Data, err)
	}
}

// TestFollowAnything does anything in any order to a file: all lines come, once and
// in order.
func TestFollowAnything(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) { followAnything(t, seed) })
	}
}

func followAnything(t *testing.T, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 2))
	s := follow(t, whole, []string{"a"}, nil)
	var want []string
	open, there := "", false // the line without its end; a file is there
	for i := range 30 {
		switch op := r.IntN(9); {
		case op < 4 || !there:
			there = true
			line := fmt.Sprint(seed, ".", i)
			s.add("a", line+"\n")
			want = append(want, open+line)
			open = ""
		case op < 6:
			s.add("a", "part")
			open += "part"
		case op == 6: // rename; the unfinished line is one
			s.want("a", want...)
			s.rename("a", fmt.Sprint("old", i))
			there = false
			if open != "" {
				want = append(want, open)
				open = ""
			}
		case op == 7: // copytruncate, when all has been read
			s.want("a", want...)
			if open != "" {
				continue
			}
			if err := os.Truncate(s.path("a"), 0); err != nil {
				t.Fatal(err)
			}
			n := strings.Count(s.said(), "truncated")
			if len(want) > 0 && n < 100 {
				until(t, "truncated", func() bool { return s.emptied() })
			}
		case op == 8: // vanish
			s.want("a", want...)
			if open != "" {
				continue
			}
			if err := os.Remove(s.path("a")); err != nil {
				t.Fatal(err)
			}
			there = false
		}
	}
	if open != "" || !there {
		s.add("a", "end\n")
		want = append(want, open+"end")
	}
	s.want("a", want...)
}

// emptied reports whether the file being read is read from where it begins now.
func (s *scene) emptied() bool {
	s.f.mu.Lock()
	defer s.f.mu.Unlock()
	e := s.f.files[0]
	return e.now == nil || e.now.offset.Load() == 0
}
