package sdnotify

import (
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// manager is a socket in the place of systemd's.
func manager(t *testing.T) *net.UnixConn {
	t.Helper()
	addr := &net.UnixAddr{Name: filepath.Join(t.TempDir(), "notify"), Net: "unixgram"}
	c, err := net.ListenUnixgram("unixgram", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	t.Setenv("NOTIFY_SOCKET", addr.Name)
	return c
}

func TestMessages(t *testing.T) {
	tests := []struct {
		name string
		call func() error
		want string
	}{
		{"ready carries a status line", func() error { return Ready("2 groups") }, "READY=1\nSTATUS=2 groups"},
		{"a status stays one assignment", func() error { return Status("a\nWATCHDOG=1") }, "STATUS=a WATCHDOG=1"},
		{"stopping", Stopping, "STOPPING=1"},
		{"watchdog", Watchdog, "WATCHDOG=1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := manager(t)
			if err := tt.call(); err != nil {
				t.Fatal(err)
			}
			c.SetReadDeadline(time.Now().Add(5 * time.Second))
			b := make([]byte, 256)
			n, err := c.Read(b)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(b[:n])); diff != "" {
				t.Errorf("message (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWithoutSystemdNothingHappens(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	t.Setenv("WATCHDOG_USEC", "")
	if err := Ready("x"); err != nil {
		t.Errorf("Ready: %v", err)
	}
	if d, err := WatchdogEvery(); d != 0 || err != nil {
		t.Errorf("WatchdogEvery = %v, %v; want 0, nil", d, err)
	}
}

func TestManagerGone(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "nobody"))
	if Stopping() == nil {
		t.Error("no error although the socket of systemd is missing")
	}
}

func TestWatchdogEvery(t *testing.T) {
	t.Setenv("WATCHDOG_PID", "")
	t.Setenv("WATCHDOG_USEC", "10000000")
	if d, err := WatchdogEvery(); d != 5*time.Second || err != nil {
		t.Errorf("WatchdogEvery = %v, %v; want half of 10 s", d, err)
	}
	t.Setenv("WATCHDOG_USEC", "soon")
	if _, err := WatchdogEvery(); err == nil {
		t.Error("no error for WATCHDOG_USEC=soon")
	}
}
