package sock

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"slices"

	"github.com/mdlayher/packet"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/hello/wire"
)

// tapBuffer holds two or three frames: one is enough to know that more are coming.
const tapBuffer = 2048

// MaxTapMACs is how many MACs a Tap looks out for. The kernel's filters have no room
// for many more.
const MaxTapMACs = 3000

// Tap notices frames that an interface has received for a virtual MAC and that are for
// another host. Every other frame costs a look at its kind in the kernel.
type Tap struct {
	fd    int
	total uint64
}

// OpenTap opens a tap on ifi that looks out for macs; of more than MaxTapMACs the first
// ones. It needs CAP_NET_RAW in the network namespace of the calling thread.
func OpenTap(ifi *net.Interface, macs []hello.MAC) (*Tap, error) {
	program, err := bpf.Assemble(tapFilter(macs))
	if err != nil {
		return nil, fmt.Errorf("assemble packet filter: %w", err)
	}
	conn, err := packet.Listen(ifi, packet.Raw, unix.ETH_P_ALL, &packet.Config{Filter: program})
	if err != nil {
		return nil, fmt.Errorf("open packet socket on %s: %w (needs CAP_NET_RAW)", ifi.Name, err)
	}
	defer conn.Close()
	fd, err := detach(conn)
	if err != nil {
		return nil, fmt.Errorf("detach packet socket on %s: %w", ifi.Name, err)
	}
	err = errors.Join(
		unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1),
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, tapBuffer),
	)
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("configure packet socket on %s: %w", ifi.Name, err)
	}
	return &Tap{fd: fd}, nil
}

// LookOut looks out for other MACs from now on.
func (t *Tap) LookOut(macs []hello.MAC) error {
	program, err := bpf.Assemble(tapFilter(macs))
	if err != nil {
		return fmt.Errorf("assemble packet filter: %w", err)
	}
	ins := make([]unix.SockFilter, len(program))
	for n, in := range program {
		ins[n] = unix.SockFilter{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
	}
	return unix.SetsockoptSockFprog(t.fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(ins)), Filter: &ins[0]})
}

// Receive calls fn with the destinations of the frames that wait, and does not wait.
func (t *Tap) Receive(fn func(mac hello.MAC)) {
	var b [wire.EthernetHeader]byte
	for {
		n, _, err := unix.Recvfrom(t.fd, b[:], unix.MSG_DONTWAIT|unix.MSG_TRUNC)
		switch {
		case err == unix.EINTR:
		case err != nil:
			return
		case n >= len(b):
			fn(hello.MAC(b[:6]))
		}
	}
}

// Count returns how many frames there were, those that nobody has received as well.
func (t *Tap) Count() uint64 {
	if st, err := unix.GetsockoptTpacketStats(t.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS); err == nil {
		t.total += uint64(st.Packets) // since the last time
	}
	return t.total
}

// FD returns the descriptor for poll(2). It stays valid until Close.
func (t *Tap) FD() int { return t.fd }

// Close closes the tap.
func (t *Tap) Close() error { return unix.Close(t.fd) }

// tapFilter accepts the headers of untagged frames for other hosts that go to macs. It
// compares the last four bytes, which are all that differs between virtual MACs; who
// receives a frame looks at the rest.
func tapFilter(macs []hello.MAC) []bpf.Instruction {
	var keys []uint32
	for _, m := range macs[:min(len(macs), MaxTapMACs)] {
		keys = append(keys, binary.BigEndian.Uint32(m[2:]))
	}
	slices.Sort(keys)
	program := []bpf.Instruction{
		bpf.LoadExtension{Num: bpf.ExtType},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.PACKET_OTHERHOST, SkipTrue: 1},
		bpf.RetConstant{},
		bpf.LoadExtension{Num: bpf.ExtVLANTagPresent},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: 0, SkipTrue: 1},
		bpf.RetConstant{},
		bpf.LoadAbsolute{Off: 2, Size: 4},
	}
	return append(program, findKey(slices.Compact(keys))...)
}

// leafKeys is how many keys are compared one after the other.
const leafKeys = 16

// findKey accepts a frame whose loaded value is one of keys, which are sorted.
func findKey(keys []uint32) (ins []bpf.Instruction) {
	if len(keys) > leafKeys {
		half := len(keys) / 2
		below := findKey(keys[:half])
		ins = append(ins, bpf.JumpIf{Cond: bpf.JumpLessThan, Val: keys[half], SkipTrue: 1}, bpf.Jump{Skip: uint32(len(below))})
		return append(append(ins, below...), findKey(keys[half:])...)
	}
	for n, k := range keys {
		ins = append(ins, bpf.JumpIf{Cond: bpf.JumpEqual, Val: k, SkipTrue: uint8(len(keys) - n)})
	}
	return append(ins, bpf.RetConstant{}, bpf.RetConstant{Val: wire.EthernetHeader})
}
