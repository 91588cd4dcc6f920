package macs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/links"
)

// How long a change must rest before it is reported, and how long it is
// reported after at most: interfaces change in several steps.
const (
	quiet   = 200 * time.Millisecond
	restMax = time.Second
)

// Watch calls atOnce when the switches behind the uplinks have to learn again, with
// the reason: what cannot wait is announced then, though some steps of the change
// may be to come. When the change rests it calls rested, with all reasons in one
// line, from another goroutine, one call at a time. Of o only Devs and Bridge
// matter. It watches the calling thread's network namespace and returns nil
// when ctx is done, or an error when the kernel's messages cannot be had.
func Watch(ctx context.Context, o Options, atOnce, rested func(reason string)) error {
	w, err := newWatcher(o)
	if err != nil {
		return err
	}
	defer w.close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, func() { w.events.SetReadDeadline(time.Unix(1, 0)) })()
	reasons := make(chan string)
	done := make(chan struct{})
	go func() {
		defer close(done)
		debounce(ctx, reasons, atOnce, rested)
	}()
	err = w.run(ctx, reasons)
	cancel()
	<-done
	return err
}

// watcher compares the uplinks with what they were whenever the kernel says
// that an interface changed.
type watcher struct {
	o      Options
	events *netlink.Conn
	ask    *netlink.Conn
	view   []uplink
	via    int // index of the default route's interface, once there was one
}

func newWatcher(o Options) (*watcher, error) {
	events, err := netlink.Dial(unix.NETLINK_ROUTE, &netlink.Config{Groups: unix.RTMGRP_LINK})
	if err != nil {
		return nil, fmt.Errorf("watch interfaces: %w", err)
	}
	ask, err := netlink.Dial(unix.NETLINK_ROUTE, nil)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("watch interfaces: %w", err), events.Close())
	}
	w := &watcher{o: o, events: events, ask: ask}
	if w.view, err = w.look(); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

func (w *watcher) close() {
	w.events.Close()
	w.ask.Close()
}

func (w *watcher) look() ([]uplink, error) {
	list, err := links.ListOn(w.ask)
	if err != nil {
		return nil, err
	}
	// Asked for only where the options leave the choice to it.
	if len(w.o.Devs) == 0 && w.o.Bridge == "" && w.via == 0 {
		w.via = defaultRoute()
	}
	return view(list, w.o, w.via), nil
}

func (w *watcher) run(ctx context.Context, reasons chan<- string) error {
	for {
		msgs, err := w.events.Receive()
		if ctx.Err() != nil {
			return nil
		}
		// After an overrun the look at the present state makes up for what was lost.
		if err != nil && !errors.Is(err, unix.ENOBUFS) {
			return fmt.Errorf("watch interfaces: %w", err)
		}
		now, err := w.look()
		if err != nil {
			return err
		}
		why := append(failovers(msgs, now), moves(w.view, now)...)
		w.view = now
		for _, s := range why {
			select {
			case reasons <- s:
			case <-ctx.Done():
				return nil
			}
		}
	}
}

// failovers returns what the kernel says of bonds among the uplinks that
// changed their active port: a change there and back leaves no other trace.
func failovers(msgs []netlink.Message, ups []uplink) []string {
	var why []string
	for _, m := range msgs {
		if m.Header.Type != unix.RTM_NEWLINK {
			continue
		}
		l, event, err := links.Decode(m.Data)
		ours := slices.ContainsFunc(ups, func(u uplink) bool { return u.bond == l.Index })
		if err == nil && ours && event == links.FailoverEvent {
			why = append(why, l.Name+" reports a failover")
		}
	}
	return why
}

// debounce hands the first reason of a change to atOnce. It gathers the others
// until none has come for the quiet time, or the longest rest is over, and hands
// them all, each once, to rested, which may take long. It returns when ctx is done
// and nothing is carried out any more.
func debounce(ctx context.Context, reasons <-chan string, atOnce, rested func(string)) {
	var why []string
	var due <-chan time.Time // nil while nothing changes
	var last time.Time       // when to report whatever comes
	var busy chan struct{}   // nil while rested does not run
	for {
		if len(why) > 0 && due == nil && busy == nil {
			report := strings.Join(why, "; ")
			why, busy = nil, make(chan struct{})
			go func(over chan<- struct{}) { defer close(over); rested(report) }(busy)
		}
		select {
		case <-ctx.Done():
			if busy != nil {
				<-busy
			}
			return
		case s := <-reasons:
			now := time.Now()
			if due == nil {
				last = now.Add(restMax)
				atOnce(s)
			}
			if !slices.Contains(why, s) {
				why = append(why, s)
			}
			due = time.After(min(quiet, last.Sub(now)))
		case <-due:
			due = nil
		case <-busy:
			busy = nil
		}
	}
}
