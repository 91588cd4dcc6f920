package lab

import (
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
)

// ping reports whether an address answers one of eight echo requests, 200 ms
// apart, sent inside ns: more than a machine that stands still for a second
// uses up.
func ping(ns *netlab.NS, to netip.Addr) (bool, error) {
	return ns.Ping(to, netlab.Echo{Tries: 8, Wait: 200 * time.Millisecond})
}
