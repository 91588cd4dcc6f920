package vip

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Probe tries what [Open] needs of nftables, with a table on lo that it removes
// again, and returns why it does not work. lasting says that tables can be made
// to persist, from Linux 6.9 on. Without that anybody can flush the table of an
// Interface: a process puts it back within milliseconds, but where it is dead or
// frozen forwarding ends at once and not with the lease.
func Probe() (lasting bool, err error) { return probe(tryTable) }

func probe(try func(c *conn, flags uint32) error) (lasting bool, err error) {
	c, err := dial(unix.NETLINK_NETFILTER, 0)
	if err != nil {
		return false, fmt.Errorf("probe nftables: %w", err)
	}
	defer c.close()
	err = try(c, tableOwner|tablePersist)
	if unsupported(err) {
		return false, try(c, 0)
	}
	return err == nil, err
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
