package e2e

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/hello"
)

// laterKinds are those of which nobody has to have asked first.
var laterKinds = []hello.AgreementKind{hello.AgreementHeir, hello.AgreementNoted, hello.AgreementGone, hello.AgreementUnderstudy}

// forgedAgreement is an agreement of one of the later kinds, to the group in clear text
// and to the one with a key, which the sender does not have.
func forgedAgreement(r *rand.Rand, n int) []byte {
	from, key := inside4(r), []byte(nil)
	a := hello.Agreement{
		Kind: laterKinds[n%len(laterKinds)], Protocol: hello.ProtocolHSRP, Version: 2, Family: hello.IPv4, Group: 10,
		Priority: 250, Number: r.Uint64(), From: from, Forwards: true, Tracks: true,
	}
	if n%2 == 1 {
		a.Group, key = 11, []byte("a key that nobody here has")
	}
	if a.Kind == hello.AgreementUnderstudy {
		a.Number = 0
	}
	return hello.AppendAgreement(nil, &a, hello.MAC{2, 0xaa, 0, 0, 0, from.As4()[3]}, allHSRP(), key)
}

// allHSRP is the MAC of the group address of HSRP version 2.
func allHSRP() hello.MAC { return hello.MAC{1, 0, 0x5e, 0, 0, 0x66} }

// malformedAgreement is a forged one that is cut, drawn out, or has other bytes.
func malformedAgreement(r *rand.Rand, n int) []byte {
	b := forgedAgreement(r, n)
	switch n % 3 {
	case 0:
		b = b[:14+r.IntN(len(b)-14)]
	case 1:
		b = append(b, make([]byte, r.IntN(1200))...)
	}
	for range 1 + r.IntN(4) {
		if len(b) > 18 {
			b[18+r.IntN(len(b)-18)] = byte(r.IntN(256))
		}
	}
	return b
}

// replayedAgreements sends the same few agreements in the standby router's name, from
// its address and its MAC, over and over.
func replayedAgreements(l *fhrptest.LAN, until time.Time) int {
	standby := l.Gateway("b")
	return flood(func(_ *rand.Rand, n int) []byte {
		a := hello.Agreement{
			Kind: laterKinds[n%len(laterKinds)], Protocol: hello.ProtocolHSRP, Version: 2, Family: hello.IPv4, Group: 10,
			Priority: 100, Number: 4711, From: standby.IP, Forwards: true, Tracks: true,
		}
		if a.Kind == hello.AgreementUnderstudy {
			a.Number = 0
		}
		return hello.AppendAgreement(nil, &a, standby.MAC, allHSRP(), nil)
	})(l, until)
}

// toStandby sends packets to the virtual MAC of a group out of the switch's port to the
// standby router, as a switch does that floods.
func toStandby(l *fhrptest.LAN, until time.Time) int {
	received := func() uint64 {
		link, err := l.Gateway("b").NS.Netlink().LinkByName(fhrptest.LANDev)
		must(l.T, err)
		return link.Attrs().Statistics.RxPackets
	}
	before := received()
	to := hello.VirtualMAC(hello.ProtocolHSRP, 2, hello.IPv4, 10)
	sent := floodFrom(l, l.Switch, "b", until, func(r *rand.Rand, _ int) []byte {
		from, src := anyMAC(r), inside4(r).As4()
		return slices.Concat(to[:], from[:], []byte{8, 0, 0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0}, src[:], []byte{203, 0, 113, 10}, make([]byte, 26))
	})
	if got := received() - before; got < uint64(sent)/2 {
		l.T.Errorf("of %d frames %d came to the standby router: it was not attacked", sent, got)
	}
	return sent
}
