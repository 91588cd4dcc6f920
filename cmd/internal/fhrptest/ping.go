package fhrptest

import (
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
)

// Ping reports whether an address answers one of so many echo requests of the
// client, 300 ms apart. Who must answer may be asked often.
func (s *Site) Ping(to netip.Addr, tries int) bool {
	s.t.Helper()
	if to.IsLinkLocalUnicast() && to.Is6() {
		to = to.WithZone(LANDev)
	}
	ok, err := s.Client.Ping(to, netlab.Echo{Tries: tries, Wait: 300 * time.Millisecond})
	s.must(err)
	return ok
}

// MustPing fails the test unless every address answers one of so many requests.
func (s *Site) MustPing(tries int, list ...netip.Addr) {
	s.t.Helper()
	for _, a := range list {
		if !s.Ping(a, tries) {
			s.t.Errorf("%s does not answer\n%s", a, s.A.Tails())
		}
	}
}
