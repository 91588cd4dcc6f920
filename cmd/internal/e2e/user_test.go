package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/internal/skip"
)

// unitFile is the unit of the packages.
const unitFile = "../../../packaging/fhrpd.service"

// mostExposed is how much systemd may find open in the unit, of 10.
const mostExposed = 2.0

func TestUnitIsClosed(t *testing.T) {
	program := skip.Without(t, "systemd-analyze")
	out, err := exec.CommandContext(t.Context(), program, "security", "--offline=true", "--no-pager", unitFile).CombinedOutput()
	m := regexp.MustCompile(`Overall exposure level for fhrpd.service: ([0-9.]+)`).FindSubmatch(out)
	if m == nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if level, err := strconv.ParseFloat(string(m[1]), 64); err != nil || level > mostExposed {
		t.Errorf("exposure %s, want at most %.1f\n%s", m[1], mostExposed, out)
	}
}

// nobody stands for the user of the unit.
const nobody = 65534

// The unit gives the daemon a user of its own and two capabilities. That is enough
// for all that it does in the kernel, and for undoing it; its commands run as the
// same user, with the same two.
func TestOrdinaryUserWithTwoCapabilitiesIsEnough(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		for _, g := range l.Gateways {
			g.As(nobody)
		}
		hook := func(g *gateway) string {
			return strings.ReplaceAll(userGroups, "FILE", g.Path("hook"))
		}
		const setting = "net/ipv4/conf/" + lanDev + "/arp_ignore"
		before, err := l.a.NS.ReadSysctl(setting)
		must(t, err)

		l.a.StartAs(hook(l.a), 110)
		l.a.WaitAll("Active")
		l.b.StartAs(hook(l.b), 100)
		l.Settled(l.a, l.b)
		l.mustPing(vip)
		if now, err := l.a.NS.ReadSysctl(setting); err != nil || now == before {
			t.Errorf("%s is %s while active (%v)", setting, now, err)
		}
		l.a.Eventually("the command on becoming active", func() bool { return strings.Contains(l.a.File("hook"), "CapEff") })
		want := fmt.Sprintf("CapEff:\t%016x\n", 1<<unix.CAP_NET_ADMIN|1<<unix.CAP_NET_RAW)
		if ran := l.a.File("hook"); !strings.Contains(ran, fmt.Sprintf("uid=%d", nobody)) || !strings.Contains(ran, want) {
			t.Errorf("the command ran as\n%s", ran)
		}
		if log := l.a.File("daemon.log"); strings.Contains(log, "not permitted") || strings.Contains(log, "denied") {
			t.Errorf("something is refused:\n%s", log)
		}

		l.a.StopCleanly()
		l.b.WaitAll("Active")
		l.mustPing(vip)
		if now, err := l.a.NS.ReadSysctl(setting); err != nil || now != before {
			t.Errorf("%s is %s after the stop, it was %s (%v)", setting, now, before, err)
		}
		l.a.Restart()
		l.Settled(l.a, l.b)
		l.a.Kill() // what is left of it is its own user's
		l.b.WaitAll("Active")
		l.a.Restart()
		l.Settled(l.a, l.b)
		l.mustPing(vip)
		if info, err := os.Stat(l.a.Path("control.sock")); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the control socket: %v, %v", info, err)
		}
	})
}

// Priority and memory are a matter of the unit's limits.
const userGroups = `[daemon]
realtime = false

[[hsrp]]
interface = "eth0"
group = 10
virtual_ips = ["192.168.1.1"]
priority = PRIORITY
preempt = true
hello = "200ms"
hold = "700ms"

[hsrp.hooks]
active = ["/bin/sh", "-c", "id > FILE; cat /proc/self/status >> FILE"]

[[vrrp]]
interface = "eth0"
vrid = 20
virtual_ips = ["fe80::1"]
priority = PRIORITY
advertise = "200ms"
`
