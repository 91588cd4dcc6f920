// Package e2e holds the tests of the whole program: real daemons in network
// namespaces, real frames between them, and verdicts from what was captured on
// the switch, what a client's tables hold, what an independent dissector reads
// and what the kernel is left with.
//
//	client ── switch ──┬── a ──┬── core ── host
//	                   └── b ──┘
//
// TestMain builds the command once and runs the tests in namespaces of their
// own, as root or as an ordinary user. A program built elsewhere is tested by
// naming it in FHRPD_E2E_PROGRAM. Tests that want other programs (tshark, arping,
// radvd, name servers, firewalls) are skipped without them.
//
// The files named report_ hold five faults that were reported from the field:
// each test shows the fault with the cure switched off, and that it is gone with
// the cure switched on.
//
//   - announcements whose sender is 0.0.0.0 teach nobody (Microsoft KB980424)
//   - a bridge forgets after five minutes and learns from ARP alone (KB2832644)
//   - a router ignores gratuitous ARP and keeps its entry for 20 minutes (SNAT)
//   - an uplink moves without a loss of link, and the switch does not notice (bond)
//   - a router that was active once is still looked for at the virtual MAC (HSRP
//     basics, part 9)
//
// The benchmarks measure on the wire, with the kernel's timestamps:
//
//	go test -run '^$' -bench . -benchtime 1x ./cmd/internal/e2e
package e2e
