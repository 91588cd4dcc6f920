// Package e2e6 holds the tests of the whole program over IPv6: real daemons in
// network namespaces, and verdicts from the frames on the switch, from a host's
// neighbour table and default routes, and from what an independent dissector
// and an independent router advertisement daemon make of them.
//
//	client ── switch ──┬── a ──┬── core ── host
//	                   └── b ──┘
//
// TestMain builds the command once and runs the tests in namespaces of their
// own, as root or as an ordinary user. A program built elsewhere is tested by
// naming it in FHRPD_E2E_PROGRAM. Two tests want other programs and are skipped
// without them: tshark and radvd.
package e2e6
