package engine

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/fsm/hsrp"
	"github.com/fhrpd/fhrpd/fsm/vrrp"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/garp/prove"
	"github.com/fhrpd/fhrpd/hello"
)

// machine is what the engine needs of a protocol machine.
type machine interface {
	Step(now time.Time, ev fsm.Event) []fsm.Action
	Deadline() (time.Time, bool)
	Status() fsm.Status
}

// wireID is what tells groups apart in received packets.
type wireID struct {
	protocol hello.Protocol
	family   hello.Family
	version  uint8
	number   uint16
}

// group is one HSRP group or VRRP router with everything that is its own.
type group struct {
	id      ID
	name    string // see ref
	wire    wireID
	cfg     configs.Group
	seg     *segment
	machine machine
	codec   codec

	mac      hello.MAC    // virtual MAC; the interface's own in MACInterface mode
	vips     []netip.Addr // configured or learned
	schedule garp.Schedule
	accept   bool
	owned    []netip.Addr // those of vips that are configured on the interface itself

	up        bool      // what the machine was last told
	hindrance string    // why it is not up
	hindered  bool      // which the next Flush tells
	alone     bool      // no active router was heard since the group started
	doubtful  bool      // the next Flush reconsiders it
	moving    bool      // its addresses are about to move to another MAC
	leaving   time.Time // has resigned and serves until then; zero otherwise
	owner     bool      // the gate is open and the addresses are ours
	opened    time.Time
	lease     time.Duration // with which it was opened
	beat      time.Duration // its hello time then
	hold      hold
	held      status.PreActive // the last hold
	shown     bool             // since it last became active it was the owner: the virtual MAC may be seen
	priority  priority

	followers []*group
	leader    *group

	transitions int
	last        *status.Transition
	since       time.Time
	heard       heard
	conflict    conflict
	rival       rival
	probe       probe
	peers       []hello.MAC // interface MACs of the group's other routers
	prover      prove.Prover
	router      advertiser
	counters    counters

	role task // the machine's next tick
	rest task // the next of everything else
}

// heard is the last message of the group that passed every check.
type heard struct {
	at       time.Time
	from     netip.Addr
	op       hello.Op        // HSRP
	state    hello.HSRPState // HSRP; 0 = a VRRP advertisement
	priority uint8
}

// String names the message.
func (h *heard) String() string {
	if h.state == 0 {
		return "Advertisement"
	}
	return h.op.String() + " " + h.state.String()
}

// priority is where the effective priority comes from.
type priority struct {
	file     uint8 // the configuration's
	override int   // set at run time, -1 = none
	told     fsm.SetPriority
}

// counters are the group's own; the rejects that no group can be blamed for
// are the segment's.
type counters struct {
	sent, received      uint64
	announced, answered uint64
	conflicts, restored uint64
	rejected            map[hello.Reject]uint64
}

// chores returns the earliest of the group's deadlines beside its machine's.
func (g *group) chores() (at time.Time, armed bool) {
	for _, next := range [...]func() (time.Time, bool){g.schedule.Deadline, g.prover.Deadline, g.router.deadline, g.probe.deadline, g.hold.deadline} {
		if d, ok := next(); ok && (!armed || d.Before(at)) {
			at, armed = d, true
		}
	}
	return at, armed
}

// isHSRP reports whether the group speaks HSRP.
func (g *group) isHSRP() bool { return g.wire.protocol == hello.ProtocolHSRP }

// hasMAC reports whether the group uses a MAC of its own.
func (g *group) hasMAC() bool { return g.cfg.MACMode != configs.MACInterface }

// ref is the group's unambiguous name, "hsrp:eth1:10".
func (g *group) ref() string { return g.name }

// refOn returns what ref is for a group on an interface.
func (w wireID) refOn(dev string) string {
	proto := w.protocol.String()
	if w.family == hello.IPv6 {
		proto += "6"
	}
	return fmt.Sprintf("%s:%s:%d", proto, dev, w.number)
}

// carries reports whether a is one of the group's virtual addresses.
func (g *group) carries(a netip.Addr) bool {
	for _, v := range g.vips {
		if v == a {
			return true
		}
	}
	return false
}

func (e *Engine) newHSRP(c configs.HSRP) (*group, error) {
	g := e.newGroup(c.Group, wireID{hello.ProtocolHSRP, hello.Family(c.Family), c.Version, c.ID})
	auth, err := hsrpAuth(c.Auth)
	if err != nil {
		return nil, err
	}
	g.codec = &hsrpCodec{auth: auth, shown: c.Auth.Text}
	g.accept = true
	if c.Follow != "" {
		return g, nil // its machine is made when its leader is known
	}
	m := hsrp.Config{
		Group: c.ID, Version: c.Version, Family: hello.Family(c.Family),
		Priority: c.Priority, Preempt: c.Preempt, PreemptDelay: c.PreemptDelay,
		HelloTime: c.Hello, HoldTime: c.Hold, VirtualIPs: c.VirtualIPs, Jitter: e.random, Align: e.align,
	}
	if c.Learn {
		m.HelloTime, m.HoldTime = 0, 0
	}
	g.machine = hsrp.New(m)
	return g, nil
}

func (e *Engine) newVRRP(c configs.VRRP) *group {
	g := e.newGroup(c.Group, wireID{hello.ProtocolVRRP, hello.Family(c.Family), c.Version, uint16(c.VRID)})
	g.accept = c.Accept || c.Priority == 255
	if c.Follow != "" {
		return g
	}
	router := vrrp.New(vrrp.Config{
		VRID: c.VRID, Version: c.Version, Family: hello.Family(c.Family), Priority: c.Priority,
		Preempt: c.Preempt, PreemptDelay: c.PreemptDelay, AdverInterval: c.Advertise, VirtualIPs: c.VirtualIPs,
		Accept: c.Accept, Jitter: e.random, Align: e.align,
	})
	g.machine = router
	g.codec = &vrrpCodec{text: c.Auth.Text, form: configuredForm(c.Checksum), peers: c.Peers, interval: c.Advertise, check: router.Check}
	return g
}

func (e *Engine) newGroup(c configs.Group, w wireID) *group {
	g := &group{
		id: ID(len(e.groups) + 1), wire: w, cfg: c, vips: c.VirtualIPs,
		priority: priority{file: c.Priority, override: -1},
		counters: counters{rejected: map[hello.Reject]uint64{}},
	}
	g.role.group, g.rest.group = g, g
	g.priority.told = fsm.SetPriority{Effective: c.Priority, Configured: c.Priority}
	if c.MACMode == configs.MACChosen {
		g.mac = hello.MAC(c.MAC)
	} else if c.MACMode == configs.MACVirtual {
		g.mac = hello.VirtualMAC(w.protocol, w.version, w.family, w.number)
	}
	g.schedule.Rand = e.random
	return g
}
