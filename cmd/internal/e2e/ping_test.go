package e2e

import "net/netip"

// pings is how many echo requests an address may leave without an answer, on a
// machine that is busy with other things.
const pings = 40

// mustPing fails the test unless every address answers.
func (l *lan) mustPing(list ...netip.Addr) { l.t.Helper(); l.MustPing(pings, list...) }
