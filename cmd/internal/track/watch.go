package track

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// watchRoutes nudges the objects whose routes may have changed, until ctx is
// done. Without it they are looked at once an interval; so a watch that cannot
// be had is only worth a warning.
func watchRoutes(ctx context.Context, log *slog.Logger, objects map[netip.Prefix][]*object) {
	conn, err := netlink.Dial(unix.NETLINK_ROUTE, &netlink.Config{
		// A link that goes down takes IPv4 routes along without a word about them.
		Groups: unix.RTMGRP_LINK | unix.RTMGRP_IPV4_ROUTE | unix.RTMGRP_IPV6_ROUTE,
	})
	if err != nil {
		log.Warn("tracked routes are looked at once an interval only", "error", fmt.Errorf("watch routes: %w", err))
		return
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) })()
	nudgeAll(objects) // what changed before the subscription
	for ctx.Err() == nil {
		msgs, err := conn.Receive()
		switch {
		case ctx.Err() != nil:
		case errors.Is(err, unix.ENOBUFS):
			nudgeAll(objects)
		case err != nil:
			log.Warn("tracked routes are looked at once an interval only", "error", fmt.Errorf("watch routes: %w", err))
			return
		default:
			concerned(msgs, objects)
		}
	}
}

func nudgeAll(objects map[netip.Prefix][]*object) {
	for _, list := range objects {
		for _, o := range list {
			o.nudge()
		}
	}
}

// concerned nudges the objects that the messages may be about.
func concerned(msgs []netlink.Message, objects map[netip.Prefix][]*object) {
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
