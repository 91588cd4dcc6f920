// Package track looks at the tracked objects of a configuration and tells when
// their state changes.
//
// Every object has a goroutine and a check of its own, at most one at a time. A
// check that outlasts its timeout counts as a bad result, even when it never
// returns. It delays neither the other objects nor the end of Run.
//
// What counts as up:
//
//	route    the main table has the prefix with a next hop whose link has a carrier
//	ping     the address answers an ICMP echo request
//	arp      the address answers an ARP request, on the network it is connected to
//	tcp      the port accepts a connection
//	http     a GET is answered with a status of 200 to 399; redirects are not followed
//	file     the file exists and, when it holds a whole number, that is not 0
//	command  the program ends with status 0
//
// All that goes by routes goes by the main table, whatever VRF the groups are in
// that depend on it.
//
// Objects that follow an interface are not checked here: the engine knows the
// links.
package track
