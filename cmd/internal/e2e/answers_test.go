package e2e

import (
	"bytes"
	"maps"
	"net/netip"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/internal/skip"
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
	seen := l.Capture(l.Client, lanDev, func(f netlab.Frame) bool {
		a, ok := fhrptest.ReadAnswer(f)
		return ok && !f.Sent && a.For == target && a.To == asker(target)
	})
	defer seen.Close()
	l.ask(target, hello.MAC{})
	if _, err := seen.WaitFor(anything, patience); err != nil {
		return nil
	}
	// Whoever else meant to answer has done so by the time both gateways'
	// kernels and daemons have answered something that was asked later.
	l.mustPing(l.a.IP, l.b.IP)
	l.a.Report()
	l.b.Report()
	for _, f := range seen.Frames() {
		a, _ := fhrptest.ReadAnswer(f)
		list = append(list, a)
	}
	return list
}

// checkAnswers wants exactly one answer for every address of the gateways and of
// the groups, by whom it belongs to and with that one's MAC.
func checkAnswers(t testing.TB, l *lan, v virtual) {
	t.Helper()
	macs := map[netip.Addr]hello.MAC{}
	for _, g := range l.Gateways {
		macs[g.IP], macs[g.IP6], macs[g.LinkLocal] = g.MAC, g.MAC, g.MAC
	}
	maps.Copy(macs, v.owned) // also where an address is a gateway's own
	for ip, mac := range macs {
		nd := ip.Is6()
		want := []fhrptest.Answer{{For: ip, From: ip, To: asker(ip), Source: mac, MAC: mac, Router: nd, Solicited: nd, Override: nd}}
		if d := cmp.Diff(want, l.answers(ip), cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); d != "" {
			t.Errorf("answers to the question for %s (-want +got):\n%s", ip, d)
		}
	}
}

// checkTransit wants what the client sends to the host to get there by the
// virtual MAC, by way of one gateway's port and no other.
func checkTransit(t testing.TB, l *lan, v virtual, active, other *gateway) {
	t.Helper()
	began := time.Now()
	l.mustPing(v.host)
	through := func(f netlab.Frame) bool { return f.Sent && !f.At.Before(began) && isEchoTo(f, v.host) }
	active.Hears("anything for the host by the virtual MAC", began, func(f netlab.Frame) bool { return through(f) && f.Destination() == v.mac })
	if n := count(other.Port.Frames(), through); n != 0 {
		t.Errorf("%d packets for the host went to %s", n, other.Name)
	}
}

// isEchoTo reports whether a frame is an echo request to an address.
func isEchoTo(f netlab.Frame, to netip.Addr) bool {
	if to.Is6() {
		m, ok := parseICMP(f)
		return ok && m.body[0] == echoRequest && m.dst == to
	}
	const echo = 8
	b := f.Data
	return len(b) > 34 && b[12] == 8 && b[13] == 0 && b[23] == unix.IPPROTO_ICMP && b[34] == echo && bytes.Equal(b[30:34], to.AsSlice())
}

func TestVirtualAddressesBelongToTheActiveRouter(t *testing.T) {
	eachVirtual(t, func(t testing.TB, l *lan, v virtual) {
		l.startInTurn(v.groups)
		for _, role := range []struct{ active, standby *gateway }{{l.a, l.b}, {l.b, l.a}} {
			l.Settled(role.active, role.standby)
			l.Eventually("switch", func() bool { return l.FDB(v.mac) == role.active.Name })
			checkAnswers(t, l, v)
			l.mustPing(v.addresses()...)
			checkTransit(t, l, v, role.active, role.standby)
			if role.active == l.a {
				setPriority(l.a, 85)
			}
		}
	})
}

// setPriority gives every group of the daemon another priority.
func setPriority(g *gateway, priority int) {
	g.T.Helper()
	for _, s := range g.Answer().Groups {
		must(g.T, g.SetPriority(g.T.Context(), s.Ref(), priority))
	}
}

// arping from iputils as another client of the virtual address.
func TestArpingGetsOneAnswer(t *testing.T) {
	path := skip.Without(t, "arping")
	scenario(t, func(t testing.TB, l *lan) {
		l.start(both)
		for ip, mac := range map[string]string{vip.String(): mac2.String(), l.a.IP.String(): l.a.MAC.String(), l.b.IP.String(): l.b.MAC.String()} {
			var out bytes.Buffer
			cmd := exec.Command(path, "-c", "1", "-w", "20", "-I", lanDev, ip)
			cmd.Stdout, cmd.Stderr = &out, &out
			must(t, l.Client.Start(cmd))
			if err := cmd.Wait(); err != nil {
				t.Errorf("arping %s: %v\n%s", ip, err, out.String())
			}
			if text := out.String(); !strings.Contains(text, "["+strings.ToUpper(mac)+"]") || !strings.Contains(text, "Received 1 response(s)") {
				t.Errorf("arping %s, want one answer from %s:\n%s", ip, mac, text)
			}
		}
	})
}
