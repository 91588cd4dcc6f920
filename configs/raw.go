package configs

import "time"

// The raw structs mirror the text. Every key the parser knows has its field
// here, and reference.toml explains every one of them.

type rawConfig struct {
	Daemon opt[rawDaemon] `toml:"daemon"`
	Track  list[rawTrack] `toml:"track"`
	HSRP   list[rawHSRP]  `toml:"hsrp"`
	VRRP   list[rawVRRP]  `toml:"vrrp"`

	Keychain list[rawKeychain] `toml:"keychain"`
}

type rawDaemon struct {
	Metrics  opt[string] `toml:"metrics"`
	Log      opt[string] `toml:"log"`
	Format   opt[string] `toml:"format"`
	Realtime opt[bool]   `toml:"realtime"`
	Lease    opt[span]   `toml:"lease"`
	Readers  opt[string] `toml:"readers"`

	Forwarding  opt[string] `toml:"forwarding"`
	Maintenance opt[string] `toml:"maintenance"`
	Record      opt[string] `toml:"record"`
}

type rawTrack struct {
	Name      opt[string]        `toml:"name"`
	Interface opt[string]        `toml:"interface"`
	Route     opt[string]        `toml:"route"`
	Ping      opt[string]        `toml:"ping"`
	ARP       opt[string]        `toml:"arp"`
	TCP       opt[string]        `toml:"tcp"`
	HTTP      opt[string]        `toml:"http"`
	File      opt[string]        `toml:"file"`
	Command   list[string]       `toml:"command"`
	Interval  opt[time.Duration] `toml:"interval"`
	Timeout   opt[time.Duration] `toml:"timeout"`
	Rise      opt[int64]         `toml:"rise"`
	Fall      opt[int64]         `toml:"fall"`
	DelayUp   opt[time.Duration] `toml:"delay_up"`
	DelayDown opt[time.Duration] `toml:"delay_down"`
}

// rawGroup has the keys that HSRP groups and VRRP routers share.
type rawGroup struct {
	Interface    opt[string]        `toml:"interface"`
	Name         opt[string]        `toml:"name"`
	Version      opt[int64]         `toml:"version"`
	VirtualIPs   list[string]       `toml:"virtual_ips"`
	Priority     opt[int64]         `toml:"priority"`
	Preempt      opt[bool]          `toml:"preempt"`
	PreemptDelay opt[time.Duration] `toml:"preempt_delay"`
	Delay        opt[rawDelay]      `toml:"delay"`
	MAC          opt[string]        `toml:"mac"`
	Follow       opt[string]        `toml:"follow"`
	Auth         opt[rawAuth]       `toml:"auth"`
	Track        list[rawTrackRef]  `toml:"track"`
	Neighbors    list[string]       `toml:"neighbors"`
	Install      opt[string]        `toml:"install"`
	Understudy   opt[bool]          `toml:"understudy"`
	Confirm      opt[bool]          `toml:"confirm"`
	Routes       list[rawRoute]     `toml:"routes"`
	Rules        list[rawRule]      `toml:"rules"`
	Announce     opt[rawAnnounce]   `toml:"announce"`
	Hooks        opt[rawHooks]      `toml:"hooks"`
}

type rawHSRP struct {
	rawGroup
	Group opt[int64]         `toml:"group"`
	Hello opt[time.Duration] `toml:"hello"`
	Hold  opt[time.Duration] `toml:"hold"`

	OffSubnet opt[string] `toml:"off_subnet"`
}

type rawVRRP struct {
	rawGroup
	VRID      opt[int64]         `toml:"vrid"`
	Advertise opt[time.Duration] `toml:"advertise"`
	Accept    opt[bool]          `toml:"accept"`
	Peers     list[string]       `toml:"peers"`
	MinTTL    opt[int64]         `toml:"min_ttl"`
	Checksum  opt[string]        `toml:"checksum"`
}

type rawDelay struct {
	Minimum opt[time.Duration] `toml:"minimum"`
	Reload  opt[time.Duration] `toml:"reload"`
}

type rawAuth struct {
	MD5     opt[string] `toml:"md5"`
	MD5File opt[string] `toml:"md5_file"`
	Text    opt[string] `toml:"text"`
	KeyID   opt[int64]  `toml:"key_id"`

	Keychain opt[string]        `toml:"keychain"`
	Mode     opt[string]        `toml:"mode"`
	Window   opt[time.Duration] `toml:"window"`
	Replay   opt[string]        `toml:"replay"`
}

type rawKeychain struct {
	Name opt[string]  `toml:"name"`
	Keys list[rawKey] `toml:"keys"`
}

type rawKey struct {
	ID          opt[int64]     `toml:"id"`
	Secret      opt[string]    `toml:"secret"`
	SecretFile  opt[string]    `toml:"secret_file"`
	AcceptFrom  opt[time.Time] `toml:"accept_from"`
	AcceptUntil opt[time.Time] `toml:"accept_until"`
	SendFrom    opt[time.Time] `toml:"send_from"`
	SendUntil   opt[time.Time] `toml:"send_until"`
}

type rawRoute struct {
	To        opt[string] `toml:"to"`
	Via       opt[string] `toml:"via"`
	Interface opt[string] `toml:"interface"`
	Table     opt[int64]  `toml:"table"`
	Metric    opt[int64]  `toml:"metric"`
	Src       opt[string] `toml:"src"`
	Type      opt[string] `toml:"type"`
	OnLink    opt[bool]   `toml:"onlink"`
}

type rawRule struct {
	From     opt[string] `toml:"from"`
	To       opt[string] `toml:"to"`
	IIF      opt[string] `toml:"iif"`
	OIF      opt[string] `toml:"oif"`
	FwMark   opt[int64]  `toml:"fwmark"`
	Table    opt[int64]  `toml:"table"`
	Priority opt[int64]  `toml:"priority"`
}

type rawTrackRef struct {
	Object    opt[string] `toml:"object"`
	Decrement opt[int64]  `toml:"decrement"`
	Shutdown  opt[bool]   `toml:"shutdown"`
}

type rawAnnounce struct {
	Count    opt[int64]         `toml:"count"`
	Interval opt[time.Duration] `toml:"interval"`
	Refresh  opt[span]          `toml:"refresh"`
	RealIP   opt[word]          `toml:"real_ip"`
	Probe    opt[string]        `toml:"probe"`

	RouterLifetime opt[span] `toml:"router_lifetime"`
}

type rawHooks struct {
	Active    list[string] `toml:"active"`
	Standby   list[string] `toml:"standby"`
	PreActive opt[rawHook] `toml:"pre_active"`
}

type rawHook struct {
	Command  list[string]       `toml:"command"`
	Deadline opt[time.Duration] `toml:"deadline"`
}
