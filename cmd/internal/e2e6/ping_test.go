package e2e6

import "net/netip"

// mustPing fails the test unless every address answers.
func (l *lan) mustPing(list ...netip.Addr) { l.t.Helper(); l.MustPing(8, list...) }
