package netlab

import (
	"errors"
	"fmt"
	"net"

	"github.com/mdlayher/packet"

	"github.com/fhrpd/fhrpd/hello/wire"
)

// Sender puts frames on an interface as they are, from any goroutine.
type Sender struct{ conn *packet.Conn }

// Sender opens a sender on an interface, until Close.
func (n *NS) Sender(dev string) (*Sender, error) {
	const none = 0 // an EtherType that no frame has: the socket only sends
	conn, err := n.packetSocket(dev, none)
	if err != nil {
		return nil, fmt.Errorf("open a socket that sends on %s: %w", dev, err)
	}
	return &Sender{conn}, nil
}

// Send sends Ethernet frames in order and stops at the first that is refused.
func (s *Sender) Send(frames ...[]byte) error {
	for _, f := range frames {
		if len(f) < wire.EthernetHeader {
			return fmt.Errorf("send a frame: %d bytes are less than an Ethernet header", len(f))
		}
		if _, err := s.conn.WriteTo(f, &packet.Addr{HardwareAddr: net.HardwareAddr(f[:6])}); err != nil {
			return fmt.Errorf("send a frame to %s: %w", net.HardwareAddr(f[:6]), err)
		}
	}
	return nil
}

// Close closes the socket.
func (s *Sender) Close() error { return s.conn.Close() }

// Send sends Ethernet frames from an interface.
func (n *NS) Send(dev string, frames ...[]byte) error {
	s, err := n.Sender(dev)
	if err != nil {
		return err
	}
	return errors.Join(s.Send(frames...), s.Close())
}
