package macs

import (
	"context"
	"encoding/binary"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/links"
)

func TestMoves(t *testing.T) {
	up := func(index int, name string) uplink {
		return uplink{index: index, name: name, usable: true, carrierUp: 1}
	}
	change := func(u uplink, f func(*uplink)) uplink { f(&u); return u }
	bond := change(up(4, "bond0"), func(u *uplink) { u.activeSlave = "eth0" })
	down := change(up(2, "up0"), func(u *uplink) { u.usable = false })
	tests := []struct {
		name          string
		before, after []uplink
		want          []string
	}{
		{"nothing", []uplink{bond}, []uplink{bond}, nil},
		{"a bond uses its other port", []uplink{bond}, []uplink{change(bond, func(u *uplink) { u.activeSlave = "eth1" })}, []string{"bond0 uses eth1 now"}},
		{"a bond that lost every port has nothing to say", []uplink{bond}, []uplink{change(bond, func(u *uplink) { u.activeSlave = ""; u.usable = false })}, nil},
		{"a bridge got another uplink", []uplink{up(2, "up0")}, []uplink{up(3, "up1")}, []string{"up1 is an uplink now", "up0 is no uplink any more"}},
		{"a second uplink went", []uplink{up(2, "up0"), up(3, "up1")}, []uplink{up(2, "up0")}, []string{"up1 is no uplink any more"}},
		{"the only uplink went", []uplink{up(2, "up0")}, nil, nil},
		{"a new uplink without carrier", []uplink{up(2, "up0")}, []uplink{up(2, "up0"), change(down, func(u *uplink) { u.index = 3 })}, nil},
		{"carrier lost", []uplink{up(2, "up0")}, []uplink{down}, nil},
		{"carrier came", []uplink{down}, []uplink{up(2, "up0")}, []string{"up0 passes frames again"}},
		{"carrier lost and back between two looks", []uplink{up(2, "up0")}, []uplink{change(up(2, "up0"), func(u *uplink) { u.carrierUp = 2 })}, []string{"up0 lost its carrier for a moment"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, moves(tt.before, tt.after)); diff != "" {
				t.Errorf("reasons (-want +got):\n%s", diff)
			}
		})
	}
}

func TestViewOfUplinks(t *testing.T) {
	list := func(change func([]links.Link)) []links.Link {
		l := host(links.Bridge{}).Links
		l[3].Carrier, l[3].CarrierUp, l[3].ActiveSlave = true, 5, 2
		change(l)
		return l
	}
	bond := uplink{index: 4, name: "bond0", usable: true, carrierUp: 5, bond: 4, activeSlave: "eth0"}
	unusable := bond
	unusable.usable = false
	other := bond
	other.activeSlave = "eth1"
	tests := []struct {
		name   string
		change func([]links.Link)
		want   []uplink
	}{
		{"a bond with its active port", func([]links.Link) {}, []uplink{bond}},
		{"another active port", func(l []links.Link) { l[3].ActiveSlave = 3 }, []uplink{other}},
		{"no carrier", func(l []links.Link) { l[3].Carrier = false }, []uplink{unusable}},
		{"a port that is blocked", func(l []links.Link) { l[3].PortState = 4 }, []uplink{unusable}},
		{"no longer in the bridge", func(l []links.Link) { l[3].Master = 0 }, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := view(list(tt.change), Options{Bridge: "br0"}, 0)
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(uplink{})); diff != "" {
				t.Errorf("uplinks (-want +got):\n%s", diff)
			}
		})
	}
}

// The uplink may be a VLAN of the bond.
func TestViewFindsTheBondBelow(t *testing.T) {
	list := host(links.Bridge{}).Links
	list[3].ActiveSlave = 3
	list = append(list, links.Link{Index: 9, Name: "bond0.100", Kind: "vlan", VLAN: 100, Parent: 4, Carrier: true})
	want := []uplink{{index: 9, name: "bond0.100", usable: true, bond: 4, activeSlave: "eth1"}}
	if diff := cmp.Diff(want, view(list, Options{Devs: []string{"bond0.100"}}, 0), cmp.AllowUnexported(uplink{})); diff != "" {
		t.Errorf("uplinks (-want +got):\n%s", diff)
	}
}

// The uplink may be a VLAN of a bridge over the bond.
func TestViewFindsTheBondBelowABridge(t *testing.T) {
	list := host(links.Bridge{}).Links
	list[3].ActiveSlave, list[3].Carrier = 3, true
	list = append(list, links.Link{Index: 9, Name: "br0.10", Kind: "vlan", VLAN: 10, Parent: 5, Carrier: true})
	want := []uplink{{index: 4, name: "bond0", usable: true, bond: 4, activeSlave: "eth1"}}
	if diff := cmp.Diff(want, view(list, Options{Devs: []string{"br0.10"}}, 0), cmp.AllowUnexported(uplink{})); diff != "" {
		t.Errorf("uplinks (-want +got):\n%s", diff)
	}
}

// newLink is an RTM_NEWLINK message of a bond with the given attributes.
func newLink(t *testing.T, index int32, event uint32) netlink.Message {
	t.Helper()
	ae := netlink.NewAttributeEncoder()
	ae.String(unix.IFLA_IFNAME, "bond0")
	if event != 0 {
		ae.Uint32(unix.IFLA_EVENT, event)
	}
	attrs, err := ae.Encode()
	if err != nil {
		t.Fatal(err)
	}
	head := make([]byte, unix.SizeofIfInfomsg)
	binary.NativeEndian.PutUint32(head[4:], uint32(index))
	return netlink.Message{Header: netlink.Header{Type: unix.RTM_NEWLINK}, Data: append(head, attrs...)}
}

func TestFailoversOfBondsAreHeardThoughTheyLeaveNoTrace(t *testing.T) {
	ups := []uplink{{index: 7, name: "bond0.100", bond: 4}}
	for _, tt := range []struct {
		index int32
		event uint32
		want  []string
	}{
		{4, 3, []string{"bond0 reports a failover"}},
		{4, 0, nil},
		{4, 5, nil}, // resend IGMP
		{9, 3, nil}, // another bond
	} {
		got := failovers([]netlink.Message{newLink(t, tt.index, tt.event)}, ups)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("index %d event %d (-want +got):\n%s", tt.index, tt.event, diff)
		}
	}
}

func TestDebounceReportsAChangeAtOnceAndOnceItRests(t *testing.T) {
	type report struct {
		At  time.Duration
		Why string
	}
	for _, tt := range []struct {
		name   string
		gaps   []time.Duration // before each reason "a", "b", …
		busy   time.Duration   // what a report of a rest takes
		first  []report
		rested []report
	}{
		{name: "one", gaps: []time.Duration{0}, first: []report{{0, "a"}}, rested: []report{{quiet, "a"}}},
		{
			name: "steps of one change", gaps: []time.Duration{0, 50e6, 50e6},
			first: []report{{0, "a"}}, rested: []report{{100e6 + quiet, "a; b; c"}},
		},
		{
			name: "two changes", gaps: []time.Duration{0, time.Second},
			first: []report{{0, "a"}, {time.Second, "b"}}, rested: []report{{quiet, "a"}, {time.Second + quiet, "b"}},
		},
		{
			name: "no rest", gaps: []time.Duration{0, 150e6, 150e6, 150e6, 150e6, 150e6, 150e6, 150e6},
			first: []report{{0, "a"}, {1050e6, "h"}}, rested: []report{{restMax, "a; b; c; d; e; f; g"}, {1050e6 + quiet, "h"}},
		},
		{
			name: "changes while one is still carried out", gaps: []time.Duration{0, time.Second, time.Second}, busy: 10 * time.Second,
			first: []report{{0, "a"}, {time.Second, "b"}, {2 * time.Second, "c"}}, rested: []report{{quiet, "a"}, {quiet + 10*time.Second, "b; c"}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				began, reasons := time.Now(), make(chan string)
				var first, rested []report
				done := make(chan struct{})
				go func() {
					defer close(done)
					debounce(ctx, reasons, func(s string) { first = append(first, report{time.Since(began), s}) }, func(s string) {
						rested = append(rested, report{time.Since(began), s})
						time.Sleep(tt.busy)
					})
				}()
				for i, gap := range tt.gaps {
					time.Sleep(gap) // the bubble's clock
					reasons <- string(rune('a' + i))
				}
				time.Sleep(time.Minute)
				cancel()
				<-done
				if diff := cmp.Diff([][]report{tt.first, tt.rested}, [][]report{first, rested}); diff != "" {
					t.Errorf("reports at once, and after a rest (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// Whoever has ended the watch may rely on it that nothing is carried out any more.
func TestDebounceEndsAfterWhatItCarriesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		reasons := make(chan string, 1)
		reasons <- "a"
		var over bool
		done := make(chan struct{})
		go func() {
			defer close(done)
			debounce(ctx, reasons, func(string) {}, func(string) { time.Sleep(time.Second); over = true })
		}()
		time.Sleep(quiet + 1)
		cancel()
		<-done
		if !over {
			t.Error("it ended first")
		}
	})
}
