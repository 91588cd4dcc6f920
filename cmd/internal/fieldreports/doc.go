// Package fieldreports holds five faults that were reported from the field, as
// tests: each shows the fault with the cure switched off, and that it is gone
// with the cure switched on.
//
//	r ── switch ──┬── g1
//	              └── g2
//
// The reports:
//
//   - announcements whose sender is 0.0.0.0 teach nobody (Microsoft KB980424)
//   - a bridge forgets after five minutes and learns from ARP alone (KB2832644)
//   - a router ignores gratuitous ARP and keeps its entry for 20 minutes
//   - an uplink moves without a loss of link, and the switch does not notice
//   - a router that was active once is still looked for at the virtual MAC
//
// BenchmarkProof measures, on the wire, how long a takeover takes to be proven:
//
//	go test -run '^$' -bench . -benchtime 5x ./cmd/internal/fieldreports
package fieldreports
