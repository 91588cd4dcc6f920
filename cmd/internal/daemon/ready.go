package daemon

import (
	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

// unreplaced lists the active groups of which no other router is known to be ready:
// no Standby is heard, as after a change of role until one hold time has passed. VRRP
// is left out, whose backups are silent, and so are groups that follow another.
func unreplaced(groups []engine.GroupStatus) (list []string) {
	for i := range groups {
		g := &groups[i]
		m := &g.Machine
		if g.Protocol == hello.ProtocolHSRP && g.Follow == "" && m.State == "Active" && (!m.Standby.Known || m.Standby.Local) {
			list = append(list, g.Ref.String())
		}
	}
	return list
}
