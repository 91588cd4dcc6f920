// Package interop holds the tests of fhrpd beside other people's VRRP routers,
// keepalived and FRR's vrrpd, on one segment made of network namespaces:
//
//	client ── switch ──┬── us    (fhrpd)
//	                   └── peer  (keepalived, vrrpd)
//
// The client sends an echo request to the virtual address every 10 ms; the
// longest time without an answer is what an event has cost. Who is active is
// told by the advertisements that arrive at the switch's ports, not by what the
// routers say of themselves.
//
// The results are the table in docs/interop-results.md. A run checks that the table has
// a line for every event it saw, with the same verdict, and the other way round;
// it writes the table anew, with the times measured, when asked to:
//
//	go test ./cmd/internal/interop -update
//
// What the routers cost beside each other, in the same run, is a table that a
// benchmark prints:
//
//	go test ./cmd/internal/interop -run '^$' -bench Cost -benchtime 1x
//
// and another one prints what a cable that is cut and a table that is flushed cost a
// client of each:
//
//	go test ./cmd/internal/interop -run '^$' -bench Cut -benchtime 1x
package interop
