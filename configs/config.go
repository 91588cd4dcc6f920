// Package configs turns the one TOML file of fhrpd into validated values.
// Past Parse nobody sees a string that means something else: durations are
// durations, addresses are addresses, and every rule of the file has held.
package configs

import (
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

// Config is a whole, valid file with every default filled in.
type Config struct {
	Daemon Daemon
	Tracks []Track
	HSRP   []HSRP
	VRRP   []VRRP

	Keychains []Keychain

	Sum      string  // SHA-256 of the text, in hexadecimal
	Warnings []Fault // legal settings that deserve a second look, in order of line
}

// Daemon is the [daemon] table.
type Daemon struct {
	Metrics  string // host:port, empty = off
	Log      string // debug, info, warn, error
	Format   string // text or json
	Realtime bool
	Lease    Lease
	Readers  string // group of the system whose members may look; empty = root alone

	RequireForwarding bool // groups do not run where IP forwarding is switched off
	Return            bool // a group in maintenance comes back when nobody serves

	Record string // absolute path of the folder for the flight recorder's files; empty = none are written
}

// Lease is how long the kernel goes on forwarding without the daemon.
type Lease struct {
	Auto     bool          // hold time plus one hello, at least 500 ms
	Off      bool          // for ever
	Duration time.Duration // otherwise
}

// TrackKind says what a tracked object looks at.
type TrackKind string

// The kinds of tracked object.
const (
	TrackInterface TrackKind = "interface"
	TrackRoute     TrackKind = "route"
	TrackPing      TrackKind = "ping"
	TrackARP       TrackKind = "arp"
	TrackTCP       TrackKind = "tcp"
	TrackHTTP      TrackKind = "http"
	TrackFile      TrackKind = "file"
	TrackCommand   TrackKind = "command"
)

// Track is one [[track]] table: an object that groups may depend on.
type Track struct {
	Name      string
	Kind      TrackKind
	Target    string       // interface name, address, host:port, URL, path or prefix
	Command   []string     // TrackCommand only
	Addr      netip.Addr   // TrackPing, TrackARP
	Prefix    netip.Prefix // TrackRoute
	Interval  time.Duration
	Timeout   time.Duration
	Rise      int
	Fall      int
	DelayUp   time.Duration
	DelayDown time.Duration
}

// TrackRef is how a group depends on an object.
type TrackRef struct {
	Object    string
	Decrement int  // taken from the priority while the object is down; default 10
	Shutdown  bool // the group leaves the election while the object is down
}

// MACMode says which MAC the virtual router uses.
type MACMode string

// MAC modes; MACChosen goes with Group.MAC.
const (
	MACVirtual   MACMode = "virtual"
	MACInterface MACMode = "interface"
	MACChosen    MACMode = "chosen"
)

// Install says what an active group makes of its virtual addresses.
type Install string

// The ways to install a virtual address.
const (
	InstallAddress Install = "address" // an address of the interface, which programs and firewalls find there
	InstallRoute   Install = "route"   // a local route alone, for thousands of groups
)

// Announce is the [hsrp.announce] or [vrrp.announce] table.
type Announce struct {
	Count    int // bursts, at 0, Interval, 2 × Interval
	Interval time.Duration
	Refresh  time.Duration // 0 = off
	RealIP   bool          // "auto" resolved: on for HSRP, off for VRRP
	Probe    string        // off, warn, veto

	// RouterLifetime makes an active IPv6 group send router advertisements from
	// its link-local virtual address with this lifetime, 1 s to 9000 s in whole
	// seconds (RFC 4861 section 6.2.1); 0 = it sends none.
	RouterLifetime time.Duration
}

// Hook is a command run on a change of role, with JSON on standard input.
type Hook struct {
	Command  []string      // command and arguments; empty = none
	Deadline time.Duration // 0 when there is no command
}

// Hooks is the [hsrp.hooks] or [vrrp.hooks] table.
type Hooks struct {
	Active    []string // command and arguments; empty = none
	Standby   []string // the same
	PreActive Hook
}

// Delay is the delay key of a group: how long it stays silent after its interface
// came up. Both are 0 to 1 h.
type Delay struct {
	Minimum time.Duration // each time
	Reload  time.Duration // the first time after the start of the daemon, where it is longer than Minimum
}

// Route is an element of routes: a route that is there while the group has its
// address.
type Route struct {
	To        netip.Prefix
	Via       netip.Addr // of To's family; invalid = none
	Interface string     // "" = the kernel finds it by Via
	Table     uint32     // 0 = that of the VRF of the group's interface, or main
	Metric    uint32     // 0 = the kernel's own
	Src       netip.Addr // invalid = the kernel chooses
	Type      string     // "" = unicast; blackhole, unreachable, prohibit
	OnLink    bool
}

// Rule is an element of rules. From or To is valid.
type Rule struct {
	From     netip.Prefix
	To       netip.Prefix
	IIF      string // "" = any, like the next two
	OIF      string
	FwMark   uint32
	Table    uint32 // 0 = that of the VRF of the group's interface, or main
	Priority uint32 // 1 to 32765
}

// Group is what HSRP groups and VRRP routers have in common.
type Group struct {
	Interface  string
	Name       string
	Family     hello.Family
	VirtualIPs []netip.Addr // first is the primary; IPv6: the link-local first
	// Prefixes are those of VirtualIPs that stand in the file with the length of
	// their subnet. They bring its connected route while the group is active.
	Prefixes     []netip.Prefix
	Priority     uint8
	Preempt      bool
	PreemptDelay time.Duration
	Delay        Delay
	MACMode      MACMode
	MAC          hello.MAC // MACChosen only
	Follow       string    // name of the group that elects for this one
	Track        []TrackRef
	Neighbors    []netip.Addr
	Install      Install
	Understudy   bool // as standby it forwards for an active router that has lost its link
	Confirm      bool // as standby it asks an active router whose hello is overdue, and takes over from one that is silent
	Routes       []Route
	Rules        []Rule
	Announce     Announce
	Hooks        Hooks
}

// Auth is the auth key of a group. At most one of Text, MD5 and Keychain is set; in
// HSRP exactly one is, the default being the text "cisco". Auth hides its key from
// formatting and from logs.
type Auth struct {
	Text  string // at most 8 bytes
	MD5   string // key string; never printed
	KeyID uint32
	File  string // absolute path MD5 was read from, if it was

	Keychain string        // name of a Keychain: MD5 in HSRP, the HMAC trailer in VRRP
	Mode     string        // VRRP with a keychain: enforce, permissive, receive-only
	Window   time.Duration // VRRP with a keychain: 1 s to 300 s, whole seconds; 0 = three intervals, 5 s at least
	Replay   string        // VRRP with a keychain: time, monotonic
}

// HSRP is one [[hsrp]] table.
type HSRP struct {
	Group
	ID      uint16
	Version uint8 // 1 or 2
	Hello   time.Duration
	Hold    time.Duration
	Learn   bool // neither hello nor hold was given: the active router's are taken
	Auth    Auth

	OffSubnet bool // packets from outside every subnet of the interface are accepted
}

// VRRP is one [[vrrp]] table.
type VRRP struct {
	Group
	VRID      uint8
	Version   uint8 // 2 or 3
	Advertise time.Duration
	Accept    bool         // RFC 9568 section 6.1, Accept_Mode
	Peers     []netip.Addr // unicast peers; empty = multicast
	MinTTL    uint8        // least TTL or hop limit of their packets, 1-255
	Auth      Auth         // Text in version 2 only, or Keychain
	Checksum  string       // auto, rfc9568, pseudo-header
}
