// Package garp tells a LAN where addresses are. It builds the frames with which a
// router claims, refreshes, defends and gives back an address: ARP for IPv4,
// Neighbor Discovery for IPv6. It reads the frames of others, decides what is
// announced on which occasion ([Claim], [Refresh], [Withdraw]) and when
// ([Schedule]).
//
// It opens no socket, reads no clock and does not know who is active. Frames
// leave as byte slices that begin with the Ethernet destination. Time arrives as
// an argument and leaves as a deadline.
//
// Linux neighbours that hold an entry react to each form like this:
//
//	frame                                    entry < 1 s old  older   drops gratuitous ARP
//	reply, target MAC = destination (Cisco)  ignored          taken   ignored
//	request, sender = target                 taken            taken   ignored
//	request for the neighbour's own address  taken            taken   taken
//	probe, sender 0.0.0.0                    ignored          ignored ignored
//	unsolicited NA, override                 taken            taken   ignored
//	unicast NS from the address              taken            taken   taken
//
// Hence every burst contains both gratuitous forms, and a neighbour that matters
// is asked directly ([Nudge]). The request form follows the replies after
// [RequestDelay]: a deposed router that still holds the address answers the
// request, and its answer would pull the switch's entry for the virtual MAC back
// to the wrong port.
package garp
