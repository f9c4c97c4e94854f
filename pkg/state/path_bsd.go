//go:build !linux

package state

import (
	"bytes"
	"encoding/binary"
	"os"
	"runtime"
	"syscall"
	"unsafe"
)

// pathOf is the path of what f is open to, as the kernel remembers it; it may have
// another name by now.
func pathOf(f *os.File) (string, error) {
	var command, size, start int
	switch runtime.GOOS {
	case "darwin":
		command, size = 50, 1024 // F_GETPATH
	case "freebsd":
		command, size, start = 22, 1392, 368 // F_KINFO: kf_path in a struct kinfo_file, which begins with its size
	default:
		return "", syscall.ENOTSUP
	}
	answer := make([]byte, size)
	binary.NativeEndian.PutUint32(answer, uint32(size))
	conn, err := f.SyscallConn()
	if err != nil {
		return "", err
	}
	var errno syscall.Errno
	err = conn.Control(func(fd uintptr) {
		_, _, errno = syscall.Syscall(syscall.SYS_FCNTL, fd, uintptr(command), uintptr(unsafe.Pointer(&answer[0])))
	})
	if err == nil && errno != 0 {
		err = errno
	}
	path, _, _ := bytes.Cut(answer[start:], []byte{0})
	return string(path), err
}
