package fhrptest

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

// Capture captures on an interface until the end of the test. A nil keep keeps
// everything.
func (l *LAN) Capture(ns *netlab.NS, dev string, keep func(netlab.Frame) bool) *netlab.Capture {
	l.T.Helper()
	c, err := ns.Capture(dev, netlab.CaptureOptions{Keep: keep})
	Must(l.T, err)
	l.T.Cleanup(func() { c.Close() })
	return c
}

// Watch captures at the gateway's port of the switch, where what the gateway
// sends is not Sent. A nil keep keeps everything.
func (g *Gateway) Watch(keep func(netlab.Frame) bool) {
	g.T.Helper()
	g.Port = g.LAN.Capture(g.LAN.Switch, g.Name, keep)
}

// Sent returns the frames that the gateway has sent at or after a time.
func (g *Gateway) Sent(since time.Time) []netlab.Frame {
	return slices.DeleteFunc(g.Port.Frames(), func(f netlab.Frame) bool { return f.Sent || f.At.Before(since) })
}

// Sends waits until the gateway has sent a frame that matches, at or after a
// time, and returns it.
func (g *Gateway) Sends(what string, since time.Time, match func(netlab.Frame) bool) netlab.Frame {
	g.T.Helper()
	return g.passes("sent "+what, since, func(f netlab.Frame) bool { return !f.Sent && match(f) })
}

// Hears is Sends for a frame that the switch sends to the gateway.
func (g *Gateway) Hears(what string, since time.Time, match func(netlab.Frame) bool) netlab.Frame {
	g.T.Helper()
	return g.passes("heard "+what, since, func(f netlab.Frame) bool { return f.Sent && match(f) })
}

func (g *Gateway) passes(what string, since time.Time, match func(netlab.Frame) bool) netlab.Frame {
	g.T.Helper()
	f, err := g.Port.WaitFor(func(f netlab.Frame) bool { return !f.At.Before(since) && match(f) }, Patience)
	if err != nil {
		g.T.Fatalf("%s has not %s: %v\n%s", g.Name, what, err, g.Tails())
	}
	return f
}

// Says is Sends for a frame that Words puts into words.
func (g *Gateway) Says(text string, since time.Time, vmac hello.MAC) netlab.Frame {
	g.T.Helper()
	f, err := g.Port.WaitFor(func(f netlab.Frame) bool { return !f.Sent && !f.At.Before(since) && Words(vmac, f) == text }, Patience)
	if err != nil {
		said := Said(vmac, g.Sent(since))
		g.T.Fatalf("%s has not said %q: %v\nit said %q\n%s", g.Name, text, err, said[:min(len(said), 30)], g.Tail())
	}
	return f
}

// Said puts frames into words, leaving out those for which there are none.
func Said(vmac hello.MAC, frames []netlab.Frame) (list []string) {
	for _, f := range frames {
		if s := Words(vmac, f); s != "" {
			list = append(list, s)
		}
	}
	return list
}

// Words puts a frame into words: who sent it, and the message of HSRP or VRRP or
// the gratuitous ARP that it is. It returns "" for anything else. vmac is called
// "virtual"; other MACs are "real".
func Words(vmac hello.MAC, f netlab.Frame) string {
	name := func(m hello.MAC) string {
		switch m {
		case vmac:
			return "virtual"
		case hello.Broadcast:
			return "everybody"
		case garp.CiscoMulticast:
			return "01:00:0c:cd:cd:cd"
		}
		return "real"
	}
	if s := Message(f); s != "" {
		return name(f.Source()) + ": " + s
	}
	h, a, err := garp.ParseARP(f.Data)
	if err != nil || !a.IsGratuitous() {
		return ""
	}
	return fmt.Sprintf("%s: arp %s %s is-at %s to %s", name(h.Src), a.Op, a.SenderIP, name(a.SenderMAC), name(h.Dst))
}

// Message names an HSRP or VRRP message, "" for anything else.
func Message(f netlab.Frame) string {
	var e hello.Envelope
	payload, err := hello.ParseFrame(f.Data, &e, true)
	if err != nil {
		return ""
	}
	if e.Protocol == hello.ProtocolVRRP {
		var p hello.VRRPPacket
		if p.Parse(payload, e.Src, e.Dst) != nil {
			return ""
		}
		return fmt.Sprintf("vrrp priority %d", p.VRRP.Priority)
	}
	var p hello.HSRPPacket
	if p.Parse(payload) != nil {
		return ""
	}
	if p.IsAdvertise {
		return "interface state"
	}
	return fmt.Sprintf("%s %s", strings.ToLower(p.HSRP.Op.String()), p.HSRP.State)
}

// Answer is what somebody was told who asked for the MAC of an address: an ARP
// reply that is not gratuitous, or an advertisement to one station. The flags are
// those of an advertisement.
type Answer struct {
	For                         netip.Addr
	From, To                    netip.Addr
	Source, MAC                 hello.MAC // of the frame, and inside
	Router, Solicited, Override bool
}

// ReadAnswer returns the answer in a frame; ok is false where there is none.
func ReadAnswer(f netlab.Frame) (a Answer, ok bool) {
	if h, p, err := garp.ParseARP(f.Data); err == nil {
		ok = p.Op == garp.OpReply && !p.IsGratuitous() && h.Dst[0]&1 == 0
		return Answer{For: p.SenderIP, From: p.SenderIP, To: p.TargetIP, Source: h.Src, MAC: p.SenderMAC}, ok
	}
	h, n, err := garp.ParseND(f.Data)
	ok = err == nil && n.Type == garp.NeighborAdvertisement && h.Dst[0]&1 == 0
	return Answer{n.Target, n.Src, n.Dst, h.Src, n.LinkAddr, n.Router, n.Solicited, n.Override}, ok
}
