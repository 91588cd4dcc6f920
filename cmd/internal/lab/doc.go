// Package lab is `fhrpd lab`: a redundant pair of gateways, a client, a host
// beyond them and real traffic, all in network namespaces on one machine; a
// fault; and a verdict that is measured, not asserted.
//
//	client ── switch ──┬── gw1 ──┬── core ── host
//	                   └── gw2 ──┘
//
// Both gateways run this very program as their daemon. The client sends numbered
// datagrams to the host through the virtual address. The experiment begins once
// for a moment every one of them has arrived through the active router: a path that
// does not work before the fault is an error, not a verdict. Every port of the switch is
// captured with the kernel's timestamps. The verdict comes from those captures and
// from what arrived. What a daemon reports of itself is used for the reasons in the
// story only.
//
// # Bounds
//
// An outage is the time between sending the first datagram of a run of lost
// ones and sending the first that arrived again. What the timers allow:
//
//	stop                          the peer takes over at once (VRRP: after Skew_Time)
//	kill, freeze, link, carrier   the hold time (VRRP: Active_Down_Interval of the backup)
//	preempt, priority, partition  nothing: a router takes over from one that still works
//
// To each the verdict adds 250 ms of slack and the stall, the longest time that the
// machine kept the sender from running: a virtual machine that stands still for
// 300 ms is no fault of the protocol. A run that did not pass proves nothing when
// the stall was half of what the timers leave between the last hello and the end
// of the wait. Such a run is void and repeated.
//
// Two owners are two routers that both claim the virtual MAC on the wire. They may
// overlap by 50 ms plus the stall while the role is handed over, and by one hello
// more when a partition heals.
package lab
