package lab

import (
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
)

// ping reports whether an address answers one of three echo requests, 200 ms
// apart, sent inside ns.
func ping(ns *netlab.NS, to netip.Addr) (bool, error) {
	return ns.Ping(to, netlab.Echo{Tries: 3, Wait: 200 * time.Millisecond})
}
