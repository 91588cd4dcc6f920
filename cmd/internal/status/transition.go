package status

import "github.com/fhrpd/fhrpd/fsm/engine"

// Ref returns the reference of the group that moved.
func (t *Transition) Ref() engine.Ref { return ref(t.Protocol, t.Family, t.Interface, t.Group) }

// Message returns the log line of t as Cisco IOS words it, without the time:
// "%HSRP-5-STATECHANGE: eth1 Grp 10 state Standby -> Active".
func (t *Transition) Message() string {
	return engine.Transition{Group: t.Ref(), From: t.From, To: t.To}.String()
}
