package vip

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Support is what the kernel and the caller's rights have to offer.
type Support struct {
	Netdev  error // why tables of family netdev with an ingress chain cannot be made; nil when they can
	Persist bool  // tables can have an owner and outlive it (Linux 6.9)
}

// Probe tries what [Open] needs of nftables, with a table on lo that it removes
// again. An error means that it could not even try.
func Probe() (Support, error) {
	c, err := dial(unix.NETLINK_NETFILTER)
	if err != nil {
		return Support{}, fmt.Errorf("probe nftables: %w", err)
	}
	defer c.close()
	s := Support{}
	if s.Netdev = tryTable(c, tableOwner|tablePersist); s.Netdev == nil {
		s.Persist = true
	} else if errors.Is(s.Netdev, unix.EOPNOTSUPP) || errors.Is(s.Netdev, unix.EINVAL) {
		s.Netdev = tryTable(c, 0)
	}
	return s, nil
}

// tryTable makes and deletes a table with a lease class in one transaction,
// which therefore is never in force.
func tryTable(c *conn, flags uint32) error {
	r := &ruleset{table: tableName("probe")}
	r.open()
	r.newTable(flags)
	r.newChain("lo")
	r.newClass(0)
	r.delTable()
	return transact(c, r)
}
