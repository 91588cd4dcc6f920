// Package status is what the daemon tells of itself: the object behind
// `fhrpd show status --json`, in the shape that scripts rely on.
package status

import "time"

// Status is the whole daemon.
type Status struct {
	Version      string   `json:"version"`
	PID          int      `json:"pid"`
	UptimeMS     int64    `json:"uptime_ms"`
	ConfigSHA256 string   `json:"config_sha256"`
	Maintenance  bool     `json:"maintenance"`                   // every group is in maintenance
	Leave        *Leave   `json:"maintenance_details,omitempty"` // what was said of all groups
	Troubles     []string `json:"troubles,omitempty"`            // what is wrong with the daemon itself
	Groups       []Group  `json:"groups"`
	Tracks       []Track  `json:"tracks"`

	Interfaces []Interface `json:"interfaces"`
}

// Interface is one interface with groups on it.
type Interface struct {
	Name       string            `json:"name"`
	Up         bool              `json:"up"`
	MAC        string            `json:"mac"`
	Addresses  []string          `json:"addresses"`
	Advertises uint64            `json:"advertises"` // HSRP interface-state messages heard
	Rejected   map[string]uint64 `json:"rejected"`   // by reason: packets that belong to no group
	Duplicate  *Duplicate        `json:"duplicate"`  // null when there was none
	Restored   Restored          `json:"restored"`
	SendErrors uint64            `json:"send_errors"`
	LastError  string            `json:"last_error,omitempty"`

	Cleared *ClearedInterface `json:"cleared,omitempty"` // absent when nobody has cleared Rejected
}

// Duplicate is the last time that another host was seen with one of the
// interface's own addresses.
type Duplicate struct {
	Address string    `json:"address"`
	MAC     string    `json:"mac"`
	At      time.Time `json:"at"`
}

// Restored counts what somebody else took from an interface, or changed there,
// and was put back.
type Restored struct {
	Addresses uint64     `json:"addresses"` // virtual addresses
	Settings  uint64     `json:"settings"`  // arp_ignore, arp_announce, send_redirects
	Filter    uint64     `json:"filter"`    // virtual MACs in the unicast filter
	Routes    uint64     `json:"routes"`    // routes and rules that follow a role
	Last      *time.Time `json:"last"`      // null when there was nothing
}

// Group is one HSRP group or VRRP router.
type Group struct {
	Protocol           string      `json:"protocol"` // hsrp or vrrp
	Version            int         `json:"version"`
	Family             int         `json:"family"` // 4 or 6
	Interface          string      `json:"interface"`
	ID                 int         `json:"id"`
	Name               string      `json:"name"`
	NameDefault        bool        `json:"name_default"` // Name was made from interface and number
	State              string      `json:"state"`
	Since              time.Time   `json:"since"`
	Priority           int         `json:"priority"`
	ConfiguredPriority int         `json:"configured_priority"`
	SetPriority        *int        `json:"set_priority,omitempty"` // run-time override of the configured one
	Preempt            bool        `json:"preempt"`
	PreemptDelayMS     int64       `json:"preempt_delay_ms"`
	Delay              Delay       `json:"delay"`
	Maintenance        bool        `json:"maintenance"` // it is out of its election, or leaves it, by an operator's word
	Leave              *GroupLeave `json:"maintenance_details,omitempty"`
	Obstacle           string      `json:"obstacle"`                 // why it waits in Init or Initialize, "" when it does not
	ForwardingOff      string      `json:"forwarding_off,omitempty"` // the setting that keeps packets of its family from being forwarded
	VirtualIPs         []string    `json:"virtual_ips"`
	Outside            []string    `json:"outside_prefixes,omitempty"` // those in no prefix of the interface
	Install            string      `json:"install"`                    // address or route
	VirtualMAC         string      `json:"virtual_mac"`                // 00:00:0c:9f:f0:0a
	MACMode            string      `json:"mac_mode"`                   // virtual, interface, chosen
	Address            string      `json:"address"`                    // this router's own on the segment, "" when unknown
	Active             *Peer       `json:"active"`                     // null when unknown
	Standby            *Peer       `json:"standby"`
	HelloMS            int64       `json:"hello_ms"`
	HoldMS             int64       `json:"hold_ms"`
	NextHelloMS        int64       `json:"next_hello_ms"`       // -1 when silent
	Auth               string      `json:"auth"`                // "", text, md5, hmac
	AuthText           string      `json:"auth_text,omitempty"` // travels in clear on the wire anyway
	Accept             bool        `json:"accept"`
	Follow             string      `json:"follow,omitempty"`
	Tracks             []TrackRef  `json:"tracks"`
	Routes             []Route     `json:"routes,omitempty"` // in the order of the file; absent when there are none
	Rules              []Route     `json:"rules,omitempty"`  // likewise
	Transitions        int         `json:"transitions"`
	LastTransition     *Transition `json:"last_transition"`
	Counters           Counters    `json:"counters"`
	Cleared            *Cleared    `json:"cleared,omitempty"` // absent when nobody has cleared them
	Announce           Announce    `json:"announce"`
	Takeover           []Takeover  `json:"takeover"`
	Conflict           *Conflict   `json:"conflict"`             // null when there was none
	Rival              *Rival      `json:"rival"`                // null when there was none
	Heirs              []string    `json:"heirs,omitempty"`      // active, with followers on other interfaces: who takes the role at the word that a link has died
	Yielded            bool        `json:"yielded,omitempty"`    // it has handed its role over, and does not preempt who has it
	Understudy         *Understudy `json:"understudy"`           // null unless it forwards for a silent active router
	Handover           *Handover   `json:"handover,omitempty"`   // the last one by this router; absent when there was none
	Duplicate          *Duplicate  `json:"duplicate,omitempty"`  // of this router's own address on the segment
	PreActive          *PreActive  `json:"pre_active,omitempty"` // the last wait for the command; absent when there was none
	Keychain           string      `json:"keychain,omitempty"`   // whose keys are used for md5 or hmac
	HMAC               *HMAC       `json:"hmac,omitempty"`       // VRRP with a keychain
	Hooks              []Hook      `json:"hooks,omitempty"`      // the last run of each, in the order of their names
}

// Understudy is how a group that is not active forwards for a silent active router.
type Understudy struct {
	Since   time.Time `json:"since"`
	Of      string    `json:"of"`      // the silent router
	Packets uint64    `json:"packets"` // flooded since, to all groups of the interface
}

// Route is a route or rule that follows the group's role.
type Route struct {
	Route string `json:"route"` // in the words of ip-route(8) or ip-rule(8)
	State string `json:"state"` // out, in, failed
	Why   string `json:"why,omitempty"`
}

// Delay is how long a group stays silent after its interface came up.
type Delay struct {
	MinimumMS int64 `json:"minimum_ms"` // each time
	ReloadMS  int64 `json:"reload_ms"`  // the first time after the start, where it is longer
	LeftMS    int64 `json:"left_ms"`    // of the present one, 0 when there is none
}

// Conflict is the last time that another device was seen with a virtual address.
type Conflict struct {
	Address string    `json:"address"`
	MAC     string    `json:"mac"`
	Who     string    `json:"who"`    // peer, foreign
	Reason  string    `json:"reason"` // of package garp's closed list
	At      time.Time `json:"at"`
}

// Rival is the last router that has the active role, or says so, and that does not
// give way to this one or is not heard by it.
type Rival struct {
	Address    string    `json:"address"`     // "" when only its MAC is known
	MAC        string    `json:"mac"`         // where its claims come from, or say that the address is
	Reason     string    `json:"reason"`      // why its packets are rejected, such as auth, version, group; unheard: only its ARP arrives; deaf: it does not hear this router
	Detail     string    `json:"detail"`      // the same for a person
	At         time.Time `json:"at"`          // of its last claim
	BothActive bool      `json:"both_active"` // it and this router are now
}

// Peer is a router in a role.
type Peer struct {
	Address   string `json:"address"` // "local" for this router
	Priority  int    `json:"priority"`
	MAC       string `json:"mac"`
	ExpiresMS int64  `json:"expires_ms"` // 0 for "local"
}

// Transition is one change of state.
type Transition struct {
	ID        int       `json:"id"`
	Protocol  string    `json:"protocol"`
	Interface string    `json:"interface"`
	Group     int       `json:"group"`
	Family    int       `json:"family"`
	Name      string    `json:"name"`
	From      string    `json:"from"`
	To        string    `json:"to"`
	At        time.Time `json:"at"`
	Cause     string    `json:"cause"`
	Detail    string    `json:"detail"`
	Facts     []Fact    `json:"facts,omitempty"`
	Waits     bool      `json:"held,omitempty"` // the address waits for the pre_active command; an event of kind hook follows
}

// Fact is something that was known when a transition was decided.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Counters counts messages since the start.
type Counters struct {
	Sent         uint64            `json:"sent"`
	Received     uint64            `json:"received"`
	Rejected     map[string]uint64 `json:"rejected"` // by reason
	Announced    uint64            `json:"announced"`
	Answered     uint64            `json:"answered"` // ARP requests and neighbour solicitations
	Conflicts    uint64            `json:"conflicts"`
	Understudied uint64            `json:"understudied"`        // times that it forwarded for a silent active router
	Questioned   uint64            `json:"questioned"`          // times that it asked an active router whose hello was overdue
	Handovers    map[string]uint64 `json:"handovers,omitempty"` // by this router, by how they ended; absent before the first
}

// Announce is the state of a group's announcements.
type Announce struct {
	LastRefresh   *time.Time `json:"last_refresh"`
	NextRefreshMS int64      `json:"next_refresh_ms"` // -1 when none is due
	Refreshes     uint64     `json:"refreshes"`
}

// Takeover is the proof for one neighbour.
type Takeover struct {
	Address string  `json:"address"`
	Proven  bool    `json:"proven"`
	Method  string  `json:"method"`
	MS      float64 `json:"ms"`
	Nudges  int     `json:"nudges"`         // directed requests sent before the proof
	Idle    bool    `json:"idle,omitempty"` // this router is not active: there is nothing to prove
	Detail  string  `json:"detail,omitempty"`
}

// Track is one tracked object.
type Track struct {
	Name    string    `json:"name"`
	Kind    string    `json:"kind"`
	Target  string    `json:"target"`
	Up      bool      `json:"up"`
	Known   bool      `json:"known"` // false until the first result
	Since   time.Time `json:"since"`
	Changes int       `json:"changes"`
	Detail  string    `json:"detail"`
	UsedBy  []string  `json:"used_by"`
}

// TrackRef is a group's use of an object.
type TrackRef struct {
	Object    string `json:"object"`
	Number    int    `json:"number"` // its position in the file, from 1; 0 when unknown
	Up        bool   `json:"up"`
	Decrement int    `json:"decrement"`
	Shutdown  bool   `json:"shutdown"`
}

// Event is one line of `fhrpd events`.
type Event struct {
	At         time.Time   `json:"at"`
	Kind       string      `json:"kind"` // transition, address, conflict, takeover, track, lease, announce, hook, reject, warning, notice, command, gap
	Group      string      `json:"group,omitempty"`
	Message    string      `json:"message"`
	Transition *Transition `json:"transition,omitempty"`
	PreActive  *PreActive  `json:"pre_active,omitempty"` // kind hook: a wait that begins or has ended
	Command    *Command    `json:"command,omitempty"`    // kind command
	Lost       uint64      `json:"lost,omitempty"`       // kind gap: events this reader missed before this one
	Number     uint64      `json:"-"`                    // its place in the stream, 0 for none; see control.Mark
}
