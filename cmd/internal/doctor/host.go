package doctor

import (
	"net/netip"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/links"
	"github.com/fhrpd/fhrpd/hello"
)

// Host is what was seen of a host and its segments.
type Host struct {
	NetAdmin   bool              // CAP_NET_ADMIN
	NetRaw     bool              // CAP_NET_RAW
	Realtime   bool              // SCHED_FIFO is allowed
	Unsynced   bool              // the kernel says that nothing synchronises its clock
	Nftables   string            // why the tables that are needed cannot be made; "" when they can
	Untried    bool              // Nftables says only that it could not be tried
	Flushable  bool              // anybody may flush the tables: the kernel does not let them persist
	NoEgress   bool              // nothing sees what leaves an interface
	Sysctls    map[string]string // by path below /proc/sys/net: ipv4/ip_forward
	ReadOnly   bool              // /proc/sys/net cannot be written
	Interfaces []Interface
	Processes  []Process
	Chains     []Chain // at ingress, before the kernel's stack
	Saved      []Ruleset
	Proven     []string // interfaces on which a neighbour was proven to deliver to the virtual MAC
	Restored   []Restored

	Listened time.Duration // 0 = the segments were not listened to
	Heard    []Heard
	Claims   []Claim

	Questions []Question // that were asked meanwhile
}

// Interface is an interface with what belongs to it.
type Interface struct {
	links.Link
	Driver    string // of hardware
	Addresses []netip.Prefix
	Proxied   []netip.Addr // of others, which it answers for
	Manager   string       // systemd-networkd, NetworkManager or ""
}

// Restored is what a running daemon has put back on an interface.
type Restored struct {
	Interface string
	Times     uint64
	Ago       time.Duration // the last time
}

// Process is another program that speaks a redundancy protocol.
type Process struct {
	PID  int
	Name string
	Why  string // "" for a known name, else the socket it holds
}

// Heard is a message of somebody else.
type Heard struct {
	Interface string
	Envelope  hello.Envelope
	Payload   []byte
	At        time.Time
}

// Claim is a MAC that answers for a virtual address, or for one of the host itself.
type Claim struct {
	Interface string
	Address   netip.Addr
	MAC       hello.MAC
}

func (h *Host) byName(name string) (Interface, bool) {
	return h.first(func(i Interface) bool { return i.Name == name })
}

func (h *Host) byIndex(index int) (Interface, bool) {
	return h.first(func(i Interface) bool { return index != 0 && i.Index == index })
}

func (h *Host) first(is func(Interface) bool) (Interface, bool) {
	if k := slices.IndexFunc(h.Interfaces, is); k >= 0 {
		return h.Interfaces[k], true
	}
	return Interface{}, false
}
