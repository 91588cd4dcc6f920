package lab

import (
	"fmt"
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
	roleDead   = "dead"
	roleOther  = "other" // runs, but neither of the first two
)

// story returns the events worth telling, in order of time.
func story(r record) []event {
	t := &teller{r: r}
	t.beginning()
	t.theFault()
	t.transitions()
	t.wire()
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

func (t *teller) beginning() {
	p := t.r.plan
	t.add(t.r.start, nodeLab, "stream begins: a datagram every %v from client to host, through %s", p.rate, p.vips(1)[0])
	t.add(t.r.start, p.fault.first, "is %s", roleActive).Role = roleActive
	if !p.fault.alone {
		t.add(t.r.start, p.fault.taker(), "is %s", roleWait).Role = roleWait
	}
}

func (t *teller) theFault() {
	f := t.r.plan.fault
	e := t.add(t.r.fault, nodeLab, "%s", f.text)
	e.mark = true
	if f.role != "" {
		e.Node, e.Role = nodeGW1, f.role
	}
	if !t.r.second.IsZero() {
		e := t.add(t.r.second, nodeLab, "%s", f.secondText)
		e.mark = true
	}
}

// transitions tells what the daemons say of themselves, and why.
func (t *teller) transitions() {
	for node, list := range t.r.said {
		for _, tr := range list {
			if tr.Group != 1 || tr.At.Before(t.r.start) || tr.At.After(t.r.end) {
				continue
			}
			why := tr.Cause
			if tr.Detail != "" {
				why += ": " + tr.Detail
			}
			t.add(tr.At, node, "%s → %s (%s)", tr.From, tr.To, why).Role = t.r.plan.role(tr.To)
		}
	}
}

func (p plan) role(state string) string {
	switch {
	case p.activeState(state):
		return roleActive
	case p.standbyState(state):
		return roleWait
	}
	return roleOther
}

// wire tells the frames that matter: the last hello of the old owner, the first
// of the new one, announcements, Coup and Resign.
func (t *teller) wire() {
	f := t.r.plan.fault
	var last *sighting
	first := map[string]bool{f.first: true}
	count := 0
	for i, s := range t.r.sightings {
		if s.Group != 1 || s.At.After(t.r.end) {
			continue
		}
		if s.At.Before(t.r.fault) {
			if s.Kind == seenActive && s.Node == f.first {
				last = &t.r.sightings[i]
			}
			continue
		}
		switch {
		case s.Kind == seenActive && !first[s.Node]:
			first[s.Node] = true
			t.add(s.At, s.Node, "%s from %s", t.r.plan.claimName(), sourceName(s, t.r.plan)).Role = roleActive
		case s.Kind == seenCoup, s.Kind == seenResign:
			t.add(s.At, s.Node, "%s", strings.ToUpper(s.Kind[:1])+s.Kind[1:])
		case s.Kind == seenAnnounce:
			count++
			t.add(s.At, s.Node, "%s", t.announcement(s))
		case s.Kind == seenDirected:
			t.add(s.At, s.Node, "asks %s from the virtual address, to be learned and to hear that it was", s.Detail)
		}
	}
	if last != nil {
		t.add(last.At, last.Node, "its last %s", t.r.plan.claimName())
	}
}

// claimName is the message that says "I am active".
func (p plan) claimName() string {
	if p.proto == hello.ProtocolVRRP {
		return "advertisement"
	}
	return "Hello Active"
}

func sourceName(s sighting, p plan) string {
	if s.Virtual {
		return p.mac(1).String()
	}
	return "its own MAC"
}

// announcement words one gratuitous frame.
func (t *teller) announcement(s sighting) string {
	p := t.r.plan
	vip, mac, at := p.vips(1)[0], p.mac(1), gateways[s.Node]
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
	port, arp := t.r.before.port, map[string]string{}
	for ip, mac := range t.r.before.arp {
		arp[ip.String()] = mac.String()
	}
	for _, l := range t.r.learned {
		if l.At.Before(t.r.fault) || l.At.After(t.r.end) {
			continue
		}
		ip, mac := l.IP.String(), l.MAC.String()
		switch {
		case l.node == nodeSwitch && l.MAC == p.mac(1) && !l.IP.IsValid() && !l.Gone && l.Dev != port:
			t.add(l.At, nodeSwitch, "%s moves from port %s to port %s", mac, orNone(port), l.Dev)
			port = l.Dev
		case l.node == nodeClient && l.IP.IsValid() && !l.MAC.IsZero() && arp[ip] != mac && arp[ip] != "":
			t.add(l.At, nodeClient, "learns that %s is at %s", ip, mac)
			arp[ip] = mac
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
	acc := settleUp(t.r.sent, t.r.arrivals, t.r.plan.rate)
	if acc.Lost > 0 {
		t.add(acc.From, nodeClient, "the first datagram that is lost")
		t.add(acc.To, nodeClient, "the first one that arrives again, %s later", show(acc.Outage))
	}
}
