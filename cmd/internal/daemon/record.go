package daemon

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"os"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/recorder"
	"github.com/fhrpd/fhrpd/fsm/engine"
	lan "github.com/fhrpd/fhrpd/hello/wire"
)

// hear records a frame, and gives it to the engine.
func (d *Daemon) hear(now time.Time, p *port, b []byte, ready bool) {
	if d.concerns(p, b) {
		d.recorder.Hear(now, p.name, b)
	}
	d.engine.Frame(now, p.name, b, ready)
	d.recorder.Done()
}

// concerns reports whether a frame is worth a place in the recorder. A segment is full
// of ARP and neighbour discovery about other hosts.
func (d *Daemon) concerns(p *port, b []byte) bool {
	const (
		senderAt = lan.EthernetHeader + 14
		targetAt = lan.EthernetHeader + 24

		typeAt   = lan.EthernetHeader + lan.IPv6Header
		aboutAt  = typeAt + 8
		sourceAt = lan.EthernetHeader + 8
		destAt   = sourceAt + 16
	)
	switch lan.EtherType(b) {
	case lan.EtherTypeARP:
		return len(b) < targetAt+4 || d.ours(p, netip.AddrFrom4([4]byte(b[senderAt:]))) || d.ours(p, netip.AddrFrom4([4]byte(b[targetAt:])))
	case lan.EtherTypeIPv6:
		if len(b) < aboutAt+16 || b[lan.EthernetHeader+lan.IPv6ProtoAt] != lan.ProtoICMPv6 {
			return true
		}
		if t := b[typeAt]; t != lan.ICMPv6NeighborSolicitation && t != lan.ICMPv6NeighborAdvertisement {
			return true
		}
		for _, at := range [...]int{aboutAt, sourceAt, destAt} {
			if d.ours(p, netip.AddrFrom16([16]byte(b[at:]))) {
				return true
			}
		}
		return false
	}
	return true
}

// ours reports whether an address is one of this host's, or of its groups.
func (d *Daemon) ours(p *port, a netip.Addr) bool {
	if _, virtual := d.virtual[a]; virtual {
		return true
	}
	for i := range p.link.Addrs {
		if p.link.Addrs[i].Addr() == a {
			return true
		}
	}
	return false
}

// groupsOn counts the groups of each interface.
func groupsOn(groups []engine.Group) map[string]int {
	n := map[string]int{}
	for _, g := range groups {
		n[g.Interface]++
	}
	return n
}

// Recording implements control.Backend.
func (d *Daemon) Recording(ctx context.Context) ([]byte, error) { return d.record(ctx, d.loop.Do) }

// record returns what the recorder has as a file. Whoever asks pays for memory; do runs
// what the loop has to do itself, which is no more than to copy one ring at a time.
func (d *Daemon) record(ctx context.Context, do onLoop) ([]byte, error) {
	var sizes map[string]int
	if err := do(ctx, func() { sizes = d.recorder.Sizes() }); err != nil {
		return nil, err
	}
	rings := make(map[string]*recorder.Ring, len(sizes))
	for name, size := range sizes {
		ring := recorder.NewRing(size, d.started)
		if err := do(ctx, func() {
			if d.recorder.Copy(name, ring) {
				rings[name] = ring
			}
		}); err != nil {
			return nil, err
		}
	}
	tape := recorder.Develop(time.Now(), rings)
	tape.Comments = []string{fmt.Sprintf("recorded by fhrpd %s (pid %d) on %s: the last %v or less of each interface, as far as its ring goes", d.opts.Version, os.Getpid(), hostName(), recorder.Keep)}
	var b bytes.Buffer
	err := tape.Write(&b)
	return b.Bytes(), err
}
