package vip

import (
	"fmt"
	"net/netip"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/internal/skip"
)

// nft runs the nft tool in the test's namespace and returns what it prints.
func nft(t testing.TB, input string, args ...string) string {
	t.Helper()
	cmd := exec.Command("nft", args...)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("nft %s: %v\n%s\ninput:\n%s", strings.Join(args, " "), err, out, input)
	}
	return string(out)
}

// passing matches what passes in a listing.
var passing = regexp.MustCompile(` (timeout|expires) [0-9a-z]+`)

// owner matches what nft says of a table that belongs to a process.
var owner = regexp.MustCompile(`(?m) # progname.*$|^\tflags .*\n\n?`)

var comment = regexp.MustCompile(`(?m)^\tcomment .*\n\n?`)

// lockTable is the table that holds an interface for its process.
var lockTable = regexp.MustCompile(`(?ms)^table netdev \S+/lock .*?^}\n`)

// everyKind has each kind of element open, in three lease classes, one of them
// for ever.
func (l *lab) everyKind() *Interface {
	l.t.Helper()
	iface := l.open(Options{})
	own4, own6 := netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr("2001:db8::2")
	ok(l.t, iface.Add(1, router10))
	ok(l.t, iface.Add(2, Router{MAC: routerN(2).MAC, Addrs: []netip.Addr{own4, own6}, Accept: true, Owned: []netip.Addr{own4, own6}}))
	ok(l.t, iface.Add(3, Router{MAC: routerN(3).MAC, Addrs: []netip.Addr{vipLocal, vip6}}))
	ok(l.t, iface.ProxyARP(true, []netip.Addr{own4}))
	mustGate(l.t, iface, []Claim{{ID: 1, Lease: time.Minute}, {ID: 2, Lease: 0}, {ID: 3, Lease: time.Minute + 1500*time.Millisecond}}, nil)
	return iface
}

// A firewall that is saved with the table in it must load at the next boot.
func TestListedTableLoadsOnABareHost(t *testing.T) {
	skip.Without(t, "nft")
	saved := func() string {
		l := newLab(t)
		l.everyKind()
		nft(t, "", "-j", "list", "ruleset")
		return nft(t, "", "list", "ruleset")
	}()
	for _, want := range []string{
		`meta pkttype other ether daddr @active_0 iif @alive_0 iif != @copy meta pkttype set `,
		`arp operation request arp daddr ip @arp_1 ether type arp iif @alive_1 iif != @copy drop`,
		`icmpv6 type nd-neighbor-solicit @nh,384,128 @nd_1 ether type ip6 iif @alive_1 iif != @copy drop`,
		`ip6 daddr @deaf_2 ether type ip6 iif @alive_2 iif != @copy drop`,
		`elements = { "eth0" }`, `{ "eth0" timeout 1m `, `elements = { 10.0.0.2 }`, `elements = { fe80::1 }`,
		`device "eth0" priority -300`,
	} {
		if !strings.Contains(saved, want) {
			t.Errorf("the listing lacks %q", want)
		}
	}
	newLab(t)                // another host with the same interfaces
	nft(t, saved, "-f", "-") // the table's owner is nft, and where that knows no persist flag (1.0.6) it goes with nft
	nft(t, "flush ruleset", "-f", "-")
	saved = owner.ReplaceAllString(saved, "")
	nft(t, saved, "-f", "-")
	want := passing.ReplaceAllString(saved, "")
	got := passing.ReplaceAllString(nft(t, "", "list", "ruleset"), "")
	want, got = comment.ReplaceAllString(want, ""), comment.ReplaceAllString(got, "") // with the flags a line more or less
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("saved and loaded (-want +got):\n%s", diff)
	}
}

// save returns what nft lists for a router in its active role, and leaves the host
// as if it had started again.
func save(t *testing.T, lease time.Duration) (saved string, bare *lab) {
	t.Helper()
	l := newLab(t)
	iface := l.open(Options{})
	ok(t, iface.Add(10, ownerRouter))
	mustGate(t, iface, []Claim{{ID: 10, Lease: lease}}, nil)
	l.checkForwarded("the daemon's own table", 1)
	saved = nft(t, "", "list", "ruleset")
	ok(t, iface.Close())
	return saved, newLab(t)
}

// ownerRouter has a rule for everything.
var ownerRouter = Router{MAC: vmac, Accept: true, Addrs: []netip.Addr{own4, vipLocal}, Owned: []netip.Addr{own4}}

var own4 = netip.MustParseAddr("10.0.0.2")

// Nobody renews the lease of a copy of the table, and one without an end would
// never run out: what a firewall loads at boot does nothing.
func TestLoadedCopyNeverOpensTheGate(t *testing.T) {
	skip.Without(t, "nft")
	for name, lease := range map[string]time.Duration{"lease": time.Hour, "no end": 0} {
		t.Run(name, func(t *testing.T) {
			saved, l := save(t, lease)
			nft(t, owner.ReplaceAllString(saved, ""), "-f", "-")
			if got := nft(t, "", "list", "ruleset"); !strings.Contains(got, "elements = { "+`"eth0"`) {
				t.Fatalf("not loaded: %s", got)
			}
			l.checkForwarded("a copy", 0)
			if !l.answered(arpRequest(own4), own4) {
				t.Errorf("a copy keeps the kernel from answering for %v", own4)
			}
			iface := l.open(Options{})
			l.checkForwarded("opened", 0)
			l.active(iface, time.Minute)
			l.checkForwarded("the table that replaced it", 1)
			if got := strings.Count(nft(t, "", "list", "ruleset"), "meta pkttype set"); got != 1 {
				t.Errorf("%d rules admit, want 1: the copy is still there", got)
			}
			ok(t, iface.Close())
			if got := nft(t, "", "list", "ruleset"); got != "" {
				t.Errorf("left after Close: %s", got)
			}
		})
	}
}

// Nor does it hold back what the host sends.
func TestLoadedCopyLetsEverythingLeave(t *testing.T) {
	skip.Without(t, "nft")
	l := newLab(t)
	iface := l.everyKind()
	about := arpReply(l.own, hostMAC, vip4)
	if l.sends(about) {
		t.Error("an answer for a virtual address with the interface's MAC leaves")
	}
	saved := nft(t, "", "list", "ruleset")
	ok(t, iface.Close())
	l = newLab(t)
	nft(t, owner.ReplaceAllString(saved, ""), "-f", "-")
	if !l.sends(about) {
		t.Error("a copy holds it back")
	}
}

// On the router itself such a file is refused as a whole, for the lock in it if for
// nothing else. Without the lock it is refused where our table has an owner, and
// changes nothing for long where that has none.
func TestCopyLoadedBesideTheLivingChangesNothing(t *testing.T) {
	skip.Without(t, "nft")
	for name, flags := range map[string]uint32{"with owner": tableOwner | tablePersist, "without": 0} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			iface := l.openFlags(Options{}, flags)
			l.active(iface, time.Hour)
			saved := nft(t, "", "list", "ruleset")
			load := func(file string) ([]byte, error) {
				cmd := exec.Command("nft", "-f", "-")
				cmd.Stdin = strings.NewReader(owner.ReplaceAllString(file, ""))
				return cmd.CombinedOutput()
			}
			if out, err := load(saved); err == nil || !strings.Contains(string(out), "Operation not permitted") {
				t.Errorf("nft: %v: %s, want the whole refused", err, out)
			}
			out, err := load(lockTable.ReplaceAllString(saved, ""))
			switch {
			case iface.tableFlags == 0:
				if err != nil {
					t.Fatalf("nft: %v: %s", err, out)
				}
				until(t, patience, "forwarding again", l.quick)
			case err == nil || !strings.Contains(string(out), "Operation not permitted"):
				t.Errorf("nft: %v: %s, want it refused", err, out)
			}
			l.checkForwarded("loaded beside the living", 1)
			if diff := cmp.Diff(passing.ReplaceAllString(saved, ""), passing.ReplaceAllString(nft(t, "", "list", "ruleset"), "")); diff != "" {
				t.Errorf("(-before +after):\n%s", diff)
			}
			mustRenew(t, iface)
		})
	}
}

// A chain with a lower priority sees frames for the virtual MAC as what is not for
// this host. It may let them pass by their MAC.
func TestChainBeforeOursStarvesTheGate(t *testing.T) {
	skip.Without(t, "nft")
	l, _ := newActive(t, time.Hour)
	filter := func(priority, first string) {
		t.Helper()
		nft(t, fmt.Sprintf(`table netdev fw
delete table netdev fw
table netdev fw {
	chain early {
		type filter hook ingress device "eth0" priority %s
		%s
		meta pkttype host accept
		meta pkttype other drop
	}
}
`, priority, first), "-f", "-")
	}
	filter("-301", "")
	l.checkForwarded("before ours", 0)
	filter("-301", "ether daddr { 00:00:0c:9f:f0:0a } accept")
	l.checkForwarded("before ours, which knows the virtual MAC", 1)
	filter("-299", "")
	l.checkForwarded("behind ours", 1)
	filter("-300", "")
	l.checkForwarded("of the same priority, and younger", 0)
}

// A firewall that is loaded again while the daemon is dead puts its copy in the
// place of the table that still forwards. The next start makes its own of it.
func TestCopyOfADeadProcessIsReplaced(t *testing.T) {
	skip.Without(t, "nft")
	for name, o := range map[string]Options{"adopt": {Adopt: true}, "handover": {Handover: true}, "neither": {}} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			l.died(time.Hour)
			saved := nft(t, "", "list", "ruleset")
			nft(t, "flush ruleset\n"+owner.ReplaceAllString(saved, ""), "-f", "-")
			l.checkForwarded("a copy", 0)
			iface := l.open(o)
			l.active(iface, time.Hour)
			l.checkForwarded("active", 1)
			want, err := open("eth1", Options{StateDir: l.state}, tableOwner|tablePersist)
			ok(t, err)
			if iface.tableFlags != want.tableFlags {
				t.Errorf("table flags %d, want %d: the copy's were taken for the kernel's", iface.tableFlags, want.tableFlags)
			}
			ok(t, want.Close())
		})
	}
}
