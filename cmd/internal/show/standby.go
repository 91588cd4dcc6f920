package show

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

const standbyHeader = "                     P indicates configured to preempt.\n" +
	"                     |\n" +
	"Interface   Grp  Pri P State   Active          Standby         Virtual IP\n"

// StandbyBrief renders HSRP groups as "show standby brief": one line each.
func StandbyBrief(groups []status.Group) string {
	var b strings.Builder
	b.WriteString(standbyHeader)
	for i := range groups {
		b.WriteString(standbyRow(&groups[i]))
	}
	return b.String()
}

func standbyRow(g *status.Group) string {
	preempt := ""
	if g.Preempt {
		preempt = "P"
	}
	return row(
		cell{0, g.Interface}, cell{12, fmt.Sprint(g.ID)}, cell{17, fmt.Sprint(g.Priority)}, cell{21, preempt},
		cell{23, g.State}, cell{31, address(g.Active)}, cell{47, address(g.Standby)}, cell{63, firstVirtual(g)},
	)
}

func firstVirtual(g *status.Group) string {
	if len(g.VirtualIPs) == 0 {
		return "unknown"
	}
	return g.VirtualIPs[0]
}

// Standby renders HSRP groups as "show standby": one block each, with the lines
// that IOS prints and no other.
func Standby(groups []status.Group, now time.Time) string {
	var b block
	for i := range groups {
		b.standby(&groups[i], now)
	}
	return b.String()
}

// block collects indented lines.
type block struct{ strings.Builder }

// line adds a line, indented by two spaces for each level.
func (b *block) line(level int, format string, args ...any) {
	b.WriteString(strings.Repeat("  ", level))
	fmt.Fprintf(b, format, args...)
	b.WriteByte('\n')
}

func (b *block) standby(g *status.Group, now time.Time) {
	version := ""
	if g.Version == 2 {
		version = " (version 2)"
	}
	b.line(0, "%s - Group %d%s", g.Interface, g.ID, version)
	b.state(g, g.State, now)
	b.line(2, "%s, last state change %s", plural(g.Transitions, "state change"), Age(g.Since, now))
	b.shutdownTracks(g)
	b.standbyAddresses(g)
	b.standbyMAC(g)
	if g.HelloMS > 0 { // a follower has no timers
		b.line(1, "Hello time %s, hold time %s", period(g.HelloMS), period(g.HoldMS))
	}
	if g.NextHelloMS >= 0 {
		b.line(2, "Next hello sent in %s secs", seconds(g.NextHelloMS))
	}
	b.standbyAuth(g)
	b.line(1, "Preemption %s", preemption(g))
	b.standbyPeer("Active", g.Active)
	if g.Version == 2 && g.Active != nil && !local(g.Active) {
		b.line(2, "MAC address is %s", mac(g.Active.MAC))
	}
	b.standbyPeer("Standby", g.Standby)
	b.line(1, "Priority %d (configured %d)", g.Priority, g.ConfiguredPriority)
	b.decrementTracks(g)
	b.standbyName(g)
}

func (b *block) standbyAddresses(g *status.Group) {
	primary, secondary := "Virtual IP address is %s%s", "Secondary virtual IP address %s%s"
	if g.Family == 6 {
		primary, secondary = "Link-Local Virtual IPv6 address is %s (conf)%s", "Virtual IPv6 address %s%s"
	}
	b.line(1, primary, firstVirtual(g), subnet(g, firstVirtual(g)))
	for _, a := range rest(g.VirtualIPs) {
		b.line(2, secondary, a, subnet(g, a))
	}
}

// subnet marks a virtual address that lies in no prefix of the interface, with
// the words of IOS.
func subnet(g *status.Group, a string) string {
	if slices.Contains(g.Outside, a) {
		return " (wrong subnet for this interface)"
	}
	return ""
}

func rest(all []string) []string { return all[min(1, len(all)):] }

// standbyMAC shows the MAC that hosts use, which is known when the active router
// is, and the one that this router would use.
func (b *block) standbyMAC(g *status.Group) {
	active := "unknown (MAC Not In Use)"
	switch {
	case local(g.Active):
		active = mac(g.VirtualMAC) + " (MAC In Use)"
	case g.Active != nil && g.MACMode == "interface" && g.Active.MAC != "":
		active = mac(g.Active.MAC) + " (MAC Not In Use)" // each router has its own
	case g.Active != nil:
		active = mac(g.VirtualMAC) + " (MAC Not In Use)"
	}
	b.line(1, "Active virtual MAC address is %s", active)
	b.line(2, "Local virtual MAC address is %s (%s)", mac(g.VirtualMAC), macOrigin(g))
}

func macOrigin(g *status.Group) string {
	switch {
	case g.MACMode == "interface":
		return "bia"
	case g.MACMode == "chosen":
		return "cfgd"
	case g.Family == 6:
		return fmt.Sprintf("v%d IPv6 default", g.Version)
	}
	return fmt.Sprintf("v%d default", g.Version)
}

// standbyAuth names the scheme, and the text of text authentication, which is no
// secret on the wire either. As on IOS, the default has no line.
func (b *block) standbyAuth(g *status.Group) {
	switch {
	case g.Auth == "md5" && g.Keychain != "":
		b.line(1, "Authentication MD5, key-chain %q", g.Keychain)
	case g.Auth == "md5":
		b.line(1, "Authentication MD5, key-string")
	case g.Auth == "text":
		b.line(1, "Authentication text, string %q", g.AuthText)
	}
}

func preemption(g *status.Group) string {
	switch {
	case !g.Preempt:
		return "disabled"
	case g.PreemptDelayMS == 0:
		return "enabled"
	case g.PreemptDelayMS%1000 != 0:
		return fmt.Sprintf("enabled, delay min %d msecs", g.PreemptDelayMS)
	}
	return fmt.Sprintf("enabled, delay min %d secs", g.PreemptDelayMS/1000)
}

func (b *block) standbyPeer(role string, p *status.Peer) {
	if p == nil || local(p) {
		b.line(1, "%s router is %s", role, address(p))
		return
	}
	b.line(1, "%s router is %s, priority %d (expires in %s sec)", role, p.Address, p.Priority, seconds(p.ExpiresMS))
}

func (b *block) standbyName(g *status.Group) {
	origin := " (cfgd)"
	if g.NameDefault {
		origin = " (default)"
	}
	b.line(1, "Group name is %q%s", g.Name, origin)
}

// shutdownTracks lists the objects that shut the group down, which IOS puts
// with the state.
func (b *block) shutdownTracks(g *status.Group) {
	for _, t := range g.Tracks {
		if t.Shutdown {
			b.line(2, "Track object %s state %s", t.Object, upDown(t.Up))
		}
	}
}

// decrementTracks lists the objects that lower the priority, which IOS puts
// with the priority.
func (b *block) decrementTracks(g *status.Group) {
	for _, t := range g.Tracks {
		if !t.Shutdown {
			b.line(2, "Track object %s state %s decrement %d", t.Object, upDown(t.Up), t.Decrement)
		}
	}
}
