package vip

import (
	"errors"
	"fmt"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// openTable makes the table, or takes over one without a process as it is. The
// kernel refuses both with EPERM while the owner lives.
func (i *Interface) openTable(takeOver bool, flags uint32) error {
	if !takeOver {
		if err := deleteTable(i.nft, i.rules.table); err != nil {
			return err
		}
	}
	err := i.newTable(flags)
	if unsupported(err) && takeOver && tryTable(i.nft, flags) == nil { // not the kernel, but a table that somebody else made
		i.log.Warn("the nftables table of the last process was replaced by somebody else: its gates are shut")
		return i.openTable(false, flags)
	}
	if unsupported(err) {
		i.log.Warn("the kernel has no persistent nftables tables (before 6.9): anybody may flush ours, which is put back then")
		flags = 0
		err = i.newTable(flags)
	}
	if err != nil {
		return tableError(i.rules.table, err)
	}
	i.rebuild, i.takenOver, i.tableFlags, i.tabled = true, takeOver, flags, true
	if err := tryAddresses(i.nft); err != nil {
		i.log.Warn("virtual addresses are local routes alone, not addresses of the interface: the kernel has no hook for what leaves (before 5.16, or without CONFIG_NETFILTER_EGRESS)", "error", err)
	} else {
		i.rules.egress = true
	}
	if !takeOver {
		if _, err := i.commit(); err != nil {
			return fmt.Errorf("%w (needs CONFIG_NF_TABLES_NETDEV)", err)
		}
	}
	if flags == 0 {
		i.watch, err = watchTable(i)
	}
	return err
}

// unsupported reports whether the kernel does not have what it was asked for.
func unsupported(err error) bool {
	return errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EINVAL)
}

func (i *Interface) newTable(flags uint32) error {
	i.rules.beginTransaction()
	i.rules.newTable(flags)
	return transact(i.nft, &i.rules)
}

// transact ends a transaction and hands it to the kernel. Whatever the kernel
// refuses in it has the same meaning.
func transact(c *conn, r *ruleset) error {
	r.endTransaction()
	err := c.change(&r.batch)
	if refused, ok := err.(*messageError); ok && refused.index == 0 { // refused as a whole, before the kernel reads it
		return fmt.Errorf("nftables: %w (needs CAP_NET_ADMIN and CONFIG_NF_TABLES)", err)
	}
	return err
}

// deleteTable deletes a table. One that does not exist is no error.
func deleteTable(c *conn, table string) error {
	r := &ruleset{table: table}
	r.beginTransaction()
	r.delTable()
	if err := transact(c, r); err != nil && !errors.Is(err, unix.ENOENT) {
		return tableError(table, err)
	}
	return nil
}

func tableError(table string, err error) error {
	if refused, ok := err.(*messageError); ok && refused.errno == unix.EPERM {
		return fmt.Errorf("nftables table netdev %s: %w (%w)", table, ErrBusy, err)
	}
	return fmt.Errorf("nftables table netdev %s: %w", table, err)
}

// writeTable appends the replacement of the table to the transaction. It creates
// the table first, so that the deletion succeeds in any case.
func (i *Interface) writeTable() {
	i.rules.newTable(i.tableFlags)
	i.rules.delTable()
	i.rules.newTable(i.tableFlags)
	i.rules.newChains(i.name)
	i.rules.newCopySet(i.ifindex)
	i.rules.newStanding()
}

// restoreTable makes the table anew with what is open. The leases run on.
func (i *Interface) restoreTable() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed {
		return nil
	}
	i.rebuild = true
	lost, err := i.commit()
	i.lost = append(i.lost, lost...)
	return err
}

// tableWatch puts a table without owner back when somebody else changes it, as
// `nft flush ruleset` does, and `nft -f` with a file that has a copy of it.
type tableWatch struct {
	conn *netlink.Conn
	done chan struct{}
}

func watchTable(iface *Interface) (*tableWatch, error) {
	c, err := netlink.Dial(unix.NETLINK_NETFILTER, nil)
	if err != nil {
		return nil, fmt.Errorf("watch nftables: %w", err)
	}
	if err := c.JoinGroup(unix.NFNLGRP_NFTABLES); err != nil {
		c.Close()
		return nil, fmt.Errorf("watch nftables: %w", err)
	}
	w := &tableWatch{conn: c, done: make(chan struct{})}
	go w.run(iface)
	return w, nil
}

func (w *tableWatch) run(iface *Interface) {
	defer close(w.done)
	for {
		msgs, err := w.conn.Receive()
		overrun := errors.Is(err, unix.ENOBUFS)
		if err != nil && !overrun {
			return
		}
		if !overrun && !touches(msgs, iface.rules.table, iface.nft.port) {
			continue
		}
		if err := iface.restoreTable(); err != nil {
			iface.log.Error("put nftables table back", "error", err)
		} else {
			iface.log.Warn("nftables table was changed by somebody else and put back")
		}
	}
}

// touches reports whether anybody but the socket at port changed the table or a
// part of it.
func touches(msgs []netlink.Message, table string, port uint32) (found bool) {
	for _, m := range msgs {
		if m.Header.PID == port || len(m.Data) < 4 {
			continue
		}
		attrs(m.Data[4:], func(typ uint16, v []byte) {
			// Attribute 1 is the table's name in every message of this group but
			// the one that ends a transaction, where it is a number.
			found = found || typ == unix.NFTA_TABLE_NAME && unix.ByteSliceToString(v) == table
		})
	}
	return found
}

// stop ends the watch and waits for it.
func (w *tableWatch) stop() {
	w.conn.SetReadDeadline(time.Unix(1, 0))
	<-w.done
	w.conn.Close()
}
