package state

import (
	"errors"
	"fmt"
	"hash/crc64"
	"io"
	"os"
	"syscall"

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
func Cut(read, write *os.File, offset int64, kept string) (int64, error) {
	info, err := read.Stat()
	if err != nil || info.Size() <= offset {
		return 0, err
	}
	n := info.Size() - offset
	k, err := os.OpenFile(kept, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(k, io.NewSectionReader(read, offset, n))
	if err == nil {
		err = k.Sync()
	}
	if err = errors.Join(err, k.Close()); err != nil {
		return 0, fmt.Errorf("%s: %w", kept, cause(err))
	}
	if err := write.Truncate(offset); err != nil {
		return 0, err
	}
	return n, write.Sync()
}

// Reopen opens for reading what f, which may be open for writing only, is open
// to. It fails where the system cannot tell, or the file may not be read.
func Reopen(f *os.File) (*os.File, error) {
	return os.Open(fmt.Sprintf("/proc/self/fd/%d", f.Fd()))
}
