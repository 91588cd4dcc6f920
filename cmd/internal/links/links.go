// Package links reads the interfaces of a network namespace from the kernel:
// how they are stacked, and what bridges and bonds say about their ports.
package links

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/internal/dump"
)

// Link is one interface.
type Link struct {
	Index     int
	Name      string
	MAC       hello.MAC
	Kind      string // veth, bridge, bond, vlan, macvlan …; "" for hardware and lo
	Loopback  bool
	Up        bool   // switched on
	Carrier   bool   // up and able to pass frames
	CarrierUp uint32 // how often the carrier has come
	MTU       int    // bytes of the largest IP packet

	Parent int    // index of the interface below a vlan or macvlan; 0 when there is none here
	Master int    // index of the bridge, bond, VRF or datapath above; 0 when there is none
	VLAN   uint16 // of kind vlan

	Passthru bool // macvlan: it has the interface below for itself

	ActiveSlave int   // bond: index of the port in use; 0 when there is none
	PortState   uint8 // of a bridge's port: PortForwarding or another
	Bridge      *Bridge
}

// PortForwarding is the state of a bridge's port that passes frames.
const PortForwarding uint8 = 3

// Bridge is what a link of kind bridge is set to.
type Bridge struct {
	Ageing        time.Duration // after which a silent MAC is forgotten
	VLANFiltering bool
	Snooping      bool // of multicast
	Querier       bool // it is a querier itself
	Querier6      bool // the address of a querier of IPv6, itself or another, is known
}

// macvlanPassthru is MACVLAN_MODE_PASSTHRU of linux/if_link.h.
const macvlanPassthru = 8

// FailoverEvent is the value of IFLA_EVENT by which the kernel says that a bond
// has another active port.
const FailoverEvent = 3

// List returns the interfaces of the calling thread's namespace.
func List() ([]Link, error) {
	conn, err := netlink.Dial(unix.NETLINK_ROUTE, nil)
	if err != nil {
		return nil, fmt.Errorf("list interfaces: %w", err)
	}
	defer conn.Close()
	return ListOn(conn)
}

// ListOn is List over a connection that the caller keeps; nothing else may be
// received on it.
func ListOn(conn *netlink.Conn) ([]Link, error) {
	msgs, err := dump.Whole(func() ([]netlink.Message, error) { return messages(conn) })
	if err != nil {
		return nil, fmt.Errorf("list interfaces: %w", err)
	}
	var out []Link
	for _, m := range msgs {
		l, _, err := Decode(m.Data)
		if err != nil {
			return nil, fmt.Errorf("list interfaces: %w", err)
		}
		out = append(out, l)
	}
	return out, nil
}

func messages(conn *netlink.Conn) ([]netlink.Message, error) {
	msgs, err := conn.Execute(netlink.Message{
		Header: netlink.Header{Type: unix.RTM_GETLINK, Flags: netlink.Request | netlink.Dump},
		Data:   make([]byte, unix.SizeofIfInfomsg),
	})
	if err == nil && slices.ContainsFunc(msgs, func(m netlink.Message) bool { return m.Header.Flags&netlink.DumpInterrupted != 0 }) {
		err = dump.ErrInterrupted
	}
	return msgs, err
}

// Decode reads the data of an RTM_NEWLINK or RTM_DELLINK message. event is the
// value of IFLA_EVENT, 0 when there is none. It returns an error when the
// message is shorter than it says.
func Decode(data []byte) (l Link, event uint32, err error) {
	if len(data) < unix.SizeofIfInfomsg {
		return Link{}, 0, fmt.Errorf("link message of %d bytes: want at least %d", len(data), unix.SizeofIfInfomsg)
	}
	flags := binary.NativeEndian.Uint32(data[8:])
	l = Link{
		Index:    int(int32(binary.NativeEndian.Uint32(data[4:]))),
		Loopback: flags&unix.IFF_LOOPBACK != 0,
		Up:       flags&unix.IFF_UP != 0,
		Carrier:  flags&unix.IFF_UP != 0 && flags&unix.IFF_LOWER_UP != 0,
	}
	ad, err := netlink.NewAttributeDecoder(data[unix.SizeofIfInfomsg:])
	if err != nil {
		return Link{}, 0, err
	}
	// A parent in another namespace has an index that means something else here.
	var elsewhere bool
	for ad.Next() {
		switch ad.Type() {
		case unix.IFLA_EVENT:
			event = ad.Uint32()
		case unix.IFLA_LINK_NETNSID:
			elsewhere = true
		default:
			l.attribute(ad)
		}
	}
	// The other end of a cable is reported in the same attribute as the interface
	// below.
	if elsewhere || l.Kind == "veth" || l.Parent == l.Index {
		l.Parent = 0
	}
	return l, event, ad.Err()
}

func (l *Link) attribute(ad *netlink.AttributeDecoder) {
	switch ad.Type() {
	case unix.IFLA_IFNAME:
		l.Name = ad.String()
	case unix.IFLA_ADDRESS:
		l.MAC = hello.MACFrom(ad.Bytes())
	case unix.IFLA_LINK:
		l.Parent = int(ad.Uint32())
	case unix.IFLA_MASTER:
		l.Master = int(ad.Uint32())
	case unix.IFLA_MTU:
		l.MTU = int(ad.Uint32())
	case unix.IFLA_CARRIER_UP_COUNT:
		l.CarrierUp = ad.Uint32()
	case unix.IFLA_LINKINFO:
		ad.Nested(l.info)
	}
}

// info reads IFLA_LINKINFO, in which the kind comes before its data.
func (l *Link) info(ad *netlink.AttributeDecoder) error {
	var slave string
	for ad.Next() {
		switch ad.Type() {
		case unix.IFLA_INFO_KIND:
			l.Kind = ad.String()
		case unix.IFLA_INFO_SLAVE_KIND:
			slave = ad.String()
		case unix.IFLA_INFO_DATA:
			ad.Nested(l.data)
		case unix.IFLA_INFO_SLAVE_DATA:
			if slave == "bridge" {
				ad.Nested(l.port)
			}
		}
	}
	return ad.Err()
}

func (l *Link) data(ad *netlink.AttributeDecoder) error {
	if l.Kind == "bridge" {
		l.Bridge = &Bridge{}
	}
	for ad.Next() {
		switch {
		case l.Kind == "macvlan" && ad.Type() == unix.IFLA_MACVLAN_MODE:
			l.Passthru = ad.Uint32() == macvlanPassthru
		case l.Kind == "vlan" && ad.Type() == unix.IFLA_VLAN_ID:
			l.VLAN = ad.Uint16()
		case l.Kind == "bond" && ad.Type() == unix.IFLA_BOND_ACTIVE_SLAVE:
			l.ActiveSlave = int(ad.Uint32())
		case l.Kind == "bridge":
			l.Bridge.attribute(ad)
		}
	}
	return ad.Err()
}

func (l *Link) port(ad *netlink.AttributeDecoder) error {
	for ad.Next() {
		if ad.Type() == unix.IFLA_BRPORT_STATE {
			l.PortState = ad.Uint8()
		}
	}
	return ad.Err()
}

// userHZ is the unit of times in bridge attributes, 1/100 s on every Linux.
const userHZ = 100

func (b *Bridge) attribute(ad *netlink.AttributeDecoder) {
	switch ad.Type() {
	case unix.IFLA_BR_AGEING_TIME:
		b.Ageing = time.Duration(ad.Uint32()) * time.Second / userHZ
	case unix.IFLA_BR_VLAN_FILTERING:
		b.VLANFiltering = ad.Uint8() != 0
	case unix.IFLA_BR_MCAST_SNOOPING:
		b.Snooping = ad.Uint8() != 0
	case unix.IFLA_BR_MCAST_QUERIER:
		b.Querier = ad.Uint8() != 0
	case unix.IFLA_BR_MCAST_QUERIER_STATE:
		ad.Nested(b.queriers)
	}
}

// querierIPv6 is BRIDGE_QUERIER_IPV6_ADDRESS of linux/if_bridge.h.
const querierIPv6 = 5

func (b *Bridge) queriers(ad *netlink.AttributeDecoder) error {
	for ad.Next() {
		b.Querier6 = b.Querier6 || ad.Type() == querierIPv6
	}
	return ad.Err()
}

// ByName returns the link of that name; ok is false when there is none.
func ByName(list []Link, name string) (l Link, ok bool) {
	return find(list, func(l Link) bool { return l.Name == name })
}

// ByIndex returns the link with that index; ok is false when there is none.
func ByIndex(list []Link, index int) (l Link, ok bool) {
	return find(list, func(l Link) bool { return l.Index == index })
}

// TakesFrames reports whether the frames of the links below go to l instead. A VRF
// leaves them where they are.
func (l *Link) TakesFrames() bool {
	return slices.Contains([]string{"bridge", "bond", "team", OpenVSwitch, "hsr"}, l.Kind)
}

// OpenVSwitch is the kind of a datapath, which has the ports of many bridges, and of
// the internal ports of these.
const OpenVSwitch = "openvswitch"

func find(list []Link, is func(Link) bool) (Link, bool) {
	if i := slices.IndexFunc(list, is); i >= 0 {
		return list[i], true
	}
	return Link{}, false
}
