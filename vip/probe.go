package vip

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Nftables is what the kernel can do beyond what [Open] needs.
type Nftables struct {
	// Persistent tables outlive their owner, from Linux 6.9 on. Otherwise anybody
	// can flush the table of an Interface: a process puts it back within
	// milliseconds, but where it is dead or frozen forwarding ends at once and not
	// with the lease.
	Persistent bool
	// Egress is a hook for what leaves an interface, from Linux 5.16 on. Without it
	// virtual addresses are local routes alone, and [Interface.ProxyARP] does nothing.
	Egress bool
}

// Probe tries what [Open] needs of nftables, with tables on lo that it removes
// again, and returns why it does not work.
func Probe() (Nftables, error) { return probe(tryTable, tryAddresses) }

func probe(table func(c *conn, flags uint32) error, addresses func(c *conn) error) (can Nftables, err error) {
	c, err := (*Owner)(nil).dial(unix.NETLINK_NETFILTER, 0)
	if err != nil {
		return can, fmt.Errorf("probe nftables: %w", err)
	}
	defer c.close()
	if err = table(c, tableOwner|tablePersist); unsupported(err) {
		err = table(c, 0)
	} else {
		can.Persistent = err == nil
	}
	can.Egress = err == nil && addresses(c) == nil
	return can, err
}

// tryTable makes and deletes a table with a lease class in one transaction, so
// that the table is never in force.
func tryTable(c *conn, flags uint32) error {
	r := &ruleset{table: tableName("probe")}
	return r.try(c, flags)
}

// tryAddresses does the same with the rules about addresses, which need to see what
// leaves an interface (Linux 5.16 with CONFIG_NETFILTER_EGRESS).
func tryAddresses(c *conn) error {
	r := &ruleset{table: tableName("probe"), addresses: true, egress: true}
	return r.try(c, 0)
}

func (r *ruleset) try(c *conn, flags uint32) error {
	r.beginTransaction()
	r.newTable(flags)
	r.newChains("lo")
	r.newCopySet([4]byte{})
	r.newStanding()
	r.newLeaseClass(newLeaseClass(0, 0))
	r.delTable()
	return transact(c, r)
}
