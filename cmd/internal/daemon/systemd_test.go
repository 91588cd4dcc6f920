package daemon

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	systemd "github.com/coreos/go-systemd/v22/daemon"
	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/configs"
)

// manager is a socket in the place of systemd's, and what arrives there.
func manager(t *testing.T) (next func() string) {
	t.Helper()
	addr := &net.UnixAddr{Name: filepath.Join(t.TempDir(), "notify"), Net: "unixgram"}
	c, err := net.ListenUnixgram("unixgram", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	t.Setenv("NOTIFY_SOCKET", addr.Name)
	return func() string {
		c.SetReadDeadline(time.Now().Add(5 * time.Second))
		b := make([]byte, 256)
		n, err := c.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		return string(b[:n])
	}
}

// told returns a daemon without groups, and its log.
func told() (*Daemon, *lines) {
	log := new(lines)
	d := &Daemon{log: slog.New(slog.NewTextHandler(log, nil))}
	d.current.Store(&configs.Config{})
	return d, log
}

// lines is a log that is read while others write to it.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func TestSystemdIsTold(t *testing.T) {
	next := manager(t)
	d, log := told()
	d.ready()
	d.notify(systemd.SdNotifyStopping)
	want := []string{"READY=1\nSTATUS=no groups", "STOPPING=1"}
	if diff := cmp.Diff(want, []string{next(), next()}); diff != "" || log.String() != "" {
		t.Errorf("log %q, messages (-want +got):\n%s", log, diff)
	}
}

func TestWithoutSystemdNothingIsSaid(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	t.Setenv("WATCHDOG_USEC", "")
	d, log := told()
	d.ready()
	d.watchdog(t.Context()) // which returns
	if log.String() != "" {
		t.Errorf("log %q, want nothing", log)
	}
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "nobody"))
	if d.ready(); !strings.Contains(log.String(), "no such file") {
		t.Errorf("log %q, want that the socket of systemd is missing", log)
	}
}

func TestWatchdogIsFedByTheLoopAlone(t *testing.T) {
	checkFed(t, "2000", 2)
}

// Upgrades may follow one another within the time of the watchdog.
func TestWatchdogIsFedAtOnce(t *testing.T) {
	checkFed(t, "3600000000", 1)
}

// checkFed wants a word to systemd for each turn of the loop.
func checkFed(t *testing.T, microseconds string, turns int) {
	t.Helper()
	next := manager(t)
	t.Setenv("WATCHDOG_PID", "")
	t.Setenv("WATCHDOG_USEC", microseconds)
	d, _ := told()
	d.loop = mustLoop(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); d.watchdog(ctx) }()
	turned := 0
	err := d.loop.run(&notebook{tick: func() { turned++ }}, func() bool { return turned == turns })
	if err != nil {
		t.Fatal(err)
	}
	for range turns {
		if got := next(); got != "WATCHDOG=1" {
			t.Errorf("message %q", got)
		}
	}
	cancel()
	<-ended
}

func TestTimeOfTheWatchdogThatIsNoneIsTold(t *testing.T) {
	t.Setenv("WATCHDOG_PID", "")
	t.Setenv("WATCHDOG_USEC", "soon")
	d, log := told()
	if d.watchdog(t.Context()); !strings.Contains(log.String(), "watchdog of systemd") {
		t.Errorf("log %q", log)
	}
}

func TestSystemdIsToldWhyTheDaemonCannotRun(t *testing.T) {
	next := manager(t)
	TellFailure("listen:\nbusy")
	if got, want := next(), "STATUS=cannot run: listen: busy"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
