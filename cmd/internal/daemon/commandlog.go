package daemon

import (
	"strconv"

	"github.com/fhrpd/fhrpd/cmd/internal/control"
)

// logChange logs the commands that no event tells of: those that were refused, and
// those that change nothing.
func (d *Daemon) logChange(c control.Change) {
	if c.Err == nil && c.Command != control.CommandVerify {
		return
	}
	log := d.log.With("command", c.Command)
	if c.Group != "" {
		log = log.With("group", c.Group)
	}
	log = log.With("uid", c.Peer.Uid, "pid", c.Peer.Pid)
	switch c.Command {
	case control.CommandSetPriority:
		log = log.With("priority", priorityText(c.Priority))
	case control.CommandClear:
		log = log.With("protocol", c.Protocol)
	case control.CommandSetLog:
		log = log.With("level", c.Level)
	}
	if c.Err != nil {
		log.Warn("command", "error", c.Err)
		return
	}
	log.Info("command")
}

func priorityText(n int) string {
	if n == control.FilePriority {
		return "default"
	}
	return strconv.Itoa(n)
}
