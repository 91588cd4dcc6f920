package status

import (
	"fmt"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

// advice says what to look at if a change was not intended. It goes by what the
// change began with, and by who is not believed now.
func advice(c *engine.Change, unheard []engine.Unheard) string {
	if len(c.Records) == 0 {
		return ""
	}
	for _, r := range c.Records {
		if r.Kind == engine.RecordRejected {
			return rejectedAdvice(r.Rejected)
		}
	}
	switch r := c.Records[0]; r.Kind {
	case engine.RecordTrack:
		return fmt.Sprintf("what %s looks at (fhrpd show track), and whether its decrement or shutdown is meant", r.Object)
	case engine.RecordCommand:
		switch c := r.Command; {
		case c.Name == engine.CommandSetPriority && c.Priority < 0:
			return "who gave the command"
		case c.Name == engine.CommandSetPriority:
			return fmt.Sprintf("who gave the command; \"fhrpd set priority %s default\" takes it back", r.Group)
		}
	case engine.RecordSilence:
		if len(unheard) > 0 {
			return rejectedAdvice(&unheard[0])
		}
		if !r.Peer.IsValid() {
			return "whether the other router runs and its packets arrive here (fhrpd doctor, or a capture)"
		}
		return fmt.Sprintf("%s: is it alive, and does the link between carry multicast? Its own fhrpd explain says whether it stood still", r.Peer)
	case engine.RecordUnderstudy:
		return fmt.Sprintf("cable, switch port and interface of %s: the switch had lost it", r.Peer)
	case engine.RecordStall:
		return stallAdvice(r)
	case engine.RecordPeer:
		return peerAdvice(r)
	case engine.RecordRouter:
		return routerAdvice(r.Cause)
	}
	return ""
}

func stallAdvice(r *engine.Record) string {
	switch {
	case r.Suspended > r.For/2:
		return "what suspended the host: a lid, a power manager, a hypervisor"
	case r.StarvedKnown && r.Starved > r.For/2:
		return "what kept the processors busy, and whether the daemon may have real-time priority (realtime = true, LimitRTPRIO)"
	case r.StarvedKnown:
		return "who stopped the process: SIGSTOP, a debugger, a freezer, a snapshot or migration of the virtual machine"
	}
	return "what stopped this process: SIGSTOP, a debugger, a paused virtual machine, or a host without a free processor (realtime = true)"
}

func rejectedAdvice(u *engine.Unheard) string {
	switch u.Reason {
	case hello.RejectStale:
		return fmt.Sprintf("the clocks of both routers (a time service such as chrony): they differ by more than the window, so neither believes the other (%s)", u.From)
	case hello.RejectMissing:
		return fmt.Sprintf("the auth of %s: it does not sign, and mode = \"enforce\" believes nobody who does not", u.From)
	case hello.RejectAuth, hello.RejectAuthType, hello.RejectMalformed, hello.RejectKey, hello.RejectDigest:
		return fmt.Sprintf("the keys of both routers: they differ, so neither believes the other and both are active until they agree (%s)", u.From)
	case hello.RejectVersion, hello.RejectGroup:
		return fmt.Sprintf("the configuration of %s: version and group number must be the same on both routers", u.From)
	case hello.RejectSubnet:
		return fmt.Sprintf("the address of %s, which no subnet of the interface contains (off_subnet = \"accept\" where that is meant)", u.From)
	}
	return fmt.Sprintf("why packets of %s are rejected (%s): a capture shows them", u.From, u.Reason)
}

func peerAdvice(r *engine.Record) string {
	switch r.News {
	case engine.NewsResign:
		return fmt.Sprintf("%s: it gave the role up by itself (a stop, a tracked object, a command); its own log says why", r.Peer)
	case engine.NewsLinkDown:
		return fmt.Sprintf("cable, switch port and addresses of %s; its own log names the interface", r.Peer)
	case engine.NewsPriority:
		return fmt.Sprintf("why the priority of %s changed: a tracked object or a command there", r.Peer)
	case engine.NewsBack:
		return fmt.Sprintf("the link to %s: it was not heard for a while, and both may have served meanwhile", r.Peer)
	}
	return fmt.Sprintf("priority and preempt of %s and of this router", r.Peer)
}

func routerAdvice(c fsm.Cause) string {
	switch c {
	case fsm.CauseInterfaceDown, fsm.CauseInterfaceUp:
		return "cable, switch port and addresses of the interface (ip address, fhrpd doctor)"
	case fsm.CauseAcquireFailed, fsm.CauseLeaseLost:
		return "what the kernel says (the daemon's log, fhrpd doctor)"
	case fsm.CauseForwarding:
		return "who switched IP forwarding off"
	case fsm.CauseConflict:
		return "the host that answers for the address (fhrpd whohas)"
	case fsm.CauseStarted:
		return "why the daemon was started, and preempt, preempt_delay and delay.reload"
	}
	return ""
}
