package configs

import "time"

// NewHSRP returns an HSRP group with every key at its default. It has no interface.
func NewHSRP() HSRP {
	h, _ := blank().hsrp(&opt[rawHSRP]{})
	return h
}

// NewVRRP returns a VRRP router with every key at its default. It has no interface,
// no VRID and no address.
func NewVRRP() VRRP {
	v, _ := blank().vrrp(&opt[rawVRRP]{})
	v.VRID = 0
	return v
}

// NewTrack returns a tracked object with every key at its default. It has no name,
// and nothing to look at.
func NewTrack() Track { return blank().track(&opt[rawTrack]{}) }

// NewDaemon returns the [daemon] table of a file that has none.
func NewDaemon() Daemon { return blank().daemon(&rawDaemon{}) }

// blank is a parser whose complaints nobody reads: what a table without keys lacks
// is for the caller to fill in.
func blank() *parser {
	return &parser{report: &report{}, tracks: map[string]position{}, keychains: map[string]*chain{}, now: time.Now()}
}
