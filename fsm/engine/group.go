package engine

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/fsm/follow"
	"github.com/fhrpd/fhrpd/hello"
)

// group is one group with everything that is its own. There may be a thousand: what few
// of them ever have is a pointer, and nil where it never was.
type group struct {
	Group `state:"the caller has it"` // as configured
	r     *router
	id    ID
	since time.Time // it is there

	dismissed bool   // no longer configured: on its way out
	successor *Group // that takes its place
	iface     *iface
	wire      wireID

	machine machine
	codec   codec // nil for a VRRP follower
	mac     hello.MAC
	vips    []netip.Addr // configured or learned
	owned   []netip.Addr // those of vips that are configured on the interface itself

	up       bool   // what the machine was last told
	obstacle string // why it is not up
	untold   bool   // the next Flush tells the obstacle
	doubtful bool   // the next Flush reconsiders it

	tenure   tenure
	grant    grant           // of the open gate
	earlier  *grant          // which it goes back to if the kernel refuses the new one
	round    Round           // in which the port was asked for the addresses; 0: not since the gate was opened
	wait     *wait           `inplace:"mostly none"` // while waiting
	lastWait *Wait           `inplace:"mostly none"` // the last that ended
	until    time.Time       // when a farewell ends, while leaving
	awaited  bool            // the successor was heard, whose address waits
	hearing  *hello.Envelope // of the message that the machine is given just now
	passing  *passing        `inplace:"mostly none"` // of the role, by a hand-over: the present one, or the last
	pledge   *pledge         `inplace:"mostly none"` // to take it
	heir     heir            // this router, of who has it
	heirs    heirs           // the others, while this router has it

	resumption *resumption `inplace:"mostly none"` // of what the process before this one had

	departing bool    // for maintenance, when the hand-over under way has ended
	ordered   *Record // why it left for maintenance last, or came back

	routes []RouteStatus // as the port has told last, routes before rules

	announcer  announcer
	proof      proof
	advertiser *advertiser `inplace:"mostly none"`
	probe      *probe      `inplace:"mostly none"`
	refusal    *refusal    `inplace:"mostly none"`
	delay      delay
	silence    silence
	understudy understudy
	confirmer  confirmer
	vigil      *vigil `inplace:"mostly none"`
	restraint  restraint
	stopped    time.Duration // how long it has said nothing, while the others may have waited less; 0: that is not so

	priority  priority
	uses      []use
	leader    *group
	followers []*group

	transitions int
	last        *Transition
	heard       Heard
	contested   time.Time   // when a contest of the role was answered out of turn last
	conflict    *Conflict   `inplace:"mostly none"` // the last
	rival       *Rival      `inplace:"mostly none"` // likewise
	insistence  *insistence `inplace:"mostly none"`
	story       story
	peers       []hello.MAC // interface MACs of the group's other routers
	counters    Counters

	unfiled                bool         // its deadlines have not been looked at since its last turn
	machineTask, choreTask task[*group] `state:"filed again"`
}

// machine is a protocol machine: hsrp.Group, vrrp.Router or follow.Follower.
type machine interface {
	Step(now time.Time, ev fsm.Event) []fsm.Action
	Deadline() (time.Time, bool)
	Status() fsm.Status
}

// codec turns a group's messages into frames.
type codec interface {
	// configure takes over the configuration of a group, whose Group it refers to. The
	// error names a key that does not fit, and nothing has changed then.
	configure(c *Group) error
	send(now time.Time, g *group, s fsm.Send, v voice)
}

// wireID is what tells groups apart in received packets.
type wireID struct {
	protocol hello.Protocol
	family   hello.Family
	version  uint8
	number   uint16
}

// priority is where the priority of the elections comes from.
type priority struct {
	override int             // set at run time, -1 = none
	inForce  fsm.SetPriority // what the machine was told
}

// stepStart is what a group was when a step of its machine began.
type stepStart struct {
	machine   fsm.Status
	tenure    tenure
	moved     *Record // the last transition
	announced uint64
}

// prepare hands the group to its port, in silence.
func (g *group) prepare() error {
	return g.iface.port.Add(g.id, Virtual{
		MAC: g.VirtualMAC(), Addrs: g.vips, Owned: g.owned, Accept: g.Accepts(), Prefixes: g.Prefixes, RouteOnly: g.RouteOnly,
		Routes: g.Routes, Rules: g.Rules, Lease: g.leaseTime(),
	})
}

// queueFrames queues whole frames and returns their number.
func (g *group) queueFrames(when condition, frames [][]byte) int {
	for _, f := range frames {
		g.iface.out.queueFrame(g, when, func(b []byte) []byte { return append(b, f...) })
	}
	return len(frames)
}

// hsrp reports whether the group speaks HSRP.
func (g *group) hsrp() bool { return g.Protocol == hello.ProtocolHSRP }

// elector returns the group whose election decides over g.
func (g *group) elector() *group {
	if g.leader != nil {
		return g.leader
	}
	return g
}

// succession is how long the other routers need at most to take over when g
// dies: one more hello than they wait, and not less than a stall may last.
func (g *group) succession() time.Duration {
	return max(g.takeover(g.elector().machine.Status()), minimumLease)
}

// takeover is the same without what a stall may last.
func (g *group) takeover(st fsm.Status) time.Duration { return g.peersHold(st) + st.HelloTime }

// peersHold is how long the other routers wait at most for a sign of life.
// HSRP's hello carries it. In VRRP it depends on the waiting router's priority:
// three intervals and up to one whole skew (RFC 9568 section 6.1; in version 2
// the skew is up to a second, RFC 3768 section 6.1).
func (g *group) peersHold(st fsm.Status) time.Duration {
	switch {
	case g.hsrp():
		return st.HoldTime
	case g.Version == 2:
		return 3*st.HelloTime + time.Second
	}
	return 4 * st.HelloTime
}

// leaseTime returns how long the kernel goes on forwarding for g without the
// daemon: not shorter than the peer needs to take over. 0 is for ever.
func (g *group) leaseTime() time.Duration {
	switch g.r.lease {
	case LeaseOff:
		return 0
	case LeaseAuto:
		return g.succession()
	}
	return g.r.lease
}

// term returns the lease that g is to have, and how it is renewed. Whoever configures
// one is given all of it.
func (g *group) term() term {
	st := g.elector().machine.Status()
	t := term{lease: g.leaseTime(), hello: st.HelloTime}
	if g.r.lease == LeaseAuto {
		t.spare = t.lease - g.takeover(st)
	}
	return t
}

// changed returns since when the group has been in its state.
func (g *group) changed() time.Time {
	if g.last == nil {
		return g.since
	}
	return g.last.At
}

// tell tells the observer something about the group.
func (g *group) tell(now time.Time, kind Kind, message string) { g.r.tell(now, g.Ref, kind, message) }

// tellRarely tells it once for each subject, and then rarely.
func (g *group) tellRarely(now time.Time, kind Kind, word string, about subject, format string, args ...any) {
	if g.r.complaints.first(now, g.Ref, word, about) {
		g.tell(now, kind, fmt.Sprintf(format, args...))
	}
}

// turned notes that something was done to the group. Its deadlines may have
// changed.
func (g *group) turned() {
	if !g.unfiled {
		g.unfiled = true
		g.r.turned = append(g.r.turned, g)
	}
}

// doubt has g reconsidered by the next Flush: not at once, because that may be
// in the middle of what g itself is doing.
func (g *group) doubt() {
	if !g.doubtful {
		g.doubtful = true
		g.r.doubtful = append(g.r.doubtful, g)
	}
}

// leaderLeaves reports whether g follows a group whose farewell takes g's along.
func (g *group) leaderLeaves() bool { return g.leader != nil && g.leader.tenure == leaving }

// ready reports whether a follower could be active. A group that elects for
// itself always could.
func (g *group) ready() bool {
	f, follows := g.machine.(*follow.Follower)
	return !follows || f.Ready()
}

// downTracks names the objects that count against g now.
func (g *group) downTracks() []string {
	var names []string
	for _, u := range g.uses {
		if u.object.down() {
			names = append(names, u.Object)
		}
	}
	return names
}

// ownCommand reports whether the address waits for a command of the group itself.
func (g *group) ownCommand() bool { return g.PreActive > 0 && g.r.preActive != nil }
