package census

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/capfile"
)

// maxName bounds the name of a segment that has many interfaces, in bytes.
const maxName = 64

// Read returns the census of a capture file, pcap or pcapng. Of a file that ends
// within a packet there is a report as far as it goes beside the error.
//
// The interfaces of a capture are segments of their own, unless the same routers or
// virtual addresses are on several: those are places of one. To find them the file
// is read twice, which a pipe cannot be.
func Read(path string) (Report, error) {
	f, err := os.Open(path)
	if err != nil {
		return Report{}, fmt.Errorf("read capture: %w", err)
	}
	defer f.Close()
	c, err := read(f, nil)
	if same := c.samePlaces(); len(same) > 0 {
		if _, seekErr := f.Seek(0, io.SeekStart); seekErr == nil {
			c, err = read(f, same)
		}
	}
	if err != nil {
		err = fmt.Errorf("read capture %s: %w", path, err)
	}
	return c.Report(time.Time{}), err
}

// read takes the census of a capture, in which the interfaces have other names
// when they are in the map.
func read(in io.Reader, names map[string]string) (*Census, error) {
	c := New()
	r, err := capfile.NewReader(in)
	if errors.Is(err, capfile.ErrFormat) {
		err = fmt.Errorf("%w (a compressed one has to be unpacked first)", err)
	}
	for err == nil {
		var p capfile.Packet
		if p, err = r.Next(); err == nil {
			c.add(&p, names)
		}
	}
	if err == io.EOF {
		err = nil
	}
	return c, err
}

func (c *Census) add(p *capfile.Packet, names map[string]string) {
	f, ok := p.Ethernet()
	if !ok {
		return
	}
	if name, ok := names[f.Interface]; ok {
		f.Interface = name
	}
	c.Add(Frame{Segment: Segment{f.Interface, f.VLAN}, At: p.At, Data: f.Data, ChecksumReady: !f.Outgoing, Cut: p.Cut})
}

// samePlaces returns a common name for interfaces that are on one segment, empty
// when there are none.
func (c *Census) samePlaces() map[string]string {
	seen := map[place]string{} // by VLAN and address: the first interface with it
	same := map[string]string{}
	name := func(dev string) string {
		if n, ok := same[dev]; ok {
			return n
		}
		return dev
	}
	for _, s := range c.sorted(time.Time{}) {
		for _, a := range slices.Concat(s.vips, []netip.Addr{s.from}) {
			if a.IsLinkLocalUnicast() {
				continue // such an address may be on every segment
			}
			k := place{Segment{VLAN: s.VLAN}, a}
			first, ok := seen[k]
			if !ok {
				seen[k] = s.Interface
			} else if old, own := name(first), name(s.Interface); old != own {
				merge(same, old, own)
			}
		}
	}
	return same
}

// merge gives all interfaces of two segments the name of both.
func merge(same map[string]string, a, b string) {
	joint := a + "+" + b
	if len(joint) > maxName {
		joint = a
	}
	for dev, n := range same {
		if n == a || n == b {
			same[dev] = joint
		}
	}
	for _, dev := range []string{a, b} {
		if _, ok := same[dev]; !ok {
			same[dev] = joint
		}
	}
}
