package hello

import "net/netip"

// HSRPPacket is a received UDP payload of HSRP. Parse fills it, Verify checks
// its authentication.
type HSRPPacket struct {
	HSRP        HSRP      // when not IsAdvertise
	Advertise   Advertise // when IsAdvertise
	IsAdvertise bool

	text   int     // offset of the 8 bytes of text, 0 = none
	md5    int     // offset of the MD5 TLV, 0 = none
	sender [4]byte // of the MD5 TLV; zeros = not given
}

// Parse reads a payload of version 1 (RFC 2281 section 5.1, first byte 0) or of
// version 2 (a sequence of TLVs). On failure the error is a Reject and p keeps
// its value. In version 1 bytes after the message are ignored, except for the
// MD5 TLV. In version 2 unknown TLVs are skipped, and known ones may occur once.
// Parse checks neither the authentication nor the relation of the timers: see
// Verify and HSRP.SaneTimers.
func (p *HSRPPacket) Parse(payload []byte) error {
	var q HSRPPacket
	if err := q.parse(payload); err != nil {
		return err
	}
	*p = q
	return nil
}

func (p *HSRPPacket) parse(b []byte) error {
	switch {
	case len(b) < tlvHeader:
		return RejectShort
	case b[0] != 0:
		return p.parse2(b)
	case Op(b[1]) == OpAdvertise:
		return p.parseAdvertise1(b)
	}
	return p.parse1(b)
}

func (p *HSRPPacket) parse1(b []byte) error {
	if len(b) < hsrp1Size {
		return RejectShort
	}
	state := hsrp1State(b[2])
	if Op(b[1]) > OpResign || state == 0 {
		return RejectType
	}
	if tail := b[hsrp1Size:]; len(tail) >= tlvHeader && tail[0] == tlvMD5 && tail[1] == md5Len {
		if len(tail) < tlvHeader+md5Len {
			return RejectLength
		}
		p.setMD5(b, hsrp1Size)
	} else {
		p.text = hsrp1TextAt
	}
	p.HSRP = HSRP{
		Version:   1,
		Op:        Op(b[1]),
		State:     state,
		Family:    IPv4,
		Group:     uint16(b[6]),
		Priority:  b[5],
		HelloTime: wholeSeconds(b[3]),
		HoldTime:  wholeSeconds(b[4]),
		VirtualIP: netip.AddrFrom4([4]byte(b[hsrp1VIPAt:hsrp1Size])),
	}
	return nil
}

// setMD5 notes the MD5 TLV at offset at of b.
func (p *HSRPPacket) setMD5(b []byte, at int) {
	p.md5, p.sender = at, [4]byte(b[at+md5SenderAt:])
}

func (p *HSRPPacket) parseAdvertise1(b []byte) error {
	if len(b) < advertise1Size {
		return RejectShort
	}
	state := InterfaceState(b[6])
	switch {
	case be.Uint16(b[2:]) != advertise1Type:
		return RejectType
	case be.Uint16(b[4:]) != advertise1Len:
		return RejectLength
	case state < Dormant || state > ActiveInterface:
		return RejectType
	}
	p.IsAdvertise = true
	p.Advertise = Advertise{Version: 1, State: state, Active: be.Uint16(b[8:]), Passive: be.Uint16(b[10:])}
	return nil
}

// parse2 walks the TLVs first, so that all lengths are right before it reads a
// value.
func (p *HSRPPacket) parse2(b []byte) error {
	var at [len(tlvSizes)]int // offset of each known TLV's value
	for rest := b; len(rest) > 0; {
		typ, value, next, err := tlv(rest)
		if err != nil {
			return err
		}
		if size := tlvSize(typ); size > 0 {
			if len(value) != size || at[typ] != 0 {
				return RejectLength
			}
			at[typ] = len(b) - len(rest) + tlvHeader
		}
		rest = next
	}
	p.text = at[tlvText]
	if at[tlvMD5] != 0 {
		p.setMD5(b, at[tlvMD5]-tlvHeader)
	}
	switch {
	case at[tlvGroupState] != 0:
		return p.parseGroupState([groupStateLen]byte(b[at[tlvGroupState]:]))
	case at[tlvInterfaceState] != 0:
		p.parseInterfaceState(b[at[tlvInterfaceState]:])
		return nil
	}
	return RejectType
}

func (p *HSRPPacket) parseGroupState(v [groupStateLen]byte) error {
	op, state, family, group := Op(v[1]), HSRPState(v[2]), Family(v[3]), be.Uint16(v[4:])
	switch {
	case v[0] != 2:
		return RejectVersion
	case op > OpResign || state < Initial || state > Active:
		return RejectType
	case group > MaxGroupV2:
		return RejectGroup
	case family != IPv4 && family != IPv6:
		return RejectAddresses
	}
	vip := netip.AddrFrom16([16]byte(v[24:40]))
	if family == IPv4 {
		vip = netip.AddrFrom4([4]byte(v[24:28])) // what follows may be junk
	}
	p.HSRP = HSRP{
		Version:    2,
		Op:         op,
		State:      state,
		Family:     family,
		Group:      group,
		Identifier: MAC(v[6:12]),
		// 32 bits on the wire, of which Cisco's MIB allows 0 to 255.
		Priority:  uint8(min(be.Uint32(v[12:]), 255)),
		HelloTime: hsrp2Time(be.Uint32(v[16:])),
		HoldTime:  hsrp2Time(be.Uint32(v[20:])),
		VirtualIP: vip,
	}
	return nil
}

func (p *HSRPPacket) parseInterfaceState(v []byte) {
	active, passive := be.Uint16(v), be.Uint16(v[2:])
	p.IsAdvertise = true
	p.Advertise = Advertise{Version: 2, State: interfaceState(active, passive), Active: active, Passive: passive}
}

// Match checks a parsed packet against the frame it came in: RejectAddresses
// when its family is not that of the frame, RejectVersion when its version is
// not the one that is sent to the frame's destination, RejectSource when the
// sender that an MD5 digest covers is not the frame's source. Without the last
// check the active router's own Hellos, sent back from a higher address, would
// take the role from it. A sender of zeros passes.
func (p *HSRPPacket) Match(e *Envelope) error {
	version, family := p.HSRP.Version, p.HSRP.Family
	if p.IsAdvertise {
		version, family = p.Advertise.Version, FamilyOf(e.Src)
	}
	switch {
	case family != FamilyOf(e.Src):
		return RejectAddresses
	case e.Dst != GroupAddr(ProtocolHSRP, version, family) || version == 1 && family == IPv6:
		return RejectVersion
	case p.sender != [4]byte{} && p.sender != low32(e.Src):
		return RejectSource
	}
	return nil
}

// low32 returns the low 32 bits of an address, which are all of an IPv4 one.
func low32(a netip.Addr) [4]byte {
	b := a.As16()
	return [4]byte(b[12:])
}

// Verify checks the authentication of the payload that p was parsed from. The
// error is RejectAuthType when the packet uses another scheme than a, and
// RejectAuth when the text, the key or its number is another. A nil a is the
// default of the zero Auth. Advertise messages carry no authentication.
func (p *HSRPPacket) Verify(payload []byte, a *Auth) error {
	s := a.orDefault()
	switch {
	case p.IsAdvertise:
		return nil
	case p.md5 != 0:
		return s.verifyMD5(payload, p.md5)
	case p.text != 0:
		return s.verifyText(payload[p.text : p.text+MaxTextAuth])
	}
	return RejectAuthType
}

// KeyID returns the number of the key that has signed the payload that p was parsed
// from; ok is false without an MD5 digest.
func (p *HSRPPacket) KeyID(payload []byte) (id uint32, ok bool) {
	if p.md5 == 0 {
		return 0, false
	}
	return be.Uint32(payload[p.md5+md5KeyIDAt:]), true
}

// SaneTimers reports whether the hold time exceeds the hello time, which RFC 2281
// section 5.1 demands of a Hello. Times that are not carried, and those of other
// messages, are sane. A message without sane timers is still to be heard: its
// router is there.
func (m *HSRP) SaneTimers() bool {
	return m.Op != OpHello || m.HelloTime == 0 || m.HoldTime == 0 || m.HoldTime > m.HelloTime
}
