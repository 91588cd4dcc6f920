package interop

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
)

// router is a peer of ours.
type router interface {
	start(priority int)
	kill() // without a last word
	stop() // cleanly
	alive() bool
}

// keepalived runs keepalived with one instance or more.
type keepalived struct {
	s      *segment
	config string // PRIORITY stands for the priority
	proc   *netlab.Process
}

func newKeepalived(s *segment, config string) *keepalived {
	k := &keepalived{s: s, config: config}
	s.t.Cleanup(func() {
		if k.alive() {
			k.kill()
		}
	})
	return k
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
		fmt.Fprintf(&b, " unicast_src_ip %s\n unicast_peer { %s }\n", s.address(them, p.family), s.address(us, p.family))
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

func (k *keepalived) start(priority int) {
	k.s.t.Helper()
	file := k.s.path("keepalived.conf")
	must(k.s.t, os.WriteFile(file, []byte(strings.ReplaceAll(k.config, "PRIORITY", strconv.Itoa(priority))), 0o600))
	k.proc = k.s.startLogged("keepalived.log",
		"keepalived", "--dont-fork", "--log-console", "--log-detail", "--vrrp", "--use-file", file)
}

// kill ends both processes. The first would give the second a successor, and
// the second says goodbye when the first has gone, so neither may notice.
func (k *keepalived) kill() {
	k.s.t.Helper()
	pid := k.proc.Process.Pid
	must(k.s.t, unix.Kill(pid, unix.SIGSTOP))
	list, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	must(k.s.t, err)
	for child := range strings.FieldsSeq(string(list)) {
		n, err := strconv.Atoi(child)
		must(k.s.t, errors.Join(err, unix.Kill(n, unix.SIGKILL)))
	}
	must(k.s.t, unix.Kill(pid, unix.SIGKILL))
	k.s.ended(k.proc)
}

func (k *keepalived) stop() {
	k.s.t.Helper()
	must(k.s.t, k.proc.Process.Signal(unix.SIGTERM))
	k.s.ended(k.proc)
}

func (k *keepalived) alive() bool { return running(k.proc) }
