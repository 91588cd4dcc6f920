package status

import (
	"fmt"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

// recordText words a record in one line of the story of a group.
func recordText(group engine.Ref, r *engine.Record) string {
	switch r.Kind {
	case engine.RecordTrack:
		return fmt.Sprintf("tracked object %s went %s: %s", r.Object, upDown(r.Up), r.Detail)
	case engine.RecordCommand:
		return fmt.Sprintf("%s was told to %s", subject(r), order(r.Command))
	case engine.RecordPriority:
		return fmt.Sprintf("this router's priority went from %d to %d", r.Priority.From, r.Priority.To)
	case engine.RecordPeer:
		return peerText(r)
	case engine.RecordSilence:
		return silenceText(r)
	case engine.RecordRejected:
		return "not believed: " + rejectedText(r.Rejected)
	case engine.RecordUnderstudy:
		return fmt.Sprintf("frames for the virtual MAC were flooded and %s did not answer: this router forwarded for it from then on", r.Peer)
	case engine.RecordStall:
		return stallText(r)
	case engine.RecordTransition:
		t := r.Transition
		who := "this router"
		if t.Group != group {
			who = t.Group.String() + ", which it follows,"
		}
		return fmt.Sprintf("%s went from %s to %s (%s)", who, t.From, t.To, t.Cause)
	}
	return routerText(r)
}

// routerText words what happened to this router itself. Some details say nothing
// without the meaning of the cause.
func routerText(r *engine.Record) string {
	switch r.Cause {
	case fsm.CauseInterfaceDown, fsm.CauseForwarding, fsm.CauseAcquireFailed, fsm.CauseConflict, fsm.CauseLeaseLost, fsm.CauseStalled:
		return r.Detail
	}
	return fmt.Sprintf("%s (%s)", meaning(r.Cause), r.Detail)
}

func upDown(up bool) string {
	if up {
		return "up"
	}
	return "down"
}

// short rounds a time for people.
func short(d time.Duration) time.Duration {
	if d >= 10*time.Second {
		return d.Round(100 * time.Millisecond)
	}
	return d.Round(time.Millisecond)
}

func peerText(r *engine.Record) string {
	word := fmt.Sprintf("%s with priority %d", r.Heard, r.Heard.Priority)
	advertises := r.Heard.State == 0 // VRRP
	switch r.News {
	case engine.NewsResign:
		return fmt.Sprintf("%s resigned", r.Peer)
	case engine.NewsLinkDown:
		return fmt.Sprintf("%s said over another link that it has lost one", r.Peer)
	case engine.NewsCoup:
		return fmt.Sprintf("%s took the role with a Coup, priority %d", r.Peer, r.Priority.To)
	case engine.NewsPriority:
		goOn := "hellos"
		if advertises {
			goOn = "advertisements"
		}
		return fmt.Sprintf("the priority of %s went from %d to %d, while its %s went on", r.Peer, r.Priority.From, r.Priority.To, goOn)
	case engine.NewsBack:
		if advertises {
			return fmt.Sprintf("%s began to advertise, priority %d; nothing was heard of it for %v", r.Peer, r.Heard.Priority, short(r.For))
		}
		return fmt.Sprintf("%s was heard again after %v: %s", r.Peer, short(r.For), word)
	case engine.NewsFirst:
		return fmt.Sprintf("%s was heard for the first time: %s", r.Peer, word)
	}
	return fmt.Sprintf("%s says %s, priority %d", r.Peer, r.Heard.State, r.Heard.Priority)
}

func silenceText(r *engine.Record) string {
	if !r.Peer.IsValid() {
		return fmt.Sprintf("no active router was heard for %v", short(r.For))
	}
	return fmt.Sprintf("nothing from %s for %v; its last word was %s, priority %d, at %s",
		r.Peer, short(r.For), r.Heard, r.Heard.Priority, clock(r.At, r.Heard.At))
}

func stallText(r *engine.Record) string {
	switch {
	case r.Suspended > r.For/2:
		return fmt.Sprintf("this host slept: nothing was done for %v", short(r.For))
	case !r.StarvedKnown:
		return fmt.Sprintf("this process did nothing for %v: it was stopped, or got no processor", short(r.For))
	case r.Starved > r.For/2:
		return fmt.Sprintf("this process got no processor for %v: the host was too busy", short(r.Starved))
	}
	return fmt.Sprintf("this process did nothing for %v, and not for want of a processor: it was stopped, or its virtual machine was", short(r.For))
}

// rejectedText says whose packets are not used, and why.
func rejectedText(u *engine.Unheard) string {
	why := string(u.Reason)
	switch u.Reason {
	case hello.RejectAuth:
		why = "its key or text is another one (auth)"
	case hello.RejectAuthType:
		why = "its kind of authentication is another one (auth-type)"
	case hello.RejectMissing:
		why = "it has no trailer (auth-missing)"
	case hello.RejectStale:
		why = "its clock is another one (auth-stale)"
	case hello.RejectKey:
		why = "its key is not in the keychain, or not accepted now (auth-unknown-key)"
	case hello.RejectDigest:
		why = "its key is another one of the same number (auth-bad-digest)"
	case hello.RejectVersion:
		if u.Version > 0 {
			why = fmt.Sprintf("it speaks version %d of %s", u.Version, strings.ToUpper(u.Protocol.String()))
		}
	case hello.RejectGroup:
		why = fmt.Sprintf("it has the virtual address in group %d", u.Number)
	case hello.RejectSubnet:
		why = "its address is outside every subnet of the interface (subnet)"
	}
	active := ""
	if u.Claims {
		active = "; it says that it is active"
	}
	packets := "packets"
	if u.Count == 1 {
		packets = "packet"
	}
	return fmt.Sprintf("%d %s of %s since %s: %s%s", u.Count, packets, u.From, clock(u.Last, u.First), why, active)
}

// clock is a time of day, with the day if that is another one than of what is told.
func clock(of, t time.Time) string {
	if of.Format(time.DateOnly) == t.Format(time.DateOnly) {
		return t.Format("15:04:05.000")
	}
	return t.Format("2006-01-02 15:04:05.000")
}

// order returns a command in the words of a sentence.
func order(c *engine.Command) string {
	text := c.String()
	if rest, ok := strings.CutPrefix(text, c.Name); ok && orders[c.Name] != "" {
		return orders[c.Name] + rest
	}
	return text
}

// orders are the names of commands that are no sentence.
var orders = map[string]string{
	engine.CommandHandover:       "hand over",
	engine.CommandMaintenanceOn:  "leave for maintenance",
	engine.CommandMaintenanceOff: "come back from maintenance",
}

// subject is who was given a command: a group, or all of them.
func subject(r *engine.Record) string {
	if r.Group == (engine.Ref{}) {
		return "this router"
	}
	return r.Group.String()
}
