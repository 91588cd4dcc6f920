package vip

import (
	"encoding/binary"
	"slices"

	"golang.org/x/sys/unix"
)

// Table flags of nf_tables; golang.org/x/sys has only the mask.
const (
	tableOwner   = 2 // nobody else may change it (5.12)
	tablePersist = 4 // it outlives its owner, and the next may adopt it (6.9)
)

const (
	ingressChain    = "in"
	egressChain     = "out"
	hookIngress     = unix.NF_NETDEV_INGRESS
	hookEgress      = unix.NF_NETDEV_EGRESS
	ingressPriority = -300
	// elementsPerMessage keeps a list below the 64 KiB an attribute can hold.
	elementsPerMessage = 1000
)

// ruleset builds the nf_tables messages for one table of family netdev. The
// library github.com/google/nftables v0.3.0 would not do: it sends table flags of
// zero whatever Table.Flags says, so that its tables can neither have an owner nor
// persist without one.
//
//	table netdev fhrpd-eth0 {
//		set copy     { type iface_index; elements = { "eth0" }; }
//		set alive_0  { type iface_index; flags timeout; }
//		set active_0 { type ether_addr; }
//		chain in {
//			type filter hook ingress device "eth0" priority -300;
//			meta pkttype other ether daddr @active_0 iif @alive_0 iif != @copy meta pkttype set host
//		}
//	}
//
// What comes to the interface's own MAC is not looked up at all, and the MAC
// before the lease, which saves other traffic the second test. Nothing is
// forwarded without the table: its rules only admit, except for those about
// addresses (see elementKind), which are there once a router needs them.
type ruleset struct {
	batch     `state:"of one transaction"`
	table     string
	remember  string // the table's comment
	addresses bool   // with the sets and rules about addresses
	egress    bool   // the kernel shows what leaves (5.16)
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
	if r.remember != "" {
		r.attr(tableUserdata, tableComment(r.remember))
	}
}

func (r *ruleset) delTable() {
	r.message(unix.NFT_MSG_DELTABLE, 0)
	r.str(unix.NFTA_TABLE_NAME, r.table)
}

// newChains makes the chain that sees what comes in, and the one for what leaves
// where the table needs it.
func (r *ruleset) newChains(device string) {
	r.newChain(ingressChain, hookIngress, ingressPriority, device)
	if r.addresses && r.egress {
		r.newChain(egressChain, hookEgress, 0, device)
	}
}

func (r *ruleset) newChain(name string, hooknum uint32, priority int32, device string) {
	const accept = 1
	r.message(unix.NFT_MSG_NEWCHAIN, unix.NLM_F_CREATE)
	r.str(unix.NFTA_CHAIN_TABLE, r.table)
	r.str(unix.NFTA_CHAIN_NAME, name)
	hook := r.nest(unix.NFTA_CHAIN_HOOK)
	r.be32(unix.NFTA_HOOK_HOOKNUM, hooknum)
	r.be32(unix.NFTA_HOOK_PRIORITY, uint32(priority))
	r.str(unix.NFTA_HOOK_DEV, device)
	r.end(hook)
	r.be32(unix.NFTA_CHAIN_POLICY, accept)
	r.str(unix.NFTA_CHAIN_TYPE, "filter")
}

// copySet holds the interface in an order of bytes in which the rules do not find
// it. The nft tool prints the interface's name, and where it loads its print again
// it writes the order in which they do. So the rules of a copy of the table do
// nothing. They would forward for the rest of a lease otherwise, or for ever where
// it has no end.
const copySet = "copy"

// newCopySet makes the set. It stays empty where both orders are one.
func (r *ruleset) newCopySet(ifindex [4]byte) {
	r.newSet(copySet, keyCopied, 0, 1)
	var other [4]byte
	binary.BigEndian.PutUint32(other[:], binary.NativeEndian.Uint32(ifindex[:]))
	if other == ifindex {
		return
	}
	list := r.elements(unix.NFT_MSG_NEWSETELEM, copySet)
	r.end(r.key(other[:]))
	r.end(list)
}

// newLeaseClass makes the sets and the rules of a lease class.
func (r *ruleset) newLeaseClass(c *leaseClass) {
	id := uint32(c.number+1)*uint32(elementKinds+1) + 1
	r.newSet(c.alive, keyIfindex, unix.NFT_SET_TIMEOUT, id)
	for k := range r.kinds() {
		spec := &elementSpecs[k]
		id++
		r.newSet(c.names[k], spec.keys, spec.flags(), id)
		r.newRule(&spec.rule, c.names[k], c.alive)
	}
}

// newStanding makes the sets and the rules that hold whether a lease runs or not.
func (r *ruleset) newStanding() {
	if !r.addresses || !r.egress {
		return
	}
	for k := leasedKinds; k < elementKinds; k++ {
		spec := &elementSpecs[k]
		r.newSet(spec.name, spec.keys, spec.flags(), uint32(k)+1)
	}
	for _, s := range standingRules {
		r.newRule(&s.rule, elementSpecs[s.about].name, "")
	}
}

// kinds returns how many kinds, from the first, the table has leased sets for.
// elementProxy is about what leaves.
func (r *ruleset) kinds() elementKind {
	switch {
	case !r.addresses:
		return elementMAC + 1
	case !r.egress:
		return elementProxy
	}
	return leasedKinds
}

func (r *ruleset) newSet(name string, keys keyType, flags, id uint32) {
	r.message(unix.NFT_MSG_NEWSET, unix.NLM_F_CREATE)
	r.str(unix.NFTA_SET_TABLE, r.table)
	r.str(unix.NFTA_SET_NAME, name)
	r.be32(unix.NFTA_SET_FLAGS, flags)
	r.be32(unix.NFTA_SET_KEY_TYPE, keys.number)
	r.be32(unix.NFTA_SET_KEY_LEN, keys.size)
	if keys.data != nil {
		r.be32(unix.NFTA_SET_DATA_TYPE, keys.dataNumber)
		r.be32(unix.NFTA_SET_DATA_LEN, keys.data.size)
	}
	r.be32(unix.NFTA_SET_ID, id)
	r.attr(unix.NFTA_SET_USERDATA, keys.userData())
}

// change adds elements of one kind to their set, or deletes them from it.
func (r *ruleset) change(typ uint16, set string, k elementKind, elements []element) {
	for chunk := range slices.Chunk(elements, elementsPerMessage) {
		list := r.elements(typ, set)
		for i := range chunk {
			elem := r.key(chunk[i].key[:elementSpecs[k].keys.size])
			if data := elementSpecs[k].keys.data; data != nil && typ == unix.NFT_MSG_NEWSETELEM {
				r.value(unix.NFTA_SET_ELEM_DATA, chunk[i].data[:data.size])
			}
			r.end(elem)
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
