package run

import (
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// notify tells the service manager that started rtda, if it wants to know: READY=1
// when input can come, STOPPING=1 at the end. See sd_notify(3).
func notify(state string) {
	address := os.Getenv("NOTIFY_SOCKET")
	if address == "" {
		return
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: address, Net: "unixgram"})
	if err != nil {
		return // nobody listens any more
	}
	defer conn.Close()
	_, _ = conn.Write([]byte(state)) // so it is here
}

// withoutNotify is an environment for commands, which must not speak for rtda.
func withoutNotify(environ []string) []string {
	var kept []string
	for _, e := range environ {
		if !strings.HasPrefix(e, "NOTIFY_SOCKET=") {
			kept = append(kept, e)
		}
	}
	return kept
}

// hangsUp reports whether SIGHUP ends the process: it has a controlling terminal,
// whose end SIGHUP tells, and nobody has it ignored, as nohup does.
func hangsUp() bool {
	if signal.Ignored(syscall.SIGHUP) {
		return false
	}
	tty, err := os.OpenFile("/dev/tty", os.O_RDONLY, 0)
	if err == nil {
		tty.Close()
	}
	return err == nil
}

// reopens reports whether SIGHUP asks to open the file of --alerts anew, as
// logrotate does when it has renamed it.
func (f *filter) reopens() bool {
	return f.alerts != nil && f.alerts.owned != nil && !strings.HasPrefix(f.o.Alerts, "/dev/fd/") && !f.hangsUp
}

// reopenAlerts opens the file of --alerts anew. Where that fails, the one that is
// open is written on.
func (f *filter) reopenAlerts() {
	f.alerts.mu.Lock()   // so that no alert is written to the old file once the new one is there
	if f.alerts.closed { // only who looks is still served
		f.alerts.mu.Unlock()
		return
	}
	file, err := openAppend(f.o.Alerts)
	before := f.alerts.owned
	if err == nil {
		f.alerts.w, f.alerts.owned, f.alerts.file = file, file, isRegular(file)
	}
	f.alerts.mu.Unlock()
	if err != nil {
		f.tell("--alerts: cannot be opened anew, the old file is written on: " + Reason(err))
		return
	}
	if err := f.checkpoint.reopened(f.alerts, before); err != nil {
		f.tell("--state: " + Reason(err))
	}
	if err := before.Close(); err != nil {
		f.tell(writeError("the alerts", err).Error())
	}
}
