// Package socket opens the addresses that are listened at. Without a host an
// address is on the loopback interface. It knows nothing of what is said there.
package socket

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// An Address is where to listen.
type Address struct {
	Scheme string // tcp, udp, http, unix or fd
	Host   string // of tcp, udp and http; 127.0.0.1 where none was given
	Port   int
	Path   string // of unix
	FD     int    // of fd: a listening socket that whoever started rtda has opened
}

// Parse reads `tcp://HOST:PORT`, `udp://HOST:PORT`, `http://HOST:PORT`,
// `unix:PATH` or `fd:N`.
func Parse(text string) (Address, error) {
	if path, ok := strings.CutPrefix(text, "unix:"); ok {
		if path == "" {
			return Address{}, errors.New("unix: needs a path, as in unix:/run/rtda.sock")
		}
		return Address{Scheme: "unix", Path: path}, nil
	}
	if n, ok := strings.CutPrefix(text, "fd:"); ok {
		fd, err := strconv.Atoi(n)
		if err != nil || fd < 3 {
			return Address{}, errors.New("fd: needs the number of a listening socket, 3 or more")
		}
		return Address{Scheme: "fd", FD: fd}, nil
	}
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok || scheme != "tcp" && scheme != "udp" && scheme != "http" {
		return Address{}, errors.New("must be tcp://HOST:PORT, udp://HOST:PORT, http://HOST:PORT, unix:PATH or fd:N")
	}
	a, err := hostPort(strings.TrimSuffix(rest, "/"))
	a.Scheme = scheme
	return a, err
}

// ParseHTTP reads what --http takes: `8080`, `:8080`, `HOST:PORT`, `unix:PATH`
// or `fd:N`.
func ParseHTTP(text string) (Address, error) {
	if strings.HasPrefix(text, "unix:") || strings.HasPrefix(text, "fd:") {
		return Parse(text)
	}
	rest := strings.TrimSuffix(strings.TrimPrefix(text, "http://"), "/")
	if _, err := strconv.Atoi(rest); err == nil {
		rest = ":" + rest
	}
	a, err := hostPort(rest)
	a.Scheme = "http"
	return a, err
}

func hostPort(text string) (Address, error) {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return Address{}, errors.New("must have a port, as in 127.0.0.1:8080")
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return Address{}, errors.New("port must be 0 to 65535 (0 is any that is free)")
	}
	if host == "" {
		host = "127.0.0.1"
	}
	return Address{Host: host, Port: int(n)}, nil
}

func (a Address) hostPort() string { return net.JoinHostPort(a.Host, strconv.Itoa(a.Port)) }

// Loopback reports whether only this machine can reach an address of the network.
func Loopback(addr net.Addr) bool {
	ap, err := netip.ParseAddrPort(addr.String())
	return err == nil && ap.Addr().Unmap().IsLoopback()
}

// A Listener is a socket that others connect to.
type Listener struct {
	net.Listener
	Name string // as messages show it: tcp://127.0.0.1:8000
	path string // of a unix socket that is removed at the end
}

// Listen opens an address other than udp's. Where a unix socket is that nobody
// listens at, a new one takes its place; its mode is 0600. Call it before other
// goroutines make files, because it changes the mask of new files for a moment.
func Listen(a Address) (*Listener, error) {
	switch a.Scheme {
	case "unix":
		return listenUnix(a.Path)
	case "fd":
		return listenFD(a.FD)
	}
	l, err := net.Listen("tcp", a.hostPort())
	if err != nil {
		return nil, Cause(err)
	}
	return &Listener{Listener: l, Name: a.Scheme + "://" + l.Addr().String()}, nil
}

func listenUnix(path string) (*Listener, error) {
	if info, err := os.Lstat(path); err == nil {
		if info.Mode()&fs.ModeSocket == 0 {
			return nil, errors.New("there is a file that is no socket")
		}
		c, err := net.Dial("unix", path)
		if err == nil {
			_ = c.Close()
			return nil, errors.New("another process listens there")
		}
		if !errors.Is(err, syscall.ECONNREFUSED) {
			return nil, Cause(err)
		}
		if err := os.Remove(path); err != nil {
			return nil, Cause(err)
		}
	}
	old := syscall.Umask(0o177)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	syscall.Umask(old)
	if err != nil {
		return nil, Cause(err)
	}
	l.SetUnlinkOnClose(false) // Close does it, so that it is in one place
	return &Listener{Listener: l, Name: "unix:" + path, path: path}, nil
}

func listenFD(fd int) (*Listener, error) {
	f := os.NewFile(uintptr(fd), fmt.Sprintf("fd:%d", fd))
	if f == nil {
		return nil, errors.New("is not open")
	}
	accepts, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ACCEPTCONN)
	if errors.Is(err, syscall.EBADF) {
		return nil, errors.New("is not open")
	}
	if err != nil || accepts == 0 {
		return nil, errors.New("is no listening socket")
	}
	l, err := net.FileListener(f)
	if err != nil {
		return nil, Cause(err)
	}
	_ = f.Close() // the listener has its own
	if u, ok := l.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false)
	}
	return &Listener{Listener: l, Name: fmt.Sprintf("fd:%d", fd)}, nil
}

// Close stops listening and removes a unix socket that Listen has made.
func (l *Listener) Close() error {
	err := l.Listener.Close()
	if errors.Is(err, net.ErrClosed) {
		err = nil // closed before, by a server
	}
	if l.path != "" {
		err = errors.Join(err, os.Remove(l.path))
		l.path = ""
	}
	return err
}

// ListenUDP opens an address of udp, with room for 4 MB of datagrams that have
// come and not been read, or as much of it as the system gives.
func ListenUDP(a Address) (*net.UDPConn, string, error) {
	addr, err := net.ResolveUDPAddr("udp", a.hostPort())
	if err != nil {
		return nil, "", Cause(err)
	}
	c, err := net.ListenUDP("udp", addr)
	if err != nil {
		return nil, "", Cause(err)
	}
	_ = c.SetReadBuffer(4 << 20) // the system may give less
	return c, "udp://" + c.LocalAddr().String(), nil
}

// Cause is err without the names of calls and addresses, which messages have.
func Cause(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		err = op.Err
	}
	if call, ok := errors.AsType[*os.SyscallError](err); ok {
		err = call.Err
	}
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		err = path.Err
	}
	return err
}
