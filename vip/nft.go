package vip

import (
	"slices"

	"golang.org/x/sys/unix"
)

// Table flags of nf_tables; golang.org/x/sys has only the mask.
const (
	tableOwner   = 2 // nobody else may change it (5.12)
	tablePersist = 4 // it outlives its owner, and the next may adopt it (6.9)
)

// Key types as the nft tool numbers them; the kernel only stores them.
const (
	keyIPv4    = 7
	keyIPv6    = 8
	keyEther   = 9
	keyIfindex = 20
)

const (
	chainName       = "in"
	ingressPriority = -300
	// elementsPerMessage keeps a list below the 64 KiB an attribute can hold.
	elementsPerMessage = 2000
)

// ruleset builds the nf_tables messages for one table of family netdev. The
// library github.com/google/nftables v0.3.0 would not do: it sends table flags of
// zero whatever Table.Flags says, so that its tables can neither have an owner nor
// persist without one.
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
// The MAC is looked up first, which saves other traffic the second test. Nothing is
// forwarded without the table: its rules only admit, except for those about
// addresses (see elementKind), which are there once a router needs them.
type ruleset struct {
	batch
	table     string
	addresses bool // with the sets and rules about addresses
}

func tableName(name string) string { return "fhrpd-" + name }

// beginTransaction starts a transaction.
func (r *ruleset) beginTransaction() {
	r.reset()
	r.begin(unix.NFNL_MSG_BATCH_BEGIN, 0)
	r.raw(unix.AF_UNSPEC, 0, 0, unix.NFNL_SUBSYS_NFTABLES)
}

// endTransaction asks for one answer, to the last change of the transaction.
func (r *ruleset) endTransaction() {
	r.ack()
	r.begin(unix.NFNL_MSG_BATCH_END, 0)
	r.raw(unix.AF_UNSPEC, 0, 0, unix.NFNL_SUBSYS_NFTABLES)
}

func (r *ruleset) message(typ, flags uint16) {
	r.begin(unix.NFNL_SUBSYS_NFTABLES<<8|typ, flags)
	r.raw(unix.NFPROTO_NETDEV, 0, 0, 0)
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

// newLeaseClass makes the sets and the rules of a lease class.
func (r *ruleset) newLeaseClass(c *leaseClass) {
	id := uint32(c.number)*uint32(elementKinds+1) + 1
	r.newSet(c.alive, keyIfindex, 4, unix.NFT_SET_TIMEOUT, id)
	for k := range r.kinds() {
		spec := &elementSpecs[k]
		id++
		r.newSet(c.sets[k], spec.typ, spec.size, 0, id)
		r.newRule(k, c.sets[k], c.alive)
	}
}

// kinds returns how many kinds, from the first, the table has sets for.
func (r *ruleset) kinds() elementKind {
	if r.addresses {
		return elementKinds
	}
	return elementMAC + 1
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

// newRule makes the rule of a set, which does what the kind is for while the lease
// runs.
func (r *ruleset) newRule(k elementKind, set, alive string) {
	spec := &elementSpecs[k]
	r.message(unix.NFT_MSG_NEWRULE, unix.NLM_F_CREATE|unix.NLM_F_APPEND)
	r.str(unix.NFTA_RULE_TABLE, r.table)
	r.str(unix.NFTA_RULE_CHAIN, chainName)
	list := r.nest(unix.NFTA_RULE_EXPRESSIONS)
	for _, m := range spec.match {
		r.load(m.base, m.offset, uint32(len(m.value)))
		r.equal(m.value)
	}
	r.load(spec.base, spec.offset, spec.size)
	r.lookup(set)
	r.expr("meta", func() {
		r.be32(unix.NFTA_META_DREG, unix.NFT_REG_1)
		r.be32(unix.NFTA_META_KEY, unix.NFT_META_IIF)
	})
	r.lookup(alive)
	if k == elementMAC {
		r.setPktType(unix.PACKET_HOST)
	} else {
		r.drop()
	}
	r.end(list)
}

// load reads a piece of the packet.
func (r *ruleset) load(base, offset, size uint32) {
	r.expr("payload", func() {
		r.be32(unix.NFTA_PAYLOAD_DREG, unix.NFT_REG_1)
		r.be32(unix.NFTA_PAYLOAD_BASE, base)
		r.be32(unix.NFTA_PAYLOAD_OFFSET, offset)
		r.be32(unix.NFTA_PAYLOAD_LEN, size)
	})
}

// equal goes on with the rule if what was read last has this value.
func (r *ruleset) equal(value string) {
	r.expr("cmp", func() {
		r.be32(unix.NFTA_CMP_SREG, unix.NFT_REG_1)
		r.be32(unix.NFTA_CMP_OP, unix.NFT_CMP_EQ)
		r.value(unix.NFTA_CMP_DATA, []byte(value))
	})
}

func (r *ruleset) drop() {
	const verdictDrop = 0 // NF_DROP
	r.expr("immediate", func() {
		r.be32(unix.NFTA_IMMEDIATE_DREG, unix.NFT_REG_VERDICT)
		data := r.nest(unix.NFTA_IMMEDIATE_DATA)
		verdict := r.nest(unix.NFTA_DATA_VERDICT)
		r.be32(unix.NFTA_VERDICT_CODE, verdictDrop)
		r.end(verdict)
		r.end(data)
	})
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
		r.value(unix.NFTA_IMMEDIATE_DATA, []byte{typ, 0, 0, 0})
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

// change adds elements of one kind to their set, or deletes them from it.
func (r *ruleset) change(typ uint16, set string, k elementKind, elements []element) {
	for chunk := range slices.Chunk(elements, elementsPerMessage) {
		list := r.elements(typ, set)
		for i := range chunk {
			r.end(r.key(chunk[i].key[:elementSpecs[k].size]))
		}
		r.end(list)
	}
}

// addAlive adds the interface to a set, for lease milliseconds, or for ever when
// lease is zero.
func (r *ruleset) addAlive(set string, ifindex []byte, lease uint64) {
	list := r.elements(unix.NFT_MSG_NEWSETELEM, set)
	elem := r.key(ifindex)
	if lease > 0 {
		r.be64(unix.NFTA_SET_ELEM_TIMEOUT, lease)
	}
	r.end(elem)
	r.end(list)
}

// deleteAlive deletes the interface from a set and returns the message's index:
// the kernel refuses it with ENOENT when the lease has run out.
func (r *ruleset) deleteAlive(set string, ifindex []byte) int {
	list := r.elements(unix.NFT_MSG_DELSETELEM, set)
	r.end(r.key(ifindex))
	r.end(list)
	return r.n - 1
}

// flush empties a set, which may be empty already.
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
	r.value(unix.NFTA_SET_ELEM_KEY, v)
	return elem
}

// value appends an attribute that holds the content of a register or a key.
func (r *ruleset) value(typ uint16, v []byte) {
	data := r.nest(typ)
	r.attr(unix.NFTA_DATA_VALUE, v)
	r.end(data)
}
