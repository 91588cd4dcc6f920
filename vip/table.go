package vip

import (
	"errors"
	"fmt"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// openTable makes the table, or takes an orphan over as it is. The kernel
// refuses both with EPERM while the owner lives.
func (p *Plane) openTable(takeOver bool, flags uint32) error {
	p.rules.table = tableName(p.parent)
	if !takeOver {
		if err := deleteTable(p.nft, p.rules.table); err != nil {
			return err
		}
	}
	err := p.newTable(flags)
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EINVAL) {
		p.log.Warn("the kernel has no persistent nftables tables (before 6.9): anybody may flush ours, which is put back then")
		flags = 0
		err = p.newTable(flags)
	}
	if err != nil {
		return tableError(p.rules.table, err)
	}
	p.rebuild, p.persist, p.tabled = true, flags != 0, true
	if !takeOver {
		if _, err := p.commit(); err != nil {
			return fmt.Errorf("%w (needs CONFIG_NF_TABLES_NETDEV)", err)
		}
	}
	if !p.persist {
		p.watch, err = watchTable(p)
	}
	return err
}

func (p *Plane) newTable(flags uint32) error {
	p.rules.open()
	p.rules.newTable(flags)
	return p.change()
}

// change sends a transaction of which every refusal has the same meaning.
func (p *Plane) change() error { return transact(p.nft, &p.rules) }

func transact(c *conn, r *ruleset) error {
	r.shut()
	faults, err := c.exec(&r.batch)
	switch {
	case err != nil || len(faults) == 0:
		return err
	case faults[0].index == 0: // of the whole batch, before looking into it
		return fmt.Errorf("nftables: %w (needs CAP_NET_ADMIN and CONFIG_NF_TABLES)", faults[0].err)
	}
	return faults[0].err
}

// deleteTable deletes a table; that there is none is no error.
func deleteTable(c *conn, table string) error {
	r := &ruleset{table: table}
	r.open()
	r.delTable()
	if err := transact(c, r); err != nil && !errors.Is(err, unix.ENOENT) {
		return tableError(table, err)
	}
	return nil
}

func tableError(table string, err error) error {
	if r, ok := errors.AsType[*refusal](err); ok && r == err && r.errno == unix.EPERM {
		return fmt.Errorf("nftables table netdev %s: %w (%w)", table, ErrBusy, err)
	}
	return fmt.Errorf("nftables table netdev %s: %w", table, err)
}

// writeTable appends the replacement of the table to the transaction. Creating
// it first makes the deletion succeed in any case.
func (p *Plane) writeTable() {
	flags := uint32(0)
	if p.persist {
		flags = tableOwner | tablePersist
	}
	p.rules.newTable(flags)
	p.rules.delTable()
	p.rules.newTable(flags)
	p.rules.newChain(p.parent)
}

// restoreTable makes the table anew with what is open, leases running on.
func (p *Plane) restoreTable() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	p.rebuild = true
	lost, err := p.commit()
	p.lost = append(p.lost, lost...)
	return err
}

// tableWatch puts a table without owner back when somebody else removes it or
// a part of it, as `nft flush ruleset` does.
type tableWatch struct {
	conn *netlink.Conn
	own  uint32 // netlink address whose changes are our own
	done chan struct{}
}

func watchTable(p *Plane) (*tableWatch, error) {
	own, err := p.nft.port()
	if err != nil {
		return nil, err
	}
	c, err := netlink.Dial(unix.NETLINK_NETFILTER, nil)
	if err != nil {
		return nil, fmt.Errorf("watch nftables: %w", err)
	}
	if err := c.JoinGroup(unix.NFNLGRP_NFTABLES); err != nil {
		c.Close()
		return nil, fmt.Errorf("watch nftables: %w", err)
	}
	w := &tableWatch{conn: c, own: own, done: make(chan struct{})}
	go w.run(p)
	return w, nil
}

func (w *tableWatch) run(p *Plane) {
	defer close(w.done)
	for {
		msgs, err := w.conn.Receive()
		overrun := errors.Is(err, unix.ENOBUFS)
		if err != nil && !overrun {
			return
		}
		if !overrun && !w.removes(msgs, p.rules.table) {
			continue
		}
		if err := p.restoreTable(); err != nil {
			p.log.Error("put nftables table back", "error", err)
		} else {
			p.log.Warn("nftables table was removed by somebody else and put back")
		}
	}
}

// removes reports whether somebody else removed the table or a part of it.
func (w *tableWatch) removes(msgs []netlink.Message, table string) (found bool) {
	for _, m := range msgs {
		if m.Header.PID == w.own || len(m.Data) < 4 {
			continue
		}
		switch uint16(m.Header.Type) {
		case unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_DELTABLE,
			unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_DELCHAIN,
			unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_DELRULE,
			unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_DELSET,
			unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_DELSETELEM:
			attrs(m.Data[4:], func(typ uint16, v []byte) {
				// Attribute 1 is the table's name in each of these messages.
				found = found || typ == unix.NFTA_TABLE_NAME && unix.ByteSliceToString(v) == table
			})
		}
	}
	return found
}

// stop ends the watch and waits for it.
func (w *tableWatch) stop() {
	w.conn.SetReadDeadline(time.Unix(1, 0))
	<-w.done
	w.conn.Close()
}
