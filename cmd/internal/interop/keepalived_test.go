package interop

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
)

// router is fhrpd or a peer of it.
type router interface {
	start(priority int)
	Kill() // without a last word
	Stop() // cleanly
	Running() bool
}

// daemon is fhrpd with a configuration in which PRIORITY stands for the priority.
type daemon struct {
	*fhrptest.Gateway
	config string
}

func (d *daemon) start(priority int) { d.T.Helper(); d.StartAs(d.config, priority) }

// keepalived has one instance or more.
type keepalived struct {
	*fhrptest.Keepalived
	g      *fhrptest.Gateway
	config string // PRIORITY stands for the priority
}

// realtime gives a command real-time priority, as fhrpd takes by itself: a peer
// that the tests' own load keeps from its timers says nothing about us.
func realtime(command ...string) []string {
	return append([]string{"chrt", "--fifo", "1"}, command...)
}

func (k *keepalived) start(priority int) {
	k.g.T.Helper()
	k.Keepalived = fhrptest.StartKeepalived(k.g, strings.ReplaceAll(k.config, "PRIORITY", strconv.Itoa(priority)),
		realtime("keepalived", "--log-console", "--log-detail")...)
}

// keepalivedConfig is the instance that stands against our router in a pairing.
func keepalivedConfig(s *segment, p pairing, extra string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "vrrp_instance v%d {\n state BACKUP\n interface %s\n virtual_router_id %d\n priority PRIORITY\n", p.version, dev, vrid)
	fmt.Fprintf(&b, " version %d\n advert_int %g\n", p.version, p.every.Seconds())
	if p.vmac {
		b.WriteString(" use_vmac\n")
	}
	if p.unicast {
		fmt.Fprintf(&b, " unicast_src_ip %s\n unicast_peer { %s }\n", s.Gateway(them).Addr(p.family), s.Gateway(us).Addr(p.family))
	}
	if p.text != "" {
		fmt.Fprintf(&b, " authentication {\n  auth_type PASS\n  auth_pass %s\n }\n", p.text)
	}
	b.WriteString(extra + " virtual_ipaddress {\n")
	for _, v := range p.vips() {
		bits := 24
		if v.Is6() {
			bits = 64
		}
		fmt.Fprintf(&b, "  %s/%d\n", v, bits)
	}
	b.WriteString(" }\n}\n")
	return b.String()
}
