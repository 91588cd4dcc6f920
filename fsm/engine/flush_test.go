package engine_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

func TestPromotionOpensTheGateBeforeAWordIsSaid(t *testing.T) {
	for _, tt := range []struct {
		name  string
		host  func(testing.TB) *host
		frame []byte
		want  []string
	}{
		{"hsrp", hsrpStandby, hsrpFrame(hello.OpResign, hello.Active, better), []string{
			"gate +1 -0", "send virtual Hello Active",
			"send virtual reply 192.0.2.10", "send virtual reply 192.0.2.1", "send virtual cisco reply 192.0.2.1",
			"address +1 -0",
		}},
		{"hsrp that preempts", hsrpStandby, hsrpFrame(hello.OpHello, hello.Active), []string{
			"gate +1 -0", "send real Coup Standby", "send virtual Hello Active",
			"send virtual reply 192.0.2.10", "send virtual reply 192.0.2.1", "send virtual cisco reply 192.0.2.1",
			"address +1 -0",
		}},
		{"vrrp", func(t testing.TB) *host {
			h := newHost(t, vrrpConfig).up("eth0")
			h.heard(vrrpFrame(200))
			h.heard(vrrpFrame(0))
			return h.run(time.Second - 435*time.Millisecond).clear()
		}, nil, []string{"gate +1 -0", "send virtual advert 110", "send virtual reply 192.0.2.1", "address +1 -0"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := tt.host(t)
			if tt.frame != nil {
				h.heard(tt.frame)
			} else {
				h.until("eth0:10", "Active")
			}
			if diff := cmp.Diff(tt.want, h.port.log[:len(tt.want)]); diff != "" {
				t.Errorf("at once (-want +got):\n%s", diff)
			}
			h.port.log = h.port.log[len(tt.want):]
			h.run(6 * time.Millisecond)
			if !slices.Contains(h.port.log, "send virtual request 192.0.2.1") {
				t.Errorf("no request 6 ms later, but %q", h.port.log)
			}
		})
	}
}

// A stop that has a successor is another matter: see the farewell.
func TestDemotionShutsTheGateBeforeAWordIsSaid(t *testing.T) {
	for _, tt := range []struct {
		name string
		host *host
		do   func(*host)
		want []string
	}{
		{"hsrp that stops", hsrpActive(t), func(h *host) { h.e.Stop(h.now) }, []string{
			"gate +0 -1", "send virtual Resign Active", "send real reply 192.0.2.10", "send real request 192.0.2.10", "address +0 -1",
		}},
		{"hsrp that loses says so", hsrpActive(t), func(h *host) { h.heard(hsrpFrame(hello.OpHello, hello.Active, better)) }, []string{
			"gate +0 -1", "send real Resign Speak", "send real Hello Speak", "send real reply 192.0.2.10", "address +0 -1",
		}},
		{"vrrp that loses leaves it to the winner", vrrpActive(t), func(h *host) { h.heard(vrrpFrame(200)) }, []string{
			"gate +0 -1", "address +0 -1",
		}},
		{"fence is silent", hsrpActive(t), func(h *host) { h.now = h.now.Add(time.Minute); h.e.Wake(h.now, 0) }, []string{
			"gate +0 -1", "address +0 -1",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.do(tt.host)
			if diff := cmp.Diff(tt.want, tt.host.port.log); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// manyVRRP is the configuration of n VRRP routers on one interface.
func manyVRRP(from, n int, extra string) string {
	var b strings.Builder
	for i := from; i < from+n; i++ {
		fmt.Fprintf(&b, "[[vrrp]]\ninterface = \"eth0\"\nvrid = %d\nvirtual_ips = [\"192.0.2.%d\"]\n%s\n", i, i, extra)
	}
	return b.String()
}

// manyHSRP is the same for HSRP groups.
func manyHSRP(n int, extra string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "[[hsrp]]\ninterface = \"eth0\"\ngroup = %d\nvirtual_ips = [\"10.%d.%d.1\"]\nhello = \"1s\"\nhold = \"3s\"\n%s\n",
			100+i, i/250, i%250, extra)
	}
	return b.String()
}

func TestAThousandPromotionsComeInChunksWithActiveHellosBetween(t *testing.T) {
	const n = 1000
	h := newHost(t, manyVRRP(1, 1, "priority = 255\nadvertise = \"10ms\"")+manyHSRP(n, "announce = { probe = \"off\" }")).up("eth0")
	h.until("hsrp:eth0:100", "Speak").run(2900 * time.Millisecond).clear()
	end := h.now.Add(time.Second)
	var most, chunks int
	for h.moves < 1+4*n && h.now.Before(end) {
		h.port.log, h.port.gates = nil, 0
		at, _ := h.e.Deadline()
		if at.After(h.now) {
			h.now = at
		}
		h.now = h.now.Add(time.Millisecond) // what a chunk costs
		h.e.Tick(h.now)
		if g := h.port.having("gate"); len(g) > 0 {
			var opened int
			_, _ = fmt.Sscanf(g[0], "gate +%d", &opened)
			most, chunks = max(most, opened), chunks+1
			if len(g) != 1 {
				t.Fatalf("a chunk took %d transactions", len(g))
			}
		}
	}
	if most > engine.Chunk || chunks < n/engine.Chunk {
		t.Errorf("%d groups in one transaction of %d, want at most %d", most, chunks, engine.Chunk)
	}
	if late := h.e.Timing().Worst; late > n/engine.Chunk*2*time.Millisecond {
		t.Errorf("the worst deadline was served %v late", late)
	}
}

func TestActiveGroupIsServedBeforeThoseThatAreNot(t *testing.T) {
	const n = 300
	owner := manyVRRP(1, 1, "priority = 255\nadvertise = \"10ms\"")
	for first, active := range map[string]string{
		"send virtual advert 255": owner,
		"send real advert 255":    preActive(owner, "20s"), // its address waits
	} {
		h := newHost(t, active+manyHSRP(n, "announce = { probe = \"off\" }")).up("eth0")
		h.run(3*time.Second - 5*time.Millisecond).clear()
		h.now = h.now.Add(20 * time.Millisecond) // all are due
		h.e.Tick(h.now)
		if sent := h.port.having("send"); len(sent) == 0 || sent[0] != first {
			t.Errorf("first is %q, want the active router's advertisement %q", sent, first)
		}
		if got := h.moves; got != 1+n+engine.Chunk {
			t.Errorf("%d moves after one Tick, want the start and one chunk: %d", got, 1+n+engine.Chunk)
		}
	}
}

func TestGroupsPromotedTogetherClaimTheirRolesBeforeAnnouncements(t *testing.T) {
	h := newHost(t, manyVRRP(1, 2, "advertise = \"100ms\"")).up("eth0").run(200 * time.Millisecond).clear()
	h.now = h.now.Add(time.Second)
	h.e.Tick(h.now)
	want := []string{
		"gate +2 -0", "send virtual advert 100", "send virtual advert 100",
		"send virtual reply 192.0.2.1", "send virtual reply 192.0.2.2", "address +2 -0",
	}
	if diff := cmp.Diff(want, h.port.log); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The second burst of many groups is due at one instant.
func TestAnnouncementsWaitForMessages(t *testing.T) {
	const n = 300
	h := newHost(t, manyVRRP(1, 1, "priority = 255\nadvertise = \"10ms\"")+manyHSRP(n, "announce = { probe = \"off\" }")).up("eth0")
	h.until("hsrp:eth0:399", "Active").run(2*time.Second - 20*time.Millisecond).clear()
	h.now = h.now.Add(40 * time.Millisecond)
	h.e.Tick(h.now)
	sent := h.port.having("send")
	if len(sent) == 0 || sent[0] != "send virtual advert 255" {
		t.Errorf("first is %q, want the active router's advertisement", sent)
	}
	isReply := func(s string) bool { return strings.Contains(s, " reply ") }
	first := slices.IndexFunc(sent, isReply)
	if first < 0 || slices.ContainsFunc(sent[first:], func(s string) bool { return !isReply(s) }) {
		t.Errorf("sent %q, want announcements after all messages", sent)
	}
	if got, want := len(sent)-first, 3*engine.Chunk; got != want {
		t.Errorf("%d announcements after one Tick, want those of a chunk: %d", got, want)
	}
	if at, _ := h.e.Deadline(); at.After(h.now) || h.e.Urgent(h.now) {
		t.Errorf("next deadline %v after now, urgent %v; want announcements to be due that can wait", at.Sub(h.now), h.e.Urgent(h.now))
	}
	if !h.e.Urgent(h.now.Add(10 * time.Millisecond)) {
		t.Error("a hello that is due is not urgent")
	}
}

func TestRefusedGateCostsOnlyItsGroup(t *testing.T) {
	h := newHost(t, manyVRRP(1, 3, "")).up("eth0").run(time.Second)
	h.port.refuse = func(open []engine.Claim, _ []engine.ID) error {
		if slices.ContainsFunc(open, func(c engine.Claim) bool { return c.ID == 2 }) {
			return errKernel
		}
		return nil
	}
	h.clear().run(3 * time.Second)
	h.state("eth0:1", "Active")
	h.state("eth0:2", "Initialize")
	h.state("eth0:3", "Active")
	if last := h.group("eth0:2").Last; last.Cause != "acquire-failed" || last.Detail != "eth0 cannot serve it: "+errKernel.Error() {
		t.Errorf("cause %s: %s", last.Cause, last.Detail)
	}
	if diff := cmp.Diff(map[engine.ID]bool{1: true, 3: true}, h.port.addrs); diff != "" {
		t.Errorf("addresses (-want +got):\n%s", diff)
	}
	if slices.Contains(h.port.having("send"), "send virtual reply 192.0.2.2") {
		t.Error("the refused group announced itself")
	}
}

// A router that cannot serve would take the role from a peer that can, again
// and again.
func TestRefusedGroupLeavesTheFieldToItsPeer(t *testing.T) {
	for _, config := range []string{hsrpConfig, hsrpConfig + "preempt_delay = \"1m\"\n"} {
		h := newHost(t, config).up("eth0")
		h.port.refuse = func(open []engine.Claim, _ []engine.ID) error {
			if len(open) > 0 {
				return errKernel
			}
			return nil
		}
		worse := func(m *hello.HSRP, _ *hello.Envelope) { m.Priority = 90 }
		for len(h.port.having("gate refused")) == 0 {
			h.heard(hsrpFrame(hello.OpHello, hello.Active, worse))
			h.run(100 * time.Millisecond)
		}
		h.state("eth0:10", "Init")
		if got := h.port.having("send real Coup"); len(got) > 0 {
			t.Error("the peer was told to give way")
		}
		refused := func() (n int) {
			for end := h.now.Add(time.Hour); h.now.Before(end); h.run(time.Second) {
				h.heard(hsrpFrame(hello.OpHello, hello.Active, worse))
				if got := h.port.having("gate refused +1"); len(got) > 0 {
					h.port.log = nil
					n++
				}
			}
			return n
		}
		if n := refused(); n < 5 || n > 12 {
			t.Errorf("%d attempts in an hour, want pauses that grow from 12 s to 10 min", n)
		}
		h.port.refuse = nil
		h.run(10*time.Minute).until("eth0:10", "Active")
		if len(h.port.open) != 1 {
			t.Error("active without the address")
		}
	}
}

// A port that cannot prepare a group is asked again, and the group waits in its
// first state without a word on the wire.
func TestGroupThatIsNotPreparedTakesNoPart(t *testing.T) {
	h := newHost(t, vrrpConfig)
	h.e.Prepared(h.now, 1, errKernel)
	h.port.addErr = errKernel
	h.up("eth0").clear().run(time.Minute)
	if g := h.group("eth0:10"); g.Machine.State != "Initialize" || !strings.Contains(g.Obstacle, "eth0 cannot serve it: the kernel said no") {
		t.Errorf("in %s, obstacle %q", g.Machine.State, g.Obstacle)
	}
	if len(h.port.log) > 0 {
		t.Errorf("did %q", h.port.log)
	}
	h.port.addErr = nil
	h.until("eth0:10", "Active")
	h.e.Prepared(h.now, 1, errKernel) // of an interface that was made anew
	h.state("eth0:10", "Initialize")
	if len(h.port.open) > 0 {
		t.Error("the gate stayed open")
	}
	h.e.Prepared(h.now, 1, nil)
	h.until("eth0:10", "Active")
}

func TestGateThatCannotBeShutIsTriedAgain(t *testing.T) {
	h := vrrpActive(t)
	h.port.refuse = func(_ []engine.Claim, shut []engine.ID) error {
		if len(shut) > 0 {
			return errKernel
		}
		return nil
	}
	h.heard(vrrpFrame(200))
	if !h.port.open[1] {
		t.Fatal("the fake shut a gate that it refused to")
	}
	h.run(200 * time.Millisecond)
	h.port.refuse = nil
	h.heard(vrrpFrame(200))
	h.run(time.Second)
	if h.port.open[1] {
		t.Errorf("the gate stayed open: %q", h.port.log)
	}
}

// Else the renewals of other groups would keep it open.
func TestGateThatCannotBeShutIsTriedAgainThoughItCouldNotBeOpenedSince(t *testing.T) {
	h := vrrpActive(t)
	h.port.refuse = func([]engine.Claim, []engine.ID) error { return errKernel }
	h.heard(vrrpFrame(200))
	h.run(100*time.Millisecond).until("eth0:10", "Initialize") // active within one flush
	if !h.port.open[1] {
		t.Fatal("the fake shut a gate that it refused to")
	}
	h.port.refuse = nil
	h.run(200 * time.Millisecond)
	if h.port.open[1] {
		t.Error("the gate stayed open")
	}
}

func TestGateThatCouldNotBeShutStaysOpenForAGroupThatIsActiveAgain(t *testing.T) {
	h := newHost(t, manyVRRP(20, 1, "priority = 255")).up("eth0").run(10 * time.Second)
	h.port.refuse = func(_ []engine.Claim, shut []engine.ID) error {
		if len(shut) > 0 {
			return errKernel
		}
		return nil
	}
	h.down("eth0")
	h.port.refuse = nil
	h.up("eth0").run(time.Second)
	h.state("eth0:20", "Active")
	if !h.port.open[1] {
		t.Error("the gate was shut")
	}
}

func TestAddressFailureGivesTheRoleUp(t *testing.T) {
	h := hsrpActive(t)
	h.e.Addressed(h.now, h.port.round, []engine.ID{1}, errors.New("no buffer space"))
	h.state("eth0:10", "Init")
	want := []string{"gate +0 -1", "send virtual Resign Active", "send real reply 192.0.2.10", "address +0 -1"}
	if diff := cmp.Diff(want, h.port.log); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	h.clear().e.Addressed(h.now, h.port.round, []engine.ID{1, 99}, errKernel) // no longer active, and never was
	if len(h.port.log) > 0 {
		t.Errorf("did %q", h.port.log)
	}
}

func TestStopIsOneFlushAndTheEnd(t *testing.T) {
	h := newHost(t, manyVRRP(1, 100, "")).up("eth0").run(5 * time.Second).clear()
	h.e.Stop(h.now)
	h.run(2 * engine.FarewellMost)
	if got := h.port.having("gate"); len(got) != 1 || got[0] != "gate +0 -100" {
		t.Errorf("gates %q, want one transaction", got)
	}
	if got := len(h.port.having("send virtual advert 0")); got != 100 {
		t.Errorf("%d resigned, want 100", got)
	}
	h.clear()
	now := h.now.Add(time.Second)
	h.e.LinkChanged(now, "eth0", newTestLink("eth0"))
	h.heard(vrrpFrame(200))
	h.e.Addressed(now, h.port.round, []engine.ID{1}, errKernel)
	h.e.TrackChanged(now, "x", false, "")
	h.e.GatewaysChanged(now, "eth0", nil)
	h.e.Wake(now.Add(time.Hour), 0)
	h.e.Tick(now)
	h.e.Stop(now)
	if err := h.e.SetPriority(now, engine.Caller{}, "eth0:1", 5); err == nil {
		t.Error("a priority was set after Stop")
	}
	if at, armed := h.e.Deadline(); armed || len(h.port.log)+len(h.events) > 0 {
		t.Errorf("after Stop: deadline %v %v, did %q, told %v", at, armed, h.port.log, h.events)
	}
}

func TestLostHelloIsCountedAndTheNextOneSent(t *testing.T) {
	h := vrrpActive(t)
	h.port.fail(errors.New("no buffer space available"))
	h.run(1100 * time.Millisecond)
	h.port.fail(nil)
	st := h.e.Status(h.now).Interfaces[0]
	if st.Unsent != 1 || st.LastError == nil || st.LastError.Error() != "no buffer space available" {
		t.Errorf("%d frames did not leave, the last because of %v", st.Unsent, st.LastError)
	}
	h.state("eth0:10", "Active")
	if h.clear().run(1100 * time.Millisecond); len(h.port.having("send virtual advert")) != 1 {
		t.Errorf("sent %q", h.port.log)
	}
}

// Only what left is counted as sent, whatever left beside it.
func TestMessageThatDidNotLeaveIsNotCountedAsSent(t *testing.T) {
	h := newHost(t, hsrpConfig+strings.NewReplacer("group = 10", "group = 11", "192.0.2.1", "192.0.2.2").Replace(hsrpConfig)).up("eth0").until("eth0:11", "Active").run(10 * time.Second)
	sent := func() [2]uint64 { return [2]uint64{h.group("eth0:10").Counters.Sent, h.group("eth0:11").Counters.Sent} }
	before := sent()
	h.port.fail(errors.New("no"))
	h.port.stuck = func(f []byte) bool {
		return hello.MAC(f[6:12]) == hello.VirtualMAC(hello.ProtocolHSRP, 2, hello.IPv4, 10)
	}
	h.clear().run(2 * time.Second)
	after, left := sent(), uint64(len(h.port.having("send virtual")))
	if left == 0 || after[0] != before[0] || after[1] != before[1]+left {
		t.Errorf("%d messages sent became %d, while %d left", before, after, left)
	}
}

func TestFramesThatDoNotLeaveAreToldOnce(t *testing.T) {
	for err, want := range map[error]int{syscall.EMSGSIZE: 1, syscall.ENETDOWN: 0, net.ErrClosed: 0} {
		h := hsrpActive(t)
		h.port.fail(fmt.Errorf("send 1 frames: %w", err))
		h.run(time.Minute)
		if told := h.told(engine.KindWarning); len(told) != want {
			t.Errorf("%v: told %q", err, told)
		}
		if lost := h.e.Status(h.now).Interfaces[0].Unsent; lost < 10 {
			t.Errorf("%v: %d frames counted, want those of three seconds and of the attempts", err, lost)
		}
	}
}

// Refreshes of many groups leave at few instants: each is a wake-up.
func TestRefreshesLeaveTogether(t *testing.T) {
	const groups = 100
	port := newFakePort()
	e, err := engine.New(parsed(t, manyHSRP(groups, "announce = { refresh = \"20s\", count = 1 }")), engine.Options{
		Ports: map[string]engine.Port{"eth0": port}, Random: rand.New(rand.NewPCG(1, 2)).Float64, Now: t0,
	})
	if err != nil {
		t.Fatal(err)
	}
	e.LinkChanged(t0, "eth0", newTestLink("eth0"))
	instants := map[time.Time]bool{}
	for now := t0; now.Before(t0.Add(50 * time.Second)); now, _ = e.Deadline() {
		said := len(port.having("send virtual reply"))
		e.Wake(now, 0)
		e.Tick(now)
		if now.Sub(t0) > 20*time.Second && len(port.having("send virtual reply")) > said {
			instants[now] = true
		}
	}
	if n := len(instants); n < 3 || n > 31 {
		t.Errorf("the refreshes of %d groups left at %d instants in 30 s, want one a second at most", groups, n)
	}
}
