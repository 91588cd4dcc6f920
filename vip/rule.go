package vip

import "golang.org/x/sys/unix"

// rule is a rule of the chain as a value. It comes out as the nft tool would have
// made it, which prints what it knows by name and reads its own print again. The
// tests stand in an order that is cheap for all the other traffic.
type rule struct {
	chain string
	first bool   // before those that the chain has
	tests []test // what a packet is
	key   field  // what of it is looked up in the rule's set
	last  []test // what is tested when the key was found
	lease phase  // in which the rule does something
	then  verdict
	what  []field // that are rewritten, the key last
}

// phase is when a rule does something.
type phase int

const (
	always phase = iota
	whileAlive
	onceOver // the lease has run out
)

// verdict is what happens to the packets of a rule.
type verdict int

const (
	admit verdict = iota // they are for this host
	drop
	rewrite // a field of theirs becomes what the rule's map has for the key
)

// field is a piece of a packet, or what the kernel knows of it.
type field struct {
	meta         bool
	base, offset uint32 // of a piece; the kernel's key in base otherwise
	size         uint32 // bytes
	desc, number uint32 // of a piece that nft notes by name: its header and its place among the fields of that
}

// test asks for the value of a field.
type test struct {
	field
	value    string
	unless   bool   // it has another value
	unlessIn string // or none of this set
}

func payload(base, offset, size uint32) field {
	return field{base: base, offset: offset, size: size}
}

func meta(key, size uint32) field { return field{meta: true, base: key, size: size} }

func (f field) is(value string) test    { return test{field: f, value: value} }
func (f field) isNot(value string) test { return test{field: f, value: value, unless: true} }
func (f field) notIn(set string) test   { return test{field: f, unlessIn: set} }

// Fields by the names that nft has for them.
var (
	pktType   = meta(unix.NFT_META_PKTTYPE, 1)
	iifType   = meta(unix.NFT_META_IIFTYPE, 2)
	iif       = meta(unix.NFT_META_IIF, 4)
	oif       = meta(unix.NFT_META_OIF, 4)
	protocol  = meta(unix.NFT_META_PROTOCOL, 2)
	l4proto   = meta(unix.NFT_META_L4PROTO, 1)
	etherDst  = payload(unix.NFT_PAYLOAD_LL_HEADER, 0, 6)
	etherSrc  = payload(unix.NFT_PAYLOAD_LL_HEADER, 6, 6)
	etherType = payload(unix.NFT_PAYLOAD_LL_HEADER, 12, 2)
	arpOp     = payload(unix.NFT_PAYLOAD_NETWORK_HEADER, 6, 2)
	arpMAC    = payload(unix.NFT_PAYLOAD_NETWORK_HEADER, 8, 6) // the sender's
	arpSender = payload(unix.NFT_PAYLOAD_NETWORK_HEADER, 14, 4)
	arpTarget = payload(unix.NFT_PAYLOAD_NETWORK_HEADER, 24, 4)
	ipDst     = payload(unix.NFT_PAYLOAD_NETWORK_HEADER, 16, 4)
	ip6Src    = field{base: unix.NFT_PAYLOAD_NETWORK_HEADER, offset: 8, size: 16, desc: 13, number: 8}
	ip6Dst    = payload(unix.NFT_PAYLOAD_NETWORK_HEADER, 24, 16)
	icmp6Type = payload(unix.NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1)
	ndTarget  = payload(unix.NFT_PAYLOAD_NETWORK_HEADER, 40+8, 16)  // see keyND
	ndSource  = payload(unix.NFT_PAYLOAD_TRANSPORT_HEADER, 24+2, 6) // link-layer address, in the only option of the kernel's solicitations
)

// Tests that the rules share. isARP and isIPv6 are quick, but take a frame whose
// VLAN tag was taken off for what is in it.
var (
	isForOthers    = pktType.is("\x03") // PACKET_OTHERHOST: to a MAC that is not the interface's
	onEthernet     = iifType.is(host16(unix.ARPHRD_ETHER))
	isARP          = protocol.is("\x08\x06")
	isRequest      = arpOp.is("\x00\x01")
	isReply        = arpOp.is("\x00\x02")
	toOne          = etherDst.isNot("\xff\xff\xff\xff\xff\xff")
	unforged       = etherSrc.notIn(macsName) // not from a virtual MAC
	isIPv4         = protocol.is("\x08\x00")
	isIPv6         = protocol.is("\x86\xdd")
	isICMPv6       = l4proto.is("\x3a")
	isSolicitation = icmp6Type.is("\x87")
	isAdvertised   = icmp6Type.is("\x88")
	isRouterAdvert = icmp6Type.is("\x86")
)

// untagged looks at the frame itself, which still has its tag.
func untagged(protocol test) []test { return []test{onEthernet, etherType.is(protocol.value)} }

// keyType is the type of a set's keys as the nft tool numbers it; the kernel only
// stores that.
type keyType struct {
	number, size uint32
	order        uint32 // of the bytes
	like         *field // what the keys are, for a type without a number and for a map
	data         *field // what a map has for a key
	dataNumber   uint32 // and the number of that type
}

const keyInteger = 4 // of a type without a name

const (
	hostOrder    = 1
	networkOrder = 2
)

var (
	keyIPv4    = keyType{number: 7, size: 4, order: networkOrder}
	keyIPv6    = keyType{number: 8, size: 16, order: networkOrder}
	keyEther   = keyType{number: 9, size: 6, order: networkOrder}
	keyIfindex = keyType{number: 20, size: 4, order: hostOrder}
	keyCopied  = keyType{number: 20, size: 4, order: networkOrder}
	// keyND is an integer that has the target's place. nft 1.0.6 does not know the
	// target of a solicitation by name: it prints the place, and does not read that
	// again with a set of addresses.
	keyND = keyType{number: keyInteger, size: 16, order: networkOrder, like: &ndTarget}
	// mapND is from virtual addresses to their MACs.
	mapND = keyType{8, 16, networkOrder, &ip6Src, &ndSource, keyInteger}
	// mapIPv6 is from virtual addresses to the host's own.
	mapIPv6 = keyType{8, 16, networkOrder, &ip6Src, &ip6Src, 8}
	// mapEther is from the interface's MAC to a virtual one.
	mapEther = keyType{number: 9, size: 6, order: networkOrder, data: &etherSrc, dataNumber: 9}
)

// newRule makes a rule about a set. alive is the set of its lease.
func (r *ruleset) newRule(rl *rule, set, alive string) {
	flags := uint16(unix.NLM_F_CREATE)
	if !rl.first {
		flags |= unix.NLM_F_APPEND
	}
	r.message(unix.NFT_MSG_NEWRULE, flags)
	r.str(unix.NFTA_RULE_TABLE, r.table)
	r.str(unix.NFTA_RULE_CHAIN, rl.chain)
	device := iif
	if rl.chain == egressChain {
		device = oif // the other is none there
	}
	list := r.nest(unix.NFTA_RULE_EXPRESSIONS)
	r.tests(rl.tests)
	if rl.lease == onceOver {
		r.load(device)
		r.lookup(alive, unlessFound)
	}
	if rl.then != rewrite {
		r.load(rl.key)
		r.lookup(set, ifFound)
	}
	r.tests(rl.last)
	r.load(device)
	if rl.lease == whileAlive {
		r.lookup(alive, ifFound)
	}
	r.lookup(copySet, unlessFound)
	switch rl.then {
	case admit:
		r.setPktType(unix.PACKET_HOST)
	case drop:
		r.drop()
	case rewrite:
		for _, f := range rl.what {
			r.rewrite(rl.key, set, f)
		}
	}
	r.end(list)
}

func (r *ruleset) tests(list []test) {
	for _, t := range list {
		r.load(t.field)
		if t.unlessIn != "" {
			r.lookup(t.unlessIn, unlessFound)
		} else {
			r.compare(t.value, t.unless)
		}
	}
}

// load reads a field.
func (r *ruleset) load(f field) {
	if f.meta {
		r.expr("meta", func() {
			r.be32(unix.NFTA_META_DREG, unix.NFT_REG_1)
			r.be32(unix.NFTA_META_KEY, f.base)
		})
		return
	}
	r.expr("payload", func() {
		r.be32(unix.NFTA_PAYLOAD_DREG, unix.NFT_REG_1)
		r.be32(unix.NFTA_PAYLOAD_BASE, f.base)
		r.be32(unix.NFTA_PAYLOAD_OFFSET, f.offset)
		r.be32(unix.NFTA_PAYLOAD_LEN, f.size)
	})
}

// compare goes on with the rule if what was read last has this value, or unless.
func (r *ruleset) compare(value string, unless bool) {
	op := uint32(unix.NFT_CMP_EQ)
	if unless {
		op = unix.NFT_CMP_NEQ
	}
	r.expr("cmp", func() {
		r.be32(unix.NFTA_CMP_SREG, unix.NFT_REG_1)
		r.be32(unix.NFTA_CMP_OP, op)
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

// The ways to look a key up.
const (
	ifFound     = 0
	unlessFound = unix.NFT_LOOKUP_F_INV
)

func (r *ruleset) lookup(set string, flags uint32) {
	r.expr("lookup", func() {
		r.str(unix.NFTA_LOOKUP_SET, set)
		r.be32(unix.NFTA_LOOKUP_SREG, unix.NFT_REG_1)
		if flags != 0 {
			r.be32(unix.NFTA_LOOKUP_FLAGS, flags)
		}
	})
}

// rewrite writes what the map has for the key into a field, and puts the checksum of
// an ICMPv6 message right.
func (r *ruleset) rewrite(key field, set string, what field) {
	const checksumAt = 2
	r.load(key)
	r.expr("lookup", func() {
		r.str(unix.NFTA_LOOKUP_SET, set)
		r.be32(unix.NFTA_LOOKUP_SREG, unix.NFT_REG_1)
		r.be32(unix.NFTA_LOOKUP_DREG, unix.NFT_REG_1)
	})
	r.expr("payload", func() {
		r.be32(unix.NFTA_PAYLOAD_SREG, unix.NFT_REG_1)
		r.be32(unix.NFTA_PAYLOAD_BASE, what.base)
		r.be32(unix.NFTA_PAYLOAD_OFFSET, what.offset)
		r.be32(unix.NFTA_PAYLOAD_LEN, what.size)
		switch what {
		case ndSource:
			r.be32(unix.NFTA_PAYLOAD_CSUM_TYPE, unix.NFT_PAYLOAD_CSUM_INET)
			r.be32(unix.NFTA_PAYLOAD_CSUM_OFFSET, checksumAt)
		case ip6Src:
			r.be32(unix.NFTA_PAYLOAD_CSUM_FLAGS, unix.NFT_PAYLOAD_L4CSUM_PSEUDOHDR)
		}
	})
}

func (r *ruleset) setPktType(typ byte) {
	r.expr("immediate", func() {
		r.be32(unix.NFTA_IMMEDIATE_DREG, unix.NFT_REG_1)
		r.value(unix.NFTA_IMMEDIATE_DATA, []byte{typ})
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

// Notes of the nft tool on the keys of a set, which the kernel keeps for it.
const (
	noteByteOrder    = 0
	noteDataOrder    = 1
	noteTypeOf       = 3
	noteDataTypeOf   = 4
	noteDataInterval = 6
	noteTypeExpr     = 0 // in what a type is like: the kind of expression
	noteTypeData     = 1 // and what the kind needs
	exprPayload      = 7
)

// userData returns what nft notes of a set with keys of this type. Without it nft
// prints numbers in place of names, and in the wrong order.
func (k keyType) userData() []byte {
	notes := note32(nil, noteByteOrder, k.order)
	if k.data != nil {
		notes = note32(notes, noteDataOrder, networkOrder)
	}
	if k.like != nil {
		notes = noteBytes(notes, noteTypeOf, k.like.note())
	}
	if k.data != nil && k.like != nil {
		notes = noteBytes(notes, noteDataTypeOf, k.data.note())
	}
	if k.data != nil {
		notes = note32(notes, noteDataInterval, 0)
	}
	return notes
}

// note returns what nft notes of a field. It counts bases from one.
func (f *field) note() []byte {
	what := []uint32{f.desc, f.number, f.base + 1, f.offset * 8, f.size * 8}
	if f.desc != 0 {
		what = what[:2]
	}
	var data []byte
	for n, v := range what {
		data = note32(data, byte(n), v)
	}
	return noteBytes(note32(nil, noteTypeExpr, exprPayload), noteTypeData, data)
}
