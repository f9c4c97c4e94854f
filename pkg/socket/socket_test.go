package socket

import (
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		text string
		http bool
		want Address
		err  string
	}{
		{"tcp://127.0.0.1:8000", false, Address{Scheme: "tcp", Host: "127.0.0.1", Port: 8000}, ""},
		{"tcp://:8000", false, Address{Scheme: "tcp", Host: "127.0.0.1", Port: 8000}, ""},
		{"udp://[::1]:0", false, Address{Scheme: "udp", Host: "::1"}, ""},
		{"http://localhost:80/", false, Address{Scheme: "http", Host: "localhost", Port: 80}, ""},
		{"unix:/run/x", false, Address{Scheme: "unix", Path: "/run/x"}, ""},
		{"fd:3", false, Address{Scheme: "fd", FD: 3}, ""},
		{"8080", true, Address{Scheme: "http", Host: "127.0.0.1", Port: 8080}, ""},
		{":8080", true, Address{Scheme: "http", Host: "127.0.0.1", Port: 8080}, ""},
		{"0.0.0.0:80", true, Address{Scheme: "http", Host: "0.0.0.0", Port: 80}, ""},
		{"unix:x", true, Address{Scheme: "unix", Path: "x"}, ""},
		{"fd:2", false, Address{}, "3 or more"},
		{"fd:x", true, Address{}, "3 or more"},
		{"unix:", false, Address{}, "needs a path"},
		{"8000", false, Address{}, "must be tcp://"},
		{"ftp://x:1", false, Address{}, "must be tcp://"},
		{"tcp://host", false, Address{}, "must have a port"},
		{"tcp://:65536", false, Address{}, "0 to 65535"},
		{"host", true, Address{}, "must have a port"},
		{"-1", true, Address{}, "0 to 65535"},
	} {
		parse := Parse
		if c.http {
			parse = ParseHTTP
		}
		got, err := parse(c.text)
		if c.err == "" && (err != nil || got != c.want) || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%q: %+v, %v; want %+v, %q", c.text, got, err, c.want, c.err)
		}
	}
}

func TestListenTCP(t *testing.T) {
	l, err := Listen(Address{Scheme: "tcp", Host: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	if !strings.HasPrefix(l.Name, "tcp://127.0.0.1:") || port == 0 || !Loopback(l.Addr()) {
		t.Errorf("%s, port %d", l.Name, port)
	}
	if _, err := Listen(Address{Scheme: "tcp", Host: "127.0.0.1", Port: port}); err != syscall.EADDRINUSE {
		t.Errorf("a second one: %v", err)
	}
	for addr, want := range map[string]bool{"127.9.9.9:1": true, "[::1]:1": true, "0.0.0.0:1": false, "192.0.2.1:1": false, "[::]:1": false, "[::ffff:127.0.0.1]:1": true} {
		a, err := net.ResolveTCPAddr("tcp", addr)
		if err != nil || Loopback(a) != want {
			t.Errorf("%s is loopback: %v, %v", addr, !want, err)
		}
	}
}

func TestListenUnix(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := Listen(Address{Scheme: "unix", Path: path})
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 || info.Mode()&fs.ModeSocket == 0 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if _, err := Listen(Address{Scheme: "unix", Path: path}); err == nil || !strings.Contains(err.Error(), "another process listens") {
		t.Errorf("a second one: %v", err)
	}
	_ = l.Listener.Close() // as if its process had died
	again, err := Listen(Address{Scheme: "unix", Path: path})
	if err != nil {
		t.Fatalf("the socket of a dead process stays in the way: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the socket is left behind")
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(Address{Scheme: "unix", Path: path}); err == nil || !strings.Contains(err.Error(), "no socket") {
		t.Errorf("a file: %v", err)
	}
}

func TestListenFD(t *testing.T) {
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f, err := tcp.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	fd, err := syscall.Dup(int(f.Fd())) // os.NewFile closes it
	if err != nil {
		t.Fatal(err)
	}
	l, err := Listen(Address{Scheme: "fd", FD: fd})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		if c, err := l.Accept(); err == nil {
			_ = c.Close()
		}
	}()
	c, err := net.Dial("tcp", tcp.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
	if _, err := Listen(Address{Scheme: "fd", FD: 990}); err == nil || !strings.Contains(err.Error(), "not open") {
		t.Errorf("a closed one: %v", err)
	}
	file, err := os.Create(filepath.Join(t.TempDir(), "x"))
	if err != nil {
		t.Fatal(err)
	}
	fd, err = syscall.Dup(int(file.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(Address{Scheme: "fd", FD: fd}); err == nil || !strings.Contains(err.Error(), "no listening socket") {
		t.Errorf("a file: %v", err)
	}
}

func TestListenUDP(t *testing.T) {
	c, name, err := ListenUDP(Address{Scheme: "udp", Host: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	out, err := net.Dial("udp", strings.TrimPrefix(name, "udp://"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if _, err := out.Write([]byte("1\n")); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 9)
	if n, _, err := c.ReadFrom(b); string(b[:n]) != "1\n" || err != nil {
		t.Errorf("%q, %v", b[:n], err)
	}
}
