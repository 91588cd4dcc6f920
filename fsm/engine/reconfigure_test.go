package engine_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

// reload gives the engine another file.
func (h *host) reload(toml string) *host {
	h.t.Helper()
	ports := map[string]engine.Port{}
	for name, p := range h.ports {
		ports[name] = p
	}
	if err := h.e.Reconfigure(h.now, parsed(h.t, toml), ports, engine.Caller{}); err != nil {
		h.t.Fatal(err)
	}
	return h
}

const (
	hsrpTen    = "[[hsrp]]\ninterface = \"eth0\"\ngroup = 10\nvirtual_ips = [\"192.0.2.1\"]\npriority = 110\nhello = \"1s\"\nhold = \"3s\"\n"
	vrrpTwenty = "[[vrrp]]\ninterface = \"eth0\"\nvrid = 20\nvirtual_ips = [\"192.0.2.2\"]\npriority = 110\nadvertise = \"1s\"\n"
	hsrpEleven = "[[hsrp]]\ninterface = \"eth0\"\ngroup = 11\nvirtual_ips = [\"192.0.2.3\"]\npriority = 110\nhello = \"1s\"\nhold = \"3s\"\n"
)

// timed is what a port was asked for by a group, with the time.
type timed struct {
	after time.Duration
	frame string
}

// sentBy records the frames of a virtual MAC while time passes.
func (h *host) sentBy(mac hello.MAC, d time.Duration, at map[time.Duration]func()) (out []timed) {
	const step = 10 * time.Millisecond
	for t := time.Duration(0); t < d; t += step {
		if do := at[t]; do != nil {
			do()
		}
		h.clear()
		h.run(step)
		for _, f := range h.port.frames {
			if bytes.Equal(f[6:12], mac[:]) {
				out = append(out, timed{h.now.Sub(t0), describeFrame(f)})
			}
		}
	}
	return out
}

func TestGroupThatIsTheSameDoesNotNoticeAReload(t *testing.T) {
	play := func(at map[time.Duration]string) []timed {
		h := newHost(t, hsrpTen+vrrpTwenty).up("eth0").run(20 * time.Second)
		h.state("eth0:10", "Active")
		h.e.SetPriority(h.now, engine.Caller{}, "hsrp:eth0:10", 120)
		do := map[time.Duration]func(){}
		for d, toml := range at {
			do[d] = func() { h.reload(toml) }
		}
		was := h.group("hsrp:eth0:10")
		out := h.sentBy(was.MAC, 20*time.Second, do)
		is := h.group("hsrp:eth0:10")
		if is.Transitions != was.Transitions || !is.Since.Equal(was.Since) || is.SetPriority != 120 || !h.port.open[1] {
			t.Errorf("%v: %d transitions since %v with priority %d, want %d since %v with 120", at, is.Transitions, is.Since, is.SetPriority, was.Transitions, was.Since)
		}
		return out
	}
	want := play(nil)
	if len(want) < 15 {
		t.Fatalf("only %d frames: the test proves nothing", len(want))
	}
	for name, at := range map[string]map[time.Duration]string{
		"the same file":            {1230 * time.Millisecond: hsrpTen + vrrpTwenty},
		"another order":            {1230 * time.Millisecond: vrrpTwenty + hsrpTen},
		"another group is changed": {1230 * time.Millisecond: hsrpTen + strings.Replace(vrrpTwenty, "1s", "2s", 1)},
		"another group goes":       {1230 * time.Millisecond: hsrpTen},
		"another group comes":      {1230 * time.Millisecond: hsrpTen + vrrpTwenty + hsrpEleven},
		"others come and go": {
			1230 * time.Millisecond: hsrpTen + hsrpEleven,
			5 * time.Second:         hsrpTen + vrrpTwenty,
			5010 * time.Millisecond: hsrpTen + hsrpEleven,
			9 * time.Second:         hsrpTen + vrrpTwenty + hsrpEleven,
		},
	} {
		if diff := cmp.Diff(want, play(at), cmp.AllowUnexported(timed{})); diff != "" {
			t.Errorf("%s (-without +with):\n%s", name, diff)
		}
	}
}

// What changes in place costs no role, and no hello is later than it would have been.
func TestKeysChangeWhileTheGroupIsActive(t *testing.T) {
	const track = "[[track]]\nname = \"core\"\nfile = \"/run/core\"\n"
	for name, to := range map[string]string{
		"priority":        strings.Replace(hsrpTen, "110", "90", 1),
		"preempt":         hsrpTen + "preempt = true\npreempt_delay = \"5s\"\n",
		"name":            hsrpTen + "name = \"users\"\n",
		"longer timers":   strings.NewReplacer("1s", "3s", "3s", "10s").Replace(hsrpTen),
		"shorter timers":  strings.NewReplacer("1s", "300ms", "3s", "1s").Replace(hsrpTen),
		"authentication":  hsrpTen + "auth = { md5 = \"secret\" }\n",
		"tracks":          track + hsrpTen + "track = [{ object = \"core\", decrement = 20 }]\n",
		"neighbours":      hsrpTen + "neighbors = [\"192.0.2.77\"]\n",
		"initial delay":   hsrpTen + "delay = { minimum = \"30s\" }\n",
		"announcements":   hsrpTen + "[hsrp.announce]\nrefresh = \"5s\"\n",
		"place":           hsrpTen + "install = \"route\"\n",
		"prefix":          strings.Replace(hsrpTen, "192.0.2.1", "192.0.2.1/24", 1),
		"another address": strings.Replace(hsrpTen, "192.0.2.1", "192.0.2.9", 1),
		"more addresses":  strings.Replace(hsrpTen, `"192.0.2.1"`, `"192.0.2.1", "192.0.2.9"`, 1),
		"lease":           "[daemon]\nlease = \"1m\"\n" + hsrpTen,
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, hsrpTen).up("eth0").until("eth0:10", "Active").run(1500 * time.Millisecond)
			moves, last := h.moves, h.now
			h.clear().reload(to)
			if h.port.having("gate +0 -1") != nil || !h.port.open[1] {
				t.Errorf("the gate was shut: %q", h.port.log)
			}
			var longest time.Duration
			for range 400 {
				h.run(10 * time.Millisecond)
				if slices.ContainsFunc(h.port.frames, func(f []byte) bool { return describeFrame(f) == "virtual Hello Active" }) {
					last = h.now
				}
				longest = max(longest, h.now.Sub(last))
				h.port.frames = nil
				if h.now.Sub(t0) > 10*time.Second && name != "longer timers" && longest > 1010*time.Millisecond {
					t.Fatalf("a hello came %v after the one before", longest)
				}
			}
			if h.moves != moves || !h.port.open[1] {
				t.Errorf("%d transitions, gate open %v: %q", h.moves-moves, h.port.open[1], h.told(engine.KindTransition))
			}
			if longest > 3*time.Second+10*time.Millisecond || name != "longer timers" && longest > 1010*time.Millisecond {
				t.Errorf("a hello came %v after the one before", longest)
			}
			want := h.group("eth0:10")
			fresh := newHost(t, to).up("eth0").until("eth0:10", "Active").group("eth0:10")
			if diff := cmp.Diff(fresh.Group, want.Group, cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{}), cmp.Comparer(func(a, b hello.Auth) bool { return reflect.DeepEqual(a, b) })); diff != "" {
				t.Errorf("(-of a start +of a reload):\n%s", diff)
			}
			if fresh.Machine.HelloTime != want.Machine.HelloTime || fresh.Machine.HoldTime != want.Machine.HoldTime || fresh.Machine.Priority != want.Machine.Priority {
				t.Errorf("machine: %+v, want %+v", want.Machine, fresh.Machine)
			}
			if got, want := h.port.leases[1], newHost(t, to).up("eth0").until("eth0:10", "Active").port.leases[1]; got != want {
				t.Errorf("lease %v, want %v", got, want)
			}
		})
	}
}

func TestAddressesOfAnActiveGroupComeAndGo(t *testing.T) {
	two := strings.Replace(vrrpTwenty, `"192.0.2.2"`, `"192.0.2.9", "192.0.2.8"`, 1)
	h := newHost(t, vrrpTwenty).up("eth0").until("vrrp:eth0:20", "Active").run(time.Second)
	ask := func(a string) bool {
		h.clear()
		h.heard(arpFrame(uint16(garp.OpRequest), peerMAC, peer4, netip.MustParseAddr(a)))
		return h.port.having("send virtual unicast reply "+a) != nil
	}
	if !ask("192.0.2.2") || ask("192.0.2.9") {
		t.Fatal("not the configured address alone is answered for")
	}
	h.clear().reload(two)
	for _, want := range []string{"send virtual advert 110", "send virtual reply 192.0.2.9", "send virtual reply 192.0.2.8", "address +1 -0"} {
		if h.port.having(want) == nil {
			t.Errorf("no %q in %q", want, h.port.log)
		}
	}
	if got := h.port.having("send virtual reply 192.0.2.2"); got != nil {
		t.Errorf("what is gone was announced: %q", got)
	}
	if ask("192.0.2.2") || !ask("192.0.2.9") || !ask("192.0.2.8") {
		t.Error("not the new addresses alone are answered for")
	}
	if got := h.port.added[1].Addrs; len(got) != 2 {
		t.Errorf("the port has %v, want both", got)
	}
}

func TestGroupThatIsGoneResigns(t *testing.T) {
	h := newHost(t, hsrpTen+vrrpTwenty).up("eth0").until("eth0:10", "Active").until("vrrp:eth0:20", "Active").run(time.Second)
	h.heard(hsrpFrame(hello.OpHello, hello.Standby))
	h.clear().reload(vrrpTwenty)
	if h.port.having("send virtual Resign Active") == nil {
		t.Errorf("no resignation: %q", h.port.log)
	}
	if !h.port.open[1] {
		t.Error("the gate is shut before the successor had its time")
	}
	h.heard(hsrpFrame(hello.OpHello, hello.Active))
	h.run(time.Second)
	if h.port.open[1] || len(h.port.added) != 1 || h.port.having("removed with") != nil {
		t.Errorf("left: gates %v, groups %v, %q", h.port.open, h.port.added, h.port.log)
	}
	if st := h.e.Status(h.now); len(st.Groups) != 1 || st.Groups[0].Number != 20 {
		t.Errorf("groups %v, want the VRRP router alone", st.Groups)
	}
	if h.heard(hsrpFrame(hello.OpHello, hello.Active)); h.e.Status(h.now).Interfaces[0].Rejected[hello.RejectGroup] == 0 {
		t.Error("the group's hellos are not a stranger's")
	}
}

func TestGroupThatCannotChangeInPlaceStartsAnew(t *testing.T) {
	for name, to := range map[string]string{
		"version": hsrpTen + "version = 1\n",
		"MAC":     hsrpTen + "mac = \"02:00:00:00:0a:0a\"\n",
		"bia":     hsrpTen + "mac = \"interface\"\n",
		"learn":   strings.Replace(hsrpTen, `"192.0.2.1"`, "", 1),
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, hsrpTen).up("eth0").until("eth0:10", "Active").run(time.Second)
			h.clear().reload(to)
			if h.port.having("send virtual Resign Active") == nil {
				t.Errorf("no resignation: %q", h.port.log)
			}
			h.run(20 * time.Second)
			g := h.group("eth0:10")
			if want := parsed(t, to).Groups[0]; g.Version != want.Version || g.Group.MAC != want.MAC || g.InterfaceMAC != want.InterfaceMAC {
				t.Errorf("runs %+v, want %+v", g.Group, want)
			}
			if want := map[bool]string{true: "Learn", false: "Active"}[name == "learn"]; g.Machine.State != want {
				t.Errorf("is in %s, want %s", g.Machine.State, want)
			}
			if len(h.port.added) != 1 || len(h.port.open) > 1 {
				t.Errorf("left: gates %v, groups %v", h.port.open, h.port.added)
			}
		})
	}
}

func TestFollowersComeAndGoWithTheirLeader(t *testing.T) {
	leader := hsrpTen + "name = \"lead\"\n"
	follower := strings.Replace(hsrpEleven, "priority = 110\nhello = \"1s\"\nhold = \"3s\"\n", "follow = \"lead\"\n", 1)
	h := newHost(t, leader).up("eth0").until("eth0:10", "Active").run(time.Second)
	moves := h.group("eth0:10").Transitions
	h.reload(leader + follower).run(time.Second)
	h.state("eth0:11", "Active")
	if g := h.group("eth0:10"); g.Transitions != moves || g.Machine.State != "Active" {
		t.Errorf("the leader went through %d transitions, to %s", g.Transitions-moves, g.Machine.State)
	}
	h.reload(leader).run(2 * time.Second)
	if g := h.group("eth0:10"); g.Transitions != moves || g.Machine.State != "Active" || len(h.port.added) != 1 {
		t.Errorf("the leader that was left went through %d transitions, to %s; groups %v", g.Transitions-moves, g.Machine.State, h.port.added)
	}
	h.reload(strings.Replace(leader, "110", "120", 1) + follower).run(time.Second)
	h.state("eth0:11", "Active")
	if g := h.group("eth0:10"); g.Transitions != moves {
		t.Errorf("the leader that has changed as well went through %d transitions", g.Transitions-moves)
	}
	h.reload(leader + "version = 1\n" + follower).run(20 * time.Second)
	h.state("eth0:10", "Active")
	h.state("eth0:11", "Active")
	h.reload(hsrpTen).run(2 * time.Second)
	if st := h.e.Status(h.now); len(st.Groups) != 1 {
		t.Errorf("groups %v, want the leader alone", st.Groups)
	}
}

func TestLeaderDoesNotStopForAFollowerWhoseInterfaceIsOpened(t *testing.T) {
	leader := hsrpTen + "name = \"lead\"\n"
	follower := strings.Replace(strings.Replace(hsrpEleven, "priority = 110\nhello = \"1s\"\nhold = \"3s\"\n", "follow = \"lead\"\n", 1), "eth0", "eth1", 1)
	h := newHost(t, leader).up("eth0").until("eth0:10", "Active").run(time.Second)
	moves := h.group("eth0:10").Transitions
	h.reload(strings.Replace(leader, "110", "120", 1) + follower)
	h.e.LinkChanged(h.now, "eth1", engine.Link{Name: "eth1", Index: 3, Up: true, Closed: true})
	h.up("eth0") // has it looked at again
	h.up("eth1")
	h.state("eth1:11", "Active")
	if g := h.group("eth0:10"); g.Transitions != moves {
		t.Errorf("the leader went through %d transitions", g.Transitions-moves)
	}
	h.linked(func(l *engine.Link) { l.Up = false })
	h.up("eth0")
	h.e.LinkChanged(h.now, "eth1", engine.Link{Name: "eth1", Index: 3, Up: true, Closed: true}) // made anew
	h.state("eth0:10", "Init")
}

func TestInterfacesComeAndGoWithTheirGroups(t *testing.T) {
	other := strings.Replace(hsrpEleven, "eth0", "eth1", 1)
	h := newHost(t, hsrpTen).up("eth0").until("eth0:10", "Active")
	h.reload(hsrpTen+other).up("eth1").until("eth1:11", "Active")
	h.reload(hsrpTen).run(2 * time.Second)
	if st := h.e.Status(h.now); len(st.Interfaces) != 1 || len(h.ports["eth1"].added) != 0 {
		t.Errorf("interfaces %v, groups %v", st.Interfaces, h.ports["eth1"].added)
	}
	h.up("eth1") // nobody minds
	h.reload(hsrpTen+other).up("eth1").until("eth1:11", "Active")
}

func TestTracksThatGoOnKeepTheirState(t *testing.T) {
	const core = "[[track]]\nname = \"core\"\nfile = \"/run/core\"\n"
	uses := "track = [{ object = \"core\", decrement = 20 }]\n"
	h := newHost(t, core+hsrpTen+uses).up("eth0").until("eth0:10", "Active")
	h.e.TrackChanged(h.now, "core", false, "gone")
	h.reload(core + hsrpTen + uses + "[[track]]\nname = \"link\"\ninterface = \"eth0\"\n")
	if g := h.group("eth0:10"); g.Machine.Priority != 90 {
		t.Errorf("priority %d, want 90", g.Machine.Priority)
	}
	if st := h.e.Status(h.now); !st.Tracks[1].Known || !st.Tracks[1].Up {
		t.Errorf("the interface that is up is tracked as %+v", st.Tracks[1])
	}
	h.reload(hsrpTen)
	if g := h.group("eth0:10"); g.Machine.Priority != 110 {
		t.Errorf("priority %d without the object, want 110", g.Machine.Priority)
	}
}

func TestReloadThatCannotBeDoneChangesNothing(t *testing.T) {
	h := newHost(t, hsrpTen).up("eth0").until("eth0:10", "Active")
	h.clear()
	if err := h.e.Reconfigure(h.now, parsed(t, strings.Replace(vrrpTwenty, "eth0", "eth9", 1)), nil, engine.Caller{}); err == nil {
		t.Error("an interface without a port is no error")
	}
	h.e.Stop(h.now)
	if err := h.e.Reconfigure(h.now, parsed(t, hsrpEleven), nil, engine.Caller{}); err == nil {
		t.Error("a stop is no error")
	}
	if h.group("eth0:10").Number != 10 {
		t.Error("the group has gone")
	}
}

// Keys roll without a packet that is not believed, and what was believed once is not
// believed again.
func TestKeysRollByReload(t *testing.T) {
	ring := func(ids ...string) string {
		keys := map[string]string{"1": "one secret of at least thirty-two bytes", "2": "two secrets of at least thirty-two b"}
		list := make([]string, len(ids))
		for n, id := range ids {
			list[n] = "{ id = " + id + ", secret = \"" + keys[id] + "\" }"
		}
		return "[[keychain]]\nname = \"lan\"\nkeys = [" + strings.Join(list, ", ") + "]\n"
	}
	signed := vrrpTwenty + "auth = { keychain = \"lan\", replay = \"monotonic\" }\n"
	h := newHost(t, ring("1")+signed).up("eth0").until("vrrp:eth0:20", "Active").run(3500 * time.Millisecond)
	last := func() *engine.SignedStatus { return h.group("vrrp:eth0:20").Signed }
	if got := last(); got == nil || got.KeyID != 1 {
		t.Fatalf("signs with %+v, want key 1", got)
	}
	moves := h.moves
	h.clear().reload(ring("2", "1") + signed).run(5 * time.Second)
	if got := last(); got.KeyID == 0 || h.moves != moves || len(h.port.having("send virtual advert 110")) < 4 {
		t.Errorf("signs with %+v, %d transitions: %q", got, h.moves-moves, h.port.log)
	}
	h.clear().reload(ring("2") + signed).run(5 * time.Second)
	if got := last(); got.KeyID != 2 || h.moves != moves {
		t.Errorf("signs with %+v, %d transitions", got, h.moves-moves)
	}
}

func TestReloadOfForwardingCountsAtOnceForGroupsThatAreTheSame(t *testing.T) {
	const require = "[daemon]\nforwarding = \"require\"\n"
	lead := hsrpTen + "name = \"lead\"\n" + strings.Replace(hsrpEleven, "priority = 110\nhello = \"1s\"\nhold = \"3s\"\n", "follow = \"lead\"\n", 1)
	for name, tt := range map[string]struct{ file, ref, stopped, waits string }{
		"HSRP":       {hsrpTen, "hsrp:eth0:10", "Init", "Listen"},
		"VRRP":       {vrrpTwenty, "vrrp:eth0:20", "Initialize", "Backup"},
		"a leader":   {lead, "hsrp:eth0:10", "Init", "Listen"},
		"a follower": {lead, "hsrp:eth0:11", "Init", "Listen"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, tt.file).up("eth0")
			h.forwards(off4, "")
			h.until(tt.ref, "Active").reload(require + tt.file)
			h.state(tt.ref, tt.stopped)
			h.reload(tt.file)
			h.state(tt.ref, tt.waits)
			h.until(tt.ref, "Active")
		})
	}
}

func TestReloadOfAnObjectCountsAtOnceForGroupsThatAreTheSame(t *testing.T) {
	const both = "[[track]]\nname = \"one\"\ninterface = \"eth7\"\n[[track]]\nname = \"two\"\ninterface = \"eth8\"\n"
	core := func(key, of string) string { return "[[track]]\nname = \"core\"\n" + key + " = \"" + of + "\"\n" }
	for _, tt := range []struct {
		uses     string
		down, up string // state and priority
	}{
		{"shutdown = true", "Init 110", "Listen 110"},
		{"decrement = 20", "Active 90", "Active 110"},
	} {
		t.Run(tt.uses, func(t *testing.T) {
			file := both + hsrpTen + "track = [{ object = \"core\", " + tt.uses + " }]\n"
			h := newHost(t, file+core("interface", "eth7")).up("eth0")
			want := func(when, want string) {
				t.Helper()
				if m := h.group("eth0:10").Machine; fmt.Sprint(m.State, " ", m.Priority) != want {
					t.Errorf("%s: in %s with priority %d, want %s", when, m.State, m.Priority, want)
				}
			}
			h.e.LinkChanged(h.now, "eth7", engine.Link{Name: "eth7", Up: true})
			h.e.LinkChanged(h.now, "eth8", engine.Link{Name: "eth8"})
			h.until("eth0:10", "Active").reload(file + core("interface", "eth8"))
			want("another interface, which is down", tt.down)
			h.reload(file + core("file", "/run/core"))
			want("a file that was not looked at yet", tt.down)
			h.reload(file + core("interface", "eth9"))
			want("an interface that was not looked at yet", tt.down)
			h.reload(file + core("interface", "eth7"))
			want("an interface that is up", tt.up)
			h.reload(file + core("file", "/run/core"))
			want("a file that was not looked at yet", tt.up)
			h.e.TrackChanged(h.now, "core", false, "it is not there")
			want("the first result of the file", tt.down)
		})
	}
}
