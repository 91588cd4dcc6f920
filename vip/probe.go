package vip

import (
	"errors"
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
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EINVAL) {
		return false, try(c, 0)
	}
	return err == nil, err
}

// tryTable makes and deletes a table with a lease class in one transaction, so
// that the table is never in force.
func tryTable(c *conn, flags uint32) error {
	r := &ruleset{table: tableName("probe")}
	r.beginTransaction()
	r.newTable(flags)
	r.newChain("lo")
	r.newLeaseClass(newLeaseClass(0, 0))
	r.delTable()
	return transact(c, r)
}
