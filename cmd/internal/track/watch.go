package track

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// watchRoutes nudges the objects whose routes may have changed, until ctx is
// done.
func watchRoutes(ctx context.Context, objects map[netip.Prefix][]*object) error {
	conn, err := netlink.Dial(unix.NETLINK_ROUTE, &netlink.Config{
		// A link that goes down takes IPv4 routes along without messages about them.
		Groups: unix.RTMGRP_LINK | unix.RTMGRP_IPV4_ROUTE | unix.RTMGRP_IPV6_ROUTE,
	})
	if err != nil {
		return fmt.Errorf("watch routes: %w", err)
	}
	defer conn.Close()
	defer endWith(ctx, conn)()
	nudgeAll(objects) // what changed before the subscription
	for ctx.Err() == nil {
		msgs, err := conn.Receive()
		switch {
		case ctx.Err() != nil:
		case errors.Is(err, unix.ENOBUFS):
			nudgeAll(objects)
		case err != nil:
			return fmt.Errorf("watch routes: %w", err)
		default:
			nudgeFor(msgs, objects)
		}
	}
	return nil
}

func nudgeAll(objects map[netip.Prefix][]*object) {
	for _, list := range objects {
		for _, o := range list {
			o.nudge()
		}
	}
}

// nudgeFor nudges the objects that the messages may be about.
func nudgeFor(msgs []netlink.Message, objects map[netip.Prefix][]*object) {
	for _, m := range msgs {
		switch m.Header.Type {
		case unix.RTM_NEWLINK, unix.RTM_DELLINK:
			nudgeAll(objects)
			return
		case unix.RTM_NEWROUTE, unix.RTM_DELROUTE:
			for _, o := range objects[routeOf(m.Data)] {
				o.nudge()
			}
		}
	}
}

// routeOf reads the destination of a route message: struct rtmsg has the family
// in its first byte and the prefix length in its second; a default route has no
// destination. It returns the zero prefix when data is no such message.
func routeOf(data []byte) netip.Prefix {
	if len(data) < unix.SizeofRtMsg {
		return netip.Prefix{}
	}
	addr := netip.IPv4Unspecified()
	if data[0] == unix.AF_INET6 {
		addr = netip.IPv6Unspecified()
	}
	attrs, err := netlink.NewAttributeDecoder(data[unix.SizeofRtMsg:])
	if err != nil {
		return netip.Prefix{}
	}
	for attrs.Next() {
		if attrs.Type() == unix.RTA_DST {
			addr, _ = netip.AddrFromSlice(attrs.Bytes())
		}
	}
	if attrs.Err() != nil {
		return netip.Prefix{}
	}
	return netip.PrefixFrom(addr, int(data[1]))
}
