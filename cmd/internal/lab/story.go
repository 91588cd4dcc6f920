package lab

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

// event is one line of the story.
type event struct {
	At   time.Time `json:"at"`
	MS   float64   `json:"ms"`   // from the fault
	Node string    `json:"node"` // gw1, gw2, switch, client, host, lab
	Text string    `json:"text"`
	Role string    `json:"role,omitempty"` // of the gateway Node from now on; "" = as before

	mark bool // the fault and its second half
}

// Roles of a gateway, as the lanes of story and picture draw them.
const (
	roleActive = "active"
	roleWait   = "standby"
	roleServes = "serving" // not active by its daemon's word any more, but it forwards on
	roleFrozen = "frozen"  // the daemon does not run, and forwards nothing
	roleDead   = "dead"    // there is no daemon, and nothing is forwarded
	roleOther  = "other"   // runs, but none of the first three
)

// story returns the events of a run, in order of time.
func story(r record) []event {
	t := &teller{r: r}
	t.stages()
	t.transitions()
	t.understudies()
	t.serving()
	t.sightings()
	t.tables()
	t.traffic()
	t.add(r.end, nodeLab, "stream ends")
	slices.SortStableFunc(t.events, func(a, b event) int { return a.At.Compare(b.At) })
	return t.events
}

// teller collects events.
type teller struct {
	r      record
	events []event
}

func (t *teller) add(at time.Time, node, format string, args ...any) *event {
	t.events = append(t.events, event{
		At: at, MS: ms(at.Sub(t.r.fault)), Node: node, Text: fmt.Sprintf(format, args...),
	})
	return &t.events[len(t.events)-1]
}

// stages tells the beginning and the fault.
func (t *teller) stages() {
	p, f := t.r.plan, t.r.plan.fault
	t.add(t.r.start, nodeLab, "stream begins: a datagram every %v from client to host, through %s", p.rate, p.vip())
	t.add(t.r.start, f.first, "is %s", roleActive).Role = roleActive
	if !f.alone {
		t.add(t.r.start, f.taker(), "is %s", roleWait).Role = roleWait
	}
	e := t.add(t.r.fault, nodeLab, "%s", f.text)
	e.mark = true
	if f.role != "" {
		e.Node, e.Role = nodeGW1, t.r.faultRole()
	}
	if !t.r.second.IsZero() {
		t.add(t.r.second, nodeLab, "%s", f.secondText).mark = true
	}
}

// transitions tells what the daemons report of themselves, and why.
func (t *teller) transitions() {
	for node, list := range t.r.transitions {
		for _, tr := range list {
			if tr.Group != 1 || tr.At.Before(t.r.start) || tr.At.After(t.r.end) {
				continue
			}
			why := tr.Cause
			if tr.Detail != "" {
				why += ": " + tr.Detail
			}
			t.add(tr.At, node, "%s → %s (%s)", tr.From, tr.To, why).Role = roleOf(tr.To)
		}
	}
}

// understudies tells when a gateway began to forward for one that is silent.
func (t *teller) understudies() {
	for node, list := range t.r.understudies {
		for _, u := range list {
			if !u.At.Before(t.r.start) && !u.At.After(t.r.end) {
				t.add(u.At, node, "forwards for %s, whose frames are flooded and who does not answer", u.Peer)
			}
		}
	}
}

// sightings tells the frames that matter: the last hello of the old owner, the
// first of whoever begins to claim, announcements, Coup and Resign.
func (t *teller) sightings() {
	p, f := t.r.plan, t.r.plan.fault
	claimed := map[string]time.Time{} // last
	for _, s := range t.r.sightings {
		if s.Group != 1 || s.At.After(t.r.end) {
			continue
		}
		before := claimed[s.Node]
		if s.Kind == seenActive {
			claimed[s.Node] = s.At
		}
		switch {
		case s.At.Before(t.r.fault):
		case s.Kind == seenActive && s.At.Sub(before) > p.detect():
			source := "its own MAC"
			if s.Virtual {
				source = p.mac(1).String()
			}
			t.add(s.At, s.Node, "%s from %s", p.claimName(), source).Role = roleActive
		case s.Kind == seenCoup, s.Kind == seenResign:
			t.add(s.At, s.Node, "%s", strings.ToUpper(s.Kind[:1])+s.Kind[1:])
		case s.Kind == seenAnnounce:
			t.add(s.At, s.Node, "%s", t.announcement(s))
		case s.Kind == seenDirected:
			t.add(s.At, s.Node, "asks %s from the virtual address, to be learned and to hear that it was", s.Detail)
		}
	}
	// A router that goes on claiming has no last one.
	if last := claimed[f.first]; !last.IsZero() && t.r.end.Sub(last) > p.detect() {
		t.add(last, f.first, "its last %s", p.claimName())
	}
}

// claimName is the message that says "I am active".
func (p plan) claimName() string {
	if p.proto == hello.ProtocolVRRP {
		return "advertisement"
	}
	return "Hello Active"
}

// announcement words one gratuitous frame.
func (t *teller) announcement(s sighting) string {
	p := t.r.plan
	vip, mac, at := p.vip(), p.mac(1), gateways[s.Node]
	switch s.Detail {
	case garpReal:
		return fmt.Sprintf("gratuitous ARP reply to all: %s is at %s", at.addr(p.family), mac)
	case garpRealBack:
		return fmt.Sprintf("gratuitous ARP to all: %s is at %s, its real MAC", at.addr(p.family), at.mac)
	case garpVIP:
		return fmt.Sprintf("gratuitous ARP reply to all: %s is at %s", vip, mac)
	case garpCisco:
		return fmt.Sprintf("gratuitous ARP reply to 01:00:0c:cd:cd:cd, for the switches: %s is at %s", vip, mac)
	case garpRequest:
		return fmt.Sprintf("gratuitous ARP request to all: %s is at %s", vip, mac)
	}
	return fmt.Sprintf("neighbour advertisement to all: %s is at %s", vip, mac)
}

// tables tells when the switch moved a port and the client learned a MAC.
func (t *teller) tables() {
	p := t.r.plan
	port, arp := t.r.before.port, maps.Clone(t.r.before.arp)
	for _, l := range t.r.learned {
		if l.At.Before(t.r.fault) || l.At.After(t.r.end) {
			continue
		}
		switch old, known := arp[l.IP]; {
		case l.node == nodeSwitch && l.MAC == p.mac(1) && !l.IP.IsValid() && !l.Gone && l.Dev != port:
			t.add(l.At, nodeSwitch, "%s moves from port %s to port %s", l.MAC, orNone(port), l.Dev)
			port = l.Dev
		case l.node == nodeClient && known && !l.MAC.IsZero() && l.MAC != old:
			t.add(l.At, nodeClient, "learns that %s is at %s", l.IP, l.MAC)
			arp[l.IP] = l.MAC
		}
	}
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// traffic tells which router carried the stream, and where it broke.
func (t *teller) traffic() {
	via := ""
	for _, a := range t.r.arrivals {
		if a.via != via && via != "" && !a.at.Before(t.r.fault) {
			t.add(a.at, nodeHost, "datagram %d is the first to come through %s", a.seq, a.via)
		}
		via = a.via
	}
	switch a := t.r.account(); {
	case a.Lost == 0:
	case a.Open:
		t.add(a.From, nodeClient, "the first datagram that is lost; none arrives after it")
	default:
		t.add(a.From, nodeClient, "the first datagram that is lost")
		t.add(a.To, nodeClient, "the first one that arrives again, %s later", show(a.Outage))
	}
}
