package vip

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Probe tries what [Open] needs of nftables, with a table on lo that it removes
// again, and returns why it does not work.
func Probe() error {
	c, err := dial(unix.NETLINK_NETFILTER, 0)
	if err != nil {
		return fmt.Errorf("probe nftables: %w", err)
	}
	defer c.close()
	err = tryTable(c, tableOwner|tablePersist)
	if unsupported(err) {
		return tryTable(c, 0) // before Linux 6.9
	}
	return err
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
