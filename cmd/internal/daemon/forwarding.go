package daemon

import (
	"fmt"
	"os"
	"strings"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// checkForwarding warns when a router has become active on a host that does not
// route: it answers for the gateway's address and drops what is sent through
// it. The setting is the administrator's; nobody else would say a word.
func (d *Daemon) checkForwarding(t status.Transition) {
	if t.To != "Active" {
		return
	}
	name := fmt.Sprintf("net.ipv%d.conf.%s.forwarding", t.Family, t.Interface)
	if forwards, err := readSwitch("/proc/sys", name); err == nil && !forwards {
		d.log.Warn("active on a host that does not forward: what is sent through the virtual address is dropped",
			"interface", t.Interface, "group", t.Group, "cure", "sysctl "+everywhere(t.Family)+"=1", "found", name+"=0")
	}
}

// everywhere is the sysctl that switches forwarding on for the whole host.
func everywhere(family int) string {
	if family == 6 {
		return "net.ipv6.conf.all.forwarding"
	}
	return "net.ipv4.ip_forward"
}

// readSwitch returns whether a sysctl is other than 0. Dots in the names of
// VLAN interfaces are not separators, so the name is split at its ends only.
func readSwitch(root, name string) (bool, error) {
	head, rest, _ := strings.Cut(strings.TrimPrefix(name, "net."), ".conf.")
	dev, leaf := rest[:strings.LastIndexByte(rest, '.')], rest[strings.LastIndexByte(rest, '.')+1:]
	b, err := os.ReadFile(strings.Join([]string{root, "net", head, "conf", dev, leaf}, "/"))
	return strings.TrimSpace(string(b)) != "0", err
}
