package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
)

// tied are two groups of which the one on the first interface leads. extra goes to the
// leader.
func tied(protocol, leader, follower, extra string) string {
	number := map[string]string{"hsrp": "group", "vrrp": "vrid"}[protocol]
	vips := map[string]string{lanDev: "192.168.1.1", coreDev: "203.0.113.1"}
	return fmt.Sprintf("[[%[1]s]]\ninterface = %[3]q\n%[2]s = 10\nname = \"leader\"\nvirtual_ips = [%[4]q]\npriority = PRIORITY\n%[5]s"+
		"[[%[1]s]]\ninterface = %[6]q\n%[2]s = 11\nname = \"follower\"\nfollow = \"leader\"\nvirtual_ips = [%[7]q]\n",
		protocol, number, leader, vips[leader], extra, follower, vips[follower])
}

// tiedGroups are the kinds of leaders, with their keys.
var tiedGroups = map[string][2]string{
	"HSRP, one second":         {"hsrp", "hello = \"1s\"\nhold = \"3s\"\n"},
	"HSRP, the usual times":    {"hsrp", ""},
	"HSRP version 1":           {"hsrp", "hello = \"1s\"\nhold = \"3s\"\nversion = 1\n"},
	"HSRP, signed":             {"hsrp", "hello = \"1s\"\nhold = \"3s\"\nauth = { md5 = \"secret\" }\n"},
	"VRRP, one second":         {"vrrp", ""},
	"VRRP version 2":           {"vrrp", "version = 2\n"},
	"VRRP, without preemption": {"vrrp", "preempt = false\n"},
}

// soon is how fast both groups are to move when the dying router knows. A busy machine
// may be later.
const soon = 5 * time.Millisecond

// Whichever link of the active router dies, and whichever group leads, both groups move
// at once.
func TestALostLinkMovesBothGroups(t *testing.T) {
	leaveOutIfShort(t)
	t.Parallel()
	for name, group := range tiedGroups {
		for leader, follower := range map[string]string{lanDev: coreDev, coreDev: lanDev} {
			if leader == coreDev && !strings.HasSuffix(name, "one second") {
				continue
			}
			for _, dead := range []string{leader, follower} {
				if dead == follower && strings.HasSuffix(name, "usual times") {
					continue // 40 s to get there
				}
				t.Run(fmt.Sprintf("%s, %s leads, %s dies", name, leader, dead), func(t *testing.T) {
					scenario(t, func(t testing.TB, l *lan) { loseLink(t, l, tied(group[0], leader, follower, group[1]), dead) })
				})
			}
		}
	}
}

func loseLink(t testing.TB, l *lan, groups, dead string) {
	l.a.StartAs(groups, 110)
	must(t, netlab.Eventually(t.Context(), 3*patience, func() bool { return l.a.All("Active") })) // two hold times of 10 s
	l.b.StartAs(groups, 100)
	must(t, netlab.Eventually(t.Context(), 3*patience, func() bool { return len(l.a.Group("leader").Heirs) > 0 }))
	l.mustPing(fhrptest.HostIP)
	stop := l.numbers()
	began := time.Now()
	l.cut(dead)
	l.b.WaitAll("Active")
	knew := l.a.Group("leader").LastTransition.At
	took := max(since(knew, l.b, "leader"), since(knew, l.b, "follower"))
	l.mustPing(fhrptest.HostIP)
	sent, lost, doubled := stop()
	t.Logf("a knew %v after the cut, and b was active in both groups %v later; %d datagrams, %d lost, %d doubled; held up for %v",
		knew.Sub(began).Round(10*time.Microsecond), took.Round(10*time.Microsecond), sent, len(lost), len(doubled), l.Witness.Held(began))
	if why := l.b.Group("leader").LastTransition.Cause; why != "peer-link-down" && (why != "peer-resigned" || strings.HasPrefix(groups, "[[vrrp]]")) {
		t.Errorf("both active for the cause %s: by a timer", why)
	}
	if took > soon+l.Witness.Spare(began) {
		t.Errorf("%v: %s", took, l.b.Group("leader").LastTransition.Detail)
	}
	if len(doubled) > 0 {
		t.Errorf("doubled %v", doubled)
	}
}

// cut takes the carrier from one interface of a.
func (l *lan) cut(dev string) {
	l.t.Helper()
	sw := map[string]func(string) error{lanDev: l.Switch.LinkDown, coreDev: l.Core.LinkDown}[dev]
	must(l.t, sw(l.a.Name))
}

// since returns how long after a time a group of a gateway changed its state last.
func since(t time.Time, g *gateway, ref string) time.Duration {
	return g.Group(ref).LastTransition.At.Sub(t)
}
