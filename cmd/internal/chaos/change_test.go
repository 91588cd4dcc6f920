package chaos

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"

	"github.com/google/nftables"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// What is done to a router on purpose, and what others do to its kernel.

// reload gives a daemon another file and takes it back.
func reload(s *segment, g *gateway) (string, func()) {
	usual := g.File("fhrpd.toml")
	more := []string{"announce = { refresh = \"2s\" }\n", "neighbors = [\"192.168.1.10\"]\n", "install = \"route\"\n"}[s.chance.IntN(3)]
	s.reload(g, strings.ReplaceAll(usual, "preempt = true\n", "preempt = true\n"+more))
	return fmt.Sprintf("a reload of %s with %s", g.Name, strings.TrimSpace(more)), func() { s.reload(g, usual) }
}

func (s *segment) reload(g *gateway, config string) {
	s.t.Helper()
	must(s.t, os.WriteFile(g.Path("fhrpd.toml"), []byte(config), 0o600))
	if out, exit := g.Command("reload"); exit != 0 {
		s.t.Fatalf("reload of %s: exit %d: %s\n%s", g.Name, exit, out, g.Tail())
	}
}

// upgrade goes on with another process, or with the same one where it was refused.
func upgrade(s *segment, g *gateway) (string, func()) {
	out, exit := g.Command("upgrade", "--json")
	var to status.Succession
	if exit != 0 {
		return fmt.Sprintf("a refused upgrade of %s: %s", g.Name, strings.TrimSpace(out)), func() {}
	}
	must(s.t, json.Unmarshal([]byte(out), &to))
	g.Follow(to.To.PID)
	return "an upgrade of " + g.Name, func() {}
}

func maintenance(s *segment, g *gateway) (string, func()) {
	s.maintain(g, "on")
	return "maintenance of " + g.Name, func() { s.maintain(g, "off") }
}

func (s *segment) maintain(g *gateway, way string) {
	s.t.Helper()
	if out, exit := g.Command("maintenance", way); exit != 0 {
		s.t.Fatalf("maintenance %s of %s: exit %d: %s\n%s", way, g.Name, exit, out, g.Tail())
	}
	g.away = way == "on"
}

// addresses takes the virtual addresses from the interface of whoever has them.
func addresses(s *segment, _ *gateway) (string, func()) {
	n := 0
	for _, g := range s.gateways {
		list, err := g.NS.Addresses(fhrptest.LANDev, netlink.FAMILY_V4)
		must(s.t, err)
		for _, a := range list {
			ip, _ := netip.AddrFromSlice(a.IP.To4())
			for _, v := range s.groups {
				if ip != v.vip {
					continue
				}
				bits, _ := a.Mask.Size()
				if err := g.NS.DelAddr(fhrptest.LANDev, netip.PrefixFrom(ip, bits)); err == nil {
					n++ // otherwise the daemon was faster
				}
			}
		}
	}
	return fmt.Sprintf("%d virtual addresses taken away", n), func() {}
}

// flush empties the neighbour tables of the client and of a gateway, and what others
// may flush of its ruleset.
func flush(s *segment, g *gateway) (string, func()) {
	must(s.t, s.Client.FlushNeighbors(fhrptest.LANDev))
	must(s.t, g.NS.FlushNeighbors(fhrptest.LANDev))
	must(s.t, g.NS.Do(func() error {
		c, err := nftables.New()
		if err != nil {
			return err
		}
		c.FlushRuleset()
		if err = c.Flush(); errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENOENT) {
			return nil // the tables are the daemon's alone
		}
		return err
	}))
	return "flushing the neighbours and the ruleset of " + g.Name, func() {}
}

// loss drops one of ten frames to and from a gateway for a while. A kernel without
// netem loses nothing, which is no fault then.
func loss(s *segment, g *gateway) (string, func()) {
	const percent = 10
	end, ok := g.Impair(percent, 0)
	if !ok {
		s.t.Log("no loss: this kernel has no netem")
		return "", nil
	}
	d := s.random(longest)
	s.pass(d)
	end()
	return fmt.Sprintf("loss of %d %% towards %s for %v", percent, g.Name, d), func() {}
}
