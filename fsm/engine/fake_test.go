package engine_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/configs/setup"
	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/hello/wire"
)

var (
	t0       = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	ownMAC   = hello.MAC{2, 0, 0, 0, 0, 1}
	peerMAC  = hello.MAC{2, 0, 0, 0, 0, 9}
	otherMAC = hello.MAC{2, 0, 0, 0, 0, 0x66}
	own4     = netip.MustParseAddr("192.0.2.10")
	peer4    = netip.MustParseAddr("192.0.2.11")
	vip4     = netip.MustParseAddr("192.0.2.1")

	errKernel = errors.New("the kernel said no")
)

// fakePort records what the engine asks for, in order. Its gates can be open
// only after Add, and refuse what refuse says.
type fakePort struct {
	lookout  []hello.MAC
	lookouts int
	flooded  uint64
	log      []string
	open     map[engine.ID]bool
	addrs    map[engine.ID]bool
	added    map[engine.ID]engine.Virtual
	lost     []engine.ID // for the next Gate or Renew
	refuse   func(open []engine.Claim, shut []engine.ID) error
	renewErr error
	addErr   error
	sendErr  error // of datagrams, and of the frames that are stuck
	stuck    func(frame []byte) bool
	frames   [][]byte
	round    engine.Round // of the last Address, and whom it was to add
	asked    []engine.ID
	slow     bool // addresses are not there before the test says so
	gates    int
	leases   map[engine.ID]time.Duration
}

func newFakePort() *fakePort {
	return &fakePort{open: map[engine.ID]bool{}, addrs: map[engine.ID]bool{}, added: map[engine.ID]engine.Virtual{}, leases: map[engine.ID]time.Duration{}}
}

func (p *fakePort) note(format string, args ...any) {
	p.log = append(p.log, fmt.Sprintf(format, args...))
}

func (p *fakePort) Add(id engine.ID, v engine.Virtual) error {
	if p.addErr == nil {
		p.added[id] = v
	}
	return p.addErr
}

func (p *fakePort) Remove(id engine.ID) {
	if p.open[id] {
		p.note("removed with an open gate")
	}
	delete(p.added, id)
}

func (p *fakePort) Gate(open []engine.Claim, shut []engine.ID) ([]engine.ID, error) {
	p.gates++
	if p.refuse != nil {
		if err := p.refuse(open, shut); err != nil {
			p.note("gate refused +%d -%d", len(open), len(shut))
			return nil, err
		}
	}
	p.note("gate +%d -%d", len(open), len(shut))
	for _, id := range shut {
		delete(p.open, id)
	}
	lost := p.expire()
	for _, c := range open {
		if !slices.Contains(lost, c.ID) {
			p.open[c.ID], p.leases[c.ID] = true, c.Lease
		}
	}
	return lost, nil
}

// expire shuts the gates whose lease is to have run out, and returns them once.
func (p *fakePort) expire() []engine.ID {
	lost := p.lost
	p.lost = nil
	for _, id := range lost {
		delete(p.open, id)
	}
	return lost
}

// fail lets nothing leave any more, for this reason, or everything again.
func (p *fakePort) fail(why error) {
	p.sendErr, p.stuck = why, nil
	if why != nil {
		p.stuck = func([]byte) bool { return true }
	}
}

func (p *fakePort) Transmit(frames [][]byte) (unsent []int, err error) {
	for n, f := range frames {
		if p.stuck != nil && p.stuck(f) {
			unsent = append(unsent, n)
			continue
		}
		p.note("send %s", describeFrame(f))
		p.frames = append(p.frames, slices.Clone(f))
	}
	if len(unsent) > 0 {
		return unsent, p.sendErr
	}
	return nil, nil
}

func (p *fakePort) Unicast(src, dst netip.Addr, payload []byte) error {
	p.note("unicast %s to %s %d bytes", src, dst, len(payload))
	return p.sendErr
}

func (p *fakePort) LookOut(macs []hello.MAC) {
	p.lookout = slices.Clone(macs)
	p.lookouts++
}
func (p *fakePort) Flooded() uint64 { return p.flooded }

func (p *fakePort) Address(round engine.Round, add, remove []engine.ID) {
	p.note("address +%d -%d", len(add), len(remove))
	p.round, p.asked = round, slices.Clone(add)
	for _, id := range remove {
		delete(p.addrs, id)
	}
	for _, id := range add {
		p.addrs[id] = true
	}
}

func (p *fakePort) Renew() ([]engine.ID, error) {
	p.note("renew")
	if p.renewErr != nil {
		return nil, p.renewErr
	}
	return p.expire(), nil
}

// describeFrame names a frame as a reader of a capture would: what it is, and
// whether it left from a virtual MAC.
func describeFrame(b []byte) string {
	src := "real "
	if hello.MAC(b[6:12]) != ownMAC {
		src = "virtual "
	}
	var env hello.Envelope
	if payload, err := hello.ParseFrame(b, &env, true); err == nil {
		return src + describeHello(&env, payload)
	}
	if h, a, err := garp.ParseARP(b); err == nil {
		return src + describeARP(h, a)
	}
	if _, n, err := garp.ParseND(b); err == nil {
		return src + fmt.Sprintf("nd %d %s", n.Type, n.Target)
	}
	return src + fmt.Sprintf("%04x", binary.BigEndian.Uint16(b[12:]))
}

func describeHello(env *hello.Envelope, payload []byte) string {
	if env.Protocol == hello.ProtocolHSRP {
		var p hello.HSRPPacket
		if err := p.Parse(payload); err != nil {
			return "bad hsrp"
		}
		return fmt.Sprintf("%s %s", p.HSRP.Op, p.HSRP.State)
	}
	var p hello.VRRPPacket
	if err := p.Parse(payload, env.Src, env.Dst); err != nil {
		return "bad vrrp"
	}
	return fmt.Sprintf("advert %d", p.VRRP.Priority)
}

func describeARP(h garp.Header, a garp.ARP) string {
	op := "reply"
	if a.Op == garp.OpRequest {
		op = "request"
	}
	switch {
	case a.SenderIP.IsUnspecified():
		return "probe " + a.TargetIP.String()
	case h.Dst == garp.CiscoMulticast:
		return "cisco " + op + " " + a.SenderIP.String()
	case h.Dst != hello.Broadcast:
		return "unicast " + op + " " + a.SenderIP.String()
	}
	return op + " " + a.SenderIP.String()
}

// host is an engine with fake ports and its own clock.
type host struct {
	t      testing.TB
	e      *engine.Engine
	now    time.Time
	port   *fakePort            // of eth0
	ports  map[string]*fakePort // all
	owned  []netip.Prefix       // what the interfaces have for the owners among the groups
	events []engine.Event
	moves  int    // transitions since the start
	runs   []*run // pre_active commands
}

// run is a pre_active command that the engine has asked for.
type run struct {
	engine.PreActive
	killed error
}

// parsed is the configuration of an engine as the daemon reads it.
func parsed(t testing.TB, toml string) engine.Config {
	t.Helper()
	c, err := configs.Parse("test", []byte(toml))
	if err != nil {
		t.Fatal(err)
	}
	return setup.Engine(c)
}

// newHost starts an engine with a configuration; its interfaces are eth0 and
// eth1, still down.
func newHost(t testing.TB, toml string, with ...func(*engine.Options)) *host {
	t.Helper()
	h := &host{t: t, now: t0, ports: map[string]*fakePort{"eth0": newFakePort(), "eth1": newFakePort()}}
	h.port = h.ports["eth0"]
	config := parsed(t, toml)
	h.owned = ownedBy(config)
	o := engine.Options{
		Ports:   map[string]engine.Port{"eth0": h.ports["eth0"], "eth1": h.ports["eth1"]},
		Random:  func() float64 { return 0.5 },
		Mark:    func() uint64 { return 0x0123456789abcdef },
		Observe: h.observe,
		PreActive: func(p engine.PreActive) func(error) {
			r := &run{PreActive: p}
			h.runs = append(h.runs, r)
			h.port.note("run %s", p.Transition.Group)
			return func(why error) { r.killed = why }
		},
		Now: t0,
	}
	for _, set := range with {
		set(&o)
	}
	var err error
	if h.e, err = engine.New(config, o); err != nil {
		t.Fatal(err)
	}
	if err := h.e.Prepare(); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *host) observe(ev engine.Event) {
	h.events = append(h.events, ev)
	if ev.Kind == engine.KindTransition {
		h.moves++
	}
}

// newTestLink is an interface with the usual addresses.
func newTestLink(name string) engine.Link {
	ll := netip.MustParseAddr("fe80::10")
	return engine.Link{
		Name: name, Index: 2, MAC: ownMAC, Up: true, Addr4: own4, LinkLocal: ll,
		Addrs: []netip.Prefix{netip.PrefixFrom(own4, 24), netip.PrefixFrom(ll, 64)},
	}
}

// ownedBy returns the addresses of the groups that own theirs.
func ownedBy(c engine.Config) (out []netip.Prefix) {
	for _, g := range c.Groups {
		if g.OwnsAddress() {
			for _, a := range g.VirtualIPs {
				out = append(out, netip.PrefixFrom(a, 24))
			}
		}
	}
	return out
}

// up brings interfaces up.
func (h *host) up(names ...string) *host {
	for _, name := range names {
		l := newTestLink(name)
		l.Addrs = append(l.Addrs, h.owned...)
		h.e.LinkChanged(h.now, name, l)
	}
	return h
}

func (h *host) down(name string) {
	l := newTestLink(name)
	l.Up = false
	h.e.LinkChanged(h.now, name, l)
}

// addressed lets the ports that are not slow tell that the addresses are there.
func (h *host) addressed() {
	for _, p := range h.ports {
		if ids := p.asked; len(ids) > 0 && !p.slow {
			p.asked = nil
			h.e.Addressed(h.now, p.round, ids, nil)
		}
	}
}

// run lets time pass as the daemon's loop would.
func (h *host) run(d time.Duration) *host {
	h.t.Helper()
	end := h.now.Add(d)
	for range 100_000 {
		h.addressed()
		at, armed := h.e.Deadline()
		if !armed || at.After(end) {
			h.now = end
			return h
		}
		if at.After(h.now) {
			h.now = at
		}
		h.e.Wake(h.now, 0)
		h.e.Tick(h.now)
	}
	h.t.Fatal("the engine is never done")
	return h
}

// until lets time pass until a group is in a state.
func (h *host) until(ref, state string) *host {
	h.t.Helper()
	for end := h.now.Add(time.Minute); h.now.Before(end); h.run(10 * time.Millisecond) {
		if h.group(ref).Machine.State == state {
			return h
		}
	}
	h.t.Fatalf("%s is in %s, want %s", ref, h.group(ref).Machine.State, state)
	return h
}

// ended tells the engine how the last pre_active command ended.
func (h *host) ended(err error) *host {
	h.t.Helper()
	if len(h.runs) == 0 {
		h.t.Fatal("no pre_active command was asked for")
	}
	r := h.runs[len(h.runs)-1]
	h.e.PreActiveDone(h.now, r.Group, r.Transition.ID, err)
	return h
}

// clear forgets what the ports and the observer were told.
func (h *host) clear() *host {
	for _, p := range h.ports {
		p.log, p.frames, p.gates = nil, nil, 0
	}
	h.events = nil
	return h
}

// heard gives the engine one frame and flushes.
func (h *host) heard(frame []byte) {
	h.e.Frame(h.now, "eth0", frame, true)
	h.e.Flush(h.now)
}

// group returns the status of a group.
func (h *host) group(ref string) engine.GroupStatus {
	h.t.Helper()
	st := h.e.Status(h.now)
	names := make([]engine.Named, len(st.Groups))
	for i, g := range st.Groups {
		names[i] = engine.Named{g.Ref, g.Name}
	}
	i, err := engine.Find(names, ref)
	if err != nil {
		h.t.Fatal(err)
	}
	return st.Groups[i]
}

func (h *host) state(ref, want string) {
	h.t.Helper()
	if got := h.group(ref).Machine.State; got != want {
		h.t.Errorf("%s is in %s, want %s", ref, got, want)
	}
}

// told returns the messages of events of a kind.
func (h *host) told(kind engine.Kind) []string {
	var out []string
	for _, ev := range h.events {
		if ev.Kind == kind {
			out = append(out, ev.Message)
		}
	}
	return out
}

// having returns the recorded log entries that begin with prefix.
func (p *fakePort) having(prefix string) (out []string) {
	for _, l := range p.log {
		if strings.HasPrefix(l, prefix) {
			out = append(out, l)
		}
	}
	return out
}

// hsrpFrame is a hello of the peer, with changes.
func hsrpFrame(op hello.Op, state hello.HSRPState, change ...func(*hello.HSRP, *hello.Envelope)) []byte {
	return hsrpFrameWith("cisco", op, state, change...)
}

// hsrpFrameWith is hsrpFrame with another authentication text.
func hsrpFrameWith(text string, op hello.Op, state hello.HSRPState, change ...func(*hello.HSRP, *hello.Envelope)) []byte {
	m := &hello.HSRP{
		Version: 2, Op: op, State: state, Family: hello.IPv4, Group: 10, Priority: 100,
		HelloTime: time.Second, HoldTime: 3 * time.Second, VirtualIP: vip4, Identifier: peerMAC,
	}
	env := hello.GroupEnvelope(hello.ProtocolHSRP, 2, peer4, peerMAC)
	for _, f := range change {
		f(m, &env)
	}
	auth, _ := hello.TextAuth(text)
	return hello.AppendFrame(nil, &env, hello.AppendHSRP(nil, m, &auth, env.Src))
}

// vrrpFrame is an advertisement of the peer, with changes.
func vrrpFrame(priority uint8, change ...func(*hello.VRRP, *hello.Envelope)) []byte {
	m := &hello.VRRP{
		Version: 3, VRID: 10, Priority: priority, Family: hello.IPv4,
		AdverInterval: time.Second, VirtualIPs: []netip.Addr{vip4},
	}
	env := hello.GroupEnvelope(hello.ProtocolVRRP, 3, peer4, peerMAC)
	for _, f := range change {
		f(m, &env)
	}
	return hello.AppendFrame(nil, &env, hello.AppendVRRP(nil, m, "", hello.MessageOnly, env.Src, env.Dst))
}

// arpFrame is an ARP message of another host to everybody.
func arpFrame(op uint16, senderMAC hello.MAC, sender, target netip.Addr) []byte {
	b := append([]byte{}, hello.Broadcast[:]...)
	b = append(b, senderMAC[:]...)
	b = append(b, 8, 6, 0, 1, 8, 0, 6, 4, byte(op>>8), byte(op))
	b = append(b, senderMAC[:]...)
	b = append(b, sender.AsSlice()...)
	b = append(b, make([]byte, 6)...)
	b = append(b, target.AsSlice()...)
	return append(b, make([]byte, 60-len(b))...)
}

// better makes the sender of a frame win against this router.
func better(m *hello.HSRP, _ *hello.Envelope) { m.Priority = 200 }

// hsrpStandby is a host whose group is the standby router of a better one.
func hsrpStandby(t testing.TB) *host {
	t.Helper()
	h := newHost(t, hsrpConfig).up("eth0")
	for range 10 {
		h.heard(hsrpFrame(hello.OpHello, hello.Active, better))
		h.run(time.Second)
	}
	h.state("eth0:10", "Standby")
	return h.clear()
}

// vrrpActive is a host whose VRRP router is active.
func vrrpActive(t testing.TB) *host {
	t.Helper()
	return newHost(t, vrrpConfig).up("eth0").until("eth0:10", "Active").run(10 * time.Second).clear()
}

// hsrpActive is a host whose HSRP group is active and has been announced.
func hsrpActive(t testing.TB) *host {
	t.Helper()
	return newHost(t, hsrpConfig).up("eth0").until("eth0:10", "Active").run(10 * time.Second).clear()
}

const hsrpConfig = `
[[hsrp]]
interface = "eth0"
group = 10
virtual_ips = ["192.0.2.1"]
priority = 110
preempt = true
hello = "1s"
hold = "3s"
`

const vrrpConfig = `
[[vrrp]]
interface = "eth0"
vrid = 10
virtual_ips = ["192.0.2.1"]
priority = 110
`

// solicitation is a client's neighbour solicitation for target.
func solicitation(target netip.Addr) []byte {
	group := wire.SolicitedNode(target)
	src := netip.MustParseAddr("2001:db8::50").As16()
	dst, mac := group.As16(), wire.MulticastMAC(group)
	icmp := append([]byte{135, 0, 0, 0, 0, 0, 0, 0}, target.AsSlice()...)
	icmp = append(icmp, 1, 1)
	icmp = append(icmp, otherMAC[:]...)
	pseudo := append(append(append([]byte{}, src[:]...), dst[:]...), 0, 0, 0, byte(len(icmp)), 0, 0, 0, 58)
	var sum uint32
	for _, part := range [][]byte{pseudo, icmp} {
		for i := 0; i < len(part); i += 2 {
			sum += uint32(part[i])<<8 | uint32(part[i+1])
		}
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	binary.BigEndian.PutUint16(icmp[2:], ^uint16(sum))
	b := append(append([]byte{}, mac[:]...), otherMAC[:]...)
	b = append(b, 0x86, 0xdd, 0x60, 0, 0, 0, 0, byte(len(icmp)), 58, 255)
	b = append(append(append(b, src[:]...), dst[:]...), icmp...)
	return b
}
