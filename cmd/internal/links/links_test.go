package links

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mdlayher/netlink"
	"github.com/mdlayher/netlink/nltest"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/hello"
)

type encoder = netlink.AttributeEncoder

// message is an RTM_NEWLINK message of interface 4, up with a carrier.
func message(t *testing.T, attributes func(*encoder)) []byte {
	t.Helper()
	head := make([]byte, unix.SizeofIfInfomsg)
	binary.NativeEndian.PutUint32(head[4:], 4)
	binary.NativeEndian.PutUint32(head[8:], unix.IFF_UP|unix.IFF_LOWER_UP)
	ae := netlink.NewAttributeEncoder()
	ae.String(unix.IFLA_IFNAME, "x")
	attributes(ae)
	b, err := ae.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return append(head, b...)
}

// info adds IFLA_LINKINFO with a kind and its data.
func info(ae *encoder, kind string, data func(*encoder)) {
	ae.Nested(unix.IFLA_LINKINFO, func(ae *encoder) error {
		ae.String(unix.IFLA_INFO_KIND, kind)
		ae.Nested(unix.IFLA_INFO_DATA, func(ae *encoder) error { data(ae); return nil })
		return nil
	})
}

func TestDecode(t *testing.T) {
	tests := []struct {
		name  string
		attrs func(*encoder)
		want  Link
		event uint32
	}{
		{name: "hardware", attrs: func(ae *encoder) {
			ae.Bytes(unix.IFLA_ADDRESS, []byte{2, 0, 0, 0, 0, 1})
			ae.Uint32(unix.IFLA_CARRIER_UP_COUNT, 7)
			ae.Uint32(unix.IFLA_MTU, 9000)
		}, want: Link{MAC: hello.MAC{2, 0, 0, 0, 0, 1}, CarrierUp: 7, MTU: 9000}},
		{name: "the active port of a bond", attrs: func(ae *encoder) {
			info(ae, "bond", func(ae *encoder) { ae.Uint8(1, 1); ae.Uint32(unix.IFLA_BOND_ACTIVE_SLAVE, 9) })
		}, want: Link{Kind: "bond", ActiveSlave: 9}},
		{name: "a failover", attrs: func(ae *encoder) {
			info(ae, "bond", func(*encoder) {})
			ae.Uint32(unix.IFLA_EVENT, FailoverEvent)
		}, want: Link{Kind: "bond"}, event: FailoverEvent},
		{name: "a bridge without a querier", attrs: func(ae *encoder) {
			info(ae, "bridge", func(ae *encoder) {
				ae.Uint32(unix.IFLA_BR_AGEING_TIME, 30000)
				ae.Uint8(unix.IFLA_BR_VLAN_FILTERING, 1)
				ae.Uint8(unix.IFLA_BR_MCAST_SNOOPING, 1)
				ae.Uint8(unix.IFLA_BR_MCAST_QUERIER, 0)
				ae.Bytes(unix.IFLA_BR_MCAST_QUERIER_STATE, nil)
			})
		}, want: Link{Kind: "bridge", Bridge: &Bridge{Ageing: 300 * time.Second, VLANFiltering: true, Snooping: true}}},
		{name: "a bridge that is a querier", attrs: func(ae *encoder) {
			info(ae, "bridge", func(ae *encoder) { ae.Uint8(unix.IFLA_BR_MCAST_QUERIER, 1) })
		}, want: Link{Kind: "bridge", Bridge: &Bridge{Querier: true}}},
		{name: "a bridge that hears a querier of IPv4", attrs: func(ae *encoder) {
			info(ae, "bridge", func(ae *encoder) {
				ae.Nested(unix.IFLA_BR_MCAST_QUERIER_STATE, func(ae *encoder) error { ae.Uint32(1, 1); return nil })
			})
		}, want: Link{Kind: "bridge", Bridge: &Bridge{}}},
		{name: "a bridge that hears a querier of IPv6", attrs: func(ae *encoder) {
			info(ae, "bridge", func(ae *encoder) {
				ae.Nested(unix.IFLA_BR_MCAST_QUERIER_STATE, func(ae *encoder) error { ae.Bytes(5, make([]byte, 16)); return nil })
			})
		}, want: Link{Kind: "bridge", Bridge: &Bridge{Querier6: true}}},
		{name: "a port of a bridge", attrs: func(ae *encoder) {
			ae.Uint32(unix.IFLA_MASTER, 5)
			ae.Nested(unix.IFLA_LINKINFO, func(ae *encoder) error {
				ae.String(unix.IFLA_INFO_SLAVE_KIND, "bridge")
				ae.Nested(unix.IFLA_INFO_SLAVE_DATA, func(ae *encoder) error { ae.Uint8(unix.IFLA_BRPORT_STATE, PortForwarding); return nil })
				return nil
			})
		}, want: Link{Master: 5, PortState: PortForwarding}},
		{name: "a VLAN", attrs: func(ae *encoder) {
			ae.Uint32(unix.IFLA_LINK, 2)
			info(ae, "vlan", func(ae *encoder) { ae.Uint16(unix.IFLA_VLAN_ID, 100) })
		}, want: Link{Kind: "vlan", Parent: 2, VLAN: 100}},
		{name: "a macvlan whose parent is in another namespace", attrs: func(ae *encoder) {
			ae.Uint32(unix.IFLA_LINK, 2)
			ae.Uint32(unix.IFLA_LINK_NETNSID, 0)
			info(ae, "macvlan", func(*encoder) {})
		}, want: Link{Kind: "macvlan"}},
		{name: "a macvlan in bridge mode", attrs: func(ae *encoder) {
			info(ae, "macvlan", func(ae *encoder) { ae.Uint32(unix.IFLA_MACVLAN_MODE, 4) })
		}, want: Link{Kind: "macvlan"}},
		{name: "a macvlan that has the interface below for itself", attrs: func(ae *encoder) {
			info(ae, "macvlan", func(ae *encoder) { ae.Uint32(unix.IFLA_MACVLAN_MODE, 8) })
		}, want: Link{Kind: "macvlan", Passthru: true}},
		{name: "the other end of a cable is no parent", attrs: func(ae *encoder) {
			ae.Uint32(unix.IFLA_LINK, 2)
			info(ae, "veth", func(*encoder) {})
		}, want: Link{Kind: "veth"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.want.Index, tt.want.Name, tt.want.Up, tt.want.Carrier = 4, "x", true, true
			got, event, err := Decode(message(t, tt.attrs))
			if err != nil || event != tt.event {
				t.Errorf("event %d, %v; want %d", event, err, tt.event)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("link (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeReadsTheFlags(t *testing.T) {
	for flags, want := range map[uint32]Link{
		0:                                  {},
		unix.IFF_UP:                        {Up: true},
		unix.IFF_LOWER_UP:                  {},
		unix.IFF_UP | unix.IFF_LOWER_UP:    {Up: true, Carrier: true},
		unix.IFF_LOOPBACK | unix.IFF_DEBUG: {Loopback: true},
	} {
		b := make([]byte, unix.SizeofIfInfomsg)
		binary.NativeEndian.PutUint32(b[8:], flags)
		got, _, err := Decode(b)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("flags %#x: %v, (-want +got):\n%s", flags, err, diff)
		}
	}
}

func TestDecodeRefusesAShortMessage(t *testing.T) {
	if _, _, err := Decode(make([]byte, unix.SizeofIfInfomsg-1)); err == nil {
		t.Error("no error")
	}
}

func TestWhatIsNotInAListIsNotFound(t *testing.T) {
	list := []Link{{Index: 1, Name: "lo"}}
	if l, ok := ByName(list, "eth0"); ok || l != (Link{}) {
		t.Errorf("eth0 is %+v, %v", l, ok)
	}
	if l, ok := ByIndex(list, 2); ok || l != (Link{}) {
		t.Errorf("index 2 is %+v, %v", l, ok)
	}
}

func TestListFindsTheLoopback(t *testing.T) {
	list, err := List()
	if err != nil {
		t.Fatal(err)
	}
	lo, ok := ByName(list, "lo")
	if !ok || !lo.Loopback {
		t.Errorf("lo is %+v in %+v", lo, list)
	}
	if again, ok := ByIndex(list, lo.Index); !ok || again.Name != "lo" {
		t.Errorf("index %d is %+v", lo.Index, again)
	}
}

// A list that changed while it was read may lack an interface.
func TestListIsReadAgainWhenItChanged(t *testing.T) {
	link := message(t, func(*encoder) {})
	readings := 0
	conn := nltest.Dial(func(req []netlink.Message) ([]netlink.Message, error) {
		readings++
		m := netlink.Message{Header: netlink.Header{Type: unix.RTM_NEWLINK, Sequence: req[0].Header.Sequence, PID: nltest.PID}, Data: link}
		if readings == 1 {
			m.Header.Flags |= netlink.DumpInterrupted
			return nltest.Multipart([]netlink.Message{m, {Header: netlink.Header{Sequence: req[0].Header.Sequence, PID: nltest.PID}}})
		}
		return nltest.Multipart([]netlink.Message{m, m, {Header: netlink.Header{Sequence: req[0].Header.Sequence, PID: nltest.PID}}})
	})
	defer conn.Close()
	list, err := ListOn(conn)
	if err != nil || len(list) != 2 || readings != 2 {
		t.Errorf("%d links by %d readings, %v; want the 2 of the second", len(list), readings, err)
	}
}
