package daemon

import (
	"fmt"
	"os"
	"strings"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// checkForwarding warns when a router has become active on a host that does not
// route: it answers for the gateway's address and drops what is sent through
// it. The setting is the administrator's, and nothing else would report it.
func (d *Daemon) checkForwarding(t status.Transition) {
	if t.To != "Active" || forwards("/proc/sys", t.Family, t.Interface) {
		return
	}
	everywhere := "net.ipv4.ip_forward"
	if t.Family == 6 {
		everywhere = "net.ipv6.conf.all.forwarding"
	}
	d.log.Warn("active on a host that does not forward: what is sent through the virtual address is dropped",
		"interface", t.Interface, "group", t.Group, "cure", "sysctl "+everywhere+"=1",
		"found", fmt.Sprintf("net.ipv%d.conf.%s.forwarding=0", t.Family, t.Interface))
}

// forwards reports whether an interface forwards packets of a family. It is true
// when that cannot be read.
func forwards(root string, family int, iface string) bool {
	b, err := os.ReadFile(fmt.Sprintf("%s/net/ipv%d/conf/%s/forwarding", root, family, iface))
	return err != nil || strings.TrimSpace(string(b)) != "0"
}
