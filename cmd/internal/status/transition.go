package status

import "fmt"

// Mnemonic returns Cisco's name for the log line of t: %HSRP-5-STATECHANGE or
// %VRRP-6-STATECHANGE.
func (t *Transition) Mnemonic() string {
	if t.Protocol == "vrrp" {
		return "%VRRP-6-STATECHANGE"
	}
	return "%HSRP-5-STATECHANGE"
}

// Message returns the log line of t as Cisco IOS words it, without the time:
// "%HSRP-5-STATECHANGE: eth1 Grp 10 state Standby -> Active".
func (t *Transition) Message() string {
	return fmt.Sprintf("%s: %s Grp %d state %s -> %s", t.Mnemonic(), t.Interface, t.Group, t.From, t.To)
}
