package feed

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
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
	From      map[string]Place  // where an earlier run has stopped, by name
}

// A Place is where an earlier run has stopped reading a file.
type Place struct {
	Offset int64
	Is     func(*os.File) (bool, error) // reports whether it is that file, and as long as then
	Origin *parse.Origin                // what was known of it; its Open is set. nil: nothing
}

// A Follower reads files to their ends in their order, and then what is appended
// to any of them. Each file is an Origin, and so is each one that takes its name
// later: it is read from its beginning when the one before has been read to its
// end, and its lines count anew.
//
// The kernel says when something happens in a folder (fsnotify): a line is read 1
// to 3 ms after it was written, and nothing is done as long as nothing is. Where
// it does not say so, as on NFS, for other layers of overlayfs and behind bind
// mounts, a look every 10 ms to 250 ms finds out. Looking alone would find a line
// that comes after a pause 125 ms later in the mean, or cost CPU for nothing.
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
	full     bool // told that there are too many files
	closed   bool

	stop    chan struct{}
	stopped chan struct{}
}

// A followed file is a name and the files that it has meant.
type followed struct {
	path    string
	notices [2]string // paths that the kernel's notices may bear: of the name, and without symbolic links
	pattern bool      // it was found by one
	resumed bool      // the place of an earlier run has been looked for
	before  *tail     // read to its end: kept open for Where
	now     *tail     // being read, or the last one if nothing more of it will be
	next    []*tail   // that the name came to mean since
	running bool      // now is being read
	caught  bool      // it was read to its end once
	found   bool      // there was a file of the name once
	told    string    // last complaint
}

// A tail is one file of a followed name, as its Reader reads it.
type tail struct {
	f      *os.File
	info   fs.FileInfo
	origin *parse.Origin
	head   []byte // what is read before the file's place: its first line
	start  int64  // where in the file reading begins
	given  int    // bytes of head already read

	offset atomic.Int64  // in the file, read so far
	ending atomic.Bool   // it ends where it ends now
	wake   chan struct{} // there may be more
	stop   chan struct{} // closed: nothing more is wanted
	atEnd  func()        // called when its end was reached for the first time
	reach  sync.Once
	cut    bool // it ended because it had become shorter
}

// Follow begins to follow files: paths, patterns as filepath.Match has them, and
// `-`, which is stdin. What they bring is added to m.
func Follow(m *Merge, names []string, stdin io.Reader, c FollowConfig) *Follower {
	f := newFollower(m, names, stdin, c)
	if w, err := fsnotify.NewBufferedWatcher(256); err == nil {
		f.watcher = w
	}
	f.look(true)
	go f.run()
	return f
}

// newFollower is a Follower that looks only when it is told to.
func newFollower(m *Merge, names []string, stdin io.Reader, c FollowConfig) *Follower {
	f := &Follower{
		c: c, merge: m, end: '\n', watched: map[string]bool{},
		stop: make(chan struct{}), stopped: make(chan struct{}),
	}
	if c.NUL {
		f.end = 0
	}
	for _, name := range names {
		switch _, err := os.Lstat(name); {
		case name == "-":
			m.Add(&parse.Origin{Name: "-", Open: func() (io.ReadCloser, error) { return io.NopCloser(stdin), nil }}, nil)
		case err != nil && strings.ContainsAny(name, `*?[`):
			f.patterns = append(f.patterns, name)
			f.expand()
			if len(f.files) == 0 {
				c.Tell(name + ": not there yet")
			}
		default:
			f.files = append(f.files, &followed{path: name})
		}
	}
	return f
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
			if wait = min(2*wait, idle+time.Duration(files)*perFile); grew {
				wait = soon
			}
			timer.Reset(wait)
			continue
		case <-f.stop:
			return
		}
		n.drain(events)
		if n.names {
			f.look(true)
			pause = longBreath
		} else {
			f.written(n.written)
		}
		select {
		case <-time.After(pause):
		case <-f.stop:
			return
		}
	}
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

// drain takes what waits.
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

// written looks at the files of these names.
func (f *Follower) written(names []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range f.files {
		if slices.Contains(names, e.notices[0]) || slices.Contains(names, e.notices[1]) {
			f.grow(e)
		}
	}
}

// Close ends it and closes its files; what was read is left to the Merge. Where
// must not be asked any more.
func (f *Follower) Close() {
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		return
	}
	f.closed = true
	close(f.stop)
	for _, e := range f.files {
		e.close()
	}
	f.mu.Unlock()
	if f.watcher != nil {
		<-f.stopped
		_ = f.watcher.Close()
	}
}

// close closes the files of a name.
func (e *followed) close() {
	for _, t := range append([]*tail{e.before, e.now}, e.next...) {
		if t != nil {
			_ = t.f.Close()
		}
	}
}

// Where says which file an Origin is, and which place in it end bytes of the
// Origin are. It is not ok for an Origin that is not followed any more.
func (f *Follower) Where(o *parse.Origin, end int64) (file *os.File, offset int64, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range f.files {
		for _, t := range []*tail{e.now, e.before} {
			if t != nil && t.origin == o {
				return t.f, t.start + max(0, end-int64(len(t.head))), true
			}
		}
	}
	return nil, 0, false
}

// look finds out what has happened to all files, and to names where these may
// have changed. It reports whether one has grown, and how many there are.
func (f *Follower) look(names bool) (grew bool, files int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
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
	f.files = slices.DeleteFunc(f.files, (*followed).gone)
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
			return e.path == m.path || e.newest() != nil && os.SameFile(e.newest().info, m.info)
		}) {
			continue
		}
		if len(f.files) >= maxFollowed {
			if !f.full {
				f.full = true
				f.c.Tell(fmt.Sprintf("%s: not followed: %d files are already", m.path, maxFollowed))
			}
			continue
		}
		f.files = append(f.files, &followed{path: m.path, pattern: true})
	}
}

// newest is the file that the name was last seen to mean, nil if there was none.
func (e *followed) newest() *tail {
	if n := len(e.next); n > 0 {
		return e.next[n-1]
	}
	return e.now
}

// gone reports whether a file of a pattern has been removed and read to its end.
func (e *followed) gone() bool {
	if !e.pattern || !e.caught || e.newest() != nil {
		return false
	}
	if _, err := os.Stat(e.path); err == nil {
		return false
	}
	e.close()
	return true
}

// removed reports whether no name is left for a file.
func removed(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && st.Nlink == 0
}

// rename finds out which file the name means now.
func (f *Follower) rename(e *followed) {
	f.watch(filepath.Dir(e.path))
	t, err := open(e.path, e.newest())
	place, resumes := f.c.From[e.path]
	resumes = resumes && !e.resumed
	e.resumed = true
	switch {
	case resumes:
		f.resume(e, t, place)
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
	return &tail{f: file, info: info}, nil
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
// name now, nil if there is none.
func (f *Follower) resume(e *followed, t *tail, place Place) {
	var now fs.FileInfo
	if t != nil {
		if is, _ := place.Is(t.f); is {
			t.start, t.origin = place.Offset, place.Origin
			return
		}
		now = t.info
	}
	old, younger := f.search(e.path, now, place)
	if old == nil {
		if t != nil {
			f.c.Tell(e.path + ": not the file of the state, read from its beginning")
		}
		return
	}
	old.start, old.origin = place.Offset, place.Origin
	e.next = append(append(e.next, old), younger...)
}

// search looks in the folder of path for the file of an earlier run, and for the
// younger ones whose names begin with that of path, oldest first.
func (f *Follower) search(path string, now fs.FileInfo, place Place) (old *tail, younger []*tail) {
	entries, _ := os.ReadDir(filepath.Dir(path))
	for _, entry := range entries {
		name := filepath.Join(filepath.Dir(path), entry.Name())
		info, err := os.Stat(name)
		if err != nil || !info.Mode().IsRegular() || os.SameFile(info, now) {
			continue
		}
		file, err := os.Open(name)
		if err != nil {
			continue
		}
		t := &tail{f: file, info: info}
		switch is, _ := place.Is(file); {
		case is && old == nil:
			old = t
		case strings.HasPrefix(name, path):
			younger = append(younger, t)
		default:
			_ = file.Close()
		}
	}
	younger = slices.DeleteFunc(younger, func(t *tail) bool {
		skip := old == nil || !t.info.ModTime().After(old.info.ModTime())
		if !skip && compressed(t.f) {
			f.c.Tell(t.f.Name() + ": compressed, its lines are not read")
			skip = true
		}
		if skip {
			_ = t.f.Close()
		}
		return skip
	})
	slices.SortStableFunc(younger, func(a, b *tail) int { return a.info.ModTime().Compare(b.info.ModTime()) })
	return old, younger
}

// compressed reports whether a file begins as gzip, xz, zstd or bzip2 files do.
func compressed(f *os.File) bool {
	b := make([]byte, 6)
	n, _ := f.ReadAt(b, 0)
	for _, magic := range []string{"\x1f\x8b", "\xfd7zXZ\x00", "\x28\xb5\x2f\xfd", "BZh"} {
		if bytes.HasPrefix(b[:n], []byte(magic)) {
			return true
		}
	}
	return false
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
	if e.before != nil {
		_ = e.before.f.Close()
	}
	e.before, e.now, e.running = e.now, t, true
	t.wake, t.stop = make(chan struct{}, 1), f.stop
	t.offset.Store(t.start)
	t.atEnd = func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if !e.caught && !e.behind() {
			e.caught = true
			f.begin()
		}
	}
	if t.origin == nil {
		t.origin = &parse.Origin{Name: e.path}
	}
	t.origin.Open = func() (io.ReadCloser, error) { return t, nil }
	f.merge.Add(t.origin, func(err error) { f.ended(e, t, err) })
}

// ended goes on with the next file of a name.
func (f *Follower) ended(e *followed, t *tail, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	e.running = false
	switch {
	case f.closed || errors.Is(err, errDropped):
	case err != nil:
		f.c.Tell(ended(e.path, err))
	case t.cut:
		f.c.Tell(e.path + ": truncated, read from its beginning")
		if file, err := os.Open(e.path); err == nil {
			if info, err := file.Stat(); err == nil && os.SameFile(info, t.info) {
				e.next = slices.Insert(e.next, 0, &tail{f: file, info: info})
			} else {
				_ = file.Close() // the next look finds it
			}
		}
	}
	if f.closed {
		return
	}
	if info, err := t.f.Stat(); err == nil && removed(info) { // it cannot come back: its room on the disk is given free
		_ = t.f.Close()
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
			t.cut = true
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
