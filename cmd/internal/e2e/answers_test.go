package e2e

import (
	"maps"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

// asker is whom the client's questions of a family come from: its kernel, which
// asks, too, whenever it likes to, knows nothing of it.
func asker(target netip.Addr) netip.Addr {
	if target.Is4() {
		return askerIP
	}
	return askerIP6
}

// question asks for the MAC of an address: everybody or, if to is not zero, one
// station.
func question(t testing.TB, target netip.Addr, to hello.MAC) []byte {
	t.Helper()
	f, err := garp.Nudge(asker(target), fhrptest.ClientMAC, target, to)
	must(t, err)
	return f
}

// ask sends the client's question.
func (l *lan) ask(target netip.Addr, to hello.MAC) {
	l.t.Helper()
	must(l.t, l.Client.Send(lanDev, question(l.t, target, to)))
}

// answers asks for an address once and returns every answer.
func (l *lan) answers(target netip.Addr) (list []fhrptest.Answer) {
	l.t.Helper()
	began := time.Now()
	l.ask(target, hello.MAC{})
	isAnswer := func(f netlab.Frame) bool {
		a, ok := fhrptest.ReadAnswer(f)
		return ok && !f.Sent && !f.At.Before(began) && a.For == target && a.To == asker(target)
	}
	if _, err := l.clientSide.WaitFor(isAnswer, patience); err != nil {
		return nil
	}
	// Whoever else meant to answer has done so by the time both gateways'
	// kernels and daemons have answered something that was asked later.
	l.mustPing(l.a.IP, l.b.IP)
	l.a.Report()
	l.b.Report()
	for _, f := range l.clientSide.Frames() {
		if isAnswer(f) {
			a, _ := fhrptest.ReadAnswer(f)
			list = append(list, a)
		}
	}
	return list
}

// checkAnswers wants exactly one answer for every address of the gateways and of
// the groups, by whom it belongs to and with that one's MAC.
func checkAnswers(t testing.TB, l *lan, virtual map[netip.Addr]hello.MAC) {
	t.Helper()
	macs := map[netip.Addr]hello.MAC{}
	for _, g := range l.Gateways {
		macs[g.IP], macs[g.IP6], macs[g.LinkLocal] = g.MAC, g.MAC, g.MAC
	}
	maps.Copy(macs, virtual) // also where an address is a gateway's own
	for ip, mac := range macs {
		nd := ip.Is6()
		want := []fhrptest.Answer{{For: ip, From: ip, To: asker(ip), Source: mac, MAC: mac, Router: nd, Solicited: nd, Override: nd}}
		if d := cmp.Diff(want, l.answers(ip), cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); d != "" {
			t.Errorf("answers to the question for %s (-want +got):\n%s", ip, d)
		}
	}
}
