// Package state keeps bytes in a file so that they are there again whatever
// stops the program, and finds places in other files again. It refuses to know
// what the bytes mean.
package state

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc64"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// A file of a Store is the magic line, the length of the bytes kept, their
// checksum (both in 8 bytes, little end first), and the bytes.
const (
	magic  = "rtda state "
	format = "2"
	header = len(magic+format+"\n") + 16
)

// checksums makes its table when it is first asked, which most runs never do.
var checksums = sync.OnceValue(func() *crc64.Table { return crc64.MakeTable(crc64.ECMA) })

// A File is what a Store writes to.
type File interface {
	Write(b []byte) (int, error)
	Sync() error
	Close() error
}

// A FileSystem is what a Store needs of the system. Tests put one in its place
// that stops at a chosen call.
type FileSystem interface {
	ReadFile(name string) ([]byte, error)
	Create(name string) (File, error) // empty, readable by its owner only
	Append(name string) (File, error) // the same, but what is there stays
	Rename(from, to string) error
	SyncFolder(name string) error
	Sync(f *os.File) error // of output
	Truncate(f *os.File, size int64) error
}

// Disk is the FileSystem of the machine.
type Disk struct{}

// ReadFile is os.ReadFile, but refuses a device, which may have no end.
func (Disk) ReadFile(name string) ([]byte, error) {
	if info, err := os.Stat(name); err == nil && info.Mode()&fs.ModeDevice != 0 {
		return nil, errDevice
	}
	return os.ReadFile(name)
}

var errDevice = errors.New("is a device, not a file")

// Create makes an empty file of mode 0600.
func (Disk) Create(name string) (File, error) {
	return os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
}

// Append opens a file of mode 0600 to append to.
func (Disk) Append(name string) (File, error) {
	return os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
}

// Sync is f.Sync.
func (Disk) Sync(f *os.File) error { return f.Sync() }

// Truncate is f.Truncate.
func (Disk) Truncate(f *os.File, size int64) error { return f.Truncate(size) }

// Rename is os.Rename.
func (Disk) Rename(from, to string) error { return os.Rename(from, to) }

// SyncFolder brings the names in a folder to the disk.
func (Disk) SyncFolder(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// A Store is a file in which bytes are kept, with the save before it beside it
// as NAME.prev. A lock on NAME.lock keeps other processes away.
type Store struct {
	name string
	fs   FileSystem
	lock *os.File
	good bool // NAME holds a save that may become NAME.prev
}

// Open locks the file and reads what was saved last: nil if there is nothing
// yet, or if the file is empty. Where the file is damaged or missing and the
// save before it is good, that one is read, and told says so. What is neither
// is an error, and so is a file that another process has, or a name that is something
// else than a file: a save would take the place of a device or a pipe.
func Open(fsys FileSystem, name string) (s *Store, saved []byte, told string, err error) {
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return nil, nil, "", fmt.Errorf("%s: is not a regular file", name)
	}
	s = &Store{name: name, fs: fsys}
	if err := s.takeLock(); err != nil {
		return nil, nil, "", err
	}
	saved, told, err = s.load()
	if err != nil {
		_ = s.lock.Close() // nothing was written to it that matters
		return nil, nil, "", err
	}
	return s, saved, told, nil
}

func (s *Store) takeLock() error {
	f, err := os.OpenFile(s.name+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, Cause(err))
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		b := make([]byte, 20)
		n, _ := f.Read(b)
		_ = f.Close()
		if pid, _ := strconv.Atoi(strings.TrimSpace(string(b[:n]))); pid != 0 {
			return fmt.Errorf("%s: in use by process %d", s.name, pid)
		}
		return fmt.Errorf("%s: in use by another process", s.name)
	}
	s.lock = f
	if err := f.Truncate(0); err == nil {
		_, _ = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0) // for messages only: a full disk is no reason to end
	}
	return nil
}

// load reads the file, or the save before.
func (s *Store) load() (saved []byte, told string, err error) {
	saved, err = Read(s.fs, s.name)
	if err == nil {
		s.good = saved != nil
		return saved, "", nil
	}
	why := "damaged"
	switch {
	case errors.Is(err, fs.ErrNotExist):
		why = "missing"
	case !errors.Is(err, ErrDamaged):
		return nil, "", err
	}
	prev := s.name + ".prev"
	before, prevErr := Read(s.fs, prev)
	switch {
	case prevErr == nil && before != nil:
		return before, fmt.Sprintf("%s: %s, going on from %s, the save before", s.name, why, prev), nil
	case why == "missing" && errors.Is(prevErr, fs.ErrNotExist):
		return nil, "", nil
	case why == "missing":
		return nil, "", fmt.Errorf("%s: missing, and %s cannot be used: it is damaged", s.name, prev)
	}
	return nil, "", fmt.Errorf("%w, and there is no good %s", err, prev)
}

// ErrDamaged says that a file of a Store is not as it was written.
var ErrDamaged = errors.New("damaged: its checksum is not that of what it holds")

// Read is what a file holds, nil if it is empty. Its errors are ErrDamaged, that
// it is another program's or another version's, and those of the system.
func Read(fsys FileSystem, name string) ([]byte, error) {
	b, err := fsys.ReadFile(name)
	if err == nil {
		b, err = unwrap(b)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, Cause(err))
	}
	return b, nil
}

func unwrap(b []byte) ([]byte, error) {
	if len(b) == 0 {
		return nil, nil
	}
	rest, ours := bytes.CutPrefix(b, []byte(magic))
	version, _, ended := bytes.Cut(rest[:min(len(rest), 12)], []byte("\n"))
	switch {
	case !ours && !strings.HasPrefix(magic, string(b)) && !allZero(b):
		return nil, errors.New("not a state of rtda")
	case !ours || !ended:
		return nil, ErrDamaged
	case string(version) != format:
		return nil, fmt.Errorf("a state of format %q, which another version of rtda wrote; this one reads format %q", version, format)
	case len(b) < header || uint64(len(b)-header) != binary.LittleEndian.Uint64(b[header-16:]):
		return nil, ErrDamaged
	case crc64.Checksum(b[header:], checksums()) != binary.LittleEndian.Uint64(b[header-8:]):
		return nil, ErrDamaged
	}
	return b[header:], nil
}

// allZero reports whether b is a file that was made longer and never written,
// as a machine that lost its power may leave it.
func allZero(b []byte) bool { return len(bytes.Trim(b, "\x00")) == 0 }

// Save keeps the parts, one after the other, in the file's place and what was there
// before as NAME.prev. Whenever it is stopped, one of the two is whole: they are
// written aside and brought to the disk before any name changes. An error leaves
// both as they were, but for names that had already changed.
func (s *Store) Save(parts ...[]byte) error {
	size, sum := 0, uint64(0)
	for _, b := range parts {
		size += len(b)
		sum = crc64.Update(sum, checksums(), b)
	}
	head := append(make([]byte, 0, header), magic+format+"\n"...)
	head = binary.LittleEndian.AppendUint64(head, uint64(size))
	head = binary.LittleEndian.AppendUint64(head, sum)
	if err := s.save(append([][]byte{head}, parts...)); err != nil {
		return fmt.Errorf("%s: %w", s.name, Cause(err))
	}
	s.good = true
	return nil
}

func (s *Store) save(parts [][]byte) error {
	aside := s.name + ".new"
	if err := s.write(aside, parts); err != nil {
		return err
	}
	if s.good {
		if err := s.fs.Rename(s.name, s.name+".prev"); err != nil {
			return err
		}
		s.good = false
	}
	if err := s.fs.Rename(aside, s.name); err != nil {
		return err
	}
	return s.fs.SyncFolder(filepath.Dir(s.name))
}

func (s *Store) write(name string, parts [][]byte) error {
	f, err := s.fs.Create(name)
	if err != nil {
		return err
	}
	for _, b := range parts {
		if _, err = f.Write(b); err != nil {
			break
		}
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// Close lets other processes use the file.
func (s *Store) Close() error { return s.lock.Close() }

// Cause is err without the system call and the name, which the message has.
func Cause(err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err
	}
	if link, ok := errors.AsType[*os.LinkError](err); ok {
		return link.Err
	}
	return err
}
