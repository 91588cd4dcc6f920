// Package sdnotify tells systemd how the daemon is (sd_notify(3)). Without
// systemd, which is to say without $NOTIFY_SOCKET, every call does nothing.
package sdnotify

import (
	"fmt"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// Ready says that the daemon serves, with a line for "systemctl status".
func Ready(text string) error {
	return notify(daemon.SdNotifyReady + "\n" + status(text))
}

// Status replaces the line that "systemctl status" shows.
func Status(text string) error { return notify(status(text)) }

// Stopping says that a clean stop has begun.
func Stopping() error { return notify(daemon.SdNotifyStopping) }

// Watchdog says that the daemon is alive. It belongs into the loop whose
// health is meant, not into a goroutine of its own.
func Watchdog() error { return notify(daemon.SdNotifyWatchdog) }

// WatchdogEvery returns how often Watchdog must be called: half of what the
// unit allows. It is 0 when the unit has no watchdog.
func WatchdogEvery() (time.Duration, error) {
	d, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		return 0, fmt.Errorf("systemd watchdog: %w", err)
	}
	return d / 2, nil
}

// status is one line: a newline would begin another assignment.
func status(text string) string {
	return "STATUS=" + strings.ReplaceAll(text, "\n", " ")
}

func notify(state string) error {
	if _, err := daemon.SdNotify(false, state); err != nil {
		return fmt.Errorf("notify systemd: %w", err)
	}
	return nil
}
