package state

import (
	"errors"
	"fmt"
	"hash/crc64"
	"io"
	"io/fs"
	"os"
	"slices"
	"syscall"
	"time"

	"rtda/pkg/num"
)

// window is how many bytes of a file are looked at to know it again, at its
// beginning and before a place in it.
const window = 256

// A Position is a place in a file, and how the file is known again: by its inode
// (its device may have another number after a reboot) and by the checksums of
// its first and of the last 256 bytes before the place.
type Position struct {
	Inode       uint64
	Offset      int64
	First, Last uint64
}

// PositionOf is the place at offset in f, of which the bytes before it are
// there. It reads 512 bytes at most.
func PositionOf(f *os.File, offset int64) (Position, error) {
	p := Position{Offset: offset}
	info, err := f.Stat()
	if err != nil {
		return p, err
	}
	if info.Size() < offset {
		return p, io.ErrUnexpectedEOF
	}
	p.Inode = inode(info)
	n := min(window, offset)
	if p.First, err = checksum(f, 0, n); err != nil {
		return p, err
	}
	p.Last, err = checksum(f, offset-n, n)
	return p, err
}

// A Reading remembers what was read of a file, so that its Position can be told also
// when the file does not hold that any more.
type Reading struct {
	base        int64 // where reading began
	offset      int64 // up to which it was read
	first, last []byte
}

// NewReading is that of a file that was read up to the offset, and is read on from
// there.
func NewReading(f io.ReaderAt, offset int64) (*Reading, error) {
	r := &Reading{base: offset, offset: offset}
	n := min(window, offset)
	r.first, r.last = make([]byte, n), make([]byte, n, window)
	if _, err := f.ReadAt(r.first, 0); err != nil {
		return nil, err
	}
	_, err := f.ReadAt(r.last, offset-n)
	return r, err
}

// Add tells what was read, and how much that was with all before it. What was passed
// over between is not remembered.
func (r *Reading) Add(b []byte, end int64) {
	offset := r.base + end
	begin := offset - int64(len(b))
	if begin != r.offset {
		r.last = r.last[:0]
	}
	if begin == int64(len(r.first)) {
		r.first = append(r.first, b[:min(len(b), window-len(r.first))]...)
	}
	b = b[len(b)-min(len(b), window):]
	if over := len(r.last) + len(b) - window; over > 0 {
		r.last = r.last[:copy(r.last, r.last[over:])]
	}
	r.last = append(r.last, b...)
	r.offset = offset
}

// Clone is a copy of r.
func (r *Reading) Clone() *Reading {
	return &Reading{r.base, r.offset, slices.Clone(r.first), slices.Clone(r.last)}
}

// PositionOf is the place in f up to which it was read. ok is false where not enough
// of what was read is remembered.
func (r *Reading) PositionOf(f *os.File) (p Position, ok bool, err error) {
	n := int(min(window, r.offset))
	if len(r.first) < n || len(r.last) < n {
		return p, false, nil
	}
	info, err := f.Stat()
	if err != nil {
		return p, false, err
	}
	sum := func(b []byte) uint64 { return crc64.Checksum(b, checksums()) }
	return Position{Inode: inode(info), Offset: r.offset, First: sum(r.first[:n]), Last: sum(r.last[len(r.last)-n:])}, true, nil
}

func checksum(f io.ReaderAt, offset, n int64) (uint64, error) {
	b := make([]byte, n)
	if _, err := f.ReadAt(b, offset); err != nil {
		return 0, err
	}
	return crc64.Checksum(b, checksums()), nil
}

func inode(info os.FileInfo) uint64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(st.Ino)
	}
	return 0
}

// Is reports whether f is the file of p with all that was before the place.
func (p Position) Is(f *os.File) (bool, error) {
	q, err := PositionOf(f, p.Offset)
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return false, nil // it has become shorter
	}
	return err == nil && p == q, err
}

// IsCopy reports whether f is another file that holds what was before the place, and
// was written to since a time: a rotation that copies a file and then makes it empty
// leaves one.
func (p Position) IsCopy(f *os.File, since time.Time) bool {
	info, err := f.Stat()
	if err != nil || p.Offset == 0 || inode(info) == p.Inode || info.ModTime().Before(since) {
		return false
	}
	q, err := PositionOf(f, p.Offset)
	return err == nil && p.First == q.First && p.Last == q.Last
}

// AppendState appends p to dst.
func (p Position) AppendState(dst []byte) []byte {
	dst = num.AppendInt(num.AppendUint(dst, p.Inode), p.Offset)
	return num.AppendUint(num.AppendUint(dst, p.First), p.Last)
}

// ReadPosition reads what AppendState wrote.
func ReadPosition(d *num.Decoder) Position {
	p := Position{Inode: d.Uint(), Offset: d.Int(), First: d.Uint(), Last: d.Uint()}
	if p.Offset < 0 {
		d.Fail()
	}
	return p
}

// Regular reports whether f is a regular file, of which a Position can be had.
func Regular(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode().IsRegular()
}

// Appends reports whether what is written to f goes to its end, as the shell's
// >> opens it.
func Appends(f *os.File) bool {
	flags, err := fcntl(f, syscall.F_GETFL)
	return err == nil && flags&syscall.O_APPEND != 0
}

func fcntl(f *os.File, cmd int) (int, error) {
	var result uintptr
	var errno syscall.Errno
	conn, err := f.SyscallConn()
	if err != nil {
		return 0, err
	}
	err = conn.Control(func(fd uintptr) {
		result, _, errno = syscall.Syscall(syscall.SYS_FCNTL, fd, uintptr(cmd), 0)
	})
	if err == nil && errno != 0 {
		err = errno
	}
	return int(result), err
}

// LockOutput keeps other runs from appending to f, until f is closed or the
// process ends. It reports whether no other run does.
func LockOutput(f *os.File) (bool, error) {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}

// Cut takes what stands in the file behind offset off it, and returns how many
// bytes that was. They are appended to the file called kept before, and brought
// to the disk there, so that nothing is lost for ever. read is the file opened
// for reading, write the same for writing.
func Cut(fsys FileSystem, read, write *os.File, offset int64, kept string) (int64, error) {
	info, err := read.Stat()
	if err != nil || info.Size() <= offset {
		return 0, err
	}
	n := info.Size() - offset
	k, err := fsys.Append(kept)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", kept, Cause(err))
	}
	_, err = io.Copy(k, io.NewSectionReader(read, offset, n))
	if err == nil {
		err = k.Sync()
	}
	if err = errors.Join(err, k.Close()); err != nil {
		return 0, fmt.Errorf("%s: %w", kept, Cause(err))
	}
	if err := fsys.Truncate(write, offset); err != nil {
		return 0, err
	}
	return n, fsys.Sync(write)
}

// Reopen opens for reading what f, which may be open for writing only, is open
// to. It fails where the system cannot tell, or the file may not be read.
func Reopen(f *os.File) (*os.File, error) {
	path, err := pathOf(f)
	if err != nil {
		return nil, err
	}
	again, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	a, errA := f.Stat()
	b, errB := again.Stat()
	if err := errors.Join(errA, errB); err != nil || !os.SameFile(a, b) {
		return nil, errors.Join(err, fs.ErrNotExist, again.Close())
	}
	return again, nil
}
