package scenario

import (
	"fmt"
	"strings"

	"github.com/fhrpd/fhrpd/fsm"
)

// action prints an action in one line.
func (p *player) action(a fsm.Action) string {
	switch a := a.(type) {
	case fsm.Send:
		mac := "real MAC"
		if a.Virtual {
			mac = "virtual MAC"
		}
		return fmt.Sprintf("send %s, %s", p.protocol.Format(a.Message), mac)
	case fsm.Acquire:
		return "acquire"
	case fsm.Release:
		return "release"
	case fsm.Announce:
		return "announce " + announcement(a.Kind)
	case fsm.Learned:
		return learned(a)
	case fsm.Report:
		return strings.TrimSuffix(fmt.Sprintf("%s -> %s: %s, %s", a.From, a.To, a.Cause, a.Detail), ", ")
	}
	return fmt.Sprintf("%T%+v", a, a)
}

// Script renders actions in order and in few words, for tables of them:
// "release, send 0, withdraw, Active>Backup (cause)". send renders a message
// that leaves, and may be nil for a machine that sends none.
func Script(actions []fsm.Action, send func(fsm.Send) string) string {
	words := make([]string, len(actions))
	for i, a := range actions {
		words[i] = word(a, send)
	}
	return strings.Join(words, ", ")
}

func word(a fsm.Action, send func(fsm.Send) string) string {
	switch a := a.(type) {
	case fsm.Acquire:
		return "acquire"
	case fsm.Release:
		return "release"
	case fsm.Announce:
		return announcement(a.Kind)
	case fsm.Send:
		if send != nil {
			return send(a)
		}
	case fsm.Report:
		return fmt.Sprintf("%s>%s (%s)", a.From, a.To, a.Cause)
	}
	return fmt.Sprintf("%T", a)
}

func announcement(k fsm.Announcement) string {
	switch k {
	case fsm.Claim:
		return "claim"
	case fsm.Reassert:
		return "reassert"
	case fsm.Withdraw:
		return "withdraw"
	}
	return fmt.Sprintf("kind %d", k)
}

func learned(l fsm.Learned) string {
	s := "learned from " + l.From.String() + ":"
	if l.VirtualIP.IsValid() {
		s += " address " + l.VirtualIP.String()
	}
	if l.HoldTime != 0 {
		s += fmt.Sprintf(" hello %s hold %s", l.HelloTime, l.HoldTime)
	}
	return s
}

// status prints what a machine shows of itself.
func status(s fsm.Status) string {
	line := fmt.Sprintf("%s, priority %d (configured %d), hello %s hold %s, addresses %v, active %s, standby %s",
		s.State, s.Priority, s.Configured, s.HelloTime, s.HoldTime, s.VirtualIPs, peer(s.Active), peer(s.Standby))
	if !s.NextHello.IsZero() {
		line += fmt.Sprintf(", next hello at %s", s.NextHello.Sub(epoch))
	}
	return line
}

func peer(p fsm.Peer) string {
	switch {
	case !p.Known:
		return "unknown"
	case p.Local:
		return "local"
	}
	return fmt.Sprintf("%s (priority %d, %s) until %s", p.Addr, p.Priority, p.MAC, p.Expires.Sub(epoch))
}
