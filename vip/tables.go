package vip

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/internal/dump"
)

// nftTable is a table of this package in the kernel, of whatever process.
type nftTable struct {
	owner   uint32 // the netlink address of the socket that owns it, 0 = nobody
	comment string
}

// holder names the process that owns the table.
func (t nftTable) holder() string {
	if t.comment != "" {
		return t.comment
	}
	return fmt.Sprintf("netlink address %d (ss -A netlink -p)", t.owner)
}

// Attributes of a table that golang.org/x/sys does not have.
const (
	tableUserdata = 6
	tableOwnedBy  = 7
)

// commentType is what the nft tool calls NFTNL_UDATA_TABLE_COMMENT.
const commentType = 0

// longestComment is in bytes: the length is one octet and counts the zero at the end.
const longestComment = 250

// tableComment notes words down as the nft tool does, which shows them.
func tableComment(words string) []byte {
	words = words[:min(len(words), longestComment)]
	return noteBytes(nil, commentType, append([]byte(words), 0))
}

func commentIn(notes []byte) string {
	for len(notes) >= 2 && len(notes) >= 2+int(notes[1]) {
		if notes[0] == commentType {
			return unix.ByteSliceToString(notes[2 : 2+int(notes[1])])
		}
		notes = notes[2+int(notes[1]):]
	}
	return ""
}

// listTables lists the tables of this package in the calling thread's namespace,
// by name.
func listTables() (map[string]nftTable, error) {
	c, err := netlink.Dial(unix.NETLINK_NETFILTER, nil)
	if err != nil {
		return nil, fmt.Errorf("list nftables tables: %w", err)
	}
	defer c.Close()
	msgs, err := dumpNft(c, unix.NFT_MSG_GETTABLE, nil)
	tables := tablesIn(msgs)
	if err != nil {
		return tables, fmt.Errorf("list nftables tables: %w (needs CAP_NET_ADMIN and CONFIG_NF_TABLES)", err)
	}
	return tables, nil
}

// dumpNft lists what there is of family netdev.
func dumpNft(c *netlink.Conn, typ netlink.HeaderType, which []byte) ([]netlink.Message, error) {
	return dump.Whole(func() ([]netlink.Message, error) {
		msgs, err := c.Execute(netlink.Message{
			Header: netlink.Header{Type: unix.NFNL_SUBSYS_NFTABLES<<8 | typ, Flags: netlink.Request | netlink.Dump},
			Data:   append([]byte{unix.NFPROTO_NETDEV, 0, 0, 0}, which...),
		})
		return msgs, interrupted(msgs, err)
	})
}

// setKeys lists the keys in a set. One that does not exist has none.
func setKeys(table, set string) (keys [][]byte, err error) {
	c, err := netlink.Dial(unix.NETLINK_NETFILTER, nil)
	if err != nil {
		return nil, fmt.Errorf("list nftables set %s: %w", set, err)
	}
	defer c.Close()
	list, err := elementsOf(c, table, set)
	for _, e := range list {
		keys = append(keys, e.key)
	}
	return keys, err
}

// inside calls f for each attribute of a type.
func inside(b []byte, typ uint16, f func(v []byte)) {
	attrs(b, func(t uint16, v []byte) {
		if t == typ {
			f(v)
		}
	})
}

func interrupted(msgs []netlink.Message, err error) error {
	for _, m := range msgs {
		if m.Header.Flags&netlink.DumpInterrupted != 0 && err == nil {
			return dump.ErrInterrupted
		}
	}
	return err
}

func tablesIn(msgs []netlink.Message) map[string]nftTable {
	found := map[string]nftTable{}
	for _, m := range msgs {
		if len(m.Data) < 4 || m.Data[0] != unix.NFPROTO_NETDEV {
			continue
		}
		var name string
		var t nftTable
		attrs(m.Data[4:], func(typ uint16, v []byte) {
			switch {
			case typ == unix.NFTA_TABLE_NAME:
				name = unix.ByteSliceToString(v)
			case typ == tableUserdata:
				t.comment = commentIn(v)
			case typ == tableOwnedBy && len(v) == 4:
				t.owner = binary.BigEndian.Uint32(v)
			}
		})
		if strings.HasPrefix(name, tableName("")) {
			found[name] = t
		}
	}
	return found
}
