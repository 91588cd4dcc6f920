package e2e

import (
	"fmt"
	"strings"

	"github.com/fhrpd/fhrpd/hello"
)

// table is one TOML table of a group on the client's segment.
func table(protocol string, lines ...string) string {
	return fmt.Sprintf("\n[[%s]]\ninterface = \"eth0\"\n%s\n", protocol, strings.Join(lines, "\n"))
}

// Lines of configuration. The timers are such that the usual stall of a virtual
// machine does not use them up.
const (
	common    = `priority = PRIORITY` + "\n" + `preempt = true`
	address4  = `virtual_ips = ["192.168.1.1"]`
	subSecond = `hello = "200ms"` + "\n" + `hold = "1s"`
)

// hsrpTable is group 10.
func hsrpTable(version int, lines ...string) string {
	return table("hsrp", append([]string{fmt.Sprintf("version = %d\ngroup = 10", version), common}, lines...)...)
}

var (
	// hsrp1 is the group of the report on HSRP basics.
	hsrp1 = hsrpTable(1, address4, subSecond)
	// both is group 10 of HSRP version 2 in both families.
	both = hsrpTable(2, address4, subSecond, `name = "v4"`) + hsrpTable(2, `virtual_ips = ["fe80::1"]`, subSecond, `name = "v6"`)
)

// The virtual MACs of number 10: of HSRP version 1, of version 2 in each family,
// and of VRRP.
var (
	mac1 = hello.MAC{0, 0, 0x0c, 0x07, 0xac, 10}
	mac2 = hello.MAC{0, 0, 0x0c, 0x9f, 0xf0, 10}
	mac6 = hello.MAC{0, 0x05, 0x73, 0xa0, 0, 10}
	macV = hello.MAC{0, 0, 0x5e, 0, 1, 10}
)

// announceTable belongs behind a group's own lines.
func announceTable(protocol string, lines ...string) string {
	return fmt.Sprintf("[%s.announce]\n%s\n", strings.ToLower(protocol), strings.Join(lines, "\n"))
}

// cluster is a pair without a virtual MAC: the address moves from one node's
// MAC to the other's.
func cluster(lines ...string) string {
	return hsrpTable(2, append([]string{`name = "cluster"`, `mac = "interface"`}, lines...)...)
}
