package netlab

import (
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/hello"
)

func TestPingIsAnsweredByWhoIsThere(t *testing.T) {
	a, b, _ := lan(t)
	own, ok, err := b.LinkLocal("eth0")
	if err != nil || !ok {
		t.Fatalf("link-local address of b: %v, %v", ok, err)
	}
	for _, tt := range []struct {
		name, from, to string
		want           bool
	}{
		{"IPv4", "", "192.0.2.2", true},
		{"IPv4 from an address of the caller", "192.0.2.1", "192.0.2.2", true},
		{"nobody", "", "192.0.2.99", false},
		{"link-local", "", own.WithZone("eth0").String(), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := Echo{Tries: 2, Wait: 200 * time.Millisecond}
			if tt.from != "" {
				e.From = netip.MustParseAddr(tt.from)
			}
			if tt.want {
				e.Tries = 75
			}
			got, err := a.Ping(netip.MustParseAddr(tt.to), e)
			must(t, err)
			if got != tt.want {
				t.Errorf("answered: %v, want %v", got, tt.want)
			}
		})
	}
	if _, err := a.Ping(netip.MustParseAddr("192.0.2.2"), Echo{From: netip.MustParseAddr("198.51.100.1"), Tries: 1}); err == nil {
		t.Error("asked from an address that is not here")
	}
	if _, err := a.Ping(netip.MustParseAddr("fe80::1%eth7"), Echo{Tries: 1}); err == nil {
		t.Error("asked through an interface that is not here")
	}
}

func TestSentFramesArriveAsTheyAreAndInOrder(t *testing.T) {
	a, b, _ := lan(t)
	c, err := b.Capture("eth0", CaptureOptions{Keep: func(f Frame) bool { return len(f.Data) > 14 && f.Data[12] == 0x88 && f.Data[13] == 0xb5 }})
	must(t, err)
	t.Cleanup(func() { c.Close() })
	// An EtherType for experiments (IEEE 802), from a MAC that is nobody's.
	frame := func(n byte) []byte {
		return append(append(append([]byte{}, macB[:]...), 2, 0, 0, 0, 0, 0x77, 0x88, 0xb5), n)
	}
	must(t, a.Send("eth0", frame(1), frame(2)))
	_, err = c.WaitFor(func(f Frame) bool { return string(f.Data[:15]) == string(frame(2)) }, patience)
	must(t, err)
	if got := c.Frames(); len(got) != 2 || string(got[0].Data[:15]) != string(frame(1)) {
		t.Errorf("captured %v", got)
	}
	if err := a.Send("eth0", []byte("short")); err == nil {
		t.Error("sent what is no frame")
	}
	if err := a.Send("eth7", frame(1)); err == nil {
		t.Error("sent from an interface that is not here")
	}
}

func TestSetNeighborReplacesTheEntry(t *testing.T) {
	a, _, _ := lan(t)
	ip := netip.MustParseAddr("192.0.2.2")
	for _, mac := range []hello.MAC{macB, {2, 0, 0, 0, 0, 0x77}} {
		must(t, a.SetNeighbor("eth0", ip, mac, unix.NUD_PERMANENT))
		if got, ok, err := a.ARPEntry("eth0", ip); err != nil || !ok || got != mac {
			t.Errorf("entry %s, %v, %v, want %s", got, ok, err, mac)
		}
	}
}
