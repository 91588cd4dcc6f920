package census

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/internal/skip"
)

func TestMain(m *testing.M) { netlab.Main(m) }

// tshark's reading of the frames that this package's own decoders read.
func TestCARPAndGLBPAreWhatTsharkReads(t *testing.T) {
	skip.Without(t, "tshark")
	frames := []netlab.Frame{
		{At: time.Unix(1, 0), Iface: "e", Data: carpFrame(9, 50, 100)},
		{At: time.Unix(2, 0), Iface: "e", Data: glbpFrame(4, 300, 0x10, 110, []byte{3, 10, 1, 6, 'g', 'e', 'h', 'e', 'i', 'm'})},
	}
	carpWant := []map[string]string{{"carp.vhid": "50", "carp.advskew": "100", "carp.adver_int": "1", "carp.checksum.status": "1"}}
	got := fhrptest.Tshark(t, frames, "carp", []string{"-d", "ip.proto==112,carp"}, "carp.vhid", "carp.advskew", "carp.adver_int", "carp.checksum.status")
	if diff := cmp.Diff(carpWant, got); diff != "" {
		t.Errorf("CARP (-want +got):\n%s", diff)
	}
	glbpWant := []map[string]string{{"glbp.group": "300", "glbp.hello.vgstate": "16", "glbp.hello.priority": "110", "glbp.hello.helloint": "3000",
		"glbp.hello.holdint": "10000", "glbp.hello.virtualipv4": "192.0.2.30", "glbp.auth.authtype": "1", "glbp.ownerid": "02:00:00:00:00:04"}}
	got = fhrptest.Tshark(t, frames, "glbp", nil, "glbp.group", "glbp.hello.vgstate", "glbp.hello.priority", "glbp.hello.helloint",
		"glbp.hello.holdint", "glbp.hello.virtualipv4", "glbp.auth.authtype", "glbp.ownerid")
	if diff := cmp.Diff(glbpWant, got); diff != "" {
		t.Errorf("GLBP (-want +got):\n%s", diff)
	}
	w := newWorld()
	for _, f := range frames {
		w.hear(f.Data)
	}
	speakers := w.Report(time.Time{}).Speakers
	for i := range speakers {
		speakers[i].Packets, speakers[i].MAC = 0, hello.MAC{}
	}
	want := []Speaker{
		{Protocol: "carp", Version: 2, Family: 4, ID: 50, Address: ip("192.0.2.9"), Role: "Active", Priority: 100, HelloMS: 1390, VirtualIPs: addrs(), Auth: "hmac-sha1"},
		{Protocol: "glbp", Version: 1, Family: 4, ID: 300, Address: ip("192.0.2.4"), OwnMAC: "02:00:00:00:00:04", Role: "Standby", Priority: 110,
			HelloMS: 3000, HoldMS: 10000, VirtualIPs: addrs("192.0.2.30"), Auth: "text"},
	}
	if diff := cmp.Diff(want, speakers, cmp.Comparer(func(a, b hello.MAC) bool { return a == b }), cmp.Comparer(sameAddr)); diff != "" {
		t.Errorf("speakers (-want +got):\n%s", diff)
	}
}

// A VRRP advertisement of seven addresses, and one of 36 bytes, begin like CARP.
func TestVRRPIsNotTakenForCARP(t *testing.T) {
	for _, n := range []int{5, 7} {
		r := with(vrrpRouter(3, 100), func(r *router) { r.v.Version = 2 })
		for i := range n - 1 {
			r.v.VirtualIPs = append(r.v.VirtualIPs, ip("198.51.100.1"))
			_ = i
		}
		w := newWorld()
		w.hear(r.frame())
		if s := w.Report(time.Time{}).Speakers; len(s) != 1 || s[0].Protocol != "vrrp" || len(s[0].VirtualIPs) != n {
			t.Errorf("%d addresses: %+v", n, s)
		}
	}
}

func TestDamagedCARPAndGLBPAreFaults(t *testing.T) {
	carp, glbp := carpFrame(9, 50, 0), glbpFrame(4, 30, 0x20, 100, nil)
	carp[len(carp)-1] ^= 1
	glbp[len(glbp)-1] ^= 1
	w := newWorld()
	w.hear(carp)
	w.hear(glbp)
	r := w.Report(time.Time{})
	if len(r.Faults) != 2 || len(r.Speakers) != 0 {
		t.Errorf("%+v", r)
	}
}

// What a capture holds too little of is no fault of the sender.
func TestACutPacketIsNoFault(t *testing.T) {
	w := newWorld()
	b := hsrpRouter(2, hello.Active, 100).frame()
	w.Add(Frame{At: w.at, Data: b[:50], ChecksumReady: true, Cut: true})
	if r := w.Report(time.Time{}); r.Cut != 1 || len(r.Faults) != 0 {
		t.Errorf("%+v", r)
	}
}

// write makes a capture of what the places heard.
func write(t *testing.T, frames ...netlab.Frame) string {
	t.Helper()
	var b bytes.Buffer
	if err := netlab.WritePcapng(&b, frames); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "c.pcapng")
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTwoPlacesOfOneSegmentAreOne(t *testing.T) {
	a, b := vrrpRouter(2, 110), vrrpRouter(3, 100)
	far := vrrpRouter(9, 100)
	far.v.VirtualIPs = addrs("198.51.100.1")
	var frames []netlab.Frame
	for i := range 4 {
		at := time.Unix(int64(i), 0)
		frames = append(frames, netlab.Frame{At: at, Iface: "p1", Data: a.frame()}, netlab.Frame{At: at.Add(1e6), Iface: "p2", Data: b.frame()},
			netlab.Frame{At: at.Add(2e6), Iface: "other", Data: far.frame()})
	}
	r, err := Read(write(t, frames...))
	if err != nil || len(r.Faults) != 1 || r.Faults[0].Interface != "p1+p2" {
		t.Errorf("%v, %s", err, r)
	}
}

func TestACutFileIsReadAsFarAsItGoes(t *testing.T) {
	f := netlab.Frame{At: time.Unix(1, 0), Iface: "p1", Data: vrrpRouter(2, 110).frame()}
	path := write(t, f, f)
	if err := os.Truncate(path, 300); err != nil {
		t.Fatal(err)
	}
	if r, err := Read(path); err == nil || len(r.Speakers) != 1 {
		t.Errorf("%v, %+v", err, r.Speakers)
	}
}

func FuzzCensus(f *testing.F) {
	f.Add(carpFrame(1, 2, 3))
	f.Add(glbpFrame(1, 2, 4, 3, []byte{3, 4, 1, 0}))
	f.Add(hsrpRouter(2, hello.Active, 1).frame())
	f.Add(vrrpRouter(2, 1).frame())
	f.Fuzz(func(t *testing.T, b []byte) {
		c := New()
		for i := range 3 {
			if len(b) > 29 && i == 2 {
				binary.BigEndian.PutUint16(b[28:], 7) // another sender
			}
			c.Add(Frame{At: time.Unix(int64(i), 0), Data: b, ChecksumReady: i == 0})
		}
		_ = c.Report(time.Time{}).String()
	})
}
