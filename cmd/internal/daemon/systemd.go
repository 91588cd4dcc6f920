package daemon

import (
	"context"
	"fmt"
	"time"

	systemd "github.com/coreos/go-systemd/v22/daemon"
)

// ready tells systemd that the daemon serves, with a line for "systemctl status".
func (d *Daemon) ready() { d.tellSystemd(systemd.SdNotifyReady + "\nSTATUS=" + d.summary()) }

func (d *Daemon) summary() string {
	c := d.opts.Config
	return fmt.Sprintf("%d HSRP groups, %d VRRP routers on %d interfaces", len(c.HSRP), len(c.VRRP), len(d.ports))
}

// tellSystemd does nothing where no systemd listens ($NOTIFY_SOCKET).
func (d *Daemon) tellSystemd(state string) {
	if _, err := systemd.SdNotify(false, state); err != nil {
		d.log.Warn("tell systemd", "error", err)
	}
}

// watchdog tells systemd that the loop still turns, twice in the time that the
// unit allows.
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
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if d.loop.Do(ctx, func() {}) == nil {
			d.tellSystemd(systemd.SdNotifyWatchdog)
		}
	}
}
