package interop

import (
	"fmt"
	"strings"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
)

// daemon is a router of the segment that runs fhrpd.
type daemon struct {
	*fhrptest.Daemon
	name   string
	config string // PRIORITY stands for the priority
	alive  bool
}

func newDaemon(s *segment, name, config string) *daemon {
	d := &daemon{Daemon: fhrptest.NewDaemon(s.t, s.nodes[name].ns, name), name: name, config: config}
	s.daemons = append(s.daemons, d)
	return d
}

func (d *daemon) start(priority int) {
	d.alive = true
	d.Start(strings.ReplaceAll(d.config, "PRIORITY", fmt.Sprint(priority)))
}

func (d *daemon) kill() { d.Kill(); d.alive = false }
func (d *daemon) stop() { d.Stop(); d.alive = false }

// state returns the state of the daemon's only group.
func (d *daemon) state() string {
	if list := d.Report().Groups; len(list) == 1 {
		return list[0].State
	}
	return ""
}
