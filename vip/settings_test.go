package vip

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// mustRestore wants these settings to have been put back.
func mustRestore(t *testing.T, iface *Interface, want ...string) {
	t.Helper()
	got, err := iface.RestoreSettings()
	ok(t, err)
	for n := range want {
		want[n] = "net/" + want[n]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("put back (-want +got):\n%s", diff)
	}
}

func TestSettingsChangedWhileOpenArePutBack(t *testing.T) {
	_, iface := newOpen(t)
	mustRestore(t, iface)
	for _, tt := range []struct{ name, theirs, ours string }{
		{"ipv4/conf/eth0/arp_ignore", "0", "1"},
		{"ipv4/conf/eth0/arp_announce", "1", "2"},
		{"ipv4/conf/eth0/send_redirects", "1", "0"},
		{"ipv4/conf/all/send_redirects", "1", "0"},
	} {
		setSysctl(t, tt.name+"="+tt.theirs)
		mustRestore(t, iface, tt.name)
		checkSysctl(t, tt.name, tt.ours, "put back")
		mustRestore(t, iface)
	}
}

// A stricter value serves as well, and the administrator has reasons for it.
func TestStricterSettingStays(t *testing.T) {
	l := newLab(t)
	const name = "ipv4/conf/eth0/arp_ignore"
	setSysctl(t, name+"=2")
	iface := l.open(Options{})
	checkSysctl(t, name, "2", "left by Open")
	mustRestore(t, iface)
	setSysctl(t, name+"=8")
	mustRestore(t, iface)
	ok(t, iface.Close())
	checkSysctl(t, name, "8", "left by Close")
}

// With its name an interface loses the files of its settings, and another may
// get them.
func TestSettingsAreThoseOfTheInterfaceNotOfItsName(t *testing.T) {
	_, iface := newOpen(t)
	const name = "ipv4/conf/eth0/arp_ignore"
	mustRestore(t, iface)
	rename := func(from, to string) {
		t.Helper()
		ok(t, netlink.LinkSetDown(link(t, from))) // Linux 6.1 renames none that is up
		ok(t, netlink.LinkSetName(link(t, from), to))
	}
	rename("eth0", "wan9")
	rename("eth1", "eth0")
	mustRestore(t, iface)
	checkSysctl(t, name, "0", "of another interface")
	rename("eth0", "eth1")
	mustRestore(t, iface)
	rename("wan9", "eth0")
	checkSysctl(t, name, "1", "back under its name")
	setSysctl(t, name+"=0")
	mustRestore(t, iface, name)
	checkSysctl(t, name, "1", "put back")
}

// What the others want is what they get in the end, by Close or after a crash.
func TestSettingThatWasPutBackIsLeftAsItWasFound(t *testing.T) {
	for name, end := range map[string]func(*lab, *Interface){
		"close": func(_ *lab, iface *Interface) { ok(t, iface.Close()) },
		"crash": func(l *lab, iface *Interface) { ok(t, iface.Abandon()); ok(t, Recover(Options{StateDir: l.state})) },
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			for _, own := range []string{"ipv4/conf/eth0/arp_announce=2", "ipv4/conf/all/send_redirects=0"} {
				setSysctl(t, own) // Open finds it as it has to be, and notes nothing
			}
			iface := l.open(Options{})
			for _, theirs := range []string{"ipv4/conf/eth0/arp_announce=1", "ipv4/conf/all/send_redirects=1"} {
				setSysctl(t, theirs)
			}
			mustRestore(t, iface, "ipv4/conf/eth0/arp_announce", "ipv4/conf/all/send_redirects")
			checkSysctl(t, "ipv4/conf/eth0/arp_announce", "2", "put back")
			checkSysctl(t, "ipv4/conf/all/send_redirects", "0", "put back")
			end(l, iface)
			checkSysctl(t, "ipv4/conf/eth0/arp_announce", "1", "as it was found")
			checkSysctl(t, "ipv4/conf/all/send_redirects", "1", "as it was found")
			mustRestore(t, iface) // and is not touched any more
			checkSysctl(t, "ipv4/conf/eth0/arp_announce", "1", "after the end")
		})
	}
}

// dropFilterEntry deletes an entry as "bridge fdb del … self" does.
func dropFilterEntry(t testing.TB, dev string, mac [6]byte) {
	t.Helper()
	ok(t, netlink.NeighDel(&netlink.Neigh{
		LinkIndex: link(t, dev).Attrs().Index, Family: unix.AF_BRIDGE, Flags: netlink.NTF_SELF,
		State: netlink.NUD_PERMANENT, HardwareAddr: mac[:],
	}))
}

func TestDroppedFilterEntryIsPutBack(t *testing.T) {
	l, iface := newActive(t, 0)
	w := l.watch("eth0")
	await(t, w, "settled", func(ev Event) bool { return ev.Link.LinkLocal.IsValid() })
	before := snapshot(t)
	dropFilterEntry(t, "eth0", vmac)
	ev := await(t, w, "dropped", func(ev Event) bool { return len(ev.Dropped) > 0 })
	want := []FilterEntry{{Index: link(t, "eth0").Attrs().Index, MAC: vmac}}
	if diff := cmp.Diff(want, ev.Dropped); diff != "" {
		t.Errorf("dropped (-want +got):\n%s", diff)
	}
	for _, macs := range [][][6]byte{{vmac}, nil} { // the second time all, which are there
		missing, err := iface.RestoreFilter(macs...)
		ok(t, err)
		if again := len(macs) == 0; len(missing) == 0 != again {
			t.Errorf("missing %x", missing)
		}
	}
	if diff := cmp.Diff(before, snapshot(t)); diff != "" {
		t.Errorf("after the repair (-want +got):\n%s", diff)
	}
	dropFilterEntry(t, "eth0", vmac)
	if missing, err := iface.RestoreFilter(); err != nil || len(missing) != 1 {
		t.Errorf("after an overrun: missing %x, %v", missing, err)
	}
	ok(t, iface.Close())
	if missing, err := iface.RestoreFilter(vmac); err != nil || len(missing) > 0 {
		t.Errorf("closed: %x, %v", missing, err)
	}
}

// The kernel's word does not say whose doing it was.
func TestFilterEntryThatWeDroppedStaysAway(t *testing.T) {
	l, iface := newActive(t, 0)
	w := l.watch("eth0")
	await(t, w, "settled", func(ev Event) bool { return ev.Link.LinkLocal.IsValid() })
	ok(t, iface.Remove(10))
	ev := await(t, w, "dropped", func(ev Event) bool { return len(ev.Dropped) > 0 })
	missing, err := iface.RestoreFilter(ev.Dropped[0].MAC)
	ok(t, err)
	if len(missing) > 0 {
		t.Errorf("missing %x", missing)
	}
}

func TestWatchTellsWhatKeepsAnInterfaceFromForwarding(t *testing.T) {
	l := newLab(t)
	w := l.watch("eth0")
	await(t, w, "forwards", func(ev Event) bool { return ev.Link.Name == "eth0" && ev.Link.Off4 == "" && ev.Link.Off6 == "" })
	for _, tt := range []struct{ set, off4, off6 string }{
		{"ipv4/ip_forward=0", "net/ipv4/ip_forward", ""},
		{"ipv6/conf/all/forwarding=0", "net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"},
		{"ipv4/ip_forward=1", "", "net/ipv6/conf/all/forwarding"},
		{"ipv4/conf/eth0/forwarding=0", "net/ipv4/conf/eth0/forwarding", "net/ipv6/conf/all/forwarding"},
		{"ipv6/conf/all/forwarding=1", "net/ipv4/conf/eth0/forwarding", ""},
		{"ipv4/conf/eth0/forwarding=1", "", ""},
	} {
		setSysctl(t, tt.set)
		await(t, w, tt.set, func(ev Event) bool {
			return ev.Link.Name == "eth0" && ev.Link.Off4 == tt.off4 && ev.Link.Off6 == tt.off6
		})
	}
	// Of IPv6 the setting of one interface says only how it answers its neighbours.
	setSysctl(t, "ipv6/conf/eth0/forwarding=0")
	l.checkThrough("IPv6 of one interface switched off", l.own, far6, 1)
}

// Who had the entry has given it up; what is there now is ours, and goes with us.
func TestFilterEntryOfSomebodyElseThatWasPutBackIsOurs(t *testing.T) {
	l := newLab(t)
	before := snapshot(t)
	ok(t, netlink.NeighAdd(&netlink.Neigh{LinkIndex: link(t, "eth0").Attrs().Index, Family: unix.AF_BRIDGE, Flags: netlink.NTF_SELF,
		State: netlink.NUD_PERMANENT, HardwareAddr: vmac[:]}))
	iface := l.open(Options{})
	l.active(iface, time.Second)
	dropFilterEntry(t, "eth0", vmac)
	if missing, err := iface.RestoreFilter(vmac); err != nil || len(missing) != 1 {
		t.Errorf("missing %x, %v", missing, err)
	}
	ok(t, iface.Close())
	checkSnapshot(t, "at the end", before)
}
