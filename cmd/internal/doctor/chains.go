package doctor

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// tablePrefix begins the names of the daemon's tables, which are of family netdev.
const tablePrefix = "fhrpd-"

// Chain is a chain of nf_tables that sees what arrives on interfaces before the
// kernel does anything with it.
type Chain struct {
	Family   string // netdev or inet
	Table    string
	Name     string
	Priority int32
	Devices  []string // one that ends in * stands for all that begin so
}

// String names the chain as nft does.
func (c Chain) String() string { return fmt.Sprintf("%s %s %s", c.Family, c.Table, c.Name) }

// ours reports whether the daemon made it.
func (c Chain) ours() bool { return c.Family == "netdev" && strings.HasPrefix(c.Table, tablePrefix) }

// sees reports whether the packets of an interface pass it.
func (c Chain) sees(dev string) bool {
	for _, d := range c.Devices {
		prefix, all := strings.CutSuffix(d, "*")
		if d == dev || all && strings.HasPrefix(dev, prefix) {
			return true
		}
	}
	return false
}

// Attributes that golang.org/x/sys does not have yet.
const (
	hookDevices  = 4 // NFTA_HOOK_DEVS
	devicePrefix = 2 // NFTA_DEVICE_PREFIX
)

// ingressChains asks the kernel for the chains that are hooked in at ingress.
func ingressChains() ([]Chain, error) {
	conn, err := netlink.Dial(unix.NETLINK_NETFILTER, nil)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	msgs, err := conn.Execute(netlink.Message{
		Header: netlink.Header{
			Type:  netlink.HeaderType(unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_GETCHAIN),
			Flags: netlink.Request | netlink.Dump,
		},
		Data: make([]byte, 4), // all families
	})
	if err != nil {
		return nil, err
	}
	var out []Chain
	for _, m := range msgs {
		if c, ok := parseChain(m.Data); ok {
			out = append(out, c)
		}
	}
	return out, nil
}

// ingressHooks are the numbers of the hook in the families that have it.
var ingressHooks = map[byte]struct {
	family string
	number uint32
}{
	unix.NFPROTO_NETDEV: {"netdev", unix.NF_NETDEV_INGRESS},
	unix.NFPROTO_INET:   {"inet", 5}, // NF_INET_INGRESS
}

// parseChain reads what the kernel tells of a chain, and reports whether that is
// hooked in at ingress.
func parseChain(data []byte) (c Chain, ok bool) {
	if len(data) < 4 {
		return c, false
	}
	hook, ok := ingressHooks[data[0]]
	if !ok {
		return c, false
	}
	c.Family, ok = hook.family, false
	ad, err := netlink.NewAttributeDecoder(data[4:])
	if err != nil {
		return c, false
	}
	ad.ByteOrder = binary.BigEndian
	for ad.Next() {
		switch ad.Type() {
		case unix.NFTA_CHAIN_TABLE:
			c.Table = ad.String()
		case unix.NFTA_CHAIN_NAME:
			c.Name = ad.String()
		case unix.NFTA_CHAIN_HOOK:
			ad.Nested(func(ad *netlink.AttributeDecoder) error { ok = c.hooked(ad) == hook.number; return nil })
		}
	}
	return c, ok && ad.Err() == nil
}

// hooked reads where a chain is hooked in and returns the number of the hook.
func (c *Chain) hooked(ad *netlink.AttributeDecoder) (number uint32) {
	ad.ByteOrder = binary.BigEndian
	number = ^uint32(0)
	for ad.Next() {
		switch ad.Type() {
		case unix.NFTA_HOOK_HOOKNUM:
			number = ad.Uint32()
		case unix.NFTA_HOOK_PRIORITY:
			c.Priority = int32(ad.Uint32())
		case unix.NFTA_HOOK_DEV:
			c.add(ad.String())
		case hookDevices:
			ad.Nested(func(ad *netlink.AttributeDecoder) error {
				for ad.Next() {
					name := ad.String()
					if ad.Type() == devicePrefix {
						name += "*"
					}
					c.add(name)
				}
				return nil
			})
		}
	}
	return number
}

// add notes a device, which the kernel tells twice where it is the only one.
func (c *Chain) add(device string) {
	if !slices.Contains(c.Devices, device) {
		c.Devices = append(c.Devices, device)
	}
}
