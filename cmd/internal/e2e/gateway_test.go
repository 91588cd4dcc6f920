package e2e

import (
	"net/netip"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
)

// gateway is one router with its addresses and what it has sent.
type gateway struct {
	*fhrptest.Gateway
	l          *lan
	ip, coreIP netip.Addr
	wire       *netlab.Capture // frames that arrive at the switch
}

func newGateway(l *lan, g *fhrptest.Gateway, ip, coreIP string) *gateway {
	return &gateway{Gateway: g, l: l, ip: netip.MustParseAddr(ip), coreIP: netip.MustParseAddr(coreIP)}
}
