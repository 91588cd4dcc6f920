package show

import (
	"fmt"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// state shows the state in the protocol's word of IOS. Behind it stands in
// parentheses what a group waits for, as there, and what is wrong with it now:
// parsers of either form read over that.
func (b *block) state(g *status.Group, word string, now time.Time) {
	if list := remarks(g, now); len(list) > 0 {
		b.line(1, "State is %s (%s)", word, strings.Join(list, "; "))
		return
	}
	b.line(1, "State is %s", word)
}

// remarks lists what keeps a group from its role or makes it useless there.
func remarks(g *status.Group, now time.Time) (list []string) {
	if g.Obstacle != "" {
		list = append(list, g.Obstacle)
	}
	if l := g.Leave; l != nil && l.UnservedSince != nil {
		list = append(list, unserved(g, now))
	}
	if r := g.Rival; r != nil && r.BothActive {
		list = append(list, "both routers are active: "+r.Detail)
	}
	if d := g.Duplicate; d != nil && fresh(d.At, now) {
		list = append(list, "duplicate address "+d.Address+" at "+mac(d.MAC))
	}
	if !g.HasAddress() {
		list = append(list, "the address waits for the pre_active command")
	}
	if u := g.Understudy; u != nil {
		list = append(list, fmt.Sprintf("understudy of %s since %s, %d packets", u.Of, u.Since.Format("15:04:05.000"), u.Packets))
	}
	if g.Yielded {
		list = append(list, "handed over: it does not preempt until the role moves again")
	}
	if g.ForwardingOff != "" && g.Obstacle == "" {
		list = append(list, family(g)+" forwarding is switched off")
	}
	for _, r := range append(g.Routes[:len(g.Routes):len(g.Routes)], g.Rules...) {
		if r.Why != "" {
			list = append(list, r.Route+" is not in: "+r.Why)
		}
	}
	return list
}
