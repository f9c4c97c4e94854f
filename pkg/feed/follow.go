package feed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"

	"rtda/pkg/parse"
)

// Bounds of following.
const (
	maxFollowed = 1000                   // files of patterns
	soon        = 10 * time.Millisecond  // until the next look, where notices do not come
	idle        = 250 * time.Millisecond // the same when nothing has grown for some time
	longIdle    = 2 * time.Second        // the same where notices come
	breath      = 2 * time.Millisecond   // at least, between looks at what was written
	longBreath  = 10 * time.Millisecond  // at least, between looks at everything
	globbing    = time.Second            // at most, between looks for new files
	perFile     = time.Millisecond       // that idle grows by
)

// A FollowConfig says how files are followed.
type FollowConfig struct {
	NUL       bool              // lines end in NUL
	Tail      int               // lines before the ends at which reading begins; below 0: all
	FirstLine bool              // with Tail the first line of a file is read too: it has names
	Tell      func(line string) // a complaint; called from any goroutine
	Keep      bool              // files are kept open until Taken has been asked and Release called; packed ones are not read
	From      []Place           // where an earlier run has stopped
	// Written reports whether the run writes to a file, which no pattern means then;
	// nil: it writes to none.
	Written func(file fs.FileInfo) bool
}

// A Place is where an earlier run has stopped reading a file.
type Place struct {
	Name   string // that the file had then
	Offset int64
	Inode  uint64
	Is     func(*os.File) bool // reports whether it is that file, and as long as then
	Copied func(*os.File) bool // reports whether it is a copy of that file, made since
	Origin *parse.Origin       // what was known of it; its Open is set
	Cut    bool                // it was made empty since, which the run had seen
	Begun  int64               // when the first run began to follow it, ns since the epoch
}

// A Taken is a followed file, and how far it has been taken.
type Taken struct {
	Name   string   // that it goes by now
	File   *os.File // nil: it is still waited for
	Origin *parse.Origin
	Offset int64
	Cut    bool  // it was made empty since
	Begun  int64 // when following it began, ns since the epoch
}

// A Follower reads files to their ends in their order, and then what is appended
// to any of them. Each file is an Origin, and so is each one that takes its name
// later: it is read from its beginning when the one before has been read to its
// end, and its lines count anew.
//
// The kernel says when something happens in a folder (fsnotify): a line is read 1
// to 3 ms after it was written, and nothing is done as long as nothing is. Where
// it may not say so, as on NFS and overlayfs, a look every 10 ms to 250 ms finds out.
// Looking alone would find a line that comes after a pause 125 ms later in the mean,
// or cost CPU for nothing. On a disk of the machine there is a look every 2 s all the
// same, for a file that is mounted for itself or written to by another of its names;
// where that finds something without a notice, there are more looks again.
//
// What cannot be seen: a file that is cut and grows beyond its old length between
// two looks, and a name that changes its file twice between two looks.
type Follower struct {
	c     FollowConfig
	merge *Merge
	end   byte

	mu       sync.Mutex
	files    []*followed
	patterns []string
	watched  map[string]bool
	watcher  *fsnotify.Watcher // nil: only looks
	globbed  time.Time
	full     bool            // told that there are too many files
	left     map[string]bool // told that they are not followed, by path
	lost     []string        // names of places that were not found
	unused   []*tail         // to be closed: Taken may have given them out

	open    context.Context
	close   context.CancelFunc // nothing more is wanted
	stopped chan struct{}
}

// A followed file is a name and the files that it has meant.
type followed struct {
	path    string
	notices [2]string   // paths that the kernel's notices may bear: of the name, and without symbolic links
	pattern bool        // it was found by one
	matched fs.FileInfo // what was found by it
	place   *Place      // where an earlier run has stopped, until it is found
	waits   bool        // it was looked for, and is waited for
	past    []*tail     // read to their ends, with FollowConfig.Keep until Taken
	now     *tail       // being read, or the last one if nothing more of it will be
	next    []*tail     // that the name came to mean since
	running bool        // now is being read
	caught  bool        // it was read to its end once
	found   bool        // there was a file of the name once
	told    string      // last complaint
}

// A tail is one file of a followed name, as its Reader reads it.
type tail struct {
	f      *os.File
	info   fs.FileInfo
	origin *parse.Origin
	head   []byte // what is read before the file's place: its first line
	start  int64  // where in the file reading begins
	given  int    // bytes of head already read
	begun  int64  // when following it began

	offset atomic.Int64    // in the file, read so far
	ending atomic.Bool     // it ends where it ends now
	wake   chan struct{}   // there may be more
	stop   <-chan struct{} // closed: nothing more is wanted
	atEnd  func()          // called when its end was reached for the first time
	reach  sync.Once
	cut    atomic.Bool // it ended because it had become shorter
}

// Follow begins to follow files: paths, patterns as filepath.Match has them, and
// `-`, which is stdin. What they bring is added to m.
func Follow(m *Merge, names []string, stdin *parse.Origin, c FollowConfig) *Follower {
	f := newFollower(m, names, stdin, c)
	if w, err := fsnotify.NewBufferedWatcher(256); err == nil {
		f.watcher = w
	}
	f.look(true)
	go f.run()
	return f
}

// newFollower is a Follower that looks only when it is told to.
func newFollower(m *Merge, names []string, stdin *parse.Origin, c FollowConfig) *Follower {
	f := &Follower{
		c: c, merge: m, end: parse.LineEnd(c.NUL), watched: map[string]bool{}, left: map[string]bool{}, stopped: make(chan struct{}),
	}
	f.open, f.close = context.WithCancel(context.Background())
	left := slices.Clone(c.From)
	for _, name := range names {
		switch _, err := os.Lstat(name); {
		case name == "-":
			m.Add(stdin, nil)
		case err != nil && strings.ContainsAny(name, `*?[`):
			f.patterns = append(f.patterns, name)
			known := len(f.files)
			f.expand()
			left = f.resumePattern(name, f.files[known:], left)
			if len(f.files) == 0 {
				c.Tell(name + ": not there yet")
			}
		default:
			e := &followed{path: name}
			e.place, left = takePlace(left, func(p *Place) bool { return p.Name == name })
			f.files = append(f.files, e)
		}
	}
	for _, p := range left {
		f.lost = append(f.lost, p.Name)
	}
	return f
}

// takePlace takes the first place out of those left of which ok holds; nil if
// there is none.
func takePlace(left []Place, ok func(*Place) bool) (*Place, []Place) {
	for i := range left {
		if p := left[i]; ok(&p) {
			return &p, slices.Delete(left, i, i+1)
		}
	}
	return nil, left
}

// resumePattern gives the files of a pattern the places of an earlier run: first
// by what they are, as a file that was renamed within the pattern is not new, then by
// their names. A name of the pattern that means no file now gets its place too: the
// file may have another name, outside of the pattern. It returns the places that are
// left.
func (f *Follower) resumePattern(pattern string, files []*followed, left []Place) []Place {
	for _, e := range files {
		t, err := open(e.path, nil)
		if err != nil {
			continue
		}
		same := func(p *Place) bool { return p.Inode == inode(t.info) && p.Is(t.f) }
		if e.place, left = takePlace(left, func(p *Place) bool { return p.Name == e.path && same(p) }); e.place == nil {
			e.place, left = takePlace(left, same)
		}
		_ = t.f.Close()
	}
	for i := 0; i < len(left); i++ {
		p := left[i]
		if ok, _ := filepath.Match(pattern, p.Name); !ok {
			continue
		}
		at := slices.IndexFunc(f.files, func(e *followed) bool { return e.path == p.Name })
		if at >= 0 && f.files[at].place != nil {
			continue // the name means the file of another place now
		}
		if at < 0 {
			at = len(f.files)
			f.files = append(f.files, &followed{path: p.Name, pattern: true})
		}
		f.files[at].place = &p
		left = slices.Delete(left, i, i+1)
		i--
	}
	return left
}

// run looks whenever the kernel says that something has happened, and now and then.
func (f *Follower) run() {
	defer close(f.stopped)
	var events chan fsnotify.Event
	var errs chan error
	if f.watcher != nil {
		events, errs = f.watcher.Events, f.watcher.Errors
	}
	wait := soon
	missed := false // something grew without a notice
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		n := notices{}
		pause := breath
		select {
		case e := <-events:
			n.add(e)
		case <-errs: // there were too many events
			n.names = true
		case <-timer.C:
			grew, files := f.look(false)
			missed = missed || grew && wait >= idle
			most := idle + time.Duration(files)*perFile
			if !missed && f.announced() {
				most = max(most, longIdle)
			}
			if wait = min(2*wait, most); grew {
				wait = soon
			}
			timer.Reset(wait)
			continue
		case <-f.open.Done():
			return
		}
		n.drain(events)
		missed = missed && len(n.written) == 0
		if n.names {
			f.look(true)
			pause = longBreath
		} else {
			f.written(n.written)
		}
		select {
		case <-time.After(pause):
		case <-f.open.Done():
			return
		}
	}
}

// announced reports whether the kernel says what happens in all folders that are
// watched, as it does of file systems that only this machine changes.
func (f *Follower) announced() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for dir := range f.watched {
		if !isLocal(dir) {
			return false
		}
	}
	return len(f.watched) > 0 && !slices.ContainsFunc(f.files, func(e *followed) bool { return !f.watched[filepath.Dir(e.path)] })
}

// notices are what the kernel said of folders.
type notices struct {
	written []string // files
	names   bool     // something may have another name now
}

func (n *notices) add(e fsnotify.Event) {
	if e.Op == fsnotify.Write {
		n.written = append(n.written, filepath.Clean(e.Name))
	} else {
		n.names = true
	}
}

func (n *notices) drain(events chan fsnotify.Event) {
	for {
		select {
		case e, ok := <-events:
			if !ok {
				return
			}
			n.add(e)
		default:
			return
		}
	}
}

func (f *Follower) written(names []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range f.files {
		if slices.Contains(names, e.notices[0]) || slices.Contains(names, e.notices[1]) {
			f.grow(e)
		}
	}
}

// Close ends it; what was read is left to the Merge. Its files are closed, with
// FollowConfig.Keep by Release.
func (f *Follower) Close() {
	f.mu.Lock() // no file is opened from here on
	f.close()
	f.mu.Unlock()
	if !f.c.Keep {
		f.Release()
	}
	if f.watcher != nil {
		<-f.stopped
		_ = f.watcher.Close()
	}
}

// Release closes all files.
func (f *Follower) Release() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range f.files {
		f.unused = append(f.unused, e.tails()...)
	}
	f.closeUnused()
}

func (f *Follower) closeUnused() {
	for _, t := range f.unused {
		_ = t.f.Close()
	}
	f.unused = nil
}

func (f *Follower) drop(t *tail) {
	if f.unused = append(f.unused, t); !f.c.Keep {
		f.closeUnused()
	}
}

// tails are the files that the name has meant, oldest first.
func (e *followed) tails() []*tail {
	all := slices.Clone(e.past)
	if e.now != nil {
		all = append(all, e.now)
	}
	return append(all, e.next...)
}

// Lost are the names of places of an earlier run that were not found.
func (f *Follower) Lost() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.lost)
}

// Taken says of each name from which of its files lines were taken last, and how
// far. The files before that one are closed; the others stay open until the next
// call. It is for whoever has the stream's turn.
//
// A run that goes on there finds the file by its inode, and then the younger ones.
func (f *Follower) Taken() []Taken {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closeUnused()
	var all []Taken
	for _, e := range f.files {
		tails := e.tails()
		if len(tails) == 0 {
			if e.place != nil {
				all = append(all, Taken{Name: e.path, Origin: e.place.Origin, Offset: e.place.Offset, Cut: e.place.Cut, Begun: e.place.Begun})
			}
			continue
		}
		last := 0
		for i, t := range tails {
			if i > 0 && t.origin != nil && t.origin.Place.End > 0 {
				last = i
			}
		}
		for len(e.past) > 0 && e.past[0] != tails[last] {
			_ = e.past[0].f.Close()
			e.past = e.past[1:]
		}
		t := tails[last]
		t.named(e.path)
		all = append(all, Taken{
			Name: e.path, File: t.f, Origin: t.origin, Cut: t.cut.Load(), Begun: t.begun,
			Offset: t.start + max(0, t.origin.Place.End-int64(len(t.head))),
		})
	}
	return all
}

// named gives a file its Origin, if it has none yet.
func (t *tail) named(path string) {
	if t.origin == nil {
		t.origin = &parse.Origin{Name: path}
	}
}

// look finds out what has happened to all files, and to names where these may
// have changed. It reports whether one has grown, and how many there are.
func (f *Follower) look(names bool) (grew bool, files int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.open.Err() != nil {
		return false, 0
	}
	if names && f.watcher != nil {
		f.watched = map[string]bool{} // a folder may have been removed and made anew
		for _, dir := range f.watcher.WatchList() {
			f.watched[dir] = true
		}
	}
	if len(f.patterns) > 0 && (names || time.Since(f.globbed) > globbing || f.renamed()) {
		f.expand()
	}
	for _, e := range f.files {
		f.rename(e)
		grew = f.grow(e) || grew
	}
	f.begin()
	f.files = slices.DeleteFunc(f.files, f.gone)
	return grew, len(f.files)
}

// renamed reports whether the name of a file of a pattern means another one.
func (f *Follower) renamed() bool {
	return slices.ContainsFunc(f.files, func(e *followed) bool {
		info, err := os.Stat(e.path)
		return e.pattern && e.newest() != nil && (err != nil || !os.SameFile(info, e.newest().info))
	})
}

// expand looks for new files of the patterns, and for the new names of files
// that are followed already: those are not new.
func (f *Follower) expand() {
	f.globbed = time.Now()
	type match struct {
		path string
		info fs.FileInfo
	}
	var matches []match
	for _, p := range f.patterns {
		paths, _ := filepath.Glob(p) // the only error is a bad pattern, which has no matches
		for _, path := range paths {
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
				matches = append(matches, match{path, info})
			}
		}
		if dir := filepath.Dir(p); !strings.ContainsAny(dir, `*?[`) {
			f.watch(dir)
		}
	}
	for _, m := range matches {
		for _, e := range f.files {
			if t := e.newest(); t != nil && e.pattern && e.path != m.path && os.SameFile(t.info, m.info) {
				if now, err := os.Stat(e.path); err != nil || !os.SameFile(t.info, now) {
					e.path = m.path
				}
			}
		}
	}
	for _, m := range matches {
		if slices.ContainsFunc(f.files, func(e *followed) bool {
			return e.path == m.path || e.isFile(m.info)
		}) {
			continue
		}
		if f.c.Written != nil && f.c.Written(m.info) {
			if !f.left[m.path] {
				f.left[m.path] = true
				f.c.Tell(m.path + ": not followed: this run writes to it")
			}
			continue
		}
		if len(f.files) >= maxFollowed {
			if !f.full {
				f.full = true
				f.c.Tell(fmt.Sprintf("%s: not followed: %d files are already", m.path, maxFollowed))
			}
			continue
		}
		f.files = append(f.files, &followed{path: m.path, pattern: true, matched: m.info})
	}
}

// isFile reports whether the name means this file, which may have several names: of a
// pattern it is read once.
func (e *followed) isFile(info fs.FileInfo) bool {
	if t := e.newest(); t != nil {
		return os.SameFile(t.info, info)
	}
	return e.matched != nil && os.SameFile(e.matched, info)
}

// newest is the file that the name was last seen to mean, nil if there was none.
func (e *followed) newest() *tail {
	if n := len(e.next); n > 0 {
		return e.next[n-1]
	}
	return e.now
}

// gone reports whether a file of a pattern has been removed and read to its end.
func (f *Follower) gone(e *followed) bool {
	if !e.pattern || !e.caught || e.newest() != nil {
		return false
	}
	if _, err := os.Stat(e.path); err == nil {
		return false
	}
	for _, t := range e.past {
		f.drop(t)
	}
	return true
}

// removed reports whether no name is left for a file.
func removed(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && st.Nlink == 0
}

// inode is the number of a file, 0 where there is none.
func inode(info fs.FileInfo) uint64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(st.Ino)
	}
	return 0
}

// rename finds out which file the name means now.
func (f *Follower) rename(e *followed) {
	f.watch(filepath.Dir(e.path))
	t, err := open(e.path, e.newest())
	switch {
	case e.place != nil:
		f.resume(e, t)
	case t != nil && f.c.Keep && compressed(t.f):
		f.c.Tell(e.path + ": compressed, its lines are not read")
		t.named(e.path)
		t.start, t.origin.Within = t.info.Size(), true
		t.ending.Store(true)
	case t != nil && !e.caught && e.newest() == nil && f.c.Tail >= 0:
		f.tail(t)
	}
	e.found = e.found || t != nil || e.newest() != nil
	if t != nil {
		e.next = append(e.next, t)
		e.told, e.notices[0] = "", filepath.Clean(e.path)
		if real, err := filepath.EvalSymlinks(e.path); err == nil {
			e.notices[1] = real
			f.watch(filepath.Dir(real))
		}
		return
	}
	if err == nil {
		return
	}
	if !errors.Is(err, fs.ErrNotExist) || !e.found && !e.pattern {
		e.tell(f, err)
	}
	e.caught = e.caught || !e.behind()
}

// open opens the file of a name, unless it is the one that is known.
func open(path string, known *tail) (*tail, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case known != nil && os.SameFile(known.info, info):
		return nil, nil
	case !info.Mode().IsRegular():
		return nil, errors.New("no regular file, cannot be followed")
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if info, err = file.Stat(); err != nil || known != nil && os.SameFile(known.info, info) {
		_ = file.Close()
		return nil, err
	}
	return newTail(file, info), nil
}

func newTail(f *os.File, info fs.FileInfo) *tail {
	return &tail{f: f, info: info, begun: time.Now().UnixNano()}
}

// behind reports whether files wait that have something to read.
func (e *followed) behind() bool {
	return slices.ContainsFunc(e.next, func(t *tail) bool { return t.size() > 0 })
}

// tell tells of a file, but not the same again and again.
func (e *followed) tell(f *Follower, err error) {
	what := err.Error()
	var path *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		what = "not there yet"
	case errors.As(err, &path):
		what = path.Err.Error()
	}
	if e.told != what {
		e.told = what
		f.c.Tell(e.path + ": " + what)
	}
}

// watch asks for notices of what happens in a folder. Where it cannot, looking
// has to do.
func (f *Follower) watch(dir string) {
	if f.watcher == nil || f.watched[dir] {
		return
	}
	if f.watcher.Add(dir) == nil {
		f.watched[dir] = true
	}
}

// resume finds the file that an earlier run has read. Where it has another name
// now, it and those that came after it are read first. t is the file that has its
// name now, nil if there is none: then the place is kept for one that may come.
func (f *Follower) resume(e *followed, t *tail) {
	place := *e.place
	var now fs.FileInfo
	if t != nil {
		now = t.info
		if inode(now) == place.Inode && place.Is(t.f) {
			e.place = nil
			f.goOn(t, place)
			return
		}
	}
	if t == nil && e.waits {
		return
	}
	old, younger := f.search(e.path, now, place)
	if old == nil && t != nil && place.Cut && inode(now) == place.Inode {
		e.place = nil // nothing of it has been taken since
		return
	}
	if old == nil && !e.waits {
		f.lost = append(f.lost, e.path)
	}
	switch {
	case old != nil:
		f.goOn(old, place)
		e.next = append(append(e.next, old), younger...)
	case t == nil:
		e.waits = true
		return
	default:
		f.c.Tell(e.path + ": not the file of the state, read from its beginning")
	}
	e.place = nil
}

// goOn lets a file be read from the place on. Where an earlier run has begun before
// its end (FollowConfig.Tail) and taken nothing yet, the first line comes before it.
func (f *Follower) goOn(t *tail, place Place) {
	t.start, t.origin, t.begun = place.Offset, place.Origin, place.Begun
	t.origin.Within = t.start > 0
	if f.c.FirstLine && t.start > 0 && t.origin.Lines == 0 {
		t.head = firstLine(t.f, t.start, f.end)
		t.origin.Within = false
	}
	t.origin.Place.End = 0 // what is read from now on counts from there
}

// search looks for the file of an earlier run in the folder of path, and in that
// of the file which it links to, and for the younger ones whose names begin with
// path, oldest first. Where there is none, a copy does it, as a rotation by copying
// leaves one.
func (f *Follower) search(path string, now fs.FileInfo, place Place) (old *tail, younger []*tail) {
	names, dirs := []string{filepath.Clean(path)}, []string{filepath.Dir(path)}
	if real, err := filepath.EvalSymlinks(path); err == nil && real != names[0] {
		names = append(names, real)
		if filepath.Dir(real) != dirs[0] {
			dirs = append(dirs, filepath.Dir(real))
		}
	}
	var copied *tail
	for _, dir := range dirs {
		entries, _ := os.ReadDir(dir)
		for _, entry := range entries {
			name := filepath.Join(dir, entry.Name())
			info, err := os.Stat(name)
			sibling := slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(name, n) })
			if err != nil || !info.Mode().IsRegular() || os.SameFile(info, now) || !sibling && inode(info) != place.Inode {
				continue
			}
			file, err := os.Open(name)
			if err != nil {
				continue
			}
			t := newTail(file, info)
			switch {
			case old == nil && inode(info) == place.Inode && place.Is(file):
				old = t
			case sibling:
				if place.Copied(file) && (copied == nil || copied.youngerThan(t)) {
					copied = t
				}
				younger = append(younger, t)
			default:
				_ = file.Close()
			}
		}
	}
	if old == nil {
		old = copied
	}
	younger = slices.DeleteFunc(younger, func(t *tail) bool {
		if t == old {
			return true
		}
		skip := old == nil || !t.youngerThan(old)
		if !skip && compressed(t.f) {
			f.c.Tell(t.f.Name() + ": compressed, its lines are not read")
			skip = true
		}
		if skip {
			_ = t.f.Close()
		}
		return skip
	})
	slices.SortStableFunc(younger, func(a, b *tail) int {
		if b.youngerThan(a) {
			return -1
		}
		return 1
	})
	return old, younger
}

// youngerThan compares rotated files by when they were written to last. Where that
// is the same, as the system's clock may be coarse, a smaller number at the end of
// the name is younger (log.1, log.2), and a later date (log-20260131).
func (t *tail) youngerThan(u *tail) bool {
	if c := t.info.ModTime().Compare(u.info.ModTime()); c != 0 {
		return c > 0
	}
	a, b := t.f.Name(), u.f.Name()
	n, errN := strconv.Atoi(a[strings.LastIndexByte(a, '.')+1:])
	k, errK := strconv.Atoi(b[strings.LastIndexByte(b, '.')+1:])
	if errN == nil && errK == nil && max(n, k) < 10000 {
		return n < k
	}
	return a > b
}

// compressed reports whether a file begins as gzip, xz, zstd or bzip2 files do.
func compressed(f *os.File) bool {
	b := make([]byte, 6)
	n, _ := f.ReadAt(b, 0)
	magics := []string{"\x1f\x8b", "\xfd7zXZ\x00", "\x28\xb5\x2f\xfd", "BZh"}
	return slices.ContainsFunc(magics, func(magic string) bool { return bytes.HasPrefix(b[:n], []byte(magic)) })
}

// tail lets reading begin some lines before the end.
func (f *Follower) tail(t *tail) {
	start, err := lastLines(t.f, t.info.Size(), f.c.Tail, f.end)
	if err != nil || start == 0 {
		return // reading will tell
	}
	if f.c.FirstLine {
		t.head = firstLine(t.f, start, f.end)
	}
	t.start = start
	t.named(t.f.Name())
	t.origin.Within = len(t.head) == 0
}

// lastLines returns where the last n whole lines of a file of the given size
// begin; what stands behind its last line's end is no line yet.
func lastLines(f io.ReaderAt, size int64, n int, end byte) (int64, error) {
	buf := make([]byte, 64<<10)
	for at := size; at > 0; {
		b := buf[:min(at, int64(len(buf)))]
		at -= int64(len(b))
		if _, err := f.ReadAt(b, at); err != nil {
			return 0, err
		}
		for i := len(b); ; n-- {
			if i = bytes.LastIndexByte(b[:i], end); i < 0 {
				break
			}
			if n == 0 {
				return at + int64(i) + 1, nil
			}
		}
	}
	return 0, nil
}

// firstLine returns the first line of a file, if it ends before most bytes and is
// not too long for names.
func firstLine(f io.ReaderAt, most int64, end byte) []byte {
	b := make([]byte, min(most, 1<<20))
	n, _ := f.ReadAt(b, 0)
	return b[:bytes.IndexByte(b[:n], end)+1]
}

// grow wakes who reads a file that has changed its length, and lets a file end
// when the next of its name has its first bytes, or when it has been removed.
func (f *Follower) grow(e *followed) (grew bool) {
	t := e.now
	if t == nil || !e.running {
		return false
	}
	info, err := t.f.Stat()
	if err != nil {
		return false // reading will tell
	}
	grew = info.Size() != t.offset.Load()
	if !t.ending.Load() && (removed(info) || len(e.next) > 0 && e.next[0].size() > 0) {
		t.ending.Store(true)
		grew = true
	}
	if grew {
		t.nudge()
	}
	return grew
}

func (t *tail) size() int64 {
	info, err := t.f.Stat()
	if err != nil {
		return 0
	}
	return info.Size()
}

func (t *tail) nudge() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// begin begins to read the files whose turn it is: at first one after the other,
// each when the one before has been read to its end.
func (f *Follower) begin() {
	turn := true
	for _, e := range f.files {
		if !e.running && len(e.next) > 0 && (turn || e.caught) {
			f.start(e)
		}
		turn = turn && e.caught
	}
}

// start begins to read the next file of a name.
func (f *Follower) start(e *followed) {
	t := e.next[0]
	e.next = e.next[1:]
	if e.now != nil && f.c.Keep {
		e.past = append(e.past, e.now)
	} else if e.now != nil {
		f.drop(e.now)
	}
	e.now, e.running = t, true
	t.wake, t.stop = make(chan struct{}, 1), f.open.Done()
	t.offset.Store(t.start)
	t.atEnd = func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if !e.caught && !e.behind() {
			e.caught = true
			f.begin()
		}
	}
	t.named(e.path)
	t.origin.Open = func() (io.ReadCloser, error) { return t, nil }
	f.merge.Add(t.origin, func(err error) { f.ended(e, t, err) })
}

// ended goes on with the next file of a name.
func (f *Follower) ended(e *followed, t *tail, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	e.running = false
	switch {
	case f.open.Err() != nil || errors.Is(err, errDropped):
	case err != nil:
		f.c.Tell(ended(e.path, err))
	case t.cut.Load():
		f.c.Tell(e.path + ": truncated, read from its beginning")
		if file, err := os.Open(e.path); err == nil {
			if info, err := file.Stat(); err == nil && os.SameFile(info, t.info) {
				e.next = slices.Insert(e.next, 0, newTail(file, info))
			} else {
				_ = file.Close() // the next look finds it
			}
		}
	}
	if f.open.Err() != nil {
		return
	}
	if info, err := t.f.Stat(); err == nil && removed(info) { // it cannot come back: its room on the disk is given free
		f.drop(t)
		e.now = nil
	}
	e.caught = e.caught || !e.behind()
	f.begin()
}

// Read reads what there is, and waits at the end for more. It is io.EOF where
// nothing more will come: in a file whose name has been given to another one, or
// that has become shorter.
func (t *tail) Read(b []byte) (int, error) {
	if t.given < len(t.head) {
		n := copy(b, t.head[t.given:])
		t.given += n
		return n, nil
	}
	for {
		ending := t.ending.Load() // before the read, which so has all there was then
		at := t.offset.Load()
		if t.size() < at {
			t.cut.Store(true)
			return 0, io.EOF
		}
		n, err := t.f.ReadAt(b, at)
		t.offset.Store(at + int64(n))
		if n > 0 {
			return n, nil
		}
		if err != nil && err != io.EOF {
			return 0, err
		}
		t.reach.Do(t.atEnd)
		if ending {
			return 0, io.EOF
		}
		select {
		case <-t.wake:
		case <-t.stop:
			return 0, errDropped // what has no end yet is no line
		}
	}
}

// Close leaves the file open: a saved state may still need its place.
func (t *tail) Close() error { return nil }
