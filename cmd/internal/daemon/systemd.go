package daemon

import (
	"context"
	"fmt"
	"strings"
	"time"

	systemd "github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sys/unix"
)

// ready tells systemd that the daemon runs, with the line for "systemctl status".
func (d *Daemon) ready() { d.notify(systemd.SdNotifyReady + "\n" + d.statusLine()) }

// statusLine is what "systemctl status" shows: the roles, and what is wrong with the
// daemon itself.
func (d *Daemon) statusLine() string {
	list := append([]string{d.roles.String()}, d.troubles.all()...)
	return "STATUS=" + strings.ReplaceAll(strings.Join(list, "; "), "\n", " ")
}

// TellFailure tells systemd why the daemon cannot run, for "systemctl status". It does
// nothing where none listens.
func TellFailure(why string) {
	_, _ = systemd.SdNotify(false, "STATUS=cannot run: "+strings.ReplaceAll(why, "\n", " ")) // the log has it
}

// reloadingState says that a reload has begun. systemd tells it by the time from an
// answer to an earlier one (Type=notify-reload).
func reloadingState() string {
	return fmt.Sprintf("%s\nMONOTONIC_USEC=%d", systemd.SdNotifyReloading, clock(unix.CLOCK_MONOTONIC).Microseconds())
}

// notify tells systemd, and does nothing where none listens ($NOTIFY_SOCKET).
func (d *Daemon) notify(state string) {
	if _, err := systemd.SdNotify(false, state); err != nil {
		d.log.Warn("tell systemd", "error", err)
	}
}

// watchdog tells systemd that the loop still turns, at once and then twice in the time
// that the unit allows: the time of a process that took another's place began with the
// last word of that one.
func (d *Daemon) watchdog(ctx context.Context) {
	within, err := systemd.SdWatchdogEnabled(false)
	if err != nil {
		d.log.Warn("watchdog of systemd", "error", err)
	}
	if within <= 0 {
		return
	}
	tick := time.NewTicker(within / 2)
	defer tick.Stop()
	for {
		if d.loop.Do(ctx, func() {}) == nil {
			d.notify(systemd.SdNotifyWatchdog)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
