package macs

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/mdlayher/packet"

	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

// send gives the frame of each item to out, evenly spaced at rate frames a
// second. It returns how many were sent before an error or the end of ctx.
func send(ctx context.Context, items []Item, form garp.Form, rate int, out func(dev string, frame []byte) error) (int, error) {
	tick := time.NewTicker(time.Second / time.Duration(rate))
	defer tick.Stop()
	for i, it := range items {
		if i > 0 {
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
		}
		if err := ctx.Err(); err != nil {
			return i, fmt.Errorf("announce MACs: stopped after %d of %d: %w", i, len(items), context.Cause(ctx))
		}
		frame, err := garp.FDBRefresh(it.MAC, form, it.VLAN)
		if err != nil {
			return i, err
		}
		if err := out(it.Out, frame); err != nil {
			return i, fmt.Errorf("announce %s on %s: %w", it.MAC, it.Out, err)
		}
	}
	return len(items), nil
}

// ports are the sockets that frames leave through, by interface.
type ports map[string]*packet.Conn

func (p ports) send(dev string, frame []byte) error {
	conn, err := p.open(dev)
	if err != nil {
		return err
	}
	dst := hello.MAC(frame[:6])
	_, err = conn.WriteTo(frame, &packet.Addr{HardwareAddr: dst.HardwareAddr()})
	return err
}

func (p ports) open(dev string) (*packet.Conn, error) {
	if conn, ok := p[dev]; ok {
		return conn, nil
	}
	ifi, err := net.InterfaceByName(dev)
	if err != nil {
		return nil, fmt.Errorf("find the interface: %w", err)
	}
	const nothing = 0 // a protocol that no frame has: the socket only sends
	conn, err := packet.Listen(ifi, packet.Raw, nothing, nil)
	if err != nil {
		return nil, fmt.Errorf("open a packet socket: %w (needs CAP_NET_RAW)", err)
	}
	p[dev] = conn
	return conn, nil
}

func (p ports) close() {
	for _, conn := range p {
		conn.Close()
	}
}
