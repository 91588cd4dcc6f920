package vip

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Table flags of nf_tables; golang.org/x/sys has only the mask.
const (
	tableOwner   = 2 // nobody else may change it (5.12)
	tablePersist = 4 // it outlives its owner, and the next may adopt it (6.9)
)

// Key types as the nft tool numbers them; the kernel only stores them.
const (
	keyEther   = 9
	keyIfindex = 20
)

const (
	chainName       = "in"
	ingressPriority = -300
	// elementsPerMessage keeps a list below the 64 KiB an attribute can hold.
	elementsPerMessage = 2000
)

// ruleset builds the nf_tables messages for one table of family netdev.
//
//	table netdev fhrpd-eth0 {
//		set active_0 { type ether_addr; }
//		set alive_0  { type iface_index; flags timeout; }
//		chain in {
//			type filter hook ingress device eth0 priority -300;
//			ether daddr @active_0 meta iif @alive_0 meta pkttype set host
//		}
//	}
//
// The MAC is looked up first, which spares other traffic the second test.
// Without the table nothing is forwarded: it only ever admits.
type ruleset struct {
	batch
	table string
}

func tableName(parent string) string { return "fhrpd-" + parent }

func activeSet(n int) string { return fmt.Sprintf("active_%d", n) }
func aliveSet(n int) string  { return fmt.Sprintf("alive_%d", n) }

// open starts a transaction.
func (r *ruleset) open() {
	r.reset()
	r.begin(unix.NFNL_MSG_BATCH_BEGIN, 0)
	r.raw(unix.AF_UNSPEC, 0, 0, unix.NFNL_SUBSYS_NFTABLES)
}

// shut ends the transaction and asks for one answer, to its last change.
func (r *ruleset) shut() {
	r.ack()
	r.begin(unix.NFNL_MSG_BATCH_END, 0)
	r.raw(unix.AF_UNSPEC, 0, 0, unix.NFNL_SUBSYS_NFTABLES)
}

func (r *ruleset) message(typ, flags uint16) int {
	i := r.begin(unix.NFNL_SUBSYS_NFTABLES<<8|typ, flags)
	r.raw(unix.NFPROTO_NETDEV, 0, 0, 0)
	return i
}

func (r *ruleset) newTable(flags uint32) {
	r.message(unix.NFT_MSG_NEWTABLE, unix.NLM_F_CREATE)
	r.str(unix.NFTA_TABLE_NAME, r.table)
	r.be32(unix.NFTA_TABLE_FLAGS, flags)
}

func (r *ruleset) delTable() {
	r.message(unix.NFT_MSG_DELTABLE, 0)
	r.str(unix.NFTA_TABLE_NAME, r.table)
}

func (r *ruleset) newChain(device string) {
	const ingress, accept = 0, 1
	prio := int32(ingressPriority)
	r.message(unix.NFT_MSG_NEWCHAIN, unix.NLM_F_CREATE)
	r.str(unix.NFTA_CHAIN_TABLE, r.table)
	r.str(unix.NFTA_CHAIN_NAME, chainName)
	hook := r.nest(unix.NFTA_CHAIN_HOOK)
	r.be32(unix.NFTA_HOOK_HOOKNUM, ingress)
	r.be32(unix.NFTA_HOOK_PRIORITY, uint32(prio))
	r.str(unix.NFTA_HOOK_DEV, device)
	r.end(hook)
	r.be32(unix.NFTA_CHAIN_POLICY, accept)
	r.str(unix.NFTA_CHAIN_TYPE, "filter")
}

// newClass makes the pair of sets and the rule of lease class n.
func (r *ruleset) newClass(n int) {
	r.newSet(activeSet(n), keyEther, 6, 0, uint32(2*n+1))
	r.newSet(aliveSet(n), keyIfindex, 4, unix.NFT_SET_TIMEOUT, uint32(2*n+2))
	r.newRule(activeSet(n), aliveSet(n))
}

func (r *ruleset) newSet(name string, key, size, flags, id uint32) {
	r.message(unix.NFT_MSG_NEWSET, unix.NLM_F_CREATE)
	r.str(unix.NFTA_SET_TABLE, r.table)
	r.str(unix.NFTA_SET_NAME, name)
	r.be32(unix.NFTA_SET_FLAGS, flags)
	r.be32(unix.NFTA_SET_KEY_TYPE, key)
	r.be32(unix.NFTA_SET_KEY_LEN, size)
	r.be32(unix.NFTA_SET_ID, id)
}

func (r *ruleset) newRule(active, alive string) {
	const etherDestination, etherLen = 0, 6
	r.message(unix.NFT_MSG_NEWRULE, unix.NLM_F_CREATE|unix.NLM_F_APPEND)
	r.str(unix.NFTA_RULE_TABLE, r.table)
	r.str(unix.NFTA_RULE_CHAIN, chainName)
	list := r.nest(unix.NFTA_RULE_EXPRESSIONS)
	r.expr("payload", func() {
		r.be32(unix.NFTA_PAYLOAD_DREG, unix.NFT_REG_1)
		r.be32(unix.NFTA_PAYLOAD_BASE, unix.NFT_PAYLOAD_LL_HEADER)
		r.be32(unix.NFTA_PAYLOAD_OFFSET, etherDestination)
		r.be32(unix.NFTA_PAYLOAD_LEN, etherLen)
	})
	r.lookup(active)
	r.expr("meta", func() {
		r.be32(unix.NFTA_META_DREG, unix.NFT_REG_1)
		r.be32(unix.NFTA_META_KEY, unix.NFT_META_IIF)
	})
	r.lookup(alive)
	r.setPktType(unix.PACKET_HOST)
	r.end(list)
}

func (r *ruleset) lookup(set string) {
	r.expr("lookup", func() {
		r.str(unix.NFTA_LOOKUP_SET, set)
		r.be32(unix.NFTA_LOOKUP_SREG, unix.NFT_REG_1)
	})
}

func (r *ruleset) setPktType(typ byte) {
	r.expr("immediate", func() {
		r.be32(unix.NFTA_IMMEDIATE_DREG, unix.NFT_REG_1)
		data := r.nest(unix.NFTA_IMMEDIATE_DATA)
		r.attr(unix.NFTA_DATA_VALUE, []byte{typ, 0, 0, 0})
		r.end(data)
	})
	r.expr("meta", func() {
		r.be32(unix.NFTA_META_KEY, unix.NFT_META_PKTTYPE)
		r.be32(unix.NFTA_META_SREG, unix.NFT_REG_1)
	})
}

func (r *ruleset) expr(name string, fields func()) {
	elem := r.nest(unix.NFTA_LIST_ELEM)
	r.str(unix.NFTA_EXPR_NAME, name)
	data := r.nest(unix.NFTA_EXPR_DATA)
	fields()
	r.end(data)
	r.end(elem)
}

// macs adds MACs to a set, or deletes them from it.
func (r *ruleset) macs(typ uint16, set string, macs [][6]byte) {
	for len(macs) > 0 {
		n := min(len(macs), elementsPerMessage)
		list := r.elements(typ, set)
		for i := range macs[:n] {
			elem := r.key(macs[i][:])
			r.end(elem)
		}
		r.end(list)
		macs = macs[n:]
	}
}

// alive adds the interface to a set, for lease milliseconds, or for ever when
// lease is zero.
func (r *ruleset) alive(set string, ifindex []byte, lease uint64) {
	list := r.elements(unix.NFT_MSG_NEWSETELEM, set)
	elem := r.key(ifindex)
	if lease > 0 {
		r.be64(unix.NFTA_SET_ELEM_TIMEOUT, lease)
	}
	r.end(elem)
	r.end(list)
}

// notAlive deletes the interface from a set and returns the message's index:
// the kernel refuses it with ENOENT when the lease has run out.
func (r *ruleset) notAlive(set string, ifindex []byte) int {
	list := r.elements(unix.NFT_MSG_DELSETELEM, set)
	r.end(r.key(ifindex))
	r.end(list)
	return r.n - 1
}

// flush empties a set; it never fails for want of elements.
func (r *ruleset) flush(set string) {
	r.message(unix.NFT_MSG_DELSETELEM, 0)
	r.str(unix.NFTA_SET_ELEM_LIST_TABLE, r.table)
	r.str(unix.NFTA_SET_ELEM_LIST_SET, set)
}

func (r *ruleset) elements(typ uint16, set string) (list int) {
	var flags uint16
	if typ == unix.NFT_MSG_NEWSETELEM {
		flags = unix.NLM_F_CREATE
	}
	r.message(typ, flags)
	r.str(unix.NFTA_SET_ELEM_LIST_TABLE, r.table)
	r.str(unix.NFTA_SET_ELEM_LIST_SET, set)
	return r.nest(unix.NFTA_SET_ELEM_LIST_ELEMENTS)
}

func (r *ruleset) key(v []byte) (elem int) {
	elem = r.nest(unix.NFTA_LIST_ELEM)
	key := r.nest(unix.NFTA_SET_ELEM_KEY)
	r.attr(unix.NFTA_DATA_VALUE, v)
	r.end(key)
	return elem
}
