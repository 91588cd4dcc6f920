package vip

import (
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

// needNft skips a test where the tool is not installed.
func needNft(t testing.TB) {
	t.Helper()
	if _, err := exec.LookPath("nft"); err != nil {
		skip.Because(t, "nft is not installed")
	}
}

// passing matches what passes in a listing.
var passing = regexp.MustCompile(` expires [0-9a-z]+`)

// owner matches what nft says of a table that belongs to a process.
var owner = regexp.MustCompile(`(?m) # progname.*$|^\tflags .*\n\n?`)

// everyKind has each kind of element open, in three lease classes, one of them
// for ever.
func (l *lab) everyKind() *Interface {
	l.t.Helper()
	iface := l.open(Options{})
	own4, own6 := netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr("2001:db8::2")
	ok(l.t, iface.Add(1, router10))
	ok(l.t, iface.Add(2, Router{MAC: routerN(2).MAC, Addrs: []netip.Addr{own4, own6}, Accept: true, Owned: []netip.Addr{own4, own6}}))
	ok(l.t, iface.Add(3, Router{MAC: routerN(3).MAC, Addrs: []netip.Addr{vipLocal, vip6}}))
	mustGate(l.t, iface, []Claim{{1, time.Minute}, {2, 0}, {3, 1500 * time.Millisecond}}, nil)
	return iface
}

// A firewall that is saved with the table in it must load at the next boot.
func TestListedTableLoadsOnABareHost(t *testing.T) {
	needNft(t)
	saved := func() string {
		l := newLab(t)
		l.everyKind()
		nft(t, "", "-j", "list", "ruleset")
		return nft(t, "", "list", "ruleset")
	}()
	for _, want := range []string{
		`meta pkttype other ether daddr @active_0 iif @alive_0 meta pkttype set `,
		`arp operation request arp daddr ip @arp_1 ether type arp iif @alive_1 drop`,
		`icmpv6 type nd-neighbor-solicit @nh,384,128 @nd_1 ether type ip6 iif @alive_1 drop`,
		`ip6 daddr @deaf_2 ether type ip6 iif @alive_2 drop`,
		`elements = { "eth0" }`, `{ "eth0" timeout 1m `, `elements = { 10.0.0.2 }`, `elements = { fe80::1 }`,
		`device "eth0" priority -300`,
	} {
		if !strings.Contains(saved, want) {
			t.Errorf("the listing lacks %q", want)
		}
	}
	if t.Failed() {
		t.Log(saved)
	}
	newLab(t)                // another host with the same interfaces
	nft(t, saved, "-f", "-") // the table's owner is nft, and where that knows no persist flag (1.0.6) it goes with nft
	nft(t, "flush ruleset", "-f", "-")
	saved = owner.ReplaceAllString(saved, "")
	nft(t, saved, "-f", "-")
	want := passing.ReplaceAllString(saved, "")
	got := passing.ReplaceAllString(nft(t, "", "list", "ruleset"), "")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("saved and loaded (-want +got):\n%s", diff)
	}
}
