package engine_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

// delayedGroups are one group each, in which DELAY stands for its key, with the
// state it waits in and the one it starts in.
var delayedGroups = []struct{ name, config, waits, starts string }{
	{"HSRP", hsrpConfig + "DELAY", "Init", "Listen"},
	{"HSRP that learns", "[[hsrp]]\ninterface = \"eth0\"\ngroup = 10\nDELAY", "Init", "Learn"},
	{"VRRP", vrrpConfig + "DELAY", "Initialize", "Backup"},
	{"VRRP over IPv6", "[[vrrp]]\ninterface = \"eth0\"\nvrid = 10\nvirtual_ips = [\"fe80::1\"]\nDELAY", "Initialize", "Backup"},
	{"the owner of the addresses", "[[vrrp]]\ninterface = \"eth0\"\nvrid = 10\nvirtual_ips = [\"192.0.2.10\"]\npriority = 255\nDELAY", "Initialize", "Active"},
}

// withDelay sets both parts of the delay.
func withDelay(config, minimum, reload string) string {
	return strings.Replace(config, "DELAY", "delay = { minimum = \""+minimum+"\", reload = \""+reload+"\" }\n", 1)
}

// silentFor fails the test unless the group waits for exactly d from now on,
// with this obstacle, and says nothing until then. It returns at the end of d.
func (h *host) silentFor(d time.Duration, waits, starts, obstacle string) {
	h.t.Helper()
	h.clear()
	left := d
	for _, step := range []time.Duration{0, d / 2, d/2 - time.Millisecond} {
		h.run(step)
		left -= step
		g := h.group("eth0:10")
		if g.Machine.State != waits || g.Obstacle != obstacle || g.DelayLeft != left {
			h.t.Errorf("%v before the end: in %s for %v: %q, want %s for %v: %q", left, g.Machine.State, g.DelayLeft, g.Obstacle, waits, left, obstacle)
		}
	}
	if said := append(h.port.having("send"), h.port.having("unicast")...); len(said) > 0 {
		h.t.Errorf("said %q", said)
	}
	h.run(time.Millisecond)
	if g := h.group("eth0:10"); g.Machine.State != starts || g.Obstacle != "" || g.DelayLeft != 0 {
		h.t.Errorf("at the end: in %s for %v: %q, want %s", g.Machine.State, g.DelayLeft, g.Obstacle, starts)
	}
}

func TestGroupIsSilentAfterItsInterfaceCameUp(t *testing.T) {
	const (
		minimum = "silent for 30s after eth0 came up: delay.minimum"
		reload  = "silent for 1m0s after eth0 came up: delay.reload"
	)
	for _, tt := range delayedGroups {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost(t, withDelay(tt.config, "30s", "1m"))
			h.run(time.Hour) // without a link nothing is counted
			h.up("eth0").silentFor(time.Minute, tt.waits, tt.starts, reload)
			h.run(time.Minute).down("eth0")
			h.run(time.Second).up("eth0").silentFor(30*time.Second, tt.waits, tt.starts, minimum)
			h.run(time.Minute).down("eth0")
			h.up("eth0").silentFor(30*time.Second, tt.waits, tt.starts, minimum)

			h = newHost(t, withDelay(tt.config, "30s", "0s")).up("eth0") // the start is no exception
			h.silentFor(30*time.Second, tt.waits, tt.starts, minimum)

			h = newHost(t, withDelay(tt.config, "0s", "1m")).up("eth0")
			h.silentFor(time.Minute, tt.waits, tt.starts, reload)
			h.down("eth0")
			h.run(time.Second).up("eth0").state("eth0:10", tt.starts)
		})
	}
}

func TestDelayBeginsAnewWithTheLink(t *testing.T) {
	for _, tt := range delayedGroups {
		h := newHost(t, withDelay(tt.config, "30s", "1m")).up("eth0").run(59 * time.Second)
		h.down("eth0")
		if g := h.group("eth0:10"); g.Obstacle != "eth0 is down" || g.DelayLeft != 0 {
			t.Errorf("%s: waits for %q, %v", tt.name, g.Obstacle, g.DelayLeft)
		}
		if at, armed := h.e.Deadline(); armed {
			t.Errorf("%s: a deadline is left %v after the link", tt.name, at.Sub(h.now))
		}
		// The host is still booting.
		h.run(time.Hour).up("eth0").silentFor(time.Minute, tt.waits, tt.starts, "silent for 1m0s after eth0 came up: delay.reload")
	}
}

// What changes of an interface that stays able to carry the group begins no delay
// and ends none.
func TestDelayIsCountedFromTheAddress(t *testing.T) {
	const why = "silent for 30s after eth0 came up: delay.minimum"
	h := newHost(t, withDelay(hsrpConfig+"DELAY", "30s", "0s"))
	h.linked(func(l *engine.Link) { l.Addr4, l.Addrs = netip.Addr{}, l.Addrs[1:] })
	h.run(time.Minute)
	h.linked(func(l *engine.Link) { l.Closed = true })
	h.run(time.Minute).up("eth0").run(10 * time.Second).up("eth0")
	h.linked(func(l *engine.Link) { l.MTU = 9000 })
	h.silentFor(20*time.Second, "Init", "Listen", why)
	h.linked(func(l *engine.Link) { l.Addr4 = peer4 })
	h.state("eth0:10", "Listen")
}

// Whoever waits for something else meanwhile is not kept longer.
func TestDelayRunsBesideOtherObstacles(t *testing.T) {
	h := newHost(t, trackConfig+"delay = { minimum = \"30s\" }\n").up("eth0", "eth1")
	h.e.TrackChanged(h.now, "power", false, "on battery")
	if got := h.group("eth0:10").Obstacle; got != "tracked object power is down: on battery" {
		t.Errorf("waits for %q", got)
	}
	h.run(29 * time.Second)
	h.e.TrackChanged(h.now, "power", true, "on mains")
	h.silentFor(time.Second, "Init", "Listen", "silent for 30s after eth0 came up: delay.minimum")
	h.e.TrackChanged(h.now, "power", false, "on battery")
	h.run(time.Second)
	h.e.TrackChanged(h.now, "power", true, "on mains")
	h.state("eth0:10", "Listen")
}

// The port is asked again after a pause that is shorter than the delay.
func TestDelayOutlastsARefusal(t *testing.T) {
	h := newHost(t, withDelay(hsrpConfig+"DELAY", "30s", "0s")).up("eth0")
	h.e.Prepared(h.now, 1, errKernel)
	if got := h.group("eth0:10").Obstacle; !strings.Contains(got, errKernel.Error()) {
		t.Errorf("waits for %q", got)
	}
	h.run(15*time.Second).silentFor(15*time.Second, "Init", "Listen", "silent for 30s after eth0 came up: delay.minimum")
}

func TestDelayIsToldOnceAndIsNoWarning(t *testing.T) {
	h := newHost(t, withDelay(hsrpConfig+"DELAY", "30s", "0s")).up("eth0").up("eth0").run(10 * time.Second).up("eth0").run(time.Minute)
	want := []string{"hsrp:eth0:10 waits in Init: silent for 30s after eth0 came up: delay.minimum"}
	if diff := cmp.Diff(want, h.told(engine.KindNotice)); diff != "" {
		t.Errorf("notices (-want +got):\n%s", diff)
	}
	if got := h.told(engine.KindWarning); len(got) > 0 {
		t.Errorf("warned %q", got)
	}
}

// A follower's delay holds its leader back, which would be alone in the role.
func TestDelayOfAFollowerIsItsLeaders(t *testing.T) {
	config := strings.Replace(followConfig, "group = 20\n", "group = 20\ndelay = { minimum = \"30s\" }\n", 1)
	h := newHost(t, config).up("eth0").up("eth1")
	const why = "silent for 30s after eth1 came up: delay.minimum"
	for ref, want := range map[string]string{"lan": why, "wan": "follower hsrp:eth1:20: " + why, "dmz": ""} {
		if got := h.group(ref).Obstacle; got != want {
			t.Errorf("%s waits for %q, want %q", ref, got, want)
		}
	}
	h.run(30*time.Second - time.Millisecond)
	h.state("wan", "Init")
	h.state("lan", "Init")
	if said := append(h.port.having("send real Hello"), h.ports["eth1"].having("send")...); len(said) > 0 {
		t.Errorf("said %q", said)
	}
	h.run(time.Millisecond).together("Listen", "Listen")
	h.until("wan", "Active").together("Active", "Active")
	h.down("eth1")
	h.up("eth1").run(29 * time.Second)
	h.state("wan", "Init")
	h.run(time.Second).together("Listen", "Listen")
	for _, told := range h.told(engine.KindWarning) {
		if strings.Contains(told, "silent") {
			t.Errorf("warned: %s", told)
		}
	}
}

// A leader's delay does not begin for its followers' sake.
func TestDelayOfALeader(t *testing.T) {
	h := newHost(t, followConfig+"delay = { minimum = \"30s\" }\n").up("eth0", "eth1").run(29 * time.Second)
	h.together("Init", "Listen")
	h.run(time.Second).together("Listen", "Listen")
	h.down("eth1")
	h.up("eth1").together("Listen", "Listen")
}

// What else stops a group on an interface that stays as it is begins no delay.
func TestDelayIsTheInterfacesOnly(t *testing.T) {
	h := newHost(t, withDelay(vrrpConfig+"DELAY", "30s", "0s")).up("eth0").until("eth0:10", "Active")
	h.e.Prepared(h.now, 1, errKernel)
	h.state("eth0:10", "Initialize")
	h.e.Prepared(h.now, 1, nil)
	h.state("eth0:10", "Backup")
}

func TestDelayedGroupHearsNobodyAndAnswersNobody(t *testing.T) {
	h := newHost(t, withDelay(hsrpConfig+"DELAY", "30s", "0s")).up("eth0").clear()
	h.heard(hsrpFrame(hello.OpHello, hello.Active, better))
	h.heard(hsrpFrame(hello.OpResign, hello.Active, better))
	h.heard(arpFrame(arpRequest, otherMAC, peer4, vip4))
	h.state("eth0:10", "Init")
	if len(h.port.log) > 0 || len(h.port.open) > 0 {
		t.Errorf("did %q", h.port.log)
	}
}

func TestStopEndsADelay(t *testing.T) {
	h := newHost(t, withDelay(hsrpConfig+"DELAY", "30s", "0s")).up("eth0").clear()
	h.e.Stop(h.now)
	if at, armed := h.e.Deadline(); armed {
		t.Errorf("a deadline is left in %v", at.Sub(h.now))
	}
	if len(h.port.having("send")) > 0 {
		t.Errorf("said %q", h.port.log)
	}
}
